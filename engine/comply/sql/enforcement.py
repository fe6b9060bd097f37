"""Assertions in force: which are checked when, and on what."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from sqlglot import exp

from comply.database.connection import Connection
from comply.database.duckdb import quote
from comply.dialect.syntax import Name, State
from comply.sql import duckdb
from comply.sql.assertion import Assertion
from comply.sql.catalog import Catalog
from comply.sql.delta import DeltaQuery, Event, transition
from comply.sql.denial import resolved
from comply.sql.errors import AssertionViolated
from comply.sql.store import STEP, base, current, gone

# As many violating rows as an error carries.
EVIDENCE = 100


@dataclass(frozen=True, slots=True)
class Changed:
    """What changed: tables, the steps from `since` to `until`, and by which events.

    `columns` are those that the only statement, an UPDATE, sets; None where more than
    that happened.
    """

    tables: frozenset[Name]
    since: int
    until: int
    events: frozenset[Event] = frozenset({"insert", "delete"})
    columns: frozenset[str] | None = None

    def concerns(self, query: DeltaQuery) -> bool:
        """Tell whether a delta checks something that happened."""
        if query.table not in self.tables or query.event not in self.events:
            return False
        return self.columns is None or bool(self.columns & set(query.columns))


@dataclass(frozen=True, slots=True)
class Enforced:
    """An assertion with its denial and deltas in DuckDB's SQL, and its state.

    `tables` are those that it reads. Where the data was never validated, `known` names
    the table of the violations that were there when it was enabled: only others count.
    """

    assertion: Assertion
    denial: str
    deltas: tuple[DeltaQuery, ...]
    tables: frozenset[Name]
    state: State
    known: str = ""

    def rows(
        self, connection: Connection, changed: Changed | None = None
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
        for query in self.deltas:
            if changed.concerns(query) and query.sql not in asked:
                asked.add(query.sql)
                sql = _versions(self.tables, query.sql, changed) + query.sql
                for row in connection.query(sql, EVIDENCE).plain():
                    found.setdefault(repr(row), row)
        return list(found.values())

    def check(
        self,
        connection: Connection,
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


def _versions(tables: frozenset[Name], sql: str, changed: Changed) -> str:
    """Return the WITH that gives a delta the changed rows of the tables it reads."""
    entries = []
    for table in sorted(tables, key=str):
        came = current(table, changed.since, changed.until)
        went = gone(table, changed.since)
        past = (
            f"(SELECT * FROM {base(table)} UNION ALL"  # noqa: S608
            f" SELECT * EXCLUDE ({quote(STEP)}) FROM {went})"
        )
        for version, rows in (("NEW", came), ("OLD", went), ("PAST", past)):
            name = quote(transition(table, version))
            if name in sql:
                entries.append(f"{name} AS {rows}")
    return f"WITH {', '.join(entries)} " if entries else ""


def enforce(
    assertion: Assertion, catalog: Catalog, translator: duckdb.Translator
) -> Enforced:
    """Return an assertion ready to be checked.

    Raises:
        SqlError: it names a table or column that does not exist.
    """
    tree = resolved(assertion.parts(), catalog)
    tables = frozenset(
        found
        for node in tree.find_all(exp.Table)
        if isinstance(found := node.meta.get("table"), Name)
    )
    denial = duckdb.write(replace(translator, source=assertion.source).translate(tree))
    queries = tuple(assertion.deltas("duckdb", catalog))
    return Enforced(assertion, denial, queries, tables, assertion.state)


def remember(enforced: Enforced, connection: Connection) -> Enforced:
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
