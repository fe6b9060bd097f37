"""FINDINGS -> GitHub workflow commands, which show as annotations on a pull request.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
GitHub shows ten annotations of each kind for a step: these are for the worst findings.
The others follow in the log, in a group that is folded up.
"""

from collections import Counter
from collections.abc import Iterable
from itertools import islice
from typing import Final, TextIO

from comply.findings import SEVERITIES, Finding, Status
from comply.report.characters import one_line
from comply.report.exempt import sentence
from comply.report.links import repository_path
from comply.report.run import Run, count

_COMMANDS: Final = {
    Status.VIOLATION: "error",
    Status.ERROR: "error",
    Status.WARNING: "warning",
    Status.UNDETERMINED: "notice",
    Status.EXEMPT: "notice",
}

_KINDS: Final = ("error", "warning", "notice")

_MOST: Final = 10
_MOST_LINES: Final = 1000

_TEXT: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY: Final = str.maketrans(
    {"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"}
)


def write(findings: Iterable[Finding], out: TextIO, run: Run) -> None:
    """Write commands for the worst findings and for notices, and a line that sums up."""
    listed = list(findings)
    room = Counter(dict.fromkeys(_KINDS, _MOST))
    rest = []
    for finding in sorted(listed, key=_urgency):
        kind = _COMMANDS[finding.status]
        room[kind] -= 1
        if room[kind] < 0:
            rest.append(finding)
        else:
            out.write(f"{_command(finding, kind, run)}\n")
    out.writelines(f"::notice::{notice.translate(_TEXT)}\n" for notice in run.notices)
    _fold(rest, out)
    statuses = count(listed).statuses
    parts = [f"{statuses[s]} {s}" for s in Status if statuses[s]]
    out.write(f"comply: {', '.join(parts) or 'no findings'}\n")


def _urgency(finding: Finding) -> tuple[int, int]:
    kind = _KINDS.index(_COMMANDS[finding.status])
    return kind, -SEVERITIES.index(finding.severity)


def _command(finding: Finding, kind: str, run: Run) -> str:
    properties = {}
    if finding.span and (path := repository_path(finding.span, run)):
        properties = {
            "file": path,
            "line": str(finding.span.row),
            "col": str(finding.span.col),
        }
    mark = _mark(finding)
    properties["title"] = f"{mark}{finding.title} ({finding.severity})"
    listed = ",".join(f"{k}={v.translate(_PROPERTY)}" for k, v in properties.items())
    about = f"{finding.fact}: " if finding.fact else ""
    lines = [
        f"{about}{finding.message}",
        sentence(finding),
        finding.remediation,
        finding.rule_id,
    ]
    text = "\n".join(line for line in lines if line)
    return f"::{kind} {listed}::{text.translate(_TEXT)}"


def _mark(finding: Finding) -> str:
    """Return the status where the kind of the annotation does not tell it."""
    shown = {Status.UNDETERMINED, Status.EXEMPT}
    return f"{finding.status}: " if finding.status in shown else ""


def _fold(findings: list[Finding], out: TextIO) -> None:
    """Write findings that got no annotation as lines of the log."""
    if not findings:
        return
    out.write(f"::group::{len(findings):,} more without an annotation\n")
    for finding in islice(findings, _MOST_LINES):
        place = f" {finding.span}" if finding.span else ""
        text = f"{finding.fact}: {finding.message}" if finding.fact else finding.message
        line = one_line(
            f"{finding.severity} {finding.status}{place} {text} ({finding.rule_id})"
        )
        # GitHub takes this sign for a command wherever in a line it stands.
        out.write(line.replace("##[", "# #[") + "\n")
    if len(findings) > _MOST_LINES:
        out.write(f"and {len(findings) - _MOST_LINES:,} more\n")
    out.write("::endgroup::\n")
