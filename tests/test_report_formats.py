"""Reports for CI systems and spreadsheets: well-formed, whatever the findings say."""

import csv
import io
import json
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.findings_samples import (
    ALL,
    BROKEN,
    BUCKET,
    CONTAINER,
    DATABASE,
    EXEMPT,
    RUN,
    TICKET,
    UNKNOWN,
)

from comply.findings import Finding, Severity, Status
from comply.report import reporter
from comply.report.links import repository_path, uri
from comply.report.redact import redact
from comply.report.run import Run
from comply.source import Span

TEXT = st.text(max_size=12) | st.sampled_from(
    ["a|b", "<b>&", "]]>", "::error::x", "=1+1", "@team", "a\n\nb", "\x00\x1b", "`"]
)
FINDINGS = st.lists(
    st.builds(
        Finding,
        TEXT,
        TEXT,
        st.sampled_from(Severity),
        st.sampled_from(Status),
        TEXT,
        TEXT,
        st.none() | st.builds(Span, TEXT, st.integers(1, 9), st.integers(1, 9)),
        TEXT,
    ).map(lambda f: redact([f], [])[0]),
    max_size=3,
)


def written(name: str, findings: list[Finding], run: Run = RUN) -> str:
    out = io.StringIO(newline="")
    reporter(name)(findings, out, run)
    out.getvalue().encode()
    return out.getvalue()


def test_sarif() -> None:
    log = json.loads(written("sarif", ALL))
    [run] = log["runs"]
    assert log["version"] == "2.1.0"
    results = {
        r["locations"][0].get("logicalLocations", [{}])[0].get("fullyQualifiedName"): r
        for r in run["results"]
    }
    rules = run["tool"]["driver"]["rules"]
    assert len(rules) == 5
    assert len(results) == len(ALL) - 1, "an error is a notification"
    for result in results.values():
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    database = results[DATABASE.fact]
    assert (database["level"], database["kind"]) == ("error", "fail")
    assert database["partialFingerprints"]["comply/v1"] == DATABASE.fingerprint
    assert database["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "demo/plan.json"},
        "region": {"startLine": 31, "startColumn": 5},
    }
    unknown = results[UNKNOWN.fact]
    assert (unknown["level"], unknown["kind"]) == ("none", "review")
    exempt = results[EXEMPT.fact]
    assert exempt["suppressions"][0]["justification"] == EXEMPT.message
    [invocation] = run["invocations"]
    assert invocation["executionSuccessful"] is False
    notes = [n["message"]["text"] for n in invocation["toolExecutionNotifications"]]
    assert notes == [BROKEN.message, RUN.notices[0]]


def test_sarif_of_a_severe_warning_and_of_an_error_with_a_place() -> None:
    log = json.loads(
        written(
            "sarif",
            [
                replace(BUCKET, severity=Severity.HIGH),
                replace(BROKEN, span=Span("<stdin>", 1, 1), fact="f"),
            ],
        )
    )
    [run] = log["runs"]
    assert run["results"][0]["level"] == "warning"
    note = run["invocations"][0]["toolExecutionNotifications"][0]
    assert note["locations"] == [{"logicalLocations": [{"fullyQualifiedName": "f"}]}]


@given(FINDINGS)
def test_sarif_is_json(findings: list[Finding]) -> None:
    [run] = json.loads(written("sarif", findings))["runs"]
    errors = sum(f.status is Status.ERROR for f in findings)
    assert len(run["results"]) == len(findings) - errors
    assert all(r["message"]["text"] is not None for r in run["results"])


def test_junit() -> None:
    root = ET.fromstring(written("junit", ALL))  # noqa: S314  (our own)
    assert root.attrib == {
        "tests": "7",
        "failures": "3",
        "errors": "1",
        "skipped": "2",
        "time": "0.123",
    }
    cases = {c.attrib["name"]: c for c in root.iter("testcase")}
    assert cases[DATABASE.fact].attrib["classname"] == DATABASE.rule_id
    assert cases[DATABASE.fact].attrib["file"] == "demo/plan.json"
    failure = cases[DATABASE.fact].find("failure")
    assert failure is not None
    assert DATABASE.remediation in (failure.text or "")
    assert [c.tag for c in cases[BROKEN.title]] == ["error"]
    assert [c.tag for c in cases[UNKNOWN.fact]] == ["skipped"]
    assert [c.tag for c in cases[BUCKET.fact]] == ["system-out"]
    ticket = cases[TICKET.fact].find("failure")
    assert ticket is not None
    assert "'customer_id': 6" in (ticket.text or "")


def test_junit_of_a_clean_run_is_one_test_that_passes() -> None:
    root = ET.fromstring(written("junit", []))  # noqa: S314
    assert root.attrib["tests"] == "1"
    [case] = root.iter("testcase")
    assert not list(case)


