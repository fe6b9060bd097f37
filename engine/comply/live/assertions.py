"""ASSERTIONS x DATABASE -> FINDINGS: the rows there are, where nothing enforces the rule."""

from collections.abc import Mapping, Sequence
from typing import Any

from comply.classes import dataclass, field
from comply.database.connection import ConnectionLost, DatabaseError
from comply.dialect.errors import SqlError
from comply.dialect.syntax import DataType, Name
from comply.findings import Finding, Severity, Status
from comply.live.compare import Held, Standing, standing
from comply.live.database import Limits, Live
from comply.live.since import Since, narrowed
from comply.sql.assertion import tables_in
from comply.sql.catalog import Catalog, kind_of_type
from comply.sql.evidence import evidence
from comply.sql.rule import AssertionRule


@dataclass(slots=True)
class Outcome:
    """What checking found; `checked` counts rules, `notices` say how some were."""

    findings: list[Finding] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    checked: int = 0


def catalog_in(value: Mapping[str, Any], schema: str) -> Catalog:
    """Return the tables of a catalogue's document as relations of SQL."""
    relations = {
        Name("", table["name"]): {
            c["name"]: kind_of_type(DataType(c["type"])) for c in table["columns"]
        }
        for table in value["tables"]
    }
    return Catalog(relations, owner=schema)


def denial_of(rule: AssertionRule, dialect: str, catalog: Catalog) -> str:
    """Return the query of the rows that violate a rule, as the database runs it.

    Raises:
        SqlError: a table or column does not exist in the schema.
    """
    return rule.assertion.denial(dialect, _seen(rule, catalog))


def _seen(rule: AssertionRule, catalog: Catalog) -> Catalog | None:
    """Return the catalog, None for a rule about other schemas, which it lacks."""
    owners = {name.owner for name in tables_in(rule.assertion)}
    return catalog if owners <= {"", catalog.owner} else None


def check_assertions(
    session: Live,
    rules: Sequence[AssertionRule],
    held: Held,
    limits: Limits,
    since: Since | None = None,
) -> Outcome:
    """Check each rule against the data, unless the database itself sees to it.

    Raises:
        ConnectionLost: the session is gone; anything else is a finding.
    """
    outcome = Outcome()
    enforced = 0
    for rule in rules:
        outcome.checked += 1
        if standing(rule, held) is Standing.ENFORCED:
            enforced += 1
            continue
        try:
            sql = _query(session, rule, held, since, outcome.notices)
            if sql is None:
                continue
            found = session.query(sql, limits.rows + 1).plain()
        except ConnectionLost:
            raise
        except (DatabaseError, SqlError) as error:
            outcome.findings.append(_failure(rule, error))
            continue
        if found:
            outcome.findings.append(_violation(rule, found, limits.rows))
    if enforced:
        outcome.notices.append(
            f"{enforced} assertion{'' if enforced == 1 else 's'} not checked against "
            "data: the database enforces and has validated what the rule says"
        )
    return outcome


def _query(
    session: Live,
    rule: AssertionRule,
    held: Held,
    since: Since | None,
    notices: list[str],
) -> str | None:
    """Return the query to run, None if nothing that the rule reads has changed."""
    if since is None:
        return denial_of(rule, session.dialect, held.catalog)
    name = rule.assertion.name
    narrow = narrowed(session, rule, _seen(rule, held.catalog), since)
    if narrow.reason:
        notices.append(f"{name}: all rows checked: {narrow.reason}")
        return denial_of(rule, session.dialect, held.catalog)
    return narrow.sql


def _violation(
    rule: AssertionRule, rows: list[dict[str, object]], limit: int
) -> Finding:
    more = len(rows) > limit
    shown = rows[:limit]
    many = f"more than {limit:,} rows" if more else _rows(len(shown))
    verb = "violates" if not more and len(shown) == 1 else "violate"
    return Finding(
        rule.id,
        rule.title,
        rule.severity,
        Status.VIOLATION,
        f"{many} {verb} {rule.assertion.full_name}",
        rule.assertion.full_name,
        rule.assertion.span,
        rule.remediation,
        evidence(shown),
    )


def _rows(n: int) -> str:
    return f"{n:,} row{'' if n == 1 else 's'}"


def _failure(rule: AssertionRule, error: DatabaseError | SqlError) -> Finding:
    return Finding(
        rule.id,
        rule.title,
        Severity.HIGH,
        Status.ERROR,
        f"{rule.assertion.full_name} could not be checked: {error.message}",
        rule.assertion.full_name,
        error.span or rule.assertion.span,
        error.hint,
    )
