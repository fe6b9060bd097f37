"""Spacelift's contract: which rules count, of which kind, and what follows."""

from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comply.rego.errors import RegoError
from comply.rego.spacelift.contract import CONTRACTS, GIVEN
from comply.rego.spacelift.evaluate import Verdict, evaluate
from comply.rego.spacelift.prelude import given_modules
from comply.rego.spacelift.shapes import SHAPES
from comply.source import Source

HEAD = "package spacelift\nimport rego.v1\n"


def judge(kind: str, *bodies: str, input_: Any = None) -> Verdict:
    sources = [Source(f"{i}.rego", HEAD + body) for i, body in enumerate(bodies)]
    return evaluate(kind, sources, {} if input_ is None else input_)


def outcome(kind: str, body: str, input_: Any = None) -> tuple[str, bool]:
    decision = judge(kind, body, input_=input_).decision
    return decision.outcome, decision.blocks


@pytest.mark.parametrize(
    ("kind", "body", "wanted"),
    [
        ("plan", "", ("passed", False)),
        ("plan", 'deny contains "x"', ("failed", True)),
        ("plan", 'warn contains "x"', ("warned", False)),
        ("plan", 'deny contains "x"\nwarn contains "y"', ("failed", True)),
        ("approval", "", ("undecided", False)),
        ("approval", "approve := true", ("approved", False)),
        ("approval", "approve := true\nreject if true", ("rejected", True)),
        ("approval", "default approve := false", ("undecided", False)),
        ("access", "", ("denied", True)),
        ("access", "read := true", ("read", False)),
        ("access", "write := true", ("write", False)),
        ("access", "write := true\ndeny_write := true", ("read", False)),
        ("access", "write := true\ndeny := true", ("denied", True)),
        ("login", "", ("denied", True)),
        ("login", "allow := true", ("allowed", False)),
        ("login", "admin := true", ("admin", False)),
        ("login", "admin := true\ndeny_admin := true", ("denied", True)),
        (
            "login",
            "admin := true\nallow := true\ndeny_admin := true",
            ("allowed", False),
        ),
        ("login", "admin := true\ndeny := true", ("denied", True)),
        ("push", "", ("ignored", False)),
        ("push", "fail := true", ("ignored", True)),
        ("push", "track := true", ("track", False)),
        ("push", "propose := true", ("propose", False)),
        ("push", "track := true\nnotrigger := true", ("tracked", False)),
        (
            "push",
            "track := true\nignore_track := true\npropose := true",
            ("propose", False),
        ),
        ("push", "track := true\npropose := true\nignore := true", ("ignored", False)),
        ("trigger", "", ("none", False)),
        ("trigger", 'trigger contains "a"', ("triggered", False)),
        ("task", "", ("allowed", False)),
        ("task", 'deny contains "no"', ("denied", True)),
        ("initialization", "", ("allowed", False)),
        ("initialization", 'deny contains "no"', ("denied", True)),
        ("notification", "", ("none", False)),
        ("notification", 'inbox contains {"title": "t"}', ("notified", False)),
        ("intent", "", ("review", False)),
        ("intent", 'allow contains "fine"', ("allowed", False)),
        ("intent", 'allow contains "fine"\ndeny contains "no"', ("denied", True)),
    ],
)
def test_what_follows(kind: str, body: str, wanted: tuple[str, bool]) -> None:
    assert outcome(kind, body) == wanted


def test_warnings_stop_a_tracked_run_with_autodeploy() -> None:
    run = {"spacelift": {"run": {"type": "TRACKED"}, "stack": {"autodeploy": True}}}
    assert outcome("plan", 'warn contains "x"', run) == ("review", False)


def test_sentences_count() -> None:
    one = judge("trigger", 'trigger contains "a"').decision
    two = judge("trigger", 'trigger contains "a"\ntrigger contains "b"').decision
    assert one.sentence == "A run is triggered on one stack."
    assert two.sentence == "A run is triggered on 2 stacks."
    inbox = 'inbox contains {"n": 1}\nslack contains {"n": 2}'
    assert judge("notification", inbox).decision.sentence == "2 messages are sent."


def test_every_consulted_rule_has_a_value() -> None:
    for kind, contract in CONTRACTS.items():
        verdict = judge(kind, "unrelated := 1")
        assert list(verdict.values) == list(contract.rules)
        assert verdict.values["sample"] is False


