"""Arithmetic keeps its laws, and stays exact where OPA is."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comply.plan.builtins import arithmetic, big_float, bits
from comply.plan.builtins.aggregates import product, total
from comply.plan.builtins.failure import BuiltinError, HaltError, OperandError
from comply.plan.values import NumberLiteral, RegoSet, general, is_number, number_text

integers = st.integers(-(10**40), 10**40)
small = st.integers(-(2**62), 2**62)
floats = st.floats(allow_nan=False, allow_infinity=False)
moderate = st.floats(-1e15, 1e15).filter(lambda x: x == 0 or abs(x) > 1e-15)


@given(integers, integers)
def test_integers_are_exact(a: int, b: int) -> None:
    assert arithmetic.plus(a, b) == a + b
    assert arithmetic.minus(a, b) == a - b
    assert arithmetic.multiply(a, b) == a * b


@given(small, small.filter(bool))
def test_quotient_and_remainder(a: int, b: int) -> None:
    rest = arithmetic.remainder(a, b)
    assert (a - rest) % b == 0
    assert abs(rest) < abs(b)
    assert rest == 0 or (rest < 0) == (a < 0)
    assert arithmetic.divide(a * b, b) == a or abs(a * b) >= 2**63


@given(floats)
def test_a_float_survives_the_binary_form(x: float) -> None:
    # An integer prints with zeros where its digits name it already.
    assert float(big_float.number(big_float.binary(x))) == x


@given(moderate, moderate)
def test_results_are_within_a_rounding(a: float, b: float) -> None:
    exact = Fraction(repr(a)) + Fraction(repr(b))
    error = abs(Fraction(number_text(arithmetic.plus(a, b))) - exact)
    assert error <= (abs(Fraction(repr(a))) + abs(Fraction(repr(b)))) / 2**62


@given(moderate, moderate)
def test_plus_and_times_commute(a: float, b: float) -> None:
    assert arithmetic.plus(a, b) == arithmetic.plus(b, a)
    assert arithmetic.multiply(a, b) == arithmetic.multiply(b, a)


@given(moderate)
def test_rounding_is_idempotent(x: float) -> None:
    for function in (
        arithmetic.ceiling,
        arithmetic.floor,
        arithmetic.round_half_away,
    ):
        once = function(x)
        assert type(once) is int
        assert function(once) == once
        assert abs(Fraction(repr(x)) - once) < 2


@given(st.integers(1, 2**70), st.integers(-300, 300))
def test_shortest_digits_name_the_number(mantissa: int, exponent: int) -> None:
    value = big_float.add((mantissa, exponent), (0, 0))
    digits, point = big_float.shortest_digits(value)
    read_back = NumberLiteral(f"0.{digits}e{point}")
    # Below a power of two the neighbour is nearer than Go reckons.
    assert value[0] == 1 or big_float.binary(read_back) == value
    assert len(digits) <= 21


@given(integers, st.sampled_from([2, 8, 10, 16]))
def test_format_and_read_back(number: int, base: int) -> None:
    assert int(arithmetic.format_integer(number, base), base) == number


@given(st.integers(-50, 50), st.integers(-50, 50), st.integers(1, 9))
def test_ranges(first: int, last: int, step: int) -> None:
    whole = arithmetic.number_range(first, last)
    assert whole[0] == first
    assert whole[-1] == last
    assert arithmetic.number_range(last, first) == whole[::-1]
    assert arithmetic.number_range_step(first, last, step) == whole[::step]


@given(st.lists(small), st.lists(small))
def test_sums_and_products_split(a: list[int], b: list[int]) -> None:
    assert total(a + b) == arithmetic.plus(total(a), total(b))
    assert product(a + b) == arithmetic.multiply(product(a), product(b))
    assert total(RegoSet(a)) == sum(set(a))


@given(integers, st.integers(0, 200))
def test_shifts_undo_each_other(number: int, places: int) -> None:
    assert bits.shift_right(bits.shift_left(number, places), places) == number
    assert bits.negate(bits.negate(number)) == number


@given(integers, integers)
def test_bits_obey_de_morgan(a: int, b: int) -> None:
    both = bits.bits_and(a, b)
    assert bits.negate(both) == bits.bits_or(bits.negate(a), bits.negate(b))
    assert bits.bits_xor(a, b) == bits.bits_or(a, b) - both


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (arithmetic.plus(0.1, 0.2), "0.3"),
        (arithmetic.divide(1, 3), "0.33333333333333333334"),
        (arithmetic.divide(2, 3), "0.6666666666666666667"),
        (arithmetic.plus(1234567.25, 0.5), "1.23456775e+06"),
        (arithmetic.multiply(NumberLiteral("1e-7"), 1), "1e-07"),
        (arithmetic.plus(NumberLiteral("1e30"), 1), "1" + "0" * 29 + "1"),
        (arithmetic.absolute(-(10**20 + 1)), "100000000000000000000"),
        (arithmetic.ceiling(10**29 + 1), "99999999999999999997315645440"),
        (arithmetic.multiply(0.5, Decimal("0.33333333333333333334")),
         "0.16666666666666666667"),
    ],
)  # fmt: skip
def test_how_results_print(value: float, text: str) -> None:
    assert is_number(value)
    assert number_text(value) == text


def test_go_notation() -> None:
    assert general(100000.0) == "100000"
    assert general(1e6) == "1e+06"
    assert general(-0.5) == "-0.5"
    assert general(0.0) == "0"
    assert general(float("inf")) == "inf"


def test_what_a_rule_may_not_spend() -> None:
    with pytest.raises(HaltError, match="range of more than"):
        arithmetic.number_range(0, 10**12)
    with pytest.raises(HaltError, match="shift of more than"):
        bits.shift_left(1, 10**9)
    with pytest.raises(HaltError, match="product of more than"):
        arithmetic.multiply(1 << 6_000_000, 1 << 6_000_000)
    with pytest.raises(BuiltinError, match="out of range"):
        arithmetic.plus(float("inf"), 1)
    with pytest.raises(BuiltinError, match="out of range"):
        arithmetic.plus(NumberLiteral("1e999999999"), 0.5)


def test_a_boolean_is_no_number() -> None:
    for function in (arithmetic.plus, arithmetic.minus, arithmetic.multiply):
        with pytest.raises(OperandError, match="got boolean"):
            function(1, True)
    with pytest.raises(OperandError, match="integer but got boolean"):
        arithmetic.number_range(True, 3)
