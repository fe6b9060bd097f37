"""Over the published suite: traced code answers the same, and all of it is explained."""

import json
from typing import Any

import pytest
from tests.shared_data import SHARED, json_lines

from comply.plan.builtins.failure import Evaluation
from comply.plan.link import Program
from comply.plan.probe import Event, recorder
from comply.plan.runtime import Context, EvaluationError
from comply.plan.values import UNDEFINED, to_json
from comply.rego.errors import RegoError
from comply.rego.explain import study, why, why_not
from comply.rego.module_json import read_module
from comply.rego.parser import parse_module
from comply.rego.policy import compile_parsed
from comply.rego.syntax import Module
from comply.rego.tracing import attempts, trace_modules, turns
from comply.source import Source

CASES = json_lines(SHARED / "conformance/opa/cases.jsonl")
STEP = 8
"""Every eighth case: a second instead of ten. All of them agreed when this was written."""

CHANGING = ("rand.", "uuid.rfc4122", "http.send", "encode_sign")


def _answers(
    program: Program, rules: list[int], case: dict[str, Any], events: list[Event]
) -> list[Any]:
    found: list[Any] = []
    for rule in rules:
        evaluation = Evaluation(
            now_ns=1, read_module=read_module, probe=recorder(events)
        )
        input_ = case.get("input", UNDEFINED)
        context = Context(program.tree, input_, case.get("data") or {}, evaluation)
        try:
            value = program.rules[rule](context)
            found.append(value if value is UNDEFINED else to_json(value))
        except EvaluationError as error:
            found.append(error.code)
    return found


def _modules(case: dict[str, Any]) -> tuple[Module, ...]:
    texts = enumerate(case["modules"])
    return tuple(parse_module(Source(f"{i}.rego", t), "v1") for i, t in texts)


@pytest.mark.skipif(not CASES, reason="the published suite is not beside the checkout")
def test_traced_code_answers_the_same_and_is_explained() -> None:
    compared = 0
    for case in CASES[::STEP]:
        if any(word in json.dumps(case["modules"]) for word in CHANGING):
            continue
        try:
            modules = _modules(case)
            policy = compile_parsed(modules)
        except RegoError:
            continue
        rules = [r.id for r in policy.plan.rules if r.kind != "function"]
        wanted = _answers(policy.program, rules, case, [])
        traced = trace_modules(modules)
        events: list[Event] = []
        assert _answers(traced.program, rules, case, events) == wanted, case["id"]
        roots = attempts(traced.points, events)
        asked = study(traced, roots)
        for root in roots:
            held = [t for t in turns(root) if t[-1].point.kind == "yield"]
            assert all(why(asked, turn) is not None for turn in held)
            assert bool(held) == root.yielded
            reason = why_not(asked, root)
            assert reason is None or reason.text
        compared += 1
    assert compared > 100
