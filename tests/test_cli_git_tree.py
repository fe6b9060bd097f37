"""Trees of git: where a branch began, and what to do where git cannot tell."""

import os
from pathlib import Path

import pytest
from tests.git_repository import OWN, Repository, new_repository

from comply.cli.git_tree import Blob, changed_files, extract, read_tree, tracked_files
from comply.source import ComplyError


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """Return a repository with a branch of its own."""
    for name, value in OWN.items():
        monkeypatch.setenv(name, value)
    made = new_repository(tmp_path / "user")
    monkeypatch.chdir(made.folder)
    made.commit({"a.yaml": "a: 1\n", "deep/ü \n.yaml": "b: 1\n"})
    made.git("switch", "-q", "-c", "topic")
    made.commit({"c.yaml": "c: 1\n"})
    return made


def failure(ref: str) -> str:
    with pytest.raises(ComplyError) as caught:
        read_tree(ref)
    assert caught.value.exit_code == 2
    return caught.value.render()


def test_the_tree_is_that_where_the_branches_parted(repo: Repository) -> None:
    began = repo.git("rev-parse", "main")
    repo.git("switch", "-q", "main")
    repo.commit({"later.yaml": "d: 1\n"})
    repo.git("switch", "-q", "topic")
    tree = read_tree("main")
    assert (tree.commit, tree.root, tree.folder) == (began, repo.folder, "")
    assert str(tree) == f"main ({began[:10]})"
    assert tree.files["deep/ü \n.yaml"] == Blob(5, link=False)
    assert set(tree.files) == {"a.yaml", "deep/ü \n.yaml"}
    assert tracked_files(tree) == {"c.yaml", *tree.files}


def test_what_only_looks_changed_is_not(repo: Repository) -> None:
    tree = read_tree("main")
    os.utime("a.yaml", (1, 1))
    assert changed_files(tree) == {"c.yaml"}
    repo.write({"a.yaml": "a: 2\n"})
    (repo.folder / "deep/ü \n.yaml").unlink()
    assert changed_files(tree) == {"a.yaml", "c.yaml", "deep/ü \n.yaml"}


def test_files_come_out_as_a_checkout_writes_them(
    repo: Repository, tmp_path: Path
) -> None:
    repo.git("switch", "-q", "main")
    (repo.folder / "link").symlink_to("a.yaml")
    repo.commit({".gitattributes": "*.yaml text eol=crlf\n"})
    out, index = tmp_path / "out", tmp_path / "index"
    tree = read_tree("HEAD")
    assert tree.files["link"] == Blob(6, link=True)
    extract(tree, ["a.yaml", "link"], out, index)
    extract(tree, ["deep/ü \n.yaml"], out, index)
    assert (out / "a.yaml").read_bytes() == b"a: 1\r\n"
    assert (out / "link").readlink() == Path("a.yaml")
    assert (out / "deep/ü \n.yaml").exists()


@pytest.mark.parametrize(
    "ref", ["nope", "-x", "--help", "", "main..topic", "HEAD:a.yaml"]
)
def test_a_ref_that_is_no_commit(repo: Repository, ref: str) -> None:
    assert f"git knows no commit '{ref}' here" in failure(ref)


def test_a_branch_of_the_remote_is_named(
    repo: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.git("clone", "-q", "-b", "topic", str(repo.folder), str(tmp_path / "clone"))
    monkeypatch.chdir(tmp_path / "clone")
    assert "--diff origin/main" in failure("main")
    assert read_tree("origin/main").commit == repo.git("rev-parse", "main")


def test_a_shallow_clone_is_told_what_to_fetch(
    repo: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = str(tmp_path / "clone")
    address = f"file://{repo.folder}"
    repo.git("clone", "-q", "--depth", "1", "-b", "topic", address, place)
    monkeypatch.chdir(place)
    assert "fetch-depth: 0" in failure("origin/main")
    clone = Repository(Path(place))
    clone.git("fetch", "-q", "--depth", "1", "origin", "main:main")
    said = failure("main")
    assert "no commit in common" in said
    assert "git fetch --unshallow" in said
    clone.git("fetch", "-q", "--unshallow", "origin")
    assert read_tree("main").commit == repo.git("rev-parse", "main")


def test_histories_that_never_met(repo: Repository) -> None:
    repo.git("switch", "-q", "--orphan", "other")
    assert "HEAD is no commit" in failure("main")
    repo.commit({"a.yaml": "a: 1\n"})
    said = failure("main")
    assert "no commit in common" in said
    assert "name the branch that this one began from" in said


def test_no_repository_and_no_git(
    repo: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    (tmp_path / "bare").mkdir()
    monkeypatch.chdir(tmp_path / "bare")
    assert "no git repository" in failure("main")
    monkeypatch.chdir(repo.folder)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "needs git" in failure("main")


def test_what_git_says_is_told(repo: Repository) -> None:
    (repo.folder / ".git/config").write_text("[core\n")
    said = failure("main")
    assert said.startswith("--diff: git: ")
    assert "config" in said


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs another owner"
)
def test_a_repository_of_another_user_is_named(
    repo: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SUDO_UID", raising=False)
    for path in (repo.folder, repo.folder / ".git"):
        os.chown(path, 12345, 12345)
    said = failure("main")
    assert "belongs to another user" in said
    assert f"safe.directory {repo.folder}" in said
