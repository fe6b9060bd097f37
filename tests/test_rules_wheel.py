"""The wheel: installed elsewhere, away from the checkout, it brings its rules."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RULES = ROOT / "rules"


def run(*command: str | Path, code: int = 0, folder: Path | None = None) -> str:
    clean = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [str(part) for part in command],
        check=False,
        capture_output=True,
        text=True,
        env=clean,
        cwd=folder,
    )
    assert done.returncode == code, done.stderr + done.stdout
    return done.stdout


def build(folder: Path) -> Path:
    """Build the wheel; without isolation where the build backend is at hand."""
    isolated = () if find_spec("hatchling") is None else ("--no-build-isolation",)
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", *isolated)
    run(*pip, "--wheel-dir", folder, ROOT)
    (wheel,) = folder.glob("comply-*.whl")
    return wheel


def install(wheel: Path, folder: Path) -> Path:
    """Install the wheel into an empty environment that borrows our dependencies."""
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    target = run(
        python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"
    ).strip()
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "--quiet")
    run(*pip, "--no-deps", wheel)
    borrowed = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    Path(target, "borrowed.pth").write_text("\n".join(borrowed) + "\n")
    return folder / "bin"


def holds_every_rule(wheel: Path) -> None:
    listed = run(sys.executable, "-m", "zipfile", "--list", wheel)
    for path in RULES.glob("*/*/*"):
        assert f"comply/rules_builtin/{path.relative_to(RULES).as_posix()}/" in listed
    assert "comply/schemas/" in listed
    for path in (ROOT / "policies").rglob("*.rego"):
        assert f"comply/{path.relative_to(ROOT).as_posix()}" in listed


@pytest.mark.slow
def test_a_wheel_holds_its_rules_and_finds_them_installed(tmp_path: Path) -> None:
    wheel = build(tmp_path / "dist")
    holds_every_rule(wheel)
    bin_folder = install(wheel, tmp_path / "environment")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    home = run(
        bin_folder / "python", "-c", "import comply; print(comply.__file__)"
    ).strip()
    assert Path(home).is_relative_to(tmp_path)

    example = RULES / "terraform/baseline/no-public-rds/fail/public-instance.json"
    shutil.copy(example, elsewhere / "plan.json")
    command = (bin_folder / "comply", "check", "-f", "json")
    report = json.loads(run(*command, code=1, folder=elsewhere))
    rules = {finding["rule_id"] for finding in report["findings"]}
    assert "terraform/baseline/no-public-rds" in rules
    policy = run(bin_folder / "comply", "spacelift", "policy", folder=elsewhere)
    assert policy == (ROOT / "policies/spacelift/plan.rego").read_text()
