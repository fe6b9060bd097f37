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
from comply.report import REPORTERS, reporter
from comply.report.links import repository_path, uri
from comply.report.redact import redact
from comply.report.run import Run
from comply.report.worlds import world
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


ALLOWED = (
    "exempt by platform team until 2027-01-01: the nightly batch needs the memory "
    "(comply.yaml:12)"
)


def written(name: str, findings: list[Finding], run: Run = RUN) -> str:
    out = io.StringIO(newline="")
    reporter(name)(findings, out, run)
    out.getvalue().encode()
    return out.getvalue()


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
    [skipped] = cases[EXEMPT.fact]
    assert skipped.attrib["message"] == f"{ALLOWED}: {EXEMPT.message}"
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
    assert lines[1].startswith("::error title=Rule could not be evaluated (high)::")
    assert lines[2].startswith("::warning file=demo/plan.json,line=71,col=5,title=")
    assert lines[3].startswith("::notice file=")
    assert "title=undetermined%3A Databases" in lines[3]
    assert lines[4] == "::notice::2 templates were not checked"
    assert lines[5] == "comply: 1 violation, 1 warning, 1 undetermined, 1 error"
    assert written("github", [], Run()) == "comply: no findings\n"
    assert ALLOWED in written("github", [EXEMPT])


def test_github_annotates_the_worst_ten_of_a_kind() -> None:
    low = [replace(TICKET, fact=f"t{i}", span=None) for i in range(1500)]
    hostile = replace(low[0], message="##[error]forged\n::error::forged", fact="")
    lines = written("github", [*low, hostile, DATABASE, BUCKET], Run()).splitlines()
    assert lines[0].startswith("::error file=demo/plan.json,line=31"), "the worst first"
    errors = [line for line in lines if line.startswith("::error")]
    assert len(errors) == 10
    assert lines[10].startswith("::warning ")
    assert lines[11] == "::group::1,492 more without an annotation"
    assert lines[12].startswith("low violation t9: ORA-08601")
    assert lines[-3:-1] == ["and 492 more", "::endgroup::"]
    few = written("github", [*low[:10], hostile], Run()).splitlines()
    assert few[11].startswith("low violation # #[error]forged ::error::forged (")


@given(FINDINGS)
def test_github_takes_one_line_a_finding(findings: list[Finding]) -> None:
    lines = written("github", findings, Run()).split("\n")
    assert len(lines) == len(findings) + 2
    assert "\r" not in "".join(lines)


def test_gitlab() -> None:
    issues = json.loads(written("gitlab", ALL))
    assert len(issues) == len(ALL)
    database = next(i for i in issues if DATABASE.message in i["description"])
    assert database["severity"] == "blocker"
    assert database["location"] == {"path": "demo/plan.json", "lines": {"begin": 31}}
    assert issues[0]["location"] == {"path": ".", "lines": {"begin": 1}}
    exempt = next(i for i in issues if EXEMPT.fact in i["description"])
    assert ALLOWED in exempt["description"]
    unknown = next(i for i in issues if UNKNOWN.fact in i["description"])
    assert "undetermined: " in unknown["description"]
    assert (exempt["severity"], unknown["severity"]) == ("info", "info")
    assert json.loads(written("gitlab", [])) == []


def test_gitlab_tells_equal_findings_apart_and_knows_them_again() -> None:
    lower = replace(DATABASE, span=Span("demo/plan.json", 77, 1))
    elsewhere = replace(DATABASE, span=Span("other.json", 1, 1))

    def prints(findings: list[Finding]) -> list[str]:
        return [i["fingerprint"] for i in json.loads(written("gitlab", findings))]

    three = prints([DATABASE, lower, elsewhere])
    assert len(set(three)) == 3
    moved = replace(DATABASE, span=Span("demo/plan.json", 40, 9))
    assert prints([moved, lower, elsewhere]) == three


def test_junit_names_are_unique_in_a_class() -> None:
    root = ET.fromstring(written("junit", [DATABASE, DATABASE, BUCKET]))  # noqa: S314
    names = [case.attrib["name"] for case in root.iter("testcase")]
    assert names == [DATABASE.fact, f"{DATABASE.fact} (2)", BUCKET.fact]


def test_markdown() -> None:
    text = written("markdown", ALL)
    assert text.startswith(
        "### comply: 1 could not be checked, 3 violations, 1 warnings, "
        "1 known only after apply, 1 exempt\n"
    )
    assert text.count("<details open>") == 4
    assert text.count("<details>") == 1, "what is exempt is folded up"
    assert "platform team until 2027-01-01" in text
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
    notices = tuple("`" * 600 for _ in range(100))
    text = written("markdown", many, replace(RUN, notices=notices))
    assert len(text) < 65_536
    assert "m" * 499 + "…" in text
    assert text.count("<details") == text.count("</details>") == 5
    assert "more notices\n" in text
    assert "<details open>" not in text, "long tables are folded up"
    rows = [s for s in text.splitlines() if s.startswith("| ") and "Severity" not in s]
    left_out = [
        int(line.split(" ")[0].replace(",", ""))
        for line in text.splitlines()
        if line.endswith(" more are not shown.")
    ]
    assert len(rows) + sum(left_out) == len(many)


