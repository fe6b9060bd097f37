"""FOLDER -> PLAN: the plan of a Spacelift run, as JSON.

Spacelift keeps the binary plan as `spacelift.plan` in the project root.
"""

import shutil
import subprocess
from pathlib import Path
from typing import Final

from comply.classes import dataclass
from comply.load.encoding import LARGEST
from comply.source import ComplyError

JSON_PLAN: Final = "spacelift.plan.json"
BINARY_PLAN: Final = "spacelift.plan"

_PROGRAMS: Final = ("terraform", "tofu")
_SECONDS: Final = 600
_MOST_SAID: Final = 2_000


@dataclass(frozen=True, slots=True)
class RawPlan:
    """The bytes of a plan's JSON, and what they are called in reports.

    `notice` is what people should know of where it was found, empty if nothing.
    """

    name: str
    data: bytes
    notice: str = ""


def find_plan(folder: Path) -> RawPlan:
    """Return the plan in a folder: its JSON, or what Terraform or OpenTofu make of it.

    A JSON older than the binary plan is that of another plan, such as one that was
    committed, and is not used.

    Raises:
        ComplyError: if there is no plan, or no program that can show it.
    """
    ready, binary = folder / JSON_PLAN, folder / BINARY_PLAN
    stale = ready.is_file() and binary.is_file() and _written(ready) < _written(binary)
    if ready.is_file() and not stale:
        return RawPlan(JSON_PLAN, _read(ready))
    if not binary.is_file():
        raise ComplyError(
            f"there is no plan here: neither {JSON_PLAN} nor {BINARY_PLAN} in {folder}",
            hint="run it as an after_plan hook, in the project root of a Terraform or "
            "OpenTofu stack",
        )
    notice = f"{JSON_PLAN} is older than {BINARY_PLAN}: not used" if stale else ""
    return RawPlan(BINARY_PLAN, _shown(folder), notice)


def _written(path: Path) -> int:
    """Return when a file was written; of a link, when that was."""
    return path.lstat().st_mtime_ns


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST:
            raise ComplyError(
                f"{path.name}: larger than the {LARGEST:,} bytes a file may have"
            )
        return path.read_bytes()
    except OSError as error:
        raise ComplyError(f"{path.name}: {error.strerror}") from None


def _shown(folder: Path) -> bytes:
    """Return the JSON that the first program prints which can read the binary plan."""
    found = [path for name in _PROGRAMS if (path := shutil.which(name))]
    if not found:
        raise ComplyError(
            f"there is no {JSON_PLAN}, and neither terraform nor tofu is on the PATH to "
            f"show {BINARY_PLAN}",
            hint=f"put this before it: terraform show -json {BINARY_PLAN} > {JSON_PLAN}",
        )
    failures = []
    for program in found:
        shown = _show(program, folder)
        if isinstance(shown, bytes):
            return shown
        failures.append(shown)
    raise ComplyError("\n".join(failures))


def _show(program: str, folder: Path) -> bytes | str:
    """Return what a program prints of the plan, or why it did not."""
    command = [program, "show", "-json", BINARY_PLAN]
    said = f"`{Path(program).name} show -json {BINARY_PLAN}`"
    try:
        done = subprocess.run(  # noqa: S603  (Terraform, as the user's PATH names it)
            command,
            cwd=folder,
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return f"{said} did not end within {_SECONDS} seconds"
    except OSError as error:
        return f"{said} cannot be run: {error.strerror}"
    if done.returncode == 0:
        return done.stdout
    why = done.stderr.decode("utf-8", "replace").strip()[-_MOST_SAID:]
    return f"{said} failed ({done.returncode})\n{why}".rstrip()
