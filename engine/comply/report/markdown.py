"""FINDINGS -> Markdown that fits a pull request's comment or a job's summary."""

from collections.abc import Iterable
from typing import Final, TextIO

from comply.findings import SEVERITIES, Finding, Status
from comply.report.characters import one_line
from comply.report.run import Run, count

_LONGEST: Final = 60_000
"""GitHub takes 65,536 characters in a comment."""

_CELL: Final = 500

_STATUSES: Final = {
    Status.ERROR: "could not be checked",
    Status.VIOLATION: "violations",
    Status.WARNING: "warnings",
    Status.UNDETERMINED: "known only after apply",
    Status.EXEMPT: "exempt",
}

_HEAD: Final = "| Severity | What | Where | Rule |\n|---|---|---|---|\n"


def write(findings: Iterable[Finding], out: TextIO, run: Run) -> None:
    """Write a headline, a table for each status, and what was left out."""
    listed = list(findings)
    counts = count(listed)
    words = [
        f"{counts.statuses[s]:,} {_STATUSES[s]}"
        for s in _STATUSES
        if counts.statuses[s]
    ]
    out.write(f"### comply: {', '.join(words) or 'no findings'}\n\n")
    room = _LONGEST
    for status, title in _STATUSES.items():
        members = [f for f in listed if f.status is status]
        if members:
            room = _table(members, title, out, room)
    out.writelines(f"- {_escaped(notice)}\n" for notice in run.notices)
    out.write(
        f"\n<sub>{run.documents:,} documents, {run.rules:,} rules, "
        f"{run.seconds:.2f} s, comply {_escaped(run.version)}</sub>\n"
    )


def _table(findings: list[Finding], title: str, out: TextIO, room: int) -> int:
    """Write a table as far as there is room, the worst first; return the room left."""
    worst_first = sorted(findings, key=lambda f: -SEVERITIES.index(f.severity))
    opened = "" if title == _STATUSES[Status.EXEMPT] else " open"
    head = f"<details{opened}><summary>{len(findings):,} {title}</summary>\n\n{_HEAD}"
    out.write(head)
    room -= len(head)
    for i, finding in enumerate(worst_first):
        row = _row(finding)
        room -= len(row)
        if room < 0:
            out.write(f"\n{len(findings) - i:,} more are not shown.\n")
            break
        out.write(row)
    out.write("\n</details>\n\n")
    return max(room, 0)


def _row(finding: Finding) -> str:
    about = f"**{_escaped(finding.fact)}** " if finding.fact else ""
    remedy = f"<br>→ {_escaped(finding.remediation)}" if finding.remediation else ""
    place = f"{finding.span.file}:{finding.span.row}" if finding.span else ""
    what = f"{about}{_escaped(finding.message)}{remedy}"
    cells = [str(finding.severity), what, _escaped(place), _escaped(finding.rule_id)]
    return f"| {' | '.join(cells)} |\n"


def _escaped(text: str) -> str:
    """Return `text` on one line, so that nothing in it is Markdown, HTML or a mention."""
    line = one_line(text)
    if len(line) > _CELL:
        line = line[: _CELL - 1] + "…"
    return "".join(_ENTITIES.get(c, c) for c in line)


_ENTITIES: Final = {c: f"&#{ord(c)};" for c in "&<>|`*_[]()#!@\\~$"}
