"""Conversions between types.

https://www.openpolicyagent.org/docs/policy-reference/builtins/conversions
"""

from collections.abc import Callable
from typing import Final

from comply.plan.builtins.failure import BuiltinError, OperandError, operand_error
from comply.plan.values import NumberLiteral, RegoSet, Value, is_number, quote

_DIGITS: Final = frozenset("0123456789")
_HEX_DIGITS: Final = _DIGITS | frozenset("abcdefABCDEF")
_NAMED: Final = frozenset({"inf", "infinity", "nan"})


def to_number(value: Value) -> float:
    """Return null, a boolean, a number or a numeral as a number.

    >>> to_number("10"), to_number("1.50"), to_number(True), to_number(None)
    (10, 1.5, 1, 0)
    """
    if type(value) is str:
        return parse_number(value)
    if is_number(value):
        number: float = value
        return number
    if value is None or type(value) is bool:
        return int(value is True)
    raise operand_error(1, "one of {null, boolean, number, string}", value)


def parse_number(text: str) -> float:
    """Return the number a numeral of Go stands for: `1_000`, `.5`, `0x1p-2` are.

    Raises:
        BuiltinError: if it is none, or beyond what a float64 holds.

    >>> parse_number("-12"), parse_number("0x1p-2"), parse_number("1e2")
    (-12, 0.25, 100.0)
    """
    unsigned = text[1:] if text[:1] in ("+", "-") else text
    if unsigned.isascii() and unsigned.isdigit() and len(text) < 4000:
        return int(text)
    if unsigned.lower() in _NAMED:
        raise OperandError("operand 1 must be valid number string but got string")
    if unsigned[:2].lower() == "0x":
        return _hexadecimal(text, unsigned)
    plain = _without_underscores(text)
    if plain is None or not _is_decimal(plain[len(text) - len(unsigned) :]):
        raise _invalid(text)
    number = NumberLiteral(plain)
    if abs(number) == float("inf"):
        raise BuiltinError(
            f"strconv.ParseFloat: parsing {quote(text)}: value out of range"
        )
    if plain.isascii() and plain.lstrip("+-").isdigit():
        return int(plain) if len(plain) < 4000 else number
    return number if _is_json(plain) else float(plain)


def _is_decimal(text: str) -> bool:
    """Tell whether a text is digits with a point and an exponent, each optional."""
    mantissa, _, exponent = text.replace("E", "e").partition("e")
    whole, _, fraction = mantissa.partition(".")
    if "e" in text.lower():
        power = exponent[1:] if exponent[:1] in ("+", "-") else exponent
        if not power or not _DIGITS.issuperset(power):
            return False
    return bool(whole + fraction) and _DIGITS.issuperset(whole + fraction)


def _is_json(text: str) -> bool:
    """Tell whether JSON would write a decimal so."""
    mantissa = text.lower().partition("e")[0].removeprefix("-")
    whole, point, fraction = mantissa.partition(".")
    leading = whole == "0" or (whole != "" and whole[0] != "0")
    return leading and text[0] != "+" and (not point or fraction != "")


def _without_underscores(text: str) -> str | None:
    """Return a numeral without its underscores, None if one is not between digits."""
    if "_" not in text:
        return text
    for i, char in enumerate(text):
        around = text[i - 1 : i] + text[i + 1 : i + 2]
        if char == "_" and not (len(around) == 2 and _DIGITS.issuperset(around)):
            return None
    return text.replace("_", "")


def _hexadecimal(text: str, unsigned: str) -> float:
    mantissa, power, exponent = unsigned[2:].lower().partition("p")
    digits = exponent[1:] if exponent[:1] in ("+", "-") else exponent
    numerals = mantissa.replace(".", "", 1)
    if not (power and digits and numerals) or not (
        _DIGITS.issuperset(digits) and _HEX_DIGITS.issuperset(numerals)
    ):
        raise _invalid(text)
    try:
        number = float.fromhex(text)
    except OverflowError:
        raise BuiltinError(
            f"strconv.ParseFloat: parsing {quote(text)}: value out of range"
        ) from None
    return int(number) if number.is_integer() else number


def _invalid(text: str) -> BuiltinError:
    return BuiltinError(f"strconv.ParseFloat: parsing {quote(text)}: invalid syntax")


def cast_array(value: Value) -> list[Value]:
    """Return an array as it is, a set as the array of its members.

    >>> cast_array(RegoSet([2, 1]))
    [1, 2]
    """
    if type(value) is list:
        return value
    if type(value) is RegoSet:
        return list(value.ordered())
    raise operand_error(1, "one of {array, set}", value)


def cast_set(value: Value) -> RegoSet:
    """Return a set as it is, an array as the set of its elements.

    >>> cast_set([1, 1])
    RegoSet([1])
    """
    if type(value) is RegoSet:
        return value
    if type(value) is list:
        return RegoSet(value)
    raise operand_error(1, "one of {array, set}", value)


def cast_string(value: Value) -> str:
    """Return a string as it is; other values are errors.

    >>> cast_string("a")
    'a'
    """
    if type(value) is str:
        return value
    raise operand_error(1, "string", value)


def cast_boolean(value: Value) -> bool:
    """Return a boolean as it is; other values are errors.

    >>> cast_boolean(False)
    False
    """
    if type(value) is bool:
        return value
    raise operand_error(1, "boolean", value)


def cast_null(value: Value) -> None:
    """Return null as it is; other values are errors.

    >>> cast_null(None) is None
    True
    """
    if value is not None:
        raise operand_error(1, "null", value)


def cast_object(value: Value) -> dict[Value, Value]:
    """Return an object as it is; other values are errors.

    >>> cast_object({})
    {}
    """
    if type(value) is dict:
        return value
    raise operand_error(1, "object", value)


BUILTINS: Final[dict[str, Callable[..., Value]]] = {
    "cast_array": cast_array,
    "cast_boolean": cast_boolean,
    "cast_null": cast_null,
    "cast_object": cast_object,
    "cast_set": cast_set,
    "cast_string": cast_string,
    "to_number": to_number,
}
