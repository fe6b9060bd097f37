"""Each pass of the optimizer: what it does to a plan, and that it keeps what it means."""

from collections.abc import Callable
from random import Random
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.rego_programs import BASE, document, program
from tests.shared_data import FIXTURES

from comply.plan import ir
from comply.plan.builtins.failure import Evaluation
from comply.plan.emit import load, print_plan
from comply.plan.optimize import PASSES
from comply.plan.optimize.constant_rules import inline_constants
from comply.plan.optimize.copies import propagate_copies
from comply.plan.optimize.filled_indexes import fill_indexes
from comply.plan.optimize.fold import fold_constants
from comply.plan.optimize.functions import inline_functions
from comply.plan.optimize.hoist import hoist_inner_lookups, hoist_lookups
from comply.plan.optimize.ignored_operands import remember_searches
from comply.plan.optimize.index import index_scans
from comply.plan.optimize.joins import join_scans
from comply.plan.optimize.sets import scan_through_sets
from comply.plan.optimize.shared_lookups import share_lookups
from comply.plan.runtime import Context, EvaluationError, extent
from comply.plan.show import show_plan
from comply.plan.values import UNDEFINED, to_json
from comply.rego.errors import RegoError
from comply.rego.modules import plan_modules
from comply.rego.parser import parse_module
from comply.source import Source

Pass = Callable[[ir.Plan], ir.Plan]

NAMED: Final[dict[str, Pass]] = {
    "constant_rules": inline_constants,
    "copies": propagate_copies,
    "filled_indexes": fill_indexes,
    "fold": fold_constants,
    "functions": inline_functions,
    "hoist": hoist_lookups,
    "hoist_inner": hoist_inner_lookups,
    "ignored_operands": remember_searches,
    "index": index_scans,
    "joins": join_scans,
    "sets": scan_through_sets,
    "shared_lookups": share_lookups,
}


def unchanged(plan: ir.Plan) -> ir.Plan:
    return plan


def plan_of(text: str, improve: Pass = unchanged) -> ir.Plan:
    module = parse_module(Source("a.rego", text))
    return plan_modules((module,), improve=improve).plan


def before_and_after(name: str, text: str) -> tuple[str, str]:
    """Return the plan of a policy when a pass first meets it, and after that pass."""
    run = NAMED[name]
    plan = plan_of(text)
    for earlier in PASSES[: PASSES.index(run)]:
        plan = earlier(plan)
    return show_plan(plan), show_plan(run(plan))


def cases() -> list[Any]:
    made = []
    for name in NAMED:
        text = (FIXTURES / "plan" / f"{name}.txt").read_text()
        for case in text.split("========\n"):
            title, rest = case.split("\n", 1)
            policy, rest = rest.split("==== before\n")
            before, after = rest.split("==== after\n")
            label = f"{name}: {title.removeprefix('# ')}"
            made.append(pytest.param(name, policy, before, after, id=label))
    return made


def test_every_pass_has_pairs() -> None:
    assert set(PASSES) == set(NAMED.values())


@pytest.mark.parametrize(("name", "policy", "before", "after"), cases())
def test_pass(name: str, policy: str, before: str, after: str) -> None:
    assert before_and_after(name, policy) == (before.rstrip("\n"), after.rstrip("\n"))


def answers(plan: ir.Plan, input_: object) -> dict[str, Any]:
    """Return the value of each rule that is no function, or its error's code."""
    compiled = load(print_plan(plan), plan)
    found: dict[str, Any] = {}
    for rule in plan.rules:
        if rule.kind == "function":
            continue
        context = Context(compiled.tree, input_, BASE, Evaluation(now_ns=0))
        try:
            value = to_json(extent(context, rule.path[1:], ()))
        except EvaluationError as error:
            value = error.code
        except LookupError:
            value = UNDEFINED
        found[".".join(rule.path)] = value
    return found


def agree(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Tell whether answers are the same.

    A pass may leave out what a conflict would have stopped, never the reverse.
    """
    return all(
        one[rule] == "eval_conflict_error" or repr(one[rule]) == repr(other[rule])
        for rule in one
    )


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.randoms(use_true_random=False), st.integers(0, 2**32))
def test_passes_keep_the_meaning(random: Random, seed: int) -> None:
    text = program(random).text
    try:
        plan = plan_of(text)
    except RegoError:
        return
    inputs = [document(Random(seed + i)) for i in range(3)]  # noqa: S311  (test data)
    plain = [answers(plan, input_) for input_ in inputs]
    for run in PASSES:
        plan = run(plan)
        for expected, input_ in zip(plain, inputs, strict=True):
            assert agree(expected, answers(plan, input_)), run.__name__
