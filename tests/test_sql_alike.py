# ruff: noqa: S608  (SQL is the point)
"""INSERTs that differ in their constants: together they come to the same as one by one."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comply.database.duckdb import DuckDb
from comply.dialect.changes import Change, change
from comply.dialect.errors import SqlError
from comply.dialect.statements import Statement, statements
from comply.source import Source
from comply.sql import Sandbox, sandbox, session
from comply.sql.alike import MOST, Constant, alike, runs
from comply.sql.formats import moment_in, strptime_format
from comply.sql.script import run_steps
from comply.sql.session import Session

NOON = datetime(2026, 6, 1, 12)  # noqa: DTZ001  (Oracle's have none)
SCHEMA = """
CREATE TABLE t (k NUMBER PRIMARY KEY, n NUMBER(4,1) CHECK (n < 900), v VARCHAR2(4),
  d DATE, m TIMESTAMP DEFAULT TIMESTAMP '2026-01-01 10:00:00');
CREATE TABLE u (k NUMBER(3) PRIMARY KEY, t NUMBER REFERENCES t, up NUMBER REFERENCES u);
CREATE TABLE w (k NUMBER UNIQUE DEFERRABLE INITIALLY DEFERRED, t NUMBER REFERENCES t,
  c VARCHAR2(3 CHAR) DEFAULT ON NULL 'x', e CHAR(3));
CREATE TABLE i (k NUMBER GENERATED ALWAYS AS IDENTITY (START WITH 5 INCREMENT BY 3) PRIMARY KEY,
  n NUMBER(3) CHECK (n < 90));
