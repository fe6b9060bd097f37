"""After any edits, incremental findings are those from scratch."""

import copy
import json
from dataclasses import replace
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
from comply.load.facts import Change, facts
from comply.source import ComplyError, Source

RULES = Path(__file__).parents[1] / "fixtures" / "check" / "incremental"
SCREENED = RULES.with_name("screened")
PARAMETERS: tuple[dict[str, Any], ...] = (
    {},
    {"remembered": {"kinds": ["db", "block"], "keys": ["name", "owner"]}},
    {"images": {"registries": ["ours/"]}},
)
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
    made["change"]["after_unknown"] = {}
    for key in draw(
        st.sets(st.sampled_from(["name", "bucket", "owner", "size"]), max_size=1)
    ):
        if draw(st.integers(0, 3)) == 0:
            after.pop(key, None)
            made["change"]["after"] = after
            made["change"]["after_unknown"][key] = True
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


def fresh(
    value: dict[str, Any],
    manifests: list[Resource],
    parameters: dict[str, Any] | None = None,
) -> list[Finding]:
    session = Session(rules=[RULES], cache=compiled(), parameters=parameters or {})
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

    @initialize(data=st.data(), given=st.sampled_from(PARAMETERS))
    def start(self, data: st.DataObject, given: dict[str, Any]) -> None:
        self.parameters = given
        count = data.draw(st.integers(0, 5))
        self.serial = count
        self.value = plan([data.draw(resources(i)) for i in range(count)])
        self.manifest = deployment("web", data.draw(NAMES))
        self.session = Session(rules=[RULES], cache=compiled(), parameters=given)
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

    def last(self, at: int) -> int:
        """Return where the last of those with an address stands: a name means that."""
        addresses = [change["address"] for change in self.changes()]
        return max(i for i, name in enumerate(addresses) if name == addresses[at])

    def replaced(self, changes: list[Resource], **rest: Any) -> None:
        self.value = {**self.value, "resource_changes": changes, **rest}

    @rule(data=st.data())
    @precondition(lambda self: self.changes())
    def apply_update(self, data: st.DataObject) -> None:
        at = self.last(data.draw(st.integers(0, len(self.changes()) - 1)))
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
        at = self.last(data.draw(st.integers(0, len(self.changes()) - 1)))
        change = Change(removed=(self.changes()[at]["address"],))
        self.take(self.session.apply(self.doc, change))
        self.replaced([c for i, c in enumerate(self.changes()) if i != at])

    @rule(data=st.data())
    @precondition(lambda self: self.changes())
    def apply_copy(self, data: st.DataObject) -> None:
        same = data.draw(st.sampled_from(self.changes()))
        self.take(self.session.apply(self.doc, Change(added=(same,))))
        self.replaced([*self.changes(), same])

    @rule(
        how=st.sampled_from(["shared", "copied"]),
        to=st.sampled_from(["reordered", "doubled", "drifted", "missing", "modules"]),
        data=st.data(),
    )
    def rearrange(self, how: str, to: str, data: st.DataObject) -> None:
        changes = list(self.changes())
        rest: dict[str, Any] = {}
        match to:
            case "reordered":
                changes = data.draw(st.permutations(changes))
            case "doubled":
                changes += changes[:2]
            case "drifted":
                rest["resource_drift"] = changes[1:]
            case "modules":
                inner = [{"address": "module.m", "resources": changes[:2]}]
                rest["planned_values"] = {"root_module": {"child_modules": inner}}
            case _:
                missing = {**self.value}
                del missing["resource_changes"]
                self.take(self.session.update(self.doc, missing))
        self.replaced(changes, **rest)
        new = copy.deepcopy(self.value) if how == "copied" else self.value
        self.take(self.session.update(self.doc, new))

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

    @rule(data=st.data(), times=st.integers(2, 4))
    @precondition(lambda self: self.changes())
    def update_elements(self, data: st.DataObject, times: int) -> None:
        for _ in range(times):
            changes = list(self.changes())
            for at in data.draw(st.sets(st.integers(0, len(changes) - 1), max_size=2)):
                number = int(changes[at]["address"].partition(".r")[2])
                if data.draw(st.integers(0, 9)) == 0:
                    self.serial = number = self.serial + 1
                changes[at] = data.draw(resources(number))
            self.replaced(changes)
            self.take(self.session.update(self.doc, self.value))

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
        found = fresh(self.value, [self.manifest], self.parameters)
        assert self.shown == names(found)


