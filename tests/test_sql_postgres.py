# ruff: noqa: S608  (SQL is the point)
"""Oracle's SQL in PostgreSQL's: what differs from the translation for DuckDB."""

import pytest

from comply.dialect.errors import SqlError
from comply.dialect.syntax import Name
from comply.sql import parse
from comply.sql.catalog import Catalog, Kind

COLUMNS: dict[str, Kind] = {
    "N": "number",
    "M": "number",
    "V": "char",
    "C": "padded",
    "D": "date",
    "T": "timestamp",
    "B": "boolean",
    "F": "double",
}
CATALOG = Catalog({Name("", "T"): COLUMNS})


def written(condition: str) -> str:
    [made] = parse(
        f"CREATE ASSERTION a CHECK (NOT EXISTS (SELECT n FROM t WHERE {condition}))"
    )
    text = made.denial("postgres", CATALOG)
    return text.partition(" WHERE ")[2].replace('"t".', "").replace('"', "")


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        ("v = ''", "v = NULL"),
        ("n / 2 = m", "CAST((n) AS DECIMAL) / (2) = m"),
        ("n + v = 3", "(n) + CAST((v) AS DECIMAL) = 3"),
        ("v = n", "CAST(v AS DECIMAL) = n"),
        ("n BETWEEN v AND 3", "n BETWEEN CAST(v AS DECIMAL) AND 3"),
        ("v = d", "CAST(v AS TIMESTAMP) = d"),
        ("c = v", "RTRIM(c) = RTRIM(v)"),
        ("n = 1e2", "n = 100"),
        ("f * 2 = 1", "(f) * (2) = 1"),
        ("v || c = 'a'", "NULLIF(CONCAT(v, c), '') = 'a'"),
        ("TO_CHAR(d) = 'x'", "UPPER(TO_CHAR(d, 'DD-MON-YY')) = 'x'"),
        ("TO_CHAR(b) = 'TRUE'", "UPPER(CAST(b AS TEXT)) = 'TRUE'"),
        ("TO_CHAR(f) = '1'", "CAST(f AS TEXT) = '1'"),
        ("TO_CHAR(d, 'YYYY') = '2026'", "NULLIF(TO_CHAR(d, 'YYYY'), '') = '2026'"),
        (
            "d - 1 < t",
            "CAST((d) AS TIMESTAMP) - (((1)) * CAST('1 day' AS INTERVAL)) < t",
        ),
        (
            "1 + t > d",
            (
                "DATE_TRUNC('second', CAST((t) AS TIMESTAMP))"
                " + (((1)) * CAST('1 day' AS INTERVAL)) > d"
            ),
        ),
        (
            "d - d > 2",
            (
                "(EXTRACT(EPOCH FROM (CAST((d) AS TIMESTAMP) - CAST((d) AS TIMESTAMP)))"
                " / 86400) > 2"
            ),
        ),
        (
            "t - d > INTERVAL '1' DAY",
            (
                "CAST((t) AS TIMESTAMP) - CAST((d) AS TIMESTAMP)"
                " > CAST('86400000000 microseconds' AS INTERVAL)"
            ),
        ),
        (
            "d + INTERVAL '1-6' YEAR TO MONTH > SYSDATE",
            (
                "CAST((d) AS TIMESTAMP) + (CAST('18 months' AS INTERVAL))"
                " > DATE_TRUNC('second', LOCALTIMESTAMP)"
            ),
        ),
        (
            "INTERVAL '1' HOUR + INTERVAL '-2' HOUR < t - t",
            (
                "(CAST('3600000000 microseconds' AS INTERVAL))"
                " + (CAST('-7200000000 microseconds' AS INTERVAL))"
                " < CAST((t) AS TIMESTAMP) - CAST((t) AS TIMESTAMP)"
            ),
        ),
        ("LOCALTIMESTAMP > SYSTIMESTAMP", "LOCALTIMESTAMP > LOCALTIMESTAMP"),
        ("SUBSTR(v, 0, 2) = 'a'", "NULLIF(SUBSTR(v, 1, GREATEST(2, 0)), '') = 'a'"),
        ("INSTR(v, 'a') > 0", "STRPOS(v, 'a') > 0"),
        ("NVL(n, 0) = 1", "COALESCE(n, 0) = 1"),
        ("LENGTHB(v) > ABS(n)", "OCTET_LENGTH(v) > ABS(n)"),
        ("LTRIM(v) = 'a'", "NULLIF(LTRIM(v), '') = 'a'"),
        ("POWER(n, 2) = 4", "POWER(CAST(n AS DECIMAL), CAST(2 AS DECIMAL)) = 4"),
        ("ROUND(n, 1) = 2", "ROUND(CAST(n AS DECIMAL), 1) = 2"),
        ("TRUNC(n, 2) = 1", "TRUNC(CAST(n AS DECIMAL), 2) = 1"),
        ("TRUNC(d, 'MM') = d", "DATE_TRUNC('month', CAST(d AS TIMESTAMP)) = d"),
        ("TRUNC(d) = d", "DATE_TRUNC('day', CAST(d AS TIMESTAMP)) = d"),
        ("TO_NUMBER(v) = 1", "CAST(v AS DECIMAL) = 1"),
        ("TO_DATE(v) < d", "DATE_TRUNC('second', CAST(v AS TIMESTAMP)) < d"),
        (
            "TO_TIMESTAMP(v, 'DD-MON-RR SS.FF') < t",
            "CAST(TO_TIMESTAMP(v, 'DD-MON-YY SS.US') AS TIMESTAMP) < t",
        ),
        ("CAST(v AS NUMBER(5,2)) = 1", "CAST(v AS DECIMAL(5, 2)) = 1"),
        ("CAST(v AS NUMBER) = 1", "CAST(v AS DECIMAL) = 1"),
        ("CAST(v AS DATE) = d", "DATE_TRUNC('second', CAST(v AS TIMESTAMP)) = d"),
        ("CAST(v AS TIMESTAMP) = t", "CAST(v AS TIMESTAMP) = t"),
        ("CAST(n AS BINARY_DOUBLE) = 1", "CAST(n AS DOUBLE PRECISION) = 1"),
        ("CAST(v AS BOOLEAN)", "CAST(v AS BOOLEAN)"),
        ("CAST(v AS VARCHAR2(3)) = 'a'", "NULLIF(LEFT(v, 3), '') = 'a'"),
        ("CAST(v AS CLOB) = 'a'", "NULLIF(v, '') = 'a'"),
        ("REGEXP_LIKE(v, '^a')", "REGEXP_LIKE(v, '^a')"),
        (
            "REGEXP_REPLACE(v, 'a') = 'b'",
            "NULLIF(REGEXP_REPLACE(v, 'a', '', 'g'), '') = 'b'",
        ),
        ("CONCAT(v, c) = 'a'", "NULLIF(CONCAT(v, c), '') = 'a'"),
        (
            "NUMTODSINTERVAL(n, 'HOUR') > t - d",
            (
                "((n) * CAST('1 hour' AS INTERVAL))"
                " > CAST((t) AS TIMESTAMP) - CAST((d) AS TIMESTAMP)"
            ),
        ),
        ("(SELECT AVG(n) FROM t) > 1", "(SELECT AVG(t_2.n) FROM t AS t_2) > 1"),
    ],
)
def test_expressions(condition: str, text: str) -> None:
    assert written(condition) == text


