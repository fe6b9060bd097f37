"""WORK -> SLOWEST LINES: where a check is found when it is looked at every few milliseconds.

A sampler disturbs little: the code that runs is the code that always runs. The line map
of the generated code leads from the place it is at to the line of the policy.
"""

import signal
import threading
from collections import Counter
from statistics import median
from types import FrameType
from typing import Final

from comply.bench.results import Lines, LineTime
from comply.bench.work import Work, check_once, timed

_INTERVAL: Final = 0.001
_OUTSIDE: Final = ("", 0)
_DOUBT: Final = ("", 1)
_THREE_VALUED: Final = "three_valued.py"
"""The module that evaluates rules on values known only after apply."""

_MOST_RUNS: Final = 100_000
_MOST_LINES: Final = 15

Place = tuple[str, int]
"""The name of a file and a row in it."""


def sampled_lines(work: Work, whole: float, seconds: float) -> Lines | None:
    """Return the lines that take longest; None where this thread cannot sample.

    `whole` is the median of a check without the sampler, in milliseconds: the times of
    lines are shares of it.
    """
    # Windows has no such timer, and signals reach the main thread only.
    if not hasattr(signal, "setitimer"):
        return None
    if threading.current_thread() is not threading.main_thread():
        return None
    hits, taken = _sample(work, seconds)
    samples = hits.total()
    texts = {s.name: s.text.splitlines() for g in work.groups for s in g.sources}
    lines = tuple(
        LineTime(
            file,
            row,
            texts[file][row - 1].strip(),
            number / samples,
            whole * number / samples,
        )
        for (file, row), number in sorted(hits.items(), key=lambda i: (-i[1], i[0]))
        if file
    )
    total = max(samples, 1)
    shares = hits[_OUTSIDE] / total, hits[_DOUBT] / total
    return Lines(lines[:_MOST_LINES], samples, *shares, median(taken))


def _sample(work: Work, seconds: float) -> tuple[Counter[Place], list[float]]:
    """Return how often each line was met, and how long each check took."""
    maps = {
        group.program.file: _line_map(work, n) for n, group in enumerate(work.groups)
    }
    hits: Counter[Place] = Counter()

    def look(_signal: int, frame: FrameType | None) -> None:
        hits[_place(frame, maps)] += 1

    before = signal.signal(signal.SIGPROF, look)
    signal.setitimer(signal.ITIMER_PROF, _INTERVAL, _INTERVAL)
    try:
        taken = timed(lambda: check_once(work), _MOST_RUNS, seconds)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    return hits, taken


def _line_map(work: Work, group: int) -> tuple[Place | None, ...]:
    """Return the place in a policy of each line of generated code."""
    checks = work.groups[group]
    rows = {
        place: (checks.sources[place[0]].name, checks.sources[place[0]].row(place[1]))
        for place in checks.program.code.places
        if place is not None
    }
    return tuple(
        None if place is None else rows[place] for place in checks.program.code.places
    )


def _place(frame: FrameType | None, maps: dict[str, tuple[Place | None, ...]]) -> Place:
    """Return the line of a policy that is being evaluated, else what is done instead."""
    while frame is not None:
        name = frame.f_code.co_filename
        lines = maps.get(name)
        if lines is not None:
            at = frame.f_lineno or 1
            return lines[at - 1] or _OUTSIDE
        if name.endswith(_THREE_VALUED):
            return _DOUBT
        frame = frame.f_back
    return _OUTSIDE
