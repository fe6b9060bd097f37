"""STEP x LOCALS IN DOUBT -> VALUE OR WAYS: what a step without a body gives.

Steps that hold others, and rules, are gone through by three_valued, which asks here for
what their operands are and where the elements of a collection lead.
"""

from collections.abc import Iterator
from typing import Any, Final, TypeAlias

from comply.plan import ir
from comply.plan.builtins import lookup
from comply.plan.doubt import (
    CERTAIN,
    SCALARS,
    Doubt,
    Doubts,
    both,
    doubts_in,
    equality,
    members_of,
)
from comply.plan.doubtful_index import (
    Machine,
    NotFollowedError,
    in_doubt,
    spend,
    with_any,
    with_value,
)
from comply.plan.doubtful_values import called, reached, walked
from comply.plan.runtime import MISSING
from comply.plan.values import UNDEFINED, RegoSet, Value, freeze

Locals: TypeAlias = dict[str, Value]
Outcome: TypeAlias = tuple[Value, Doubts]
Ways: TypeAlias = Iterator[tuple[Locals, Doubts]]

PARTS: Final = 16
"""Looking through so many parts of a value counts as a step."""


def value_of(machine: Machine, given: Locals, atom: ir.Atom) -> Value:
    """Return what an atom stands for."""
    match atom:
        case ir.Local(name=name):
            return given[name]
        case ir.Const(value=value):
            return value
        case ir.Input():
            return machine.input
        case ir.BaseData():
            return machine.context.data


def each(given: Locals, target: ir.Local, found: list[Outcome]) -> Ways:
    """Yield the locals with each of some values, and its doubts."""
    for value, places in found:
        yield {**given, target.name: value}, places


def bound(
    given: Locals,
    key_local: ir.Local | None,
    key: Value,
    value_local: ir.Local | None,
    value: Value,
) -> Locals:
    """Return the locals with a key and a value, where there are names for them."""
    made = dict(given)
    if key_local is not None:
        made[key_local.name] = key
    if value_local is not None:
        made[value_local.name] = value
    return made


def looked_at(machine: Machine, step: ir.Lookup, env: Locals) -> Doubts | None:
    """Put into the locals what a path of keys leads to; None if it leads nowhere."""
    source = value_of(machine, env, step.source)
    if source is UNDEFINED:
        return None
    keys = [value_of(machine, env, key) for key in step.keys]
    try:
        env[step.target.name], places = reached(source, keys)
    except MISSING:
        return None
    return places


def perhaps(machine: Machine, step: ir.Maybe, env: Locals) -> Value:
    """Return what a path of keys leads to, UNDEFINED if it leads nowhere."""
    keys = [value_of(machine, env, key) for key in step.keys]
    try:
        value, places = reached(value_of(machine, env, step.source), keys)
    except MISSING:
        return UNDEFINED
    # What may be there is there in doubt, which is what a doubt says already.
    return Doubt(places) if places else value


def object_of(
    machine: Machine, given: Locals, pairs: tuple[tuple[ir.Atom, ir.Atom], ...]
) -> Value:
    """Return the object of some pairs, which is in doubt where a key of it is."""
    made: dict[Any, Value] = {}
    for key_atom, value_atom in pairs:
        key = value_of(machine, given, key_atom)
        if places := doubts_in(key):
            return Doubt(places)
        made[freeze(key)] = value_of(machine, given, value_atom)
    return made


def built_in(machine: Machine, step: ir.CallBuiltin, env: Locals) -> Doubts | None:
    """Call a built-in, noting its result in the locals; None if it gives nothing."""
    args = [value_of(machine, env, x) for x in step.args]
    places = _doubts_of(machine, args)
    value, places = called(machine.evaluation, step.name, args, places)
    if value is UNDEFINED or (step.target is None and value is False):
        return None
    if step.target is not None:
        env[step.target.name] = value
    return places


def _doubts_of(machine: Machine, args: list[Value]) -> Doubts:
    """Return the doubts in operands; looking through large ones is paid for."""
    places: Doubts = CERTAIN
    for value in args:
        if type(value) not in SCALARS:
            if isinstance(value, list | dict | RegoSet):
                spend(machine, len(value) // PARTS)
            places |= doubts_in(value)
    return places


def scanned(machine: Machine, step: ir.Scan, given: Locals) -> Ways:
    """Yield the locals with each member of a collection."""
    for key, value, places in members_of(value_of(machine, given, step.source)):
        yield bound(given, step.key, key, step.value, value), places


def indexed(machine: Machine, step: ir.ScanIndex, given: Locals) -> Ways:
    """Yield the locals with each element that an index has, or may have, for a value."""
    match = value_of(machine, given, step.match)
    places = doubts_in(match)
    if places:
        for element, more in with_any(machine, step.path, step.on):
            found = bound(given, None, None, step.value, element)
            yield found, both(places, more)
        return
    for element in with_value(machine, step.path, step.on, match):
        yield bound(given, None, None, step.value, element), CERTAIN
    for held in in_doubt(machine, step.path, step.on):
        yield bound(given, None, None, step.value, held.element), held.places


def related(machine: Machine, step: ir.ScanRelation, given: Locals) -> Ways:
    """Yield the locals with each row of a built-in that gives several."""
    args = [value_of(machine, given, x) for x in step.args]
    places = _doubts_of(machine, args)
    if not places:
        for row in lookup(step.name)(*args):
            yield {**given, step.target.name: row}, CERTAIN
        return
    if step.name != "walk":
        raise NotFollowedError
    for path, value in walked(args[0], []):
        yield {**given, step.target.name: [path, value]}, doubts_in(path)
    below = Doubt(places)
    yield {**given, step.target.name: [below, below]}, places


def agreed(found: list[Outcome]) -> list[Outcome]:
    """Return values that may be, equal ones once."""
    kept: list[Outcome] = []
    for value, places in found:
        if doubts_in(value):
            kept.append((value, places))
            continue
        for i, (held, before) in enumerate(kept):
            if not doubts_in(held) and equality(held, value) == CERTAIN:
                kept[i] = (held, before | places)
                break
        else:
            kept.append((value, places))
    return kept
