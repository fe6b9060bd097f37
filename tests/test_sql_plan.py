# ruff: noqa: S608  (SQL at random is the point)
"""Assertions over rows in memory: the same rows as DuckDB finds, and after any change."""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from tests.test_sql_delta import FORMS, TABLES, random_assertion

from comply.database.duckdb import DuckDb
from comply.dialect.syntax import Name
from comply.plan.doubt import Doubt
from comply.sql import parse
from comply.sql.catalog import Catalog, Kind
from comply.sql.denial import resolved
from comply.sql.plan.code import UntranslatedError
from comply.sql.plan.compile import Program, compile_denial
from comply.sql.plan.rows import Row
from comply.sql.plan.running import Change, Running, Violation
from comply.sql.relation import Field

NAMES = tuple(Name("", table.upper()) for table in TABLES)
DUCKDB = {"number": "DECIMAL(38, 0)", "char": "VARCHAR", "boolean": "BOOLEAN"}
Data = dict[Name, list[Row]]


def fields(kind: Kind) -> dict[Name, tuple[Field, ...]]:
    """The tables of the random assertions; their third column is of a kind."""
    columns = (Field("k", "number", ""), Field("x", "number", ""), Field("y", kind, ""))
    return dict.fromkeys(NAMES, columns)


def known(of: Mapping[Name, tuple[Field, ...]]) -> Catalog:
    return Catalog({n: {f.name.upper(): f.kind for f in fs} for n, fs in of.items()})


def written(check: str, kind: Kind) -> str:
    for number in "123":
        check = check.replace(
            f"@{number}", number if kind == "number" else f"'{number}'"
        )
    return check


@lru_cache
def program(check: str, kind: Kind) -> tuple[Program, ...]:
    return compiled(check, fields(kind))


def compiled(check: str, of: Mapping[Name, tuple[Field, ...]]) -> tuple[Program, ...]:
    [made] = parse(f"CREATE ASSERTION a CHECK ({check})")
    return compile_denial(resolved(made.parts(), known(of)), of, made.source)


@lru_cache
def database(kind: Kind) -> DuckDb:
    db = DuckDb()
    for name in NAMES:
        db.run(
            f'CREATE TABLE "{name.name}" (K {DUCKDB["number"]}, X {DUCKDB["number"]}, Y {DUCKDB[kind]})'
        )
    return db


def from_duckdb(check: str, kind: Kind, data: Data) -> list[str]:
    """The rows of the denial, found by DuckDB."""
    db = database(kind)
    [made] = parse(f"CREATE ASSERTION a CHECK ({check})")
    columns = {"K": DUCKDB["number"], "X": DUCKDB["number"], "Y": DUCKDB[kind]}
    for name in NAMES:
        db.run(f'DELETE FROM "{name.name}"')
        db.insert(f'"{name.name}"', columns, data[name])
    sql = made.denial("duckdb", known(fields(kind)))
    return shown(db.query(sql).plain())


def shown(rows: list[dict[str, Any]]) -> list[str]:
    return sorted({repr(sorted((k, str(v)) for k, v in row.items())) for row in rows})


def of_plan(check: str, kind: Kind, data: Data) -> list[str]:
    """Return what rows violate an assertion from scratch, as `from_duckdb` does."""
    every = [Running(p) for p in program(check, kind)]
    for running in every:
        running.start(data)
        assert running.error is None
    return violations(every)


def violations(all_running: list[Running]) -> list[str]:
    return shown(
        [
            dict(zip(running.program.labels, v.shown, strict=True))
            for running in all_running
            for v in running.violations.values()
        ]
    )


NUMBERS = st.sampled_from([1, 1, 2, 2, 3, None])
ROWS = {
    "number": st.tuples(NUMBERS, NUMBERS, NUMBERS),
    "char": st.tuples(NUMBERS, NUMBERS, st.sampled_from(["1", "2", None])),
    "boolean": st.tuples(NUMBERS, NUMBERS, st.sampled_from([True, False, None])),
}