CONTAINERS = st.fixed_dictionaries(
    {"name": NAMES, "image": st.sampled_from(["ours/a", "b:latest", "ours/c:1", 7])},
    optional={
        "resources": st.sampled_from([{}, {"limits": {"memory": "1Gi"}}]),
        "securityContext": st.fixed_dictionaries({"privileged": st.booleans()}),
        "ports": st.lists(st.sampled_from([{"hostPort": 1}, {"port": 2}]), max_size=2),
    },
)
SPECS = st.fixed_dictionaries(
    {},
    optional={
        "containers": st.lists(CONTAINERS, max_size=3) | st.just("none"),
        "initContainers": st.lists(CONTAINERS, max_size=1),
        "hostNetwork": st.booleans(),
    },
)
LABELS = st.dictionaries(st.sampled_from(["app", "team"]), st.sampled_from("2x"))


@st.composite
def manifests(draw: st.DrawFn, name: str) -> Resource:
    return {
        "apiVersion": "v1",
        "kind": draw(st.sampled_from(["Pod", "Service"])),
        "metadata": {"name": name, "labels": draw(LABELS)},
        "spec": draw(SPECS),
    }


class Screened(RuleBasedStateMachine):
    """Manifests that many rules look at in one pass: they come, go and change."""

    @initialize(given=st.sampled_from(PARAMETERS))
    def start(self, given: dict[str, Any]) -> None:
        self.parameters = given
        self.session = Session(rules=[SCREENED], cache=compiled(), parameters=given)
        assert any(checks.program.screen for checks in self.session.compiled)
        self.held: dict[str, tuple[Loaded, Resource]] = {}
        self.shown: set[tuple[str, ...]] = set()
        self.session.check()

    def take(self, delta: Delta) -> None:
        added, removed = names(delta.added), names(delta.removed)
        assert removed <= self.shown
        assert not added & (self.shown - removed)
        self.shown = (self.shown - removed) | added

    @rule(data=st.data(), name=NAMES, how=st.sampled_from(["bytes", "object", "named"]))
    def put(self, data: st.DataObject, name: str, how: str) -> None:
        made = data.draw(manifests(name))
        text = json.dumps(made).encode()
        if name not in self.held:
            loaded, delta = self.session.insert(
                Source(name, text.decode()), "kubernetes"
            )
        else:
            loaded, old = self.held[name]
            # A manifest of another kind is another one.
            if how == "named" and old["kind"] == made["kind"]:
                (identity,) = (
                    fact.identity for d in loaded.documents for fact in facts(d)
                )
                change = Change(updated=((identity, made),))
                delta = self.session.apply(loaded, change)
            else:
                delta = self.session.update(loaded, made if how == "object" else text)
        self.held[name] = loaded, made
        self.take(delta)

    @rule(name=NAMES)
    def drop(self, name: str) -> None:
        if name in self.held:
            self.take(self.session.remove(self.held.pop(name)[0]))

    @invariant()
    def same_as_from_scratch(self) -> None:
        assert names(self.session.check()) == self.shown
        other = Session(rules=[SCREENED], cache=compiled(), parameters=self.parameters)
        for name, (_, value) in self.held.items():
            other.add(Source(name, json.dumps(value)), "kubernetes")
        assert self.shown == names(other.check())


