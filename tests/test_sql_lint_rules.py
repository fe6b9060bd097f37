"""Every rule of the lint finds what it is about, there, and nothing else."""

import os
from pathlib import Path

import pytest
from tests.lint_cases import CASES, PLAIN, SCHEMA, check

from comply.dialect.schema import Schema
from comply.load.oracle_ddl import read_scripts
from comply.source import Source
from comply.sql.lint.check import NEED_SCHEMA, lint
from comply.sql.lint.problem import Reported
from comply.sql.lint.rules import BY_ID, RULES

ROOT = Path(__file__).parents[1]
SHARED = Path(os.environ.get("COMPLY_SHARED", ROOT.parent / "shared"))
_SCHEMA = read_scripts([Source("schema.sql", SCHEMA)]).schema


def found(text: str, schema: Schema | None = _SCHEMA) -> list[Reported]:
    return lint([Source("a.sql", text)], schema)


def rules(text: str, schema: Schema | None = _SCHEMA) -> list[str]:
    return [r.problem.rule for r in found(text, schema)]


@pytest.mark.parametrize("rule", [rule.id for rule in RULES])
def test_rule_finds(rule: str) -> None:
    bad, _ = CASES[rule]
    assert rule in rules(bad)


@pytest.mark.parametrize("rule", [rule.id for rule in RULES])
def test_rule_is_silent(rule: str) -> None:
    _, good = CASES[rule]
    assert rule not in rules(good)


def test_rules_are_told_apart() -> None:
    assert len(BY_ID) == len(RULES)
    assert list(CASES) == [rule.id for rule in RULES]
    assert all(rule.title and rule.remedy for rule in RULES)


@pytest.mark.parametrize("rule", [rule.id for rule in NEED_SCHEMA])
def test_rule_needs_the_schema(rule: str) -> None:
    assert rule not in rules(CASES[rule][0], None)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (CASES["ansi-join"][0], "JOIN"),
        (CASES["nullable-join"][0], "p.id = c.qid"),
        (CASES["session-function"][0], "SYSDATE"),
        (CASES["no-such-column"][0], "nn"),
        (CASES["view"][0], "w"),
        (CASES["virtual-column"][0], "v"),
        (CASES["drop-words"][0], "CASCADE"),
        (CASES["syntax"][0], "1"),
    ],
)
def test_the_place_is_that_of_the_fault(text: str, place: str) -> None:
    before = "-- é\n\n  "
    [problem] = [
        r for r in found(before + text) if BY_ID[r.problem.rule].code is not None
    ]
    span = problem.span
    assert (span.row, span.width) == (3, len(place))
    assert span.line[span.col - 1 :].startswith(place)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("SELECT 1 FROM p WHERE n > 9", "CHECK on P (N)"),
        ("SELECT 1 FROM p WHERE id IS NULL", "PRIMARY KEY on P (ID)"),
        ("SELECT 1 FROM p WHERE z <= a", "DATES"),
        (
            "SELECT 1 FROM p x, p y WHERE x.code = y.code AND x.id <> y.id",
            "UNIQUE on P (CODE)",
        ),
        (
            "SELECT 1 FROM p x WHERE EXISTS (SELECT 1 FROM p y WHERE y.code = x.code AND y.id > x.id)",
            "UNIQUE on P (CODE)",
        ),
        (
            "SELECT 1 FROM c WHERE NOT EXISTS (SELECT 1 FROM p WHERE p.id = c.pid)",
            "NOT NULL on C (PID), C_P",
        ),
        (
            "SELECT 1 FROM c WHERE qid IS NOT NULL AND NOT EXISTS (SELECT 1 FROM p WHERE c.qid = p.id)",
            "FOREIGN KEY on C (QID)",
        ),
        ("SELECT 1 FROM p WHERE st = 'c' OR st = 'd'", "ST_KNOWN"),
        ("SELECT 1 FROM p WHERE n NOT BETWEEN 1 AND 9", "CHECK on P (N)"),
    ],
)
def test_the_constraints_that_imply_an_assertion_are_named(
    text: str, names: str
) -> None:
    said = {
        r.problem.rule: r.problem.message for r in found(check(f"NOT EXISTS ({text})"))
    }
    assert said["repeats-constraint"] == f"Constraints guarantee it already: {names}."


