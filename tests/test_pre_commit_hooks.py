"""The hooks for pre-commit, run by pre-commit itself in a repository of the test's own."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from comply.cli.init import HOOKS as PRINTED
from comply.cli.init import command as init

ROOT = Path(__file__).parents[1]
HOOKS = ROOT / ".pre-commit-hooks.yaml"
BAD = 'resource "aws_db_instance" "a" {\n  publicly_accessible = true\n}\n'
POD = """apiVersion: v1
kind: Pod
metadata: {name: p, labels: {app.kubernetes.io/name: p}}
spec: {containers: [{name: c, image: i, securityContext: {privileged: true}}]}
"""


def ids() -> list[str]:
    return [hook["id"] for hook in yaml.safe_load(HOOKS.read_text())]


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments]
    made = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=True
    )
    return made.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a repository that uses the hooks of another, as a user's does.

    The hooks take the comply under test: an environment of their own would need an
    index of packages.
    """
    if shutil.which("git") is None:
        pytest.skip("there is no git")
    source, folder = tmp_path / "comply", tmp_path / "user"
    for path in (source, folder):
        path.mkdir()
        git(path, "init", "-q")
    text = HOOKS.read_text().replace("language: python", "language: system")
    (source / HOOKS.name).write_text(text)
    git(source, "add", "-A")
    git(source, "commit", "-q", "-m", "hooks")
    used = "".join(f"      - id: {name}\n" for name in ids())
    (folder / ".pre-commit-config.yaml").write_text(
        f"repos:\n  - repo: {source}\n    rev: {git(source, 'rev-parse', 'HEAD')}\n"
        f"    hooks:\n{used}"
    )
    return folder


def commit(folder: Path, files: dict[str, str]) -> tuple[int, str]:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    git(folder, "add", "-A")
    binaries = Path(sys.executable).parent
    own = {
        "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
        "PRE_COMMIT_HOME": str(folder.parent / "home"),
        "COMPLY_CACHE_DIR": str(folder.parent / "cache"),
    }
    made = subprocess.run(
        [sys.executable, "-m", "pre_commit", "run"],
        cwd=folder,
        env=os.environ | own,
        capture_output=True,
        text=True,
        check=False,
    )
    return made.returncode, made.stdout + made.stderr


def test_a_bad_commit_is_blocked_and_a_good_one_passes(repository: Path) -> None:
    good = {"db one/main.tf": BAD.replace("true", "false")}
    assert commit(repository, good)[0] == 0
    code, out = commit(repository, {"db one/main.tf": BAD})
    assert code == 1
    assert "aws_db_instance.a is publicly accessible" in out


def test_each_kind_of_file_has_its_hook(repository: Path) -> None:
    files = {
        "k8s/pod.yaml": POD,
        "k8s/kustomization.yaml": "resources: [pod.yaml]\n",
        "other.yaml": "a: 1\n",
        "policy/a.rego": "package a\n\np := 1\n",
        "policy/a_test.rego": "package a_test\n\ntest_p if data.a.p == 2\n",
        "assertions.sql": "CREATE ASSERTION a CHECK (NOT EXISTS (SELECT 1 FROM t));\n",
        "schema.sql": "CREATE TABLE t (id NUMBER);\n",
        "plan.json": '{"format_version": "1.2", "resource_changes": []}\n',
    }
    code, out = commit(repository, files)
    assert code == 1
    results = {
        line.partition(")")[0].partition("(")[2]: line.rsplit(".", 1)[-1]
        .rpartition(")")[2]
        .rpartition(")")[2]
        for line in out.splitlines()
        if line.startswith("comply (")
    }
    assert results == {
        "Terraform plans": "Passed",
        "Terraform source": "Skipped",
        "Kubernetes manifests": "Failed",
        "SQL schemas": "Failed",
        "SQL assertions": "Passed",
        "Rego": "Failed",
    }


def test_a_schema_without_an_assertion_stops_no_commit(repository: Path) -> None:
    script = "CREATE TABLE t (id NUMBER PRIMARY KEY);\n"
    code, out = commit(repository, {"schema.sql": script})
    assert (code, "Skipped" in out) == (0, True)


def test_what_init_prints_are_hooks_that_exist(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "main.tf").write_text(BAD)
    monkeypatch.chdir(tmp_path)
    out = CliRunner().invoke(init, []).output
    named = [line.split()[-1] for line in out.splitlines() if "- id: comply" in line]
    assert named
    assert set(named) <= set(ids())


def test_what_init_prints_takes_the_files_that_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pod = "apiVersion: v1\nkind: Pod\n"
    for name in ("apps/a.yaml", "c+.yaml", "deploy/b.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(pod)
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy/r.rego").write_text("package r\n")
    (tmp_path / "policy/s.sql").write_text("CREATE ASSERTION a CHECK (1 = 1);\n")
    monkeypatch.chdir(tmp_path)

    def hooks() -> dict[str, str]:
        out = CliRunner().invoke(init, ["--force"]).output
        (repo,) = yaml.safe_load(out[out.index("repos:") : out.index("Next:")])["repos"]
        return {hook["id"]: hook.get("files", "") for hook in repo["hooks"]}

    found = hooks()
    assert {"comply-rego", "comply-kubernetes"} <= found.keys()
    files = re.compile(found["comply-kubernetes"])
    assert files.search("apps/x/y.yaml")
    assert files.search("c+.yaml")
    assert not files.search("other/a.yaml")
    (tmp_path / "apps/a.yaml").unlink()
    (tmp_path / "c+.yaml").unlink()
    # Where the hook takes them all by itself, there is nothing to add.
    assert hooks()["comply-kubernetes"] == ""


def test_init_knows_which_files_hooks_take() -> None:
    listed = yaml.safe_load(HOOKS.read_text())
    taken = {hook["id"]: hook.get("files", "") for hook in listed}
    known = [(hook, files) for hook, files in PRINTED.values() if files]
    assert known
    assert all(taken[hook] == files for hook, files in known)
