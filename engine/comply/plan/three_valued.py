"""PLAN x DOCUMENT WITH DOUBTS -> RESULTS WITH THEIR DOUBTS: steps run one by one.

Slow beside generated code, and meant for the few facts that hold a value which is not
known. What it cannot follow (`with`, references to whole packages) it says.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from comply.plan import ir
from comply.plan.builtins import lookup
from comply.plan.builtins.failure import BuiltinError, Evaluation
from comply.plan.builtins.signatures import CONTEXTUAL
from comply.plan.doubt import (
    CERTAIN,
    Doubt,
    Doubts,
    Maybe,
    collection,
    doubts_in,
    equality,
    members_of,
)
from comply.plan.runtime import MISSING, item
from comply.plan.values import UNDEFINED, RegoSet, Value, freeze

Locals: TypeAlias = dict[str, Value]
Outcome: TypeAlias = tuple[Value, Doubts]

_MOST_STEPS: Final = 60_000
_TOTAL: Final = frozenset({"sprintf", "object.get", "format_int", "json.marshal"})
"""Built-ins that give something whatever the value in doubt turns out to be."""


class NotFollowedError(Exception):
    """Steps that cannot be run with doubts."""


@dataclass(slots=True)
class Machine:
    """One plan over one document with doubts; what rules gave is kept.

    `left` is how many steps one question may still take, `budget` how many all
    questions may.
    """

    rules: dict[int, ir.Rule]
    input: Value
    data: Value
    evaluation: Evaluation
    memo: dict[Any, list[Outcome]] = field(default_factory=dict)
    indexes: dict[Any, "Index"] = field(default_factory=dict)
    left: int = _MOST_STEPS
    budget: int = _MOST_STEPS


@dataclass(slots=True)
class Index:
    """The elements of a collection by a value in them, and those where it is in doubt."""

    known: dict[Any, list[Value]] = field(default_factory=dict)
    doubtful: list[tuple[Value, Doubts]] = field(default_factory=list)


def outcomes(
    machine: Machine,
    clause: ir.Clause,
    steps: ir.Steps,
    given: Locals,
    places: Doubts = CERTAIN,
) -> list[Outcome]:
    """Return what a clause yields and the doubts of each, after `steps` of it.

    `given` are the locals before them, which hold under the doubts `places`.

    Raises:
        NotFollowedError: if it cannot be followed, or takes too long.
    """
    machine.left = _MOST_STEPS
    return [
        (_value(machine, found, clause.value), more)
        for found, more in solve(machine, steps, given, places)
    ]


def rule_outcomes(machine: Machine, rule: ir.Rule) -> list[Outcome]:
    """Return the values that a rule may have.

    Raises:
        NotFollowedError: as `outcomes` does.
    """
    machine.left = _MOST_STEPS
    return list(_rule(machine, rule.id))


def solve(
    machine: Machine, steps: ir.Steps, given: Locals, places: Doubts
) -> Iterator[tuple[Locals, Doubts]]:
    """Yield the ways through steps: the locals, and the doubts that each rests on."""
    if not steps:
        yield given, places
        return
    machine.left -= 1
    machine.budget -= 1
    if machine.left < 0 or machine.budget < 0:
        raise NotFollowedError
    first, rest = steps[0], steps[1:]
    for found, more in _step(machine, first, given):
        yield from solve(machine, rest, found, places | more if more else places)


def _step(  # noqa: C901, PLR0911, PLR0912  (one case a step)
    machine: Machine, step: ir.Step, given: Locals
) -> Iterator[tuple[Locals, Doubts]]:
    """Yield the ways through one step."""
    match step:
        case ir.Lookup():
            return _lookup(machine, step, given)
        case ir.Maybe():
            return _maybe(machine, step, given)
        case ir.Copy(target=target, source=source):
            return _one(given, target, _value(machine, given, source))
        case ir.MakeArray(target=target, items=items):
            made = [_value(machine, given, x) for x in items]
            return _one(given, target, made)
        case ir.MakeSet(target=target, items=items):
            held = [(_value(machine, given, x), CERTAIN) for x in items]
            return _one(given, target, collection("set", held))
        case ir.MakeObject(target=target, pairs=pairs):
            return _one(given, target, _object(machine, given, pairs))
        case ir.Collect():
            return _one(given, step.target, _collect(machine, step, given))
        case ir.CallBuiltin():
            return _builtin(machine, step, given)
        case ir.CallRule(target=target, rule=rule):
            return _each(given, target, _rule(machine, rule))
        case ir.CallFunction(target=target, rule=rule, args=args):
            values = tuple(_value(machine, given, x) for x in args)
            return _each(given, target, _evaluated(machine, rule, values))
        case ir.Equal(left=left, right=right):
            a, b = _value(machine, given, left), _value(machine, given, right)
            return _if(given, equality(a, b))
        case ir.Holds(atom=atom):
            return _if(given, _truth(_value(machine, given, atom)))
        case ir.Never():
            return iter(())
        case ir.IsArray(atom=atom, length=length):
            return _if(given, _shaped(_value(machine, given, atom), list, length))
        case ir.IsObject(atom=atom, length=length):
            return _if(given, _shaped(_value(machine, given, atom), dict, length))
        case ir.Scan():
            return _scan(machine, step, given)
        case ir.ScanIndex():
            return _scan_index(machine, step, given)
        case ir.ScanRelation():
            return _relation(machine, step, given)
        case ir.Not(body=body):
            return _if(given, _denied(machine, body, given))
        case ir.Every():
            return _if(given, _every(machine, step, given))
        case ir.Extent() | ir.EnterWith() | ir.ExitWith():
            raise NotFollowedError


def _value(machine: Machine, given: Locals, atom: ir.Atom) -> Value:
    match atom:
        case ir.Local(name=name):
            return given[name]
        case ir.Const(value=value):
            return value
        case ir.Input():
            return machine.input
        case ir.BaseData():
            return machine.data


def _one(
    given: Locals, target: ir.Local, value: Value
) -> Iterator[tuple[Locals, Doubts]]:
    yield {**given, target.name: value}, CERTAIN


def _each(
    given: Locals, target: ir.Local, found: list[Outcome]
) -> Iterator[tuple[Locals, Doubts]]:
    for value, places in found:
        yield {**given, target.name: value}, places


def _if(given: Locals, places: Doubts | None) -> Iterator[tuple[Locals, Doubts]]:
    """Yield the locals if something holds, under the doubts that it holds under."""
    if places is not None:
        yield given, places


def _truth(value: Value) -> Doubts | None:
    if isinstance(value, Doubt):
        return value.places
    return None if value is False else CERTAIN


def _shaped(
    value: Value, kind: type[list[Any] | dict[Any, Any]], length: int
) -> Doubts | None:
    if isinstance(value, Doubt | Maybe):
        return doubts_in(value)
    fits = isinstance(value, kind) and len(value) == length
    return CERTAIN if fits else None


def reached(value: Value, keys: list[Value]) -> tuple[Value, Doubts]:
    """Return what keys lead to, and the doubts that it is there under.

    Raises:
        LookupError: if it is not there.
    """
    places: Doubts = CERTAIN
    for key in keys:
        value, more = _member(value, key)
        places |= more
    return value, places


def _member(value: Value, key: Value) -> tuple[Value, Doubts]:
    if isinstance(value, Doubt):
        return value, value.places
    if isinstance(key, Doubt) or isinstance(value, Maybe) or doubts_in(key):
        return _some_member(value, key)
    found = item(value, key)
    return found, CERTAIN


def _some_member(value: Value, key: Value) -> tuple[Value, Doubts]:
    """Return what may be at a key, where the key or its being there is in doubt."""
    places = doubts_in(key) | doubts_in(value)
    if isinstance(value, Maybe) and not doubts_in(key):
        for at, held, more in members_of(value):
            if not doubts_in(at) and equality(at, key) == CERTAIN:
                return held, more
    elif not isinstance(value, Maybe | dict | list | RegoSet):
        raise KeyError(key)
    return Doubt(places), places


def _lookup(
    machine: Machine, step: ir.Lookup, given: Locals
) -> Iterator[tuple[Locals, Doubts]]:
    source = _value(machine, given, step.source)
    if source is UNDEFINED:
        return
    keys = [_value(machine, given, key) for key in step.keys]
    try:
        value, places = reached(source, keys)
    except MISSING:
        return
    yield {**given, step.target.name: value}, places


def _maybe(
    machine: Machine, step: ir.Maybe, given: Locals
) -> Iterator[tuple[Locals, Doubts]]:
    keys = [_value(machine, given, key) for key in step.keys]
    try:
        value, places = reached(_value(machine, given, step.source), keys)
    except MISSING:
        value, places = UNDEFINED, CERTAIN
    # What may be there is there in doubt, which is what a doubt says already.
    yield {**given, step.target.name: Doubt(places) if places else value}, CERTAIN


def _object(
    machine: Machine, given: Locals, pairs: tuple[tuple[ir.Atom, ir.Atom], ...]
) -> Value:
    made: dict[Any, Value] = {}
    for key_atom, value_atom in pairs:
        key = _value(machine, given, key_atom)
        if places := doubts_in(key):
            return Doubt(places)
        made[freeze(key)] = _value(machine, given, value_atom)
    return made


def _collect(machine: Machine, step: ir.Collect, given: Locals) -> Value:
    found = list(solve(machine, step.body, given, CERTAIN))
    values = [(_value(machine, env, step.value), places) for env, places in found]
    if step.kind != "object" or step.key is None:
        return collection(step.kind, values)
    made: dict[Any, Value] = {}
    for (env, places), (value, _) in zip(found, values, strict=True):
        key = _value(machine, env, step.key)
        if doubt := places | doubts_in(key):
            return Doubt(doubt)
        made[freeze(key)] = value
    return made


def _builtin(
    machine: Machine, step: ir.CallBuiltin, given: Locals
) -> Iterator[tuple[Locals, Doubts]]:
    args = [_value(machine, given, x) for x in step.args]
    places = frozenset[Any]().union(*map(doubts_in, args))
    if places:
        value, places = _doubtful_call(step.name, args, places)
    else:
        value = _called(machine, step.name, args)
    if value is UNDEFINED or (step.target is None and value is False):
        return
    if step.target is None:
        yield given, places
    else:
        yield {**given, step.target.name: value}, places


def _called(machine: Machine, name: str, args: list[Value]) -> Value:
    function = lookup(name)
    try:
        if name in CONTEXTUAL:
            return function(machine.evaluation, *args)
        return function(*args)
    except BuiltinError:
        return UNDEFINED


def _doubtful_call(  # noqa: PLR0911  (one case a function)
    name: str, args: list[Value], places: Doubts
) -> tuple[Value, Doubts]:
    """Return what a built-in gives for operands in doubt, as far as that can be told."""
    match name, args:
        case "object.get", [dict() as held, str() as key, default]:
            value = held.get(key, default)
            return value, CERTAIN
        case "count", [list() | dict() as held]:
            return len(held), CERTAIN
        case "object.keys", [dict() as held]:
            return RegoSet(held), CERTAIN
        case "is_object", [dict()]:
            return True, CERTAIN
        case "is_array", [list()]:
            return True, CERTAIN
        case "internal.member_2", [value, held] if not isinstance(held, Doubt):
            found = _among(value, held)
            return (False, CERTAIN) if found is None else (True, found)
        case "neq", [left, right]:
            found = equality(left, right)
            if found is None:
                return True, CERTAIN
            return (False, CERTAIN) if found == CERTAIN else (True, found)
        case _:
            return Doubt(places), CERTAIN if name in _TOTAL else places


def _among(value: Value, held: Value) -> Doubts | None:
    """Return the doubts under which a value is in a collection, None if it is not."""
    possible: Doubts | None = None
    for _, member, more in members_of(held):
        found = equality(value, member)
        if found is not None:
            if not found | more:
                return CERTAIN
            possible = (possible or CERTAIN) | found | more
    return possible


def _scan(
    machine: Machine, step: ir.Scan, given: Locals
) -> Iterator[tuple[Locals, Doubts]]:
    for key, value, places in members_of(_value(machine, given, step.source)):
        yield _bound(given, step.key, key, step.value, value), places


def _bound(
    given: Locals,
    key_local: ir.Local | None,
    key: Value,
    value_local: ir.Local | None,
    value: Value,
) -> Locals:
    made = dict(given)
    if key_local is not None:
        made[key_local.name] = key
    if value_local is not None:
        made[value_local.name] = value
    return made


def _scan_index(
    machine: Machine, step: ir.ScanIndex, given: Locals
) -> Iterator[tuple[Locals, Doubts]]:
    index = machine.indexes.get((step.path, step.on))
    if index is None:
        index = machine.indexes[step.path, step.on] = _built(machine, step)
    match = _value(machine, given, step.match)
    found: list[tuple[Value, Doubts]] = list(index.doubtful)
    if places := doubts_in(match):
        for same in index.known.values():
            found += [(element, places) for element in same]
    else:
        found += [(x, CERTAIN) for x in index.known.get(freeze(match), ())]
    for element, places in found:
        yield _bound(given, None, None, step.value, element), places


def _built(machine: Machine, step: ir.ScanIndex) -> Index:
    index = Index()
    try:
        source, _ = reached(machine.input, list(step.path))
    except MISSING:
        return index
    for _, element, _ in members_of(source):
        try:
            value, places = reached(element, list(step.on))
        except MISSING:
            continue
        places |= doubts_in(value)
        if places:
            index.doubtful.append((element, places))
        else:
            index.known.setdefault(freeze(value), []).append(element)
    return index


def _relation(
    machine: Machine, step: ir.ScanRelation, given: Locals
) -> Iterator[tuple[Locals, Doubts]]:
    args = [_value(machine, given, x) for x in step.args]
    places = frozenset[Any]().union(*map(doubts_in, args))
    if not places:
        for row in lookup(step.name)(*args):
            yield {**given, step.target.name: row}, CERTAIN
        return
    if step.name != "walk":
        raise NotFollowedError
    for path, value in _walked(args[0], []):
        yield {**given, step.target.name: [path, value]}, doubts_in(path)
    below = Doubt(places)
    yield {**given, step.target.name: [below, below]}, places


def _walked(value: Value, path: list[Value]) -> Iterator[tuple[list[Value], Value]]:
    yield path, value
    if isinstance(value, dict | list | RegoSet):
        for key, inner, _ in members_of(value):
            yield from _walked(inner, [*path, key])


def _denied(machine: Machine, body: ir.Steps, given: Locals) -> Doubts | None:
    """Return the doubts under which a body fails, None if it holds for certain."""
    possible: Doubts = CERTAIN
    for _, places in solve(machine, body, given, CERTAIN):
        if not places:
            return None
        possible |= places
    return possible


def _every(machine: Machine, step: ir.Every, given: Locals) -> Doubts | None:
    source = _value(machine, given, step.source)
    if isinstance(source, Doubt):
        return source.places
    if not isinstance(source, list | dict | RegoSet | Maybe):
        return None
    needed: Doubts = CERTAIN
    for key, value, places in members_of(source):
        env = _bound(given, step.key, key, step.value, value)
        found = [p for _, p in solve(machine, step.body, env, CERTAIN)]
        if not found and not places:
            return None
        if CERTAIN not in found:
            needed |= places.union(*found)
    return needed


def _rule(machine: Machine, number: int) -> list[Outcome]:
    """Return the values that a rule without arguments may have."""
    if number not in machine.memo:
        machine.memo[number] = _evaluated(machine, number, ())
    return machine.memo[number]


def _evaluated(machine: Machine, number: int, args: tuple[Value, ...]) -> list[Outcome]:
    rule = machine.rules[number]
    match rule.kind:
        case "set":
            return [(collection("set", _yields(machine, rule, args)), CERTAIN)]
        case "complete" | "function":
            return _chosen(machine, rule, args)
        case "object" if all(len(c.keys) == 1 for ch in rule.chains for c in ch):
            return [_rule_object(machine, rule, args)]
        case _:
            raise NotFollowedError


def _yields(
    machine: Machine, rule: ir.Rule, args: tuple[Value, ...]
) -> Iterator[Outcome]:
    for chain in rule.chains:
        yield from _chain(machine, chain, args)


def _rule_object(machine: Machine, rule: ir.Rule, args: tuple[Value, ...]) -> Outcome:
    made: dict[Any, Value] = {}
    for chain in rule.chains:
        for clause in chain[:1]:
            for env, places in _entered(machine, clause, args):
                key = _value(machine, env, clause.keys[0])
                if doubt := places | doubts_in(key):
                    return Doubt(doubt), CERTAIN
                made[freeze(key)] = _value(machine, env, clause.value)
    return made, CERTAIN


def _entered(
    machine: Machine, clause: ir.Clause, args: tuple[Value, ...]
) -> Iterator[tuple[Locals, Doubts]]:
    env = dict(zip((a.name for a in clause.args), args, strict=True))
    return solve(machine, clause.steps, env, CERTAIN)


def _chain(
    machine: Machine, chain: tuple[ir.Clause, ...], args: tuple[Value, ...]
) -> Iterator[Outcome]:
    """Yield what clauses tried in order give: those after one that may hold as well."""
    before: Doubts = CERTAIN
    for clause in chain:
        found = [
            (_value(machine, env, clause.value), places | before)
            for env, places in _entered(machine, clause, args)
        ]
        yield from found
        if any(places == before for _, places in found):
            return
        before = before.union(*(places for _, places in found))


def _chosen(machine: Machine, rule: ir.Rule, args: tuple[Value, ...]) -> list[Outcome]:
    """Return the values that a rule with one value may have."""
    found = list(_yields(machine, rule, args))
    certain = [outcome for outcome in found if not outcome[1]]
    if certain:
        return certain[:1]
    if rule.default is not None:
        places = CERTAIN.union(*(p for _, p in found))
        for env, more in _entered(machine, rule.default, args):
            value = _value(machine, env, rule.default.value)
            found.append((value, places | more))
    return _agreed(found)


def _agreed(found: list[Outcome]) -> list[Outcome]:
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
