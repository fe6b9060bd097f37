"""The entry point: quick, lazy, and honest about its own mistakes."""

import os
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import click
import pytest

from comply.cli import main as entry
from comply.cli.commands import COMMANDS
from comply.cli.main import run
from comply.version import VERSION

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("flag", ["--version", "-V"])
def test_version(capsys: pytest.CaptureFixture[str], flag: str) -> None:
    assert run([flag]) == 0
    assert capsys.readouterr().out == f"comply {VERSION}\n"


def test_the_version_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == VERSION


def test_python_runs_the_package() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "comply", "--version"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "engine")},
        capture_output=True,
        check=True,
        text=True,
    )
    assert VERSION in done.stdout


def test_version_imports_next_to_nothing() -> None:
    code = (
        "import sys\nfrom comply.cli.main import run\nrun(['--version'])\n"
        "print(*sorted(m for m in sys.modules if m.startswith(('click', 'comply'))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT / "engine")},
        capture_output=True,
        check=True,
        text=True,
    )
    assert done.stdout.splitlines()[1].split() == [
        "comply",
        "comply.cli",
        "comply.cli.main",
        "comply.version",
    ]


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(f"\n  {name} " in out for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert isinstance(import_module(COMMANDS[name][0]).command, click.Command)
    assert run([name, "--help"]) == 0
    assert "Usage: comply " + name in capsys.readouterr().out


def test_an_unknown_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["chek"]) == 2
    assert "No such command 'chek'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "meant"), [(["chek"], "check"), (["sql", "lnt"], "lint")]
)
def test_a_command_that_was_probably_meant(
    words: list[str], meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(words) == 2
    assert f"Did you mean '{meant}'?" in capsys.readouterr().err


def test_our_own_mistakes_are_not_findings(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(entry, "_run_command", broken)
    assert run(["check"]) == 2
    err = capsys.readouterr().err
    assert "ZeroDivisionError" in err
    assert "This is a bug in comply" in err


def test_main_exits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["comply", "--version"])
    with pytest.raises(SystemExit) as caught:
        entry.main()
    assert caught.value.code == 0


def test_what_databases_leave_behind_is_not_complained_of(tmp_path: Path) -> None:
    """DuckDB tells on standard error of what is still there at the end."""
    script = tmp_path / "script.sql"
    script.write_text("CREATE TABLE t (a NUMBER);\nINSERT INTO t VALUES (1);\n")
    line = [sys.executable, "-m", "comply.cli.main", "sql", "run", str(script)]
    done = subprocess.run(
        line,
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "engine")},
    )
    assert (done.returncode, done.stderr) == (0, "")
