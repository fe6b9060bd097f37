"""Admission rules: 10,000 manifests and 40 rules at least 10 times faster than OPA.

Forty different rules in the manner of Gatekeeper's library, over `input.review.object`,
one manifest at a time; both count the violations, and the counts are compared.

In memory OPA is given the faster of two ways. `opa bench` on a manifest, which starts its
clock after it parsed the input and compiled the query: for a sample of the manifests, as
each takes it more than a second, and from their mean time for all. And one query that
puts each manifest in the place of `input`, by the time OPA gives for the evaluation
alone. comply's time is that of the first check of a session with rules and manifests
loaded; lines are looked up when somebody reads them. The claim is against the faster way.

From files, for comparison: `opa exec` over a file a manifest, the whole process, against
a Python that imports comply, compiles the rules, reads the same files and checks.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import mean, median
from tempfile import TemporaryDirectory
from typing import Any

import opa
from generate import write_policies
from manifests import manifests
from measure import (
    Bar,
    Outcome,
    Verdict,
    median_of,
    output,
    process,
    ratio,
    scaled,
    show,
)
from policies import policies

import comply

MANIFESTS = scaled(10_000, 60)
RULES = scaled(40, 6)
ROUNDS = scaled(3, 1)
SAMPLE = scaled(30, 2)
ONE = "count([v | some p; v := data.bench[p].violation[_]])"
QUERY = """count([v |
    some m in data.manifests
    some p
    v := data.bench[p].violation[_] with input as {"review": {"object": m}}
])"""
COUNT = """package main
found := count([v | some p; v := data.bench[p].violation[_]])
"""
CHILD = """
import json, pathlib, sys
import comply
session = comply.Session(rules=[sys.argv[1]])
for path in pathlib.Path(sys.argv[2]).iterdir():
    review = json.loads(path.read_bytes())
    session.load(json.dumps(review["review"]["object"]).encode(), "kubernetes")
print(len(session.check()))
"""


def run() -> Outcome:
    """Return the comparison."""
    objects = list(manifests(MANIFESTS))
    assert len(objects) == MANIFESTS
    assert len(policies(RULES)) == RULES
    with TemporaryDirectory() as folder:
        rules = Path(folder) / "rules"
        write_policies(RULES, rules)
        found = len(session_of(rules, objects)())
        assert found > 0
        ours = median_of(lambda: session_of(rules, objects), ROUNDS)
        bars = [Bar("comply, in memory", ours)]
        program = opa.program()
        if program is None:
            return Outcome(__doc__, tuple(bars), skipped=opa.ABSENT)
        reviews = Path(folder) / "reviews"
        _write_reviews(objects, reviews)
        single = _one_by_one(program, rules, reviews)
        together = _query(program, rules, objects, found)
        by_file = _exec(program, rules, reviews, found)
        child: list[str | Path] = [sys.executable, "-c", CHILD, rules, reviews]
        assert int(output(child)) == found
        whole = process(child, ROUNDS)
    bars += [
        Bar("OPA, in memory, opa bench on each", single),
        Bar("OPA, in memory, a query over the manifests", together),
        Bar("OPA, opa exec over files, whole process", by_file),
        Bar("comply, the same files, whole process", whole),
    ]
    faster = min(single, together)
    verdict = Verdict("times faster, in memory", ratio(faster, ours), "at least", 10)
    notes = (
        f"{found:,} violations. OPA's faster way in memory here: "
        f"{'opa bench' if faster == single else 'the query'}. From files, whole "
        f"processes: {ratio(by_file, whole):.1f} times faster."
    )
    return Outcome(__doc__, tuple(bars), (verdict,), notes)


def session_of(
    rules: Path, objects: list[dict[str, Any]]
) -> Callable[[], list[comply.Finding]]:
    """Return the first check of a session that has loaded everything."""
    session = comply.Session(rules=[rules])
    for manifest in objects:
        session.load(json.dumps(manifest).encode(), "kubernetes")
    return lambda: session.check()  # noqa: PLW0108  (its type is Any)


def _one_by_one(program: str, rules: Path, reviews: Path) -> float:
    """Return the milliseconds that OPA takes for all, from those for a sample."""
    files = sorted(reviews.iterdir())
    step = len(files) // SAMPLE
    sample = files[::step][:SAMPLE]
    assert len(sample) == SAMPLE
    taken = [opa.bench(program, (rules,), file, ONE) for file in sample]
    return mean(taken) * len(files)


def _query(
    program: str, rules: Path, objects: list[dict[str, Any]], expected: int
) -> float:
    """Return the milliseconds that OPA gives for one query over everything."""
    data = rules.parent / "data.json"
    data.write_text(json.dumps({"manifests": objects}))
    taken = []
    for _ in range(ROUNDS):
        value, milliseconds = opa.query_time(program, (rules,), data, QUERY)
        assert value == expected, f"OPA finds {value}, comply {expected}"
        taken.append(milliseconds)
    return median(taken)


def _write_reviews(objects: list[dict[str, Any]], folder: Path) -> None:
    folder.mkdir()
    for i, manifest in enumerate(objects):
        review = {"review": {"object": manifest}}
        (folder / f"{i:05}.json").write_text(json.dumps(review))


def _exec(program: str, rules: Path, reviews: Path, expected: int) -> float:
    """Return the milliseconds of `opa exec` over a folder of reviews."""
    bundle = rules.parent / "bundle"
    bundle.mkdir()
    for file in rules.iterdir():
        (bundle / file.name).write_text(file.read_text())
    (bundle / "main.rego").write_text(COUNT)
    taken = []
    for _ in range(ROUNDS):
        values, milliseconds = opa.execute(program, (bundle,), reviews, "main/found")
        assert sum(values) == expected, f"OPA finds {sum(values)}, comply {expected}"
        taken.append(milliseconds)
    return median(taken)


if __name__ == "__main__":
    show(run())
