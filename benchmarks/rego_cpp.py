"""Checking a plan: at least 10 times faster than rego-cpp, where that can finish at all.

The three policies of opa_plan.py on small plans, from parsed JSON in memory to findings;
rego-cpp (the package regopy) in a process of its own, which measures its query alone and
has a minute for it. A plan of a size that takes longer is told as such, and no larger one
is tried. Each rule's number of findings is compared.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from measure import Bar, Outcome, Verdict, environment, median_of, ratio, scaled, show
from opa_plan import FILES, NAMES
from plans import plan

import comply.rego

SIZES = (100, 300, 1_000, 3_000)[: scaled(4, 1)]
LIMIT = 60
CHILD = """
import json, sys, time
from regopy import Interpreter
job = json.load(sys.stdin)
engine = Interpreter()
for name, text in job["modules"].items():
    engine.add_module(name, text)
engine.set_input_term(json.dumps(job["input"]))
query = "x := [" + ", ".join(f"count(data.bench.{n}.deny)" for n in job["names"]) + "]"
start = time.perf_counter()
answer = str(engine.query(query))
print(json.dumps([(time.perf_counter() - start) * 1000, answer]))
"""


def run() -> Outcome:
    """Return the comparison at each size that rego-cpp can finish."""
    if find_spec("regopy") is None:
        return Outcome(__doc__, skipped="no rego-cpp: pip install regopy")
    modules = {path.name: path.read_text() for path in FILES}
    policy = comply.rego.compile(modules)
    bars: list[Bar] = []
    verdicts: list[Verdict] = []
    notes = ""
    for size in SIZES:
        document = plan(size)
        assert len(document["resource_changes"]) == size
        found = [
            len(policy.eval(f"data.bench.{name}.deny", input=document))
            for name in NAMES
        ]
        assert any(found)
        ours = median_of(_evaluation(policy, json.dumps(document)), scaled(9, 2))
        bars.append(Bar(f"{size:,} resources, comply", ours))
        theirs = _peer({"modules": modules, "input": document, "names": NAMES}, found)
        if theirs is None:
            notes = f"rego-cpp did not finish {size:,} resources in {LIMIT} s."
            break
        bars.append(Bar(f"{size:,} resources, rego-cpp", theirs))
        times = ratio(theirs, ours)
        verdicts.append(Verdict(f"{size:,} resources", times, "at least", 10))
    return Outcome(__doc__, tuple(bars), tuple(verdicts), notes)


def _evaluation(
    policy: comply.rego.Policy, text: str
) -> Callable[[], Callable[[], object]]:
    def prepare() -> Callable[[], object]:
        document = json.loads(text)
        return lambda: [
            policy.eval(f"data.bench.{name}.deny", input=document) for name in NAMES
        ]

    return prepare


def _peer(job: dict[str, Any], expected: list[int]) -> float | None:
    """Return rego-cpp's milliseconds for one query, None if it takes too long."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", CHILD],
            input=json.dumps(job),
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=True,
            env=environment(),
            cwd=Path(__file__).parent,
        )
    except subprocess.TimeoutExpired:
        return None
    taken, answer = json.loads(done.stdout.splitlines()[-1])
    counted = json.dumps(expected, separators=(",", ":"))
    assert counted in answer.replace(" ", ""), f"{answer} is not {counted}"
    return float(taken)


if __name__ == "__main__":
    show(run())
