"""The report for a plan policy of Spacelift: what is denied, and that it stays small."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from tests.findings_samples import DATABASE

from comply.cli.check import exit_code
from comply.findings import SEVERITIES, Exemption, Finding, Severity, Status
from comply.report.run import Run
from comply.report.spacelift_report import LARGEST, Bound, compose, counted, decide
from comply.source import Span

ROOT = Path(__file__).parents[1]
SCHEMA = Draft202012Validator(
    json.loads((ROOT / "schemas/spacelift.schema.json").read_text())
)
BOUND = Bound("01RUN", "c0ffee", "stack", "spacelift.plan", "a" * 64, 2, "b" * 64)
RUN = Run(version="1", documents=1, facts=2, rules=3, packs=("terraform/baseline",))

FINDINGS = st.builds(
    Finding,
    rule_id=st.sampled_from(["a", "b"]),
    title=st.text(max_size=5),
    severity=st.sampled_from(SEVERITIES),
    status=st.sampled_from(Status),
    message=st.text(max_size=20),
    fact=st.text(max_size=5),
    span=st.none() | st.builds(Span, st.text(max_size=5), st.just(1), st.just(2)),
    exemption=st.none() | st.builds(Exemption, st.text(max_size=5), st.text()),
)
RUNS = st.builds(
    Run,
    version=st.just("1"),
    threshold=st.sampled_from(SEVERITIES),
    failing=st.frozensets(st.sampled_from(["a", "b"])),
    notices=st.tuples(st.text()),
)


def read(text: str) -> Any:
    report = json.loads(text)
    SCHEMA.validate(report)
    return report


@given(st.lists(FINDINGS, max_size=6), RUNS)
def test_denied_is_what_fails_a_run_elsewhere(found: list[Finding], run: Run) -> None:
    failed = exit_code(found, run.threshold, run.failing) != 0
    report = read(compose(found, run, BOUND))
    decisions = [one["decision"] for one in report["findings"]]
    assert ("deny" in decisions) is failed
    assert Counter(decisions) == Counter(
        {key: report["summary"][key] for key in ("deny", "warn", "none")}
    )
    assert sorted(decisions) == sorted(decide(finding, run) for finding in found)


@given(st.lists(FINDINGS, max_size=8), RUNS)
def test_the_worst_comes_first(found: list[Finding], run: Run) -> None:
    listed = read(compose(found, run, BOUND))["findings"]
    assert len(listed) == len(found)
    ranks = [
        (
            one["status"] != "error",
            ("deny", "warn", "none").index(one["decision"]),
            -SEVERITIES.index(Severity(one["severity"])),
        )
        for one in listed
    ]
    assert ranks == sorted(ranks)


def test_what_it_is_bound_to() -> None:
    report = read(compose([], RUN, BOUND))
    assert report["run"] == {"id": "01RUN", "commit": "c0ffee", "stack": "stack"}
    assert report["plan"] == {
        "file": "spacelift.plan",
        "sha256": "a" * 64,
        "changes": 2,
        "changes_sha256": "b" * 64,
    }
    assert report["checked"]["packs"] == ["terraform/baseline"]
    assert report["findings"] == []


def test_an_exemption_is_told() -> None:
    allowed = Exemption("web site", "ann", "2027-01-01", "comply.yaml:3")
    finding = replace(DATABASE, status=Status.EXEMPT, exemption=allowed)
    (one,) = read(compose([finding], RUN, BOUND))["findings"]
    assert one["decision"] == "none"
    assert one["exemption"] == {
        "reason": "web site",
        "owner": "ann",
        "until": "2027-01-01",
        "place": "comply.yaml:3",
        "inline": False,
    }


def test_evidence_stays_out() -> None:
    finding = replace(DATABASE, evidence=({"user": "a name of somebody"},))
    assert "a name of somebody" not in compose([finding], RUN, BOUND)


def test_texts_are_cut_and_cannot_move_a_cursor() -> None:
    finding = replace(DATABASE, message="\x1b[2Ja\nb" + "x" * 5_000, fact="é")
    text = compose([finding], RUN, BOUND)
    (one,) = read(text)["findings"]
    assert one["message"].startswith("\\x1b[2Ja b")
    assert len(one["message"]) == 1_000
    assert one["message"].endswith("…")
    assert text.isascii()


@pytest.mark.parametrize("status", [Status.VIOLATION, Status.WARNING])
def test_many_findings_are_counted_not_listed(status: Status) -> None:
    many = [
        replace(DATABASE, status=status, fact=f"a.b[{n}]", message="m" * 900)
        for n in range(2_000)
    ]
    worst = replace(DATABASE, status=Status.ERROR, message="the rule failed")
    text = compose([*many, worst], RUN, BOUND)
    report = read(text)
    assert len(text) < LARGEST + 5_000
    assert report["findings"][0]["status"] == "error"
    assert 500 < len(report["findings"]) == 2_001 - report["left_out"]
    assert sum(report["summary"][key] for key in ("deny", "warn", "none")) == 2_001
    assert report["summary"]["statuses"][str(status)] == 2_000


def test_many_notices_are_not_all_told() -> None:
    run = replace(RUN, notices=tuple(f"notice {n}" for n in range(1_000)))
    assert len(read(compose([], run, BOUND))["notices"]) == 20


def test_counts_by_decision() -> None:
    run = replace(RUN, threshold=Severity.HIGH)
    low = replace(DATABASE, severity=Severity.LOW)
    assert counted([DATABASE, low, low], run) == {"deny": 1, "warn": 2, "none": 0}
