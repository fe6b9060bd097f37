"""Comparisons of constants are made when compiling."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from comply.plan import ir
from comply.plan.optimize.clauses import map_bodies, map_clauses, replaced_paths
from comply.plan.values import Value, compare, equal


def fold_constants(plan: ir.Plan) -> ir.Plan:
    """Drop comparisons of constants that hold; let those that do not, never hold."""
    mocked = replaced_paths(plan)

    def fold(steps: ir.Steps) -> ir.Steps:
        return tuple(made for step in steps for made in _folded(step, mocked))

    def change(clause: ir.Clause) -> ir.Clause:
        return replace(clause, steps=fold(map_bodies(clause.steps, fold)))

    return map_clauses(plan, change)


def _folded(step: ir.Step, mocked: frozenset[tuple[str, ...]]) -> Iterator[ir.Step]:
    """Yield what a step becomes; a built-in that a `with` replaces stays."""
    match step:
        case ir.Equal(at=at, left=ir.Const(value=a), right=ir.Const(value=b)):
            yield from _kept(at, None, answer=equal(a, b))
        case ir.Holds(at=at, atom=ir.Const(value=a)):
            yield from _kept(at, None, answer=a is not False)
        case ir.CallBuiltin(
            at=at,
            target=target,
            name=name,
            args=(ir.Const(value=a), ir.Const(value=b)),
        ) if name in _COMPARISONS and (name,) not in mocked:
            yield from _kept(at, target, answer=_COMPARISONS[name](a, b))
        case _:
            yield step


def _kept(at: int, target: ir.Local | None, *, answer: bool) -> Iterator[ir.Step]:
    if target is not None:
        yield ir.Copy(at, target, ir.Const(answer))
    elif not answer:
        yield ir.Never(at)


_COMPARISONS: Final[dict[str, Callable[[Value, Value], bool]]] = {
    "equal": equal,
    "neq": lambda a, b: not equal(a, b),
    "lt": lambda a, b: compare(a, b) < 0,
    "lte": lambda a, b: compare(a, b) <= 0,
    "gt": lambda a, b: compare(a, b) > 0,
    "gte": lambda a, b: compare(a, b) >= 0,
}
