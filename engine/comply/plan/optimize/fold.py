"""Comparisons of constants are made when compiling."""

from dataclasses import replace

from comply.plan import ir
from comply.plan.optimize.clauses import map_bodies, map_clauses
from comply.plan.values import compare, equal


def fold_constants(plan: ir.Plan) -> ir.Plan:
    """Drop comparisons of constants that hold; let those that do not, never hold."""

    def change(clause: ir.Clause) -> ir.Clause:
        return replace(clause, steps=_folded(map_bodies(clause.steps, _folded)))

    return map_clauses(plan, change)


def _folded(steps: ir.Steps) -> ir.Steps:
    made: list[ir.Step] = []
    for step in steps:
        answer = _answer(step)
        if answer is None:
            made.append(step)
        elif isinstance(step, ir.CallBuiltin) and step.target is not None:
            made.append(ir.Copy(step.at, step.target, ir.Const(answer)))
        elif not answer:
            made.append(ir.Never(step.at))
    return tuple(made)


def _answer(step: ir.Step) -> bool | None:
    """Return what a comparison of constants answers, None for any other step."""
    match step:
        case ir.Equal(left=ir.Const(value=a), right=ir.Const(value=b)):
            return equal(a, b)
        case ir.Holds(atom=ir.Const(value=a)):
            return a is not False
        case ir.CallBuiltin(name=name, args=(ir.Const(value=a), ir.Const(value=b))):
            pass
        case _:
            return None
    match name:
        case "equal":
            return equal(a, b)
        case "neq":
            return not equal(a, b)
        case "lt":
            return compare(a, b) < 0
        case "lte":
            return compare(a, b) <= 0
        case "gt":
            return compare(a, b) > 0
        case "gte":
            return compare(a, b) >= 0
        case _:
            return None
