"""`comply test`: what people and programs see of a test run."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from tests.policy_tree import PASSING, POLICY, TESTS, spacelift_tree, write

from comply.cli.main import run
from comply.report.look import Look, look_of
from comply.testing import forks
from comply.testing.cross_check import compare, require_other_engine


@pytest.fixture
def failing(tmp_path: Path) -> Path:
    return write(tmp_path, {"p.rego": POLICY, "p_test.rego": TESTS})


@pytest.fixture
def passing(tmp_path: Path) -> Path:
    return write(tmp_path, {"p.rego": POLICY, "p_test.rego": PASSING})


def test_all_pass(capsys: pytest.CaptureFixture[str], passing: Path) -> None:
    assert run(["test", str(passing)]) == 0
    out = capsys.readouterr().out
    assert out.startswith("✓ 1 test passed · 2 files, ")


def test_failures_are_shown(capsys: pytest.CaptureFixture[str], failing: Path) -> None:
    assert run(["test", str(failing)]) == 2
    out = capsys.readouterr().out
    assert "✗ FAILED  test_counts" in out
    assert "18 │ count(result) == 1\n" in out
    assert "   │ ^^^^^^^^^^^^^^^^^^\n" in out
    assert "count(result) = 0\n" in out
    assert "→ deny: `not r.change.after.tags.Owner` is false" in out
    assert "deny is set()" in out
    assert "■ ERROR   test_error" in out
    assert "test_ok" not in out
    assert out.splitlines()[-1].startswith(
        "✗ 4 tests failed, 1 test in error, 2 tests passed, 1 skipped · 2 files"
    )


def test_failures_alone_are_1(failing: Path) -> None:
    assert run(["test", str(failing), "--run", "test_counts"]) == 1


def test_every_test_is_listed(
    capsys: pytest.CaptureFixture[str], failing: Path
) -> None:
    run(["test", str(failing), "-v"])
    out = capsys.readouterr().out
    assert "✓ passed  test_ok" in out
    assert "○ skipped todo_test_later\n" in out


def test_colours_and_ascii(
    capsys: pytest.CaptureFixture[str], failing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(["test", str(failing), "--color", "always"])
    assert "\x1b[1;31m" in capsys.readouterr().out
    monkeypatch.setenv("NO_COLOR", "1")
    run(["test", str(failing)])
    assert "\x1b" not in capsys.readouterr().out


def test_look_knows_plain_terminals(tmp_path: Path) -> None:
    with (tmp_path / "out").open("w", encoding="ascii") as out:
        assert look_of(out, colour=False) == Look(unicode=False)


def test_only_what_matches(capsys: pytest.CaptureFixture[str], failing: Path) -> None:
    assert run(["test", str(failing), "--run", "test_ok$|test_later"]) == 0
    assert "1 test passed, 1 skipped" in capsys.readouterr().out
    assert run(["test", str(failing), "--run", "("]) == 2
    assert "no RE2 expression" in capsys.readouterr().err


def test_nothing_to_run(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    root = write(tmp_path, {"p.rego": POLICY})
    assert run(["test", str(root)]) == 1
    said = capsys.readouterr()
    assert "▲ no tests" in said.out
    assert "no test to run\n  hint: tests are rules called test_*" in said.err
    assert run(["test", str(root), "--run", "nothing"]) == 1
    assert run(["test", str(root), "--allow-empty"]) == 0


def test_this_folder_is_the_default(
    passing: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(passing)
    assert run(["test"]) == 0
    assert "1 test passed" in capsys.readouterr().out


def test_a_file_that_does_not_compile(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    root = write(tmp_path, {"p.rego": "package p\nimport rego.v1\na if nope(1)\n"})
    assert run(["test", str(root)]) == 2
    out = capsys.readouterr().out
    assert "undefined function nope" in out
    assert "1 file error" in out


def test_json(capsys: pytest.CaptureFixture[str], failing: Path) -> None:
    run(["test", str(failing), "-f", "json", "--coverage"])
    report = json.loads(capsys.readouterr().out)
    summary = report["summary"]
    assert (summary["pass"], summary["fail"], summary["error"]) == (2, 4, 1)
    tests = {t["name"]: t for t in report["tests"]}
    counts = tests["test_counts"]
    assert counts["reasons"][0]["values"] == {"count(result)": "0", "result": "set()"}
    assert counts["reasons"][0]["because"][0]["rule"] == "deny"
    assert counts["printed"] == ["deny is set()"]
    assert tests["test_error"]["place"]["row"] == 27
    assert "number" in tests["test_number"]["message"]
    assert report["coverage"]["coverage"] == pytest.approx(77.78)
    [file] = report["coverage"]["files"].values()
    assert file["not_covered"] == [12, 14]


def test_json_of_what_does_not_compile(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    root = write(tmp_path, {"p.rego": "package p\na {"})
    assert run(["test", str(root), "-f", "json"]) == 2
    [error] = json.loads(capsys.readouterr().out)["errors"]
    assert error["code"] == "rego_parse_error"
    assert error["row"] == 2


def test_junit(capsys: pytest.CaptureFixture[str], failing: Path) -> None:
    write(failing, {"bad/b.rego": "package b\nc {\n"})
    spacelift_tree(failing, 1)
    run(["test", str(failing / "p.rego"), str(failing / "p_test.rego"), "-f", "junit"])
    root = ET.fromstring(capsys.readouterr().out)  # noqa: S314  (we wrote it)
    assert root.attrib["tests"] == "8"
    assert root.attrib["failures"] == "4"
    cases = {c.attrib["name"]: c for c in root.iter("testcase")}
    failure = cases["test_counts"].find("failure")
    assert failure is not None
    assert failure.attrib["message"] == "`count(result) == 1` is false"
    assert "count(result) = 0" in (failure.text or "")
    assert cases["test_counts"].findtext("system-out") == "deny is set()"
    assert cases["test_error"].find("error") is not None
    assert cases["todo_test_later"].find("skipped") is not None
    assert cases["test_ok"].find("failure") is None


def test_junit_of_what_does_not_compile(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    root = write(tmp_path, {"b.rego": 'package b\nc { "\x01"\n'})
    run(["test", str(root), str(tmp_path / "none"), "-f", "junit"])
    suites = ET.fromstring(capsys.readouterr().out)  # noqa: S314  (we wrote it)
    assert int(suites.attrib["errors"]) == len(list(suites.iter("error"))) >= 2


def test_the_coverage_table(capsys: pytest.CaptureFixture[str], failing: Path) -> None:
    run(["test", str(failing), "--coverage", "--run", "test_ok|test_admin"])
    lines = capsys.readouterr().out.splitlines()
    [row] = [line for line in lines if line.startswith(str(failing / "p.rego"))]
    assert row.split()[1:] == ["7/9", "1/3", "77.8", "%", "12,", "14"]
    [total] = [line for line in lines if line.startswith("all ")]
    assert total.split()[1:] == ["7/9", "1/3", "77.8", "%"]


def test_a_threshold(capsys: pytest.CaptureFixture[str], passing: Path) -> None:
    assert run(["test", str(passing), "--threshold", "10"]) == 0
    assert run(["test", str(passing), "--threshold", "90"]) == 1
    assert "% of the lines are covered, 90 % are wanted" in capsys.readouterr().err


def test_the_annotated_view(capsys: pytest.CaptureFixture[str], failing: Path) -> None:
    run(["test", str(failing), "-f", "annotated", "--run", "test_ok|test_admin"])
    lines = capsys.readouterr().out.splitlines()
    assert "✓    5 │ deny contains msg if {" in lines
    assert "✗   12 │ never if input.never  # never held" in lines
    assert "     1 │ package p" in lines


def test_pairs_and_together(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    root = spacelift_tree(tmp_path, 2)
    assert run(["test", str(root), "--pairs"]) == 0
    assert run(["test", str(root), "--together"]) == 2
    assert "4 tests passed" in capsys.readouterr().out


def test_the_version_can_be_forced(tmp_path: Path) -> None:
    root = write(tmp_path, {"a.rego": "package a\ntest_a { true }\n"})
    assert run(["test", str(root), "--rego-version", "v0"]) == 0
    assert run(["test", str(root), "--rego-version", "v1"]) == 2


def test_a_second_opinion(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    pytest.importorskip("regopy")
    text = """package a