@given(FINDINGS)
def test_csv_comes_back(findings: list[Finding]) -> None:
    rows = list(csv.DictReader(io.StringIO(written("csv", findings), newline="")))
    assert [r["fingerprint"] for r in rows] == [f.fingerprint for f in findings]
    for row, finding in zip(rows, findings, strict=True):
        assert row["message"].removeprefix("'") == finding.message.removeprefix("'")
        assert all(not cell.startswith(("=", "+", "-", "@")) for cell in row.values())


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        " =1",
        "\n=1",
        "\u3000\uff1d1",
        "\uff0b1",
    ],
)
def test_csv_runs_no_formula(cell: str) -> None:
    text = written("csv", [replace(DATABASE, message=cell)])
    [row] = csv.DictReader(io.StringIO(text, newline=""))
    assert row["message"] == f"'{cell}"


def test_csv_has_exemptions_and_evidence() -> None:
    text = written("csv", [EXEMPT, TICKET])
    exempt, ticket = csv.DictReader(io.StringIO(text, newline=""))
    assert exempt["exempt_reason"] == "the nightly batch needs the memory"
    assert exempt["exempt_owner"] == "platform team"
    assert exempt["exempt_until"] == "2027-01-01"
    assert (exempt["world"], ticket["world"]) == ("terraform", "oracle")
    assert json.loads(ticket["evidence"]) == list(TICKET.evidence)


@pytest.mark.parametrize(
    ("file", "path"),
    [
        ("a.yaml", "infra/live/a.yaml"),
        ("./a/b.yaml", "infra/live/a/b.yaml"),
        ("a\\b.yaml", "infra/live/a/b.yaml"),
        ("../../a", "a"),
        ("../../../a", "../../../a"),
        ("/src/repo/a", "a"),
        ("/src/repository/a", "/src/repository/a"),
        ("C:\\work\\a.tf", "C:/work/a.tf"),
        ("<stdin>", ""),
        ("oracle://scott@host/db", ""),
        ("", ""),
    ],
)
def test_repository_paths(file: str, path: str) -> None:
    run = Run(root="/src/repo", folder="infra/live")
    assert repository_path(Span(file, 1, 1), run) == path


def test_paths_without_a_repository() -> None:
    assert repository_path(Span("./a/../b", 1, 1), Run()) == "b"
    assert repository_path(Span("/tmp/a", 1, 1), Run()) == "/tmp/a"  # noqa: S108  (a name)
    assert repository_path(Span("D:\\repo\\a", 1, 1), Run(root="D:/repo")) == "a"
    assert repository_path(None, Run()) == ""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a b/ü.yaml", "a%20b/%C3%BC.yaml"),
        ("a:b%c?d#e", "a%3Ab%25c%3Fd%23e"),
        ("/a b", "file:///a%20b"),
        ("C:/a b", "file:///C:/a%20b"),
        ("//server/share/a", "file://server/share/a"),
        ("\udcff", "%3F"),
    ],
)
def test_uris(path: str, expected: str) -> None:
    assert uri(path) == expected


@pytest.mark.parametrize(
    ("finding", "expected"),
    [
        (replace(DATABASE, rule_id="own"), "terraform"),
        (
            replace(DATABASE, rule_id="own", span=Span("main.tf.json", 1, 1)),
            "terraform",
        ),
        (replace(CONTAINER, rule_id="own"), "kubernetes"),
        (replace(CONTAINER, rule_id="own", span=Span("<stdin>", 1, 1)), "kubernetes"),
        (replace(TICKET, rule_id="own"), "oracle"),
        (replace(TICKET, rule_id="own", span=None), "data"),
        (
            replace(BUCKET, rule_id="own", fact='aws_x.a["a/b/c"]', span=None),
            "terraform",
        ),
    ],
)
def test_worlds(finding: Finding, expected: str) -> None:
    assert world(finding) == expected


@pytest.mark.parametrize(
    "name", [n for n in REPORTERS if n not in {"github", "gitlab"}]
)
def test_every_format_tells_who_allowed_what(name: str) -> None:
    text = written(name, [EXEMPT, UNKNOWN])
    for said in (EXEMPT.message, UNKNOWN.message.split(" is ")[1], "platform team"):
        plain = text.replace("&#95;", "_")
        assert said in plain, said
    assert "2027-01-01" in text
