"""FINDINGS -> JSON, as schemas/findings.schema.json describes it."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, Final, TextIO

from comply.findings import Finding, Severity, Status
from comply.report.run import Run, count

_SCHEMA_VERSION: Final = 1


def write(findings: Iterable[Finding], out: TextIO, run: Run) -> None:
    """Write one JSON object; each finding stands on a line of its own."""
    listed = list(findings)
    head = json.dumps(_head(listed, run), ensure_ascii=False, indent=2)
    out.write(head.removesuffix("\n}") + ',\n  "findings": [')
    for i, finding in enumerate(listed):
        text = json.dumps(_finding(finding), ensure_ascii=False, default=str)
        out.write((",\n    " if i else "\n    ") + text)
    out.write("\n  ]\n}\n" if listed else "]\n}\n")


def _head(findings: list[Finding], run: Run) -> dict[str, Any]:
    counts = count(findings)
    return {
        "schema_version": _SCHEMA_VERSION,
        "comply_version": run.version,
        "checked": {
            "documents": run.documents,
            "facts": run.facts,
            "rules": run.rules,
            "packs": list(run.packs),
        },
        "seconds": round(run.seconds, 3),
        "summary": {
            "total": counts.total,
            "statuses": {str(s): counts.statuses[s] for s in Status},
            "severities": {str(s): counts.severities[s] for s in Severity},
        },
        "notices": list(run.notices),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    span = finding.span
    exemption = finding.exemption
    return {
        "rule_id": finding.rule_id,
        "title": finding.title,
        "severity": str(finding.severity),
        "status": str(finding.status),
        "message": finding.message,
        "fact": finding.fact,
        "location": (
            {"file": span.file, "row": span.row, "col": span.col} if span else None
        ),
        "remediation": finding.remediation,
        "evidence": list(finding.evidence),
        "fingerprint": finding.fingerprint,
        "exemption": asdict(exemption) if exemption else None,
    }
