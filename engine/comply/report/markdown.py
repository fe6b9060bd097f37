"""FINDINGS -> Markdown that fits a pull request's comment or a job's summary."""

from collections.abc import Iterable
from typing import Final, TextIO

from comply.findings import SEVERITIES, Finding, Status
from comply.report.characters import one_line
from comply.report.exempt import sentence
from comply.report.run import Run, count

_LONGEST: Final = 60_000
"""GitHub takes 65,536 characters in a comment."""

_LONGEST_NOTICES: Final = 6_000

_CELL: Final = 500

_STATUSES: Final = {
    Status.ERROR: "could not be checked",
    Status.VIOLATION: "violations",
    Status.WARNING: "warnings",
    Status.UNDETERMINED: "known only after apply",
    Status.EXEMPT: "exempt",
}

_OPEN: Final = frozenset(_STATUSES.values()) - {_STATUSES[Status.EXEMPT]}

_MOST_OPEN: Final = 20
"""A table of more rows is folded up, so that the conversation stays readable."""

_HEAD: Final = "| Severity | What | Where | Rule |\n|---|---|---|---|\n"


def write(findings: Iterable[Finding], out: TextIO, run: Run) -> None:
    """Write a headline, notices, a table for each status, and what was left out."""
    listed = list(findings)
    counts = count(listed)
    words = [
        f"{counts.statuses[s]:,} {_STATUSES[s]}"
        for s in _STATUSES
        if counts.statuses[s]
    ]
    out.write(f"### comply: {', '.join(words) or 'no findings'}\n\n")
    room = _LONGEST - _notices(run.notices, out)
    for status, title in _STATUSES.items():
        members = [f for f in listed if f.status is status]
        if members:
            room = _table(members, title, out, room)
    out.write(
        f"<sub>{run.documents:,} documents, {run.rules:,} rules, "
        f"{run.seconds:.2f} s, comply {_escaped(run.version)}</sub>\n"
    )


def _notices(notices: tuple[str, ...], out: TextIO) -> int:
    """Write notices, few of them in full; return how many characters that took."""
    lines, size = [], 0
    for i, notice in enumerate(notices):
        line = f"- {_escaped(notice)}\n"
        if size + len(line) > _LONGEST_NOTICES:
            lines.append(f"- and {len(notices) - i:,} more notices\n")
            break
        lines.append(line)
        size += len(line)
    if lines:
        out.writelines([*lines, "\n"])
    return size


def _table(findings: list[Finding], title: str, out: TextIO, room: int) -> int:
    """Write a table as far as there is room, the worst first; return the room left."""
    worst_first = sorted(findings, key=lambda f: -SEVERITIES.index(f.severity))
    opened = " open" if title in _OPEN and len(findings) <= _MOST_OPEN else ""
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
    said = sentence(finding)
    allowed = f"<br>{_escaped(said)}" if said else ""
    what = f"{about}{_escaped(finding.message)}{allowed}{remedy}"
    cells = [str(finding.severity), what, _escaped(place), _escaped(finding.rule_id)]
    return f"| {' | '.join(cells)} |\n"


def _escaped(text: str) -> str:
    """Return `text` on one line, so that nothing in it is Markdown, HTML or a mention."""
    line = one_line(text)
    if len(line) > _CELL:
        line = line[: _CELL - 1] + "…"
    return "".join(_ENTITIES.get(c, c) for c in line)


_ENTITIES: Final = {c: f"&#{ord(c)};" for c in "&<>|`*_[]()#!@\\~$"}