@st.composite
def steps(draw: st.DrawFn, kind: Kind, data: Data) -> tuple[Data, Data]:
    """Rows that go and rows that come, of several tables at once."""
    gone, come = {}, {}
    for name in NAMES:
        held = data[name]
        chosen = draw(st.lists(st.integers(0, 9), max_size=3)) if held else []
        leaving = {i % len(held) for i in chosen} if held else set()
        gone[name] = [held[i] for i in sorted(leaving)]
        arriving = draw(st.lists(ROWS[kind], max_size=3))
        come[name] = [own(row) for row in arriving]
        data[name] = [r for i, r in enumerate(held) if i not in leaving] + come[name]
    return gone, come


def own(row: Row) -> Row:
    """A row as an object of its own, whatever others are equal."""
    return (*row, None)[:-1]


def follows(check: str, kind: Kind, draw: st.DataObject, changes: int) -> bool:
    """Follow random changes, compared with a run from scratch and at the end with DuckDB.

    Return whether the assertion was ever broken.
    """
    every = [Running(p) for p in program(check, kind)]
    data = draw.draw(datasets(ROWS[kind]))
    for running in every:
        running.start(data)
    broken = any(running.violations for running in every)
    for _ in range(changes):
        gone, come = draw.draw(steps(kind, data))
        for running in every:
            running.follow(Change(gone, come))
            fresh = Running(running.program)
            fresh.start(data)
            assert fresh.violations == running.violations
            assert [p.rows for p in fresh.places] == [p.rows for p in running.places]
            broken = broken or bool(running.violations)
            assert not running.notes.seen
    assert violations(every) == from_duckdb(check, kind, data)
    return broken


@st.composite
def datasets(draw: st.DrawFn, rows: st.SearchStrategy[Row], most: int = 4) -> Data:
    found = st.lists(rows, max_size=most)
    return {name: [own(row) for row in draw(found)] for name in NAMES}


