"""A server that speaks Oracle's protocol on loopback, with a dictionary of its own.

The driver is the real one and so is the socket; behind it DuckDB runs the queries, which
shows how comply speaks to a server, not how Oracle would answer.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import duckdb
import seerdb.server as mirror
from seerdb.common import tns_consts as constants

SECRET = "tiger-Stripes_9"  # noqa: S105  (of a server of our own)

_ORACLE_NUMBERS = ("INT", "BIGINT", "DEC", "DOUBLE", "FLOAT", "HUGE")


@dataclass
class Script:
    """What a server does besides answering: by a part of the statement's text."""

    errors: dict[str, tuple[int, str]] = field(default_factory=dict)
    delays: dict[str, float] = field(default_factory=dict)
    cuts: dict[str, int] = field(default_factory=dict)
    hooks: dict[str, Callable[[], None]] = field(default_factory=dict)
    answers: dict[str, tuple[list[str], list[tuple[Any, ...]]]] = field(
        default_factory=dict
    )
    commit: tuple[int, str] | None = None
    users: dict[str, str] = field(default_factory=lambda: {"APP": SECRET})
    statements: list[str] = field(default_factory=list)


class Backend:
    """One session; all sessions share a database."""

    capabilities = frozenset({mirror.Capability.TRANSACTIONS})

    def __init__(self, database: duckdb.DuckDBPyConnection, script: Script) -> None:
        self.cursor = database.cursor()
        self.cursor.execute("USE app")
        self.script = script

    def authenticate(self, user: str) -> str | None:
        secret: str | None = mirror.credential_lookup(self.script.users, user)
        return secret

    def execute(self, sql: str, binds: Sequence[Any] = ()) -> mirror.Result:  # noqa: C901  (one line a case)
        script = self.script
        script.statements.append(sql)
        for part, seconds in script.delays.items():
            if part in sql:
                time.sleep(seconds)
        for part, hook in script.hooks.items():
            if part in sql:
                hook()
        for part, left in script.cuts.items():
            if part in sql and left:
                script.cuts[part] -= 1
                raise ConnectionResetError("cut by the test")
        for part, (code, text) in script.errors.items():
            if part in sql:
                raise mirror.BackendError(text, ora_code=code)
        for part, (names, rows) in script.answers.items():
            if part in sql and not names:
                return mirror.Result()
            if part in sql:
                return _result(names, ["VARCHAR"] * len(names), rows)
        return self._run(sql, [getattr(b, "value", b) for b in binds])

    def _run(self, sql: str, binds: list[Any]) -> mirror.Result:
        first = sql.split(maxsplit=1)[0].upper()
        if first == "COMMIT":
            self.commit()
        if first in ("SET", "ALTER", "COMMIT", "GRANT"):
            return mirror.Result()
        try:
            # DuckDB reserves a word that Oracle does not.
            spoken = sql.replace(":schema", "?").replace(
                " DEFERRABLE,", ' "DEFERRABLE",'
            )
            done = self.cursor.execute(spoken, binds)
            rows, described = done.fetchall(), done.description or []
            if first in ("INSERT", "UPDATE", "DELETE", "CREATE", "DROP"):
                return mirror.Result()
        except duckdb.CatalogException as error:
            raise mirror.BackendError(
                f"table or view does not exist ({error})".partition("\n")[0],
                ora_code=942,
            ) from None
        except duckdb.Error as error:
            raise mirror.BackendError(
                str(error).partition("\n")[0], ora_code=904
            ) from None
        return _result([d[0] for d in described], [str(d[1]) for d in described], rows)

    def commit(self) -> None:
        if self.script.commit:
            code, text = self.script.commit
            raise mirror.BackendError(text, ora_code=code)

    def rollback(self) -> None:
        return

    def close(self) -> None:
        self.cursor.close()


def _result(
    names: list[str], kinds: list[str], rows: list[tuple[Any, ...]]
) -> mirror.Result:
    columns = []
    for name, kind in zip(names, kinds, strict=True):
        if kind.startswith(_ORACLE_NUMBERS) or kind == "NUMBER":
            of, size = constants.TNS_TYPE_NUMBER, 22
        elif kind.startswith(("DATE", "TIMESTAMP")):
            of, size = constants.TNS_TYPE_DATE, 7
        else:
            of, size = constants.TNS_TYPE_VARCHAR, 4000
        columns.append(mirror.ColumnMeta(name.encode(), of, size, size))
    return mirror.Result(columns=columns, rows=[tuple(map(_sent, r)) for r in rows])


def _sent(value: Any) -> Any:
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001
    return value


@dataclass
class Oracle:
    """A running server: its address, its database and what it is told to do."""

    port: int
    database: duckdb.DuckDBPyConnection
    script: Script

    @property
    def url(self) -> str:
        return f"oracle://app@127.0.0.1:{self.port}/freepdb1"


