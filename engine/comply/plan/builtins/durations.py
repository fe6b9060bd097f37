"""TEXT -> NANOSECONDS: durations as Go writes them, with days, weeks and years as well."""

from decimal import Decimal
from typing import Final

from comply.plan.builtins.failure import BuiltinError
from comply.plan.builtins.octets import quoted

_UNITS: Final = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "μs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
# OPA turns these into hours before it reads the rest.
_HOURS: Final = {"d": 24, "w": 7 * 24, "y": 365 * 24}
_LIMIT: Final = 2**63


def read_duration(text: str) -> int:
    """Return the nanoseconds of a duration: a sign, then numbers with units.

    Raises:
        BuiltinError: if `text` is none, or is too long for 64 bits.

    >>> read_duration("-1.5h"), read_duration("1d2h"), read_duration("0")
    (-5400000000000, 93600000000000, 0)
    """
    sign = -1 if text.startswith("-") else 1
    rest = text[1:] if text[:1] in ("-", "+") else text
    if rest == "0":
        return 0
    if not rest:
        raise _invalid(text)
    total = 0
    while rest:
        nanoseconds, rest = _read_part(rest, text)
        total += nanoseconds
        if total > _LIMIT:
            raise _invalid(text)
    if total == _LIMIT and sign > 0:
        raise _invalid(text)
    return sign * total


def _read_part(rest: str, text: str) -> tuple[int, str]:
    """Return the nanoseconds of the number and unit that `rest` begins with."""
    whole, rest = _split_digits(rest)
    fraction = ""
    if rest.startswith("."):
        fraction, rest = _split_digits(rest[1:])
    if not whole and not fraction:
        raise _invalid(text)
    if rest[:1] in _HOURS and rest:
        hours = float(f"{whole or '0'}.{fraction or '0'}") * _HOURS[rest[0]]
        whole, _, fraction = format(Decimal(repr(hours)), "f").partition(".")
        return _nanoseconds(whole, fraction, _UNITS["h"]), rest[1:]
    end = 0
    while end < len(rest) and rest[end] != "." and not "0" <= rest[end] <= "9":
        end += 1
    unit = rest[:end]
    if not unit:
        raise BuiltinError(f"time: missing unit in duration {quoted(text)}")
    if unit not in _UNITS:
        raise BuiltinError(
            f"time: unknown unit {quoted(unit)} in duration {quoted(text)}"
        )
    return _nanoseconds(whole, fraction, _UNITS[unit]), rest[end:]


def _nanoseconds(whole: str, fraction: str, unit: int) -> int:
    """Return so many units; of the fraction count the digits that 63 bits hold."""
    kept, scale = 0, 1.0
    for digit in fraction:
        if kept * 10 + int(digit) > _LIMIT:
            break
        kept, scale = kept * 10 + int(digit), scale * 10
    return int(whole[:24] or "0") * unit + int(kept * (unit / scale))


def _split_digits(text: str) -> tuple[str, str]:
    end = 0
    while end < len(text) and "0" <= text[end] <= "9":
        end += 1
    return text[:end], text[end:]


def _invalid(text: str) -> BuiltinError:
    return BuiltinError(f"time: invalid duration {quoted(text)}")
