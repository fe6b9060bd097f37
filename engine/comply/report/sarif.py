"""FINDINGS -> SARIF 2.1.0, which GitHub, Azure DevOps and editors show.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html. GitHub tells findings
apart by `primaryLocationLineHash`: it holds our fingerprint, so that a finding stays the
same one when lines move.
"""

import json
from collections.abc import Iterable
from typing import Any, Final, TextIO

from comply.findings import Finding, Severity, Status
from comply.report.links import repository_path, uri
from comply.report.run import Run

_SCHEMA: Final = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/"
    "sarif-schema-2.1.0.json"
)

_LEVELS: Final = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}

_SCORES: Final = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "3.0",
    Severity.INFO: "0.5",
}
"""What GitHub sorts by: the bounds of its words are 9, 7 and 4."""


def write(findings: Iterable[Finding], out: TextIO, run: Run) -> None:
    """Write one SARIF log; errors are notifications, exempt findings are suppressed."""
    listed = list(findings)
    errors = [f for f in listed if f.status is Status.ERROR]
    results = [f for f in listed if f.status is not Status.ERROR]
    rules = _rules(results)
    index = {rule["id"]: i for i, rule in enumerate(rules)}
    driver = {"name": "comply", "semanticVersion": run.version or "0.0.0"}
    head = {
        "tool": {"driver": {**driver, "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(errors, run)],
    }
    # Line by line: the whole log as one value takes ten times the memory and time.
    out.write(f'{{"$schema": {_text(_SCHEMA)}, "version": "2.1.0", "runs": [\n')
    out.write(_text(head).removesuffix("}") + ', "results": [\n')
    for i, finding in enumerate(results):
        text = _text(_result(finding, index[finding.rule_id]))
        out.write(f",\n{text}" if i else text)
    out.write("\n]}]}\n")


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _rules(findings: list[Finding]) -> list[dict[str, Any]]:
    """Return the rules that have findings, each once, in order."""
    first: dict[str, Finding] = {}
    for finding in findings:
        first.setdefault(finding.rule_id, finding)
    return [_rule(finding) for finding in first.values()]


def _rule(finding: Finding) -> dict[str, Any]:
    title = finding.title or finding.rule_id or "finding"
    return {
        "id": finding.rule_id,
        "shortDescription": {"text": title},
        "help": {"text": finding.remediation or title},
        "defaultConfiguration": {"level": _LEVELS[finding.severity]},
        "properties": {
            "security-severity": _SCORES[finding.severity],
            "tags": ["security", finding.rule_id.partition("/")[0]],
        },
    }


def _result(finding: Finding, index: int) -> dict[str, Any]:
    undetermined = finding.status is Status.UNDETERMINED
    level = _LEVELS[finding.severity]
    if finding.status is Status.WARNING and level == "error":
        level = "warning"
    result: dict[str, Any] = {
        "ruleId": finding.rule_id,
        "ruleIndex": index,
        "kind": "review" if undetermined else "fail",
        # A level is for failures only.
        "level": "none" if undetermined else level,
        "message": {"text": finding.message or finding.title or finding.rule_id},
        "locations": [_location(finding)],
        "partialFingerprints": {
            "primaryLocationLineHash": f"{finding.fingerprint}:1",
            "comply/v1": finding.fingerprint,
        },
        "properties": {
            "severity": str(finding.severity),
            "status": str(finding.status),
            "evidence": list(finding.evidence),
        },
    }
    if finding.status is Status.EXEMPT:
        result["suppressions"] = [
            {"kind": "external", "justification": finding.message}
        ]
    return result


def _location(finding: Finding) -> dict[str, Any]:
    location: dict[str, Any] = {}
    span, path = finding.span, repository_path(finding.span)
    if span and path:
        location["physicalLocation"] = {
            "artifactLocation": {"uri": uri(path)},
            "region": {"startLine": span.row, "startColumn": span.col},
        }
    if finding.fact:
        location["logicalLocations"] = [{"fullyQualifiedName": finding.fact}]
    return location


def _invocation(errors: list[Finding], run: Run) -> dict[str, Any]:
    return {
        "executionSuccessful": not errors,
        "toolExecutionNotifications": [
            *(_notification(f) for f in errors),
            *({"level": "note", "message": {"text": text}} for text in run.notices),
        ],
    }


def _notification(finding: Finding) -> dict[str, Any]:
    note: dict[str, Any] = {
        "level": "error",
        "message": {"text": finding.message or finding.title},
    }
    if location := _location(finding):
        note["locations"] = [location]
    return note
