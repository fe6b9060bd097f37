# ruff: noqa: S608  (SQL is the point)
"""What is asked about changed rows first: short, on the safe side, all at once."""

import pytest
from sqlglot import exp, parse_one

from comply.database.duckdb import DuckDb
from comply.sql import AssertionViolated, Sandbox
from comply.sql.pinned import template
from comply.sql.questions import (
    Asked,
    Question,
    Required,
    asking,
    doubtful,
    take_required,
)

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


ROW_B = '"ORA$ROW".b'
REST = 'SELECT 1 FROM t WHERE t.k = "ORA$ROW".k'


@pytest.mark.parametrize(
    ("condition", "kind", "texts"),
    [
        (f"{ROW_B} IN ('x', 'y')", "char", {"x", "y"}),
        (f"{ROW_B} = 'x'", "char", {"x"}),
        # A padded text equals others, a number several texts, and '' is NULL.
        (f"{ROW_B} = 'x'", "padded", None),
        (f"{ROW_B} IN ('1', '2')", "number", None),
        (f"{ROW_B} IN ('x', '')", "char", None),
        (f"{ROW_B} IN ('x', t.a)", "char", None),
        (f"{ROW_B} IN (SELECT b FROM t)", "char", None),
        (f"{ROW_B} IN (1, 2)", "char", None),
        (f"NOT {ROW_B} = 'x'", "char", None),
        (f"{ROW_B} = 'x' OR t.k = 1", "char", None),
        ("t.b = 'x'", "char", None),
    ],
)
def test_what_a_text_answers_is_not_asked(
    condition: str, kind: str, texts: set[str] | None
) -> None:
    tree = parse_one(f"{REST} AND ({condition})")
    assert isinstance(tree, exp.Select)
    for column in tree.find_all(exp.Column):
        column.meta["kind"] = kind
    whole = tree.sql()
    taken = take_required(tree)
    if texts is None:
        assert (taken, tree.sql()) == ((), whole)
    else:
        assert (taken, tree.sql()) == ((Required("b", frozenset(texts)),), REST)
    bare = parse_one("SELECT 1 FROM t")
    assert isinstance(bare, exp.Select)
    assert take_required(bare) == ()


def test_a_row_that_lacks_what_is_required_is_asked_about_nowhere() -> None:
    db = DuckDb()
    question = Question(
        template(""),
        acquits=False,
        is_short=True,
        required=(Required("K", frozenset("x")),),
    )
    for value, doubt in (("x", True), ("y", False), (None, False)):
        assert doubtful(db, [Asked(question, {"K": value}, {})]) == [doubt]


@pytest.mark.parametrize(
    ("priority", "engineer", "broken"),
    [("high", 1, True), ("low", 1, False), ("high", 2, False), (None, 1, False)],
)
def test_texts_decide_as_the_full_check_does(
    priority: str | None, engineer: int, broken: bool
) -> None:
    with Sandbox() as sandbox:
        sandbox.run(
            "CREATE TABLE e (id NUMBER PRIMARY KEY, s VARCHAR2(9));"
            "CREATE TABLE t (id NUMBER, e_id NUMBER, p VARCHAR2(9));"
            "CREATE TABLE c (p CHAR(9));"
            "INSERT INTO e VALUES (1, 'junior'); INSERT INTO e VALUES (2, 'senior');"
            "CREATE ASSERTION a CHECK (NOT EXISTS (SELECT t.id FROM t, e WHERE"
            " t.e_id = e.id AND t.p IN ('high', 'urgent') AND e.s = 'junior'))"
            " DEFERRABLE INITIALLY DEFERRED;"
            "CREATE ASSERTION b CHECK (NOT EXISTS (SELECT p FROM t WHERE p = 'none'));"
            "CREATE ASSERTION padded CHECK (NOT EXISTS (SELECT p FROM c WHERE p = 'no'))"
            " DEFERRABLE INITIALLY DEFERRED;"
        )
        said = "NULL" if priority is None else f"'{priority}'"
        sandbox.run(
            f"INSERT INTO t VALUES (1, {engineer}, {said}); INSERT INTO c VALUES ('no');"
        )
        enforced = [one.assertion for one in sandbox.assertions.values()]
        whole = [row for one in enforced for row in sandbox.violations(one)]
        assert sandbox.broken_by_changes(*enforced) == whole
        assert len(whole) == 1 + broken
        with pytest.raises(AssertionViolated):
            sandbox.run("INSERT INTO t VALUES (2, 3, 'none')")
