"""A helper rule that searches costs a lookup: 10,000 buckets, 10,000 blocks, under 0.5 s.

The rule looks for the block of each bucket by the bucket's name, in a function, as people
write it (benchmarks/rules/block_of_the_bucket.rego). Searched as written that is 100
million pairs. OPA evaluates a tenth of the size, for comparison: it searches.
"""

import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import opa
from measure import ROOT, Bar, Outcome, Verdict, median_of, scaled, show
from plans import buckets_and_blocks

import comply.rego

RULE = ROOT / "benchmarks" / "rules" / "block_of_the_bucket.rego"
QUERY = "data.bench.block_of_the_bucket.deny"
NUMBER = scaled(10_000, 200)


def run() -> Outcome:
    """Return the times at a tenth of the size and at the whole."""
    policy = comply.rego.compile({RULE.name: RULE.read_text()})
    bars = []
    for number in (NUMBER // 10, NUMBER):
        text = json.dumps(buckets_and_blocks(number))
        assert text.count('"aws_s3_bucket"') == number
        found = policy.eval(QUERY, input=json.loads(text))
        assert len(found) == 1, "exactly the last bucket has no block"
        taken = median_of(_evaluation(policy, text), 5)
        bars.append(Bar(f"{number:,} buckets, comply", taken))
    verdict = Verdict("10,000 buckets, ms", bars[-1].value, "at most", 500)
    program = opa.program()
    notes = opa.ABSENT if program is None else ""
    if program is not None:
        bars.append(_peer(program, NUMBER // 10))
    return Outcome(__doc__, tuple(bars), (verdict,), notes)


def _evaluation(
    policy: comply.rego.Policy, text: str
) -> Callable[[], Callable[[], object]]:
    def prepare() -> Callable[[], object]:
        document = json.loads(text)
        return lambda: policy.eval(QUERY, input=document)

    return prepare


def _peer(program: str, number: int) -> Bar:
    with TemporaryDirectory() as folder:
        document = Path(folder) / "plan.json"
        document.write_text(json.dumps(buckets_and_blocks(number)))
        taken = opa.bench(program, (RULE,), document, QUERY)
    return Bar(f"{number:,} buckets, OPA", taken)


if __name__ == "__main__":
    show(run())
