"""What rests on a value known only after apply is told as undetermined."""

import json
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comply import Session
from comply.findings import Finding, Status
from comply.load.facts import Change

HEAD = "package p\n\nimport rego.v1\n\n"


def resource(
    address: str, after: dict[str, Any], unknown: Any = None, type_: str = "t"
) -> dict[str, Any]:
    return {
        "address": address,
        "mode": "managed",
        "type": type_,
        "name": address,
        "change": {
            "actions": ["create"],
            "before": None,
            "after": after,
            "after_unknown": {"id": True} | (unknown or {}),
        },
    }


def plan(*resources: dict[str, Any]) -> dict[str, Any]:
    return {"format_version": "1.2", "resource_changes": list(resources)}


def session(tmp_path: Path, rules: str) -> Session:
    (tmp_path / "rule.rego").write_text(HEAD + rules)
    return Session(rules=[tmp_path / "rule.rego"])


def checked(tmp_path: Path, rules: str, *resources: dict[str, Any]) -> list[Finding]:
    made = session(tmp_path, rules)
    made.load(json.dumps(plan(*resources)).encode(), "terraform_plan")
    found: list[Finding] = made.check()
    return found


def told(
    tmp_path: Path, rules: str, *resources: dict[str, Any]
) -> list[tuple[str, str]]:
    """Return status and message of the findings, sorted."""
    return sorted(
        (f.status.value, f.message) for f in checked(tmp_path, rules, *resources)
    )


OWNER = """
deny contains msg if {
	some rc in input.resource_changes
	not rc.change.after.tags.owner
	msg := sprintf("%s has no owner", [rc.address])
}
"""
PUBLIC = """
deny contains {"msg": "public", "address": rc.address} if {
	some rc in input.resource_changes
	rc.type == "aws_db_instance"
	rc.change.after.public == true
}
"""


def test_a_silence_that_rests_on_an_unknown_value_is_undetermined(
    tmp_path: Path,
) -> None:
    (found,) = checked(
        tmp_path, PUBLIC, resource("d", {}, {"public": True}, "aws_db_instance")
    )
    assert found.status is Status.UNDETERMINED
    assert found.fact == "d"
    assert found.message == "d: cannot be told yet: `public` is known only after apply"


def test_a_violation_found_only_because_a_value_is_absent_is_undetermined(
    tmp_path: Path,
) -> None:
    assert told(
        tmp_path,
        OWNER,
        resource("a", {}, {"tags": True}),
        resource("b", {"tags": {"x": "y"}}, {"tags": {"owner": True}}),
        resource("c", {"tags": {}}, {"tags": {"other": True}}),
        resource("d", {"tags": {"owner": "me"}}, {"tags": {"other": True}}),
        resource("e", {}),
    ) == [
        ("undetermined", "a: cannot be told yet: `tags` is known only after apply"),
        (
            "undetermined",
            "b: cannot be told yet: `tags.owner` is known only after apply",
        ),
        ("violation", "c has no owner"),
        ("violation", "e has no owner"),
    ]


def test_only_reads_that_matter_count(tmp_path: Path) -> None:
    assert (
        told(tmp_path, PUBLIC, resource("s", {}, {"public": True}, "aws_s3_bucket"))
        == []
    )
    late = """
deny contains "x" if {
	some rc in input.resource_changes
	rc.change.after.name == "n"
	rc.change.after.on
}
"""
    # What is read after an unknown value may settle it all the same.
    assert told(tmp_path, late, resource("a", {"on": False}, {"name": True})) == []
    assert told(tmp_path, late, resource("a", {"name": "m"}, {"on": True})) == []
    assert len(told(tmp_path, late, resource("a", {"on": True}, {"name": True}))) == 1
    assert told(
        tmp_path, late, resource("a", {"on": True, "name": "n"}, {"size": True})
    ) == [("violation", "x")]


