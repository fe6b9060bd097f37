"""FINDINGS -> HTML: one file to look at, filter and print, which loads nothing.

Its policy (https://www.w3.org/TR/CSP3/) lets only the one style and the one script run
that it is written with, named by their digests; findings are data, never markup.
"""

from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from heapq import nlargest
from html import escape
from pathlib import Path
from string import Template
from typing import Final, TextIO

from comply.findings import SEVERITIES, Finding, Severity, Status
from comply.report.characters import one_line
from comply.report.page_data import elements, shown
from comply.report.run import Counts, Run, count

_PAGE: Final = Path(__file__).with_name("page")
_DATA: Final = "$data\n"

_FALLBACK: Final = 100
"""How many findings stand in the page itself, for where scripts may not run."""

_WORDS: Final = {
    Status.VIOLATION: "violations",
    Status.WARNING: "warnings",
    Status.UNDETERMINED: "undetermined",
    Status.EXEMPT: "exempt",
    Status.ERROR: "could not be checked",
}

_STATES: Final = {Status.ERROR: "critical", Status.VIOLATION: "high"}
"""Which colour the number of a status has, if it is not 0."""


def write(findings: Iterable[Finding], out: TextIO, run: Run) -> None:
    """Write one page, its findings element by element."""
    listed = list(findings)
    style, script = _asset("report.css"), _asset("report.js")
    worst = nlargest(_FALLBACK, listed, key=_weight)
    counts = count(listed)
    headline = _headline(counts)
    values = {
        "policy": _policy(style, script),
        "style": style,
        "script": script,
        "version": escape(one_line(run.version)),
        "title": escape(f"comply: {headline}"),
        "headline": escape(headline),
        "run": escape(_checked(run)),
        "numbers": "".join(_numbers(counts)),
        "notices": _notices(run),
        "fallback_count": f"{len(worst):,}",
        "total": f"{counts.total:,}",
        "fallback": "".join(_fallback_row(finding) for finding in worst),
    }
    before, _, after = _asset("report.html").partition(_DATA)
    out.write(Template(before).substitute(values))
    out.writelines(elements(listed))
    out.write(Template(after).substitute(values))


def _asset(name: str) -> str:
    return (_PAGE / name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src {_source(style)}",
            f"script-src {_source(script)}",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    )


def _source(text: str) -> str:
    """Return how a policy names an inline style or script: by its digest."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _weight(finding: Finding) -> tuple[bool, int]:
    """Return how early a finding comes where there is no room for all."""
    return finding.status is not Status.EXEMPT, SEVERITIES.index(finding.severity)


def _headline(counts: Counts) -> str:
    parts = [
        f"{counts.statuses[status]:,} {word.removesuffix('s') if counts.statuses[status] == 1 else word}"
        for status, word in _WORDS.items()
        if counts.statuses[status]
    ]
    return ", ".join(parts) or "no findings"


def _checked(run: Run) -> str:
    packs = f" Packs: {', '.join(map(one_line, run.packs))}." if run.packs else ""
    return (
        f"{run.facts:,} facts in {run.documents:,} documents, {run.rules:,} rules, "
        f"{run.seconds:.2f} s.{packs}"
    )


def _numbers(counts: Counts) -> Iterable[str]:
    """Yield the numbers of the summary, statuses first, then severities."""
    for status, word in _WORDS.items():
        number = counts.statuses[status]
        colour = _STATES.get(status, "") if number else ""
        yield f'<li class="{colour}"><b>{number:,}</b> {word}</li>'
    severity: Severity
    for severity in reversed(SEVERITIES):
        if number := counts.severities[severity]:
            yield f'<li class="{severity}"><b>{number:,}</b> {severity}</li>'


def _notices(run: Run) -> str:
    items = "".join(f"<li>{escape(one_line(text))}</li>" for text in run.notices)
    return f"<ul>{items}</ul>" if items else ""


def _fallback_row(finding: Finding) -> str:
    remedy = f"→ {finding.remediation}" if finding.remediation else ""
    what = "\n".join(part for part in (finding.fact, finding.message, remedy) if part)
    cells = (
        str(finding.severity),
        str(finding.status),
        what,
        str(finding.span or ""),
        finding.rule_id,
    )
    columns = "".join(f'<td class="value">{escape(shown(cell))}</td>' for cell in cells)
    return f"<tr>{columns}</tr>\n"
