"""docs/reports.md: its commands run and write what they say, and it knows every format."""

import shlex
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from comply.report import REPORTERS

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "reports.md").read_text("utf-8")
COMMANDS = [block.split("```")[0].strip() for block in PAGE.split("```sh\n")[1:]]


def test_every_format_has_a_section_and_a_command() -> None:
    parts = PAGE.split("\n## ")
    sections = {part.partition("\n")[0]: part for part in parts[1:]}
    assert set(REPORTERS) < set(sections)
    for name in REPORTERS:
        assert f"| [{name}](#{name}) " in PAGE
        assert "comply check" in sections[name]
        assert f"-f {name}" in sections[name] or name == "text"


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_run(command: str, tmp_path: Path) -> None:
    (tmp_path / "fixtures").symlink_to(ROOT / "fixtures")
    program, *words = shlex.split(command)
    assert program == "comply"
    start = "from comply.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", start, *words],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT / "engine"), "XDG_CACHE_HOME": str(tmp_path)},
    )
    assert done.returncode == 1, done.stderr
    assert done.stderr == ""
    files = [b.partition("=")[2] for a, b in pairwise(words) if a == "-f" and "=" in b]
    for file in files:
        assert "no-public-rds" in (tmp_path / file).read_text("utf-8")
    assert files or "no-public-rds" in done.stdout


def test_the_picture_is_small_and_real() -> None:
    picture = (ROOT / "docs" / "report.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) < 200_000
    assert "(report.png)" in PAGE
