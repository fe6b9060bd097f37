"""ARGUMENTS x FILES -> REPORT: what a run said, said again where nothing has changed since.

This comes before the command line is parsed. So it imports next to nothing, and asks only
whether the words, the variables, the terminal and the day are those of a run before, and
whether each file and folder that it looked at is what it was.
"""

import os
import sys
import time
from hashlib import sha256
from io import TextIOWrapper

from comply.cli.cache import cache_place
from comply.kept_file import put, take
from comply.rules.build import build
from comply.stamps import Stamp, stamped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import TextIO

    Stamps = Mapping[str, Stamp | None]

LARGEST = 16 << 20
"""How many bytes reports and stamps may take: some hundreds of thousands of files."""

SUFFIX = ".run"

VARIABLES = ("COLUMNS", "FORCE_COLOR", "LANG", "LC_ALL", "LC_CTYPE", "NO_COLOR", "TERM")
"""Variables that a report may follow from, besides those of comply and of Python."""

_PREFIXES = ("COMPLY_", "PYTHON")
_SECRET = "PASSWORD"  # noqa: S105  (a part of names)
_DAY = 86_400


# No dataclasses here: these two would take as long as all the rest of a run that has
# nothing to do.
class Followed:
    """What a run followed from: stamps by name, and what else is to be kept.

    `files` were checked, `folders` looked through for them, `fixed` are rules and such.
    """

    __slots__ = ("files", "fixed", "folders", "rest")

    def __init__(
        self,
        fixed: "Stamps",
        folders: "Stamps",
        files: "Stamps",
        rest: bytes,
    ) -> None:
        self.fixed = fixed
        self.folders = folders
        self.files = files
        self.rest = rest


class Asked:
    """What a run is asked for: where its report would be kept, under which conditions.

    `left` is what a run with the same words followed from, if what is fixed is as it was;
    `now` are stamps of the same folders and files, looked at not before `seen`, in ns.
    """

    __slots__ = ("conditions", "folder", "left", "name", "now", "said", "seen")

    def __init__(self, folder: str, name: str) -> None:
        self.folder = folder
        self.name = name
        self.seen = time.time_ns()
        self.conditions = _conditions()
        self.left: Followed | None = None
        self.now: dict[str, Stamp | None] = {}
        self.said: tuple[int, str] | None = None


def ask(arguments: list[str]) -> Asked | None:
    """Return what a run with these arguments is asked for, and what is known of it.

    None if there is no place to keep anything.
    """
    folder, name = cache_place(), _name(arguments)
    if folder is None or name is None:
        return None
    asked = Asked(folder, name)
    kept = take(folder, name)
    if kept is None or kept[0] != asked.conditions:
        return asked
    _, fixed, folders, files, rest, said = kept
    if _stamps(fixed) == fixed:
        asked.left = Followed(fixed, folders, files, rest)
        asked.now = _stamps(folders) | _stamps(files)
        asked.said = said
    return asked


def said_again(asked: Asked) -> int | None:
    """Write what a run with the same words said, and return its exit code.

    None, and nothing is written, unless all that it followed from is as it was.
    """
    left = asked.left
    if left is None or asked.said is None:
        return None
    if asked.now != {**left.folders, **left.files}:
        return None
    code, text = asked.said
    took = (time.time_ns() - asked.seen) / 1e9
    standard_output().write(f"{text}{took:.2f} s\n")
    return code


def keep_run(asked: Asked, followed: Followed, code: int, text: str) -> None:
    """Keep what a run wrote, up to the time it took, and all that this follows from."""
    parts = (followed.fixed, followed.folders, followed.files, followed.rest)
    put(asked.folder, asked.name, (asked.conditions, *parts, (code, text)), LARGEST)


def _stamps(names: "Iterable[str]") -> dict[str, Stamp | None]:
    return {name: stamped(name) for name in names}


def standard_output() -> "TextIO":
    """Return where reports go; what knows less than UTF-8 gets escapes, no exception."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    return sys.stdout


def _name(arguments: list[str]) -> str | None:
    """Return the name of the file for runs with the same words in the same place.

    None if it cannot be told where we are.
    """
    out = sys.stdout
    try:
        here = os.getcwd()  # noqa: PTH109
        size = os.get_terminal_size(out.fileno()) if out.isatty() else None
    except OSError:
        return None
    asked = [
        f"{name}={text}"
        for name, text in sorted(os.environ.items())
        if name in VARIABLES or (name.startswith(_PREFIXES) and _SECRET not in name)
    ]
    question = repr((arguments, here, asked, out.encoding, size))
    named = sha256(question.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{named[:32]}{SUFFIX}"


def _conditions() -> "tuple[int, list[tuple[str, int, int]]]":
    """Return what else a report follows from: the day, for exceptions end, and our code."""
    return int(time.time()) // _DAY, build()
