"""Assertions are read as documented and as published, and denied by their rows."""

import os
from pathlib import Path

import duckdb
import pytest

from comply.dialect.errors import SqlError
from comply.load.oracle_ddl import read_scripts
from comply.source import Source
from comply.sql import parse
from comply.sql.assertion import Assertion, tables_in
from comply.sql.catalog import Catalog, catalog_of

ROOT = Path(__file__).parents[1]
SHARED = Path(os.environ.get("COMPLY_SHARED", ROOT.parent / "shared"))

_EXISTS = "CREATE ASSERTION a CHECK (EXISTS (SELECT 1 FROM t))"
SCHEMA = """
CREATE TABLE tickets (id INTEGER, customer_id INTEGER, engineer_id INTEGER,
  priority VARCHAR, created_at TIMESTAMP);
CREATE TABLE slas (id INTEGER, customer_id INTEGER, start_date DATE, end_date DATE);
CREATE TABLE engineers (id INTEGER, seniority VARCHAR);
INSERT INTO tickets VALUES
  (1, 1, 1, 'critical', '2025-06-01'), (2, 1, 2, 'critical', '2025-06-01'),
  (3, 2, 1, 'low', '2025-06-01'), (4, 1, NULL, 'high', NULL),
  (5, 1, 1, NULL, '2027-06-01');
INSERT INTO slas VALUES (1, 1, '2025-01-01', '2026-12-31');
INSERT INTO engineers VALUES (1, 'senior'), (2, 'junior');
"""


def one(text: str) -> Assertion:
    [found] = parse(text)
    return found


def rows(
    assertion: Assertion, catalog: Catalog | None = None
) -> list[tuple[object, ...]]:
    """Run a denial in a DuckDB that knows nothing of ours."""
    connection = duckdb.connect()
    connection.execute(SCHEMA)
    found = connection.execute(assertion.denial(catalog=catalog)).fetchall()
    connection.close()
    return sorted(found, key=str)


def catalog(script: str) -> Catalog:
    return catalog_of(read_scripts([Source("s", script)]).schema)


def test_what_an_assertion_says_of_itself() -> None:
    made = one(
        """-- something else
-- METADATA
-- title: No junior on critical tickets
-- custom:
--   severity: high
CREATE ASSERTION IF NOT EXISTS app.no_junior CHECK (NOT EXISTS (SELECT 1 FROM t))
  DEFERRABLE INITIALLY DEFERRED ENABLE NOVALIDATE;"""
    )
    assert (made.name, made.owner, made.full_name) == (
        *("NO_JUNIOR", "APP", "APP.NO_JUNIOR"),
    )
    assert made.kind == "not_exists"
    assert (made.deferrable, made.initially_deferred) == (True, True)
    assert (made.enabled, made.validated) == (True, False)
    assert made.metadata["title"] == "No junior on critical tickets"
    assert made.metadata["custom"] == {"severity": "high"}
    assert made.definition == "NOT EXISTS (SELECT 1 FROM t)"
    assert str(made.span) == "<text>:6:32"
    assert made.text.startswith("CREATE ASSERTION")


@pytest.mark.parametrize(
    ("words", "state"),
    [
        ("", (False, False, True, True)),
        ("INITIALLY DEFERRED", (True, True, True, True)),
        ("DEFERRABLE", (True, False, True, True)),
        ("NOT DEFERRABLE INITIALLY IMMEDIATE", (False, False, True, True)),
        ("DISABLE", (False, False, False, False)),
        ("NOVALIDATE ENABLE", (False, False, True, False)),
        ("DISABLE VALIDATE", (False, False, False, True)),
    ],
)
def test_states_and_their_implications(words: str, state: tuple[bool, ...]) -> None:
    made = one(f"{_EXISTS} {words}")
    found = (made.deferrable, made.initially_deferred, made.enabled, made.validated)
    assert found == state


