"""action.yml, ci/ and docs/ci.md: their scripts run in a repository, their files are read."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml
from tests.ci_runner import ROOT, Shell, write_python, write_wheel
from tests.git_repository import Repository, new_repository

ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
INSTALL, CHECK, UPLOAD = ACTION["runs"]["steps"]
GITLAB_TEXT = (ROOT / "ci/gitlab/comply.yml").read_text("utf-8")
SPEC, GITLAB = yaml.safe_load_all(GITLAB_TEXT)
(JOB,) = GITLAB.values()
ATLANTIS = yaml.safe_load((ROOT / "ci/atlantis/repos.yaml").read_text("utf-8"))
PAGE = (ROOT / "docs/ci.md").read_text("utf-8")
JENKINS = (ROOT / "ci/jenkins/Jenkinsfile").read_text("utf-8")


def pod(name: str) -> str:
    """Return a pod that lacks a label, which is a violation of low severity."""
    return (
        "apiVersion: v1\nkind: Pod\n"
        f"metadata: {{name: {name}, labels: {{app.kubernetes.io/name: {name}}}}}\n"
        "spec: {containers: [{name: c, image: i:1, resources: {requests: {cpu: 1, "
        "memory: 1Gi}, limits: {memory: 1Gi}}}]}\n"
    )


PLAN = {
    "format_version": "1.2",
    "resource_changes": [
        {
            "address": "aws_db_instance.a",
            "mode": "managed",
            "type": "aws_db_instance",
            "name": "a",
            "change": {"actions": ["create"], "after": {"publicly_accessible": True}},
        }
    ],
}


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a machine: `temp` where the action has installed comply, a wheel, a python3."""
    folder = tmp_path_factory.mktemp("machine")
    (folder / "temp").mkdir()
    wheel = write_wheel(folder)
    write_python(folder / "shim")
    own = {"RUNNER_TEMP": str(folder / "temp"), "GITHUB_ACTION_PATH": "none"}
    done = Shell(folder, own, folder / "shim").run(
        INSTALL["run"], REQUIREMENT=str(wheel)
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("comply ")
    return folder


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    """Return a clone: main has a bad pod, its topic one more."""
    origin = new_repository(tmp_path / "origin")
    origin.commit({"k8s/old.yaml": pod("old"), ".gitignore": ".comply/\n"})
    origin.git("switch", "-q", "-c", "topic")
    origin.commit({"k8s/new.yaml": pod("new")})
    origin.git("clone", "-q", "-b", "topic", str(origin.folder), str(tmp_path / "user"))
    return Repository(tmp_path / "user")


@dataclass(frozen=True, slots=True)
class Done:
    """What a run of the action left."""

    code: int
    log: str
    summary: str
    outputs: dict[str, str]


def act(repo: Repository, machine: Path, base: str = "main", **inputs: str) -> Done:
    """Run the step of the action that checks, as the runner does, with inputs."""
    variables = {}
    for name, text in CHECK["env"].items():
        key = text.removeprefix("${{ inputs.").removesuffix(" }}")
        variables[name] = inputs.get(
            key.replace("-", "_"), ACTION["inputs"][key]["default"]
        )
    files = {name: repo.folder.parent / name for name in ("output", "summary")}
    for file in files.values():
        file.write_text("")
    own = {
        "RUNNER_TEMP": str(machine / "temp"),
        "COMPLY_CACHE_DIR": str(machine / "cache"),
        "GITHUB_OUTPUT": str(files["output"]),
        "GITHUB_STEP_SUMMARY": str(files["summary"]),
        "GITHUB_BASE_REF": base,
    }
    done = Shell(repo.folder, own).run(CHECK["run"], **variables)
    lines = files["output"].read_text().splitlines()
    outputs = dict(line.split("=", 1) for line in lines)
    return Done(
        done.returncode,
        done.stdout + done.stderr,
        files["summary"].read_text(),
        outputs,
    )


def test_every_input_is_described_used_and_kept_out_of_scripts() -> None:
    text = (ROOT / "action.yml").read_text("utf-8")
    for name, about in ACTION["inputs"].items():
        assert about["description"], name
        assert isinstance(about["default"], str)
        assert f"inputs.{name}" in text.partition("runs:")[2]
    for step in (INSTALL, CHECK):
        assert "${{" not in step["run"]
        assert step["shell"] == "bash"
    assert UPLOAD["uses"].startswith("github/codeql-action/upload-sarif@")
    assert "inputs.upload-sarif == 'true'" in UPLOAD["if"]
    assert UPLOAD["with"]["sarif_file"] == "${{ steps.check.outputs.sarif }}"


def test_the_action_tells_of_what_a_pull_request_brings(
    repo: Repository, machine: Path
) -> None:
    done = act(repo, machine, diff="base", formats="html=a b.html\n\n  junit=c.xml ")
    assert done.code == 1
    assert done.outputs["exit-code"] == "1"
    errors = [line for line in done.log.splitlines() if line.startswith("::error ")]
    assert len(errors) == 1
    assert "file=k8s/new.yaml" in errors[0]
    assert "### comply: 1 violations" in done.summary
    sarif = json.loads(Path(done.outputs["sarif"]).read_text())
    places = [
        r["locations"][0]["physicalLocation"] for r in sarif["runs"][0]["results"]
    ]
    files = [place["artifactLocation"]["uri"] for place in places]
    assert files == ["k8s/new.yaml", "k8s/old.yaml"]
    assert (repo.folder / "a b.html").exists()
    assert (repo.folder / "c.xml").exists()


def test_the_action_checks_everything_where_there_is_no_pull_request(
    repo: Repository, machine: Path
) -> None:
    done = act(repo, machine, base="", diff="base", sarif="out.sarif")
    assert done.code == 1
    assert done.log.count("::error ") == 2
    assert done.outputs["sarif"] == str(repo.folder / "out.sarif")
    done = act(repo, machine, fail_on="high", packs="kubernetes/baseline\r\n")
    assert done.code == 0
    assert done.outputs["exit-code"] == "0"
    assert "2 violations" in done.summary


def test_lists_have_an_item_a_line(repo: Repository, machine: Path) -> None:
    rule = 'package r\n\ndeny contains "found by r" if input.kind == "Pod"\n'
    repo.write({"my rules/r.rego": rule, "k8s/a b.yaml": pod("a"), "-x.yaml": pod("x")})
    paths = "k8s/a b.yaml\n  -x.yaml\n"
    done = act(repo, machine, paths=paths, rules="my rules\n", fail_on="high")
    assert done.code == 0
    assert done.log.count("found by r") == 2


@pytest.mark.parametrize(
    "text",
    ['"; touch pwned; #\n$(touch pwned)\n`touch pwned`\n* | ../*\n', "--help"],
)
def test_inputs_are_never_run(repo: Repository, machine: Path, text: str) -> None:
    before = sorted(path.name for path in repo.folder.iterdir())
    names = ("paths", "rules", "packs", "formats", "diff", "config", "baseline")
    done = act(repo, machine, **dict.fromkeys((*names, "fail_on"), text))
    assert done.code == 2
    assert done.outputs == {"exit-code": "2", "sarif": ""}
    assert sorted(path.name for path in repo.folder.iterdir()) == before
    done = act(repo, machine, sarif=text)
    assert done.code == 1
    (sarif,) = {path.name for path in repo.folder.iterdir()} - set(before)
    assert sarif == text.partition("\n")[0]


def test_what_comply_says_is_no_command_of_the_runner(
    repo: Repository, machine: Path
) -> None:
    (repo.folder / "out.sarif").write_text("of an earlier run")
    rules = "::warning::forged"
    done = act(repo, machine, rules=rules, sarif="out.sarif")
    assert done.code == 2
    assert done.outputs == {"exit-code": "2", "sarif": ""}
    assert "could not check" in done.summary
    lines = done.log.splitlines()
    begin = next(
        i for i, line in enumerate(lines) if line.startswith("::stop-commands::")
    )
    token = lines[begin].removeprefix("::stop-commands::")
    end = lines.index(f"::{token}::")
    assert len(token) == 32
    assert any(rules in line for line in lines[begin:end])
    assert not any(rules in line for line in lines[end:])


def test_a_shallow_checkout_is_told_what_to_do(
    repo: Repository, machine: Path, tmp_path: Path
) -> None:
    origin, place = f"file://{tmp_path}/origin", str(tmp_path / "shallow")
    repo.git("clone", "-q", "--depth", "1", "-b", "topic", origin, place)
    done = act(Repository(Path(place)), machine, diff="base")
    assert done.code == 2
    assert "fetch-depth: 0" in done.log


@pytest.mark.parametrize("requirement", ["--index-url=https://example.com", "-e."])
def test_the_version_is_no_option(machine: Path, requirement: str) -> None:
    shell = Shell(machine, {"RUNNER_TEMP": str(machine / "none")})
    done = shell.run(INSTALL["run"], REQUIREMENT=requirement, GITHUB_ACTION_PATH=".")
    assert done.returncode == 2
    assert "::error::version is what pip installs" in done.stdout


def test_a_machine_without_python_is_told(machine: Path, tmp_path: Path) -> None:
    bash = str(shutil.which("bash"))
    shell = Shell(tmp_path, {"PATH": str(tmp_path)}, command=(bash, "-e"))
    done = shell.run(INSTALL["run"], REQUIREMENT="")
    assert done.returncode == 2
    assert "needs Python 3.11 or newer" in done.stdout


def gitlab(name: str, inputs: dict[str, str]) -> str:
    """Return a text of the template with the inputs in it."""
    for key, about in SPEC["spec"]["inputs"].items():
        value = inputs.get(key, about.get("default", ""))
        name = name.replace(f"$[[ inputs.{key} ]]", value)
    return name


def test_the_inputs_for_gitlab_are_used_and_kept_out_of_scripts() -> None:
    for name, about in SPEC["spec"]["inputs"].items():
        assert about["description"], name
        assert f'"$[[ inputs.{name} ]]"' in GITLAB_TEXT
    assert "$[[" not in json.dumps([JOB["script"], JOB["artifacts"]])


@pytest.mark.parametrize(
    ("program", "base"), [("bash -eo pipefail", "origin/main"), ("sh -e", "")]
)
def test_the_job_of_gitlab_leaves_its_reports(
    repo: Repository, machine: Path, program: str, base: str
) -> None:
    inputs = {"install": str(machine / "comply-9.9.9-py3-none-any.whl"), "diff": "base"}
    variables = {k: gitlab(v, inputs) for k, v in JOB["variables"].items()}
    variables["COMPLY_CACHE_DIR"] = str(machine / "cache")
    commit = repo.git("merge-base", "HEAD", base) if base else ""
    shell = Shell(repo.folder, variables, machine / "shim", tuple(program.split()))
    done = shell.run("\n".join(JOB["script"]), CI_MERGE_REQUEST_DIFF_BASE_SHA=commit)
    assert done.returncode == 1, done.stderr
    reports = JOB["artifacts"]["reports"]
    issues = json.loads((repo.folder / reports["codequality"]).read_text())
    paths = [issue["location"]["path"] for issue in issues]
    assert paths == ["k8s/new.yaml", "k8s/old.yaml"]
    suites = ET.parse(repo.folder / reports["junit"])  # noqa: S314  (our own)
    assert len(suites.findall(".//failure")) == (1 if base else 2)
    assert all((repo.folder / path).exists() for path in JOB["artifacts"]["paths"])
    assert repo.git("status", "--porcelain") == ""


def test_jenkins_checks_what_a_pull_request_brings(
    repo: Repository, machine: Path
) -> None:
    _, script, _ = JENKINS.split("'''")
    wheel = str(machine / "comply-9.9.9-py3-none-any.whl")
    own = {"COMPLY_INSTALL": wheel, "COMPLY_CACHE_DIR": str(machine / "cache")}
    shell = Shell(repo.folder, own, machine / "shim", ("sh", "-xe"))
    # Jenkins makes of a backslash at the end of a line what Groovy does: nothing.
    script = script.replace("\\\n", "")
    repo.git("update-ref", "-d", "refs/remotes/origin/main")
    done = shell.run(script, CHANGE_TARGET="main")
    assert done.returncode == 1, done.stderr
    assert "1 violation " in done.stdout
    for name in ("comply.xml", "comply.sarif", "comply.html"):
        assert "k8s/new.yaml" in (repo.folder / ".comply" / name).read_text("utf-8")


def test_atlantis_fails_a_plan_with_findings(
    repo: Repository, machine: Path, tmp_path: Path
) -> None:
    steps = ATLANTIS["workflows"]["comply"]["plan"]["steps"]
    scripts = [step["run"] for step in steps if isinstance(step, dict)]
    terraform = tmp_path / "bin/terraform"
    terraform.parent.mkdir()
    terraform.write_text('#!/bin/sh\n[ "$1 $2" = "show -json" ] && cat "$3"\n')
    terraform.chmod(0o755)
    (terraform.parent / "comply").symlink_to(machine / "temp/comply/bin/comply")
    own = {
        "PLANFILE": str(tmp_path / "plan file"),
        "SHOWFILE": str(tmp_path / "show file.json"),
        "COMPLY_CACHE_DIR": str(machine / "cache"),
    }
    shell = Shell(repo.folder, own, terraform.parent, ("sh",))
    codes = []
    for changes in (PLAN["resource_changes"], []):
        (tmp_path / "plan file").write_text(
            json.dumps({**PLAN, "resource_changes": changes})
        )
        codes.append([shell.run(script).returncode for script in scripts])
    assert codes == [[0, 1], [0, 0]]


def test_the_script_for_any_system(repo: Repository, machine: Path) -> None:
    script = str(ROOT / "ci/comply.sh")
    own = {
        "COMPLY_INSTALL": str(machine / "comply-9.9.9-py3-none-any.whl"),
        "COMPLY_CACHE_DIR": str(machine / "cache"),
    }
    shell = Shell(repo.folder, own, machine / "shim", ("sh", "-e"))
    done = shell.run(f"sh '{script}' k8s --diff origin/main")
    assert done.returncode == 1, done.stderr
    assert "1 violation " in done.stdout
    for name in ("comply.xml", "comply.sarif", "comply.html"):
        assert "k8s/new.yaml" in (repo.folder / ".comply" / name).read_text("utf-8")
    done = shell.run(f"sh '{script}'", COMPLY_INSTALL="")
    assert done.returncode == 2
    assert "COMPLY_INSTALL is not set" in done.stderr
    missing = shell.run(f"sh '{script}'", COMPLY_INSTALL="no-such-thing-here")
    assert missing.returncode == 2


def blocks(language: str) -> list[str]:
    return [block.split("```")[0] for block in PAGE.split(f"```{language}\n")[1:]]


def test_the_commands_of_the_page_run(repo: Repository, machine: Path) -> None:
    plans = {
        "main-plan.json": json.dumps(PLAN),
        "tfplan": json.dumps(PLAN),
        "deploy/new.yaml": pod("deployed"),
    }
    repo.write(plans)
    shutil.copytree(ROOT / "ci", repo.folder / "ci")
    programs = repo.folder.parent / "bin"
    programs.mkdir()
    (programs / "terraform").write_text('#!/bin/sh\ncat "$3"\n')
    (programs / "terraform").chmod(0o755)
    (programs / "comply").symlink_to(machine / "temp/comply/bin/comply")
    (programs / "python3").symlink_to(machine / "shim/python3")
    summary = repo.folder.parent / "summary"
    own = {
        "COMPLY_CACHE_DIR": str(machine / "cache"),
        "GITHUB_STEP_SUMMARY": str(summary),
    }
    shell = Shell(repo.folder, own, programs, ("bash", "-e"))
    address = "git+https://example.com/comply@v0.1.0"
    wheel = str(machine / "comply-9.9.9-py3-none-any.whl")
    done = [shell.run(block.replace(address, wheel)) for block in blocks("sh")]
    assert [(d.returncode, d.stderr) for d in done] == [
        *[(1, "")] * 5,
        # The plan has what the older one had.
        (0, ""),
    ]
    assert "3 violations " in done[0].stdout
    assert summary.read_text().startswith("### comply: ")
    assert "1 finding in known.json" in done[5].stdout


def test_the_examples_of_the_page_ask_for_what_there_is() -> None:
    workflow, pipeline, steps = map(yaml.safe_load, blocks("yaml"))
    checkout, action = workflow["jobs"]["comply"]["steps"]
    assert checkout["with"]["fetch-depth"] == 0
    for step in (action, *steps):
        assert set(step["with"]) <= set(ACTION["inputs"])
    (include,) = pipeline["include"]
    assert include["remote"].endswith("ci/gitlab/comply.yml")
    wanted = SPEC["spec"]["inputs"]
    assert set(include["inputs"]) <= set(wanted)
    assert {n for n, about in wanted.items() if "default" not in about} == {"install"}


def test_the_page_names_every_input_and_file() -> None:
    table = PAGE.partition("| input | |")[2].partition("\n\n")[0]
    assert all(f"`{name}`" in table for name in ACTION["inputs"])
    files = [p.relative_to(ROOT).as_posix() for p in (ROOT / "ci").rglob("*.*")]
    files.append("ci/jenkins/Jenkinsfile")
    assert all(f"](../{name})" in PAGE for name in files)
