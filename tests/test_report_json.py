"""JSON for programs: valid against the published schema, whatever the findings."""

import io
import json
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.findings_samples import ALL, DATABASE, RUN

from comply.findings import Finding, Severity, Status
from comply.plan.values import Value
from comply.report import reporter
from comply.report.redact import redact
from comply.report.run import Run
from comply.source import Span

SCHEMA = json.loads(
    (Path(__file__).parents[1] / "schemas/findings.schema.json").read_text()
)

TEXT = st.text(max_size=8)
FINDINGS = st.builds(
    Finding,
    TEXT,
    TEXT,
    st.sampled_from(Severity),
    st.sampled_from(Status),
    TEXT,
    TEXT,
    st.none() | st.builds(Span, TEXT, st.integers(1, 9), st.integers(1, 9)),
    TEXT,
    st.tuples(st.dictionaries(TEXT, TEXT | st.integers() | st.none())),
)


def written(findings: list[Finding], run: Run = RUN) -> Value:
    out = io.StringIO()
    reporter("json")(findings, out, run)
    # What cannot be written to a file is no report.
    return json.loads(out.getvalue().encode())


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("findings", [[], ALL[:1], ALL], ids=["none", "one", "all"])
def test_reports_fit_the_schema(findings: list[Finding]) -> None:
    report = written(findings)
    jsonschema.validate(report, SCHEMA)
    assert [f["fingerprint"] for f in report["findings"]] == [
        f.fingerprint for f in findings
    ]


@given(st.lists(FINDINGS, max_size=3))
def test_any_finding_fits_the_schema(findings: list[Finding]) -> None:
    jsonschema.validate(written(redact(findings, [])), SCHEMA)


def test_members() -> None:
    report = written([DATABASE])
    assert report["summary"]["statuses"]["violation"] == 1
    assert report["summary"]["severities"]["critical"] == 1
    assert report["checked"]["packs"] == ["terraform/baseline"]
    assert report["findings"][0]["location"] == {
        "file": "demo/plan.json",
        "row": 31,
        "col": 5,
    }


def test_each_finding_has_a_line_of_its_own() -> None:
    out = io.StringIO()
    reporter("json")(ALL, out, RUN)
    lines = [s.strip().rstrip(",") for s in out.getvalue().splitlines()]
    assert sum(line.startswith('{"rule_id"') for line in lines) == len(ALL)
