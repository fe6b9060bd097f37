"""Checking a plan: at least 10 times faster than OPA at 1,000 resources, 20 at 50,000.

Three policies (required tags, public RDS, public S3, in benchmarks/rules), the same text
for both; the answers are compared first. All takes turns in the same rounds.

In memory: the same query of both, on the object `json.loads` gave, in a process of its own
each round, as OPA has: no index is left over, and the object does not lie scattered where
those of earlier rounds were. Against `opa bench`, which starts its clock after it parsed
the input and compiled the query. So OPA's `rego_input_parse`, the making of its own values,
is excluded, which comply does without. OPA's command line does not time it by itself; the
next measurement includes it.

From file, in one process: `load` and `check` of a comply.Session whose rules are compiled,
against a whole `opa eval` less the same on a plan of one resource, which is its start and
the compilation; at least 8 times at 50,000 resources. Where in the file a finding is, which
OPA does not tell, comply looks up when somebody reads it: not in this time.

From file, a whole process each: `opa eval` against a Python that imports comply, compiles
the policies, reads and checks.
"""

import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import opa
from generate import write_plan
from measure import (
    ROOT,
    Bar,
    Outcome,
    Verdict,
    clock,
    interleaved,
    output,
    ratio,
    scaled,
    show,
)

import comply
import comply.rego

NAMES = ("required_tags", "public_rds", "public_s3")
FILES = tuple(ROOT / "benchmarks" / "rules" / f"{name}.rego" for name in NAMES)
QUERY = "[" + ", ".join(f"data.bench.{name}.deny" for name in NAMES) + "]"
CHILD = """
import json, sys
import comply
session = comply.Session(rules=sys.argv[2:])
session.load(sys.argv[1])
found = [(f.rule_id, f.message) for f in session.check() if f.status == "violation"]
print(json.dumps(sorted(found)))
"""
ASKED = """
import json, sys, time
import comply.rego
query, plan, *files = sys.argv[1:]
policy = comply.rego.compile({name: open(name).read() for name in files})
policy.query(query, input={})
document = json.loads(open(plan).read())
start = time.perf_counter()
policy.query(query, input=document)
print((time.perf_counter() - start) * 1000)
"""
SIZES = (1_000, scaled(50_000, 2_000))
IN_MEMORY = dict(zip(SIZES, (10, 20), strict=True))
IN_ONE_PROCESS = {SIZES[1]: 8}
ROUNDS = {SIZES[0]: scaled(9, 1), SIZES[1]: scaled(5, 1)}


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan on disk, one of a single resource, and the program that is the peer."""

    size: int
    file: Path
    small: Path
    program: str

    @property
    def child(self) -> list[str | Path]:
        """Return the command line of a process that checks it."""
        return [sys.executable, "-c", CHILD, self.file, *FILES]


def run() -> Outcome:
    """Return the comparison at both sizes."""
    program = opa.program()
    if program is None:
        return Outcome(__doc__, skipped=opa.ABSENT)
    bars: list[Bar] = []
    verdicts: list[Verdict] = []
    with TemporaryDirectory() as folder:
        for size in SIZES:
            small = Path(folder) / "plan-1.json"
            plan = Plan(size, Path(folder) / f"plan-{size}.json", small, program)
            write_plan(1, plan.small)
            write_plan(size, plan.file)
            taken = _compare(plan, Path(folder))
            sizes = f"{size:,} resources"
            bars += [Bar(f"{sizes}, {what}", ms) for what, ms in taken.items()]
            for where, bounds in (
                ("in memory", IN_MEMORY),
                ("from file, in one process", IN_ONE_PROCESS),
            ):
                if size in bounds:
                    times = ratio(taken[f"{where}, OPA"], taken[f"{where}, comply"])
                    bound = bounds[size]
                    what = f"{sizes}, {where}"
                    verdicts.append(Verdict(what, times, "at least", bound))
    return Outcome(__doc__, tuple(bars), tuple(verdicts))


def _compare(plan: Plan, folder: Path) -> dict[str, float]:
    """Return milliseconds by what was measured, after comparing the answers."""
    held = json.loads(plan.file.read_text())
    assert len(held["resource_changes"]) == plan.size
    del held
    _same_answers(plan)
    taken = interleaved(
        {
            "OPA": lambda: _theirs(plan),
            "comply in memory": lambda: _in_memory(plan),
            "comply in one process": _in_one_process(plan, folder / "cache"),
            "comply, a process": lambda: _process(plan),
        },
        ROUNDS[plan.size],
    )
    order = (
        "in memory, OPA",
        "in memory, comply",
        "from file, in one process, OPA",
        "from file, in one process, comply",
        "from file, a whole process, OPA",
        "from file, a whole process, comply",
    )
    return {what: taken[what] for what in order}


def _same_answers(plan: Plan) -> None:
    theirs = opa.evaluate(plan.program, FILES, plan.file, QUERY)
    assert all(theirs), "every policy must have something to find"
    ours = json.loads(output(plan.child))
    expected = [
        [name, message]
        for name, messages in zip(NAMES, theirs, strict=True)
        for message in messages
    ]
    assert ours == sorted(expected)


def _theirs(plan: Plan) -> Mapping[str, float]:
    bench = opa.bench(plan.program, FILES, plan.file, QUERY)
    whole = clock(lambda: output(_evaluation(plan, plan.file)))
    start = clock(lambda: output(_evaluation(plan, plan.small)))
    return {
        "in memory, OPA": bench,
        "from file, in one process, OPA": whole - start,
        "from file, a whole process, OPA": whole,
    }


def _evaluation(plan: Plan, document: Path) -> list[str | Path]:
    return opa.eval_command(plan.program, FILES, document, QUERY)


def _in_memory(plan: Plan) -> Mapping[str, float]:
    """Return the time of an evaluation of a plan that nobody has looked at."""
    told = output([sys.executable, "-c", ASKED, QUERY, plan.file, *FILES])
    return {"in memory, comply": float(told)}


def _in_one_process(plan: Plan, cache: Path) -> Callable[[], Mapping[str, float]]:
    """Return a session's load and check; its rules are compiled before the clock."""

    def measured() -> Mapping[str, float]:
        session = comply.Session(rules=FILES, cache=cache)
        start = time.perf_counter()
        session.load(plan.file)
        session.check()
        taken = (time.perf_counter() - start) * 1000
        return {"from file, in one process, comply": taken}

    return measured


def _process(plan: Plan) -> Mapping[str, float]:
    return {"from file, a whole process, comply": clock(lambda: output(plan.child))}


if __name__ == "__main__":
    show(run())
