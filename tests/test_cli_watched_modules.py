"""Watching trees with Terraform source: each save against a check from scratch."""

import io
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

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
    texts,
    write_tree,
)

from comply.cli import watched_modules
from comply.cli.cached_check import Options
from comply.cli.change_feed import Feed
from comply.cli.exemptions import exempt_known, judged_by
from comply.cli.settings import Settings
from comply.cli.watch import follow
from comply.cli.watched import Step, Watched, advance, open_watch, places
from comply.cli.whole_check import check_whole
from comply.findings import Finding, Status
from comply.report.look import Look

MARK = '# comply:ignore * reason="known"\n'
PLAN = """{"format_version": "1.2", "resource_changes": [{"address": "t.two", "type": "t",
"name": "two", "mode": "managed", "change": {"actions": ["create"], "after": {"size": %d}}}]}
"""
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\n"

more = {
    "two/plan.json": (PLAN % 1, PLAN % 2, '{"apiVersion": "v1", "kind": "Pod"}'),
    "one/deep.tf": (MARK + OTHER.replace("elsewhere", "marked"), OTHER, ""),
    "map.yaml": (CONFIG_MAP % "a", CONFIG_MAP % "b" + MARK, ""),
}
versions = {**texts, **more}
sources = st.sampled_from([n for n in sorted(versions) if not n.endswith(".sql")])
scripts = st.sampled_from([n for n in sorted(versions) if n.endswith(".sql")])


def from_scratch(settings: Settings) -> list[Finding]:
    """Return what `comply check` finds, exceptions of the project said."""
    options = Options()
    found = check_whole(settings, options)
    return sorted_(exempt_known(*found, settings, judged_by(settings, options))[0])


def sorted_(findings: list[Finding]) -> list[Finding]:
    """Return findings in an order of their own: a watch has none but that of changes."""
    return sorted(findings, key=repr)


class Saves(RuleBasedStateMachine):
    """Files are saved, come, go and are renamed, some of them between two notices."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.tree = self.root / "tree"
        self.policy = self.root / "policy"
        self.policy.mkdir()
        (self.policy / "seen.rego").write_text(SEEN)
        self.values = self.root / "named.tfvars"
        self.values.write_text("size = 6")
        self.patch = pytest.MonkeyPatch()
        for name in ("TF_VAR_size", "TF_WORKSPACE"):
            self.patch.delenv(name, raising=False)
        self.changed: set[Path] = set()
        self.watched: Watched | None = None
        self.settings = Settings()

    def teardown(self) -> None:
        self.patch.undo()
        shutil.rmtree(self.root)

    @initialize(
        scripted=st.sampled_from((False, False, False, True)),
        named=st.booleans(),
        most=st.sampled_from((4, 250_000)),
    )
    def begin(self, *, scripted: bool, named: bool, most: int) -> None:
        for name in versions:
            if scripted or not name.endswith(".sql"):
                self.save(name, 0)
        self.settings = Settings(
            paths=(self.tree,),
            rules=(self.policy,),
            var_files=(self.values,) if named else (),
            max_findings=most,
        )
        self.watched, _, _ = open_watch(lambda: self.settings, Options())
        self.changed.clear()

    @rule(name=sources, which=st.integers(0, 4))
    def save(self, name: str, which: int) -> None:
        path = self.tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        choices = versions[name]
        path.write_text(choices[which % len(choices)])
        self.changed.add(path)

    @rule(name=scripts, which=st.integers(0, 1))
    def save_script(self, name: str, which: int) -> None:
        self.save(name, which)

    @rule(name=sources)
    def remove(self, name: str) -> None:
        (self.tree / name).unlink(missing_ok=True)
        self.changed.add(self.tree / name)

    @rule(name=sources, other=sources)
    def rename(self, name: str, other: str) -> None:
        if (self.tree / name).exists() and name.endswith(".tf"):
            target = (self.tree / other).with_suffix(".tf")
            target.parent.mkdir(parents=True, exist_ok=True)
            (self.tree / name).replace(target)
            self.changed |= {self.tree / name, target}

    @rule(name=st.sampled_from(("one", "inner", "three")), back=st.booleans())
    def move_a_folder(self, name: str, *, back: bool) -> None:
        here, there = self.tree / name, self.root / f"{name}.moved"
        if there.exists() and not here.exists() and back:
            there.replace(here)
        elif here.exists() and not there.exists():
            here.replace(there)
        self.changed.add(here)

    @rule(value=st.integers(6, 8))
    def change_named_values(self, value: int) -> None:
        self.values.write_text(f"size = {value}")
        self.changed.add(self.values)

    @rule(join=st.booleans())
    def change_rules(self, *, join: bool) -> None:
        words = self.policy / "words.rego"
        words.unlink(missing_ok=True)
        if join:
            words.write_text(WORDS)
        self.changed.add(words)

    @invariant()
    def same(self) -> None:
        if self.watched is None:
            return
        advance(self.watched, self.changed)
        self.changed.clear()
        expected = outcome(lambda s, _: from_scratch(s), self.settings, Options())
        if not isinstance(expected, str):
            assert sorted_(self.watched.standing) == expected


TestSaves = Saves.TestCase
TestSaves.settings = profile(
    max_examples=max(profile().max_examples // 8, 5), stateful_step_count=6
)


@pytest.fixture(name="tree")
def _tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_tree(tmp_path, scripts=False)
    return Path("tree")


@pytest.fixture(name="taken")
def _taken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the root modules that are loaded from now on because they changed."""
    taken: list[str] = []
    real = watched_modules._taken_in

    def noted(held: object, opened: object, source: object) -> object:
        taken.append(Path(source.name).name)  # type: ignore[attr-defined]  # a Source
        return real(held, opened, source)  # type: ignore[arg-type]  # likewise

    monkeypatch.setattr(watched_modules, "_taken_in", noted)
    return taken


