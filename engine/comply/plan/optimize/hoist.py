"""Lookups that do not depend on a loop are done before it.

A lookup of the loop itself just moves: where it fails, no turn could have succeeded. In
the body of a `not` or a comprehension its failure means something else, so there the
value is fetched ahead as UNDEFINED where it is absent, and looked at again inside.
"""

from dataclasses import replace

from comply.classes import dataclass, field
from comply.plan import ir
from comply.plan.optimize.clauses import map_bodies, map_clauses
from comply.plan.reads import all_assigned, every_step

_Loop = ir.Scan | ir.ScanIndex | ir.ScanRelation


@dataclass(slots=True)
class _Ahead:
    """Lookups fetched ahead of one loop, by what they read."""

    variant: frozenset[str]
    number: list[int]
    made: dict[tuple[ir.Atom, tuple[ir.Atom, ...]], ir.Maybe] = field(
        default_factory=dict
    )

    def free(self, atom: ir.Atom) -> bool:
        """Tell whether an atom is the same in every turn."""
        return not isinstance(atom, ir.Local) or atom.name not in self.variant

    def fetch(self, at: int, source: ir.Atom, keys: tuple[ir.Atom, ...]) -> ir.Local:
        """Return the local that holds a lookup fetched ahead."""
        step = self.made.get((source, keys))
        if step is None:
            self.number[0] += 1
            target = ir.Local(f"%h{self.number[0]}")
            step = self.made[source, keys] = ir.Maybe(at, target, source, keys)
        return step.target


def hoist_lookups(plan: ir.Plan) -> ir.Plan:
    """Move lookups out of the loops that they do not depend on."""
    number = [0]

    def change(clause: ir.Clause) -> ir.Clause:
        if any(isinstance(s, ir.EnterWith) for s in every_step(clause.steps)):
            return clause

        def hoist(body: ir.Steps) -> ir.Steps:
            return _hoisted(body, number)

        return replace(clause, steps=hoist(map_bodies(clause.steps, hoist)))

    return map_clauses(plan, change)


def hoist_inner_lookups(plan: ir.Plan) -> ir.Plan:
    """Move lookups out of nested loops, so that an index can answer for their values.

    What the outermost loop runs stays in it: it may become the driver of a unit, which
    an index with a value of the input would not be.
    """
    number = [0]

    def ahead(steps: ir.Steps) -> ir.Steps:
        return _hoisted(steps, number, bodies=False)

    def change(clause: ir.Clause) -> ir.Clause:
        if any(isinstance(s, ir.EnterWith) for s in every_step(clause.steps)):
            return clause
        steps = map_bodies(clause.steps, ahead)
        if clause.args:
            return replace(clause, steps=ahead(steps))
        first = next((i for i, s in enumerate(steps) if isinstance(s, _Loop)), 0) + 1
        return replace(clause, steps=(*steps[:first], *ahead(steps[first:])))

    return map_clauses(plan, change)


def _hoisted(steps: ir.Steps, number: list[int], *, bodies: bool = True) -> ir.Steps:
    """Return steps with lookups moved ahead of each loop, innermost loop first.

    With `bodies`, what steps inside others look up is fetched ahead too.
    """
    for at in reversed(range(len(steps))):
        if not isinstance(steps[at], _Loop):
            continue
        ahead = _Ahead(frozenset(all_assigned(steps[at:])), number)
        moved: list[ir.Step] = []
        inside: list[ir.Step] = []
        for step in steps[at + 1 :]:
            if isinstance(step, ir.Lookup | ir.Maybe) and _invariant(ahead, step):
                moved.append(step)
                ahead.variant -= {step.target.name}
            else:
                inside.append(_fetched(ahead, step) if bodies else step)
        made = list(ahead.made.values())
        steps = (*steps[:at], *moved, *made, steps[at], *inside)
    return steps


def _invariant(ahead: _Ahead, step: ir.Lookup | ir.Maybe) -> bool:
    return ahead.free(step.source) and all(map(ahead.free, step.keys))


def _fetched(ahead: _Ahead, step: ir.Step) -> ir.Step:
    """Return a step whose inner lookups start from what was fetched ahead."""
    if isinstance(step, ir.Not | ir.Collect | ir.Every):
        body = tuple(_shortened(ahead, inner) for inner in step.body)
        return replace(step, body=body)
    return step


def _shortened(ahead: _Ahead, step: ir.Step) -> ir.Step:
    if not isinstance(step, ir.Lookup):
        return _fetched(ahead, step)
    if not ahead.free(step.source) or isinstance(step.source, ir.BaseData):
        return step
    count = 0
    while count < len(step.keys) and ahead.free(step.keys[count]):
        count += 1
    if count == 0 or (count == 1 and len(step.keys) == 1):
        return step
    fetched = ahead.fetch(step.at, step.source, step.keys[:count])
    return replace(step, source=fetched, keys=step.keys[count:])
