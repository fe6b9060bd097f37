"""Memory: checking a plan of 50 MB takes at most 5 times its size at its peak.

The peak resident memory of a whole process, from file to findings, less that of the same
command on a plan of one resource (the interpreter and its modules are not the plan's).
OPA's is measured the same way; its documentation speaks of about 20 times.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import opa
from generate import write_plan
from measure import (
    QUICK,
    RULES,
    Bar,
    Outcome,
    Verdict,
    comply,
    peak_memory,
    scaled,
    show,
)
from opa_plan import FILES, QUERY

RESOURCES = scaled(40_500, 400)
PACK = RULES / "terraform" / "baseline"
MEGABYTE = 1_000_000
BOUND = 5


def run() -> Outcome:
    """Return the peaks in megabytes, and how often the plan fits into ours."""
    with TemporaryDirectory() as folder:
        document, small = Path(folder) / "plan.json", Path(folder) / "small.json"
        write_plan(RESOURCES, document)
        write_plan(1, small)
        size = document.stat().st_size
        assert QUICK or 48 * MEGABYTE < size < 52 * MEGABYTE, size
        base = peak_memory(comply("check", small, "-r", PACK))
        ours = peak_memory(comply("check", document, "-r", PACK), code=1)
        bars = [
            Bar("the plan", size / MEGABYTE, "MB"),
            Bar("comply, a plan of one resource", base / MEGABYTE, "MB"),
            Bar("comply", ours / MEGABYTE, "MB"),
        ]
        program = opa.program()
        if program is not None:
            command = opa.eval_command(program, FILES, document, QUERY)
            bars.append(Bar("OPA", peak_memory(command) / MEGABYTE, "MB"))
    verdict = Verdict("times the plan", (ours - base) / size, "at most", BOUND)
    notes = "" if program else opa.ABSENT
    return Outcome(__doc__, tuple(bars), (verdict,), notes)


if __name__ == "__main__":
    show(run())
