"""Tables in DuckDB with a log of their changes: what undo and checks rest on.

DuckDB has no savepoints, and a statement that fails aborts its whole transaction.
So each change is first written to a log: for each table, the rows that go (`old`) and
those that come (`new`), with the number of the step and a row id that a row keeps
through updates. A step is then applied as one DELETE and one INSERT. Undoing back to a
number restores, for every row touched since, its first image after that number; a
statement, a savepoint and a transaction are undone the same way. Checks read the log
too, so they see only rows that changed, whatever the size of the table. What the
log has from before `began` is done for good. DuckDB's own transactions and constraints
are not used.
"""

from dataclasses import replace
from typing import Literal, TypeAlias

from comply.database.connection import Rows
from comply.database.duckdb import DuckDb, quote
from comply.dialect.schema import Table
from comply.dialect.syntax import Column, Name
from comply.sql.names import ROWID
from comply.sql.pinned import parameters
from comply.sql.storage import column_type

Way: TypeAlias = Literal[1, -1]
Recent: TypeAlias = dict[tuple[Name, Way], Rows]

STEP = "ORA$STEP"
FEW = 3
"""Up to so many changed rows are looked up one by one."""

_OLD, _NEW = "ora$old", "ora$new"
# The log is emptied when it has so many rows of transactions that are over: each time
# would cost more than to read past them.
_LEFT = 64


