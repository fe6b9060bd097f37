"""PostgreSQL by psycopg, an optional part of comply; the session only reads.

https://www.psycopg.org/psycopg3/docs/api/connections.html
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal

from comply.classes import dataclass, field
from comply.database.address import Address, Login
from comply.database.connection import ConnectionLost, DatabaseError, Rows
from comply.source import ComplyError

try:
    import psycopg
except ImportError:
    raise ComplyError(
        "comply needs psycopg to talk to PostgreSQL",
        hint="pip install 'comply[postgres]'",
    ) from None

_BATCH: Final = 5_000
_CONNECT_SECONDS: Final = 20
_TIMED_OUT: Final = "57014"
_LOST: Final = frozenset({"57P01", "57P02", "08000", "08003", "08006"})
_HINTS: Final[Mapping[str, str]] = {
    "42P01": "the table is not there, or in another schema: ?schema=NAME",
    "42501": "the user lacks a privilege: GRANT SELECT",
    "25006": "comply's sessions only read",
}


@dataclass(slots=True)
class PostgresDb:
    """A session with PostgreSQL; `seconds` is the longest a query may take."""

    connection: "psycopg.Connection[tuple[Any, ...]]" = field(repr=False)
    login: Login = field(repr=False)
    seconds: float = 0.0
    dialect: Literal["postgresql"] = "postgresql"

    def query(
        self,
        sql: str,
        limit: int | None = None,
        binds: Mapping[str, object] | None = None,
    ) -> Rows:
        """Return the rows of a query, at most `limit`.

        Raises:
            DatabaseError: PostgreSQL refused it, or it took too long.
            ConnectionLost: the session is gone.
        """
        if limit is not None:
            sql = f"SELECT * FROM ({sql}) AS comply_rows LIMIT {limit:d}"  # noqa: S608  (a query of ours)
        try:
            with self.connection.transaction(), self.connection.cursor() as cursor:
                _execute(cursor, sql, binds)
                names = tuple(c.name for c in cursor.description or ())
                return Rows(names, tuple(cursor.fetchall()))
        except psycopg.Error as error:
            raise self._refusal(error) from None

    def batches(self, sql: str) -> Iterator[Rows]:
        """Yield the rows of a query in batches, by a cursor of the server.

        Raises:
            DatabaseError: PostgreSQL refused it, or it took too long.
            ConnectionLost: the session is gone.
        """
        try:
            with self.connection.cursor("comply") as cursor:
                _execute(cursor, sql, None)
                names = tuple(c.name for c in cursor.description or ())
                while found := cursor.fetchmany(_BATCH):
                    yield Rows(names, tuple(found))
        except psycopg.Error as error:
            raise self._refusal(error) from None

    def run(self, sql: str) -> None:
        """Run a statement for its effect."""
        try:
            with self.connection.cursor() as cursor:
                _execute(cursor, sql, None)
        except psycopg.Error as error:
            raise self._refusal(error) from None

    def insert(
        self, table: str, columns: Mapping[str, str], rows: Sequence[Sequence[object]]
    ) -> None:
        """Add rows to a table whose columns have these types."""
        names = ", ".join(f'"{c}"' for c in columns)
        marks = ", ".join("%s" for _ in columns)
        sql = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608  (names of ours)
        try:
            with self.connection.cursor() as cursor:
                cursor.executemany(sql.encode(), rows)
        except psycopg.Error as error:
            raise self._refusal(error) from None

    def rollback(self) -> None:
        """End the transaction; after an error nothing else can follow."""
        try:
            self.connection.rollback()
        except psycopg.Error as error:
            raise self._refusal(error) from None

    def begin_snapshot(self) -> None:
        """Begin a transaction that cannot write and sees one moment of the data.

        https://www.postgresql.org/docs/current/transaction-iso.html
        """
        self.rollback()
        self.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")

    def use_schema(self, name: str) -> None:
        """Let names without a schema mean those of this one."""
        quoted = name.replace('"', '""')
        self.run(f'SET LOCAL search_path TO "{quoted}"')

    def cancel(self) -> None:
        """Stop what the server is doing for this session."""
        try:
            self.connection.cancel_safe(timeout=5)
        except psycopg.Error:
            return

    def close(self) -> None:
        """End the session; what was not committed is undone."""
        self.connection.close()

    def _refusal(self, error: psycopg.Error) -> DatabaseError:
        return refusal(error, self.login, self.seconds, gone=self.connection.closed)


def connect(address: Address, login: Login, seconds: float = 0.0) -> PostgresDb:
    """Log in to the database at an address.

    Raises:
        DatabaseError: nobody answers there, or refuses the login.
    """
    given: dict[str, Any] = {
        "host": address.host,
        "port": address.port,
        "dbname": address.service,
        "user": address.user or None,
        "password": login.password,
        "sslmode": address.options.get("sslmode"),
        "sslrootcert": address.options.get("sslrootcert"),
        "connect_timeout": _CONNECT_SECONDS,
        "application_name": "comply",
        "options": "-c default_transaction_read_only=on "
        f"-c statement_timeout={int(seconds * 1000)}",
    }
    try:
        connection = psycopg.connect(
            **{k: v for k, v in given.items() if v is not None}
        )
    except psycopg.Error as error:
        said = " ".join(login.hide(str(error)).split())
        raise DatabaseError(f"{address}: {said}", hint=_login_hint(said)) from None
    return PostgresDb(connection, login, seconds)


def refusal(
    error: psycopg.Error, login: Login, limit: float, *, gone: bool = False
) -> DatabaseError:
    """Return the driver's error as ours; `gone` if the session ended with it."""
    state = error.sqlstate or ""
    if state == _TIMED_OUT and "timeout" in str(error):
        return DatabaseError(
            f"the query took longer than {limit:g} s and was stopped",
            hint="give it more time with --timeout SECONDS, or index what it reads",
        )
    message = login.hide(str(error).partition("\n")[0]) or type(error).__name__
    if gone or state in _LOST:
        return ConnectionLost(message)
    return DatabaseError(message, hint=_HINTS.get(state, ""))


def _login_hint(said: str) -> str:
    match said:
        case text if "password" in text:
            return (
                "check the user in the URL and the password in "
                "COMPLY_POSTGRES_PASSWORD or PGPASSWORD"
            )
        case text if "does not exist" in text:
            return "check the user and the database in the URL"
        case _:
            return "check host and port in the URL, and that the server runs"


def _execute(
    cursor: "psycopg.Cursor[tuple[Any, ...]]",
    sql: str,
    binds: Mapping[str, object] | None,
) -> None:
    """Execute a statement; without binds a `%` in it means itself."""
    cursor.execute(sql.encode(), dict(binds) if binds else None)
