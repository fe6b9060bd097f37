# ruff: noqa: S608  (SQL is the point)
"""A few changed rows are looked up one by one, with the same outcome as many together."""

from collections.abc import Sequence

import pytest

from comply.database.connection import Rows
from comply.database.duckdb import DuckDb
from comply.dialect.errors import SqlError
from comply.sql import AssertionViolated, Sandbox, parse
from comply.sql.pinned import Template, template

SCHEMA = """CREATE TABLE t (id NUMBER, "a b" VARCHAR2(20), r RAW(4));
CREATE TABLE u (id NUMBER);
CREATE ASSERTION a CHECK (ALL (SELECT id, "a b" FROM t) t SATISFY (
  t."a b" = 'it''s' AND EXISTS (SELECT 1 FROM u WHERE u.id = t.id)));
CREATE ASSERTION late CHECK (NOT EXISTS (SELECT id FROM u WHERE id > 50))
  INITIALLY DEFERRED;
INSERT INTO u SELECT 1 FROM dual UNION ALL SELECT 2 FROM dual UNION ALL SELECT 60 - 51 FROM dual;
COMMIT;
"""


def test_a_text_is_cut_at_the_columns_of_the_row() -> None:
    cut = template('x "ORA$ROW"."a""b" y "ORA$ROW"."K"')
    assert cut == Template(("x ", " y ", ""), ('a"b', "K"))
    types = {'a"b': "BIGINT", "K": "VARCHAR"}
    assert cut.sql(types) == "x CAST($1 AS BIGINT) y CAST($2 AS VARCHAR)"
    assert cut.used == ('a"b', "K")


BIG = """
CREATE TABLE people (id NUMBER PRIMARY KEY, born DATE, name VARCHAR2(20));
CREATE TABLE rents (person NUMBER, since DATE, until DATE, note VARCHAR2(20));
CREATE TABLE digits (n NUMBER);
INSERT INTO digits SELECT 0 FROM dual UNION ALL SELECT 1 FROM dual UNION ALL SELECT 2 FROM dual
  UNION ALL SELECT 3 FROM dual UNION ALL SELECT 4 FROM dual UNION ALL SELECT 5 FROM dual
  UNION ALL SELECT 6 FROM dual UNION ALL SELECT 7 FROM dual;
INSERT INTO people SELECT a.n * 4096 + b.n * 512 + c.n * 64 + d.n * 8 + e.n, DATE '2000-01-01', 'p'
  FROM digits a, digits b, digits c, digits d, digits e;
INSERT INTO rents SELECT id, DATE '2020-01-01', DATE '2021-01-01', NULL FROM people;
INSERT INTO rents SELECT id, DATE '2021-01-01', DATE '2022-01-01', NULL FROM people;
CREATE ASSERTION adult CHECK (NOT EXISTS (SELECT r.person FROM rents r, people p
  WHERE p.id = r.person AND p.born > DATE '2010-01-01' AND r.since < DATE '2022-01-01'));
CREATE ASSERTION housed CHECK (ALL (SELECT id, born FROM people) p SATISFY (EXISTS (
  SELECT 1 FROM rents r WHERE r.person = p.id AND r.since > p.born)));
CREATE ASSERTION followed CHECK (NOT EXISTS (SELECT p.id FROM people p WHERE p.name = 'p' AND NOT EXISTS (
  SELECT 1 FROM rents r WHERE r.person = p.id AND p.born < r.until)));
COMMIT;
"""