def watch(tree: Path, **more: object) -> Watched:
    settings = Settings(paths=(tree,), rules=(Path("policy"),), **more)  # type: ignore[arg-type]  # of a test
    return open_watch(lambda: settings, Options())[0]


def saved(watched: Watched, *paths: Path) -> Step | None:
    return advance(watched, {path.absolute() for path in paths})


@pytest.mark.parametrize(
    ("name", "again"),
    [
        ("one/main.tf", ["one"]),
        ("one/note.txt", ["one"]),
        ("one/terraform.tfvars", ["one"]),
        ("inner/main.tf", ["one"]),
        ("other/main.tf", ["other"]),
        ("two/.terraform/environment", ["two"]),
    ],
)
def test_a_save_is_checked_where_it_belongs(
    tree: Path, taken: list[str], name: str, again: list[str]
) -> None:
    watched = watch(tree)
    (tree / name).write_text(texts[name][1])
    step = saved(watched, tree / name)
    assert taken == again
    assert step is not None
    assert (step.files, step.reopened) == ((f"tree/{name}",), False)
    assert sorted_(watched.standing) == from_scratch(watched.settings)


def test_what_no_root_module_is_made_of_changes_nothing(
    tree: Path, taken: list[str]
) -> None:
    watched = watch(tree)
    (tree / "one" / "words.txt").write_text("x")
    (tree / ".git").mkdir()
    (tree / ".git" / "note.txt").write_text("y")
    assert saved(watched, tree / "one/words.txt", tree / ".git/note.txt") is None
    assert saved(watched, tree / "one/main.tf") is None
    assert taken == []


def test_a_broken_root_module_is_told_until_it_is_mended(tree: Path) -> None:
    watched = watch(tree)
    main = tree / "one" / "main.tf"
    whole = main.read_text()
    before = watched.standing
    for text in ("broken {", "broken }"):
        main.write_text(text)
        step = saved(watched, main)
        assert step is not None
        assert [f.status for f in step.added].count(Status.ERROR) == 1
        assert sorted_(watched.standing) == from_scratch(watched.settings)
    main.write_bytes(b"\xff\xfe\xff")
    assert saved(watched, main) is not None
    assert sorted_(watched.standing) == from_scratch(watched.settings)
    main.write_text(whole)
    step = saved(watched, main)
    assert step is not None
    assert [f.status for f in step.removed].count(Status.ERROR) == 1
    assert watched.standing == before


def test_a_root_module_broken_from_the_start_is_mended(tree: Path) -> None:
    main, other = tree / "one" / "main.tf", tree / "two" / "main.tf"
    main.write_text("broken {")
    other.write_bytes(b"\xff\xfe\xff")
    watched = watch(tree)
    assert [f.status for f in watched.standing].count(Status.ERROR) == 2
    main.write_text(ROOT)
    other.write_text(OTHER)
    assert saved(watched, main, other) is not None
    assert sorted_(watched.standing) == from_scratch(watched.settings)
    assert not any(f.status == "error" for f in watched.standing)


def test_modules_elsewhere_are_watched_where_they_are(tree: Path) -> None:
    watched = watch(tree / "one")
    assert places(watched.settings)[1] == [Path()]
    assert places(watched.settings, watched.modules)[1] == [Path(), tree / "inner"]
    (tree / "inner" / "main.tf").write_text(INNER % "9")
    step = saved(watched, tree / "inner" / "main.tf")
    assert step is not None
    assert any("is 9" in item.message for item in step.added)


