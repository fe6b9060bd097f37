"""Values: Rego's equality, order and text on Python's types."""

import itertools
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comply.plan.values import (
    FALSE,
    TRUE,
    UNDEFINED,
    NumberLiteral,
    RegoSet,
    Undefined,
    Value,
    compare,
    equal,
    freeze,
    general,
    is_number,
    number_text,
    ordered_items,
    quote,
    show,
    sort,
    thaw,
    to_json,
    type_name,
)

numbers = st.one_of(
    st.integers(-3, 3),
    st.integers(),
    st.sampled_from([0.5, 1.0, -1.5, 2.0]),
    st.sampled_from(["1e3", "1.50", "2.0"]).map(NumberLiteral),
    st.sampled_from(["1.25", "1E+400", "3"]).map(Decimal),
)
scalars = st.one_of(
    st.none(), st.booleans(), numbers, st.text(max_size=4), st.sampled_from("ab")
)


def composites(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    pairs = st.lists(st.tuples(inner, inner), max_size=3)
    return st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(RegoSet),
        pairs.map(lambda items: {freeze(k): v for k, v in items}),
    )


values = st.recursive(scalars, composites, max_leaves=8)


@given(values, values)
def test_keys_are_equal_where_values_are(a: Value, b: Value) -> None:
    assert equal(a, b) is (freeze(a) == freeze(b))
    if equal(a, b):
        assert hash(freeze(a)) == hash(freeze(b))


@given(values, values)
def test_the_order_knows_equality(a: Value, b: Value) -> None:
    assert (compare(a, b) == 0) is equal(a, b)
    assert compare(a, b) == -compare(b, a)


@given(values, values, values)
def test_the_order_is_transitive(a: Value, b: Value, c: Value) -> None:
    low, middle, high = sort([a, b, c])
    assert compare(low, middle) <= 0
    assert compare(middle, high) <= 0
    assert compare(low, high) <= 0


@given(values)
def test_a_key_leads_back_to_its_value(a: Value) -> None:
    assert equal(thaw(freeze(a)), a)
    assert type_name(thaw(freeze(a))) == type_name(a)


@given(st.lists(values, max_size=5))
def test_a_set_holds_each_member_once(items: list[Value]) -> None:
    made = RegoSet(items)
    assert all(item in made for item in items)
    assert all(equal(made[freeze(item)], item) for item in items)
    assert made == RegoSet(reversed(items))
    assert hash(made) == hash(RegoSet(reversed(items)))
    assert len(made.ordered()) == len(made) == len(list(made))
    assert made.ordered() is made.ordered()


def test_ranks() -> None:
    ranked: list[Value] = [None, False, True, -1, 0.5, 7, "", "a", [], {}, RegoSet()]
    assert all(compare(a, b) < 0 for a, b in itertools.pairwise(ranked))
    names = ["null", "boolean", "number", "string", "array", "object", "set"]
    assert list(dict.fromkeys(map(type_name, ranked))) == names


def test_booleans_are_no_numbers() -> None:
    assert not equal(True, 1)
    assert not equal(0, False)
    assert not equal([True], [1])
    assert not is_number(True)
    assert len(RegoSet([1, True, 1.0, NumberLiteral("1.0")])) == 2
    assert (repr(TRUE), repr(FALSE)) == ("BooleanKey(True)", "BooleanKey(False)")


def test_an_array_is_no_key_of_an_object() -> None:
    assert freeze([False, []]) != freeze({})
    assert freeze({"a": 1}) != freeze([["a", 1]])


def test_undefined_is_nothing() -> None:
    assert isinstance(UNDEFINED, Undefined)
    assert repr(UNDEFINED) == "UNDEFINED"
    assert not UNDEFINED


def test_strings_are_ordered_by_their_bytes() -> None:
    assert sort(["é", "z", "\N{GRINNING FACE}", "￿"]) == [
        "z", "é", "￿", "\N{GRINNING FACE}",
    ]  # fmt: skip
    assert compare("￿", "\N{GRINNING FACE}") < 0


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (RegoSet(), "set()"),
        (RegoSet(["b", RegoSet([1])]), '{"b", {1}}'),
        ({freeze([1]): True, "a": None}, '{"a": null, [1]: true}'),
        ({}, "{}"),
        ([NumberLiteral("1e3"), 0.1], "[1e3, 0.1]"),
        ('a"\\\n\t\x07\x1f\x7f', '"a\\"\\\\\\n\\t\\a\\x1f\\x7f"'),
        ("é\u2028\ue000", '"é\\u2028\\ue000"'),
        ("\U000e0001", '"\\U000e0001"'),
        ("\udc80\ud800", '"\\x80\ufffd"'),
    ],
)
def test_values_as_rego_writes_them(value: Value, text: str) -> None:
    assert show(value) == text


def test_a_set_says_what_it_holds() -> None:
    assert repr(RegoSet([2, 1])) == "RegoSet([1, 2])"
    assert RegoSet([1]) != [1]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"), (100000.0, "100000"), (1e6, "1e+06"), (1234567.5, "1.2345675e+06"),
        (0.0001, "0.0001"), (0.00001, "1e-05"), (-2.5, "-2.5"), (0.0, "0"),
        (Decimal("Infinity"), "Infinity"), (Decimal(120), "120"),
    ],
)  # fmt: skip
def test_numbers_as_go_writes_them(value: float | Decimal, text: str) -> None:
    assert general(value) == text


def test_a_literal_keeps_its_text() -> None:
    assert number_text(NumberLiteral("1.50")) == "1.50"
    assert number_text(10) == "10"
    assert number_text(Decimal("2E+308")) == "2e308"
    assert number_text(10**5000) == "1" + "0" * 5000


def test_json_has_no_sets_and_no_other_keys() -> None:
    value = {
        "s": RegoSet([2, "a", RegoSet()]),
        freeze(1): [True],
        freeze(RegoSet(["x"])): Decimal("1.5"),
        freeze({"b": 1}): Decimal("1E+400"),
    }
    assert to_json(value) == {
        "s": [2, "a", []],
        "1": [True],
        '["x"]': 1.5,
        '{"b":1}': 10**400,
    }


@given(values)
def test_what_is_shown_of_an_object_is_in_order(a: Value) -> None:
    if type(a) is dict:
        keys = [key for key, _ in ordered_items(a)]
        assert all(compare(x, y) < 0 for x, y in itertools.pairwise(keys))
    assert isinstance(show(a), str)


def test_quoting_leaves_plain_text() -> None:
    assert quote("plain text") == '"plain text"'
