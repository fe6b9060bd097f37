"""Oracle by the driver's thin mode: no client to install; the session only reads.

https://python-oracledb.readthedocs.io/en/latest/user_guide/connection_handling.html
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from queue import Empty, Queue
from threading import Thread
from typing import Any, Final, Literal

import oracledb

from comply.classes import dataclass, field
from comply.database.address import Address, Login
from comply.database.connection import ConnectionLost, DatabaseError, Rows

_BATCH: Final = 5_000
_CONNECT_SECONDS: Final = 20.0

# Reported when the network or the server goes away under a session.
_LOST: Final = frozenset(
    {"DPY-1001", "DPY-4011", "DPY-6005", "ORA-03113", "ORA-03114", "ORA-03135"}
    | {"ORA-00028", "ORA-01012", "ORA-01089", "ORA-12537", "ORA-12547", "ORA-12570"}
)
_TIMED_OUT: Final = frozenset({"DPY-4024", "ORA-03136", "ORA-03156"})
_CANCELLED: Final = "ORA-01013"

_HINTS: Final[Mapping[str, str]] = {
    "ORA-01017": "check the user in the URL and the password in "
    "COMPLY_ORACLE_PASSWORD or ORACLE_PASSWORD",
    "ORA-28000": "the account is locked: have it unlocked, or log in as another user",
    "ORA-28001": "the password has expired: change it, then try again",
    "ORA-01045": "grant the user CREATE SESSION",
    "ORA-12514": "check the service in the URL; `lsnrctl services` lists those there are",
    "DPY-6001": "check the service in the URL; `lsnrctl services` lists those there are",
    "DPY-6003": "check the SID in the connect descriptor",
    "DPY-6005": "check host and port in the URL, and that the listener runs",
    "DPY-6000": "the listener refused the session: check the service, or its limits",
    "DPY-4000": "the alias is not in tnsnames.ora: set TNS_ADMIN, or ?tns_admin=FOLDER",
    "DPY-4001": "name a user in the URL, or a wallet with ?wallet=FOLDER",
    "DPY-4026": "there is no tnsnames.ora: set TNS_ADMIN, or ?tns_admin=FOLDER",
    "DPY-4027": "there is no folder to look for tnsnames.ora in: set TNS_ADMIN",
    "DPY-3010": "comply needs Oracle 12.1 or later",
    "ORA-00942": "the table is not there, or the user may not SELECT from it",
    "ORA-01031": "the user lacks a privilege",
    "ORA-01555": "the snapshot is too old: check fewer rules at once, or enlarge UNDO",
    "ORA-08177": "Oracle does not check assertions in SERIALIZABLE transactions",
}


@dataclass(slots=True)
class OracleDb:
    """A session with Oracle; `seconds` is the longest a query may take, 0 for ever."""

    connection: oracledb.Connection = field(repr=False)
    login: Login = field(repr=False)
    seconds: float = 0.0
    dialect: Literal["oracle"] = "oracle"

    def query(
        self,
        sql: str,
        limit: int | None = None,
        binds: Mapping[str, object] | None = None,
    ) -> Rows:
        """Return the rows of a query, at most `limit`.

        Raises:
            DatabaseError: Oracle refused it, or it took too long.
            ConnectionLost: the session is gone.
        """
        with self._cursor(_BATCH if limit is None else limit) as cursor:
            names = self._execute(cursor, sql, binds)
            started = time.monotonic()
            try:
                found = cursor.fetchall() if limit is None else cursor.fetchmany(limit)
                rows = tuple(tuple(_plain(v) for v in row) for row in found)
            except oracledb.Error as error:
                raise self._refusal(error, started) from None
            except KeyboardInterrupt:
                self.cancel()
                raise
        return Rows(names, rows)

    def batches(self, sql: str) -> Iterator[Rows]:
        """Yield the rows of a query in batches, so that none has to hold them all.

        Raises:
            DatabaseError: Oracle refused it, or it took too long.
            ConnectionLost: the session is gone.
        """
        with self._cursor(_BATCH) as cursor:
            names = self._execute(cursor, sql, None)
            while True:
                started = time.monotonic()
                try:
                    found = cursor.fetchmany(_BATCH)
                    rows = tuple(tuple(_plain(v) for v in row) for row in found)
                except oracledb.Error as error:
                    raise self._refusal(error, started) from None
                except KeyboardInterrupt:
                    self.cancel()
                    raise
                if not rows:
                    return
                yield Rows(names, rows)

    def run(self, sql: str) -> None:
        """Run a statement for its effect."""
        with self._cursor(1) as cursor:
            self._execute(cursor, sql, None)

    def insert(
        self, table: str, columns: Mapping[str, str], rows: Sequence[Sequence[object]]
    ) -> None:
        """Add rows to a table whose columns have these types."""
        names = ", ".join(f'"{c}"' for c in columns)
        marks = ", ".join(f":{i + 1}" for i in range(len(columns)))
        started = time.monotonic()
        with self._cursor(1) as cursor:
            try:
                cursor.executemany(
                    f"INSERT INTO {table} ({names}) VALUES ({marks})",  # noqa: S608  (names of ours)
                    [tuple(row) for row in rows],
                )
            except oracledb.Error as error:
                raise self._refusal(error, started) from None

    def commit(self) -> None:
        """End the transaction; what is deferred is checked now."""
        started = time.monotonic()
        try:
            self.connection.commit()
        except oracledb.Error as error:
            raise self._refusal(error, started) from None

    def rollback(self) -> None:
        """End the transaction, its changes undone."""
        started = time.monotonic()
        try:
            self.connection.rollback()
        except oracledb.Error as error:
            raise self._refusal(error, started) from None

    def begin_snapshot(self) -> None:
        """Begin a transaction that cannot write and sees one moment of the data.

        https://docs.oracle.com/en/database/oracle/oracle-database/23/sqlrf/SET-TRANSACTION.html
        """
        self.run("SET TRANSACTION READ ONLY")

    def use_schema(self, name: str) -> None:
        """Let names without an owner mean those of this schema."""
        quoted = name.replace('"', "")
        self.run(f'ALTER SESSION SET CURRENT_SCHEMA = "{quoted}"')

    def cancel(self) -> None:
        """Stop what the server is doing for this session, as far as it can be told."""
        # On a connection that is gone the driver's cancel() crashes the process.
        if not self.connection.is_healthy():
            return
        try:
            self.connection.cancel()
        except oracledb.Error:
            return

    def close(self) -> None:
        """End the session; what was not committed is undone."""
        try:
            self.connection.close()
        except oracledb.Error:
            return

    def _cursor(self, rows: int) -> oracledb.Cursor:
        try:
            cursor = self.connection.cursor()
        except oracledb.Error as error:
            raise self._refusal(error, time.monotonic()) from None
        cursor.arraysize = max(1, min(rows, _BATCH))
        cursor.prefetchrows = cursor.arraysize
        return cursor

    def _execute(
        self, cursor: oracledb.Cursor, sql: str, binds: Mapping[str, object] | None
    ) -> tuple[str, ...]:
        started = time.monotonic()
        try:
            cursor.execute(sql, dict(binds or {}))
        except oracledb.Error as error:
            raise self._refusal(error, started) from None
        except KeyboardInterrupt:
            self.cancel()
            raise
        return tuple(column[0] for column in cursor.description or ())

    def _refusal(self, error: oracledb.Error, started: float) -> DatabaseError:
        taken = time.monotonic() - started
        return refusal(error, self.login, self.seconds, taken)


def connect(address: Address, login: Login, seconds: float = 0.0) -> OracleDb:
    """Log in to the database at an address.

    Raises:
        DatabaseError: nobody answers there, or refuses the login.
    """
    options = address.options
    given: dict[str, Any] = {
        "user": address.user or None,
        "password": login.password,
        "dsn": address.dsn,
        "tcp_connect_timeout": min(seconds or _CONNECT_SECONDS, _CONNECT_SECONDS),
        "retry_count": 0,
        "config_dir": options.get("tns_admin"),
        "wallet_location": options.get("wallet"),
        "wallet_password": login.wallet_password,
        "program": "comply",
    }
    started = time.monotonic()
    try:
        connection = _answered(
            {k: v for k, v in given.items() if v is not None},
            min(seconds or _CONNECT_SECONDS, _CONNECT_SECONDS),
        )
    except (oracledb.Error, OSError) as error:
        taken = time.monotonic() - started
        said = refusal(error, login, 0.0, taken)
        raise DatabaseError(
            f"{address}: {said.message}", said.code, said.hint
        ) from None
    connection.call_timeout = int(seconds * 1000)
    connection.outputtypehandler = _numbers
    return OracleDb(connection, login, seconds)


def _answered(given: dict[str, Any], seconds: float) -> oracledb.Connection:
    """Return a new connection; the driver itself waits for a silent host for ever.

    The thread that waits dies with the process.
    """
    outcome: Queue[oracledb.Connection | Exception] = Queue()

    def work() -> None:
        try:
            outcome.put(oracledb.connect(**given))
        except (oracledb.Error, OSError) as error:
            outcome.put(error)

    Thread(target=work, daemon=True).start()
    try:
        found = outcome.get(timeout=seconds)
    except Empty:
        raise TimeoutError(f"no answer within {seconds:g} s") from None
    if isinstance(found, Exception):
        raise found
    return found


def refusal(
    error: oracledb.Error | OSError, login: Login, limit: float, taken: float
) -> DatabaseError:
    """Return the driver's error as ours.

    A call that outlives its limit may end with a lost connection, when the server does
    not answer the request to stop: `limit` and `taken` (seconds) tell those apart.
    """
    if isinstance(error, OSError) or not error.args:
        return DatabaseError(login.hide(str(error)), hint=_HINTS["DPY-6005"])
    details = error.args[0]
    full = str(getattr(details, "full_code", "") or "")
    lost = full in _LOST
    if full in _TIMED_OUT or (lost and limit and taken >= limit):
        return DatabaseError(
            f"the query took longer than {limit:g} s and was stopped",
            hint="give it more time with --timeout SECONDS, or index what it reads",
        )
    code = int(getattr(details, "code", 0) or 0)
    message = login.hide(_said(str(getattr(details, "message", details))))
    if full == _CANCELLED:
        return DatabaseError("the query was cancelled", code)
    # The driver wraps what the listener said in its own error about the connection.
    hint = next((_HINTS[c] for c in _HINTS if c != full and c in message), "")
    hint = hint or _HINTS.get(full, "")
    return (ConnectionLost if lost else DatabaseError)(message, code, hint)


def _said(message: str) -> str:
    """Return an error's text without the driver's links to pages about it."""
    lines = [
        line.partition(" (CONNECTION_ID=")[0].strip() for line in message.splitlines()
    ]
    kept = [x for x in lines if x and not x.startswith(("Help:", "https://"))]
    return "\n".join(kept)


def _numbers(
    cursor: oracledb.Cursor, column: oracledb.FetchInfo
) -> oracledb.Var | None:
    """Fetch numbers as decimals, exact; text of any length as text."""
    if column.type_code is oracledb.DB_TYPE_NUMBER:
        return cursor.var(Decimal, arraysize=cursor.arraysize)
    if column.type_code is oracledb.DB_TYPE_CLOB:
        return cursor.var(oracledb.DB_TYPE_LONG, arraysize=cursor.arraysize)
    return None


def _plain(value: object) -> object:
    """Return a value without the driver's own types in it."""
    return value.read() if isinstance(value, oracledb.LOB) else value
