"""Steps run over values with doubts: what comes out, and what it rests on."""

import json
from pathlib import Path
from typing import Any

import pytest

from comply import Session
from comply.check import undetermined
from comply.load.facts import Change
from comply.plan.doubt import MORE, Doubt, doubtful, equality, untold

HEAD = "package p\n\nimport rego.v1\n\n"
REST = """
kinds := {"x": 1}

kind(rc) := "one" if rc.change.after.a == 1

kind(rc) := "one" if rc.change.after.b == 1

keyed[rc.change.after.a] := rc.address if some rc in input.resource_changes

deep[rc.address][rc.type] := rc.change.after.a if some rc in input.resource_changes

default size(_) := 0

size(rc) := count(rc.change.after.list)

is_on(rc) if rc.change.after.a

numbered if {
	some rc in input.resource_changes
	rc.change.after.n
}
"""


def resource(name: str, after: Any, unknown: Any, type_: str = "t") -> dict[str, Any]:
    change = {"actions": ["create"], "before": None, "after": after}
    return {
        "address": name,
        "mode": "managed",
        "type": type_,
        "name": name,
        "change": change | {"after_unknown": unknown},
    }


def session(tmp_path: Path, rules: str) -> Session:
    (tmp_path / "rule.rego").write_text(HEAD + rules + REST)
    return Session(rules=[tmp_path / "rule.rego"])


def plan(*resources: dict[str, Any], **more: Any) -> bytes:
    held = {"format_version": "1.2", "resource_changes": list(resources)}
    return json.dumps(held | more).encode()


def told(tmp_path: Path, rules: str, *resources: dict[str, Any]) -> list[str]:
    made = session(tmp_path, rules)
    made.load(plan(*resources), "terraform_plan")
    found = sorted(f"{f.status.value}: {f.message}" for f in made.check())
    return [*found, *made.unfollowed]


LIST = ({"list": ["x", None]}, {"list": [False, True]})
LATE = ({"list": [None, "x"]}, {"list": [True, False]})


@pytest.mark.parametrize(
    ("body", "value", "told_as"),
    [
        ('[x | some x in rc.change.after.list; x != "y"][0] == "x"', LIST, "violation"),
        ('[x | some x in rc.change.after.list; x != "y"][1] == "x"', LATE, "undetermined"),
        ('some i, x in [x | some x in rc.change.after.list; x != "y"]; i == 1; x == "x"', LATE, "undetermined"),
        ('"x" in {x | some x in rc.change.after.list; x != "y"}', LIST, "violation"),
        ('s := {x | some x in rc.change.after.list; x != "y"}; s["x"]', LIST, "violation"),
        ('s := {x | some x in rc.change.after.list; x != "y"}; s["z"]', LIST, "undetermined"),
        ("s := {1 | rc.change.after.a == 1}; s[2]", ({}, {"a": True}), ""),
        ("s := {1 | rc.change.after.a == 1}; s[1]", ({}, {"a": True}), "undetermined"),
        ("s := {1 | some a in [rc.change.after.a, 1]; a == 1}; 1 in s", ({}, {"a": True}), "violation"),
        ("some x in {1 | rc.change.after.a == 1}; x == 1", ({}, {"a": True}), "undetermined"),
        ('{x: 1 | some x in rc.change.after.list}["x"] == 1', LIST, "undetermined"),
        ('{"k": x | x := rc.change.after.a}.k == 1', ({}, {"a": True}), "undetermined"),
        ('{"k": 1 | rc.change.after.b == 2}.k == 1; rc.change.after.a', ({"b": 2}, {"a": True}), "undetermined"),
        ('kind(rc) == "one"', ({"b": 1}, {"a": True}), "violation"),
        ('kind(rc) == "one"', ({}, {"a": True, "b": True}), "undetermined"),
        ("keyed.x == rc.address", ({}, {"a": True}), "undetermined"),
        ("keyed.x == rc.address", ({"a": "x"}, {"b": True}), "violation"),
        ("size(rc) == 2", LIST, "violation"),
        ("size(rc) == 0", ({}, {"list": True}), "undetermined"),
        ("not is_on(rc)", ({"a": False}, {"b": True}), "violation"),
        ("not is_on(rc)", ({}, {"a": True}), "undetermined"),
        ("every x in rc.change.after.a { x > 1 }", ({"a": 3}, {"b": True}), ""),
        ("every x in [y | some y in rc.change.after.list; y != 1] { x == 2 }", ({"list": [2, None]}, {"list": [False, True]}), "undetermined"),
        ("every x in [y | some y in rc.change.after.list; y != 1] { x == 2 }", ({"list": [3, None]}, {"list": [False, True]}), ""),
        ("rc.change.after.list == [1]", LIST, ""),
        ('rc.change.after.tags == {"x": 1}', ({"tags": {"y": 1}}, {"tags": {"z": True}}), ""),
        ("rc.change.after.list == [1, 2]", ({"list": [1, None]}, {"list": [False, True]}), "undetermined"),
        ("rc.change.after.list[0] == 1", ({"list": [1, 2]}, {"list": [{"k": True}]}), "undetermined"),
        ("to_number(rc.change.after.a) == 1", ({"a": "x"}, {"b": True}), ""),
        ("time.now_ns() > 1; rc.change.after.b", ({}, {"b": True}), "undetermined"),
        ("kinds[rc.change.after.a.k] == 1", ({"a": {}}, {"a": {"k": True}}), "undetermined"),
        ("rc.change.after.b[rc.change.after.a] == 1", ({"b": 3}, {"a": True}), ""),
        ('walk(rc.change.after.list, [path, value]); value == "x"; path == [0]', LIST, "violation"),
        ("is_array(rc.change.after.list); rc.change.after.list[1] == 1", LIST, "undetermined"),
        ("rc.change.after.a != rc.change.after.list", ({"a": [1, 2, 3], "list": [1]}, {"list": [True]}), "violation"),
        ("numbered; rc.change.after.a", ({"n": 1}, {"a": True}), "undetermined"),
        ("rc.change.after.a == 1; false", ({}, {"a": True}), ""),
        ("{rc.change.after.a, 1}[1]", ({}, {"a": True}), "violation"),
        ("[rc.change.after.a, 1][0] == 1", ({}, {"a": True}), "undetermined"),
    ],
)  # fmt: skip
def test_what_rests_on_a_doubt_is_told(
    tmp_path: Path, body: str, value: tuple[Any, Any], told_as: str
) -> None:
    some = "some rc in input.resource_changes"
    rules = f'deny contains "found" if {{\n\t{some}\n\t{body}\n}}\n'
    found = told(tmp_path, rules, resource("r", *value))
    assert [text.partition(":")[0] for text in found] == ([told_as] if told_as else [])


