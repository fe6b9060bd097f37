"""The law of the cache: what a run finds with it is what a run finds without."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings as profile
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from comply.check.cache_store import NAME, Store, open_store
from comply.cli import cached_check, kept_runs
from comply.cli.cached_check import Options, check_files
from comply.cli.check import check
from comply.cli.main import run as comply
from comply.cli.settings import Settings
from comply.cli.whole_check import check_whole
from comply.findings import Finding
from comply.source import ComplyError

ROOT = Path(__file__).parents[1]

TIER = """package tier
# METADATA
# custom: {severity: low}
deny contains msg if {
    input.metadata.labels.tier == data.comply.parameters.tiers.refused
    msg := sprintf("%s has a refused tier", [input.metadata.name])
}
"""
NAMED = """package named
deny contains {"msg": "short", "details": {"name": n, "size": count(n)}} if {
    n := input.metadata.name
    count(n) < 2
}
"""
JOIN = """package join
deny contains msg if {
    input.kind == "Pod"
    some other in data.kubernetes.objects
    other.kind == "Service"
    other.metadata.name == input.metadata.name
    msg := sprintf("%s is also a service", [other.metadata.name])
}
"""
JOINED = """package joined
deny contains "many" if count(data.kubernetes.objects) > 2
"""
CLOCK = """package clock
deny contains "late" if { input.kind; time.now_ns() > 5 }
"""

SETTLED = 10 * 10**9
TICK = 0.012
"""Seconds after which every file system here gives another time."""

Result = tuple[list[Finding], Any] | str


def manifest(kind: str, name: str, tier: str) -> str:
    return (
        f"apiVersion: v1\nkind: {kind}\n"
        f"metadata: {{name: {name}, labels: {{tier: {tier}}}}}\n"
    )


contents = st.one_of(
    st.builds(
        manifest,
        st.sampled_from(("Pod", "Service")),
        st.sampled_from(("a", "b", "cc")),
        st.sampled_from(("one", "two", "six")),
    ),
    st.sampled_from(
        (
            "apiVersion: v1\nkind: [\n",
            "hello: world\n",
            "",
            "{{ template }} apiVersion kind",
            manifest("Pod", "x", "two") + "---\n" + manifest("Service", "x", "one"),
            '{"format_version": "1.2", "resource_changes": []}',
        )
    ),
)
names = st.sampled_from(("a.yaml", "b.yaml", "sub/c.yaml", "sub/d.json", "comply.yaml"))
rule_texts = st.sampled_from(
    (
        # Mostly those that let files be checked one by one.
        [TIER],
        [NAMED],
        [TIER, NAMED],
        [NAMED, TIER],
        [TIER, JOIN],
        [NAMED, JOINED],
        [NAMED, CLOCK],
    )
)


def outcome(
    check: Callable[[Settings, Options], tuple[list[Finding], Any]],
    settings: Settings,
    options: Options,
) -> Result:
    """Return what a check gives, errors too."""
    try:
        return check(settings, options)
    except ComplyError as error:
        return error.render()


class Edits(RuleBasedStateMachine):
    """Files, rules, parameters and the cache change in all ways; findings follow."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.tree = self.root / "tree"
        (self.tree / "sub").mkdir(parents=True)
        self.policy = self.root / "rules"
        self.policy.mkdir()
        self.cache = self.root / "cache"
        self.parameters: dict[str, dict[str, Any]] = {}
        self.old = b""
        self.clock = pytest.MonkeyPatch()
        # Files of a moment ago are not trusted; here they count as old.
        real = time.time_ns
        self.clock.setattr(time, "time_ns", lambda: real() + SETTLED)

    def teardown(self) -> None:
        self.clock.undo()
        shutil.rmtree(self.root)

    @property
    def settings(self) -> Settings:
        return Settings(
            paths=(self.tree,), rules=(self.policy,), parameters=self.parameters
        )

    @property
    def file(self) -> Path:
        return self.cache / NAME

    @initialize(texts=rule_texts)
    def begin(self, texts: list[str]) -> None:
        self.change_rules(texts)
        (self.tree / "a.yaml").write_text(manifest("Pod", "a", "two"))

    @rule(name=names, text=contents)
    def write(self, name: str, text: str) -> None:
        time.sleep(TICK)
        (self.tree / name).write_text(text)

    @rule(name=names, text=contents)
    def write_unseen(self, name: str, text: str) -> None:
        """Change a file to one of the same size, and give it its old time back."""
        path = self.tree / name
        if path.exists():
            time.sleep(TICK)
            state = path.stat()
            path.write_text(text.ljust(state.st_size)[: state.st_size])
            os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))

    @rule(name=names, when=st.sampled_from((0, 10**18, 2 * 10**18)))
    def touch(self, name: str, when: int) -> None:
        if (self.tree / name).exists():
            os.utime(self.tree / name, ns=(when, when))

    @rule(name=names, other=names)
    def rename(self, name: str, other: str) -> None:
        if (self.tree / name).exists():
            time.sleep(TICK)
            (self.tree / name).replace(self.tree / other)

    @rule(name=names)
    def remove(self, name: str) -> None:
        (self.tree / name).unlink(missing_ok=True)

    @rule(texts=rule_texts)
    def change_rules(self, texts: list[str]) -> None:
        for path in self.policy.iterdir():
            path.unlink()
        for i, text in enumerate(texts):
            (self.policy / f"r{i}.rego").write_text(text)

    @rule(tier=st.sampled_from(("one", "two", "six")))
    def change_parameters(self, tier: str) -> None:
        self.parameters = {"tiers": {"refused": tier}}

    @rule(where=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
    def damage(self, where: float, flip: int) -> None:
        if self.file.exists():
            data = bytearray(self.file.read_bytes())
            if data:
                data[int(where * len(data))] ^= flip
                self.file.write_bytes(data)

    @rule(where=st.floats(0, 1))
    def truncate(self, where: float) -> None:
        if self.file.exists():
            os.truncate(self.file, int(where * self.file.stat().st_size))

    @rule(data=st.sampled_from((b"", b"not a database", b"SQLite format 3\0" * 9)))
    def replace_by_another(self, data: bytes) -> None:
        self.cache.mkdir(exist_ok=True, mode=0o700)
        self.file.write_bytes(data)

    @rule()
    def remember(self) -> None:
        if self.file.exists():
            self.old = self.file.read_bytes()

    @rule()
    def bring_back_an_old_one(self) -> None:
        if self.old:
            self.file.write_bytes(self.old)

    @rule()
    def kill_a_writer(self) -> None:
        """Let a run be killed with half of what it writes written."""
        child = os.fork()
        if not child:
            try:
                die_while_writing(self.cache)
            finally:
                os._exit(1)
        os.waitpid(child, 0)

    @rule()
    def two_at_once(self) -> None:
        child = os.fork()
        if not child:
            try:
                outcome(check, self.settings, Options(cache=self.cache, jobs=1))
            finally:
                os._exit(0)
        try:
            self.same()
        finally:
            os.waitpid(child, 0)

    @invariant()
    def same(self) -> None:
        options = Options(cache=self.cache, jobs=1)
        expected = outcome(check_whole, self.settings, Options())
        assert outcome(check, self.settings, options) == expected


def die_while_writing(folder: Path) -> None:
    store = open_store(folder)
    if store is not None and store.connection is not None:
        db = store.connection
        db.execute("PRAGMA cache_size = 1")
        db.execute("BEGIN IMMEDIATE")
        db.execute("UPDATE entry SET value = 'half', sum = 0")
        rows = [("s", str(i), "v" * 4000, 0) for i in range(50)]
        db.executemany("INSERT INTO entry VALUES (?, ?, ?, ?)", rows)
        os.kill(os.getpid(), signal.SIGKILL)


TestEdits = Edits.TestCase
TestEdits.settings = profile(max_examples=10, stateful_step_count=15, deadline=None)


@pytest.fixture(name="tree")
def _tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COMPLY_CACHE_DIR", str(tmp_path / "cache"))
    tree = tmp_path / "tree"
    shutil.copytree(ROOT / "fixtures/demo", tree / "demo")
    for i in range(30):
        text = manifest(("Pod", "Service")[i % 2], f"n{i}", ("one", "two")[i % 3 > 1])
        (tree / f"m{i}.yaml").write_text(text)
    (tree / "broken.yaml").write_text("apiVersion: v1\nkind: [\n")
    (tree / "list.json").write_text('{"a": 1}')
    (tmp_path / "tier.rego").write_text(TIER)
    (tmp_path / "named.rego").write_text(NAMED)
    return tree


def without_scripts(tree: Path) -> None:
    for path in tree.rglob("*"):
        if path.suffix in {".sql", ".tf"}:
            path.unlink()


def manifests_only(tree: Path) -> None:
    shutil.rmtree(tree / "demo")


@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit", "csv"])
def test_a_warm_run_writes_the_same_report(
    tree: Path,
    form: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    manifests_only(tree)
    monkeypatch.setattr("comply.cli.check.time.perf_counter", lambda: 0.0)
    line = ["check", "tree", "-r", "named.rego", "-r", "tier.rego", "-f", form]
    assert comply([*line, "--no-cache"]) == 2
    expected = capsys.readouterr().out
    for _ in range(3):
        assert comply(line) == 2
        assert capsys.readouterr().out == expected
    assert "broken.yaml" in expected


@pytest.fixture(name="settled")
def _settled(monkeypatch: pytest.MonkeyPatch) -> None:
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() + SETTLED)


@pytest.mark.usefixtures("settled")
def test_an_unchanged_file_is_not_opened(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifests_only(tree)
    (tree / "broken.yaml").unlink()
    settings = Settings(paths=(tree,), rules=(Path("named.rego"),))
    options = Options(cache=Path("cache"))
    first = check_files(settings, options)
    opened: list[str] = []
    real = Path.read_bytes

    def noted(path: Path) -> bytes:
        opened.append(path.name)
        return real(path)

    monkeypatch.setattr(Path, "read_bytes", noted)
    assert check_files(settings, options) == first
    assert opened == []
    (tree / "m3.yaml").touch()
    assert check_files(settings, options) == first
    assert opened == ["m3.yaml"]


def test_a_file_of_this_moment_is_read_again(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its times may stay what they are when it changes once more."""
    manifests_only(tree)
    stamps = (1, time.time_ns() + SETTLED, 1, 1, 1)
    monkeypatch.setattr(cached_check, "stamp", lambda _: stamps)
    settings = Settings(paths=(tree,), rules=(Path("named.rego"),))
    options = Options(cache=Path("cache"))
    before = check_files(settings, options)
    (tree / "m1.yaml").write_text(manifest("Pod", "z", "one"))
    after = check_files(settings, options)
    assert after != before
    assert after == check_whole(settings, Options())


@pytest.mark.parametrize("text", [JOIN, JOINED, CLOCK])
def test_rules_that_look_elsewhere_are_run_over_everything(
    tree: Path, text: str
) -> None:
    manifests_only(tree)
    Path("x.rego").write_text(text)
    settings = Settings(paths=(tree,), rules=(Path("x.rego"),))
    options = Options(cache=Path("cache"))
    assert check_files(settings, options) is None
    assert check_files(settings, options) is None


def test_a_plan_among_manifests_is_checked_with_them(tree: Path) -> None:
    """Its secrets are to be hidden in what is said of the others."""
    settings = Settings(paths=(tree,), packs=("terraform/baseline",))
    options = Options(cache=Path("cache"))
    for _ in range(2):
        assert check_files(settings, options) is None


@pytest.mark.usefixtures("settled")
def test_a_plan_after_many_manifests_is_known_to_be_one(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever was found before it: nothing is compiled to find that out again."""
    manifests_only(tree)
    (tree / "z.json").write_text('{"format_version": "1.2", "resource_changes": []}')
    settings = Settings(paths=(tree,), rules=(Path("named.rego"),))
    options = Options(cache=Path("cache"), jobs=1)
    assert check_files(settings, options) is None

    def refuse(*_: Any) -> None:
        raise AssertionError

    monkeypatch.setattr("comply.check.session.Session.__post_init__", refuse)
    assert check_files(settings, options) is None


def test_a_file_too_large_for_a_manifest_is_left_to_others(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifests_only(tree)
    settings = Settings(paths=(tree,), rules=(Path("named.rego"),))
    expected = check_whole(settings, Options())
    monkeypatch.setattr(cached_check, "_LARGE", 50)
    assert check_files(settings, Options(cache=Path("cache"))) is None
    assert check(settings, Options(cache=Path("cache"))) == expected


def test_assertions_are_no_rules_for_one_file(tree: Path) -> None:
    manifests_only(tree)
    Path("none.sql").write_text(
        "CREATE ASSERTION none CHECK (NOT EXISTS"
        " (SELECT 1 FROM kubernetes.objects o WHERE o.kind = 'Job'));"
    )
    settings = Settings(paths=(tree,), rules=(Path("none.sql"),))
    options = Options(cache=Path("cache"))
    assert check_files(settings, options) is None
    assert check(settings, options) == check_whole(settings, Options())


@pytest.mark.parametrize("warm", [True, False])
def test_a_folder_that_cannot_be_read_is_an_error(
    tree: Path, monkeypatch: pytest.MonkeyPatch, *, warm: bool
) -> None:
    """Nothing is known of what is in it, so the run must not pass."""
    manifests_only(tree)
    (tree / "sub").mkdir()
    settings = Settings(paths=(tree,), rules=(Path("named.rego"),))
    options = Options(cache=Path("cache"))
    before = check(settings, options)[0] if warm else []
    real = os.scandir

    def scandir(folder: Any) -> Any:
        if str(folder).endswith("sub"):
            raise PermissionError(13, "Permission denied")
        return real(folder)

    monkeypatch.setattr(os, "scandir", scandir)
    found = check_files(settings, options)
    assert found == check_whole(settings, Options())
    assert found is not None
    told = [f for f in found[0] if f not in before and "sub" in f.message]
    assert [str(f.status) for f in told] == ["error"]


@pytest.mark.usefixtures("settled")
def test_a_file_that_vanishes_meanwhile_is_an_error(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifests_only(tree)
    settings = Settings(paths=(tree,), rules=(Path("named.rego"),))
    options = Options(cache=Path("cache"))
    first = check(settings, options)
    real = cached_check.listing_of

    def vanishing(*given: Any, **more: Any) -> Any:
        found = real(*given, **more)
        for name in ("m1.yaml", "m2.yaml"):
            (tree / name).unlink(missing_ok=True)
        return found

    monkeypatch.setattr(cached_check, "listing_of", vanishing)
    found = check_files(settings, options)
    assert found is not None
    told = [f for f in found[0] if f not in first[0]]
    assert {str(f.status) for f in told} == {"error"}
    assert len(told) == 2


@pytest.mark.usefixtures("settled")
def test_a_file_that_only_looks_changed_and_cannot_be_read_is_an_error(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifests_only(tree)
    settings = Settings(paths=(tree,), rules=(Path("named.rego"),))
    options = Options(cache=Path("cache"))
    first = check(settings, options)
    os.utime(tree / "m1.yaml", ns=(1, 1))
    real = Path.read_bytes

    def read_bytes(path: Path) -> bytes:
        if path.name == "m1.yaml":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    found = check_files(settings, options)
    assert found is not None
    assert [str(f.status) for f in found[0] if f not in first[0]] == ["error"]


def test_a_kustomization_is_told_of(tree: Path) -> None:
    manifests_only(tree)
    (tree / "kustomization.yaml").write_text(
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
        "resources: [m1.yaml]\n"
    )
    settings = Settings(paths=(tree,), rules=(Path("named.rego"),))
    expected = check_whole(settings, Options())
    assert any("1 kustomization not built" in n for n in expected[1].notices)
    for _ in range(2):
        assert check(settings, Options(cache=Path("cache"))) == expected


def test_no_secret_reaches_the_cache(tree: Path) -> None:
    plan = {
        "format_version": "1.2",
        "terraform_version": "1.9.0",
        "resource_changes": [
            {
                "address": "aws_db_instance.a",
                "mode": "managed",
                "type": "aws_db_instance",
                "name": "a",
                "provider_name": "registry.terraform.io/hashicorp/aws",
                "change": {
                    "actions": ["create"],
                    "before": None,
                    "after": {"password": "correct horse battery"},
                    "after_unknown": {},
                    "before_sensitive": False,
                    "after_sensitive": {"password": True},
                },
            }
        ],
    }
    import json

    (tree / "plan.json").write_text(json.dumps(plan))
    Path("tells.rego").write_text(
        "package tells\ndeny contains msg if {\n"
        "  some r in input.resource_changes\n"
        "  msg := r.change.after.password\n}\n"
    )
    for paths in ("tree", "tree/plan.json"):
        assert comply(["check", paths, "-r", "tells.rego"]) in {1, 2}
    kept = [p for p in Path("cache").rglob("*") if p.is_file()]
    assert kept
    assert not any(b"correct horse" in path.read_bytes() for path in kept)


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("text", [JOIN, JOINED])
def test_what_joins_files_is_kept_by_all_of_them(
    tree: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_scripts(tree)
    Path("x.rego").write_text(text)
    settings = Settings(paths=(tree,), rules=(Path("x.rego"),))
    options = Options(cache=Path("cache"))
    first = check(settings, options)
    assert first == check_whole(settings, Options())

    def refuse(*_: Any) -> None:
        raise AssertionError

    with monkeypatch.context() as patch:
        patch.setattr(kept_runs, "_fresh", refuse)
        patch.setattr(Path, "read_bytes", refuse)
        assert check(settings, options) == first
    (tree / "m1.yaml").write_text(manifest("Service", "n0", "one"))
    assert check(settings, options) == check_whole(settings, Options())


def test_the_clock_is_asked_each_time(tree: Path) -> None:
    Path("x.rego").write_text(CLOCK)
    settings = Settings(paths=(tree / "m1.yaml",), rules=(Path("x.rego"),))
    moments = (datetime(1970, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))
    for now, number in zip(moments, (0, 1), strict=True):
        options = Options(now=now, cache=Path("cache"))
        assert len(check(settings, options)[0]) == number
    with sqlite3.connect(f"cache/{NAME}") as db:
        assert not db.execute(
            "SELECT * FROM entry WHERE name LIKE char(10) || '%'"
        ).fetchall()


def test_a_file_that_changes_during_a_run_is_not_kept(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_scripts(tree)
    Path("x.rego").write_text(JOINED)
    settings = Settings(paths=(tree,), rules=(Path("x.rego"),))
    options = Options(cache=Path("cache"))
    real = kept_runs._fresh

    def change_and_check(*given: Any) -> Any:
        for path in tree.glob("m*.yaml"):
            path.unlink()
        return real(*given)

    with monkeypatch.context() as patch:
        patch.setattr(kept_runs, "_fresh", change_and_check)
        assert check(settings, options)
    with sqlite3.connect(f"cache/{NAME}") as db:
        assert not db.execute(
            "SELECT * FROM entry WHERE name LIKE char(10) || '%'"
        ).fetchall()


@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_processes_find_what_one_finds(tree: Path, jobs: int) -> None:
    manifests_only(tree)
    settings = Settings(paths=(tree,), rules=(Path("named.rego"), Path("tier.rego")))
    expected = check_whole(settings, Options())
    assert check_files(settings, Options(jobs=jobs)) == expected


def test_a_folder_that_cannot_be_written_costs_only_the_cache(tree: Path) -> None:
    manifests_only(tree)
    Path("cache").write_text("a file in the place of the folder")
    settings = Settings(paths=(tree,), rules=(Path("named.rego"),))
    options = Options(cache=Path("cache"))
    assert check_files(settings, options) == check_whole(settings, Options())


@pytest.mark.parametrize(
    "paths",
    [
        ["tree/m1.yaml"],
        ["tree/m1.yaml", "tree/m1.yaml"],
        ["tree/m1.yaml", "tree"],
        ["tree/absent.yaml"],
        ["tree/absent.yaml", "tree/m1.yaml"],
        ["tree/hello.yaml", "tree/m1.yaml"],
        ["tree/note.txt", "tree/m1.yaml"],
        ["tree/binary.yaml", "tree/m2.yaml"],
        ["tree/large.yaml", "tree/m2.yaml"],
        ["tree/demo", "tree/m2.yaml"],
        ["tree/demo/plan.json"],
        ["tree/demo/schema.sql"],
        ["tree/empty"],
        ["tree/chart", "tree/m2.yaml"],
        ["."],
    ],
)
@pytest.mark.parametrize("named", [True, False])
def test_whatever_is_named_is_found_as_without(
    tree: Path, paths: list[str], *, named: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("comply.cli.file_records.LARGEST", 3_000)
    monkeypatch.setattr("comply.load.encoding.LARGEST", 3_000)
    (tree / "hello.yaml").write_text("hello: world # apiVersion, kind\n")
    (tree / "note.txt").write_text("a note")
    (tree / "binary.yaml").write_bytes(b"apiVersion\0kind")
    (tree / "large.yaml").write_text("# filler\n" * 400)
    (tree / "empty").mkdir()
    (tree / "chart/templates").mkdir(parents=True)
    (tree / "chart/templates/a.yaml").write_text("apiVersion: {{ x }}\nkind: y\n")
    (tree / "chart/values.yaml").write_text("apiVersion: {{ y }}\nkind: [\n")
    (tree / "out.yaml").symlink_to("/etc/hostname")
    rules = (Path("named.rego"), Path("tier.rego")) if named else ()
    settings = Settings(paths=tuple(map(Path, paths)), rules=rules)
    expected = outcome(check_whole, settings, Options())
    for _ in range(3):
        assert outcome(check, settings, Options(cache=Path("cache"))) == expected


def test_rules_that_do_not_compile_are_told_each_time(tree: Path) -> None:
    manifests_only(tree)
    Path("x.rego").write_text("package x\ndeny contains y if { true }\n")
    settings = Settings(paths=(tree,), rules=(Path("x.rego"),))
    expected = outcome(check_whole, settings, Options())
    for _ in range(2):
        assert outcome(check, settings, Options(cache=Path("cache"))) == expected
    Path("x.rego").write_text(NAMED)
    expected = outcome(check_whole, settings, Options())
    assert outcome(check, settings, Options(cache=Path("cache"))) == expected


def test_rules_about_nothing_are_told_warm_as_well(tree: Path) -> None:
    manifests_only(tree)
    (tree / "broken.yaml").unlink()
    settings = Settings(paths=(tree,), packs=("terraform/baseline",))
    expected = outcome(check_whole, settings, Options())
    for _ in range(2):
        assert outcome(check, settings, Options(cache=Path("cache"))) == expected


def test_evidence_that_json_would_change_is_not_kept(tree: Path) -> None:
    manifests_only(tree)
    Path("x.rego").write_text(
        'package x\ndeny contains {"msg": "m", "details": {"n": 0.1 + 0.20}}'
        ' if input.metadata.name == "n3"\n'
    )
    settings = Settings(paths=(tree,), rules=(Path("x.rego"),))
    expected = outcome(check_whole, settings, Options())
    for _ in range(2):
        assert outcome(check, settings, Options(cache=Path("cache"))) == expected


def test_the_command_needs_a_folder(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("comply.cli.cache_command.cache_folder", lambda: None)
    assert comply(["cache", "stats"]) == 2
    assert "COMPLY_CACHE_DIR" in capsys.readouterr().err


def test_a_damaged_file_has_no_stats(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tree.parent / "cache"
    folder.mkdir(mode=0o700)
    (folder / NAME).write_bytes(b"not a database, not at all" * 50)
    assert comply(["cache", "stats"]) == 0
    assert "0 of 0 files" in capsys.readouterr().out
    assert (folder / f"{NAME}.broken").exists()
    assert comply(["cache", "clear"]) == 0
    assert not list(folder.iterdir())


def test_names_that_are_no_text_are_checked_without_the_cache(tree: Path) -> None:
    manifests_only(tree)
    name = os.fsdecode(b"tree/\xff.yaml")
    Path(name).write_text(manifest("Pod", "q", "one"))
    settings = Settings(paths=(tree,), rules=(Path("named.rego"),))
    options = Options(cache=Path("cache"))
    expected = check_whole(settings, Options())
    for _ in range(2):
        assert check_files(settings, options) == expected


def test_what_the_command_tells_and_clears(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifests_only(tree)
    assert comply(["cache", "stats"]) == 0
    assert "0 of 0 files" in capsys.readouterr().out
    for _ in range(2):
        comply(["check", "tree", "-r", "named.rego"])
    capsys.readouterr()
    assert comply(["cache", "stats"]) == 0
    assert "32 of 32 files from the cache (100%)" in capsys.readouterr().out
    assert comply(["cache", "clear"]) == 0
    assert "cleared 2 files" in capsys.readouterr().out
    assert not list(Path("cache").iterdir())


@pytest.fixture(name="store")
def _store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(tmp_path / "kept")
    assert store is not None
    yield store
    store.close()


def test_the_file_is_for_its_owner_only(store: Store) -> None:
    assert store.path.stat().st_mode & 0o777 == 0o600


def test_a_damaged_row_is_not_there(store: Store) -> None:
    store.keep("s", {"a": "1", "b": "2"}, 2, 0)
    assert store.fetch("s", ["a", "b", "c"]) == {"a": "1", "b": "2"}
    with sqlite3.connect(store.path) as db:
        db.execute("UPDATE entry SET value = '3' WHERE name = 'a'")
    assert store.fetch("s", ["a", "b"]) == {"b": "2"}


def test_another_version_is_set_aside(store: Store) -> None:
    store.keep("s", {"a": "1"}, 1, 0)
    with sqlite3.connect(store.path) as db:
        db.execute("PRAGMA user_version = 99")
    store.close()
    fresh = open_store(store.path.parent)
    assert fresh is not None
    assert fresh.fetch("s", ["a"]) == {}
    fresh.close()
    assert store.path.with_name(f"{NAME}.broken").exists()


def test_what_was_used_least_recently_goes_first(tmp_path: Path) -> None:
    store = open_store(tmp_path / "small", largest=300_000)
    assert store is not None
    for i in range(12):
        store.keep(f"s{i}", {str(k): "v" * 1000 for k in range(50)}, 50, 0)
        store.fetch("s0", ["0"])
    assert store.fetch("s0", ["0"]) == {}
    assert store.fetch("s11", ["0"])
    assert store.path.stat().st_size < 400_000
    store.close()


def interrupted(tree: Path, jobs: int) -> tuple[int, str]:
    """Press Ctrl-C during a run over many files; return its code and what it said."""
    for i in range(4_000):
        (tree / f"more{i}.yaml").write_text(manifest("Pod", f"p{i}", "one"))
    line = [sys.executable, "-m", "comply.cli.main", "check", str(tree)]
    line += ["-r", "named.rego", "--no-cache", "-j", str(jobs)]
    # Under the tracer of coverage no process forks.
    outside = {k: v for k, v in os.environ.items() if not k.startswith("COV")}
    environment = {**outside, "PYTHONPATH": str(ROOT / "engine")}
    process = subprocess.Popen(
        line,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    )
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    deadline = time.monotonic() + 20
    while jobs > 1 and time.monotonic() < deadline and not children.read_text().strip():
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=20)
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
    return process.returncode, said


@pytest.mark.skipif(sys.platform != "linux", reason="forks on Linux only")
def test_ctrl_c_ends_every_process_quietly(tree: Path) -> None:
    manifests_only(tree)
    code, said = interrupted(tree, 2)
    assert (code, said.strip()) == (130, "interrupted")


def test_a_locked_file_is_no_cache_for_this_run(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("comply.check.cache_store._WAIT", 0.01)
    store.keep("s", {"a": "1"}, 1, 0)
    with sqlite3.connect(store.path, isolation_level=None) as db:
        db.execute("BEGIN EXCLUSIVE")
        other = open_store(store.path.parent)
        assert other is None or other.fetch("s", ["a"]) == {}
        db.execute("ROLLBACK")
    assert store.fetch("s", ["a"]) == {"a": "1"}


def test_a_folder_open_to_others_is_not_used(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o777)
    assert open_store(folder) is None


def test_a_schema_that_is_no_text_is_set_aside(store: Store) -> None:
    store.keep("s", {"a": "1"}, 1, 0)
    store.close()
    damaged = store.path.read_bytes().replace(b"scopescope", b"scope\xc2(ope")
    store.path.write_bytes(damaged.replace(b"TABLE entry", b"TABLE \xc2(try"))
    fresh = open_store(store.path.parent)
    assert fresh is not None
    fresh.keep("s", {"b": "2"}, 1, 0)
    assert fresh.fetch("s", ["b"]) == {"b": "2"}
    fresh.close()
    assert store.path.with_name(f"{NAME}.broken").exists()