"""
LOW = (
    "CREATE ASSERTION low CHECK (NOT EXISTS"
    " (SELECT 1 FROM t, w WHERE w.t = t.k AND t.n > 99));"
)
MET = (
    "CREATE ASSERTION met CHECK (ALL (SELECT k FROM t) x SATISFY"
    " (EXISTS (SELECT 1 FROM w WHERE w.t = x.k))) INITIALLY DEFERRED;"
)
TWO = (
    "CREATE ASSERTION two CHECK (NOT EXISTS (SELECT 1 FROM t a WHERE a.n = 7"
    " AND NOT EXISTS (SELECT 1 FROM t b WHERE b.n = 8)));"
)
TABLES = ("t", "u", "w", "i")


def parsed(script: str) -> list[Statement]:
    return list(statements(Source("s.sql", script)))


def inserts(table: str, rows: Sequence[str]) -> str:
    return "".join(f"INSERT INTO {table} VALUES ({row});\n" for row in rows)


def told_of(script: str) -> list[str]:
    """Return what each statement of a script came to, and what the tables hold."""
    with Sandbox(NOON) as db:
        said = [
            f"{done.error.message} {done.error.span}" if done.error else "ok"
            for done in db.steps(parsed(script))
        ]
        try:
            db.commit()
        except SqlError as error:
            said.append(error.message)
        for table in TABLES:
            # Identities go on where they would.
            said += [
                str(row) for row in db.execute(f"SELECT * FROM {table} ORDER BY k")
            ]
        db.execute("INSERT INTO i (n) VALUES (89)")
        return [*said, str(db.execute("SELECT MAX(k) k FROM i"))]


def one_by_one(script: str) -> list[str]:
    with (
        patch.object(sandbox, "alike", lambda _: None),
        patch.object(Session, "together", lambda *_: 0),
    ):
        return told_of(script)


def counted(script: str, name: str) -> int:
    """Return how many queries a script takes, or how many of its statements are read."""
    found: list[str] = []
    own = getattr(DuckDb, "_answer")  # noqa: B009  (no name for it outside)

    def noted(*given: object) -> object:
        found.append("asked")
        return own(*given)

    def read(statement: Statement) -> Change:
        found.append("read")
        return change(statement)

    with Sandbox(NOON) as db:
        db.run(SCHEMA)
        with (
            patch.object(DuckDb, "_answer", noted),
            patch.object(sandbox, "change", read),
        ):
            db.run(script)
    return found.count(name)


def test_many_rows_take_few_queries() -> None:
    rows = [f"{i}, {i % 90}, 'v{i}', DATE '2026-01-01', NULL" for i in range(600)]
    assert counted(inserts("t", rows), "asked") < 90
    assert counted(inserts("t", rows), "read") == 1


def test_rows_with_an_identity_and_dates_take_few_queries() -> None:
    rows = [f"DEFAULT, {i % 90}" for i in range(300)]
    assert counted(inserts("i", rows), "asked") < 90
    days = [f"TO_DATE('{1 + i % 28:02}-FEB-2026', 'DD-MON-YYYY')" for i in range(300)]
    dated = [f"{i}, 1, NULL, {day}, NULL" for i, day in enumerate(days)]
    assert counted(inserts("t", dated), "asked") < 90


def test_identities_go_on_where_they_would_behind_a_row_that_fails() -> None:
    rows = [f"DEFAULT, {95 if i == 30 else i % 90}" for i in range(60)]
    script = SCHEMA + inserts("i", rows)
    found = told_of(script)
    assert found == one_by_one(script)
    # One of them was for the row that failed.
    assert found[-1] == f"[{{'K': {5 + 3 * 60}}}]"


def test_other_constants_are_not_read_again() -> None:
    # Rows of a table that refers to itself come one by one.
    rows = [f"{i}, NULL, NULL" for i in range(20)]
    assert counted(inserts("u", rows), "read") == 1
    assert counted(inserts("u", rows), "asked") >= 20


@pytest.mark.parametrize("rows", [1, 60])
def test_the_time_of_a_statement_is_its_own(rows: int) -> None:
    table = (
        "CREATE TABLE h (k NUMBER, d DATE DEFAULT SYSDATE, m TIMESTAMP DEFAULT SYSTIMESTAMP,"
        " s TIMESTAMP DEFAULT SYSDATE);"
    )
    later = NOON.replace(hour=13, microsecond=250_000)
    whole = later.replace(microsecond=0)
    with Sandbox(NOON.replace(microsecond=1)) as db:
        db.run(table + "INSERT INTO h (k, d) VALUES (0, SYSDATE);")
        db.now = later
        some = "".join(
            f"INSERT INTO h (k, d) VALUES ({k}, SYSDATE);" for k in range(rows)
        )
        db.run(some + "INSERT INTO h (k, d) VALUES (7, SYSDATE + 1);")
        found = db.execute(
            "SELECT d, m, s, COUNT(*) n FROM h GROUP BY d, m, s ORDER BY m, d"
        )
    first = NOON, NOON.replace(microsecond=1), NOON, 1
    last = whole + timedelta(days=1), later, whole, 1
    assert [(*row.values(),) for row in found] == [
        first,
        (whole, later, whole, rows),
        last,
    ]


def test_a_time_inside_of_a_value_is_that_of_each_statement() -> None:
    with Sandbox(NOON) as db:
        db.run("CREATE TABLE h (k NUMBER, v VARCHAR2(30))")
        for hour in (12, 13):
            db.now = NOON.replace(hour=hour)
            db.run("INSERT INTO h VALUES (1, TO_CHAR(SYSDATE, 'HH24'))")
            db.run("INSERT INTO h VALUES (1, TO_CHAR(SYSDATE, 'HH24')), (1, 'x')")
        found = db.execute("SELECT v, COUNT(*) n FROM h GROUP BY v ORDER BY v")
    assert [row["N"] for row in found] == [2, 2, 2]


@pytest.mark.parametrize(
    ("written", "constants"),
    [
        (
            "INSERT INTO t VALUES (1, -2.5, 'it''s')",
            [("number", "1"), ("number", "-2.5")],
        ),
        ("insert into t (k) values (DATE '2026-01-01')", [("DATE", "2026-01-01")]),
        ("INSERT INTO t VALUES (NULL, DEFAULT, s.NEXTVAL, 1)", [("number", "1")]),
        ("INSERT INTO t VALUES (f(a, b), 1)", [("number", "1")]),
        ("INSERT INTO t VALUES (SYSDATE)", []),
    ],
)
def test_a_row_gives_its_constants(
    written: str, constants: list[tuple[str, str]]
) -> None:
    [statement] = parsed(written)
    found = alike(statement)
    assert found is not None
    assert [(c.kind, c.text) for c in found.constants][: len(constants)] == constants


@pytest.mark.parametrize(
    "written",
    [
        "UPDATE t SET k = 1",
        "INSERT INTO t SELECT 1 FROM DUAL",
        "INSERT INTO t VALUES (1), (2)",
        "INSERT INTO t VALUES (1) RETURNING k INTO :x",
        "INSERT INTO t VALUES (1 + 1)",
        "INSERT INTO t VALUES (TO_DATE('2026'))",
        "INSERT INTO t VALUES (TO_CHAR('2026', 'YYYY'))",
        "INSERT INTO t VALUES (N'x')",
        "INSERT INTO t VALUES (DATE q'[2026-01-01]')",
        "INSERT INTO t VALUES (1e3)",
        "INSERT INTO t VALUES (1d)",
        "INSERT INTO t VALUES (1.)",
        "INSERT INTO t VALUES ()",
        "INSERT INTO t PARTITION FOR (3) VALUES (1)",
        "INSERT INTO t",
    ],
)
def test_what_takes_more_than_a_look_is_alone(written: str) -> None:
    [statement] = parsed(written)
    assert alike(statement) is None


def test_the_place_of_a_constant_is_that_of_its_value() -> None:
    [statement] = parsed("INSERT INTO t VALUES (NULL, 'a', f(x, y), 2)")
    found = alike(statement)
    assert found is not None
    assert found.constants == (Constant("string", "a", 1), Constant("number", "2", 3))


def test_runs_are_in_order_and_bounded() -> None:
    script = inserts("t", ["1"] * 3) + "COMMIT;" + inserts("t", ["1"] * (MOST + 1))
    found = list(runs(parsed(script)))
    assert [len(run) for run, _ in found] == [3, 1, MOST, 1]
    assert [s for run, _ in found for s in run] == parsed(script)


def test_what_is_before_a_string_without_end_is_run() -> None:
    script = SCHEMA + inserts("t", ["1, 2, NULL, NULL, NULL"]) + "SELECT 'x"
    with Sandbox(NOON) as db:
        with pytest.raises(SqlError, match="no end"):
            db.run(script)
        assert db.execute("SELECT COUNT(*) n FROM t") == [{"N": 1}]


def test_an_expectation_is_of_its_own_statement() -> None:
    good = inserts("t", [f"{i}, 1, NULL, NULL, NULL" for i in range(40)])
    bad = "-- expect: ORA-00001\nINSERT INTO t VALUES (3, 1, NULL, NULL, NULL);\n"
    steps = list(run_steps([Source("s.sql", SCHEMA + good + bad + good)]))
    assert [s.verdict for s in steps] == ["ok"] * 44 + ["expected"] + ["broken"] * 40
    assert {s.error.code for s in steps if s.error} == {1}


@pytest.mark.parametrize("bad", [0, 1, 8, 9, 50, 99])
def test_one_bad_row_among_many_is_told(bad: int) -> None:
    rows = [f"{i}, {950 if i == bad else 5}, 'a', NULL, NULL" for i in range(100)]
    script = SCHEMA + inserts("t", rows)
    found = told_of(script)
    assert found == one_by_one(script)
    assert sum("ORA-02290" in line for line in found) == 1


@pytest.mark.parametrize(
    ("table", "rows"),
    [
        (
            "t",
            [f"{k}, {n}, NULL, NULL, NULL" for k, n in enumerate([1] * 20 + [7, 8, 7])],
        ),
        (
            "u",
            [
                f"{k}, NULL, {'NULL' if k == 0 else 21 if k == 20 else 0}"
                for k in range(30)
            ],
        ),
    ],
)
def test_a_row_that_another_needs_comes_before_it(table: str, rows: list[str]) -> None:
    script = SCHEMA + TWO + inserts(table, rows)
    found = told_of(script)
    assert found == one_by_one(script)
    assert sum("ORA-" in line for line in found) == 1


def test_rows_after_a_change_of_the_table_are_read_anew() -> None:
    rows = [f"{k}, NULL, NULL, NULL, NULL" for k in range(40)]
    more = [f"{k}, NULL, NULL, NULL, NULL, {k}" for k in range(40, 80)]
    script = SCHEMA + inserts("t", rows) + "ALTER TABLE t ADD (x NUMBER(2));"
    found = told_of(script + inserts("t", rows[:2]) + inserts("t", more))
    assert sum("ORA-00947" in line for line in found) == 2
    assert sum("'X':" in line for line in found) == 80


CELLS = {
    "t": (
        st.integers(-2, 30).map(str),
        st.sampled_from(["1", "99.9", "899.94", "100", "7", "8", "950", "1234", "-.5", "007", "NULL", "'5'", "1.04"]),
        st.sampled_from(["'a'", "'ab''c'", "'äöü'", "'abcde'", "''", "NULL", "5", "q'[x]'", "'\\n'"]),
        st.sampled_from(["DATE '2026-02-01'", "DATE '2026-2-1'", "DATE '2026-02-31'", "NULL", "TIMESTAMP '2026-02-01 10:11:12'", "TIMESTAMP '2026-02-01 10:11:12.5'", "SYSDATE", "TO_DATE('01-FEB-2026','DD-MON-YYYY')", "TO_DATE('02-FEB-2026', 'DD-MON-YYYY')", "TO_DATE('2026-02-01 23:59', 'YYYY-MM-DD HH24:MI')", "TO_DATE('1-2-26', 'DD-MM-RR')",
                "TO_DATE('2026-01-01', 'Wrong')", "TO_DATE('31-FEB-2026', 'DD-MON-YYYY')", "'2026-01-01'"]),
        st.sampled_from(["DEFAULT", "NULL", "TIMESTAMP '2026-02-01 10:11:12'", "DATE '2026-02-01'", "SYSTIMESTAMP"]),
    ),
    "u": (st.integers(0, 30).map(str), st.sampled_from(["NULL", "1", "2", "3"]), st.sampled_from(["NULL", "1", "7", "20"])),
    "w": (st.integers(0, 40).map(str), st.sampled_from(["NULL", "1", "2", "3", "9"]), st.sampled_from(["'a'", "'äöü'", "NULL", "'abcd'"]), st.sampled_from(["'a'", "'a  '", "NULL"])),
    "i": (st.sampled_from(["DEFAULT", "1"]), st.integers(0, 120).map(str)),
}  # fmt: skip


@st.composite
def scripts(draw: st.DrawFn) -> str:
    """Draw a script: tables that are filled, with assertions in force, and some commits."""
    chosen = draw(st.lists(st.sampled_from([LOW, MET, TWO]), unique=True))
    parts = [SCHEMA, *chosen]
    for _ in range(draw(st.integers(1, 3))):
        table = draw(st.sampled_from(TABLES))
        same = [draw(cell) for cell in CELLS[table]]
        varied = draw(st.lists(st.booleans(), min_size=len(same), max_size=len(same)))
        for _ in range(draw(st.integers(1, 20))):
            row = [
                draw(cell) if moves or at == 0 else fixed
                for at, (cell, moves, fixed) in enumerate(
                    zip(CELLS[table], varied, same, strict=True)
                )
            ]
            parts.append(inserts(table, [", ".join(row)]))
        parts.append(
            draw(st.sampled_from(["", "COMMIT;", "ROLLBACK;", "SAVEPOINT a;"]))
        )
        if draw(st.booleans()):
            parts.append("DELETE FROM t WHERE k > 20;")
    return "\n".join(parts)


@given(scripts())
def test_together_is_one_by_one(script: str) -> None:
    with patch.object(sandbox, "ALONE", 2), patch.object(session, "ALONE", 2):
        found = told_of(script)
    assert found == one_by_one(script)


MODELS = (
    "DD-MON-YYYY",
    "YYYY-MM-DD HH24:MI:SS",
    "DD.MM.YYYY HH24:MI",
    "YYYYMMDD",
    'YYYY-MM-DD"T"HH24:MI:SS',
    "Mon dd, yyyy",
    "YYYY-MM-DD HH24:MI:SS.FF",
    "DD-MM-RR",
    "HH24:MI",
    "YYYY-MM-DD YYYY",
)


@given(
    st.datetimes(),
    st.sampled_from(MODELS),
    st.text(alphabet="0123456789-: JANFEB.T", max_size=3),
    st.integers(0, 20),
)
def test_a_moment_that_is_seen_is_the_one_that_is_read(
    moment: datetime, model: str, other: str, at: int
) -> None:
    written = moment.strftime(strptime_format(model))
    for text in (written, written.upper(), written[:at] + other + written[at + 1 :]):
        seen = moment_in(text, model)
        if seen is not None:
            sql = f"SELECT STRPTIME('{text}', '{strptime_format(model)}')"
            assert DuckDb().query(sql).rows == ((seen,),)


@pytest.mark.parametrize(
    ("text", "model", "seen"),
    [
        ("17-nov-1981", "DD-MON-YYYY", datetime(1981, 11, 17)),  # noqa: DTZ001
        ("19811117 0930", "YYYYMMDD HH24MI", datetime(1981, 11, 17, 9, 30)),  # noqa: DTZ001
        ("31-02-2026", "DD-MM-YYYY", None),
        ("1-02-2026", "DD-MM-YYYY", None),
        ("01-02-2026 ", "DD-MM-YYYY", None),
        ("01-02-26", "DD-MM-YY", None),
        ("02-2026", "MM-YYYY", None),
        ("01/02/2026", "DD-MM-YYYY", None),
        ("\u0660\u0661-02-2026", "DD-MM-YYYY", None),
        ("0000-01-01", "YYYY-MM-DD", None),
    ],
)
def test_a_look_is_enough_for_what_is_written_in_full(
    text: str, model: str, seen: datetime | None
) -> None:
    assert moment_in(text, model) == seen
