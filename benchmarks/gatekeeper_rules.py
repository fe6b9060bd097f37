"""Admission rules: 10,000 manifests and 40 rules at least 10 times faster than OPA.

Rules in the manner of Gatekeeper's library, over `input.review.object`, one manifest at a
time, everything in memory: a comply session that has loaded the rules and the manifests
and checks them for the first time, against the time that OPA itself gives for evaluating
a query that puts one manifest after the other in the place of `input`. Both count the
violations; the counts are compared.
"""

import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import opa
from generate import write_policies
from manifests import manifests
from measure import Bar, Outcome, Verdict, median_of, ratio, show
from policies import policies

import comply

MANIFESTS = 10_000
RULES = 40
QUERY = """count([v |
    some m in data.manifests
    some p
    v := data.bench[p].violation[_] with input as {"review": {"object": m}}
])"""


def run() -> Outcome:
    """Return the comparison."""
    objects = list(manifests(MANIFESTS))
    assert len(objects) == MANIFESTS
    assert len(policies(RULES)) == RULES
    with TemporaryDirectory() as folder:
        rules = Path(folder) / "rules"
        write_policies(RULES, rules)
        found = len(_session(rules, objects)())
        assert found > 0
        ours = median_of(lambda: _session(rules, objects), 3)
        bars = [Bar("comply", ours)]
        program = opa.program()
        if program is None:
            return Outcome(__doc__, tuple(bars), skipped=opa.ABSENT)
        theirs = _peer(program, rules, objects, found)
    bars.insert(0, Bar("OPA", theirs))
    verdict = Verdict("times faster", ratio(theirs, ours), "at least", 10)
    return Outcome(__doc__, tuple(bars), (verdict,))


def _session(
    rules: Path, objects: list[dict[str, Any]]
) -> Callable[[], list[comply.Finding]]:
    """Return the first check of a session that has loaded everything."""
    session = comply.Session(rules=[rules])
    for manifest in objects:
        session.load(json.dumps(manifest).encode(), "kubernetes")
    return lambda: session.check()  # noqa: PLW0108  (its type is Any)


def _peer(
    program: str, rules: Path, objects: list[dict[str, Any]], expected: int
) -> float:
    """Return OPA's milliseconds, the median of three."""
    data = rules.parent / "data.json"
    data.write_text(json.dumps({"manifests": objects}))
    taken = []
    for _ in range(3):
        value, milliseconds = opa.query_time(program, (rules,), data, QUERY)
        assert value == expected, f"OPA finds {value}, comply {expected}"
        taken.append(milliseconds)
    return sorted(taken)[1]


if __name__ == "__main__":
    show(run())
