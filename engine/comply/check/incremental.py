"""The incremental core: units, what they read, and which of them a change concerns.

A unit is one (check, element). Its results are kept with what it read; a change re-runs
the units that read what changed, and a rule whose value comes out equal stops the wave.
Nothing here knows Terraform, Kubernetes or Rego: results are opaque.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from comply.check.changes import Edit, Edits
from comply.plan.link import Program, ReadSet, UnitCode
from comply.plan.runtime import MISSING, Context, EvaluationError, entries, partition
from comply.plan.values import UNDEFINED, Value, equal, freeze

Path = tuple[str, ...]
Normal = Callable[[Path], Path]
Results = dict[int, tuple[Value, ...]]
"""Results by the id of the element that gave them; 0 is the unit as a whole."""


@dataclass(slots=True)
class Unit:
    """One clause of an entry rule over one document, and what it gave.

    `looked_up` maps a key of an index to the elements whose turn read it, `readers` an
    element to the keys it read. `size` counts the elements it ran for, `error` is why
    it could not be evaluated.
    """

    code: UnitCode
    results: Results = field(default_factory=dict)
    elements: dict[int, tuple[Any, Any]] = field(default_factory=dict)
    started: tuple[Value, ...] | None = None
    looked_up: dict[Any, dict[int, Any]] = field(default_factory=dict)
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
    out: dict[Any, Value] = {}
    if code.start is None or code.path is None:
        code.run(context, out)
        if out:
            unit.results[0] = tuple(out.values())
        return 1
    unit.started = code.start(context)
    if unit.started is None:
        return 1
    if code.reads.partitions:
        return _run_traced(unit, context)
    return _run_plain(unit, context, out)


def _run_plain(unit: Unit, context: Context, out: dict[Any, Value]) -> int:
    """Run the turns of a unit that looks nothing up: the fast way."""
    code = unit.code
    run, started = code.run, unit.started or ()
    size = 0
    for key, element in driven(code, context):
        size += 1
        run(context, out, key, element, *started)
        if out:
            _keep(unit, key, element, out)
            out.clear()
    return size


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
        for read in trace:
            unit.looked_up.setdefault(read, {})[id(element)] = element


def _forget(unit: Unit, element: Any) -> None:  # noqa: ANN401
    """Drop what a unit keeps of an element."""
    unit.results.pop(id(element), None)
    unit.elements.pop(id(element), None)
    for read in unit.readers.pop(id(element), ()):
        held = unit.looked_up.get(read)
        if held is not None:
            held.pop(id(element), None)
            if not held:
                del unit.looked_up[read]


def driven(code: UnitCode, context: Context) -> Iterable[tuple[Any, Any]]:
    """Return the (key, element) pairs that a unit has to be run for."""
    path = code.path or ()
    if code.on is not None:
        return ((None, x) for x in partition(context, path, code.on, code.match))
    return entries(follow(context.input, path))


def follow(value: Any, path: Path) -> Any:  # noqa: ANN401
    """Return what a path of keys leads to, UNDEFINED if to nothing."""
    try:
        for step in path:
            value = value[step]
    except MISSING:
        return UNDEFINED
    return value


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
    changed_rules: frozenset[int] = frozenset()

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
    _update_indexes(wave, context)
    wave.changed_rules = _update_rules(wave, context, program)
    return wave


def _update_indexes(wave: Wave, context: Context) -> None:
    """Move the elements that changed to where they belong; drop what is too changed."""
    for path, on in list(context.indexes):
        normal = wave.normal(path)
        index = context.indexes[path, on]
        if not normal or not wave.edits.keys.isdisjoint(("", normal[0])):
            del context.indexes[path, on]
            continue
        for edit in wave.edits.elements:
            if edit.path == normal:
                _move(index, edit, on)


def _move(index: dict[Any, list[Any]], edit: Edit, on: Path) -> None:
    if edit.old is not None:
        held = index.get(value_at(edit.old, on), [])
        at = next((i for i, x in enumerate(held) if x is edit.old), None)
        if at is not None:
            del held[at]
    if edit.new is not None:
        key = value_at(edit.new, on)
        if key is not UNDEFINED:
            index.setdefault(key, []).append(edit.new)


def _update_rules(wave: Wave, context: Context, program: Program) -> frozenset[int]:
    """Evaluate again the rules that a change concerns; return those that came out new."""
    stale = _stale(wave, context, program)
    old = {rule: context.memo.pop(rule) for rule in stale}
    changed = set()
    for rule, before in old.items():
        try:
            after = program.rules[rule](context)
        except (EvaluationError, RecursionError):
            changed.add(rule)
            continue
        if _differs(before, after):
            changed.add(rule)
        else:
            context.memo[rule] = before
    return frozenset(changed)


def _differs(before: Value, after: Value) -> bool:
    if before is UNDEFINED or after is UNDEFINED:
        return before is not after
    return not equal(before, after)


def _stale(wave: Wave, context: Context, program: Program) -> list[int]:
    """Return the rules in the memo that a change may concern, directly or not."""
    stale: set[int] = set()
    known = [rule for rule in context.memo if rule in program.reads]
    for rule in known:
        reads = program.reads[rule]
        direct = wave.concerns(reads)
        if direct or any(wave.touches(path) for path in reads.partitions):
            stale.add(rule)
    grew = True
    while grew and stale:
        grew = False
        for rule in known:
            if rule not in stale and not stale.isdisjoint(program.reads[rule].rules):
                stale.add(rule)
                grew = True
    return sorted(stale)


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
    if unit.error is not None or wave.concerns(code.reads):
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
    for key in _affected(unit, wave):
        held = unit.looked_up.get(key, {})
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


def _affected(unit: Unit, wave: Wave) -> set[Any]:
    """Return the keys of indexes, read by turns of a unit, that elements came or left."""
    if not unit.looked_up:
        return set()
    indexes = {(path, on) for path, on, _ in unit.looked_up}
    keys = set()
    for path, on in indexes:
        for edit in wave.edits.elements:
            if edit.path != wave.normal(path):
                continue
            for element in (edit.old, edit.new):
                if element is not None:
                    key = value_at(element, on)
                    if key is not UNDEFINED:
                        keys.add((path, on, key))
    return keys
