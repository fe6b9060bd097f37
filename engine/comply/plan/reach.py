"""What a clause may read: the rules it reaches, and the paths of the input."""

from collections.abc import Iterable, Iterator

from comply.plan import ir
from comply.plan.reads import atoms, every_step


def clauses(rule: ir.Rule) -> Iterator[ir.Clause]:
    """Yield every clause of a rule, its default included."""
    for chain in rule.chains:
        yield from chain
    if rule.default is not None:
        yield rule.default


def called(steps: Iterable[ir.Step], plan: ir.Plan) -> set[ir.RuleId]:
    """Return the rules that steps read directly."""
    found: set[ir.RuleId] = set()
    for step in every_step(steps):
        match step:
            case ir.CallRule(rule=rule) | ir.CallFunction(rule=rule):
                found.add(rule)
            case ir.Extent(path=path):
                whole = ("data", *path)
                found.update(r.id for r in plan.rules if r.path[: len(whole)] == whole)
            case ir.EnterWith(replacements=replacements):
                found.update(r.rule for r in replacements if r.rule is not None)
            case _:
                pass
    return found


def reachable(steps: ir.Steps, plan: ir.Plan) -> set[ir.RuleId]:
    """Return the rules that steps read, directly or through others."""
    by_id = {rule.id: rule for rule in plan.rules}
    found: set[ir.RuleId] = set()
    waiting = called(steps, plan)
    while waiting:
        rule = waiting.pop()
        if rule in found:
            continue
        found.add(rule)
        for clause in clauses(by_id[rule]):
            waiting |= called(clause.steps, plan)
    return found


def input_keys(steps: ir.Steps, plan: ir.Plan) -> frozenset[str] | None:
    """Return the top-level keys of the input that steps may read; None is any."""
    by_id = {rule.id: rule for rule in plan.rules}
    keys: set[str] = set()
    parts = [steps]
    for rule in reachable(steps, plan):
        parts += [clause.steps for clause in clauses(by_id[rule])]
    for part in parts:
        for step in every_step(part):
            key = _input_key(step)
            if key is None:
                return None
            keys.update(key)
    return frozenset(keys)


def _input_key(step: ir.Step) -> tuple[str, ...] | None:
    """Return the key of the input that a step reads, () for none, None for any."""
    if not any(isinstance(atom, ir.Input) for atom in atoms(step)):
        return ()
    match step:
        case ir.Lookup(source=ir.Input(), keys=(ir.Const(value=str(key)), *_)):
            return (key,)
        case ir.Maybe(source=ir.Input(), keys=(ir.Const(value=str(key)), *_)):
            return (key,)
        case ir.ScanIndex(path=(key, *_), match=match) if match != ir.Input():
            return (key,)
        case _:
            return None


def data_keys(steps: ir.Steps, plan: ir.Plan) -> frozenset[str]:
    """Return the top-level keys of the base documents that steps may read."""
    by_id = {rule.id: rule for rule in plan.rules}
    parts = [steps]
    for rule in reachable(steps, plan):
        parts += [clause.steps for clause in clauses(by_id[rule])]
    return frozenset(
        step.keys[0].value
        for part in parts
        for step in every_step(part)
        if isinstance(step, ir.Lookup)
        and isinstance(step.source, ir.BaseData)
        and step.keys
        and isinstance(step.keys[0], ir.Const)
    )
