# ruff: noqa: S608  (SQL is the point)
"""Statements of few rows, done again or not: the same as with many, and cheap."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comply.database.duckdb import DuckDb
from comply.dialect.changes import Change, change
from comply.dialect.errors import SqlError
from comply.dialect.statements import Statement
from comply.sql import Sandbox, dml, enforcement, journal, prepared, sandbox, store

NOON = datetime(2026, 6, 1, 12)  # noqa: DTZ001  (Oracle's have none)
SCHEMA = """
CREATE TABLE t (k NUMBER PRIMARY KEY, n NUMBER(3) CHECK (n < 900), v VARCHAR2(3));
CREATE TABLE u (k NUMBER GENERATED ALWAYS AS IDENTITY, t NUMBER REFERENCES t, r RAW(9),
  i INTERVAL DAY TO SECOND DEFAULT INTERVAL '1' DAY);
CREATE SEQUENCE s;
INSERT INTO t VALUES (1, 1, 'a'), (2, 2, 'b');
COMMIT;
"""
LOW = """
CREATE ASSERTION low CHECK (NOT EXISTS (SELECT 1 FROM t, u WHERE u.t = t.k AND t.n > 99))
  DEFERRABLE;
"""


@pytest.fixture
def db() -> Iterator[Sandbox]:
    with Sandbox(NOON) as made:
        made.run(SCHEMA)
        yield made


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the texts of the statements that are read, as they come."""
    found: list[str] = []

    def noted(statement: Statement) -> Change:
        found.append(statement.text)
        return change(statement)

    monkeypatch.setattr(sandbox, "change", noted)
    return found


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what DuckDB is told to do, as it comes, and what it is asked."""
    found: list[str] = []
    for name in ("tell", "run", "query", "ask", "insert"):
        own = getattr(DuckDb, name)

        def noted(*given: object, own: object = own, **more: object) -> object:
            found.append(str(given[1]))
            assert callable(own)
            return own(*given, **more)

        monkeypatch.setattr(DuckDb, name, noted)
    return found


def values(db: Sandbox, sql: str) -> list[object]:
    return [value for row in db.execute(sql) for value in row.values()]


def outcome(db: Sandbox, sql: str) -> str:
    try:
        db.execute(sql)
    except SqlError as error:
        return error.message
    return ""


def test_the_same_text_is_read_once(db: Sandbox, read: list[str]) -> None:
    texts = ["UPDATE t SET n = n + 1", "DELETE FROM u", "INSERT INTO u (t) VALUES (1)"]
    for _ in range(3):
        db.run(";".join([*texts, "COMMIT;"]))
    assert read == texts
    assert values(db, "SELECT n FROM t ORDER BY k") == [4, 5]
    assert values(db, "SELECT k FROM u") == [3]


@pytest.mark.parametrize(
    ("again", "between", "asked"),
    [
        (
            "INSERT INTO u (t) VALUES (1)",
            "ALTER TABLE u ADD (w NUMBER DEFAULT 5)",
            ("SELECT w FROM u ORDER BY k", [5, 5]),
        ),
        (
            "INSERT INTO u (t) VALUES (1)",
            "ALTER TABLE u MODIFY (i DEFAULT INTERVAL '2' DAY)",
            ("SELECT k FROM u WHERE i = INTERVAL '2' DAY", [2]),
        ),
        (
            "UPDATE t SET v = v || v",
            "ALTER TABLE t MODIFY (v VARCHAR2(9))",
            ("SELECT v FROM t ORDER BY k", ["aaaa", "bbbb"]),
        ),
        (
            "DELETE FROM t WHERE k = (SELECT MAX(m) FROM w)",
            "CREATE OR REPLACE VIEW w AS SELECT 2 m FROM DUAL",
            ("SELECT k FROM t", [1]),
        ),
    ],
    ids=["column", "default", "type", "view"],
)
def test_a_definition_ends_what_was_prepared(
    db: Sandbox,
    read: list[str],
    again: str,
    between: str,
    asked: tuple[str, list[object]],
) -> None:
    db.run("CREATE VIEW w AS SELECT 9 m FROM DUAL;")
    db.run(f"{again}; {between}; {again};")
    assert values(db, asked[0]) == asked[1]
    assert read == [again, again]


def test_a_table_made_anew_is_another(db: Sandbox) -> None:
    made, again = "CREATE TABLE w (a VARCHAR2(9))", "INSERT INTO w VALUES (007)"
    db.run(f"{made}; {again}; DROP TABLE w; {made.replace('VARCHAR2', 'NUMBER')};")
    db.run(again)
    assert values(db, "SELECT a FROM w") == [7]


def test_what_depends_on_the_moment_is_read_anew(db: Sandbox, read: list[str]) -> None:
    db.run("CREATE TABLE w (a DATE DEFAULT SYSDATE, b NUMBER);")
    again = ["INSERT INTO w (b) VALUES (1)", "UPDATE w SET a = SYSDATE WHERE b = 2"]
    db.run(";".join([*again, "INSERT INTO w VALUES (SYSDATE, 2);"]))
    db.now = NOON.replace(hour=13)
    db.run(";".join(again) + ";")
    assert len(read) == 4
    hours = "SELECT TO_CHAR(a, 'HH24') FROM w ORDER BY b, a"
    assert values(db, hours) == ["12", "13", "13"]


def test_binds_are_read_anew(db: Sandbox) -> None:
    for value in (5, 6):
        db.execute("UPDATE t SET n = :x WHERE k = 1", {"x": value})
        assert values(db, "SELECT n FROM t WHERE k = 1") == [value]


def test_returning_gives_its_values_each_time(db: Sandbox) -> None:
    db.run("VARIABLE x NUMBER")
    again = "UPDATE t SET n = n + 1 WHERE k = 1 RETURNING n INTO :x"
    assert [values(db, again) for _ in range(3)] == [[2], [3], [4]]


def test_sequences_go_on_by_one(db: Sandbox) -> None:
    db.run("CREATE TABLE w (k NUMBER(1) GENERATED ALWAYS AS IDENTITY, n NUMBER(3, 1));")
    for _ in range(2):
        db.run("UPDATE t SET n = s.NEXTVAL; INSERT INTO w (n) VALUES (s.NEXTVAL);")
    assert set(values(db, "SELECT n FROM t")) == {4, 5}
    assert values(db, "SELECT k, n FROM w ORDER BY k") == [1, 3, 2, 6]
    for _ in range(7):
        db.run("INSERT INTO w (n) VALUES (1);")
    assert outcome(db, "INSERT INTO w (n) VALUES (1)").startswith("ORA-01438")


def test_a_row_that_fails_leaves_no_gap_in_row_ids(db: Sandbox) -> None:
    db.run("INSERT INTO t VALUES (3, 3, 'c');")
    for failing in ("(9, 1 / 0, 'd')", "(9, 'x', 'd')", "(8, 1, 'd'), (9, 1 / 0, 'd')"):
        assert outcome(db, f"INSERT INTO t VALUES {failing}")
    db.run("INSERT INTO t VALUES (4, 4, 'd');")
    first, second = values(db, "SELECT ROWID FROM t WHERE k > 2 ORDER BY k")
    assert isinstance(first, int)
    assert second == first + 1


def test_an_error_is_where_the_statement_stands(db: Sandbox) -> None:
    again = "INSERT INTO t VALUES (1, 1, 'a')"
    for line in (1, 3):
        with pytest.raises(SqlError, match="ORA-00001") as caught:
            db.run("\n" * (line - 1) + again)
        assert caught.value.span is not None
        assert caught.value.span.row == line


def test_an_undone_statement_is_done_again(db: Sandbox, read: list[str]) -> None:
    again = "INSERT INTO t VALUES (3, 3, 'c')"
    db.run(f"{again}; ROLLBACK; {again}; SAVEPOINT a; DELETE FROM t; ROLLBACK TO a;")
    assert values(db, "SELECT k FROM t ORDER BY k") == [1, 2, 3]
    assert outcome(db, again).startswith("ORA-00001")
    assert read == [again, "DELETE FROM t"]


def test_of_many_texts_the_latest_are_kept(
    db: Sandbox, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("comply.sql.session._MOST", 2)
    monkeypatch.setattr("comply.sql.session._LONGEST", 40)
    texts = [f"DELETE FROM t WHERE k = {n}" for n in (7, 8, 9)]
    long = "DELETE FROM t WHERE k IN (11, 12, 13, 14)"
    for text in (*texts, texts[2], texts[0], long, long):
        db.run(text)
    assert read == [*texts, texts[0], long, long]


def test_a_row_that_stays_the_same_is_not_written(db: Sandbox, told: list[str]) -> None:
    for _ in range(3):
        db.run("UPDATE t SET n = 1, v = 'a' WHERE k = 1; COMMIT;")
    assert [sql.split()[0] for sql in told] == ["SELECT"] * 3
    told.clear()
    db.run("UPDATE t SET n = 2, v = 'a' WHERE k = 1;")
    [written] = [sql for sql in told if sql.startswith("UPDATE")]
    assert '"V"' not in written


def test_a_value_that_no_row_gets_does_not_fail(db: Sandbox) -> None:
    assert outcome(db, "UPDATE t SET n = 'x' WHERE k = 9") == ""
    assert outcome(db, "UPDATE t SET n = 'x' WHERE k = 1").startswith("ORA-01722")
    two = "UPDATE t SET n = (SELECT k FROM t) WHERE k = 9"
    assert outcome(db, two) == ""


def test_a_long_transaction_is_undone(
    db: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "_KEPT", 5)
    for k in range(3, 20):
        db.execute(f"INSERT INTO t VALUES ({k}, {k}, NULL)")
        if k == 10:
            db.execute("SAVEPOINT a")
    assert outcome(db, "INSERT INTO t VALUES (5, 5, NULL)").startswith("ORA-00001")
    db.run("UPDATE t SET n = 0 WHERE k = 7; ROLLBACK TO a;")
    assert values(db, "SELECT COUNT(*), SUM(n) FROM t") == [10, 55]
    db.run("UPDATE t SET n = 0 WHERE k = 8; ROLLBACK;")
    assert values(db, "SELECT k FROM t ORDER BY k") == [1, 2]


def test_a_commit_looks_at_rows_in_memory(db: Sandbox) -> None:
    db.run(LOW)
    db.run("SET CONSTRAINT low DEFERRED; INSERT INTO u (t) VALUES (1);")
    db.run("UPDATE t SET n = 100 WHERE k = 1;")
    with pytest.raises(SqlError, match=r"ORA-02091.*\n.*LOW"):
        db.run("COMMIT;")
    assert values(db, "SELECT n FROM t ORDER BY k") == [1, 2]
    assert values(db, "SELECT COUNT(*) FROM u") == [0]


def test_bytes_and_intervals_are_undone_too(db: Sandbox) -> None:
    db.run("INSERT INTO u (t) VALUES (1); COMMIT;")
    db.run("UPDATE u SET i = INTERVAL '3' DAY; DELETE FROM u; ROLLBACK;")
    assert values(db, "SELECT k FROM u WHERE i = INTERVAL '1' DAY") == [1]


def test_constants_are_inserted_as_they_are(db: Sandbox) -> None:
    """Whether they become parameters of DuckDB's or not."""
    db.run("""CREATE TABLE w (a NUMBER, b INTEGER, c NUMBER(4, 2), d NUMBER(4, -2), e DATE,
      f TIMESTAMP, g CHAR(5), h BINARY_DOUBLE, i NUMBER DEFAULT -7.5, j NUMBER(2, 2));""")
    rows = (
        (
            "(1e3, 2.5, 99.994, 149, DATE '2026-02-28', TIMESTAMP '2026-02-28 01:02:03.4',"
            " 'x ', 1.5, DEFAULT, 0.25)"
        ),
        (
            "(-0.0000000001, -2.5, -1.005, -51, TIMESTAMP '0999-12-31 23:59:59.9',"
            " DATE '2026-02-28', '''', -1.5d, NULL, NULL)"
        ),
        "('12', '3', '4.567', '250', SYSDATE, SYSTIMESTAMP, '', NULL, 1 + 1, 0)",
        "(1, 1, 98, 0, TRUNC(SYSDATE, 'MM'), CAST('2026-03-04' AS DATE), 'q', 0, 0, 0)",
    )
    for row in rows:
        db.run(f"INSERT INTO w VALUES {row};")
    one = db.execute("SELECT * FROM w ORDER BY c")
    db.run(f"DELETE FROM w; INSERT INTO w VALUES {', '.join(rows)};")
    assert db.execute("SELECT * FROM w ORDER BY c") == one
    assert [" ".join(map(str, row.values())) for row in one] == [
        "-1E-10 -3 -1.01 -100 0999-12-31 23:59:59 2026-02-28 00:00:00 ' -1.5 None None",
        "12 3 4.57 300 2026-06-01 12:00:00 2026-06-01 12:00:00 None None 2 0",
        "1 1 98 0 2026-06-01 00:00:00 2026-03-04 00:00:00 q 0.0 0 0",
        "1000 3 99.99 100 2026-02-28 00:00:00 2026-02-28 01:02:03.400000 x 1.5 -7.5 0.25",
    ]


