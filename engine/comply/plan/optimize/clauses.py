"""What passes share: every clause of a plan rewritten, and what `with` replaces."""

from collections.abc import Callable
from dataclasses import replace

from comply.plan import ir
from comply.plan.reach import clauses
from comply.plan.reads import every_step


def map_clauses(plan: ir.Plan, change: Callable[[ir.Clause], ir.Clause]) -> ir.Plan:
    """Return a plan with `change` applied to each clause, and to the query's steps."""
    rules = tuple(
        replace(
            rule,
            chains=tuple(tuple(map(change, chain)) for chain in rule.chains),
            default=change(rule.default) if rule.default is not None else None,
        )
        for rule in plan.rules
    )
    return replace(plan, rules=rules, query=_map_query(plan.query, change))


def _map_query(
    query: ir.Query | None, change: Callable[[ir.Clause], ir.Clause]
) -> ir.Query | None:
    if query is None:
        return None
    keys = tuple(local for _, local in query.shown)
    made = change(ir.Clause(0, query.source, (), query.steps, keys, ir.Const(None)))
    names = (name for name, _ in query.shown)
    return replace(
        query, steps=made.steps, shown=tuple(zip(names, made.keys, strict=True))
    )


def map_bodies(steps: ir.Steps, change: Callable[[ir.Steps], ir.Steps]) -> ir.Steps:
    """Return steps with `change` applied to the steps inside each, innermost first."""
    return tuple(
        replace(step, body=change(map_bodies(step.body, change)))
        if isinstance(step, ir.Not | ir.Collect | ir.Every)
        else step
        for step in steps
    )


def replaced_paths(plan: ir.Plan) -> frozenset[tuple[str, ...]]:
    """Return the paths and names that some `with` of the plan replaces."""
    steps = [s for rule in plan.rules for c in clauses(rule) for s in c.steps]
    if plan.query is not None:
        steps += plan.query.steps
    return frozenset(
        item.path
        for step in every_step(steps)
        if isinstance(step, ir.EnterWith)
        for item in step.replacements
    )


def replaceable(rule: ir.Rule, paths: frozenset[tuple[str, ...]]) -> bool:
    """Tell whether a `with` may put something in the place of a rule."""
    return any(rule.path[: len(path)] == path for path in paths)
