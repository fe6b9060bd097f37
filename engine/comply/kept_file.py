"""VALUE -> FILE of the cache and back: written at once or not at all, never trusted blindly.

A file begins with the digest of the rest, and is taken only from a folder that nobody
else can write to. What was used least recently goes when there is too much.
"""

import marshal
import os
import time
from hashlib import sha256

# No typing here: this comes before anything else of a run that may have nothing to do.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SUM = 32
"""The bytes of a SHA-256 digest."""

_DRAFT = ".draft"
_NEW = os.O_CREAT | os.O_WRONLY | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
_ABANDONED = 3600.0
"""Seconds after which nobody is writing a draft any more."""


def is_private(folder: "str | os.PathLike[str]") -> bool:
    """Tell whether only this user can write to a folder.

    Raises:
        OSError: if there is no such folder.
    """
    state = os.stat(folder)  # noqa: PTH116  (a Path costs more than the call)
    mine = not hasattr(os, "getuid") or state.st_uid == os.getuid()
    return mine and not state.st_mode & 0o022


def take(folder: str, name: str) -> "Any":  # noqa: ANN401  (what was put there)
    """Return the value in a file, None if there is nothing that can be trusted.

    What a disk damaged must not be believed, and still less run.
    """
    path = f"{folder}/{name}"
    try:
        if not is_private(folder):
            return None
        with open(path, "rb") as file:  # noqa: PTH123  (see above)
            raw = file.read()
        if raw[:_SUM] != sha256(raw[_SUM:]).digest():
            return None
        found = marshal.loads(raw[_SUM:])  # noqa: S302  (our own folder, as written)
    except (OSError, ValueError, TypeError, EOFError):
        return None
    _touch(path)
    return found


def put(folder: str, name: str, value: "Any", largest: int) -> None:  # noqa: ANN401
    """Write what marshal takes into a file; a cache that cannot be written is none.

    All other files with its suffix have no more than `largest` bytes afterwards.
    """
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)  # noqa: PTH103
        raw = marshal.dumps(value)
        draft = f"{folder}/{name}.{os.getpid()}{_DRAFT}"
        with open(os.open(draft, _NEW, 0o600), "wb") as file:  # noqa: PTH123
            file.write(sha256(raw).digest())
            file.write(raw)
        os.replace(draft, f"{folder}/{name}")  # noqa: PTH105
        _evict(folder, name, largest)
    except (OSError, ValueError):
        return


def _touch(path: str) -> None:
    """Note that a file was used; where that cannot be noted it may go sooner."""
    try:
        os.utime(path)
    except OSError:
        return


def _evict(folder: str, newest: str, largest: int) -> None:
    """Delete what was used least recently, and what killed writers have left."""
    size = 0
    for entry, state in _by_last_use(folder, newest[newest.rindex(".") :]):
        if entry.name != newest:
            size += state.st_size
            if size > largest:
                _unlink(entry.path)
    for entry, state in _by_last_use(folder, _DRAFT):
        if time.time() - state.st_mtime > _ABANDONED:
            _unlink(entry.path)


def _by_last_use(
    folder: str, suffix: str
) -> "list[tuple[os.DirEntry[str], os.stat_result]]":
    """Return the files with a suffix and their states, the one used last first."""
    found = []
    with os.scandir(folder) as scan:
        for entry in scan:
            if entry.name.endswith(suffix):
                try:
                    found.append((entry, entry.stat()))
                except FileNotFoundError:
                    # Another run may evict at the same time.
                    continue
    return sorted(found, key=lambda item: item[1].st_mtime_ns, reverse=True)


def _unlink(path: str) -> None:
    try:
        os.unlink(path)  # noqa: PTH108
    except FileNotFoundError:
        return
