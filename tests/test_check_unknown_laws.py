"""What judging unknown values says, against what the values may turn out to be.

Random plans with random unknown values are checked by many small rules: what is certain
comes out whatever the values are, a silence stays one, and the indexes and answers that
are kept change nothing.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from comply import Session
from comply.check import questions, undetermined
from comply.findings import Finding, Status
from comply.plan import ir, three_valued
from comply.plan.optimize import PASSES
from comply.plan.optimize.index import index_scans

Change: TypeAlias = dict[str, Any]
SOME = "some rc in input.resource_changes\n\t"
OWN = (
    'rc.change.after.name == "x"',
    "not rc.change.after.ok",
    "not rc.change.after.tags.owner",
    "some key in wanted; not rc.change.after[key]",
    'key := concat("", ["na", "me"]); rc.change.after[key] == "x"',
    'some side in ["before", "after"]; rc.change[side].ok == true',
    'object.get(rc.change.after, ["tags", "owner"], "x") == "x"',
    'object.get(rc.change.after, "bucket", "x") == "x"',
    "rc.change.before == rc.change.after",
    'get(rc.change.after, "name") == get(rc.change.after, "bucket")',
    "count(rc.change.after) == 2",
    '"bucket" in object.keys(rc.change.after)',
    'object.union(rc.change.after, {"z": 1}).name == "x"',
    'some key, value in rc.change.after; value == "x"; key != "name"',
    "every key in wanted { rc.change.after[key] == 1 }",
    'parts := {"n": rc.change.after.name, "t": rc.change.after.tags}; parts.n == "x"',
    "parts := {rc.change.after.name: 1}; parts.x",
    "count({rc.change.after.name, rc.change.after.bucket}) == 1",
    'contains(json.marshal(rc.change.after), "x")',
    'walk(rc.change.after, [path, value]); value == "x"; count(path) > 1',
    '[x | some x in rc.change.after.list; x == "x"] == ["x"]',
    'some x in rc.change.after.list; x == "x"; rc.change.after.ok',
    "[x, _] = [rc.change.after.name, 1]; x == 1",
    "names[rc.change.after.name] == 1; rc.change.after.ok != false",
    'level(rc) == "high"',
    "is_object(rc.change.after); rc.change.after.ok",
)
JOINED = (
    'rc.type == "s"; not has_name(rc.change.after.bucket)',
    "some other in input.resource_changes; other.change.after.name == rc.change.after.bucket; other.address != rc.address",
    'some other in input.resource_changes; other.type == "t"; other.change.after.ok; not rc.change.after.ok',
    "rc in held",
    "some other in held; other.address == rc.address; other.change.after.bucket == 1",
    "by_address[rc.address].ok == 1",
    'count(held) == 1; rc.change.after.name == "x"',
)
REST = """
wanted := {"name", "ok"}

names := {"x": 1, "y": 2}

get(values, key) := values[key]

level(rc) := "high" if rc.change.after.name == "x"

else := "low" if rc.change.after.ok

held contains rc if {
	some rc in input.resource_changes
	rc.change.after.name
}

by_address[rc.address] := rc.change.after if some rc in input.resource_changes