SCHEMA = """
CREATE SCHEMA app;
USE app;
CREATE MACRO sys_context(a, b) AS 'APP';
CREATE TABLE dual AS SELECT 'X' AS dummy;
CREATE TABLE customers (id INTEGER, status VARCHAR);
CREATE TABLE orders (id INTEGER, customer_id INTEGER, amount DECIMAL(12, 2), placed DATE);
CREATE TABLE all_tables AS SELECT * FROM (VALUES
  ('APP', 'CUSTOMERS', 'N', 'NO', 'NO', 'NO'), ('APP', 'ORDERS', 'N', 'NO', 'NO', 'NO'))
  AS t(OWNER, TABLE_NAME, TEMPORARY, EXTERNAL, NESTED, DROPPED);
CREATE TABLE all_tab_columns AS SELECT * FROM (VALUES
  ('APP', 'CUSTOMERS', 'ID', 1, 'NUMBER', 0, NULL, NULL, NULL, 'N'),
  ('APP', 'CUSTOMERS', 'STATUS', 2, 'VARCHAR2', 10, 'C', NULL, NULL, 'Y'),
  ('APP', 'ORDERS', 'ID', 1, 'NUMBER', 0, NULL, NULL, NULL, 'N'),
  ('APP', 'ORDERS', 'CUSTOMER_ID', 2, 'NUMBER', 0, NULL, NULL, NULL, 'N'),
  ('APP', 'ORDERS', 'AMOUNT', 3, 'NUMBER', 0, NULL, 12, 2, 'Y'),
  ('APP', 'ORDERS', 'PLACED', 4, 'DATE', 0, NULL, NULL, NULL, 'Y'))
  AS t(OWNER, TABLE_NAME, COLUMN_NAME, COLUMN_ID, DATA_TYPE, CHAR_LENGTH, CHAR_USED,
       DATA_PRECISION, DATA_SCALE, NULLABLE);
CREATE TABLE all_constraints AS SELECT * FROM (VALUES
  ('APP', 'CUSTOMERS', 'CUSTOMERS_PK', 'P', 'ENABLED', 'VALIDATED', NULL, NULL, NULL, NULL),
  ('APP', 'ORDERS', 'ORDERS_PK', 'P', 'ENABLED', 'VALIDATED', NULL, NULL, NULL, NULL),
  ('APP', 'ORDERS', 'ORDERS_FK', 'R', 'ENABLED', 'NOT VALIDATED', 'APP', 'CUSTOMERS_PK',
   'NO ACTION', NULL),
  ('APP', 'ORDERS', 'ORDERS_NN', 'C', 'ENABLED', 'VALIDATED', NULL, NULL, NULL,
   '"CUSTOMER_ID" IS NOT NULL'),
  ('APP', 'ORDERS', 'ORDERS_CK', 'C', 'DISABLED', 'NOT VALIDATED', NULL, NULL, NULL,
   'amount > 0'),
  ('APP', 'OPEN_ORDERS', 'RO', 'O', 'ENABLED', 'NOT VALIDATED', NULL, NULL, NULL, NULL))
  AS t(OWNER, TABLE_NAME, CONSTRAINT_NAME, CONSTRAINT_TYPE, STATUS, VALIDATED, R_OWNER,
       R_CONSTRAINT_NAME, DELETE_RULE, SEARCH_CONDITION_VC);
ALTER TABLE all_constraints ADD COLUMN "DEFERRABLE" VARCHAR DEFAULT 'NOT DEFERRABLE';
ALTER TABLE all_constraints ADD COLUMN DEFERRED VARCHAR DEFAULT 'IMMEDIATE';
ALTER TABLE all_constraints ADD COLUMN GENERATED VARCHAR DEFAULT 'USER NAME';
CREATE TABLE all_cons_columns AS SELECT * FROM (VALUES
  ('APP', 'CUSTOMERS', 'CUSTOMERS_PK', 'ID', 1), ('APP', 'ORDERS', 'ORDERS_PK', 'ID', 1),
  ('APP', 'ORDERS', 'ORDERS_FK', 'CUSTOMER_ID', 1),
  ('APP', 'ORDERS', 'ORDERS_NN', 'CUSTOMER_ID', NULL),
  ('APP', 'ORDERS', 'ORDERS_CK', 'AMOUNT', NULL))
  AS t(OWNER, TABLE_NAME, CONSTRAINT_NAME, COLUMN_NAME, POSITION);
CREATE TABLE all_indexes AS SELECT * FROM (VALUES
  ('APP', 'CUSTOMERS_PK', 'APP', 'CUSTOMERS', 'NORMAL', 'UNIQUE', 'VALID', 'VISIBLE'),
  ('APP', 'ORDERS_PK', 'APP', 'ORDERS', 'NORMAL', 'UNIQUE', 'UNUSABLE', 'VISIBLE'))
  AS t(OWNER, INDEX_NAME, TABLE_OWNER, TABLE_NAME, INDEX_TYPE, UNIQUENESS, STATUS,
       VISIBILITY);
CREATE TABLE all_ind_columns AS SELECT * FROM (VALUES
  ('APP', 'CUSTOMERS_PK', 'APP', 'ID', 1), ('APP', 'ORDERS_PK', 'APP', 'ID', 1))
  AS t(INDEX_OWNER, INDEX_NAME, TABLE_OWNER, COLUMN_NAME, COLUMN_POSITION);
CREATE TABLE all_ind_partitions (INDEX_OWNER VARCHAR, INDEX_NAME VARCHAR, STATUS VARCHAR);
CREATE TABLE all_views AS SELECT 'APP' AS OWNER, 'OPEN_ORDERS' AS VIEW_NAME,
  'SELECT * FROM orders' AS TEXT_VC;
CREATE TABLE all_domains AS SELECT 'APP' AS OWNER, 'MONEY' AS NAME;
CREATE TABLE all_annotations_usage AS SELECT 'APP' AS ANNOTATION_OWNER,
  'ORDERS' AS OBJECT_NAME, 'TABLE' AS OBJECT_TYPE, NULL AS COLUMN_NAME,
  'OWNER' AS ANNOTATION_NAME, 'sales' AS ANNOTATION_VALUE;
CREATE TABLE all_assertions (OWNER VARCHAR, ASSERTION_NAME VARCHAR, STATUS VARCHAR,
  "DEFERRABLE" VARCHAR, DEFERRED VARCHAR, VALIDATED VARCHAR, DEFINITION_SQL VARCHAR);
CREATE TABLE all_assertion_dependencies (OWNER VARCHAR, ASSERTION_NAME VARCHAR,
  REFERENCED_OWNER VARCHAR, REFERENCED_NAME VARCHAR, VALIDATION_TYPE VARCHAR,
  VALIDATION_EVENT VARCHAR);
CREATE TABLE all_assertion_lock_matrix (OWNER VARCHAR, ASSERTION_NAME VARCHAR,
  TABLE_NAME VARCHAR, ADJ_TABLE_NAME VARCHAR, LOCK_SCOPE VARCHAR, JOIN_COLUMNS VARCHAR,
  LOCK_MODE VARCHAR);
CREATE TABLE all_objects AS SELECT 'APP' AS OWNER, 'OPEN_ORDERS' AS OBJECT_NAME,
  'VIEW' AS OBJECT_TYPE, 'INVALID' AS STATUS;
CREATE TABLE all_tab_statistics AS SELECT 'APP' AS OWNER, 'ORDERS' AS TABLE_NAME,
  'YES' AS STALE_STATS, TIMESTAMP '2025-01-01 02:00:00' AS LAST_ANALYZED, 10 AS NUM_ROWS,
  NULL AS STATTYPE_LOCKED, 'TABLE' AS OBJECT_TYPE;
CREATE TABLE all_tab_privs AS SELECT 'PUBLIC' AS GRANTEE, 'APP' AS TABLE_SCHEMA,
  'ORDERS' AS TABLE_NAME, 'SELECT' AS PRIVILEGE, 'NO' AS GRANTABLE;
CREATE TABLE user_sys_privs AS SELECT 'APP' AS USERNAME,
  'SELECT ANY TABLE' AS PRIVILEGE, 'YES' AS ADMIN_OPTION;
INSERT INTO customers VALUES (1, 'OPEN'), (2, 'CLOSED');
INSERT INTO orders VALUES (1, 1, 10, DATE '2026-01-01'), (2, 9, 20.5, DATE '2026-02-01');
"""


