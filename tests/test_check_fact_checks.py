"""Assertions over facts in a session: joined in memory, and again where facts change."""

import copy
import json
import subprocess
import sys
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from tests.test_sql_check import DB_HOST, DDL, MANIFESTS, PLAN, documents

from comply.check.fact_checks import FactChecks, Planned
from comply.check.fact_rows import FactRows
from comply.check.session import Delta, Loaded, Session
from comply.findings import Finding, Status
from comply.load.facts import Change
from comply.source import Source
from comply.sql.fact_check import check_facts
from comply.sql.plan.running import Running
from comply.sql.rule import AssertionRule, rules_in

CHECKS = (
    DB_HOST,
    "NOT EXISTS (SELECT 1 FROM oracle.tables t WHERE NOT EXISTS (SELECT 1 FROM oracle.constraints c WHERE c.owner = t.owner AND c.table_name = t.name AND c.type = 'primary_key'))",
    "NOT EXISTS (SELECT name FROM oracle.columns WHERE nullable AND type = 'VARCHAR2' AND length = 9)",
    "NOT EXISTS (SELECT 1 FROM oracle.index_columns WHERE position = 2)",
    "NOT EXISTS (SELECT 1 FROM oracle.grants WHERE grantee = 'PUBLIC' AND with_option IS NULL)",
    "NOT EXISTS (SELECT 1 FROM kubernetes.containers WHERE container IN ('only', 'job'))",
    "NOT EXISTS (SELECT 1 FROM kubernetes.container_env WHERE value IS NULL AND JSON_VALUE(value_from, '$.secretKeyRef.name') = 's')",
    "NOT EXISTS (SELECT 1 FROM terraform.attributes WHERE attribute = 'port' AND value > 5000)",
    "NOT EXISTS (SELECT 1 FROM terraform.attributes WHERE attribute = 'tags' AND JSON_VALUE(value, '$.a') = 'b')",
    "NOT EXISTS (SELECT 1 FROM terraform.resource_changes WHERE after IS NULL)",
    "NOT EXISTS (SELECT 1 FROM terraform.resource_changes WHERE replaces AND NOT updates AND index_key = 0)",
    "NOT EXISTS (SELECT 1 FROM terraform.resource_changes WHERE (SELECT COUNT(*) FROM kubernetes.objects) = 3)",
    "EXISTS (SELECT 1 FROM kubernetes.labels WHERE value = 'none')",
)


def session(tmp_path: Path, *checks: str, host: str = "nowhere") -> Session:
    rules = tmp_path / "rules"
    rules.mkdir()
    for i, check in enumerate(checks):
        (rules / f"r{i}.sql").write_text(f"CREATE ASSERTION a{i} CHECK ({check});")
    made = Session(rules=[rules])
    (tmp_path / "plan.json").write_text(json.dumps(PLAN, indent=1))
    (tmp_path / "k.yaml").write_text(MANIFESTS.replace("@HOST@", host))
    (tmp_path / "s.sql").write_text(DDL.partition("CREATE ASSERTION")[0])
    for name in ("plan.json", "k.yaml", "s.sql"):
        made.load(tmp_path / name)
    return made


@pytest.mark.parametrize("check", CHECKS)
def test_what_is_found_is_what_duckdb_finds(check: str, tmp_path: Path) -> None:
    found = session(tmp_path, check).check()
    made = rules_in(Source("r.sql", f"CREATE ASSERTION a0 CHECK ({check});"))
    wanted = check_facts(made, documents("nowhere")).findings
    keep = [f for f in wanted if f.status is Status.VIOLATION]
    assert [(f.fact, f.message, f.evidence) for f in found] == [
        (f.fact, f.message, f.evidence) for f in keep
    ]
    for one, other in zip(found, keep, strict=True):
        assert one.span is not None
        assert other.span is not None
        if one.fact:
            assert one.span.line == other.span.line