@pytest.mark.parametrize(
    ("change", "asked", "broken"),
    [
        ("INSERT INTO rents VALUES (7, DATE '2021-06-01', NULL, NULL)", 1, ""),
        ("UPDATE rents SET note = 'x' WHERE person = 7", 0, ""),
        ("UPDATE rents SET since = since - 1 WHERE person = 7", 3, ""),
        ("UPDATE rents SET since = since + 1 WHERE person = 7", 0, ""),
        ("UPDATE people SET born = DATE '2001-01-01' WHERE id = 7", 1, ""),
        ("UPDATE people SET born = born, name = 'p' WHERE id = 7", 0, ""),
        ("UPDATE people SET born = DATE '2011-01-01' WHERE id = 7", 2, "ADULT"),
        ("UPDATE rents SET until = DATE '1999-01-01' WHERE person = 7", 3, "FOLLOWED"),
        ("DELETE FROM rents WHERE person = 7", 3, "HOUSED"),
    ],
)
def test_what_a_row_may_break_is_found_by_index(
    change: str, asked: int, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the rows that change, DuckDB looks at what stands under their keys alone."""
    plans: list[str] = []
    ask = DuckDb.ask

    def explained(
        self: DuckDb, sql: str, values: Sequence[str | None], limit: int
    ) -> Rows:
        if sql.startswith("INSERT"):
            return ask(self, sql, values, limit)
        for i, value in reversed(list(enumerate(values))):
            sql = sql.replace(f"${i + 1}", "NULL" if value is None else f"'{value}'")
        plans.append(str(self.query(f"EXPLAIN ANALYZE {sql}").rows[0][1]))
        return ask(self, sql, [], limit)

    with Sandbox() as db:
        db.run(BIG)
        monkeypatch.setattr(DuckDb, "ask", explained)
        if broken:
            with pytest.raises(AssertionViolated, match=broken):
                db.execute(change)
        else:
            db.execute(change)
    assert len(plans) == asked
    for plan in plans:
        assert "Type: Index Scan" in plan or "Empty Result" in plan
        assert "Type: Sequential Scan" not in plan


@pytest.mark.parametrize("count", [1, 3, 9])
def test_few_and_many_rows_are_judged_alike(count: int) -> None:
    db = Sandbox()
    db.run(SCHEMA)
    good = ", ".join(f"({1 + n % 2}, 'it''s', NULL)" for n in range(count))
    db.execute(f"INSERT INTO t VALUES {good}")
    with pytest.raises(AssertionViolated) as caught:
        db.execute(f"INSERT INTO t VALUES {good}, (7, 'it''s', NULL)")
    assert caught.value.rows == [{"ID": 7, "a b": "it's"}]
    with pytest.raises(AssertionViolated):
        db.execute("DELETE FROM u WHERE id = 1")


def test_what_is_not_committed_can_be_checked() -> None:
    db = Sandbox()
    db.run(SCHEMA)
    made, late = parse(SCHEMA)
    assert db.broken_by_changes(late) == []
    db.execute("INSERT INTO u VALUES (51)")
    assert db.broken_by_changes(made) == []
    assert db.broken_by_changes(late) == db.violations(late) == [{"ID": 51}]
    assert db.broken_by_changes(made, late) == [{"ID": 51}]
    with pytest.raises(AssertionViolated, match="ORA-02091"):
        db.commit()
    [other] = parse("CREATE ASSERTION late CHECK (NOT EXISTS (SELECT 1 FROM u))")
    with pytest.raises(SqlError, match="not in force"):
        db.broken_by_changes(other)


def test_a_failed_statement_hides_nothing_from_the_commit() -> None:
    db = Sandbox()
    db.run(SCHEMA)
    db.execute("INSERT INTO u VALUES (52)")
    with pytest.raises(AssertionViolated):
        db.execute("INSERT INTO t VALUES (2, 'no', NULL)")
    with pytest.raises(AssertionViolated) as caught:
        db.commit()
    assert caught.value.rows == [{"ID": 52}]


def test_indexed_tables_can_be_altered() -> None:
    db = Sandbox()
    db.run(SCHEMA)
    db.run(
        "ALTER TABLE u ADD (n NUMBER DEFAULT 1); ALTER TABLE u MODIFY (n NUMBER(9));"
    )
    db.execute("INSERT INTO t VALUES (2, 'it''s', NULL)")
    with pytest.raises(AssertionViolated):
        db.execute("DELETE FROM u WHERE id = 2")


def test_a_condition_on_what_is_missing_is_no_condition_on_what_is_there() -> None:
    """Of two conditions on `t`, one says which `u` would do."""
    db = Sandbox()
    db.run(
        """CREATE TABLE t (k NUMBER, x NUMBER, y NUMBER); CREATE TABLE u (k NUMBER);
        INSERT INTO t VALUES (1, 5, 2), (1, 5, 1); INSERT INTO u VALUES (1);
        CREATE ASSERTION a CHECK (NOT EXISTS (SELECT t.y FROM t WHERE t.y = 1 AND NOT EXISTS (
          SELECT 1 FROM u WHERE u.k = t.k AND t.x > 3)));
        COMMIT;"""
    )
    with pytest.raises(AssertionViolated) as caught:
        db.execute("DELETE FROM u")
    assert caught.value.rows == [{"Y": 1}]