def test_numbers_are_written_as_oracle_writes_them() -> None:
    assert written("TO_CHAR(n) = '.5'") == (
        "REGEXP_REPLACE(CAST(TRIM_SCALE(CAST(n AS DECIMAL)) AS TEXT),"
        r" '^(-?)0\.', '\1.') = '.5'"
    )


def test_the_last_day_of_a_month_leads_to_another() -> None:
    moved = written("ADD_MONTHS(d, 1) > LAST_DAY(d)")
    assert moved.startswith("CASE WHEN (DATE_TRUNC('month', CAST(d AS TIMESTAMP))")
    assert "THEN (DATE_TRUNC('month', " in moved


@pytest.mark.parametrize(
    "condition",
    [
        "INSTR(v, 'a', 2) > 0",
        "SUBSTR(v, n) = 'a'",
        "TRUNC(d, 'WW') = d",
        "ROUND(d) = d",
        "TO_TIMESTAMP(v, v) = t",
        "TO_NUMBER(v, '9') = 1",
        "TO_CHAR(n, '9') = '1'",
        "REGEXP_REPLACE(v, 'a', 'b', 1) = 'a'",
        "NUMTODSINTERVAL(n, 'WEEK') = t - t",
        "INITCAP(MONTHS_BETWEEN(d, d)) = 'a'",
        "JSON_VALUE(v, '$.a') = 'b'",
    ],
)
def test_what_has_no_translation_is_refused(condition: str) -> None:
    with pytest.raises(SqlError):
        written(condition)


def test_names_are_those_that_postgresql_stores() -> None:
    text = 'CREATE ASSERTION a CHECK (NOT EXISTS (SELECT 1 FROM app.t x, "Odd" y WHERE x.id = y."Id"))'
    [made] = parse(text)
    assert made.denial("postgres") == made.denial("postgresql")
    assert made.denial("postgres").endswith(
        'FROM "app"."t" AS "x", "Odd" AS "y" WHERE "x"."id" = "y"."Id"'
    )