def test_a_violation_that_does_not_rest_on_the_value_stays_one(tmp_path: Path) -> None:
    both = """
deny contains msg if {
	some rc in input.resource_changes
	bad(rc.change.after)
	msg := sprintf("%s is bad", [rc.address])
}

bad(after) if after.a == 1

bad(after) if after.b == 1
"""
    assert told(tmp_path, both, resource("r", {"a": 1}, {"b": True})) == [
        ("violation", "r is bad")
    ]
    assert [
        s for s, _ in told(tmp_path, both, resource("r", {"a": 2}, {"b": True}))
    ] == ["undetermined"]


def test_a_message_with_an_unknown_value_is_no_silence(tmp_path: Path) -> None:
    rules = """
deny contains msg if {
	some rc in input.resource_changes
	rc.change.after.public
	msg := sprintf("%s is public", [rc.change.after.name])
}
"""
    assert told(tmp_path, rules, resource("r", {"public": True}, {"name": True})) == [
        ("undetermined", "r: cannot be told yet: `name` is known only after apply")
    ]
    default = rules.replace(
        "rc.change.after.name]", 'object.get(rc.change.after, "name", "?")]'
    )
    assert told(tmp_path, default, resource("r", {"public": True}, {"name": True})) == [
        ("violation", "? is public")
    ]


def test_who_reads_after_unknown_handles_it(tmp_path: Path) -> None:
    warned = (
        PUBLIC
        + """
warn contains {"msg": "later", "address": rc.address} if {
	some rc in input.resource_changes
	rc.change.after_unknown.public
}
"""
    )
    unknown = resource("d", {}, {"public": True}, "aws_db_instance")
    assert told(tmp_path, warned, unknown) == [("warning", "later")]
    whole = warned.replace(
        "rc.change.after_unknown.public", 'object.get(rc.change, "after_unknown", {})'
    )
    assert told(tmp_path, whole, unknown) == [("warning", "later")]
    for key in (".other", '[["public"]]', "[{1}]", "[0]"):
        other = warned.replace("after_unknown.public", f"after_unknown{key}")
        assert [s for s, _ in told(tmp_path, other, unknown)] == ["undetermined"]


