"""What the result of some steps depends on: the read set of a unit or of a rule.

Reads that are not known when compiling widen the set: always sound, at worst slow.
"""

from collections.abc import Iterable

from comply.plan import ir
from comply.plan.link import ReadSet
from comply.plan.reach import clauses
from comply.plan.reads import atoms, every_step, read

Path = tuple[str, ...]


def read_set(plan: ir.Plan, steps: ir.Steps) -> ReadSet:
    """Return the read set of steps and of the functions that they call."""
    parts = [steps, *_function_bodies(plan, steps)]
    paths: set[Path] = set()
    partitions: set[Path] = set()
    rules: set[int] = set()
    data: set[str] = set()
    open_input = open_data = False
    present: set[Path] = set()
    live = {name for part in parts for name in read(part)}
    for step in (s for part in parts for s in every_step(part)):
        match step:
            case ir.CallRule(rule=rule):
                rules.add(rule)
            case ir.Extent(path=path):
                above = ("data", *path)
                rules.update(r.id for r in plan.rules if r.path[: len(above)] == above)
                data.update(path[:1])
                open_data |= not path
            case ir.EnterWith():
                open_input = open_data = True
            case ir.ScanIndex(path=path):
                partitions.add(path)
            case _:
                pass
        known = present if _only_looks(step, live) else paths
        for path in _input_paths(step):
            open_input |= not path
            known.add(path)
        keys = _data_keys(step)
        data.update(k for k in keys if k)
        open_data |= "" in keys
    return ReadSet(
        tuple(sorted(paths - {()})),
        tuple(sorted(rules)),
        None if open_data else tuple(sorted(data)),
        tuple(sorted(partitions)),
        open_input,
        tuple(sorted(present - paths)),
    )


def whole(clause: ir.Clause) -> ir.Steps:
    """Return the steps of a clause, and one that reads what it yields."""
    return (*clause.steps, yielded(clause))


def yielded(clause: ir.Clause) -> ir.Step:
    """Return a step that reads what a clause yields."""
    return ir.MakeArray(clause.at, ir.Local("%yielded"), (*clause.keys, clause.value))


def _only_looks(step: ir.Step, live: set[str]) -> bool:
    """Tell whether a step only asks whether something of the input is there."""
    match step:
        case ir.Lookup(target=target, source=ir.Input(), keys=(_, *_) as keys):
            named = [isinstance(k, ir.Const) and isinstance(k.value, str) for k in keys]
            return all(named) and target.name not in live
        case _:
            return False


def rule_read_sets(plan: ir.Plan) -> dict[int, ReadSet]:
    """Return the read set of each rule that is no function."""
    functions = {rule.id for rule in plan.rules if rule.kind == "function"}
    return {
        rule.id: read_set(plan, tuple(s for c in clauses(rule) for s in whole(c)))
        for rule in plan.rules
        if rule.id not in functions
    }


def _function_bodies(plan: ir.Plan, steps: ir.Steps) -> list[ir.Steps]:
    """Return the steps of the functions that steps call, directly or not."""
    by_id = {rule.id: rule for rule in plan.rules}
    bodies: list[ir.Steps] = []
    seen: set[int] = set()
    waiting = [steps]
    while waiting:
        for step in every_step(waiting.pop()):
            for rule in _functions(step):
                if rule in seen or by_id[rule].kind != "function":
                    continue
                seen.add(rule)
                found = [whole(c) for c in clauses(by_id[rule])]
                bodies += found
                waiting += found
    return bodies


def _functions(step: ir.Step) -> Iterable[int]:
    match step:
        case ir.CallFunction(rule=rule):
            return (rule,)
        case ir.EnterWith(replacements=replacements):
            return [r.rule for r in replacements if r.rule is not None]
        case _:
            return ()


def _input_paths(step: ir.Step) -> list[Path]:
    """Return the paths of the input that a step reads; the empty one is all of it."""
    match step:
        case (
            ir.Lookup(source=ir.Input(), keys=keys)
            | ir.Maybe(source=ir.Input(), keys=keys)
        ):
            path: Path = ()
            for key in keys:
                if not isinstance(key, ir.Const) or not isinstance(key.value, str):
                    break
                path = (*path, key.value)
            return [path]
        case ir.ScanIndex(match=match):
            return [()] if isinstance(match, ir.Input) else []
        case _:
            return [() for atom in atoms(step) if isinstance(atom, ir.Input)]


def _data_keys(step: ir.Step) -> list[str]:
    """Return the top-level keys of base documents that a step reads, "" for any."""
    match step:
        case ir.Lookup(source=ir.BaseData(), keys=(ir.Const(value=str(key)), *_)):
            return [key]
        case ir.Maybe(source=ir.BaseData(), keys=(ir.Const(value=str(key)), *_)):
            return [key]
        case _:
            return ["" for atom in atoms(step) if isinstance(atom, ir.BaseData)]
