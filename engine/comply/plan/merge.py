"""CLAUSES -> GROUPS: clauses of a set that begin alike share one loop.

The order in which the members of a set are found does not show, so `deny` rules that
range over the same resources look at each of them once.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from comply.classes import dataclass
from comply.plan import ir
from comply.plan.reads import all_assigned, captured, loops
from comply.plan.rewrite import field_names, substitute


@dataclass(frozen=True, slots=True)
class Group:
    """Clauses by their numbers, with their common steps in front.

    `tails` hold the steps that follow, each with names of its own.
    """

    clauses: tuple[int, ...]
    prefix: ir.Steps
    tails: tuple[ir.Clause, ...]

    @property
    def needed(self) -> tuple[ir.Atom, ...]:
        """Return what tails read of what the prefix assigns."""
        made = set(all_assigned(self.prefix))
        read: set[str] = set()
        for tail in self.tails:
            head = ir.MakeArray(0, ir.Local("%head"), (*tail.keys, tail.value))
            read.update(captured((*tail.steps, head)))
        return tuple(ir.Local(name) for name in sorted(made & read))


def merge(clauses: dict[int, ir.Clause]) -> Iterator[Group]:
    """Yield the groups of clauses that share a loop; most are of one clause."""
    waiting = dict(clauses)
    while waiting:
        first = next(iter(waiting.values()))
        shared = {i: _shared(first, clause) for i, clause in waiting.items()}
        members = {i: n for i, n in shared.items() if loops(first.steps[:n])}
        numbers = tuple(members) or (next(iter(waiting)),)
        length = min(members.values(), default=len(first.steps))
        yield _group({i: waiting.pop(i) for i in numbers}, length)


def _shared(one: ir.Clause, other: ir.Clause) -> int:
    """Return how many steps two clauses have in common, whatever their locals' names."""
    if one.source != other.source:
        return 0
    names: dict[str, ir.Atom] = {}
    length = 0
    for mine, theirs in zip(one.steps, other.steps, strict=False):
        if isinstance(mine, ir.EnterWith | ir.ExitWith):
            break
        names.update(_pairs(mine, theirs))
        if step_text(mine) != step_text(substitute(theirs, names)):
            break
        length += 1
    return length


def _pairs(mine: ir.Step, theirs: ir.Step) -> dict[str, ir.Atom]:
    pairs = zip(all_assigned((theirs,)), all_assigned((mine,)), strict=False)
    return {old: ir.Local(new) for old, new in pairs}


def step_text(node: object) -> str:
    """Return what a step does as text: where it stands in the file does not matter.

    Unlike `==` it tells 1 from 1.0.
    """
    if isinstance(node, tuple):
        return f"({', '.join(map(step_text, node))})"
    kind: Any = type(node)
    names = field_names(kind)
    if isinstance(node, ir.Local | ir.Const) or not names:
        return repr(node)
    parts = [getattr(node, name) for name in names if name != "at"]
    return f"{kind.__name__}{step_text(tuple(parts))}"


def _group(members: dict[int, ir.Clause], length: int) -> Group:
    first, *others = members.values()
    prefix = first.steps[:length]
    tails = [replace(first, steps=first.steps[length:])]
    tails += [_tail(clause, prefix, i) for i, clause in enumerate(others, 1)]
    return Group(tuple(members), prefix, tuple(tails))


def _tail(clause: ir.Clause, prefix: ir.Steps, number: int) -> ir.Clause:
    """Return what follows a prefix, with the prefix's names and others of its own."""
    names: dict[str, ir.Atom] = {}
    for mine, theirs in zip(prefix, clause.steps, strict=False):
        names.update(_pairs(mine, theirs))
    rest = clause.steps[len(prefix) :]
    for name in all_assigned(rest):
        mark = "_" if name[0] in "%$" else "."
        names[name] = ir.Local(f"{name}{mark}m{number}")
    return substitute(replace(clause, steps=rest), names)
