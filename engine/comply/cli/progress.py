"""One line on a terminal that tells how far a long run is, erased at its end."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

_PATIENCE: Final = 1.0
_STEP: Final = 0.1


@contextmanager
def progress(whole: int) -> Iterator[Callable[[int], None]]:
    """Give what takes the number of files done by now, and shows it after a second.

    Only people at a terminal see it: neither a file nor a CI system's log.
    """
    started = last = time.monotonic()
    shown = False
    watched = sys.stderr.isatty() and "CI" not in os.environ

    def tell(done: int) -> None:
        nonlocal last, shown
        now = time.monotonic()
        if not watched or now - started < _PATIENCE or now - last < _STEP:
            return
        last, shown = now, True
        sys.stderr.write(f"\r\x1b[Kchecking: {done:,} of {whole:,} files")
        sys.stderr.flush()

    try:
        yield tell
    finally:
        if shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
