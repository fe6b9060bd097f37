"""FINDINGS -> CSV (RFC 4180) for spreadsheets."""

import csv
from collections.abc import Iterable
from typing import Final, TextIO

from comply.findings import Finding
from comply.report.run import Run

_COLUMNS: Final = (
    "severity",
    "status",
    "rule_id",
    "title",
    "fact",
    "message",
    "file",
    "row",
    "col",
    "remediation",
    "fingerprint",
)

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def write(
    findings: Iterable[Finding],
    out: TextIO,
    run: Run,  # noqa: ARG001  (reporters share one signature)
) -> None:
    """Write a header and a line for each finding."""
    # Python 3.11 quotes no lone carriage return by itself.
    writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(_COLUMNS)
    writer.writerows([_inert(cell) for cell in _cells(f)] for f in findings)


def _cells(finding: Finding) -> tuple[str, ...]:
    span = finding.span
    return (
        finding.severity.value,
        finding.status.value,
        finding.rule_id,
        finding.title,
        finding.fact,
        finding.message,
        span.file if span else "",
        str(span.row) if span else "",
        str(span.col) if span else "",
        finding.remediation,
        finding.fingerprint,
    )


def _inert(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula.

    >>> _inert("=1+1"), _inert("plain")
    ("'=1+1", 'plain')
    """
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
