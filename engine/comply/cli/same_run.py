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
    from typing import TextIO

LARGEST = 16 << 20
"""How many bytes reports and stamps may take: some hundreds of thousands of files."""

SUFFIX = ".run"

VARIABLES = ("COLUMNS", "FORCE_COLOR", "LANG", "LC_ALL", "LC_CTYPE", "NO_COLOR", "TERM")
"""Variables that a report may follow from, besides those of comply and of Python."""

_PREFIXES = ("COMPLY_", "PYTHON")
_SECRET = "PASSWORD"  # noqa: S105  (a part of names)
_DAY = 86_400


def said_again(arguments: list[str]) -> int | None:
    """Write what a run with these arguments said, and return its exit code.

    None, and nothing is written, unless all that it followed from is as it was.
    """
    began = time.perf_counter()
    folder, name = cache_place(), _name(arguments)
    kept = None if folder is None or name is None else take(folder, name)
    if kept is None:
        return None
    conditions, names, stamps, code, text = kept
    if conditions != _conditions() or list(map(stamped, names)) != stamps:
        return None
    standard_output().write(f"{text}{time.perf_counter() - began:.2f} s\n")
    found: int = code
    return found


def keep_run(
    arguments: list[str], looked: "dict[str, Stamp | None]", code: int, text: str
) -> None:
    """Keep what a run wrote, and the stamps of all that this follows from.

    That the time it took is the end of `text` is on the caller.
    """
    folder, name = cache_place(), _name(arguments)
    if folder is not None and name is not None:
        value = (_conditions(), list(looked), list(looked.values()), code, text)
        put(folder, name, value, LARGEST)


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
