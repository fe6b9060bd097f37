"""Assertions in force: which are checked when, and on what."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from sqlglot import exp

from comply.classes import dataclass, field
from comply.database.duckdb import DuckDb, quote
from comply.dialect.schema import Schema
from comply.dialect.syntax import Name, State
from comply.sql import duckdb
from comply.sql.assertion import Assertion
from comply.sql.catalog import Catalog
from comply.sql.delta import delta_trees, tables_of
from comply.sql.denial import resolved
from comply.sql.duckdb import Translator
from comply.sql.errors import AssertionViolated
from comply.sql.harmless import directions, is_harmless
from comply.sql.joined import joined_columns
from comply.sql.journal import FEW, STEP, Row, texts_of
from comply.sql.lookups import looked_up
from comply.sql.names import ROWID
from comply.sql.pinned import Template, pinned, template
from comply.sql.places import conditions
from comply.sql.questions import (
    ASKS,
    Asked,
    Question,
    Required,
    asking,
    doubtful,
    take_required,
)
from comply.sql.restricted import Event, Way, transition
from comply.sql.storage import column_type
from comply.sql.store import Recent, Store, base

# As many violating rows as an error carries.
EVIDENCE = 100


@dataclass(frozen=True, slots=True)
class Check:
    """A delta in DuckDB's SQL: for rows that come or go, and for one of them at a time.

    `question` is what to ask about one of them first. `directions` are the ways in which
    an update may move a column without breaking it.
    """

    table: Name
    event: Event
    columns: tuple[str, ...]
    sql: str
    way: Way
    each: Template | None = None
    question: Question | None = None
    directions: Mapping[str, tuple[Way, bool]] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, Way]:
        """What tells it from others, whatever the event."""
        return self.sql, self.way

    def is_unmoved(self, row: Row, other: Row) -> bool:
        """Tell whether the other version of a row is as good as the one looked at."""
        ways = self.directions
        return all(is_harmless(row[c], other[c], ways.get(c)) for c in self.columns)


@dataclass(frozen=True, slots=True)
class Changed:
    """What changed in a store: tables, the steps from `since` to `until`, by which events.

    `columns` are those that the only statement, an UPDATE, sets; None where more than
    that happened. `recent` are the first rows of the only step, `read` keeps the changed
    rows that were looked at, `typed` the types of their columns, `cleared` the deltas that
    find nothing.
    """

    store: Store
    schema: Schema
    tables: frozenset[Name]
    since: int
    until: int
    recent: Recent | None = None
    events: frozenset[Event] = frozenset({"insert", "delete"})
    columns: frozenset[str] | None = None
    read: dict[tuple[Name, Way], list[Row] | None] = field(
        default_factory=dict, compare=False
    )
    typed: dict[Name, dict[str, str]] = field(default_factory=dict, compare=False)
    cleared: set[tuple[str, Way]] = field(default_factory=set, compare=False)

    @property
    def is_one_step(self) -> bool:
        """Whether it is one step that changed it: no row changed twice."""
        return self.until == self.since + 1

    def concerns(self, check: Check) -> bool:
        """Tell whether a delta checks something that happened."""
        if check.event not in self.events or check.table not in self.tables:
            return False
        return self.columns is None or bool(self.columns & set(check.columns))

    def versions(self, table: Name, way: Way) -> str:
        """Return the query of the rows of a table that came, or of those that went."""
        find = self.store.came if way > 0 else self.store.went
        return find(table, self.since)

    def few(self, connection: DuckDb, table: Name, way: Way) -> list[Row] | None:
        """Return the changed rows as texts by column, None if they are many.

        None as well if a value has no text. `ROWID` is among the columns.
        """
        key = (table, way)
        if key not in self.read:
            self.read[key] = self._few(connection, table, way)
        return self.read[key]

    def matter(self, connection: DuckDb, check: Check) -> list[Row] | None:
        """Return the changed rows that a delta must look at, None if they are many.

        An update that leaves alone what the delta reads is as good as none, and so is one
        that moves it the harmless way. Of several statements it is not known which row
        was there first.
        """
        rows = self.few(connection, check.table, check.way) if check.each else None
        if rows is None or not self.is_one_step:
            return rows
        others = self.few(connection, check.table, -1 if check.way > 0 else 1)
        if others is None:
            return rows
        versions = {other[ROWID]: other for other in others}
        return [
            row
            for row in rows
            if row[ROWID] not in versions
            or not check.is_unmoved(row, versions[row[ROWID]])
        ]

    def _few(self, connection: DuckDb, table: Name, way: Way) -> list[Row] | None:
        if self.recent is not None:
            return self.recent.get((table, way), [])
        sql = f"SELECT * FROM {self.versions(table, way)}"  # noqa: S608
        return texts_of(connection.query(sql, FEW + 1))

    def types(self, table: Name) -> dict[str, str]:
        """Return DuckDB's types of a table's columns, `ROWID` among them."""
        if table not in self.typed:
            columns = self.schema.tables[table].columns
            own = {c.name: column_type(c) for c in columns}
            self.typed[table] = {**own, ROWID: "BIGINT"}
        return self.typed[table]


@dataclass(frozen=True, slots=True)
class Enforced:
    """An assertion with its denial and deltas in DuckDB's SQL, and its state.

    `tables` are those that it reads. Where the data was never validated, `known` names
    the table of the violations that were there when it was enabled: only others count.
    `joined` are the columns that conditions set equal to others, worth an index.
    """

    assertion: Assertion
    denial: str
    deltas: tuple[Check, ...]
    tables: frozenset[Name]
    state: State
    joined: frozenset[tuple[Name, str]] = frozenset()
    known: str = ""

    def is_orderless(self, table: Name) -> bool:
        """Tell whether rows that come to a table can only break it, or only mend it.

        What a row that comes can mend, one that goes can break.
        """
        events = {check.event for check in self.deltas if check.table == table}
        return not self.known and not events.issuperset(("insert", "delete"))

    def rows(
        self, connection: DuckDb, changed: Changed | None = None
    ) -> list[dict[str, object]]:
        """Return rows that violate it, none if it holds.

        With a change, only what the change can have broken is looked at, which needs
        that it held before.
        """
        if self.known:
            sql = f"{self.denial} EXCEPT ALL SELECT * FROM {self.known}"  # noqa: S608
            return connection.query(sql, EVIDENCE).plain()
        if changed is None:
            return connection.query(self.denial, EVIDENCE).plain()
        found: dict[str, dict[str, object]] = {}
        asked = set(changed.cleared)
        for check in self.deltas:
            if check.key not in asked and changed.concerns(check):
                asked.add(check.key)
                for row in self._delta(connection, check, changed):
                    found.setdefault(repr(row), row)
        return list(found.values())[:EVIDENCE]

    def _delta(
        self, connection: DuckDb, check: Check, changed: Changed
    ) -> Iterator[dict[str, object]]:
        """Yield the violating rows that a delta finds."""
        rows = changed.matter(connection, check)
        if check.each is None or rows is None:
            sql = _versions(self.tables, check.sql, changed) + check.sql
            yield from connection.query(sql, EVIDENCE).plain()
            return
        types = changed.types(check.table)
        for row in rows:
            values = [row[column] for column in check.each.used]
            found = connection.ask(check.each.sql(types), values, EVIDENCE)
            yield from found.plain()

    def check(
        self,
        connection: DuckDb,
        name: str,
        changed: Changed | None = None,
        before: str = "",
    ) -> None:
        """Check it on all data, or on what changed.

        Raises:
            AssertionViolated: it does not hold.
        """
        rows = self.rows(connection, changed)
        if rows:
            raise AssertionViolated(name, rows, before)


def clear(
    connection: DuckDb,
    changed: Changed,
    assertions: Iterable[Enforced],
    others: Sequence[Asked] = (),
) -> bool:
    """Note the deltas of assertions that have nothing to find in what changed.

    One query asks about all of them and about `others`; tell whether none of these is in
    doubt. Assertions in doubt are left to be asked themselves, as is one alone whose
    question is no shorter.
    """
    asked: dict[tuple[str, Way], list[Asked]] = {}
    for check in _unclear(changed, assertions):
        rows = changed.matter(connection, check)
        if rows is None:
            continue
        if not rows:
            changed.cleared.add(check.key)
        elif check.question is not None and check.key not in asked:
            types = changed.types(check.table)
            asked[check.key] = [Asked(check.question, row, types) for row in rows]
    listed = [(key, one) for key, some in asked.items() for one in some]
    if len(listed) == 1 and not others and not listed[0][1].question.is_short:
        return True
    doubts = doubtful(connection, [*others, *(one for _, one in listed)])
    doubted = {
        key
        for (key, _), doubt in zip(listed, doubts[len(others) :], strict=True)
        if doubt
    }
    changed.cleared.update(asked.keys() - doubted)
    sure = not any(doubts[: len(others)])
    # An answer too long for all may be so by an assertion's part.
    return sure or (bool(listed) and not any(doubtful(connection, others)))


def _unclear(changed: Changed, assertions: Iterable[Enforced]) -> Iterator[Check]:
    """Yield the deltas that what changed concerns, and of which nothing is known yet."""
    for enforced in assertions:
        if enforced.known:
            continue
        for check in enforced.deltas:
            if check.key not in changed.cleared and changed.concerns(check):
                yield check


def _versions(tables: frozenset[Name], sql: str, changed: Changed) -> str:
    """Return the WITH that gives a delta the changed rows of the tables it reads."""
    entries = []
    for table in sorted(tables, key=str):
        went = changed.versions(table, -1)
        past = (
            f"(SELECT * FROM {base(table)} UNION ALL"  # noqa: S608
            f" SELECT * EXCLUDE ({quote(STEP)}) FROM {went})"
        )
        came = changed.versions(table, 1)
        for version, rows in (("NEW", came), ("OLD", went), ("PAST", past)):
            name = quote(transition(table, version))
            if name in sql:
                entries.append(f"{name} AS {rows}")
    return f"WITH {', '.join(entries)} " if entries else ""


def enforce(assertion: Assertion, catalog: Catalog, translator: Translator) -> Enforced:
    """Return an assertion ready to be checked.

    Raises:
        SqlError: it names a table or column that does not exist.
    """
    tree = resolved(assertion.parts(), catalog)
    own = replace(translator, source=assertion.source)
    return Enforced(
        assertion,
        duckdb.write(own.translate(tree)),
        tuple(_checks(tree, catalog, own)),
        frozenset(tables_of(tree)),
        assertion.state,
        joined_columns(tree),
    )


def _checks(
    denial: exp.Query, catalog: Catalog, translator: Translator
) -> Iterator[Check]:
    """Yield the deltas of a denial, each once."""
    written: dict[tuple[str, Way], tuple[Template | None, Question | None]] = {}
    for delta in delta_trees(denial, catalog):
        sql = duckdb.write(translator.translate(delta.tree))
        key = (sql, delta.way)
        if key not in written:
            one = pinned(delta, denial)
            written[key] = (
                (None, None)
                if one is None
                else (template(_written(one, translator)), _question(one, translator))
            )
        yield Check(
            delta.table,
            delta.event,
            delta.columns,
            sql,
            delta.way,
            *written[key],
            directions(denial, delta.place, delta.way),
        )


def _question(one: exp.Select, translator: Translator) -> Question | None:
    """Return what to ask first, of a delta for one row."""
    found = asking(one)
    if found is None:
        return None
    tree, acquits = found
    translated = translator.translate(tree)
    # What acquits is asked of others than the changed row.
    if acquits or not isinstance(translated, exp.Select):
        required: tuple[Required, ...] = ()
    else:
        required = take_required(translated)
    tail = template(_looked_up(translated).removeprefix(ASKS).lstrip())
    is_short = len(conditions(tree)) < len(conditions(one))
    return Question(tail, acquits, acquits or is_short, required)


def _written(tree: exp.Select, translator: Translator) -> str:
    """Return a query about one row in DuckDB's SQL."""
    return _looked_up(translator.translate(tree))


def _looked_up(translated: exp.Expr) -> str:
    if isinstance(translated, exp.Select):
        translated = looked_up(translated)
    return duckdb.write(translated)


def remember(enforced: Enforced, connection: DuckDb) -> Enforced:
    """Return an assertion that overlooks the violations there are now."""
    known = quote(f"ORA$KNOWN.{enforced.assertion.full_name}")
    connection.run(f"CREATE OR REPLACE TABLE {known} AS {enforced.denial}")
    return replace(enforced, known=known)


def concerned(
    assertions: Mapping[Name, Enforced], tables: Iterable[Name]
) -> list[tuple[Name, Enforced]]:
    """Return the enabled assertions that read one of the changed tables."""
    changed = frozenset(tables)
    return [
        (name, e)
        for name, e in assertions.items()
        if e.state.enabled and e.tables & changed
    ]
