"""`comply check --spacelift`: which plan it takes, what it leaves, how it fails."""

import json
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from comply.cli.main import run
from comply.rego.spacelift.evaluate import evaluate
from comply.rego.spacelift.shipped import POLICIES, shipped, shipped_root

ROOT = Path(__file__).parents[1]
PLAN = (ROOT / "fixtures/demo/plan.json").read_bytes()
EMPTY = b'{"format_version": "1.2", "planned_values": {"root_module": {}}}'
SCHEMA = json.loads((ROOT / "schemas/spacelift.schema.json").read_text())
REPORT = "comply.custom.spacelift.json"


@dataclass(frozen=True)
class Outcome:
    """What the hook returned, printed and left."""

    code: int
    out: str
    err: str
    report: Any


Hook = Callable[..., Outcome]


@pytest.fixture(name="cache", scope="module")
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where compiled rules are kept, for all tests: it saves half their time."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(name="stack")
def _stack(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the project root of a run; there is no program on the PATH."""
    root = tmp_path / "source"
    root.mkdir()
    (tmp_path / "bin").mkdir()
    monkeypatch.chdir(root)
    for name in list(os.environ):
        if name.startswith(("TF_VAR_spacelift_", "COMPLY_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("COMPLY_CACHE_DIR", str(cache))
    monkeypatch.setenv("TF_VAR_spacelift_run_id", "01RUN")
    monkeypatch.setenv("TF_VAR_spacelift_run_type", "PROPOSED")
    monkeypatch.setenv("TF_VAR_spacelift_commit_sha", "c0ffee")
    monkeypatch.setenv("TF_VAR_spacelift_stack_id", "data")
    return root


@pytest.fixture(name="hook")
def _hook(stack: Path, capsys: pytest.CaptureFixture[str]) -> Hook:
    def start(*words: str) -> Outcome:
        code = run(["check", "--spacelift", *words])
        said = capsys.readouterr()
        file = stack / REPORT
        report = json.loads(file.read_text()) if file.is_file() else None
        if report is not None:
            jsonschema.validate(report, SCHEMA)
        return Outcome(code, said.out, said.err, report)

    return start


def program(stack: Path, name: str, script: str) -> None:
    """Put a program on the PATH."""
    file = stack.parent / "bin" / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


def shows(stack: Path, name: str, data: bytes) -> None:
    """Put a program on the PATH that shows a plan as JSON, if asked as Terraform is."""
    shown = stack.parent / f"{name}.json"
    shown.write_bytes(data)
    question = '[ "$*" = "show -json spacelift.plan" ] || exit 64'
    program(stack, name, f"{question}\necho a notice >&2\nexec /bin/cat {shown}")


def rules(found: Outcome) -> set[str]:
    return {one["rule_id"] for one in found.report["findings"]}


def test_the_json_of_the_plan(stack: Path, hook: Hook) -> None:
    (stack / "spacelift.plan.json").write_bytes(PLAN)
    found = hook()
    assert found.code == 0
    assert found.report["run"] == {"id": "01RUN", "commit": "c0ffee", "stack": "data"}
    assert found.report["plan"]["file"] == "spacelift.plan.json"
    assert found.report["plan"]["sha256"] == sha256(PLAN).hexdigest()
    assert found.report["plan"]["changes"] == 5
    assert found.report["summary"]["deny"] == 3
    assert "terraform/baseline/no-public-rds" in rules(found)
    assert "RDS instance aws_db_instance.orders is publicly accessible" in found.out
    assert found.err == (
        f"{REPORT}: 3 to deny, 0 to warn of; the plan policy decides\n"
    )


@pytest.mark.parametrize("name", ["terraform", "tofu"])
def test_the_binary_plan_is_shown(name: str, stack: Path, hook: Hook) -> None:
    (stack / "spacelift.plan").write_bytes(b"PK")
    shows(stack, name, PLAN)
    found = hook()
    assert found.code == 0
    assert found.report["plan"]["file"] == "spacelift.plan"
    assert found.report["plan"]["sha256"] == sha256(PLAN).hexdigest()
    assert found.report["summary"]["deny"] == 3
    assert found.report["findings"][0]["location"]["file"] == "spacelift.plan"
    assert sorted(path.name for path in stack.iterdir()) == [REPORT, "spacelift.plan"]


def test_tofu_shows_what_terraform_cannot(stack: Path, hook: Hook) -> None:
    (stack / "spacelift.plan").write_bytes(b"PK")
    program(stack, "terraform", "echo Error: made by another program >&2; exit 1")
    shows(stack, "tofu", EMPTY)
    found = hook()
    assert (found.code, found.report["summary"]["deny"]) == (0, 0)
    assert "No findings" in found.out


def test_a_json_older_than_the_plan_is_of_another_plan(stack: Path, hook: Hook) -> None:
    (stack / "spacelift.plan.json").write_bytes(EMPTY)
    os.utime(stack / "spacelift.plan.json", (1_000, 1_000))
    (stack / "spacelift.plan").write_bytes(b"PK")
    shows(stack, "terraform", PLAN)
    found = hook()
    assert found.report["plan"]["file"] == "spacelift.plan"
    assert found.report["summary"]["deny"] == 3
    notice = "spacelift.plan.json is older than spacelift.plan: not used"
    assert notice in found.out
    assert notice in found.report["notices"]


def test_a_committed_link_to_a_newer_file_is_not_used(stack: Path, hook: Hook) -> None:
    (stack / "spacelift.plan.json").symlink_to(stack / "newer.json")
    (stack / "spacelift.plan").write_bytes(b"PK")
    (stack / "newer.json").write_bytes(EMPTY)
    os.utime(stack / "spacelift.plan.json", (1_000, 1_000), follow_symlinks=False)
    shows(stack, "terraform", PLAN)
    assert hook().report["summary"]["deny"] == 3


def test_a_json_as_new_as_the_plan_needs_no_program(stack: Path, hook: Hook) -> None:
    (stack / "spacelift.plan").write_bytes(b"PK")
    (stack / "spacelift.plan.json").write_bytes(PLAN)
    for name in ("spacelift.plan", "spacelift.plan.json"):
        os.utime(stack / name, (1_000, 1_000))
    assert hook().report["plan"]["file"] == "spacelift.plan.json"


def test_no_plan(stack: Path, hook: Hook) -> None:
    (stack / REPORT).write_text("forged")
    found = hook()
    assert (found.code, found.report, found.out) == (2, None, "")
    assert "neither spacelift.plan.json nor spacelift.plan in" in found.err
    assert "after_plan hook" in found.err
    assert not (stack / REPORT).exists()


def test_no_program(stack: Path, hook: Hook) -> None:
    (stack / "spacelift.plan").write_bytes(b"PK")
    found = hook()
    assert (found.code, found.report) == (2, None)
    assert "neither terraform nor tofu is on the PATH" in found.err
    assert "terraform show -json spacelift.plan > spacelift.plan.json" in found.err


def test_programs_that_fail(stack: Path, hook: Hook) -> None:
    (stack / "spacelift.plan").write_bytes(b"PK")
    program(stack, "terraform", "echo Error: no such provider >&2; exit 3")
    broken = stack.parent / "bin" / "tofu"
    broken.write_text("#!/nowhere/sh\n")
    broken.chmod(0o755)
    found = hook()
    assert (found.code, found.report) == (2, None)
    assert "`terraform show -json spacelift.plan` failed (3)\n" in found.err
    assert "Error: no such provider" in found.err
    assert "`tofu show -json spacelift.plan` cannot be run: No such file" in found.err


def test_a_program_that_hangs(
    stack: Path, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("comply.cli.spacelift_plan._SECONDS", 0.2)
    (stack / "spacelift.plan").write_bytes(b"PK")
    program(stack, "terraform", "exec /bin/sleep 20")
    found = hook()
    assert (found.code, found.report) == (2, None)
    assert "did not end within" in found.err


@pytest.mark.parametrize(
    "variable", ["TF_VAR_spacelift_run_id", "TF_VAR_spacelift_commit_sha"]
)
def test_no_run_of_spacelift(
    variable: str, stack: Path, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    (stack / "spacelift.plan.json").write_bytes(PLAN)
    monkeypatch.delenv(variable)
    found = hook()
    assert (found.code, found.report, found.out) == (2, None, "")
    assert f"this is no run of Spacelift: {variable} is not set" in found.err


@pytest.mark.parametrize(
    "data", [b'{"format_version":', b"\xff\x00\xfe", b"[]", b"", b"PK\x03\x04"]
)
def test_a_plan_that_cannot_be_read_is_denied(
    data: bytes, stack: Path, hook: Hook
) -> None:
    (stack / "spacelift.plan.json").write_bytes(data)
    found = hook()
    assert found.code == 0
    assert found.report["summary"]["deny"] == 1
    assert found.report["findings"][0]["status"] == "error"
    assert found.report["plan"]["changes"] == 0
    assert "1 error" in found.out


def test_rules_that_fail_are_denied(stack: Path, hook: Hook) -> None:
    (stack / "spacelift.plan.json").write_bytes(PLAN)
    broken = "package a\nimport rego.v1\ndeny contains 1 if { x := "
    conflict = "package b\nimport rego.v1\nf(_) := 1\nf(_) := 2\ndeny contains x if x := sprintf('%d', [f(input)])"
    (stack / "broken.rego").write_text(broken)
    (stack / "conflict.rego").write_text(conflict.replace("'", '"'))
    found = hook("-r", "broken.rego", "-r", "conflict.rego")
    assert found.code == 0
    listed = found.report["findings"]
    assert {(one["status"], one["decision"]) for one in listed} == {("error", "deny")}
    assert {one["rule_id"] for one in listed} == {"broken", "conflict"}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ("pakcs: []", "pakcs"),
        ("packs: [terraform/none]", "there is no pack"),
        ("rules: [none]", "no such file"),
        ("baseline: none.json", "none.json"),
    ],
)
def test_settings_that_are_wrong_are_denied(
    settings: str, words: str, stack: Path, hook: Hook
) -> None:
    (stack / "spacelift.plan.json").write_bytes(PLAN)
    (stack / "comply.yaml").write_text(settings)
    found = hook()
    assert found.code == 0
    (one,) = found.report["findings"]
    assert (one["rule_id"], one["decision"]) == ("comply/not-checked", "deny")
    assert words in one["message"]
    assert words in found.out


def test_the_settings_hold_as_usual(stack: Path, hook: Hook) -> None:
    (stack / "spacelift.plan.json").write_bytes(PLAN)
    (stack / "deploy.yaml").write_text("apiVersion: v1\nkind: Pod\nmetadata: {}\n")
    (stack / "comply.yaml").write_text(
        """
paths: [deploy.yaml]
packs: [terraform/baseline]
fail_on: high
exceptions:
  - {rule: "*/no-public-rds", fact: aws_db_instance.orders, reason: moving, owner: ann}
"""
    )
    found = hook()
    listed = {one["rule_id"].split("/")[-1]: one for one in found.report["findings"]}
    assert {name: one["decision"] for name, one in listed.items()} == {
        "no-public-s3": "deny",
        "required-tags": "warn",
        "no-public-rds": "none",
    }
    assert listed["no-public-rds"]["exemption"]["owner"] == "ann"
    assert found.report["fail_on"] == "high"
    assert found.report["checked"]["documents"] == 1
    assert "exempt by ann" in found.out


def test_a_comment_allows_and_a_label_has_it_looked_at(
    stack: Path, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    (stack / "spacelift.plan.json").write_bytes(PLAN)
    (stack / "main.tf").write_text(
        '# comply:ignore terraform/baseline/* reason="mine" owner=me\n'
        'resource "aws_db_instance" "orders" {\n}\n'
    )
    listed = hook("--fail-on", "critical").report["findings"]
    (allowed,) = (one for one in listed if one["status"] == "exempt")
    assert allowed["exemption"]["inline"] is True
    assert allowed["exemption"]["place"] == "main.tf:1"
    document = {
        "terraform": json.loads(PLAN),
        "spacelift": {"run": {"id": "01RUN"}, "commit": {"hash": "c0ffee"}},
        "third_party_metadata": {
            "custom": {"comply": json.loads((stack / REPORT).read_text())}
        },
    }
    warned = {}
    for label in ("other", "comply:review-comments"):
        document["spacelift"]["stack"] = {"labels": [label]}
        verdict = evaluate("plan", [shipped(POLICIES["v1"])], document)
        assert verdict.values["deny"] == []
        warned[label] = [w for w in verdict.values["warn"] if "comment" in w]
    told = (
        "RDS instance aws_db_instance.orders is publicly accessible "
        "(critical, terraform/baseline/no-public-rds)"
    )
    assert warned == {
        "other": [],
        "comply:review-comments": [f"allowed by the comment at main.tf:1: {told}"],
    }


def test_flags_go_before_settings_and_paths_beside_the_plan(
    stack: Path, hook: Hook
) -> None:
    (stack / "spacelift.plan.json").write_bytes(PLAN)
    (stack / "deploy.yaml").write_text("apiVersion: v1\nkind: Pod\nmetadata: {}\n")
    (stack / "comply.yaml").write_text("fail_on: info\nformats: [markdown]\n")
    found = hook("deploy.yaml", "--fail-on", "critical", "-f", "json")
    assert json.loads(found.out)["checked"]["documents"] == 2
    assert found.report["checked"]["packs"] == [
        "terraform/baseline",
        "kubernetes/baseline",
    ]
    assert found.report["summary"]["deny"] == 1


def test_other_reports_come_as_usual(stack: Path, hook: Hook) -> None:
    (stack / "spacelift.plan.json").write_bytes(PLAN)
    found = hook("-f", "text", "-f", "sarif=found.sarif")
    assert "3 violations" in found.out
    assert "no-public-rds" in (stack / "found.sarif").read_text()


def test_what_is_known_after_apply(stack: Path, hook: Hook) -> None:
    plan = json.loads(PLAN)
    change = plan["resource_changes"][0]["change"]
    del change["after"]["publicly_accessible"]
    change["after_unknown"] = {"publicly_accessible": True}
    (stack / "spacelift.plan.json").write_text(json.dumps(plan))
    (stack / "public.rego").write_text(
        "package public\nimport rego.v1\ndeny contains r.address if {\n"
        "some r in input.resource_changes\nr.change.after.publicly_accessible\n}\n"
    )
    decisions = {}
    for choice in ("pass", "warn", "fail"):
        found = hook("-r", "public.rego", "--undetermined", choice)
        listed = found.report["findings"]
        decisions[choice] = [(one["status"], one["decision"]) for one in listed]
    assert decisions == {
        "pass": [],
        "warn": [("undetermined", "warn")],
        "fail": [("undetermined", "deny")],
    }


def test_a_plan_that_changes_nothing_passes(stack: Path, hook: Hook) -> None:
    (stack / "spacelift.plan.json").write_bytes(EMPTY)
    found = hook()
    assert (found.code, found.report["findings"]) == (0, [])
    assert found.report["plan"]["changes_sha256"] == sha256(b"").hexdigest()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (EMPTY, []),
        (PLAN, []),
        (PLAN, ["--fail-on", "critical"]),
        (PLAN, ["--pack", "terraform/cost"]),
        (PLAN, ["-r", "broken.rego"]),
        (b"{", []),
    ],
)
@pytest.mark.parametrize("version", ["v1", "v0"])
def test_the_policy_denies_what_fails_a_run_elsewhere(
    version: str, data: bytes, words: list[str], stack: Path, hook: Hook
) -> None:
    (stack / "spacelift.plan.json").write_bytes(data)
    (stack / "broken.rego").write_text("package a\nimport rego.v1\ndeny contains x")
    kind = ["--kind", "terraform_plan"]
    failed = run(["check", "spacelift.plan.json", *kind, *words]) != 0
    assert hook(*words).code == 0
    plan = json.loads(data) if data != b"{" else {"resource_changes": []}
    (stack / "plan.json").write_text(json.dumps({"resource_changes": [], **plan}))
    policy = ["eval", "--type", "plan", str(shipped_root() / POLICIES[version])]
    custom = ["--custom", REPORT]
    assert run(["spacelift", *policy, "plan.json", *custom]) == int(failed)


def test_secrets_stay_out(stack: Path, hook: Hook) -> None:
    plan = json.loads(PLAN)
    change = plan["resource_changes"][0]["change"]
    change["after"]["password"] = "hunter2-hunter2"  # noqa: S105  (to be hidden)
    change["after_sensitive"] = {"password": True}
    (stack / "spacelift.plan.json").write_text(json.dumps(plan))
    (stack / "leak.rego").write_text(
        "package leak\nimport rego.v1\n"
        "deny contains input.resource_changes[_].change.after.password\n"
    )
    found = hook("-r", "leak.rego")
    assert found.report["findings"][0]["message"] == "(sensitive)"
    assert "hunter2" not in (stack / REPORT).read_text() + found.out + found.err


def test_a_link_in_the_place_of_the_report_is_not_followed(
    stack: Path, hook: Hook
) -> None:
    target = stack.parent / "target"
    target.write_text("kept")
    (stack / REPORT).symlink_to(target)
    (stack / "spacelift.plan.json").write_bytes(EMPTY)
    assert hook().code == 0
    assert target.read_text() == "kept"
    assert not (stack / REPORT).is_symlink()


def test_the_report_can_be_read_by_the_worker(stack: Path, hook: Hook) -> None:
    (stack / "spacelift.plan.json").write_bytes(EMPTY)
    (stack / "other").write_text("")
    hook()
    modes = {stat.S_IMODE((stack / n).stat().st_mode) for n in (REPORT, "other")}
    assert len(modes) == 1


def test_a_report_that_cannot_be_replaced(stack: Path, hook: Hook) -> None:
    (stack / "spacelift.plan.json").write_bytes(PLAN)
    (stack / REPORT).mkdir()
    found = hook()
    assert found.code == 2
    assert f"{REPORT}: cannot be replaced" in found.err


def test_a_report_that_cannot_be_written(
    stack: Path, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    (stack / "spacelift.plan.json").write_bytes(PLAN)

    opened = Path.open

    def full(path: Path, *words: Any, **named: Any) -> Any:
        if path.name != REPORT:
            return opened(path, *words, **named)
        path.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.open", full)
    assert run(["check", "--spacelift"]) == 2
    assert not (stack / REPORT).exists()


def test_a_report_that_somebody_writes_meanwhile(
    stack: Path, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    (stack / "spacelift.plan.json").write_bytes(PLAN)

    def meddle(*_words: object) -> str:
        (stack / REPORT).write_text("{}")
        return "{}"

    monkeypatch.setattr("comply.cli.spacelift_check.compose", meddle)
    assert run(["check", "--spacelift"]) == 2


def test_no_databases(stack: Path, hook: Hook) -> None:
    (stack / "spacelift.plan.json").write_bytes(PLAN)
    found = hook("oracle://app@db.example.com:1521/FREEPDB1")
    assert (found.code, found.report) == (2, None)
    assert "databases in runs of their own" in found.err


def test_a_plan_that_cannot_be_opened(stack: Path, hook: Hook) -> None:
    (stack / "spacelift.plan.json").write_bytes(PLAN)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("comply.cli.spacelift_plan.LARGEST", 10)
        assert "larger than the 10 bytes" in hook().err
        patch.setattr("pathlib.Path.read_bytes", refuse)
        patch.setattr("comply.cli.spacelift_plan.LARGEST", 10_000_000)
        assert "spacelift.plan.json: Permission denied" in hook().err


def refuse(_path: Path) -> bytes:
    raise PermissionError(13, "Permission denied")
