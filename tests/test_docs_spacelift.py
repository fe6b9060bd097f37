"""docs/spacelift.md: its commands run, its files are read, its policy decides."""

import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
import yaml

from comply.config import configure
from comply.load import load
from comply.load.terraform_source.folder import gather
from comply.rego.spacelift.evaluate import evaluate
from comply.source import Source

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "spacelift.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    """Return the blocks of a language, those in lists without their indentation."""
    starts = PAGE.split(f"```{language}\n")[1:]
    return [dedent(start.split("```")[0]) for start in starts]


def execute(block: str, folder: Path) -> subprocess.CompletedProcess[str]:
    program = folder / "bin" / "comply"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m comply.cli.main "$@"\n')
    program.chmod(0o755)
    (folder / "fixtures").symlink_to(ROOT / "fixtures")
    return subprocess.run(
        ["/bin/bash", "-ec", block],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        env={
            "PATH": f"{program.parent}:/usr/bin:/bin",
            "PYTHONPATH": str(ROOT / "engine"),
            "XDG_CACHE_HOME": str(folder / "cache"),
        },
    )


def test_the_policy_is_printed_with_tests_that_pass(tmp_path: Path) -> None:
    done = execute(blocks("sh")[0], tmp_path)
    assert done.returncode == 0, done.stderr
    assert " tests passed" in done.stdout


def test_it_can_be_tried_and_says_what_the_page_says(tmp_path: Path) -> None:
    done = execute(blocks("sh")[1], tmp_path)
    assert done.returncode == 1, done.stderr
    said = [block.strip("\n") for block in PAGE.split("```\n")[1::2]]
    verdict, closing = (text for text in said if text.startswith(("✗", "comply.")))
    assert verdict in done.stdout
    assert closing in done.stderr
    assert len(blocks("sh")) == 2


def test_the_configuration_is_read(tmp_path: Path) -> None:
    (block,) = blocks("hcl")
    (tmp_path / "main.tf").write_text(block)
    (document,) = load(gather(tmp_path), "terraform_source")
    assert isinstance(document.value, dict)
    types = {one["type"] for one in document.value["resource_changes"]}
    assert types == {
        "spacelift_policy",
        "spacelift_stack",
        "spacelift_policy_attachment",
        "spacelift_mounted_file",
    }


@pytest.mark.skipif(shutil.which("terraform") is None, reason="there is no Terraform")
def test_terraform_would_not_format_it_otherwise(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(blocks("hcl")[0])
    command = [shutil.which("terraform") or "", "fmt", "-check", "-diff", str(tmp_path)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_settings_are_read() -> None:
    (block,) = blocks("yaml")
    value = yaml.load(block, yaml.BaseLoader)  # noqa: S506  (texts only)
    assert configure(value, lambda _path: None).fail_on == "high"


@pytest.mark.parametrize(
    ("changed", "approvals", "outcome"),
    [(False, 0, "approved"), (True, 0, "undecided"), (True, 1, "approved")],
)
def test_changed_hooks_wait_for_somebody(
    changed: bool, approvals: int, outcome: str
) -> None:
    (block,) = blocks("rego")
    document = {
        "run": {"repository_runtime_config_changed": changed},
        "reviews": {"current": {"approvals": [{"author": "ann"}] * approvals}},
        "stack": {},
    }
    verdict = evaluate("approval", [Source("a.rego", block)], document)
    assert verdict.decision.outcome == outcome


@pytest.mark.skipif(shutil.which("terraform") is None, reason="there is no Terraform")
def test_the_hook_with_real_terraform(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(
        'variable "secret" {\n  default   = "correct-horse"\n  sensitive = true\n}\n'
        'resource "terraform_data" "a" {\n  for_each = toset(["x.y"])\n'
        "  input    = var.secret\n}\n"
    )
    (tmp_path / "own.rego").write_text(
        "package own\nimport rego.v1\n"
        "deny contains r.change.after.input if some r in input.resource_changes\n"
    )
    folder = Path(shutil.which("terraform") or "").parent
    steps = f"""
export PATH="$PATH:{folder}" CHECKPOINT_DISABLE=1
export TF_VAR_spacelift_run_id=01RUN TF_VAR_spacelift_commit_sha=c0ffee
terraform init -input=false >&2
terraform plan -input=false -out spacelift.plan >&2
comply check --spacelift -r own.rego
terraform show -json spacelift.plan > shown.json
comply spacelift policy > comply.rego
comply spacelift eval --type plan comply.rego shown.json --custom comply.custom.spacelift.json
"""
    done = execute(steps, tmp_path)
    assert done.returncode == 1, done.stderr
    line = 'terraform_data.a["x.y"]: (sensitive) (medium, own)'
    assert line in done.stdout
    report = (tmp_path / "comply.custom.spacelift.json").read_text()
    assert "correct-horse" not in report + done.stdout
