"""Numbers as OPA computes them: Go's `big.Float` with a mantissa of 64 bits.

A binary number is a pair (m, e) of integers that stands for m * 2**e, with m of at most
64 bits, odd unless zero. Every operation rounds once, half to even; the result prints with the fewest
digits that still name it (https://pkg.go.dev/math/big#Float).
"""

from decimal import Decimal
from functools import lru_cache
from math import ldexp
from typing import Final, TypeAlias

from comply.plan.builtins.failure import BuiltinError
from comply.plan.values import NumberLiteral, general

Binary: TypeAlias = tuple[int, int]

_MANTISSA: Final = 64
DOUBLE: Final = 53
_POWER: Final = 128
# Beyond this a decimal exponent costs more than any policy is worth.
_LARGEST: Final = 100_000


def decimal_parts(value: float | Decimal) -> tuple[int, int]:
    """Return (digits, exponent), the number as its author wrote it in powers of ten.

    Raises:
        BuiltinError: if the number is infinite or has an absurd exponent.

    >>> decimal_parts(12), decimal_parts(0.25), decimal_parts(NumberLiteral("1e3"))
    ((12, 0), (25, -2), (1, 3))
    """
    if isinstance(value, int):
        return value, 0
    return _parts(value.text if isinstance(value, NumberLiteral) else str(value))


def _parts(text: str) -> tuple[int, int]:
    mantissa, _, exponent = text.lower().partition("e")
    whole, _, fraction = mantissa.partition(".")
    try:
        parts = int(whole + fraction), int(exponent or 0) - len(fraction)
    except ValueError:
        raise BuiltinError(f"number out of range: {text[:40]}") from None
    if abs(parts[1]) > _LARGEST:
        raise BuiltinError(f"number out of range: {text[:40]}")
    return parts


def exact_integer(value: float | Decimal) -> int | None:
    """Return a number as an integer, or None if it has a fraction.

    >>> exact_integer(NumberLiteral("1e30")) == 10**30, exact_integer(0.5)
    (True, None)
    """
    if isinstance(value, int):
        return value
    if isinstance(value, float) and not value.is_integer():
        return None
    digits, exponent = decimal_parts(value)
    if exponent >= 0:
        return digits * int(10**exponent)
    quotient, rest = divmod(digits, 10**-exponent)
    return None if rest else int(quotient)


def binary(value: float | Decimal) -> Binary:
    """Return the binary number nearest to `value`.

    >>> binary(12), binary(0.5)
    ((3, 2), (1, -1))
    """
    if isinstance(value, int):
        return _round(value, 0)
    return _read(value.text if isinstance(value, NumberLiteral) else str(value))


@lru_cache(maxsize=4096)
def _read(text: str) -> Binary:
    digits, exponent = _parts(text)
    power, shift = _power_of_five(abs(exponent))
    if exponent > 0:
        return _round(digits * power, shift + exponent)
    mantissa, low = _quotient(digits, power)
    return mantissa, low - shift + exponent


def add(a: Binary, b: Binary) -> Binary:
    """Return a + b."""
    low = min(a[1], b[1])
    return _round((a[0] << a[1] - low) + (b[0] << b[1] - low), low)


def multiply(a: Binary, b: Binary, bits: int = _MANTISSA) -> Binary:
    """Return a * b, rounded to a mantissa of `bits` bits."""
    return _round(a[0] * b[0], a[1] + b[1], bits)


def divide(a: Binary, b: Binary) -> Binary:
    """Return a / b, where b is not zero."""
    mantissa, exponent = _quotient(a[0], b[0])
    return mantissa, exponent + a[1] - b[1]


def truncate(value: Binary) -> tuple[int, bool]:
    """Return the integer part, rounded towards zero, and whether that was all.

    >>> truncate(binary(-2.5)), truncate((1, 3))
    ((-2, False), (8, True))
    """
    mantissa, exponent = value
    if exponent >= 0:
        return mantissa << exponent, True
    whole = abs(mantissa) >> -exponent
    return (-whole if mantissa < 0 else whole), whole << -exponent == abs(mantissa)


def number(value: Binary, bits: int = _MANTISSA) -> float | Decimal:
    """Return a binary number as a value: int, float, or what a float cannot hold.

    The digits are those that name it among the numbers of `bits` bits.

    >>> number(add(binary(0.1), binary(0.2))), number(divide((1, 0), (3, 0)))
    (0.3, Decimal('0.33333333333333333334'))
    """
    whole, is_integer = truncate(value)
    if is_integer and abs(whole) < 1 << bits:
        return whole
    if not is_integer:
        near = ldexp(value[0], value[1])
        if bits == DOUBLE or _read(repr(near)) == value:
            return _as_printed(near)
    digits, point = shortest_digits(value, bits)
    sign = -1 if value[0] < 0 else 1
    if is_integer:
        return sign * int(digits) * int(10 ** (point - len(digits)))
    return Decimal(sign * int(digits)).scaleb(point - len(digits))


