"""What a run does with the cache, file by file: what it opens, keeps and tells."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.cached_trees import (
    CLOCK,
    JOIN,
    JOINED,
    NAMED,
    ROOT,
    SETTLED,
    manifest,
    manifests_only,
    new_tree,
    outcome,
    without_scripts,
)

from comply.check.cache_store import NAME
from comply.cli import cached_check, kept_runs
from comply.cli.cached_check import Options, check_files
from comply.cli.check import check
from comply.cli.main import run as comply
from comply.cli.settings import Settings
from comply.cli.whole_check import check_whole


@pytest.fixture(name="tree")
def _tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return new_tree(tmp_path, monkeypatch)


@pytest.fixture(name="settled")
def _settled(monkeypatch: pytest.MonkeyPatch) -> None:
    real = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: real() + SETTLED)


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
        # A report that is said again takes a time of its own.
        found = re.sub(r"\d\.\d\d s$", "0.00 s", capsys.readouterr().out)
        assert found == expected
    assert "broken.yaml" in expected


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
    monkeypatch.setattr("comply.stamps.stamp", lambda _: stamps)
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


@pytest.fixture(name="kept")
def _kept(tree: Path, settled: None) -> Callable[[], list[str]]:
    """Check the tree, keep it; return what gives the status of all a new run adds."""
    manifests_only(tree)
    settings = Settings(paths=(tree,), rules=(Path("named.rego"),))
    options = Options(cache=Path("cache"))
    first = check(settings, options)[0]

    def added() -> list[str]:
        found = check_files(settings, options)
        assert found is not None
        return [str(f.status) for f in found[0] if f not in first]

    return added


def test_a_file_that_vanishes_meanwhile_is_an_error(
    tree: Path, kept: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = cached_check.listing_of

    def vanishing(*given: Any, **more: Any) -> Any:
        found = real(*given, **more)
        for name in ("m1.yaml", "m2.yaml"):
            (tree / name).unlink(missing_ok=True)
        return found

    monkeypatch.setattr(cached_check, "listing_of", vanishing)
    assert kept() == ["error", "error"]


def test_a_file_that_only_looks_changed_and_cannot_be_read_is_an_error(
    tree: Path, kept: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    os.utime(tree / "m1.yaml", ns=(1, 1))
    real = Path.read_bytes

    def read_bytes(path: Path) -> bytes:
        if path.name == "m1.yaml":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    assert kept() == ["error"]


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
    # In JSON, as a report in text may be repeated without asking for files.
    for _ in range(2):
        comply(["check", "tree", "-r", "named.rego", "-f", "json"])
    capsys.readouterr()
    assert comply(["cache", "stats"]) == 0
    assert "32 of 32 files from the cache (100%)" in capsys.readouterr().out
    assert comply(["cache", "clear"]) == 0
    assert "cleared 2 files" in capsys.readouterr().out
    assert not list(Path("cache").iterdir())


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
