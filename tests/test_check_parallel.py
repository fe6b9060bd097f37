"""Work over processes: order, errors, processes that die, and when it is worth it."""

import os
import pickle
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from comply.check import parallel
from comply.check.parallel import processes_for, spread
from comply.cli.progress import progress

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("processes", [1, 2, 5])
def test_results_are_in_order(processes: int) -> None:
    told: list[int] = []
    assert spread(str, 200, processes, told.append) == [str(i) for i in range(200)]
    assert told == sorted(told)


def test_what_a_dead_process_leaves_is_done_here() -> None:
    here = os.getpid()

    def work(i: int) -> int:
        if i == 70 and os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        return i * i

    assert spread(work, 100, 2, lambda _: None) == [i * i for i in range(100)]


def test_an_error_is_raised_as_without_processes() -> None:
    def work(i: int) -> int:
        return 1 // (i - 3)

    with pytest.raises(ZeroDivisionError):
        spread(work, 10, 2, lambda _: None)


def test_large_results_arrive_whole() -> None:
    results = spread(lambda i: "x" * (i * 10_000), 40, 2, lambda _: None)
    assert [len(r) for r in results] == [i * 10_000 for i in range(40)]


def test_processes_are_ended_when_the_work_is_broken_off() -> None:
    def told(_: int) -> None:
        raise KeyboardInterrupt

    def work(i: int) -> int:
        if i > 70:
            time.sleep(60)
        return i

    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        spread(work, 200, 2, told)
    assert time.monotonic() - start < 30


def test_few_files_are_not_worth_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "_forks_well", lambda: True)
    monkeypatch.setattr(parallel, "processors", lambda: 4)
    assert processes_for(10, None) == 1
    assert processes_for(100_000, None) == 4
    assert processes_for(10, 3) == 3
    assert processes_for(2, 9) == 2
    monkeypatch.setattr(parallel, "_forks_well", lambda: False)
    assert processes_for(100_000, 8) == 1


def test_there_is_a_processor() -> None:
    assert parallel.processors() >= 1


def test_processors_are_counted_where_none_can_be_chosen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert parallel.processors() == 1


class EndError(BaseException):
    """The end of a process that is played here."""


def play(
    work: Callable[[int], object], monkeypatch: pytest.MonkeyPatch
) -> tuple[int, bytes]:
    """Do in this process what a forked one does; return its status and what it wrote."""
    reader, writer = os.pipe()
    ours = os.dup(reader)
    status = []

    def end(code: int) -> None:
        status.append(code)
        raise EndError

    before = signal.getsignal(signal.SIGINT)
    with monkeypatch.context() as patch:
        patch.setattr(os, "pipe", lambda: (reader, writer))
        patch.setattr(os, "fork", lambda: 0)
        patch.setattr(os, "_exit", end)
        try:
            with pytest.raises(EndError):
                parallel._start(work, range(0, 100, 2))
        finally:
            signal.signal(signal.SIGINT, before)
    os.close(writer)
    with os.fdopen(ours, "rb") as pipe:
        return status[0], pipe.read()


def test_a_process_sends_its_part_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    status, data = play(str, monkeypatch)
    buffer = bytearray(data)
    batches = [pickle.loads(x) for x in parallel._batches(buffer)]  # noqa: S301  (ours)
    assert [len(batch) for batch in batches] == [32, 18]
    assert dict(x for batch in batches for x in batch) == {
        i: str(i) for i in range(0, 100, 2)
    }
    assert (status, bytes(buffer)) == (0, b"")


def test_a_process_whose_work_fails_says_nothing_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def work(i: int) -> float:
        return 1 / (i - 2)

    assert play(work, monkeypatch) == (1, b"")


def test_half_a_batch_is_not_taken() -> None:
    whole = len(b"abc").to_bytes(8) + b"abc"
    for size in range(len(whole)):
        buffer = bytearray(whole[:size])
        assert list(parallel._batches(buffer)) == []
        buffer += whole[size:]
        assert list(parallel._batches(buffer)) == [b"abc"]


def test_progress_is_shown_after_a_while_and_erased(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    moments = [0.0, 0.5, 2.0, 2.01, 3.0]
    monkeypatch.setattr(time, "monotonic", lambda: moments.pop(0) if moments else 9.0)
    with progress(5_000) as tell:
        for done in (10, 1_000, 1_001, 4_000):
            tell(done)
    shown = capsys.readouterr().err.split("\r\x1b[K")
    assert shown == [
        "",
        "checking: 1,000 of 5,000 files",
        "checking: 4,000 of 5,000 files",
        "",
    ]


def test_nobody_at_a_terminal_sees_no_progress(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("comply.cli.progress._PATIENCE", 0.0)
    monkeypatch.setattr("comply.cli.progress._STEP", 0.0)
    with progress(3) as tell:
        tell(1)
    assert capsys.readouterr().err == ""
