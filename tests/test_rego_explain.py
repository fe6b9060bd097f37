"""Why a clause held or did not: the expression, its place, the values it saw."""

from dataclasses import dataclass
from typing import Any

import pytest

from comply.plan.builtins.failure import Evaluation
from comply.plan.probe import Event, recorder
from comply.plan.runtime import Context
from comply.plan.values import UNDEFINED
from comply.rego.explain import Line, Reason, study, why, why_not
from comply.rego.parser import parse_module
from comply.rego.places import rule_at
from comply.rego.tracing import Attempt, Traced, attempts, trace_modules, turns
from comply.rego.wording import path_text
from comply.source import Source

HEAD = "package p\nimport rego.v1\n"


@dataclass(frozen=True, slots=True)
class _Tried:
    """A rule that was evaluated while being watched."""

    traced: Traced
    roots: list[Attempt]

    def reason(self) -> Reason:
        asked = study(self.traced, self.roots)
        found = [why_not(asked, root) for root in self.roots]
        [reason] = [r for r in found if r is not None]
        return reason

    def lines(self) -> tuple[Line, ...]:
        asked = study(self.traced, self.roots)
        [turn] = [
            t for r in self.roots for t in turns(r) if t[-1].point.kind == "yield"
        ]
        return why(asked, turn)


def _try(body: str, input_: Any = UNDEFINED, name: str = "t") -> _Tried:
    traced = trace_modules((parse_module(Source("p.rego", HEAD + body)),))
    events: list[Event] = []
    context = Context(
        traced.program.tree, input_, {}, Evaluation(probe=recorder(events))
    )
    [rule] = [r for r in traced.plan.rules if r.path[-1] == name]
    traced.program.rules[rule.id](context)
    return _Tried(traced, attempts(traced.points, events))


