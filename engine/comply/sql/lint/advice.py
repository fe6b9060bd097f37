"""What Oracle accepts and is unwise: locks, indexes, verdicts that never change."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, TypeAlias

from comply.sql.lint.problem import Problem, Subject

Check: TypeAlias = Callable[[Subject], Iterable[Problem]]


def repeated(subjects: Sequence[Subject]) -> Iterator[tuple[Subject, Problem]]:
    yield from ()


ADVICE: Final[tuple[Check, ...]] = ()
