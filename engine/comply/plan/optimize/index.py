"""A scan followed by an equality on a path of the element becomes a lookup.

The index is built once for a collection and a path, and used by every rule; building it
costs about as much as one scan.
"""

from dataclasses import dataclass, replace

from comply.plan import ir
from comply.plan.optimize.clauses import map_bodies, map_clauses
from comply.plan.reads import all_assigned
from comply.plan.units import input_path


@dataclass(frozen=True, slots=True)
class _Join:
    """The equality at the step `equal`, which an index on the path `on` can answer."""

    equal: int
    on: tuple[str, ...]
    match: ir.Atom


def index_scans(plan: ir.Plan) -> ir.Plan:
    """Replace scans of input collections by index lookups."""

    def change(clause: ir.Clause) -> ir.Clause:
        outer = clause.steps

        def inside(body: ir.Steps) -> ir.Steps:
            return _indexed(body, outer)

        steps = map_bodies(clause.steps, inside)
        return replace(clause, steps=_indexed(steps, ()))

    return map_clauses(plan, change)


def _indexed(steps: ir.Steps, outer: ir.Steps) -> ir.Steps:
    """Return steps with their scans indexed; `outer` are the steps around them."""
    made = list(steps)
    i = 0
    while i < len(made):
        step = made[i]
        if isinstance(step, ir.EnterWith):
            break
        if isinstance(step, ir.Scan) and not step.ordered:
            path = input_path((*outer, *made[:i]), step.source)
            join = _find_join(made, i, step) if path is not None else None
            if join is not None and path is not None:
                made = _replace_scan(made, i, step, join, path)
        i += 1
    return tuple(made)


def _find_join(steps: list[ir.Step], at: int, scan: ir.Scan) -> _Join | None:
    """Return the best equality: one with a value bound outside beats a constant."""
    if scan.value is None or scan.key is not None:
        return None
    inside = set(all_assigned(steps[at:]))
    found: list[_Join] = []
    for i, step in enumerate(steps[at + 1 :], at + 1):
        if isinstance(step, ir.Scan | ir.ScanRelation | ir.EnterWith):
            break
        if not isinstance(step, ir.Equal):
            continue
        for element, other in ((step.left, step.right), (step.right, step.left)):
            on = _path_of(steps[at + 1 : i], element, scan.value)
            if on and _outside(other, inside):
                found.append(_Join(i, on, other))
    joins = [j for j in found if isinstance(j.match, ir.Local)]
    return next(iter([*joins, *found]), None)


def _outside(atom: ir.Atom, inside: set[str]) -> bool:
    if isinstance(atom, ir.Const):
        return isinstance(atom.value, str | int | float | None)
    return isinstance(atom, ir.Local) and atom.name not in inside


def _path_of(steps: list[ir.Step], atom: ir.Atom, element: ir.Local) -> tuple[str, ...]:
    """Return the strings by which a step reads `atom` from the element, () if none."""
    for step in steps:
        if isinstance(step, ir.Lookup) and step.target == atom:
            keys = [k.value for k in step.keys if isinstance(k, ir.Const)]
            whole = len(keys) == len(step.keys) and step.source == element
            return tuple(keys) if whole and all(type(k) is str for k in keys) else ()
    return ()


def _replace_scan(
    steps: list[ir.Step], at: int, scan: ir.Scan, join: _Join, path: tuple[str, ...]
) -> list[ir.Step]:
    made = [s for i, s in enumerate(steps) if i != join.equal]
    made[at] = ir.ScanIndex(scan.at, scan.value, path, join.on, join.match)
    return made
