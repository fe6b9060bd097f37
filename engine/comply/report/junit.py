"""FINDINGS -> JUnit XML, which nearly every CI system shows as tests.

A file is a suite, a finding a test case that fails. What could not be evaluated is an
error, what is exempt or known only after apply is skipped. https://github.com/testmoapp/junitxml
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final, TextIO

from comply.findings import Finding, Status
from comply.report.exempt import described
from comply.report.links import repository_path
from comply.report.run import Run

_OUTCOMES: Final = {
    Status.VIOLATION: "failure",
    Status.WARNING: "",
    Status.UNDETERMINED: "skipped",
    Status.EXEMPT: "skipped",
    Status.ERROR: "error",
}
"""The element that tells the outcome of a test case; a warning fails nothing."""

_FORBIDDEN: Final = (*range(9), 11, 12, 13, *range(14, 32), 0xFFFE, 0xFFFF)
_ESCAPES: Final = {
    **dict.fromkeys((*_FORBIDDEN, *range(0xD800, 0xE000)), "\ufffd"),
    ord("&"): "&amp;",
    ord("<"): "&lt;",
    ord(">"): "&gt;",
    ord('"'): "&quot;",
}
"""XML has no way to write some characters at all."""


def write(findings: Iterable[Finding], out: TextIO, run: Run) -> None:
    """Write one `testsuites` element; a clean run is one test case that passes."""
    listed = list(findings)
    out.write('<?xml version="1.0" encoding="UTF-8"?>\n')
    out.write(f"<testsuites {_counts(listed)} {_attribute('time', run.seconds)}>\n")
    if not listed:
        out.write('  <testsuite name="comply" tests="1" failures="0" errors="0">\n')
        out.write('    <testcase classname="comply" name="no findings"/>\n')
        out.write("  </testsuite>\n")
    names: Counter[tuple[str, str]] = Counter()
    for name, group in groupby(listed, key=lambda f: f.span.file if f.span else ""):
        members = list(group)
        out.write(f"  <testsuite {_attribute('name', name or 'comply')} ")
        out.write(f"{_counts(members)}>\n")
        out.writelines(line for f in members for line in _case(f, names, run))
        out.write("  </testsuite>\n")
    out.write("</testsuites>\n")


def _case(finding: Finding, names: Counter[tuple[str, str]], run: Run) -> Iterator[str]:
    """Yield the lines of a test case; `names` counts those that are taken."""
    name = finding.fact or finding.title
    names[finding.rule_id, name] += 1
    # Readers take cases of one class and name for one case.
    nth = names[finding.rule_id, name]
    attributes = [
        _attribute("classname", finding.rule_id),
        _attribute("name", f"{name} ({nth})" if nth > 1 else name),
    ]
    if finding.span and (path := repository_path(finding.span, run)):
        attributes += [_attribute("file", path), _attribute("line", finding.span.row)]
    yield f"    <testcase {' '.join(attributes)}>\n"
    outcome = _OUTCOMES[finding.status]
    message = _attribute("message", described(finding))
    if outcome == "skipped":
        yield f"      <skipped {message}/>\n"
    elif outcome:
        kind = _attribute("type", finding.severity)
        yield f"      <{outcome} {message} {kind}>{_text(_details(finding))}</{outcome}>\n"
    else:
        yield f"      <system-out>{_text(_details(finding))}</system-out>\n"
    yield "    </testcase>\n"


def _details(finding: Finding) -> str:
    lines = [described(finding)]
    if finding.span:
        lines.append(str(finding.span))
    lines += [str(row) for row in finding.evidence]
    if finding.remediation:
        lines.append(f"Remedy: {finding.remediation}")
    return "\n".join(lines)


def _counts(findings: list[Finding]) -> str:
    """Return the numbers of a suite, as its attributes."""
    outcomes = [_OUTCOMES[f.status] for f in findings]
    return " ".join(
        [
            _attribute("tests", max(len(outcomes), 1)),
            _attribute("failures", outcomes.count("failure")),
            _attribute("errors", outcomes.count("error")),
            _attribute("skipped", outcomes.count("skipped")),
        ]
    )


def _attribute(name: str, value: object) -> str:
    text = f"{value:.3f}" if isinstance(value, float) else str(value)
    return f'{name}="{_text(text).replace(chr(10), "&#10;")}"'


def _text(text: str) -> str:
    if not text.isprintable():
        return text.translate(_ESCAPES)
    # The same for text without control characters, six times as fast.
    return (
        text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace('"', "&quot;")
    )
