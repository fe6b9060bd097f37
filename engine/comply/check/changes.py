"""TWO VERSIONS OF A VALUE -> CHANGES: which elements of which collection, which keys."""

from collections import deque
from collections.abc import Callable
from itertools import pairwise
from marshal import dumps
from operator import is_not
from typing import Any, Final

from comply.classes import dataclass, field
from comply.load.facts import Change
from comply.plan.shape import Shape, project

Path = tuple[str, ...]
Identity = Callable[[Any], str]

_PART: Final = 1024
"""How many elements are compared at a time; what they refer to fits in a cache."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One element of a collection: what it was and what it is, None where it is not."""

    path: Path
    old: Any
    new: Any


@dataclass(slots=True)
class Edits:
    """What changed in a value.

    `keys` are top-level keys whose value changed as a whole; `value` is the new value,
    in which an element that did not change is the old object. `moved` tells that it was
    read from a text, in which even what is the same may stand elsewhere.
    """

    value: Any
    elements: list[Edit] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    moved: bool = False

    def take(self, path: Path, found: list[Edit]) -> None:
        """Note the edits of a list; only objects are told apart by where they are."""
        self.elements += found
        if not all(isinstance(x, dict | None) for e in found for x in (e.old, e.new)):
            self.keys.add(path[0])

    def __bool__(self) -> bool:
        return bool(self.elements or self.keys)


def same(a: Any, b: Any) -> bool:  # noqa: ANN401
    """Tell whether two JSON values are the same; unlike `==`, true is not 1."""
    if a is b:
        return True
    try:
        # Members in one order, which most are in, need no walk.
        return bool(a == b) and (dumps(a, 2) == dumps(b, 2) or _alike(a, b))
    except ValueError:
        return False