@settings(max_examples=settings().max_examples // 4)
@given(random_assertion(), st.sampled_from(["number", "char"]), st.data())
def test_random_assertions_agree_with_duckdb(
    check: str, kind: Kind, data: st.DataObject
) -> None:
    check = written(check, kind)
    try:
        program(check, kind)
    except UntranslatedError as error:
        event(f"left to DuckDB: {error.message}")
        return
    event(f"broken: {follows(check, kind, data, 4)}")


# Queries that read no row outside: a change matters only where it changes their value.
SETTLED = (
    "NOT EXISTS (SELECT a.k, a.x FROM ta a WHERE a.k = 1 AND EXISTS (SELECT 1 FROM tb b, tc c WHERE b.k = c.k AND b.x = 2))",
    "NOT EXISTS (SELECT a.k, a.x FROM ta a WHERE a.x = (SELECT MAX(b.x) FROM tb b) OR NOT EXISTS (SELECT 1 FROM tc c WHERE c.x = 2))",
    "NOT EXISTS (SELECT a.k, a.x FROM ta a WHERE EXISTS (SELECT 1 FROM tb b WHERE NOT EXISTS (SELECT 1 FROM tc c WHERE c.k = b.k)))",
    "NOT EXISTS (SELECT a.k FROM ta a WHERE EXISTS (SELECT 1 FROM tb b WHERE b.k = a.k AND (SELECT COUNT(*) FROM tc c) > 2))",
    "NOT EXISTS (SELECT a.k, (SELECT MIN(b.x) FROM tb b) least FROM ta a WHERE a.k = 1)",
)


@pytest.mark.parametrize(
    "check", [*FORMS, *SETTLED], ids=range(len(FORMS) + len(SETTLED))
)
@settings(max_examples=max(settings().max_examples // 20, 5))
@given(data=st.data())
def test_published_forms_agree_with_duckdb(check: str, data: st.DataObject) -> None:
    try:
        program(check, "number")
    except UntranslatedError:
        return
    follows(check, "number", data, 6)


@settings(max_examples=settings().max_examples // 4)
@given(random_assertion(), st.data())
def test_what_rests_on_unknown_values_is_told(check: str, data: st.DataObject) -> None:
    """Whatever they turn out to be: sure violations come, others are undetermined."""
    check = written(check, "number")
    try:
        unsure = compiled(check, doubtful_fields())
        plain = program(check, "number")
    except UntranslatedError:
        return
    cells = st.sampled_from([1, 2, None, "?", "?"])
    given = data.draw(datasets(st.tuples(NUMBERS, NUMBERS, cells), most=3))
    doubted: Data = {
        n: [doubt(row, f"{n}.{i}") for i, row in enumerate(rows)]
        for n, rows in given.items()
    }
    told = {places(v, doubted): v.doubts for v in violating(unsure, doubted)}
    for _ in range(3):
        values = st.sampled_from([1, 2, 3, None])
        turned: Data = {
            n: [own((*r[:2], data.draw(values) if r[2] == "?" else r[2])) for r in rows]
            for n, rows in given.items()
        }
        found = {places(v, turned) for v in violating(plain, turned)}
        assert found <= told.keys()
        assert {key for key, doubts in told.items() if doubts is None} <= found
    assert all(doubts is None or doubts for doubts in told.values())
    event(f"undetermined: {any(told.values())}")


def violating(programs: tuple[Program, ...], data: Data) -> list[Violation]:
    every = [Running(p) for p in programs]
    for running in every:
        running.start(data)
    return [v for running in every for v in running.violations.values()]


def doubtful_fields() -> dict[Name, tuple[Field, ...]]:
    [columns] = set(fields("number").values())
    return dict.fromkeys(NAMES, (*columns[:2], replace(columns[2], is_unsure=True)))


def doubt(row: Row, name: str) -> Row:
    return (*row[:2], Doubt(frozenset({(name, "y")}))) if row[2] == "?" else own(row)


def places(violation: Violation, data: Data) -> tuple[tuple[Name, int], ...]:
    """Where the rows of a violation stand, which says who they are."""
    where = {
        id(row): (name, i) for name, rows in data.items() for i, row in enumerate(rows)
    }
    return tuple(where[id(row)] for row in violation.rows)


def test_a_change_that_leaves_a_query_its_value_concerns_nobody() -> None:
    [only] = program(SETTLED[0], "number")
    running = Running(only)
    two = (1, 2, 0)
    data: Data = {
        NAMES[0]: [own((1, i, 0)) for i in range(9)],
        NAMES[1]: [own(two), own(two)],
        NAMES[2]: [own(two)],
    }
    running.start(data)
    assert len(running.violations) == 9
    assert running.follow(Change({NAMES[1]: data[NAMES[1]][:1]}, {})) == (set(), 0)
    assert running.follow(Change({NAMES[1]: data[NAMES[1]][1:]}, {})) == (None, 9)
    assert running.violations == {}


CONDITIONS = (
    "UPPER(y) = 'ABC'", "LOWER(y) = 'abc'", "LENGTH(y) > 2", "SUBSTR(y, 2) = 'bc'", "SUBSTR(y, -2, 1) = 'b'",
    "SUBSTR(y, 0, 1) = 'a'", "SUBSTR(y, -9) IS NULL", "INSTR(y, 'b') = 2", "REPLACE(y, 'b', 'x') = 'axc'",
    "REPLACE(y, 'abc') IS NULL", "TRIM(y) = 'abc'", "LTRIM(y, 'a') = 'bc'", "RTRIM(y, 'c') = 'ab'",
    "TRIM(LEADING 'a' FROM y) = 'bc'", "TRIM(TRAILING FROM y) = ' abc'", "y || 'x' = 'abcx'", "y || x = 'abc2'",
    "CONCAT(y, 'z') = 'abcz'", "NVL(y, 'none') = 'none'", "COALESCE(x, k, 0) = 1", "NULLIF(x, 2) IS NULL",
    "DECODE(x, 1, 'a', NULL, 'b', 'c') = 'b'", "DECODE(x, 1, 'a') IS NULL", "GREATEST(k, x) = 2", "LEAST(k, x) = 1",
    "MOD(x, 2) = 1", "MOD(x, 0) = x", "ABS(0 - x) = 2", "SIGN(x - 2) = 0", "ROUND(x / 3, 2) = 0.67",
    "ROUND(-x / 2) = -1", "CEIL(x / 2) = 1", "FLOOR(-x / 2) = -1", "x * 1.5 = 3", "x + k * 2 - 1 > 3", "x / 4 = 0.25",
    "TO_CHAR(x / 4) = '.25'", "TO_CHAR(0 - x / 4) = '-.25'", "TO_CHAR(x * 10) = '10'", "TO_NUMBER('1e1') = x * 10",
    "y LIKE 'a%'", "y NOT LIKE '_b_'", "y LIKE '%50!%%' ESCAPE '!'", "y LIKE 'a.c'", "y LIKE ''",
    "REGEXP_LIKE(y, '^A', 'i')", "NOT REGEXP_LIKE(y, 'b.?$')", "y BETWEEN 'a' AND 'b'", "x NOT BETWEEN 1 AND k",
    "x IN (1, NULL)", "x NOT IN (2, NULL)", "x NOT IN (2, 5)", "y IN ('abc', 'x')", "(x, k) IN (SELECT b.k, b.x FROM tb b)",
    "(x, k) NOT IN (SELECT b.k, b.x FROM tb b)", "x = NULL", "NOT (x = 1 OR y IS NULL)", "(x = 1) IS NULL",
    "(x = 1) IS NOT NULL", "(x = 1) IS TRUE", "(x = 1) IS NOT TRUE", "x = '1'", "'1.0' < x",
    "CASE WHEN x = 1 THEN 'a' WHEN x = 2 THEN 'b' END = 'b'", "CASE x WHEN 1 THEN k ELSE 0 END = 0",
    "JSON_VALUE(y, '$.a[0].b') = '1'", "JSON_VALUE(y, '$.c') = 'true'", "JSON_VALUE(y, '$.a') LIKE '[{%'",
    "x > ANY (SELECT b.k FROM tb b)", "x <= ALL (SELECT b.k FROM tb b)", "NOT x <> ANY (SELECT b.k FROM tb b WHERE b.k = 1)",
    "(SELECT SUM(b.x) FROM tb b WHERE b.k = a.k) = 3", "(SELECT AVG(b.x) FROM tb b) > 1", "(SELECT MIN(b.y) FROM tb b) < y",
    "(SELECT COUNT(DISTINCT b.x) + 1 FROM tb b) = 3", "(SELECT NVL(MAX(b.x), 0) FROM tb b WHERE b.k = a.x) = 0",
    "INITCAP(y) = 'Abc'", "INSTR(y, 'b', 2) = 2", "INSTR(y, 'a', 2) = 0", "LPAD(y, 5, 'xy') = 'xyabc'", "RPAD(y, 2) = 'ab'", "RPAD(y, 5) = 'abc  '",
    "LPAD(y, 0) IS NULL", "NVL2(x, 'a', 'b') = 'a'", "TRANSLATE(y, 'abz', 'x') = 'xc'", "POWER(x, 2) = 4", "SQRT(x * x) = 2", "EXP(0) = x", "LN(1) + x = 2",
    "ASCII(y) = 97", "CHR(97) || 'bc' = y", "TRUNC(x / 3, 1) = 0.6", "TRUNC(-x / 2) = -1", "TRUNC(x / 3) = 0", "LNNVL(x = 1)", "LNNVL(y IS NULL)",
    "DATE '2026-01-31' + x = DATE '2026-02-01'", "DATE '2026-02-01' - x > DATE '2026-01-30'", "DATE '2026-03-01' - DATE '2026-02-28' = x", "x + DATE '2026-01-01' < TIMESTAMP '2026-01-02 12:00:00'",
    "DATE '2026-01-01' + x / 4 = TIMESTAMP '2026-01-01 06:00:00'", "ADD_MONTHS(DATE '2026-01-31', x) = DATE '2026-02-28'", "ADD_MONTHS(DATE '2026-02-28', -x) = DATE '2026-01-31'",
    "LAST_DAY(ADD_MONTHS(DATE '2026-01-15', x)) = DATE '2026-02-28'", "MONTHS_BETWEEN(DATE '2026-03-15', DATE '2026-02-14') > x", "MONTHS_BETWEEN(DATE '2026-02-28', DATE '2026-01-31') = x",
    "TO_DATE('2026-01-0' || NVL(x, 3), 'YYYY-MM-DD') = DATE '2026-01-02'", "TO_DATE('0' || NVL(x, 3) || '-JAN-26', 'DD-MON-RR') < '2026-01-02'", "TO_TIMESTAMP('2026-01-01 1' || NVL(x, 3) || ':30', 'YYYY-MM-DD HH24:MI') > DATE '2026-01-01' + 0.5",
    "TO_DATE('2026-01-0' || NVL(x, 3)) BETWEEN '2026-01-01' AND DATE '2026-01-01'", "TRUNC(DATE '2026-05-20' + x, 'MM') = DATE '2026-05-01'", "TRUNC(TIMESTAMP '2026-05-20 10:11:12', 'HH24') - x < DATE '2026-05-20'",
    "TRUNC(DATE '2026-05-20', 'Q') - DATE '2026-03-31' = x", "TRUNC(DATE '2026-05-20' + x, 'IW') = DATE '2026-05-18'", "TRUNC(DATE '2026-12-31' + x, 'YYYY') = DATE '2027-01-01'", "TRUNC(TIMESTAMP '2026-05-20 10:11:12') + x = DATE '2026-05-21'",
    "TRUNC(TIMESTAMP '2026-05-20 10:11:12', 'MI') < TIMESTAMP '2026-05-20 10:11:00' + x", "EXTRACT(YEAR FROM DATE '2026-12-30' + x) = 2026", "EXTRACT(DAY FROM DATE '2026-12-30' + x) = 1",
    "TO_CHAR(DATE '2026-01-01' + x, 'DD MON YYYY') = '02 JAN 2026'", "TO_CHAR(DATE '2026-01-01' + x, 'fmMonth \"the\" DD') LIKE '%the 02'", "TO_DATE(DATE '2026-01-01' + x) = '02-JAN-26'",
    "DATE '2026-01-02' IN (DATE '2026-01-01' + x, NULL)", "(SELECT MAX(DATE '2026-01-01' + b.x) FROM tb b WHERE b.k = a.k) = DATE '2026-01-03'", "DECODE(x, 1, DATE '2026-01-01', DATE '2026-01-02') > '2026-01-01'",
    "NVL(DATE '2026-01-01' + x, DATE '2026-01-09') = DATE '2026-01-09'", "x BETWEEN 1 AND '2'", "x IN (1, '5')", "x LIKE '1%'", "y LIKE x || '%'", "SUBSTR(y, '2') = 'bc'",
    "x IN (SELECT b.k FROM tb b UNION SELECT c.k FROM tc c)", "x NOT IN (SELECT b.x FROM tb b UNION ALL SELECT c.k FROM tc c)",
)  # fmt: skip
EXAMPLES: Data = {
    NAMES[0]: [
        (1, 1, "abc"), (2, 2, "aBC"), (1, 2, " abc "), (2, None, None), (None, 1, "x"), (2, 1, "150%"),
        (1, 5, '{"a": [{"b": 1}], "c": true}'),
    ],
    NAMES[1]: [(1, 1, "a"), (1, 2, "b"), (2, None, None)],
    NAMES[2]: [(5, 1, "a")],
}  # fmt: skip


@pytest.mark.parametrize("condition", CONDITIONS)
def test_conditions_mean_what_they_mean_in_duckdb(condition: str) -> None:
    for test in (condition, f"NOT ({condition})"):
        if "JSON_VALUE" in test:
            test = f"y LIKE '{{%' AND {test}"  # noqa: PLW2901  (the other texts are no JSON)
        check = f"NOT EXISTS (SELECT a.k n, a.x, a.y FROM ta a WHERE {test})"
        assert of_plan(check, "char", EXAMPLES) == from_duckdb(
            check, "char", EXAMPLES
        ), test


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("x = y", "ORA-01722: unable to convert 'abc' to a number"),
        ("k / 0 = 1", "ORA-01476"),
        ("REGEXP_LIKE(y, 'a(')", "ORA-12726"),
        ("TO_DATE(y, 'YYYY') > DATE '2026-01-01'", "ORA-01861"),
        ("DATE '2026-01-01' + k * 9999999 > '2026-01-01'", "ORA-01841"),
        ("ADD_MONTHS(DATE '2026-01-01', k * 999999) > '2026-01-01'", "ORA-01841"),
        ("SQRT(-k) = 1", "ORA-01428"),
    ],
)
def test_values_that_cannot_be_computed_are_errors(
    condition: str, message: str
) -> None:
    [only] = program(f"NOT EXISTS (SELECT 1 FROM ta WHERE {condition})", "char")
    running = Running(only)
    running.start(EXAMPLES)
    assert running.error is not None
    assert message in running.error.message


@pytest.mark.parametrize(
    ("check", "why"),
    [
        ("NOT EXISTS (SELECT k FROM ta WHERE x = DATE '2026-01-01')", "a date compared with a number"),
        ("NOT EXISTS (SELECT k FROM ta WHERE SYSDATE > DATE '2026-01-01' + x)", "the current time"),
        ("NOT EXISTS (SELECT k FROM ta WHERE SYSTIMESTAMP > TO_DATE(y, 'YYYY'))", "the current time"),
        ("NOT EXISTS (SELECT k FROM ta WHERE TO_DATE(y, x) IS NULL)", "a format that is not fixed"),
        ("NOT EXISTS (SELECT k FROM ta WHERE TO_DATE(y, 'YYYY-XX') IS NULL)", "not recognized"),
        ("NOT EXISTS (SELECT k FROM ta WHERE TO_TIMESTAMP(y, 'YYYY FF3') IS NULL)", "the format YYYY FF3"),
        ("NOT EXISTS (SELECT k FROM ta WHERE TO_CHAR(DATE '2026-01-01', 'Q') = y)", "the format Q"),
        ("NOT EXISTS (SELECT k FROM ta WHERE TO_CHAR(DATE '2026-01-01', 'XX') = y)", "not recognized"),
        ("NOT EXISTS (SELECT k FROM ta WHERE TRUNC(DATE '2026-01-01', 'CC') = y)", "TRUNC of a date in this form"),
        ("NOT EXISTS (SELECT k FROM ta WHERE DATE '2026-01-01' * 2 = y)", "MUL of date and number"),
        ("NOT EXISTS (SELECT k FROM ta WHERE EXTRACT(YEAR FROM x) = 1)", "EXTRACT in this form"),
        ("NOT EXISTS (SELECT k FROM ta WHERE TIMESTAMP '2026-01-01 00:00:00 +02:00' = y)", "a moment of a time zone"),
        ("NOT EXISTS (SELECT k FROM ta WHERE DATE '2026-13-01' = y)", "'2026-13-01' as a moment"),
        ("NOT EXISTS (SELECT k FROM ta WHERE NVL(x, DATE '2026-01-01') = 1)", "date in the place of number"),
        ("NOT EXISTS (SELECT k FROM ta WHERE DATE '2026-01-01' || 'x' = y)", "text of a value of the kind date"),
        ("NOT EXISTS (SELECT k FROM ta WHERE SOUNDEX(y) IS NULL)", "the function SOUNDEX"),
        ("NOT EXISTS (SELECT k FROM ta WHERE x = (SELECT b.k FROM tb b))", "does not sum up"),
        ("NOT EXISTS (SELECT k FROM ta WHERE JSON_VALUE(y, '$.a[*]') = '1')", "other steps than keys"),
        ("NOT EXISTS (SELECT k FROM ta WHERE (x = 1) = (k = 1))", "the expression EQ"),
        ("NOT EXISTS (SELECT k FROM ta WHERE (SELECT STDDEV(x) FROM tb) = 1)", "STDDEV"),
        ("NOT EXISTS (SELECT k FROM ta WHERE (SELECT SUM(y) FROM tb) = 1)", "SUM of a value of this kind"),
    ],
)  # fmt: skip
def test_what_has_no_plan_says_why(check: str, why: str) -> None:
    with pytest.raises(UntranslatedError, match=why):
        program(check, "char")


def test_what_python_cannot_nest_has_no_plan() -> None:
    tables = ", ".join(f"tb b{i}" for i in range(22))
    tied = " AND ".join(f"b{i}.k = b{i + 1}.k" for i in range(21))
    query = f"SELECT 1 FROM {tables} WHERE {tied} AND b0.k = a.k"
    with pytest.raises(UntranslatedError, match="so much nested"):
        program(f"NOT EXISTS (SELECT k FROM ta a WHERE EXISTS ({query}))", "char")
