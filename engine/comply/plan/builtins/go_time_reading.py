"""TEXT x LAYOUT -> TIME: what Go's `time.Parse` does, its complaints included."""

from typing import Final

from comply.classes import dataclass
from comply.plan.builtins.failure import BuiltinError
from comply.plan.builtins.go_layout import (
    MONTHS,
    WEEKDAYS,
    Chunk,
    Element,
    Fraction,
    Literal,
    chunks,
    is_digit,
)
from comply.plan.builtins.gregorian import days_before, days_in, is_leap
from comply.plan.builtins.octets import quoted


@dataclass(slots=True)
class Reading:
    """A text being read: what is left of it, and what was found.

    -1 stands for what the text did not say. `offset` is in seconds east of Greenwich,
    or None where the text names no zone with a known one.
    """

    rest: str
    year: int = 0
    month: int = -1
    day: int = -1
    yearday: int = -1
    hour: int = 0
    minute: int = 0
    second: int = 0
    nanosecond: int = 0
    afternoon: bool | None = None
    offset: int = 0


class _MismatchError(Exception):
    """The text is not what the layout's element wants."""


class _OutOfRangeError(Exception):
    """The text has the form that the element wants, but no value of it."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


def read_moment(text: str, layout: str) -> Reading:
    """Return what `text`, written as `layout` shows, says of a time.

    Raises:
        BuiltinError: if the text is not so written, or no such time exists.

    >>> read_moment("2 Jun 17", "2 Jan 06").year
    2017
    """
    reading = Reading(text)
    parts = chunks(layout)
    for i, chunk in enumerate(parts):
        hold = reading.rest
        try:
            _read_chunk(reading, chunk, parts[i + 1 :])
        except _MismatchError:
            left = reading.rest if isinstance(chunk, Literal) else hold
            raise BuiltinError(
                f"parsing time {quoted(text)} as {quoted(layout)}: "
                f"cannot parse {quoted(left)} as {quoted(chunk.text)}"
            ) from None
        except _OutOfRangeError as error:
            raise _invalid(text, f"{error.what} out of range") from None
    if reading.rest:
        raise _invalid(text, f"extra text: {quoted(reading.rest)}")
    _settle(reading, text)
    return reading


def _invalid(text: str, what: str) -> BuiltinError:
    return BuiltinError(f"parsing time {quoted(text)}: {what}")


def _settle(reading: Reading, text: str) -> None:
    """Make the hour one of 24, and the date one of the calendar."""
    if reading.afternoon and reading.hour < 12:
        reading.hour += 12
    elif reading.afternoon is False and reading.hour == 12:
        reading.hour = 0
    if reading.yearday >= 0:
        _settle_yearday(reading, text)
    reading.month = max(reading.month, 1)
    reading.day = 1 if reading.day < 0 else reading.day
    if not 1 <= reading.day <= days_in(reading.year, reading.month):
        raise _invalid(text, "day out of range")


def _settle_yearday(reading: Reading, text: str) -> None:
    if not 1 <= reading.yearday <= 365 + is_leap(reading.year):
        raise _invalid(text, "day-of-year out of range")
    month = 12
    while days_before(reading.year, month) >= reading.yearday:
        month -= 1
    day = reading.yearday - days_before(reading.year, month)
    if reading.month >= 0 and reading.month != month:
        raise _invalid(text, "day-of-year does not match month")
    if reading.day >= 0 and reading.day != day:
        raise _invalid(text, "day-of-year does not match day")
    reading.month, reading.day = month, day


def _read_chunk(reading: Reading, chunk: Chunk, after: tuple[Chunk, ...]) -> None:
    match chunk:
        case Literal(text):
            _skip(reading, text)
        case Fraction(text):
            _read_fraction(reading, len(text) if chunk.fixed else 0)
        case Element(text):
            if text[0] in "-Z":
                _read_offset(reading, text)
            elif text == "MST":
                _read_zone(reading)
            elif text[0] in "JMPp":
                _read_name(reading, text)
            else:
                _read_number(reading, text)
                if text in ("5", "05") and not _has_fraction(after):
                    _read_fraction(reading, 0)


def _has_fraction(after: tuple[Chunk, ...]) -> bool:
    """Tell whether the next element of a layout is a fraction of a second."""
    following = (chunk for chunk in after if not isinstance(chunk, Literal))
    return isinstance(next(following, None), Fraction)


def _skip(reading: Reading, literal: str) -> None:
    while literal:
        if literal[0] == " ":
            if reading.rest and reading.rest[0] != " ":
                raise _MismatchError
            literal = literal.lstrip(" ")
            reading.rest = reading.rest.lstrip(" ")
            continue
        if not reading.rest.startswith(literal[0]):
            raise _MismatchError
        literal, reading.rest = literal[1:], reading.rest[1:]


def _read_fraction(reading: Reading, length: int) -> None:
    """Read a fraction of a second: `length` characters, or what digits there are."""
    rest = reading.rest
    if not length:
        if len(rest) < 2 or rest[0] not in ".," or not is_digit(rest[1]):
            return
        length = 2
        while is_digit(rest[length : length + 1]):
            length += 1
    if len(rest) < length or rest[0] not in ".,":
        raise _MismatchError
    digits = rest[1:length][:9]
    if not all(map(is_digit, digits)):
        raise _MismatchError
    reading.nanosecond = int(digits.ljust(9, "0"))
    reading.rest = rest[length:]


def _read_name(reading: Reading, element: str) -> None:
    """Read the name of a month, a weekday or a half of the day."""
    rest = reading.rest
    if element in ("PM", "pm"):
        half = rest[:2]
        if half not in (("AM", "PM") if element == "PM" else ("am", "pm")):
            raise _MismatchError
        reading.afternoon = half == element
        reading.rest = rest[2:]
        return
    table = MONTHS if element[0] == "J" else WEEKDAYS
    names = table if len(element) > 3 else tuple(name[:3] for name in table)
    for i, name in enumerate(names):
        if rest[: len(name)].lower() == name.lower():
            if table is MONTHS:
                reading.month = i + 1
            reading.rest = rest[len(name) :]
            return
    raise _MismatchError


def _read_number(reading: Reading, element: str) -> None:
    match element:
        case "2006":
            if not is_digit(reading.rest[:1]):
                raise _MismatchError
            reading.year = _signed(_take(reading, 4))
        case "06":
            reading.year = _signed(_take(reading, 2))
            reading.year += 1900 if reading.year >= 69 else 2000
        case "002" | "__2":
            for _ in range(2 if element == "__2" else 0):
                reading.rest = reading.rest.removeprefix(" ")
            reading.yearday = _digits(reading, 3 if element == "002" else 1, 3)
        case "_2":
            reading.rest = reading.rest.removeprefix(" ")
            reading.day = _digits(reading, 1, 2)
        case _:
            value = _digits(reading, 2 if element[0] == "0" else 1, 2)
            _put(reading, element.lstrip("0"), value)


def _signed(text: str) -> int:
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not all(map(is_digit, digits)):
        raise _MismatchError
    return -int(digits) if text[0] == "-" else int(digits)


def _put(reading: Reading, element: str, value: int) -> None:
    name, low, high = _FIELDS[element]
    if not low <= value <= high:
        raise _OutOfRangeError(name)
    setattr(reading, name, value)


# Whether a day exists depends on its month, which may come later.
_FIELDS: Final = {
    "1": ("month", 1, 12),
    "2": ("day", 0, 99),
    "15": ("hour", 0, 23),
    "3": ("hour", 0, 12),
    "4": ("minute", 0, 59),
    "5": ("second", 0, 59),
}


def _take(reading: Reading, count: int) -> str:
    taken = reading.rest[:count]
    if len(taken) < count:
        raise _MismatchError
    reading.rest = reading.rest[count:]
    return taken


def _digits(reading: Reading, least: int, most: int) -> int:
    count = 0
    while count < most and is_digit(reading.rest[count : count + 1]):
        count += 1
    if count < least:
        raise _MismatchError
    return int(_take(reading, count))


def _read_offset(reading: Reading, element: str) -> None:
    if element[0] == "Z" and reading.rest.startswith("Z"):
        reading.rest = reading.rest[1:]
        reading.offset = 0
        return
    text = _take(reading, len(element))
    if ":" in element and any(text[i] != ":" for i in range(3, len(text), 3)):
        raise _MismatchError
    step = 3 if ":" in element else 2
    offset = 0
    # Some write an offset of 24 hours or 60 minutes.
    for i, (name, most) in enumerate((("hour", 24), ("minute", 60), ("second", 60))):
        part = text[1 + step * i : 3 + step * i] or "00"
        if not all(map(is_digit, part)):
            raise _MismatchError
        if int(part) > most:
            raise _OutOfRangeError(f"time zone offset {name}")
        offset = offset * 60 + int(part)
    if text[0] not in "+-":
        raise _MismatchError
    reading.offset = -offset if text[0] == "-" else offset


def _read_zone(reading: Reading) -> None:
    """Read a zone's abbreviation, which does not tell its offset."""
    length = _zone_length(reading.rest)
    if not length:
        raise _MismatchError
    reading.rest = reading.rest[length:]


def _zone_length(text: str) -> int:
    """Return the length of the zone abbreviation that `text` begins with, or 0.

    >>> _zone_length("PST x"), _zone_length("GMT+3"), _zone_length("ab")
    (3, 5, 0)
    """
    if len(text) < 3:
        return 0
    if text.startswith(("ChST", "MeST")):
        return 4
    if text.startswith("UTC"):
        return 3
    if text.startswith("GMT"):
        return 3 + _signed_length(text[3:])
    if text[0] in "+-":
        return _signed_length(text)
    upper = 0
    while upper < 6 and "A" <= text[upper : upper + 1] <= "Z":
        upper += 1
    if upper == 5:
        return 5 if text[4] == "T" else 0
    if upper == 4:
        return 4 if text[3] == "T" or text.startswith("WITA") else 0
    return 3 if upper == 3 else 0


def _signed_length(text: str) -> int:
    """Return the length of `+3` or `-12` at the start of `text`, or 0."""
    if text[:1] not in ("+", "-"):
        return 0
    end = 1
    while is_digit(text[end : end + 1]):
        end += 1
    return end if end > 1 and int(text[1:end]) <= 23 else 0
