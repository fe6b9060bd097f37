"""Values that are not known, and what may be told of steps that read them.

A `Doubt` stands in a document where a value is known only later. Whoever runs a plan over
it gets, with every result, the doubts that it rests on: none means that it holds whatever
the values turn out to be. This is Kleene's three-valued logic over documents.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final, TypeAlias

from comply.classes import dataclass
from comply.plan.values import RegoSet, Value, equal, freeze, thaw

Place: TypeAlias = tuple[str, str]
"""The identity of a fact, and the path in it of a value that is not known."""
Doubts: TypeAlias = frozenset[Place]

CERTAIN: Final[Doubts] = frozenset()
MORE: Final[Place] = ("", "")
"""Stands for the places that were not looked for, since there are some already."""
GIVEN: Final = frozenset({"id", "arn", "tags_all"})
"""What every provider gives: who looks at all attributes does not mean these."""
SHOWN: Final = 4
"""How many places are named."""
SCALARS: Final = frozenset({str, bool, int, float, type(None)})
"""Values that have no parts."""


class Doubt:
    """A value that is not known; `places` are where it comes from."""

    __slots__ = ("places",)

    def __init__(self, places: Doubts) -> None:
        self.places = places


@dataclass(frozen=True, slots=True)
class Maybe:
    """A collection of which some members may not be there: values and their doubts.

    `kind` is "set" or "array", `places` are all doubts in it. `known` finds the members
    that have none in themselves, `loose` are the others.
    """

    kind: str
    items: tuple[tuple[Value, Doubts], ...]
    places: Doubts
    known: dict[Any, Doubts]
    loose: tuple[tuple[Value, Doubts], ...]


def doubts_in(value: Value) -> Doubts:
    """Return the places of all doubts in a value."""
    if type(value) in SCALARS:
        return CERTAIN
    found: set[Place] = set()
    waiting = [value]
    while waiting:
        item = waiting.pop()
        match item:
            case Doubt():
                found |= item.places
            case Maybe():
                found |= item.places
            case dict():
                waiting += item.values()
            case list():
                waiting += item
            case RegoSet():
                waiting += item.members.values()
            case _:
                pass
    return frozenset(found)


def collection(kind: str, items: Iterable[tuple[Value, Doubts]]) -> Value:
    """Return a collection of members; a plain one if none is in doubt."""
    held = list(items)
    inner = [doubts_in(value) for value, _ in held]
    if any(inner) or any(places for _, places in held):
        return _maybe(kind, held, inner)
    if kind == "array":
        return [value for value, _ in held]
    return RegoSet.of({freeze(value): value for value, _ in held})


def _maybe(kind: str, held: list[tuple[Value, Doubts]], inner: list[Doubts]) -> Maybe:
    known: dict[Any, Doubts] = {}
    loose: list[tuple[Value, Doubts]] = []
    for (value, places), within in zip(held, inner, strict=True):
        if within:
            loose.append((value, places))
            continue
        key = freeze(value)
        before = known.get(key)
        # A member that is there twice is there for certain if it is once.
        certain = before is not None and not (before and places)
        known[key] = CERTAIN if certain else places | (before or CERTAIN)
    every = CERTAIN.union(*inner, *(places for _, places in held))
    return Maybe(kind, tuple(held), every, known, tuple(loose))


def among(value: Value, held: Value) -> Doubts | None:
    """Return the doubts under which a value is in a collection, None if it is not."""
    possible: Doubts | None = None
    members: Iterable[tuple[Value, Doubts]]
    if isinstance(held, Maybe) and not doubts_in(value):
        possible = held.known.get(freeze(value))
        if possible is not None and not possible:
            return CERTAIN
        members = held.loose
    else:
        members = ((member, more) for _, member, more in members_of(held))
    for member, more in members:
        found = equality(value, member)
        if found is not None:
            if not found | more:
                return CERTAIN
            possible = (possible or CERTAIN) | found | more
    return possible


def members_of(value: Value) -> Iterator[tuple[Value, Value, Doubts]]:
    """Yield the keys, the elements and the doubts of a collection; none of others."""
    match value:
        case Doubt():
            yield value, value, value.places
        case Maybe():
            yield from _maybe_members(value)
        case list():
            for i, item in enumerate(value):
                yield i, item, CERTAIN
        case dict():
            for key, item in value.items():
                yield (key if type(key) is str else thaw(key)), item, CERTAIN
        case RegoSet():
            for item in value.members.values():
                yield item, item, CERTAIN
        case _:
            return


def _maybe_members(value: Maybe) -> Iterator[tuple[Value, Value, Doubts]]:
    """Yield members; the positions of elements rest on those before them."""
    before: Doubts = CERTAIN
    for i, (item, places) in enumerate(value.items):
        if value.kind == "set":
            yield item, item, places
        else:
            yield (Doubt(before) if before else i), item, places
            before |= places


def equality(left: Value, right: Value) -> Doubts | None:
    """Return the doubts under which two values are equal, None if they are not."""
    if left is right and not isinstance(left, Doubt | Maybe):
        return CERTAIN
    places = doubts_in(left) | doubts_in(right)
    if not places:
        return CERTAIN if equal(left, right) else None
    if isinstance(left, dict) and isinstance(right, dict):
        if left.keys() != right.keys():
            return None
        return _all(equality(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        if len(left) != len(right):
            return None
        return _all(equality(a, b) for a, b in zip(left, right, strict=True))
    return places


def _all(parts: Iterable[Doubts | None]) -> Doubts | None:
    found: Doubts = CERTAIN
    for part in parts:
        if part is None:
            return None
        found |= part
    return found


def doubtful(value: Any, unknown: Any, identity: str, path: str = "") -> Any:  # noqa: ANN401
    """Return a value with a doubt at each place that its mirror `unknown` marks.

    >>> made = doubtful({"a": 1}, {"b": True}, "x.y")
    >>> made["a"], made["b"].places
    (1, frozenset({('x.y', 'b')}))
    """
    if unknown is True:
        return Doubt(frozenset(((identity, path),)))
    if isinstance(unknown, dict) and isinstance(value, dict | None):
        made = dict(value or {})
        for key, part in unknown.items():
            if part:
                inner = f"{path}.{key}" if path else key
                made[key] = doubtful(made.get(key), part, identity, inner)
        return made
    lists = isinstance(unknown, list) and isinstance(value, list)
    if lists and len(unknown) == len(value):
        pairs = zip(value, unknown, strict=True)
        return [
            doubtful(item, part, identity, f"{path}[{i}]") if part else item
            for i, (item, part) in enumerate(pairs)
        ]
    if _marks(unknown):
        # The marks of sets need not line up with their elements.
        return Doubt(frozenset(((identity, path),)))
    return value


def _marks(unknown: Any) -> bool:  # noqa: ANN401
    """Tell whether a mirror of a value marks any part of it."""
    match unknown:
        case dict():
            return any(map(_marks, unknown.values()))
        case list():
            return any(map(_marks, unknown))
        case _:
            return unknown is True


def both(one: Doubts, other: Doubts) -> Doubts:
    """Return the doubts of two, sharing them where only one has any."""
    return one | other if one and other else one or other


def untold(places: Doubts, own: str) -> str:
    """Return the sentence that names what has to be known, about the fact `own`.

    >>> untold(frozenset({("x.y", "ami")}), "x.y")
    'x.y: cannot be told yet: `ami` is known only after apply'
    """
    names = sorted(
        f"`{path}`" if identity == own else f"`{path}` of {identity}"
        for identity, path in places - {MORE}
    )
    shown = ", ".join(names[:SHOWN])
    if MORE in places:
        shown += " and more"
    elif len(names) > SHOWN:
        shown += f" and {len(names) - SHOWN} more"
    are = "are" if len(names) > 1 else "is"
    subject = f"{own}: " if own else ""
    return f"{subject}cannot be told yet: {shown} {are} known only after apply"