def test_sample() -> None:
    assert judge("plan", "sample := true").values["sample"] is True


@pytest.mark.parametrize(
    ("kind", "body", "text"),
    [
        ("plan", 'deny[x] if { x := "a" }', "Spacelift wants a set of strings"),
        ("plan", "deny if true", "Spacelift wants a set of strings"),
        ("approval", 'reject contains "x"', "Spacelift wants true or false"),
        ("approval", "approve(x) := x", "Spacelift wants true or false"),
        ("notification", 'inbox := "x"', "Spacelift wants a set of objects"),
        ("push", 'module_version contains "x"', "Spacelift wants a string"),
        (
            "approval",
            'approve := "yes"',
            'approve must be true or false: "yes" is a string',
        ),
        ("plan", "deny contains 3", "deny must be a set of strings: 3 is a number"),
        ("notification", 'slack contains "x"', 'slack must be a set of objects: "x"'),
        ("push", "lock := 7", "lock must be a string: 7 is a number"),
        ("login", "roles := 3", "roles must be an object"),
    ],
)
def test_a_rule_keeps_its_kind(kind: str, body: str, text: str) -> None:
    with pytest.raises(RegoError, match=text):
        judge(kind, body)


def test_the_hint_speaks_the_version_of_the_file() -> None:
    old = Source("a.rego", "package spacelift\ndeny = true { true }\n")
    with pytest.raises(RegoError) as caught:
        evaluate("plan", [old], {})
    assert "in v0 `deny[x] { ... }`" in caught.value.hint


@pytest.mark.parametrize(
    "call",
    [
        'http.send({"method": "get", "url": "x"})',
        "opa.runtime()",
        'rego.parse_module("a", "package a")',
        "time.now_ns()",
        'trace("x")',
    ],
)
def test_disabled_builtins(call: str) -> None:
    with pytest.raises(RegoError) as caught:
        judge("plan", f"x := {call}\ny := {call}")
    assert caught.value.message.startswith("undefined function ")
    assert len(caught.value.errors) == 2
    assert caught.value.errors[0].span is not None
    assert caught.value.errors[0].span.row == 3


def test_exec_is_for_private_workers() -> None:
    with pytest.raises(RegoError) as caught:
        judge("initialization", 'x := exec("ls")')
    assert "private workers" in caught.value.errors[0].hint


def test_a_policy_of_another_package_is_refused() -> None:
    with pytest.raises(RegoError, match="package main"):
        evaluate("plan", [Source("a.rego", "package main\n")], {})


def test_a_policy_that_fails_says_where() -> None:
    body = 'x := 1 if true\nx := 2 if true\ndeny contains "a" if x == 1'
    with pytest.raises(RegoError) as caught:
        judge("plan", body)
    assert caught.value.code == "eval_conflict_error"
    assert str(caught.value.span) == "0.rego:4:1"


@given(st.text())
def test_sanitized_is_the_end_of_the_digest(text: str) -> None:
    body = "deny contains sanitized(input.x)"
    [found] = judge("plan", body, input_={"x": text}).values["deny"]
    assert found == sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[-8:]


def test_sanitized_is_what_the_documentation_shows() -> None:
    body = 'deny contains x if sanitized("mysql", x)'
    assert judge("plan", body).values["deny"] == ["eae35047"]


CHANGES = [
    {"address": "made", "change": {"actions": ["create"]}},
    {"address": "gone", "change": {"actions": ["delete"]}},
    {"address": "new", "change": {"actions": ["delete", "create"]}},
    {"address": "first", "change": {"actions": ["create", "delete"]}},
    {"address": "changed", "change": {"actions": ["update"]}},
    {"address": "kept", "change": {"actions": ["no-op"]}},
    {"address": "read", "change": {"actions": ["read"]}},
]


@pytest.mark.parametrize(
    ("alias", "addresses"),
    [
        ("affected_resources", ["changed", "first", "gone", "made", "new"]),
        ("created_resources", ["first", "made", "new"]),
        ("deleted_resources", ["first", "gone", "new"]),
        ("recreated_resources", ["first", "new"]),
        ("updated_resources", ["changed"]),
    ],
)
def test_aliases_of_a_plan(alias: str, addresses: list[str]) -> None:
    body = f"deny contains r.address if some r in {alias}"
    input_ = {"terraform": {"resource_changes": CHANGES}, "spacelift": {}}
    assert judge("plan", body, input_=input_).values["deny"] == addresses


