"""Bits of integers of any size, negative ones in two's complement.

https://www.openpolicyagent.org/docs/policy-reference/builtins/bits
"""

from collections.abc import Callable
from typing import Final

from comply.plan.builtins.arithmetic import big_integer
from comply.plan.builtins.failure import HaltError, OperandError
from comply.plan.values import Value

_WIDEST: Final = 10_000_000


def bits_and(a: Value, b: Value) -> int:
    """Return the bits that both integers have.

    >>> bits_and(6, 3)
    2
    """
    return big_integer(a, 1) & big_integer(b, 2)


def bits_or(a: Value, b: Value) -> int:
    """Return the bits that either integer has.

    >>> bits_or(6, 3)
    7
    """
    return big_integer(a, 1) | big_integer(b, 2)


def bits_xor(a: Value, b: Value) -> int:
    """Return the bits that just one of the integers has.

    >>> bits_xor(6, 3)
    5
    """
    return big_integer(a, 1) ^ big_integer(b, 2)


def negate(a: Value) -> int:
    """Return an integer with every bit flipped.

    >>> negate(5)
    -6
    """
    return ~big_integer(a, 1)


def shift_left(a: Value, places: Value) -> int:
    """Return an integer shifted left.

    >>> shift_left(1, 70) == 2**70
    True
    """
    value, shift = big_integer(a, 1), _places(places)
    if shift > _WIDEST:
        raise HaltError(f"a shift of more than {_WIDEST} bits")
    return value << shift


def shift_right(a: Value, places: Value) -> int:
    """Return an integer shifted right, rounded down.

    >>> shift_right(-5, 1)
    -3
    """
    return big_integer(a, 1) >> _places(places)


def _places(value: Value) -> int:
    shift = big_integer(value, 2)
    if shift < 0:
        raise OperandError(
            "operand 2 must be an unsigned integer number but got a negative integer"
        )
    return shift


BUILTINS: Final[dict[str, Callable[..., Value]]] = {
    "bits.and": bits_and,
    "bits.lsh": shift_left,
    "bits.negate": negate,
    "bits.or": bits_or,
    "bits.rsh": shift_right,
    "bits.xor": bits_xor,
}
