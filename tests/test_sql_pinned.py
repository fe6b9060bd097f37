# ruff: noqa: S608  (SQL is the point)
"""A few changed rows are looked up one by one, with the same outcome as many together."""

import pytest

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
    assert cut.filled({'a"b': "1", "K": "2"}) == "x 1 y 2"


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
