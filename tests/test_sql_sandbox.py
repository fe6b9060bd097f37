"""Scripts in the sandbox behave as Oracle's do.

A file of `fixtures/sql/sandbox` is a script in which a comment above a statement says
what must come of it: `-- expect: ORA-01400 NAME` an error whose message names NAME,
`-- rows: [[1, "a"]]` the rows of a query. A statement without must succeed.
"""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest

from comply.dialect.errors import SqlError
from comply.dialect.statements import Statement, statements
from comply.source import Source
from comply.sql import AssertionViolated, Sandbox
from comply.sql.evidence import evidence

SCRIPTS = sorted((Path(__file__).parents[1] / "fixtures" / "sql" / "sandbox").iterdir())
NOW = datetime(2026, 6, 1, 12, 30, 45, 500_000)  # noqa: DTZ001  (Oracle's have none)


def noted(statement: Statement, word: str) -> str:
    lines = [c.value.strip() for c in statement.comments]
    found = [line for line in lines if line.startswith(word)]
    return found[0].removeprefix(word).strip() if found else ""


def outcome(sandbox: Sandbox, statement: Statement) -> tuple[str, object]:
    try:
        rows = sandbox.step(statement)
    except SqlError as error:
        return error.message, None
    return "", [list(row.values()) for row in evidence(rows)]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda p: p.stem)
def test_script(path: Path) -> None:
    with Sandbox(NOW) as sandbox:
        for statement in statements(Source(path.name, path.read_text())):
            code, _, name = noted(statement, "expect:").partition(" ")
            message, rows = outcome(sandbox, statement)
            if not code:
                assert message == "", statement.span
            assert code in message, (statement.span, message)
            assert name in message, (statement.span, message)
            if wanted := noted(statement, "rows:"):
                assert rows == json.loads(wanted), statement.span


def test_violations_carry_the_rows_and_undo_only_their_statement() -> None:
    db = Sandbox()
    db.run(
        """CREATE TABLE t (id NUMBER PRIMARY KEY, n NUMBER);
        CREATE ASSERTION small CHECK (NOT EXISTS (SELECT 1 FROM t WHERE n > 9));
        INSERT INTO t VALUES (1, 5);"""
    )
    with pytest.raises(AssertionViolated) as caught:
        db.execute("INSERT INTO t VALUES (2, 10), (3, 11.5), (4, 1)")
    assert caught.value.code == 8601
    assert caught.value.assertion == "SMALL"
    assert sorted(caught.value.rows, key=str) == [
        {"ID": 2, "N": 10},
        {"ID": 3, "N": Decimal("11.5")},
    ]
    assert str(caught.value).splitlines()[0] == (
        "<statement>:1:1: ORA-08601: SQL assertion (SMALL) violated."
    )
    db.commit()
    assert db.execute("SELECT id FROM t") == [{"ID": 1}]


def test_a_deferred_violation_names_both_codes_at_the_commit() -> None:
    db = Sandbox()
    db.run(
        """CREATE TABLE t (id NUMBER);
        CREATE ASSERTION one CHECK (EXISTS (SELECT 1 FROM t)) DISABLE;
        CREATE ASSERTION few CHECK (NOT EXISTS (SELECT id FROM t WHERE id > 3))
          INITIALLY DEFERRED;
        INSERT INTO t VALUES (4);"""
    )
    with pytest.raises(AssertionViolated) as caught:
        db.commit()
    assert caught.value.message.splitlines() == [
        "ORA-02091: transaction rolled back",
        "ORA-08601: SQL assertion (FEW) violated.",
    ]
    assert caught.value.rows == [{"ID": 4}]
    assert db.execute("SELECT * FROM t") == []


def test_existing_data_fails_the_definition_with_both_codes() -> None:
    db = Sandbox()
    db.run("CREATE TABLE t (id NUMBER); INSERT INTO t VALUES (4);")
    with pytest.raises(AssertionViolated, match="ORA-08689") as caught:
        db.execute("CREATE ASSERTION few CHECK (NOT EXISTS (SELECT 1 FROM t))")
    assert "ORA-08601" in caught.value.message
    assert not db.schema.assertions
    assert db.execute("SELECT id FROM t") == [{"ID": 4}]


