"""A tree of files checked with a cache: its rules, its files, what a run gives."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from comply.cli.cached_check import Options
from comply.cli.settings import Settings
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

Result = tuple[list[Finding], Any] | str


def manifest(kind: str, name: str, tier: str) -> str:
    return (
        f"apiVersion: v1\nkind: {kind}\n"
        f"metadata: {{name: {name}, labels: {{tier: {tier}}}}}\n"
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


def new_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write the tree into a folder of its own, and go there."""
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
