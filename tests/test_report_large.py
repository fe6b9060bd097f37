"""Large results: every format grows no faster than its findings, and streams."""

import time
import tracemalloc
from io import StringIO

import pytest

from comply.findings import Finding, Severity, Status
from comply.report import REPORTERS, reporter
from comply.report.run import Run
from comply.source import Span

SEVERITIES = tuple(Severity)


class Sink(StringIO):
    """A file that keeps nothing but how long the longest piece was."""

    longest = 0

    def write(self, text: str) -> int:
        self.longest = max(self.longest, len(text))
        return len(text)


def findings(count: int) -> list[Finding]:
    return [
        Finding(
            f"terraform/own/rule-{i % 53}",
            f"Rule {i % 53} holds",
            SEVERITIES[i % 5],
            Status.WARNING if i % 7 == 0 else Status.VIOLATION,
            f"aws_thing.x{i}: <öpen> & public",
            f'module.m["{i % 100}"].aws_thing.x{i}',
            Span(f"infra/{i // 50}/plan.json", i % 5000 + 1, 3, 4, "  public = true"),
            f"Do what rule {i % 53} says.",
            ({"n": i},) if i % 3 == 0 else (),
        )
        for i in range(count)
    ]


def seconds(name: str, listed: list[Finding]) -> float:
    best = float("inf")
    for _ in range(3):
        started = time.process_time()
        reporter(name)(listed, Sink(), Run())
        best = min(best, time.process_time() - started)
    return best


@pytest.mark.parametrize("name", REPORTERS)
def test_time_is_linear(name: str) -> None:
    reporter(name)(findings(10), Sink(), Run())
    few, many = seconds(name, findings(1000)), seconds(name, findings(8000))
    # Eight times as many: a quadratic writer takes 64 times as long.
    assert many < max(few, 0.004) * 24


@pytest.mark.parametrize("name", REPORTERS)
def test_memory_is_bounded(name: str) -> None:
    listed = findings(4000)
    sink = Sink()
    reporter(name)(listed[:10], Sink(), Run())
    tracemalloc.start()
    try:
        reporter(name)(listed, sink, Run())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # Of the findings themselves a writer keeps names and counts, never their texts.
    assert peak < 400 * len(listed) + 1_000_000
    assert sink.longest < 400_000, "the report is written piece by piece"
