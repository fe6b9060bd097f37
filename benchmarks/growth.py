"""Checking a plan grows linearly: from 5,000 to 200,000 resources within 20 percent.

The three policies of opa_plan.py on plans of four sizes, in memory. What is compared is
the time for each resource: that at any size is at most 1.2 times that at the smallest.
"""

import json
from collections.abc import Callable

from measure import Bar, Outcome, Verdict, median_of, scaled, show
from opa_plan import FILES, NAMES
from plans import plan

import comply.rego

SIZES = tuple(scaled(n, n // 100) for n in (5_000, 20_000, 80_000, 200_000))


def run() -> Outcome:
    """Return the time a resource at each size."""
    policy = comply.rego.compile({path.name: path.read_text() for path in FILES})
    bars = []
    for size in SIZES:
        text = json.dumps(plan(size))
        assert text.count('"after_unknown"') == size
        repeats = 5 if size < 100_000 else 3
        taken = median_of(_evaluation(policy, text), repeats)
        bars.append(Bar(f"{size:,} resources", taken * 1000 / size, "µs a resource"))
        del text
    worst = max(bar.value for bar in bars) / bars[0].value
    verdict = Verdict("time a resource, worst by smallest", worst, "at most", 1.2)
    return Outcome(__doc__, tuple(bars), (verdict,))


def _evaluation(
    policy: comply.rego.Policy, text: str
) -> Callable[[], Callable[[], object]]:
    def prepare() -> Callable[[], object]:
        document = json.loads(text)
        return lambda: [
            policy.eval(f"data.bench.{name}.deny", input=document) for name in NAMES
        ]

    return prepare


if __name__ == "__main__":
    show(run())
