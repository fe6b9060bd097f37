# ruff: noqa: S608  (SQL at random is the point)
"""What SQL says in other words than joins of tables: the same rows as DuckDB finds."""

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from tests.test_sql_delta import grouped_assertion
from tests.test_sql_plan import NAMES, Data, follows, own, program, violations, written

from comply.sql.plan.code import UntranslatedError
from comply.sql.plan.running import Change, Running

FORMS = (
    # groups
    "NOT EXISTS (SELECT k FROM ta GROUP BY k)",
    "ALL (SELECT k q, COUNT(*) n FROM ta GROUP BY q) a SATISFY (a.n <= 2)",
    "NOT EXISTS (SELECT k, MAX(x) - MIN(x) spread FROM ta GROUP BY k HAVING COUNT(*) > 1 AND MAX(x) > MIN(x))",
    "NOT EXISTS (SELECT a.k FROM ta a WHERE EXISTS (SELECT b.x FROM tb b WHERE b.k = a.k GROUP BY b.x HAVING COUNT(*) > 1))",
    "NOT EXISTS (SELECT a.k FROM ta a WHERE a.x IN (SELECT MAX(b.x) FROM tb b GROUP BY b.k))",
    "NOT EXISTS (SELECT a.k FROM ta a WHERE a.x NOT IN (SELECT MAX(b.x) FROM tb b GROUP BY b.k))",
    "NOT EXISTS (SELECT a.k, g.n FROM ta a, (SELECT k, COUNT(*) n FROM tb GROUP BY k) g WHERE g.k = a.k AND g.n > a.x)",
    "NOT EXISTS (SELECT k, COUNT(*) n FROM (SELECT k, x FROM ta WHERE x > 1) q GROUP BY k HAVING COUNT(*) > 1)",
    "NOT EXISTS (SELECT k + 1 j FROM ta GROUP BY k + 1 HAVING SUM(x) > 3)",
    "NOT EXISTS (SELECT a.k FROM ta a WHERE EXISTS (SELECT COUNT(*) FROM tb b WHERE b.k = a.k))",
    "NOT EXISTS (SELECT a.k FROM ta a WHERE EXISTS (SELECT 1 FROM tb b WHERE b.k = a.k HAVING COUNT(*) = 0))",
    "NOT EXISTS (SELECT COUNT(*) n FROM ta HAVING COUNT(*) > 2)",
    "ALL (SELECT COUNT(*) n, MAX(x) m FROM ta) t SATISFY (t.n <= t.m)",
    # queries in FROM and WITH
    "NOT EXISTS (SELECT q.k, q.d FROM (SELECT k, x * 2 d FROM ta WHERE x > 1) q, tb b WHERE q.d = b.x)",
    "NOT EXISTS (SELECT a.k FROM ta a WHERE EXISTS (SELECT 1 FROM (SELECT DISTINCT k FROM tb) b WHERE b.k = a.k))",
    "NOT EXISTS (SELECT DISTINCT q.k FROM (SELECT DISTINCT k FROM ta) q WHERE q.k > 1)",
    "NOT EXISTS (WITH q AS (SELECT k, x FROM ta WHERE x > 1), p AS (SELECT k FROM q WHERE k > 1) SELECT q.k, p.k pk FROM q, p WHERE q.x = p.k)",
    "NOT EXISTS (WITH q AS (SELECT k, x FROM ta) SELECT a.k, b.x FROM q a, q b WHERE a.k = b.k AND a.x < b.x)",
    "NOT EXISTS (SELECT a.k FROM ta a WHERE (SELECT COUNT(*) FROM (SELECT k j, x FROM tb WHERE x > 1) q WHERE q.j = a.k) > 1)",
    "NOT EXISTS (SELECT a.k FROM ta a WHERE (SELECT SUM(q.d) FROM (SELECT b.k, b.x + c.x d FROM tb b, tc c WHERE b.k = c.k) q WHERE q.k = a.k) > 3)",
    # outer joins
    "NOT EXISTS (SELECT a.k, b.x FROM ta a LEFT JOIN tb b ON a.k = b.k AND b.x > 1 WHERE b.x IS NULL OR b.x > a.x)",
    "NOT EXISTS (SELECT a.k, b.k bk FROM ta a RIGHT OUTER JOIN tb b ON a.k = b.k WHERE a.k IS NULL)",
    "NOT EXISTS (SELECT a.k, NVL(c.x, 0) m FROM ta a LEFT JOIN tb b ON a.k = b.k LEFT JOIN tc c ON c.k = b.x WHERE c.k IS NULL AND a.x > 1)",
    "NOT EXISTS (SELECT a.k, c.k ck FROM ta a JOIN tb b ON a.x = b.x RIGHT JOIN tc c ON c.k = b.k WHERE a.k IS NULL)",
    "NOT EXISTS (SELECT a.k FROM ta a WHERE NOT EXISTS (SELECT 1 FROM tb b LEFT JOIN tc c ON b.k = c.k WHERE b.x = a.x AND c.x IS NULL))",
    "NOT EXISTS (SELECT a.k, q.d FROM ta a LEFT JOIN (SELECT k, x + 1 d FROM tb WHERE x > 1) q ON q.k = a.k WHERE q.d IS NULL OR q.d > 2)",
    # sets
    "NOT EXISTS (SELECT k, x FROM ta MINUS SELECT k, x FROM tb)",
    "NOT EXISTS (SELECT k, x FROM ta INTERSECT SELECT x, k FROM tb)",
    "NOT EXISTS (SELECT k n FROM ta WHERE x = 2 UNION SELECT k FROM tb WHERE x = 1 UNION ALL SELECT x FROM tc)",
    "NOT EXISTS (SELECT k FROM ta UNION SELECT k FROM tb MINUS SELECT k FROM tc)",
    "NOT EXISTS (SELECT a.k FROM ta a WHERE EXISTS (SELECT k FROM tb b WHERE b.x = a.x UNION SELECT k FROM tc c WHERE c.x = a.x))",
    "NOT EXISTS (SELECT a.k FROM ta a WHERE NOT EXISTS (SELECT k FROM tb b WHERE b.x = a.x MINUS SELECT k FROM tc))",
    "NOT EXISTS (SELECT a.k FROM ta a WHERE a.x NOT IN (SELECT k FROM tb MINUS SELECT k FROM tc))",
    "NOT EXISTS (SELECT a.k FROM ta a WHERE (a.x, a.k) IN (SELECT k, x FROM tb INTERSECT SELECT k, x FROM tc))",
    "NOT EXISTS (SELECT a.k FROM ta a WHERE a.x > ALL (SELECT k FROM tb UNION SELECT x FROM tc))",
    "NOT EXISTS (SELECT a.k FROM ta a WHERE NOT a.x < ANY (SELECT k FROM tb UNION SELECT x FROM tc))",
    "EXISTS (SELECT k FROM ta MINUS SELECT k FROM tb)",
)  # fmt: skip


