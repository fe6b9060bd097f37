"""Rows as findings show them."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal


def evidence(rows: Iterable[dict[str, object]]) -> tuple[dict[str, object], ...]:
    """Return rows as JSON can hold them: times as ISO text, numbers as numbers."""
    return tuple({k: _plain(v) for k, v in row.items()} for row in rows)


def _plain(value: object) -> object:
    match value:
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return str(value)
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case bytes():
            return value.hex()
        case _:
            return value