def test_the_owner_stands_before_names_in_errors() -> None:
    db = Sandbox(owner="APP")
    db.run(
        """CREATE TABLE app.t (id NUMBER NOT NULL);
        CREATE ASSERTION none_at_all CHECK (NOT EXISTS (SELECT 1 FROM t));"""
    )
    with pytest.raises(AssertionViolated, match=r"\(APP\.NONE_AT_ALL\)"):
        db.execute("INSERT INTO t VALUES (1)")
    with pytest.raises(SqlError, match=r'\("APP"\."T"\."ID"\)'):
        db.execute("INSERT INTO app.t VALUES (NULL)")
    assert db.execute("SELECT USER AS u FROM dual") == [{"U": "APP"}]


def test_binds_are_values_and_the_empty_one_is_null() -> None:
    db = Sandbox()
    db.run("CREATE TABLE t (a VARCHAR2(9), n NUMBER, b BOOLEAN, d DATE)")
    day = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=2)))
    db.execute(
        "INSERT INTO t VALUES (:a, :n, :b, :d)",
        {"a": "it's", "n": Decimal("1.50"), "b": True, "d": day},
    )
    db.execute("INSERT INTO t VALUES (:1, :2, NULL, NULL)", {"1": "", "2": 0.5})
    assert db.execute("SELECT * FROM t ORDER BY n") == [
        {"A": None, "N": Decimal("0.5"), "B": None, "D": None},
        {
            "A": "it's",
            "N": Decimal("1.5"),
            "B": True,
            "D": datetime(2026, 1, 2, 1, 4, 5),  # noqa: DTZ001
        },
    ]
    with pytest.raises(SqlError, match="ORA-01008"):
        db.execute("SELECT :missing FROM dual")


def test_returning_gives_the_rows_of_all_that_changed() -> None:
    db = Sandbox()
    db.run("CREATE TABLE t (a NUMBER, b VARCHAR2(9)); INSERT INTO t VALUES (1, 'x');")
    insert = "INSERT INTO t VALUES (2, :b), (3, NULL) RETURNING a, b INTO :a, :b"
    assert db.execute(insert, {"a": None, "B": "y"}) == [
        {"A": 2, "B": "y"},
        {"A": 3, "B": None},
    ]
    update = "UPDATE t SET a = a + 1 RETURNING OLD a, a INTO :n, :n"
    assert db.execute(update, {"n": None}) == [
        {"N": 1, "N_2": 2},
        {"N": 2, "N_2": 3},
        {"N": 3, "N_2": 4},
    ]


@pytest.mark.parametrize(
    ("sql", "place"),
    [
        ("DELETE FROM t RETURNING nope INTO :a", "nope"),
        ("DELETE FROM t\n RETURNING a", ""),
        ("UPDATE t SET a = 1 FROM s WHERE s.nope = t.a", "nope"),
        ("DELETE t x FROM s WHERE s.a = x.nope", "nope"),
        ("MERGE INTO t USING s ON (t.a = s.a) WHEN MATCHED THEN UPDATE SET b = 1 DELETE WHERE nope > 1", "nope"),
        ("MERGE INTO t USING s ON (t.a = s.a) WHEN NOT MATCHED THEN INSERT (a) VALUES (1) DELETE WHERE 1 = 1", "DELETE"),
        ("INSERT INTO t VALUES (1, 2) LOG ERRORS INTO e", "LOG"),
        ("UPDATE t PARTITION (p1) SET a = 1", "p1"),
        ("DELETE FROM (SELECT nope FROM t)", "nope"),
    ],
)  # fmt: skip
def test_what_a_change_gets_wrong_is_shown_at_its_place(sql: str, place: str) -> None:
    db = Sandbox()
    db.run("CREATE TABLE t (a NUMBER, b NUMBER); CREATE TABLE s (a NUMBER);")
    source = Source("x.sql", f"VARIABLE a NUMBER\n{sql}")
    with pytest.raises(SqlError) as caught:
        db.run(source)
    span = caught.value.span
    assert span is not None
    assert source.text.splitlines()[span.row - 1][span.col - 1 :].startswith(place)
    assert span.col > 1 or not place


def test_computed_columns_follow_a_merge_but_do_not_decide_it() -> None:
    db = Sandbox()
    db.run(
        "CREATE TABLE t (a NUMBER, n NUMBER, twice NUMBER AS (n * 2));"
        " INSERT INTO t (a, n) VALUES (1, 1), (2, 2);"
    )
    merge = (
        "MERGE INTO t USING (VALUES (1), (2)) v (a) ON (t.a = v.a)"
        " WHEN MATCHED THEN UPDATE SET n = n + 1 DELETE WHERE "
    )
    db.execute(f"{merge} n = 3")
    assert db.execute("SELECT a, twice FROM t") == [{"A": 1, "TWICE": 4}]
    with pytest.raises(SqlError, match="TWICE, which is computed"):
        db.execute(f"{merge} twice = 6")