TestScreened = Screened.TestCase
TestScreened.settings = settings(
    max_examples=max(settings().max_examples // 4, 10), stateful_step_count=15
)
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


def gathering(tmp_path: Path, text: str, changes: list[Resource]) -> Any:
    """Return a session with one rule, its document, and what applies to it."""
    file = tmp_path / "gathering.rego"
    file.write_text(f"package gathering\n\nimport rego.v1\n\n{text}")
    session = Session(rules=[file])
    doc = session.load(json.dumps(plan(changes)).encode())
    session.check()
    return session, doc


GATHERING = {
    "count": "n := count([r | some r in input.resource_changes; r.type == `db`])",
    "sum": "n := sum([r.change.after.size | some r in input.resource_changes])",
    "distinct": "n := sum({r.change.after.size | some r in input.resource_changes})",
    "least": "n := min([r.change.after.size | some r in input.resource_changes])",
    "most": "n := max({r.change.after.size | some r in input.resource_changes})",
    "keys": "n := count({r.address: 1 | some r in input.resource_changes})",
}


@pytest.mark.parametrize("form", GATHERING)
def test_only_what_changed_elements_add_is_found_anew(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = f"deny contains sprintf(`%d`, [n]) if {GATHERING[form]}"
    changes = [resource(i, size=i) for i in range(20)]
    session, doc = gathering(tmp_path, rule, changes)
    change = Change(updated=(("db.r3", resource(3, size=4)),))
    session.apply(doc, change)
    turns: list[int] = []
    (program,) = {id(c.program): c.program for c in session._checks}.values()
    for number, code in program.aggregates.items():
        (part,) = code.parts

        def counted(*args: Any, run: Any = part.run) -> None:
            turns.append(1)
            run(*args)

        spied = replace(code, parts=(replace(part, run=counted),))
        monkeypatch.setitem(program.aggregates, number, spied)
        monkeypatch.setitem(program.rules, number, never)
    new = [resource(19, size=30), resource(0, "disk", size=-1)]
    for item, old in zip(new, ["db.r19", "db.r0"], strict=True):
        named = {**item, "address": old}
        session.apply(doc, Change(updated=((old, named),)))
    assert len(turns) == 2
    sizes = [-1, 1, 2, 4, *range(4, 19), 30]
    expected = {
        "count": 19,
        "sum": sum(sizes),
        "distinct": sum(set(sizes)),
        "least": -1,
        "most": 30,
        "keys": 20,
    }
    assert [f.message for f in session.check()] == [str(expected[form])]


def never(_context: object) -> Any:
    raise AssertionError("the rule was evaluated from scratch")


def test_a_fold_that_comes_out_equal_runs_no_unit(tmp_path: Path) -> None:
    rule = (
        "deny contains msg if {\n"
        "n := count([r | some r in input.resource_changes; r.type == `db`])\n"
        "n > 1\nmsg := sprintf(`%d`, [n])\n}"
    )
    session, doc = gathering(tmp_path, rule, [resource(i) for i in range(9)])
    delta = session.apply(doc, Change(updated=(("db.r1", resource(1, name="x")),)))
    assert (delta.units_run, delta.units_reused) == (0, 1)
    delta = session.apply(doc, Change(added=(resource(10),)))
    assert (delta.units_run, delta.units_reused) == (1, 0)
    assert [f.message for f in delta.added] == ["10"]


def test_what_elements_need_besides_may_never_be_there(tmp_path: Path) -> None:
    rule = (
        "flagged contains r.address if {\n"
        "some r in input.resource_changes\nr.change.after.size <= input.limit\n}\n"
        "deny contains sprintf(`%d`, [count(flagged)])"
    )
    session, doc = gathering(tmp_path, rule, [resource(i, size=i) for i in range(3)])
    for number in (4, 5):
        session.apply(doc, Change(added=(resource(number, size=1),)))
        assert [item.message for item in session.check()] == ["0"]


def test_a_partial_set_that_stays_runs_only_the_changed_turn(tmp_path: Path) -> None:
    rule = (
        "buckets contains r.change.after.name if {\n"
        "some r in input.resource_changes\nr.type == `bucket`\n}\n"
        "deny contains r.address if {\nsome r in input.resource_changes\n"
        "r.change.after.owner in buckets\n}"
    )
    changes = [resource(i, "bucket", name="a", owner="b") for i in range(9)]
    session, doc = gathering(tmp_path, rule, changes)
    same = resource(1, "bucket", name="a", owner="c")
    delta = session.apply(doc, Change(updated=(("bucket.r1", same),)))
    assert (delta.units_run, delta.units_reused) == (1, 8)
    other = resource(2, "bucket", name="b", owner="b")
    delta = session.apply(doc, Change(updated=(("bucket.r2", other),)))
    assert delta.units_run == 9
    assert len(delta.added) == 8


def test_an_element_yields_all_that_its_inner_loop_finds(tmp_path: Path) -> None:
    rule = (
        "deny contains msg if {\nsome r in input.resource_changes\n"
        "some action in r.change.actions\n"
        "msg := sprintf(`%s: %s`, [r.address, action])\n}"
    )
    both = resource(1)
    both["change"]["actions"] = ["delete", "create"]
    session, doc = gathering(tmp_path, rule, [resource(1)])
    session.apply(doc, Change(updated=(("db.r1", both),)))
    found = {f.message for f in session.check()}
    assert found == {"db.r1: delete", "db.r1: create"}


def test_an_unknown_fact_is_an_error() -> None:
    session, doc = session_of([resource(1)], "element")
    with pytest.raises(ComplyError, match=r"no fact 'db\.r2'"):
        session.apply(doc, Change(removed=("db.r2",)))


def test_what_is_unknown_is_told_of_facts_that_come_late() -> None:
    """The first version had none, or none any more: the next may have some."""
    unknown = resource(1)
    unknown["change"]["after_unknown"] = {"public": True}
    without = plan([], planned_values={})
    del without["resource_changes"]
    session = Session(rules=[RULES / "element.rego"])
    doc = session.load(json.dumps(without).encode())
    assert session.check() == []
    for _ in range(2):
        delta = session.update(doc, plan([unknown]))
        assert [str(f.status) for f in delta.added] == ["undetermined"]
        delta = session.update(doc, without)
        assert [str(f.status) for f in delta.removed] == ["undetermined"]


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
