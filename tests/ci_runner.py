"""What runs the files for CI systems in tests: their shell as they run it, comply installed."""

import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass, field
from pathlib import Path
from zipfile import ZipFile

from tests.git_repository import OWN

ROOT = Path(__file__).parents[1]

# A wheel that leads to the comply under test: one of all of it would need an index of
# packages to install what it depends on.
_MODULE = """import sys
sys.path[:0] = {paths!r}
from comply.cli.main import main
"""
# Stands for python3: copying pip into a new environment takes seconds, so it is lent.
_PYTHON = """#!/bin/sh
if [ "$1 $2" = "-m venv" ]; then
  "{python}" -m venv --without-pip "$3"
  for packages in "$3"/lib/python*/site-packages; do
    echo "{lent}" >"$packages/lent.pth"
  done
else
  exec "{python}" "$@"
fi
"""


def write_wheel(folder: Path) -> Path:
    """Write a wheel with the command `comply`, return its path."""
    paths = [str(ROOT / "engine"), sysconfig.get_path("purelib")]
    about = "comply-9.9.9.dist-info"
    files = {
        "comply_under_test.py": _MODULE.format(paths=paths),
        f"{about}/METADATA": "Metadata-Version: 2.1\nName: comply\nVersion: 9.9.9\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{about}/entry_points.txt": "[console_scripts]\ncomply = comply_under_test:main\n",
    }
    record = "".join(f"{name},,\n" for name in (*files, f"{about}/RECORD"))
    wheel = folder / "comply-9.9.9-py3-none-any.whl"
    with ZipFile(wheel, "w") as out:
        for name, text in {**files, f"{about}/RECORD": record}.items():
            out.writestr(name, text)
    return wheel


def write_python(folder: Path) -> None:
    """Write a python3 that makes environments in no time."""
    folder.mkdir()
    program = folder / "python3"
    lent = sysconfig.get_path("purelib")
    program.write_text(_PYTHON.format(lent=lent, python=sys.executable))
    program.chmod(0o755)


@dataclass(frozen=True, slots=True)
class Shell:
    """A shell with the variables of a CI system; `first` goes before the PATH."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)
    first: Path = ROOT
    command: tuple[str, ...] = ("bash", "--noprofile", "--norc", "-eo", "pipefail")

    def run(self, script: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a script with more variables."""
        path = f"{self.first}{os.pathsep}{os.environ['PATH']}"
        own = {"PATH": path, "PIP_NO_INDEX": "1", **OWN, **self.variables, **more}
        return subprocess.run(
            [*self.command, "-c", script],
            cwd=self.folder,
            env={**os.environ, **own},
            capture_output=True,
            text=True,
            check=False,
        )
