"""INSERT that says which value goes where by names."""

import pytest

from comply.dialect.errors import SqlError
from comply.sql import Sandbox

TABLE = "CREATE TABLE t (a NUMBER, b VARCHAR2(9) DEFAULT 'x', c NUMBER DEFAULT 7);"


@pytest.mark.parametrize(
    ("statement", "rows"),
    [
        ("INSERT INTO t SET a = 1 + 1, b = 'q, r'", [(2, "q, r", 7)]),
        ("INSERT INTO t SET (a = (1 + 1) * 2)", [(4, "x", 7)]),
        ("INSERT INTO t SET (a = 1, b = DEFAULT), (b = ')', a = (SELECT MAX(t.a) FROM t))", [(1, "x", 7), (None, ")", 7)]),
        ('INSERT /*+ APPEND */ INTO t SET "A" = NULL, c = 3', [(None, "x", 3)]),
        ("INSERT INTO t BY NAME SELECT 'n' b, 10 AS a FROM dual", [(10, "n", 7)]),
        ("INSERT INTO t BY NAME SELECT s.a c, s.a FROM (SELECT 1 a FROM dual) s", [(1, "x", 1)]),
        ("INSERT INTO t (b, a) BY POSITION SELECT 'p', 6 FROM dual", [(6, "p", 7)]),
        ("INSERT INTO t VALUES (1, 'set', 2)", [(1, "set", 2)]),
        ("INSERT INTO t WITH q AS (SELECT 1 a FROM dual) SELECT a, 'by', 2 FROM q", [(1, "by", 2)]),
    ],
)  # fmt: skip
def test_names_say_where_values_go(
    statement: str, rows: list[tuple[object, ...]]
) -> None:
    with Sandbox() as sandbox:
        sandbox.run(TABLE)
        sandbox.execute(statement)
        found = sandbox.execute("SELECT a, b, c FROM t")
        assert [tuple(row.values()) for row in found] == rows


def test_values_that_come_are_returned() -> None:
    script = f"{TABLE} VARIABLE v NUMBER\nINSERT INTO t SET a = 9 RETURNING a + 1 INTO :v;\nPRINT v"
    with Sandbox() as sandbox:
        sandbox.run(script)
        assert sandbox.execute("SELECT a FROM t") == [{"A": 9}]


@pytest.mark.parametrize(
    ("statement", "column", "message"),
    [
        ("INSERT INTO t SET a = 1, nope = 2", 26, '"NOPE": invalid identifier'),
        ("INSERT INTO t SET a = 1, a = 2", 26, "ORA-00957"),
        ("INSERT INTO t SET (a = 1), (b = 2)", 29, "the same columns"),
        ("INSERT INTO t SET (a, b) = (SELECT 1, 2 FROM dual)", None, "ORA-"),
        ("INSERT INTO t SET", None, "expected column = value"),
        ("INSERT INTO t SET a 1", None, "ORA-00900"),
        ("INSERT INTO t SET a = 1 WHERE a = 2", 19, "ORA-00927"),
        ("INSERT INTO t BY NAME SELECT a + 1 FROM t", None, "the name of each value"),
        ("INSERT INTO t BY NAME SELECT t.* FROM t", None, "the name of each value"),
        ("INSERT INTO t BY NAME VALUES (1)", 15, "are for a query"),
        ("INSERT INTO t (a) BY NAME SELECT 1 a FROM dual", 16, "beside BY NAME"),
        ("INSERT INTO t BY LUCK SELECT 1 FROM dual", 18, "expected NAME or POSITION"),
    ],
)
def test_what_names_cannot_say_is_refused(
    statement: str, column: int | None, message: str
) -> None:
    with Sandbox() as sandbox:
        sandbox.run(TABLE)
        with pytest.raises(SqlError) as caught:
            sandbox.execute(statement)
        assert message in str(caught.value)
        if column is not None:
            assert caught.value.span is not None
            assert caught.value.span.col == column
        assert sandbox.execute("SELECT a FROM t") == []