def test_rules_of_now_are_held_to_modules_that_are_loaded(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = watch(tree)
    rule = Path("policy/seen.rego")
    rule.write_text(SEEN.replace("is %v", "was %v"))
    load = "comply.load.terraform_source.document.load"
    monkeypatch.setattr(load, lambda _: pytest.fail("it was loaded already"))
    step = saved(watched, rule)
    assert step is not None
    assert step.reopened
    assert any("t.two was" in item.message for item in step.added)


@pytest.mark.parametrize("text", ["{}", CONFIG_MAP % "x", '{"format_version": '])
def test_a_plan_that_is_none_any_more_is_told_and_stands_until_then(
    tree: Path, text: str
) -> None:
    plan = tree / "plan.json"
    plan.write_text(PLAN % 1)
    watched = watch(tree)
    before = watched.standing
    plan.write_text(text)
    step = saved(watched, plan)
    assert step is not None
    assert [f.rule_id for f in step.added] == ["comply/unreadable-input"]
    assert not step.removed
    plan.write_text(PLAN % 1)
    step = saved(watched, plan)
    assert step is not None
    assert [f.rule_id for f in step.removed] == ["comply/unreadable-input"]
    assert watched.standing == before


def test_a_kind_that_comes_brings_the_pack_that_fits(tree: Path) -> None:
    shutil.rmtree(tree)
    tree.mkdir()
    (tree / "a.yaml").write_text(CONFIG_MAP % "a")
    settings = Settings(paths=(tree,))
    watched, _, _ = open_watch(lambda: settings, Options())
    assert watched.opened.packs == ("kubernetes/baseline",)
    main = tree / "main.tf"
    main.write_text(
        'resource "aws_db_instance" "a" {\n  publicly_accessible = true\n}\n'
    )
    step = saved(watched, main)
    assert step is not None
    assert "terraform/baseline/no-public-rds" in {item.rule_id for item in step.added}
    main.unlink()
    step = saved(watched, main)
    assert watched.opened.packs == ("kubernetes/baseline",)
    assert sorted_(watched.standing) == from_scratch(settings)


def test_what_is_sensitive_no_more_is_shown(tree: Path) -> None:
    watched = watch(tree)
    two = tree / "two" / "main.tf"
    secret = 'variable "p" {\n  sensitive = %s\n  default = "7"\n}\n' + OTHER
    for hidden, shown in (("true", "(sensitive)"), ("false", "7")):
        two.write_text(secret % hidden + 'resource "t" "s" { size = var.p }\n')
        assert saved(watched, two) is not None
        said = [f.message for f in watched.standing if "t.elsewhere" in f.message]
        assert said == [f"t.elsewhere is {shown}"] * 3
        assert sorted_(watched.standing) == from_scratch(watched.settings)


def test_rules_that_are_about_nothing_any_more_are_told(tree: Path) -> None:
    (Path("policy") / "seen.rego").write_text(
        'package seen\ndeny contains "x" if { input.resource_changes[_].address == "x" }\n'
    )
    (tree / "pod.yaml").unlink()
    (tree / "map.yaml").write_text(CONFIG_MAP % "a")
    watched = watch(tree)
    assert watched.standing == []
    folders = [tree / name for name in ("one", "two", "three", "other", "inner")]
    for folder in folders:
        shutil.rmtree(folder)
    step = saved(watched, *folders)
    assert step is not None
    assert [f.rule_id for f in step.added] == ["comply/nothing-evaluated"]
    (tree / "main.tf").write_text(OTHER)
    assert saved(watched, tree / "main.tf") is not None
    assert watched.standing == []


def test_a_module_elsewhere_gets_a_feed_of_its_own(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[Path]] = []

    class Scripted(Feed):
        def __iter__(self) -> Iterator[set[Path]]:
            if len(seen) == 1:
                return
            (tree / "inner" / "main.tf").write_text(INNER % "10")
            yield {(tree / "inner" / "main.tf").absolute()}
            raise KeyboardInterrupt

    def opened(_whole: list[Path], alone: list[Path]) -> Feed:
        seen.append(alone)
        if len(seen) == 2:
            # Saved after it was read, and before anybody watched where it is.
            (tree / "inner" / "main.tf").write_text(INNER % "9")
        return Scripted()

    settings = Settings(paths=(tree / "one",), rules=(Path("policy"),))
    out = io.StringIO()
    with pytest.raises(KeyboardInterrupt):
        follow(lambda: settings, Options(), out, Look(), opened)
    assert [tree / "inner" in alone for alone in seen] == [False, True]
    first, late, last = out.getvalue().split("came,")[:3]
    assert "is 3" in first
    assert "is 9" in first
    assert "is 10" in late
    assert "is 10" not in last
