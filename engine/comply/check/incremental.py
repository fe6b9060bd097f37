"""The incremental core: units, what they read, and which of them a change concerns.

A unit is one (check, element). Its results are kept with what it read; a change re-runs
the units that read what changed, and a rule whose value comes out equal stops the wave.
Nothing here knows Terraform, Kubernetes or Rego: results are opaque.
"""

from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any

from comply.check.aggregates import Exchange, exchanged, gathered, value_after
from comply.check.changes import Edit, Edits
from comply.check.evaluations import driven, driven_size, follow
from comply.classes import dataclass, field
from comply.plan.link import Program, ReadSet, UnitCode
from comply.plan.runtime import (
    Context,
    EvaluationError,
)
from comply.plan.values import UNDEFINED, Value, equal, freeze

Path = tuple[str, ...]
Normal = Callable[[Path], Path]
Results = dict[int, tuple[Value, ...]]
"""Results by the id of the element that gave them; 0 is the unit as a whole."""
Index = tuple[Path, Path]
"""The path of a collection, and the path in its elements that an index is on."""


@dataclass(slots=True)
class Unit:
    """One clause of an entry rule over one document, and what it gave.

    `looked_up` maps an index, and a key of it, to the elements whose turn read it,
    `readers` an element to the keys it read. `size` counts the elements it ran for, `error` is why
    it could not be evaluated.
    """

    code: UnitCode
    results: Results = field(default_factory=dict)
    elements: dict[int, tuple[Any, Any]] = field(default_factory=dict)
    started: tuple[Value, ...] | None = None
    looked_up: dict[Index, dict[Any, dict[int, Any]]] = field(default_factory=dict)
    readers: dict[int, list[Any]] = field(default_factory=dict)
    size: int = 0
    error: EvaluationError | RecursionError | None = None


def run_unit(unit: Unit, context: Context) -> int:
    """Run a unit from scratch; return how many turns that took."""
    unit.results.clear()
    unit.elements.clear()
    unit.looked_up.clear()
    unit.readers.clear()
    unit.error = None
    try:
        unit.size = _run_all(unit, context)
    except (EvaluationError, RecursionError) as error:
        unit.results.clear()
        unit.error = error
        unit.size = 1
    return unit.size


def _run_all(unit: Unit, context: Context) -> int:
    code = unit.code
    if code.start is None or code.path is None:
        out: dict[Any, Value] = {}
        code.run(context, out)
        if out:
            unit.results[0] = tuple(out.values())
        return 1
    unit.started = code.start(context)
    if unit.started is None:
        return 1
    if code.reads.partitions:
        return _run_traced(unit, context)
    return _run_plain(unit, context)


def _run_plain(unit: Unit, context: Context) -> int:
    """Run the turns of a unit that looks nothing up: the fast way."""
    code = unit.code
    if code.turns is None:
        return 0
    found: list[tuple[Any, Any, Value]] = []
    pairs, size = driven(code, context), driven_size(code, context)
    code.turns(context, found, pairs, *(unit.started or ()))
    for (key, _), turn in groupby(found, key=_turn):
        results = {freeze(value): (element, value) for _, element, value in turn}
        element = next(iter(results.values()))[0]
        _keep(unit, key, element, {k: value for k, (_, value) in results.items()})
    return size


def _turn(found: tuple[Any, Any, Value]) -> tuple[Any, int]:
    return found[0], id(found[1])


def _keep(unit: Unit, key: Any, element: Any, out: dict[Any, Value]) -> None:  # noqa: ANN401
    """Keep what a turn gave; an element that stands in two places gives it once."""
    held = unit.results.get(id(element), ())
    unit.results[id(element)] = (*held, *out.values())
    unit.elements[id(element)] = (key, element)


def _run_traced(unit: Unit, context: Context) -> int:
    size = 0
    for key, element in driven(unit.code, context):
        size += 1
        _run_turn(unit, context, key, element)
    return size


