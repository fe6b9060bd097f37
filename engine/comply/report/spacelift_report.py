"""FINDINGS -> the file that a plan policy of Spacelift decides by.

schemas/spacelift.schema.json describes it; policies/spacelift has the policy that comes
with comply. It holds no evidence: policies want the verdict, and it must stay small.
https://docs.spacelift.io/concepts/policy/terraform-plan-policy#custom-inputs
"""

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final, Literal, TypeAlias

from comply.classes import dataclass
from comply.findings import SEVERITIES, Exemption, Finding, Status
from comply.report.characters import one_line
from comply.report.run import Run

Decision: TypeAlias = Literal["deny", "warn", "none"]

LARGEST: Final = 1 << 20
"""The most bytes of findings. Spacelift documents no limit of what a policy is given."""

_SCHEMA_VERSION: Final = 1
_LONGEST: Final = 1_000
_MOST_NOTICES: Final = 20
_DECISIONS: Final = ("deny", "warn", "none")


@dataclass(frozen=True, slots=True)
class Bound:
    """What a report is bound to: a run of Spacelift, its commit and its plan.

    `file` is where the plan was read, `sha256` the digest of its JSON; `changes` is how
    many resources it creates, updates or deletes, `changes_sha256` the digest of which.
    """

    run: str
    commit: str
    stack: str
    file: str
    sha256: str
    changes: int
    changes_sha256: str


def decide(finding: Finding, run: Run) -> Decision:
    """Return what a plan policy does with a finding.

    What fails a run elsewhere is denied; exit codes follow the same thresholds.
    """
    worth = SEVERITIES.index(finding.severity) >= SEVERITIES.index(run.threshold)
    match finding.status:
        case Status.ERROR:
            return "deny"
        case Status.VIOLATION:
            return "deny" if worth else "warn"
        case Status.UNDETERMINED:
            return "deny" if worth and finding.rule_id in run.failing else "warn"
        case Status.WARNING:
            return "warn"
        case Status.EXEMPT:
            return "none"


def counted(findings: Iterable[Finding], run: Run) -> dict[Decision, int]:
    """Return how many findings there are of each decision."""
    found = Counter(decide(finding, run) for finding in findings)
    return {"deny": found["deny"], "warn": found["warn"], "none": found["none"]}


def compose(findings: Iterable[Finding], run: Run, bound: Bound) -> str:
    """Return the JSON text of a report, one finding a line, what matters most first.

    It is ASCII, whatever the names in a plan hold. Findings beyond `LARGEST` bytes are
    left out and counted; `summary` counts all.
    """
    listed = sorted(findings, key=lambda finding: _rank(finding, run))
    lines: list[str] = []
    room = LARGEST
    for finding in listed:
        line = json.dumps(_described(finding, run))
        room -= len(line) + len(",\n    ")
        if room < 0:
            break
        lines.append(line)
    body = _head(listed, run, bound, len(listed) - len(lines))
    head = json.dumps(body, indent=2).removesuffix("\n}")
    members = ",".join(f"\n    {line}" for line in lines)
    end = "\n  " if lines else ""
    return f'{head},\n  "findings": [{members}{end}]\n}}\n'


def _rank(finding: Finding, run: Run) -> tuple[bool, int, int]:
    """Return the place of a finding: what could not be checked comes first."""
    decision = _DECISIONS.index(decide(finding, run))
    severity = -SEVERITIES.index(finding.severity)
    return finding.status is not Status.ERROR, decision, severity


def _head(
    findings: list[Finding], run: Run, bound: Bound, left_out: int
) -> dict[str, Any]:
    statuses = Counter(finding.status for finding in findings)
    return {
        "schema_version": _SCHEMA_VERSION,
        "comply_version": run.version,
        "run": {"id": bound.run, "commit": bound.commit, "stack": bound.stack},
        "plan": {
            "file": bound.file,
            "sha256": bound.sha256,
            "changes": bound.changes,
            "changes_sha256": bound.changes_sha256,
        },
        "checked": {
            "documents": run.documents,
            "facts": run.facts,
            "rules": run.rules,
            "packs": list(run.packs),
        },
        "fail_on": str(run.threshold),
        "summary": {
            **counted(findings, run),
            "statuses": {str(status): statuses[status] for status in Status},
        },
        "notices": [_cut(notice) for notice in run.notices[:_MOST_NOTICES]],
        "left_out": left_out,
    }


def _described(finding: Finding, run: Run) -> dict[str, Any]:
    span = finding.span
    exemption = finding.exemption
    return {
        "decision": decide(finding, run),
        "rule_id": _cut(finding.rule_id),
        "title": _cut(finding.title),
        "severity": str(finding.severity),
        "status": str(finding.status),
        "message": _cut(finding.message),
        "fact": _cut(finding.fact),
        "location": (
            {"file": span.file, "row": span.row, "col": span.col} if span else None
        ),
        "remediation": _cut(finding.remediation),
        "fingerprint": finding.fingerprint,
        "exemption": _allowed(exemption) if exemption else None,
    }


def _allowed(exemption: Exemption) -> dict[str, str | bool]:
    return {
        "reason": _cut(exemption.reason),
        "owner": _cut(exemption.owner),
        "until": exemption.until,
        "place": _cut(exemption.place),
        "inline": exemption.inline,
    }


def _cut(text: str) -> str:
    """Return a text as one line of a log, shortened if it is very long."""
    line = one_line(text)
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
