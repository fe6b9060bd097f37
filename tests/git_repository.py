"""A git repository of a test's own, away from the settings of the machine."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

OWN = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "t",
    "GIT_AUTHOR_EMAIL": "t@example.com",
    "GIT_COMMITTER_NAME": "t",
    "GIT_COMMITTER_EMAIL": "t@example.com",
}
"""Variables for git, so that what the machine is told does not change a test."""


@dataclass(frozen=True, slots=True)
class Repository:
    """A checkout at `folder`."""

    folder: Path

    def git(self, *arguments: str) -> str:
        made = subprocess.run(
            [str(shutil.which("git")), *arguments],
            cwd=self.folder,
            env=os.environ | OWN,
            capture_output=True,
            text=True,
            check=True,
        )
        return made.stdout.strip()

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def commit(self, files: dict[str, str] | None = None) -> str:
        """Write files, commit all that changed, return the commit."""
        self.write(files or {})
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "a change")
        return self.git("rev-parse", "HEAD")


def new_repository(folder: Path) -> Repository:
    """Return an empty repository whose first branch is main."""
    if shutil.which("git") is None:
        pytest.skip("there is no git")
    folder.mkdir(parents=True)
    made = Repository(folder)
    made.git("init", "-q", "-b", "main")
    return made
