"""FINDINGS -> the rows and tables that the HTML report's script reads.

What many findings share (rules, files, remedies) stands in tables once; a row names it
by its place there. All text is made visible first (`comply.report.characters`), and no
JSON written here can end the element it stands in.
"""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from comply.classes import dataclass, field
from comply.findings import SEVERITIES, Finding, Status
from comply.report.characters import visible
from comply.report.exempt import entries
from comply.report.worlds import WORLDS, world

_CHUNK: Final = 1000
"""How many rows stand in one element."""

_LONGEST: Final = 4000
"""Characters of one text; a message may be a whole document."""

_MOST_ROWS: Final = 20
"""How many rows of evidence are shown."""

_STATUSES: Final = tuple(Status)


@dataclass(slots=True)
class Tables:
    """What rows share: each value, and its place."""

    rules: dict[tuple[str, str], int] = field(default_factory=dict)
    files: dict[str, int] = field(default_factory=dict)
    remedies: dict[str, int] = field(default_factory=lambda: {"": 0})


def elements(findings: list[Finding]) -> Iterator[str]:
    """Yield the elements that hold the findings: rows, then the tables they need."""
    tables = Tables()
    rows = (row(finding, tables) for finding in findings)
    while chunk := list(islice(rows, _CHUNK)):
        yield _element('class="rows"', chunk)
    yield _element(
        'id="tables"',
        {
            "severities": list(map(str, SEVERITIES)),
            "statuses": list(map(str, _STATUSES)),
            "worlds": list(WORLDS),
            "rules": [[shown(text) for text in rule] for rule in tables.rules],
            "files": [shown(name) for name in tables.files],
            "remedies": [shown(text) for text in tables.remedies],
        },
    )


def row(finding: Finding, tables: Tables) -> list[Any]:
    """Return a finding as the script reads it, empty members at the end left out."""
    span = finding.span
    rule = (finding.rule_id, finding.title)
    file = span.file if span else ""
    remedy = finding.remediation
    cells: list[Any] = [
        SEVERITIES.index(finding.severity),
        _STATUSES.index(finding.status),
        tables.rules.setdefault(rule, len(tables.rules)),
        tables.files.setdefault(file, len(tables.files)),
        WORLDS.index(world(finding)),
        tables.remedies.setdefault(remedy, len(tables.remedies)),
        span.row if span else 0,
        span.col if span else 0,
        shown(finding.fact),
        shown(finding.message),
        shown(span.line.strip()) if span else "",
        [_pairs(item) for item in finding.evidence[:_MOST_ROWS]],
        max(0, len(finding.evidence) - _MOST_ROWS),
        [[name, shown(text)] for name, text in entries(finding)],
    ]
    while not cells[-1]:
        cells.pop()
    return cells


def shown(text: str) -> str:
    r"""Return text as a page shows it: no control characters, and not without end.

    >>> shown("a\u202eb"), len(shown("x" * 5000)) < 4100
    ('a\\u202eb', True)
    """
    if len(text) > _LONGEST:
        text = f"{text[:_LONGEST]}… ({len(text) - _LONGEST:,} more characters)"
    return visible(text)


def _pairs(item: dict[str, object]) -> list[list[str]]:
    return [[shown(str(key)), shown(_plain(value))] for key, value in item.items()]


def _plain(value: object) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def _element(attributes: str, value: object) -> str:
    # ASCII only: U+2028, unpaired surrogates and the like are escapes then.
    text = json.dumps(value, separators=(",", ":"))
    for sign, escape in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        text = text.replace(sign, escape)
    return f'<script type="application/json" {attributes}>{text}</script>\n'
