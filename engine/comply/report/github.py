"""FINDINGS -> GitHub workflow commands, which show as annotations on a pull request.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
"""

from collections.abc import Iterable
from typing import Final, TextIO

from comply.findings import Finding, Status
from comply.report.links import repository_path
from comply.report.run import Run, count

_COMMANDS: Final = {
    Status.VIOLATION: "error",
    Status.ERROR: "error",
    Status.WARNING: "warning",
    Status.UNDETERMINED: "notice",
    Status.EXEMPT: "notice",
}

_TEXT: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY: Final = str.maketrans(
    {"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"}
)


def write(findings: Iterable[Finding], out: TextIO, run: Run) -> None:
    """Write a command for each finding and notice, then a line that sums up."""
    listed = list(findings)
    out.writelines(f"{_command(finding)}\n" for finding in listed)
    out.writelines(f"::notice::{notice.translate(_TEXT)}\n" for notice in run.notices)
    statuses = count(listed).statuses
    parts = [f"{statuses[s]} {s}" for s in Status if statuses[s]]
    out.write(f"comply: {', '.join(parts) or 'no findings'}\n")


def _command(finding: Finding) -> str:
    properties = {}
    if finding.span and (path := repository_path(finding.span)):
        properties = {
            "file": path,
            "line": str(finding.span.row),
            "col": str(finding.span.col),
        }
    properties["title"] = f"{finding.title} ({finding.severity})"
    listed = ",".join(f"{k}={v.translate(_PROPERTY)}" for k, v in properties.items())
    about = f"{finding.fact}: " if finding.fact else ""
    lines = [f"{about}{finding.message}", finding.remediation, finding.rule_id]
    text = "\n".join(line for line in lines if line)
    return f"::{_COMMANDS[finding.status]} {listed}::{text.translate(_TEXT)}"
