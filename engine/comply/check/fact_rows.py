"""DOCUMENTS -> ROWS: the relations that assertions read, kept by the fact they stem from.

A row is a tuple of cells, with its path in the element that it stems from and its origin
behind. A fact that did not change keeps its rows, the same objects, so that what was
joined with them stands.
"""

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from comply.check.changes import Edits
from comply.classes import dataclass, field
from comply.load.facts import Document, Path, Step, nowhere
from comply.source import Span
from comply.sql.cells import known
from comply.sql.plan.rows import Row
from comply.sql.relation import Facts

Move: TypeAlias = tuple[Document | None, Document | None, Edits | None]


@dataclass(frozen=True, slots=True)
class Reading:
    """A relation as an assertion reads it: unknown attributes in `handled` are absent."""

    relation: Facts
    handled: frozenset[str]


Changes: TypeAlias = dict[Reading, tuple[list[Row], list[Row]]]
"""The rows that went and those that came."""


@dataclass(slots=True, repr=False)
class Held:
    """A document and its rows, by the ids of the elements that they stem from.

    `keys` are the places of elements in their lists, made when they are first needed.
    """

    document: Document
    rows: dict[Reading, dict[int, list[Row]]] = field(default_factory=dict)
    keys: dict[str, dict[int, Step]] = field(default_factory=dict)

    def elements(self, key: str) -> list[Any]:
        """Return the elements that the rows of a relation stem from."""
        value = self.document.value
        if not key:
            return [value]
        found = value.get(key) if isinstance(value, dict) else None
        return found if isinstance(found, list) else []

    def position(self, key: str, element: Any) -> Step:  # noqa: ANN401
        """Return where an element stands in its list."""
        index = self.keys.get(key)
        if index is None:
            index = {id(x): i for i, x in enumerate(self.elements(key))}
            self.keys[key] = index
        return index[id(element)]


@dataclass(frozen=True, slots=True, repr=False)
class Origin:
    """Where rows come from: a document, and an element of a list in it."""

    held: Held
    key: str
    element: Any

    def identity(self) -> str:
        """Return the identity of the fact."""
        for collection in self.held.document.collections:
            if collection.path == ((self.key,) if self.key else ()):
                return collection.identity(self.element)
        return ""

    def place(self, path: Path) -> Span | None:
        """Return the place of what stands at a path of the element, if it has a text."""
        document = self.held.document
        if document.locate is nowhere:
            return None
        if not self.key:
            return document.locate(path)
        at = self.held.position(self.key, self.element)
        return document.locate((self.key, at, *path))


@dataclass(slots=True)
class FactRows:
    """The rows of all documents; `count` has how many there are of each reading."""

    readings: tuple[Reading, ...]
    held: dict[int, Held] = field(default_factory=dict)
    count: dict[Reading, int] = field(default_factory=dict)

    def start(self, documents: Iterable[Document]) -> None:
        """Read all documents."""
        self.held.clear()
        self.count = dict.fromkeys(self.readings, 0)
        for document in documents:
            self.follow([(None, document, None)])

    def all(self, reading: Reading) -> Iterator[Row]:
        """Yield the rows of a relation."""
        for held in self.held.values():
            for rows in held.rows.get(reading, {}).values():
                yield from rows

    def rename(self, old: Document, new: Document) -> None:
        """Know a document by another object that holds the same facts."""
        held = self.held.pop(id(old), None)
        if held is not None:
            held.document = new
            self.held[id(new)] = held

    def follow(self, moves: Iterable[Move]) -> Changes:
        """Take documents that came, went or changed; return what that does to the rows."""
        changes: Changes = {reading: ([], []) for reading in self.readings}
        for old, new, edits in moves:
            held = self.held.pop(id(old), None) if old is not None else None
            if new is not None:
                held = held or Held(new)
                held.document = new
                held.keys.clear()
                self.held[id(new)] = held
            for reading in self.readings:
                if held is not None and reading.relation.world == held.document.world:
                    left, came = _edited(held, reading, (old, new, edits))
                    gone, come = changes[reading]
                    gone += _drop(held, reading, left)
                    come += _read(held, reading, came)
        for reading, (gone, come) in changes.items():
            self.count[reading] = self.count.get(reading, 0) + len(come) - len(gone)
        return changes


def _edited(held: Held, reading: Reading, move: Move) -> tuple[list[int], list[Any]]:
    """Return the ids of the elements that went and the elements that came."""
    _, new, edits = move
    key, rows = reading.relation.key, held.rows.get(reading)
    if edits is None or rows is None or not edits.keys.isdisjoint(("", key)):
        now = {id(x): x for x in held.elements(key)} if new is not None else {}
        rows = rows or {}
        return list(rows.keys() - now.keys()), [
            x for i, x in now.items() if i not in rows
        ]
    found = [edit for edit in edits.elements if edit.path == (key,)]
    gone = [id(edit.old) for edit in found if edit.old is not None]
    return gone, [edit.new for edit in found if edit.new is not None]


def _drop(held: Held, reading: Reading, gone: list[int]) -> Iterator[Row]:
    rows = held.rows.setdefault(reading, {})
    for number in gone:
        yield from rows.pop(number, ())


def _read(held: Held, reading: Reading, came: list[Any]) -> Iterator[Row]:
    """Yield the rows of elements, and keep them."""
    relation, kept = reading.relation, held.rows.setdefault(reading, {})
    key, depth = relation.key, 2 if relation.key else 0
    unsure = [i for i, of in enumerate(relation.fields) if of.is_unsure]
    for element in came:
        origin = Origin(held, key, element)
        made = [
            (*cells, path[depth:], origin)
            for path, cells in relation.rows({key: [element]} if key else element)
        ]
        for at in unsure:
            made = [_seen(row, at, reading.handled) for row in made]
        if made:
            kept[id(element)] = made
            yield from made


def _seen(row: Row, at: int, handled: frozenset[str]) -> Row:
    """Return a row with a cell that may be unsure as its reader sees it."""
    cell = known(row[at], handled)
    return row if cell is row[at] else (*row[:at], cell, *row[at + 1 :])
