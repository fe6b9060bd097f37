# ruff: noqa: S608  (SQL is the point)
"""Constraints on few changed rows: one query where all is well, the same errors as on many."""

from collections.abc import Sequence

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from comply.database.connection import Rows
from comply.database.duckdb import DuckDb
from comply.dialect.errors import SqlError
from comply.sql import Sandbox, enforcement, session

SCHEMA = """
CREATE TABLE p (k NUMBER PRIMARY KEY, a NUMBER, b VARCHAR2(5), UNIQUE (a, b));
CREATE TABLE c (k NUMBER NOT NULL, p NUMBER REFERENCES p, n NUMBER CHECK (n < 3),
  UNIQUE (n) DEFERRABLE);
CREATE TABLE d (a NUMBER, b VARCHAR2(5), FOREIGN KEY (a, b) REFERENCES p (a, b) ON DELETE CASCADE);
INSERT INTO p VALUES (1, 1, 'x'), (2, 1, NULL), (3, NULL, NULL);
INSERT INTO c VALUES (1, 1, 1), (2, NULL, NULL);
INSERT INTO d VALUES (1, 'x'), (1, NULL);
COMMIT;
"""


def outcome(db: Sandbox, sql: str) -> str:
    try:
        db.execute(sql)
    except SqlError as error:
        return error.message
    return ""


def content(db: Sandbox) -> list[list[str]]:
    return [sorted(repr(r) for r in db.execute(f"SELECT * FROM {t}")) for t in "pcd"]


VALUE = st.sampled_from(["1", "2", "3", "NULL", "NULL"])
TEXT = st.sampled_from(["'x'", "'y'", "NULL"])


@st.composite
def statement(draw: st.DrawFn) -> str:
    forms = (
        "INSERT INTO p VALUES ({0} + 3, {1}, {t})",
        "INSERT INTO p VALUES ({0}, {1}, {t}), (7, {2}, {t})",
        "INSERT INTO c VALUES ({0}, {1}, {2})",
        "INSERT INTO d VALUES ({0}, {t})",
        "UPDATE p SET k = {0} WHERE k = {1}",
        "UPDATE p SET a = {0}, b = {t} WHERE k = {1}",
        "UPDATE p SET k = 5 - k",
        "UPDATE c SET p = {0}, n = {1} WHERE k = {2}",
        "UPDATE c SET n = n + 1",
        "UPDATE d SET b = {t} WHERE a = {0}",
        "DELETE FROM p WHERE k = {0}",
        "DELETE FROM c WHERE p = {0}",
        "SET CONSTRAINTS ALL DEFERRED",
        "SET CONSTRAINTS ALL IMMEDIATE",
        "SAVEPOINT s",
        "ROLLBACK TO s",
        "COMMIT",
        "ROLLBACK",
    )
    values = [draw(VALUE) for _ in range(3)]
    return draw(st.sampled_from(forms)).format(*values, t=draw(TEXT))


