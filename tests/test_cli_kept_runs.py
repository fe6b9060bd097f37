"""Trees with Terraform source and scripts: what a run finds with the cache and without."""

import shutil
import sqlite3
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings as profile
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.module_trees import (
    INNER,
    OTHER,
    ROOT,
    SEEN,
    WORDS,
    outcome,
    parts_run,
    texts,
    write_tree,
)

from comply.check.cache_store import NAME, open_store
from comply.cli import kept_runs
from comply.cli.cached_check import Options
from comply.cli.check import check
from comply.cli.kept_runs import asks_elsewhere
from comply.cli.settings import Settings
from comply.cli.whole_check import check_whole
from comply.findings import Finding

SETTLED = 10 * 10**9
TICK = 0.012

files = st.sampled_from(sorted(texts))


class Edits(RuleBasedStateMachine):
    """Sources, what they read, values from outside and rules change."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.tree = self.root / "tree"
        self.cache = self.root / "cache"
        self.policy = self.root / "policy"
        self.policy.mkdir()
        (self.policy / "seen.rego").write_text(SEEN)
        self.variables: tuple[str | Path, ...] = ()
        self.most = 250_000
        self.patch = pytest.MonkeyPatch()
        for name in ("TF_VAR_size", "TF_WORKSPACE"):
            self.patch.delenv(name, raising=False)
        real = time.time_ns
        self.patch.setattr(time, "time_ns", lambda: real() + SETTLED)

    def teardown(self) -> None:
        self.patch.undo()
        shutil.rmtree(self.root)

    @property
    def settings(self) -> Settings:
        return Settings(
            paths=(self.tree,),
            rules=(self.policy,),
            variables=self.variables,
            max_findings=self.most,
        )

    @initialize(scripts=st.booleans())
    def begin(self, *, scripts: bool) -> None:
        for name in texts:
            if scripts or not name.endswith(".sql"):
                self.write(name, 0)

    @rule(name=files, which=st.integers(0, 4))
    def write(self, name: str, which: int) -> None:
        time.sleep(TICK)
        path = self.tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        choices = texts[name]
        path.write_text(choices[which % len(choices)])

    @rule(name=files)
    def remove(self, name: str) -> None:
        (self.tree / name).unlink(missing_ok=True)

    @rule(name=files, other=files)
    def rename(self, name: str, other: str) -> None:
        if (self.tree / name).exists() and name.endswith(".tf"):
            target = (self.tree / other).with_suffix(".tf")
            target.parent.mkdir(parents=True, exist_ok=True)
            (self.tree / name).replace(target)

    @rule(least=st.sampled_from((1, 2, 250_000)))
    def allow(self, least: int) -> None:
        self.most = least

    @rule(data=st.data())
    def damage_a_part(self, data: st.DataObject) -> None:
        file = self.cache / NAME
        if not file.exists():
            return
        with closing(sqlite3.connect(file)) as db, db:
            rows = db.execute("SELECT scope, name, value FROM entry").fetchall()
        for scope, name, value in rows:
            how = data.draw(st.sampled_from(("left", "left", "cut", "other", "gone")))
            text = {"cut": value[: len(value) // 2], "other": "[1]", "gone": ""}
            if how != "left" and (store := open_store(self.cache)) is not None:
                # Written as we write it, so that no checksum tells.
                store.keep(scope, {name: text[how]}, 0, 0)
                store.close()

    @rule(value=st.sampled_from(("4", "5", None)))
    def set_environment(self, value: str | None) -> None:
        if value is None:
            self.patch.delenv("TF_VAR_size", raising=False)
        else:
            self.patch.setenv("TF_VAR_size", value)

    @rule(value=st.sampled_from(("", "prod")))
    def choose_workspace(self, value: str) -> None:
        self.patch.setenv("TF_WORKSPACE", value)

    @rule(values=st.sampled_from(((), ("size=6",), ("size=6", "size=7"))))
    def ask(self, values: tuple[str, ...]) -> None:
        self.variables = values

    @rule(value=st.integers(8, 9))
    def name_a_file(self, value: int) -> None:
        time.sleep(TICK)
        file = self.root / "named.tfvars"
        file.write_text(f"size = {value}")
        self.variables = (file,)

    @rule(join=st.booleans())
    def change_rules(self, *, join: bool) -> None:
        (self.policy / "words.rego").unlink(missing_ok=True)
        if join:
            (self.policy / "words.rego").write_text(WORDS)

    @invariant()
    def same(self) -> None:
        expected = outcome(check_whole, self.settings, Options())
        for _ in range(2):
            found = outcome(check, self.settings, Options(cache=self.cache, jobs=1))
            assert found == expected


TestEdits = Edits.TestCase
TestEdits.settings = profile(
    max_examples=max(profile().max_examples // 8, 5), stateful_step_count=8
)


@pytest.fixture(name="tree")
def _tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() + SETTLED)
    write_tree(tmp_path, scripts=True)
    return tmp_path / "tree"


class Counted:
    """How often something is checked without the cache."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        real = kept_runs._fresh

        def fresh(*given: Any) -> Any:
            self.count += 1
            return real(*given)

        monkeypatch.setattr(kept_runs, "_fresh", fresh)


