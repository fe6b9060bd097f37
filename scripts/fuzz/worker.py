"""NUMBERS -> OUTCOMES: a process of its own for the inputs, with limits, and its watch.

A crash of the interpreter, memory that is used up and a call that never comes back end
the process, not the run: the next process goes on behind the input that did it.
"""

import json
import os
import resource
import select
import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NoReturn

from scripts.fuzz.attempt import Bench, Outcome
from scripts.fuzz.targets import TARGETS, target_of

from comply.cli.main import run

MEMORY: Final = 1 << 30
"""The bytes that a process may use, with Python, all libraries and what it held before."""

_A_PROCESS: Final = 5_000
"""How many inputs a process takes: nothing that it keeps may grow for ever."""

_LARGEST_FILE: Final = 1 << 28
_BROKEN: Final = 70
_PATIENCE: Final = 60.0
"""Seconds without a word after which a process is taken to hang, on a busy machine too."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a process told of an input; `peak` is its largest memory so far, in KiB."""

    number: int
    outcome: Outcome
    peak: int


def told(seed: int, numbers: Sequence[int]) -> Iterator[Told]:
    """Yield what became of the inputs with these numbers, in their order."""
    at = 0
    while at < len(numbers):
        for one in _of_one_process(seed, numbers[at : at + _A_PROCESS]):
            yield one
            at += 1


def made(seed: int, number: int) -> bytes:
    """Return the bytes of an input, to look at them or to try them alone."""
    with TemporaryDirectory() as folder:
        return _bench(Path(folder)).made(seed, number)[1]


def _of_one_process(seed: int, numbers: Sequence[int]) -> Iterator[Told]:
    """Yield outcomes until all are told or the process has ended, which is one as well."""
    with TemporaryDirectory() as folder:
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            _work(seed, numbers, Path(folder), writer)
        os.close(writer)
        count = 0
        for line in _lines(reader):
            number, outcome, peak = json.loads(line)
            yield Told(number, Outcome(*outcome), peak)
            count += 1
        os.close(reader)
        if count < len(numbers):
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) == _BROKEN:
            raise ChildProcessError("the fuzzer itself failed, as told above")
        if count < len(numbers):
            yield Told(numbers[count], Outcome(-1, 0.0, _ending(status)), 0)


def _lines(reader: int) -> Iterator[bytes]:
    """Yield the lines of a pipe until it is closed or nobody writes any more."""
    rest = b""
    while select.select([reader], [], [], _PATIENCE)[0]:
        data = os.read(reader, 1 << 16)
        if not data:
            return
        *lines, rest = (rest + data).split(b"\n")
        yield from lines


def _ending(status: int) -> str:
    if os.WIFEXITED(status):
        return f"the process ended with {os.WEXITSTATUS(status)}"
    number = os.WTERMSIG(status)
    if number == signal.SIGKILL:
        return f"said nothing for {_PATIENCE:.0f} s, or was killed"
    return f"the process was ended by {signal.Signals(number).name}"


def _work(seed: int, numbers: Sequence[int], folder: Path, writer: int) -> NoReturn:
    """Attempt inputs and tell of each; this is all that the process does."""
    status = _BROKEN
    try:
        bench = _bench(folder)
        for name in sorted(set(map(target_of, numbers))):
            _warm_up(bench, name)
        _limit()
        for number in numbers:
            outcome = bench.attempt(*bench.made(seed, number), number)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            line = json.dumps([number, astuple(outcome), peak])
            os.write(writer, line.encode() + b"\n")
        status = 0
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        sys.stderr.flush()
        os._exit(status)


def _bench(folder: Path) -> Bench:
    """Return a bench for comply, without the settings of whoever runs this."""
    for name in [name for name in os.environ if name.startswith("COMPLY_")]:  # noqa: TID251
        del os.environ[name]  # noqa: TID251  (likewise)
    bench = Bench(folder, run)
    bench.prepare()
    return bench


def _warm_up(bench: Bench, name: str) -> None:
    """Import what a target needs, on the seeds as they are: they must be understood."""
    for number, data in enumerate(TARGETS[name].seeds()[:4]):
        fault = bench.attempt(name, data, number).fault
        if fault:
            raise ValueError(f"a seed of {name!r} {fault}")


def _limit() -> None:
    """Hold the process to `MEMORY` and to files of a bearable size.

    The system counts addresses, libraries reserve more of them than they use: what the
    process has reserved but not used so far is not held against it.
    """
    page = resource.getpagesize()
    fields = Path("/proc/self/statm").read_text().split()
    reserved, used = (int(field) * page for field in fields[:2])
    most = reserved - used + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_LARGEST_FILE, _LARGEST_FILE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
