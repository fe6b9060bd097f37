"""`comply test` on 130 files of published style, Rego v0, under 2 s as a whole process.

71 policies of one package and 59 files of their tests: each policy is compiled with its
own test and the tests are run, cold, without a cache. `opa test` cannot take such a tree
at once, since the policies share a package; one process a pair, as their authors run it,
is measured beside it where OPA is there.
"""

import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import opa
from measure import Bar, Outcome, Verdict, comply, process, scaled, show

from policy_tree import write_tree

FILES = 130
TESTS = 249
REPEATS = scaled(7, 1)


def run() -> Outcome:
    """Return the median of whole processes."""
    with TemporaryDirectory() as folder:
        tree = Path(folder)
        assert write_tree(tree) == TESTS
        assert len(list(tree.rglob("*.rego"))) == FILES
        whole = process(comply("test", tree), REPEATS)
        pairs = _pairs(tree)
    bars = [Bar(f"comply test, {FILES} files, {TESTS} tests", whole)]
    if pairs is not None:
        bars.append(Bar("opa test, one process for each of 59 pairs", pairs))
    verdicts = (Verdict("comply test, ms", whole, "at most", 2000),)
    return Outcome(__doc__, tuple(bars), verdicts)


def _pairs(tree: Path) -> float | None:
    """Return how long OPA takes for all pairs in turn, None where it is not there."""
    program = opa.program()
    if program is None:
        return None
    started = time.perf_counter()
    for test in sorted(tree.rglob("*_test.rego")):
        policy = test.with_name(test.name.replace("_test", ""))
        subprocess.run(
            [program, "test", "--v0-compatible", policy, test],
            check=True,
            capture_output=True,
        )
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    show(run())
