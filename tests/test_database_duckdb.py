"""DuckDB behind the one signature of databases."""

import signal
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from comply.database.connection import Connection, DatabaseError, Rows
from comply.database.duckdb import DuckDb, quote

TASKS = Path("/proc/self/task")


@pytest.fixture
def database() -> Connection:
    return DuckDb()


def test_rows_have_names_and_a_limit(database: Connection) -> None:
    found = database.query("SELECT i AS a, i * 2 AS b FROM range(5) t(i)", 2)
    assert found == Rows(("a", "b"), ((0, 0), (1, 2)))
    assert found.dicts() == [{"a": 0, "b": 0}, {"a": 1, "b": 2}]
    assert len(database.query("SELECT 1 FROM range(5)").rows) == 5


def test_columns_that_come_twice_are_numbered() -> None:
    assert Rows(("A", "A", "A_2"), ((1, 2, 3),)).dicts() == [
        {"A": 1, "A_2": 2, "A_2_2": 3}
    ]


def test_plain_rows_have_whole_numbers_as_integers() -> None:
    rows = Rows(("A", "B", "C"), ((Decimal("2.000"), Decimal("2.50"), "x"),))
    assert rows.plain() == [{"A": 2, "B": Decimal("2.5"), "C": "x"}]


def test_insert_takes_rows_of_all_types(database: Connection) -> None:
    database.run('CREATE TABLE "T" (a VARCHAR, n DECIMAL(38,0), b BOOLEAN)')
    types = {"a": "VARCHAR", "n": "DECIMAL(38, 0)", "b": "BOOLEAN"}
    rows: list[tuple[object, ...]] = [("x", 1, True), (None, None, None)]
    database.insert('"T"', types, rows)
    database.insert('"T"', types, [])
    assert database.query("SELECT * FROM t").rows == tuple(rows)
    with pytest.raises(DatabaseError):
        database.insert('"T"', types, [("x", "no number", True)])


@pytest.mark.parametrize(
    ("sql", "code", "message"),
    [
        ("SELECT error('ORA-01476: divisor is equal to zero')", 1476, "ORA-01476: div"),
        ("SELECT CAST('x' AS INTEGER)", 1722, "ORA-01722"),
        (
            "SELECT strptime('x\"y', '%Y')",
            1861,
            """ORA-01861: 'x"y' does not match the date's format""",
        ),
        ("SELECT * FROM nope", 0, "Catalog Error"),
    ],
)
def test_errors_carry_oracles_code(
    database: Connection, sql: str, code: int, message: str
) -> None:
    for run in (database.query, database.run):
        with pytest.raises(DatabaseError) as caught:
            run(sql)
        assert caught.value.code == code
        assert caught.value.message.startswith(message)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "COPY (SELECT 1) TO '/tmp/comply-should-not-exist'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
        "ATTACH '/tmp/comply-should-not-exist.db'",
    ],
)
def test_nothing_outside_is_reached(database: Connection, sql: str) -> None:
    with pytest.raises(DatabaseError):
        database.run(sql)


def test_quote_and_close(database: Connection) -> None:
    assert quote('a"b') == '"a""b"'
    database.close()
    with pytest.raises(DatabaseError):
        database.query("SELECT 1")


def test_what_cannot_be_parsed_for_good_is_refused(database: DuckDb) -> None:
    for _ in range(2):
        with pytest.raises(DatabaseError, match="Parser Error"):
            database.ask("SELECT ('a' AS b) c d", (), 1)
        with pytest.raises(DatabaseError, match="Parser Error"):
            database.tell("INSERT INTO", ())


def test_an_interrupt_ends_a_query(database: Connection) -> None:
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        with pytest.raises(KeyboardInterrupt):
            database.query("SELECT COUNT(*) FROM range(1000000) a, range(1000000) b")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert database.query("SELECT 1").rows == ((1,),)


@pytest.mark.skipif(sys.platform != "linux", reason="Linux lists a process's threads")
def test_a_database_has_no_threads_of_its_own() -> None:
    before = len(list(TASKS.iterdir()))
    opened = [DuckDb() for _ in range(3)]
    for one in opened:
        one.run("CREATE TABLE t AS SELECT * FROM range(1000)")
    assert len(list(TASKS.iterdir())) == before
