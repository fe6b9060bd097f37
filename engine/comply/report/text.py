"""FINDINGS -> TEXT for people: grouped by file, worst first to the eye, with remedies."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby
from textwrap import wrap
from typing import Final, TextIO

from comply.classes import dataclass
from comply.findings import SEVERITIES, Finding, Severity, Status
from comply.report.characters import one_line, visible
from comply.report.exempt import sentence
from comply.report.look import Look
from comply.report.run import Counts, Run, count

_COLOURS: Final = {
    Severity.CRITICAL: "1;37;41",
    Severity.HIGH: "1;31",
    Severity.MEDIUM: "33",
    Severity.LOW: "36",
    Severity.INFO: "34",
}

_WORDS: Final = {
    Status.VIOLATION: ("violation", "violations"),
    Status.WARNING: ("warning", "warnings"),
    Status.UNDETERMINED: ("undetermined", "undetermined"),
    Status.ERROR: ("error", "errors"),
    Status.EXEMPT: ("exempt", "exempt"),
}

_MARKS: Final = {
    Status.VIOLATION: ("✗", "x"),
    Status.WARNING: ("▲", "!"),
    Status.UNDETERMINED: ("?", "?"),
    Status.ERROR: ("■", "E"),
    Status.EXEMPT: ("○", "-"),
}

_NOTICE: Final = "\u2139"

_MOST_ROWS: Final = 5
"""How many rows of evidence are shown; the other reports have them all."""

_INDENT: Final = " " * 4
_BODY: Final = 80
"""How wide a paragraph may be: the eye loses longer lines."""


@dataclass(frozen=True, slots=True)
class _Look:
    """How things are shown on this terminal."""

    colour: bool
    unicode: bool
    width: int
    carets: bool = False

    def paint(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and text else text

    def pick(self, rich: str, plain: str) -> str:
        return rich if self.unicode else plain


def write(findings: Iterable[Finding], out: TextIO, run: Run) -> None:
    """Write findings grouped by file, then notices and a line that sums up."""
    listed = list(findings)
    look = _Look(run.colour, _takes_unicode(out), run.width, run.carets)
    for name, group in groupby(listed, key=lambda f: f.span.file if f.span else ""):
        out.write(f"{look.paint('1;4', visible(name) or 'whole run')}\n\n")
        remedies: set[str] = set()
        for finding in group:
            lines = _finding(finding, look, remedies)
            out.writelines(f"{line.rstrip()}\n" for line in [*lines, ""])
    for notice in run.notices:
        out.writelines(f"{line}\n" for line in _notice(visible(notice), look))
    if run.notices:
        out.write("\n")
    out.write(_summary(count(listed), run, look) + "\n")


def _finding(finding: Finding, look: _Look, remedies: set[str]) -> Iterator[str]:
    """Yield the lines of one finding; a remedy is given once for each rule and file."""
    yield _heading(finding, look)
    for line in visible(finding.message).splitlines():
        yield from _paragraph(line, look, _INDENT)
    if allowed := sentence(finding):
        yield from _paragraph(allowed, look, _INDENT)
    yield from _excerpt(finding, look)
    yield from _evidence(finding, look)
    if finding.remediation and finding.rule_id not in remedies:
        remedies.add(finding.rule_id)
        first, *rest = list(_paragraph(one_line(finding.remediation), look, "")) or [""]
        arrow = look.paint("32", look.pick("→", "->"))
        yield f"{_INDENT}{arrow} {first}"
        for line in rest:
            yield f"{_INDENT}{look.pick('  ', '   ')}{line}"
    if finding.rule_id:
        yield _INDENT + look.paint("2", one_line(finding.rule_id))


def _heading(finding: Finding, look: _Look) -> str:
    """Return `✗ high  aws_db_instance.main  12:5`."""
    mark = look.pick(*_MARKS[finding.status])
    word = finding.severity.value
    if finding.status not in {Status.VIOLATION, Status.WARNING}:
        word = finding.status.value
    exempt = finding.status is Status.EXEMPT
    painted = look.paint("2" if exempt else _COLOURS[finding.severity], word)
    about = one_line(finding.fact or finding.title)
    span = finding.span
    place = look.paint("2", f"{span.row}:{span.col}") if span else ""
    bold = look.paint("1", about)
    parts = [f"  {mark} {painted}", bold, place]
    return "  ".join(part for part in parts if part)


def _excerpt(finding: Finding, look: _Look) -> Iterator[str]:
    """Yield the line of the source that the finding is about, if we have it."""
    span = finding.span
    if span is None or not span.line.strip():
        return
    if look.carets:
        marked = Look(look.colour, look.unicode).excerpt(span)
        yield from (_INDENT + line for line in marked)
        return
    line = visible(span.line).rstrip()
    text = line.lstrip()
    limit = max(20, (look.width or 120) - len(_INDENT) - 12)
    if len(text) > limit:
        text = text[: limit - 1] + look.pick("…", "~")
    yield _INDENT + look.paint("2", f"{span.row} {look.pick('│', '|')} ") + text


def _evidence(finding: Finding, look: _Look) -> Iterator[str]:
    bullet = look.paint("2", look.pick("·", "*"))
    for row in finding.evidence[:_MOST_ROWS]:
        pairs = ", ".join(f"{key}={value}" for key, value in row.items())
        yield f"{_INDENT}{bullet} {one_line(pairs)}"
    more = len(finding.evidence) - _MOST_ROWS
    if more > 0:
        yield f"{_INDENT}{bullet} {more} more"


def _paragraph(text: str, look: _Look, indent: str) -> Iterator[str]:
    if not look.width:
        yield indent + text
        return
    width = max(30, min(look.width - len(_INDENT) - 2, _BODY))
    for line in wrap(text, width, break_long_words=False, break_on_hyphens=False):
        yield indent + line


def _notice(text: str, look: _Look) -> Iterator[str]:
    sign = look.paint("34", look.pick(_NOTICE, "i"))
    lines = [text]
    if look.width:
        width = max(30, look.width - len("i "))
        lines = wrap(text, width, break_long_words=False, break_on_hyphens=False)
    for line in lines:
        yield f"{sign} {line}"
        sign = " "


def _summary(counts: Counts, run: Run, look: _Look) -> str:
    """Return the line that sums up, as two where the terminal is too narrow."""
    parts = [_verdict(counts, look), _checked(run)]
    dot = look.pick(" · ", " - ")
    plain = dot.join([_verdict(counts, replace(look, colour=False)), parts[1]])
    narrow = 0 < look.width < len(plain)
    return ("\n  " if narrow else dot).join(parts)


def _verdict(counts: Counts, look: _Look) -> str:
    statuses = counts.statuses
    if not counts.total:
        return look.paint("1;32", f"{look.pick('✓', 'ok:')} No findings")
    parts = [
        f"{statuses[s]:,} {_WORDS[s][statuses[s] != 1]}" for s in _WORDS if statuses[s]
    ]
    by_severity = [
        look.paint(_COLOURS[s], f"{counts.severities[s]:,} {s}")
        for s in reversed(SEVERITIES)
        if counts.severities[s]
    ]
    bad = statuses[Status.VIOLATION] or statuses[Status.ERROR]
    mark = look.pick(*_MARKS[Status.VIOLATION if bad else Status.WARNING])
    text = look.paint("1;31" if bad else "1;33", f"{mark} {', '.join(parts)}")
    return text + (f" ({', '.join(by_severity)})" if by_severity else "")


def _checked(run: Run) -> str:
    """Return `200 facts in 3 documents, 12 rules, 0.18 s`."""
    facts = f"{_many(run.facts, 'fact')} in " if run.facts else ""
    parts = [f"{facts}{_many(run.documents, 'document')}", _many(run.rules, "rule")]
    return ", ".join([*parts, f"{run.seconds:.2f} s"])


def _many(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _takes_unicode(out: TextIO) -> bool:
    try:
        ("✗▲■○→│…·✓" + _NOTICE).encode(out.encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