@pytest.mark.parametrize(
    "where",
    [
        "n > 5 AND n < 3",
        "n = 3 AND n <> 3",
        "n IN (1, 2) AND n IN (3, 4)",
        "n IN (1, 2) AND n > 2",
        "n NOT IN (1, 2) AND n = 1",
        "n >= 3 AND n < 3",
        "n BETWEEN 5 AND 3",
        "n IS NULL AND n = 3",
        "n = NULL",
        "st = ''",
        "a < z AND a > z",
        "n <> n",
        "1 = 2",
        "a > DATE '2026-01-01' AND a < DATE '2025-01-01'",
        "NOT (n < 3 OR n >= 3)",
        "n = -1 AND n > 0",
        "n = 3 AND NOT (n > 2)",
        "id = n AND n = 1 AND id = 2",
        "EXISTS (SELECT 1 FROM c WHERE c.pid = p.id AND c.m > 1 AND c.m < 1)",
    ],
)
def test_conditions_that_exclude_each_other(where: str) -> None:
    text = check(f"NOT EXISTS (SELECT 1 FROM p WHERE {where})")  # noqa: S608
    assert {"never-fails", "repeats-constraint"} & set(rules(text, None))


@pytest.mark.parametrize(
    "where",
    [
        "n > 3 AND n < 5",
        "n >= 3 AND n <= 3",
        "n IN (1, 2) AND n IN (2, 3)",
        "n = 1 OR n = 2 AND n = 3",
        "st > 'b' AND st < 'a'",
        "st = 'a ' AND st <> 'a'",
        "n = 1 AND n = '1'",
        "n IS NULL",
        "n IS NOT NULL AND n <> 3",
        "n NOT IN (SELECT m FROM c) AND n IS NULL",
        "id = n",
        "a > DATE '2026-1-1' AND a < DATE '2026-01-02'",
        "NOT EXISTS (SELECT 1 FROM c WHERE c.pid = p.id)",
        "NOT EXISTS (SELECT 1 FROM c WHERE c.pid = p.id AND c.m = 1)",
        "UPPER(st) = 'A'",
    ],
)
def test_conditions_that_some_row_may_meet(where: str) -> None:
    text = check(f"NOT EXISTS (SELECT 1 FROM p WHERE {where})")  # noqa: S608
    assert "never-fails" not in rules(text)


@pytest.mark.parametrize(
    "text",
    [
        "EXISTS (SELECT 1 FROM p WHERE n > 5 AND n < 3)",
        "ALL (SELECT n FROM p) r SATISFY (r.n > 5 AND r.n < 3)",
        "NOT EXISTS (SELECT 1 FROM p WHERE 1 = 1)",
        "ALL (SELECT n FROM p) r SATISFY (1 = 2)",
    ],
)
def test_what_nothing_satisfies(text: str) -> None:
    assert "always-fails" in rules(check(text))


def test_a_foreign_key_that_may_be_deferred_promises_nothing() -> None:
    script = (
        "CREATE TABLE a (i NUMBER PRIMARY KEY); CREATE TABLE b (j NUMBER NOT NULL {});"
    )
    text = check(
        "NOT EXISTS (SELECT 1 FROM b WHERE NOT EXISTS (SELECT 1 FROM a WHERE a.i = b.j))"
    )
    for words, implied in (("", True), ("DEFERRABLE", False), ("DISABLE", False)):
        ddl = script.format(f"REFERENCES a {words}")
        schema = read_scripts([Source("s", ddl)]).schema
        assert ("repeats-constraint" in rules(text, schema)) is implied


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("n = 3 AND id = 4", "4 = id AND 3 = n", True),
        ("n > 3", "3 < n", True),
        ("n IN (1, 2)", "n IN (2, 1)", True),
        ("NOT (NOT (n = 3))", "n = 3", True),
        ("EXISTS (SELECT 1 FROM c WHERE c.pid = p.id)", "EXISTS (SELECT id FROM c z WHERE p.id = z.pid)", True),
        ("n > 3", "3 > n", False),
        ("n = 3 OR id = 4", "n = 3 AND id = 4", False),
        ("n NOT IN (SELECT m FROM c)", "n NOT IN (SELECT pid FROM c)", False),
        ("ABS(n) = 3", "SIGN(n) = 3", False),
    ],
)  # fmt: skip
def test_assertions_that_say_the_same(one: str, other: str, *, same: bool) -> None:
    first = check(f"NOT EXISTS (SELECT 1 FROM p WHERE {one})")  # noqa: S608
    second = f"CREATE ASSERTION y CHECK (NOT EXISTS (SELECT 2 FROM p q WHERE {other.replace('p.', 'q.')}))"  # noqa: S608
    assert ("repeats-assertion" in rules(f"{first};\n{second};")) is same


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (check("ALL (SELECT n FROM p) AS r SATISFY (r.n = 3)"), "satisfy-alias"),
        ("ALTER ASSERTION x DISABLE VALIDATE", "disable-validate"),
        ("ALTER ASSERTION x DEFERRABLE", "syntax"),
        ("ALTER ASSERTION x RENAME TO y", "syntax"),
        ("ALTER ASSERTION IF NOT EXISTS x ENABLE", "syntax"),
        ("CREATE OR REPLACE ASSERTION x CHECK (EXISTS (SELECT 1 FROM p))", "syntax"),
        ("CREATE ASSERTION x CHECK (NOT EXISTS (SELECT 'a FROM p))", "syntax"),
        (check("NOT EXISTS (SELECT 1 FROM (p JOIN c ON p.id = c.pid))"), "ansi-join"),
        (check("NOT EXISTS (SELECT 1 FROM p, c WHERE p.id = c.pid(+))"), "outer-join"),
        (check("NOT EXISTS (SELECT 1 FROM p, LATERAL (SELECT 1 FROM c) q)"), "apply"),
        (check("NOT EXISTS (SELECT 1 FROM p WHERE pkg.tax(n) = 3)"), "user-function"),
        (check("NOT EXISTS (SELECT 1 FROM p AS OF SCN 5)"), "table-clause"),
        (check("NOT EXISTS (SELECT 1 FROM p WHERE n = ANY (1, 2))"), "quantified-comparison"),
        (check("ALL (SELECT id FROM p) r SATISFY (EXISTS (SELECT 1 FROM c WHERE c.pid = r.id AND EXISTS (SELECT 1 FROM p q WHERE q.id = c.pid AND EXISTS (SELECT 1 FROM c))))"), "nesting"),
    ],
)  # fmt: skip
def test_other_ways_to_break_a_rule(text: str, rule: str) -> None:
    assert rule in rules(text)


