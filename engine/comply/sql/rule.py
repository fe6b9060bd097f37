"""An assertion as a rule: what its METADATA says of it."""

from comply.classes import dataclass
from comply.findings import Severity
from comply.source import Source
from comply.sql.assertion import Assertion, parse_source


@dataclass(frozen=True, slots=True)
class AssertionRule:
    """An assertion with the words that findings about it use."""

    id: str
    title: str
    severity: Severity
    remediation: str
    assertion: Assertion


def rule_of(assertion: Assertion, file_id: str = "") -> AssertionRule:
    """Return the rule that an assertion is.

    Its id is that of its METADATA, else that of its file, else `sql/` and its name.
    """
    said = dict(assertion.metadata)
    custom = said.get("custom")
    if isinstance(custom, dict):
        said |= custom
    severity = str(said.get("severity", "")).lower()
    return AssertionRule(
        str(said.get("id") or file_id or f"sql/{assertion.name.lower()}"),
        str(said.get("title") or assertion.name.lower().replace("_", " ")),
        Severity(severity) if severity in set(Severity) else Severity.MEDIUM,
        str(said.get("remediation") or ""),
        assertion,
    )


def rules_in(source: Source, file_id: str = "") -> list[AssertionRule]:
    """Return the rules of a file of assertions.

    A file of several gives each the file's id with its own name behind.

    Raises:
        SqlError: an assertion is malformed.
    """
    found = parse_source(source)
    if len(found) == 1:
        return [rule_of(found[0], file_id)]
    return [
        rule_of(a, f"{file_id}/{a.name.lower().replace('_', '-')}" if file_id else "")
        for a in found
    ]
