"""Rules that join documents grow with the tree: 20,000 manifests, at most 1.5 times as much each.

Each Deployment looks for the Service of its name among all manifests
(benchmarks/rules/unserved_deployments.rego). Searched as written that is 100 million pairs
at 20,000 manifests. comply's time is that of `Session.check` with all of them loaded, and
what is compared is the time for each manifest, that at 20,000 with that at 2,000. OPA
evaluates 2,000, for comparison: one query that puts each manifest in the place of
`input`, by the time it gives for the evaluation alone.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import opa
from measure import ROOT, Bar, Outcome, Verdict, median_of, scaled, show

import comply

RULE = ROOT / "benchmarks" / "rules" / "unserved_deployments.rego"
NUMBER = scaled(20_000, 200)
LACKING = 50
"""Of as many Deployments one has no Service."""
QUERY = """[message |
    some manifest in data.kubernetes.objects
    some message in data.bench.unserved_deployments.deny with input as manifest
]"""


def run() -> Outcome:
    """Return the times at a tenth of the size and at the whole."""
    bars = []
    each = []
    with TemporaryDirectory() as cache:
        for number in (NUMBER // 10, NUMBER):
            text = "\n".join(map(json.dumps, _manifests(number))).encode()
            assert text.count(b'"kind"') == number
            taken = median_of(_checked(text, number, Path(cache)), 5)
            bars.append(Bar(f"{number:,} manifests, comply", taken))
            each.append(taken / number)
    verdict = Verdict(
        "time a manifest, large by small", each[1] / each[0], "at most", 1.5
    )
    program = opa.program()
    if program is not None:
        bars.append(_peer(program, NUMBER // 10))
    notes = opa.ABSENT if program is None else ""
    return Outcome(__doc__, tuple(bars), (verdict,), notes)


def _manifests(number: int) -> Iterator[dict[str, Any]]:
    """Yield as many Services as Deployments, but for those that lack one."""
    lacking = 0
    for i in range(number // 2):
        named = {"name": f"app-{i}", "namespace": "shop"}
        yield {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": named}
        lacks = i % LACKING == 0
        other = {"name": f"other-{i}", "namespace": "shop"}
        yield {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": other if lacks else named,
        }
        lacking += lacks
    assert lacking == _lacking(number)


def _lacking(number: int) -> int:
    return -(-number // 2 // LACKING)


def _checked(
    text: bytes, number: int, cache: Path
) -> Callable[[], Callable[[], object]]:
    def prepare() -> Callable[[], object]:
        session = comply.Session(rules=[RULE], cache=cache)
        session.load(text, kind="kubernetes")

        def check() -> None:
            found = session.check()
            assert len(found) == _lacking(number), "those without a service, no others"

        return check

    return prepare


def _peer(program: str, number: int) -> Bar:
    with TemporaryDirectory() as folder:
        document = Path(folder) / "kubernetes.json"
        objects = list(_manifests(number))
        document.write_text(json.dumps({"kubernetes": {"objects": objects}}))
        found, taken = opa.query_time(program, (RULE,), document, QUERY)
    assert len(found) == _lacking(number)
    return Bar(f"{number:,} manifests, OPA", taken)


if __name__ == "__main__":
    show(run())