def hold(oracle: Oracle, name: str, definition: str | None, **state: str) -> None:
    """Put an assertion into the dictionary."""
    row = {"STATUS": "ENABLED", "VALIDATED": "VALIDATED"} | state
    oracle.database.cursor().execute(
        "INSERT INTO app.all_assertions VALUES ('APP', ?, ?, ?, ?, ?, ?)",
        [
            name,
            row["STATUS"],
            row.get("DEFERRABLE", "NOT DEFERRABLE"),
            row.get("DEFERRED", "IMMEDIATE"),
            row["VALIDATED"],
            definition,
        ],
    )


@contextmanager
def running(schema: str = SCHEMA) -> Iterator[Oracle]:
    """Run a server until the block ends."""
    database = duckdb.connect(":memory:", config={"threads": "1"})
    database.execute(schema)
    script = Script()
    server = mirror.Server(
        "127.0.0.1",
        0,
        backend_factory=lambda: Backend(database, script),
        field_version=constants.FIELD_VERSION_21_1,
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Oracle(server.port, database, script)
    finally:
        server.close()
        thread.join(5)


@contextmanager
def refusing(code: int) -> Iterator[int]:
    """Run a listener that knows no service: it refuses as Oracle's does; yield its port."""
    text = f"(DESCRIPTION=(TMP=)(VSNNUM=0)(ERR={code}))".encode()
    body = bytes([0x22, 0]) + len(text).to_bytes(2, "big") + text
    packet = (len(body) + 8).to_bytes(2, "big") + bytes([0, 0, 4, 0, 0, 0]) + body
    listener = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with client:
                client.recv(8192)
                client.sendall(packet)

    threading.Thread(target=answer, daemon=True).start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        listener.close()