def _run_turn(unit: Unit, context: Context, key: Any, element: Any) -> None:  # noqa: ANN401
    """Run a unit for one element, and note what it looks up."""
    out: dict[Any, Value] = {}
    context.trace = [] if unit.code.reads.partitions else None
    try:
        unit.code.run(context, out, key, element, *(unit.started or ()))
        trace = context.trace or ()
    finally:
        context.trace = None
    if out:
        _keep(unit, key, element, out)
    if trace:
        unit.readers.setdefault(id(element), []).extend(trace)
        for path, on, match in trace:
            held = unit.looked_up.setdefault((path, on), {})
            held.setdefault(match, {})[id(element)] = element


def _forget(unit: Unit, element: Any) -> None:  # noqa: ANN401
    """Drop what a unit keeps of an element."""
    unit.results.pop(id(element), None)
    unit.elements.pop(id(element), None)
    for path, on, key in unit.readers.pop(id(element), ()):
        keys = unit.looked_up[path, on]
        held = keys.get(key)
        if held is not None:
            held.pop(id(element), None)
            if not held:
                del keys[key]


def value_at(element: Any, on: Path) -> Any:  # noqa: ANN401
    """Return the key of an element in the index on a path, UNDEFINED if it has none."""
    found = follow(element, on)
    return found if found is UNDEFINED else freeze(found)


@dataclass(slots=True)
class Wave:
    """A change on its way through the units of one document and one program.

    `normal` gives the path under which a path of the input is known (two names may lead
    to one collection). `data` are the top-level keys of base documents that changed.
    `rerun` counts the turns made.
    """

    edits: Edits
    data: frozenset[str]
    normal: Normal
    rerun: int = 0
    reused: int = 0
    changed_rules: set[int] = field(default_factory=set)

    def touches(self, path: Path) -> bool:
        """Tell whether what stands at a path of the input may have changed."""
        path = self.normal(path)
        if not path:
            return bool(self.edits)
        if not self.edits.keys.isdisjoint(("", path[0])):
            return True
        return any(
            edit.path == path[: len(edit.path)] or path == edit.path[: len(path)]
            for edit in self.edits.elements
        )

    def replaces(self, path: Path) -> bool:
        """Tell whether what stands at a path may be another collection, or none."""
        path = self.normal(path)
        return not path or not self.edits.keys.isdisjoint(("", path[0]))

    def concerns(self, reads: ReadSet) -> bool:
        """Tell whether the change concerns all turns of a unit, or a rule."""
        if reads.whole and self.edits:
            return True
        if reads.data is None and self.data:
            return True
        if reads.data and not self.data.isdisjoint(reads.data):
            return True
        if not self.changed_rules.isdisjoint(reads.rules):
            return True
        if self.edits.keys and any(
            map(self.replaces, (*reads.present, *reads.partitions))
        ):
            return True
        return any(self.touches(path) for path in reads.paths)


def start_wave(
    edits: Edits,
    data: frozenset[str],
    normal: Normal,
    context: Context,
    program: Program,
) -> Wave:
    """Bring what a context keeps up to date; return the wave that runs its units."""
    wave = Wave(edits, data, normal)
    # Collections change where they are: what was found in them is not to be trusted.
    context.joins.clear()
    context.lasting.clear()
    _update_indexes(wave, context)
    _update_rules(wave, context, program)
    return wave


def _update_indexes(wave: Wave, context: Context) -> None:
    """Move the elements that changed to where they belong; drop what is too changed."""
    for path, on in list(context.indexes):
        normal = wave.normal(path)
        if not normal or not wave.edits.keys.isdisjoint(("", normal[0])):
            del context.indexes[path, on]
            context.places.clear()
            continue
        for edit in wave.edits.elements:
            if edit.path == normal:
                _move(context, (path, on), edit)


