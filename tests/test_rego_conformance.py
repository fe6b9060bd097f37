"""The published suites: OPA's cases, Gatekeeper's library, and the seed policies."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import re2
from tests.shared_data import FIXTURES, SHARED, json_lines

import comply
from comply.plan.values import UNDEFINED, Value, is_number
from comply.rego import RegoError

SUITE = SHARED / "conformance" / "opa" / "cases.jsonl"
GATEKEEPER = SHARED / "conformance" / "gatekeeper" / "cases.jsonl"
SEEDS = SHARED / "seeds"
EXCLUSIONS = FIXTURES / "rego" / "conformance_exclusions.txt"

Case = dict[str, Any]


def excluded() -> dict[str, str]:
    """Return the reason of each case that cannot pass, by its note."""
    lines = EXCLUSIONS.read_text().splitlines()
    pairs = (line.rsplit(": ", 1) for line in lines if line and line[0] != "#")
    return {pair[0]: pair[1] for pair in pairs}


def parameters(path: Path, reasons: dict[str, str]) -> list[Any]:
    """Return the cases of a file, or one that is skipped where there is no file."""
    cases = json_lines(path)
    if not cases:
        skip = pytest.mark.skip(reason=f"no suite at {path} (set COMPLY_SHARED)")
        return [pytest.param({}, marks=skip, id="absent")]
    made = []
    times: Counter[str] = Counter()
    for case in cases:
        times[case["id"]] += 1
        label = (
            case["id"]
            if times[case["id"]] == 1
            else f"{case['id']}~{times[case['id']]}"
        )
        reason = reasons.get(case.get("note", ""), "")
        marks = [pytest.mark.xfail(reason=reason, strict=True)] if reason else []
        made.append(pytest.param(case, marks=marks, id=label))
    return made


def term_value(text: str) -> Value:
    """Return the value of a Rego term, sets left as sets."""
    policy = comply.rego.compile({})
    program = policy._compile_query(f"x = {text}")
    context = policy.context(program, UNDEFINED, None)
    out: list[dict[str, Value]] = []
    assert program.query is not None
    program.query(context, out)
    return out[0]["x"]


def input_of(case: Case) -> Value:
    if "input_term" in case:
        return term_value(case["input_term"])
    return case.get("input", UNDEFINED)


def solve(case: Case, version: str) -> list[dict[str, Any]]:
    modules = {f"test-{i}.rego": text for i, text in enumerate(case["modules"])}
    policy = comply.rego.compile(modules, version=version)
    strict = bool(case.get("strict_error"))
    rows: list[dict[str, Any]] = policy.query(
        case["query"], input=input_of(case), data=case.get("data"), strict=strict
    )
    return rows


def same(got: Value, want: Value) -> bool:
    """Tell whether two JSON values are equal, booleans being no numbers."""
    if is_number(got) and is_number(want):
        return bool(got == want)
    if type(got) is not type(want):
        return False
    if isinstance(got, list):
        return len(got) == len(want) and all(map(same, got, want))
    if isinstance(got, dict):
        return got.keys() == want.keys() and all(same(got[k], want[k]) for k in got)
    return bool(got == want)


def by_text(value: Value) -> str:
    return json.dumps(value, sort_keys=True)


def comparable(case: Case, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return solutions in a fixed order, without what the case leaves open."""
    made = []
    for row in rows:
        kept = {
            name: value
            for name, value in row.items()
            if not (case.get("ignore_generated_vars") and name.startswith("__"))
        }
        if case.get("sort_bindings"):
            kept = {
                name: sorted(value, key=by_text) if isinstance(value, list) else value
                for name, value in kept.items()
            }
        made.append(kept)
    return sorted(made, key=by_text)


@pytest.mark.conformance
@pytest.mark.parametrize("version", ["auto", "v1"])
@pytest.mark.parametrize("case", parameters(SUITE, excluded()))
def test_case(case: Case, version: str) -> None:
    code, text = case.get("want_error_code"), case.get("want_error", "")
    if code or text:
        with pytest.raises(RegoError) as caught:
            solve(case, version)
        assert text in str(caught.value)
        assert code in {None, caught.value.code}
        return
    got = comparable(case, solve(case, version))
    want = comparable(case, case["want_result"])
    assert same(got, want), f"got {got}, not {want}"


def test_every_exclusion_names_a_case() -> None:
    cases = json_lines(SUITE)
    if not cases:
        pytest.skip(f"no suite at {SUITE} (set COMPLY_SHARED)")
    assert set(excluded()) <= {case["note"] for case in cases}


@pytest.mark.conformance
@pytest.mark.parametrize("case", parameters(GATEKEEPER, {}))
def test_gatekeeper_case(case: Case) -> None:
    libraries = {f"lib{i}.rego": text for i, text in enumerate(case["libs"])}
    policy = comply.rego.compile({"template.rego": case["rego"], **libraries})
    package = ".".join(policy.modules[0].package)
    inventory = {"inventory": case.get("data_inventory") or {}}
    found = policy.eval(
        f"data.{package}.violation", input=case["input"], data=inventory
    )
    results = [] if found is UNDEFINED else found
    for assertion in case["assertions"]:
        pattern = assertion.get("message") or ""
        count = sum(bool(re2.search(pattern, r["msg"])) for r in results)
        wanted = assertion.get("violations", "yes")
        if wanted in ("yes", "no", None):
            assert (count > 0) is (wanted != "no"), results
        else:
            assert count == int(wanted), results


def seeds() -> dict[str, Any]:
    path = SEEDS / "expected.json"
    if not path.exists():
        return {"plan_policies": {"absent": {}}, "cases": [{"policy": "absent"}]}
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def numbered(cases: list[Case]) -> list[str]:
    return [f"{i}-{case['policy']}" for i, case in enumerate(cases)]


def seed(name: str) -> str:
    path = SEEDS / "rego" / f"{name}.rego"
    if not path.exists():
        pytest.skip(f"no published policies at {SEEDS} (set COMPLY_SHARED)")
    return path.read_text()


@pytest.mark.conformance
@pytest.mark.parametrize("name", list(seeds()["plan_policies"]))
def test_published_plan_policy(name: str) -> None:
    policy = comply.rego.compile({f"{name}.rego": seed(name)})
    expected = seeds()
    plan = json.loads((SEEDS / expected["plan_input"]).read_text())
    wanted = expected["plan_policies"][name]
    assert wanted
    for rule, value in wanted.items():
        got = policy.eval(f"data.spacelift.{rule}", input=plan)
        assert ("undefined" if got is UNDEFINED else got) == value


@pytest.mark.conformance
@pytest.mark.parametrize("case", seeds()["cases"], ids=numbered(seeds()["cases"]))
def test_published_policy(case: Case) -> None:
    modules = {f"{case['policy']}.rego": seed(case["policy"])}
    codes = {v for v in case["expect"].values() if str(v).startswith("rego_")}
    if codes:
        with pytest.raises(RegoError) as caught:
            comply.rego.compile(modules)
        assert codes == {caught.value.code}
        return
    policy = comply.rego.compile(modules)
    package = ".".join(policy.modules[0].package)
    for rule, value in case["expect"].items():
        got = policy.eval(
            f"data.{package}.{rule}", input=case["input"], data=case.get("data")
        )
        assert ("undefined" if got is UNDEFINED else got) == value
