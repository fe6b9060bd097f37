"""Sensitive values reach no report, whichever field or form they stand in."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.findings_samples import DATABASE

from comply.findings import Exemption, Finding
from comply.report.redact import MARK, redact
from comply.source import Span


def message(text: str, *secrets: str) -> str:
    [finding] = redact([replace(DATABASE, message=text)], secrets)
    return finding.message


@pytest.mark.parametrize(
    ("text", "secrets", "clean"),
    [
        ("password is hunter22!", ["hunter22"], f"password is {MARK}!"),
        ("hunter22hunter22", ["hunter22"], MARK * 2),
        ("hunter22", ["hunter", "hunter22"], MARK),
        ('{"k": "a\\"b\\\\c\\nd"}', ['a"b\\c\nd'], f'{{"k": "{MARK}"}}'),
        ('"caf\\u00e9"', ["café"], f'"{MARK}"'),
        ("-----BEGIN", ["-----BEGIN\nMIIB\n"], MARK),
        ("port 5432 of 54321", ["5432"], f"port {MARK} of 54321"),
        ("abc in abcd, abc", ["abc"], f"{MARK} in abcd, {MARK}"),
        ("nothing", ["", " ", "\n"], "nothing"),
        ("padded", ["  padded\n"], MARK),
    ],
)
def test_forms(text: str, secrets: list[str], clean: str) -> None:
    assert message(text, *secrets) == clean


def test_every_field() -> None:
    finding = replace(
        DATABASE,
        title="t s3cret",
        message="m s3cret",
        fact="f s3cret",
        remediation="r s3cret",
        span=Span("a.yaml", 1, 4, 1, "x: s3cret"),
        evidence=(
            {"s3cret": "s3cret", "n": 12345, "b": True, "z": None, "o": 7},
            {"deep": [{"x": ("s3cret",)}]},
        ),
        exemption=Exemption("since s3cret", "ann", "2027-01-01", "comply.yaml:1"),
    )
    [clean] = redact([finding], ["s3cret", "12345"])
    assert "s3cret" not in repr(clean)
    assert clean.span == Span("a.yaml", 1, 4, 1, "")
    assert clean.evidence[0] == {MARK: MARK, "n": MARK, "b": True, "z": None, "o": 7}
    assert clean.rule_id == finding.rule_id
    assert clean.exemption == Exemption(
        f"since {MARK}", "ann", "2027-01-01", "comply.yaml:1"
    )


def test_untouched_findings_stay_as_they_are() -> None:
    span = Span("a.yaml", 1, 1, 1, "plain")
    finding = replace(DATABASE, span=span, evidence=({"a": 1.5},))
    assert redact([finding], ["absent-secret"]) == [finding]


def test_what_has_no_utf8_is_replaced() -> None:
    assert message("digest \udcff\ud800") == "digest \ufffd\ufffd"
    [finding] = redact(
        [replace(DATABASE, rule_id="r\udcff", span=Span("\udce9.tf", 1, 1, 1, "x"))], []
    )
    assert finding.rule_id == "r\ufffd"
    assert finding.span == Span("\ufffd.tf", 1, 1, 1, "x"), "names of files are bytes"


@given(st.text(min_size=4), st.text(), st.text())
def test_no_secret_survives(secret: str, before: str, after: str) -> None:
    if not secret.strip() or secret in MARK or secret.isdigit():
        return
    clean = message(before + secret + after, secret)
    # Around a mark, the text itself may happen to spell the secret anew.
    assert (
        secret not in clean.replace(MARK, "\n\n\n") or secret in before + "\0" + after
    )


def test_fields_of_findings_are_all_known() -> None:
    assert set(Finding.__slots__) == {
        "rule_id",
        "title",
        "severity",
        "status",
        "message",
        "fact",
        "span",
        "remediation",
        "evidence",
        "exemption",
    }, "a new field must be redacted too"