def _move(context: Context, name: tuple[Path, Path], edit: Edit) -> None:
    """Move an element to where an index has it; the order of a partition is free."""
    index, on = context.indexes[name], name[1]
    if edit.old is not None:
        key = value_at(edit.old, on)
        held = index.get(key, [])
        places = _places(context, (*name, key), held)
        at = places.pop(id(edit.old), None)
        if at is not None:
            last = held.pop()
            if at < len(held):
                held[at] = last
                places[id(last)] = at
    if edit.new is not None:
        key = value_at(edit.new, on)
        if key is not UNDEFINED:
            held = index.setdefault(key, [])
            _places(context, (*name, key), held)[id(edit.new)] = len(held)
            held.append(edit.new)


def _places(context: Context, name: Any, held: list[Any]) -> dict[int, int]:  # noqa: ANN401
    """Return where the elements of a partition are, noted when it first changes."""
    places = context.places.get(name)
    if places is None:
        places = context.places[name] = {id(x): i for i, x in enumerate(held)}
    return places


def _update_rules(wave: Wave, context: Context, program: Program) -> None:
    """Evaluate again the rules that a change concerns, those they read before them.

    What comes out new is added to the wave's `changed_rules`. A rule that reads only
    what came out equal keeps its value.
    """
    direct = _direct(wave, context, program)
    for rule in _in_order(_stale(direct, context, program), program.reads):
        known = rule in context.memo
        reads = program.reads[rule]
        if not known or not (
            rule in direct or not wave.changed_rules.isdisjoint(reads.rules)
        ):
            continue
        before = context.memo.pop(rule)
        try:
            after = _renewed(rule, before, wave, context, program)
        except (EvaluationError, RecursionError):
            context.kept.pop(rule, None)
            wave.changed_rules.add(rule)
            continue
        if after is not before and _differs(before, after):
            wave.changed_rules.add(rule)
        else:
            context.memo[rule] = before


def _renewed(
    rule: int, before: Value, wave: Wave, context: Context, program: Program
) -> Value:
    """Return the value of a rule after a change, by what elements add if it can be."""
    code = program.aggregates.get(rule)
    kept = context.kept.pop(rule, None)
    if code is not None and not any(_all_concerned(p, wave) for p in code.parts):
        if kept is None:
            kept = gathered(code, context, lambda i: _elements(code.parts[i], context))
        elif not kept.odd:
            exchanges = [_exchange(i, p, wave) for i, p in enumerate(code.parts)]
            noted = exchanged(kept, code, context, exchanges)
            if not kept.odd:
                context.kept[rule] = kept
                context.memo[rule] = after = value_after(kept, code, before, noted)
                return after
        context.kept[rule] = kept
    return program.rules[rule](context)


def _elements(code: UnitCode, context: Context) -> Iterator[Any]:
    return (element for _, element in driven(code, context))


def _all_concerned(code: UnitCode, wave: Wave) -> bool:
    """Tell whether a change concerns what all elements add to a rule."""
    looked_up = any(wave.touches(path) for path in code.reads.partitions)
    normal = wave.normal(code.path or ())
    whole = not normal or not wave.edits.keys.isdisjoint(("", normal[0]))
    return looked_up or whole or wave.concerns(code.reads)


def _exchange(number: int, code: UnitCode, wave: Wave) -> Exchange:
    path = wave.normal(code.path or ())
    edits = [edit for edit in wave.edits.elements if edit.path == path]
    gone = tuple(e.old for e in edits if e.old is not None)
    return Exchange(number, gone, tuple(e.new for e in edits if _drives(code, e.new)))


def _differs(before: Value, after: Value) -> bool:
    """Tell whether a rule has another value, or the same written in another way."""
    if before is UNDEFINED or after is UNDEFINED:
        return before is not after
    return not equal(before, after) or repr(before) != repr(after)


def _direct(wave: Wave, context: Context, program: Program) -> set[int]:
    """Return the rules in the memo whose own reads a change concerns."""
    return {
        rule
        for rule in context.memo
        if (reads := program.reads.get(rule)) is not None
        and (wave.concerns(reads) or any(map(wave.touches, reads.partitions)))
    }


