"""A finding's fingerprint names what it is about, not where it stands."""

from dataclasses import replace

import pytest

from comply.findings import SEVERITIES, Finding, Severity, Status
from comply.source import Span

FINDING = Finding("r", "t", Severity.LOW, Status.VIOLATION, "m", "f", Span("a", 1, 1))


@pytest.mark.parametrize(
    "moved",
    [
        replace(FINDING, span=Span("a", 9, 9)),
        replace(FINDING, severity=Severity.HIGH),
        replace(FINDING, title="other", remediation="other"),
    ],
)
def test_fingerprints_survive_moves(moved: Finding) -> None:
    assert moved.fingerprint == FINDING.fingerprint


@pytest.mark.parametrize(
    "other",
    [
        replace(FINDING, rule_id="other"),
        replace(FINDING, fact="other"),
        replace(FINDING, message="other"),
        replace(FINDING, rule_id="rf", fact=""),
    ],
)
def test_fingerprints_tell_findings_apart(other: Finding) -> None:
    assert other.fingerprint != FINDING.fingerprint


def test_severities_are_ordered_lowest_first() -> None:
    assert [str(s) for s in SEVERITIES] == ["info", "low", "medium", "high", "critical"]


def test_findings_are_values() -> None:
    assert len({FINDING, replace(FINDING, evidence=({"a": 1},))}) == 2
    assert hash(FINDING) == hash(replace(FINDING, evidence=({"a": 1},)))
