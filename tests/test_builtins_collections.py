"""Sets, arrays, objects, graphs and the order of values keep their laws."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comply.plan.builtins import aggregates, arrays, comparison, graph, objects
from comply.plan.builtins import types as kinds
from comply.plan.builtins.failure import HaltError, OperandError
from comply.plan.builtins.signatures import (
    CONTEXTUAL,
    NONDETERMINISTIC,
    RELATIONS,
    SIGNATURES,
)
from comply.plan.values import (
    UNDEFINED,
    RegoSet,
    Value,
    compare,
    equal,
    freeze,
    is_number,
    show,
    sort,
)

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([0.5, 1.0, -0.0]),
    st.text("ab", max_size=2),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(RegoSet),
        st.dictionaries(st.text("ab", max_size=1), inner, max_size=3),
        st.lists(st.tuples(inner, inner), max_size=2).map(
            lambda pairs: {freeze(k): v for k, v in pairs}
        ),
    ),
    max_leaves=8,
)
sets = st.lists(values, max_size=5).map(RegoSet)
records = st.dictionaries(st.text("abc", max_size=1), values, max_size=4)


@given(values, values, values)
def test_order_is_total(a: Value, b: Value, c: Value) -> None:
    assert comparison.less(a, b) + comparison.greater(a, b) + equal(a, b) == 1
    assert comparison.less_or_equal(a, b) is comparison.greater_or_equal(b, a)
    assert comparison.not_equal(a, b) is not equal(a, b)
    if comparison.less_or_equal(a, b) and comparison.less_or_equal(b, c):
        assert comparison.less_or_equal(a, c)


@given(st.lists(values, max_size=6))
def test_sort_and_extremes(items: list[Value]) -> None:
    ordered = aggregates.ordered(items)
    assert len(ordered) == len(items)
    pairs = pairwise(ordered)
    assert all(compare(a, b) <= 0 for a, b in pairs)
    if items:
        assert equal(aggregates.minimum(items), ordered[0])
        assert equal(aggregates.maximum(items), ordered[-1])
    else:
        assert aggregates.maximum(items) is UNDEFINED


@given(sets, sets, sets)
def test_sets(a: RegoSet, b: RegoSet, c: RegoSet) -> None:
    assert aggregates.intersect(a, b) == aggregates.intersect(b, a)
    assert aggregates.unite(a, b) == aggregates.unite(b, a)
    left = aggregates.intersect(a, aggregates.unite(b, c))
    right = aggregates.unite(aggregates.intersect(a, b), aggregates.intersect(a, c))
    assert left == right
    both = aggregates.unite(aggregates.subtract(a, b), aggregates.intersect(a, b))
    assert both == a
    assert aggregates.union(RegoSet([a, b, c])) == aggregates.unite(
        aggregates.unite(a, b), c
    )
    assert aggregates.intersection(RegoSet([a, b])) == aggregates.intersect(a, b)


@given(sets, values)
def test_membership(members: RegoSet, item: Value) -> None:
    found = any(equal(item, member) for member in members)
    assert comparison.member(item, members) is found
    assert comparison.member(item, members.ordered()) is found
    assert comparison.member_at(item, item, members) is found
    assert comparison.member(item, {"k": item})
    assert comparison.member_at("k", item, {"k": item})
    assert not comparison.member_at("k", item, "k")


@given(st.lists(values), st.lists(values), st.integers(-2, 6), st.integers(-2, 6))
def test_arrays(a: list[Value], b: list[Value], start: int, stop: int) -> None:
    joined = arrays.concat(a, b)
    assert equal(arrays.array_slice(joined, 0, len(a)), a)
    assert equal(arrays.array_slice(joined, len(a), len(joined)), b)
    assert equal(arrays.reverse(arrays.reverse(a)), a)
    assert equal(arrays.flatten([a, b]), joined)
    assert len(arrays.array_slice(a, start, stop)) <= max(0, stop - max(0, start))


@given(records, records)
def test_object_union(a: dict[str, Value], b: dict[str, Value]) -> None:
    merged = objects.union(a, b)
    assert merged.keys() == a.keys() | b.keys()
    assert equal(objects.union(a, a), a)
    assert equal(objects.union(a, {}), a)
    assert equal(objects.union_n([a, b]), merged)
    simple = {k: v for k, v in b.items() if type(v) is not dict}
    assert objects.subset(merged, simple)


@given(records, st.lists(st.text("abc", max_size=1)))
def test_object_keys(record: dict[str, Value], names: list[str]) -> None:
    kept, rest = objects.keep(record, names), objects.remove(record, RegoSet(names))
    assert equal(objects.union(kept, rest), record)
    assert objects.keys(record) == RegoSet(record)
    assert equal(objects.keep(record, dict.fromkeys(names, 0)), kept)
    for name in names:
        wanted = record.get(name, "none")
        assert equal(objects.get(record, name, "none"), wanted)
        assert equal(objects.get(record, [name], "none"), wanted)


@given(values)
def test_walk_reaches_what_get_finds(value: Value) -> None:
    for path, inner in graph.walk(value):
        assert equal(objects.get({"top": value}, ["top", *path], "none"), inner)


nodes = st.text("abcd", min_size=1, max_size=1)
graphs = st.dictionaries(nodes, st.lists(nodes, max_size=3), max_size=4)


@given(graphs, st.lists(nodes, max_size=2))
def test_paths_end_within_reach(edges: dict[str, list[str]], start: list[str]) -> None:
    reached = graph.reachable(edges, start)
    for path in graph.reachable_paths(edges, RegoSet(start)):
        assert all(node in reached for node in path)
        assert path[0] in start
        pairs = pairwise(path)
        assert all(after in edges[before] for before, after in pairs)


def test_a_graph_of_too_many_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    assert graph._MOST_PATHS <= 100_000
    monkeypatch.setattr(graph, "_MOST_PATHS", 1_000)

    def layers(count: int) -> dict[str, list[str]]:
        sides = [(i, side) for i in range(count) for side in "ab"]
        return {f"{i}{side}": [f"{i + 1}a", f"{i + 1}b"] for i, side in sides}

    assert len(graph.reachable_paths(layers(9), ["0a"])) <= 1_000
    with pytest.raises(HaltError, match="paths"):
        graph.reachable_paths(layers(20), ["0a"])


@given(values)
def test_exactly_one_type(value: Value) -> None:
    questions = [
        kinds.is_array, kinds.is_boolean, kinds.is_null, kinds.is_object,
        kinds.is_set, kinds.is_string, is_number,
    ]  # fmt: skip
    assert sum(question(value) for question in questions) == 1


@given(st.lists(values, max_size=4))
def test_sets_print_alike_whatever_their_order(items: list[Value]) -> None:
    assert RegoSet(items) == RegoSet(reversed(items))
    assert len(show(RegoSet(items))) == len(show(RegoSet(reversed(items))))
    assert len(sort(items)) == len(items)


@pytest.mark.parametrize(
    ("whole", "part", "answer"),
    [
        ({"a": [1, 2, 3]}, {"a": [2, 3]}, True),
        ({"a": [1, 2, 3]}, {"a": [1, 3]}, False),
        ({"a": RegoSet([1, 2])}, {"a": RegoSet([2])}, True),
        ([1, 2], RegoSet([2]), True),
        ([], RegoSet(), False),
        ([[1, 2]], [[1]], False),
        ({"a": 1}, {"a": True}, False),
    ],
)
def test_subset(whole: Value, part: Value, *, answer: bool) -> None:
    assert objects.subset(whole, part) is answer


def test_subset_of_unlike_values() -> None:
    with pytest.raises(OperandError, match="must be of the same type"):
        objects.subset(RegoSet(), [])


def test_any_and_all() -> None:
    assert aggregates.any_true(RegoSet([1, True]))
    assert not aggregates.all_true([True, 1])
    with pytest.raises(OperandError, match=r"one of \{array, set\} but got string"):
        aggregates.any_true("x")


def test_the_table_of_all() -> None:
    assert len(SIGNATURES) > 200
    assert (CONTEXTUAL | RELATIONS | NONDETERMINISTIC) - SIGNATURES.keys() == set()
    for family, signature in SIGNATURES.values():
        operands, arrow, result = signature.rpartition("->")
        assert family.isidentifier()
        assert arrow
        assert result.strip()
        assert _balanced(operands)


def _balanced(text: str) -> bool:
    return text.count("[") == text.count("]")


def member_functions() -> dict[str, Any]:
    return comparison.BUILTINS


def test_equality_has_one_meaning() -> None:
    functions = member_functions()
    for name in ("assign", "eq", "equal"):
        assert functions[name](1, 1.0)
        assert not functions[name](1, True)
