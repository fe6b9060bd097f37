"""Oracle's date format models, in strftime's and strptime's terms."""

from datetime import datetime
from typing import Final

from comply.dialect.errors import SqlError

# The longest first, so that YYYY is not read as YY and YY.
_ELEMENTS: Final = (
    *("SYYYY", "IYYY", "YYYY", "RRRR", "YY", "RR", "MONTH", "MON", "MM", "DDD", "DD"),
    *("DAY", "DY", "D", "HH24", "HH12", "HH", "MI", "SSSSS", "SS", "FF9", "FF8", "FF7"),
    *("FF6", "FF5", "FF4", "FF3", "FF2", "FF1", "FF", "A.M.", "P.M.", "AM", "PM"),
    *("IW", "WW", "Q", "FXFM", "FX", "FM"),
)
_DIRECTIVES: Final = {
    "SYYYY": "%Y",
    "IYYY": "%G",
    "YYYY": "%Y",
    "RRRR": "%Y",
    "YY": "%y",
    "RR": "%y",
    "MONTH": "%B",
    "MON": "%b",
    "MM": "%m",
    "DDD": "%j",
    "DD": "%d",
    "DAY": "%A",
    "DY": "%a",
    "HH24": "%H",
    "HH12": "%I",
    "HH": "%I",
    "MI": "%M",
    "SS": "%S",
    "FF6": "%f",
    "FF": "%f",
    "FF9": "%n",
    "FF3": "%g",
    "AM": "%p",
    "PM": "%p",
    "A.M.": "%p",
    "P.M.": "%p",
    "IW": "%V",
    "FM": "",
    "FX": "",
    "FXFM": "",
}
_FIELDS: Final = {
    "YYYY": ("year", 4),
    "MM": ("month", 2),
    "MON": ("month", 3),
    "DD": ("day", 2),
    "HH24": ("hour", 2),
    "MI": ("minute", 2),
    "SS": ("second", 2),
}
_MONTHS: Final = (
    "JAN",
    "FEB",
    "MAR",
    "APR",
    "MAY",
    "JUN",
    "JUL",
    "AUG",
    "SEP",
    "OCT",
    "NOV",
    "DEC",
)
_NAMES: Final = frozenset({"MONTH", "MON", "DAY", "DY"})


def elements(model: str) -> list[tuple[str, str]]:
    """Return a format model in pieces: ("element", as written) or ("text", text).

    >>> elements("YYYY-MM")
    [('element', 'YYYY'), ('text', '-'), ('element', 'MM')]

    Raises:
        SqlError: it holds what Oracle would not recognise (ORA-01821).
    """
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(model):
        if model[at] == '"':
            end = model.find('"', at + 1)
            end = len(model) if end < 0 else end
            found.append(("text", model[at + 1 : end]))
            at = end + 1
            continue
        upper = model[at:].upper()
        element = next((e for e in _ELEMENTS if upper.startswith(e)), "")
        if element:
            found.append(("element", model[at : at + len(element)]))
            at += len(element)
        elif model[at].isalnum():
            raise SqlError(1821, f"date format not recognized: {model}")
        else:
            found.append(("text", model[at]))
            at += 1
    return found


def strptime_format(model: str) -> str:
    """Return the strptime format that reads what Oracle's model reads.

    >>> strptime_format("DD-MON-YYYY HH24:MI:SS")
    '%d-%b-%Y %H:%M:%S'

    Raises:
        SqlError: the model holds an element that cannot be read back.
    """
    parts = []
    for sort, text in elements(model):
        if sort == "text":
            parts.append(text.replace("%", "%%"))
        elif text.upper() in _DIRECTIVES:
            parts.append(_DIRECTIVES[text.upper()])
        else:
            raise SqlError(1820, f"{text} cannot appear in a date input format")
    return "".join(parts)


def moment_in(text: str, model: str) -> datetime | None:
    """Return the moment that a text says, None if to find that out takes more than a look.

    A look is enough for numbers written in full and for months by their English names.

    >>> moment_in("17-NOV-1981 09:30", "DD-MON-YYYY HH24:MI")
    datetime.datetime(1981, 11, 17, 9, 30)

    Raises:
        SqlError: the model holds what Oracle would not recognise.
    """
    numbers: dict[str, int] = {}
    at = 0
    for sort, piece in elements(model):
        field, width = (
            ("", len(piece)) if sort == "text" else _FIELDS.get(piece.upper(), ("", 0))
        )
        part = text[at : at + width]
        at += width
        if sort == "text":
            number = 0 if part == piece else None
        else:
            number = _number_in(part, width, field)
        if number is None or field in numbers:
            return None
        if field:
            numbers[field] = number
    if at != len(text) or not numbers.keys() >= {"year", "month", "day"}:
        return None
    try:
        return datetime(**numbers)  # type: ignore[arg-type]  # noqa: DTZ001  (a DATE has no zone)
    except ValueError:
        return None


def _number_in(part: str, width: int, field: str) -> int | None:
    """Return the number that a part of a date says, None if it is none in full."""
    if field == "month" and width == len(_MONTHS[0]):
        return _MONTHS.index(part.upper()) + 1 if part.upper() in _MONTHS else None
    plain = field and len(part) == width and part.isascii() and part.isdigit()
    return int(part) if plain else None


def strftime_parts(model: str) -> list[tuple[str, str]]:
    """Return how to write a date: pairs of what to do and its argument.

    `text` is written as it is; `strftime` gives a directive; `upper` and `lower` give
    one whose result changes case; `quarter`, `week`, `weekday`, `seconds` are numbers;
    `fraction` gives so many digits of the second's fraction.
    """
    parts: list[tuple[str, str]] = []
    for sort, text in elements(model):
        upper = text.upper()
        if sort == "text":
            parts.append(("text", text))
        elif upper in _SPECIAL:
            parts.append((_SPECIAL[upper], upper))
        elif upper.startswith("FF") and upper[2:] != "":
            parts.append(("fraction", upper[2:]))
        elif upper in _NAMES:
            case = "upper" if text.isupper() else "lower" if text.islower() else ""
            parts.append((case or "strftime", _DIRECTIVES[upper]))
        elif _DIRECTIVES[upper]:
            parts.append(("strftime", _DIRECTIVES[upper]))
    return parts


_SPECIAL: Final = {"Q": "quarter", "WW": "week", "D": "weekday", "SSSSS": "seconds"}
