"""Documents, the facts in them, and what changed between two versions of one."""

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from comply.classes import dataclass, field
from comply.findings import Finding
from comply.plan.shape import Shape
from comply.source import Span

Step: TypeAlias = str | int
Path: TypeAlias = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Collection:
    """Where facts of one kind stand in a document's value.

    `path` leads to a list or object of facts; the empty path is the value itself, one
    fact. `identity` gives a fact's stable identity (an address, an owner.name).
    """

    path: tuple[str, ...]
    identity: Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class Fact:
    """One checkable thing: its identity, where it stands, and its value (no copy)."""

    identity: str
    path: Path
    value: Any


def nowhere(_path: Path) -> Span | None:
    """Return the place of anything in a document that has no text: none."""
    return None


@dataclass(frozen=True, slots=True)
class Document:
    """One loaded source.

    `kind` is a key of LOADERS, `world` one of terraform, kubernetes, oracle, data.
    `value` is what a rule sees as `input`, never copied. `locate` finds the place of
    the value at a path, lazily; `sensitive` gives the strings no output may show;
    `problems` are findings about the document itself, such as a plan that failed.
    `shape` is how much of the source `value` holds: less than all where no rule reads
    the rest. Then `names` gives names of members that the source has, all or many.
    """

    name: str
    kind: str
    world: str
    value: Any
    collections: tuple[Collection, ...] = ()
    locate: Callable[[Path], Span | None] = nowhere
    sensitive: Callable[[], frozenset[str]] = field(default=frozenset)
    problems: tuple[Finding, ...] = ()
    shape: Shape = None
    names: Callable[[], frozenset[str]] = field(default=frozenset)


def facts(document: Document) -> Iterator[Fact]:
    """Yield the facts of a document in document order."""
    for collection in document.collections:
        value = document.value
        for step in collection.path:
            value = value.get(step) if isinstance(value, dict) else None
        if not collection.path:
            yield Fact(collection.identity(value), (), value)
        elif isinstance(value, list):
            for i, item in enumerate(value):
                yield Fact(collection.identity(item), (*collection.path, i), item)
        elif isinstance(value, dict):
            for key, item in value.items():
                yield Fact(collection.identity(item), (*collection.path, key), item)


@dataclass(frozen=True, slots=True)
class Change:
    """Facts that came, went, or have a new value, by identity."""

    added: tuple[Any, ...] = ()
    removed: tuple[str, ...] = ()
    updated: tuple[tuple[str, Any], ...] = ()
