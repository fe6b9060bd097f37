"""Arithmetic: integers are exact to any size, the rest is Go's 64-bit-mantissa float.

https://www.openpolicyagent.org/docs/policy-reference/builtins/numbers
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from comply.plan.builtins import big_float, operands
from comply.plan.builtins.failure import (
    BuiltinError,
    HaltError,
    OperandError,
    operand_error,
)
from comply.plan.values import RegoSet, Value, is_number

_EXACT: Final = 1 << 63
_WIDEST: Final = 10_000_000
_LONGEST_RANGE: Final = 10_000_000
_HALF: Final = (1, -1)
_BASES: Final = {2: "b", 8: "o", 10: "d", 16: "x"}


def plus(a: Value, b: Value) -> float | Decimal:
    """Return a + b.

    >>> plus(1, 2), plus(0.1, 0.2), plus(1.5, 1.5)
    (3, 0.3, 3)
    """
    if type(a) is int and type(b) is int:
        return a + b
    x, y = _integers(a, b)
    if x is not None and y is not None:
        return x + y
    return big_float.number(big_float.add(big_float.binary(a), big_float.binary(b)))


def minus(a: Value, b: Value) -> Value:
    """Return a - b, of two numbers or of two sets.

    >>> minus(5, 7), minus(0.5, 0.25), minus(RegoSet([1, 2]), RegoSet([2]))
    (-2, 0.25, RegoSet([1]))
    """
    if type(a) is int and type(b) is int:
        return a - b
    if type(a) is RegoSet:
        if type(b) is not RegoSet:
            raise operand_error(2, "set" if is_number(b) else "number", b)
        kept = {k: v for k, v in a.members.items() if k not in b.members}
        return RegoSet.of(kept)
    if not is_number(a):
        raise operand_error(1, "one of {number, set}", a)
    x, y = _integers(a, b)
    if x is not None and y is not None:
        return x - y
    m, e = big_float.binary(b)
    return big_float.number(big_float.add(big_float.binary(a), (-m, e)))


def multiply(a: Value, b: Value) -> float | Decimal:
    """Return a * b.

    >>> multiply(3, 4), multiply(0.1, 3), multiply(2.5, 2)
    (12, 0.3, 5)
    """
    x, y = (a, b) if type(a) is int and type(b) is int else _integers(a, b)
    if x is not None and y is not None:
        if x.bit_length() + y.bit_length() > _WIDEST:
            raise HaltError(f"a product of more than {_WIDEST} bits")
        return x * y
    product = big_float.multiply(big_float.binary(a), big_float.binary(b))
    return big_float.number(product)


def divide(a: Value, b: Value) -> float | Decimal:
    """Return a / b.

    >>> divide(10, 5), divide(10, 4), divide(1, 3)
    (2, 2.5, Decimal('0.33333333333333333334'))
    """
    operands.number(a, 1)
    operands.number(b, 2)
    if b == 0:
        raise BuiltinError("divide by zero")
    if type(a) is int and type(b) is int and -_EXACT < a < _EXACT and a % b == 0:
        return a // b
    quotient = big_float.divide(big_float.binary(a), big_float.binary(b))
    return big_float.number(quotient)


def remainder(a: Value, b: Value) -> int:
    """Return a % b of two integers; its sign is that of `a`.

    >>> remainder(7, 3), remainder(-7, 3), remainder(7, -3)
    (1, -1, 1)
    """
    x, y = _integers(a, b)
    if x is None or y is None:
        raise BuiltinError("modulo on floating-point number")
    if y == 0:
        raise BuiltinError("modulo by zero")
    rest = abs(x) % abs(y)
    return -rest if x < 0 else rest


def absolute(x: Value) -> float | Decimal:
    """Return a number without its sign.

    >>> absolute(-5), absolute(-1.5)
    (5, 1.5)
    """
    if type(x) is int and -_EXACT < x < _EXACT:
        return abs(x)
    m, e = big_float.binary(operands.number(x))
    return big_float.number((abs(m), e))


def round_half_away(x: Value) -> int:
    """Return the nearest integer; a half goes away from zero.

    >>> round_half_away(2.5), round_half_away(-2.5), round_half_away(2.4)
    (3, -3, 2)
    """
    if type(x) is int and -_EXACT < x < _EXACT:
        return x
    value = big_float.binary(operands.number(x))
    half = (-1, -1) if value[0] < 0 else _HALF
    return big_float.truncate(big_float.add(value, half))[0]


def ceiling(x: Value) -> int:
    """Return a number rounded up to an integer.

    Between -1 and 0 the answer is 1, as in OPA.

    >>> ceiling(1.2), ceiling(-1.2), ceiling(-0.5)
    (2, -1, 1)
    """
    if type(x) is int and -_EXACT < x < _EXACT:
        return x
    value = big_float.binary(operands.number(x))
    whole, exact = big_float.truncate(value)
    return whole if exact or whole < 0 else whole + 1


def floor(x: Value) -> int:
    """Return a number rounded down to an integer.

    Between -1 and 0 the answer is 0, as in OPA.

    >>> floor(1.8), floor(-1.2), floor(-0.5)
    (1, -2, 0)
    """
    if type(x) is int and -_EXACT < x < _EXACT:
        return x
    value = big_float.binary(operands.number(x))
    whole, exact = big_float.truncate(value)
    return whole - 1 if whole < 0 and not exact else whole


def number_range(first: Value, last: Value) -> list[int]:
    """Return the integers from `first` to `last`, both included, up or down.

    >>> number_range(1, 3), number_range(2, 0)
    ([1, 2, 3], [2, 1, 0])
    """
    return _range(big_integer(first, 1), big_integer(last, 2), 1)


def number_range_step(first: Value, last: Value, step: Value) -> list[int]:
    """Return every `step`-th integer from `first` to at most `last`, up or down.

    >>> number_range_step(0, 10, 5), number_range_step(5, 0, 3)
    ([0, 5, 10], [5, 2])
    """
    start, stop = big_integer(first, 1), big_integer(last, 2)
    stride = big_integer(step, 3)
    if stride <= 0:
        raise BuiltinError("numbers.range_step: step must be a positive integer")
    return _range(start, stop, stride)


def _range(first: int, last: int, step: int) -> list[int]:
    if abs(last - first) // step >= _LONGEST_RANGE:
        raise HaltError(f"a range of more than {_LONGEST_RANGE} numbers")
    if first <= last:
        return list(range(first, last + 1, step))
    return list(range(first, last - 1, -step))


def format_integer(number: Value, base: Value) -> str:
    """Return the integer part of a number in base 2, 8, 10 or 16.

    >>> format_integer(255.9, 16), format_integer(-10, 2)
    ('ff', '-1010')
    """
    operands.number(number, 1)
    letter = _BASES.get(base) if type(base) is int else None
    if letter is None:
        operands.number(base, 2)
        raise OperandError("operand 2 must be one of {2, 8, 10, 16}")
    if type(number) is not int:
        number = big_float.truncate(big_float.binary(number))[0]
    return format(number, letter)


def big_integer(value: Value, position: int) -> int:
    """Return a number operand that is an integer of any size.

    Raises:
        OperandError: if `value` is no number or has a fraction.

    >>> big_integer(2.0, 1)
    2
    """
    if type(value) is int:
        return value
    if not is_number(value):
        raise operand_error(position, "integer", value)
    whole = big_float.exact_integer(value)
    if whole is None:
        raise OperandError(
            f"operand {position} must be integer number but got floating-point number"
        )
    return whole


def _integers(a: Value, b: Value) -> tuple[int | None, int | None]:
    """Return two number operands as exact integers, None for one that is not."""
    operands.number(a, 1)
    operands.number(b, 2)
    return big_float.exact_integer(a), big_float.exact_integer(b)


BUILTINS: Final[dict[str, Callable[..., Value]]] = {
    "abs": absolute,
    "ceil": ceiling,
    "div": divide,
    "floor": floor,
    "minus": minus,
    "mul": multiply,
    "numbers.range": number_range,
    "numbers.range_step": number_range_step,
    "plus": plus,
    "rem": remainder,
    "round": round_half_away,
}
