"""Which attributes of a planned resource steps may read, and which they say are unknown.

A plan has the values of a resource under `after` and tells under `after_unknown` which
of them are known only after apply. A policy that reads the latter handles it itself.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any, Final

from comply.classes import dataclass
from comply.plan import ir
from comply.plan.attribute_reads import attributes_read
from comply.plan.reach import clauses, reachable
from comply.plan.reads import atoms, every_step
from comply.plan.values import RegoSet

_AFTER: Final = "after"
_UNKNOWN: Final = "after_unknown"


@dataclass(frozen=True, slots=True)
class UnknownReads:
    """What steps may read of a resource.

    `names` are all texts in them, among which the names of attributes are; `open` tells
    that they may look at all attributes. `handled` are the attributes whose being
    unknown they ask for, None for any.
    """

    names: frozenset[str]
    open: bool
    handled: frozenset[str] | None


def unknown_reads(plan: ir.Plan, steps: ir.Steps, source: int) -> UnknownReads:
    """Return what steps may read of a resource, directly or through rules.

    `source` is the file that they are in: what it handles counts for all of it.
    """
    by_id = {rule.id: rule for rule in plan.rules}
    parts = [steps]
    for rule in reachable(steps, plan):
        parts += [clause.steps for clause in clauses(by_id[rule])]
    every = [step for part in parts for step in every_step(part)]
    facts = _facts(every, by_id)
    names = frozenset(text for step in every for text in _names(step, facts))
    return UnknownReads(names, _is_open(plan, parts), _handled(plan, source))


def attributes_awaited(plan: ir.Plan) -> tuple[str, ...] | None:
    """Return the attributes whose being unknown concerns a plan's entries, None for any.

    What a file handles itself does not count, wherever its rules read it.
    """
    found: set[str] = set()
    asked: dict[int, list[ir.Clause]] = {}
    for rule in plan.rules:
        if rule.id in plan.entries:
            for clause in clauses(rule):
                asked.setdefault(clause.source, []).append(clause)
    for source, own in asked.items():
        handled = _handled(plan, source)
        if handled is None:
            continue
        read = attributes_read(plan, own)
        if read is None:
            return None
        found |= read - handled
    return tuple(sorted(found))


def _names(step: ir.Step, facts: set[str]) -> Iterator[str]:
    """Yield the texts in a step that may name an attribute."""
    match step:
        case ir.Lookup(source=ir.Local(name=name), keys=keys) if name in facts:
            yield from _attribute(tuple(getattr(k, "value", None) for k in keys))
        case ir.Maybe(source=ir.Local(name=name), keys=keys) if name in facts:
            yield from _attribute(tuple(getattr(k, "value", None) for k in keys))
        case ir.ScanIndex(on=on):
            yield from _attribute(on)
            yield from _texts(step)
        case _:
            yield from _texts(step)


def _attribute(path: tuple[Any, ...]) -> Iterator[str]:
    """Yield the attribute that a path from a resource change leads to or through."""
    if path[:2] == ("change", _AFTER) and len(path) > 2 and isinstance(path[2], str):
        yield path[2]


def _facts(every: Iterable[ir.Step], by_id: dict[int, ir.Rule]) -> set[str]:
    """Return the locals that only ever hold a resource change."""
    steps = list(every)
    lists = {
        step.target.name
        for step in steps
        if isinstance(step, ir.Lookup)
        and step.keys
        and step.keys[-1] == ir.Const("resource_changes")
    }
    found: set[str] = set()
    for step in steps:
        match step:
            case ir.Scan(source=ir.Local(name=name), value=ir.Local() as value):
                if name in lists:
                    found.add(value.name)
            case ir.ScanIndex(path=(*_, "resource_changes"), value=ir.Local() as value):
                found.add(value.name)
            case _:
                pass
    return found - _shared(steps, found, by_id)


def _shared(
    steps: list[ir.Step], found: set[str], by_id: dict[int, ir.Rule]
) -> set[str]:
    """Return those of some locals that other clauses may use for something else."""
    made: dict[str, int] = {}
    for step in steps:
        match step:
            case ir.Scan(value=ir.Local(name=name)):
                made[name] = made.get(name, 0) + 1
            case ir.ScanIndex(value=ir.Local(name=name)):
                made[name] = made.get(name, 0) + 1
            case (
                ir.Lookup(target=ir.Local(name=name))
                | ir.Copy(target=ir.Local(name=name))
            ):
                made[name] = made.get(name, 0) + 2
            case _:
                pass
    parameters = {
        a.name for rule in by_id.values() for c in clauses(rule) for a in c.args
    }
    return {name for name in found if name in parameters or made.get(name, 0) > 1}


def _texts(step: ir.Step) -> Iterator[str]:
    for atom in atoms(step):
        if isinstance(atom, ir.Const):
            yield from _within(atom.value)


def _within(value: Any) -> Iterator[str]:  # noqa: ANN401
    match value:
        case str():
            yield value
        case dict():
            for key, item in value.items():
                yield from _within(key)
                yield from _within(item)
        case list() | RegoSet():
            for item in value:
                yield from _within(item)
        case _:
            return


def _handled(plan: ir.Plan, source: int) -> frozenset[str] | None:
    """Return the attributes whose being unknown a file asks for, None for any."""
    found: set[str] = set()
    for rule in plan.rules:
        for clause in clauses(rule):
            if clause.source != source:
                continue
            for step in every_step(clause.steps):
                asked = _asked(step)
                if asked is None:
                    return None
                found |= asked
    return frozenset(found)


def _asked(step: ir.Step) -> frozenset[str] | None:
    """Return the attributes that a step looks up in `after_unknown`, None for any."""
    match step:
        case ir.Lookup(keys=keys) | ir.Maybe(keys=keys):
            texts = [k.value if isinstance(k, ir.Const) else None for k in keys]
            if _UNKNOWN not in texts:
                return frozenset()
            after = texts[texts.index(_UNKNOWN) + 1 :]
            first = after[0] if after else None
            if isinstance(first, str):
                return frozenset((first,))
            # No attribute has a key of another type.
            return None if first is None else frozenset()
        case _ if _UNKNOWN in _texts(step):
            return None
        case _:
            return frozenset()


def _is_open(plan: ir.Plan, parts: Iterable[ir.Steps]) -> bool:
    """Tell whether steps may look at all attributes of a resource.

    They do if they take `after` as a whole and scan it, compare it, or hand it to a
    built-in other than `object.get`, or look up a key in it that is not written as it is,
    or `walk`.
    """
    by_id = {rule.id: rule for rule in plan.rules}
    held: set[str] = set()
    steps = [step for part in parts for step in every_step(part)]
    size = -1
    while size != len(held):
        size = len(held)
        for step in steps:
            held.update(_holding(step, held, by_id))
    return any(_looks_at_all(step, held) for step in steps)


def _holding(step: ir.Step, held: set[str], by_id: dict[int, ir.Rule]) -> Iterator[str]:
    """Yield the locals that hold `after` as a whole because of a step."""
    match step:
        case ir.Lookup(target=target, keys=(*_, ir.Const(value="after"))):
            yield target.name
        case ir.Maybe(target=target, keys=(*_, ir.Const(value="after"))):
            yield target.name
        case ir.Copy(target=target, source=ir.Local(name=name)) if name in held:
            yield target.name
        case ir.CallFunction(rule=rule, args=args):
            for clause in clauses(by_id[rule]):
                for parameter, arg in zip(clause.args, args, strict=False):
                    if isinstance(arg, ir.Local) and arg.name in held:
                        yield parameter.name
        case _:
            return


def _looks_at_all(step: ir.Step, held: set[str]) -> bool:
    match step:
        case ir.Lookup(source=source, keys=keys) | ir.Maybe(source=source, keys=keys):
            whole = isinstance(source, ir.Local) and source.name in held
            ways = (ir.Const(_AFTER) if whole else source, *keys)
            return any(
                a == ir.Const(_AFTER) and isinstance(b, ir.Local)
                for a, b in pairwise(ways)
            )
        case ir.Scan(source=ir.Local(name=name)) | ir.Every(source=ir.Local(name=name)):
            return name in held
        case ir.CallBuiltin(name="object.get"):
            return False
        case ir.ScanRelation():
            return True
        case ir.CallBuiltin() | ir.Equal():
            parts = (x for x in atoms(step) if isinstance(x, ir.Local))
            return any(x.name in held for x in parts)
        case _:
            return False
