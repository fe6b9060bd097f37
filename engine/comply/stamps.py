"""FILE -> STAMP: what tells, without opening it, that a file is what it was.

Imported before anything else of a run that may have nothing to do: it needs nothing.
"""

import os

Stamp = tuple[int, int, int, int, int]
"""Size, times of change of content and of inode (ns), inode, device."""

_COARSE = 2_100_000_000
_FINE = 100_000_000
_WHOLE_STEP = 1_000_000


def stamp(state: os.stat_result) -> Stamp:
    """Return what tells whether a file is what it was."""
    return (
        state.st_size,
        state.st_mtime_ns,
        state.st_ctime_ns,
        state.st_ino,
        state.st_dev,
    )


def stamped(name: str) -> Stamp | None:
    """Return the stamp of a file or folder, None if there is no such or none to be had."""
    try:
        return stamp(os.stat(name))  # noqa: PTH116  (a Path costs more than the call)
    except OSError:
        return None


def is_settled(found: Stamp, seen: int) -> bool:
    """Tell whether a file had been left alone for a while at a time, in ns.

    A change within one tick of the file system's clock leaves the times as they are.
    A time without microseconds is taken for one of a clock that counts seconds.
    """
    tick = _COARSE if found[1] % _WHOLE_STEP == 0 else _FINE
    return max(found[1], found[2]) + tick < seen