def _stale(direct: set[int], context: Context, program: Program) -> set[int]:
    """Return the rules in the memo that a change may concern, directly or not."""
    stale = set(direct)
    known = [rule for rule in context.memo if rule in program.reads]
    grew = True
    while grew and stale:
        grew = False
        for rule in known:
            if rule not in stale and not stale.isdisjoint(program.reads[rule].rules):
                stale.add(rule)
                grew = True
    return stale


def _in_order(stale: set[int], reads: dict[int, ReadSet]) -> list[int]:
    """Return rules, each after those that it may read, directly or not."""
    ordered: dict[int, None] = {}
    seen: set[int] = set()
    waiting = [(rule, False) for rule in sorted(stale, reverse=True)]
    while waiting:
        rule, done = waiting.pop()
        if done:
            ordered[rule] = None
        elif rule not in seen:
            seen.add(rule)
            waiting.append((rule, True))
            below = reads[rule].rules if rule in reads else ()
            waiting += [(other, False) for other in below]
    return [rule for rule in ordered if rule in stale]


def advance(unit: Unit, context: Context, wave: Wave) -> frozenset[int] | None:
    """Run again the turns of a unit that a change concerns.

    Return the ids of the elements whose results may be other ones now, None for all.
    """
    if _from_scratch(unit, wave):
        wave.rerun += run_unit(unit, context)
        return None
    path = unit.code.path
    if path is None or not (wave.touches(path) or unit.looked_up):
        wave.reused += unit.size
        return frozenset()
    return _advance_turns(unit, context, wave)


def _from_scratch(unit: Unit, wave: Wave) -> bool:
    """Tell whether a change concerns a unit as a whole."""
    code = unit.code
    if unit.error is not None:
        return bool(wave.edits or wave.data)
    if wave.concerns(code.reads):
        return True
    if code.path is None:
        return any(wave.touches(path) for path in code.reads.partitions)
    touched = wave.touches(code.path)
    normal = wave.normal(code.path)
    whole = not normal or not wave.edits.keys.isdisjoint(("", normal[0]))
    return touched and (whole or code.keyed or unit.started is None)


def _advance_turns(unit: Unit, context: Context, wave: Wave) -> frozenset[int] | None:
    path = wave.normal(unit.code.path or ())
    edits = [edit for edit in wave.edits.elements if edit.path == path]
    gone = {id(e.old): e.old for e in edits if _drives(unit.code, e.old)}
    turns = {id(e.new): e.new for e in edits if _drives(unit.code, e.new)}
    unit.size += len(turns) - len(gone)
    for held in _affected(unit, wave):
        turns |= {number: x for number, x in held.items() if number not in gone}
    for element in (*gone.values(), *turns.values()):
        _forget(unit, element)
    try:
        for element in turns.values():
            _run_turn(unit, context, None, element)
    except (EvaluationError, RecursionError) as error:
        unit.results.clear()
        unit.error = error
        return None
    finally:
        wave.rerun += len(turns)
        wave.reused += max(unit.size - len(turns), 0)
    return frozenset((*gone, *turns))


def _drives(code: UnitCode, element: Any) -> bool:  # noqa: ANN401
    """Tell whether a unit has a turn for an element; None is no element."""
    if element is None:
        return False
    if code.on is None:
        return True
    found = value_at(element, code.on)
    return found is not UNDEFINED and bool(found == freeze(code.match))


def _affected(unit: Unit, wave: Wave) -> list[dict[int, Any]]:
    """Return the elements whose turns read what elements that changed came to or left."""
    found = []
    for (path, on), keys in unit.looked_up.items():
        normal = wave.normal(path)
        for edit in wave.edits.elements:
            if edit.path != normal:
                continue
            for element in (edit.old, edit.new):
                key = UNDEFINED if element is None else value_at(element, on)
                if key is not UNDEFINED and key in keys:
                    found.append(keys[key])
    return found