def test_alter_and_drop_as_documented_are_fine() -> None:
    script = (
        "ALTER ASSERTION x DISABLE; ALTER ASSERTION IF EXISTS app.x ENABLE NOVALIDATE;"
        " ALTER ASSERTION x VALIDATE; DROP ASSERTION IF EXISTS x;"
    )
    assert rules(script) == []


def test_a_plain_assertion_is_fine() -> None:
    assert rules(PLAIN) == []
    assert rules(PLAIN, None) == []


def test_published_assertions_get_the_verdicts_of_the_reference() -> None:
    seeds = SHARED / "seeds" / "sql"
    if not seeds.exists():
        pytest.skip("needs the shared seeds (COMPLY_SHARED)")
    schema = read_scripts([Source("s", (seeds / "schema.sql").read_text())]).schema
    said = {
        (r.assertion, r.problem.rule)
        for r in lint([Source("a", (seeds / "assertions.sql").read_text())], schema)
        if BY_ID[r.problem.rule].code is not None
    }
    assert said == {
        ("TICKET_REQUIRES_ACTIVE_SLA", "satisfy-parentheses"),
        ("CRITICAL_TICKETS_NEED_SENIOR_ENGINEER", "ansi-join"),
        ("CRITICAL_TICKETS_NEED_SENIOR_ENGINEER", "nullable-join"),
        ("SLA_MUST_HAVE_SERVICES", "satisfy-parentheses"),
    }


@pytest.mark.parametrize(
    ("ddl", "where", "rule"),
    [
        ("CREATE TABLE t (i NUMBER, o app.point_type)", "o IS NULL", "column-type"),
        (
            "CREATE DOMAIN big AS CLOB; CREATE TABLE t (i NUMBER, o DOMAIN big)",
            "o IS NULL",
            "column-type",
        ),
        (
            "CREATE TABLE t (i NUMBER GENERATED ALWAYS AS IDENTITY)",
            "i IS NULL",
            "repeats-constraint",
        ),
    ],
)
def test_columns_of_other_tables(ddl: str, where: str, rule: str) -> None:
    schema = read_scripts([Source("s", ddl)]).schema
    assert rule in rules(check(f"NOT EXISTS (SELECT 1 FROM t WHERE {where})"), schema)  # noqa: S608


def test_a_materialized_view_is_called_one() -> None:
    script = "CREATE TABLE t (i NUMBER); CREATE MATERIALIZED VIEW mv AS SELECT i FROM t"
    schema = read_scripts([Source("s", script)]).schema
    text = check("NOT EXISTS (SELECT 1 FROM mv WHERE i = 3)")
    [only] = [r for r in found(text, schema) if r.problem.rule == "view"]
    assert only.problem.message == "MV is a materialized view."
