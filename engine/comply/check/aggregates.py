"""RULE x CHANGE -> VALUE: sets, objects and folds, kept by what each element adds.

The first change finds what every element adds, later ones only what the changed elements
do. What does not fit (numbers that are no integers, values that are equal but written
differently, two values for a key) is left to an evaluation from scratch, never guessed.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

from comply.check.changes import same
from comply.classes import dataclass, field
from comply.plan.link import AggregateCode
from comply.plan.runtime import Context
from comply.plan.values import UNDEFINED, RegoSet, Value, freeze

Pair = tuple[Value, Value]
Turn = tuple[Any, tuple[Pair, ...]]

_PLAIN: Final = (int, str)


@dataclass(slots=True)
class Member:
    """A member that stands `count` times: a value, under a key in an object."""

    count: int
    value: Value


@dataclass(slots=True)
class Kept:
    """What the elements of a collection add to a rule.

    `turns` holds the element and its pairs by id, for each part of the rule, `started`
    what each part needs besides an element. `members` counts what they add, `size` is
    the number of pairs and `total` the sum of those that are integers. `odd` tells that
    some values only an evaluation from scratch knows how to treat.
    """

    started: list[tuple[Value, ...] | None] = field(default_factory=list)
    turns: list[dict[int, Turn]] = field(default_factory=list)
    members: dict[Any, Member] = field(default_factory=dict)
    size: int = 0
    total: int = 0
    odd: bool = False


def gathered(
    code: AggregateCode,
    context: Context,
    elements: Callable[[int], Iterable[Any]],
) -> Kept:
    """Return what the elements of each part add; `elements` gives those of one."""
    kept = Kept()
    for i, part in enumerate(code.parts):
        started = part.start(context) if part.start is not None else None
        kept.started.append(started)
        turns: dict[int, Turn] = {}
        kept.turns.append(turns)
        for element in () if started is None else elements(i):
            # An element in two places could not be told from itself.
            kept.odd |= id(element) in turns
            pairs = _pairs(kept, code, context, i, element)
            turns[id(element)] = element, pairs
            for pair in pairs:
                _add(kept, code, pair)
    return kept


def _pairs(
    kept: Kept,
    code: AggregateCode,
    context: Context,
    part: int,
    element: Any,  # noqa: ANN401
) -> tuple[Pair, ...]:
    out: list[Pair] = []
    code.parts[part].run(context, out, None, element, *(kept.started[part] or ()))
    return tuple(out)


@dataclass(frozen=True, slots=True)
class Exchange:
    """The elements that one part of a rule lost, and those that it got."""

    part: int
    gone: tuple[Any, ...]
    come: tuple[Any, ...]


def exchanged(
    kept: Kept,
    code: AggregateCode,
    context: Context,
    exchanges: Iterable[Exchange],
) -> dict[Any, Member | None]:
    """Put elements in the place of others; return the members that may have changed.

    They are given as they were, None where they were not.
    """
    before: dict[Any, Member | None] = {}
    exchanges = tuple(exchanges)
    for item in exchanges:
        for element in item.gone:
            turn = kept.turns[item.part].pop(id(element), None)
            for pair in turn[1] if turn is not None else ():
                _note(kept, code, pair, before)
                _drop(kept, code, pair)
    for item in exchanges:
        # A part that needs something that is not there says nothing of any element.
        nothing = kept.started[item.part] is None
        for element in () if nothing else item.come:
            pairs = _pairs(kept, code, context, item.part, element)
            kept.turns[item.part][id(element)] = element, pairs
            for pair in pairs:
                _note(kept, code, pair, before)
                _add(kept, code, pair)
    return before


def _note(
    kept: Kept, code: AggregateCode, pair: Pair, before: dict[Any, Member | None]
) -> None:
    name = _name(code, pair)
    if name not in before:
        held = kept.members.get(name)
        before[name] = Member(held.count, held.value) if held is not None else None


def _name(code: AggregateCode, pair: Pair) -> Any:  # noqa: ANN401
    return freeze(pair[0] if code.kind == "object" else pair[1])


def _add(kept: Kept, code: AggregateCode, pair: Pair) -> None:
    value = pair[1]
    kept.size += 1
    if type(value) is int:
        kept.total += value
    else:
        kept.odd |= code.fold == "sum"
    kept.odd |= code.fold in ("min", "max") and type(value) not in _PLAIN
    held = kept.members.get(_name(code, pair))
    if held is None:
        kept.members[_name(code, pair)] = Member(1, value)
        return
    held.count += 1
    kept.odd |= not same(held.value, value)


def _drop(kept: Kept, code: AggregateCode, pair: Pair) -> None:
    kept.size -= 1
    if type(pair[1]) is int:
        kept.total -= pair[1]
    name = _name(code, pair)
    held = kept.members[name]
    held.count -= 1
    if not held.count:
        del kept.members[name]


def value_after(
    kept: Kept, code: AggregateCode, old: Value, before: dict[Any, Member | None]
) -> Value:
    """Return the value of a rule; it is `old` itself where it did not change."""
    changed = [name for name, member in before.items() if _changed(kept, name, member)]
    if code.fold:
        return _fold(kept, code, old, changed)
    if not changed:
        return old
    members = dict(old.members if isinstance(old, RegoSet) else old)
    for name in changed:
        held = kept.members.get(name)
        if held is None:
            members.pop(name, None)
        else:
            members[name] = held.value
    return RegoSet.of(members) if code.kind == "set" else members


def _changed(kept: Kept, name: Any, before: Member | None) -> bool:  # noqa: ANN401
    now = kept.members.get(name)
    if before is None or now is None:
        return now is not before
    return not same(before.value, now.value)


def _fold(kept: Kept, code: AggregateCode, old: Value, changed: list[Any]) -> Value:
    several = code.kind == "array"
    match code.fold:
        case "count":
            new: Value = kept.size if several else len(kept.members)
        case "sum" if several:
            new = kept.total
        case "sum":
            new = sum(member.value for member in kept.members.values())
        case _ if not changed:
            return old
        case _:
            new = _extreme(kept, max if code.fold == "max" else min, old, changed)
    return old if same(old, new) else new


def _extreme(
    kept: Kept,
    best: Callable[[Iterable[Any]], Value],
    old: Value,
    changed: list[Any],
) -> Value:
    """Return the least or greatest member: the old one or one that came, if it stands."""
    if old is not UNDEFINED and freeze(old) in kept.members:
        came = [kept.members[name].value for name in changed if name in kept.members]
        found = [old, *came]
    else:
        found = [member.value for member in kept.members.values()]
    # Numbers come before strings in Rego's order.
    numbers = [x for x in found if type(x) is int]
    strings = [x for x in found if type(x) is str]
    first, second = (numbers, strings) if best is min else (strings, numbers)
    return best(first or second) if found else UNDEFINED