@pytest.mark.parametrize(
    ("check", "wanted"),
    [
        # as published: no alias, no parentheses, the query's own table name
        (
            (
                "ALL (SELECT customer_id, created_at FROM tickets) SATISFY EXISTS ("
                "SELECT 1 FROM slas WHERE slas.customer_id = tickets.customer_id AND"
                " tickets.created_at BETWEEN slas.start_date AND slas.end_date)"
            ),
            ["1, None", "1, datetime", "2, datetime"],
        ),
        # as documented
        (
            (
                "ALL (SELECT id, customer_id c FROM tickets) t SATISFY (EXISTS ("
                "SELECT 1 FROM slas s WHERE s.customer_id = t.c))"
            ),
            ["3, 2"],
        ),
        # a column that the query does not list, under its table's name
        ("ALL (SELECT id FROM tickets) SATISFY tickets.customer_id < 2", ["3"]),
        ("ALL (SELECT id FROM tickets) AS t SATISFY (customer_id < 2)", ["3"]),
        # the alias bears the name of a table inside
        (
            (
                "ALL (SELECT customer_id FROM tickets) slas SATISFY (EXISTS (SELECT 1"
                " FROM slas s WHERE s.customer_id = slas.customer_id))"
            ),
            ["2"],
        ),
        # UNKNOWN passes
        (
            "ALL (SELECT id, priority FROM tickets) t SATISFY (t.priority <> 'low')",
            ["3, 'low'"],
        ),
        (
            "ALL (SELECT * FROM tickets WHERE id < 4) t SATISFY (t.customer_id = 1)",
            ["3, 2"],
        ),
        # three-valued NOT IN
        (
            "ALL (SELECT id FROM tickets) t SATISFY (t.id NOT IN (SELECT engineer_id FROM tickets))",
            ["1", "2"],
        ),
        # the inner table has the outer one's name
        (
            (
                "ALL (SELECT id, customer_id FROM tickets) t SATISFY (NOT EXISTS (SELECT 1"
                " FROM tickets t WHERE t.id > 4 AND t.customer_id = 9))"
            ),
            [],
        ),
        (
            (
                "NOT EXISTS (SELECT t.id FROM tickets t JOIN engineers e ON t.engineer_id = e.id"
                " WHERE t.priority IN ('high', 'critical') AND e.seniority IN ('junior', 'mid'))"
            ),
            ["2"],
        ),
        ("(NOT EXISTS (SELECT id FROM slas))", ["1"]),
        ("NOT (EXISTS (SELECT id FROM slas))", ["1"]),
        ("NOT (NOT EXISTS (SELECT id FROM slas WHERE id > 5))", ["'no such row'"]),
        ("EXISTS (SELECT 1 FROM slas)", []),
        # rows that are groups
        (
            (
                "ALL (SELECT customer_id, COUNT(*) n FROM tickets GROUP BY customer_id) g"
                " SATISFY (g.n <= 3)"
            ),
            ["1, 4"],
        ),
        (
            "ALL (SELECT DISTINCT customer_id FROM tickets) t SATISFY (t.customer_id = 1)",
            ["2"],
        ),
        (
            "NOT EXISTS (SELECT 1 FROM engineers WHERE seniority = '' OR seniority = 'junior')",
            ["2, 'junior'"],
        ),
    ],
)
def test_the_denial_gives_exactly_the_violating_rows(
    check: str, wanted: list[str]
) -> None:
    found = rows(one(f"CREATE ASSERTION a CHECK ({check})"))
    assert len(found) == len(wanted)
    for row, start in zip(found, wanted, strict=True):
        assert ", ".join(map(repr, row)).startswith(start)


def test_with_a_catalog_names_are_checked_and_rows_are_named() -> None:
    known = catalog(
        "CREATE TABLE tickets (id NUMBER, customer_id NUMBER, engineer_id NUMBER,"
        " priority VARCHAR2(9), created_at TIMESTAMP);"
        " CREATE TABLE engineers (id NUMBER, seniority VARCHAR2(9));"
    )
    made = one(
        "CREATE ASSERTION a CHECK (NOT EXISTS (SELECT 1 FROM tickets t, engineers e"
        " WHERE t.engineer_id = e.id AND seniority = 'junior'))"
    )
    sql = made.denial(catalog=known)
    assert '"T"."ID" AS "T.ID"' in sql
    assert '"E"."ID" AS "E.ID"' in sql
    assert '"E"."SENIORITY" AS "SENIORITY"' in sql
    assert len(rows(made, known)) == 1


