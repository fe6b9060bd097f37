"""Probes: what generated code reports of its way through a plan, where asked to.

A plan printed with probes calls `evaluation.probe(number, values)` when it enters a
clause, before each step, and when a clause yields. The number leads to a `Point`, the
values are those of the atoms the step reads. Code printed without probes has no trace of
them.
"""

from collections.abc import Callable
from typing import Any, Final, Literal, TypeAlias

from comply.classes import dataclass, field
from comply.plan import ir
from comply.plan.reads import assigned, atoms
from comply.plan.values import Value

Kind: TypeAlias = Literal["enter", "step", "yield"]
Event: TypeAlias = tuple[int, tuple[Value, ...]]


@dataclass(frozen=True, slots=True)
class Point:
    """A place of generated code that reports; `atoms` are what its values are of.

    The first `reads` of them are operands of the step, the others what the step before
    it assigned.
    """

    kind: Kind
    rule: ir.Rule
    clause: ir.Clause
    step: ir.Step | None
    atoms: tuple[ir.Atom, ...]
    reads: int

    @property
    def at(self) -> int:
        """Return the offset in the clause's source."""
        return getattr(self.step, "at", self.clause.at)


@dataclass(slots=True)
class Probes:
    """The points of code being printed; `here` is the clause whose steps are printed."""

    points: list[Point] = field(default_factory=list)
    here: tuple[ir.Rule, ir.Clause] | None = None

    def enter(self) -> int | None:
        """Return the number of the point at the beginning of the clause."""
        return self._add("enter", None, (), 0)

    def step(
        self, step: ir.Step, before: ir.Step | None = None
    ) -> tuple[int | None, tuple[ir.Atom, ...]]:
        """Return the number of the point before a step, and what it reports.

        That is its operands, and what the step `before` it in the same body assigned.
        """
        read = atoms(step)
        fresh = [ir.Local(name) for name in assigned((before,) if before else ())]
        both = (*read, *(local for local in fresh if local not in read))
        return self._add("step", step, both, len(read)), both

    def yields(self) -> tuple[int | None, tuple[ir.Atom, ...]]:
        """Return the number of the point where the clause yields, and what it reports."""
        read = () if self.here is None else (*self.here[1].keys, self.here[1].value)
        return self._add("yield", None, read, len(read)), read

    def _add(
        self, kind: Kind, step: ir.Step | None, read: tuple[ir.Atom, ...], reads: int
    ) -> int | None:
        if self.here is None:
            return None
        self.points.append(Point(kind, *self.here, step, read, reads))
        return len(self.points) - 1


MOST_EVENTS: Final = 1_000_000


class EnoughError(Exception):
    """A recording grew too long to be of use."""


def recorder(events: list[Event]) -> Callable[..., Any]:
    """Return what writes events down; it raises `EnoughError` after a million."""

    def record(number: int, values: tuple[Value, ...] = ()) -> None:
        if len(events) >= MOST_EVENTS:
            raise EnoughError
        events.append((number, values))

    return record
