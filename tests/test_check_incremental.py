"""After any edits, incremental findings are those from scratch."""

import copy
import json
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from comply.check.changes import same
from comply.check.session import Delta, Loaded, Session
from comply.findings import Finding
from comply.load.facts import Change
from comply.source import ComplyError

RULES = Path(__file__).parents[1] / "fixtures" / "check" / "incremental"
NAMES = st.sampled_from(["a", "b", "c"])
Resource = dict[str, Any]


def resource(number: int, kind: str = "db", **after: Any) -> Resource:
    return {
        "address": f"{kind}.r{number}",
        "type": kind,
        "change": {"actions": ["create"], "before": None, "after": after},
    }


@st.composite
def resources(draw: st.DrawFn, number: int) -> Resource:
    kind = draw(st.sampled_from(["db", "bucket", "block"]))
    after = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "public": st.sampled_from([True, False, 1, None]),
                "name": NAMES,
                "bucket": NAMES,
                "owner": NAMES,
                "size": st.integers(0, 4),
            },
        )
    )
    made = resource(number, kind, **after)
    made["change"]["actions"] = draw(
        st.sampled_from([["create"], ["update"], ["delete", "create"]])
    )
    # The address stays when the type changes, as it does for a moved resource.
    made["address"] = f"r.r{number}"
    return made


def plan(changes: list[Resource], **rest: Any) -> dict[str, Any]:
    return {
        "format_version": "1.2",
        "resource_changes": changes,
        "variables": {"limit": {"value": 2}, "flag": {"value": True}},
        **rest,
    }


def names(findings: list[Finding]) -> set[tuple[str, str, str, str]]:
    return {(f.rule_id, str(f.status), f.fact, f.message) for f in findings}


@lru_cache
def compiled() -> Path:
    """Return a folder for compiled rules: every example starts many sessions."""
    return Path(mkdtemp(prefix="comply-test-"))


def fresh(value: dict[str, Any], manifests: list[Resource]) -> list[Finding]:
    session = Session(rules=[RULES], cache=compiled())
    session.load(json.dumps(value).encode())
    for manifest in manifests:
        session.load(json.dumps(manifest).encode())
    return session.check()


def deployment(name: str, database: str) -> Resource:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {"database": database},
    }


class Incremental(RuleBasedStateMachine):
    """Edits of all kinds: named changes, shared objects, copies, bytes."""

    @initialize(data=st.data())
    def start(self, data: st.DataObject) -> None:
        count = data.draw(st.integers(0, 5))
        self.serial = count
        self.value = plan([data.draw(resources(i)) for i in range(count)])
        self.manifest = deployment("web", data.draw(NAMES))
        self.session = Session(rules=[RULES], cache=compiled())
        self.doc = self.session.load(json.dumps(self.value).encode())
        self.pod = self.session.load(json.dumps(self.manifest).encode())
        self.shown = names(self.session.check())

    def take(self, delta: Delta) -> None:
        """Follow a delta, which has to lead from what was to what is."""
        added, removed = names(delta.added), names(delta.removed)
        assert removed <= self.shown
        assert not added & (self.shown - removed)
        self.shown = (self.shown - removed) | added

    def changes(self) -> list[Resource]:
        found: list[Resource] = self.value["resource_changes"]
        return found

    def replaced(self, changes: list[Resource], **rest: Any) -> None:
        self.value = {**self.value, "resource_changes": changes, **rest}

    @rule(data=st.data())
    @precondition(lambda self: self.changes())
    def apply_update(self, data: st.DataObject) -> None:
        at = data.draw(st.integers(0, len(self.changes()) - 1))
        old = self.changes()[at]
        new = data.draw(resources(int(old["address"].partition(".r")[2])))
        change = Change(updated=((old["address"], copy.deepcopy(new)),))
        self.take(self.session.apply(self.doc, change))
        self.replaced([new if i == at else c for i, c in enumerate(self.changes())])

    @rule(data=st.data())
    def apply_addition(self, data: st.DataObject) -> None:
        self.serial += 1
        new = data.draw(resources(self.serial))
        self.take(self.session.apply(self.doc, Change(added=(copy.deepcopy(new),))))
        self.replaced([*self.changes(), new])

    @rule(data=st.data())
    @precondition(lambda self: self.changes())
    def apply_removal(self, data: st.DataObject) -> None:
        at = data.draw(st.integers(0, len(self.changes()) - 1))
        change = Change(removed=(self.changes()[at]["address"],))
        self.take(self.session.apply(self.doc, change))
        self.replaced([c for i, c in enumerate(self.changes()) if i != at])

    @rule(data=st.data(), how=st.sampled_from(["shared", "copied", "bytes"]))
    def update(self, data: st.DataObject, how: str) -> None:
        changes = list(self.changes())
        for i in range(len(changes)):
            if data.draw(st.integers(0, 3)) == 0:
                self.serial += 1
                changes[i] = data.draw(resources(self.serial))
        drop: bool = data.draw(st.booleans())
        if changes and drop:
            changes.pop(data.draw(st.integers(0, len(changes) - 1)))
        limit = data.draw(st.sampled_from([1, 2, 2, 2, True]))
        self.replaced(changes)
        self.value["variables"] = {
            "limit": {"value": limit},
            "flag": {"value": data.draw(st.booleans())},
        }
        new: Any = self.value
        if how == "copied":
            new = copy.deepcopy(new)
        elif how == "bytes":
            new = json.dumps(new).encode()
        self.take(self.session.update(self.doc, new))

    @rule(database=NAMES)
    def update_manifest(self, database: str) -> None:
        self.manifest = deployment("web", database)
        self.take(self.session.update(self.pod, self.manifest))

    @rule()
    def update_nothing(self) -> None:
        delta = self.session.update(self.doc, copy.deepcopy(self.value))
        assert not delta.added
        assert not delta.removed
        assert delta.units_run == 0

    @invariant()
    def same_as_from_scratch(self) -> None:
        assert names(self.session.check()) == self.shown
        assert self.shown == names(fresh(self.value, [self.manifest]))


