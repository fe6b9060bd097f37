"""Start-up: `comply --version` under 80 ms, a check of 200 resources under 250 ms.

Whole processes, medians, with `python -c pass` of the same interpreter measured in the
same run: that much nobody can save. The check is the baseline pack's four plan rules on a
plan of 200 resources, read from disk, findings printed.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from generate import write_plan
from measure import RULES, Bar, Outcome, Verdict, comply, process, scaled, show
from plans import plan

RESOURCES = 200
PACK = RULES / "terraform" / "baseline"
REPEATS = scaled(15, 1)
FINDINGS = 1


def run() -> Outcome:
    """Return the three medians."""
    assert len(plan(RESOURCES)["resource_changes"]) == RESOURCES
    assert len(list(PACK.iterdir())) == 4
    with TemporaryDirectory() as folder:
        document = Path(folder) / "plan.json"
        write_plan(RESOURCES, document)
        nothing = process([sys.executable, "-c", "pass"], REPEATS)
        version = process(comply("--version"), REPEATS)
        check = process(comply("check", document, "-r", PACK), REPEATS, FINDINGS)
    bars = (
        Bar("python -c pass", nothing),
        Bar("comply --version", version),
        Bar("comply check, 200 resources, 4 rules", check),
    )
    verdicts = (
        Verdict("comply --version, ms", version, "at most", 80),
        Verdict("comply check, ms", check, "at most", 250),
    )
    return Outcome(__doc__, bars, verdicts)


if __name__ == "__main__":
    show(run())
