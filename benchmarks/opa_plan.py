"""Checking a plan: at least 10 times faster than OPA at 1,000 resources, 20 at 50,000.

Three policies (required tags, public RDS, public S3, in benchmarks/rules), the same text
for both. In memory: comply's `policy.eval` on the object `json.loads` gave, read anew for
each repeat so that no index is left over, against `opa bench`, which starts its clock
after it parsed the input and compiled the query. From file: one process each, `opa eval`
against a Python that imports comply, compiles the policies, reads the file and evaluates;
comply at least 8 times faster at 50,000 resources. The answers are compared first.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import opa
from generate import write_plan
from measure import (
    ROOT,
    Bar,
    Outcome,
    Verdict,
    median_of,
    output,
    process,
    ratio,
    show,
)

NAMES = ("required_tags", "public_rds", "public_s3")
FILES = tuple(ROOT / "benchmarks" / "rules" / f"{name}.rego" for name in NAMES)
QUERY = "[" + ", ".join(f"data.bench.{name}.deny" for name in NAMES) + "]"
FROM_FILE = """
import json, sys
import comply.rego
texts = {path: open(path).read() for path in sys.argv[2:]}
policy = comply.rego.compile(texts)
with open(sys.argv[1]) as file:
    plan = json.load(file)
names = ("required_tags", "public_rds", "public_s3")
print(json.dumps([policy.eval(f"data.bench.{name}.deny", input=plan) for name in names]))
"""
IN_MEMORY = {1_000: 10, 50_000: 20}
FROM_DISK = {50_000: 8}


def run() -> Outcome:
    """Return the comparison at both sizes."""
    program = opa.program()
    if program is None:
        return Outcome(__doc__, skipped=opa.ABSENT)
    bars: list[Bar] = []
    verdicts: list[Verdict] = []
    with TemporaryDirectory() as folder:
        for size, bound in IN_MEMORY.items():
            document = Path(folder) / f"plan-{size}.json"
            write_plan(size, document)
            sizes = f"{size:,} resources"
            theirs, ours, whole_theirs, whole_ours = _compare(program, document, size)
            bars += [
                Bar(f"{sizes}, in memory, OPA", theirs),
                Bar(f"{sizes}, in memory, comply", ours),
                Bar(f"{sizes}, from file, OPA", whole_theirs),
                Bar(f"{sizes}, from file, comply", whole_ours),
            ]
            verdicts.append(
                Verdict(f"{sizes}, in memory", ratio(theirs, ours), "at least", bound)
            )
            if size in FROM_DISK:
                times = ratio(whole_theirs, whole_ours)
                what = f"{sizes}, from file"
                verdicts.append(Verdict(what, times, "at least", FROM_DISK[size]))
    return Outcome(__doc__, tuple(bars), tuple(verdicts))


def _compare(
    program: str, document: Path, size: int
) -> tuple[float, float, float, float]:
    """Return milliseconds in memory and from file, OPA's and ours."""
    text = document.read_text()
    assert len(json.loads(text)["resource_changes"]) == size
    theirs = opa.evaluate(program, FILES, document, QUERY)
    assert all(theirs), "every policy must have something to find"
    command: list[str | Path] = [sys.executable, "-c", FROM_FILE, document, *FILES]
    assert json.loads(output(command)) == theirs
    repeats = 7 if size <= 1_000 else 3
    return (
        opa.bench(program, FILES, document, QUERY),
        median_of(_evaluation(text), repeats),
        process(opa.eval_command(program, FILES, document, QUERY), repeats),
        process(command, repeats),
    )


def _evaluation(text: str) -> Callable[[], Callable[[], object]]:
    """Return what makes an evaluation of a plan nobody has looked at."""
    import comply.rego  # noqa: PLC0415  (the processes measured import it themselves)

    policy = comply.rego.compile({path.name: path.read_text() for path in FILES})

    def prepare() -> Callable[[], object]:
        plan: Any = json.loads(text)
        return lambda: [
            policy.eval(f"data.bench.{name}.deny", input=plan) for name in NAMES
        ]

    return prepare


if __name__ == "__main__":
    show(run())
