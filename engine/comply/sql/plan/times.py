"""Oracle's dates over values of Python: datetimes without a zone, None for NULL.

They agree with what `duckdb_functions` has DuckDB compute. A number added to a date counts
days, and a DATE has no fraction of a second.
"""

from calendar import monthrange
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Final

from comply.dialect.errors import SqlError
from comply.sql.plan.functions import Function, Number, fitted

_DAY: Final = 86_400_000_000
_IMPLICIT: Final = ("%d-%b-%y", "%d-%b-%Y", "%Y-%m-%d", "%Y-%m-%d %H:%M:%S")
_PARTS: Final = 31 * 86_400


@lru_cache(maxsize=4096)
def moment(text: str, *formats: str) -> datetime:
    """Return the moment that text means in one of some formats, strptime's.

    Raises:
        SqlError: ORA-01861, in none of them.
    """
    for form in formats or _IMPLICIT:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007  (Oracle's has no zone)
        except ValueError:
            continue
    raise SqlError(1861, f"{text!r} does not match the date's format")


def _date(text: str, *formats: str) -> datetime:
    return moment(text, *formats).replace(microsecond=0)


def _later(start: datetime, days: Number) -> datetime:
    micros = (Decimal(days) * _DAY).to_integral_value(ROUND_HALF_UP)
    try:
        return start.replace(microsecond=0) + timedelta(microseconds=int(micros))
    except OverflowError:
        message = "(full) year must be between -4713 and +9999"
        raise SqlError(1841, message) from None


def _days(later: datetime, earlier: datetime) -> Number:
    whole = (later - earlier) // timedelta(microseconds=1)
    return fitted(Decimal(whole) / _DAY)


def _last(day: datetime) -> datetime:
    return day.replace(day=monthrange(day.year, day.month)[1])


def _add_months(day: datetime, months: Number) -> datetime:
    """The last day of a month leads to the last day of the other."""
    count = day.year * 12 + day.month - 1 + int(months)
    year, month = divmod(count, 12)
    if not 1 <= year <= 9999:
        message = "(full) year must be between -4713 and +9999"
        raise SqlError(1841, message)
    most = monthrange(year, month + 1)[1]
    number = most if day == _last(day) else min(day.day, most)
    return day.replace(year=year, month=month + 1, day=number)


def _months_between(later: datetime, earlier: datetime) -> Number:
    """Whole months where the days agree or both are last, else days of 31 parts."""
    months = (later.year - earlier.year) * 12 + later.month - earlier.month
    if later.day == earlier.day or (
        later == _last(later) and earlier == _last(earlier)
    ):
        return months
    parts = [(d - _cut(d, "month")).total_seconds() for d in (later, earlier)]
    return fitted(months + Decimal(parts[0] - parts[1]) / _PARTS)


def _cut(day: datetime, unit: str) -> datetime:
    """Return the start of the year, quarter, month, week, day, hour or minute."""
    if unit == "hour":
        return day.replace(minute=0, second=0, microsecond=0)
    if unit == "minute":
        return day.replace(second=0, microsecond=0)
    start = day.replace(hour=0, minute=0, second=0, microsecond=0)
    match unit:
        case "week":
            return start - timedelta(days=start.weekday())
        case "month":
            return start.replace(day=1)
        case "quarter":
            return start.replace(month=start.month - (start.month - 1) % 3, day=1)
        case "year":
            return start.replace(month=1, day=1)
        case _:
            return start


def _shown(day: datetime, *parts: str) -> str:
    """Return a date as text; parts are `how` and what, as `strftime_parts` has them."""
    found = []
    for how, what in zip(parts[::2], parts[1::2], strict=True):
        written = what if how == "text" else day.strftime(what)
        found.append(
            {"upper": written.upper(), "lower": written.lower()}.get(how, written)
        )
    return "".join(found)


def _part(day: datetime, name: str) -> Number:
    found: int = getattr(day, name)
    return found


TIMES: Final[Mapping[str, Function]] = {
    "add_months": Function(_add_months, "", 2, 2),
    "days_between": Function(_days, "", 2, 2),
    "last_day": Function(_last, "", 1, 1),
    "later": Function(_later, "", 2, 2),
    "moment": Function(moment, "", 1, 2),
    "months_between": Function(_months_between, "", 2, 2),
    "part_of": Function(_part, "", 2, 2),
    "shown_date": Function(_shown, "", 1, 99),
    "start_of": Function(_cut, "", 2, 2),
    "date_of": Function(_date, "", 1, 2),
    "whole_seconds": Function(lambda day: day.replace(microsecond=0), "", 1, 1),
}
CUT: Final = frozenset({"day", "hour", "minute", "month", "quarter", "week", "year"})
PARTS: Final = frozenset({"day", "hour", "minute", "month", "second", "year"})
