"""`comply eval` answers as `opa eval` does."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from tests.policy_tree import write

from comply.cli.main import run

POLICY = """\
package a

import rego.v1

deny contains "x"
deny contains "b"

f(x) := x + 1

b := 1

c := false

k if data.a.z == 3

z := 2
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(
        tmp_path,
        {
            "a.rego": POLICY,
            "data.json": '{"dd": {"q": 1}}',
            "deep/er/any.yaml": "x: 1\n",
            "../in.json": '{"a": [1, 2, 3], "x": false}',
        },
    )


def ask(root: Path, query: str, capsys: pytest.CaptureFixture[str]) -> Any:
    code = run(["eval", query, "-d", str(root), "-i", str(root / "../in.json")])
    assert code == 0, capsys.readouterr()
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("data.a.deny", [[["b", "x"]]]),
        ("data.a.f(3)", [[4]]),
        ("data.dd.q", [[1]]),
        ("data.deep.er", [[{"x": 1}]]),
        ("1 == 2", [[False]]),
        ("false", [[False]]),
        ("not false", [[True]]),
        ("data.a.c", [[False]]),
        ("data.a.b; data.a.c", []),
        ("input.a[_] > 1", [[True], [True]]),
        ("some x in [1, 2]; x > 1", [[True, True]]),
        ("every x in [1] { x == 1 }", [[True]]),
        ("count([x | x := input.a[_]])", [[3]]),
        ("data.a.k with data.a.z as 3", [[True]]),
        ("walk(input.x, [[], v])", [[True]]),
        ("data.a.f(1, 2)", [[True]]),
        ("data.nope", []),
        ('to_number("x")', []),
        ("1; 2", [[1, 2]]),
    ],
)
def test_values(
    query: str, values: list[Any], root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = ask(root, query, capsys)
    found = [[e["value"] for e in r["expressions"]] for r in answer.get("result", [])]
    assert found == values
    assert bool(answer) == bool(values)


def test_bindings_and_places(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = ask(root, "x := input.a[i]; x > 2", capsys)
    assert answer == {
        "result": [
            {
                "expressions": [
                    {
                        "value": True,
                        "text": "x := input.a[i]",
                        "location": {"row": 1, "col": 1},
                    },
                    {
                        "value": True,
                        "text": "x > 2",
                        "location": {"row": 1, "col": 18},
                    },
                ],
                "bindings": {"x": 3, "i": 2},
            }
        ]
    }


@pytest.mark.parametrize(
    ("form", "query", "out"),
    [
        ("pretty", '{"a": 1}', '{\n  "a": 1\n}\n'),
        ("pretty", "data.nope", "undefined\n"),
        (
            "pretty",
            'x := ["one", 2][_]; count([1])',
            'x      count([1])\n-----  ----------\n"one"  1\n2      1\n',
        ),
        ("raw", '"abc"', "abc\n"),
        ("raw", '{"a": [1]}', '{"a":[1]}\n'),
        ("raw", "data.nope", ""),
        ("bindings", "x := 1", '{\n  "x": 1\n}\n'),
        ("values", "1; [2]", "[\n  1,\n  [\n    2\n  ]\n]\n"),
    ],
)
def test_formats(
    form: str, query: str, out: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["eval", query, "-f", form]) == 0
    assert capsys.readouterr().out == out


def test_errors_are_shown_and_told_to_programs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["eval", "x"]) == 2
    shown = capsys.readouterr()
    [error] = json.loads(shown.out)["errors"]
    assert error["code"] == "rego_unsafe_var_error"
    assert error["message"] == "var x is unsafe"
    assert "expression__" not in shown.err
    assert run(["eval", "1 +", "-f", "pretty"]) == 2
    assert capsys.readouterr().out == ""


def test_builtin_errors_may_end_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["eval", 'to_number("x")', "--strict-builtin-errors"]) == 2
    assert "eval_builtin_error" in capsys.readouterr().err


def test_fail_and_fail_defined() -> None:
    assert run(["eval", "data.nope", "--fail"]) == 1
    assert run(["eval", "1", "--fail"]) == 0
    assert run(["eval", "1", "--fail-defined"]) == 1
    assert run(["eval", "data.nope", "--fail-defined"]) == 0


def test_input_from_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for option in (["--stdin-input"], ["-i", "-"]):
        text = io.TextIOWrapper(io.BytesIO(b'{"a": 7}'))
        monkeypatch.setattr("sys.stdin", text)
        assert run(["eval", "input.a", "-f", "raw", *option]) == 0
        assert capsys.readouterr().out == "7\n"


def test_yaml_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = write(tmp_path, {"in.yaml": "a: 1\n", "two.yaml": "a: 1\n---\nb: 2\n"})
    assert run(["eval", "input.a", "-f", "raw", "-i", str(root / "in.yaml")]) == 0
    assert capsys.readouterr().out == "1\n"
    assert run(["eval", "input.a", "-i", str(root / "two.yaml")]) == 2
    assert "one document" in capsys.readouterr().err


def test_broken_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = write(tmp_path, {"in.json": "{"})
    assert run(["eval", "input.a", "-i", str(root / "in.json")]) == 2
    assert "truncated" in capsys.readouterr().err


def test_rules_leave_data_out(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["eval", "data.dd", "-r", str(root)]) == 0
    assert json.loads(capsys.readouterr().out) == {}
    assert run(["eval", "data.a.b", "-r", str(root), "-f", "raw"]) == 0
    assert capsys.readouterr().out == "1\n"


def test_versions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = write(tmp_path, {"a.rego": "package a\np[x] { x := 1 }\n"})
    assert run(["eval", "data.a.p", "-d", str(root), "-f", "raw"]) == 0
    assert capsys.readouterr().out == "[1]\n"
    assert run(["eval", "data.a.p", "-d", str(root), "--v0", "-f", "raw"]) == 0
    assert run(["eval", "data.a.p", "-d", str(root), "--v1"]) == 2
    assert "rego_parse_error" in capsys.readouterr().err


def test_paths_that_are_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["eval", "1", "-d", "/nowhere"]) == 2
    assert "no such file" in capsys.readouterr().err


def test_print_goes_to_standard_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = 'package a\nimport rego.v1\np if { print("hello", 1) }\n'
    root = write(tmp_path, {"a.rego": text})
    assert run(["eval", "data.a.p", "-d", str(root), "-f", "raw"]) == 0
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("true\n", "hello 1\n")