@pytest.mark.parametrize(
    ("body", "after", "unknown", "statuses"),
    [
        ("every t in rc.change.after.list { t.ok }", {"list": [{"ok": True}]}, {"list": [{"ok": False}]}, ["violation"]),
        ("every t in rc.change.after.list { t.ok }", {"list": [{}]}, {"list": [{"ok": True}]}, ["undetermined"]),
        ("every t in rc.change.after.list { t.ok }", {"list": [{}, {"ok": False}]}, {"list": [{"ok": True}, {}]}, []),
        ("every t in rc.change.after.list { t.ok }", {}, {"list": True}, ["undetermined"]),
        ("count(rc.change.after.list) > 1", {"list": [1, None]}, {"list": [False, True]}, ["violation"]),
        ("count(rc.change.after.list) > 1", {}, {"list": True}, ["undetermined"]),
        ("some x in rc.change.after.list; x == 22", {"list": [22, None]}, {"list": [False, True]}, ["violation"]),
        ("some x in rc.change.after.list; x == 22", {"list": [21, None]}, {"list": [False, True]}, ["undetermined"]),
        ("22 in rc.change.after.list", {"list": [21, None]}, {"list": [False, True]}, ["undetermined"]),
        ("not 22 in rc.change.after.list", {"list": [22, None]}, {"list": [False, True]}, []),
        ('rc.change.after.a in {"x", "y"}', {}, {"a": True}, ["undetermined"]),
        ('rc.change.after.a != "x"', {}, {"a": True}, ["undetermined"]),
        ('startswith(rc.change.after.a, "x")', {}, {"a": True}, ["undetermined"]),
        ("count([x | some x in rc.change.after.list; x > 1]) == 0", {"list": [0, None]}, {"list": [False, True]}, ["undetermined"]),
        ("count({x | some x in rc.change.after.list; x > 1}) == 0", {"list": [0]}, {"a": True}, ["violation"]),
        ('object.get(rc.change.after, ["a", "b"], 1) == 1', {}, {"a": True}, ["undetermined"]),
        ('{"k": rc.change.after.a}.k == 1', {}, {"a": True}, ["undetermined"]),
        ("[rc.change.after.a, 1] == [1, 2]", {}, {"a": True}, []),
        ("[rc.change.after.a, 1] == [1, 1]", {}, {"a": True}, ["undetermined"]),
        ("[x, 1] = rc.change.after.a; x == 2", {}, {"a": True}, ["undetermined"]),
        ('{"k": x} = rc.change.after.a; x == 2', {}, {"a": True}, ["undetermined"]),
        ("walk(rc.change.after.a, [_, v]); v == 7", {"a": {"b": 7}}, {"a": {"c": True}}, ["violation"]),
        ("walk(rc.change.after.a, [_, v]); v == 7", {"a": {}}, {"a": {"c": True}}, ["undetermined"]),
        ('some k, v in rc.change.after; v == "*"', {}, {"rules": True}, ["undetermined"]),
        ('some k, v in rc.change.after; v == "*"', {}, {"arn": True}, []),
        ('key := "a"; rc.change.after[key] == 1', {}, {"a": True}, ["undetermined"]),
        ("names[rc.change.after.a] == 1", {}, {"a": True}, ["undetermined"]),
        ("rc.change.after.a.b.c", {}, {"a": {"b": True}}, ["undetermined"]),
        ("rc.change.after.a == rc.change.after.a", {}, {"a": True}, ["undetermined"]),
        ("is_object(rc.change.after); rc.change.after.a", {"a": False}, {"b": True}, []),
        ('kind(rc) == "open"', {}, {"a": True}, ["undetermined"]),
        ('kind(rc) == "other"', {}, {"a": True}, []),
        ("level == 3; rc.change.after.a", {}, {"a": True}, ["undetermined"]),
        ("bad[rc.address]", {}, {"a": True}, ["undetermined"]),
        ("rc.address in bad", {}, {"a": True}, ["undetermined"]),
        ("count(bad) == 0", {}, {"a": True}, ["undetermined"]),
        ("named[rc.address] == 1", {}, {"a": True}, ["undetermined"]),
        ("fixed.k == 1; rc.change.after.a", {}, {"a": True}, ["undetermined"]),
    ],
)  # fmt: skip
def test_each_form_of_expression_is_followed(
    tmp_path: Path, body: str, after: dict[str, Any], unknown: Any, statuses: list[str]
) -> None:
    rules = f"""
deny contains "found" if {{
	some rc in input.resource_changes
	{body}
}}

names := {{"x": 1, "y": 2}}

kind(rc) := "open" if rc.change.after.a == 1

else := "closed"

default level := 3

level := 4 if input.nothing

bad contains rc.address if {{
	some rc in input.resource_changes
	rc.change.after.a == 1
}}

named[rc.address] := rc.change.after.a if some rc in input.resource_changes

fixed["k"] := 1
"""
    found = checked(tmp_path, rules, resource("r", after, unknown))
    assert [f.status.value for f in found] == statuses


def test_a_join_names_the_other_resource(tmp_path: Path) -> None:
    rules = """
deny contains {"msg": "open", "address": rc.address} if {
	some rc in input.resource_changes
	rc.type == "bucket"
	not protected(rc)
}

protected(rc) if {
	some block in input.resource_changes
	block.type == "block"
	block.change.after.bucket == rc.change.after.bucket
}
"""
    bucket = resource("b", {"bucket": "n"}, None, "bucket")
    assert told(
        tmp_path, rules, bucket, resource("k", {}, {"bucket": True}, "block")
    ) == [
        (
            "undetermined",
            "b: cannot be told yet: `bucket` of k is known only after apply",
        )
    ]
    assert (
        told(tmp_path, rules, bucket, resource("k", {"bucket": "n"}, None, "block"))
        == []
    )
    assert told(
        tmp_path, rules, bucket, resource("k", {"bucket": "m"}, {"tags": True}, "block")
    ) == [("violation", "open")]