def _as_printed(value: float) -> float:
    """Return a float that prints as Go prints it, an exponent from a million on."""
    if 1e-4 <= abs(value) < 1e6:
        return value
    text = general(value)
    return value if text == repr(value) else NumberLiteral(text)


def shortest_digits(value: Binary, bits: int = _MANTISSA) -> tuple[str, int]:
    """Return the fewest digits that name a binary number, and its decimal point.

    The number is 0.DIGITS times ten to the POINT. Of the decimals between the two
    neighbours' midpoints, the shortest prefix of the exact expansion is taken, rounded
    up or down, as Go does.

    >>> shortest_digits(binary(0.1)), shortest_digits((5, 1))
    (('1', 0), ('1', 2))
    """
    mantissa, exponent = abs(value[0]), value[1]
    # Halves of the last bit, whatever the width the mantissa has.
    shift = bits + 1 - mantissa.bit_length()
    middle, exponent = mantissa << shift, exponent - shift
    inclusive = not middle & 2
    digits, point = _expansion(middle, exponent)
    lower, _ = _expansion(middle - 1, exponent)
    upper, _ = _expansion(middle + 1, exponent)
    for i, digit in enumerate(digits):
        low = lower[i] if i < len(lower) else "0"
        high = upper[i] if i < len(upper) else "0"
        down = low != digit or (inclusive and i + 1 == len(lower))
        up = digit != high and (
            inclusive or int(digit) + 1 < int(high) or i + 1 < len(upper)
        )
        if down or up:
            rounds_up = up and (not down or _nearer_up(digits, i + 1))
            return _cut(digits, i + 1, point, up=rounds_up)
    return digits, point


def _nearer_up(digits: str, length: int) -> bool:
    """Tell whether cutting to `length` digits rounds up: half goes to even."""
    rest = digits[length:]
    if rest == "5":
        return digits[length - 1] in "13579"
    return rest >= "5"


def _cut(digits: str, length: int, point: int, *, up: bool) -> tuple[str, int]:
    kept = digits[:length]
    if up:
        raised = str(int(kept) + 1)
        point += len(raised) - length
        kept = raised
    return kept.rstrip("0"), point


def _expansion(mantissa: int, exponent: int) -> tuple[str, int]:
    """Return the exact decimal digits of m * 2**e, and the decimal point."""
    if exponent >= 0:
        digits = _digits(mantissa << exponent)
        return digits.rstrip("0"), len(digits)
    digits = _digits(mantissa * 5**-exponent)
    return digits.rstrip("0"), len(digits) + exponent


def _digits(value: int) -> str:
    """Return an integer's digits; `str` refuses more than a few thousand."""
    return format(Decimal(value), "f")


def _round(mantissa: int, exponent: int, bits: int = _MANTISSA) -> Binary:
    """Return m * 2**e with at most `bits` bits, half to even."""
    excess = mantissa.bit_length() - bits
    if excess <= 0:
        return _normal(mantissa, exponent)
    magnitude = abs(mantissa)
    kept, rest = magnitude >> excess, magnitude & ((1 << excess) - 1)
    half = 1 << excess - 1
    if rest > half or (rest == half and kept & 1):
        kept += 1
    return _normal(-kept if mantissa < 0 else kept, exponent + excess)


def _normal(mantissa: int, exponent: int) -> Binary:
    """Return the one pair that stands for m * 2**e: m is odd, or zero is (0, 0)."""
    if not mantissa:
        return 0, 0
    zeros = (mantissa & -mantissa).bit_length() - 1
    return mantissa >> zeros, exponent + zeros


def _quotient(a: int, b: int) -> Binary:
    """Return a / b; the bit below the last keeps what the division left."""
    shift = max(0, _MANTISSA + 2 + b.bit_length() - a.bit_length())
    quotient, rest = divmod(abs(a) << shift, abs(b))
    mantissa = quotient << 1 | (rest != 0)
    return _round(mantissa if (a < 0) == (b < 0) else -mantissa, -shift - 1)


def _power_of_five(n: int) -> Binary:
    """Return 5**n as Go computes it: squares rounded to twice the precision."""
    if n <= 27:
        return 5**n, 0
    result, factor, n = (5**27, 0), (5, 0), n - 27
    while n:
        if n & 1:
            product = result[0] * factor[0]
            result = _round(product, result[1] + factor[1], _POWER)
        factor = _round(factor[0] ** 2, 2 * factor[1], _POWER + _MANTISSA)
        n >>= 1
    return result
