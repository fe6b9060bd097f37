"""PLAN -> PLAN: what clauses gather from a collection of the input, as rules.

A comprehension over a collection, and its `count`, `sum`, `min` or `max`, becomes a rule
without a name in `data`. A rule that gathers one element at a time, be it such a one or
a partial set or object, is known by what each element adds to it: after a change, only
what the changed elements add is found anew.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from comply.classes import dataclass
from comply.plan import ir
from comply.plan.reach import clauses
from comply.plan.reads import captured, every_step, read
from comply.plan.units import Unit, cut

GATHERED: Final = "gathered"
"""What the paths of rules start with that no policy can name."""
_FOLDS: Final = {
    "array": frozenset({"count", "sum", "min", "max"}),
    "set": frozenset({"count", "sum", "min", "max"}),
    "object": frozenset({"count"}),
}


@dataclass(frozen=True, slots=True)
class Aggregate:
    """How a rule gathers: into an array, a set or an object, and what is made of that.

    `fold` is the name of a built-in, "" for none. Each part adds (key, value) pairs,
    the key being None but in objects.
    """

    kind: str
    fold: str
    parts: tuple[Unit, ...]


def lift_aggregates(plan: ir.Plan) -> ir.Plan:
    """Return the plan with a rule for each comprehension that gathers by elements."""
    mocked = frozenset(
        item.path[0]
        for rule in plan.rules
        for clause in clauses(rule)
        for step in every_step(clause.steps)
        if isinstance(step, ir.EnterWith)
        for item in step.replacements
    )
    first = max((rule.id for rule in plan.rules), default=-1) + 1
    made: list[ir.Rule] = []
    rules = tuple(
        replace(
            rule,
            chains=tuple(
                tuple(_lifted(clause, made, first, mocked) for clause in chain)
                for chain in rule.chains
            ),
        )
        for rule in plan.rules
    )
    return replace(plan, rules=(*rules, *made)) if made else plan


def _lifted(
    clause: ir.Clause, made: list[ir.Rule], first: int, mocked: frozenset[str]
) -> ir.Clause:
    """Return a clause that reads rules where it gathered; add these to `made`."""
    steps = list(clause.steps)
    for i, step in enumerate(clause.steps):
        if not isinstance(step, ir.Collect):
            continue
        before = _fetching(clause.steps[:i], step)
        if before is None or _part(clause, (*before, *step.body), step) is None:
            continue
        at = _fold(clause, i, step, mocked)
        if at is None and step.kind == "array":
            continue
        number = first + len(made)
        inner: ir.Steps = (*before, step)
        target = step.target
        if at is not None:
            fold = clause.steps[at]
            inner = (*inner, fold)
            if isinstance(fold, ir.CallBuiltin) and fold.target is not None:
                target = fold.target
            steps[i] = ir.Copy(step.at, step.target, ir.Const(None))
        steps[i if at is None else at] = ir.CallRule(step.at, target, number)
        body = ir.Clause(clause.at, clause.source, (), inner, (), target)
        path = (GATHERED, str(number))
        made.append(ir.Rule(number, path, "complete", ((body,),)))
    return replace(clause, steps=tuple(steps))


def _fetching(steps: ir.Steps, collect: ir.Collect) -> ir.Steps | None:
    """Return the lookups in the input that a comprehension needs, None if it needs more."""
    needed = set(captured((collect,)))
    found: list[ir.Step] = []
    for step in reversed(steps):
        if isinstance(step, ir.Lookup | ir.Copy) and step.target.name in needed:
            needed.discard(step.target.name)
            needed |= set(read((step,)))
            found.append(step)
        elif isinstance(step, ir.EnterWith | ir.ExitWith) and needed:
            return None
    return None if needed else tuple(reversed(found))


def _fold(
    clause: ir.Clause, at: int, collect: ir.Collect, mocked: frozenset[str]
) -> int | None:
    """Return where the only reader of a comprehension stands, if that is a fold."""
    after = clause.steps[at + 1 :]
    uses = [*read(after), *(x.name for x in _ends(clause))]
    if uses.count(collect.target.name) != 1:
        return None
    for i, step in enumerate(after, at + 1):
        match step:
            case ir.EnterWith() | ir.ExitWith():
                return None
            case ir.CallBuiltin(target=ir.Local(), name=name, args=(source,)) if (
                source == collect.target and name in _FOLDS[collect.kind] - mocked
            ):
                return i
            case _:
                pass
    return None


def _ends(clause: ir.Clause) -> Iterator[ir.Local]:
    for atom in (*clause.keys, clause.value):
        if isinstance(atom, ir.Local):
            yield atom


def aggregates_of(plan: ir.Plan) -> dict[ir.RuleId, Aggregate]:
    """Return the rules that gather by elements, and how.

    Rules that a check starts from are cut into units themselves.
    """
    found = {}
    for rule in plan.rules if plan.entries else ():
        if rule.id not in plan.entries:
            made = _unnamed(rule) if rule.path[0] == GATHERED else _partial(rule)
            if made is not None:
                found[rule.id] = made
    return found


def _unnamed(rule: ir.Rule) -> Aggregate | None:
    clause = rule.chains[0][0]
    for i, step in enumerate(clause.steps):
        if isinstance(step, ir.Collect):
            part = _part(clause, (*clause.steps[:i], *step.body), step)
            last = clause.steps[-1]
            fold = last.name if isinstance(last, ir.CallBuiltin) else ""
            whole = part is not None and (fold or step.kind != "array")
            return Aggregate(step.kind, fold, (part,)) if whole and part else None
    return None


def _partial(rule: ir.Rule) -> Aggregate | None:
    if rule.kind not in ("set", "object") or rule.default is not None:
        return None
    keys = 1 if rule.kind == "object" else 0
    parts = []
    for chain in rule.chains:
        part = _by_elements(chain[0])
        if len(chain) > 1 or part is None or len(chain[0].keys) != keys:
            return None
        parts.append(part)
    return Aggregate(rule.kind, "", tuple(parts))


def _part(clause: ir.Clause, steps: ir.Steps, collect: ir.Collect) -> Unit | None:
    """Return what adds to a comprehension, cut at its driver."""
    keys = () if collect.key is None else (collect.key,)
    return _by_elements(
        ir.Clause(collect.at, clause.source, (), steps, keys, collect.value)
    )


def _by_elements(clause: ir.Clause) -> Unit | None:
    """Return a clause cut at a driver of which it needs no key, None if it has none."""
    unit = cut(clause)
    if unit is None or not unit.path:
        return None
    keyed = isinstance(unit.driver, ir.Scan) and unit.driver.key is not None
    return None if keyed else unit
