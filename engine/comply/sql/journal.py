"""Changed rows: the last few in memory, the others in tables of DuckDB.

Each table has two logs, of the rows that went and of those that came, with the number of
their step. A query reads them there. Most changes are of a few rows, which no query asks
for before the transaction ends: those are written only when one does (`settle`).
"""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeAlias

from comply.classes import dataclass
from comply.database.connection import Rows
from comply.database.duckdb import DuckDb, quote
from comply.dialect.syntax import Name
from comply.sql.names import ROWID
from comply.sql.pinned import parameters

Way: TypeAlias = Literal[1, -1]
Row: TypeAlias = dict[str, str | None]

STEP = "ORA$STEP"
FEW = 3
"""Up to so many changed rows are looked up one by one."""
OLD, NEW = "ora$old", "ora$new"

# So many rows are kept in memory: to write them at once takes little longer than one.
_KEPT: Final = 256
# The logs are emptied when they have so many rows of transactions that are over: each
# time would cost more than to read past them.
_LEFT: Final = 64


@dataclass(frozen=True, slots=True)
class _Entry:
    """A row as texts that came or went in a step."""

    table: Name
    way: Way
    step: int
    row: Row


class Journal:
    """What steps changed: rows by table, way and step."""

    __slots__ = ("_connection", "_entries", "_left", "_written")

    def __init__(self, connection: DuckDb) -> None:
        self._connection = connection
        self._entries: list[_Entry] = []
        # The last step of what each log has.
        self._written: dict[str, int] = {}
        self._left = 0

    def remember(self, table: Name, way: Way, step: int, rows: Sequence[Row]) -> None:
        """Keep a few rows of a step in memory."""
        self._entries += [_Entry(table, way, step, row) for row in rows]
        if len(self._entries) > _KEPT:
            self.settle()

    def write(self, table: Name, way: Way, step: int, rows: str) -> Rows:
        """Write the rows of a query to their log; return the first of them.

        The query gives the step first.
        """
        log = new(table) if way > 0 else old(table)
        sql = f"INSERT INTO {log} {rows} RETURNING *"
        logged = self._connection.query(sql, FEW + 1)
        self._written[log] = step
        self._left += _LEFT if len(logged.rows) > FEW else len(logged.rows)
        return logged

    def pour(
        self, table: Name, step: int, rows: Sequence[Row], made: Mapping[str, str]
    ) -> None:
        """Write many rows that come in a step to their log, as texts.

        `made` are columns that the database makes for each row, in its SQL.
        """
        names = dict.fromkeys(rows[0], "VARCHAR")
        values = [[*row.values()] for row in rows]
        self._connection.insert(new(table), names, values, {STEP: str(step), **made})
        self._written[new(table)] = step
        self._left += len(rows)

    def settle(self) -> None:
        """Write what is kept in memory to the logs, which a query is about to read."""
        found: dict[str, list[_Entry]] = {}
        for entry in self._entries:
            log = new(entry.table) if entry.way > 0 else old(entry.table)
            found.setdefault(log, []).append(entry)
        self._entries.clear()
        for log, entries in found.items():
            names = [STEP, *entries[0].row]
            rows = [[str(e.step), *e.row.values()] for e in entries]
            self._connection.insert(log, dict.fromkeys(names, "VARCHAR"), rows)
            self._written[log] = max(entries[-1].step, self._written.get(log, 0))
            self._left += len(entries)

    def logs_since(self, table: Name, step: int) -> list[str]:
        """Return the logs of a table that have something from after a step."""
        return [
            log
            for log in (old(table), new(table))
            if self._written.get(log, step) > step
        ]

    def remembers(self, since: int) -> bool:
        """Tell whether all from after a step is in memory."""
        return all(last <= since for last in self._written.values())

    def cut(self, to: int) -> dict[Name, dict[str | None, Row | None]]:
        """Forget what is in memory from after a step.

        Return, by table and row id, each row as it was then, None if it was not there.
        """
        found: dict[Name, dict[str | None, Row | None]] = {}
        for entry in self._entries:
            if entry.step > to:
                was = entry.row if entry.way < 0 else None
                found.setdefault(entry.table, {}).setdefault(entry.row[ROWID], was)
        self._entries = [e for e in self._entries if e.step <= to]
        return found

    def cut_log(self, log: str, to: int) -> None:
        """Delete from a log what it has from after a step."""
        self._connection.run(f"DELETE FROM {log} WHERE {quote(STEP)} > {to}")  # noqa: S608
        self._written[log] = to

    def forget(self) -> None:
        """Forget the transaction, which is over."""
        self._entries.clear()
        if self._left >= _LEFT:
            self.empty()

    def empty(self) -> None:
        """Empty the logs, between two transactions."""
        for log in sorted(self._written):
            self._connection.run(f"DELETE FROM {log}")  # noqa: S608
        self._written.clear()
        self._left = 0

    def drop(self, table: Name) -> None:
        """Overlook the logs of a table that is dropped."""
        for log in (old(table), new(table)):
            self._written.pop(log, None)


def texts(row: Mapping[str, object]) -> Row | None:
    """Return a logged row as texts without its step, None if a value has no text."""
    return parameters({k: v for k, v in row.items() if k != STEP})


def texts_of(rows: Rows) -> list[Row] | None:
    """Return rows as texts, None if they are many or a value has no text."""
    if len(rows.rows) > FEW:
        return None
    found = [texts(row) for row in rows.dicts()]
    return None if None in found else [row for row in found if row is not None]


def old(table: Name) -> str:
    """Return the name of the log of rows that went."""
    return f"{quote(OLD)}.{quote(str(table))}"


def new(table: Name) -> str:
    """Return the name of the log of rows that came."""
    return f"{quote(NEW)}.{quote(str(table))}"
