"""`comply check postgresql://...` against a server of the tests' own."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from tests.postgres_server import SECRET, Postgres, binaries, running

from comply.cli.main import run
from comply.database.address import Login, parse_address
from comply.database.connection import ConnectionLost, DatabaseError
from comply.database.postgres import connect

SCHEMA = """
CREATE TABLE customers (id integer PRIMARY KEY);
CREATE TABLE orders (id integer PRIMARY KEY, amount numeric CHECK (amount > 0),
  customer_id integer REFERENCES customers (id), placed date, note varchar(9));
INSERT INTO customers VALUES (1);
INSERT INTO orders VALUES (1, 5, 1, DATE '2026-01-01', 'a'), (2, 500, NULL, NULL, '%');
CREATE TABLE logs (line text);
GRANT SELECT ON orders TO PUBLIC;
"""
RULE = "CREATE ASSERTION small CHECK (NOT EXISTS (SELECT id, amount FROM orders WHERE amount > 100));"


@pytest.fixture(name="server", scope="module")
def _server() -> Iterator[Postgres]:
    programs = binaries()
    if programs is None:
        pytest.skip("no PostgreSQL here: apt-get install postgresql")
    with running(programs) as server:
        with psycopg.connect(
            host="127.0.0.1",
            port=server.port,
            user="comply",
            password=SECRET,
            dbname="postgres",
            autocommit=True,
        ) as made:
            made.execute(SCHEMA)
        yield server


@pytest.fixture(name="comply")
def _comply(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PGPASSWORD", SECRET)
    monkeypatch.delenv("COMPLY_POSTGRES_PASSWORD", raising=False)
    (tmp_path / "small.sql").write_text(RULE)


@pytest.mark.usefixtures("comply")
def test_schema_and_rows_are_checked(
    server: Postgres, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["check", server.url(), "-r", "small.sql", "--no-cache"]) == 1
    out = capsys.readouterr().out
    assert "1 row violates SMALL" in out
    assert "this database has no assertions" in out
    packs = ["--pack", "oracle/schema", "--pack", "oracle/catalogue"]
    assert run(["check", server.url(), *packs, "--no-cache"]) == 1
    out = capsys.readouterr().out
    assert "no index leads with the foreign key ORDERS_CUSTOMER_ID_FKEY" in out
    assert "table PUBLIC.LOGS has no primary key" in out
    assert "SELECT on PUBLIC.ORDERS is granted to PUBLIC" in out
    assert SECRET not in out


@pytest.mark.usefixtures("comply")
def test_adopt_counts_and_since_falls_back(
    server: Postgres, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["sql", "adopt", server.url(), "-r", "small.sql"]) == 1
    assert Path("adopt/small.csv").read_text() == "id,amount\n2,500\n"
    assert not Path("adopt/adopt.sql").exists()
    arguments = ["check", server.url(), "-r", "small.sql", "--since", "1", "--no-cache"]
    assert run(arguments) == 1
    assert "does not tell which rows changed" in capsys.readouterr().out
    assert run(["sql", "export", server.url()]) == 2


def test_it_only_reads_and_says_what_fails(server: Postgres) -> None:
    db = connect(parse_address(server.url()), Login(SECRET), 0.3)
    db.begin_snapshot()
    with pytest.raises(DatabaseError, match="read-only"):
        db.query("DELETE FROM orders RETURNING 1")
    assert db.query("SELECT 1 AS x").rows == ((1,),)
    with pytest.raises(DatabaseError, match=r"longer than 0\.3 s"):
        db.query("SELECT pg_sleep(2)")
    with pytest.raises(DatabaseError) as caught:
        db.query("SELECT 1 FROM nothing")
    assert "another schema" in caught.value.hint
    assert len(db.query("SELECT * FROM generate_series(1, 9)", limit=2).rows) == 2
    assert SECRET not in repr(db)
    db.close()
    with pytest.raises(ConnectionLost):
        db.query("SELECT 1")


@pytest.mark.parametrize(
    ("port", "database", "password", "hint"),
    [
        (0, "postgres", "wrong", "the password in"),
        (0, "nope", SECRET, "the database in"),
        (1, "postgres", SECRET, "the server runs"),
    ],
)
def test_logins_that_fail(
    server: Postgres, port: int, database: str, password: str, hint: str
) -> None:
    url = f"postgresql://comply@127.0.0.1:{port or server.port}/{database}"
    with pytest.raises(DatabaseError) as caught:
        connect(parse_address(url), Login(password))
    assert hint in caught.value.hint
    assert SECRET not in caught.value.render()