@given(FINDINGS)
def test_junit_is_xml(findings: list[Finding]) -> None:
    root = ET.fromstring(written("junit", findings))  # noqa: S314
    assert len(list(root.iter("testcase"))) == max(len(findings), 1)


def test_github() -> None:
    hostile = replace(
        CONTAINER,
        title="a,b:c",
        message="50%\r\n::error::forged",
        span=Span("./a,b.yaml", 3, 4),
    )
    lines = written("github", [hostile, BUCKET, BROKEN, UNKNOWN]).splitlines()
    assert lines[0] == (
        "::error file=a%2Cb.yaml,line=3,col=4,title=a%2Cb%3Ac (high)::"
        "apps/v1/Deployment/shop/web: 50%25%0D%0A::error::forged%0A"
        "kubernetes/baseline/no-privileged-containers"
    )
    assert lines[1].startswith("::warning file=demo/plan.json,line=71,col=5,title=")
    assert lines[2].startswith("::error title=Rule could not be evaluated (high)::")
    assert lines[3].startswith("::notice file=")
    assert lines[4] == "::notice::2 templates were not checked"
    assert lines[5] == "comply: 1 violation, 1 warning, 1 undetermined, 1 error"
    assert written("github", [], Run()) == "comply: no findings\n"


@given(FINDINGS)
def test_github_takes_one_line_a_finding(findings: list[Finding]) -> None:
    lines = written("github", findings, Run()).split("\n")
    assert len(lines) == len(findings) + 2
    assert "\r" not in "".join(lines)


def test_gitlab() -> None:
    issues = json.loads(written("gitlab", ALL))
    assert len(issues) == len(ALL) - 1, "an exempt finding is no issue"
    database = next(i for i in issues if DATABASE.fact in i["description"])
    assert database["severity"] == "blocker"
    assert database["location"] == {"path": "demo/plan.json", "lines": {"begin": 31}}
    assert issues[0]["location"] == {"path": ".", "lines": {"begin": 1}}
    elsewhere = replace(DATABASE, span=Span("other.json", 1, 1))
    both = json.loads(written("gitlab", [DATABASE, elsewhere]))
    assert both[0]["fingerprint"] != both[1]["fingerprint"]
    assert json.loads(written("gitlab", [])) == []


def test_markdown() -> None:
    text = written("markdown", ALL)
    assert text.startswith(
        "### comply: 1 could not be checked, 3 violations, 1 warnings, "
        "1 known only after apply, 1 exempt\n"
    )
    assert text.count("<details open>") == 4
    violations = text.split("3 violations</summary>")[1]
    assert violations.index("critical") < violations.index("high")
    assert "- 2 templates were not checked\n" in text
    assert written("markdown", [], Run()).startswith("### comply: no findings\n")


@given(FINDINGS)
def test_markdown_of_anything_is_tables(findings: list[Finding]) -> None:
    text = written("markdown", findings)
    rows = [s for s in text.splitlines() if s.startswith("| ")]
    assert len(rows) == len(findings) + len({f.status for f in findings})
    assert all(row.count("|") == 5 for row in rows)
    assert "<b>" not in text
    assert "@" not in text


def test_markdown_fits_a_comment() -> None:
    many = [replace(f, fact=f"{i}", message="m" * 900) for i in range(300) for f in ALL]
    text = written("markdown", many)
    assert len(text) < 65_536
    assert "more are not shown" in text
    assert "m" * 499 + "…" in text


@given(FINDINGS)
def test_csv_comes_back(findings: list[Finding]) -> None:
    rows = list(csv.DictReader(io.StringIO(written("csv", findings), newline="")))
    assert [r["fingerprint"] for r in rows] == [f.fingerprint for f in findings]
    for row, finding in zip(rows, findings, strict=True):
        assert row["message"].removeprefix("'") == finding.message.removeprefix("'")
        assert all(not cell.startswith(("=", "+", "-", "@")) for cell in row.values())


@pytest.mark.parametrize(
    ("file", "path"),
    [
        ("a.yaml", "a.yaml"),
        ("./a/b.yaml", "a/b.yaml"),
        ("a\\b.yaml", "a/b.yaml"),
        ("/tmp/a", "/tmp/a"),  # noqa: S108  (a name, not a file)
        ("<stdin>", ""),
    ],
)
def test_repository_paths(file: str, path: str) -> None:
    assert repository_path(Span(file, 1, 1)) == path


def test_uris() -> None:
    assert uri("a b/ü.yaml") == "a%20b/%C3%BC.yaml"
    assert uri("/a") == "file:///a"
    assert repository_path(None) == ""
