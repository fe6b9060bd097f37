"""FINDINGS -> GitLab's code quality report, shown in merge requests.

https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
"""

import json
from collections import Counter
from collections.abc import Iterable
from hashlib import sha256
from typing import Any, Final, TextIO

from comply.findings import Finding, Severity, Status
from comply.report.exempt import described
from comply.report.links import repository_path
from comply.report.run import Run

_SEVERITIES: Final = {
    Severity.CRITICAL: "blocker",
    Severity.HIGH: "critical",
    Severity.MEDIUM: "major",
    Severity.LOW: "minor",
    Severity.INFO: "info",
}

_QUIET: Final = frozenset({Status.EXEMPT, Status.UNDETERMINED})
"""What nobody has to act on now."""


def write(findings: Iterable[Finding], out: TextIO, run: Run) -> None:
    """Write a list of issues; what is exempt or cannot be told yet is marked so."""
    seen: Counter[str] = Counter()
    out.write("[")
    for i, finding in enumerate(findings):
        issue = _issue(finding, seen, run)
        out.write((",\n" if i else "\n") + json.dumps(issue, ensure_ascii=False))
    out.write("\n]\n")


def _issue(finding: Finding, seen: Counter[str], run: Run) -> dict[str, Any]:
    # GitLab drops an issue without a place, and its place must be in the repository.
    path = repository_path(finding.span, run) or "."
    key = f"{finding.fingerprint}\0{path}"
    seen[key] += 1
    about = f"{finding.fact}: " if finding.fact else ""
    severity = Severity.INFO if finding.status in _QUIET else finding.severity
    return {
        "description": f"{about}{described(finding)}",
        "check_name": finding.rule_id,
        # GitLab shows one issue of those with the same fingerprint.
        "fingerprint": sha256(f"{key}\0{seen[key]}".encode()).hexdigest(),
        "severity": _SEVERITIES[severity],
        "location": {
            "path": path,
            "lines": {"begin": finding.span.row if finding.span else 1},
        },
    }
