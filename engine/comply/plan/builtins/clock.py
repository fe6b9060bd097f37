"""The built-ins time.*: moments in nanoseconds since the Unix epoch.

https://www.openpolicyagent.org/docs/policy-reference/builtins/time
"""

from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from time import sleep
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from comply.plan.builtins.durations import read_duration
from comply.plan.builtins.failure import (
    BuiltinError,
    Evaluation,
    OperandError,
    operand_error,
)
from comply.plan.builtins.go_layout import LAYOUTS, WEEKDAYS, Moment, format_moment
from comply.plan.builtins.go_time_reading import read_moment
from comply.plan.builtins.gregorian import days_before, days_in, from_days, to_days
from comply.plan.builtins.operands import integer, number, string
from comply.plan.values import Value

_SECOND: Final = 10**9
_DAY: Final = 86_400
_MOMENT: Final = "either number (ns) or [number (ns), string (tz)]"


def wait(duration: Value) -> None:
    """Wait as the conformance suite's `test.sleep` does, a tenth of a second at most."""
    sleep(min(max(parse_duration_ns(duration), 0) / 1e9, 0.1))


def now_ns(evaluation: Evaluation) -> int:
    """Return the time of the evaluation.

    >>> now_ns(Evaluation(now_ns=5))
    5
    """
    return evaluation.now_ns


def parse_ns(layout: Value, text: Value) -> int:
    """Return the moment that `text`, written as the Go layout shows, names.

    A layout may be one of Go's by name: `RFC1123`.

    Raises:
        BuiltinError: if the text is not so written, or the moment is out of range.

    >>> parse_ns("2006-01-02", "1970-01-02")
    86400000000000
    """
    return _parse(string(text, 2), string(layout))


def parse_rfc3339_ns(text: Value) -> int:
    """Return the moment that an RFC 3339 text names.

    Raises:
        BuiltinError: if the text is none, or the moment is out of range.

    >>> parse_rfc3339_ns("1970-01-01T01:00:00+01:00")
    0
    """
    return _parse(string(text), "RFC3339")


def _parse(text: str, layout: str) -> int:
    found = read_moment(text, LAYOUTS.get(layout, layout))
    seconds = (found.hour * 60 + found.minute) * 60 + found.second - found.offset
    days = to_days(found.year, found.month, found.day)
    return _in_range((days * _DAY + seconds) * _SECOND + found.nanosecond)


def _in_range(ns: int) -> int:
    if not -(2**63) <= ns < 2**63:
        raise BuiltinError("time outside of valid range")
    return ns


def parse_duration_ns(text: Value) -> int:
    """Return a duration such as `1h30m` or `2.5d` in nanoseconds.

    Raises:
        BuiltinError: if the text is none.

    >>> parse_duration_ns("100ms")
    100000000
    """
    return read_duration(string(text))


def format_time(value: Value) -> str:
    """Return a moment as text: RFC 3339, or as the Go layout shows.

    `value` is nanoseconds, or an array of them, a zone and perhaps a layout or its name.

    Raises:
        BuiltinError: if the zone is unknown or the moment is out of range.

    >>> format_time([0, "Asia/Kolkata", "RFC1123Z"])
    'Thu, 01 Jan 1970 05:30:00 +0530'
    """
    moment = _moment(value)
    layout = "RFC3339Nano"
    if type(value) is list and len(value) > 2:
        layout = string(value[2]) or layout
    return format_moment(moment, LAYOUTS.get(layout, layout))


def date(value: Value) -> list[int]:
    """Return the year, month and day of a moment: nanoseconds, or [them, zone].

    >>> date(0)
    [1970, 1, 1]
    """
    moment = _moment(value)
    return [moment.year, moment.month, moment.day]


def clock(value: Value) -> list[int]:
    """Return the hour, minute and second of a moment: nanoseconds, or [them, zone].

    >>> clock([0, "Asia/Kolkata"])
    [5, 30, 0]
    """
    moment = _moment(value)
    return [moment.hour, moment.minute, moment.second]


def weekday(value: Value) -> str:
    """Return the English weekday of a moment: nanoseconds, or [them, zone].

    >>> weekday(0)
    'Thursday'
    """
    return WEEKDAYS[_moment(value).weekday]