@pytest.mark.parametrize(
    ("body", "text", "values"),
    [
        (
            "t if { count(input.xs) == 3 }",
            "`count(input.xs) == 3` is false",
            {"count(input.xs)": "2", "input.xs": "[1, 2]"},
        ),
        ("t if { input.n > 5 }", "`input.n > 5` is false", {"input.n": "4"}),
        ("t if { input.a.b.c }", "`input.a.b` is undefined", {"input.a": '{"x": 1}'}),
        ("t if { input.xs[7] }", "`input.xs[7]` is undefined", {"input.xs": "[1, 2]"}),
        ("t if { input.off }", "`input.off` is false", {"input.off": "false"}),
        (
            "t if { not input.n }",
            "`not input.n` is false: `input.n` holds",
            {"input.n": "4"},
        ),
        (
            "t if { some x in input.xs; x == 9 }",
            "`x == 9` is false",
            {"x": "1"},
        ),
        (
            "t if { some x in input.none; x == 9 }",
            "`input.none` is undefined",
            {
                "input": '{"a": {"x": 1}, "n": 4, "off": false, "s": "abc", "xs": [1, 2]}'
            },
        ),
        (
            "t if { every x in input.xs { x < 2 } }",
            "`every x in input.xs` is false",
            {"x": "2", "input.xs": "[1, 2]"},
        ),
        (
            't if { startswith(input.n, "a") }',
            (
                '`startswith(input.n, "a")` is undefined '
                "(startswith: operand 1 must be string but got number)"
            ),
            {"input.n": "4"},
        ),
        (
            "t if { to_number(input.s) == 3 }",
            (
                "`to_number(input.s)` is undefined (to_number: strconv.ParseFloat: "
                'parsing "abc": invalid syntax)'
            ),
            {"input.s": '"abc"'},
        ),
        (
            "t if { [a, b, c] = input.xs; a < b + c }",
            "`input.xs` is no such array",
            {"input.xs": "[1, 2]"},
        ),
        (
            't if { {"k": v} = input.a; v }',
            "`input.a.k` is undefined",
            {"input.a": '{"x": 1}'},
        ),
        (
            "t if { x := input.xs; x[0] + 1 == input.n }",
            "`(x[0] + 1) == input.n` is false",
            {"x[0] + 1": "2", "input.n": "4", "x[0]": "1", "x": "[1, 2]"},
        ),
        ("t if { data.nope.x == 1 }", "`data.nope` is undefined", {"data": "{}"}),
        ("t if { f(input.n) }\nf(x) if { x > 9 }", "`f(input.n)` is undefined", None),
        ("t if { 1 == 2 }", "this never holds", {}),
        ("t if { some _ in input.none }", "`input.none` is undefined", None),
        ('t if { walk(input, [_, "z"]) }', '`walk(input)[1] == "z"` is false', None),
    ],
)
def test_what_failed(body: str, text: str, values: dict[str, str] | None) -> None:
    input_ = {"xs": [1, 2], "n": 4, "off": False, "a": {"x": 1}, "s": "abc"}
    reason = _try(body, input_).reason()
    assert reason.text == text
    if values is not None:
        assert dict(reason.values) == values


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("t if { x := {input.n}; x == {5} }", "`x == {5}` is false"),
        ('t if { {"a": input.n} == {"a": 5} }', '`{"a": input.n} == {"a": 5}` is false'),
        ("t if { [input.n, 1] == [2, 1] }", "`[input.n, 1] == [2, 1]` is false"),
        ("t if { {input.n} == set() }", "`{input.n} == set()` is false"),
        (
            "t if { count([x | some x in input.xs]) == 1 }",
            "`count([x | ...]) == 1` is false",
        ),
        (
            "t if { count({k: v | some k, v in input.xs}) == 1 }",
            "`count({k: v | ...}) == 1` is false",
        ),
        ("t if { 7, 1 in input.xs }", "`7, 1 in input.xs` is false"),
        ("t if { 9 in input.xs }", "`9 in input.xs` is false"),
        ("t if { input.n - 1 > 2 * (input.n + 1) }", None),
        ("t if { input.a[input.s] }", "`input.a.abc` is undefined"),
        ("t if { some i; input.xs[i] == input.n }", "`input.n == input.xs[i]` is false"),
        ("t if { input.xs[_] == input.n }", "`input.n == input.xs[_]` is false"),
        ("t if { some k, _ in input.xs; k > 4 }", "`k > 4` is false"),
        ("t if { every k, v in input.xs { k > v } }", "`every k, v in input.xs` is false"),
        ('t if { $"n is {input.n}" == "x" }', '`the text == "x"` is false'),
        ("t if { x := data.base[input.s]; x }", None),
        ('t if { input.s == "a text that is so long that it is cut in the middle of it" }', None),
        ("t if { upper(input.s) == lower(input.s) }", None),
        ("t if { not input.a.x == 1 }", "`not input.a.x == 1` is false: `input.a.x == 1` holds"),
        ("t if { rand.intn(input.s, -1) == 3 }", None),
    ],
)  # fmt: skip
def test_words_are_those_of_the_author(body: str, text: str | None) -> None:
    input_ = {"xs": [1, 2], "n": 4, "off": False, "a": {"x": 1}, "s": "abc"}
    reason = _try(body, input_).reason()
    if text is not None:
        assert reason.text == text
    assert "%" not in reason.text
    assert reason.text.count("`") % 2 == 0
    assert len(reason.text) < 120


def test_rules_of_other_packages_have_their_path() -> None:
    other = parse_module(Source("q.rego", "package q.r\nimport rego.v1\nx := 1\n"))
    text = HEAD + "t if { data.q.r.x == 2 }\nu if { count(data.q.r) == 3 }"
    traced = trace_modules((parse_module(Source("p.rego", text)), other))
    for name, wanted in (("t", "`data.q.r.x == 2`"), ("u", "`count(data.q.r) == 3`")):
        events: list[Event] = []
        evaluation = Evaluation(probe=recorder(events))
        [rule] = [r for r in traced.plan.rules if r.path[-1] == name]
        traced.program.rules[rule.id](Context(traced.program.tree, {}, {}, evaluation))
        tried = _Tried(traced, attempts(traced.points, events))
        assert tried.reason().text == f"{wanted} is false"


