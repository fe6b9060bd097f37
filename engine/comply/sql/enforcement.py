"""Assertions in force: which are checked when, and on what."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from sqlglot import exp

from comply.database.connection import Rows
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
from comply.sql.lookups import looked_up
from comply.sql.names import ROWID
from comply.sql.pinned import Template, acquitting, parameters, pinned, template
from comply.sql.restricted import Event, Way, transition
from comply.sql.storage import column_type
from comply.sql.store import FEW, STEP, Recent, base, current, gone

Row: TypeAlias = dict[str, str | None]

# As many violating rows as an error carries.
EVIDENCE = 100


@dataclass(frozen=True, slots=True)
class Check:
    """A delta in DuckDB's SQL: for rows that come or go, and for one of them at a time.

    `unless` is a query that has a row where that for one row has none, and less to do.
    `directions` are the ways in which an update may move a column without breaking it.
    """

    table: Name
    event: Event
    columns: tuple[str, ...]
    sql: str
    way: Way
    each: Template | None = None
    unless: Template | None = None
    directions: Mapping[str, tuple[Way, bool]] = field(default_factory=dict)

    def is_unmoved(self, row: Row, other: Row) -> bool:
        """Tell whether the other version of a row is as good as the one looked at."""
        ways = self.directions
        return all(is_harmless(row[c], other[c], ways.get(c)) for c in self.columns)


@dataclass(frozen=True, slots=True)
class Changed:
    """What changed: tables, the steps from `since` to `until`, and by which events.

    `columns` are those that the only statement, an UPDATE, sets; None where more than
    that happened. `recent` are the first rows of the only step, `read` keeps the changed
    rows that were looked at, `typed` the types of their columns.
    """

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

    def concerns(self, check: Check) -> bool:
        """Tell whether a delta checks something that happened."""
        if check.table not in self.tables or check.event not in self.events:
            return False
        return self.columns is None or bool(self.columns & set(check.columns))

    def versions(self, table: Name, way: Way) -> str:
        """Return the query of the rows of a table that came, or of those that went."""
        if way > 0:
            return current(table, self.since, self.until)
        return gone(table, self.since)

    def few(self, connection: DuckDb, table: Name, way: Way) -> list[Row] | None:
        """Return the changed rows as texts by column, None if they are many.

        None as well if a value has no text. `ROWID` is among the columns.
        """
        key = (table, way)
        if key not in self.read:
            self.read[key] = self._few(connection, table, way)
        return self.read[key]

    def matter(self, connection: DuckDb, check: Check, rows: list[Row]) -> list[Row]:
        """Return the changed rows that a delta must look at, of those that came or went.

        An update that leaves alone what the delta reads is as good as none, and so is one
        that moves it the harmless way. Of several statements it is not known which row
        was there first.
        """
        if self.until != self.since + 1:
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
        if self.recent is None:
            sql = f"SELECT * FROM {self.versions(table, way)}"  # noqa: S608
            rows = connection.query(sql, FEW + 1)
        else:
            rows = self.recent.get((table, way), Rows((), ()))
        if len(rows.rows) > FEW:
            return None
        found: list[Row] = []
        for row in rows.dicts():
            row.pop(STEP, None)
            written = parameters(row)
            if written is None:
                return None
            found.append(written)
        return found

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
        asked: set[str] = set()
        for check in self.deltas:
            if changed.concerns(check) and check.sql not in asked:
                asked.add(check.sql)
                for row in self._delta(connection, check, changed):
                    found.setdefault(repr(row), row)
        return list(found.values())[:EVIDENCE]

    def _delta(
        self, connection: DuckDb, check: Check, changed: Changed
    ) -> Iterator[dict[str, object]]:
        """Yield the violating rows that a delta finds."""
        rows = None
        if check.each is not None:
            rows = changed.few(connection, check.table, check.way)
        if check.each is None or rows is None:
            sql = _versions(self.tables, check.sql, changed) + check.sql
            yield from connection.query(sql, EVIDENCE).plain()
            return
        types = changed.types(check.table)
        for row in changed.matter(connection, check, rows):
            unless = check.unless
            if unless is None or not _asked(connection, unless, types, row, 1).rows:
                found = _asked(connection, check.each, types, row, EVIDENCE)
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


def _asked(
    connection: DuckDb,
    query: Template,
    types: Mapping[str, str],
    row: Row,
    limit: int,
) -> Rows:
    """Return the answer to a query for one changed row."""
    values = [row[column] for column in query.used]
    return connection.ask(query.sql(types), values, limit)


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
    written: dict[tuple[str, Way], tuple[Template | None, Template | None]] = {}
    for delta in delta_trees(denial, catalog):
        sql = duckdb.write(translator.translate(delta.tree))
        key = (sql, delta.way)
        if key not in written:
            one = pinned(delta, denial)
            unless = acquitting(one) if one is not None else None
            written[key] = _template(one, translator), _template(unless, translator)
        yield Check(
            delta.table,
            delta.event,
            delta.columns,
            sql,
            delta.way,
            *written[key],
            directions(denial, delta.place, delta.way),
        )


def _template(tree: exp.Select | None, translator: Translator) -> Template | None:
    if tree is None:
        return None
    translated = translator.translate(tree)
    if isinstance(translated, exp.Select):
        translated = looked_up(translated)
    return template(duckdb.write(translated))


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
