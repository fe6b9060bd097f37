"""`comply completion`: the scripts, tried in the shells themselves where they are installed."""

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from comply.cli.main import run

SECONDS = 20.0
FISH = shutil.which("fish") or ""


@pytest.fixture
def home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Path:
    """Return a folder with the scripts, a plan and comply on the PATH."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.delenv("ZDOTDIR", raising=False)
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin/comply"
    code = "from comply.cli.main import main; main()"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{code}" "$@"\n')
    command.chmod(0o755)
    (tmp_path / "my-plan.json").write_text("{}")
    for shell in ("bash", "zsh", "fish"):
        assert run(["completion", shell]) == 0
        (tmp_path / f"comply.{shell}").write_text(capsys.readouterr().out)
    return tmp_path


CASES = [
    ("comply chec", "comply check "),
    ("comply check --fail-on crit", "--fail-on critical"),
    ("comply check my-p", "my-plan.json"),
    ("comply sql lin", "comply sql lint"),
    ("comply check --pack kubern", "kubernetes/baseline"),
    ("comply check -f sar", "-f sarif"),
]
FORGET = b"\x15"


def typed(shell: list[str], lines: list[str]) -> None:
    """Type the beginnings of commands and a tab into a shell, and see them completed."""
    child, terminal = pty.fork()
    if child == 0:
        os.execvp(shell[0], shell)  # noqa: S606  (it has to be the shell itself)
    try:
        for line in [*lines, "echo rea''dy"]:
            os.write(terminal, f"{line}\n".encode())
        _until(terminal, "ready")
        for keys, wanted in CASES:
            os.write(terminal, f"{keys}\t".encode())
            assert wanted in _until(terminal, wanted), keys
            os.write(terminal, FORGET)
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
        os.close(terminal)


def _until(terminal: int, wanted: str) -> str:
    seen, end = "", time.monotonic() + SECONDS
    while wanted not in seen and time.monotonic() < end:
        if select.select([terminal], [], [], 0.2)[0]:
            seen += os.read(terminal, 65536).decode("utf-8", "replace")
    return seen


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
@pytest.mark.usefixtures("home")
def test_bash() -> None:
    typed(["bash", "--norc", "--noprofile", "-i"], ["source ./comply.bash"])


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
@pytest.mark.usefixtures("home")
def test_zsh() -> None:
    lines = ["autoload -Uz compinit", "compinit -u", "source ./comply.zsh"]
    typed(["zsh", "-f", "-i"], lines)


@pytest.mark.skipif(not FISH, reason="fish is not installed")
@pytest.mark.usefixtures("home")
def test_fish() -> None:
    asked = "; ".join(f"complete -C '{keys}'" for keys, _ in CASES)
    done = subprocess.run(
        [FISH, "--no-config", "-c", f"source comply.fish; {asked}"],
        capture_output=True,
        text=True,
        check=True,
        timeout=SECONDS,
    )
    words = done.stdout.split()
    assert [w.split()[-1] for _, w in CASES if w.split()[-1] not in words] == []


def test_a_shell_that_is_not_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", "tcsh"]) == 2
    assert "'tcsh' is not one of 'bash', 'zsh', 'fish'" in capsys.readouterr().err
