"""`comply bench`: counts that can be worked out by hand, times that add up."""

import io
import json
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from comply.bench.lines import sampled_lines
from comply.bench.results import Lines, Report
from comply.bench.run import Budget, measure
from comply.bench.text import write
from comply.bench.units import tally
from comply.bench.work import Work, check_once, timed, work_of
from comply.check.session import Session
from comply.cli.main import run
from comply.report.look import Look

RULES = """package cost
import rego.v1

# The element-wise unit: no index, three buckets out of four hold.
deny contains msg if {
	some r in input.resource_changes
	r.change.after.size > 0
	msg := r.address
}

# Driven by an index, and looking another one up.
deny contains msg if {
	some bucket in input.resource_changes
	bucket.type == "bucket"
	not has_block(bucket.change.after.name)
	msg := sprintf("%s has no block", [bucket.address])
}

has_block(name) if {
	some block in input.resource_changes
	block.change.after.bucket == name
}

big := {r.address | some r in input.resource_changes; r.change.after.size > 1}

warn contains "many" if count(big) > 1

deny_big contains "big" if count(big) > 99

deny_whole := "always" if input.resource_changes
"""


def resource(address: str, kind: str, **after: object) -> dict[str, object]:
    change = {"actions": ["create"], "before": None, "after": after}
    kinds = {"type": kind, "mode": "managed", "name": address}
    return {"address": address, **kinds, "change": change}


def plan() -> dict[str, object]:
    changes = [
        resource("a", "bucket", name="one", size=1),
        resource("b", "bucket", name="two", size=2),
        resource("c", "bucket", name="three", size=3),
        resource("d", "block", bucket="one", size=0),
    ]
    return {"format_version": "1.2", "resource_changes": changes}


@pytest.fixture(name="policy")
def _policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("plan.json").write_text(json.dumps(plan()))
    path = Path("cost.rego")
    path.write_text(RULES)
    return path


@pytest.fixture(name="session")
def _session(policy: Path) -> Session:
    session = Session(rules=[policy])
    session.load("plan.json")
    return session


def measured(session: Session) -> Report:
    return measure(session, Budget(2, 0), (1.0, 2.0))


def test_units_are_counted(session: Session) -> None:
    report = measured(session)
    rows = {u.row: u for u in report.units}
    assert (rows[5].elements, rows[5].hits) == (4, 3)
    assert rows[5].driver == "input.resource_changes"
    assert (rows[12].elements, rows[12].hits) == (3, 2)
    assert rows[12].driver == "input.resource_changes by type = 'bucket'"
    assert rows[0].driver == "the whole rule"
    assert rows[0].hits == 1
    assert {u.documents for u in report.units} == {1}
    assert report.findings == len(session.check()) == 7
    assert [rule.rule for rule in report.rules] == ["cost"]
    assert report.rules[0].units == len(report.units)
    assert report.rules[0].hits == 7


def test_times_are_sorted_and_add_up(session: Session) -> None:
    report = measured(session)
    times = [unit.milliseconds for unit in report.units]
    assert times == sorted(times, reverse=True)
    assert min(times) > 0
    assert report.apart == pytest.approx(sum(times))
    assert report.rules[0].milliseconds == pytest.approx(sum(times))
    assert report.whole > 0
    assert (report.compiling, report.loading) == (1.0, 2.0)


def test_indexes_have_keys_and_a_hit_rate(session: Session) -> None:
    uses = {use.on: use for use in measured(session).indexes}
    by_bucket = uses["change.after.bucket"]
    assert (by_bucket.lookups, by_bucket.hits, by_bucket.keys) == (3, 1, 1)
    by_type = uses["type"]
    assert by_type.keys == 2
    assert by_type.hits == by_type.lookups > 0
    assert by_type.milliseconds > 0


def test_helper_rules_are_found_kept(session: Session) -> None:
    uses = {use.rule: use for use in measured(session).memos}
    big = uses["data.cost.big"]
    assert (big.reads, big.hits) == (2, 1)


