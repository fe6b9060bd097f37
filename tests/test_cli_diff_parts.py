"""`comply check --diff` of modules, plans and scripts: only what a change touches is run."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.git_repository import OWN, Repository, new_repository
from tests.module_trees import HIDDEN, OTHER, SEEN, WORDS, parts_run, texts

from comply.cli.cached_check import Options
from comply.cli.check import check
from comply.cli.diff_check import Asked, only_new
from comply.cli.exemptions import exempt_known, judged_by
from comply.cli.git_tree import read_tree
from comply.cli.kept_parts import Memory
from comply.cli.main import run
from comply.cli.settings import Settings

SEEDS = 40 if os.environ.get("HYPOTHESIS_PROFILE") == "deep" else 2


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository to copy, with a tree of modules, scripts and a manifest."""
    made = new_repository(tmp_path_factory.mktemp("parts") / "user")
    files = {f"tree/{name}": choices[0] for name, choices in texts.items()}
    made.commit({**files, "policy/seen.rego": SEEN})
    return made.folder


@pytest.fixture
def repo(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    for name, value in OWN.items():
        monkeypatch.setenv(name, value)
    for name in ("TF_VAR_size", "TF_WORKSPACE"):
        monkeypatch.delenv(name, raising=False)
    shutil.copytree(model, tmp_path / "user", symlinks=True)
    monkeypatch.chdir(tmp_path / "user")
    monkeypatch.setenv("COMPLY_CACHE_DIR", str(tmp_path / "cache"))
    return Repository(tmp_path / "user")


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    return parts_run(monkeypatch)


ALL = ["one", "other", "three", "deep", "two", "pod.yaml", "1.sql", "2.sql", "3.sql"]
COMMAND = ["check", "tree", "-r", "policy", "--diff", "HEAD", "-f", "json"]


@pytest.mark.parametrize(
    ("name", "again"),
    [
        ("other/main.tf", ["other"]),
        ("inner/main.tf", ["one"]),
        ("3.sql", ["1.sql", "2.sql", "3.sql"]),
        ("notes.md", []),
    ],
)
def test_only_what_a_change_touches_is_checked_twice(
    repo: Repository, ran: list[str], name: str, again: list[str]
) -> None:
    repo.write({f"tree/{name}": texts.get(name, ("", "x"))[1]})
    more = [] if name == "inner/main.tf" else ["--no-cache"]
    assert run([*COMMAND, *more]) in {0, 1}
    assert sorted(ran) == sorted([*ALL, *again])


def test_what_was_compared_once_is_known(repo: Repository, ran: list[str]) -> None:
    repo.write({"tree/other/main.tf": OTHER.replace("7", "8")})
    assert run(COMMAND) == 0
    assert sorted(ran) == sorted([*ALL, "other"])
    ran.clear()
    assert run(COMMAND) == 0
    assert ran == []


def test_what_a_run_before_said_of_now_is_known_then(
    repo: Repository, ran: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    repo.write({"tree/other/main.tf": OTHER.replace("7", "8")})
    assert run(["check", "tree", "-r", "policy"]) == 1
    ran.clear()
    assert run(COMMAND) == 0
    assert ran == ["other"]


def test_a_module_with_secrets_is_checked_once_in_a_run(
    repo: Repository, ran: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    repo.commit({"tree/two/main.tf": HIDDEN + 'resource "t" "s" { size = var.p }\n'})
    repo.write({"tree/other/main.tf": OTHER.replace("elsewhere", "new")})
    assert run([*COMMAND, "--no-cache"]) == 1
    assert ran.count("two") == 1
    found = json.loads(capsys.readouterr().out)["findings"]
    assert [f["message"] for f in found] == ["t.new is (sensitive)"]


def test_one_plan_that_did_not_change_is_checked_once(
    repo: Repository, ran: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    change = {"actions": ["create"], "after": {"size": 1}}
    plan = {"resource_changes": [{"address": "t.a", "type": "t", "change": change}]}
    repo.commit({"plan.json": json.dumps({"format_version": "1.2", **plan})})
    command = ["check", "plan.json", "-r", "policy", "--diff", "HEAD", "--no-cache"]
    assert run(command) == 0
    assert ran == ["plan.json"]
    assert "1 finding that was there not shown" in capsys.readouterr().out


def outcome(settings: Settings, memory: Memory | None, cache: Path | None) -> Any:
    """Return what a comparison with HEAD gives, the places of errors left out."""
    options = Options(cache=cache, jobs=1, memory=memory)
    judged = judged_by(settings, options)
    found, made = exempt_known(*check(settings, options), settings, judged)
    found, made = only_new(
        found, made, Asked(settings, options, judged), read_tree("HEAD")
    )
    return found, replace(made, seconds=0.0)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_any_change_brings_what_it_brings_where_both_sides_are_checked_whole(
    repo: Repository, seed: int, tmp_path: Path
) -> None:
    random = Random(seed)  # noqa: S311  (no secret)
    scripted = seed % 4 == 3
    names = [name for name in sorted(texts) if scripted or not name.endswith(".sql")]

    def change() -> None:
        for name in random.sample(names, 3):
            file = repo.folder / "tree" / name
            if random.random() < 0.2:
                file.unlink(missing_ok=True)
            else:
                repo.write({f"tree/{name}": random.choice(texts[name])})

    if not scripted:
        for name in set(texts) - set(names):
            (repo.folder / "tree" / name).unlink()
    rules = (Path("policy"),)
    for turn in range(2):
        change()
        repo.write({"policy/words.rego": WORDS if turn == 1 and seed % 2 else SEEN})
        repo.commit({"tree/turn.md": f"{turn}"})
        change()
        settings = Settings(paths=(Path("tree"),), rules=rules)
        expected = outcome(settings, None, None)
        assert outcome(settings, Memory(), None) == expected
        assert outcome(settings, Memory(), tmp_path / "cache") == expected
