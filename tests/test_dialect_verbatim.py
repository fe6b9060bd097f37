# ruff: noqa: S608  (SQL is the point)
"""Calls and literals stay as written, whichever build of sqlglot parses them."""

from typing import cast

import pytest
from sqlglot import exp
from sqlglot.dialects.oracle import Oracle
from sqlglot.parsers.oracle import OracleParser

from comply.dialect.errors import SqlError
from comply.dialect.oracle import OracleSql, condition, query, statement, write
from comply.dialect.syntax import Text
from comply.source import Source


def parsed(sql: str) -> exp.Expr:
    return statement(Text(sql), Source("a.sql", sql))


def column(expression: str) -> exp.Expr:
    tree = parsed(f"SELECT {expression} FROM t")
    return cast("exp.Select", tree).selects[0]


@pytest.mark.parametrize(
    "call",
    [
        *("To_Date(a)", "nvl2(a, b, c)", "DECODE(a, 1, 2)", "SUBSTRING(a, 1)"),
        *("TRUNC(a)", "x.TO_CHAR(a)", '"TO_CHAR"(a)', "CURRENT_DATE(1)", "CHAR(3)"),
        *("DAY(a)", "REPLACE(a, 'b')", "EXISTS(a)", "MOD(a, 2)", "x.y.CONVERT(a, b)"),
    ],
)
def test_a_call_keeps_the_name_its_author_wrote(call: str) -> None:
    tree = column(call)
    assert tree.find(exp.Anonymous) is not None
    written = [node.name for node in tree.find_all(exp.Anonymous, exp.Identifier)]
    assert call.partition("(")[0].replace('"', "").split(".")[-1] in written


def test_a_call_in_a_definition_of_rows_is_one() -> None:
    tree = parsed("SELECT a FROM t MATCH_RECOGNIZE (PATTERN (x) DEFINE x AS LENGTH(b))")
    assert "LENGTH" in [call.this for call in tree.find_all(exp.Anonymous)]


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("INSERT INTO replace (a) VALUES (1)", "replace"),
        ("WITH Rank (a) AS (SELECT 1 FROM dual) SELECT a FROM t", "Rank"),
        ("SELECT a FROM t log JOIN first (b) ON a = b", "first"),
    ],
)
def test_a_name_before_a_bracket_keeps_its_spelling_and_place(
    sql: str, name: str
) -> None:
    at = sql.index(name)
    text = Text(sql, 3)
    tree = statement(text, Source("a.sql", "/**" + sql))
    names = {i.name: i.meta.get("start") for i in tree.find_all(exp.Identifier)}
    calls = {call.this for call in tree.find_all(exp.Anonymous)}
    assert name in calls or names[name] == at + 3


def test_what_sqlglot_is_to_understand_it_does() -> None:
    kinds = {
        "COUNT(*)": exp.Count,
        "MAX(a)": exp.Max,
        "CAST(a AS NUMBER)": exp.Cast,
        "EXTRACT(YEAR FROM a)": exp.Extract,
        "TRIM(BOTH ' ' FROM a)": exp.Trim,
        "LISTAGG(a, ',') WITHIN GROUP (ORDER BY a)": exp.GroupConcat,
        "JSON_VALUE(a, '$.b')": exp.JSONValue,
    }
    assert {sql: type(column(sql)) for sql in kinds} == kinds


@pytest.mark.parametrize("kind", ["CHAR(3)", '"CHAR"(3)', "VARCHAR2(3)", "mode(3)"])
def test_a_type_is_no_call(kind: str) -> None:
    cast_ = column(f"CAST(a AS {kind})")
    assert cast_.find(exp.Anonymous) is None
    plain = kind.replace('"', "").upper()
    assert write(cast_).upper() == f"CAST(A AS {plain})"


def test_a_flashback_is_found_by_its_words() -> None:
    sql = "SELECT a FROM t AS OF TIMESTAMP (b)"
    assert parsed(sql).find(exp.Version) is not None
    assert column("TIMESTAMP(b)").name == "TIMESTAMP"


@pytest.mark.parametrize("name", ["DATE", "TIMESTAMP"])
def test_a_typed_literal_stays_one(name: str) -> None:
    literal = column(f"{name} '2026-01-01'")
    assert isinstance(literal, exp.Introducer)
    assert literal.name == name
    assert literal.expression == exp.Literal.string("2026-01-01")
    sql = f"{name} '2026-01-01'"
    assert condition(Text(sql), Source("a.sql", sql)) == literal


def test_a_typed_literal_alone_stays_one() -> None:
    assert isinstance(parsed(" DATE '2026-01-01'"), exp.Introducer)


def test_a_cast_by_a_format_is_no_literal() -> None:
    tree = column("CAST(a AS TIMESTAMP FORMAT 'YYYY')")
    assert isinstance(tree, exp.StrToTime)


def test_a_bind_variable_may_be_a_number() -> None:
    assert column(":1") == exp.Placeholder(this="1")
    assert column("a + :12").expression.name == "12"


def test_a_long_interval_is_refused_behind_its_text() -> None:
    sql = "SELECT INTERVAL '" + "1" * 101 + "' DAY FROM t"
    with pytest.raises(SqlError, match="the interval is invalid") as caught:
        parsed(sql)
    span = caught.value.span
    assert span is not None
    assert (span.col, span.width) == (sql.index("DAY") + 1, 3)
    assert parsed(sql.replace("11", "", 1)) is not None


@pytest.mark.parametrize(
    "sql",
    [
        *("{0}", "{0} || {0}", "f({0}, {0})", "JSON_VALUE(a, {0})"),
        *("NUMBER {0}", "DATE {0}", "a AS {0}", "{0} AS b", "{0} {0}"),
    ],
)
def test_a_long_string_that_is_no_interval_stays_as_written(sql: str) -> None:
    long, short = (sql.format(f"'$.{'1' * count}'") for count in (150, 5))
    assert write(column(long)) == write(column(short)).replace("1" * 5, "1" * 150)


def test_a_long_string_is_read_in_time_linear_in_its_length() -> None:
    digits = "1" * 200_000
    assert digits in write(column(f"NUMBER '{digits}'"))


def test_half_of_a_surrogate_pair_is_refused() -> None:
    sql = "SELECT to_date\ud800(a) FROM t"
    with pytest.raises(SqlError, match="surrogate") as caught:
        query(Text(sql), Source("a.sql", sql))
    assert caught.value.span is not None
    assert caught.value.span.col == sql.index("\ud800") + 1


def test_the_parser_is_sqlglots_own_which_may_be_compiled() -> None:
    # Python cannot make a subclass of a compiled class.
    assert type(OracleSql().parser()) is OracleParser


def test_sqlglot_itself_is_left_alone() -> None:
    parsed("SELECT TO_CHAR(a), DATE '2026-01-01' FROM t")
    (tree,) = Oracle().parse("SELECT TO_CHAR(a), :b FROM t")
    assert isinstance(tree, exp.Select)
    assert tree.find(exp.ToChar, exp.TimeToStr) is not None
