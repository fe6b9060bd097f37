"""A scan that is made again and again, and tests one value of its elements, is a join.

What a rule holds, a base document, and a collection of the input whose keys are asked for
have no index of their own. The scan says what it is tested for, and the run time keeps an
index from the second scan on; the test stays. What does not follow from the input is
scanned again for the next document, so its index lasts.
"""

from dataclasses import replace

from comply.classes import dataclass
from comply.plan import ir
from comply.plan.lasting import lasting
from comply.plan.optimize.clauses import map_clauses
from comply.plan.optimize.index import find_join
from comply.plan.reads import loops


@dataclass(frozen=True, slots=True)
class _Scene:
    """The steps around a body: whether it runs repeatedly, which rules last."""

    outer: ir.Steps
    again: bool
    lasting: frozenset[ir.RuleId]


def join_scans(plan: ir.Plan) -> ir.Plan:
    """Say of scans which value of their elements is asked for."""
    same = lasting(plan)

    def change(clause: ir.Clause) -> ir.Clause:
        scene = _Scene((), bool(clause.args), same)
        return replace(clause, steps=_joined(scene, clause.steps))

    return map_clauses(plan, change)


def _joined(scene: _Scene, steps: ir.Steps) -> ir.Steps:
    made: list[ir.Step] = []
    for i, step in enumerate(steps):
        before = (*scene.outer, *made)
        again = scene.again or loops(tuple(made))
        match step:
            case ir.EnterWith():
                return (*made, *steps[i:])
            case ir.Scan():
                made.append(_with_match(_Scene(before, again, scene.lasting), steps, i))
            case ir.Not(body=body) | ir.Collect(body=body) | ir.Every(body=body):
                repeated = again or isinstance(step, ir.Every)
                inner = _Scene(before, repeated, scene.lasting)
                made.append(replace(step, body=_joined(inner, body)))
            case _:
                made.append(step)
    return tuple(made)


def _with_match(scene: _Scene, steps: ir.Steps, at: int) -> ir.Step:
    scan = steps[at]
    if not isinstance(scan, ir.Scan) or not isinstance(scan.source, ir.Local):
        return scan
    begin = _begin(scene.outer, scan.source)
    steady = isinstance(begin, ir.BaseData) or begin in scene.lasting
    if begin is None or not (steady or scene.again):
        return scan
    found = find_join(list(steps), at, replace(scan, key=None))
    if found is None:
        return scan
    return replace(scan, on=found.on, match=found.match, steady=steady)


def _begin(
    steps: ir.Steps, source: ir.Local
) -> ir.Input | ir.BaseData | ir.RuleId | None:
    """Return what a value is looked up in by constant names: one object for all scans."""
    atom: ir.Atom = source
    for step in reversed(steps):
        match step:
            case ir.Copy(target=target, source=before) if target == atom:
                atom = before
            case ir.Lookup(target=target, source=before, keys=keys) if target == atom:
                if not all(isinstance(key, ir.Const) for key in keys):
                    return None
                atom = before
            case ir.CallRule(target=target, rule=rule) if target == atom:
                return rule
            case _:
                pass
    return atom if isinstance(atom, ir.Input | ir.BaseData) else None
