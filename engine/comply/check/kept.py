"""How much of a document a session has to keep for its checks."""

from collections.abc import Iterable
from functools import reduce

from comply.plan.link import ReadSet
from comply.plan.shape import Shape, united
from comply.rules.checks import RegoChecks


def kept_shape(checks: Iterable[RegoChecks], world: str) -> Shape:
    """Return what checks read of the documents of a world, None for all of them.

    A check that reads them as base documents may read anything.
    """
    parts: list[Shape] = [{}]
    for group in checks:
        reads = [*group.program.reads.values(), *(u.code.reads for u in group.units)]
        if any(_reaches(found, world) for found in reads):
            return None
        parts.append(group.shape)
    return reduce(united, parts)


def _reaches(reads: ReadSet, world: str) -> bool:
    return reads.data is None or world in reads.data
