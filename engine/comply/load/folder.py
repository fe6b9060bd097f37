"""FOLDER -> FILES: which files of a tree may be documents or rules."""

import os
from collections.abc import Callable, Iterator
from os.path import splitext
from pathlib import Path
from typing import Final

from comply.classes import dataclass, field
from comply.load.encoding import unreadable
from comply.source import LoadError

CANDIDATES: Final = frozenset(
    {".json", ".yaml", ".yml", ".sql", ".rego", ".tf", ".tfstate"}
)
"""Names whose content is looked at; others in a folder are none of our business."""

SKIPPED: Final = frozenset({"node_modules", "__pycache__", "venv", "vendor"})
"""Folders of other people's files. Those that begin with a dot are skipped as well."""


@dataclass(frozen=True, slots=True)
class Left:
    """A file or folder that was not looked at, and why."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class Trail:
    """What a walk came by besides candidates: the folders it looked into, and links."""

    folders: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)


def take_all(_path: Path) -> bool:
    """Tell that a path is not to be left out."""
    return False


def walk(
    root: Path, skips: Callable[[Path], bool] = take_all
) -> Iterator[Path | Left | LoadError]:
    """Yield the candidates of a tree in the order of their names.

    Files and folders of which `skips` is true are not looked at.

    A symbolic link is followed if it is a file inside the tree; one that leads out of
    it or to a folder is `Left`. What cannot be read is a `LoadError`: nothing is known
    about it.
    """
    for item in walk_names(root, skips):
        yield Path(item) if isinstance(item, str) else item


def walk_names(
    root: Path, skips: Callable[[Path], bool] = take_all, trail: Trail | None = None
) -> Iterator[str | Left | LoadError]:
    """Yield what `walk` does, names instead of paths: thousands of paths take a while.

    What it comes by is left in `trail`.
    """
    inside = root.resolve()
    folders = [str(root)]
    trail = trail or Trail()
    while folders:
        folder = folders.pop()
        trail.folders.append(folder)
        base = "" if folder == "." else os.path.join(folder, "")  # noqa: PTH118  (text)
        try:
            with os.scandir(folder) as scan:
                entries = sorted(scan, key=_name)
        except OSError as error:
            yield unreadable(folder, error)
            continue
        below = []
        for entry in entries:
            name = base + entry.name
            if skips is not take_all and skips(Path(name)):
                continue
            if entry.is_symlink():
                trail.links.append(name)
                yield from _linked(name, inside)
            elif entry.is_dir():
                if not entry.name.startswith(".") and entry.name not in SKIPPED:
                    below.append(name)
            elif _is_candidate(entry.name):
                yield name
        folders += reversed(below)


def _name(entry: os.DirEntry[str]) -> str:
    return entry.name


def _is_candidate(name: str) -> bool:
    _, suffix = splitext(name)  # noqa: PTH122  (a Path costs more than the rest)
    return suffix.lower() in CANDIDATES and not name.startswith(".")


def _linked(name: str, inside: Path) -> Iterator[str | Left]:
    """Yield what a symbolic link is to us, nothing if it concerns nobody."""
    path = Path(name)
    target = path.resolve()
    if not target.is_relative_to(inside):
        if _is_candidate(path.name) or target.is_dir():
            yield Left(path, "a link that leads out of the folder")
    elif not target.is_dir() and _is_candidate(path.name):
        yield name
