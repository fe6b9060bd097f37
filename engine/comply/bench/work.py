"""SESSION -> WORK: what a check does, to be done again and again while a clock runs."""

import statistics
import time
from collections.abc import Callable, Iterable
from typing import Any

from comply.check.documents import Result, run
from comply.check.evaluations import Runner, new_context, shape_of
from comply.check.results import Places
from comply.check.session import Session
from comply.check.single import Singles
from comply.check.worlds import concerns
from comply.classes import dataclass
from comply.load.facts import Document
from comply.plan.runtime import Context, collector_paused
from comply.rules.checks import RegoChecks, Unit, Whole

Item = Unit | Whole


@dataclass(frozen=True, slots=True)
class Work:
    """Checks and documents; `data` are the base documents that rules see."""

    groups: list[RegoChecks]
    documents: list[Document]
    data: dict[str, Any]
    clock: int


@dataclass(frozen=True, slots=True)
class Turn:
    """What one group of checks does on one document, or without one across worlds.

    `items` are its clauses and rules by number, each with the evaluation it runs in;
    those that expect one shape of the input share one.
    """

    group: int
    document: Document | None
    items: tuple[tuple[int, Item, Context], ...]


def work_of(session: Session) -> Work:
    """Return the work of a session's Rego rules."""
    documents = session.documents
    data = session.base_documents(documents)
    return Work(session.compiled, documents, data, session.clock)


def check_once(work: Work) -> list[Result]:
    """Check everything from scratch, as a session does."""
    runner = runner_of(work)
    singles = Singles(work.groups)
    with collector_paused():
        return [run(runner, singles, item) for item in (*work.documents, None)]


def runner_of(work: Work) -> Runner:
    """Return what checks run with."""
    places = Places(documents=tuple(work.documents))
    return Runner(work.data, work.clock, places)


def turns(work: Work) -> Iterable[Turn]:
    """Yield the turns of a check; nothing in their evaluations is computed yet."""
    runner = runner_of(work)
    for document in (*work.documents, None):
        for number, group in enumerate(work.groups):
            contexts: dict[str, Context] = {}
            items = []
            for at, item in enumerate(items_of(group)):
                if _applies(item, document):
                    shape = shape_of(item.reads)
                    if shape not in contexts:
                        contexts[shape] = new_context(
                            runner, group, document, item.reads
                        )
                    items.append((at, item, contexts[shape]))
            if items:
                yield Turn(number, document, tuple(items))


def items_of(group: RegoChecks) -> list[Item]:
    """Return the clauses and whole rules of a group, in the order of their numbers."""
    return [*group.units, *group.wholes]


def _applies(item: Item, document: Document | None) -> bool:
    joins = item.reads == frozenset()
    if document is None:
        return joins
    return not joins and concerns(item.reads, document)


def timed(run_it: Callable[[], object], runs: int, seconds: float) -> list[float]:
    """Return how long each of several runs took, in milliseconds.

    There are at most `runs`; after the first, none begins that would probably end
    later than `seconds` from now.
    """
    taken: list[float] = []
    end = time.perf_counter() + seconds
    while len(taken) < runs:
        start = time.perf_counter()
        if taken and start + statistics.median(taken) / 1000 > end:
            break
        result = run_it()
        taken.append((time.perf_counter() - start) * 1000)
        del result
    return taken
