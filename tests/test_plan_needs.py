"""How much of the input a plan reads, and that the rest does not matter."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.shared_data import SHARED, json_lines

import comply
from comply.plan.needs import needs
from comply.plan.shape import Shape, project, united
from comply.rego import RegoError
from comply.rego.policy import Policy

BASICS = "package a\n\nimport rego.v1\n\n"


def compiled(text: str) -> Policy:
    made: Policy = comply.rego.compile({"a.rego": BASICS + text})
    return made


def shape_of(policy: Policy, *names: str) -> Shape:
    """Return what rules of a policy need."""
    wanted = {("data", "a", name) for name in names}
    entries = frozenset(r.id for r in policy.plan.rules if r.path in wanted)
    assert len(entries) == len(names)
    return needs(replace(policy.plan, entries=entries))


RULES: dict[str, tuple[str, Shape]] = {
    "a member": ("p := input.a.b", {"a": {"b": None}}),
    "whether it is there": ("p if input.a.b", {"a": {"b": None}}),
    "members of elements": (
        "p contains x.n if { some x in input.xs; x.t == 1 }",
        {"xs": [{"n": None, "t": None}]},
    ),
    "elements as such": ("p contains x if { some x in input.xs; x.t == 1 }", {"xs": [None]}),
    "an indexed lookup": (
        "p contains x.n if { some x in input.xs; x.t == input.k }",
        {"k": None, "xs": [{"n": None, "t": None}]},
    ),
    "a helper that searches": (
        """p contains x.n if { some x in input.xs; not has(x.t) }

        has(t) if { some y in input.ys; y.t == t; y.ok }""",
        {"xs": [{"n": None, "t": None}], "ys": [{"ok": None, "t": None}]},
    ),
    "an operand of a function": (
        "p contains x.n if { some x in input.xs; f(x) > 1 }\n\nf(y) := y.m.k",
        {"xs": [{"m": {"k": None}, "n": None}]},
    ),
    "what a function hands back": (
        "p contains f(x).k if some x in input.xs\n\nf(y) := y.m",
        {"xs": [{"m": {"k": None}}]},
    ),
    "a rule that names a collection": (
        "p contains x.n if some x in all\n\nall := input.a.xs",
        {"a": {"xs": [{"n": None}]}},
    ),
    "how many elements": (
        "p := count([x | some x in input.xs; x.t == 1])",
        {"xs": [{"t": None}]},
    ),
    "how many members": ("p if { count(input.a) > input.a.k }", {"a": None}),
    "an array of elements": (
        'p := sprintf("%v", [[x | some x in input.xs; x.t == 1]])',
        {"xs": [None]},
    ),
    "an array that is walked": (
        "p contains y.n if { ys := [x | some x in input.xs; x.t]; some y in ys }",
        {"xs": [{"n": None, "t": None}]},
    ),
    "every": (
        "p if every x in input.xs { x.t == 1 }",
        {"xs": [{"t": None}]},
    ),
    "a key that is computed": (
        "p contains k if { some k in input.xs; not input.m[k].z }",
        {"m": [{"z": None}], "xs": [None]},
    ),
    "a replaced input": ("p if q with input.k as 1\n\nq if input.k == 1", None),
    "all of it": ("p := count(input)", None),
    "walk": ("p contains v if walk(input.a, [_, v])", {"a": None}),
    "keys and values": ("p[k] := v.n if some k, v in input.m", {"m": [{"n": None}]}),
    "an object of elements": (
        "p := {k: v | some k, v in input.m; v.n}",
        {"m": [None]},
    ),
    "members and elements": (
        "p contains 1 if { input.m.k; some x in input.m; x.y == 1 }",
        {"m": None},
    ),
    "else": (
        "p := input.a.x if input.b.c else := input.d.e",
        {"a": {"x": None}, "b": {"c": None}, "d": {"e": None}},
    ),
    "a package as an object": (
        "p := data.a.inner\n\ninner.q := input.a.b",
        {"a": {"b": None}},
    ),
    "nothing": ("p := 1", {}),
    "arrays and objects that are made": (
        'p := {"k": [input.a.x, {input.a.y}]}',
        {"a": {"x": None, "y": None}},
    ),
    "an array that is taken apart": (
        "p := y if { [_, y] = [input.a, input.b.c] }",
        {"a": None, "b": {"c": None}},
    ),
    "the length of an array": ("p if { [_, _] = input.a }", {"a": None}),
    "a set of two derivations": (
        "p := x if { some x in input.xs; x.t == 1 }",
        {"xs": [None]},
    ),
    "object.get": (
        'p := object.get(input.a, "k", input.b).n',
        {"a": {"k": {"n": None}}, "b": {"n": None}},
    ),
    "object.get of a path": (
        'p contains object.get(x, ["m", "k"], 0) if some x in input.xs',
        {"xs": [{"m": {"k": None}}]},
    ),
    "object.get of what is asked for": (
        "p := object.get(input.a, input.k, input.b).n",
        {"a": None, "b": None, "k": None},
    ),
    "object.get of no path": ("p := object.get(input.a, [], 1)", {"a": None}),
    "object.get that only has to succeed": (
        'p if object.get(input.a, "k", false)',
        {"a": {"k": None}},
    ),
    "the type of an object": (
        "p contains x.m.k if { some x in input.xs; is_object(x.m) }",
        {"xs": [{"m": {"k": None}}]},
    ),
    "a member with one of some names": (
        'p contains k if { some k in {"a", "b"}; input.m[k].z == 1 }',
        {"m": {"a": {"z": None}, "b": {"z": None}}},
    ),
    "a member whose name the input may give": (
        'p contains 1 if { some x in input.xs; some k in ["a", x.k]; input.m[k] == 1 }',
        {"m": [None], "xs": [{"k": None}]},
    ),
    "an array of elements that is counted first": (
        """p contains x.n if { count(some_xs) > 1; some x in some_xs }

        some_xs := [x | some x in input.xs; x.t == 1]""",
        {"xs": [{"n": None, "t": None}]},
    ),
    "a recursive shape": (
        "p contains y.n if { some x in input.xs; some y in [x, x.next]; y.n }",
        {"xs": [{"n": None, "next": None}]},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "shape"), RULES.values(), ids=RULES)
def test_what_a_rule_needs(text: str, shape: Shape) -> None:
    assert shape_of(compiled(text), "p") == shape


def test_rules_that_nobody_asks_for_need_nothing() -> None:
    policy = compiled("p := input.a\n\nq := count(input)")
    assert shape_of(policy, "p") == {"a": None}
    assert shape_of(policy, "p", "q") is None


keys = st.sampled_from(["a", "b", "k", "m", "n", "t", "x", "y", "z", "ok", "c", "next"])
leaves = st.sampled_from([0, 1, 2, "a", "b", True, False, None, 1.5])
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4)
    ),
    max_leaves=8,
)
elements = st.dictionaries(keys, values, max_size=5) | leaves
inputs = st.fixed_dictionaries(
    {},
    optional={
        "a": values,
        "b": values,
        "d": values,
        "k": leaves,
        "m": values,
        "xs": st.lists(elements, max_size=4) | values,
        "ys": st.lists(elements, max_size=4),
    },
)
POLICIES = {name: compiled(text) for name, (text, _) in RULES.items()}


def answer(policy: Policy, query: str, given: object, data: Any = None) -> object:
    try:
        return json.dumps(policy.eval(query, input=given, data=data or {}), default=str)
    except RegoError as error:
        return error.code


@given(st.sampled_from(list(RULES)), inputs)
def test_the_rest_does_not_matter(name: str, given_input: dict[str, Any]) -> None:
    policy = POLICIES[name]
    part = project(shape_of(policy, "p"), given_input)
    assert answer(policy, "data.a.p", part) == answer(policy, "data.a.p", given_input)


def test_the_rest_does_not_matter_to_published_policies() -> None:
    cases = [
        c
        for c in json_lines(SHARED / "conformance" / "opa" / "cases.jsonl")
        if "input" in c
    ]
    if not cases:
        pytest.skip(f"no suite in {SHARED} (set COMPLY_SHARED)")
    told = 0
    for case in cases:
        texts = {f"{i}.rego": text for i, text in enumerate(case["modules"])}
        try:
            policy = comply.rego.compile(texts)
        except RegoError:
            continue
        for rule in policy.plan.rules:
            if rule.kind == "function" or "rand" in case["note"]:
                continue
            shape = needs(replace(policy.plan, entries=frozenset({rule.id})))
            query = "data" + "".join(f"[{json.dumps(x)}]" for x in rule.path[1:])
            part = project(shape, case["input"])
            whole = answer(policy, query, case["input"], case.get("data"))
            assert answer(policy, query, part, case.get("data")) == whole, case["note"]
            told += shape is not None
    assert told > 100


shapes = st.recursive(
    st.none(),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=1)
        | st.dictionaries(keys, inner, max_size=3)
    ),
    max_leaves=6,
)


@given(shapes, shapes, values)
def test_a_union_covers_both(one: Shape, other: Shape, value: Any) -> None:
    both = united(one, other)
    assert both == united(other, one)
    assert united(both, one) == both
    kept = project(both, value)
    assert project(one, kept) == project(one, value)
    assert project(other, kept) == project(other, value)
