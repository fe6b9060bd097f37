"""SESSION -> REPORT: everything that is measured of a policy, within a budget of time."""

from collections.abc import Sequence
from statistics import median

from comply.bench.lines import sampled_lines
from comply.bench.results import Report
from comply.bench.units import (
    listed_indexes,
    listed_memos,
    listed_rules,
    listed_units,
    tally,
    unit_times,
)
from comply.bench.work import check_once, timed, work_of
from comply.check.documents import Result
from comply.check.session import Session
from comply.classes import dataclass
from comply.load.facts import facts


@dataclass(frozen=True, slots=True)
class Budget:
    """How often to measure at most, and for how many seconds."""

    runs: int = 25
    seconds: float = 5.0


def measure(session: Session, budget: Budget, spent: Sequence[float]) -> Report:
    """Return what the rules of a session cost on its documents.

    A third of the time goes to whole checks, to single units, and to samples each.
    `spent` are the milliseconds that compiling and loading took.
    """
    work = work_of(session)
    third = budget.seconds / 3
    found: list[int] = []

    def once() -> list[Result]:
        results = check_once(work)
        if not found:
            found.append(sum(1 for r in results for _ in r.findings()))
        return results

    whole = timed(once, budget.runs, third)
    counted = tally(work)
    times, unit_runs = unit_times(work, counted, budget.runs, third)
    units = listed_units(work, counted, times)
    return Report(
        documents=len(work.documents),
        facts=sum(1 for document in work.documents for _ in facts(document)),
        findings=found[0],
        compiling=spent[0],
        loading=spent[1],
        whole=median(whole),
        runs=len(whole),
        apart=sum(times.values()),
        unit_runs=unit_runs,
        rules=listed_rules(units),
        units=units,
        indexes=listed_indexes(counted),
        memos=listed_memos(work, counted),
        lines=sampled_lines(work, median(whole), third),
        notes=_notes(session),
    )


def _notes(session: Session) -> tuple[str, ...]:
    if not session.asserts:
        return ()
    return ("SQL assertions run in a database and are not measured here",)
