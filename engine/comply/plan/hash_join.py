"""COLLECTION x VALUE -> ELEMENTS: an index for scans that are made again and again.

Collections of the input have indexes of their own, which follow changes. These are of
what rules hold and of base documents, and of input collections whose keys are asked for.
"""

from collections.abc import Iterable
from typing import Any, Final

from comply.plan.runtime import entries, maybe, ordered_entries
from comply.plan.values import UNDEFINED, RegoSet, Value, freeze

FEWEST: Final = 16
"""Of fewer elements a scan is as fast."""


def among(
    kept: dict[Any, Any],
    source: Value,
    on: tuple[str, ...],
    match: Value,
    ordered: bool,  # noqa: FBT001  (positional in generated code)
) -> Iterable[tuple[Value, Value]]:
    """Return (key, element) pairs of a collection, all that have `match` at `on`.

    The first time they are all pairs: whoever asks once is served best by a scan. `kept`
    must not outlive a change of the collection.
    """
    every = ordered_entries if ordered else entries
    if type(source) not in (list, dict, RegoSet) or len(source) < FEWEST:
        return every(source)
    name = id(source), on, ordered
    held = kept.get(name)
    if held is None:
        # With the source held, its id is not given to another.
        kept[name] = source, None
        return every(source)
    index = held[1]
    if index is None:
        index = _index(every(source), on)
        kept[name] = source, index
    found: list[tuple[Value, Value]] = index.get(
        match if type(match) is str else freeze(match), _NONE
    )
    return found


_NONE: Final[list[tuple[Value, Value]]] = []


def _index(
    pairs: Iterable[tuple[Value, Value]], on: tuple[str, ...]
) -> dict[Any, list[tuple[Value, Value]]]:
    index: dict[Any, list[tuple[Value, Value]]] = {}
    for pair in pairs:
        value = maybe(pair[1], *on)
        if value is not UNDEFINED:
            key = value if type(value) is str else freeze(value)
            index.setdefault(key, []).append(pair)
    return index