@pytest.mark.parametrize(
    ("check", "code", "place", "hint"),
    [
        ("NOT EXISTS (SELECT 1 FROM ticket)", 942, "1:53", "did you mean TICKETS?"),
        ("NOT EXISTS (SELECT 1 FROM tickets WHERE idd = 1)", 904, "1:67", "mean ID?"),
        (
            "NOT EXISTS (SELECT 1 FROM tickets t WHERE x.id = 1)",
            904,
            "1:71",
            "or alias",
        ),
        (
            "NOT EXISTS (SELECT 1 FROM tickets a, tickets b WHERE id = 1)",
            918,
            "1:80",
            "",
        ),
        ("ALL (SELECT id FROM tickets) t SATISFY (t.nothing = 1)", 904, "1:69", ""),
        ("NOT EXISTS (SELECT 1 FROM tickets WHERE)", 0, "1:61", ""),
        ("ALL (SELECT id FROM tickets) t SATISFY (t.id =)", 900, "1:", ""),
        ("NOT EXISTS (UPDATE tickets SET id = 1)", 928, "1:39", ""),
        ("NOT EXISTS (SELECT id FROM tickets, (SELECT 1 x FROM dual) y(z))", 0, "", ""),
    ],
)
def test_errors_have_a_code_a_place_and_a_hint(
    check: str, code: int, place: str, hint: str
) -> None:
    known = catalog("CREATE TABLE tickets (id NUMBER, name VARCHAR2(5));")
    if code == 0 and not place:
        assert one(f"CREATE ASSERTION a CHECK ({check})").denial(catalog=known)
        return
    with pytest.raises(SqlError) as caught:
        one(f"CREATE ASSERTION a CHECK ({check})").denial(catalog=known)
    if code:
        assert caught.value.code == code
    assert place in str(caught.value.span)
    assert hint in caught.value.hint
    assert "^" in caught.value.render()


def test_oracle_gets_oracle_and_other_dialects_an_error() -> None:
    made = one(
        "CREATE ASSERTION a CHECK (ALL (SELECT id FROM t) x SATISFY"
        " (NVL(x.id, 0) > SYSDATE - DATE '2026-01-01'))"
    )
    assert "NVL(" in made.denial("oracle")
    assert "DATE '2026-01-01'" in made.denial("oracle")
    with pytest.raises(SqlError, match="no dialect 'klingon'"):
        made.denial("klingon")


@pytest.mark.parametrize("body", ["- a\n-- - b", "title: [", "x: " + "y" * 70_000])
def test_metadata_that_is_no_object_is_an_error(body: str) -> None:
    made = "CREATE ASSERTION a CHECK (EXISTS (SELECT 1 FROM t));"
    text = f"-- METADATA\n-- {body}\n{made}"
    with pytest.raises(SqlError, match="METADATA"):
        parse(text)


def test_empty_metadata_and_other_statements_are_passed_over() -> None:
    text = """CREATE TABLE t (id NUMBER); DROP ASSERTION b;
-- METADATA
CREATE ASSERTION a CHECK (EXISTS (SELECT 1 FROM t u, app.v));"""
    made = one(text)
    assert made.metadata == {}
    assert [str(n) for n in tables_in(made)] == ["T", "APP.V"]


def test_the_published_assertions_are_read() -> None:
    path = SHARED / "seeds" / "sql" / "assertions.sql"
    if not path.exists():
        pytest.skip(f"no published scripts at {path} (set COMPLY_SHARED)")
    found = parse(path.read_text(), path.name)
    assert [(a.name, a.kind, a.initially_deferred) for a in found] == [
        ("TICKET_REQUIRES_ACTIVE_SLA", "universal", False),
        ("CRITICAL_TICKETS_NEED_SENIOR_ENGINEER", "not_exists", False),
        ("SLA_MUST_HAVE_SERVICES", "universal", True),
    ]
    assert len(rows(found[0])) == 3
    assert len(rows(found[1])) == 1


@pytest.mark.parametrize(
    ("created", "altered", "state"),
    [
        ("ENABLE VALIDATE", "DISABLE", (False, False)),
        ("DISABLE NOVALIDATE", "ENABLE", (True, True)),
        ("DISABLE NOVALIDATE", "ENABLE NOVALIDATE", (True, False)),
        ("ENABLE VALIDATE", "NOVALIDATE", (True, False)),
        ("ENABLE NOVALIDATE", "VALIDATE", (True, True)),
        ("DISABLE NOVALIDATE", "NOVALIDATE", (False, False)),
    ],
)
def test_altering_an_assertion_implies_what_is_not_said(
    created: str, altered: str, state: tuple[bool, bool]
) -> None:
    check = "CREATE ASSERTION a CHECK (EXISTS (SELECT 1 FROM t))"
    script = (
        f"CREATE TABLE t (n NUMBER); {check} {created}; ALTER ASSERTION a {altered};"
    )
    [made] = read_scripts([Source("s.sql", script)]).schema.assertions.values()
    assert (made.state.enabled, made.state.validated) == state
