"""Rows at the places of a denial: kept if they pass its tests, found by indexes."""

from collections.abc import Callable, Iterable
from heapq import nsmallest
from itertools import chain
from typing import Any, Final, TypeAlias

from comply.classes import dataclass, field
from comply.plan.doubt import MORE, SHOWN, Doubt, Doubts
from comply.plan.doubt import Place as Unknown
from comply.sql.plan.compile import PlaceCode

Row: TypeAlias = tuple[Any, ...]
Rows: TypeAlias = dict[int, Row]
"""Rows by their ids: a row is itself, whatever others look like it."""

NONE: Final[Rows] = {}
MANY: Final = 16
"""Of more rows whose key is not known, those that are named are looked at alone."""


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

    `vague` are those whose key is not known, `named` the first few of them by the places
    that it rests on, found when they are asked for.
    """

    key: Callable[[Row], Any]
    all: Rows
    notes: Notes
    rows: dict[Any, Rows] = field(default_factory=dict)
    vague: Rows = field(default_factory=dict)
    named: list[Row] = field(default_factory=list)

    def home(self, key: Any) -> Rows | None:  # noqa: ANN401
        """Return where rows with a key are kept, None if nowhere."""
        parts = key if type(key) is tuple else (key,)
        vague = False
        for part in parts:
            if part is None:
                return None
            vague = vague or type(part) is Doubt
        if vague:
            self.named.clear()
            return self.vague
        return self.rows.setdefault(key, {})

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
        """Return the rows that may have a key.

        Where all doubts are wanted, not of each row among thousands: what rests on so
        much is told by a few, and each row would have to be compared with each.
        """
        parts = key if type(key) is tuple else (key,)
        some = self.notes.every
        if any(type(part) is Doubt for part in parts):
            self.notes.doubted(*parts)
            return () if some and len(self.all) > MANY else self.all.values()
        found = self.rows.get(key, NONE)
        if not self.vague:
            return found.values()
        if some and len(self.vague) > MANY:
            self.notes.seen |= {MORE}
            return chain(found.values(), self._few())
        return chain(found.values(), self.vague.values())

    def _few(self) -> list[Row]:
        """Return the rows that a report names of those whose key is not known."""
        if not self.named:
            self.named += nsmallest(SHOWN, self.vague.values(), self._place)
        return self.named

    def _place(self, row: Row) -> Unknown:
        key = self.key(row)
        parts = key if type(key) is tuple else (key,)
        return min(min(p.places) for p in parts if type(p) is Doubt)

    def clear(self) -> None:
        """Let all rows go."""
        self.rows.clear()
        self.vague.clear()
        self.named.clear()


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
            index.clear()
