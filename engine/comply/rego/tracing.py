"""MODULES -> TRACED POLICY -> ATTEMPTS: what an evaluation tried, clause by clause.

The plan is compiled as it is, not made faster, so that its steps are the expressions of
the authors, and printed with probes.
"""

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from comply.classes import dataclass, field
from comply.plan import ir
from comply.plan.emit import load, print_plan
from comply.plan.link import Program
from comply.plan.probe import Event, Point, Probes
from comply.plan.values import Value
from comply.rego import syntax as s
from comply.rego.modules import plan_modules


@dataclass(frozen=True, slots=True)
class Traced:
    """Modules compiled with probes; a point's number is its place in `points`."""

    modules: tuple[s.Module, ...]
    plan: ir.Plan
    program: Program
    points: tuple[Point, ...]


def as_it_is(plan: ir.Plan) -> ir.Plan:
    """Return the plan unchanged: what stands in for the optimizer."""
    return plan


def trace_modules(modules: tuple[s.Module, ...]) -> Traced:
    """Return parsed modules compiled with probes.

    Raises:
        RegoError: with every error in `.errors`.
    """
    plan = plan_modules(modules, improve=as_it_is).plan
    probes = Probes()
    program = load(print_plan(plan, probes), plan)
    return Traced(modules, plan, program, tuple(probes.points))


@dataclass(slots=True)
class Moment:
    """One event: what led there, `values` of what it reads, and what it led to.

    `called` are the attempts of clauses that a call led to, `within` the moments of the
    steps inside a `not`, an `every` or a comprehension.
    """

    point: Point
    values: tuple[Value, ...]
    called: "list[Attempt]" = field(default_factory=list)
    within: "list[Moment]" = field(default_factory=list)


Turn: TypeAlias = list[Moment]


@dataclass(slots=True)
class Attempt:
    """One run of a clause: every event in order."""

    point: Point
    moments: list[Moment] = field(default_factory=list)

    @property
    def yielded(self) -> bool:
        """Tell whether the clause held at all."""
        return any(moment.point.kind == "yield" for moment in self.moments)


def attempts(points: tuple[Point, ...], events: Iterable[Event]) -> list[Attempt]:
    """Return the outermost attempts of a recording, each with those it led to.

    A clause that fails says nothing, so an attempt is over when another clause speaks.
    """
    roots: list[Attempt] = []
    stack: list[Attempt] = []
    for number, values in events:
        point = points[number]
        if point.kind != "enter":
            while stack[-1].point.clause is not point.clause:
                stack.pop()
            stack[-1].moments.append(Moment(point, values))
            continue
        while stack and not _led_to(stack[-1], point):
            stack.pop()
        attempt = Attempt(point)
        (stack[-1].moments[-1].called if stack else roots).append(attempt)
        stack.append(attempt)
    return roots


def _led_to(attempt: Attempt, point: Point) -> bool:
    """Tell whether the last thing an attempt did was to ask for the rule of a point."""
    step = attempt.moments[-1].point.step if attempt.moments else None
    match step:
        case ir.CallRule(rule=rule):
            return rule == point.rule.id
        case ir.CallFunction() | ir.CallBuiltin():
            # A mock may run in the place of a function or of a built-in.
            return point.rule.kind == "function"
        case ir.Extent(path=path):
            whole = ("data", *path)
            return point.rule.path[: len(whole)] == whole[: len(point.rule.path)]
        case _:
            return False


def turns(attempt: Attempt) -> Iterator[Turn]:
    """Yield the ways through the loops of a clause, each up to where it ended.

    A turn ends where a step failed or the clause yielded; turns share their beginnings.
    """
    order = {id(step): i for i, step in enumerate(attempt.point.clause.steps)}
    path: Turn = []
    ranks: list[int] = []
    for moment in attempt.moments:
        end = moment.point.kind == "yield"
        rank = len(order) if end else order.get(id(moment.point.step))
        if rank is None:
            path[-1].within.append(moment)
            continue
        if ranks and rank <= ranks[-1]:
            yield list(path)
            while ranks and rank <= ranks[-1]:
                ranks.pop()
                path.pop()
        ranks.append(rank)
        path.append(moment)
    if path:
        yield path


def walk(roots: Iterable[Attempt]) -> Iterator[Attempt]:
    """Yield attempts and those inside them, in the order they began."""
    for attempt in roots:
        yield attempt
        for moment in attempt.moments:
            yield from walk(moment.called)
