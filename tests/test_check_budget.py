"""No rule runs for ever, builds too much or says too much; each other rule is heard."""

import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from comply.check import budget as watching
from comply.check.budget import (
    ALL,
    LONGEST_MESSAGE,
    Budget,
    Limits,
    OverBudgetError,
    StoppedError,
    resident,
)
from comply.check.session import Session
from comply.findings import Finding, Severity, Status
from comply.source import Source

watched = pytest.mark.skipif(
    sys.gettrace() is not None, reason="nothing is stopped under a tracer"
)

ENDLESS = """package endless
deny contains msg if {
    some a in input.resource_changes
    some b in input.resource_changes
    a.change.after.x > b.change.after.x + 1000000
    msg := "never"
}
"""
QUICK = """package quick
deny contains msg if {
    some a in input.resource_changes
    a.change.after.x == 5
    msg := a.address
}
"""
MANY = """package many
deny contains msg if {
    some a in input.resource_changes
    msg := a.address
}
"""
POD = """package pod
deny contains msg if {
    input.kind == "Pod"
    some a in numbers.range(1, 3000)
    some b in numbers.range(1, 3000)
    a + b == input.never
    msg := "never"
}
"""
NAMED = """package named
deny contains msg if {
    input.kind == "Pod"
    msg := input.metadata.name
}
"""


def plan(size: int, marked: int = 5) -> dict[str, Any]:
    """Return a plan of resources of which one has the number that QUICK looks for."""
    return {
        "format_version": "1.2",
        "terraform_version": "1.9.0",
        "resource_changes": [
            {
                "address": f"a.b{i}",
                "type": "a",
                "name": f"b{i}",
                "mode": "managed",
                "change": {
                    "actions": ["create"],
                    "before": None,
                    "after": {"x": 5 if i == marked else i + 10},
                    "after_unknown": {},
                },
            }
            for i in range(size)
        ],
    }


def session(folder: Path, limits: Limits, **rules: str) -> Session:
    """Return a session of rules."""
    for name, text in rules.items():
        (folder / f"{name}.rego").write_text(text)
    return Session(rules=[folder / f"{name}.rego" for name in rules], limits=limits)


def found(items: list[Finding]) -> set[tuple[str, Status]]:
    """Return the rules that found something, and how that counts."""
    return {(item.rule_id, item.status) for item in items}


@watched
def test_a_rule_that_loops_too_long_is_an_error(tmp_path: Path) -> None:
    made = session(tmp_path, Limits(0.3), endless=ENDLESS, quick=QUICK)
    made.add(_source(plan(20_000)))
    started = time.monotonic()
    items = made.check()
    assert time.monotonic() - started < 10
    assert found(items) == {
        ("endless", Status.ERROR),
        ("quick", Status.VIOLATION),
    }
    assert made.stopped
    (error,) = (x for x in items if x.status is Status.ERROR)
    assert "it was stopped: it took longer than 0.3 s" in error.message
    assert "--timeout" in error.remediation
    assert error.span is not None
    assert error.span.file.endswith("endless.rego")
    assert 3 <= error.span.row <= 5


@watched
def test_a_stopped_rule_stays_an_error_until_all_is_checked_again(
    tmp_path: Path,
) -> None:
    made = session(tmp_path, Limits(0.3), endless=ENDLESS, quick=QUICK)
    loaded = made.add(_source(plan(20_000)))
    made.check()
    started = time.monotonic()
    delta = made.update(loaded, plan(20_000, marked=6))
    assert time.monotonic() - started < 10
    assert [x.fact for x in delta.added + delta.removed] == ["a.b6", "a.b5"]
    assert found(made.check()) == {
        ("endless", Status.ERROR),
        ("quick", Status.VIOLATION),
    }
    made.remove(loaded)
    small = plan(10)
    made.add(_source(small))
    assert found(made.check()) == {("quick", Status.VIOLATION)}
    assert not made.stopped


@watched
def test_an_update_that_makes_a_rule_loop_is_stopped(tmp_path: Path) -> None:
    made = session(tmp_path, Limits(0.3), endless=ENDLESS, quick=QUICK)
    loaded = made.add(_source(plan(10)))
    assert found(made.check()) == {("quick", Status.VIOLATION)}
    delta = made.update(loaded, plan(20_000, marked=7))
    assert found(delta.added) == {
        ("endless", Status.ERROR),
        ("quick", Status.VIOLATION),
    }
    assert [x.fact for x in delta.removed] == ["a.b5"]
    fresh = Session(rules=made.rules, limits=Limits(0.3))
    fresh.add(_source(plan(20_000, marked=7)))
    assert found(fresh.check()) == found(made.check())


