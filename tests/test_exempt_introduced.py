"""What a change brings: matched by rule and fact, and never hidden by what was less bad."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comply.exempt.introduced import introduced
from comply.findings import Exemption, Finding, Severity, Status
from comply.source import Span

BOTH = frozenset({"dev/a.yaml", "prod/a.yaml", "prod/b.yaml", "a.tf"})
"""The files that are there at both times."""


def found(
    fact: str = "x",
    message: str = "m",
    file: str = "a.tf",
    row: int = 1,
    status: Status = Status.VIOLATION,
) -> Finding:
    span = Span(file, row, 1)
    return Finding("r", "", Severity.HIGH, status, message, fact, span)


def new(now: list[Finding], before: list[Finding]) -> list[Finding]:
    return introduced(
        now,
        before,
        lambda f: f.span.file if f.span else "",
        lambda file: file not in BOTH,
    )


FINDINGS = st.lists(
    st.builds(
        found,
        st.sampled_from(["", "x", "y"]),
        st.sampled_from(["m", "n"]),
        st.sampled_from([*sorted(BOTH), "new.tf"]),
        st.integers(1, 3),
        st.sampled_from(Status),
    ),
    max_size=12,
)


@given(
    FINDINGS.flatmap(lambda found: st.tuples(st.just(found), st.permutations(found)))
)
def test_nothing_is_new_in_what_did_not_change_but_errors(
    both: tuple[list[Finding], list[Finding]],
) -> None:
    listed, shuffled = both
    assert new(listed, shuffled) == [f for f in listed if f.status is Status.ERROR]


@given(FINDINGS, FINDINGS)
def test_more_findings_of_a_rule_about_a_fact_than_before_are_new(
    now: list[Finding], before: list[Finding]
) -> None:
    brought = new(now, before)
    assert [f for f in now if any(f is b for b in brought)] == brought
    for fact in ("", "x", "y"):
        count = [
            sum(f.fact == fact and f.status is not Status.ERROR for f in side)
            for side in (now, before, brought)
        ]
        assert count[2] >= count[0] - count[1]


@given(FINDINGS)
def test_without_a_before_all_is_new(listed: list[Finding]) -> None:
    assert new(listed, []) == listed


@pytest.mark.parametrize(
    ("now", "before", "brought"),
    [
        pytest.param([found(row=9)], [found(row=1)], [], id="lines-move"),
        pytest.param(
            [found(message="in 9 days")], [found(message="in 8 days")], [], id="message"
        ),
        pytest.param(
            [found(message="22"), found(message="3389")],
            [found(message="22")],
            ["3389"],
            id="the-other-message-is-the-new-one",
        ),
        pytest.param(
            [found(message="22"), found(message="3389")],
            [found(message="22"), found(message="80")],
            ["3389"],
            id="several-messages-tell-apart",
        ),
        pytest.param(
            [found(file="prod/a.yaml")],
            [found(file="dev/a.yaml")],
            ["m"],
            id="the-same-name-elsewhere-is-another-fact",
        ),
        pytest.param(
            [found(file="prod/b.yaml")],
            [found(file="prod/a.yaml")],
            [],
            id="one-folder",
        ),
        pytest.param(
            [found("", file="prod/b.yaml")],
            [found("", file="prod/a.yaml")],
            ["m"],
            id="whole-files-are-not-each-other",
        ),
        pytest.param(
            [found(file="new/a.yaml")], [found(file="old/a.yaml")], [], id="renamed"
        ),
        pytest.param(
            [found(message="n", file="new/a.yaml")],
            [found(file="old/a.yaml")],
            [],
            id="renamed-and-reworded",
        ),
        pytest.param(
            [found(message="n", file="prod/b.yaml")],
            [found(file="prod/a.yaml")],
            [],
            id="moved-and-reworded",
        ),
        pytest.param(
            [found(file="prod/a.yaml")],
            [found(file="old/a.yaml")],
            ["m"],
            id="a-file-that-went-explains-none-that-stayed",
        ),
        pytest.param([found(), found(row=2)], [found()], ["m"], id="one-more"),
        pytest.param(
            [found()], [found(status=Status.WARNING)], ["m"], id="was-a-warning"
        ),
        pytest.param(
            [found()], [found(status=Status.UNDETERMINED)], ["m"], id="was-unknown"
        ),
        pytest.param(
            [found(status=Status.UNDETERMINED)], [found()], [], id="is-unknown-now"
        ),
        pytest.param([found()], [found(status=Status.ERROR)], ["m"], id="was-an-error"),
        pytest.param([found()], [found(status=Status.EXEMPT)], ["m"], id="was-allowed"),
        pytest.param(
            [found(status=Status.EXEMPT)], [found()], ["m"], id="is-allowed-now"
        ),
        pytest.param(
            [found(status=Status.EXEMPT)],
            [found(status=Status.EXEMPT)],
            [],
            id="is-allowed-as-before",
        ),
    ],
)
def test_what_is_new(
    now: list[Finding], before: list[Finding], brought: list[str]
) -> None:
    assert [f.message for f in new(now, before)] == brought


def test_a_finding_that_matters_more_is_new() -> None:
    low = replace(found(), severity=Severity.LOW)
    assert new([found()], [low]) == [found()]
    assert new([low], [found()]) == []


def test_the_reason_of_an_exception_may_change() -> None:
    old = replace(found(status=Status.EXEMPT), exemption=Exemption("a"))
    assert new([replace(old, exemption=Exemption("b"))], [old]) == []


def test_many_findings_of_files_as_a_whole_are_matched_in_no_time() -> None:
    before = [found("", file=f"f{i}") for i in range(20_000)]
    now = [found("", file=f"f{i}") for i in range(1, 20_001)]
    assert new(now, before) == []
