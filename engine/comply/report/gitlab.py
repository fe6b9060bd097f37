"""FINDINGS -> GitLab's code quality report, shown in merge requests.

https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
"""

import json
from collections.abc import Iterable
from hashlib import sha256
from typing import Any, Final, TextIO

from comply.findings import Finding, Severity, Status
from comply.report.links import repository_path
from comply.report.run import Run

_SEVERITIES: Final = {
    Severity.CRITICAL: "blocker",
    Severity.HIGH: "critical",
    Severity.MEDIUM: "major",
    Severity.LOW: "minor",
    Severity.INFO: "info",
}


def write(
    findings: Iterable[Finding],
    out: TextIO,
    run: Run,  # noqa: ARG001  (reporters share one signature)
) -> None:
    """Write a list of issues; exempt findings are none."""
    issues = [_issue(f) for f in findings if f.status is not Status.EXEMPT]
    lines = ",\n".join(json.dumps(issue, ensure_ascii=False) for issue in issues)
    out.write(f"[\n{lines}\n]\n")


def _issue(finding: Finding) -> dict[str, Any]:
    # GitLab drops an issue without a place, and its place must be in the repository.
    path = repository_path(finding.span) or "."
    about = f"{finding.fact}: " if finding.fact else ""
    return {
        "description": f"{about}{finding.message}",
        "check_name": finding.rule_id,
        "fingerprint": sha256(f"{finding.fingerprint}\0{path}".encode()).hexdigest(),
        "severity": _SEVERITIES[finding.severity],
        "location": {
            "path": path,
            "lines": {"begin": finding.span.row if finding.span else 1},
        },
    }
