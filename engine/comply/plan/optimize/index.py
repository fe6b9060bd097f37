"""A scan followed by an equality on a path of the element becomes a lookup.

The index is built once for a collection and a path, and used by every rule; building it
costs about as much as one scan. So a scan for elements with one of several values
becomes a lookup of each only where the scan is made again and again: in a function, and
inside another loop.
"""

from dataclasses import replace
from typing import Final

from comply.classes import dataclass
from comply.plan import ir
from comply.plan.optimize.clauses import map_bodies, map_clauses
from comply.plan.reads import all_assigned, loops
from comply.plan.runtime import values
from comply.plan.units import input_path
from comply.plan.values import RegoSet

_MEMBER: Final = "internal.member_2"


@dataclass(frozen=True, slots=True)
class _Join:
    """The test at the step `test`, which an index on the path `on` can answer.

    With `each`, `match` is each of these values in turn.
    """

    test: int
    on: tuple[str, ...]
    match: ir.Atom
    each: ir.Const | None = None


def index_scans(plan: ir.Plan) -> ir.Plan:
    """Replace scans of input collections by index lookups."""

    def change(clause: ir.Clause) -> ir.Clause:
        outer = clause.steps

        called = bool(clause.args)
        again = called or loops(outer)

        def inside(body: ir.Steps) -> ir.Steps:
            return _indexed(body, outer, again=again)

        steps = map_bodies(clause.steps, inside)
        return replace(clause, steps=_indexed(steps, (), again=called))

    return map_clauses(plan, change)


def _indexed(steps: ir.Steps, outer: ir.Steps, *, again: bool) -> ir.Steps:
    """Return steps with their scans indexed; `outer` are the steps around them.

    With `again` they run more than once.
    """
    made = list(steps)
    i = 0
    while i < len(made):
        step = made[i]
        if isinstance(step, ir.EnterWith):
            break
        if isinstance(step, ir.Scan) and not step.ordered:
            path = input_path((*outer, *made[:i]), step.source)
            join = find_join(made, i, step) if path is not None else None
            if join is None and path is not None and (again or loops(tuple(made[:i]))):
                join = _find_choice(made, i, step)
            if join is not None and path is not None:
                made = _replace_scan(made, i, step, join, path)
        i += 1
    return tuple(made)


def find_join(steps: list[ir.Step], at: int, scan: ir.Scan) -> _Join | None:
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


def _find_choice(steps: list[ir.Step], at: int, scan: ir.Scan) -> _Join | None:
    """Return the first test whether an element has one of some constant values."""
    if scan.value is None or scan.key is not None:
        return None
    for i, step in enumerate(steps[at + 1 :], at + 1):
        match step:
            case ir.Scan() | ir.ScanRelation() | ir.EnterWith():
                break
            case ir.CallBuiltin(
                target=None, name=name, args=(element, ir.Const(value=held))
            ) if name == _MEMBER:
                on = _path_of(steps[at + 1 : i], element, scan.value)
                choices = RegoSet(values(held))
                if on and all(_outside(ir.Const(x), set()) for x in choices):
                    match = ir.Local(f"{scan.value.name}.each")
                    return _Join(i, on, match, ir.Const(choices))
            case _:
                pass
    return None


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
    made = [s for i, s in enumerate(steps) if i != join.test]
    made[at] = ir.ScanIndex(scan.at, scan.value, path, join.on, join.match)
    if isinstance(join.match, ir.Local) and join.each is not None:
        # An element has one value there, so that it is met once.
        made.insert(at, ir.Scan(scan.at, None, join.match, join.each, ordered=False))
    return made