TestIncremental = Incremental.TestCase
# An example is a whole history, each step of which is checked from scratch as well.
TestIncremental.settings = settings(
    max_examples=max(settings().max_examples // 4, 10), stateful_step_count=20
)


def session_of(changes: list[Resource], *rules: str) -> tuple[Session, Loaded]:
    session = Session(rules=[RULES / f"{name}.rego" for name in rules])
    doc = session.load(json.dumps(plan(changes)).encode())
    session.check()
    return session, doc


def test_a_change_runs_the_units_of_its_element_only() -> None:
    session, doc = session_of([resource(i, public=False) for i in range(50)], "element")
    new = resource(7, public=True)
    delta = session.apply(doc, Change(updated=(("db.r7", new),)))
    assert [f.fact for f in delta.added] == ["db.r7"]
    assert (delta.units_run, delta.units_reused) == (1, 49)


def test_a_change_that_no_unit_reads_runs_none() -> None:
    session, doc = session_of([resource(i) for i in range(5)], "element")
    new = resource(9, "network")
    delta = session.apply(doc, Change(added=(new,)))
    assert (delta.units_run, delta.units_reused) == (0, 5)


def test_a_join_runs_the_units_that_looked_it_up() -> None:
    buckets = [resource(i, "bucket", name=f"n{i}") for i in range(20)]
    session, doc = session_of(buckets, "join")
    block = resource(1, "block", bucket="n3")
    delta = session.apply(doc, Change(added=(block,)))
    assert [f.message for f in delta.removed] == ["bucket.r3 has no block"]
    assert delta.units_run == 1


def test_a_rule_that_comes_out_equal_stops_the_wave() -> None:
    session, doc = session_of([resource(i, size=0) for i in range(10)], "aggregate")
    new = resource(3, size=1)
    delta = session.apply(doc, Change(updated=(("db.r3", new),)))
    # The count is the same, so only the turn of the changed element runs.
    assert delta.units_run == 1


def test_an_unknown_fact_is_an_error() -> None:
    session, doc = session_of([resource(1)], "element")
    with pytest.raises(ComplyError, match=r"no fact 'db\.r2'"):
        session.apply(doc, Change(removed=("db.r2",)))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 1) | st.sampled_from([0.0, 1.0, "a"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
    ),
    max_leaves=5,
)


@given(JSON, JSON)
def test_same_is_finer_than_python_equality(a: Any, b: Any) -> None:
    if same(a, b):
        assert json.dumps(a) == json.dumps(b)
    assert same(a, copy.deepcopy(a))
