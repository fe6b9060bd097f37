"""RULES x CATALOGUE -> FINDINGS: the assertions asked for, and those that there are."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, Final

from comply.classes import dataclass
from comply.dialect.errors import SqlError
from comply.findings import Finding, Severity, Status
from comply.sql.assertion import Assertion, parse
from comply.sql.catalog import Catalog
from comply.sql.rule import AssertionRule


class Standing(Enum):
    """What a database does about an assertion of the rules."""

    ENFORCED = "enforced"
    NOT_VALIDATED = "not validated"
    DISABLED = "disabled"
    DIFFERENT = "different"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Held:
    """The assertions of a schema by name, as its document has them, and its tables.

    `supported` is whether this database knows assertions at all.
    """

    schema: str
    assertions: Mapping[str, Mapping[str, Any]]
    catalog: Catalog
    supported: bool


def standing(rule: AssertionRule, held: Held) -> Standing:
    """Return what the database does about a rule."""
    owner = rule.assertion.owner
    found = held.assertions.get(rule.assertion.name)
    if found is None or owner not in ("", held.schema):
        return Standing.MISSING
    if not _same(rule.assertion, found, held.catalog):
        return Standing.DIFFERENT
    if not found["enabled"]:
        return Standing.DISABLED
    return Standing.ENFORCED if found["validated"] else Standing.NOT_VALIDATED


def _same(wanted: Assertion, found: Mapping[str, Any], catalog: Catalog) -> bool:
    """Tell whether two definitions mean the same, names and spelling apart.

    What cannot be read is different: then the data is checked, which is never wrong.
    """
    timing = (wanted.deferrable, wanted.initially_deferred)
    if timing != (found["deferrable"], found["initially_deferred"]):
        return False
    try:
        (other,) = parse(f"CREATE ASSERTION a CHECK ({found['definition']})")
    except (SqlError, ValueError):
        return False
    return _meaning(wanted, catalog) == _meaning(other, catalog)


def _meaning(assertion: Assertion, catalog: Catalog) -> str:
    """Return the denial with every name in full: spaces, case, quotes do not count."""
    for known in (catalog, None):
        try:
            return assertion.denial("oracle", known)
        except SqlError:
            continue
    return assertion.definition


_SAID: Final[Mapping[Standing, tuple[str, Severity, Status, str, str]]] = {
    Standing.MISSING: (
        "missing",
        Severity.MEDIUM,
        Status.VIOLATION,
        "is not in the database",
        "Create it, with `comply sql adopt` where data violates it already.",
    ),
    Standing.DIFFERENT: (
        "different",
        Severity.HIGH,
        Status.VIOLATION,
        "says something else in the database",
        "Drop the assertion in the database and create it as the rules have it.",
    ),
    Standing.DISABLED: (
        "disabled",
        Severity.HIGH,
        Status.VIOLATION,
        "is disabled in the database",
        "ALTER ASSERTION {name} ENABLE VALIDATE",
    ),
    Standing.NOT_VALIDATED: (
        "not-validated",
        Severity.LOW,
        Status.WARNING,
        "is enforced, but old rows were never checked",
        "ALTER ASSERTION {name} VALIDATE",
    ),
}


def compare(
    rules: Sequence[AssertionRule], held: Held, reported: frozenset[str] = frozenset()
) -> list[Finding]:
    """Return what differs between the rules and the database.

    What is `reported` already as not enforced, OWNER.NAME, is not said twice. A
    database without assertions is not blamed for lacking them.
    """
    if not held.supported:
        return []
    found: list[Finding] = []
    for rule in rules:
        state = standing(rule, held)
        name = f"{rule.assertion.owner or held.schema}.{rule.assertion.name}"
        said = _SAID.get(state)
        switched = state in (Standing.DISABLED, Standing.NOT_VALIDATED)
        if said is None or (switched and name in reported):
            continue
        kind, severity, status, text, remedy = said
        found.append(
            Finding(
                f"live/assertion-{kind}",
                "The database enforces the assertions of the rules",
                severity,
                status,
                f"{name} {text}",
                name,
                rule.assertion.span,
                remedy.format(name=name),
            )
        )
    return found + _extra(rules, held)


def _extra(rules: Sequence[AssertionRule], held: Held) -> list[Finding]:
    """Return the assertions that the database has and no rule: if there are rules."""
    known = {rule.assertion.name for rule in rules}
    return [
        Finding(
            "live/assertion-extra",
            "The rules hold the assertions of the database",
            Severity.LOW,
            Status.WARNING,
            f"{held.schema}.{name} is in the database and in none of the rules",
            f"{held.schema}.{name}",
            remediation="Take it over with `comply sql export`, or drop it.",
        )
        for name in held.assertions
        if rules and name not in known
    ]
