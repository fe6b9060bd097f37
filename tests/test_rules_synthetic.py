"""The benchmarks' synthetic inputs: the same everywhere, and what comply reads."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import comply

GENERATE = Path(__file__).parents[1] / "benchmarks" / "generate.py"


def generate(what: str, number: int, target: Path, hash_seed: str = "0") -> Path:
    subprocess.run(
        [sys.executable, str(GENERATE), what, str(number), str(target)],
        check=True,
        env=os.environ | {"PYTHONHASHSEED": hash_seed},
    )
    return target


def test_a_plan_is_the_same_under_any_hash_seed(tmp_path: Path) -> None:
    one = generate("plan", 200, tmp_path / "one.json", "1")
    two = generate("plan", 200, tmp_path / "two.json", "2")
    assert one.read_bytes() == two.read_bytes()


def test_a_plan_has_every_shape(tmp_path: Path) -> None:
    plan = json.loads(generate("plan", 3000, tmp_path / "plan.json").read_text())
    changes = plan["resource_changes"]
    addresses = [change["address"] for change in changes]
    actions = Counter(tuple(change["change"]["actions"]) for change in changes)
    assert len(changes) == 3000
    assert addresses == sorted(addresses)
    assert len(set(addresses)) == 3000
    assert {("delete", "create"), ("create", "delete"), ("no-op",)} <= actions.keys()
    assert any('["eu.west-1"]' in address for address in addresses)
    assert any(r"k\"q" in address for address in addresses)
    assert max(address.count("module.") for address in addresses) == 6
    assert any("bucket" in change["change"]["after_unknown"] for change in changes)


def test_a_plan_has_findings_of_every_rule_but_few(tmp_path: Path) -> None:
    session = comply.Session(packs=["terraform/baseline"])
    session.load(generate("plan", 2000, tmp_path / "plan.json"))
    found = Counter(finding.rule_id for finding in session.check())
    assert {
        "terraform/baseline/no-public-rds",
        "terraform/baseline/no-public-s3",
        "terraform/baseline/required-tags",
    } == found.keys()
    assert 20 < found.total() < 200


def test_manifests_load_and_have_findings(tmp_path: Path) -> None:
    folder = generate("manifests", 150, tmp_path / "manifests")
    files = sorted(folder.rglob("*.yaml"))
    session = comply.Session(packs=["kubernetes/baseline"])
    for path in files:
        session.load(path)
    found = {finding.rule_id for finding in session.check()}
    assert len(files) == 150
    assert len(found) == 3


def test_policies_compile_and_find(tmp_path: Path) -> None:
    folder = generate("policies", 40, tmp_path / "policies")
    texts = {path.name: path.read_text() for path in folder.iterdir()}
    policy = comply.rego.compile(texts)
    spec = {"containers": [{"name": "a", "image": "untrusted.example.com/a"}]}
    review = {"review": {"object": {"metadata": {"name": "pod"}, "spec": spec}}}
    answers = policy.eval("data.bench", input=review)
    assert len(answers) == 40
    assert len(set(texts.values())) == 40
    assert sum(bool(answer["violation"]) for answer in answers.values()) >= 12