test_a { count({1, 2}) == 2 }
test_b { 1 == 2 }
test_a { true }
"""
    root = write(tmp_path, {"a.rego": text})
    assert run(["test", str(root), "--cross-check", "-f", "json"]) == 1
    found = json.loads(capsys.readouterr().out)["cross_check"]
    assert {o["test"]: (o["verdict"], o["comply"]) for o in found} == {
        "data.a.test_a": ("agrees", "pass"),
        "data.a.test_b": ("agrees", "fail"),
        "data.a.test_a#01": ("agrees", "pass"),
    }
    run(["test", str(root), "--cross-check"])
    assert "cross-check with rego-cpp: 3 tests: 3 agree" in capsys.readouterr().out


def test_the_other_engine_may_be_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("comply.testing.cross_check.find_spec", lambda _name: None)
    with pytest.raises(Exception, match="not installed"):
        require_other_engine()


class _Process:
    """A process that wrote something and ended."""

    def __init__(self, stdout: bytes, returncode: int) -> None:
        self.stdout = stdout
        self.returncode = returncode


def test_crashes_and_nonsense_are_no_disagreement(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    text = "package a\nimport rego.v1\n"
    text += "".join(f"test_{n} if true\n" for n in range(6))
    root = write(tmp_path, {"a.rego": text})
    answers = [
        {"answer": '{"expressions":[true]}'},
        {"answer": '{"expressions":[tr'},
        {"answer": "undefined"},
        {"error": "this is unclosed"},
    ]
    written = b"".join(json.dumps(a).encode() + b"\n" for a in answers)
    processes = [_Process(written + b'{"half', -11), _Process(b"", 3)]

    def start(*_args: Any, **_options: Any) -> _Process:
        return processes.pop(0)

    monkeypatch.setattr("subprocess.run", start)
    assert run(["test", str(root), "--cross-check"]) == 1
    out = capsys.readouterr().out
    assert "6 tests: 1 agree, 1 differ, 2 crashed it, 1 had no readable answer" in out
    assert "✗ data.a.test_2: comply pass, rego-cpp answers undefined" in out
    assert "1 crashed it (signal 11): data.a.test_4" in out
    assert "1 crashed it (an early end): data.a.test_5" in out
    assert not processes


def test_what_cannot_be_written_as_v1_is_not_compared(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    pytest.importorskip("regopy")
    text = "package a\nif { true }\ntest_a { if }\n"
    root = write(tmp_path, {"a.rego": text})
    assert run(["test", str(root), "--cross-check", "--rego-version", "v0"]) == 0
    assert "1 were refused" in capsys.readouterr().out


def test_nothing_to_compare(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("regopy")
    root = write(tmp_path, {"a.rego": "package a\nimport rego.v1\nb if true\n"})
    assert run(["test", str(root), "--cross-check", "--allow-empty"]) == 0
    assert "0 tests" in capsys.readouterr().out
    assert callable(compare)


def test_work_is_spread_and_what_a_dead_process_left_is_done() -> None:
    import os

    parent = os.getpid()

    def work(number: int) -> int:
        if number == 3 and os.getpid() != parent:
            os._exit(9)
        if number == 4 and os.getpid() != parent:
            raise ValueError
        return number * number

    assert forks.spread(work, 7, 3) == [0, 1, 4, 9, 16, 25, 36]
    assert forks.spread(work, 1, 3) == [0]
    assert forks.spread(work, 0, 3) == []