def test_a_column_that_cannot_come_leaves_the_table_as_it_was(db: Sandbox) -> None:
    refused = "ALTER TABLE t ADD (w NUMBER DEFAULT 1, x NUMBER DEFAULT 2 CHECK (x > 5))"
    assert outcome(db, refused).startswith("ORA-02293")
    db.run("UPDATE t SET n = 7; INSERT INTO t VALUES (3, 7, 'c'), (4, 7, 'd');")
    assert values(db, "SELECT DISTINCT n FROM t") == [7]
    db.run(refused.replace("> 5", "> 1"))
    assert values(db, "SELECT DISTINCT w, x FROM t") == [1, 2]


def test_rows_of_one_shape_are_one_text(db: Sandbox, told: list[str]) -> None:
    for k in (3, 4):
        db.run(f"INSERT INTO t VALUES ({k}, -{k}, 'x{k}'); COMMIT;")
    inserted = [sql for sql in told if sql.startswith("INSERT")]
    assert len(inserted) == 2
    assert len(set(inserted)) == 1


def test_an_assertion_with_much_to_look_at_leaves_constraints_alone(
    db: Sandbox, told: list[str]
) -> None:
    db.run(LOW)
    db.run(f"INSERT INTO u (t) VALUES {', '.join(['(1)'] * 120)}; COMMIT;")
    told.clear()
    db.run("UPDATE t SET n = 99 WHERE k = 1")
    assert len(told) <= 5
    assert outcome(db, "UPDATE t SET n = 900 WHERE k = 1").startswith("ORA-02290")
    assert "LOW" in outcome(db, "UPDATE t SET n = 100 WHERE k = 1")


