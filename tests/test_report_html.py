"""HTML for people: complete, closed to the network, and never made of findings."""

import io
import json
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.findings_samples import ALL, DATABASE, EXEMPT, RUN, TICKET

from comply.findings import Exemption, Finding, Severity, Status
from comply.report import reporter
from comply.report.page_data import Tables, row
from comply.report.redact import redact
from comply.report.run import Run
from comply.source import Span

HOSTILE = [
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "\"'><img src=x onerror=alert(1)>",
    "javascript:alert(1)",
    "a\u2028b\u2029c",
    "\u202egnp.exe\u2066",
    "]]>&lt;&amp;",
    "${alert(1)} $policy $$data",
    "\x00\x1b[31m",
    "__proto__",
]
TEXT = st.text(max_size=8) | st.sampled_from(HOSTILE)
FINDINGS = st.lists(
    st.builds(
        Finding,
        TEXT,
        TEXT,
        st.sampled_from(Severity),
        st.sampled_from(Status),
        TEXT,
        TEXT,
        st.none()
        | st.builds(Span, TEXT, st.integers(1, 9), st.integers(1, 9), line=TEXT),
        TEXT,
        st.tuples(st.dictionaries(TEXT, TEXT | st.none())),
        st.none() | st.builds(Exemption, TEXT, TEXT, TEXT, TEXT),
    ).map(lambda f: redact([f], [])[0]),
    max_size=3,
)


class Page(HTMLParser):
    """The elements of a page, as a browser finds them, and its scripts' texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {"script": [], "style": [], "h1": []}
        self.inside = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.inside = tag
        if tag in self.texts:
            self.texts[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == self.inside:
            self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside in self.texts:
            self.texts[self.inside][-1] += data


def written(findings: list[Finding], run: Run = RUN) -> str:
    out = io.StringIO()
    reporter("html")(findings, out, run)
    return out.getvalue()


def data(page: Page) -> tuple[list[list[Any]], dict[str, Any]]:
    scripts = [json.loads(text) for text in page.texts["script"][:-1]]
    *chunks, tables = scripts
    return [item for chunk in chunks for item in chunk], tables


def test_findings_are_data() -> None:
    rows, tables = data(Page(written(ALL)))
    assert len(rows) == len(ALL)
    for cells, finding in zip(rows, ALL, strict=True):
        assert tables["severities"][cells[0]] == finding.severity
        assert tables["statuses"][cells[1]] == finding.status
        assert tables["rules"][cells[2]] == [finding.rule_id, finding.title]
        assert tables["files"][cells[3]] == (finding.span.file if finding.span else "")
        assert tables["remedies"][cells[5]] == finding.remediation
        assert cells[9] == finding.message
    assert [tables["worlds"][cells[4]] for cells in rows] == [
        "data",
        "oracle",
        *["terraform"] * 4,
        "kubernetes",
    ]
    assert rows[ALL.index(TICKET)][11][0] == [["customer_id", "0"], ["note", "null"]]
    assert rows[ALL.index(EXEMPT)][13][1] == ["Owner", "platform team"]


def test_the_policy_lets_in_only_our_style_and_script() -> None:
    page = Page(written(ALL))
    [policy] = [
        a["content"] or ""
        for tag, a in page.tags
        if tag == "meta" and a.get("http-equiv") == "Content-Security-Policy"
    ]
    rules = dict(part.split(" ", 1) for part in policy.split("; "))
    assert rules["default-src"] == "'none'"

    def digest(text: str) -> str:
        return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"

    assert rules["script-src"] == digest(page.texts["script"][-1])
    assert rules["style-src"] == digest(page.texts["style"][0])
    assert rules["base-uri"] == rules["form-action"] == "'none'"
    assert "unsafe" not in policy


def test_the_page_loads_nothing() -> None:
    page = Page(written(ALL))
    names = {name for _, attributes in page.tags for name in attributes}
    assert not names & {"src", "srcset", "action", "style", "onclick", "onload"}
    links = [a["href"] for _, a in page.tags if "href" in a]
    assert links == ["#findings"]
    assert not {tag for tag, _ in page.tags} & {
        "link",
        "img",
        "iframe",
        "object",
        "base",
    }


@given(FINDINGS)
def test_no_finding_changes_the_page(findings: list[Finding]) -> None:
    page = Page(written(findings))
    harmless = [replace(DATABASE, status=f.status) for f in findings]
    plain = Page(written(harmless))
    skip = {"li", "b", "script", "meta"}
    # Severities have numbers of their own; all else is the same page.
    assert [t for t, _ in page.tags if t not in skip] == [
        t for t, _ in plain.tags if t not in skip
    ]
    rows, _ = data(page)
    assert len(rows) == len(findings)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_stay_texts(text: str) -> None:
    finding = Finding(
        text,
        text,
        Severity.HIGH,
        Status.VIOLATION,
        text,
        text,
        Span(text, 1, 1, 1, text),
        text,
        ({text: text},),
        Exemption(text, text, text, text),
    )
    run = Run(version=text, packs=(text,), notices=(text,))
    source = written([finding], run)
    page = Page(source)
    scripts = [a for t, a in page.tags if t == "script"]
    assert [a.get("type") for a in scripts] == ["application/json"] * 2 + [None]
    assert "alert(1)</script>" not in source
    assert not {"\u202e", "\u2066"} & set(source)
    assert not any("onerror" in a for _, a in page.tags)
    assert "img" not in {t for t, _ in page.tags}


def test_what_is_long_is_cut_and_says_so() -> None:
    long = replace(
        TICKET, message="x" * 10_000, evidence=tuple({"n": n} for n in range(30))
    )
    cells = row(long, Tables())
    assert cells[9].endswith("… (6,000 more characters)")
    assert len(cells[11]) == 20
    assert cells[12] == 10


def test_empty_members_at_the_end_are_left_out() -> None:
    assert len(row(DATABASE, Tables())) == 10


def test_the_headline_and_a_clean_run() -> None:
    assert Page(written(ALL)).texts["h1"] == [
        "3 violations, 1 warning, 1 undetermined, 1 exempt, 1 could not be checked"
    ]
    clean = Page(written([], Run()))
    assert clean.texts["h1"] == ["no findings"]
    assert data(clean)[0] == []


def test_where_scripts_may_not_run_the_worst_findings_stand_in_the_page() -> None:
    many = [replace(TICKET, fact=f"t{i}") for i in range(200)]
    text = written([*many, EXEMPT, DATABASE])
    fallback = text.split("<noscript>")[1].split("</noscript>")[0]
    assert "the worst 100 of 202 findings" in fallback
    assert fallback.count("<tr><td") == 100
    assert fallback.index(DATABASE.message) < fallback.index("t0")
    assert EXEMPT.fact not in fallback