def test_a_rule_with_one_value_is_undetermined_as_a_whole(tmp_path: Path) -> None:
    rules = """
deny if {
	some rc in input.resource_changes
	rc.change.after.public
}
"""
    (found,) = checked(tmp_path, rules, resource("r", {}, {"public": True}))
    assert (found.status, found.fact) == (Status.UNDETERMINED, "r")
    (sure,) = checked(
        tmp_path,
        rules,
        resource("r", {}, {"public": True}),
        resource("s", {"public": True}),
    )
    assert sure.status is Status.VIOLATION


def test_many_unknown_values_are_named_in_short(tmp_path: Path) -> None:
    names = [f"n{i}" for i in range(6)]
    reads = "\n\t".join(f"rc.change.after.{n}" for n in names)
    rules = (
        f'deny contains "x" if {{\n\tsome rc in input.resource_changes\n\t{reads}\n}}\n'
    )
    (found,) = checked(tmp_path, rules, resource("r", {}, dict.fromkeys(names, True)))
    assert found.message == (
        "r: cannot be told yet: `n0`, `n1`, `n2`, `n3` and 2 more are known only after apply"
    )


def test_what_cannot_be_followed_keeps_its_findings(tmp_path: Path) -> None:
    rules = """
deny contains "x" if {
	some rc in input.resource_changes
	not ok with input as rc
}

ok if input.change.after.a
"""
    made = session(tmp_path, rules)
    made.load(
        json.dumps(plan(resource("r", {}, {"a": True}))).encode(), "terraform_plan"
    )
    assert [f.status for f in made.check()] == [Status.VIOLATION]
    assert made.unfollowed == ["rule"]


def test_a_secret_is_not_named(tmp_path: Path) -> None:
    (found,) = checked(
        tmp_path,
        PUBLIC,
        resource("d", {"password": "s3cret"}, {"public": True}, "aws_db_instance"),
    )
    assert "s3cret" not in repr(found)


FIELDS = ("a", "b")
VALUES: tuple[Any, ...] = (None, False, True, 0, 1, "x", {}, {"k": 1}, [], [1])


# Each example is checked against a hundred completions of it.
@settings(max_examples=25)
@given(
    st.dictionaries(st.sampled_from(FIELDS), st.sampled_from(VALUES)),
    st.sets(st.sampled_from(FIELDS), min_size=1),
)
def test_what_is_certain_holds_whatever_the_values_turn_out_to_be(
    known: dict[str, Any], unknown: set[str]
) -> None:
    after = {k: v for k, v in known.items() if k not in unknown}
    rules = _law_session()
    loaded = rules.load(
        json.dumps(plan(resource("r", after, dict.fromkeys(unknown, True)))).encode(),
        "terraform_plan",
    )
    found = rules.check()
    certain = {f.message for f in found if f.status is Status.VIOLATION}
    open_ = any(f.status is Status.UNDETERMINED for f in found)
    for values in product(VALUES, repeat=len(unknown)):
        full = after | dict(zip(sorted(unknown), values, strict=True))
        rules.update(loaded, plan(resource("r", full)))
        messages = {f.message for f in rules.check()}
        assert certain <= messages
        assert open_ or messages == certain


def _law_session() -> Session:
    folder = Path(__file__).parents[1] / "fixtures" / "check"
    return Session(rules=[folder / "unknown_law.rego"])


JOIN_VALUES: tuple[Any, ...] = (None, True, 0, 1, "x")
STEPS = st.lists(
    st.tuples(
        st.sampled_from("rstuv"),
        st.sampled_from("rs"),
        st.dictionaries(
            st.sampled_from(("a", "b", "ok")), st.sampled_from(JOIN_VALUES)
        ),
        st.sets(st.sampled_from(("a", "b", "ok"))),
        st.booleans(),
    ),
    min_size=1,
    max_size=6,
)


