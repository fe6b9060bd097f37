"""Code that reports its way means the same as code that does not."""

from typing import Any

import pytest

from comply.plan.builtins.failure import Evaluation
from comply.plan.emit import print_plan
from comply.plan.probe import MOST_EVENTS, EnoughError, Event, Probes, recorder
from comply.plan.runtime import Context
from comply.plan.values import UNDEFINED, to_json
from comply.rego.modules import plan_modules
from comply.rego.parser import parse_module
from comply.rego.policy import compile_modules
from comply.rego.tracing import as_it_is, trace_modules
from comply.source import Source

POLICY = """\
package p
import rego.v1

deny contains msg if {
	some i, r in input.rs
	r.type in {"a", "b"}
	not r.ok
	every t in r.tags { startswith(t, "x") }
	names := {n | some n in r.tags; n != "x0"}
	count(names) > 0
	msg := sprintf("%d %s", [i, concat(",", sort(names))])
}

total := sum([r.n | some r in input.rs; r.n > 1])

f(x) := "big" if { x > 10 } else := "small"

sizes[r.id] := f(r.n) if some r in input.rs

allow if { total > 3; not deny }

mocked := x if { x := total with input.rs as [{"n": 40}] }

walked contains path if { walk(input, [path, "needle"]) }
"""

INPUT = {
    "rs": [
        {"type": "a", "tags": ["x0", "x1"], "n": 2, "id": "one"},
        {"type": "b", "tags": ["y"], "n": 20, "id": "two"},
        {"type": "c", "tags": ["needle"], "n": 1, "id": "three", "ok": True},
    ]
}
RULES = ("deny", "total", "sizes", "allow", "mocked", "walked")


def _traced(name: str) -> tuple[Any, list[Event]]:
    traced = trace_modules((parse_module(Source("p.rego", POLICY)),))
    events: list[Event] = []
    evaluation = Evaluation(probe=recorder(events))
    context = Context(traced.program.tree, INPUT, {}, evaluation)
    [rule] = [r for r in traced.plan.rules if r.path[-1] == name]
    return traced.program.rules[rule.id](context), events


@pytest.mark.parametrize("name", RULES)
def test_the_answer_is_the_same(name: str) -> None:
    value, events = _traced(name)
    wanted = compile_modules({"p.rego": POLICY}).eval(f"data.p.{name}", INPUT)
    assert events
    assert (value if value is UNDEFINED else to_json(value)) == wanted


def test_code_without_probes_has_no_trace_of_them() -> None:
    plan = plan_modules(
        (parse_module(Source("p.rego", POLICY)),), improve=as_it_is
    ).plan
    assert "probe" not in print_plan(plan).text
    probes = Probes()
    text = print_plan(plan, probes).text
    assert text.count("evaluation.probe(") == len(probes.points)


def test_a_loop_tells_what_it_is_at() -> None:
    source = (
        "package p\nimport rego.v1\nkeys contains k if { some k, _ in input.rs; true }"
    )
    traced = trace_modules((parse_module(Source("p.rego", source)),))
    events: list[Event] = []
    context = Context(
        traced.program.tree, INPUT, {}, Evaluation(probe=recorder(events))
    )
    traced.program.rules[0](context)
    keys = [v for n, v in events if traced.points[n].kind == "yield"]
    assert keys == [(0,), (1,), (2,)]


def test_a_recording_ends_where_nobody_could_read_it() -> None:
    events: list[Event] = [(0, ())] * MOST_EVENTS
    with pytest.raises(EnoughError):
        recorder(events)(1)
