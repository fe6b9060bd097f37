"""Text for people: grouped, marked, with remedies, safe to print."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
from tests.findings_samples import ALL, BUCKET, CONTAINER, DATABASE, RUN, TICKET

from comply.findings import Finding, Severity, Status
from comply.report import REPORTERS, reporter
from comply.report.characters import one_line, visible
from comply.report.run import Run, count, ordered
from comply.source import Span

GOLDEN = Path(__file__).parents[1] / "fixtures/report"


def written(findings: list[Finding], run: Run = RUN, encoding: str = "utf-8") -> str:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding, newline="\n")
    reporter("text")(findings, out, run)
    out.flush()
    return raw.getvalue().decode(encoding)


def test_the_whole_report() -> None:
    assert written(ordered(ALL)) == (GOLDEN / "all.txt").read_text()


def test_a_terminal_without_unicode() -> None:
    assert (
        written(ordered(ALL), encoding="ascii")
        == (GOLDEN / "all-ascii.txt").read_text()
    )


def test_nothing_found() -> None:
    text = written([], Run(documents=1, rules=2))
    assert text == "✓ No findings · 1 document, 2 rules, 0.00 s\n"


def test_a_remedy_is_given_once_for_a_rule_and_file() -> None:
    again = replace(BUCKET, fact="other")
    elsewhere = replace(BUCKET, span=Span("x.json", 1, 1))
    text = written([BUCKET, again, elsewhere])
    assert text.count("Add the tags.") == 2


def test_colours_only_where_wanted() -> None:
    assert "\x1b" not in written(ALL)
    text = written([DATABASE], replace(RUN, colour=True))
    assert "\x1b[1;37;41mcritical\x1b[0m" in text


@pytest.mark.parametrize("width", [40, 60, 100])
def test_lines_are_wrapped_to_the_width(width: int) -> None:
    long = replace(DATABASE, message="word " * 60, remediation="do " * 60)
    line = replace(CONTAINER, span=Span("a", 1, 1, 1, "x" * 300))
    text = written([long, line], replace(RUN, width=width, notices=()))
    longest = max(map(len, (s for s in text.splitlines() if s[4:5] in "wdx1")))
    assert longest <= width
    assert "…" in text


def test_rows_of_evidence_are_few() -> None:
    text = written([TICKET])
    assert "customer_id=4, note=None" in text
    assert "customer_id=5" not in text
    assert "2 more" in text


def test_a_document_cannot_steer_the_terminal() -> None:
    hostile = "a\x1b[2Jb\u202ec\x9b1m\r\n\tend"
    finding = Finding(
        hostile,
        hostile,
        Severity.LOW,
        Status.VIOLATION,
        hostile,
        hostile,
        Span(hostile, 1, 1, 1, hostile),
        hostile,
        ({hostile: hostile},),
    )
    text = written([finding], Run(notices=(hostile,)))
    assert not {"\x1b", "\u202e", "\x9b", "\r"} & set(text)
    assert "a\\x1b[2Jb\\u202ec\\x9b1m" in text


def test_visible_and_one_line() -> None:
    assert visible("plain é") == "plain é"
    assert visible("a\u2066b\x00") == "a\\u2066b\\x00"
    assert visible("non\u00a0breaking") == "non\u00a0breaking"
    assert one_line(" a\n\tb ") == "a b"


def test_counts() -> None:
    counts = count(ALL)
    assert counts.total == 7
    assert counts.statuses[Status.VIOLATION] == 3
    assert dict(counts.severities) == {
        Severity.LOW: 1,
        Severity.CRITICAL: 1,
        Severity.MEDIUM: 1,
        Severity.HIGH: 1,
    }


def test_order_is_by_file_and_place_then_by_severity() -> None:
    worse = replace(BUCKET, severity=Severity.HIGH)
    assert ordered([CONTAINER, BUCKET, worse, DATABASE]) == [
        DATABASE,
        worse,
        BUCKET,
        CONTAINER,
    ]


def test_every_reporter_can_be_had() -> None:
    for name in REPORTERS:
        reporter(name)([], io.StringIO(), Run())
    with pytest.raises(KeyError):
        reporter("papyrus")
