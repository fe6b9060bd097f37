"""ROWS -> TEXT: an aligned table, numbers to the right."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

_WIDEST: Final = 60


def table_lines(rows: Sequence[Mapping[str, object]], limit: int) -> list[str]:
    """Return the lines of a table of at most `limit` rows, none for no rows.

    >>> table_lines([{"ID": 7, "NAME": "Ann"}, {"ID": 12, "NAME": None}], 9)
    ['ID  NAME', '--  ----', ' 7  Ann', '12  NULL']
    """
    shown = list(rows[:limit])
    if not shown:
        return []
    names = list(shown[0])
    cells = [[_cell(row[name]) for name in names] for row in shown]
    right = [all(_is_number(row[name]) for row in shown) for name in names]
    widths = [max(map(len, column)) for column in zip(names, *cells, strict=True)]
    lines = [
        "  ".join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in [names, ["-" * width for width in widths], *cells]
    ]
    if len(rows) > limit:
        lines.append(f"... {len(rows) - limit:,} more")
    return lines


def _is_number(value: object) -> bool:
    return value is None or (
        isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    )


def _cell(value: object) -> str:
    text = "NULL" if value is None else " ".join(str(value).split())
    return text if len(text) <= _WIDEST else text[: _WIDEST - 3] + "..."
