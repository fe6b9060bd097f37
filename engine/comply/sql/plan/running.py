"""A PROGRAM x ROWS -> VIOLATIONS, kept up to date as rows come and go.

A change is followed in four steps: rows that come join those there are; from each row in
a subquery that came or goes, the combinations of the denial's own rows are found that it
may concern; rows that go leave, with the violations they are in; the combinations found
are judged anew, and rows that came to the denial's own places are joined with the others.
A row that goes meets the rows as they were and as they are, so that two that went
together are found by each other.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from comply.classes import dataclass, field
from comply.dialect.syntax import Name
from comply.plan.doubt import Doubts
from comply.source import ComplyError
from comply.sql.plan.compile import Program
from comply.sql.plan.meaning import MEANING
from comply.sql.plan.rows import Index, Notes, Place, Row

Key: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """Rows of relations that went and came."""

    gone: Mapping[Name, Sequence[Row]]
    come: Mapping[Name, Sequence[Row]]


@dataclass(frozen=True, slots=True)
class Violation:
    """A combination of rows that violates a denial, and what is shown of it.

    With `doubts` it may violate, depending on values that are not known yet.
    """

    rows: tuple[Row, ...]
    shown: tuple[object, ...]
    doubts: Doubts | None = None


@dataclass(slots=True)
class Running:
    """A program at work: the rows at its places, and what violates it.

    `error` is why it could not be evaluated; then nothing is known of violations.
    `settled` are the values of queries that read no row outside.
    """

    program: Program
    places: list[Place] = field(default_factory=list)
    violations: dict[Key, Violation] = field(default_factory=dict)
    by_row: dict[int, set[Key]] = field(default_factory=dict)
    error: ComplyError | None = None
    notes: Notes = field(default_factory=Notes)
    names: dict[str, Any] = field(default_factory=dict)
    settled: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        program, notes = self.program, self.notes
        self.names = {
            **MEANING,
            **program.constants,
            **{f"m{i + 1}": {} for i in range(program.memos)},
            "doubted": notes.doubted,
            "in_haste": notes.in_haste,
            "remembered": notes.remembered,
        }
        exec(program.module, self.names)  # noqa: S102  (our own text)
        for made in program.places:
            place = Place(made, self.names[made.test])
            self.places.append(place)
            self.names[made.rows] = place.rows
        for at, index in program.indexes:
            place = self.places[at]
            kept = Index(self.names[index.function], place.rows, notes)
            place.indexes.append(kept)
            self.names[f"i{index.number}"] = kept

    @property
    def size(self) -> int:
        """The number of units: rows at the denial's first place, one without any."""
        return len(self.places[0].rows) if self.program.own else 1

    def start(self, rows: Mapping[Name, Sequence[Row]]) -> int:
        """Find what violates the denial from scratch; return how many turns that took."""
        for place in self.places:
            place.clear()
        self.violations.clear()
        self.by_row.clear()
        try:
            self._take(rows)
            self._unsettled(self.places)
            self._find_all()
            self.error = None
        except ComplyError as error:
            self._fail(error)
        finally:
            self._forget()
        return self.size

    def follow(self, change: Change) -> tuple[set[Key] | None, int]:
        """Bring the violations up to date after a change of rows.

        Return the keys of combinations that were judged anew, None if all are to be
        looked at, and how many turns that took.
        """
        try:
            return self._follow(change)
        except ComplyError as error:
            self._fail(error)
            return None, self.size
        finally:
            self._forget()

    def _follow(self, change: Change) -> tuple[set[Key] | None, int]:
        came = self._take(change.come)
        gone = [
            (place, row)
            for place in self.places
            for row in change.gone.get(place.made.table, ())
            if id(row) in place.rows
        ]
        suspects = self._concerned([*came, *gone])
        touched = self._drop(gone)
        if self._unsettled(place for place, _ in (*came, *gone)):
            self.violations.clear()
            self.by_row.clear()
            self._find_all()
            return None, self.size
        left = {id(row) for _, row in gone}
        turns = 0
        for key, rows in suspects.items():
            if left.isdisjoint(key):
                turns += 1
                touched.add(key)
                self._judge(key, rows, violates=self.names["holds"](*rows))
        for place, row in came:
            if not place.made.is_inner and id(row) in place.rows:
                turns += 1
                touched |= self._find(place, row)
        return touched, turns

    def _take(self, rows: Mapping[Name, Sequence[Row]]) -> list[tuple[Place, Row]]:
        """Put rows to the places of their relations; return which went where."""
        return [
            (place, row)
            for place in self.places
            for row in rows.get(place.made.table, ())
            if place.add(row)
        ]

    def _concerned(
        self, changed: list[tuple[Place, Row]]
    ) -> dict[Key, tuple[Row, ...]]:
        """Return the combinations that rows in subqueries may concern."""
        found: dict[Key, tuple[Row, ...]] = {}
        for place, row in changed:
            if place.made.is_inner and not place.made.settled:
                for rows in self.names[place.made.find](row):
                    found[tuple(map(id, rows))] = rows
                    if not self.program.own:
                        return found
        return found

    def _unsettled(self, changed: Iterable[Place]) -> bool:
        """Tell whether a query that reads no row outside has another value now."""
        names = {name for place in changed for name in place.made.settled}
        now = {name: self.names[name]() for name in names}
        differs = any(self.settled.get(name) != value for name, value in now.items())
        self.settled |= now
        return differs

    def _drop(self, gone: list[tuple[Place, Row]]) -> set[Key]:
        """Let rows go, and the violations that they are in; return their keys."""
        touched: set[Key] = set()
        for place, row in gone:
            place.remove(row)
            if not place.made.is_inner:
                touched |= self.by_row.pop(id(row), set())
        for key in touched:
            self._acquit(key)
        return touched

    def _find_all(self) -> None:
        """Find all violations, driven by the rows of the denial's first place."""
        if not self.program.own:
            self._judge((), (), violates=self.names["holds"]())
            return
        for row in self.places[0].rows.values():
            self._find(self.places[0], row)

    def _find(self, place: Place, row: Row) -> set[Key]:
        """Find the violating combinations that a row is in; return their keys."""
        combinations = self.names[place.made.find](row)
        found = {tuple(map(id, rows)): rows for rows in combinations}
        for key, rows in found.items():
            self._judge(key, rows, violates=True)
        return set(found)

    def _judge(self, key: Key, rows: tuple[Row, ...], *, violates: bool) -> None:
        """Note whether a combination violates the denial."""
        if not violates:
            self._acquit(key)
            return
        doubts = self._doubts(rows) if self.program.is_unsure else None
        self.violations[key] = Violation(rows, self.names["shown"](*rows), doubts)
        for number in key:
            self.by_row.setdefault(number, set()).add(key)

    def _doubts(self, rows: tuple[Row, ...]) -> Doubts | None:
        """Return on what a violation rests that is not known, None if on nothing."""
        if self.names["sure"](*rows):
            return None
        self.notes.seen, self.notes.every = frozenset(), True
        for place, row in zip(self.places, rows, strict=False):
            place.test(row)
        self.names["holds"](*rows)
        self.names["sure"](*rows)
        self.notes.every = False
        return self.notes.seen

    def _acquit(self, key: Key) -> None:
        self.violations.pop(key, None)
        for number in key:
            held = self.by_row.get(number)
            if held is not None:
                held.discard(key)
                if not held:
                    del self.by_row[number]

    def _fail(self, error: ComplyError) -> None:
        self.error = error
        self.violations.clear()
        self.by_row.clear()

    def _forget(self) -> None:
        """Drop what was remembered of rows as they were."""
        self.notes.seen, self.notes.every = frozenset(), False
        for number in range(self.program.memos):
            self.names[f"m{number + 1}"].clear()
