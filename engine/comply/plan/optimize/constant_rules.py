"""Reading a constant rule becomes the constant."""

from dataclasses import replace

from comply.plan import ir
from comply.plan.optimize.clauses import (
    map_bodies,
    map_clauses,
    replaceable,
    replaced_paths,
)


def inline_constants(plan: ir.Plan) -> ir.Plan:
    """Replace calls of rules such as `limit := 10` by what they hold."""
    paths = replaced_paths(plan)
    constants = {
        rule.id: value
        for rule in plan.rules
        if (value := _constant(rule)) is not None and not replaceable(rule, paths)
    }
    if not constants:
        return plan

    def inline(steps: ir.Steps) -> ir.Steps:
        return tuple(
            ir.Copy(step.at, step.target, constants[step.rule])
            if isinstance(step, ir.CallRule) and step.rule in constants
            else step
            for step in steps
        )

    def change(clause: ir.Clause) -> ir.Clause:
        return replace(clause, steps=inline(map_bodies(clause.steps, inline)))

    return map_clauses(plan, change)


def _constant(rule: ir.Rule) -> ir.Const | None:
    if rule.kind != "complete" or len(rule.chains) != 1 or rule.default is not None:
        return None
    clause = rule.chains[0][0]
    whole = len(rule.chains[0]) == 1 and not clause.steps
    return clause.value if whole and isinstance(clause.value, ir.Const) else None
