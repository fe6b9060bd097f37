"""`comply check --diff`: what a change brings, in real git repositories."""

import io
import json
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.git_repository import OWN, Repository, new_repository

from comply.cli.git_tree import Tree, extract
from comply.cli.main import run
from comply.report import REPORTERS

POLICY = """package pods

import rego.v1

deny contains sprintf("%s is bad", [input.metadata.name]) if {
	input.kind == "Pod"
	input.spec.bad
}
"""
JOINED = """package joined

import rego.v1

deny contains sprintf("%d pods", [count(data.kubernetes.objects)]) if {
	count(data.kubernetes.objects) > 1
}
"""
SETTINGS = "rules: [policy]\nexclude: [elsewhere]\n"
BAD_TF = 'resource "aws_db_instance" "%s" {\n  publicly_accessible = true\n}\n'


def pod(name: str, *, bad: bool = True, mark: str = "") -> str:
    spec = "{bad: true}" if bad else "{}"
    return (
        f"{mark}apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec: {spec}\n"
    )


def plan(*names: str) -> str:
    changes = [
        {
            "address": f"aws_db_instance.{name}",
            "mode": "managed",
            "type": "aws_db_instance",
            "name": name,
            "change": {
                "actions": ["create"],
                "before": None,
                "after": {"publicly_accessible": True, "tags": {}},
            },
        }
        for name in names
    ]
    return json.dumps({"format_version": "1.2", "resource_changes": changes}, indent=1)


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a repository to copy, and one for the cache of all tests."""
    folder = tmp_path_factory.mktemp("diff")
    made = new_repository(folder / "user")
    made.commit(
        {
            "comply.yaml": SETTINGS,
            "policy/pods.rego": POLICY,
            "k8s/a.yaml": pod("a"),
            "k8s/b.yaml": pod("b"),
            "k8s/good.yaml": pod("good", bad=False),
            ".hidden/a.yaml": pod("hidden"),
        }
    )
    made.git("switch", "-q", "-c", "topic")
    return folder


@pytest.fixture
def repo(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """Return a repository with two bad pods on main, on a branch of its own."""
    for name, value in OWN.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("COMPLY_CACHE_DIR", str(model / "cache"))
    shutil.copytree(model / "user", tmp_path / "user", symlinks=True)
    monkeypatch.chdir(tmp_path / "user")
    return Repository(tmp_path / "user")


Captured = pytest.CaptureFixture[str]


def check(capsys: Captured, *arguments: str) -> tuple[int, list[str], str]:
    """Return the exit code, what is said of each finding, and the notices."""
    capsys.readouterr()
    code = run(["check", "-f", "json", *arguments])
    out = capsys.readouterr()
    if not out.out:
        return code, [], out.err
    value: dict[str, Any] = json.loads(out.out)
    messages = [f["message"] for f in value["findings"]]
    return code, messages, "\n".join(value["notices"])


def test_what_was_there_is_not_told(repo: Repository, capsys: Captured) -> None:
    code, messages, said = check(capsys, "--diff", "main")
    assert (code, messages) == (0, [])
    short = repo.git("rev-parse", "main")[:10]
    assert f"compared with main ({short}): 2 findings that were there not shown" in said
    assert run(["check"]) == 1


def test_lines_move_files_are_renamed_and_only_the_new_is_told(
    repo: Repository, capsys: Captured
) -> None:
    repo.git("mv", "k8s/a.yaml", "k8s/z.yaml")
    (repo.folder / "k8s/b.yaml").unlink()
    repo.write(
        {
            "other/b.yaml": f"# moved\n\n{pod('b')}---\n{pod('c')}",
            "k8s/good.yaml": pod("good"),
        }
    )
    code, messages, said = check(capsys, "--diff", "main")
    assert (code, sorted(messages)) == (1, ["c is bad", "good is bad"])
    assert "not in git, so all that is found there is new: other/b.yaml" in said
    repo.commit()
    assert check(capsys, "--diff", "main")[:2] == (code, messages)
    assert check(capsys, "--diff", "HEAD")[:2] == (0, [])


def test_what_others_did_on_the_branch_meanwhile_does_not_count(
    repo: Repository, capsys: Captured
) -> None:
    repo.commit({"k8s/mine.yaml": pod("mine")})
    repo.git("switch", "-q", "main")
    repo.commit({"k8s/a.yaml": pod("a", bad=False), "k8s/theirs.yaml": pod("theirs")})
    repo.git("switch", "-q", "topic")
    assert check(capsys, "--diff", "main")[:2] == (1, ["mine is bad"])


def test_every_format_tells_of_the_new_only(repo: Repository, tmp_path: Path) -> None:
    repo.commit({"k8s/c.yaml": pod("c")})
    reports = {name: tmp_path / f"report.{name}" for name in REPORTERS}
    asked = [
        word for name, file in reports.items() for word in ("-f", f"{name}={file}")
    ]
    assert run(["check", "--diff", "main", *asked]) == 1
    for name, file in reports.items():
        text = file.read_text("utf-8")
        assert "c is bad" in text, name
        assert "a is bad" not in text, name
        assert "b is bad" not in text, name


def test_a_removed_exception_brings_its_finding_and_a_new_one_is_shown(
    repo: Repository, capsys: Captured
) -> None:
    mark = '# comply:ignore pods reason="a test"\n'
    repo.git("switch", "-q", "main")
    repo.commit({"k8s/a.yaml": pod("a", mark=mark)})
    repo.git("switch", "-q", "topic")
    repo.git("reset", "-q", "--hard", "main")
    assert check(capsys, "--diff", "main")[:2] == (0, [])
    repo.write({"k8s/a.yaml": pod("a"), "k8s/b.yaml": pod("b", mark=mark)})
    assert run(["check", "--diff", "main", "-f", "json"]) == 1
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert [(f["message"], f["status"]) for f in findings] == [
        ("a is bad", "violation"),
        ("b is bad", "exempt"),
    ]


def test_baselines_and_exceptions_of_the_settings_hold(
    repo: Repository, capsys: Captured
) -> None:
    assert run(["baseline", "create", "-o", "known.json"]) == 0
    repo.commit({"k8s/c.yaml": pod("c"), "k8s/d.yaml": pod("d")})
    code, messages, _ = check(capsys, "--diff", "main", "--baseline", "known.json")
    assert (code, messages) == (1, ["c is bad", "d is bad"])
    exception = "exceptions: [{rule: pods, fact: v1/Pod/c, reason: a test}]\n"
    repo.write({"comply.yaml": SETTINGS + exception})
    code, _, said = check(capsys, "--diff", "main", "--baseline", "known.json")
    assert code == 1
    assert "rules or settings changed (comply.yaml, known.json)" in said
    (repo.folder / "k8s/d.yaml").unlink()
    assert check(capsys, "--diff", "main", "--baseline", "known.json")[0] == 0


def test_new_rules_are_held_to_both_sides_and_that_is_said(
    repo: Repository, capsys: Captured
) -> None:
    repo.commit({"policy/more.rego": POLICY.replace("is bad", "is worse")})
    code, messages, said = check(capsys, "--diff", "main")
    assert (code, messages) == (0, [])
    assert "rules or settings changed (policy/more.rego)" in said


def test_rules_that_join_files_are_held_to_all_of_them(
    repo: Repository, capsys: Captured
) -> None:
    repo.git("switch", "-q", "main")
    repo.commit({"policy/joined.rego": JOINED})
    repo.git("switch", "-q", "topic")
    repo.git("reset", "-q", "--hard", "main")
    assert check(capsys, "--diff", "main")[:2] == (0, [])
    repo.write({"k8s/c.yaml": pod("c")})
    code, messages, _ = check(capsys, "--diff", "main")
    assert (code, messages) == (1, ["c is bad"])


def test_what_a_new_file_brings_about_others_is_new(
    repo: Repository, capsys: Captured
) -> None:
    repo.git("switch", "-q", "main")
    repo.git("rm", "-q", "k8s/b.yaml", "k8s/good.yaml")
    repo.commit({"policy/joined.rego": JOINED})
    repo.git("switch", "-q", "topic")
    repo.git("reset", "-q", "--hard", "main")
    assert check(capsys, "--diff", "main")[:2] == (0, [])
    repo.write({"k8s/c.yaml": pod("c", bad=False)})
    assert check(capsys, "--diff", "main")[:2] == (1, ["2 pods"])


def test_an_exception_that_a_change_makes_idle_is_told(
    repo: Repository, capsys: Captured
) -> None:
    exception = "exceptions: [{rule: pods, fact: v1/Pod/%s, reason: a test}]\n"
    repo.git("switch", "-q", "main")
    repo.commit({"comply.yaml": SETTINGS + exception % "a"})
    repo.git("switch", "-q", "topic")
    repo.git("reset", "-q", "--hard", "main")
    assert check(capsys, "--diff", "main")[:2] == (0, [])
    repo.write({"k8s/a.yaml": pod("a", bad=False)})
    code, messages, _ = check(capsys, "--diff", "main")
    assert (code, messages) == (0, ["no finding needs the exception for pods"])


@pytest.mark.parametrize(
    ("files", "written"),
    [
        ({}, ["k8s/a.yaml"]),
        ({"k8s/b.yaml": pod("b") + "# touched\n"}, ["k8s/a.yaml", "k8s/b.yaml"]),
        ({"notes.md": "a", "new.yaml": pod("c")}, ["k8s/a.yaml"]),
        ({"policy/pods.rego": POLICY + "\n"}, ["k8s/a.yaml", "policy/pods.rego"]),
    ],
)
def test_only_what_differs_is_checked_twice(
    repo: Repository,
    monkeypatch: pytest.MonkeyPatch,
    files: dict[str, str],
    written: list[str],
) -> None:
    seen: list[str] = []

    def spy(tree: Tree, names: list[str], into: Path, index: Path) -> None:
        seen.extend(names)
        extract(tree, names, into, index)

    monkeypatch.setattr("comply.cli.diff_check.extract", spy)
    repo.write(files)
    assert run(["check", "--diff", "main"]) == int("new.yaml" in files)
    assert sorted(seen) == written


def test_terraform_source_is_compared_by_module(
    repo: Repository, capsys: Captured
) -> None:
    module = 'module "m" {\n  source = "../modules/db"\n  public = var.public\n}\n'
    inner = (
        'variable "public" {}\nresource "aws_db_instance" "inner" {\n'
        '  publicly_accessible = var.public\n  tags = jsondecode(file("tags.json"))\n}\n'
    )
    repo.git("switch", "-q", "main")
    repo.commit(
        {
            ".gitignore": "*.tfvars\n",
            "comply.yaml": "packs: [terraform/baseline]\n",
            "infra/live/main.tf": f'variable "public" {{}}\n{module}{BAD_TF % "a"}',
            "infra/modules/db/main.tf": inner,
            "infra/modules/db/tags.json": "{}",
        }
    )
    repo.git("switch", "-q", "topic")
    repo.git("reset", "-q", "--hard", "main")
    values = ("infra/live/terraform.tfvars", "elsewhere/terraform.tfvars")
    repo.write(dict.fromkeys(values, "public = true\n"))
    (repo.folder / "infra/modules/gone.tfvars").symlink_to("nowhere")
    assert check(capsys, "infra/live")[0] == 1
    assert check(capsys, "infra/live", "--diff", "main")[:2] == (0, [])
    # A block goes to another file, and one more comes.
    moved = {
        "infra/live/main.tf": f'variable "public" {{}}\n{module}',
        "infra/live/db.tf": (BAD_TF % "a") + (BAD_TF % "b"),
    }
    repo.write(moved)
    code, messages, _ = check(capsys, "infra/live", "--diff", "main")
    assert code == 1
    assert any("aws_db_instance.b" in m for m in messages)
    assert not any("aws_db_instance.a" in m or "inner" in m for m in messages)


def test_comments_and_variables_beside_what_is_checked_count_as_they_were(
    repo: Repository, capsys: Captured
) -> None:
    comment = '# comply:ignore terraform/baseline/* reason="a test"\n'
    repo.git("switch", "-q", "main")
    repo.commit(
        {
            "comply.yaml": "packs: [terraform/baseline]\n",
            "plans/plan.json": plan("a"),
            "infra/main.tf": comment + BAD_TF % "a",
            "live/main.tf": 'variable "public" {}\n'
            + BAD_TF.replace("true", "var.public") % "b",
            "values/live.tfvars": "public = false\n",
        }
    )
    repo.git("switch", "-q", "topic")
    repo.git("reset", "-q", "--hard", "main")
    asked = ("plans/plan.json", "--source", "infra", "--diff", "main")
    assert check(capsys, *asked)[0] == 0
    repo.write({"infra/main.tf": BAD_TF % "a"})
    code, messages, _ = check(capsys, *asked)
    assert code == 1
    assert any("aws_db_instance.a" in m for m in messages)
    live = ("live", "--diff", "main", "--var-file")
    assert check(capsys, *live, "values/live.tfvars")[0] == 0
    repo.write({"values/live.tfvars": "public = true\n"})
    code, messages, _ = check(capsys, *live, "values/live.tfvars")
    assert (code, len(messages)) == (1, 1)
    repo.write({"../outside.tfvars": "public = true\n"})
    assert check(capsys, *live, "../outside.tfvars")[0] == 0


def test_schemas_are_compared_as_a_whole(repo: Repository, capsys: Captured) -> None:
    repo.git("switch", "-q", "main")
    repo.commit(
        {
            "comply.yaml": "packs: [oracle/schema]\n",
            "schema.sql": "CREATE TABLE a (id NUMBER);\n",
        }
    )
    repo.git("switch", "-q", "topic")
    repo.git("reset", "-q", "--hard", "main")
    table = "CREATE TABLE b (id NUMBER);\nCREATE TABLE a (id NUMBER);\n"
    repo.write({"schema.sql": table})
    code, messages, _ = check(capsys, "schema.sql", "--diff", "main")
    assert code == 1
    assert len(messages) == 1
    assert "B" in messages[0]


def test_a_plan_in_git_is_compared_and_one_that_is_not_is_told_of(
    repo: Repository, capsys: Captured
) -> None:
    arguments = ("plan.json", "--pack", "terraform/baseline", "--diff", "HEAD")
    repo.write({"plan.json": plan("a")})
    code, messages, said = check(capsys, *arguments)
    assert (code, bool(messages)) == (1, True)
    assert "not in git, so all that is found there is new: plan.json" in said
    assert "comply baseline create" in said
    repo.commit()
    assert check(capsys, *arguments)[:2] == (0, [])
    repo.write({"plan.json": plan("new", "a")})
    code, messages, _ = check(capsys, *arguments)
    assert code == 1
    assert all("aws_db_instance.new" in m for m in messages)


def test_standard_input_and_files_elsewhere_are_new(
    repo: Repository,
    capsys: Captured,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    outside = tmp_path / "outside.yaml"
    outside.write_text(pod("outside"))
    standard = io.TextIOWrapper(io.BytesIO(pod("given").encode()))
    monkeypatch.setattr("sys.stdin", standard)
    paths = ("-", str(outside), str(repo.folder / "k8s"), "-r", "policy")
    code, messages, said = check(capsys, *paths, "--diff", "main")
    assert (code, sorted(messages)) == (1, ["given is bad", "outside is bad"])
    assert f"{outside}, <stdin>" in said


def test_it_works_in_a_folder_of_the_repository(
    repo: Repository, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.write({"k8s/deep/a.yaml": pod("deep"), "k8s/b.yaml": f"\n{pod('b')}"})
    monkeypatch.chdir(repo.folder / "k8s")
    monkeypatch.setenv("COMPLY_CACHE_DIR", "../../relative-cache")
    for _ in range(2):
        code, messages, _ = check(capsys, "-r", "../policy", "--diff", "main")
        assert (code, messages) == (1, ["deep is bad"])
    monkeypatch.chdir(repo.folder / "k8s/deep")
    assert check(capsys, "-r", "../../policy", "--diff", "main")[0] == 1


def test_a_link_is_followed_at_both_sides(repo: Repository, capsys: Captured) -> None:
    (repo.folder / "k8s/link.yaml").symlink_to("good.yaml")
    repo.git("switch", "-q", "main")
    repo.commit({"k8s/good.yaml": pod("good")})
    repo.git("switch", "-q", "topic")
    repo.git("reset", "-q", "--hard", "main")
    assert run(["check"]) == 1
    assert check(capsys, "--diff", "main")[:2] == (0, [])


def test_what_cannot_be_checked_now_is_told_though_it_was_there(
    repo: Repository, capsys: Captured
) -> None:
    repo.git("switch", "-q", "main")
    repo.commit({"k8s/broken.yaml": "kind: Pod\napiVersion: [\n"})
    repo.git("switch", "-q", "topic")
    repo.git("reset", "-q", "--hard", "main")
    code, messages, _ = check(capsys, "--diff", "main")
    assert (code, len(messages)) == (2, 1)
    repo.git("rm", "-q", "k8s/a.yaml", "k8s/b.yaml")
    code, messages, said = check(capsys, "--diff", "main")
    assert (code, len(messages)) == (2, 1)
    assert "compared with main" in said


def test_what_could_not_be_checked_there_is_new(
    repo: Repository, capsys: Captured
) -> None:
    repo.git("switch", "-q", "main")
    repo.commit({"k8s/a.yaml": "kind: Pod\napiVersion: [\n"})
    repo.git("switch", "-q", "topic")
    repo.git("reset", "-q", "--hard", "main")
    repo.write({"k8s/a.yaml": pod("a")})
    code, messages, said = check(capsys, "--diff", "main")
    assert (code, messages) == (1, ["a is bad"])
    assert "1 error at main" in said
    assert "k8s/a.yaml" in said


def test_a_tree_that_held_nothing_to_check_makes_all_new(
    repo: Repository, capsys: Captured
) -> None:
    repo.git("switch", "-q", "main")
    repo.commit(dict.fromkeys(("k8s/a.yaml", "k8s/b.yaml", "k8s/good.yaml"), "- 1\n"))
    repo.git("switch", "-q", "topic")
    repo.git("reset", "-q", "--hard", "main")
    repo.write({"k8s/a.yaml": pod("a")})
    code, messages, said = check(capsys, "k8s", "-r", "policy", "--diff", "main")
    assert (code, messages) == (1, ["a is bad"])
    assert "so all of it is new: there is nothing to check" in said


def test_the_repository_is_left_as_it_was(repo: Repository, capsys: Captured) -> None:
    hook = repo.folder / ".git/hooks/post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ntouch ran\n")
    hook.chmod(0o755)
    repo.write({"k8s/a.yaml": pod("a", bad=False), "new.yaml": pod("fresh")})

    def state() -> tuple[str, str, str]:
        status = repo.git("status", "--porcelain")
        index = (repo.folder / ".git/index").read_bytes()
        return status, sha256(index).hexdigest(), repo.git("worktree", "list")

    before = state()
    assert check(capsys, "--diff", "main")[:2] == (1, ["fresh is bad"])
    assert state() == before


def test_a_hook_of_git_stops_only_what_a_commit_brings(repo: Repository) -> None:
    hook = repo.folder / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    start = "from comply.cli.main import main; main()"
    engine = Path(__file__).parents[1] / "engine"
    hook.write_text(
        f"#!/bin/sh\nexport PYTHONPATH='{engine}'\n"
        f"exec '{sys.executable}' -c '{start}' check k8s -r policy --diff HEAD\n"
    )
    hook.chmod(0o755)
    repo.write({"k8s/a.yaml": pod("a") + "# touched\n", "k8s/good.yaml": pod("good")})
    # A commit of some files hands the hook an index of its own.
    with pytest.raises(subprocess.CalledProcessError) as stopped:
        repo.git("commit", "-q", "-m", "bad", "k8s/good.yaml")
    assert "good is bad" in stopped.value.stderr + stopped.value.stdout
    repo.write({"k8s/good.yaml": pod("good", bad=False)})
    repo.git("commit", "-q", "-m", "touched", "k8s/a.yaml")
    assert repo.git("show", "--name-only", "--format=") == "k8s/a.yaml"


def test_the_answer_is_the_same_without_a_cache_and_with_processes(
    repo: Repository, capsys: Captured
) -> None:
    repo.commit({f"k8s/{i}.yaml": pod(f"p{i}", bad=i % 2 == 0) for i in range(20)})
    first = repo.git("rev-parse", "HEAD")
    repo.commit({f"k8s/{i}.yaml": pod(f"p{i}", bad=i % 3 == 0) for i in range(20)})
    wanted = sorted(f"p{i} is bad" for i in range(20) if i % 3 == 0 and i % 2)
    for more in ((), (), ("--no-cache",), ("-j", "2", "--no-cache")):
        code, messages, _ = check(capsys, "--diff", first, *more)
        assert (code, sorted(messages)) == (1, wanted)


@pytest.mark.parametrize("seed", range(3))
def test_random_changes_bring_what_they_made_bad(
    repo: Repository, capsys: Captured, seed: int
) -> None:
    random = Random(seed)  # noqa: S311  (no secret)

    def scatter() -> dict[str, bool]:
        """Write pods to the files of one folder in any way; return which are bad."""
        bad = {f"p{i}": random.random() < 0.5 for i in range(8)}
        texts: dict[str, str] = {}
        for name in random.sample(sorted(bad), random.randint(3, 8)):
            file = f"k8s/f{random.randint(0, 3)}.yaml"
            texts[file] = f"{texts.get(file, '')}---\n{pod(name, bad=bad[name])}"
        for old in (repo.folder / "k8s").glob("*.yaml"):
            old.unlink()
        repo.write(texts)
        return {
            n: b for n, b in bad.items() if any(f"{n}}}" in t for t in texts.values())
        }

    for _ in range(3):
        before = scatter()
        repo.commit()
        now = scatter()
        wanted = sorted(
            f"{n} is bad" for n, b in now.items() if b and not before.get(n)
        )
        code, messages, _ = check(capsys, "--diff", "HEAD")
        assert (code, sorted(messages)) == (int(bool(wanted)), wanted)


@pytest.mark.parametrize("ref", ["nope", "-x", ""])
def test_a_ref_that_git_does_not_know_ends_the_run(
    repo: Repository, capsys: Captured, ref: str
) -> None:
    code, _, said = check(capsys, f"--diff={ref}")
    assert code == 2
    assert f"git knows no commit '{ref}' here" in said


@pytest.mark.parametrize("more", [["oracle://u@h:1/s"], ["--spacelift"]])
def test_only_files_are_compared(
    repo: Repository, capsys: Captured, more: list[str]
) -> None:
    assert run(["check", "--diff", "main", *more]) == 2
    assert "--diff compares files" in capsys.readouterr().err