def run(tree: Path, **more: Any) -> list[Finding]:
    """Return the findings of a run with the cache."""
    settings = Settings(paths=(tree,), rules=(tree.parent / "policy",))
    return check(settings, Options(cache=tree.parent / "cache", jobs=1, **more))[0]


def test_an_unchanged_tree_is_not_checked_again(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = Counted(monkeypatch)
    expected = run(tree)
    assert any("t.r is x" in item.message for item in expected)
    assert run(tree) == expected
    assert counted.count == 1


@pytest.mark.parametrize(
    "name", ["one/note.txt", "one/terraform.tfvars", "inner/main.tf", "3.sql"]
)
def test_what_a_file_is_read_for_counts(
    tree: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    counted = Counted(monkeypatch)
    run(tree)
    (tree / name).write_text(texts[name][1])
    run(tree)
    assert counted.count == 2


def test_a_new_file_of_values_counts(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = Counted(monkeypatch)
    before = run(tree)
    (tree / "one" / "zz.auto.tfvars").write_text("size = 99")
    assert run(tree) != before
    assert counted.count == 2


@pytest.mark.parametrize("where", ["tree/3.sql", "policy/late.sql"])
def test_scripts_that_ask_for_the_time_are_run_each_time(
    tree: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    text = (
        "CREATE ASSERTION late CHECK (NOT EXISTS (SELECT 1 FROM a WHERE SYSDATE < n));"
    )
    if where == "tree/3.sql":
        text = "INSERT INTO a SELECT 9, EXTRACT(DAY FROM SYSTIMESTAMP) FROM dual;\n"
    (tree.parent / where).write_text(text)
    counted = Counted(monkeypatch)
    for _ in range(2):
        run(tree, now=datetime(2026, 11, 21, tzinfo=UTC))
    assert counted.count == 2


def test_source_that_cannot_be_read_is_told_each_time(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tree / "two" / "main.tf").write_bytes(b"\xff\xfe\xff")
    counted = Counted(monkeypatch)
    found = run(tree)
    assert any(item.rule_id == "comply/unreadable-input" for item in found)
    assert run(tree) == found
    assert counted.count == 2


def test_a_run_in_which_a_rule_was_stopped_is_not_kept(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = Counted(monkeypatch)
    settings = Settings(paths=(tree,), rules=(tree.parent / "policy",), max_findings=1)
    for _ in range(2):
        found, _ = check(settings, Options(cache=tree.parent / "cache", jobs=1))
        assert any("more than 1 findings" in item.message for item in found)
    assert counted.count == 2


@pytest.fixture(name="ran")
def _ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    return parts_run(monkeypatch)


SCRIPTS = ["1.sql", "2.sql", "3.sql"]


@pytest.mark.parametrize(
    ("name", "again"),
    [
        ("one/main.tf", ["one"]),
        ("one/note.txt", ["one"]),
        ("one/terraform.tfvars", ["one"]),
        ("inner/main.tf", ["one"]),
        ("other/main.tf", ["other"]),
        ("three/more.tf", ["three"]),
        ("two/.terraform/environment", ["two"]),
        ("pod.yaml", ["pod.yaml"]),
        ("3.sql", SCRIPTS),
    ],
)
def test_a_change_is_checked_where_it_belongs(
    tree: Path, ran: list[str], name: str, again: list[str]
) -> None:
    run(tree)
    roots = ["one", "other", "three", "deep", "two"]
    assert sorted(ran) == sorted([*roots, "pod.yaml", *SCRIPTS])
    ran.clear()
    (tree / name).write_text(texts[name][1])
    found = run(tree)
    # What is no document any more is no part either.
    assert ran == ([] if name == "pod.yaml" else again)
    settings = Settings(paths=(tree,), rules=(tree.parent / "policy",))
    assert found == check_whole(settings, Options())[0]


def test_a_share_that_parts_use_up_together_is_used_up(
    tree: Path, ran: list[str]
) -> None:
    """No part says too much by itself; the limit is for all documents."""
    for name in ("one", "other", "three", "two"):
        (tree / name / "main.tf").write_text(OTHER)
    rules = (tree.parent / "policy",)
    settings = Settings(paths=(tree,), rules=rules, max_findings=2)
    expected = check_whole(settings, Options())
    assert any("more than 2 findings" in item.message for item in expected[0])
    assert check(settings, Options(cache=tree.parent / "cache")) == expected
    assert ran


def test_numbers_in_evidence_come_back_as_they_were(tree: Path, ran: list[str]) -> None:
    (tree.parent / "policy" / "sum.rego").write_text(
        'package sum\ndeny contains {"msg": "m", "details": {"n": 12345678901234567890.5}} if {\n'
        '  some r in input.resource_changes\n  r.address == "t.two"\n}\n'
    )
    run(tree)
    ran.clear()
    (tree / "other" / "main.tf").write_text(texts["other/main.tf"][1])
    settings = Settings(paths=(tree,), rules=(tree.parent / "policy",))
    assert run(tree) == check_whole(settings, Options())[0]
    assert ran == ["other"]


def test_a_module_that_two_call_concerns_both(tree: Path, ran: list[str]) -> None:
    (tree / "two" / "main.tf").write_text(ROOT.replace("note", "main"))
    run(tree)
    ran.clear()
    (tree / "inner" / "main.tf").write_text(INNER % "9")
    run(tree)
    assert ran == ["one", "two"]


def test_the_environment_concerns_every_root_module(
    tree: Path, ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tree)
    ran.clear()
    monkeypatch.setenv("TF_VAR_size", "8")
    run(tree)
    assert ran == ["one", "other", "three", "deep", "two"]


def test_what_holds_a_secret_is_checked_each_time(tree: Path, ran: list[str]) -> None:
    (tree / "one" / "main.tf").write_text(texts["one/main.tf"][4])
    expected = run(tree)
    # A secret of one is hidden in what is said of the others.
    assert "t.elsewhere is (sensitive)" in {item.message for item in expected}
    ran.clear()
    (tree / "two" / "main.tf").write_text(OTHER)
    run(tree)
    assert ran == ["one", "two"]


@pytest.mark.parametrize(
    "text",
    [
        WORDS,
        'package x\ndeny contains "x" if { input.kind; time.now_ns() > 0 }\n',
        "package x\ndeny contains y if { true }\n",
    ],
)
def test_rules_that_look_elsewhere_are_run_over_everything_at_once(
    tree: Path, ran: list[str], text: str
) -> None:
    (tree.parent / "policy" / "words.rego").write_text(text)
    run(tree)
    assert ran == []


def test_a_name_that_is_misspelt_is_told_of_parts_together(
    tree: Path, ran: list[str]
) -> None:
    (tree.parent / "policy" / "slip.rego").write_text(
        "package slip\ndeny contains msg if {\n"
        "  some r in input.resource_chnages\n  msg := r.address\n}\n"
        "deny contains msg if {\n  some r in input.resource_changes\n"
        "  r.change.after.regoin\n  msg := r.address\n}\n"
    )
    (tree / "three" / "more.tf").write_text('resource "t" "u" { region = 1 }\n')
    settings = Settings(paths=(tree,), rules=(tree.parent / "policy",))
    options = Options(cache=tree.parent / "cache", jobs=1)
    expected = check_whole(settings, Options())
    assert sum("did you mean" in notice for notice in expected[1].notices) == 2
    assert check(settings, options) == expected
    ran.clear()
    (tree / "two" / "main.tf").write_text(OTHER)
    assert check(settings, options) == check_whole(settings, Options())
    assert ran == ["two"]


def test_what_a_rule_says_of_a_document_that_failed_is_said_once(
    tree: Path, ran: list[str]
) -> None:
    """So it is where two plans say the same: parts would each say it."""
    failed = '{"format_version": "1.2", "errored": true, "resource_changes": []}'
    for name in ("a.json", "b.json"):
        (tree / name).write_text(failed)
    settings = Settings(paths=(tree,), rules=(tree.parent / "policy",))
    expected = check_whole(settings, Options())
    assert check(settings, Options(cache=tree.parent / "cache")) == expected
    assert ran


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("SELECT sysdate FROM dual", True),
        ("SELECT 1 -- SYSDATE\n FROM dual", False),
        ("SELECT 1 /* the user,\n now */ FROM dual", False),
        ("SELECT 'a--b' || SYSDATE FROM dual", True),
        ("SELECT user_id FROM users", False),
        ("SELECT DBMS_RANDOM.VALUE FROM dual", True),
        ("SELECT 'it''s' /* ' */ || USER FROM dual", True),
        ("SELECT 1" + "/* USER " * 30_000, False),
    ],
)
def test_words_that_ask_elsewhere(text: str, *, asks: bool) -> None:
    assert asks_elsewhere(text) is asks