def _alike(a: Any, b: Any) -> bool:  # noqa: ANN401
    """Tell whether equal values hold the same types, in whatever order of members."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return all(_alike(value, b[key]) for key, value in a.items())
    if isinstance(a, list):
        return all(map(_alike, a, b))
    return bool(dumps(a, 2) == dumps(b, 2))


@dataclass(frozen=True, slots=True)
class Frame:
    """Where the facts of a value are, and how much of it is kept.

    `collections` names the top-level lists of facts and gives their identities; keys in
    `ignored` stand for others. The old value holds no more than `kept`.
    """

    collections: dict[str, Identity]
    ignored: frozenset[str] = frozenset()
    kept: Shape = None

    def part(self, key: str) -> Shape:
        """Return what is kept of the member of a value."""
        return self.kept[key] if isinstance(self.kept, dict) else None


def compare(old: Any, new: Any, frame: Frame, given: Any = None) -> Edits:  # noqa: ANN401
    """Return what changed from `old` to `new`.

    `given` is the value that was compared last, from which `old` took what had changed:
    what is the same object there as in `new` need not be looked into. Values that are
    no objects change as a whole.
    """
    if not isinstance(old, dict) or not isinstance(new, dict):
        new = project(frame.kept, new)
        return Edits(new, keys=set() if same(old, new) else {""})
    if isinstance(frame.kept, dict):
        new = {k: v for k, v in new.items() if k in frame.kept or k in frame.ignored}
    last = given if isinstance(given, dict) else old
    edits = Edits(dict(new))
    for key in (old.keys() | new.keys()) - frame.ignored:
        before, after = old.get(key), new.get(key)
        if key in old and key in new and last.get(key, edits) is after:
            edits.value[key] = before
            continue
        identity, part = frame.collections.get(key), frame.part(key)
        if identity and isinstance(before, list) and isinstance(after, list):
            seen = last.get(key)
            aligned = isinstance(seen, list) and len(seen) == len(before)
            lists = (before, seen if aligned and seen is not None else before, after)
            within = part[0] if isinstance(part, list) else None
            listed = Listed((key,), identity, within)
            merged, found, ordered = _compare_lists(listed, lists)
            edits.value[key] = merged
            edits.take((key,), found)
            if not ordered:
                edits.keys.add(key)
            continue
        if key in new:
            after = edits.value[key] = project(part, after)
        if key not in old or key not in new or not same(before, after):
            edits.keys.add(key)
            if identity and isinstance(after, list):
                edits.value[key] = unshared(after)
        else:
            edits.value[key] = before
    return edits


@dataclass(frozen=True, slots=True)
class Listed:
    """A list of facts: its path, what identifies them, what of each is kept."""

    path: Path
    identity: Identity
    kept: Shape


def _compare_lists(
    listed: Listed, lists: tuple[list[Any], list[Any], list[Any]]
) -> tuple[list[Any], list[Edit], bool]:
    """Return the new list, unchanged elements being the old objects, and the edits.

    The lists are the old one, what was given for it, and the new one. The last result
    tells whether what is in both stands in the order it had.
    """
    old, given, new = lists
    identity, kept = listed.identity, listed.kept
    if len(old) == len(new):
        differing = _differing(given, new)
        if all(identity(old[i]) == identity(new[i]) for i in differing):
            merged = list(old)
            edits = []
            for i in differing:
                element = project(kept, new[i])
                if not same(old[i], element):
                    merged[i] = own(element)
                    edits.append(Edit(listed.path, old[i], merged[i]))
            return merged, edits, True
    merged = [project(kept, element) for element in new] if kept else list(new)
    edits, ordered = _matched(listed, old, merged)
    return merged, edits, ordered


def _differing(given: list[Any], new: list[Any]) -> list[int]:
    """Return where two lists of one length do not hold the same object."""
    found: list[int] = []
    for start in range(0, len(new), _PART):
        # Objects lie all over the memory: a slice asks for many of them at a time, where
        # a walk over the whole lists would wait for each.
        end = start + _PART
        old, now = given[start:end], new[start:end]
        # Most parts of a large list have none: there they are only looked for.
        if any(map(is_not, old, now)):
            pairs = enumerate(zip(old, now, strict=True), start)
            found += [i for i, (a, b) in pairs if a is not b]
    return found


def replaced(
    given: dict[str, Any], new: dict[str, Any], frame: Frame
) -> dict[str, list[int]] | None:
    """Return, by key, where lists of facts hold other objects than those given.

    None where more than elements of such lists may have changed.
    """
    if given.keys() != new.keys():
        return None
    found: dict[str, list[int]] = {}
    for key, value in new.items():
        last = given[key]
        kept = not isinstance(frame.kept, dict) or key in frame.kept
        if last is value or key in frame.ignored or not kept:
            continue
        identity = frame.collections.get(key)
        if (
            identity is None
            or not isinstance(value, list)
            or not isinstance(last, list)
        ):
            return None
        if len(value) != len(last):
            return None
        found[key] = _differing(last, value)
    return found


def _matched(
    listed: Listed, old: list[Any], merged: list[Any]
) -> tuple[list[Edit], bool]:
    """Return the edits between lists in which elements came, went or moved.

    The second result tells whether what was matched kept its order.
    """
    path, identity = listed.path, listed.identity
    left: dict[str, deque[int]] = {}
    for i, element in enumerate(old):
        left.setdefault(identity(element), deque()).append(i)
    edits: list[Edit] = []
    places: list[int] = []
    for i, element in enumerate(merged):
        held = left.get(identity(element))
        before = None
        if held:
            places.append(held.popleft())
            before = old[places[-1]]
        if before is not None and same(before, element):
            merged[i] = before
        else:
            merged[i] = own(element)
            edits.append(Edit(path, before, merged[i]))
    gone = sorted(i for held in left.values() for i in held)
    edits += [Edit(path, old[i], None) for i in gone]
    return edits, all(a < b for a, b in pairwise(places))


def own(element: Any) -> Any:  # noqa: ANN401
    """Return an element as an object that stands nowhere else."""
    return dict(element) if isinstance(element, dict) else element


def unshared(elements: list[Any]) -> list[Any]:
    """Return a list in which no object stands twice."""
    if len(set(map(id, elements))) == len(elements):
        return elements
    return [own(element) for element in elements]


@dataclass(slots=True)
class Positions:
    """Where the elements of a list are, by identity, kept while it changes."""

    path: Path
    items: list[Any]
    identity: Identity
    index: dict[str, int] | None = None

    def find(self, name: str) -> int | None:
        """Return the position of the element with an identity."""
        if self.index is None:
            self.index = {self.identity(x): i for i, x in enumerate(self.items)}
        return self.index.get(name)

    def apply(self, change: Change) -> list[Edit]:
        """Change the list, and return the edits.

        Raises:
            KeyError: if the change updates or removes an element that is not there.
        """
        edits = []
        for name, value in change.updated:
            at = self._position(name)
            edits.append(Edit(self.path, self.items[at], own(value)))
            self.items[at] = edits[-1].new
            if self.identity(value) != name:
                self.index = None
        gone = {self._position(name) for name in change.removed}
        if gone:
            edits += [Edit(self.path, self.items[i], None) for i in sorted(gone)]
            self.items[:] = [x for i, x in enumerate(self.items) if i not in gone]
            self.index = None
        for value in change.added:
            edits.append(Edit(self.path, None, own(value)))
            if self.index is not None:
                self.index[self.identity(value)] = len(self.items)
            self.items.append(edits[-1].new)
        return edits

    def put(self, at: int, element: Any) -> list[Edit]:  # noqa: ANN401
        """Put an element of the same identity in the place of one; return the edit."""
        old = self.items[at]
        if same(old, element):
            return []
        self.items[at] = own(element)
        return [Edit(self.path, old, self.items[at])]

    def _position(self, name: str) -> int:
        at = self.find(name)
        if at is None:
            raise KeyError(name)
        return at
