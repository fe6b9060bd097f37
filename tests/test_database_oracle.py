"""The real driver against a server that speaks Oracle's protocol."""

import datetime as dt
import signal
import socket
import threading
import time
from collections.abc import Iterator
from decimal import Decimal

import pytest
from tests.oracle_server import SECRET, Oracle, refusing, running

from comply.database.address import Login, parse_address
from comply.database.connection import ConnectionLost, DatabaseError
from comply.database.oracle import OracleDb, connect

LOGIN = Login(SECRET)
pytestmark = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"  # sockets of cut connections
)


@pytest.fixture(name="oracle")
def _oracle() -> Iterator[Oracle]:
    with running() as oracle:
        yield oracle


@pytest.fixture(name="db")
def _db(oracle: Oracle) -> Iterator[OracleDb]:
    db = connect(parse_address(oracle.url), LOGIN, 5)
    yield db
    db.close()
    db.close()


def fails(db: OracleDb, sql: str) -> DatabaseError:
    with pytest.raises(DatabaseError) as caught:
        db.run(sql)
    assert SECRET not in caught.value.render()
    assert "error-help" not in caught.value.render()
    return caught.value


def test_rows_binds_and_limits(db: OracleDb) -> None:
    rows = db.query("SELECT id, amount, placed FROM orders ORDER BY id")
    assert rows.columns == ("id", "amount", "placed")
    assert rows.rows[1] == (2, Decimal("20.5"), dt.datetime(2026, 2, 1))  # noqa: DTZ001
    assert len(db.query("SELECT id FROM orders", limit=1).rows) == 1
    found = db.query(
        "SELECT table_name FROM all_tables WHERE owner = :schema",
        binds={"schema": "APP"},
    )
    assert len(found.rows) == 2
    assert SECRET not in repr(db)


def test_it_only_reads(oracle: Oracle, db: OracleDb) -> None:
    db.use_schema('S"HOP')
    db.begin_snapshot()
    assert oracle.script.statements[-2:] == [
        'ALTER SESSION SET CURRENT_SCHEMA = "SHOP"',
        "SET TRANSACTION READ ONLY",
    ]


@pytest.mark.parametrize(
    ("url", "login", "said"),
    [
        ("{url}", Login("wrong-Password"), "ORA-01017"),
        ("{url}", Login("short"), "ORA-01017"),
        ("oracle://nobody@127.0.0.1:{port}/freepdb1", LOGIN, "ORA-01017"),
        ("oracle://app@127.0.0.1:1/freepdb1", LOGIN, "host and port"),
        ("oracle://app@no-such-host.invalid/freepdb1", LOGIN, "no-such-host"),
        ("oracle://app@NO_ALIAS?tns_admin=/nowhere", LOGIN, "tnsnames.ora"),
    ],
)
def test_logins_that_fail(oracle: Oracle, url: str, login: Login, said: str) -> None:
    address = parse_address(url.format(url=oracle.url, port=oracle.port))
    with pytest.raises(DatabaseError, match=said) as caught:
        connect(address, login, 2)
    assert caught.value.hint
    assert str(login.password) not in caught.value.render()


def test_a_service_that_is_not_there() -> None:
    with refusing(12514) as port, pytest.raises(DatabaseError) as caught:
        connect(parse_address(f"oracle://app@127.0.0.1:{port}/nope"), LOGIN, 2)
    assert 'Service "nope"' in caught.value.message
    assert "service in the URL" in caught.value.hint


def test_a_host_that_does_not_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        started = time.monotonic()
        with pytest.raises(DatabaseError):
            connect(parse_address(f"oracle://app@127.0.0.1:{port}/s"), LOGIN, 0.5)
        assert time.monotonic() - started < 5


def test_an_immediate_assertion(oracle: Oracle, db: OracleDb) -> None:
    text = "SQL assertion (APP.NO_ORPHANS) violated."
    oracle.script.errors["INSERT INTO orders"] = (8601, text)
    error = fails(db, "INSERT INTO orders (id) VALUES (7)")
    assert (error.code, error.message) == (8601, f"ORA-08601: {text}")
    with pytest.raises(DatabaseError, match="ORA-08601"):
        db.insert("orders", {"ID": "NUMBER"}, [(1,)])
    assert db.query("SELECT 1 AS x FROM dual").rows == ((1,),)


def test_a_deferred_assertion(oracle: Oracle, db: OracleDb) -> None:
    text = "transaction rolled back\nORA-08601: SQL assertion (APP.LATE) violated."
    oracle.script.commit = (2091, text)
    db.run("UPDATE orders SET amount = 1")
    with pytest.raises(DatabaseError) as caught:
        db.commit()
    assert caught.value.code == 2091
    assert caught.value.message == f"ORA-02091: {text}"
    assert "ORA-08601" in fails(db, "COMMIT").message
    db.rollback()


def test_a_query_that_takes_too_long(oracle: Oracle) -> None:
    oracle.script.delays["FROM orders"] = 2.0
    db = connect(parse_address(oracle.url), LOGIN, 0.4)
    with pytest.raises(DatabaseError, match=r"longer than 0\.4 s") as caught:
        db.query("SELECT id FROM orders")
    assert not isinstance(caught.value, ConnectionLost)
    assert "--timeout" in caught.value.hint
    db.close()


def test_a_connection_that_is_cut(oracle: Oracle, db: OracleDb) -> None:
    oracle.script.cuts["FROM orders"] = 1
    with pytest.raises(ConnectionLost):
        db.query("SELECT id FROM orders")
    with pytest.raises(ConnectionLost):
        db.query("SELECT id FROM orders")
    db.cancel()


def test_ctrl_c_stops_a_query(oracle: Oracle, db: OracleDb) -> None:
    oracle.script.delays["FROM orders"] = 1.0
    main = threading.main_thread().ident
    assert main is not None
    threading.Timer(0.3, signal.pthread_kill, (main, signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        db.query("SELECT id FROM orders")


def test_thirty_thousand_rows(oracle: Oracle, db: OracleDb) -> None:
    many = "SELECT range AS id, 'row ' || range AS text FROM range(30000)"
    rows = db.query(many).rows
    assert len(rows) == 30_000
    assert rows[-1] == (29_999, "row 29999")
    batches = list(db.batches(many))
    assert sum(len(b.rows) for b in batches) == 30_000
    assert len(batches) > 3
