"""A compiled policy: what it keeps, and queries against it."""

import pytest

import comply
from comply.plan.runtime import EvaluationError
from comply.rego import RegoError
from comply.rego.parser import parse_module
from comply.rego.policy import Policy, compile_parsed
from comply.source import Source

TEXT = "package a\n\np := q\n\nq := input.x\n\nf(x) := x * 2\n"


@pytest.fixture
def policy() -> Policy:
    made: Policy = comply.rego.compile({"a.rego": TEXT})
    return made


def test_a_query_is_compiled_once(policy: Policy) -> None:
    assert policy.query("data.a.f(2, y)") == [{"y": 4}]
    (program,) = policy.queries.values()
    assert policy.query("data.a.f(2, y)") == [{"y": 4}]
    assert list(policy.queries.values()) == [program]


def test_plans_before_and_after_the_passes(policy: Policy) -> None:
    assert [rule.path for rule in policy.plan.rules] == [
        rule.path for rule in policy.written.rules
    ]
    assert policy.modules[0].package == ("a",)


def test_entry_rules_have_units() -> None:
    module = parse_module(
        Source("a", "package a\n\ndeny contains x if some x in input.xs\n")
    )
    made = compile_parsed((module,), frozenset({("data", "a", "deny")}))
    ((entry, units),) = made.program.entries.items()
    assert entry in made.plan.entries
    assert units[0].path == ("xs",)


def test_a_place_in_a_query(policy: Policy) -> None:
    error = EvaluationError("eval_conflict_error", "m", 1, 3)
    located = policy.located(error, "a\nb")
    assert isinstance(located, RegoError)
    assert str(located.span) == "query:2:2"


def test_no_modules_at_all() -> None:
    empty = comply.rego.compile({})
    assert empty.query("x = 1 + 1") == [{"x": 2}]
    assert empty.eval("data") == {}
    assert empty.eval("data.x", data={"x": 1}) == 1


def test_an_empty_package_is_an_empty_object() -> None:
    assert comply.rego.compile({"a": "package a.b\n"}).eval("data.a") == {"b": {}}


def test_every_error_of_every_stage() -> None:
    with pytest.raises(RegoError) as caught:
        comply.rego.compile(
            {
                "a.rego": "package a\n\np := x\n\nq := nothing(1)\n\n"
                "r := 1 if { y := 1; y := 2 }\n"
            }
        )
    assert {e.span.row for e in caught.value.errors if e.span} == {3, 5, 7}


def test_documents_may_be_lists_and_scalars(policy: Policy) -> None:
    assert policy.query("x = input", input=[1]) == [{"x": [1]}]
    assert policy.query("x = input", input=None) == [{"x": None}]
    assert policy.query("x = input") == []
    assert policy.query("x = data.z[1]", data={"z": [1, 2]}) == [{"x": 2}]


def test_a_key_that_is_no_string() -> None:
    made = comply.rego.compile(
        {"a": "package a\n\np[x] := 1 if some x in [1, true, [2]]\n"}
    )
    assert made.eval("data.a.p") == {"1": 1, "true": 1, "[2]": 1}
    assert made.query("data.a.p[1] = x") == [{"x": 1}]
    assert made.query("data.a.p[[2]] = x") == [{"x": 1}]
    with pytest.raises(RegoError, match="undefined ref"):
        made.query('data.a.p["1"] = x')
