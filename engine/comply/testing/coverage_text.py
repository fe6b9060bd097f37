"""COVERAGE -> TEXT: a table of files, or their sources with a mark a line."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TextIO

from comply.report.characters import visible
from comply.report.look import Look
from comply.testing.coverage import percentage
from comply.testing.results import FileUse

_ENOUGH: Final = 80.0
_HEADINGS: Final = ("policy", "lines", "rules", "covered", "not covered")


def coverage_lines(files: Sequence[FileUse], look: Look) -> Iterator[str]:
    """Yield a table: for each policy its lines, rules, share and what is missing."""
    rows = [_row(file) for file in files]
    rows.append(_total(files))
    table = [_HEADINGS, *rows]
    widths = [max(len(row[i]) for row in table) for i in range(4)]
    yield look.paint("1", _cells(_HEADINGS, widths))
    for row, file in zip(rows, [*files, None], strict=True):
        line = _cells(row, widths)
        if file is None:
            yield look.paint("2", look.pick("━", "-") * (sum(widths) + 8))
            yield look.paint("1", line)
        else:
            yield look.paint("32" if percentage([file]) >= _ENOUGH else "33", line)
    yield ""


def _row(file: FileUse) -> tuple[str, ...]:
    missing = [line.row for line in file.lines if not line.covered]
    return (visible(file.file), *_counts([file]), _ranges(missing))


def _total(files: Sequence[FileUse]) -> tuple[str, ...]:
    return ("all", *_counts(files), "")


def _counts(files: Sequence[FileUse]) -> tuple[str, str, str]:
    lines = [line.covered for file in files for line in file.lines]
    rules = [rule.covered for file in files for rule in file.rules]
    return (
        f"{sum(lines)}/{len(lines)}",
        f"{sum(rules)}/{len(rules)}",
        f"{percentage(files):.1f} %",
    )


def _cells(row: tuple[str, ...], widths: list[int]) -> str:
    numbers = [f"{cell:>{w}}" for cell, w in zip(row[1:4], widths[1:], strict=True)]
    return "  ".join([f"{row[0]:<{widths[0]}}", *numbers, row[4]]).rstrip()


def _ranges(rows: list[int]) -> str:
    """Return rows as ranges.

    >>> _ranges([3, 4, 5, 9])
    '3-5, 9'
    """
    spans: list[list[int]] = []
    for row in rows:
        if spans and row == spans[-1][1] + 1:
            spans[-1][1] = row
        else:
            spans.append([row, row])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in spans)


def write_annotated(files: Iterable[FileUse], out: TextIO, look: Look) -> None:
    """Write each policy with a mark before each line that holds something to evaluate."""
    for file in files:
        share = f"{percentage([file]):.1f} %"
        out.write(f"{look.paint('1;4', visible(file.file))}  {share}\n\n")
        covered = {line.row: line.covered for line in file.lines}
        never = {rule.row for rule in file.rules if not rule.covered}
        for row, text in enumerate(file.text.splitlines(), 1):
            note = look.paint("33", "  # never held") if row in never else ""
            line = _annotated(row, text, covered.get(row), look)
            out.write(f"{line}{note}\n")
        out.write("\n")


def _annotated(row: int, text: str, covered: bool | None, look: Look) -> str:  # noqa: FBT001  (None: nothing to cover)
    mark, code = " ", "2"
    if covered is not None:
        mark = look.pick("✓", "+") if covered else look.pick("✗", "x")
        code = "32" if covered else "31"
    line = f"{mark} {row:>4} {look.pick('│', '|')} {visible(text)}".rstrip()
    return look.paint(code, line)
