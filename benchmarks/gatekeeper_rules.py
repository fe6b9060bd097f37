"""Admission rules: 10,000 manifests and 40 rules at least 10 times faster than OPA.

Rules in the manner of Gatekeeper's library, over `input.review.object`, one manifest at a
time, everything in memory: comply's `policy.eval` in a loop over the manifests, against
the time that OPA itself gives for evaluating a query that puts one manifest after the
other in the place of `input`. Both count the violations; the counts are compared.
"""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import opa
from generate import write_policies
from manifests import manifests
from measure import Bar, Outcome, Verdict, median, ratio, show
from policies import policies

import comply.rego

MANIFESTS = 10_000
RULES = 40
QUERY = """count([v |
    some m in data.manifests
    some p
    v := data.bench[p].violation[_] with input as {"review": {"object": m}}
])"""


def run() -> Outcome:
    """Return the comparison."""
    reviews = [{"review": {"object": manifest}} for manifest in manifests(MANIFESTS)]
    assert len(reviews) == MANIFESTS
    texts = policies(RULES)
    assert len(texts) == RULES
    policy = comply.rego.compile(texts)
    found = _violations(policy, reviews)
    assert found > 0
    ours = median(lambda: _violations(policy, reviews), 3)
    bars = [Bar("comply", ours)]
    program = opa.program()
    if program is None:
        return Outcome(__doc__, tuple(bars), skipped=opa.ABSENT)
    theirs = _peer(program, reviews, found)
    bars.insert(0, Bar("OPA", theirs))
    verdict = Verdict("times faster", ratio(theirs, ours), "at least", 10)
    return Outcome(__doc__, tuple(bars), (verdict,))


def _violations(policy: comply.rego.Policy, reviews: list[dict[str, Any]]) -> int:
    return sum(
        len(package["violation"])
        for review in reviews
        for package in policy.eval("data.bench", input=review).values()
    )


def _peer(program: str, reviews: list[dict[str, Any]], expected: int) -> float:
    """Return OPA's milliseconds, the median of three."""
    with TemporaryDirectory() as folder:
        rules, data = Path(folder) / "rules", Path(folder) / "data.json"
        write_policies(RULES, rules)
        objects = [review["review"]["object"] for review in reviews]
        data.write_text(json.dumps({"manifests": objects}))
        taken = []
        for _ in range(3):
            value, milliseconds = opa.query_time(program, (rules,), data, QUERY)
            assert value == expected, f"OPA finds {value}, comply {expected}"
            taken.append(milliseconds)
    return sorted(taken)[1]


if __name__ == "__main__":
    show(run())
