"""PLANS -> PLAN: policies that know nothing of each other, run as one.

They share what is memoised, and helper rules that are written alike are one rule:
libraries of policies copy them from file to file.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from comply.plan import ir
from comply.plan.merge import step_text
from comply.plan.reach import clauses
from comply.plan.reads import all_assigned, every_step, loops
from comply.plan.rewrite import substitute


def is_apart(plan: ir.Plan) -> bool:
    """Tell whether a plan has to run alone: what `with` and `data` see is the plan's."""
    alone = (ir.EnterWith, ir.Extent)
    return plan.query is not None or any(
        isinstance(step, alone)
        for rule in plan.rules
        for clause in clauses(rule)
        for step in every_step(clause.steps)
    )


def combine(plans: Sequence[ir.Plan]) -> tuple[ir.Plan, list[int]]:
    """Return one plan of many, and what was added to the ids of the rules of each.

    No two of them may have a rule of the same path.
    """
    rules: list[ir.Rule] = []
    offsets: list[int] = []
    first_id = first_source = 0
    for plan in plans:
        offsets.append(first_id)
        names = {rule.id: rule.id + first_id for rule in plan.rules}
        rules += [_renamed(rule, names, first_source) for rule in plan.rules]
        first_id += max(names, default=-1) + 1
        first_source += len(plan.sources)
    entries = frozenset(
        entry + offset
        for plan, offset in zip(plans, offsets, strict=True)
        for entry in plan.entries
    )
    whole = ir.Plan(
        tuple(rules),
        tuple(source for plan in plans for source in plan.sources),
        tuple(package for plan in plans for package in plan.packages),
        entries,
    )
    return _without_copies(whole), offsets


Names = dict[ir.RuleId, ir.RuleId]


def _renamed(rule: ir.Rule, names: Names, source: int = 0) -> ir.Rule:
    """Return a rule with other ids for itself and what it calls, its source moved."""

    def moved(clause: ir.Clause) -> ir.Clause:
        steps = _calling(clause.steps, names)
        return replace(clause, steps=steps, source=clause.source + source)

    return replace(
        rule,
        id=names.get(rule.id, rule.id),
        chains=tuple(tuple(map(moved, chain)) for chain in rule.chains),
        default=moved(rule.default) if rule.default is not None else None,
    )


def _calling(steps: ir.Steps, names: Names) -> ir.Steps:
    made: list[ir.Step] = []
    for step in steps:
        match step:
            case ir.CallRule(rule=rule) | ir.CallFunction(rule=rule):
                made.append(replace(step, rule=names.get(rule, rule)))
            case ir.Not(body=body) | ir.Collect(body=body) | ir.Every(body=body):
                made.append(replace(step, body=_calling(body, names)))
            case _:
                made.append(step)
    return tuple(made)


def _without_copies(plan: ir.Plan) -> ir.Plan:
    """Return a plan with one rule for all helpers that are written alike."""
    while names := _copies(plan):
        kept = (rule for rule in plan.rules if rule.id not in names)
        plan = replace(plan, rules=tuple(_renamed(rule, names) for rule in kept))
    return plan


def _copies(plan: ir.Plan) -> Names:
    """Return the rules that do what one before them does, and that one."""
    first: dict[str, ir.RuleId] = {}
    names: Names = {}
    for rule in plan.rules:
        if rule.id not in plan.entries and _never_conflicts(rule):
            kept = first.setdefault(_rule_text(rule), rule.id)
            if kept != rule.id:
                names[rule.id] = kept
    return names


def _never_conflicts(rule: ir.Rule) -> bool:
    """Tell whether a rule cannot fail, which it would do in the name of its file."""
    if rule.kind == "set":
        return True
    once = rule.kind in ("complete", "function") and len(rule.chains) == 1
    return once and not any(loops(clause.steps) for clause in clauses(rule))


def _rule_text(rule: ir.Rule) -> str:
    parts = [rule.kind]
    for chain in rule.chains:
        parts += ["else".join(map(_clause_text, chain))]
    if rule.default is not None:
        parts += ["default", _clause_text(rule.default)]
    return "\n".join(parts)


def _clause_text(clause: ir.Clause) -> str:
    """Return what a clause does as text, its locals named in order."""
    found: Iterable[str] = (*(x.name for x in clause.args), *all_assigned(clause.steps))
    order = {name: ir.Local(f"%{i}") for i, name in enumerate(dict.fromkeys(found))}
    same = substitute(clause, dict(order))
    return step_text((same.args, same.steps, same.keys, same.value, same.member))
