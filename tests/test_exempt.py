"""Exceptions: what they say, what they stand at, and what becomes of findings."""

import time
from datetime import date

import pytest

from comply.exempt.allowance import (
    Allowance,
    covers,
    fits,
    fits_path,
    has_expired,
    is_date,
)
from comply.exempt.annotations import annotated_exceptions
from comply.exempt.apply import exceptions_in, exempt
from comply.exempt.comments import inline_exceptions
from comply.exempt.directive import Mistake, parse_directive
from comply.findings import Finding, Severity, Status
from comply.source import Source, Span

TODAY = date(2026, 11, 21)


def found(rule: str, fact: str = "", file: str = "main.tf", row: int = 1) -> Finding:
    span = Span(file, row, 1)
    return Finding(rule, "", Severity.HIGH, Status.VIOLATION, "m", fact, span)


@pytest.mark.parametrize(
    ("pattern", "text", "fit"),
    [
        ('module.x.a.b["*"]', 'module.x.a.b["logs"]', True),
        ('module.x.a.b["*"]', "module.x.a.b[0]", False),
        ("a.b[?]", "a.b[3]", True),
        ("a.b[0]", "a.b0", False),
        ("*", "anything\nat all", True),
        ("a", "ab", False),
    ],
)
def test_only_stars_stand_for_something(pattern: str, text: str, fit: bool) -> None:
    assert fits(pattern, text) is fit


@pytest.mark.parametrize(
    ("pattern", "path", "fit"),
    [
        ("legacy", "legacy/a/b.tf", True),
        ("legacy/", "./legacy/a.tf", True),
        ("legacy", "legacy2/a.tf", False),
        ("*.tf", "a/b.tf", False),
        ("**/*.tf", "b.tf", True),
        ("a/**/z.tf", "a/b/c/z.tf", True),
        ("**", "a/b", True),
        ("a", "a\\b.tf", True),
    ],
)
def test_patterns_of_paths(pattern: str, path: str, fit: bool) -> None:
    assert fits_path(pattern, path) is fit


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("2027-01-31", True),
        ("2027-02-30", False),
        ("20270131", False),
        ("tomorrow", False),
    ],
)
def test_dates(text: str, good: bool) -> None:
    assert is_date(text) is good


def test_the_last_day_counts() -> None:
    allowed = Allowance(("a",), "r", until="2026-11-21")
    assert not has_expired(allowed, TODAY)
    assert has_expired(allowed, date(2026, 11, 22))
    assert not has_expired(Allowance(("a",), "r"), TODAY)


def test_a_directive_has_fields_in_any_order_and_quotes() -> None:
    made = parse_directive(
        "a/b, c/* owner='the team' reason=it is old until=2027-01-31"
    )
    assert made == Allowance(("a/b", "c/*"), "it is old", "the team", "2027-01-31")
    assert isinstance(made := parse_directive('a reason="x=1"'), Allowance)
    assert made.reason == "x=1"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", "names no rule", "write it as"),
        ("reason=x", "names no rule", "write it as"),
        ("a", "without a reason", "write it as"),
        ('a reason=""', "without a reason", "write it as"),
        ("a old", "'old' belongs to no field", "write it as"),
        ("a reson=x", "unknown field 'reson'", "did you mean 'reason'"),
        ("a reason=x zzz=1", "unknown field 'zzz'", "needs quotes"),
        ("a reason=x until=soon", "'soon' is no date", "YYYY-MM-DD"),
    ],
)
def test_mistakes_in_a_directive(text: str, message: str, hint: str) -> None:
    made = parse_directive(text)
    assert isinstance(made, Mistake)
    assert message in made.message
    assert hint in made.hint


TF = """# comply:ignore a reason=above
# another comment
resource "x" "one" {
  s = "} # comply:ignore no reason=in-a-string {"
  d = <<-END
    # comply:ignore no reason=in-a-heredoc }
  END
  nested {
    // comply:ignore b reason=inside
  }
}
resource "x" "two" {} /* comply:ignore c reason=behind */

# comply:ignore d reason=alone

resource "x" "three" {
}
"""


def rows(name: str, text: str) -> dict[str, tuple[int, int] | None]:
    allowances, mistakes = inline_exceptions(Source(name, text))
    assert mistakes == []
    return {a.rules[0]: a.rows for a in allowances}


def test_terraform() -> None:
    assert rows("main.tf", TF) == {"a": (3, 11), "b": (3, 11), "c": (12, 12), "d": None}


def test_yaml() -> None:
    text = (
        "# comply:ignore a reason=first\nkind: Pod\n---\nkind: Pod\n"
        "image: x#comply:ignore no reason=x # comply:ignore b reason=second\n"
        "# comply:ignore c reason=third\n---\nkind: Pod\n"
    )
    assert rows("a.yaml", text) == {"a": (1, 3 - 1), "b": (3, 5), "c": (6, 8)}


def test_items_of_a_list_are_manifests() -> None:
    text = (
        "kind: List\nitems:\n- kind: Pod\n  # comply:ignore a reason=x\n"
        "  list:\n    - 1\n# comply:ignore b reason=y\n- kind: Pod\n"
    )
    assert rows("a.yml", text) == {"a": (3, 7), "b": (3, 7)}
    assert rows("a.yml", "kind: List\n# comply:ignore a reason=x\n") == {"a": (1, 2)}


