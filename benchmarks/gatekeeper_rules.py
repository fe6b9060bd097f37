"""Admission rules: 10,000 manifests and 40 rules at least 10 times faster than OPA.

Rules in the manner of Gatekeeper's library, over `input.review.object`, one manifest at a
time; both count the violations, and the counts are compared.

OPA is given the faster of two ways, one process each. A query that puts one manifest after
the other in the place of `input`, by OPA's own time of the evaluation alone: manifests
parsed and rules compiled before. And `opa exec` over a file a manifest, the whole process.
comply's time against the first is that of a session's check with rules and manifests
loaded; against the second, that of a process that compiles, reads the same files, checks.
The claim is against the faster way, each measured as OPA is in it.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
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
        theirs = _query(program, rules, objects, found)
        reviews = Path(folder) / "reviews"
        _write_reviews(objects, reviews)
        by_file = _exec(program, rules, reviews, found)
        child: list[str | Path] = [sys.executable, "-c", CHILD, rules, reviews]
        assert int(output(child)) == found
        whole = process(child, ROUNDS)
    bars += [
        Bar("OPA, a query over the manifests", theirs),
        Bar("OPA, opa exec over files, whole process", by_file),
        Bar("comply, the same files, whole process", whole),
    ]
    fastest, against = min((theirs, ours), (by_file, whole))
    verdict = Verdict("times faster", ratio(fastest, against), "at least", 10)
    notes = (
        "OPA's faster way here: "
        f"{'the query' if fastest == theirs else 'opa exec'}. {found:,} violations."
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