NAMES = st.sampled_from(["a", "b", "c"])
POOL = (
    # joins and self-joins over several facts
    "NOT EXISTS (SELECT b.address, v.address v FROM terraform.resource_changes b, terraform.resource_changes v WHERE b.type = 'block' AND JSON_VALUE(b.after, '$.bucket') = JSON_VALUE(v.after, '$.name') AND JSON_VALUE(v.after, '$.public') = 'true')",
    "NOT EXISTS (SELECT a.address FROM terraform.attributes a, terraform.attributes b WHERE a.attribute = 'name' AND b.attribute = 'owner' AND a.value = b.value AND a.address <> b.address)",
    # what must be there
    "ALL (SELECT address, type FROM terraform.resource_changes WHERE type = 'bucket') r SATISFY (EXISTS (SELECT 1 FROM terraform.resource_changes b WHERE b.type = 'block' AND JSON_VALUE(b.after, '$.bucket') = r.address))",
    "NOT EXISTS (SELECT address FROM terraform.resource_changes r WHERE address NOT IN (SELECT address FROM terraform.attributes a WHERE a.attribute = 'owner'))",
    "NOT EXISTS (SELECT address FROM terraform.attributes WHERE attribute = 'name' AND value NOT IN (SELECT value FROM terraform.attributes WHERE attribute = 'owner'))",
    "EXISTS (SELECT 1 FROM terraform.attributes WHERE attribute = 'owner' AND value = 'a')",
    # three levels, worlds, values that are summed up
    "ALL (SELECT name FROM kubernetes.objects) o SATISFY (EXISTS (SELECT 1 FROM terraform.attributes a WHERE a.value = o.name AND NOT EXISTS (SELECT 1 FROM terraform.resource_changes r WHERE r.address = a.address AND r.deletes)))",
    "ALL (SELECT object, image FROM kubernetes.containers) c SATISFY ((SELECT COUNT(*) FROM terraform.attributes a WHERE a.attribute = 'owner' AND a.value = c.image) <= 1)",
    "NOT EXISTS (SELECT r.address FROM terraform.resource_changes r WHERE (SELECT MAX(a.value) FROM terraform.attributes a WHERE a.address = r.address) = (SELECT MIN(name) FROM kubernetes.objects))",
    "NOT EXISTS (SELECT DISTINCT a.attribute FROM terraform.attributes a, kubernetes.objects o WHERE a.value = o.name)",
    # what falls apart: groups, outer joins, sets
    "ALL (SELECT value, COUNT(*) n FROM terraform.attributes GROUP BY value) t SATISFY (t.n <= 2)",
    "NOT EXISTS (SELECT r.address, a.value FROM terraform.resource_changes r LEFT JOIN terraform.attributes a ON a.address = r.address AND a.attribute = 'owner' WHERE a.value IS NULL)",
    "NOT EXISTS (SELECT value n FROM terraform.attributes WHERE attribute = 'owner' MINUS SELECT name FROM kubernetes.objects UNION SELECT image FROM kubernetes.containers)",
)


def parsed(checks: tuple[str, ...]) -> list[AssertionRule]:
    text = "".join(
        f"CREATE ASSERTION a{i} CHECK ({c});\n" for i, c in enumerate(checks)
    )
    return rules_in(Source("pool.sql", text))


@lru_cache
def pool() -> Path:
    """A folder with the rules of the pool."""
    folder = Path(mkdtemp(prefix="comply-test-"))
    for i, check in enumerate(POOL):
        (folder / f"a{i}.sql").write_text(f"CREATE ASSERTION a{i} CHECK ({check});")
    return folder


@st.composite
def resources(draw: st.DrawFn, number: int) -> dict[str, Any]:
    cells = {
        "public": st.booleans(),
        "name": NAMES,
        "bucket": st.sampled_from(["r0", "r1", "a"]),
        "owner": NAMES,
    }
    after = draw(st.fixed_dictionaries({}, optional=cells))
    unknown = draw(st.sets(st.sampled_from([*cells, "id"]), max_size=2))
    actions = draw(st.sampled_from([["create"], ["update"], ["delete", "create"]]))
    return {
        "address": f"r{number}",
        "type": draw(st.sampled_from(["bucket", "block"])),
        "change": {
            "actions": actions,
            "before": None,
            "after": {k: v for k, v in after.items() if k not in unknown},
            "after_unknown": dict.fromkeys(sorted(unknown), True)
            if draw(st.integers(0, 2)) == 0
            else {},
        },
    }


