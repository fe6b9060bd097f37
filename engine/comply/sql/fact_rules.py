"""Assertions over facts as rules: what they read, and what is found of them."""

from collections.abc import Mapping
from typing import Final

from sqlglot import exp

from comply.findings import Finding, Severity, Status
from comply.plan.doubt import GIVEN, Doubts, untold
from comply.source import ComplyError, Span
from comply.sql.assertion import tables_in
from comply.sql.cells import json_path, stored
from comply.sql.evidence import evidence
from comply.sql.relation import Facts
from comply.sql.relations import BY_NAME
from comply.sql.rule import AssertionRule

# Columns that hold whole objects: a rule may read them, evidence shows none of them.
_BULKY: Final = frozenset(
    f.name.upper() for r in BY_NAME.values() for f in r.fields if f.is_json
)


def is_on_facts(rule: AssertionRule) -> bool:
    """Tell whether an assertion reads relations of facts rather than tables."""
    return bool(worlds_of(rule))


def worlds_of(rule: AssertionRule) -> set[str]:
    """Return the worlds whose facts an assertion reads."""
    known = {name.owner for name in BY_NAME}
    owners = {name.owner for name in tables_in(rule.assertion)}
    return {owner.lower() for owner in owners & known}


def relations_of(rule: AssertionRule) -> list[Facts]:
    """Return the relations that an assertion reads."""
    return [BY_NAME[n] for n in tables_in(rule.assertion) if n in BY_NAME]


def handled_in(denial: exp.Expr) -> frozenset[str]:
    """Return the attributes whose unknown values a denial does not ask about.

    They are those that it looks up in `after_unknown`, handling them itself, and those
    that every resource has, unless it names them.
    """
    named = {n.name for n in denial.find_all(exp.Literal) if n.is_string}
    handled: set[str] = set()
    for node in denial.find_all(exp.JSONValue):
        keys = [step for step in json_path(node) or () if isinstance(step, str)]
        named.update(keys)
        if isinstance(node.this, exp.Column) and node.this.name == "AFTER_UNKNOWN":
            handled.update(keys[:1])
    return (GIVEN - named) | handled


def found(
    rule: AssertionRule, row: Mapping[str, object], fact: str, place: Span | None
) -> Finding:
    """Return the finding of a violating row, about the fact that it stems from."""
    shown = {k: stored(v) for k, v in row.items() if k.rpartition(".")[2] not in _BULKY}
    told = [f"{k.lower()} {v}" for k, v in shown.items() if isinstance(v, str)][:3]
    return Finding(
        rule.id,
        rule.title,
        rule.severity,
        Status.VIOLATION,
        f"{rule.title}: {', '.join(told)}" if told else rule.title,
        fact,
        place or rule.assertion.span,
        rule.remediation,
        evidence([shown]),
    )


def undetermined(
    rule: AssertionRule, doubts: Doubts, fact: str, place: Span | None
) -> Finding:
    """Return the finding that names what has to be known before a rule can tell."""
    return Finding(
        rule.id,
        rule.title,
        rule.severity,
        Status.UNDETERMINED,
        untold(doubts, fact),
        fact,
        place or rule.assertion.span,
        rule.remediation,
    )


def failure(rule: AssertionRule, error: ComplyError) -> Finding:
    """Return the finding of a rule that could not be checked."""
    return Finding(
        rule.id,
        rule.title,
        Severity.HIGH,
        Status.ERROR,
        error.message,
        span=error.span or rule.assertion.span,
        remediation=error.hint,
    )
