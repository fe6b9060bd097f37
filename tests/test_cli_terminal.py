"""Colours and width: what the terminal, the environment and the flags ask for."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from comply.cli.terminal import Choice, wants_colour, width_of

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        """Return what a terminal does."""
        return True


@pytest.mark.parametrize(
    ("variables", "choice", "terminal", "elsewhere"),
    [
        ({}, "auto", True, False),
        ({"NO_COLOR": "1"}, "auto", False, False),
        ({"NO_COLOR": ""}, "auto", True, False),
        ({"FORCE_COLOR": "1"}, "auto", True, True),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, "auto", False, False),
        ({"NO_COLOR": "1"}, "always", True, True),
        ({"FORCE_COLOR": "1"}, "never", False, False),
        ({"TERM": "dumb"}, "auto", False, False),
    ],
)
def test_colours(
    variables: dict[str, str],
    choice: Choice,
    *,
    terminal: bool,
    elsewhere: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert wants_colour(Terminal(), choice) is terminal
    assert wants_colour(io.StringIO(), choice) is elsewhere


def test_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "61")
    assert width_of(Terminal()) == 61
    assert width_of(io.StringIO()) == 0


def test_a_report_fits_a_narrow_terminal_and_asks_nothing(tmp_path: Path) -> None:
    pty = pytest.importorskip("pty", reason="this system has no terminals to open")
    (tmp_path / "a.yaml").write_text(POD)
    ours, theirs = pty.openpty()
    variables = {
        **os.environ,
        "COLUMNS": "50",
        "NO_COLOR": "1",
        "PAGER": "false",
        "COMPLY_CACHE_DIR": str(tmp_path / ".cache"),
    }
    code = "from comply.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "check", "a.yaml"],
        cwd=tmp_path,
        stdin=theirs,
        stdout=theirs,
        env=variables,
        check=False,
        timeout=60,
    )
    os.close(theirs)
    text = os.read(ours, 65536).decode()
    os.close(ours)
    assert done.returncode == 1
    assert "required-labels" in text
    assert "\x1b" not in text
    long = [line for line in text.splitlines() if len(line.rstrip()) > 50]
    assert [line for line in long if " " in line.strip()] == []