has_name(name) if {
	some other in input.resource_changes
	other.change.after.name == name
	other.change.after.ok != false
}
"""
VALUES: tuple[Any, ...] = (
    True, False, None, 0, 1, "x", "y", {"owner": "x"}, {"owner": 1, "k": "x"}, {},
    [], ["x"], ["y", "x"],
)  # fmt: skip
FIELDS = ("name", "bucket", "ok", "tags", "list")


@dataclass(repr=False, eq=False)
class Rules:
    """A session with rules, which is shown in short."""

    session: Session


def files(folder: Path, bodies: tuple[str, ...]) -> list[Path]:
    made = []
    for i, body in enumerate(bodies):
        text = f"package p{i}\n\nimport rego.v1\n\ndeny contains rc.address if {{\n\t{SOME}{body}\n}}\n{REST}"
        path = folder / f"r{i:02}.rego"
        path.write_text(text)
        made.append(path)
    return made


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Rules:
    """Return a session with the rules about one resource each."""
    return Rules(Session(rules=files(tmp_path_factory.mktemp("own"), OWN)))


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory) -> Rules:
    """Return a session with the rules about several resources."""
    return Rules(Session(rules=files(tmp_path_factory.mktemp("joined"), JOINED)))


@st.composite
def marks(draw: st.DrawFn, value: Any) -> Any:
    """Return which parts of a value are unknown."""
    if isinstance(value, dict) and value and draw(st.booleans()):
        return {key: draw(marks(part)) for key, part in value.items()}
    if isinstance(value, list) and value and draw(st.booleans()):
        return [draw(marks(part)) for part in value]
    return draw(st.sampled_from((True, False, False)))


def left(value: Any, marked: Any) -> Any:
    """Return what a plan has of a value; what is unknown in a list is null."""
    match value, marked:
        case dict(), dict():
            return {
                k: left(v, marked[k]) for k, v in value.items() if marked[k] is not True
            }
        case list(), list():
            return [left(v, m) for v, m in zip(value, marked, strict=True)]
        case _:
            return None if marked is True else value


def completed(data: st.DataObject, value: Any, marked: Any) -> Any:
    """Return a value with something in the place of what is unknown."""
    match marked:
        case True:
            return data.draw(st.sampled_from(VALUES))
        case dict():
            known = value or {}
            return known | {
                k: completed(data, known.get(k), m) for k, m in marked.items() if m
            }
        case list():
            return [completed(data, v, m) for v, m in zip(value, marked, strict=True)]
        case _:
            return value


@st.composite
def changes(draw: st.DrawFn, number: int) -> Change:
    """Return a change of a resource, some of whose values are unknown."""
    whole = draw(
        st.dictionaries(st.sampled_from(FIELDS), st.sampled_from(VALUES), max_size=4)
    )
    unknown = {key: draw(marks(value)) for key, value in whole.items()}
    after = left(whole, unknown)
    before = draw(st.sampled_from((None, after, {"ok": True})))
    kind = draw(st.sampled_from("st"))
    return {
        "address": f"{kind}.r{number}",
        "mode": "managed",
        "type": kind,
        "name": f"r{number}",
        "change": {"actions": ["update"], "before": before, "after": after, "after_unknown": unknown},
    }  # fmt: skip


PLANS = st.integers(1, 4).flatmap(lambda n: st.tuples(*map(changes, range(n))))


def known(data: st.DataObject, resources: tuple[Change, ...]) -> list[Change]:
    """Return resources as they turn out to be."""
    made = []
    for resource in resources:
        change = resource["change"]
        after = completed(data, change["after"], change["after_unknown"])
        made.append(
            resource | {"change": change | {"after": after, "after_unknown": {}}}
        )
    return made


def found(
    session: Session, resources: list[Change] | tuple[Change, ...]
) -> list[Finding]:
    text = json.dumps({"format_version": "1.2", "resource_changes": list(resources)})
    loaded = session.load(text.encode(), "terraform_plan")
    findings: list[Finding] = session.check()
    session.remove(loaded)
    return findings


def follows(
    session: Session, resources: tuple[Change, ...], data: st.DataObject
) -> None:
    """Check what is told of resources against two ways that they may turn out to be."""
    told = found(session, resources)
    certain = {(f.rule_id, f.message) for f in told if f.status is Status.VIOLATION}
    open_ = {f.rule_id for f in told if f.status is Status.UNDETERMINED}
    for _ in range(2):
        later = found(session, known(data, resources))
        messages = {(f.rule_id, f.message) for f in later}
        assert certain <= messages
        assert {rule for rule, _ in messages - certain} <= open_


@settings(max_examples=max(settings().max_examples // 2, 20))
@given(PLANS, st.data())
def test_rules_about_one_resource_tell_what_holds_whatever_turns_out(
    alone: Rules, resources: tuple[Change, ...], data: st.DataObject
) -> None:
    for resource in resources:
        follows(alone.session, (resource,), data)


@settings(max_examples=max(settings().max_examples // 2, 20))
@given(PLANS, st.data())
def test_rules_about_several_tell_what_holds_whatever_turns_out(
    joined: Rules, resources: tuple[Change, ...], data: st.DataObject
) -> None:
    follows(joined.session, resources, data)


def plain_plan(plan: ir.Plan) -> ir.Plan:
    """Return a plan in which nothing is looked up by an index."""
    for run in PASSES:
        plan = plan if run is index_scans else run(plan)
    return plan


def all_resources(_state: object, _item: object) -> str:
    return "all"


def hides_a_name(resource: Change) -> bool:
    """Tell whether a part of a value that others are joined on is unknown.

    An index takes such a value for one that may be any.
    """
    unknown = resource["change"]["after_unknown"]
    return any(isinstance(unknown.get(key), dict | list) for key in ("name", "bucket"))


def asked_anew(_machine: object, _name: object, ask: partial[Any]) -> Any:
    return ask()


@pytest.fixture(scope="module")
def plain(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Rules, pytest.MonkeyPatch]]:
    """Return a session of its own and what turns indexes and kept answers off."""
    with pytest.MonkeyPatch.context() as patch:
        yield (
            Rules(Session(rules=files(tmp_path_factory.mktemp("plain"), JOINED + OWN))),
            patch,
        )


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Rules:
    """Return a session with all rules."""
    return Rules(Session(rules=files(tmp_path_factory.mktemp("indexed"), JOINED + OWN)))


NAMES = re.compile(r"`[^`]+`(?: of [^ ,]+)?")


def told_of(
    findings: list[Finding],
) -> dict[tuple[str, str], tuple[set[str], set[str]]]:
    """Return messages of violations, and the names of what has to be known, by fact."""
    made: dict[tuple[str, str], tuple[set[str], set[str]]] = {}
    for f in findings:
        sure, names = made.setdefault((f.rule_id, f.fact), (set(), set()))
        if f.status is Status.UNDETERMINED:
            names |= set(NAMES.findall(f.message))
        else:
            sure.add(f.message)
    return made


@settings(max_examples=max(settings().max_examples // 2, 20))
@given(PLANS)
def test_indexes_and_kept_answers_change_nothing(
    indexed: Rules,
    plain: tuple[Rules, pytest.MonkeyPatch],
    resources: tuple[Change, ...],
) -> None:
    assume(not any(map(hides_a_name, resources)))
    fast = told_of(found(indexed.session, resources))
    rules, patch = plain
    with patch.context() as off:
        off.setattr(questions, "optimize", plain_plan)
        off.setattr(questions, "_scope", all_resources)
        off.setattr(three_valued, "kept", asked_anew)
        off.setattr(undetermined, "_MOST_STEPS", 10**9)
        slow = told_of(found(rules.session, resources))
    assert fast.keys() == slow.keys()
    for key, (sure, names) in fast.items():
        assert sure == slow[key][0]
        # An index tells no more than it has to of an element that may be meant.
        assert bool(names) == bool(slow[key][1])
        assert names <= slow[key][1]
