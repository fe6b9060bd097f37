"""REPORT -> TEXT: tables with small bars."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, TextIO

from comply.bench.results import IndexUse, Lines, Report
from comply.report.characters import one_line
from comply.report.look import Look

_BAR: Final = 12
_MOST: Final = 15
_WIDEST: Final = 60

Cell = str | int | float


def write(report: Report, out: TextIO, look: Look) -> None:
    """Write what was measured, the slowest first."""
    for part in _parts(report, look):
        out.writelines(f"{line.rstrip()}\n" for line in part)


def _parts(report: Report, look: Look) -> Iterator[Iterable[str]]:
    yield _head(report, look)
    yield _table(
        "Rules",
        ("ms", "units", "elements", "hits"),
        [(r.rule, r.milliseconds, r.units, r.elements, r.hits) for r in report.rules],
        look,
    )
    yield _table(
        "Units",
        ("ms", "elements", "hits", "driver"),
        [
            (
                f"{unit.file}:{unit.row}" if unit.row else unit.file,
                unit.milliseconds,
                unit.elements,
                unit.hits,
                unit.error or unit.driver,
            )
            for unit in report.units
        ],
        look,
    )
    yield _table(
        "Indexes",
        ("ms to build", "keys", "lookups", "hit rate"),
        [
            (f"{i.path} by {i.on}", i.milliseconds, i.keys, i.lookups, _rate(i))
            for i in report.indexes
        ],
        look,
    )
    yield _table(
        "Helper rules kept",
        ("reads", "hits"),
        [(memo.rule, memo.reads, memo.hits) for memo in report.memos],
        look,
    )
    yield _lines(report.lines, look)
    yield [f"{note}." for note in report.notes]


def _rate(index: IndexUse) -> str:
    return f"{index.hits / index.lookups:.0%}" if index.lookups else "not used"


def _head(report: Report, look: Look) -> Iterator[str]:
    dot = look.pick(" · ", " - ")
    sizes = (
        _many(len(report.rules), "rule"),
        _many(report.documents, "document"),
        _many(report.facts, "fact"),
        _many(report.findings, "finding"),
    )
    yield dot.join(sizes)
    yield f"compiling {report.compiling:.1f} ms, loading {report.loading:.1f} ms, once"
    yield look.paint(
        "1",
        f"a check from scratch: {report.whole:.3f} ms "
        f"(median of {_many(report.runs, 'run')})",
    )
    measured = [f"its units one by one: {_beside(report.apart, report.whole)}"]
    if report.lines is not None:
        beside = _beside(report.lines.milliseconds, report.whole)
        measured.append(f"with the sampler on: {beside}")
    yield look.paint("2", dot.join(measured))


def _beside(taken: float, whole: float) -> str:
    """Return a time, and how it compares with the check that nobody measured inside."""
    more = f" ({taken / whole - 1:+.0%})" if whole else ""
    return f"{taken:.3f} ms{more}"


def _lines(lines: Lines | None, look: Look) -> Iterator[str]:
    if lines is None:
        yield ""
        yield "Lines are not sampled here: it needs a timer that this system lacks."
        return
    title = f"Slowest lines ({_many(lines.samples, 'sample')})"
    rows: list[Sequence[Cell]] = [
        (f"{line.file}:{line.row}", line.milliseconds, f"{line.share:.0%}", line.text)
        for line in lines.lines
    ]
    yield from _table(title, ("ms", "share", "line"), rows, look)
    yield look.paint(
        "2",
        f"in no line: {lines.outside:.0%} comply's own work, {lines.doubt:.0%} rules on "
        "values known only after apply",
    )


def _table(
    title: str, heads: Sequence[str], rows: Sequence[Sequence[Cell]], look: Look
) -> Iterator[str]:
    """Yield a title and rows: a name, a bar of the first number, and the cells."""
    if not rows:
        return
    shown = rows[:_MOST]
    names = [_short(str(row[0]), look) for row in shown]
    cells = [[_cell(cell) for cell in row[1:]] for row in shown]
    name = max(len(title), *(len(text) for text in names))
    sizes = [
        max(len(head), *(len(row[i]) for row in cells)) for i, head in enumerate(heads)
    ]
    texts = [isinstance(row, str) for row in shown[0][1:]]
    justify: list[Callable[[str, int], str]] = [
        str.ljust if text and head in {"driver", "line"} else str.rjust
        for text, head in zip(texts, heads, strict=True)
    ]
    first = [float(row[1]) for row in shown if not isinstance(row[1], str)]
    most = max(first, default=0.0)
    titles = (j(h, s) for j, h, s in zip(justify, heads, sizes, strict=True))
    bold = look.paint("1", title) + " " * (name - len(title) + _BAR + 2)
    yield ""
    yield f"{bold}  {'  '.join(titles)}"
    for text, value, row in zip(names, first, cells, strict=True):
        bar = _bar(value, most, look)
        padded = (j(c, s) for j, c, s in zip(justify, row, sizes, strict=True))
        yield f"{text.ljust(name)}  {bar}  {'  '.join(padded)}"
    if len(rows) > _MOST:
        yield look.paint("2", f"and {len(rows) - _MOST:,} more (--json has them all)")


def _short(text: str, look: Look) -> str:
    """Return a name in one line; of a long one its end, which tells most."""
    text = one_line(text)
    return text if len(text) <= _WIDEST else look.pick("…", "~") + text[1 - _WIDEST :]


def _cell(cell: Cell) -> str:
    match cell:
        case float():
            return f"{cell:,.3f}"
        case int():
            return f"{cell:,}"
        case str():
            text = one_line(cell)
            return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"


def _bar(value: float, most: float, look: Look) -> str:
    """Return a bar: the whole width stands for the greatest value of its table.

    >>> _bar(1.0, 4.0, Look(unicode=False))
    '###.........'
    """
    filled = round(_BAR * value / most) if most else 0
    full, empty = look.pick("█", "#"), look.pick("░", ".")
    return look.paint("36", full * filled) + empty * (_BAR - filled)


def _many(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