def test_the_clock_is_a_parameter_and_a_zone_counts_in_utc() -> None:
    db = Sandbox(datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=-5))))
    assert db.execute("SELECT SYSDATE AS d FROM dual") == [
        {"D": datetime(2026, 1, 1, 5)}  # noqa: DTZ001
    ]
    real = Sandbox().execute("SELECT SYSTIMESTAMP AS d FROM dual")[0]["D"]
    assert isinstance(real, datetime)
    age = datetime.now(tz=UTC).replace(tzinfo=None) - real
    assert abs(age) < timedelta(minutes=5)


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("SELECT * FROM nope", "ORA-00942: table or view NOPE does not exist"),
        ("SELECT x.a FROM dual", '"X"."A": invalid identifier'),
        ("BEGIN NULL; END;\n/", "no PL/SQL"),
        ("@other.sql", "SQL*Plus command @"),
        ("EXEC dbms_stats.gather", "SQL*Plus command EXEC"),
        ("SELECT NO_SUCH(1) FROM dual", "does not know the function NO_SUCH"),
        ("SELECT 1 FROM dual CONNECT BY LEVEL < 3", "does not understand CONNECT"),
        ("SELECT ROWNUM FROM dual", "ROWNUM"),
        ("CREATE TRIGGER x BEFORE INSERT ON t BEGIN NULL; END;\n/", "no PL/SQL"),
        ("SELECT FROM WHERE", "ORA-00900"),
    ],
)
def test_what_cannot_be_run_is_refused_with_its_place(
    script: str, message: str
) -> None:
    with pytest.raises(SqlError, match=r"^x\.sql:1:") as caught:
        Sandbox().run(script, "x.sql")
    assert message in caught.value.message


def test_an_interval_without_a_unit_is_refused() -> None:
    with Sandbox() as db, pytest.raises(SqlError, match="a unit, such as DAY"):
        db.execute("SELECT INTERVAL '1' FROM dual")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT n FROM t WHERE n < s.NEXTVAL",
        "UPDATE t SET n = 2 WHERE n = s.NEXTVAL",
        "DELETE FROM t WHERE n IN (SELECT s.CURRVAL FROM dual)",
    ],
)
def test_no_sequence_goes_on_in_where(sql: str) -> None:
    with Sandbox() as db:
        db.run("CREATE TABLE t (n NUMBER); CREATE SEQUENCE s;")
        with pytest.raises(SqlError, match="ORA-02287"):
            db.execute(sql)
        db.execute("INSERT INTO t SELECT s.NEXTVAL FROM dual WHERE 1 = 1")
        assert db.execute("SELECT n FROM t") == [{"N": 1}]


def test_scripts_reach_no_file() -> None:
    db = Sandbox()
    with pytest.raises(SqlError):
        db.execute('SELECT * FROM "/etc/passwd"')
    with pytest.raises(SqlError):
        db.execute("SELECT read_text('/etc/passwd') FROM dual")
    with pytest.raises(SqlError):
        db.execute("COPY (SELECT 1) TO '/tmp/x'")


def test_numbers_are_as_large_as_oracle_has_them() -> None:
    sandbox = Sandbox()
    sandbox.run("CREATE TABLE t (n NUMBER);")
    sandbox.execute("INSERT INTO t VALUES (1.5e3)")
    sandbox.execute("INSERT INTO t VALUES (1e-999999)")
    with pytest.raises(SqlError, match="ORA-01426"):
        sandbox.execute("INSERT INTO t VALUES (1e999999)")
    sandbox.execute("CREATE TABLE u (n NUMBER(5, 1))")
    with pytest.raises(SqlError, match="ORA-01438"):
        sandbox.execute("INSERT INTO u VALUES (?)".replace("?", "9" * 90))
    rows = sandbox.execute("SELECT n FROM t")
    assert sorted(float(str(row["N"])) for row in rows) == [0, 1500]


