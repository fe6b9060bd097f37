"""Indexes of collections: made when they are asked, or by a scan that comes before."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comply.plan.builtins.failure import Evaluation
from comply.plan.indexes import build_index, indexing, partition
from comply.plan.runtime import Context, values
from comply.plan.values import RegoSet, Value

PATH = ("xs",)
NAME = (PATH, ("kind",))

kinds = st.sampled_from(("a", "b", "c"))
elements = st.one_of(
    st.fixed_dictionaries({"kind": kinds}),
    st.fixed_dictionaries({"kind": st.sampled_from((None, 1, "a"))}),
    st.just({"other": 1}),
    st.just(7),
)
collections = st.one_of(
    st.lists(st.fixed_dictionaries({"kind": kinds})),
    st.lists(elements),
    st.dictionaries(st.text(max_size=2), elements),
    st.sampled_from((None, 3, "text")),
)


def context_of(source: Value) -> Context:
    return Context((None, {}), {"xs": source}, {}, Evaluation(now_ns=0))


def scan(context: Context) -> list[Value]:
    """Return what a scan of all elements meets."""
    source = context.input["xs"]
    return list(indexing(context, values(source), PATH, "kind"))


@given(collections)
def test_a_scan_meets_what_it_would_without_an_index(source: Value) -> None:
    context = context_of(source)
    for _ in range(2):
        assert scan(context) == list(values(source))


@given(collections)
def test_what_a_scan_makes_is_the_index(source: Value) -> None:
    context = context_of(source)
    scan(context)
    index = build_index(context.input, PATH, ("kind",))
    assert context.indexes.get(NAME, index) == index


def test_elements_with_a_text_make_an_index() -> None:
    xs: list[Value] = [{"kind": "a"}, {"kind": "b"}, {"kind": "a"}]
    context = context_of(xs)
    scan(context)
    assert context.indexes == {NAME: {"a": [xs[0], xs[2]], "b": [xs[1]]}}
    made = context.indexes[NAME]
    scan(context)
    assert context.indexes[NAME] is made
    assert partition(context, PATH, ("kind",), "b") == [xs[1]]


@pytest.mark.parametrize(
    "odd", [{}, {"kind": 1}, {"kind": ["a"]}, {"kind": {"a": 1}}, None, [0], "text"]
)
def test_one_element_without_a_text_makes_none(odd: Any) -> None:
    context = context_of([{"kind": "a"}, odd, {"kind": "b"}])
    assert len(scan(context)) == 3
    assert context.indexes == {}
    assert partition(context, PATH, ("kind",), "b") == [{"kind": "b"}]


def test_a_scan_that_ends_early_makes_none() -> None:
    context = context_of([{"kind": "a"}, {"kind": "b"}])
    for _ in indexing(context, values(context.input["xs"]), PATH, "kind"):
        break
    assert context.indexes == {}


def test_an_index_that_was_asked_meanwhile_stays() -> None:
    context = context_of([{"kind": "a"}, {"kind": "b"}])
    asked = []
    for _ in indexing(context, values(context.input["xs"]), PATH, "kind"):
        partition(context, PATH, ("kind",), "a")
        asked.append(context.indexes[NAME])
    assert context.indexes[NAME] is asked[0]


def test_sets_have_indexes() -> None:
    context = context_of(RegoSet([{"kind": "a"}]))
    scan(context)
    assert list(context.indexes[NAME]) == ["a"]
