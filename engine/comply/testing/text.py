"""REPORT -> TEXT: failures with what made them fail, then a line that sums up."""

from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from typing import Final, TextIO

from comply.explain.text import reason_lines
from comply.report.characters import visible
from comply.report.look import Look
from comply.testing.coverage_text import coverage_lines
from comply.testing.cross_check_text import opinion_lines
from comply.testing.results import Outcome, Report, Result

_SHOWN: Final = {
    Outcome.PASS: ("✓", "ok", "passed", "32"),
    Outcome.FAIL: ("✗", "x", "FAILED", "1;31"),
    Outcome.ERROR: ("■", "E", "ERROR", "1;31"),
    Outcome.SKIP: ("○", "-", "skipped", "33"),
}
_INDENT: Final = "    "


def write_text(
    report: Report, out: TextIO, look: Look, *, verbose: bool = False
) -> None:
    """Write a report for people; all tests if `verbose`, else those that failed."""
    word = look.paint("1;31", "error:")
    out.writelines(f"{word} {visible(p.render())}\n\n" for p in report.problems)
    for _, group in groupby(report.results, key=lambda r: r.span.file):
        out.writelines(
            f"{line}\n" for line in _file(list(group), look, verbose=verbose)
        )
    if report.coverage is not None:
        out.writelines(f"{line}\n" for line in coverage_lines(report.coverage, look))
    if report.opinions is not None:
        out.writelines(f"{line}\n" for line in opinion_lines(report.opinions, look))
    sign = look.paint("34", look.pick("\u2139", "i"))
    out.writelines(f"{sign} {visible(notice)}\n" for notice in report.notices)
    out.write(_summary(report, look) + "\n")


def _file(results: list[Result], look: Look, *, verbose: bool) -> Iterator[str]:
    bad = [r for r in results if r.outcome in {Outcome.FAIL, Outcome.ERROR}]
    listed = results if verbose else bad
    if not listed:
        return
    yield look.paint("1;4", visible(results[0].span.file))
    yield ""
    width = max(len(result.name) for result in listed)
    for result in listed:
        yield from _result(result, look, width)
        if result in bad:
            yield ""
    if listed[-1] not in bad:
        yield ""


def _result(result: Result, look: Look, width: int) -> Iterator[str]:
    rich, plain, word, code = _SHOWN[result.outcome]
    mark = look.paint(code, f"{look.pick(rich, plain)} {word:<7}")
    bad = result.outcome in {Outcome.FAIL, Outcome.ERROR}
    name = look.paint("1", f"{visible(result.name):<{width}}") if bad else result.name
    time = "" if result.outcome is Outcome.SKIP else f"{result.seconds * 1000:,.1f} ms"
    place = look.paint("2", f"{result.package}:{result.span.row}" if bad else time)
    if not bad:
        yield f"  {mark} {name:<{width}}  {place}".rstrip()
        return
    yield f"  {mark} {name}  {place}"
    yield from (f"{_INDENT}{line}" for line in _details(result, look))


def _details(result: Result, look: Look) -> Iterator[str]:
    if result.message:
        first, *rest = result.message.splitlines()
        yield look.paint("1", visible(first))
        yield from (visible(line) for line in rest)
    if result.place is not None:
        if result.place.file != result.span.file:
            yield look.paint("2", f"{result.place.file}:{result.place.row}")
        yield from look.excerpt(result.place)
    for reason in result.reasons:
        yield from reason_lines(reason, look, result.span.file)
    if result.prints:
        yield look.paint("2", "printed:")
        yield from (f"  {visible(line)}" for line in result.prints)


def _summary(report: Report, look: Look) -> str:
    counts = Counter(result.outcome for result in report.results)
    bad = counts[Outcome.FAIL] + counts[Outcome.ERROR] + len(report.problems)
    parts = [
        _many(counts[Outcome.FAIL], "test failed", "tests failed"),
        _many(counts[Outcome.ERROR], "test in error", "tests in error"),
        _many(len(report.problems), "file error", "file errors"),
        _many(counts[Outcome.PASS], "test passed", "tests passed"),
        _many(counts[Outcome.SKIP], "skipped", "skipped"),
    ]
    text = ", ".join(part for part in parts if part) or "no tests"
    if bad:
        mark = look.paint("1;31", f"{look.pick('✗', 'x')} {text}")
    elif report.results:
        mark = look.paint("1;32", f"{look.pick('✓', 'ok:')} {text}")
    else:
        mark = look.paint("1;33", f"{look.pick('▲', '!')} {text}")
    files = _many(report.files, "file", "files") or "no files"
    return f"{mark}{look.pick(' · ', ' - ')}{files}, {report.seconds:.2f} s"


def _many(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}" if number else ""
