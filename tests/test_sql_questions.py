# ruff: noqa: S608  (SQL is the point)
"""What is asked about changed rows first: short, on the safe side, all at once."""

import pytest
from sqlglot import exp, parse_one

from comply.database.duckdb import DuckDb
from comply.sql.pinned import template
from comply.sql.questions import Asked, Question, asking, doubtful

PARTNER = 'SELECT t.a FROM t WHERE t.k = "ORA$ROW".k'


@pytest.mark.parametrize(
    ("one", "question", "acquits"),
    [
        # What chooses among the partners is enough, without the subquery.
        (f"{PARTNER} AND t.n > 1 AND NOT EXISTS (SELECT 1 FROM u)",
         'SELECT 1 FROM t WHERE t.k = "ORA$ROW".k AND t.n > 1', False),
        # A key alone finds a partner mostly, so that nothing were gained.
        (f"{PARTNER} AND NOT EXISTS (SELECT 1 FROM u)",
         'SELECT 1 FROM t WHERE t.k = "ORA$ROW".k AND NOT EXISTS(SELECT 1 FROM u)', False),
        (f'{PARTNER} AND "ORA$ROW".n > 1 AND EXISTS (SELECT 1 FROM u)',
         'SELECT 1 FROM t WHERE t.k = "ORA$ROW".k AND "ORA$ROW".n > 1 AND EXISTS(SELECT 1 FROM u)', False),
        # What must not be missing is looked for.
        ('SELECT "ORA$ROW".k WHERE NOT EXISTS (SELECT t.a FROM t WHERE t.k = "ORA$ROW".k)',
         'SELECT 1 FROM t WHERE t.k = "ORA$ROW".k', True),
        # Conditions of an ANSI join stay where they are.
        ("SELECT t.a FROM t JOIN u ON t.k = u.k WHERE t.n > 1 AND EXISTS (SELECT 1 FROM v)",
         "SELECT 1 FROM t JOIN u ON t.k = u.k WHERE t.n > 1 AND EXISTS(SELECT 1 FROM v)", False),
    ],
)  # fmt: skip
def test_a_question_is_short_and_on_the_safe_side(
    one: str, question: str, acquits: bool
) -> None:
    tree = parse_one(one)
    assert isinstance(tree, exp.Select)
    found = asking(tree)
    assert found is not None
    assert (found[0].sql(), found[1]) == (question, acquits)
    assert tree.sql() == parse_one(one).sql()


@pytest.mark.parametrize(
    "one",
    [
        "SELECT k FROM t GROUP BY k HAVING COUNT(*) > 1",
        "SELECT DISTINCT k FROM t",
        "SELECT COUNT(*) FROM t",
        "SELECT 1 WHERE NOT EXISTS (SELECT MAX(k) FROM t)",
        "SELECT 1 WHERE NOT EXISTS (SELECT k FROM t LIMIT 1)",
    ],
)
def test_what_is_more_than_a_choice_of_rows_has_no_question(one: str) -> None:
    tree = parse_one(one)
    assert isinstance(tree, exp.Select)
    assert asking(tree) is None


def asked(tail: str, value: str | None, *, acquits: bool = False) -> Asked:
    question = Question(template(tail), acquits, is_short=True)
    return Asked(question, {"K": value}, {"K": "BIGINT"})


def test_questions_are_answered_together() -> None:
    db = DuckDb()
    db.run("CREATE TABLE t AS SELECT 1 AS k UNION ALL SELECT 2")
    tail = 'FROM t WHERE k = "ORA$ROW"."K"'
    none, some = asked(tail, "5"), asked(tail, "2")
    exempt, missing = asked(tail, "2", acquits=True), asked(tail, "5", acquits=True)
    unknown = asked(tail, None)
    found = doubtful(db, [none, some, exempt, missing, unknown] * 9)
    assert found == [False, True, False, True, False] * 9
    assert doubtful(db, []) == []


def test_what_is_not_answered_leaves_a_doubt() -> None:
    db = DuckDb()
    db.run("CREATE TABLE t AS SELECT 7 AS k FROM range(500)")
    fine = asked('FROM t WHERE k = "ORA$ROW"."K"', "5")
    assert doubtful(db, [fine]) == [False]
    fails = asked("FROM t WHERE ERROR('no') = k", None)
    assert doubtful(db, [fine, fails]) == [True, True]
    many = asked('FROM t WHERE k = "ORA$ROW"."K"', "7", acquits=True)
    assert doubtful(db, [many, fine]) == [True, True]