def add_date(value: Value, years: Value, months: Value, days: Value) -> int:
    """Return a moment so many calendar years, months and days later.

    A day that its month lacks counts on into the next.

    Raises:
        BuiltinError: if the moment, before or after, is out of range.

    >>> date(add_date(0, 0, 1, 30))
    [1970, 3, 3]
    """
    ns, zone = _instant(value)
    moment = _at(ns, zone)
    day = to_days(
        moment.year + integer(years, 2),
        moment.month + integer(months, 3),
        moment.day + integer(days, 4),
    )
    seconds = (moment.hour * 60 + moment.minute) * 60 + moment.second
    local = _in_range((day * _DAY + seconds) * _SECOND + moment.nanosecond)
    # Where the clock jumps, the offset is that of the moment nearer by.
    guess = local - _offset(local, zone) * _SECOND
    return _in_range(local - _offset(guess, zone) * _SECOND)


def diff(a: Value, b: Value) -> list[int]:
    """Return the years, months, days, hours, minutes and seconds between two moments.

    Each is nanoseconds, or [them, zone]; the calendar is that of the first's zone.

    >>> diff(0, 86400_000_000_000 * 32)
    [0, 1, 1, 0, 0, 0]
    """
    ns, zone = _instant(a)
    other, _ = _instant(b)
    first, last = _at(min(ns, other), zone), _at(max(ns, other), zone)
    parts = [x - y for x, y in zip(_parts(last), _parts(first), strict=True)]
    month = days_in(first.year, first.month)
    for i, size in ((5, 60), (4, 60), (3, 24), (2, month), (1, 12)):
        if parts[i] < 0:
            parts[i] += size
            parts[i - 1] -= 1
    return parts


def _parts(moment: Moment) -> list[int]:
    return [
        moment.year,
        moment.month,
        moment.day,
        moment.hour,
        moment.minute,
        moment.second,
    ]


def _moment(value: Value) -> Moment:
    return _at(*_instant(value))


def _instant(value: Value) -> tuple[int, tzinfo]:
    """Return the nanoseconds and the zone of an operand of either form."""
    if type(value) is not list:
        if type(value) in (str, bool, dict) or value is None:
            raise operand_error(1, _MOMENT, value)
        return _nanoseconds(value), UTC
    if not value:
        raise operand_error(1, _MOMENT, value)
    number(value[0])
    zone = _zone(string(value[1])) if len(value) > 1 else UTC
    return _nanoseconds(value[0]), zone


def _nanoseconds(value: Value) -> int:
    number(value)
    try:
        return integer(value)
    except OperandError:
        raise BuiltinError("timestamp too big") from None


def _zone(name: str) -> tzinfo:
    # `Local` would let a rule see the machine's settings.
    if name in ("", "UTC", "Local"):
        return UTC
    if ".." in name or name[0] in "/\\" or "\\" in name:
        raise BuiltinError("time: invalid location name")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BuiltinError(f"unknown time zone {name}") from None


def _offset(ns: int, zone: tzinfo) -> int:
    """Return a zone's offset at a moment, in seconds east of Greenwich."""
    if zone is UTC:
        return 0
    delta = datetime.fromtimestamp(ns // _SECOND, zone).utcoffset()
    return int(delta.total_seconds()) if delta else 0


def _at(ns: int, zone: tzinfo) -> Moment:
    """Return what calendar and clock of a zone show at a moment."""
    name, offset = "UTC", 0
    seconds, nanosecond = divmod(ns, _SECOND)
    if zone is not UTC:
        local = datetime.fromtimestamp(seconds, zone)
        name, offset = local.tzname() or "", _offset(ns, zone)
    days, second = divmod(seconds + offset, _DAY)
    year, month, day = from_days(days)
    return Moment(
        year=year,
        month=month,
        day=day,
        hour=second // 3600,
        minute=second // 60 % 60,
        second=second % 60,
        nanosecond=nanosecond,
        weekday=(days + 4) % 7,
        yearday=days_before(year, month) + day,
        zone=name,
        offset=offset,
    )


BUILTINS: Final[dict[str, Callable[..., Value]]] = {
    "time.add_date": add_date,
    "time.clock": clock,
    "time.date": date,
    "time.diff": diff,
    "time.format": format_time,
    "test.sleep": wait,
    "time.now_ns": now_ns,
    "time.parse_duration_ns": parse_duration_ns,
    "time.parse_ns": parse_ns,
    "time.parse_rfc3339_ns": parse_rfc3339_ns,
    "time.weekday": weekday,
}