class Store:
    """The tables of a sandbox; `step` counts the changes.

    `began` is where it stood when the transaction began. `recent` are the first rows that
    the last step logged, None if that is unknown.
    """

    __slots__ = (
        "_left",
        "_logs",
        "began",
        "connection",
        "indexes",
        "recent",
        "step",
        "touched",
    )

    def __init__(self, connection: DuckDb) -> None:
        self.connection = connection
        self.step = 0
        self.began = 0
        self._left = 0
        self._logs: set[str] = set()
        self.touched: dict[Name, int] = {}
        self.indexes: dict[Name, set[str]] = {}
        self.recent: Recent | None = None
        for schema in (_OLD, _NEW):
            connection.run(f"CREATE SCHEMA {quote(schema)}")
        connection.run(f"CREATE SEQUENCE {quote(ROWID)}")

    def create(self, table: Table) -> None:
        """Make an empty table, its log, and the sequences of its identity columns."""
        if table.name.owner:
            owner = quote(table.name.owner)
            self.connection.run(f"CREATE SCHEMA IF NOT EXISTS {owner}")
        columns = [f"{quote(ROWID)} BIGINT"]
        columns += [f"{quote(c.name)} {column_type(c)}" for c in table.columns]
        listed = ", ".join(columns)
        self.connection.run(f"CREATE TABLE {base(table.name)} ({listed})")
        for log in (old(table.name), new(table.name)):
            self.connection.run(f"CREATE TABLE {log} ({quote(STEP)} BIGINT, {listed})")
        for column in table.columns:
            self.add_identity(table.name, column)

    def add_identity(self, table: Name, column: Column) -> None:
        """Make the sequence of a column if it is an identity column."""
        identity = column.identity
        if identity:
            self.connection.run(
                f"CREATE OR REPLACE SEQUENCE {identity_sequence(table, column.name)}"
                f" START {identity.start} INCREMENT {identity.increment}"
                f" MINVALUE {min(identity.start, 1)}"
                if identity.increment > 0
                else f"CREATE OR REPLACE SEQUENCE {identity_sequence(table, column.name)}"
                f" START {identity.start} INCREMENT {identity.increment}"
                f" MAXVALUE {max(identity.start, -1)}"
            )

    def index(self, table: Name, column: str) -> None:
        """Make rows of a table be found by a column, whatever the table's size."""
        self.indexes.setdefault(table, set())
        if column not in self.indexes[table]:
            self.connection.run(
                f"CREATE INDEX {_index(table, column)} ON {base(table)} ({quote(column)})"
            )
            self.indexes[table].add(column)

    def drop(self, table: Name) -> None:
        """Drop a table and its log."""
        self.indexes.pop(table, None)
        for name in (base(table), old(table), new(table)):
            self.connection.run(f"DROP TABLE {name}")
            self._logs.discard(name)

    def alter(self, table: Name, clause: str) -> None:
        """Change a table and its log alike.

        DuckDB alters no table that has an index, so indexes go; what is still joined by
        is found without them.
        """
        for column in self.indexes.pop(table, ()):
            self.connection.run(f"DROP INDEX {_index_of(table, column)}")
        for name in (base(table), old(table), new(table)):
            self.connection.run(f"ALTER TABLE {name} {clause}")

    def next_step(self, table: Name) -> int:
        """Begin a change of a table and return its number."""
        self.step += 1
        self.touched[table] = self.step
        self.recent = {}
        return self.step

    def log(self, table: Name, way: Way, rows: str) -> bool:
        """Write rows that come (1) or go (-1) to their log, as a query gives them.

        Tell whether there are any.
        """
        log = new(table) if way > 0 else old(table)
        sql = f"INSERT INTO {log} {rows} RETURNING *"
        logged = self.connection.query(sql, FEW + 1)
        self._logs.add(log)
        self._left += _LEFT if len(logged.rows) > FEW else len(logged.rows)
        known = self.recent or {}
        if (table, way) in known:
            logged = replace(logged, rows=(*known[table, way].rows, *logged.rows))
        self.recent = {**known, (table, way): logged}
        return bool(logged.rows)

    def apply(self, table: Name, step: int) -> bool:
        """Carry out the change of the last step; tell whether it touches any row."""
        gone, come = (self._logged(table, way) for way in (-1, 1))
        if gone and not self._take_few(table):
            self.connection.run(
                f"DELETE FROM {base(table)} WHERE {quote(ROWID)} IN (SELECT"  # noqa: S608
                f" {quote(ROWID)} FROM {old(table)} WHERE {quote(STEP)} = {step})"
            )
        if come and not self._put_few(table):
            self.connection.run(
                f"INSERT INTO {base(table)} SELECT * EXCLUDE ({quote(STEP)})"  # noqa: S608
                f" FROM {new(table)} WHERE {quote(STEP)} = {step}"
            )
        return gone or come

    def _take_few(self, table: Name) -> bool:
        """Delete the rows that the last step logged, if they are few."""
        rows = self._few(table, -1)
        marks = ", ".join(f"CAST(${i + 1} AS BIGINT)" for i in range(len(rows)))
        sql = f"DELETE FROM {base(table)} WHERE {quote(ROWID)} IN ({marks})"  # noqa: S608
        if rows:
            self.connection.tell(sql, [row[ROWID] for row in rows])
        return bool(rows)

    def _put_few(self, table: Name) -> bool:
        """Insert the rows that the last step logged, if they are few."""
        rows = self._few(table, 1)
        if not rows:
            return False
        names = list(rows[0])
        marks = [
            ", ".join(f"${i * len(names) + j + 1}" for j in range(len(names)))
            for i in range(len(rows))
        ]
        listed = ", ".join(quote(name) for name in names)
        sql = f"INSERT INTO {base(table)} ({listed}) VALUES ({'), ('.join(marks)})"  # noqa: S608
        self.connection.tell(sql, [row[name] for row in rows for name in names])
        return True

    def _few(self, table: Name, way: Way) -> list[dict[str, str | None]]:
        """Return the rows that the last step logged as texts, none if they are many.

        None as well if a value has no text.
        """
        logged = (self.recent or {}).get((table, way), Rows((), ()))
        if len(logged.rows) > FEW:
            return []
        found = [
            parameters({k: v for k, v in row.items() if k != STEP})
            for row in logged.dicts()
        ]
        return [row for row in found if row is not None] if None not in found else []

    def _logged(self, table: Name, way: Way) -> bool:
        """Tell whether the last step logged rows of a table."""
        logged = (self.recent or {}).get((table, way))
        return logged is not None and bool(logged.rows)

    def remove(self, table: Table, rows: str, empties: tuple[str, ...]) -> bool:
        """Delete rows of a table, or set columns of them NULL; tell if there were any.

        `rows` is FROM and WHERE of a query whose rows of the table are called `c`.
        """
        step = self.next_step(table.name)
        self.log(table.name, -1, f"SELECT {step}, c.* {rows}")
        if empties:
            cells = [
                "NULL" if c.name in empties else quote(c.name) for c in table.columns
            ]
            self.log(
                table.name,
                1,
                f"SELECT {step}, {quote(ROWID)}, {', '.join(cells)}"  # noqa: S608
                f" FROM {old(table.name)} WHERE {quote(STEP)} = {step}",
            )
        return self.apply(table.name, step)

    def undo(self, to: int) -> None:
        """Take back every step after number `to`."""
        for table, last in list(self.touched.items()):
            if last > to:
                self._undo_table(table, to)
        some_stay = to > self.began
        self.touched = {t: min(n, to) for t, n in self.touched.items() if some_stay}
        self.recent = None
        self.step = to

    def _undo_table(self, table: Name, to: int) -> None:
        row, step = quote(ROWID), quote(STEP)
        logs = [log for log in (old(table), new(table)) if log in self._logs]
        if new(table) in logs:
            self.connection.run(
                f"DELETE FROM {base(table)} WHERE {row} IN"  # noqa: S608
                f" (SELECT {row} FROM {new(table)} WHERE {step} > {to})"
            )
        if old(table) in logs:
            # A step that failed half-way may not have removed what it logged as gone.
            there = f"SELECT 1 FROM {base(table)} b WHERE b.{row} = o.{row}"  # noqa: S608
            self.connection.run(
                f"INSERT INTO {base(table)} SELECT * EXCLUDE ({step})"  # noqa: S608
                f" FROM {old(table)} o WHERE o.{step} > {to}"
                f" AND {self._is_first(logs, to)} AND NOT EXISTS ({there})"
            )
        for log in logs:
            self.connection.run(f"DELETE FROM {log} WHERE {step} > {to}")  # noqa: S608

    def _is_first(self, logs: list[str], to: int) -> str:
        """Return the condition that a row `o` of a log is its first after a step."""
        if self.step == to + 1:
            return "TRUE"
        row, step = quote(ROWID), quote(STEP)
        return " AND ".join(
            f"NOT EXISTS (SELECT 1 FROM {log} e WHERE e.{row} = o.{row}"  # noqa: S608
            f" AND e.{step} > {to} AND e.{step} < o.{step})"
            for log in logs
        )

    def forget(self) -> None:
        """End the transaction: what has been done can no longer be undone."""
        self.touched.clear()
        self.recent = None
        self.began = self.step
        if self._left >= _LEFT:
            self.empty()

    def empty(self) -> None:
        """Empty the log, between two transactions."""
        for log in sorted(self._logs):
            self.connection.run(f"DELETE FROM {log}")  # noqa: S608
        self._logs.clear()
        self._left = 0


