"""The fuzzer: a short run of it, and that it would tell of faults.

The long run is `python -m scripts.fuzz`.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from scripts.fuzz import attempt, mutate
from scripts.fuzz.attempt import CACHE, Bench
from scripts.fuzz.targets import ROOT, TARGETS, target_of
from scripts.fuzz.worker import made, told

from comply.cli.main import run
from comply.load import LOADERS


@pytest.mark.slow
def test_two_hundred_inputs_make_comply_fail_nowhere() -> None:
    # What takes too long is broken off, in a tracer while it holds its lock for example.
    env = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE_")}
    done = subprocess.run(
        [sys.executable, "-m", "scripts.fuzz", "--inputs", "200"],
        cwd=ROOT,
        env={**env, "PYTHONPATH": str(ROOT / "engine")},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    counts = [line.split() for line in done.stdout.splitlines()]
    (everything,) = (row for row in counts if row[:1] == ["all"])
    inputs, clean, found, refused, faults = map(int, everything[1:])
    assert (inputs, faults) == (200, 0)
    assert clean + found + refused == 200
    # What nobody could read at all would say little about what reads it.
    assert clean + found > 40


def test_every_kind_of_document_is_a_target() -> None:
    assert {t.kind for t in TARGETS.values() if t.kind} == set(LOADERS)
    assert sum(target.weight for target in TARGETS.values()) == 100
    names = [target_of(number) for number in range(1_000, 1_100)]
    assert {n: names.count(n) for n in TARGETS} == {
        name: target.weight for name, target in TARGETS.items()
    }


@pytest.mark.parametrize("name", ["Rego on plans", "Rego on manifests", "Rego on data"])
def test_most_policies_that_are_changed_are_evaluated(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMPLY_CACHE_DIR", str(tmp_path))
    numbers = [number for number in range(1_000) if target_of(number) == name][:12]
    bench = Bench(tmp_path, run)
    inputs = [bench.made(1, number)[1] for number in numbers]
    policies = {json.loads(data)["policy/r.rego"] for data in inputs}
    seeds = {json.loads(data)["policy/r.rego"] for data in TARGETS[name].seeds()}
    assert len(policies - seeds) > 6
    codes = []
    for data, number in zip(inputs, numbers, strict=True):
        outcome = bench.attempt(name, data, number)
        assert outcome.fault == ""
        codes.append(outcome.code)
    assert codes.count(2) < 6


def test_an_input_is_made_again_from_its_number(tmp_path: Path) -> None:
    numbers = [number for number in range(200) if target_of(number) != CACHE]
    inputs = [Bench(tmp_path, run).made(1, number)[1] for number in numbers[:20]]
    bench = Bench(tmp_path, run)
    again = [bench.made(1, number)[1] for number in numbers]
    assert inputs == again[:20]
    assert len(set(again)) > len(again) * 0.9
    assert made(1, 0) == again[0] != bench.made(2, 0)[1]


def mistake(_words: list[str]) -> int:
    sys.stderr.write("Traceback\n  File x\nKeyError: 1\n\nThis is a bug in comply 1\n")
    return 2


def silent(_words: list[str]) -> int:
    return 2


def odd_code(_words: list[str]) -> int:
    sys.stdout.write("[]")
    return 3


def endless(_words: list[str]) -> int:
    while True:
        pass


def no_json(_words: list[str]) -> int:
    sys.stdout.write("{")
    return 1


@pytest.mark.parametrize(
    ("command", "fault"),
    [
        (mistake, "crashed: KeyError: 1"),
        (silent, "said nothing"),
        (odd_code, "ended with 3"),
        (endless, "took more than"),
        (no_json, "wrote json that is none"),
    ],
)
def test_each_fault_is_told(
    command: Callable[[list[str]], int],
    fault: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(attempt, "SECONDS", 0.1)
    bench = Bench(tmp_path, command)
    assert fault in bench.attempt("Rego rules", b"package a", 0).fault


def test_a_cache_that_changes_what_is_found_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMPLY_CACHE_DIR", str(tmp_path))
    bench = Bench(tmp_path, run)
    bench.prepare()
    assert set(bench.cache) >= {"findings.sqlite"}
    assert bench.attempt(CACHE, b"", 0).fault == ""
    bench.uncached = (0, "")
    assert "damaged cache" in bench.attempt(CACHE, b"", 0).fault


def test_a_process_that_dies_costs_one_input(monkeypatch: pytest.MonkeyPatch) -> None:
    original = Bench.attempt

    def dies(self: Bench, name: str, data: bytes, number: int) -> object:
        if number == 1_003:
            os.abort()
        return original(self, name, data, number)

    monkeypatch.setattr(Bench, "attempt", dies)
    found = list(told(1, range(1_000, 1_006)))
    assert [one.number for one in found] == list(range(1_000, 1_006))
    faults = {one.number: one.outcome.fault for one in found if one.outcome.fault}
    assert faults == {1_003: "the process was ended by SIGABRT"}


def test_values_do_not_grow_beyond_the_memory_of_the_fuzzer() -> None:
    seeds = (json.dumps([{"a": ["x" * 10_000] * 3, "b": [-(10**400), None]}]).encode(),)
    largest = 0
    for number in range(300):
        random = Random(number)  # noqa: S311  (no secret)
        reshaped = json.loads(mutate.reshaped(random, seeds[0], seeds[0]))
        largest = max(largest, len(json.dumps(reshaped)))
    # Bounded, but beyond what an input holds: some are cut off.
    assert mutate.LARGEST < largest < 20 * mutate.LARGEST
