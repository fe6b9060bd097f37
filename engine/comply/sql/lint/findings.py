"""PROBLEMS -> FINDINGS, as the reporters show them."""

from collections.abc import Iterable, Iterator

from comply.dialect.schema import Schema
from comply.findings import Finding, Severity, Status
from comply.source import Source
from comply.sql.assertion import parse_source
from comply.sql.lint.check import NEED_SCHEMA
from comply.sql.lint.problem import Reported
from comply.sql.lint.rules import BY_ID, LintRule

PREFIX = "sql-lint/"


def finding(reported: Reported) -> Finding:
    """Return a problem as a finding: what Oracle refuses violates, advice warns."""
    problem = reported.problem
    rule = BY_ID[problem.rule]
    advice = rule.code is None
    return Finding(
        rule_id=PREFIX + rule.id,
        title=rule.title,
        severity=Severity.LOW if advice else Severity.HIGH,
        status=Status.WARNING if advice else Status.VIOLATION,
        message=_message(rule, problem.message),
        fact=reported.assertion,
        span=reported.span,
        remediation=_remedy(rule),
    )


def _message(rule: LintRule, said: str) -> str:
    if rule.code == 8689:
        return f"{rule.oracle}: CREATE ASSERTION failed. {said}"
    return f"{rule.oracle}: {said}" if rule.oracle else said


def _remedy(rule: LintRule) -> str:
    return f"{rule.remedy} (--fix does it)" if rule.fixable else rule.remedy


def unchecked(sources: Iterable[Source], schema: Schema | None) -> Iterator[Finding]:
    """Yield, for each assertion whose tables nobody knows, what was not checked."""
    if schema is not None:
        return
    rules = ", ".join(rule.id for rule in NEED_SCHEMA)
    for source in sources:
        for assertion in parse_source(source):
            yield Finding(
                rule_id=PREFIX + "not-checked",
                title="Not checked without the schema",
                severity=Severity.INFO,
                status=Status.UNDETERMINED,
                message=f"Not checked without the schema: {rules}.",
                fact=assertion.full_name,
                span=assertion.span,
                remediation="Name the script that creates the tables: --schema FILE.",
            )