def pod(name: str, image: str) -> dict[str, Any]:
    spec = {"containers": [{"name": "c", "image": image}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


def told(findings: Iterable[Finding]) -> set[tuple[str, str, str, str]]:
    return {(f.rule_id, str(f.status), f.fact, f.message) for f in findings}


class Facts(RuleBasedStateMachine):
    """Resources and pods that come, go and change."""

    @initialize(data=st.data())
    def start(self, data: st.DataObject) -> None:
        self.session = Session(rules=[pool()])
        self.serial = data.draw(st.integers(0, 4))
        changes = [data.draw(resources(i)) for i in range(self.serial)]
        self.value: dict[str, Any] = {
            "format_version": "1.2",
            "resource_changes": changes,
        }
        self.doc = self.session.load(json.dumps(self.value).encode())
        self.pods: list[Loaded] = []
        self.shown = told(self.session.check())

    def changes(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.value["resource_changes"]
        return found

    def take(self, delta: Delta) -> None:
        """Follow a delta, which has to lead from what was to what is."""
        added, removed = told(delta.added), told(delta.removed)
        assert removed <= self.shown
        assert not added & (self.shown - removed)
        self.shown = (self.shown - removed) | added

    @rule(data=st.data())
    @precondition(lambda self: self.changes())
    def apply_update(self, data: st.DataObject) -> None:
        at = data.draw(st.integers(0, len(self.changes()) - 1))
        old = self.changes()[at]
        new = data.draw(resources(int(old["address"][1:])))
        change = Change(updated=((old["address"], copy.deepcopy(new)),))
        self.take(self.session.apply(self.doc, change))
        self.changes()[at] = new

    @rule(data=st.data())
    def apply_addition(self, data: st.DataObject) -> None:
        new = data.draw(resources(self.serial))
        self.serial += 1
        self.take(self.session.apply(self.doc, Change(added=(copy.deepcopy(new),))))
        self.changes().append(new)

    @rule(data=st.data())
    @precondition(lambda self: self.changes())
    def apply_removal(self, data: st.DataObject) -> None:
        at = data.draw(st.integers(0, len(self.changes()) - 1))
        gone = self.changes().pop(at)["address"]
        self.take(self.session.apply(self.doc, Change(removed=(gone,))))

    @rule(data=st.data(), as_bytes=st.booleans())
    def update(self, data: st.DataObject, *, as_bytes: bool) -> None:
        changes = [
            data.draw(resources(int(c["address"][1:])))
            if data.draw(st.booleans())
            else c
            for c in data.draw(st.permutations(self.changes()))
        ]
        self.value = {
            **self.value,
            "resource_changes": changes[: data.draw(st.integers(0, 9))],
        }
        text = json.dumps(self.value)
        new = text.encode() if as_bytes else json.loads(text)
        self.take(self.session.update(self.doc, new))

    @rule(name=NAMES, image=NAMES)
    def insert_pod(self, name: str, image: str) -> None:
        made, delta = self.session.insert(
            Source("p.json", json.dumps(pod(name, image)))
        )
        self.pods.append(made)
        self.take(delta)

    @rule(name=NAMES, image=NAMES)
    @precondition(lambda self: self.pods)
    def update_pod(self, name: str, image: str) -> None:
        self.take(self.session.update(self.pods[0], pod(name, image)))

    @rule()
    @precondition(lambda self: self.pods)
    def remove_pod(self) -> None:
        self.take(self.session.remove(self.pods.pop()))

    @invariant()
    def same_as_from_scratch(self) -> None:
        assert told(self.session.check()) == self.shown
        fresh = anew(self.session._facts)
        fresh.start(self.session.documents)
        wanted = told(f for _, f in fresh.findings())
        assert wanted - self.shown == set()
        assert self.shown - wanted == set()

    def teardown(self) -> None:
        """What DuckDB finds is found; what rests on unknown values, it cannot tell."""
        if not hasattr(self, "session"):
            return
        sure = [c["address"] for c in self.changes() if c["change"]["after_unknown"]]
        if not sure:
            found = check_facts(parsed(POOL), self.session.documents).findings
            theirs, ours = ({t[1:] for t in of} for of in (told(found), self.shown))
            assert {(s, m) for s, _, m in theirs} == {(s, m) for s, _, m in ours}
            # DuckDB does not tell which facts the rows of sets stem from.
            assert {t for t in theirs if t[1]} <= ours


def anew(checks: FactChecks) -> FactChecks:
    """The same rules with nothing known yet."""
    planned = [
        Planned(p.rule, p.worlds, p.readings, Running(p.running.program))
        for p in checks.planned
    ]
    return FactChecks(planned, checks.whole, FactRows(checks.rows.readings))


TestFacts = Facts.TestCase
TestFacts.settings = settings(
    max_examples=max(settings().max_examples // 10, 5), stateful_step_count=12
)


def loaded(
    tmp_path: Path, check: str, changes: list[dict[str, Any]]
) -> tuple[Session, Loaded]:
    """A session with one assertion and a plan that was checked."""
    file = tmp_path / "made.sql"
    file.write_text(f"CREATE ASSERTION made CHECK ({check});")
    session = Session(rules=[file])
    plan = {"format_version": "1.2", "resource_changes": changes}
    doc = session.load(json.dumps(plan).encode())
    session.check()
    return session, doc


def server(number: int, unknown: Iterable[str] = (), **after: Any) -> dict[str, Any]:
    marks = dict.fromkeys(unknown, True)
    change = {
        "actions": ["create"],
        "before": None,
        "after": after,
        "after_unknown": marks,
    }
    return {"address": f"vm.r{number}", "type": "vm", "change": change}


JOINED = """NOT EXISTS (SELECT a.address, b.address other
  FROM terraform.resource_changes a, terraform.resource_changes b
  WHERE JSON_VALUE(a.after, '$.ip') = JSON_VALUE(b.after, '$.ip') AND a.address < b.address)"""


def test_a_change_joins_again_only_the_rows_it_touches(tmp_path: Path) -> None:
    servers = [server(i, ip=str(i)) for i in range(40)]
    session, doc = loaded(tmp_path, JOINED, servers)
    new = server(7, ip="9")
    delta = session.apply(doc, Change(updated=(("vm.r7", new),)))
    assert [f.message for f in delta.added] == ["made: address vm.r7, other vm.r9"]
    # The row stands at two places of the denial and is joined at each.
    assert (delta.units_run, delta.units_reused) == (2, 38)
    delta = session.apply(doc, Change(removed=("vm.r9",)))
    assert [f.fact for f in delta.removed] == ["vm.r7"]
    assert (delta.units_run, delta.units_reused) == (0, 39)


def test_what_no_place_of_the_denial_holds_runs_nothing(tmp_path: Path) -> None:
    check = "NOT EXISTS (SELECT address FROM terraform.attributes WHERE attribute = 'open' AND value = 'true')"
    session, doc = loaded(tmp_path, check, [server(i, open=False) for i in range(9)])
    new = server(3, open=False, name="x")
    delta = session.apply(doc, Change(updated=(("vm.r3", new),)))
    assert (delta.units_run, len(delta.added)) == (0, 0)


@pytest.mark.parametrize(
    ("check", "attribute"),
    [
        ("NOT EXISTS (SELECT address FROM terraform.resource_changes WHERE JSON_VALUE(after, '$.ip') = '1')", "ip"),
        ("NOT EXISTS (SELECT address FROM terraform.resource_changes WHERE JSON_VALUE(after, '$.tags.owner') IS NULL)", "tags.owner"),
        ("NOT EXISTS (SELECT address FROM terraform.attributes WHERE attribute = 'ip' AND value LIKE '10.%')", "ip"),
        ("NOT EXISTS (SELECT address FROM terraform.attributes WHERE attribute = 'ip' AND UPPER(value) || 'x' <> 'X')", "ip"),
        ("ALL (SELECT address FROM terraform.resource_changes) r SATISFY (EXISTS (SELECT 1 FROM terraform.attributes a WHERE a.address = r.address AND a.attribute = 'ip' AND a.value = '1'))", "ip"),
        ("NOT EXISTS (SELECT r.address FROM terraform.resource_changes r WHERE (SELECT MAX(a.value) FROM terraform.attributes a WHERE a.address = r.address) = '9')", "ip"),
        ("NOT EXISTS (SELECT address FROM terraform.resource_changes WHERE CASE WHEN JSON_VALUE(after, '$.ip') = '1' THEN 'a' ELSE 'b' END = 'a')", "ip"),
        ("NOT EXISTS (SELECT address FROM terraform.resource_changes WHERE after LIKE '%secret%')", "ip"),
        ("NOT EXISTS (SELECT address FROM terraform.resource_changes WHERE JSON_VALUE(after, '$.arn') = '1')", "arn"),
    ],
)  # fmt: skip
def test_values_known_after_apply_are_named(
    check: str, attribute: str, tmp_path: Path
) -> None:
    later = server(1, ["ip", "id", "arn"], tags={})
    later["change"]["after_unknown"]["tags"] = {"owner": True}
    session, doc = loaded(
        tmp_path, check, [later, server(2, ip="1", tags={"owner": "a"})]
    )
    [found] = [f for f in session.check() if f.fact == "vm.r1"]
    assert found.status is Status.UNDETERMINED
    assert "cannot be told yet" in found.message
    assert f"`{attribute}`" in found.message
    known = server(1, ip="2", arn="2", tags={"owner": "b"})
    delta = session.apply(doc, Change(updated=(("vm.r1", known),)))
    assert [f.status for f in delta.removed] == [Status.UNDETERMINED]


@pytest.mark.parametrize(
    "check",
    [
        # another condition decides
        "NOT EXISTS (SELECT address FROM terraform.resource_changes WHERE type = 'db' AND JSON_VALUE(after, '$.ip') = '1')",
        # what every resource has is not meant by who looks at all attributes
        "NOT EXISTS (SELECT address FROM terraform.attributes WHERE value = 'x')",
        # who asks whether it is unknown handles that
        "NOT EXISTS (SELECT address FROM terraform.resource_changes WHERE JSON_VALUE(after, '$.ip') = '1' AND JSON_VALUE(after_unknown, '$.ip') IS NULL)",
    ],
)
def test_values_that_do_not_matter_are_not_named(check: str, tmp_path: Path) -> None:
    unknown = ["id"] if "attributes" in check else ["id", "ip"]
    session, _ = loaded(tmp_path, check, [server(1, unknown)])
    assert session.check() == []


def test_what_has_no_plan_is_checked_by_duckdb_and_said_so(tmp_path: Path) -> None:
    check = "ALL (SELECT type, COUNT(*) OVER (PARTITION BY type) c FROM terraform.resource_changes) t SATISFY (t.c <= 2)"
    session, doc = loaded(tmp_path, check, [server(1), server(2)])
    [(name, why)] = session.whole.items()
    assert name == "made"
    assert "values over other rows" in why
    delta = session.apply(doc, Change(added=(server(3),)))
    assert [f.status for f in delta.added] == [Status.VIOLATION]
    delta = session.apply(doc, Change(removed=("vm.r3",)))
    assert [f.status for f in delta.removed] == [Status.VIOLATION]


def test_duckdb_names_what_it_cannot_know(tmp_path: Path) -> None:
    check = "ALL (SELECT value, COUNT(*) OVER (PARTITION BY value) n FROM terraform.attributes WHERE attribute = 'ip') t SATISFY (t.n <= 1)"
    session, _ = loaded(tmp_path, check, [server(1, ["ip"]), server(2, ip="1")])
    [found] = session.check()
    assert found.status is Status.UNDETERMINED
    assert "`ip` of vm.r1" in found.message


def test_groups_and_outer_joins_of_facts_are_joined_in_memory(tmp_path: Path) -> None:
    group = "ALL (SELECT value, COUNT(*) n FROM terraform.attributes WHERE attribute = 'ip' GROUP BY value) t SATISFY (t.n <= 1)"
    session, doc = loaded(tmp_path, group, [server(i, ip=str(i)) for i in range(40)])
    assert session.whole == {}
    delta = session.apply(doc, Change(updated=(("vm.r7", server(7, ip="9")),)))
    assert [f.message for f in delta.added] == ["made: value 9"]
    assert delta.units_run < 9
    delta = session.apply(doc, Change(updated=(("vm.r9", server(9, ["ip"])),)))
    assert [f.status for f in delta.removed] == [Status.VIOLATION]
    assert {f.status for f in delta.added} == {Status.UNDETERMINED}
    lonely = "NOT EXISTS (SELECT r.address FROM terraform.resource_changes r LEFT JOIN terraform.attributes a ON a.address = r.address AND a.attribute = 'ip' WHERE a.value IS NULL)"
    session, doc = loaded(tmp_path, lonely, [server(1, ip="1"), server(2)])
    assert session.whole == {}
    assert [f.fact for f in session.check()] == ["vm.r2"]
    delta = session.apply(doc, Change(updated=(("vm.r2", server(2, ip="2")),)))
    assert [f.fact for f in delta.removed] == ["vm.r2"]


def test_a_value_that_cannot_be_read_is_an_error_until_it_is_mended(
    tmp_path: Path,
) -> None:
    check = "NOT EXISTS (SELECT address FROM terraform.attributes WHERE attribute = 'size' AND value > 5)"
    session, doc = loaded(tmp_path, check, [server(1, size="9"), server(2, size="big")])
    [found] = session.check()
    assert found.status is Status.ERROR
    assert "ORA-01722" in found.message
    delta = session.apply(doc, Change(updated=(("vm.r2", server(2, size="1")),)))
    assert [f.status for f in delta.removed] == [Status.ERROR]
    assert [f.fact for f in delta.added] == ["vm.r1"]
    delta = session.apply(doc, Change(updated=(("vm.r1", server(1, size="x")),)))
    assert [f.status for f in delta.added] == [Status.ERROR]
    assert [f.fact for f in delta.removed] == ["vm.r1"]


def test_a_rule_begins_and_ends_with_the_worlds_it_reads(tmp_path: Path) -> None:
    check = "NOT EXISTS (SELECT r.address FROM terraform.resource_changes r WHERE NOT EXISTS (SELECT 1 FROM kubernetes.objects o WHERE o.name = r.type))"
    session, doc = loaded(tmp_path, check, [server(1)])
    assert session.check() == []
    assert session.evaluated == {}
    made, delta = session.insert(Source("p.json", json.dumps(pod("x", "y"))))
    assert [f.fact for f in delta.added] == ["vm.r1"]
    assert session.evaluated == {"made": 2}
    delta = session.remove(made)
    assert [f.fact for f in delta.removed] == ["vm.r1"]
    assert session.update(doc, {"format_version": "1.2"}).added == []


def test_places_follow_a_text_that_is_read_again(tmp_path: Path) -> None:
    check = (
        "NOT EXISTS (SELECT address FROM terraform.attributes WHERE attribute = 'open')"
    )
    session, doc = loaded(tmp_path, check, [server(1, open=True)])
    plan = {
        "format_version": "1.2",
        "resource_changes": [server(2), server(1, open=True)],
    }
    delta = session.update(doc, json.dumps(plan, indent=1).encode())
    assert (delta.added, delta.removed) == ([], [])
    [found] = session.check()
    assert found.span is not None
    assert found.span.row > 20


def test_duckdb_is_not_imported_for_what_is_joined_in_memory(tmp_path: Path) -> None:
    (tmp_path / "r.sql").write_text(f"CREATE ASSERTION r CHECK ({JOINED});")
    plan = {"format_version": "1.2", "resource_changes": [server(1, ip="1")]}
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    program = (
        "import sys; from comply.check.session import Session;"
        f"s = Session(rules=[{str(tmp_path / 'r.sql')!r}]);"
        f"s.load({str(tmp_path / 'plan.json')!r}); assert s.check() == [];"
        "assert s.evaluated == {'r': 1}; print('duckdb' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"


def test_what_rests_on_many_unknown_values_is_told_by_a_few(tmp_path: Path) -> None:
    check = """ALL (SELECT address FROM terraform.resource_changes WHERE name = 'bucket') r SATISFY (EXISTS (
      SELECT 1 FROM terraform.resource_changes b WHERE b.name = 'block' AND JSON_VALUE(b.after, '$.bucket') = r.address))"""
    blocks = [{**server(i, ["bucket"]), "name": "block"} for i in range(10, 50)]
    buckets = [{**server(i), "name": "bucket"} for i in range(4)]
    session, doc = loaded(tmp_path, check, [*blocks, *buckets])
    wanted = ", ".join(f"`bucket` of vm.r{i}" for i in range(10, 14))
    told = {f.message.partition("yet: ")[2] for f in session.check()}
    assert told == {f"{wanted} and more are known only after apply"}
    # The first of them is known now and comes last; another stands in its place.
    new = {**server(10, bucket="vm.r0"), "name": "block"}
    delta = session.apply(doc, Change(updated=(("vm.r10", new),)))
    assert {f.fact for f in delta.removed} == {f"vm.r{i}" for i in range(4)}
    assert {f.fact for f in delta.added} == {f"vm.r{i}" for i in range(1, 4)}
    assert all("`bucket` of vm.r14 and more" in f.message for f in delta.added)


def test_a_value_that_is_not_known_is_not_compared_with_all_for_its_name(
    tmp_path: Path,
) -> None:
    check = """NOT EXISTS (SELECT a.address FROM terraform.resource_changes a WHERE EXISTS (
      SELECT 1 FROM terraform.resource_changes b WHERE b.address <> a.address
        AND JSON_VALUE(b.after, '$.ip') = JSON_VALUE(a.after, '$.ip')))"""
    servers = [server(i, ip=str(i)) for i in range(40)]
    session, _ = loaded(tmp_path, check, [*servers, server(99, ["ip"])])
    found = {f.fact: f.message for f in session.check()}
    assert len(found) == 41
    assert found["vm.r99"].endswith("`ip` is known only after apply")
    assert "`ip` of vm.r99 " in found["vm.r1"]
