"""Rows at the places of a denial: kept if they pass its tests, found by indexes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final, TypeAlias

from comply.plan.doubt import Doubt, Doubts
from comply.sql.plan.compile import PlaceCode

Row: TypeAlias = tuple[Any, ...]
Rows: TypeAlias = dict[int, Row]
"""Rows by their ids: a row is itself, whatever others look like it."""

NONE: Final[Rows] = {}


@dataclass(slots=True)
class Notes:
    """The doubts that conditions came upon; `every` tells to come upon all there are."""

    seen: Doubts = frozenset()
    every: bool = False

    def in_haste(self) -> bool:
        """Tell whether one row is enough for EXISTS."""
        return not self.every

    def doubted(self, *values: object) -> bool:
        """Tell whether any value is not known, and note where it comes from."""
        found = False
        for value in values:
            if type(value) is Doubt:
                self.seen |= value.places
                found = True
        return found

    def remembered(
        self,
        memo: dict[Any, Any],
        key: tuple[Any, ...],
        run: Callable[..., Any],
        *rows: Row,
    ) -> Any:  # noqa: ANN401
        """Return what a function gives for the same values, with the doubts it noted."""
        held = memo.get((self.every, key))
        if held is None:
            before, self.seen = self.seen, frozenset()
            held = memo[self.every, key] = (run(*rows), self.seen)
            self.seen = before
        if held[1]:
            self.seen |= held[1]
        return held[0]


@dataclass(slots=True)
class Index:
    """The rows at a place by a key of theirs; rows with NULL in it are in none.

    `vague` are those whose key is not known.
    """

    key: Callable[[Row], Any]
    all: Rows
    notes: Notes
    rows: dict[Any, Rows] = field(default_factory=dict)
    vague: Rows = field(default_factory=dict)

    def home(self, key: Any) -> Rows | None:  # noqa: ANN401
        """Return where rows with a key are kept, None if nowhere."""
        parts = key if type(key) is tuple else (key,)
        vague = False
        for part in parts:
            if part is None:
                return None
            vague = vague or type(part) is Doubt
        return self.vague if vague else self.rows.setdefault(key, {})

    def add(self, row: Row) -> None:
        """Take a row in."""
        home = self.home(self.key(row))
        if home is not None:
            home[id(row)] = row

    def remove(self, row: Row) -> None:
        """Let a row go."""
        key = self.key(row)
        home = self.home(key)
        if home is not None:
            home.pop(id(row), None)
            if not home and home is not self.vague:
                del self.rows[key]

    def possible(self, key: Any) -> Iterable[Row]:  # noqa: ANN401
        """Return the rows that may have a key."""
        parts = key if type(key) is tuple else (key,)
        if any(type(part) is Doubt for part in parts):
            self.notes.doubted(*parts)
            return self.all.values()
        found = self.rows.get(key, NONE)
        return (
            chain(found.values(), self.vague.values()) if self.vague else found.values()
        )


@dataclass(slots=True)
class Place:
    """The rows of a relation at one place in a denial."""

    made: PlaceCode
    test: Callable[[Row], object]
    rows: Rows = field(default_factory=dict)
    indexes: list[Index] = field(default_factory=list)

    def add(self, row: Row) -> bool:
        """Take a row in if it passes the place's test; tell whether it does."""
        if not self.test(row):
            return False
        self.rows[id(row)] = row
        for index in self.indexes:
            index.add(row)
        return True

    def remove(self, row: Row) -> None:
        """Let a row go."""
        if self.rows.pop(id(row), None) is not None:
            for index in self.indexes:
                index.remove(row)

    def clear(self) -> None:
        """Let all rows go."""
        self.rows.clear()
        for index in self.indexes:
            index.rows.clear()
            index.vague.clear()
