"""DuckDB, embedded: the database behind the sandbox and the relations of facts."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

import duckdb

from comply.database.connection import DatabaseError, Rows

# What runs here comes from pull requests: no file, no network, no extension, and no
# statement that would lift any of that. One thread: to hand parts of it to a second takes
# a small query, which most are, half as long again, and a full check gains nothing. Others
# would wait for files, of which there are none.
_CONFIG: Final[dict[str, str | bool | int | float | list[str]]] = {
    "async_threads": "0",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "enable_external_access": "false",
    "threads": "1",
}
_INTERRUPTED: Final = "Query interrupted"
_UNREAD_DATE: Final = 'Invalid Input Error: Could not parse string "'
# As many parsed queries are kept.
_KEPT: Final = 1000


class DuckDb:
    """A database in memory, gone when closed."""

    __slots__ = ("_connection", "_parsed", "dialect")

    def __init__(self) -> None:
        self.dialect = "duckdb"
        self._parsed: dict[str, duckdb.Statement] = {}
        self._connection = duckdb.connect(":memory:", config=_CONFIG)
        # A progress bar would be written into our own output.
        self._connection.execute("SET enable_progress_bar = false")
        self._connection.execute("SET lock_configuration = true")

    def query(self, sql: str, limit: int | None = None) -> Rows:
        """Return the rows of a query, at most `limit`."""
        return self._answer(sql, None, limit)

    def ask(self, sql: str, values: Sequence[str | None], limit: int) -> Rows:
        """Return at most `limit` rows of a query with parameters `$1`, `$2` ..

        It is parsed the first time only: a quarter of what a small query takes.
        """
        return self._answer(self._statement(sql), values, limit)

    def tell(self, sql: str, values: Sequence[str | None]) -> None:
        """Run a statement with parameters, parsed the first time only, for its effect."""
        self._answer(self._statement(sql), values, 1)

    def _statement(self, sql: str) -> duckdb.Statement:
        if sql not in self._parsed:
            if len(self._parsed) == _KEPT:
                self._parsed.clear()
            try:
                [self._parsed[sql]] = self._connection.extract_statements(sql)
            except duckdb.Error as error:
                raise refusal(error) from None
        return self._parsed[sql]

    def _answer(
        self,
        query: str | duckdb.Statement,
        values: Sequence[str | None] | None,
        limit: int | None,
    ) -> Rows:
        with _refusing():
            answer = self._connection.execute(query, values or None)
            rows = answer.fetchall() if limit is None else answer.fetchmany(limit)
            columns = tuple(str(d[0]) for d in answer.description or ())
        return Rows(columns, tuple(rows))

    def run(self, sql: str) -> None:
        """Run a statement for its effect."""
        with _refusing():
            self._connection.execute(sql)

    def insert(
        self,
        table: str,
        columns: Mapping[str, str],
        rows: Sequence[Sequence[object]],
        made: Mapping[str, str] | None = None,
    ) -> None:
        """Add rows to a table whose columns have these types.

        The rows go as one list a column: two hundred times faster than one by one. `made`
        are other columns, which an expression gives for each row.
        """
        if not rows:
            return
        more = made or {}
        names = ", ".join(quote(c) for c in [*columns, *more])
        values = [f"UNNEST(?::{kind}[])" for kind in columns.values()]
        lists = [list(column) for column in zip(*rows, strict=True)]
        with _refusing():
            self._connection.execute(
                f"INSERT INTO {table} ({names}) SELECT {', '.join([*values, *more.values()])}",
                lists,
            )

    def close(self) -> None:
        """End the session and drop what it holds."""
        self._connection.close()


@contextmanager
def _refusing() -> Iterator[None]:
    """Raise what DuckDB raises as ours.

    A signal that comes while it works ends the query, but what its handler raises, as a
    rule KeyboardInterrupt, is lost.
    """
    try:
        yield
    except duckdb.Error as error:
        raise refusal(error) from None
    except RuntimeError as error:
        if str(error) == _INTERRUPTED:
            raise KeyboardInterrupt from None
        raise


def quote(name: str) -> str:
    """Return a name as an identifier of SQL.

    >>> quote('a"b')
    '"a""b"'
    """
    return '"' + name.replace('"', '""') + '"'


def refusal(error: duckdb.Error) -> DatabaseError:
    """Return DuckDB's error as ours.

    Expressions that we write raise Oracle's errors by their text; a date that cannot be
    read is ORA-01861 whatever is wrong with it, and other conversions that fail are
    ORA-01722 in the cases that matter here.
    """
    said = str(error).partition("\n")[0]
    at = said.find("ORA-")
    if at >= 0 and said[at + 4 : at + 9].isdigit():
        return DatabaseError(said[at:], int(said[at + 4 : at + 9]))
    if said.startswith(_UNREAD_DATE):
        text = said.removeprefix(_UNREAD_DATE).rpartition('" according to')[0]
        unread = f"ORA-01861: {text!r} does not match the date's format"
        return DatabaseError(unread, 1861)
    if isinstance(error, duckdb.ConversionException | duckdb.OutOfRangeException):
        return DatabaseError(f"ORA-01722: unable to convert: {said}", 1722)
    return DatabaseError(said)