def base(table: Name) -> str:
    """Return the table's own name in DuckDB."""
    if table.owner:
        return f"{quote(table.owner)}.{quote(table.name)}"
    return quote(table.name)


def _index(table: Name, column: str) -> str:
    """Return the name of an index, without the schema that its table gives it."""
    return quote(f"ORA$IX.{table}.{column}")


def _index_of(table: Name, column: str) -> str:
    own = f"{quote(table.owner)}." if table.owner else ""
    return own + _index(table, column)


def old(table: Name) -> str:
    """Return the name of the log of rows that went."""
    return f"{quote(_OLD)}.{quote(str(table))}"


def new(table: Name) -> str:
    """Return the name of the log of rows that came."""
    return f"{quote(_NEW)}.{quote(str(table))}"


def identity_sequence(table: Name, column: str) -> str:
    """Return the name of the sequence behind an identity column."""
    return quote(f"ORA$ID.{table}.{column}")


def current(table: Name, since: int, until: int) -> str:
    """Return the query of the rows that came after step `since` and still stand.

    `until` is the last step; a negative `since` means all rows.
    """
    if since < 0:
        return base(table)
    if until == since + 1:
        # What came in the only step cannot have gone in a later one.
        return f"(SELECT * FROM {new(table)} WHERE {quote(STEP)} = {until})"  # noqa: S608
    row, step = quote(ROWID), quote(STEP)
    return (
        f"(SELECT * FROM {new(table)} n WHERE n.{step} > {since} AND NOT EXISTS"  # noqa: S608
        f" (SELECT 1 FROM {old(table)} o WHERE o.{row} = n.{row}"
        f" AND o.{step} > n.{step}))"
    )


def gone(table: Name, since: int) -> str:
    """Return the query of the rows that went after step `since`."""
    return f"(SELECT * FROM {old(table)} WHERE {quote(STEP)} > {since})"  # noqa: S608