VALUE = st.sampled_from(["1", "2", "3", "3", "NULL", "'x'", "100", "s.NEXTVAL", "n"])


@st.composite
def statement(draw: st.DrawFn) -> str:
    forms = (
        "INSERT INTO t VALUES ({0}, {1}, 'a')",
        "INSERT INTO t (n, k) VALUES ({1}, 4), (5, {0})",
        "INSERT INTO u (t) VALUES ({0})",
        "UPDATE t SET n = {0}, v = {1} WHERE k = {2}",
        "UPDATE t SET k = k + 1",
        "UPDATE u SET t = 1",
        "DELETE FROM t WHERE k = {2}",
        "DELETE FROM u",
        "SET CONSTRAINTS ALL DEFERRED",
        "SAVEPOINT a",
        "ROLLBACK TO a",
        "COMMIT",
        "ROLLBACK",
        "CREATE INDEX w ON t (n)",
    )
    given = [draw(VALUE) for _ in range(3)]
    return draw(st.sampled_from(forms)).format(*given)


@settings(max_examples=max(settings().max_examples // 16, 3))
@given(st.lists(statement(), min_size=4, max_size=12))
def test_few_rows_and_reuse_change_nothing(script: list[str]) -> None:
    """Every statement comes twice, so that the second is done again."""
    with Sandbox(NOON) as one, Sandbox(NOON) as other:
        for db in (one, other):
            db.run(SCHEMA + LOW)
        for sql in (again for text in script for again in (text, text)):
            said = outcome(one, sql)
            with pytest.MonkeyPatch.context() as patch:
                for module in (dml, enforcement, journal, prepared, store):
                    patch.setattr(module, "FEW", 0)
                patch.setattr("comply.sql.session._LONGEST", -1)
                assert said == outcome(other, sql)
            for asked in ("SELECT * FROM t ORDER BY k", "SELECT * FROM u ORDER BY k"):
                assert one.execute(asked) == other.execute(asked)
