"""WORK -> RESULTS over processes: the same answers as one after the other, sooner.

A forked process begins with all that was loaded and compiled; a pool of `multiprocessing`
would import it again, which takes longer than most test runs.
"""

import os
import pickle
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

_T = TypeVar("_T")


def spread(work: Callable[[int], _T], count: int, processes: int) -> list[_T]:
    """Return `work(0)` to `work(count - 1)`; every n-th in each of n processes.

    The results must be picklable. Where processes cannot fork, one does all; what a
    process that died has left undone is done here.
    """
    number = min(processes, count) if hasattr(os, "fork") else 1
    if number < 2:
        return [work(i) for i in range(count)]
    sys.stdout.flush()
    sys.stderr.flush()
    children = [_start(work, range(n, count, number)) for n in range(1, number)]
    results = dict(_done(work, range(0, count, number)))
    for process, pipe in children:
        with os.fdopen(pipe, "rb") as stream:
            data = stream.read()
        os.waitpid(process, 0)
        with suppress(EOFError, pickle.UnpicklingError):
            results.update(pickle.loads(data))  # noqa: S301  (our own process wrote it)
    return [results[i] if i in results else work(i) for i in range(count)]


def _done(work: Callable[[int], _T], numbers: Sequence[int]) -> list[tuple[int, _T]]:
    return [(i, work(i)) for i in numbers]


def _start(work: Callable[[int], _T], numbers: Sequence[int]) -> tuple[int, int]:
    """Return the id of a process that does some of the work, and where it writes."""
    reader, writer = os.pipe()
    process = os.fork()
    if process:
        os.close(writer)
        return process, reader
    os.close(reader)
    status = 1
    try:
        data = pickle.dumps(_done(work, numbers))
        with os.fdopen(writer, "wb") as stream:
            stream.write(data)
        status = 0
    except Exception:  # noqa: BLE001, S110  (the parent does it again, and meets it)
        pass
    finally:
        # Not `exit`: what the parent registered to run at its end is not ours to run.
        os._exit(status)
