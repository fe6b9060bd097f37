"""Which attributes of planned resources rules can tell apart."""

import pytest

from comply.plan import ir
from comply.plan.attribute_reads import attributes_read
from comply.plan.unknown_reads import attributes_awaited
from comply.rego.modules import plan_modules
from comply.rego.parser import parse_module
from comply.source import Source

HEAD = "package p\n\nimport rego.v1\n\n"
REST = """
wanted := {"size", "tags"}

paths := [["size", "unit"], ["name"]]

get(values, key) := values[key]

held contains rc if {
	some rc in input.resource_changes
	rc.change.after.held
}

by_address[rc.address] := rc.change.after if some rc in input.resource_changes

by_type[rc.type] contains rc if some rc in input.resource_changes

given(rc) := rc.change.after.given

given(rc) := rc.change.before.before if not rc.change.after.given
"""


def planned(rules: str) -> ir.Plan:
    module = parse_module(Source("rule.rego", HEAD + rules))
    return plan_modules((module,), frozenset({("data", "p", "deny")})).plan


def read(rules: str) -> frozenset[str] | None:
    plan = planned(rules)
    entry = next(rule for rule in plan.rules if rule.id in plan.entries)
    return attributes_read(plan, [c for chain in entry.chains for c in chain])


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ("rc.address == rc.type; rc.change.after.size > 3", {"size"}),
        ("rc.change.actions[_] == rc.name", set()),
        ("not rc.change.after.tags.owner", {"tags"}),
        ('rc.change.after["a b"].c', {"a b"}),
        ("some key in wanted; not rc.change.after[key]", {"size", "tags"}),
        ('key := wanted["tags"]; rc.change.after[key]', {"tags"}),
        ('get(rc.change.after, "size") == get(rc.change.after, "tags")', {"size", "tags"}),
        ("some key in paths[_]; rc.change.after[key]", {"name", "size", "unit"}),
        ('some side in ["before", "after"]; rc.change[side].size', {"size"}),
        ("some side, _ in rc.change; rc.change[side].size", {"size"}),
        ("rc.change[_].size", {"size"}),
        ('object.get(rc.change.after, "size", 0) > 3', {"size"}),
        ('object.get(rc.change.after, ["tags", "owner"], "") == ""', {"tags"}),
        ("object.get(rc.change.after, input.key, 0) > 3", None),
        ("object.get(rc, input.keys, {}).size > 3", None),
        ("is_object(rc.change.after); rc.change.after.size", {"size"}),
        ("x := is_object(rc.change.after); rc.change.after.size == x", {"size"}),
        ("count(rc.change.after) > 3", None),
        ("some k, v in rc.change.after; v == k", None),
        ("rc.change.after == rc.change.before", None),
        ('key := lower("SIZE"); rc.change.after[key]', None),
        ("key := rc.type; rc.change.after[key]", None),
        ("key := data.key; rc.change.after[key]", None),
        ("walk(rc, [path, value]); value == path[0]", None),
        ('sprintf("%v", [rc]) == "x"', None),
        ("rc in held", None),
        ("some other in held; other.change.after.size == rc.address", {"held", "size"}),
        ("rc.change.after.bucket == held[_].change.after.bucket", {"bucket", "held"}),
        ("some after in by_address; after.size", {"size"}),
        ("by_address[rc.address].size", {"size"}),
        ("some r in by_type[rc.type]; r.change.after.size", {"size"}),
        ("given(rc) == 1", {"given"}),
        ('{"r": rc, "k": 1}.r.change.after.size', {"size"}),
        ('x := {rc.type: rc, "k": rc.name}; x[_].change.after.size', {"size"}),
        ("[r, _] := [rc, 1]; r.change.after.size", {"size"}),
        ("rcs := [r | r := rc; r.mode]; rcs[0].change.after.size", {"size"}),
        ("rcs := {r | r := rc; r.mode}; rcs[_].change.after.size", {"size"}),
        ("rcs := {r.type: r | r := rc; r.mode}; rcs.t.change.after.size", {"size"}),
        ("every tag in wanted { rc.change.after[tag] }", {"size", "tags"}),
        ("some r in array.reverse([rc]); r.change.after.size", None),
        ("[1, x] = rc.change.after; x", None),
        ('{"size": x} = rc.change.after; x', None),
        ("not ok with input as rc", None),
    ],
)  # fmt: skip
def test_attributes_are_followed_to_who_looks_them_up(
    body: str, names: set[str] | None
) -> None:
    rules = f"""
deny contains "found" if {{
	some rc in input.resource_changes
	{body}
}}

ok if input.change.after.size
"""
    assert read(rules + REST) == (None if names is None else frozenset(names))


@pytest.mark.parametrize(
    ("rule", "names"),
    [
        ("input.terraform.resource_changes[_].change.after.size", {"size"}),
        ("input.planned_values.size", set()),
        ("input[_][_].change.after.size", {"size"}),
        ("input[data.key][_].change.after.size", {"size"}),
        ("input == 3", None),
        ("input.resource_changes == []", None),
        ("input.resource_changes[_] == 3", None),
        ("some rc in input.resource_changes; rc[_].after.size", {"size"}),
    ],
)
def test_the_resources_are_found_wherever_the_input_has_them(
    rule: str, names: set[str] | None
) -> None:
    found = read(f'deny contains "found" if {{ {rule} }}\n')
    assert found == (None if names is None else frozenset(names))


def test_what_a_rule_yields_is_read_as_a_whole() -> None:
    some = "some rc in input.resource_changes"
    assert read(f"deny contains rc.change.after.size if {{ {some} }}") == frozenset(
        {"size"}
    )
    assert read(f"deny contains rc.change.after if {{ {some} }}") is None
    assert read(f'deny contains {{"a": rc}} if {{ {some} }}') is None


def awaited(rules: str) -> tuple[str, ...] | None:
    return attributes_awaited(planned(rules))


def test_attributes_that_a_file_handles_are_not_awaited() -> None:
    rule = """
deny contains "found" if {
	some rc in input.resource_changes
	rc.change.after.size
	rc.change.after.tags
"""
    assert awaited(rule + "}") == ("size", "tags")
    assert awaited(rule + "\tnot rc.change.after_unknown.size\n}") == ("tags",)
    assert awaited(rule + "\tcount(rc.change.after_unknown) == 0\n}") == ()
    assert awaited(rule + "\tcount(rc.change.after) > 2\n}") is None
    every = (
        rule + "\tcount(rc.change.after) > 2\n\tcount(rc.change.after_unknown) == 0\n}"
    )
    assert awaited(every) == ()
