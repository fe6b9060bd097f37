"""A search that ignores its operands is made once, not once for each call.

Published rules ask `has_block(bucket.address)` of a helper that says `has_block(_)`: in a
loop over buckets the same search every time. Such a function becomes a rule, which is
remembered. Its operands are still looked up, as a call with one that is undefined is.
"""

from dataclasses import replace
from typing import Final

from comply.plan import ir
from comply.plan.optimize.clauses import (
    map_bodies,
    map_clauses,
    replaceable,
    replaced_paths,
)
from comply.plan.reads import loops, read

IGNORING: Final = "ignoring"
"""What the paths of these rules begin with, so that no document has them."""


def remember_searches(plan: ir.Plan) -> ir.Plan:
    """Let functions that search, and read no operand, be asked once."""
    paths = replaced_paths(plan)
    found = [
        rule for rule in plan.rules if _ignores(rule) and not replaceable(rule, paths)
    ]
    if not found:
        return plan
    first = max(rule.id for rule in plan.rules) + 1
    made = {rule.id: _as_rule(rule, first + i) for i, rule in enumerate(found)}

    def ask(steps: ir.Steps) -> ir.Steps:
        return tuple(
            ir.CallRule(step.at, step.target, made[step.rule].id)
            if isinstance(step, ir.CallFunction) and step.rule in made
            else step
            for step in steps
        )

    def change(clause: ir.Clause) -> ir.Clause:
        return replace(clause, steps=ask(map_bodies(clause.steps, ask)))

    plan = replace(plan, rules=(*plan.rules, *made.values()))
    return map_clauses(plan, change)


def _ignores(rule: ir.Rule) -> bool:
    """Tell whether a function searches for the same whatever its operands are.

    And whether all that it can answer is one constant, so that no two can conflict.
    """
    if rule.kind != "function" or rule.default is not None:
        return False
    clauses = [clause for chain in rule.chains for clause in chain]
    constant = all(c.value == ir.Const(value=True) for c in clauses)
    searches = any(loops(clause.steps) for clause in clauses)
    alike = all(_bare(clause) is not None for clause in clauses)
    return constant and searches and alike


def _bare(clause: ir.Clause) -> ir.Clause | None:
    """Return a clause without operands, None if it reads one.

    What `_` stands for is copied, and the copy not read.
    """
    used = set(read(clause.steps))
    steps = tuple(
        step
        for step in clause.steps
        if not (isinstance(step, ir.Copy) and step.target.name not in used)
    )
    operands = {arg.name for arg in clause.args}
    if not operands.isdisjoint(read(steps)):
        return None
    return replace(clause, args=(), steps=steps)


def _as_rule(rule: ir.Rule, number: ir.RuleId) -> ir.Rule:
    chains = (tuple(bare for c in chain if (bare := _bare(c))) for chain in rule.chains)
    return ir.Rule(number, (IGNORING, str(number)), "complete", tuple(chains))