PAIRS = """
deny contains msg if {
	some rc in input.resource_changes
	rc.type == "r"
	some other in input.resource_changes
	other.change.after.a == rc.change.after.a
	other.address != rc.address
	msg := sprintf("%s %s", [rc.address, other.address])
}
"""


def test_a_join_in_a_message_goes_through_all_that_may_be_meant(tmp_path: Path) -> None:
    one = resource("r", {"a": 1}, {}, "r")
    assert told(
        tmp_path,
        PAIRS,
        one,
        resource("s", {}, {"a": True}),
        resource("t", {"a": 2}, {}),
    ) == ["undetermined: r: cannot be told yet: `a` of s is known only after apply"]
    unknown = resource("r", {}, {"a": True}, "r")
    assert told(tmp_path, PAIRS, unknown, resource("t", {"a": 2}, {"b": True})) == [
        "undetermined: r: cannot be told yet: `a` is known only after apply"
    ]


MANY = """
deny contains "x" if {
	some rc in input.resource_changes
	rc.type == "r"
	not has(rc.change.after.a)
}

has(a) if {
	some other in input.resource_changes
	other.change.after.b == a
	other.change.after.ok
}
"""


def test_of_many_that_a_join_may_mean_some_are_named(tmp_path: Path) -> None:
    many = [resource(f"s{i}", {"ok": True}, {"b": True}) for i in range(7)]
    one = resource("r", {"a": 1}, {}, "r")
    (found,) = told(tmp_path, MANY, one, *many)
    assert found.endswith(
        "`b` of s0, `b` of s1, `b` of s2, `b` of s3 and more are known only after apply"
    )
    sure = resource("s", {"b": 1, "ok": True}, {"c": True})
    assert told(tmp_path, MANY, one, *many, sure) == []
    later = resource("r", {}, {"a": True}, "r")
    assert told(tmp_path, MANY, later, sure) == [
        "undetermined: r: cannot be told yet: `a` is known only after apply"
    ]
    off = [resource(f"s{i}", {"ok": False}, {"b": True}) for i in range(3)]
    assert told(tmp_path, MANY, later, *off) == ["violation: x"]


def test_a_whole_names_what_is_open_beside_what_is_certain(tmp_path: Path) -> None:
    rules = """
deny contains name if some name in {rc.address | some rc in bad}

bad contains rc if {
	some rc in input.terraform.resource_changes
	rc.change.after.a == 1
}
"""
    assert told(
        tmp_path, rules, resource("r", {"a": 1}, {}), resource("s", {}, {"a": True})
    ) == [
        "undetermined: s: cannot be told yet: `a` is known only after apply",
        "violation: r",
    ]


