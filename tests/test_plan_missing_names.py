"""Names that an object lacks: all looked up at once, and one by one where some are absent."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import comply

RULES = """package a

import rego.v1

required := {"a", "b", "c"}

missing := {k | some k in required; not input.x[k]}

lacks contains r.id if {
	some r in input.rs
	lacking := {k | some k in required; not r.tags[k]}
	count(lacking) > 0
}

set_tags contains r.id if {
	some r in input.rs
	r.tags != null
	lacking := {k | some k in required; not r.tags[k]}
	count(lacking) > 0
}

many := {k | input.x != null; some k in {"1", "2", "3", "4", "5", "6", "7", "8", "9"}; not input.x[k]}

numbers := {k | input.x != null; some k in {1, 2}; not input.x[k]}
"""
POLICY = comply.rego.compile({"a.rego": RULES})

values: st.SearchStrategy[Any] = st.sampled_from(
    [True, False, None, 0, "", "x", [], {}]
)
objects = st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), values)
anything = objects | st.sampled_from([None, 3, "abc", ["a", "b", "c"]])


def lacking(x: Any) -> list[str]:
    found = x if isinstance(x, dict) else {}
    return [k for k in ("a", "b", "c") if found.get(k, False) is False]


@given(anything)
def test_what_is_absent_or_false_is_missing(x: Any) -> None:
    assert POLICY.eval("data.a.missing", input={"x": x}) == lacking(x)


@given(st.lists(anything))
def test_in_a_loop_as_well(found: list[Any]) -> None:
    rs = [{"id": i, "tags": tags} for i, tags in enumerate(found)]
    expected = [r["id"] for r in rs if lacking(r["tags"])]
    assert POLICY.eval("data.a.lacks", input={"rs": rs}) == expected
    held = [i for i in expected if found[i] is not None]
    assert POLICY.eval("data.a.set_tags", input={"rs": rs}) == held


@pytest.mark.parametrize(
    ("rule", "found"),
    [("many", ["2", "3", "4", "5", "6", "7", "8", "9"]), ("numbers", [1, 2])],
)
def test_many_names_and_numbers_are_asked_one_by_one(rule: str, found: object) -> None:
    assert POLICY.eval(f"data.a.{rule}", input={"x": {"1": 1}}) == found
    assert POLICY.program.code.text.count("['c'] is not False") == 3
    assert "['9'] is not False" not in POLICY.program.code.text


def test_an_input_without_the_object_lacks_all() -> None:
    assert POLICY.eval("data.a.missing", input={}) == ["a", "b", "c"]
