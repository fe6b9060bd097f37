"""FINDINGS -> SARIF 2.1.0, which GitHub, Azure DevOps and editors show.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html. GitHub tells findings
apart by `primaryLocationLineHash`: it holds our fingerprint, so that a finding stays the
same one when lines move, and a number, since several findings may be equal but for the
line.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, Final, TextIO, TypeAlias

from comply.findings import Finding, Status
from comply.report.exempt import entries, sentence
from comply.report.links import is_absolute, repository_path, uri
from comply.report.run import Run
from comply.report.sarif_rules import LEVELS, descriptors
from comply.source import Span

_Artifact: TypeAlias = Callable[[str], dict[str, str]]

_SCHEMA: Final = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/"
    "sarif-schema-2.1.0.json"
)

_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, default=str)

_ROOT: Final = "%SRCROOT%"
"""What paths are relative to; GitHub, Azure DevOps and editors know the name."""


def write(findings: Iterable[Finding], out: TextIO, run: Run) -> None:
    """Write one SARIF log; errors are notifications, exempt findings are suppressed."""
    listed = list(findings)
    errors = [f for f in listed if f.status is Status.ERROR]
    rules = descriptors((f for f in listed if f.status is not Status.ERROR), run)
    artifact = cache(lambda file: _artifact(file, run))
    index = {rule["id"]: i for i, rule in enumerate(rules)}
    driver = {
        "name": "comply",
        "semanticVersion": run.version or "0.0.0",
        "rules": rules,
    }
    head = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {
            _ROOT: {"description": {"text": "The root of the repository."}}
        },
        "invocations": [_invocation(errors, run, artifact)],
    }
    # Line by line: the whole log as one value takes ten times the memory and time.
    out.write(f'{{"$schema": {_text(_SCHEMA)}, "version": "2.1.0", "runs": [\n')
    out.write(_text(head).removesuffix("}") + ', "results": [\n')
    seen: Counter[str] = Counter()
    separator = ""
    for finding in listed:
        if finding.status is Status.ERROR:
            continue
        fingerprint = finding.fingerprint
        seen[fingerprint] += 1
        result = {
            **_result(finding, index[finding.rule_id], artifact),
            "partialFingerprints": {
                "primaryLocationLineHash": f"{fingerprint}:{seen[fingerprint]}",
                "comply/v1": fingerprint,
            },
        }
        out.write(separator + _text(result))
        separator = ",\n"
    out.write("\n]}]}\n")


def _text(value: object) -> str:
    return _ENCODER.encode(value)


def _result(finding: Finding, index: int, artifact: _Artifact) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.rule_id,
        "ruleIndex": index,
        **_verdict(finding),
        "message": {"text": finding.message or finding.title or finding.rule_id},
        "locations": [_location(finding, artifact)],
        "properties": {
            "severity": str(finding.severity),
            "status": str(finding.status),
            "evidence": list(finding.evidence),
        },
    }
    if finding.status is Status.EXEMPT:
        result["suppressions"] = [_suppression(finding)]
    return result


def _verdict(finding: Finding) -> dict[str, str]:
    if finding.status is Status.UNDETERMINED:
        # A level is for failures only.
        return {"kind": "review", "level": "none"}
    level = LEVELS[finding.severity]
    if finding.status is Status.WARNING and level == "error":
        level = "warning"
    return {"kind": "fail", "level": level}


def _suppression(finding: Finding) -> dict[str, Any]:
    exemption = finding.exemption
    return {
        "kind": "inSource" if exemption and exemption.inline else "external",
        "status": "accepted",
        "justification": sentence(finding) or finding.message,
        "properties": {name.lower(): text for name, text in entries(finding)},
    }


def _location(finding: Finding, artifact: _Artifact) -> dict[str, Any]:
    location: dict[str, Any] = {}
    span = finding.span
    if span and (place := artifact(span.file)):
        region = {"startLine": span.row, "startColumn": span.col}
        if span.width > 1:
            region["endColumn"] = span.col + span.width
        location["physicalLocation"] = {"artifactLocation": place, "region": region}
    if finding.fact:
        location["logicalLocations"] = [{"fullyQualifiedName": finding.fact}]
    return location


def _artifact(file: str, run: Run) -> dict[str, str]:
    """Return the location of a file, nothing for what is no file."""
    path = repository_path(Span(file, 1, 1), run)
    if not path:
        return {}
    place = {"uri": uri(path)}
    if not (is_absolute(path) or path.startswith("../")):
        place["uriBaseId"] = _ROOT
    return place


def _invocation(errors: list[Finding], run: Run, artifact: _Artifact) -> dict[str, Any]:
    return {
        "executionSuccessful": not errors,
        "toolExecutionNotifications": [
            *(_notification(f, artifact) for f in errors),
            *({"level": "note", "message": {"text": text}} for text in run.notices),
        ],
    }


def _notification(finding: Finding, artifact: _Artifact) -> dict[str, Any]:
    note: dict[str, Any] = {
        "level": "error",
        "message": {"text": finding.message or finding.title},
    }
    if location := _location(finding, artifact):
        note["locations"] = [location]
    return note