@watched
def test_among_many_manifests_only_the_slow_rule_is_an_error(tmp_path: Path) -> None:
    made = session(tmp_path, Limits(0.3), pod=POD, named=NAMED)
    for name in ("a", "b"):
        text = f"apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nnever: -1\n"
        made.load(text.encode(), "kubernetes")
    items = made.check()
    assert sorted((x.rule_id, x.status, x.message[:1]) for x in items) == [
        ("named", Status.VIOLATION, "a"),
        ("named", Status.VIOLATION, "b"),
        ("pod", Status.ERROR, "t"),
    ]


def test_too_many_findings_are_an_error(tmp_path: Path) -> None:
    made = session(tmp_path, Limits(findings=50), many=MANY, quick=QUICK)
    made.add(_source(plan(51)))
    items = made.check()
    assert found(items) == {("many", Status.ERROR), ("quick", Status.VIOLATION)}
    assert "more than 50 findings" in items[0].message
    other = session(tmp_path, Limits(findings=51), many=MANY, quick=QUICK)
    other.add(_source(plan(51)))
    assert len(other.check()) == 52


def test_findings_are_counted_over_manifests(tmp_path: Path) -> None:
    made = session(tmp_path, Limits(findings=2), named=NAMED)
    for name in "abc":
        text = f"apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\n"
        made.load(text.encode(), "kubernetes")
    items = made.check()
    assert [x.status for x in items] == [
        Status.VIOLATION,
        Status.VIOLATION,
        Status.ERROR,
    ]


def test_a_message_without_end_is_an_error(tmp_path: Path) -> None:
    long = 'package long\ndeny contains msg if {\n    input.kind == "Pod"\n    '
    long += 'msg := concat("", [input.text, input.text])\n}\n'
    made = session(tmp_path, Limits(), long=long)
    text = "x" * (LONGEST_MESSAGE // 2 + 1)
    made.load(f"apiVersion: v1\nkind: Pod\ntext: {text}\n".encode(), "kubernetes")
    (item,) = made.check()
    assert item.status is Status.ERROR
    assert "1,000,000 characters" in item.message


@watched
def test_memory_that_a_rule_takes_is_bounded() -> None:
    if not resident():
        pytest.skip("this system does not tell how much memory a process has")
    budget = Budget(Limits(megabytes=200))

    def grow() -> None:
        kept = []
        while True:
            kept.append(bytearray(1 << 20))
            time.sleep(0.0001)

    with pytest.raises(OverBudgetError) as caught:
        budget.run("greedy", grow)
    assert "200 MB" in caught.value.message
    assert list(budget.out) == ["greedy"]


def test_memory_that_there_is_not_is_an_error_of_the_rule() -> None:
    def fail() -> None:
        raise MemoryError

    budget = Budget()
    with pytest.raises(OverBudgetError):
        budget.run("greedy", fail)
    with pytest.raises(OverBudgetError):
        budget.run("greedy", list)
    assert budget.run("modest", list) == []


@watched
def test_what_swallows_the_exception_is_stopped_once_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watching, "_AGAIN", 0.2)
    budget = Budget(Limits(0.1))
    swallowed: list[bool] = []

    def stubborn() -> None:
        while True:
            try:
                _spin()
            except StoppedError:
                if swallowed:
                    raise
                swallowed.append(True)

    with pytest.raises(OverBudgetError):
        budget.run("stubborn", stubborn)
    assert swallowed


def _spin() -> None:
    while True:
        pass


@watched
def test_work_that_ends_as_it_is_stopped_does_not_leave_the_exception_behind() -> None:
    for i in range(60):
        budget = Budget(Limits(0.02))
        until = time.monotonic() + 0.018 + i % 10 * 0.001

        def work(until: float = until) -> None:
            while time.monotonic() < until:
                pass

        try:
            budget.run("close", work)
        except OverBudgetError:
            assert "close" in budget.out
        for _ in range(1000):
            pass


@watched
def test_short_turns_are_charged_together() -> None:
    budget = Budget(Limits(0.3))

    def turn() -> None:
        until = time.monotonic() + 0.02
        while time.monotonic() < until:
            pass

    def turns() -> None:
        for _ in range(200):
            budget.run("often", turn)

    with pytest.raises(OverBudgetError):
        turns()
    budget.renew()
    assert not budget.spent
    assert list(budget.out) == ["often"]


@watched
def test_a_stop_among_many_rules_makes_the_next_run_careful() -> None:
    budget = Budget(Limits(0.1))
    with pytest.raises(OverBudgetError):
        budget.run(ALL, _spin)
    assert budget.careful
    assert not budget.out


