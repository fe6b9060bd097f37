# ruff: noqa: S608  (SQL is the point)
"""What nests too deeply is refused before a parser that would crash reads it."""

import pytest
from sqlglot.dialects.oracle import Oracle

from comply.dialect.errors import SqlError
from comply.dialect.nesting import MOST_NESTED, nests_too_deeply
from comply.dialect.oracle import statement
from comply.dialect.syntax import Text
from comply.source import Source

NESTED = {
    "brackets": ("(", "1", ")"),
    "calls": ("f(", "1", ")"),
    "cases": ("CASE WHEN a = 1 THEN ", "1", " END"),
    "cases in brackets": ("(CASE WHEN a = 1 THEN ", "1", " END)"),
    "subqueries": ("(SELECT a FROM t WHERE a = ", "1", ")"),
    "subscripts": ("[", "1", "]"),
    "negations": ("NOT a = ", "1", ""),
    "prefixes": ("PRIOR a + ", "a", ""),
    "roots": ("CONNECT_BY_ROOT ", "a", ""),
    "quantifiers": ("a = ANY ", "a", ""),
    "intervals": ("INTERVAL ", "'1' DAY", ""),
    "sums of intervals": ("INTERVAL '1' DAY ", "'1' DAY", ""),
    "zones": ("a AT TIME ZONE ", "a", ""),
    "names like keywords": ("(end + ", "1", ")"),
    "unfinished": ("(CASE ", "1", ")"),
}
TRIED_TWICE = {
    "foreign": ("SELECT ", "IF a THEN ", "1", " END", " FROM t"),
    "types": ("SELECT ", "VARCHAR2 (", "1", ")", " FROM t"),
    "types behind": ("SELECT 1 FROM t WHERE a = ", "NUMBER (f(", "1", "))", ""),
    "joins": ("SELECT 1 FROM t ", "JOIN t ", "", "ON 1 = 1 ", ""),
    "outer joins": ("SELECT 1 FROM t ", "LEFT OUTER JOIN t ", "", "", ""),
    "unions": ("SELECT 1 FROM t ", "UNION (SELECT 1 FROM t ", "", ")", ""),
}


def deep(kind: str, count: int) -> str:
    before, within, after = NESTED[kind]
    return shown(f"{before * count}{within}{after * count}")


def shown(expression: str) -> str:
    return f"SELECT {expression} FROM t"


@pytest.mark.parametrize("kind", NESTED)
def test_what_nests_too_deeply_is_refused(kind: str) -> None:
    tokens = Oracle().tokenize
    assert not nests_too_deeply(tokens(deep(kind, MOST_NESTED // 3)))
    assert nests_too_deeply(tokens(deep(kind, MOST_NESTED + 1)))
    sql = deep(kind, 2_000)
    with pytest.raises(SqlError, match="this nests too deeply"):
        statement(Text(sql), Source("a.sql", sql))


@pytest.mark.parametrize("kind", TRIED_TWICE)
def test_what_is_read_in_two_ways_nests_less(kind: str) -> None:
    first, before, within, after, last = TRIED_TWICE[kind]

    def made(count: int) -> str:
        return f"{first}{before * count}{within}{after * count}{last}"

    tokens = Oracle().tokenize
    assert not nests_too_deeply(tokens(made(7)))
    assert nests_too_deeply(tokens(made(11)))
    sql = made(40)
    with pytest.raises(SqlError, match="this nests too deeply"):
        statement(Text(sql), Source("a.sql", sql))


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 FROM t WHERE " + " AND ".join(["a IS NOT NULL"] * 500),
        "SELECT 1 FROM t WHERE " + " OR ".join(["NOT (a = 1)"] * 500),
        shown(", ".join(["CASE WHEN a = 1 THEN -1 ELSE 2 END"] * 500)),
        "SELECT 1 FROM t" + " JOIN t ON NOT a = 1" * 500,
        "SELECT 1 FROM t" + " JOIN t USING (a)" * 500,
        "SELECT 1 FROM t" + " CROSS JOIN t" * 500,
        "SELECT 1 FROM t" + " NATURAL LEFT OUTER JOIN t" * 500,
        shown(", ".join(["CAST(a AS NUMBER (3, 1))"] * 500)),
        shown("INTERVAL '1' DAY" + ", 'a' || 'b'" * 500),
        shown("CASE" + " WHEN NOT a = 1 THEN INTERVAL '1' DAY" * 500 + " END"),
        "SELECT a END, (b) FROM t" + " WHERE f(a) = g(b)" * 500,
    ],
)
def test_what_is_long_nests_no_deeper(sql: str) -> None:
    assert not nests_too_deeply(Oracle().tokenize(sql))


def test_joins_without_conditions_nest() -> None:
    sql = "SELECT 1 FROM t " + "JOIN a " * (MOST_NESTED + 1) + "ON 1 = 1 " * MOST_NESTED
    assert nests_too_deeply(Oracle().tokenize(sql))


@pytest.mark.parametrize("operator", ["AND", "OR", "||", "+", "="])
def test_a_chain_of_many_is_refused(operator: str) -> None:
    sql = "SELECT 1 FROM t WHERE " + f"a {operator} " * 5_000 + "a"
    with pytest.raises(SqlError, match="nests too deeply"):
        statement(Text(sql), Source("a.sql", sql))


def test_a_list_of_many_is_read() -> None:
    sql = "SELECT 1 FROM t WHERE a IN (" + "1, " * 20_000 + "1)"
    assert statement(Text(sql), Source("a.sql", sql)) is not None