@pytest.mark.parametrize(
    "body",
    [
        "some rc in input.resource_changes; deep[rc.address].t == 1",
        "some r in input.configuration.resources; some rc in input.resource_changes; rc.change.after.a == r.a",
        "some i, rc in input.resource_changes; rc.change.after.a == i",
    ],
)
def test_what_is_not_followed_is_said(tmp_path: Path, body: str) -> None:
    made = session(tmp_path, f'deny contains "x" if {{ {body} }}\n')
    made.load(
        plan(
            resource("r", {}, {"a": True}),
            configuration={"resources": [{"a": 1}, {"a": 2}]},
        ),
        "terraform_plan",
    )
    assert made.check() == []
    assert made.unfollowed == ["rule"]


OTHERS = """
deny contains rc.address if {
	input.format_version == "1.2"
	some rc in input.resource_changes
	some known in input.configuration.known
	known.name == rc.change.after.a
	known.bad
}
"""


def test_lists_of_others_are_looked_up_as_well(tmp_path: Path) -> None:
    made = session(tmp_path, OTHERS)
    later, sure = resource("r", {}, {"a": True}), resource("s", {"a": 1}, {"b": True})
    known = [{"name": 1, "bad": True}, {"name": 2, "bad": False}, {}]
    loaded = made.load(
        plan(later, sure, configuration={"known": known}), "terraform_plan"
    )
    assert sorted((f.status.value, f.fact or f.message) for f in made.check()) == [
        ("undetermined", "r"),
        ("violation", "s"),
    ]
    made.remove(loaded)
    made.load(plan(later, sure), "terraform_plan")
    assert made.check() == []


def test_a_rule_that_does_not_begin_or_fails_is_not_judged(tmp_path: Path) -> None:
    later = resource("r", {}, {"a": True})
    begins = OTHERS.replace('"1.2"', '"0"')
    assert told(tmp_path, begins, later) == []
    fails = """
deny contains "x" if {
	some rc in input.resource_changes
	two == 3
	rc.change.after.a
}

two := 1 if input.format_version

two := 2 if input.resource_changes
"""
    (found,) = told(tmp_path, fails, later)
    assert found.startswith("error: ")


def test_a_change_that_takes_too_long_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = session(tmp_path, MANY)
    many = [resource(f"s{i}", {"ok": False}, {"b": True}) for i in range(40)]
    one = resource("r", {"a": 1}, {}, "r")
    loaded = made.load(plan(one, *many), "terraform_plan")
    assert [f.message for f in made.check()] == ["x"]
    monkeypatch.setattr(undetermined, "_MOST_STEPS", 20)
    monkeypatch.setattr(undetermined, "_STEPS_A_FACT", 0)
    made.apply(
        loaded, Change(updated=(("s3", resource("s3", {"ok": 0}, {"b": True})),))
    )
    assert made.unfollowed == ["rule"]
    monkeypatch.undo()
    made.apply(
        loaded, Change(updated=(("s3", resource("s3", {"ok": False}, {"b": True})),))
    )
    assert [f.message for f in made.check()] == ["x"]


def test_a_budget_that_is_used_up_is_said_and_not_spent_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(undetermined, "_MOST_STEPS", 40)
    monkeypatch.setattr(undetermined, "_STEPS_A_FACT", 0)
    rules = """
deny contains "x" if {
	some rc in input.resource_changes
	rc.change.after.a == 1
	some other in input.resource_changes
	other.change.after.b == rc.change.after.a
}
"""
    made = session(tmp_path, rules)
    many = [resource(f"r{i}", {"b": i}, {"a": True}) for i in range(30)]
    loaded = made.load(plan(*many), "terraform_plan")
    assert made.check() == []
    assert made.unfollowed == ["rule"]
    made.apply(loaded, Change(updated=(("r1", resource("r1", {"a": 2}, {})),)))
    assert made.unfollowed == ["rule"]


def test_marks_that_do_not_fit_a_value_make_all_of_it_a_doubt() -> None:
    assert isinstance(doubtful([1, 2], [{"k": True}], "r"), Doubt)
    assert doubtful([1, 2], [{"k": False}], "r") == [1, 2]
    assert doubtful("x", {"k": [True]}, "r").places == {("r", "")}
    assert doubtful("x", {"k": [False]}, "r") == "x"


def test_values_of_other_sizes_are_not_equal() -> None:
    doubt = Doubt(frozenset((("r", "a"),)))
    assert equality([doubt], [1, 2]) is None
    assert equality({"a": doubt}, {"b": doubt}) is None
    assert equality([doubt], [1]) == doubt.places
    assert equality([doubt, 1], [1, 2]) is None


def test_more_is_said_where_not_all_was_looked_for() -> None:
    places = frozenset((("r", "a"), ("s", "b"), MORE))
    text = "r: cannot be told yet: `a`, `b` of s and more are known only after apply"
    assert untold(places, "r") == text
