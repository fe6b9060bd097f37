"""A value looked up twice is looked up once."""

from dataclasses import replace

from comply.plan import ir
from comply.plan.optimize.clauses import map_clauses
from comply.plan.reads import every_step

_Known = dict[tuple[ir.Atom, tuple[ir.Atom, ...]], ir.Local]


def share_lookups(plan: ir.Plan) -> ir.Plan:
    """Let a lookup start from an earlier one of the same source and first keys.

    The earlier one stands before it in the same or an outer list of steps, hence it has
    succeeded.
    """

    def change(clause: ir.Clause) -> ir.Clause:
        if any(isinstance(s, ir.EnterWith) for s in every_step(clause.steps)):
            return clause
        return replace(clause, steps=_shared(clause.steps, {}))

    return map_clauses(plan, change)


def _shared(steps: ir.Steps, outer: _Known) -> ir.Steps:
    known = dict(outer)
    made: list[ir.Step] = []
    for step in steps:
        new = step
        match step:
            case ir.Lookup(keys=(_, *_)):
                new = _from_known(step, known)
                known.setdefault((step.source, step.keys), step.target)
            case ir.Not() | ir.Collect() | ir.Every():
                new = replace(step, body=_shared(step.body, known))
            case _:
                pass
        made.append(new)
    return tuple(made)


def _from_known(step: ir.Lookup, known: _Known) -> ir.Step:
    for count in range(len(step.keys), 0, -1):
        found = known.get((step.source, step.keys[:count]))
        if found is None:
            continue
        if count == len(step.keys):
            return ir.Copy(step.at, step.target, found)
        return replace(step, source=found, keys=step.keys[count:])
    return step
