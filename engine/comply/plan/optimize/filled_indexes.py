"""A scan of a whole collection makes the index that other rules ask, on its way.

An index that is made by itself takes one more pass over the collection, and on a large one
nearly all of that is waiting for memory, which the scan has at hand. Where a rule comes
first that asks the index, the scan finds it there and adds nothing.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from comply.plan import ir
from comply.plan.optimize.clauses import map_clauses
from comply.plan.reach import clauses
from comply.plan.reads import every_step, loops
from comply.plan.units import input_path

Path = tuple[str, ...]


def fill_indexes(plan: ir.Plan) -> ir.Plan:
    """Say of scans which index they make."""
    asked = _asked(plan)

    def change(clause: ir.Clause) -> ir.Clause:
        if clause.args:
            return clause
        # What has members or keys goes on to the last element, other rules end with their value.
        whole = clause.member or bool(clause.keys)
        steps = _filling(clause.steps, (), asked, whole=whole)
        return replace(clause, steps=steps)

    return map_clauses(plan, change) if asked else plan


def _asked(plan: ir.Plan) -> dict[Path, str]:
    """Return the key by which each collection is asked for most."""
    times: Counter[tuple[Path, str]] = Counter()
    for rule in plan.rules:
        for clause in clauses(rule):
            for step in every_step(clause.steps):
                if isinstance(step, ir.ScanIndex) and len(step.on) == 1:
                    times[step.path, step.on[0]] += 1
    ranked = sorted(times, key=lambda name: (times[name], name))
    return dict(ranked)


def _filling(
    steps: ir.Steps, outer: ir.Steps, asked: Mapping[Path, str], *, whole: bool
) -> ir.Steps:
    """Return steps that run once; with `whole` they go on to the last element."""
    made: list[ir.Step] = []
    for i, step in enumerate(steps):
        if isinstance(step, ir.EnterWith):
            return (*made, *steps[i:])
        before = (*outer, *made)
        if isinstance(step, ir.Collect):
            body = _filling(step.body, before, asked, whole=True)
            made.append(replace(step, body=body))
        elif isinstance(step, ir.Scan) and whole:
            rest = (_filled(step, before, steps[i + 1 :], asked), *steps[i + 1 :])
            return (*made, *rest)
        elif loops((step,)):
            return (*made, *steps[i:])
        else:
            made.append(step)
    return tuple(made)


def _filled(
    scan: ir.Scan, before: ir.Steps, rest: ir.Steps, asked: Mapping[Path, str]
) -> ir.Scan:
    if scan.key is not None or scan.match is not None:
        return scan
    path = input_path(before, scan.source)
    if path is None or path not in asked:
        return scan
    # Asked inside the scan, the index has to be there before its end.
    inside = (s for s in every_step(rest) if isinstance(s, ir.ScanIndex))
    if any(step.path == path for step in inside):
        return scan
    return replace(scan, fills=(path, asked[path]))
