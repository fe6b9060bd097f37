"""CHECKS x DOCUMENTS -> NOTICES: names that rules read and that are probably misspelt.

What is not there is undefined in Rego, and a rule that reads it finds nothing: it passes
everything in silence. Most often that is what its author wants (an attribute nobody set),
so only names that differ by one letter from one that is there are told of.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from comply.check.worlds import KEYS
from comply.classes import dataclass, field
from comply.load.facts import Document
from comply.rules.checks import RegoChecks

_SHORTEST: Final = 4
"""Shorter names differ by one letter too often."""


def misspelt(
    checks: Iterable[RegoChecks], documents: list[Document], worlds: Iterable[str]
) -> Iterator[str]:
    """Yield what is to be said of the rules that people wrote; packs are tested.

    `worlds` are those of the documents, which may be too many to have them all at once.
    """
    known = {key for world in worlds for key in KEYS.get(world, ())}
    for document in documents:
        if isinstance(document.value, dict):
            known.update(document.value)
    every = known.union(*KEYS.values())
    attributes = _Attributes(_after(documents))
    for made in checks:
        if any(rule.pack for rule in made.rules):
            continue
        for rule, keys in sorted(_keys_read(made).items()):
            for key in sorted(keys - every):
                if near := _nearest(key, known):
                    yield _told(rule, f"input.{key}", near)
        for name in sorted(made.awaited or ()):
            if near := attributes.near(name):
                yield _told(_reader(made, name), f"the attribute {name}", near)


def _told(rule: str, what: str, near: str) -> str:
    return (
        f"{rule} reads {what}, which is nowhere in what was checked: "
        f"did you mean {near}?"
    )


def _reader(made: RegoChecks, name: str) -> str:
    """Return the first rule in whose file a name stands, else the first of all."""
    files = {source.name for source in made.sources if name in source.text}
    ids = sorted(rule.id for rule in made.rules if rule.file in files)
    return ids[0] if ids else made.rules[0].id


def _keys_read(made: RegoChecks) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    read = [(u.rule.id, u.reads) for u in made.units]
    read += [(w.rule.id, w.reads) for w in made.wholes]
    for rule, keys in read:
        found.setdefault(rule, set()).update(keys or ())
    return found


@dataclass(slots=True)
class _Attributes:
    """The attributes of planned resources, looked up only as far as needed."""

    waiting: Iterator[Iterable[str]]
    seen: set[str] = field(default_factory=set)

    def near(self, name: str) -> str:
        """Return the attribute that one letter makes of a name that no resource has."""
        if name in self.seen:
            return ""
        for keys in self.waiting:
            self.seen.update(keys)
            if name in keys:
                return ""
        return _nearest(name, self.seen)


def _after(documents: list[Document]) -> Iterator[Iterable[str]]:
    for document in documents:
        if document.world != "terraform":
            continue
        for resource in document.value.get("resource_changes") or ():
            change: Any = resource.get("change")
            for side in ("after", "after_unknown", "before"):
                value = change.get(side) if isinstance(change, dict) else None
                if isinstance(value, dict):
                    yield value
        # Of a large plan only what rules read was kept: not what they mean.
        yield document.names()


def _nearest(name: str, known: Iterable[str]) -> str:
    if len(name) < _SHORTEST:
        return ""
    return next((word for word in sorted(known) if _one_slip(name, word)), "")


def _one_slip(name: str, word: str) -> bool:
    """Tell whether one letter too many, too few, another, or two swapped lie between.

    A plural is a name of its own, and so is one with another number.

    >>> [_one_slip("resource_chnages", "resource_changes"), _one_slip("subnet_ids", "subnet_id")]
    [True, False]
    """
    if name.rstrip("s") == word.rstrip("s"):
        return False
    start = 0
    while start < min(len(name), len(word)) and name[start] == word[start]:
        start += 1
    one, other = name[start:], word[start:]
    if any(c.isdigit() for c in one[:1] + other[:1]):
        return False
    swapped = one[:2] == other[1::-1] and one[2:] == other[2:]
    return swapped or one[1:] in (other, other[1:]) or one == other[1:]
