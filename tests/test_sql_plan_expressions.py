# ruff: noqa: S608  (SQL is the point)
"""Conditions on values that are unknown, truths, JSON, and of no kind that has a plan."""

from itertools import product

import pytest
from tests.test_sql_plan import (
    EXAMPLES,
    NAMES,
    Data,
    compiled,
    doubt,
    doubtful_fields,
    fields,
    from_duckdb,
    of_plan,
    own,
    places,
    program,
    violating,
)

from comply.sql.cells import Json
from comply.sql.plan.code import UntranslatedError
from comply.sql.relation import Field

TRUTHS: Data = {
    NAMES[0]: [own((k, 1, y)) for k, y in product((1, None), (True, False, None))],
    NAMES[1]: [],
    NAMES[2]: [],
}


@pytest.mark.parametrize(
    "condition",
    [
        "y", "NOT y", "y = TRUE", "y IS NULL", "y IS NOT TRUE", "y IS FALSE", "y AND k = 1",
        "(y AND k = 1) IS NULL", "(y OR k = 1) IS NOT NULL", "CASE WHEN y THEN 1 END = 1",
    ],
)  # fmt: skip
def test_truths_mean_what_they_mean_in_duckdb(condition: str) -> None:
    for test in (condition, f"NOT ({condition})"):
        check = f"NOT EXISTS (SELECT k, y FROM ta WHERE {test})"
        assert of_plan(check, "boolean", TRUTHS) == from_duckdb(
            check, "boolean", TRUTHS
        ), test


@pytest.mark.parametrize(
    "condition",
    [
        "UPPER(x) = '1'", "NVL(DATE '2026-01-01', TIMESTAMP '2026-01-02 00:00:00') < '2026-01-02'",
        "NULL", "y = 'abc' AND NOT NULL", "LENGTH(x || y) > 3", "ABS('5' - x) = 4", "DECODE(k, 1, x, '2', 7) = 7",
        "COALESCE(NULL, x) = 2", "INSTR(x * 10, 0) = 2", "LPAD(x, 3, 0) = '001'", "REPLACE(x, 1, y) = 'abc'", "k IN (SELECT b.x FROM tb b WHERE b.y LIKE a.k || '%')",
    ],
)  # fmt: skip
def test_kinds_meet_as_they_do_in_duckdb(condition: str) -> None:
    for test in (condition, f"NOT ({condition})"):
        check = f"NOT EXISTS (SELECT a.k, a.x, a.y FROM ta a WHERE {test})"
        assert of_plan(check, "char", EXAMPLES) == from_duckdb(
            check, "char", EXAMPLES
        ), test


@pytest.mark.parametrize(
    "condition",
    [
        "y IS NULL", "y IS NOT NULL", "y + 1 IS NULL", "y + x IS NOT NULL", "ABS(y) = 1", "CASE WHEN y = 1 THEN 1 ELSE 2 END = x",
        "CASE y WHEN 1 THEN 2 END IS NULL", "LNNVL(y = x)", "y BETWEEN 1 AND x", "y NOT IN (1, x)", "y LIKE '1%'", "NVL(y, 3) = 3",
        "y || 'a' = '1a'", "(SELECT SUM(b.y) FROM tb b WHERE b.k = a.k) > 1", "DECODE(y, 1, 'a', 'b') = 'b'",
    ],
)  # fmt: skip
def test_what_is_unknown_may_turn_out_either_way(condition: str) -> None:
    """Sure violations are there whatever it is; what is possible is told."""
    given = [(k, 1, y) for k, y in product((1, None), (1, 2, None, "?"))]
    for test in (condition, f"NOT ({condition})"):
        check = f"NOT EXISTS (SELECT a.k, a.x FROM ta a WHERE {test})"
        unsure, plain = compiled(check, doubtful_fields()), program(check, "number")
        doubted: Data = {
            n: [doubt(own(row), f"{n}.{i}") for i, row in enumerate(given)]
            for n in NAMES
        }
        told = {places(v, doubted): v.doubts for v in violating(unsure, doubted)}
        possible = set()
        for turned in (1, 2, 3, None):
            rows = [own((*r[:2], turned if r[2] == "?" else r[2])) for r in given]
            data: Data = {n: [own(row) for row in rows] for n in NAMES}
            found = {places(v, data) for v in violating(plain, data)}
            assert {p for p, doubts in told.items() if doubts is None} <= found
            possible |= found
        assert possible <= told.keys(), test


def test_an_object_is_there_or_not_whatever_is_in_it() -> None:
    columns = (
        Field("k", "number", ""),
        Field("x", "number", ""),
        Field("y", "char", "", is_json=True),
    )
    of = dict.fromkeys(NAMES, columns)
    rows = [own((1, 1, Json({"a": 5}))), own((2, 1, None))]
    data: Data = {NAMES[0]: rows, NAMES[1]: [], NAMES[2]: []}
    for condition, wanted in {
        "y IS NULL": [2],
        "y IS NOT NULL": [1],
        "JSON_VALUE(y, '$.a') = '5'": [1],
        "JSON_VALUE(y, '$.a') IS NULL": [2],
        "y LIKE '%a%'": [1],
    }.items():
        check = f"NOT EXISTS (SELECT k FROM ta WHERE {condition})"
        found = violating(compiled(check, of), data)
        assert [v.shown[0] for v in found] == wanted, condition


def test_text_that_is_no_json_has_no_value() -> None:
    check = "NOT EXISTS (SELECT k FROM ta WHERE JSON_VALUE(y, '$.a') IS NULL)"
    data: Data = {
        NAMES[0]: [own((1, 1, "{")), own((2, 1, None)), own((3, 1, '{"a": 1}'))]
    }
    data |= {NAMES[1]: [], NAMES[2]: []}
    assert [v.shown[0] for v in violating(program(check, "char"), data)] == [1, 2]


@pytest.mark.parametrize(
    ("condition", "why"),
    [
        ("INTERVAL '1' DAY = INTERVAL '2' DAY", "a value of the kind seconds|INTERVAL"),
        ("(x = 1) = 2", "a truth compared with another value|the expression EQ"),
        ("NVL(INTERVAL '1' DAY, x) = 1", "a value of the kind|INTERVAL"),
        ("REGEXP_LIKE(x, '1')", "the function REGEXP_LIKE"),
        ("y", "a value in the place of a condition"),
        ("SUBSTR(y, DATE '2026-01-01') = 'a'", "date in the place of number"),
    ],
)
def test_what_no_plan_can_say_is_left_to_the_database(condition: str, why: str) -> None:
    with pytest.raises(UntranslatedError, match=why):
        program(f"NOT EXISTS (SELECT k FROM ta WHERE {condition})", "char")


@pytest.mark.parametrize(
    ("condition", "why"),
    [
        ("y + 1 = 2", "arithmetic with a value of the kind boolean"),
        ("y = 1", "a truth compared with another value"),
    ],
)
def test_a_truth_is_no_number(condition: str, why: str) -> None:
    with pytest.raises(UntranslatedError, match=why):
        program(f"NOT EXISTS (SELECT k FROM ta WHERE {condition})", "boolean")


def test_whether_an_unknown_condition_is_null_is_left_to_the_database() -> None:
    check = "NOT EXISTS (SELECT k FROM ta WHERE (y = 1) IS NULL)"
    with pytest.raises(UntranslatedError, match="IS NULL of a condition"):
        compiled(check, doubtful_fields())
    assert compiled(check, fields("number"))
