"""Clauses of a set that share a loop: which do, and that it does not show."""

from itertools import combinations
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

import comply
from comply.plan import ir
from comply.plan.merge import merge

BODIES = [
    'some r in input.xs; r.a == 1; m := sprintf("one %v", [r.n])',
    'some r in input.xs; r.a == 2; m := sprintf("two %v", [r.n])',
    'some x in input.xs; x.a == 1; m := sprintf("named %v", [x.n])',
    "some r in input.xs; not r.a; m := r.n",
    "some r in input.xs; r.a; ys := [y | some y in r.ys]; m := count(ys)",
    "some r in input.xs; r.a; ys := {y | some y in r.ys; y > 1}; m := count(ys)",
    "some r in input.xs; r.a; every y in r.ys { y > 1 }; m := r.n",
    "some r in input.xs; some y in r.ys; y > r.a; m := [r.n, y]",
    "some r in input.xs; some y in r.ys; y == r.a; z := y; m := [r.n, z]",
    "some z in input.xs; some r in z.ys; m := r",
    'some r in input.xs; r.t == "k"; m := r.n',
    'some r in input.xs; r.t == "k"; r.a == 1; m := [r.n]',
    'some x in input.xs; x.t == "k"; not x.a; m := {x.n}',
    "some i, r in input.xs; r.a == 1; m := i",
    "some i, r in input.xs; r.a == 2; m := i",
    "r := input.xs[_]; r.a == input.k; m := r.n",
    "input.k; some r in input.xs; r.a == 1; m := r.n",
    "input.k; some r in input.xs; r.a == 1; m := r.t with input.xs as [1]",
]


def text(*bodies: str) -> str:
    rules = (f"deny contains m if {{ {body} }}" for body in bodies)
    return "\n\n".join(["package a", "import rego.v1", *rules, ""])


def clauses_of(*bodies: str) -> dict[int, ir.Clause]:
    policy = comply.rego.compile({"a.rego": text(*bodies)})
    (rule,) = policy.plan.rules
    return {i: chain[0] for i, chain in enumerate(rule.chains)}


def test_what_begins_alike_is_one_group() -> None:
    clauses = clauses_of(*BODIES[3:7], BODIES[13])
    first, *others = merge(clauses)
    assert first.clauses == (0, 1, 2, 3)
    assert [group.clauses for group in others] == [(4,)]
    assert [g.clauses for g in merge(clauses_of(*BODIES[:3]))] == [(0, 2), (1,)]
    assert sum(isinstance(step, ir.Scan) for step in first.prefix) == 1
    assert len(first.tails) == 4


def test_names_of_tails_are_their_own() -> None:
    (group,) = merge(clauses_of(*BODIES[10:13]))
    values = {tail.value for tail in group.tails}
    assert len(values) == len(group.tails) == 3
    assert group.needed


def test_what_a_with_replaces_is_not_shared() -> None:
    body = "some r in input.xs with input.xs as [{}]; m := r.n"
    groups = list(merge(clauses_of(body, body)))
    assert [group.clauses for group in groups] == [(0,), (1,)]


def test_numbers_written_in_two_ways_are_two_constants() -> None:
    one, other = (f"some r in input.xs; m := [r.n, {n}]" for n in ("1", "1.0"))
    (group,) = merge(clauses_of(one, other))
    assert all(tail.steps for tail in group.tails)


def test_two_clauses_find_what_each_finds() -> None:
    xs = [
        {"n": "p", "a": 1, "t": "k", "ys": [1, 2, 3]},
        {"n": "q", "a": 2, "t": "k", "ys": []},
        {"n": "r", "t": "l", "ys": [2, 3]},
        {"n": "s", "a": False},
        7,
    ]
    for one, other in combinations(range(len(BODIES)), 2):
        check(one, other, {"k": 1, "xs": xs})


elements = st.fixed_dictionaries(
    {},
    optional={
        "n": st.sampled_from(["p", "q"]),
        "a": st.sampled_from([0, 1, 2, False, None, "k"]),
        "t": st.sampled_from(["k", "l", 1]),
        "ys": st.lists(st.sampled_from([0, 1, 2, 3, "a"]), max_size=3) | st.just(5),
    },
)
inputs = st.fixed_dictionaries(
    {
        "xs": st.lists(elements, max_size=4)
        | st.dictionaries(st.text(max_size=1), elements)
    },
    optional={"k": st.sampled_from([1, 2, False])},
)
numbers = st.integers(0, len(BODIES) - 1)


@given(numbers, numbers, inputs)
def test_clauses_find_what_each_finds(
    one: int, other: int, given_: dict[str, Any]
) -> None:
    check(one, other, given_)


def check(one: int, other: int, given_: dict[str, Any]) -> None:
    both = comply.rego.compile({"a.rego": text(BODIES[one], BODIES[other])})
    alone = [comply.rego.compile({"a.rego": text(BODIES[i])}) for i in (one, other)]
    found = both.query("some m in data.a.deny", input=given_)
    parts = [
        row for p in alone for row in p.query("some m in data.a.deny", input=given_)
    ]
    assert sorted(map(repr, found)) == sorted({repr(row) for row in parts})
