"""Start-up: `comply --version` under 80 ms, a check of 200 resources under 250 ms.

Whole processes, medians, with `python -c pass` of the same interpreter measured in the
same run: that much nobody can save. The check is the baseline pack's four plan rules on a
plan of 200 resources, read from disk, findings printed: a plan that no run has seen, with
rules that one has; the same plan once more; and with nothing kept at all.
"""

import os
import statistics
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from generate import write_plan
from measure import (
    RULES,
    Bar,
    Outcome,
    Verdict,
    clock,
    comply,
    output,
    process,
    scaled,
    show,
)
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
        os.environ["COMPLY_CACHE_DIR"] = str(Path(folder, "cache"))
        document = Path(folder) / "plan.json"
        write_plan(RESOURCES, document)
        line = comply("check", document, "-r", PACK)
        nothing = process([sys.executable, "-c", "pass"], REPEATS)
        version = process(comply("--version"), REPEATS)
        again = process(line, REPEATS, FINDINGS)
        fresh = _of_new_plans(line, document)
        cold = process([*line, "--no-cache"], REPEATS, FINDINGS)
    bars = (
        Bar("python -c pass", nothing),
        Bar("comply --version", version),
        Bar("comply check, 200 resources, 4 rules", fresh),
        Bar("comply check, the same plan once more", again),
        Bar("comply check --no-cache", cold),
    )
    verdicts = (
        Verdict("comply --version, ms", version, "at most", 80),
        Verdict("comply check, ms", fresh, "at most", 250),
    )
    return Outcome(__doc__, bars, verdicts)


def _of_new_plans(line: list[str | Path], document: Path) -> float:
    """Return the median of checks, before each of which the plan was written anew."""
    text = document.read_text()
    durations = []
    for number in range(REPEATS):
        document.write_text(text + " " * (number + 1))
        durations.append(clock(lambda: output(line, FINDINGS)))
    return statistics.median(durations)


if __name__ == "__main__":
    show(run())
