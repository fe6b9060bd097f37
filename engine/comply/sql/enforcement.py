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
from comply.sql.denial import resolved
from comply.sql.errors import AssertionViolated

# As many violating rows as an error carries.
EVIDENCE = 100


@dataclass(frozen=True, slots=True)
class Enforced:
    """An assertion with its denial in DuckDB's SQL, the tables that it reads, its state.

    Where the data was never validated, `known` names the table of the violations that
    were there when it was enabled: only others count.
    """

    assertion: Assertion
    denial: str
    tables: frozenset[Name]
    state: State
    known: str = ""

    def rows(self, connection: Connection) -> list[dict[str, object]]:
        """Return rows that violate it, none if it holds."""
        sql = self.denial
        if self.known:
            sql = f"{sql} EXCEPT ALL SELECT * FROM {self.known}"  # noqa: S608
        return connection.query(sql, EVIDENCE).plain()

    def check(self, connection: Connection, name: str, before: str = "") -> None:
        """Check it on all data.

        Raises:
            AssertionViolated: it does not hold.
        """
        rows = self.rows(connection)
        if rows:
            raise AssertionViolated(name, rows, before)


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
    return Enforced(assertion, denial, tables, assertion.state)


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