def test_sql() -> None:
    text = (
        "-- comply:ignore a reason=above\nCREATE TABLE t (\n"
        " x NUMBER -- comply:ignore b reason=inside\n); -- comply:ignore c reason=behind\n"
        "INSERT INTO t VALUES ('-- comply:ignore no reason=string');\n"
    )
    assert rows("a.sql", text) == {"a": (2, 4), "b": (2, 4), "c": (2, 4)}
    assert rows("a.sql", "-- comply:ignore a reason=x\n'") == {}


def test_what_has_no_end_is_read_once() -> None:
    start = time.process_time()
    for text in ("/* " * 40_000, "<<EOT\n" * 40_000):
        source = Source("main.tf", f"# comply:ignore r reason=x\n{text}")
        (allowed,), _ = inline_exceptions(source)
        assert allowed.rows is None
    assert time.process_time() - start < 3


def test_other_files_have_no_comments() -> None:
    assert rows("a.json", "# comply:ignore a reason=x\n") == {}
    assert rows("<stdin>", "# comply:ignore a reason=x\nkind: Pod\n") == {"a": (1, 2)}
    assert rows("a.tf", "# nothing\n") == {}


POD = """apiVersion: v1
kind: Pod
metadata:
  name: a
  annotations:
    comply.dev/ignore: |
      a/b reason="by digest" until=2027-01-31

      c
"""


def test_annotations() -> None:
    allowances, mistakes = annotated_exceptions(Source("a.yaml", POD))
    assert [(a.rules, a.fact, a.inline) for a in allowances] == [
        (("a/b",), "v1/Pod/a", True)
    ]
    assert [m.message for m in mistakes] == ["an exception without a reason"]
    other = "apiVersion: v1\nkind: Pod\nmetadata: {name: b}\n"
    hit = found("a/b", "v1/Pod/a", "a.yaml")
    assert covers(allowances[0], hit)
    assert not covers(allowances[0], found("a/b", "v1/Pod/b", "a.yaml"))
    assert not covers(allowances[0], found("a/b", "v1/Pod/a", "b.yaml"))
    assert annotated_exceptions(Source("b.yaml", other)) == ([], [])
    assert annotated_exceptions(Source("b.yaml", f"{other}# comply.dev/ignore\n")) == (
        [],
        [],
    )
    assert annotated_exceptions(Source("b.yaml", "comply.dev/ignore: [")) == ([], [])


def test_an_annotation_that_is_no_text() -> None:
    text = POD.partition("comply.dev")[0] + "comply.dev/ignore: 3\n"
    allowances, mistakes = annotated_exceptions(Source("a.yaml", text))
    assert allowances == []
    assert [m.status for m in mistakes] == [Status.ERROR]


def test_exempt_findings_say_who_and_until_when() -> None:
    place = Span("comply.yaml", 7, 1)
    allowed = Allowance(("a/*",), "old", "ann", "2027-01-31", ("f*",), ("m*",), place)
    first, second, third = exempt(
        [found("a/b", "fact"), found("a/b", "other"), found("a/b", "fact", "z.tf")],
        [allowed],
        TODAY,
    )
    assert first.status is Status.EXEMPT
    assert first.exemption == allowed.exemption
    assert first.exemption.place == "comply.yaml:7"
    assert first.fingerprint == found("a/b", "fact").fingerprint
    assert second.status is third.status is Status.VIOLATION


def test_expired_exceptions_allow_nothing_and_are_told() -> None:
    allowed = Allowance(("a",), "old", until="2026-11-20")
    finding, warning = exempt([found("a")], [allowed], TODAY)
    assert finding.status is Status.VIOLATION
    assert warning.status is Status.WARNING
    assert (
        warning.message == "the exception for a expired on 2026-11-20: 1 finding stands"
    )


def test_unused_exceptions_are_told() -> None:
    (warning,) = exempt([], [Allowance(("a",), "old")], TODAY)
    assert warning.rule_id == "comply/unused-exception"
    quiet = exempt([], [Allowance(("a",), "old")], TODAY, tells_unused=lambda _a: False)
    assert quiet == []


def test_two_exceptions_for_one_finding_are_both_used() -> None:
    both = [Allowance(("a",), "one"), Allowance(("*",), "two")]
    (finding,) = exempt([found("a")], both, TODAY)
    assert finding.exemption == both[0].exemption


def test_errors_cannot_be_allowed() -> None:
    broken = Finding("a", "", Severity.HIGH, Status.ERROR, "m")
    assert exempt([broken], [Allowance(("*",), "x")], TODAY)[0] == broken


def test_files_are_read_once() -> None:
    asked = []

    def read(name: str) -> Source | None:
        asked.append(name)
        return Source(name, TF) if name == "main.tf" else None

    allowances, mistakes = exceptions_in(["main.tf", "x.json", "main.tf"], read)
    assert asked == ["main.tf", "x.json"]
    assert len(allowances) == 4
    assert mistakes == []
