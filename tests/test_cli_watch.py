"""`comply watch`: what each save changes, with real files and with watchfiles itself."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from comply.cli import change_feed
from comply.cli.cached_check import Options
from comply.cli.change_feed import Feed, open_feed
from comply.cli.main import run
from comply.cli.settings import Settings, read_settings
from comply.cli.watch import follow, write_step
from comply.cli.watched import Step, Watched, advance, open_watch, places
from comply.findings import Finding
from comply.report.look import Look
from comply.source import ComplyError

ROOT = Path(__file__).parents[1]

POD = """apiVersion: v1
kind: Pod
metadata: {name: %s, labels: {tier: %s}}
"""
TIER = """package tier
import rego.v1
deny contains "tier three" if input.metadata.labels.tier == "three"
"""
BUCKET = """package bucket
import rego.v1
deny contains msg if {
	some r in input.resource_changes
	r.change.after.acl == "public"
	msg := sprintf("%s is public", [r.address])
}
"""


def pod(name: str, tier: str = "one", file: str = "") -> Path:
    path = Path("deploy") / f"{file or name}.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(POD % (name, tier))
    return path


def plan(acls: dict[str, str]) -> str:
    changes = [
        {
            "address": f"aws_s3_bucket.{name}",
            "mode": "managed",
            "type": "aws_s3_bucket",
            "name": name,
            "change": {"actions": ["create"], "before": None, "after": {"acl": acl}},
        }
        for name, acl in acls.items()
    ]
    return json.dumps({"format_version": "1.2", "resource_changes": changes})


def messages(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(str(f.status), f.message) for f in findings]


@dataclass
class Desk:
    """A folder being watched, without anybody who watches the file system."""

    watched: Watched
    first: list[Finding]
    steps: list[Step] = field(default_factory=list)

    def saved(self, *paths: Path) -> Step:
        step = advance(self.watched, {path.absolute() for path in paths})
        assert step is not None
        self.steps.append(step)
        return step


Open = Callable[..., Desk]


@pytest.fixture(name="desk")
def _desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    monkeypatch.chdir(tmp_path)
    Path("policy").mkdir()
    Path("policy/tier.rego").write_text(TIER)
    Path("policy/bucket.rego").write_text(BUCKET)
    pod("a")
    pod("b")

    def opened(*paths: str, ask: Callable[[], Settings] | None = None) -> Desk:
        settings = Settings(
            paths=tuple(map(Path, paths)) or (Path("deploy"),), rules=(Path("policy"),)
        )
        watched, findings, _ = open_watch(ask or (lambda: settings), Options())
        return Desk(watched, findings)

    return opened


def test_a_save_shows_what_came_and_then_what_went(desk: Open) -> None:
    one = desk()
    assert one.first == []
    step = one.saved(pod("a", "three"))
    assert messages(step.added) == [("violation", "tier three")]
    assert (step.removed, step.total) == ([], 1)
    assert step.files == ("deploy/a.yaml",)
    step = one.saved(pod("a"))
    assert messages(step.removed) == [("violation", "tier three")]
    assert (step.added, step.total) == ([], 0)


def test_a_save_runs_the_units_of_one_file(desk: Open) -> None:
    for i in range(20):
        pod(f"c{i}")
    one = desk()
    step = one.saved(pod("c3", "three"))
    assert step.units_run < 5
    assert step.units_reused >= 20
    assert not step.reopened


def test_one_resource_of_a_plan_is_one_unit(desk: Open) -> None:
    file = Path("plan.json")
    acls = {f"b{i}": "public" if i < 10 else "private" for i in range(50)}
    file.write_text(plan(acls))
    one = desk("plan.json")
    file.write_text(plan(acls | {"b17": "public"}))
    step = one.saved(file)
    assert messages(step.added) == [("violation", "aws_s3_bucket.b17 is public")]
    # An index leads to the public ones; the others are no units at all.
    assert (step.units_run, step.units_reused) == (1, 10)


def test_files_come_go_and_are_renamed(desk: Open) -> None:
    one = desk()
    new = pod("n", "three")
    assert messages(one.saved(new).added) == [("violation", "tier three")]
    other = new.rename("deploy/renamed.yaml")
    step = one.saved(new, other)
    assert [f.span.file for f in step.removed if f.span] == ["deploy/n.yaml"]
    assert [f.span.file for f in step.added if f.span] == ["deploy/renamed.yaml"]
    other.unlink()
    step = one.saved(other)
    assert (len(step.removed), step.total) == (1, 0)


def test_a_folder_comes_and_goes_with_its_files(desk: Open, tmp_path: Path) -> None:
    one = desk()
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "x.yaml").write_text(POD % ("x", "three"))
    there = Path("deploy/inner")
    inner.rename(there)
    assert len(one.saved(there).added) == 1
    there.rename(tmp_path / "elsewhere")
    assert one.saved(there).total == 0


def test_a_half_written_file_is_shown_and_recovers(desk: Open) -> None:
    file = Path("plan.json")
    file.write_text(plan({"a": "public"}))
    one = desk("plan.json")
    assert len(one.first) == 1
    whole = plan({"a": "public", "b": "public"})
    file.write_text(whole[:-20])
    step = one.saved(file)
    assert [f.status for f in step.added] == ["error"]
    assert (step.removed, step.total) == ([], 2)
    file.write_text("")
    step = one.saved(file)
    assert (len(step.added), len(step.removed), step.total) == (1, 1, 2)
    file.write_text(whole)
    step = one.saved(file)
    assert messages(step.added) == [("violation", "aws_s3_bucket.b is public")]
    assert [f.status for f in step.removed] == ["error"]
    assert step.total == 2


def test_a_named_file_that_goes_is_an_error_until_it_is_back(desk: Open) -> None:
    file = pod("a", "three")
    one = desk("deploy/a.yaml")
    file.unlink()
    step = one.saved(file)
    assert [f.status for f in step.added] == ["error"]
    assert step.total == 2
    pod("a", "three")
    step = one.saved(file)
    assert (step.added, len(step.removed), step.total) == ([], 1, 1)


def test_a_named_file_with_nothing_in_it_is_an_error(desk: Open) -> None:
    file = pod("a", "three")
    one = desk("deploy/a.yaml")
    file.write_text("# nothing\n")
    step = one.saved(file)
    assert [f.status for f in step.added] == ["error"]
    assert messages(step.removed) == [("violation", "tier three")]


def test_a_file_broken_from_the_start_recovers(desk: Open) -> None:
    Path("deploy/bad.json").write_text('{"apiVersion": "v1", "kind": ')
    one = desk()
    assert [f.status for f in one.first] == ["error"]
    labels = {"name": "bad", "labels": {"tier": "three"}}
    whole = {"apiVersion": "v1", "kind": "Pod", "metadata": labels}
    Path("deploy/bad.json").write_text(json.dumps(whole))
    step = one.saved(Path("deploy/bad.json"))
    assert [f.status for f in step.added] == ["violation"]
    assert [f.status for f in step.removed] == ["error"]


def test_a_rule_that_does_not_compile_keeps_what_was_found(desk: Open) -> None:
    pod("a", "three")
    one = desk()
    rule = Path("policy/tier.rego")
    rule.write_text(TIER.replace("if input", "if inptu"))
    step = one.saved(rule)
    assert "inptu" in step.trouble
    assert (step.added, step.removed, step.total) == ([], [], 1)
    step = one.saved(pod("b", "three"))
    assert (len(step.added), step.total) == (1, 2)
    assert step.trouble
    rule.write_text(TIER.replace("three", "one"))
    step = one.saved(rule)
    assert step.trouble == ""
    assert (len(step.added), len(step.removed), step.total) == (0, 2, 0)
    rule.write_text(TIER)
    assert len(one.saved(rule).added) == 2


def test_rules_that_cannot_be_read_are_trouble_as_well(desk: Open) -> None:
    one = desk()
    for rule in Path("policy").iterdir():
        rule.unlink()
    step = one.saved(Path("policy/tier.rego"))
    assert "no rules in this folder" in step.trouble


def test_settings_are_read_again(desk: Open) -> None:
    pod("a", "three")
    Path("comply.yaml").write_text("paths: [deploy]\nrules: [policy]\n")
    one = desk(ask=lambda: read_settings(None))
    assert len(one.first) == 1
    Path("other").mkdir()
    Path("other/x.yaml").write_text(POD % ("x", "three"))
    Path("comply.yaml").write_text("paths: [other]\nrules: [policy]\n")
    step = one.saved(Path("comply.yaml"))
    assert step.reopened
    assert [f.span.file for f in step.added if f.span] == ["other/x.yaml"]
    assert [f.span.file for f in step.removed if f.span] == ["deploy/a.yaml"]
    assert Path("other") in places(one.watched.settings)[0]
    Path("comply.yaml").write_text("paths: {")
    step = one.saved(Path("comply.yaml"))
    assert "comply.yaml" in step.trouble
    assert step.total == 1


def statuses(findings: list[Finding]) -> list[tuple[str, str, str]]:
    return [(f.rule_id, str(f.status), str(f.severity)) for f in findings]


def test_what_the_project_allows_and_weighs_counts(desk: Open) -> None:
    text = "paths: [deploy]\nrules: [policy]\nseverities: {tier: low}\n"
    Path("comply.yaml").write_text(text)
    one = desk(ask=lambda: read_settings(None))
    bad = pod("a", "three")
    step = one.saved(bad)
    assert statuses(step.added) == [("tier", "violation", "low")]
    bad.write_text(f'# comply:ignore tier reason="a test"\n{bad.read_text()}')
    step = one.saved(bad)
    assert statuses(step.added) == [("tier", "exempt", "low")]
    assert statuses(step.removed) == [("tier", "violation", "low")]
    step = one.saved(pod("a"))
    assert (statuses(step.removed), step.total) == ([("tier", "exempt", "low")], 0)
    pod("a", "three")
    assert run(["baseline", "create"]) == 0
    known = "baseline: comply-baseline.json\n"
    Path("comply.yaml").write_text(text + known)
    assert statuses(one.saved(Path("comply.yaml")).added) == [("tier", "exempt", "low")]
    Path("comply-baseline.json").write_text('{"schema_version": 1, "findings": []}')
    step = one.saved(Path("comply-baseline.json"))
    assert statuses(step.added) == [("tier", "violation", "low")]
    Path("comply.yaml").write_text(
        f"{text}exceptions: [{{rule: tier, reason: x}}, {{rule: other, reason: x}}]\n"
    )
    step = one.saved(Path("comply.yaml"))
    assert statuses(step.added) == [
        ("comply/unused-exception", "warning", "low"),
        ("tier", "exempt", "low"),
    ]


def test_comments_of_a_configuration_count_for_its_plan(desk: Open) -> None:
    Path("plan.json").write_text(plan({"a": "public"}))
    block = 'resource "aws_s3_bucket" "a" {\n}\n'
    Path("main.tf").write_text(block)
    one = desk("plan.json")
    assert [str(f.status) for f in one.first] == ["violation"]
    Path("main.tf").write_text(f'# comply:ignore bucket reason="x"\n{block}')
    step = one.saved(Path("main.tf"))
    assert [str(f.status) for f in step.added] == ["exempt"]
    Path("plan.json").write_text(plan({"a": "public", "b": "public"}))
    step = one.saved(Path("plan.json"))
    assert [(f.fact, str(f.status)) for f in step.added] == [
        ("aws_s3_bucket.b", "violation")
    ]


def test_scripts_are_checked_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    script = Path("schema.sql")
    script.write_text("CREATE TABLE t (id NUMBER);\n")
    watched, first, _ = open_watch(lambda: Settings(paths=(script,)), Options())
    assert first
    script.write_text("CREATE TABLE t (id NUMBER PRIMARY KEY);\n")
    step = advance(watched, {script.absolute()})
    assert step is not None
    assert step.reopened
    assert len(step.removed) == len(first)


@pytest.mark.parametrize(
    "name",
    ["notes.txt", ".hidden.yaml", "node_modules/a.yaml", ".git/a.yaml", "link.yaml"],
)
def test_what_check_passes_by_does_not_matter(desk: Open, name: str) -> None:
    one = desk()
    path = Path("deploy") / name
    path.parent.mkdir(exist_ok=True)
    if name == "link.yaml":
        path.symlink_to("a.yaml")
    else:
        path.write_text(POD % ("x", "three"))
    assert advance(one.watched, {path.absolute()}) is None
    assert advance(one.watched, {Path("policy/tier_test.rego").absolute()}) is None
    assert advance(one.watched, {Path("elsewhere.yaml").absolute()}) is None


def test_what_settings_exclude_does_not_matter(desk: Open) -> None:
    settings = Settings(
        paths=(Path("deploy"),), rules=(Path("policy"),), exclude=("deploy/old",)
    )
    one = desk(ask=lambda: settings)
    Path("deploy/old").mkdir()
    late = Path("deploy/old/x.yaml")
    late.write_text(POD % ("x", "three"))
    assert advance(one.watched, {late.absolute()}) is None
    step = one.saved(pod("a", "three"))
    assert (len(step.added), step.total) == (1, 1)


def test_a_file_of_another_kind_takes_the_place_of_one(desk: Open) -> None:
    file = Path("deploy/x.json")
    file.write_text(plan({"a": "public"}))
    one = desk()
    labels = {"name": "x", "labels": {"tier": "three"}}
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": labels}))
    step = one.saved(file)
    assert messages(step.added) == [("violation", "tier three")]
    assert messages(step.removed) == [("violation", "aws_s3_bucket.a is public")]


def test_findings_stand_where_what_they_are_about_has_moved_to(desk: Open) -> None:
    file = Path("plan.json")
    file.write_text(json.dumps(json.loads(plan({"b": "public"})), indent=1))
    one = desk("plan.json")
    file.write_text(
        json.dumps(json.loads(plan({"a": "none", "b": "public"})), indent=1)
    )
    one.saved(file)
    (found,) = one.watched.standing
    assert found.span is not None
    lines = file.read_text().split("\n")
    assert lines[found.span.row].strip() == '"address": "aws_s3_bucket.b",'


def test_a_file_of_no_kind_changes_nothing(desk: Open) -> None:
    one = desk()
    path = Path("deploy/values.yaml")
    path.write_text("replicas: 3\n")
    step = one.saved(path)
    assert (step.added, step.removed, step.units_run) == ([], [], 0)
    path.unlink()
    assert one.saved(path).total == 0


def test_sensitive_values_are_not_printed(desk: Open) -> None:
    file = Path("plan.json")
    document = json.loads(plan({"a": "public"}))
    change = document["resource_changes"][0]
    change["address"] = "aws_s3_bucket.secretname"
    change["change"]["after"]["name"] = "secretname"
    change["change"]["after_sensitive"] = {"name": True}
    file.write_text(json.dumps(document))
    one = desk("plan.json")
    assert "secretname" not in str(one.first)
    file.write_text(plan({"b": "private"}))
    step = one.saved(file)
    assert len(step.removed) == 1
    assert "secretname" not in str(step.removed)


def feeds(*scripts: Callable[[], Iterator[set[Path]]]) -> Callable[..., Feed]:
    """Return what opens one feed after the other, whose notices a script makes."""
    left = iter(scripts)

    def opened(_whole: list[Path], _alone: list[Path]) -> Feed:
        return Scripted(next(left)())  # type: ignore[return-value]  # a double of Feed

    return opened


@dataclass
class Scripted:
    batches: Iterator[set[Path]]

    def __iter__(self) -> Iterator[set[Path]]:
        yield from self.batches
        raise KeyboardInterrupt

    def close(self) -> None:
        return


def test_the_loop_writes_a_report_and_then_the_changes(desk: Open) -> None:
    desk()
    out = io.StringIO()

    def saves() -> Iterator[set[Path]]:
        yield {pod("a", "three").absolute()}
        yield {Path("unrelated.txt").absolute()}
        rule = Path("policy/tier.rego")
        rule.write_text("package tier\nimport rego.v1\ndeny contains x if true\n")
        yield {rule.absolute()}

    settings = Settings(paths=(Path("deploy"),), rules=(Path("policy"),))
    with pytest.raises(KeyboardInterrupt):
        follow(lambda: settings, Options(), out, Look(), feeds(saves))
    text = out.getvalue()
    assert "No findings" in text
    assert "watching deploy, policy; Ctrl-C ends" in text
    assert "+ high  v1/Pod/a" in text or "+ medium  v1/Pod/a" in text
    assert "1 came, 0 went, 1 in all" in text
    assert "rego_unsafe_var_error" in text
    assert "the last rules that compiled" in text
    assert text.count("in all") == 2


def test_other_places_get_another_feed(desk: Open) -> None:
    pod("a", "three")
    Path("comply.yaml").write_text("paths: [deploy]\nrules: [policy]\n")
    desk(ask=lambda: read_settings(None))
    Path("other").mkdir()
    Path("other/x.yaml").write_text(POD % ("x", "one"))
    out = io.StringIO()

    def first() -> Iterator[set[Path]]:
        Path("comply.yaml").write_text("paths: [other]\nrules: [policy]\n")
        yield {Path("comply.yaml").absolute()}
        pytest.fail("the places changed, and the first feed goes on")

    def second() -> Iterator[set[Path]]:
        Path("other/x.yaml").write_text(POD % ("x", "three"))
        yield {Path("other/x.yaml").absolute()}

    with pytest.raises(KeyboardInterrupt):
        follow(
            lambda: read_settings(None), Options(), out, Look(), feeds(first, second)
        )
    assert "all checked again" in out.getvalue()
    assert out.getvalue().rstrip().splitlines()[-2].startswith("  + ")


def test_many_files_are_named_briefly() -> None:
    out = io.StringIO()
    write_step(Step(tuple("abcde"), [], []), out, Look(unicode=False))
    assert "a, b, c and 2 more" in out.getvalue()
    assert "0 came, 0 went, 0 in all - 0 units run" in out.getvalue()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["."], "goes to no terminal"),
        (["-", "--force"], "standard input cannot be watched"),
        (["oracle://u@h:1521/s", "--force"], "a database tells nobody"),
    ],
)
def test_what_cannot_be_watched_is_refused(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["watch", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_without_watchfiles_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    with pytest.raises(ComplyError, match="watchfiles") as error:
        open_feed([Path()], [])
    assert "pip install 'comply[watch]'" in error.value.hint


def test_the_feed_sees_files_of_both_kinds_of_folders(tmp_path: Path) -> None:
    whole, alone = tmp_path / "whole", tmp_path / "alone"
    (whole / "deep").mkdir(parents=True)
    alone.mkdir()
    feed = open_feed([whole], [alone])
    wanted = {whole / "deep" / "x.yaml", alone / "y.yaml"}
    for path in wanted:
        path.write_text("a")
    seen: set[Path] = set()
    for batch in feed:
        seen |= batch
        if wanted <= seen:
            break
    feed.close()


def test_a_feed_without_folders_has_no_watcher() -> None:
    assert open_feed([], []).signals == []


def test_a_watcher_that_fails_says_so(tmp_path: Path) -> None:
    feed = open_feed([tmp_path / "absent"], [])
    with pytest.raises(ComplyError, match="cannot be watched") as error:
        next(iter(feed))
    assert "WATCHFILES_FORCE_POLLING" in error.value.hint


def test_batches_that_wait_are_taken_together() -> None:
    feed = Feed()
    for name in "abc":
        feed.batches.put({Path(name)})
    assert next(iter(feed)) == {Path("a"), Path("b"), Path("c")}
    assert change_feed.Feed is Feed


def test_the_command_follows_real_files_and_ends_by_ctrl_c(
    desk: Open, tmp_path: Path
) -> None:
    desk()
    command = [
        sys.executable, "-c", "from comply.cli.main import main; main()", "watch",
        "deploy", "-r", "policy", "--force", "--no-cache", "--color", "never",
    ]  # fmt: skip
    environment = os.environ | {"PYTHONPATH": str(ROOT / "engine")}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=environment, cwd=tmp_path
    ) as process:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        assert any("Ctrl-C ends" in line for line in lines)
        pod("a", "three")
        assert any(line.startswith("  + ") and "tier three" in line for line in lines)
        Path("deploy/a.yaml").unlink()
        assert any(line.startswith("  - ") and "tier three" in line for line in lines)
        assert any("0 came, 1 went, 0 in all" in line for line in lines)
        started = time.perf_counter()
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
        assert time.perf_counter() - started < 5