def test_the_furthest_turn_counts() -> None:
    body = "t if {\n\tsome x in input.xs\n\tx.a == 1\n\tx.b == 2 # and so on\n}"
    reason = _try(body, {"xs": [{"a": 0}, {"a": 1, "b": 3}, {"a": 1, "b": 4}]}).reason()
    assert reason.text == "`x.b == 2` is false"
    assert dict(reason.values)["x.b"] == "3"
    assert reason.turns == 2
    assert (reason.span.row, reason.span.col, reason.span.width) == (6, 2, 8)


def test_the_rules_that_were_read_tell_why() -> None:
    body = """t if { allow }
allow if { input.role == "admin"; input.age > 17 }
allow if { input.name == "root" }
"""
    reason = _try(body, {"role": "admin", "age": 3}).reason()
    assert reason.text == "`allow` is undefined"
    assert [inner.text for inner in reason.because] == [
        "`input.age > 17` is false",
        "`input.name` is undefined",
    ]
    assert [inner.rule for inner in reason.because] == ["allow", "allow"]


def test_an_empty_set_is_explained_through_count() -> None:
    body = """t if { count(deny) == 1 }
deny contains x if { some x in input.xs; x > 5 }
"""
    reason = _try(body, {"xs": [1, 2]}).reason()
    [inner] = reason.because
    assert (inner.text, inner.turns) == ("`x > 5` is false", 2)


def test_what_was_memoised_is_explained_too() -> None:
    body = """t if { not quiet; loud }
quiet if { deep }
loud if { deep }
deep if { input.x == 1 }
"""
    reason = _try(body, {"x": 2}).reason()
    [inner] = reason.because
    assert [r.text for r in inner.because] == ["`input.x == 1` is false"]


def test_an_else_is_tried_after_its_rule() -> None:
    body = "t := 1 if { input.a == 1 } else := 2 if { input.a == 2 }"
    tried = _try(body, {"a": 3})
    asked = study(tried.traced, tried.roots)
    texts = [r.text for root in tried.roots if (r := why_not(asked, root))]
    assert texts == ["`input.a == 1` is false", "`input.a == 2` is false"]


def test_a_clause_that_held_has_no_reason() -> None:
    tried = _try("t if { input.a == 1 }", {"a": 1})
    asked = study(tried.traced, tried.roots)
    assert why_not(asked, tried.roots[0]) is None


def test_the_lines_of_what_held() -> None:
    body = """t contains msg if {
	some r in input.rs
	r.type == "a"
	n := count(r.tags)
	n > 1
	msg := sprintf("%s has %d", [r.id, n])
}
"""
    rows = [{"type": "b"}, {"type": "a", "id": "x", "tags": [1, 2]}]
    lines = {
        line.span.row: dict(line.values) for line in _try(body, {"rs": rows}).lines()
    }
    assert list(lines) == [4, 5, 6, 7, 8]
    assert lines[5] == {
        "r": '{"id": "x", "tags": [1, 2], "type": "a"}',
        "r.type": '"a"',
    }
    assert lines[6] == {"r.tags": "[1, 2]", "count(r.tags)": "2", "n": "2"}
    assert lines[8]["msg"] == '"x has 2"'


def test_a_mask_hides_values_and_messages() -> None:
    tried = _try("t if { to_number(input.secret) == 1 }", {"secret": "hunter2"})

    def mask(value: Any) -> Any:
        return value.replace("hunter2", "***") if isinstance(value, str) else value

    asked = study(tried.traced, tried.roots, mask)
    [reason] = [r for root in tried.roots if (r := why_not(asked, root))]
    assert "hunter2" not in str(reason.values) + reason.text
    assert dict(reason.values)["input.secret"] == '"***"'


def test_steps_are_quoted_where_they_must_be() -> None:
    assert path_text("a", ("b", "c d", "1x", "", 2)) == 'a.b["c d"]["1x"][""][2]'


def test_no_rule_begins_in_the_middle() -> None:
    module = parse_module(Source("p.rego", HEAD + "t if { true }"))
    with pytest.raises(LookupError):
        rule_at(module, 3)


def test_mocks_lead_to_the_rules_that_stand_in() -> None:
    body = """t if { g(1) with f as fake }
g(x) if { f(x) }
f(x) if { x == 1 }
fake(x) if { x == 2 }
"""
    reason = _try(body).reason()
    [inner] = reason.because
    assert [r.rule for r in inner.because] == ["fake"]
