"""The shipped plan policy: its tests, and that no change of a report lets a plan pass."""

import json
import os
import shutil
import subprocess
from copy import deepcopy
from functools import cache
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

import comply
from comply.cli.main import run
from comply.rego.parser import Version
from comply.rego.spacelift.evaluate import evaluate
from comply.rego.spacelift.shipped import POLICIES, TESTS, shipped, shipped_root

VERSIONS: Final[tuple[Version, ...]] = ("v1", "v0")
OPA: Final = os.environ.get("OPA") or shutil.which("opa")
needs_opa = pytest.mark.skipif(
    OPA is None, reason="no OPA: name one by OPA or put it on the PATH"
)

FINDING: Final = {
    "decision": "deny",
    "rule_id": "a/b",
    "severity": "high",
    "status": "violation",
    "message": "m",
    "fact": "a.one",
}
REPORT: Final[dict[str, Any]] = {
    "schema_version": 1,
    "comply_version": "0.1.0",
    "run": {"id": "01RUN", "commit": "c0ffee", "stack": "s"},
    "plan": {
        "file": "spacelift.plan.json",
        "sha256": "0" * 64,
        "changes": 1,
        "changes_sha256": sha256(b"a.one create").hexdigest(),
    },
    "summary": {"deny": 1, "warn": 0, "none": 0},
    "notices": [],
    "left_out": 0,
    "findings": [FINDING],
}
JSON: Final = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 200)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "deny", "none", "warn", "error", "01RUN", "\x1b[2J"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner)
    ),
    max_leaves=4,
)


def given_to_policies(report: Any) -> dict[str, Any]:
    changed = {"address": "a.one", "change": {"actions": ["create"]}}
    return {
        "terraform": {"resource_changes": [changed]},
        "spacelift": {
            "run": {"id": "01RUN"},
            "commit": {"hash": "c0ffee"},
            "stack": {"labels": []},
        },
        "third_party_metadata": {"custom": {"comply": report}},
    }


@cache
def compiled(version: Version) -> comply.rego.Policy:
    source = shipped(POLICIES[version])
    return comply.rego.compile({source.name: source.text}, version=version)


def decided(version: Version, document: Any) -> tuple[list[str], list[str]]:
    policy = compiled(version)
    values = policy.eval("data.spacelift", input=document)
    return values["deny"], values["warn"]


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path]
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            found += paths(item, (*path, key))
    return found


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copied = deepcopy(value)
    owner = copied
    for key in path[:-1]:
        owner = owner[key]
    owner[path[-1]] = new
    return copied


@pytest.mark.parametrize("version", VERSIONS)
def test_the_tests_pass_and_cover_the_policy(
    version: Version, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [str(shipped_root() / name) for name in (POLICIES[version], TESTS)]
    assert run(["test", *files, "--threshold", "100", "-f", "json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["summary"]["pass"] > 40


@needs_opa
@pytest.mark.parametrize("version", VERSIONS)
def test_the_tests_pass_in_opa_too(version: Version) -> None:
    files = [str(shipped_root() / name) for name in (POLICIES[version], TESTS)]
    done = opa("test", "--format", "json", *flags(version), *files)
    results = json.loads(done)
    assert len(results) > 15
    assert not [one["name"] for one in results if one.get("fail") or one.get("error")]


@needs_opa
@pytest.mark.parametrize("version", VERSIONS)
def test_opa_finds_nothing_to_complain_of(version: Version) -> None:
    policy, tests = (str(shipped_root() / name) for name in (POLICIES[version], TESTS))
    assert opa("check", "--strict", *flags(version), policy, tests) == ""
    assert opa("fmt", "--list", *flags(version), policy) == ""


@pytest.mark.parametrize("version", VERSIONS)
def test_the_command_prints_it(
    version: Version, capsys: pytest.CaptureFixture[str]
) -> None:
    flag = ["--v0"] if version == "v0" else []
    assert run(["spacelift", "policy", *flag]) == 0
    assert capsys.readouterr().out == shipped(POLICIES[version]).text
    assert run(["spacelift", "policy", "--tests", *flag]) == 0
    assert capsys.readouterr().out == shipped(TESTS).text


@given(st.sampled_from(paths(REPORT)), JSON)
def test_no_one_change_of_a_report_lets_a_denied_plan_pass(
    path: tuple[Any, ...], new: Any
) -> None:
    document = given_to_policies(replaced(REPORT, path, new))
    denied, warned = decided("v1", document)
    assert denied
    assert (denied, warned) == decided("v0", document)


@given(JSON)
def test_no_other_value_is_taken_for_a_report(value: Any) -> None:
    for version in VERSIONS:
        denied, warned = decided(version, given_to_policies(value))
        assert denied
        assert denied[0].startswith("comply: ")
        assert warned == []


@given(st.sampled_from(paths(given_to_policies(REPORT)["spacelift"])), JSON)
def test_a_run_that_cannot_be_told_is_denied(path: tuple[Any, ...], new: Any) -> None:
    document = given_to_policies(REPORT)
    document["spacelift"] = replaced(document["spacelift"], path, new)
    for version in VERSIONS:
        denied, warned = decided(version, document)
        advised = "stack" in path and not denied
        assert denied or (advised and warned)


@pytest.mark.parametrize("version", VERSIONS)
def test_spacelift_eval_agrees(version: Version) -> None:
    old = replaced(REPORT, ("run", "id"), "01OLD")
    passing = replaced(REPORT, ("findings", 0, "decision"), "none")
    for report in (REPORT, old, None, replaced(passing, ("summary", "deny"), 0)):
        document = given_to_policies(report)
        verdict = evaluate("plan", [shipped(POLICIES[version])], document, version)
        denied, warned = decided(version, document)
        assert (verdict.values["deny"], verdict.values["warn"]) == (denied, warned)
        assert verdict.decision.blocks is bool(denied)


def test_an_advised_stack_is_the_only_one_that_is_warned() -> None:
    document = given_to_policies(REPORT)
    document["spacelift"]["stack"]["labels"] = ["comply:advisory"]
    for version in VERSIONS:
        assert decided(version, document) == ([], ["a.one: m (high, a/b)"])


@needs_opa
@pytest.mark.parametrize("version", VERSIONS)
def test_opa_decides_the_same(version: Version, tmp_path: Path) -> None:
    random = Random(20261121)  # noqa: S311  (the same inputs in every run)
    values: list[Any] = [None, True, 0, 1, 2.5, "", "error", "none", [], {}, [FINDING]]
    changes = [
        replaced(REPORT, random.choice(paths(REPORT)), random.choice(values))
        for _ in range(150)
    ]
    documents = [given_to_policies(one) for one in [REPORT, *changes]]
    (tmp_path / "inputs.json").write_text(json.dumps({"inputs": documents}))
    query = (
        "[[denied, warned] | document := data.inputs[_]; "
        "denied := data.spacelift.deny with input as document; "
        "warned := data.spacelift.warn with input as document]"
    )
    policy = str(shipped_root() / POLICIES[version])
    data = str(tmp_path / "inputs.json")
    out = opa(
        "eval", "--format", "raw", *flags(version), "-d", policy, "-d", data, query
    )
    theirs = [(denied, warned) for denied, warned in json.loads(out)]
    assert len(theirs) == 151
    assert theirs == [decided(version, document) for document in documents]


def flags(version: Version) -> list[str]:
    return ["--v0-compatible"] if version == "v0" else []


def opa(*words: str) -> str:
    done = subprocess.run(
        [str(OPA), *words], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout
