"""Short functions are written out where they are called.

Without a loop a clause gives at most one value, so that writing it out cannot change how
often anything holds; under a `not` it only matters that something holds.
"""

from collections.abc import Iterator
from dataclasses import replace

from comply.classes import dataclass
from comply.plan import ir
from comply.plan.optimize.clauses import map_clauses, replaceable, replaced_paths
from comply.plan.reads import all_assigned, every_step, loops
from comply.plan.rewrite import freshened, substitute

LONGEST = 14
DEEPEST = 3


@dataclass(slots=True)
class _Inlining:
    single: dict[int, ir.Clause]
    tests: dict[int, tuple[ir.Clause, ...]]
    count: int = 0

    def fresh(self, clause: ir.Clause) -> ir.Clause:
        """Return a clause with locals that nothing else has."""
        self.count += 1
        names = {*all_assigned(clause.steps), *(a.name for a in clause.args)}
        return freshened(clause, names, f"f{self.count}")[0]


def inline_functions(plan: ir.Plan) -> ir.Plan:
    """Write out calls of functions that are one short clause without a loop.

    `not f(x)` is written out for functions of several clauses too, when all they can
    answer is true.
    """
    paths = replaced_paths(plan)
    found = _Inlining({}, {})
    for rule in plan.rules:
        if rule.kind != "function" or rule.default or replaceable(rule, paths):
            continue
        clauses = tuple(c for chain in rule.chains for c in chain)
        if any(len(chain) != 1 for chain in rule.chains) or _long(clauses):
            continue
        if len(clauses) == 1 and not loops(clauses[0].steps):
            found.single[rule.id] = clauses[0]
        if all(c.value == ir.Const(value=True) for c in clauses):
            found.tests[rule.id] = clauses

    def change(clause: ir.Clause) -> ir.Clause:
        steps = clause.steps
        for _ in range(DEEPEST):
            steps = tuple(_inlined(found, steps))
        return replace(clause, steps=steps)

    return map_clauses(plan, change) if found.single or found.tests else plan


def _long(clauses: tuple[ir.Clause, ...]) -> bool:
    steps = [s for c in clauses for s in every_step(c.steps)]
    return len(steps) > LONGEST or any(isinstance(s, ir.EnterWith) for s in steps)


def _inlined(found: _Inlining, steps: ir.Steps) -> Iterator[ir.Step]:
    for step in steps:
        match step:
            case ir.CallFunction(rule=rule) if rule in found.single:
                clause = found.fresh(found.single[rule])
                yield from _written_out(clause, step)
                yield ir.Copy(step.at, step.target, clause.value)
            case ir.Not(body=body) if (parts := _negated(found, body)) is not None:
                yield from parts
            case ir.Not() | ir.Collect() | ir.Every():
                yield replace(step, body=tuple(_inlined(found, step.body)))
            case _:
                yield step


def _written_out(clause: ir.Clause, call: ir.CallFunction) -> Iterator[ir.Step]:
    for parameter, argument in zip(clause.args, call.args, strict=True):
        yield ir.Copy(call.at, parameter, argument)
    yield from clause.steps


def _negated(found: _Inlining, body: ir.Steps) -> list[ir.Step] | None:
    """Return what `not f(x)` becomes: no clause of `f` may hold."""
    match body:
        case (ir.CallFunction(target=target) as call, ir.Holds(atom=atom)) if (
            call.rule in found.tests and atom == target
        ):
            parts: list[ir.Step] = []
            for clause in found.tests[call.rule]:
                fresh = found.fresh(clause)
                arguments = {
                    p.name: a for p, a in zip(fresh.args, call.args, strict=True)
                }
                inner = substitute(fresh.steps, arguments)
                parts.append(ir.Not(call.at, inner))
            return parts
        case _:
            return None
