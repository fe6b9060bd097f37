"""PLAN -> RULES that are the same for every input: computed once for all documents."""

from typing import Final

from comply.plan import ir
from comply.plan.builtins.signatures import CONTEXTUAL, NONDETERMINISTIC
from comply.plan.reach import called, clauses
from comply.plan.reads import atoms, every_step

_OWN: Final = CONTEXTUAL | NONDETERMINISTIC
"""Built-ins whose results are an evaluation's own, or that do more than answer."""


def lasting(plan: ir.Plan) -> frozenset[ir.RuleId]:
    """Return the rules, functions left out, that do not follow from the input.

    They follow from the base documents, and are the same as long as those are.
    """
    follows = {rule.id for rule in plan.rules if _follows(rule)}
    calls = {
        rule.id: {r for clause in clauses(rule) for r in called(clause.steps, plan)}
        for rule in plan.rules
    }
    while True:
        more = {r for r, read in calls.items() if r not in follows and read & follows}
        if not more:
            break
        follows |= more
    return frozenset(
        rule.id
        for rule in plan.rules
        if rule.id not in follows and rule.kind != "function"
    )


def _follows(rule: ir.Rule) -> bool:
    """Tell whether a rule itself reads the input, or asks what only one evaluation has."""
    for clause in clauses(rule):
        for step in every_step(clause.steps):
            if isinstance(step, ir.EnterWith):
                return True
            if isinstance(step, ir.CallBuiltin) and step.name in _OWN:
                return True
            if any(isinstance(atom, ir.Input) for atom in atoms(step)):
                return True
        if any(isinstance(a, ir.Input) for a in (*clause.keys, clause.value)):
            return True
    return False