@pytest.mark.parametrize(
    ("sizes", "code"),
    [
        ("99999999999999999999", 1727),
        ("0", 1727),
        ("39, 2", 1727),
        ("5, 128", 1728),
        ("5, -85", 1728),
    ],
)
def test_numbers_have_as_many_digits_as_in_oracle(sizes: str, code: int) -> None:
    with Sandbox() as sandbox:
        for _ in range(2):
            with pytest.raises(SqlError) as caught:
                sandbox.execute(f"CREATE TABLE t (n NUMBER({sizes}))")
            assert caught.value.code == code
        sandbox.run(
            "CREATE TABLE t (n NUMBER(38, 127), f FLOAT(126), m NUMBER(3, -84));"
        )
        for clause in (f"ADD (x NUMBER({sizes}))", f"MODIFY (m NUMBER({sizes}))"):
            with pytest.raises(SqlError) as caught:
                sandbox.execute(f"ALTER TABLE t {clause}")
            assert caught.value.code == code
        sandbox.execute("INSERT INTO t (n, f, m) VALUES (0, 1.5, 0)")
        [row] = sandbox.execute("SELECT * FROM t")
        assert list(row) == ["N", "F", "M"]


@pytest.mark.parametrize(
    ("fails", "then"),
    [
        (
            "CREATE ASSERTION a CHECK (NOT EXISTS (SELECT 1 FROM t WHERE 1 / n > 0))",
            "CREATE ASSERTION a CHECK (NOT EXISTS (SELECT 1 FROM t WHERE n > 5))",
        ),
        (
            "CREATE TABLE c AS SELECT 1 / n q FROM t",
            "CREATE TABLE c AS SELECT n + 1 q FROM t",
        ),
        (
            "CREATE TABLE c (q NUMBER GENERATED ALWAYS AS IDENTITY (INCREMENT BY 0))",
            "CREATE TABLE c (q NUMBER GENERATED ALWAYS AS IDENTITY, r NUMBER)",
        ),
        (
            "ALTER TABLE t ADD (x NUMBER DEFAULT 3, y NUMBER DEFAULT 1 / 0)",
            "ALTER TABLE t ADD (x NUMBER DEFAULT 4, y NUMBER DEFAULT 5)",
        ),
        (
            "ALTER TABLE t ADD (x NUMBER CHECK (1 / n > 0))",
            "ALTER TABLE t ADD (x NUMBER CHECK (n >= 0))",
        ),
    ],
)
def test_a_definition_that_fails_on_the_data_leaves_nothing(
    fails: str, then: str
) -> None:
    with Sandbox() as sandbox:
        sandbox.run("CREATE TABLE t (n NUMBER); INSERT INTO t VALUES (0); COMMIT;")
        before = sandbox.schema
        for _ in range(2):
            with pytest.raises(SqlError):
                sandbox.execute(fails)
            assert sandbox.schema is before
        with pytest.raises(SqlError, match="ORA-04043"):
            sandbox.execute("ALTER ASSERTION a DISABLE")
        sandbox.execute(then)
        sandbox.execute("INSERT INTO t (n) VALUES (1)")
        assert len(sandbox.execute("SELECT * FROM t")) == 2


def test_what_is_too_long_to_walk_is_refused_and_changes_nothing() -> None:
    with Sandbox() as sandbox:
        sandbox.run(
            Source("a.sql", "CREATE TABLE t (a NUMBER);\nINSERT INTO t VALUES (1);")
        )
        long = " + ".join(["UPDATE t SET a = 1", *("1",) * 2_000])
        with pytest.raises(SqlError, match=r"nests? too deeply") as caught:
            sandbox.run(Source("b.sql", long))
        assert str(caught.value.span) == "b.sql:1:1"
        (found,) = sandbox.execute("SELECT a FROM t")
        assert found == {"A": 1}


def test_what_is_long_is_done_wholly_or_not_at_all() -> None:
    with Sandbox() as sandbox:
        sandbox.run(
            Source("a.sql", "CREATE TABLE t (a NUMBER);\nINSERT INTO t VALUES (1);")
        )
        long = " + ".join(["UPDATE t SET a = 1", *("1",) * 400])
        said = ""
        try:
            sandbox.run(Source("b.sql", long))
        except SqlError as error:
            # The pure build of sqlglot cannot write so deep a tree, the compiled can.
            said = error.message
        (found,) = sandbox.execute("SELECT a FROM t")
        assert (found["A"], "too deeply" in said) in {(401, False), (1, True)}
