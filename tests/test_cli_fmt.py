"""`comply fmt`: lays files out, says what would change, writes."""

import io
from pathlib import Path

import pytest
from tests.policy_tree import write

from comply.cli.main import run

UGLY = "package a\nimport rego.v1\np if{input.x==1\ninput.y}\n"
NEAT = "package a\n\nimport rego.v1\n\np if {\n\tinput.x == 1\n\tinput.y\n}\n"
OLD = 'package a\n\ndeny[msg] {\n\tmsg := "x" # why\n}\n'


def test_to_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = write(tmp_path, {"a.rego": UGLY})
    assert run(["fmt", str(root)]) == 0
    assert capsys.readouterr().out == NEAT
    assert (root / "a.rego").read_text() == UGLY


def test_from_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(UGLY.encode())))
    assert run(["fmt", "-", "-w"]) == 0
    assert capsys.readouterr().out == NEAT


def test_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = write(tmp_path, {"a.rego": UGLY, "b.rego": NEAT})
    assert run(["fmt", str(root), "--check"]) == 1
    assert capsys.readouterr().out == f"{root / 'a.rego'}\n"
    assert run(["fmt", str(root / "b.rego"), "--check"]) == 0


def test_diff(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = write(tmp_path, {"a.rego": UGLY.rstrip("\n"), "b.rego": NEAT})
    assert run(["fmt", str(root), "--diff"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert f"--- {root / 'a.rego'}" in lines
    assert "-p if{input.x==1" in lines
    assert "+\tinput.x == 1" in lines
    assert "\\ No newline at end of file" in lines
    assert not any("b.rego" in line for line in lines)


def test_write(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = write(tmp_path, {"a.rego": UGLY, "b.rego": NEAT})
    assert run(["fmt", str(root), "-w"]) == 0
    assert capsys.readouterr().out == f"{root / 'a.rego'}\n"
    assert (root / "a.rego").read_text() == NEAT
    assert run(["fmt", str(root), "--check"]) == 0


def test_v0_to_v1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = write(tmp_path, {"a.rego": OLD})
    assert run(["fmt", str(root), "--v0-v1", "-w"]) == 0
    text = (root / "a.rego").read_text()
    assert "import rego.v1" in text
    assert "deny contains msg if {" in text
    assert "# why" in text
    assert run(["fmt", str(root), "--v0-v1", "--check"]) == 0
    assert capsys.readouterr().err == ""


def test_a_file_that_is_no_rego(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = write(tmp_path, {"a.rego": "package a\np {", "b.rego": UGLY})
    assert run(["fmt", str(root), "-w"]) == 2
    assert "rego_parse_error" in capsys.readouterr().err
    assert (root / "b.rego").read_text() == NEAT
    assert run(["fmt", str(root / "none.rego")]) == 2


def test_write_or_look(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["fmt", str(tmp_path), "-w", "--check"]) == 2
    assert "choose" in capsys.readouterr().err


def test_a_file_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = write(tmp_path, {"a.rego": UGLY})

    def refuse(*_args: object, **_options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "write_text", refuse)
    assert run(["fmt", str(root), "-w"]) == 2
    assert "cannot be written: Permission denied" in capsys.readouterr().err