def test_what_cannot_be_evaluated_is_told(
    policy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy.write_text(
        "package a\nimport rego.v1\nx := 1 if input.resource_changes\n"
        "x := 2 if input.format_version\ndeny contains x\n"
    )
    assert run(["bench", "cost.rego", "-i", "plan.json", "--seconds", "0", "-n1"]) == 0
    assert "eval_conflict_error" in capsys.readouterr().out


def test_rules_across_worlds_are_measured(policy: Path) -> None:
    policy.write_text(
        "package a\nimport rego.v1\n"
        'deny contains "x" if { some w in data.terraform; count(w.resource_changes) == 4 }\n'
    )
    session = Session(rules=[policy])
    session.load("plan.json")
    report = measured(session)
    assert report.units[0].hits == report.findings == len(session.check())
    assert report.units[0].documents == 1


def test_manifests_are_measured_together(policy: Path) -> None:
    policy.write_text(
        "package a\nimport rego.v1\n"
        'deny contains "x" if { some c in input.spec.containers; c.privileged }\n'
    )
    for number in range(5):
        Path(f"{number}.yaml").write_text(
            f"{{apiVersion: v1, kind: Pod, metadata: {{name: a{number}}},\n"
            "spec: {containers: [{privileged: true}, {privileged: false}]}}\n"
        )
    session = Session(rules=[policy])
    for number in range(5):
        session.load(f"{number}.yaml")
    [unit] = measured(session).units
    assert (unit.documents, unit.elements, unit.hits) == (5, 10, 5)


def slow_session(policy: Path) -> Session:
    """Return a session whose time goes to line 6: a sum of many numbers."""
    policy.write_text(
        "package slow\nimport rego.v1\ndeny contains msg if {\n"
        "\tsome r in input.resource_changes\n\tr.type == r.type\n"
        "\tsum(numbers.range(1, 20000 + count(r.address))) > 0\n\tmsg := r.address\n}\n"
    )
    session = Session(rules=[policy])
    session.load("plan.json")
    return session


def patiently(work: Work, enough: Callable[[Lines], bool]) -> Lines:
    """Sample as long as it takes: a loaded machine gives this process little time."""
    for seconds in (0.3, 2.0, 10.0):
        found = sampled_lines(work, 100.0, seconds)
        assert found is not None
        if enough(found):
            return found
    pytest.fail("ten seconds of samples are not enough")


def test_the_input_may_be_named_last(
    policy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = tmp_path / "late.json"
    plan.write_text('{"format_version": "1.2", "resource_changes": []}')
    line = ["bench", str(policy), str(plan), "-n", "1", "--seconds", "0"]
    assert run(line) == 0
    assert "1 document" in capsys.readouterr().out
    assert run(["bench"]) == 2
    assert "comply bench policy/ plan.json" in capsys.readouterr().err


def test_the_slowest_line_is_found(policy: Path) -> None:
    work = work_of(slow_session(policy))
    found = patiently(work, lambda lines: lines.samples >= 20)
    first = found.lines[0]
    assert (first.file, first.row) == ("cost.rego", 6)
    assert first.text.startswith("sum(numbers.range")
    assert first.share > 0.5
    assert first.milliseconds == pytest.approx(100 * first.share)
    shares = sum(float(line.share) for line in found.lines)
    assert shares + found.outside + found.doubt == pytest.approx(1)


def test_sampling_leaves_signals_as_they_were(session: Session) -> None:
    before = signal.getsignal(signal.SIGPROF)
    sampled_lines(work_of(session), 1.0, 0)
    assert signal.getsignal(signal.SIGPROF) is before
    assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)


def test_values_known_only_after_apply_have_a_share_of_their_own(policy: Path) -> None:
    document: Any = plan()
    many = [resource(f"r{i}", "bucket", name=None, size=None) for i in range(300)]
    for change in many:
        change["change"]["after_unknown"] = {"name": True, "size": True}  # type: ignore[index]  # a dict
    document["resource_changes"] += many
    Path("plan.json").write_text(json.dumps(document))
    session = Session(rules=[policy])
    session.load("plan.json")
    found = patiently(work_of(session), lambda lines: lines.doubt > 0)
    assert found.doubt > 0


def test_another_thread_cannot_sample(session: Session) -> None:
    found: list[object] = []
    work = work_of(session)
    thread = threading.Thread(target=lambda: found.append(sampled_lines(work, 1.0, 0)))
    thread.start()
    thread.join()
    assert found == [None]


def test_a_system_without_the_timer_says_so(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(signal, "setitimer")
    report = measured(session)
    assert report.lines is None
    out = io.StringIO()
    write(report, out, Look(unicode=False))
    assert "not sampled here" in out.getvalue()


def test_measuring_changes_nothing(session: Session) -> None:
    before = [f.message for f in session.check()]
    work = work_of(session)
    tally(work)
    again = [f.message for r in check_once(work) for f in r.findings()]
    assert again == before


def test_runs_end_with_the_budget() -> None:
    assert len(timed(lambda: None, 7, 60)) == 7
    assert len(timed(lambda: None, 7, 0)) == 1


@pytest.mark.usefixtures("policy")
def test_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["bench", "cost.rego", "-i", "plan.json", "--seconds", "0.2"]
    assert run([*arguments, "--color", "never"]) == 0
    text = capsys.readouterr().out
    assert "1 rule · 1 document · 4 facts · 7 findings" in text
    assert "a check from scratch:" in text
    assert "its units one by one:" in text
    assert "with the sampler on:" in text
    for title in ("Rules ", "Units ", "Indexes ", "Helper rules kept "):
        assert f"\n{title}" in text
    assert "█" in text
    assert "input.resource_changes by change.after.bucket" in text
    assert "33%" in text


@pytest.mark.usefixtures("policy")
def test_json_holds_everything(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["bench", "cost.rego", "-i", "plan.json", "--seconds", "0", "--json"]
    assert run(arguments) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["facts"] == 4
    assert {"rules", "units", "indexes", "memos", "lines", "whole", "apart"} <= set(
        report
    )


def test_many_units_are_cut_short_in_the_table(policy: Path) -> None:
    long = "x" * 90
    policy.write_text(
        "package a\nimport rego.v1\n"
        + "".join(
            f'deny contains "{i}" if {{ some r in input.resource_changes; '
            f'r.change.after.{long} == "{i}" }}\n'
            for i in range(20)
        )
    )
    session = Session(rules=[policy])
    session.load("plan.json")
    out = io.StringIO()
    write(measured(session), out, Look())
    assert "and 5 more (--json has them all)" in out.getvalue()
    assert "…" in out.getvalue()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-i", "plan.json"], "no rules to measure"),
        (["cost.rego", "-i", "empty"], "nothing to check the rules on"),
        (["cost.rego", "-i", "absent.json"], "absent.json"),
        (["bad.rego", "-i", "plan.json"], "rego"),
    ],
)
@pytest.mark.usefixtures("policy")
def test_what_cannot_be_measured_is_an_error(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("empty").mkdir()
    Path("bad.rego").write_text("package a\nimport rego.v1\ndeny contains x if true\n")
    assert run(["bench", *arguments]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.usefixtures("policy")
def test_assertions_are_not_measured_and_it_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("a.sql").write_text(
        "CREATE ASSERTION a CHECK (NOT EXISTS "
        "(SELECT 1 FROM terraform.resource_changes WHERE type = 'x'))\n"
    )
    arguments = ["bench", "a.sql", "cost.rego", "-i", "plan.json", "--seconds", "0"]
    assert run(arguments) == 0
    assert "SQL assertions run in a database" in capsys.readouterr().out


@pytest.mark.usefixtures("policy")
def test_parameters_and_rules_are_those_of_comply_yaml(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("limit.rego").write_text(
        "package limit\nimport rego.v1\n"
        'deny contains "found" if data.comply.parameters.limit.on == true\n'
    )
    arguments = ["bench", "-i", "plan.json", "--seconds", "0", "--json"]
    for switch, number in (("true", 1), ("false", 0)):
        Path("comply.yaml").write_text(
            f"rules: [limit.rego]\nparameters: {{limit: {{'on': {switch}}}}}\n"
        )
        assert run(arguments) == 0
        assert json.loads(capsys.readouterr().out)["findings"] == number
