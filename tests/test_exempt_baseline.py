"""Baselines: what is known stays known when lines and files move, and nothing else is."""

import json
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comply.exempt.baseline import dump, entries, match, parse
from comply.findings import Finding, Severity, Status
from comply.source import LoadError, Source, Span


def found(
    fact: str, message: str = "m", file: str = "a.tf", row: int = 1, rule: str = "r"
) -> Finding:
    span = Span(file, row, 1)
    return Finding(rule, "", Severity.HIGH, Status.VIOLATION, message, fact, span)


FINDINGS = st.lists(
    st.builds(
        found,
        st.sampled_from("xyz"),
        st.sampled_from(["m", "n"]),
        st.sampled_from(["a.tf", "b.tf"]),
        st.integers(1, 5),
        st.sampled_from("rs"),
    ),
    max_size=12,
)


@given(FINDINGS, st.randoms())
def test_a_baseline_knows_all_that_it_was_made_of(
    listed: list[Finding], random: Random
) -> None:
    text = dump(entries(listed))
    shuffled = list(listed)
    random.shuffle(shuffled)
    assert dump(entries(shuffled)) == text
    matched = match(shuffled, parse(Source("b", text)), "b")
    assert all(f.status is Status.EXEMPT for f in matched.findings)
    assert matched.gone == ()
    fresh = found("new")
    again = match([*shuffled, fresh], parse(Source("b", text)), "b")
    assert again.findings[-1] == fresh


def test_lines_files_and_messages_move() -> None:
    known = entries([found("x", "3 days")])
    moved = found("x", "4 days", "other.tf", 99)
    assert match([moved], known, "b").findings[0].status is Status.EXEMPT


def test_one_more_of_the_same_is_new() -> None:
    known = entries([found("x")])
    first, second = match([found("x", file="z.tf"), found("x")], known, "b").findings
    assert first.status is Status.VIOLATION
    assert second.status is Status.EXEMPT


def test_messages_count_where_a_fact_has_several() -> None:
    known = entries([found("x", "m"), found("x", "n")])
    matched = match([found("x", "m"), found("x", "o")], known, "b")
    assert [f.status.value for f in matched.findings] == ["exempt", "violation"]
    assert len(matched.gone) == 1
    assert "message" in dump(known)
    assert '"m"' not in dump(known)


def test_errors_and_own_warnings_are_never_known() -> None:
    broken = Finding("r", "", Severity.HIGH, Status.ERROR, "m")
    assert entries([broken, found("", rule="comply/unused-exception")]) == []
    assert json.loads(dump([])) == {"schema_version": 1, "findings": []}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "no baseline"),
        ("[]", "no baseline"),
        ('{"schema_version": 2, "findings": []}', "a baseline of version 2"),
        ('{"schema_version": 1, "findings": [{"rule": "a"}]}', "no baseline"),
        (
            '{"schema_version": 1, "findings": [{"rule": "a", "fact": 1}]}',
            "no baseline",
        ),
        (
            '{"schema_version": 1, "findings": [{"rule": "a", "fact": "", "count": 0}]}',
            "no baseline",
        ),
    ],
)
def test_what_is_no_baseline_is_refused(text: str, message: str) -> None:
    with pytest.raises(LoadError, match=message) as caught:
        parse(Source("b.json", text))
    assert "comply baseline create" in caught.value.hint
