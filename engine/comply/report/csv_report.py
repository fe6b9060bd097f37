"""FINDINGS -> CSV (RFC 4180) for spreadsheets."""

import csv
import json
from collections.abc import Iterable
from typing import Final, TextIO

from comply.findings import Finding
from comply.report.run import Run
from comply.report.worlds import world

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
    "world",
    "exempt_reason",
    "exempt_owner",
    "exempt_until",
    "evidence",
)

_FORMULA: Final = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
"""How a cell starts that a spreadsheet runs; in full width in some languages.

https://owasp.org/www-community/attacks/CSV_Injection
"""


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
    exemption = finding.exemption
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
        world(finding),
        exemption.reason if exemption else "",
        exemption.owner if exemption else "",
        exemption.until if exemption else "",
        _evidence(finding),
    )


def _evidence(finding: Finding) -> str:
    if not finding.evidence:
        return ""
    return json.dumps(finding.evidence, ensure_ascii=False, default=str)


def _inert(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula.

    >>> _inert("=1+1"), _inert("plain")
    ("'=1+1", 'plain')
    """
    # Some programs leave out the blanks before a cell's text.
    starts = cell.startswith(_FORMULA) or cell.lstrip().startswith(_FORMULA)
    return f"'{cell}" if starts else cell