def test_a_policy_may_have_its_own() -> None:
    body = 'affected_resources := ["mine"]\ndeny contains x if some x in affected_resources'
    assert judge("plan", body).values["deny"] == ["mine"]


def test_aliases_of_tasks_and_runs() -> None:
    input_ = {"request": {"command": "rm"}, "run": {"runtime_config": {"x": "y"}}}
    body = "deny contains request.command"
    assert judge("task", body, input_=input_).values["deny"] == ["rm"]
    body = "deny contains runtime_config.x"
    assert judge("initialization", body, input_=input_).values["deny"] == ["y"]


def test_aliases_belong_to_their_types() -> None:
    with pytest.raises(RegoError, match="created_resources"):
        judge("task", "deny contains r.address if some r in created_resources")


def test_everything_given_compiles() -> None:
    assert len(given_modules(GIVEN)) == len(GIVEN)
    given = {name for contract in CONTRACTS.values() for name in contract.gives}
    assert given | {"sanitized"} == GIVEN.keys()
    assert SHAPES.keys() == CONTRACTS.keys()


def test_policies_are_merged() -> None:
    first = 'deny contains "a"\nflag contains "f"'
    second = 'deny contains "b"\ndeny contains "a"\nsample := true'
    values = judge("plan", first, second).values
    assert values["deny"] == ["a", "b"]
    assert values["sample"] is True
    verdict = judge("approval", "approve := true", "reject := true")
    assert verdict.decision.outcome == "rejected"
    assert judge("push", 'lock := "x"', "track := true").values["lock"] == "x"
    roles = (
        'roles["s"] contains "r"',
        'roles["s"] contains "w"\nroles["t"] contains "r"',
    )
    assert judge("login", *roles).values["roles"] == {"s": ["r", "w"], "t": ["r"]}


def test_v0_policies() -> None:
    text = 'package spacelift\ndeny[msg] { msg := "x" }\nsample { true }\n'
    verdict = evaluate("plan", [Source("a.rego", text)], {})
    assert verdict.values["deny"] == ["x"]


@pytest.mark.parametrize(
    ("kind", "body", "input_", "note"),
    [
        ("plan", "", {"spacelift": {}}, "the input of a plan policy has `terraform`"),
        ("plan", "", {"terrafrom": {}}, "no `terrafrom`: is it `terraform`?"),
        (
            "plan",
            "",
            {"spacelift": {"run": {"id": 3}}},
            "input.spacelift.run.id is a string in Spacelift",
        ),
        (
            "plan",
            "",
            {"spacelift": {"run": {"created_at": True, "flags": "x", "commit": 1}}},
            "input.spacelift.run.flags is an array in Spacelift",
        ),
        (
            "trigger",
            "",
            {"stacks": [{"labels": ["a", 2]}]},
            "input.stacks[0].labels[1] is a string in Spacelift",
        ),
        (
            "plan",
            'deny contains "x" if input.spacelift.stak.id',
            {"spacelift": {}},
            ("0.rego reads input.spacelift.stak, which Spacelift does not give: "
            "is it `stack`?"),
        ),
        (
            "plan",
            'deny contains "x" if input.resource_changes[_]',
            {},
            "0.rego reads input.resource_changes, which Spacelift does not give",
        ),
        (
            "plan",
            'deny contains "x" if input.spacelift.previous_run.id',
            {"spacelift": {}},
            "0.rego reads input.spacelift.previous_run, which this input has not",
        ),
        ("access", "", {}, "access policies are deprecated"),
    ],
)  # fmt: skip
def test_notes(kind: str, body: str, input_: Any, note: str) -> None:
    notes = judge(kind, body, input_=input_).notes
    assert any(note in found for found in notes), notes


def test_a_whole_input_has_no_notes() -> None:
    input_ = {
        "reviews": {"current": {"approvals": [], "rejections": []}, "older": []},
        "run": {"type": "TRACKED", "command": None, "created_at": 1.5},
        "stack": {"labels": [], "worker_pool": {"public": True}},
    }
    body = 'approve if { input.run.type == "TRACKED"; input.stack.worker_pool.public }'
    assert judge("approval", body, input_=input_).notes == ()