@watched
def test_threads_have_budgets_of_their_own() -> None:
    stopped = []

    def work(seconds: float) -> None:
        try:
            Budget(Limits(seconds)).run("loop", _spin)
        except OverBudgetError as error:
            stopped.append(error.message)

    threads = [threading.Thread(target=work, args=(s,)) for s in (0.1, 0.2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(stopped) == [
        "it was stopped: it took longer than 0.1 s",
        "it was stopped: it took longer than 0.2 s",
    ]


def test_without_limits_nothing_watches() -> None:
    budget = Budget(Limits(0, 0, 0))
    assert budget.run("free", threading.active_count) >= 1
    assert budget.watcher is None
    budget.take("free", [_long()] * 3)


@watched
def test_the_watcher_ends_when_nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "_IDLE", 0.05)
    budget = Budget(Limits(0.1))
    budget.run("short", list)
    assert budget.watcher is not None
    until = time.monotonic() + 10
    while budget.watcher is not None and time.monotonic() < until:
        time.sleep(0.01)
    assert budget.watcher is None
    with pytest.raises(OverBudgetError):
        budget.run("later", _spin)


@watched
def test_the_watcher_ends_with_its_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "_IDLE", 1e9)
    before = threading.active_count()
    made = [Budget() for _ in range(20)]
    for one in made:
        one.run("a", list)
        assert one.watcher is not None
    del one, made
    assert _threads_left(before) <= before


@watched
def test_a_watch_may_be_ended_more_than_once() -> None:
    before = threading.active_count()
    budget = Budget()
    budget.rest()
    for _ in range(3):
        budget.run("a", list)
        assert budget.watcher is not None
        budget.rest()
        budget.rest()
        assert budget.watcher is None
    del budget
    assert _threads_left(before) <= before


@watched
def test_a_check_leaves_no_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "_IDLE", 1e9)
    before = threading.active_count()
    path = tmp_path / "r.rego"
    path.write_text("package p\nimport rego.v1\ndeny contains 1 if input.a\n")
    sessions = [Session(rules=[path]) for _ in range(5)]
    loaded = [session.load(b'{"a": 1}', kind="json") for session in sessions]
    for session in sessions:
        assert len(session.check()) == 1
    assert _threads_left(before) <= before
    # What comes later is watched again.
    assert sessions[0].update(loaded[0], b'{"a": 2}').units_run


def _threads_left(before: int) -> int:
    """Return how many threads there are once those that end have had time to."""
    until = time.monotonic() + 20
    while threading.active_count() > before and time.monotonic() < until:
        time.sleep(0.01)
    return threading.active_count()


def test_an_error_of_the_rule_itself_comes_through() -> None:
    def fail() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        Budget().run("broken", fail)


def test_memory_is_not_told_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "_MEMORY", tmp_path / "statm")
    assert resident() == 0


def _source(value: dict[str, Any]) -> Source:
    return Source("plan.json", json.dumps(value))


def _long() -> Finding:
    return Finding("r", "t", Severity.LOW, Status.VIOLATION, "m")


@watched
def test_an_assertion_that_joins_too_much_is_an_error(tmp_path: Path) -> None:
    few = "CREATE ASSERTION few CHECK (NOT EXISTS (SELECT 1 FROM terraform.resource_changes r"
    (tmp_path / "slow.sql").write_text(
        f"{few}, terraform.resource_changes s WHERE r.address || s.address = 'never'));\n"
    )
    (tmp_path / "quick.sql").write_text(
        f"{few.replace('few', 'quick')} WHERE r.address = 'a.b3'));\n"
    )
    files = [tmp_path / "slow.sql", tmp_path / "quick.sql"]
    made = Session(rules=files, limits=Limits(0.3))
    loaded = made.add(_source(plan(10_000)))
    items = {item.rule_id: item for item in made.check()}
    assert items["slow"].status is Status.ERROR
    assert "it was stopped: it took longer than 0.3 s" in items["slow"].message
    assert "--timeout" in items["slow"].remediation
    assert items["quick"].status is Status.VIOLATION
    started = time.monotonic()
    delta = made.update(loaded, plan(10_000, marked=6))
    assert time.monotonic() - started < 10
    assert not [x for x in delta.added if x.status is not Status.ERROR]
    assert found(made.check()) == {("slow", Status.ERROR), ("quick", Status.VIOLATION)}


def test_an_assertion_with_too_many_findings_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "all.sql").write_text(
        "CREATE ASSERTION none CHECK (NOT EXISTS (SELECT 1 FROM "
        "terraform.resource_changes r WHERE r.type = 'a'));\n"
    )
    made = Session(rules=[tmp_path / "all.sql"], limits=Limits(findings=5))
    made.add(_source(plan(6)))
    (item,) = made.check()
    assert (item.status, "more than 5 findings" in item.message) == (Status.ERROR, True)


def test_under_a_tracer_nothing_is_stopped() -> None:
    before = sys.gettrace()
    sys.settrace(_trace)
    try:
        budget = Budget(Limits(0.01))
        budget.run("slow", time.sleep, 0.2)
    finally:
        sys.settrace(before)
    assert budget.watcher is None
    assert not budget.out


def _trace(_frame: object, _event: str, _arg: object) -> None:
    return None
