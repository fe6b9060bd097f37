"""Tables in DuckDB with a journal of their changes: what undo and checks rest on.

DuckDB has no savepoints, and a statement that fails aborts its whole transaction.
So each change is journalled: for each table, the rows that go (`old`) and those that come
(`new`), with the number of the step and a row id that a row keeps through updates. A step
of many rows is first written to the logs and then applied as one DELETE and one INSERT.
Undoing back to a number restores, for every row touched since, its first image after that
number; a statement, a savepoint and a transaction are undone the same way. Checks read the
journal too, so they see only rows that changed, whatever the size of the table. What it
has from before `began` is done for good. DuckDB's own transactions and constraints are
not used.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from comply.database.connection import Rows
from comply.database.duckdb import DuckDb, quote
from comply.dialect.schema import Table
from comply.dialect.syntax import Column, Name
from comply.sql.journal import (
    FEW,
    NEW,
    OLD,
    STEP,
    Journal,
    Row,
    Way,
    new,
    old,
    texts_of,
)
from comply.sql.names import ROWID
from comply.sql.storage import column_type

NEXT_ROW: Final = f"NEXTVAL('{quote(ROWID)}')"
"""The id of a row that comes."""

Recent: TypeAlias = dict[tuple[Name, Way], list[Row] | None]


class Store:
    """The tables of a sandbox; `step` counts the changes.

    `began` is where it stood when the transaction began. `recent` are the rows of the last
    step as texts, None if that is unknown; None in it are many, or such without a text.
    """

    __slots__ = (
        "began",
        "connection",
        "indexes",
        "journal",
        "recent",
        "step",
        "touched",
    )

    def __init__(self, connection: DuckDb) -> None:
        self.connection = connection
        self.step = 0
        self.began = 0
        self.journal = Journal(connection)
        self.touched: dict[Name, int] = {}
        self.indexes: dict[Name, set[str]] = {}
        self.recent: Recent | None = None
        for schema in (OLD, NEW):
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
        self.connection.run(f"CREATE OR REPLACE TABLE {base(table.name)} ({listed})")
        for log in (old(table.name), new(table.name)):
            self.connection.run(
                f"CREATE OR REPLACE TABLE {log} ({quote(STEP)} BIGINT, {listed})"
            )
        for column in table.columns:
            self.add_identity(table.name, column)

    def add_identity(
        self, table: Name, column: Column, last: int | None = None
    ) -> None:
        """Make the sequence of a column if it is an identity column.

        `last` is the value behind which it goes on.
        """
        identity = column.identity
        if not identity:
            return
        step = identity.increment
        start = identity.start if last is None else last + step
        first = identity.start
        bound = (
            f"MINVALUE {min(first, 1)}" if step > 0 else f"MAXVALUE {max(first, -1)}"
        )
        self.connection.run(
            f"CREATE OR REPLACE SEQUENCE {identity_sequence(table, column.name)}"
            f" START {start} INCREMENT {step} {bound}"
        )

    def last_identities(self, table: Name, columns: Iterable[str]) -> list[int | None]:
        """Return the last values of identity columns, None for one that has none yet."""
        sql = "SELECT last_value FROM duckdb_sequences() WHERE sequence_name = $1"
        names = (identity_name(table, column) for column in columns)
        found = (self.connection.ask(sql, [name], 1).rows for name in names)
        values = (rows[0][0] if rows else None for rows in found)
        return [value if isinstance(value, int) else None for value in values]

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
        self.journal.drop(table)

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
        logged = self.journal.write(table, way, self.step, rows)
        known = self.recent or {}
        rest = texts_of(logged)
        before = known.get((table, way), [])
        both = None if before is None or rest is None else [*before, *rest]
        many = both is None or len(both) > FEW
        self.recent = {**known, (table, way): None if many else both}
        return bool(logged.rows)

    def first(self, sql: str, *, again: bool) -> Rows:
        """Return the first rows of a query, one more than are few.

        `again` tells that the same was asked before: then it is parsed for good.
        """
        if again:
            return self.connection.ask(sql, (), FEW + 1)
        return self.connection.query(sql, FEW + 1)

    def put(
        self, table: Name, rows: str, given: Sequence[str | None], *, again: bool
    ) -> None:
        """Insert a few rows, said as DuckDB's INSERT has it, as a step.

        `given` are the values of its parameters; what has some is kept parsed.
        """
        step = self.next_step(table)
        sql = f"INSERT INTO {base(table)} {rows} RETURNING *"
        if given:
            added = self.connection.ask(sql, given, FEW + 1)
        else:
            added = self.first(sql, again=again)
        come = texts_of(added)
        if come is None:
            at = added.columns.index(ROWID)
            listed = ", ".join(str(row[at]) for row in added.rows)
            query = f"FROM {base(table)} WHERE {quote(ROWID)} IN ({listed})"
            self.journal.write(table, 1, step, f"SELECT {step}, * {query}")
        else:
            self.journal.remember(table, 1, step, come)
        self.recent = {(table, 1): come}

    def fill(self, table: Name, rows: Sequence[Row], made: Mapping[str, str]) -> None:
        """Insert many rows that are texts by column, as a step.

        `made` are the columns that the database makes for each row, in its SQL.
        """
        step = self.next_step(table)
        self.journal.pour(table, step, rows, {**made, ROWID: NEXT_ROW})
        self.recent = {(table, 1): None}
        self.apply(table, step)

    def take(self, table: Name, rows: Sequence[Row]) -> None:
        """Delete a few rows, as a step."""
        step = self.next_step(table)
        self.journal.remember(table, -1, step, rows)
        self.recent = {(table, -1): [*rows]}
        self._take(table, [row[ROWID] for row in rows])

    def turn(self, table: Name, pairs: Sequence[tuple[Row, Row]]) -> None:
        """Let a few rows become others, as a step; what stays the same is not written."""
        step = self.next_step(table)
        went, came = [one for one, _ in pairs], [other for _, other in pairs]
        self.journal.remember(table, -1, step, went)
        self.journal.remember(table, 1, step, came)
        self.recent = {(table, -1): went, (table, 1): came}
        for one, other in pairs:
            names = [name for name, value in other.items() if value != one[name]]
            if names:
                marks = [f"{quote(name)} = ${i + 2}" for i, name in enumerate(names)]
                self.connection.tell(
                    f"UPDATE {base(table)} SET {', '.join(marks)}"  # noqa: S608
                    f" WHERE {quote(ROWID)} = CAST($1 AS BIGINT)",
                    [one[ROWID], *(other[name] for name in names)],
                )

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
        rows = (self.recent or {}).get((table, -1)) or []
        self._take(table, [row[ROWID] for row in rows])
        return bool(rows)

    def _take(self, table: Name, ids: Iterable[str | None]) -> None:
        """Delete rows by their ids."""
        values = [*ids]
        marks = ", ".join(f"CAST(${i + 1} AS BIGINT)" for i in range(len(values)))
        sql = f"DELETE FROM {base(table)} WHERE {quote(ROWID)} IN ({marks})"  # noqa: S608
        if values:
            self.connection.tell(sql, values)

    def _put_few(self, table: Name) -> bool:
        """Insert the rows that the last step logged, if they are few."""
        rows = (self.recent or {}).get((table, 1)) or []
        self._put(table, rows)
        return bool(rows)

    def _put(self, table: Name, rows: Sequence[Row]) -> None:
        """Insert rows that are texts."""
        if not rows:
            return
        names = list(rows[0])
        marks = [
            ", ".join(f"${i * len(names) + j + 1}" for j in range(len(names)))
            for i in range(len(rows))
        ]
        listed = ", ".join(quote(name) for name in names)
        sql = f"INSERT INTO {base(table)} ({listed}) VALUES ({'), ('.join(marks)})"  # noqa: S608
        self.connection.tell(sql, [row[name] for row in rows for name in names])

    def _logged(self, table: Name, way: Way) -> bool:
        """Tell whether the last step logged rows of a table."""
        rows = (self.recent or {}).get((table, way), [])
        return rows is None or bool(rows)

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
        if self.journal.remembers(to):
            for table, rows in self.journal.cut(to).items():
                self._take(table, rows)
                self._put(table, [was for was in rows.values() if was is not None])
        else:
            self.journal.settle()
            for table, last in list(self.touched.items()):
                if last > to:
                    self._undo_table(table, to)
        some_stay = to > self.began
        self.touched = {t: min(n, to) for t, n in self.touched.items() if some_stay}
        self.recent = None
        self.step = to

    def _undo_table(self, table: Name, to: int) -> None:
        row, step = quote(ROWID), quote(STEP)
        logs = self.journal.logs_since(table, to)
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
            self.journal.cut_log(log, to)

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
        self.journal.forget()

    def came(self, table: Name, since: int) -> str:
        """Return the query of the rows that came after a step and still stand.

        It is for now: what changes later may not be there for it. A negative `since`
        means all rows.
        """
        if since < 0:
            return base(table)
        self.journal.settle()
        if self.step == since + 1:
            # What came in the only step cannot have gone in a later one.
            return f"(SELECT * FROM {new(table)} WHERE {quote(STEP)} = {self.step})"  # noqa: S608
        row, step = quote(ROWID), quote(STEP)
        return (
            f"(SELECT * FROM {new(table)} n WHERE n.{step} > {since} AND NOT EXISTS"  # noqa: S608
            f" (SELECT 1 FROM {old(table)} o WHERE o.{row} = n.{row}"
            f" AND o.{step} > n.{step}))"
        )

    def went(self, table: Name, since: int) -> str:
        """Return the query of the rows that went after a step, for now as well."""
        self.journal.settle()
        return f"(SELECT * FROM {old(table)} WHERE {quote(STEP)} > {since})"  # noqa: S608


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


def identity_sequence(table: Name, column: str) -> str:
    """Return the name of the sequence behind an identity column, quoted."""
    return quote(identity_name(table, column))


def identity_name(table: Name, column: str) -> str:
    """Return the name of the sequence behind an identity column."""
    return f"ORA$ID.{table}.{column}"
