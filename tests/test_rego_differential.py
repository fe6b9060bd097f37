"""Random programs by our compiler and by rego-cpp, in a process that may crash.

rego-cpp knows no v0, no types, and answers some things wrongly (`FAULTS`). What it
refuses, dies of or prints unreadably is counted, and must stay rare.
"""

import json
import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from random import Random
from shutil import which
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.rego_cpp import OtherEngine
from tests.rego_programs import BASE, Program, document, program
from tests.test_rego_conformance import same

import comply
from comply.plan.values import UNDEFINED, Value
from comply.rego import RegoError

FAULTS: Final = {
    "json.marshal(": "has no value",
    "sum(": "adds what is no number, which is an error",
    "abs(": "takes what is no number, which is an error",
    "max(": "orders values of different types otherwise",
    "sort(": "orders values of different types otherwise",
}
"""What a program may hold that rego-cpp answers wrongly, and how."""

pytestmark = pytest.mark.skipif(
    find_spec("regopy") is None, reason="rego-cpp (regopy) is not installed"
)


@pytest.fixture(scope="module")
def counts() -> Counter[str]:
    return Counter()


@pytest.fixture(scope="module")
def other() -> Iterator[OtherEngine]:
    engine = OtherEngine()
    yield engine
    engine.stop()


@dataclass(frozen=True, slots=True)
class Dispute:
    """A rule of a program that has another value there."""

    text: str
    input: Any
    rule: str
    ours: Any
    theirs: Any


@pytest.fixture(scope="module")
def disputes() -> list[Dispute]:
    return []


def decide(opa: str, dispute: Dispute, folder: Path) -> Value:
    """Return the value that OPA gives the rule; None where it refuses the program."""
    module, data, input_ = (folder / n for n in ("p.rego", "data.json", "input.json"))
    module.write_text(dispute.text)
    data.write_text(json.dumps(BASE))
    input_.write_text(json.dumps(dispute.input))
    query = f"x = data.gen.{dispute.rule}"
    command = [opa, "eval", "-d", str(module), "-d", str(data)]
    command += ["-i", str(input_), query]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    answer = json.loads(made.stdout)
    if "errors" in answer:
        return None
    if not answer:
        return UNDEFINED
    return answer["result"][0]["bindings"]["x"]


def ours(made: Program, input_: Value) -> dict[str, Any] | None:
    """Return the value of each rule, a RegoError where it fails; None if refused."""
    try:
        policy = comply.rego.compile({"gen.rego": made.text})
    except RegoError:
        return None
    found: dict[str, Any] = {}
    for rule in made.rules:
        try:
            found[rule] = policy.eval(f"data.gen.{rule}", input=input_, data=BASE)
        except RegoError as error:
            found[rule] = error
    return found


def read(text: str) -> Value:
    """Return the value that rego-cpp printed; a RegoError if that is not to be read."""
    if text == "undefined":
        return UNDEFINED
    if "error" in text:
        return RegoError("eval_internal_error", text)
    try:
        return json.loads(text)["bindings"]["x"]
    except (ValueError, KeyError):
        return RegoError("eval_internal_error", text)


def normal(value: Value) -> Value:
    """Return a value without what the engines print differently.

    Sets come in another order, and keys that are no strings with other spaces.
    """
    if isinstance(value, list):
        items = [normal(item) for item in value]
        return sorted(items, key=lambda item: json.dumps(item, sort_keys=True))
    if isinstance(value, dict):
        return {normal_key(key): normal(item) for key, item in value.items()}
    return value


def normal_key(key: str) -> str:
    if key[:1] not in ("[", "{"):
        return key
    try:
        return json.dumps(normal(json.loads(key)), sort_keys=True)
    except ValueError:
        return key


def agreed(one: Value, two: Value) -> bool:
    if one is UNDEFINED or two is UNDEFINED:
        return one is two
    return same(normal(one), normal(two))


@settings(
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ]
)
@given(st.randoms(use_true_random=False), st.integers(0, 2**32))
def test_random_programs_answer_as_rego_cpp_does(
    counts: Counter[str],
    disputes: list[Dispute],
    other: OtherEngine,
    random: Random,
    seed: int,
) -> None:
    made = program(random, plain=True)
    input_ = document(Random(seed))  # noqa: S311  (test data)
    own = ours(made, input_)
    if own is None:
        counts["refused by us"] += 1
        return
    answers = other.ask(made.text, made.rules, (input_, BASE))
    if answers is None:
        counts["refused or crashed"] += 1
        return
    for rule, value in own.items():
        theirs = read(answers[rule])
        if isinstance(value, RegoError) or isinstance(theirs, RegoError):
            counts["an error"] += 1
        elif agreed(value, theirs):
            counts["agreed"] += 1
        elif any(fault in made.text for fault in FAULTS):
            counts["known faults"] += 1
        else:
            disputes.append(Dispute(made.text, input_, rule, value, theirs))


def test_disputes_are_faults_of_the_other(
    counts: Counter[str], disputes: list[Dispute], tmp_path: Path
) -> None:
    """Let OPA decide; without one, a dispute in a thousand answers is let pass.

    rego-cpp mixes up, very seldom, the variables of comprehensions in each other.
    """
    opa = os.environ.get("OPA") or which("opa")
    if opa is None:
        assert len(disputes) <= 1 + counts["agreed"] // 1000, disputes
        return
    for dispute in disputes:
        decided = decide(opa, dispute, tmp_path)
        assert decided is None or agreed(dispute.ours, decided), dispute


def test_most_programs_were_compared(counts: Counter[str], other: OtherEngine) -> None:
    if not counts:
        pytest.skip("the comparison did not run")
    strayed = counts["refused or crashed"] + counts["an error"] + counts["known faults"]
    assert counts["agreed"] > 2 * strayed, (counts, other.crashes, other.refused)


def test_the_other_engine_survives_a_crash(other: OtherEngine) -> None:
    before = other.crashes
    text = "package gen\n\np := input.x\n"
    assert other.ask(text, ["p"], ({"x": 1}, {})) == {
        "p": '{"expressions":[true], "bindings":{"x":1}}'
    }
    other.stop()
    assert other.ask("package gen\n\np := ", ["p"], ({}, {})) is None
    answers = other.ask(text, ["p"], ({"x": 2}, {}))
    assert answers is not None
    assert read(answers["p"]) == 2
    assert other.crashes == before