def _joins_session() -> Session:
    folder = Path(__file__).parents[1] / "fixtures" / "check"
    return Session(rules=[folder / "unknown_joins.rego"])


def _shown(findings: list[Finding]) -> set[tuple[Status, str, str]]:
    return {(f.status, f.fact, f.message) for f in findings}


@settings(max_examples=20)
@given(STEPS)
def test_joins_follow_edits_as_if_checked_from_scratch(
    steps: list[tuple[str, str, dict[str, Any], set[str], bool]],
) -> None:
    held: dict[str, dict[str, Any]] = {}
    running, fresh = _joins_session(), _joins_session()
    loaded = running.load(json.dumps(plan()).encode(), "terraform_plan")
    shown = _shown(running.check())
    for name, kind, after, unknown, remove in steps:
        known = {k: v for k, v in after.items() if k not in unknown}
        made = resource(name, known, dict.fromkeys(unknown, True), kind)
        if name in held and remove:
            del held[name]
            change = Change(removed=(name,))
        elif name in held:
            held[name] = made
            change = Change(updated=((name, made),))
        else:
            held[name] = made
            change = Change(added=(made,))
        delta = running.apply(loaded, change)
        shown = (shown - _shown(delta.removed)) | _shown(delta.added)
        again = fresh.load(json.dumps(plan(*held.values())).encode(), "terraform_plan")
        wanted = _shown(fresh.check())
        fresh.remove(again)
        assert _shown(running.check()) == wanted
        assert shown == wanted


JOINED = st.dictionaries(
    st.sampled_from(("a", "b", "ok")), st.sampled_from((0, 1, True)), max_size=3
)


@settings(max_examples=20)
@given(JOINED, JOINED, st.sampled_from(("a", "b", "ok")))
def test_certain_joins_hold_whatever_a_value_turns_out_to_be(
    first: dict[str, Any], second: dict[str, Any], unknown: str
) -> None:
    known = {k: v for k, v in second.items() if k != unknown}
    rules = _joins_session()
    r, s = resource("r", first, None, "r"), resource("s", known, {unknown: True}, "s")
    loaded = rules.load(json.dumps(plan(r, s)).encode(), "terraform_plan")
    before = rules.check()
    certain = {(f.fact, f.message) for f in before if f.status is Status.VIOLATION}
    open_ = any(f.status is Status.UNDETERMINED for f in before)
    for value in (0, 1, True, "x", None):
        full = resource("s", known | {unknown: value}, None, "s")
        rules.update(loaded, plan(r, full))
        after = {(f.fact, f.message) for f in rules.check()}
        assert certain <= after
        assert open_ or after == certain


EDITS = st.lists(
    st.tuples(
        st.sampled_from("rst"),
        st.dictionaries(st.sampled_from(FIELDS), st.sampled_from(VALUES)),
        st.sets(st.sampled_from(FIELDS)),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=25)
@given(EDITS)
def test_after_edits_the_findings_are_those_from_scratch(
    edits: list[tuple[str, dict[str, Any], set[str]]],
) -> None:
    resources = {name: resource(name, {}) for name in "rst"}
    running, fresh = _law_session(), _law_session()
    loaded = running.load(
        json.dumps(plan(*resources.values())).encode(), "terraform_plan"
    )
    shown = {(f.status, f.fact, f.message) for f in running.check()}
    for name, after, unknown in edits:
        changed = resource(
            name,
            {k: v for k, v in after.items() if k not in unknown},
            dict.fromkeys(unknown, True),
        )
        resources[name] = changed
        delta = running.apply(loaded, Change(updated=((name, changed),)))
        shown -= {(f.status, f.fact, f.message) for f in delta.removed}
        shown |= {(f.status, f.fact, f.message) for f in delta.added}
        again = fresh.load(
            json.dumps(plan(*resources.values())).encode(), "terraform_plan"
        )
        wanted = {(f.status, f.fact, f.message) for f in fresh.check()}
        fresh.remove(again)
        assert {(f.status, f.fact, f.message) for f in running.check()} == wanted
        assert shown == wanted
