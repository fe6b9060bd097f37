"""LAYOUT x TIME <-> TEXT: times written and read by Go's reference layouts.

A layout shows how the moment `Mon Jan 2 15:04:05 MST 2006` (`01/02 03:04:05PM '06
-0700`) would look: https://pkg.go.dev/time#Layout.
"""

from functools import lru_cache
from typing import Final, TypeAlias

from comply.classes import dataclass

MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July",
    "August", "September", "October", "November", "December",
)  # fmt: skip
WEEKDAYS: Final = (
    "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
)  # fmt: skip
LAYOUTS: Final = {
    "ANSIC": "Mon Jan _2 15:04:05 2006",
    "UnixDate": "Mon Jan _2 15:04:05 MST 2006",
    "RubyDate": "Mon Jan 02 15:04:05 -0700 2006",
    "RFC822": "02 Jan 06 15:04 MST",
    "RFC822Z": "02 Jan 06 15:04 -0700",
    "RFC850": "Monday, 02-Jan-06 15:04:05 MST",
    "RFC1123": "Mon, 02 Jan 2006 15:04:05 MST",
    "RFC1123Z": "Mon, 02 Jan 2006 15:04:05 -0700",
    "RFC3339": "2006-01-02T15:04:05Z07:00",
    "RFC3339Nano": "2006-01-02T15:04:05.999999999Z07:00",
}

# In the order in which Go tries them where several begin alike.
_ELEMENTS: Final = (
    "January", "Jan", "Monday", "Mon", "MST",
    "01", "02", "03", "04", "05", "06", "002", "15", "1",
    "2006", "2", "__2", "_2", "3", "4", "5", "PM", "pm",
    "-070000", "-07:00:00", "-0700", "-07:00", "-07",
    "Z070000", "Z07:00:00", "Z0700", "Z07:00", "Z07",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Literal:
    """Text that stands for itself."""

    text: str


@dataclass(frozen=True, slots=True)
class Element:
    """A part of a time, named by how the reference moment writes it."""

    text: str


@dataclass(frozen=True, slots=True)
class Fraction:
    """A fraction of a second: `.000` of that many digits, `.999` of at most them."""

    text: str

    @property
    def fixed(self) -> bool:
        """Tell whether trailing zeros are written."""
        return self.text[1] == "0"


Chunk: TypeAlias = Literal | Element | Fraction


@dataclass(frozen=True, slots=True)
class Moment:
    """A time as a calendar and a clock show it, with its zone.

    `offset` is in seconds east of Greenwich; `weekday` counts from Sunday.
    """

    year: int
    month: int
    day: int
    hour: int = 0
    minute: int = 0
    second: int = 0
    nanosecond: int = 0
    weekday: int = 0
    yearday: int = 1
    zone: str = "UTC"
    offset: int = 0


@lru_cache(maxsize=256)
def chunks(layout: str) -> tuple[Chunk, ...]:
    """Return a layout cut into literals and elements.

    >>> chunks("15h")
    (Element(text='15'), Literal(text='h'))
    """
    found: list[Chunk] = []
    start = at = 0
    while at < len(layout):
        chunk = _chunk_at(layout, at)
        if chunk is None:
            at += 1
            continue
        if at > start:
            found.append(Literal(layout[start:at]))
        found.append(chunk)
        start = at = at + len(chunk.text)
    if start < len(layout):
        found.append(Literal(layout[start:]))
    return tuple(found)


def _chunk_at(layout: str, at: int) -> Element | Fraction | None:
    first = layout[at]
    if first in ".,":
        return _fraction_at(layout, at)
    if layout.startswith("_2006", at):
        return None
    for text in _ELEMENTS:
        if text[0] != first or not layout.startswith(text, at):
            continue
        after = layout[at + len(text) : at + len(text) + 1]
        if text in ("Jan", "Mon") and "a" <= after <= "z":
            continue
        return Element(text)
    return None


def _fraction_at(layout: str, at: int) -> Fraction | None:
    digit = layout[at + 1 : at + 2]
    if digit not in ("0", "9"):
        return None
    end = at + 1
    while layout[end : end + 1] == digit:
        end += 1
    if is_digit(layout[end : end + 1]):
        return None
    return Fraction(layout[at:end])


def is_digit(text: str) -> bool:
    """Tell whether `text` is one of the ten ASCII digits.

    >>> is_digit("7"), is_digit("x"), is_digit("")
    (True, False, False)
    """
    return len(text) == 1 and "0" <= text <= "9"


def format_moment(moment: Moment, layout: str) -> str:
    """Return a moment as the reference moment looks in `layout`.

    >>> format_moment(Moment(2022, 12, 3, weekday=6), LAYOUTS["RFC1123"])
    'Sat, 03 Dec 2022 00:00:00 UTC'
    """
    return "".join(_format_chunk(moment, chunk) for chunk in chunks(layout))


def _format_chunk(moment: Moment, chunk: Chunk) -> str:
    match chunk:
        case Literal(text):
            return text
        case Fraction(text):
            digits = f"{moment.nanosecond:09d}"[: len(text) - 1]
            if not chunk.fixed:
                digits = digits.rstrip("0")
            return text[0] + digits if digits else ""
        case Element(text):
            if text[0] in "-Z":
                return _format_offset(moment.offset, text)
            return _format_element(moment, text)


def _format_element(moment: Moment, element: str) -> str:  # noqa: PLR0911  (one a kind)
    match element:
        case "2006" | "06":
            year = f"{moment.year:04d}"
            return year if element == "2006" else year[-2:]
        case "January" | "Jan":
            name = MONTHS[moment.month - 1]
            return name if element == "January" else name[:3]
        case "Monday" | "Mon":
            name = WEEKDAYS[moment.weekday]
            return name if element == "Monday" else name[:3]
        case "MST":
            return moment.zone or _format_offset(moment.offset, "-0700")
        case "PM" | "pm":
            half = "PM" if moment.hour >= 12 else "AM"
            return half if element == "PM" else half.lower()
        case "_2":
            return f"{moment.day:2d}"
        case "__2":
            return f"{moment.yearday:3d}"
        case "002":
            return f"{moment.yearday:03d}"
        case _:
            value = _number(moment, element.lstrip("0"))
            width = 2 if element[0] == "0" or element == "15" else 1
            return f"{value:0{width}d}"


def _number(moment: Moment, element: str) -> int:
    return {
        "1": moment.month,
        "2": moment.day,
        "15": moment.hour,
        "3": moment.hour % 12 or 12,
        "4": moment.minute,
        "5": moment.second,
    }[element]


def _format_offset(offset: int, element: str) -> str:
    if element[0] == "Z" and offset == 0:
        return "Z"
    minutes, seconds = divmod(abs(offset), 60)
    colon = ":" if ":" in element else ""
    text = f"{'-' if offset <= -60 else '+'}{minutes // 60:02d}"
    digits = len(element) - 1 - element.count(":")
    if digits >= 4:
        text += f"{colon}{minutes % 60:02d}"
    if digits == 6:
        text += f"{colon}{seconds:02d}"
    return text
