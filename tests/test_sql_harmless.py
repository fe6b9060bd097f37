# ruff: noqa: S608  (SQL at random is the point)
"""Updates that move a bound the harmless way are not checked, and break nothing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.test_sql_delta import SCHEMA, agree
from tests.test_sql_plan import fields, known

from comply.database.duckdb import DuckDb
from comply.sql import AssertionViolated, Sandbox, parse
from comply.sql.delta import delta_trees
from comply.sql.denial import resolved
from comply.sql.harmless import directions

COVERED = "ALL (SELECT k, x FROM ta) a SATISFY (EXISTS (SELECT 1 FROM tb b WHERE b.k = a.k AND a.x BETWEEN b.x AND b.y))"
BOUNDED = (
    COVERED,
    "NOT EXISTS (SELECT a.k, a.x FROM ta a, tb b WHERE a.k = b.k AND a.x > b.x)",
    "NOT EXISTS (SELECT a.k, a.x FROM ta a WHERE a.x > 2 AND a.y <= a.k)",
    "NOT EXISTS (SELECT a.k, b.k bk FROM ta a, ta b WHERE a.x < b.y AND b.x < a.y AND a.k <> b.k)",
    "ALL (SELECT k, x FROM ta) a SATISFY ((SELECT COUNT(*) FROM tb b WHERE b.k = a.k AND b.x >= a.x) <= 1)",
    "NOT EXISTS (SELECT k FROM ta a WHERE NOT EXISTS (SELECT 1 FROM tb b WHERE b.x > a.x AND EXISTS (SELECT 1 FROM tc c WHERE c.k = b.k AND c.x <= b.y)))",
    "NOT EXISTS (SELECT k FROM ta a WHERE a.x NOT IN (SELECT b.x FROM tb b WHERE b.y > 1))",
)
CHANGES = st.lists(
    st.lists(
        st.builds(
            "UPDATE {} SET {} = {} WHERE {} = {}".format,
            st.sampled_from(["ta", "ta", "tb", "tb", "tc"]),
            st.sampled_from("xy"),
            st.sampled_from(["x + 1", "x - 1", "y + 1", "y - 1", "1", "3", "NULL"]),
            st.sampled_from("kx"),
            st.integers(1, 3),
        ),
        min_size=1,
        max_size=2,
    ),
    min_size=1,
    max_size=6,
)


@pytest.mark.parametrize("check", BOUNDED)
@settings(max_examples=max(settings().max_examples // 10, 4))
@given(rows=st.lists(st.integers(0, 26), min_size=3, max_size=9), changes=CHANGES)
def test_updates_of_bounds_agree_with_the_full_check(
    check: str, rows: list[int], changes: list[list[str]]
) -> None:
    start = [
        f"INSERT INTO t{'abc'[i % 3]} VALUES ({n % 3 + 1}, {n // 3 % 3 + 1}, {n // 9 + 1})"
        for i, n in enumerate(rows)
    ]
    agree(check, start, changes, SCHEMA)


@pytest.mark.parametrize(
    ("check", "found"),
    [
        (COVERED, {("TB", -1): {"X": -1, "Y": 1}}),
        (BOUNDED[1], {("TA", 1): {"X": 1}, ("TB", 1): {"X": -1}}),
        (BOUNDED[2], {("TA", 1): {"X": 1, "Y": -1, "K": 1}}),
        (BOUNDED[4], {("TB", 1): {"X": 1}}),
        # a bound that stands elsewhere as well, or is text, is bound to stay
        ("NOT EXISTS (SELECT k FROM ta WHERE x > 1 AND x <> 5)", {}),
        ("NOT EXISTS (SELECT k FROM ta WHERE NOT x > 1)", {}),
        ("NOT EXISTS (SELECT k FROM ta WHERE x + 1 > k + 1)", {}),
        ("NOT EXISTS (SELECT k FROM ta WHERE (SELECT MAX(x) FROM tb WHERE tb.y > 1) = 1)", {}),
        ("ALL (SELECT k, COUNT(*) n FROM ta WHERE x > 1 GROUP BY k) a SATISFY (a.n < 2)", {}),
    ],
)  # fmt: skip
def test_bounds_may_move_one_way(
    check: str, found: dict[tuple[str, int], dict[str, int]]
) -> None:
    catalog = known(fields("number"))
    [made] = parse(f"CREATE ASSERTION a CHECK ({check})")
    denial = resolved(made.parts(), catalog)
    told = {
        (d.table.name, d.way): {c: more for c, (more, _) in ways.items()}
        for d in delta_trees(denial, catalog)
        if (ways := directions(denial, d.place, d.way))
    }
    assert told == found


def test_a_harmless_update_asks_the_database_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = "INSERT INTO tb VALUES (1, 1, 2); INSERT INTO ta VALUES (1, 1, 0); COMMIT;"
    with Sandbox() as sandbox:
        sandbox.run(f"{SCHEMA} {rows} CREATE ASSERTION a CHECK ({COVERED});")
        [made] = parse(f"CREATE ASSERTION a CHECK ({COVERED});")
        asked: list[str] = []
        ask = DuckDb.ask

        def noted(
            self: DuckDb, sql: str, values: list[str | None], limit: int
        ) -> object:
            asked.append(sql)
            return ask(self, sql, values, limit)

        monkeypatch.setattr(DuckDb, "ask", noted)
        sandbox.execute("UPDATE tb SET y = 10, x = -5")
        assert sandbox.broken_by_changes(made) == []
        assert asked == []
        sandbox.commit()
        with pytest.raises(AssertionViolated):
            sandbox.execute("UPDATE tb SET y = y - 10")
        assert asked != []
        with pytest.raises(AssertionViolated):
            sandbox.execute("UPDATE tb SET y = NULL")
