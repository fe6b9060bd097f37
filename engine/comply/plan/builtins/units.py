"""Quantities with a unit: `10Gi`, `1500m`, `2MB`.

https://www.openpolicyagent.org/docs/policy-reference/builtins/units
"""

from collections.abc import Callable
from fractions import Fraction
from typing import Final

from comply.plan.builtins import big_float, operands
from comply.plan.builtins.failure import BuiltinError
from comply.plan.values import NumberLiteral, Value

_LETTERS: Final = "kmgtpe"
_DIGITS: Final = frozenset("0123456789")
_PART_OF_NUMBER: Final = _DIGITS | frozenset(".+-")
# OPA refuses longer exponents: they would cost it memory.
_LONGEST_EXPONENT: Final = 6
# One thousandth as the double that OPA multiplies by.
_MILLI: Final = Fraction(0.001)


def parse(text: Value) -> float:
    """Return a quantity as a number: `m` is a thousandth, `M` a million.

    The other letters may be of either case; `Ki`, `Mi` ... are powers of 1024.

    >>> parse("10K"), parse("1Mi"), parse("1500m"), parse("2.5")
    (10000, 1048576, 1.5, 2.5)
    """
    number, unit = _split(operands.string(text, 1), "units.parse", "amount")
    factor = _factor(unit[:1] + unit[1:].lower())
    if factor is None:
        shown = unit[:1] + unit[1:].lower()
        raise BuiltinError(f"units.parse: unit {shown} not recognized")
    value = _rational(number, "units.parse: could not parse amount to a number")
    value *= factor
    return value.numerator if value.denominator == 1 else _ten_decimals(value)


def parse_bytes(text: Value) -> int:
    """Return a number of bytes; the case and a final `B` do not matter.

    >>> parse_bytes("2KB"), parse_bytes("1MiB"), parse_bytes("1.5")
    (2000, 1048576, 1)
    """
    whole = operands.string(text, 1).lower()
    number, unit = _split(whole, "units.parse_bytes", "byte amount")
    letters = unit if unit == "b" else unit.removesuffix("b")
    factor = Fraction(10**6) if letters == "m" else _factor(letters)
    if factor is None:
        raise BuiltinError(f"units.parse_bytes: byte unit {unit} not recognized")
    problem = "units.parse_bytes: could not parse byte amount to a number"
    _rational(number, problem)
    amount = big_float.binary(NumberLiteral(number))
    product = big_float.multiply(amount, big_float.binary(int(factor)))
    return big_float.truncate(product)[0]


def _split(text: str, name: str, what: str) -> tuple[str, str]:
    """Return (number, unit): the unit begins at the first letter but an exponent's."""
    text = text.replace('"', "")
    if " " in text:
        raise BuiltinError(f"{name}: spaces not allowed in resource strings")
    end = 0
    while end < len(text):
        if text[end] in "eE" and text[end + 1 : end + 2] in _SIGNS_AND_DIGITS:
            end += 1
        elif text[end] not in _PART_OF_NUMBER:
            break
        end += 1
    if not end:
        raise BuiltinError(f"{name}: no {what} provided")
    number = text[:end]
    exponent = number.lower().partition("e")[2].lstrip("+-")
    if len(exponent) > _LONGEST_EXPONENT:
        raise BuiltinError(f"{name}: exponent too large")
    return number, text[end:]


_SIGNS_AND_DIGITS: Final = _DIGITS | {"+", "-"}


def _factor(unit: str) -> Fraction | None:
    """Return what a unit multiplies by, None if it is unknown."""
    if unit == "m":
        return _MILLI
    letter, binary = unit[:1].lower(), unit[1:]
    if not letter:
        return Fraction(1)
    power = _LETTERS.find(letter) + 1
    if not power or binary not in ("", "i"):
        return None
    return Fraction(1024**power if binary else 1000**power)


def _rational(text: str, problem: str) -> Fraction:
    try:
        return Fraction(text)
    except ValueError:
        raise BuiltinError(problem) from None


def _ten_decimals(value: Fraction) -> NumberLiteral:
    """Return a fraction to ten decimals, a half away from zero."""
    scaled, rest = divmod(abs(value.numerator) * 10**10, value.denominator)
    scaled += 2 * rest >= value.denominator
    whole, decimals = divmod(scaled, 10**10)
    return NumberLiteral(f"{'-' if value < 0 else ''}{whole}.{decimals:010d}")


BUILTINS: Final[dict[str, Callable[..., Value]]] = {
    "units.parse": parse,
    "units.parse_bytes": parse_bytes,
}
