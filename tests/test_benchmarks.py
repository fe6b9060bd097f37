"""The benchmarks: each runs at a small size, and what they found becomes the tables."""

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest

FOLDER = Path(__file__).parents[1] / "benchmarks"
FREE = (
    "growth",
    "many_rules",
    "memory",
    "one_change",
    "policy_tests",
    "sql_delta",
    "filled_tables",
    "start_up",
    "warm_runs",
    "yaml_parsers",
)
AGAINST_OPA = ("opa_plan", "gatekeeper_rules", "helper_that_searches")


def quick(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(FOLDER / f"{name}.py"), "--quick", *arguments],
        check=False,
        capture_output=True,
        text=True,
        env=environment(),
    )


def environment() -> dict[str, str]:
    """Return the environment without Checkov, whose start alone takes seconds."""
    paths = os.environ.get("PATH", "").split(os.pathsep)
    kept = [path for path in paths if not (Path(path) / "checkov").exists()]
    own = {"PYTHONPATH": str(FOLDER.parent / "engine"), "PATH": os.pathsep.join(kept)}
    found = {**os.environ, **own}
    found.pop("CHECKOV", None)
    return found


def outcome(name: str) -> dict[str, list[dict[str, float]]]:
    done = quick(name, "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, list[dict[str, float]]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("name", FREE)
def test_a_benchmark_runs_at_a_small_size(name: str) -> None:
    found = outcome(name)
    assert found["bars"]
    assert all(bar["value"] > 0 for bar in found["bars"])
    assert found["verdicts"]


@pytest.mark.skipif(
    not (os.environ.get("OPA") or shutil.which("opa")), reason="there is no OPA"
)
@pytest.mark.parametrize("name", AGAINST_OPA)
def test_a_benchmark_measures_its_peer(name: str) -> None:
    labels = [str(bar["label"]) for bar in outcome(name)["bars"]]
    assert any("OPA" in label for label in labels)
    assert any("comply" in label for label in labels)


def test_without_its_peer_a_benchmark_says_so() -> None:
    found = outcome("kubernetes_checkov")
    assert found["skipped"]
    assert not found["bars"]


@pytest.mark.skipif(find_spec("regopy") is None, reason="there is no rego-cpp")
def test_rego_cpp_is_measured() -> None:
    found = outcome("rego_cpp")
    assert [str(bar["label"]).split(", ")[1] for bar in found["bars"]] == [
        "comply",
        "rego-cpp",
    ]


def test_a_quick_run_claims_nothing_and_keeps_nothing() -> None:
    before = (FOLDER / "results.json").read_bytes()
    done = subprocess.run(
        [sys.executable, str(FOLDER / "run.py"), "--quick", "yaml_parsers"],
        check=True,
        capture_output=True,
        text=True,
        env=environment(),
    )
    assert "not claimed of so little" in done.stdout
    assert (FOLDER / "results.json").read_bytes() == before


@pytest.fixture(name="runner")
def _runner(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    monkeypatch.syspath_prepend(str(FOLDER))
    import run

    monkeypatch.setattr(run, "FOLDER", tmp_path)
    monkeypatch.setattr(run, "RESULTS", tmp_path / "results.json")
    return run


def test_outcomes_become_results_tables_and_charts(
    runner: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = {
        "claim": "Fast: under 9 ms.\n\nHow it was measured.",
        "bars": [{"label": "comply", "value": 7.0, "unit": "ms"}],
        "verdicts": [
            {"what": "ms", "value": 7.0, "sense": "at most", "bound": 9},
            {"what": "times", "value": 2.0, "sense": "at least", "bound": 3},
        ],
        "notes": "A note.",
        "skipped": "",
        "day": "2026-11-21",
        "machine": "a machine",
    }
    monkeypatch.setattr(runner, "_outcome", lambda _name: found)
    monkeypatch.setattr(sys, "argv", ["run.py", "start_up"])
    runner.main()
    assert json.loads((tmp_path / "results.json").read_text()) == {"start_up": found}
    text = (tmp_path / "README.md").read_text()
    assert "## Fast: under 9 ms." in text
    assert "| comply | 7.00 ms |" in text
    assert "| ms | 7.00 | at most 9 | yes |" in text
    assert "| times | 2.00 | at least 3 | **no** |" in text
    assert "A note." in text
    assert "comply" in (tmp_path / "start_up.svg").read_text()


def test_an_unknown_benchmark_is_refused(
    runner: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["run.py", "guessing"])
    with pytest.raises(SystemExit, match="no such benchmark: guessing"):
        runner.main()


def test_every_benchmark_is_in_the_list(runner: ModuleType) -> None:
    claims = {
        path.stem
        for path in FOLDER.glob("*.py")
        if "Outcome(" in path.read_text() and path.stem != "measure"
    }
    assert claims == set(runner.BENCHMARKS)


def test_a_plan_in_memory_is_the_plan_on_disk(
    runner: ModuleType, tmp_path: Path
) -> None:
    from generate import write_plan  # type: ignore[import-not-found,unused-ignore]  # of benchmarks/
    from plans import plan  # type: ignore[import-not-found,unused-ignore]  # likewise

    write_plan(700, tmp_path / "plan.json", seed=3)
    assert json.loads((tmp_path / "plan.json").read_text()) == plan(700, seed=3)
