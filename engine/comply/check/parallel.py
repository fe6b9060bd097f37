"""WORK -> RESULTS over processes that fork: the same results, in the same order, sooner.

A forked process begins with all that was loaded and compiled. It gets numbers and sends
results back through a pipe, a few at a time, so that progress can be told.
"""

import os
import pickle
import selectors
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final, TypeVar

_T = TypeVar("_T")

Told = Callable[[int], None]
"""Takes how many results there are by now."""

_BATCH: Final = 32
_HEAD: Final = 8
WORTH: Final = 50
"""How many files make another process worth its start.

Measured by benchmarks/fork_threshold.py, and by the processor time that parent and children
take: two processes are even with one at 25 small files together, and a third faster at 100.
"""


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processes_for(count: int, jobs: int | None) -> int:
    """Return over how many processes to spread `count` files.

    `jobs` is what the user asked for, None to choose. Where forking is not cheap and
    safe, it is one: off Linux, with other threads, under a tracer.
    """
    if not _forks_well():
        return 1
    if jobs is not None:
        return max(1, min(jobs, count))
    return max(1, min(processors(), count // WORTH))


def _forks_well() -> bool:
    alone = threading.active_count() == 1 and sys.gettrace() is None
    return sys.platform == "linux" and alone


def spread(
    work: Callable[[int], _T], count: int, processes: int, told: Told
) -> list[_T]:
    """Return `work(0)` to `work(count - 1)`, every n-th from each of n processes.

    Results must be picklable. What a process that died has left undone is done here,
    so an exception of `work` is raised as it would be without processes.
    """
    results: dict[int, _T] = {}
    if processes > 1:
        sys.stdout.flush()
        sys.stderr.flush()
        with _started(work, count, processes) as pipes:
            for data in _received(pipes):
                results.update(pickle.loads(data))  # noqa: S301  (our own process wrote it)
                told(len(results))
    for i in range(count):
        if i not in results:
            results[i] = work(i)
            if i % _BATCH == 0:
                told(len(results))
    return [results[i] for i in range(count)]


@contextmanager
def _started(
    work: Callable[[int], _T], count: int, processes: int
) -> Iterator[list[int]]:
    """Start processes; give the pipes to read from, and end all of them afterwards."""
    children: list[tuple[int, int]] = []
    try:
        # Ctrl-C waits until the parent knows of the child, and the child of its part.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            for first in range(processes):
                numbers = range(first, count, processes)
                children += [_start(work, numbers)]
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        yield [pipe for _, pipe in children]
    finally:
        for process, pipe in children:
            os.close(pipe)
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)


def _received(pipes: list[int]) -> Iterator[bytearray]:
    """Yield batches of results until every pipe is closed."""
    buffers = {pipe: bytearray() for pipe in pipes}
    with selectors.DefaultSelector() as selector:
        for pipe in pipes:
            selector.register(pipe, selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select():
                data = os.read(key.fd, 1 << 16)
                if not data:
                    selector.unregister(key.fd)
                    continue
                buffers[key.fd] += data
                yield from _batches(buffers[key.fd])


def _batches(buffer: bytearray) -> Iterator[bytearray]:
    """Take the complete batches out of a buffer."""
    while len(buffer) >= _HEAD:
        end = _HEAD + int.from_bytes(buffer[:_HEAD])
        if len(buffer) < end:
            return
        batch = buffer[_HEAD:end]
        del buffer[:end]
        yield batch


def _start(work: Callable[[int], _T], numbers: Sequence[int]) -> tuple[int, int]:
    """Return the id of a process that does some of the work, and where it writes."""
    reader, writer = os.pipe()
    process = os.fork()
    if process:
        os.close(writer)
        return process, reader
    status = 1
    try:
        # Ctrl-C reaches the whole group: the parent alone has something to say.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        os.close(reader)
        for at in range(0, len(numbers), _BATCH):
            batch = [(i, work(i)) for i in numbers[at : at + _BATCH]]
            _send(writer, pickle.dumps(batch))
        status = 0
    except BaseException:  # noqa: BLE001, S110  (the parent does it again, and meets it)
        pass
    finally:
        # Not `exit`: what the parent registered to run at its end is not ours to run.
        os._exit(status)


def _send(pipe: int, data: bytes) -> None:
    rest = memoryview(len(data).to_bytes(_HEAD) + data)
    while rest:
        rest = rest[os.write(pipe, rest) :]