@settings(max_examples=settings().max_examples // 4)
@given(st.lists(statement(), min_size=3, max_size=14))
def test_few_rows_are_judged_as_many_are(statements: list[str]) -> None:
    """Another sandbox looks at no row by itself."""
    with Sandbox() as few, Sandbox() as many:
        for db in (few, many):
            db.run(SCHEMA)
        for sql in (*statements, "COMMIT"):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(session, "asked_about", lambda *_: None)
                patch.setattr(enforcement.Changed, "few", lambda *_: None)
                wanted = outcome(many, sql)
            assert outcome(few, sql) == wanted, sql
            event(wanted.partition(":")[0] or "fine")
        assert content(few) == content(many)


@pytest.mark.parametrize(
    ("sql", "asked"),
    [
        ("INSERT INTO c VALUES (4, 2, 2)", ["P", "C"]),
        ("INSERT INTO c VALUES (4, NULL, NULL)", []),
        ("UPDATE c SET k = 9 WHERE k = 1", []),
        ("UPDATE p SET b = 'y' WHERE k = 2", ["P"]),
        ("DELETE FROM p WHERE k = 3", ["C"]),
        ("DELETE FROM c WHERE k = 1", []),
    ],
)
def test_what_an_update_leaves_alone_is_not_asked(
    sql: str, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One query asks about all; the check of `n` stands in it as well."""
    texts: list[str] = []
    ask = DuckDb.ask

    def noted(self: DuckDb, sql: str, values: Sequence[str | None], limit: int) -> Rows:
        if sql.startswith("SELECT"):
            texts.append(sql)
        return ask(self, sql, values, limit)

    with Sandbox() as db:
        db.run(SCHEMA)
        monkeypatch.setattr(DuckDb, "ask", noted)
        db.execute(sql)
    assert len(texts) <= 1
    assert all(f'"{table}" t' in texts[0] for table in asked)
    assert not asked or texts


def test_a_condition_may_hold_any_text() -> None:
    with Sandbox() as db:
        db.run("""CREATE TABLE t (k VARCHAR2(50), CHECK (k <> '"ORA$ROW"."K"'));
            CREATE ASSERTION a CHECK (NOT EXISTS (SELECT k FROM t WHERE k = '"ORA$ROW"."X" = 1'));""")
        db.execute("INSERT INTO t VALUES ('x')")
        assert "ORA-02290" in outcome(db, 'INSERT INTO t VALUES (\'"ORA$ROW"."K"\')')
        assert "ORA-08601" in outcome(
            db, 'INSERT INTO t VALUES (\'"ORA$ROW"."X" = 1\')'
        )


def test_values_that_have_no_text_are_kept_as_they_are() -> None:
    with Sandbox() as db:
        db.run("""CREATE TABLE t (k NUMBER PRIMARY KEY, r RAW(9), i INTERVAL YEAR TO MONTH, f BINARY_DOUBLE, d TIMESTAMP);
            INSERT INTO t VALUES (1, NULL, INTERVAL '14' MONTH, 1e99, TIMESTAMP '2026-01-31 12:00:00.000001');
            INSERT INTO t VALUES (2, NULL, NULL, 0.1, NULL); COMMIT;""")
        before = db.execute("SELECT * FROM t ORDER BY k")
        db.run("UPDATE t SET k = k + 1; UPDATE t SET k = k - 1;")
        assert db.execute("SELECT * FROM t ORDER BY k") == before


def test_numbers_keep_all_their_digits() -> None:
    most = "12345678901234567890123456789012345678"
    with Sandbox() as db:
        db.run(f"""CREATE TABLE t (k NUMBER(38)); CREATE TABLE u (k NUMBER(38)); CREATE TABLE w (n NUMBER(38, 2));
            INSERT INTO u VALUES ({most}); INSERT INTO w VALUES ({most[:-2]}.255);
            CREATE ASSERTION a CHECK (ALL (SELECT k FROM t) t SATISFY (EXISTS (SELECT 1 FROM u WHERE u.k = t.k)));
            INSERT INTO t VALUES ({most}); COMMIT;""")
        assert db.execute("SELECT k FROM t") == [{"K": int(most)}]
        assert str(db.execute("SELECT n FROM w")[0]["N"]) == f"{most[:-2]}.26"
        assert "ORA-08601" in outcome(db, f"INSERT INTO t VALUES ({most[:-1]}9)")
        assert "ORA-01438" in outcome(db, f"INSERT INTO w VALUES ({most}.5)")


def test_a_long_run_of_transactions_can_be_undone() -> None:
    """The log keeps what is done for good, up to a bound."""
    with Sandbox() as db:
        db.run(
            "CREATE TABLE t (k NUMBER PRIMARY KEY, n NUMBER); INSERT INTO t VALUES (1, 0);"
        )
        for i in range(1, 25):
            db.run(
                f"UPDATE t SET n = {i}; COMMIT; UPDATE t SET n = -1; INSERT INTO t VALUES ({i + 1}, 0);"
            )
            db.execute("ROLLBACK")
            assert db.execute("SELECT * FROM t") == [{"K": 1, "N": i}]
        db.run("ALTER TABLE t ADD (m NUMBER DEFAULT 5)")
        assert db.execute("SELECT * FROM t") == [{"K": 1, "N": 24, "M": 5}]
