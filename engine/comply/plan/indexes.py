"""COLLECTION x PATH -> INDEX: the elements of a collection of the input by a value of theirs.

All rules of an evaluation share an index. It is built when it is first asked, or by a scan
that meets all elements before.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from comply.plan.runtime import MISSING, Context, Index, maybe, values
from comply.plan.values import UNDEFINED, Value, freeze

Path = tuple[str, ...]

_EMPTY: Final[list[Value]] = []


def partition(context: Context, path: Path, on: Path, match: Value) -> list[Value]:
    """Return the elements of an input collection that have a value.

    `path` leads to the collection, `on` from an element to the value to `match`.
    """
    index = context.indexes.get((path, on))
    if index is None:
        index = context.indexes[path, on] = build_index(context.input, path, on)
    key = match if type(match) is str else freeze(match)
    if context.trace is not None:
        context.trace.append((path, on, key))
    return index.get(key, _EMPTY)


def build_index(source: Value, path: Path, on: Path) -> Index:
    """Return the elements of a collection by their value at `on`."""
    try:
        for step in path:
            source = source[step]
    except MISSING:
        return {}
    elements = values(source)
    quick = _by_text(elements, on[0]) if len(on) == 1 else None
    if quick is not None:
        return quick
    index: Index = defaultdict(list)
    for element in elements:
        value = maybe(element, *on)
        if value is not UNDEFINED:
            index[value if type(value) is str else freeze(value)].append(element)
    return dict(index)


def _by_text(elements: Iterable[Value], key: str) -> Index | None:
    """Return elements by their value at `key`, or None where one is no text."""
    index: Index = defaultdict(list)
    try:
        for element in elements:
            index[element[key]].append(element)
    except MISSING:
        return None
    return dict(index) if all(type(value) is str for value in index) else None


def indexing(
    context: Context, elements: Iterable[Value], path: Path, on: str
) -> Iterable[Value]:
    """Return the elements of an input collection; who takes all of them has an index made.

    `path` leads to the collection, `on` is the key of the value that the index is by.
    """
    if (path, (on,)) in context.indexes:
        return elements
    return _indexing(context, elements, path, on)


def _indexing(
    context: Context, elements: Iterable[Value], path: Path, on: str
) -> Iterator[Value]:
    index: Index = defaultdict(list)
    left = iter(elements)
    for element in left:
        try:
            index[element[on]].append(element)
        except MISSING:
            yield element
            yield from left
            return
        yield element
    if all(type(value) is str for value in index):
        context.indexes.setdefault((path, (on,)), dict(index))
