"""The public contract: what `import comply` gives, and its shapes."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import comply
from comply.plan.values import UNDEFINED

ROOT = Path(__file__).parents[1]
POLICY = """package a.b

p := input.x

s contains x if some x in data.xs

o[k] := v if some k, v in input.o

f(x) := x + 1

c := 1 if input.x
c := 2 if input.y
"""


@pytest.fixture(scope="module")
def policy() -> Any:
    return comply.rego.compile({"a.rego": POLICY}, version="auto")


def test_everything_exported_is_there() -> None:
    assert all(getattr(comply, name) is not None for name in comply.__all__)
    with pytest.raises(AttributeError):
        comply.nothing  # noqa: B018


def test_the_import_loads_nothing_heavy() -> None:
    script = (
        "import comply, sys\n"
        "heavy = {'sqlglot', 'duckdb', 'jsonschema', 'cryptography', 'yaml', 're2'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    made = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(ROOT / "engine"), "PATH": ""},
    )
    assert made.stdout.strip() == "[]"


def test_eval_gives_a_document(policy: Any) -> None:
    assert policy.eval("data.a.b.p", input={"x": [1, None, "z"]}) == [1, None, "z"]
    assert policy.eval("data.a.b.s", data={"xs": [2, 1, True]}) == [True, 1, 2]
    assert policy.eval("data.a.b.o", input={"o": {"k": 1}}) == {"k": 1}


def test_eval_gives_undefined_for_no_value(policy: Any) -> None:
    assert policy.eval("data.a.b.p") is comply.UNDEFINED
    assert policy.eval("data.a.nothing") is comply.UNDEFINED
    assert policy.eval("data.zzz", data={"xs": []}) is comply.UNDEFINED
    assert comply.UNDEFINED is UNDEFINED
    assert not comply.UNDEFINED


def test_eval_gives_packages_merged_with_base_documents(policy: Any) -> None:
    found = policy.eval("data.a", input={"x": 1, "o": {}}, data={"a": {"z": 3}})
    assert found == {"b": {"p": 1, "s": [], "o": {}, "c": 1}, "z": 3}
    assert policy.eval("data", data={"xs": [1]})["xs"] == [1]


def test_eval_refuses_what_is_no_path(policy: Any) -> None:
    with pytest.raises(comply.RegoError) as caught:
        policy.eval("input.x")
    assert caught.value.code == "rego_parse_error"


def test_query_gives_bindings(policy: Any) -> None:
    assert policy.query("data.a.b.p = x", input={"x": 5}) == [{"x": 5}]
    rows = policy.query("some k, v in input.o", input={"o": {"b": 2, "a": 1}})
    assert rows == [{"k": "a", "v": 1}, {"k": "b", "v": 2}]
    assert policy.query("data.a.b.f(1, y)") == [{"y": 2}]
    assert policy.query("data.a.b.p", input={"x": 0}) == [{}]
    assert policy.query("data.a.b.p", input={"x": False}) == []
    assert policy.query("x = 1; y := [x, x]") == [{"x": 1, "y": [1, 1]}]


def test_query_hides_what_no_author_named(policy: Any) -> None:
    assert policy.query("input.xs[_] > 1", input={"xs": [1, 2, 3]}) == [{}, {}]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("x = ", "rego_parse_error"),
        ("x == y", "rego_unsafe_var_error"),
        ("nothing(1, x)", "rego_type_error"),
        ("x := 1; x := 2", "rego_compile_error"),
    ],
)
def test_query_refuses_what_does_not_compile(
    policy: Any, query: str, code: str
) -> None:
    with pytest.raises(comply.RegoError) as caught:
        policy.query(query)
    assert caught.value.code == code
    assert caught.value.span is not None
    assert caught.value.span.file == "query"


def test_strict_raises_what_a_built_in_refuses(policy: Any) -> None:
    assert policy.query('x = to_number("z")') == []
    with pytest.raises(comply.RegoError) as caught:
        policy.query('x = to_number("z")', strict=True)
    assert caught.value.code == "eval_builtin_error"
    assert caught.value.span is not None
    assert (caught.value.span.file, caught.value.span.col) == ("query", 5)


def test_a_conflict_has_its_place(policy: Any) -> None:
    for ask in (policy.eval, policy.query):
        with pytest.raises(comply.RegoError) as caught:
            ask("data.a.b.c", input={"x": 1, "y": 1})
        assert caught.value.code == "eval_conflict_error"
        assert caught.value.span is not None
        assert (caught.value.span.file, caught.value.span.row) == ("a.rego", 12)


def test_an_error_says_everything_at_once() -> None:
    with pytest.raises(comply.RegoError) as caught:
        comply.rego.compile(
            {"b.rego": "package b\n\np := ", "a.rego": "package a\np :="}
        )
    error = caught.value
    assert error.code == "rego_parse_error"
    assert error.message
    assert [e.span.file for e in error.errors if e.span] == ["a.rego", "b.rego"]
    shown = str(error)
    assert "a.rego:2: rego_parse_error" in shown
    assert "b.rego:3: rego_parse_error" in shown
    assert "^" in shown
    assert isinstance(error, comply.ComplyError)
    assert error.exit_code == 2


def test_versions_can_be_forced() -> None:
    old = "package a\n\np[x] { x := 1 }\n"
    new = "package a\n\np contains 1\n"
    assert comply.rego.compile({"a": old}).eval("data.a.p") == [1]
    assert comply.rego.compile({"a": old}, version="v0").eval("data.a.p") == [1]
    assert comply.rego.compile({"a": new}, version="v1").eval("data.a.p") == [1]
    for text, version in ((old, "v1"), (new, "v0")):
        with pytest.raises(comply.RegoError):
            comply.rego.compile({"a": text}, version=version)


def test_modules_see_each_other() -> None:
    policy = comply.rego.compile(
        {
            "lib.rego": "package lib\n\ntwice(x) := x * 2\n\nlimit := 3\n",
            "main.rego": "package main\n\nimport data.lib\n\n"
            "p := lib.twice(data.lib.limit)\n",
            "more.rego": "package main\n\nq := p + 1\n",
        }
    )
    assert policy.eval("data.main") == {"p": 6, "q": 7}


def test_documents_are_not_changed_by_an_evaluation() -> None:
    policy = comply.rego.compile(
        {
            "a": "package a\n\np := x if x := input with input.y.z as 1\n\n"
            'q := x if x := object.union(data.d, {"a": 2}) with data.d.k as 3\n'
        }
    )
    input_, data = {"xs": [1]}, {"d": {"a": 1}}
    assert policy.eval("data.a.p", input=input_, data=data) == {
        "xs": [1],
        "y": {"z": 1},
    }
    assert policy.eval("data.a.q", input=input_, data=data) == {"a": 2, "k": 3}
    assert (input_, data) == ({"xs": [1]}, {"d": {"a": 1}})


def test_time_stands_still_within_an_evaluation() -> None:
    policy = comply.rego.compile(
        {"a": "package a\n\np if time.now_ns() == q\n\nq := time.now_ns()\n"}
    )
    assert policy.eval("data.a.p") is True


def test_a_number_keeps_its_digits() -> None:
    policy = comply.rego.compile(
        {"a": "package a\n\np := input.n + 1\n\nq := 0.1 + 0.2\n\nr := 10 / 4\n"}
    )
    big = 123456789012345678901234567890
    assert policy.eval("data.a.p", input={"n": big}) == big + 1
    assert policy.eval("data.a.q") == 0.3
    assert policy.eval("data.a.r") == 2.5
