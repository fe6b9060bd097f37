"""FACTS WITH DOUBTS -> CANDIDATES: who may have a value, and who read what.

The facts without doubts stand in the indexes of generated code already; an `Index` holds
only those with doubts: by their value where it is known, in order of their names where
it is not. What was looked up is noted, so that a change of a fact leads to the questions
that it concerns, and to no others.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, TypeAlias, TypeVar

from comply.classes import dataclass, field
from comply.plan import ir
from comply.plan.builtins.failure import Evaluation
from comply.plan.doubt import CERTAIN, Doubts, Place, doubts_in, members_of
from comply.plan.doubtful_values import reached
from comply.plan.indexes import partition
from comply.plan.runtime import MISSING, Context
from comply.plan.values import Value, equal, freeze

T = TypeVar("T")
Path: TypeAlias = tuple[str, ...]
Name: TypeAlias = tuple[Any, ...]
"""What was read, or who read it."""

ALL: Final = "all"
DOUBTFUL: Final = "doubtful"
KNOWN: Final = "known"


class NotFollowedError(Exception):
    """Steps that cannot be run with doubts, or take too long."""


@dataclass(slots=True)
class Budget:
    """How many steps may still be taken."""

    left: int


@dataclass(slots=True)
class Kept:
    """What something came out as, and how to find it again."""

    result: Any
    again: Callable[[], Any]


@dataclass(slots=True)
class Machine:
    """One plan over one document with doubts; what rules gave is kept.

    `facts` maps the ids of facts to what stands in their place, with doubts; `shared`
    are the paths of the lists of facts. `context` has the indexes of the others.
    `reads` maps who asked to what they read, `readers` the other way; `trace` receives
    what is read now.
    """

    rules: dict[int, ir.Rule]
    input: Value
    context: Context
    evaluation: Evaluation
    facts: dict[int, Value]
    shared: frozenset[Path]
    budget: Budget
    memo: dict[Name, Kept] = field(default_factory=dict)
    indexes: dict[tuple[Path, Path], "Index"] = field(default_factory=dict)
    captured: dict[tuple[int, int], list[str]] = field(default_factory=dict)
    parts: dict[int, tuple[ir.Steps, ir.Steps]] = field(default_factory=dict)
    reads: dict[Name, set[Name]] = field(default_factory=dict)
    readers: dict[Name, set[Name]] = field(default_factory=dict)
    trace: set[Name] | None = None


@dataclass(frozen=True, slots=True)
class Doubtful:
    """An element whose value in an index is in doubt; `order` are its doubts, sorted."""

    order: tuple[Place, ...]
    element: Value
    places: Doubts


@dataclass(slots=True)
class Index:
    """The elements of a collection by a value in them, and those where it is in doubt."""

    known: dict[Any, list[Value]] = field(default_factory=dict)
    doubtful: list[Doubtful] = field(default_factory=list)


def spend(machine: Machine, steps: int = 1) -> None:
    """Take steps from the budget.

    Raises:
        NotFollowedError: if it is used up.
    """
    machine.budget.left -= steps
    if machine.budget.left < 0:
        raise NotFollowedError


def note(machine: Machine, name: Name) -> None:
    """Note that something was read."""
    if machine.trace is not None:
        machine.trace.add(name)


def recorded(machine: Machine, reader: Name, ask: Callable[[], T]) -> T:
    """Return what a question comes out as, and note what it reads."""
    outer, machine.trace = machine.trace, set()
    try:
        result = ask()
        read = machine.trace
    finally:
        machine.trace = outer
    machine.reads[reader] = read
    for name in read:
        machine.readers.setdefault(name, set()).add(reader)
    return result


def kept(machine: Machine, name: Name, ask: Callable[[], T]) -> T:
    """Return what a question comes out as, asked once for all who want to know."""
    held = machine.memo.get(name)
    if held is None:
        held = machine.memo[name] = Kept(recorded(machine, name, ask), ask)
    note(machine, name)
    result: T = held.result
    return result


def forget(machine: Machine, reader: Name) -> None:
    """Drop what a reader read, and the answers that no one else wants to know."""
    for name in machine.reads.pop(reader, ()):
        others = machine.readers[name]
        others.discard(reader)
        if not others:
            del machine.readers[name]
            if machine.memo.pop(name, None) is not None:
                forget(machine, name)


def index_of(machine: Machine, path: Path, on: Path) -> Index:
    """Return the index of the elements with doubts of a collection."""
    index = machine.indexes.get((path, on))
    if index is None:
        index = machine.indexes[path, on] = Index()
        for element in _indexed(machine, path):
            _add(index, on, element)
        index.doubtful.sort(key=_order)
    return index


def _indexed(machine: Machine, path: Path) -> Iterable[Value]:
    if path in machine.shared:
        return machine.facts.values()
    try:
        source, _ = reached(machine.input, list(path))
    except MISSING:
        return ()
    return [element for _, element, _ in members_of(source)]


def _order(held: Doubtful) -> tuple[Place, ...]:
    return held.order


def _value_at(element: Value, on: Path) -> tuple[Value, Doubts] | None:
    """Return the value of an element in an index and its doubts, None if it has none."""
    try:
        value, places = reached(element, list(on))
    except MISSING:
        return None
    return value, places | doubts_in(value)


def _add(index: Index, on: Path, element: Value) -> None:
    """Add an element to an index, at the end of those in doubt."""
    found = _value_at(element, on)
    if found is None:
        return
    value, places = found
    if places:
        index.doubtful.append(Doubtful(tuple(sorted(places)), element, places))
    else:
        index.known.setdefault(freeze(value), []).append(element)


def with_value(machine: Machine, path: Path, on: Path, match: Value) -> Iterator[Value]:
    """Yield the elements that have a value for certain."""
    index = index_of(machine, path, on)
    key = freeze(match)
    note(machine, (KNOWN, path, on, key))
    if path in machine.shared:
        for element in partition(machine.context, path, on, match):
            if id(element) not in machine.facts:
                yield element
    yield from index.known.get(key, ())


def in_doubt(machine: Machine, path: Path, on: Path) -> list[Doubtful]:
    """Return the elements whose value is in doubt, by the names of what they rest on."""
    note(machine, (DOUBTFUL, path, on))
    return index_of(machine, path, on).doubtful


def with_any(machine: Machine, path: Path, on: Path) -> Iterator[tuple[Value, Doubts]]:
    """Yield the elements that have a value, whichever, and the doubts of that."""
    note(machine, (ALL, path, on))
    index = index_of(machine, path, on)
    if path in machine.shared:
        partition(machine.context, path, on, None)
        for same in machine.context.indexes[path, on].values():
            for element in same:
                if id(element) not in machine.facts:
                    yield element, CERTAIN
    for same in index.known.values():
        for element in same:
            yield element, CERTAIN
    for held in index.doubtful:
        yield held.element, held.places


def exchange(
    machine: Machine, gone: Iterable[Value], came: Iterable[tuple[Value, Value]]
) -> set[Name]:
    """Put facts in the place of others; return who has to be asked again.

    `came` pairs new facts with what stands in their place, themselves where they have
    no doubts. Answers that are kept are found again: only who reads one that is another
    now is concerned.
    """
    touched: set[Name] = set()
    for fact in gone:
        held = machine.facts.pop(id(fact), None)
        for name, index in machine.indexes.items():
            if name[0] in machine.shared:
                touched |= _touched(name, fact)
                if held is not None:
                    touched |= _touched(name, held)
                    _take(index, name[1], held)
    for fact, held in came:
        if held is not fact:
            machine.facts[id(fact)] = held
        for name, index in machine.indexes.items():
            if name[0] in machine.shared:
                touched |= _touched(name, fact) | _touched(name, held)
                if held is not fact:
                    _put(index, name[1], held)
    return _concerned(machine, touched)


def _touched(name: tuple[Path, Path], element: Value) -> set[Name]:
    """Return what questions about an index that an element is in may have read."""
    path, on = name
    found = _value_at(element, on)
    if found is None:
        return set()
    value, places = found
    which = (DOUBTFUL, *name) if places else (KNOWN, path, on, freeze(value))
    return {(ALL, *name), which}


def _take(index: Index, on: Path, element: Value) -> None:
    found = _value_at(element, on)
    if found is None:
        return
    value, places = found
    if not places:
        same = index.known[freeze(value)]
        same[:] = [x for x in same if x is not element]
        return
    at = bisect_left(index.doubtful, tuple(sorted(places)), key=_order)
    while index.doubtful[at].element is not element:
        at += 1
    del index.doubtful[at]


def _put(index: Index, on: Path, element: Value) -> None:
    _add(index, on, element)
    if index.doubtful and index.doubtful[-1].element is element:
        insort(index.doubtful, index.doubtful.pop(), key=_order)


def _concerned(machine: Machine, touched: set[Name]) -> set[Name]:
    """Return who read what was touched, or an answer that is another one now."""
    stale: dict[Name, Kept] = {}
    waiting = list(touched)
    while waiting:
        for reader in machine.readers.get(waiting.pop(), ()):
            if reader not in stale and reader in machine.memo:
                stale[reader] = machine.memo[reader]
                waiting.append(reader)
    for name in stale:
        del machine.memo[name]
        _unread(machine, name)
    for name, before in stale.items():
        if name not in machine.readers:
            continue
        after = kept(machine, name, before.again)
        if not _same(before.result, after):
            touched.add(name)
    found: set[Name] = set()
    for name in touched:
        found |= machine.readers.get(name, set())
    # Of few names, not of all that is remembered, as `-` would go through.
    return {name for name in found if name not in machine.memo}


def _unread(machine: Machine, reader: Name) -> None:
    """Drop what a reader read; answers stay, for it may want to know them again."""
    for name in machine.reads.pop(reader, ()):
        machine.readers[name].discard(reader)
        if not machine.readers[name] and name not in machine.memo:
            del machine.readers[name]


def _same(before: Any, after: Any) -> bool:  # noqa: ANN401
    """Tell whether an answer is what it was: doubts, or values and their doubts."""
    if not isinstance(before, list) or not isinstance(after, list):
        return bool(before == after)
    return len(before) == len(after) and all(
        p == q and not doubts_in(a) and not doubts_in(b) and equal(a, b)
        for (a, p), (b, q) in zip(before, after, strict=True)
    )