@pytest.mark.parametrize("check", FORMS)
@settings(max_examples=max(settings().max_examples // 20, 4))
@given(data=st.data())
def test_other_words_for_joins_agree_with_duckdb(
    check: str, data: st.DataObject
) -> None:
    follows(check, "number", data, 4)


@settings(max_examples=settings().max_examples // 4)
@given(grouped_assertion(), st.data())
def test_random_groups_agree_with_duckdb(check: str, data: st.DataObject) -> None:
    check = written(check, "number")
    event(f"broken: {follows(check, 'number', data, 4)}")


def test_a_change_of_a_group_judges_its_rows_alone() -> None:
    check = "ALL (SELECT k, COUNT(*) n FROM ta GROUP BY k) a SATISFY (a.n <= 2)"
    [running] = [Running(p) for p in program(check, "number")]
    rows = [own((number % 10, 0, 0)) for number in range(20)]
    data: Data = {NAMES[0]: rows}
    running.start(data)
    assert violations([running]) == []
    touched, turns = running.follow(Change({}, {NAMES[0]: [own((7, 0, 0))]}))
    assert touched is not None
    assert (len(touched), turns) == (3, 4)
    assert len(violations([running])) == 1


@pytest.mark.parametrize(
    ("check", "why"),
    [
        ("NOT EXISTS (SELECT a.k FROM ta a FULL JOIN tb b ON a.k = b.k)", "FULL"),
        ("NOT EXISTS (SELECT a.x FROM ta a JOIN tb b USING (k))", "the names of columns"),
        ("NOT EXISTS (SELECT k FROM ta FETCH FIRST 2 ROWS ONLY)", "a limit of rows"),
        ("NOT EXISTS (SELECT k, ROW_NUMBER() OVER (ORDER BY k) n FROM ta)", "values over other rows"),
        ("NOT EXISTS (SELECT k, COUNT(*) n FROM ta GROUP BY ROLLUP (k))", "groups of other than"),
        ("NOT EXISTS (SELECT MAX(COUNT(*)) n FROM ta GROUP BY k)", "groups of other than"),
        ("NOT EXISTS (SELECT k, COUNT(*) n FROM ta GROUP BY 1)", "groups of other than"),
        ("NOT EXISTS (SELECT k FROM ta WHERE (SELECT COUNT(*) FROM (SELECT DISTINCT k FROM tb) q) > 1)", "a sum over DISTINCT"),
        ("NOT EXISTS (SELECT k FROM ta WHERE (SELECT COUNT(*) FROM (SELECT k FROM tb UNION ALL SELECT k FROM tc) q) > 1)", "a sum over a UNION"),
        ("NOT EXISTS (SELECT k FROM ta WHERE (SELECT COUNT(*) FROM (SELECT k FROM tb MINUS SELECT k FROM tc) q) > 1)", "where rows count"),
        ("NOT EXISTS (SELECT k FROM ta WHERE (SELECT COUNT(*) FROM tb b LEFT JOIN tc c ON b.k = c.k) > 1)", "a sum over an outer join"),
        ("NOT EXISTS (SELECT a.k, COUNT(b.k) n FROM ta a LEFT JOIN tb b ON b.k = a.k GROUP BY a.k)", "a sum over an outer join"),
        ("NOT EXISTS (SELECT k FROM ta WHERE x = (SELECT k FROM tb UNION SELECT k FROM tc))", "a set operator"),
        ("NOT EXISTS (SELECT k FROM ta MINUS ALL SELECT k FROM tb)", "where rows count"),
        ("NOT EXISTS (WITH q (j) AS (SELECT k FROM ta) SELECT j FROM q)", "WITH that names columns"),
        ("NOT EXISTS (SELECT v.n FROM (VALUES (1), (2)) v (n))", "spells out"),
        ("NOT EXISTS (SELECT k FROM ta WHERE x IN (" + " UNION ".join(["SELECT k FROM tb"] * 20) + "))", "too many"),
    ],
)  # fmt: skip
def test_what_does_not_fall_apart_says_why(check: str, why: str) -> None:
    with pytest.raises(UntranslatedError, match=why):
        program(check, "number")


def test_a_value_that_groups_come_to_have_concerns_who_is_compared_with_it() -> None:
    check = "NOT EXISTS (SELECT k FROM ta a WHERE a.x NOT IN (SELECT MAX(x) FROM tb GROUP BY k))"
    [made] = program(check, "number")
    ta, tb, _ = NAMES
    running = Running(made)
    running.start({ta: [(1, 2, 3)]})
    assert running.violations
    running.follow(Change({}, {tb: [(1, 2, 3)]}))
    assert not running.violations
    running.follow(Change({}, {tb: [(1, 3, 3)]}))
    assert running.violations
