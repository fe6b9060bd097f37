"""PLAN x DOCUMENT WITH DOUBTS -> RESULTS WITH THEIR DOUBTS: steps run one by one.

Slow beside generated code, and meant for the facts that hold a value which is not known,
and those that are joined with them. Whether something exists is asked as generated code
asks it: by indexes, until one is certain, and the same question once. What cannot be
followed (`with`, references to whole packages) it says.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final, TypeAlias

from comply.plan import ir
from comply.plan.doubt import (
    CERTAIN,
    MORE,
    SCALARS,
    SHOWN,
    Doubt,
    Doubts,
    Maybe,
    both,
    collection,
    doubts_in,
    equality,
    members_of,
)
from comply.plan.doubtful_index import (
    Machine,
    Name,
    NotFollowedError,
    in_doubt,
    kept,
    spend,
    with_any,
    with_value,
)
from comply.plan.doubtful_steps import (
    PARTS,
    Locals,
    Outcome,
    Ways,
    agreed,
    bound,
    built_in,
    each,
    indexed,
    looked_at,
    object_of,
    perhaps,
    related,
    scanned,
    value_of,
)
from comply.plan.doubtful_values import shaped, truth
from comply.plan.reads import all_assigned, captured, read
from comply.plan.values import RegoSet, Value, freeze

Place: TypeAlias = tuple[ir.Steps, int]
"""Steps, and which of them is meant."""

_BRANCHES: Final = (
    ir.Scan, ir.ScanIndex, ir.ScanRelation, ir.CallRule, ir.CallFunction,
)  # fmt: skip
"""Steps that may be gone through in several ways."""


def outcomes(
    machine: Machine,
    clause: ir.Clause,
    steps: ir.Steps,
    given: Locals,
    places: Doubts = CERTAIN,
) -> list[Outcome]:
    """Return what a clause yields and the doubts of each, after `steps` of it.

    `given` are the locals before them, which hold under the doubts `places`. Of the ways
    that lead to one value only what it rests on is told.

    Raises:
        NotFollowedError: if it cannot be followed, or takes too long.
    """
    parts = machine.parts.get(id(steps))
    if parts is None:
        parts = machine.parts[id(steps)] = _parted(steps, clause.value)
    making, asking = parts
    found: list[Outcome] = []
    for env, more in solve(machine, making, given, places):
        below = witness(machine, asking, env)
        if below is not None:
            found.append((value_of(machine, env, clause.value), both(more, below)))
    return found


def _parted(steps: ir.Steps, value: ir.Atom) -> tuple[ir.Steps, ir.Steps]:
    """Return the steps that make a value, and those that only ask whether it is made.

    From the first one that goes through several ways only to ask, those that ask come
    last: what they make nobody else reads.
    """
    wanted = {value.name} if isinstance(value, ir.Local) else set[str]()
    making: set[int] = set()
    for i in reversed(range(len(steps))):
        if not wanted.isdisjoint(all_assigned(steps[i : i + 1])):
            making.add(i)
            wanted.update(read(steps[i : i + 1]))
    every = range(len(steps))
    several = (i for i in every if isinstance(steps[i], _BRANCHES) and i not in making)
    first = next(several, len(steps))
    made = [steps[i] for i in every if i < first or i in making]
    asked = [steps[i] for i in every if i >= first and i not in making]
    return tuple(made), tuple(asked)


def rule_outcomes(machine: Machine, rule: ir.Rule) -> list[Outcome]:
    """Return the values that a rule may have.

    Raises:
        NotFollowedError: as `outcomes` does.
    """
    return list(_given_by(machine, rule.id, ()))


def solve(
    machine: Machine, steps: ir.Steps, given: Locals, places: Doubts, start: int = 0
) -> Ways:
    """Yield the ways through steps: the locals, and the doubts that each rests on."""
    env = dict(given)
    for i in range(start, len(steps)):
        spend(machine)
        step = steps[i]
        if isinstance(step, _BRANCHES):
            for found, more in _branches(machine, step, env):
                yield from solve(machine, steps, found, both(places, more), i + 1)
            return
        own = _follow(machine, step, env)
        if own is None:
            return
        places = both(places, own)
    yield env, places


def witness(
    machine: Machine, steps: ir.Steps, given: Locals, start: int = 0
) -> Doubts | None:
    """Return the doubts under which there is a way through steps, None if there is none.

    Where one way is certain the others are not looked for, for it rests on nothing.

    Raises:
        NotFollowedError: as `outcomes` does.
    """
    env = dict(given)
    places: Doubts = CERTAIN
    for i in range(start, len(steps)):
        spend(machine)
        step = steps[i]
        if isinstance(step, _BRANCHES):
            below = _any_way(machine, (steps, i), env)
            return None if below is None else both(places, below)
        more = _follow(machine, step, env)
        if more is None:
            return None
        places = both(places, more)
    return places


def _any_way(machine: Machine, place: Place, env: Locals) -> Doubts | None:
    """Return the doubts under which a step that branches, and those after it, hold."""
    steps, i = place
    step = steps[i]
    if not isinstance(step, ir.ScanIndex):
        return _found(machine, place, _branches(machine, step, env))
    match = value_of(machine, env, step.match)
    if isinstance(step.match, ir.Const):
        ask = partial(_looked_up, match=match)
        return _asked(machine, "const", place, env, ask)
    return _looked_up(machine, place, env, match)


def _found(machine: Machine, place: Place, ways: Ways) -> Doubts | None:
    """Return the doubts under which one of some ways leads on, None if none does."""
    steps, i = place
    possible: Doubts | None = None
    for env, more in ways:
        below = witness(machine, steps, env, i + 1)
        if below is None:
            continue
        if not (more or below):
            return CERTAIN
        possible = both(possible or CERTAIN, both(more, below))
    return possible


def _looked_up(
    machine: Machine, place: Place, env: Locals, match: Value
) -> Doubts | None:
    """Return the doubts under which an element of an index leads on."""
    places = doubts_in(match)
    if places:
        there = _asked(machine, "any", place, env, _any_element)
        return None if there is None else both(places, there)
    step = _index_step(place)
    elements = with_value(machine, step.path, step.on, match)
    ways = ((bound(env, None, None, step.value, x), CERTAIN) for x in elements)
    known = _found(machine, place, ways)
    if known is not None and not known:
        return CERTAIN
    doubtful = _asked(machine, "doubtful", place, env, _some_in_doubt)
    if known is None or doubtful is None:
        return doubtful if known is None else known
    return both(known, doubtful)


def _index_step(place: Place) -> ir.ScanIndex:
    step = place[0][place[1]]
    if not isinstance(step, ir.ScanIndex):
        raise TypeError(step)
    return step


Ask: TypeAlias = Callable[[Machine, Place, Locals], Doubts | None]


def _asked(
    machine: Machine, kind: str, place: Place, env: Locals, ask: Ask
) -> Doubts | None:
    """Return an answer, the one before if all that the steps read is the same."""
    name = _name(machine, kind, place, env)
    question = partial(ask, machine, place, env)
    return question() if name is None else kept(machine, name, question)


def _name(machine: Machine, kind: str, place: Place, env: Locals) -> Name | None:
    """Return the name of a question about steps, None if it reads more than scalars."""
    steps, i = place
    at = (id(steps), i)
    names = machine.captured.get(at)
    if names is None:
        step = _index_step(place)
        own = step.value.name if step.value is not None else ""
        names = [x for x in captured(steps[i + 1 :]) if x != own]
        machine.captured[at] = names
    operands = _scalars([env[name] for name in names])
    return None if operands is None else (kind, *at, operands)


def _scalars(values: list[Value]) -> Name | None:
    """Return values as a part of a name, None if one has parts or is in doubt."""
    if any(type(value) not in SCALARS for value in values):
        return None
    return tuple((type(value), value) for value in values)


def _some_in_doubt(machine: Machine, place: Place, env: Locals) -> Doubts | None:
    """Return what it rests on that an element leads on whose value is in doubt.

    None of them is certain, and whoever is told of a few need not be told of all.
    """
    step = _index_step(place)
    possible: Doubts | None = None
    for held in in_doubt(machine, step.path, step.on):
        found = bound(env, None, None, step.value, held.element)
        below = witness(machine, place[0], found, place[1] + 1)
        if below is None:
            continue
        if possible is not None and len(possible) >= SHOWN:
            return possible | {MORE}
        possible = both(possible or CERTAIN, held.places | below)
    return possible


def _any_element(machine: Machine, place: Place, env: Locals) -> Doubts | None:
    """Return the doubts under which any element of an index leads on."""
    step = _index_step(place)
    elements = with_any(machine, step.path, step.on)
    ways = (
        (bound(env, None, None, step.value, element), places)
        for element, places in elements
    )
    return _found(machine, place, ways)


def _branches(machine: Machine, step: ir.Step, given: Locals) -> Ways:
    """Yield the ways through a step that may have several."""
    match step:
        case ir.Scan():
            return scanned(machine, step, given)
        case ir.ScanIndex():
            return indexed(machine, step, given)
        case ir.ScanRelation():
            return related(machine, step, given)
        case ir.CallRule(target=target, rule=rule):
            return each(given, target, _given_by(machine, rule, ()))
        case ir.CallFunction(target=target, rule=rule, args=args):
            values = tuple(value_of(machine, given, x) for x in args)
            return each(given, target, _given_by(machine, rule, values))
        case _:
            raise NotFollowedError


def _follow(  # noqa: C901, PLR0911  (one case a step)
    machine: Machine, step: ir.Step, env: Locals
) -> Doubts | None:
    """Take a step with one way: add to the locals, return its doubts, None if it fails."""
    match step:
        case ir.Lookup():
            return looked_at(machine, step, env)
        case ir.Equal(left=left, right=right):
            return equality(value_of(machine, env, left), value_of(machine, env, right))
        case ir.Not(body=body):
            return _denied(witness(machine, body, env))
        case ir.CallBuiltin():
            return built_in(machine, step, env)
        case ir.Holds(atom=atom):
            return truth(value_of(machine, env, atom))
        case ir.IsArray(atom=atom, length=length):
            return shaped(value_of(machine, env, atom), list, length)
        case ir.IsObject(atom=atom, length=length):
            return shaped(value_of(machine, env, atom), dict, length)
        case ir.Every():
            return _every(machine, step, env)
        case ir.Never():
            return None
        case (
            ir.Maybe()
            | ir.Copy()
            | ir.MakeArray()
            | ir.MakeSet()
            | ir.MakeObject()
            | ir.Collect()
        ):
            env[step.target.name] = _made(machine, step, env)
            return CERTAIN
        case _:
            raise NotFollowedError


def _made(
    machine: Machine,
    step: ir.Maybe | ir.Copy | ir.MakeArray | ir.MakeSet | ir.MakeObject | ir.Collect,
    env: Locals,
) -> Value:
    """Return the value that a step which cannot fail makes."""
    match step:
        case ir.Maybe():
            return perhaps(machine, step, env)
        case ir.Copy(source=source):
            return value_of(machine, env, source)
        case ir.MakeArray(items=items):
            return [value_of(machine, env, x) for x in items]
        case ir.MakeSet(items=items):
            held = [(value_of(machine, env, x), CERTAIN) for x in items]
            return collection("set", held)
        case ir.MakeObject(pairs=pairs):
            return object_of(machine, env, pairs)
        case ir.Collect():
            return _collect(machine, step, env)


def _collect(machine: Machine, step: ir.Collect, given: Locals) -> Value:
    found = list(solve(machine, step.body, given, CERTAIN))
    spend(machine, len(found) // PARTS)
    values = [(value_of(machine, env, step.value), places) for env, places in found]
    if step.kind != "object" or step.key is None:
        return collection(step.kind, values)
    made: dict[Any, Value] = {}
    for (env, places), (value, _) in zip(found, values, strict=True):
        key = value_of(machine, env, step.key)
        if doubt := places | doubts_in(key):
            return Doubt(doubt)
        made[freeze(key)] = value
    return made


def _denied(found: Doubts | None) -> Doubts | None:
    """Return the doubts under which something is not there, None if it surely is."""
    if found is None:
        return CERTAIN
    return found or None


def _every(machine: Machine, step: ir.Every, given: Locals) -> Doubts | None:
    source = value_of(machine, given, step.source)
    if isinstance(source, Doubt):
        return source.places
    if not isinstance(source, list | dict | RegoSet | Maybe):
        return None
    needed: Doubts = CERTAIN
    for key, value, places in members_of(source):
        env = bound(given, step.key, key, step.value, value)
        found = witness(machine, step.body, env)
        if found is None and not places:
            return None
        if found is None or found:
            needed |= places | (found or CERTAIN)
    return needed


def _given_by(machine: Machine, number: int, args: tuple[Value, ...]) -> list[Outcome]:
    """Return the values that a rule may have, asked once for the same operands."""
    operands = _scalars(list(args))
    ask = partial(_evaluated, machine, number, args)
    if operands is None:
        return ask()
    return kept(machine, ("rule", number, operands), ask)


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
                key = value_of(machine, env, clause.keys[0])
                if doubt := places | doubts_in(key):
                    return Doubt(doubt), CERTAIN
                made[freeze(key)] = value_of(machine, env, clause.value)
    return made, CERTAIN


def _entered(machine: Machine, clause: ir.Clause, args: tuple[Value, ...]) -> Ways:
    env = dict(zip((a.name for a in clause.args), args, strict=True))
    return solve(machine, clause.steps, env, CERTAIN)


def _chain(
    machine: Machine, chain: tuple[ir.Clause, ...], args: tuple[Value, ...]
) -> Iterator[Outcome]:
    """Yield what clauses tried in order give: those after one that may hold as well."""
    before: Doubts = CERTAIN
    for clause in chain:
        env = dict(zip((a.name for a in clause.args), args, strict=True))
        own = outcomes(machine, clause, clause.steps, env)
        yield from ((value, places | before) for value, places in own)
        if any(not places for _, places in own):
            return
        before = before.union(*(places for _, places in own))


def _chosen(machine: Machine, rule: ir.Rule, args: tuple[Value, ...]) -> list[Outcome]:
    """Return the values that a rule with one value may have."""
    found: list[Outcome] = []
    for value, places in _yields(machine, rule, args):
        if not places:
            return [(value, places)]
        found.append((value, places))
    if rule.default is not None:
        places = CERTAIN.union(*(p for _, p in found))
        for env, more in _entered(machine, rule.default, args):
            value = value_of(machine, env, rule.default.value)
            found.append((value, places | more))
    return agreed(found)
