"""REGO CHECKS x DOCUMENT -> FINDINGS: from scratch, and after a change."""

from collections.abc import Iterable, Iterator

from comply.check.budget import ALL, OverBudgetError
from comply.check.changes import Edits
from comply.check.evaluations import (
    Runner,
    failure,
    members,
    new_context,
    shape_of,
    shared_path,
)
from comply.check.incremental import Unit, Wave, advance, run_unit, start_wave
from comply.check.results import About, finding
from comply.check.worlds import concerns, shaped
from comply.classes import dataclass, field
from comply.findings import Finding
from comply.load.facts import Document, nowhere
from comply.plan.runtime import Context, EvaluationError
from comply.plan.values import Value
from comply.rules.checks import RegoChecks, Whole
from comply.rules.checks import Unit as Clause

Path = tuple[str, ...]


@dataclass(slots=True)
class Running:
    """A clause or a whole rule over one document, and its current findings.

    `found` holds them by the id of the element that gave them, 0 for the whole.
    `touched` are the ids of the elements that the last change ran it for, None for all.
    """

    item: Clause | Whole
    context: Context
    unit: Unit | None
    found: dict[int, list[Finding]] = field(default_factory=dict)
    touched: frozenset[int] | None = None


@dataclass(slots=True)
class State:
    """Checks compiled together over one document (or, without one, over all worlds)."""

    checks: RegoChecks
    document: Document | None
    contexts: dict[str, Context]
    running: list[Running]

    def findings(self) -> Iterator[Finding]:
        """Yield the current findings."""
        for running in self.running:
            for found in running.found.values():
                yield from found


def start(runner: Runner, checks: RegoChecks, document: Document | None) -> State:
    """Run checks over a document from scratch.

    Without a document the rules run that read no input: they join worlds.
    """
    state = State(checks, document, {}, [])
    items: list[Clause | Whole] = [*checks.units, *checks.wholes]
    for item in items:
        joining = item.reads == frozenset()
        if joining if document is None else _applies(item, document):
            context = _context(runner, state, item.reads)
            unit = Unit(item.code) if isinstance(item, Clause) else None
            running = Running(item, context, unit)
            state.running.append(running)
            count = runner.evaluated
            count[item.rule.id] = count.get(item.rule.id, 0) + 1
            if unit is not None:
                _run_unit(runner, running, unit)
            _find_all(runner, state, running)
    return state


def _run_unit(runner: Runner, running: Running, unit: Unit) -> None:
    """Run a unit from scratch; one that takes too much is an error."""
    try:
        rule = running.item.rule.id
        runner.budget.run(rule, run_unit, unit, running.context)
    except OverBudgetError as error:
        _stop(unit, error)


def _stop(unit: Unit, error: OverBudgetError) -> None:
    unit.results.clear()
    unit.elements.clear()
    unit.error, unit.size = error, 1


def _applies(item: Clause | Whole, document: Document) -> bool:
    return item.reads != frozenset() and concerns(item.reads, document)


def _context(runner: Runner, state: State, reads: frozenset[str] | None) -> Context:
    """Return the evaluation of a document in the shape that a rule expects.

    Rules of one shape share it, and so what they memoise.
    """
    shape = shape_of(reads)
    if shape not in state.contexts:
        state.contexts[shape] = new_context(runner, state.checks, state.document, reads)
    return state.contexts[shape]


@dataclass(frozen=True, slots=True)
class Update:
    """A change on its way to the checks of a document: what changed there, and in data.

    `document` is the document as it is now.
    """

    document: Document | None
    edits: Edits
    data: frozenset[str]


@dataclass(slots=True)
class Counts:
    """How many units a change ran again, and how many it did not have to."""

    run: int = 0
    reused: int = 0


def follow_change(
    runner: Runner, state: State, update: Update, counts: Counts
) -> tuple[list[Finding], list[Finding]]:
    """Bring checks up to date; return the findings that went and those that came."""
    state.document = update.document
    delta: tuple[list[Finding], list[Finding]] = ([], [])
    try:
        runner.budget.run(ALL, _follow, runner, state, update, counts, delta)
    except OverBudgetError:
        # What a change was half done to is begun again, each rule by itself.
        gone, come = delta
        gone += state.findings()
        fresh = start(runner, state.checks, update.document)
        state.contexts, state.running = fresh.contexts, fresh.running
        come += state.findings()
    return delta


def _follow(
    runner: Runner,
    state: State,
    update: Update,
    counts: Counts,
    delta: tuple[list[Finding], list[Finding]],
) -> None:
    for shape, context in state.contexts.items():
        context.data = runner.data
        if update.document is not None:
            context.input = shaped(frozenset((shape,)), update.document)
        context.evaluation.now_ns = runner.now_ns
        wave = start_wave(
            update.edits, update.data, shared_path, context, state.checks.program
        )
        for running in state.running:
            if running.context is context:
                runner.budget.label = running.item.rule.id
                _advance(runner, state, running, wave, delta)
        runner.budget.label = ALL
        counts.run += wave.rerun
        counts.reused += wave.reused
    _place_again(runner, state, update)


def _place_again(runner: Runner, state: State, update: Update) -> None:
    """Make the findings of a new text anew, whose lines may have moved."""
    if update.document is None or update.document.locate is nowhere:
        return
    if update.edits.moved:
        for running in state.running:
            if running.unit is not None:
                # What was not run again may stand elsewhere in its collection.
                held = running.unit.elements
                held.update((n, (None, element)) for n, (_, element) in [*held.items()])
            _find_all(runner, state, running)


def _advance(
    runner: Runner,
    state: State,
    running: Running,
    wave: Wave,
    delta: tuple[list[Finding], list[Finding]],
) -> None:
    gone, come = delta
    unit = running.unit
    touched: frozenset[int] | None = None
    stop = runner.budget.out.get(running.item.rule.id)
    if unit is not None and stop is not None:
        _stop(unit, OverBudgetError(stop))
    elif unit is not None:
        touched = advance(unit, running.context, wave)
    elif not _whole_concerned(running, wave):
        wave.reused += 1
        return
    else:
        wave.rerun += 1
    running.touched = touched
    if touched is None or unit is None or unit.error is not None:
        gone += [f for found in running.found.values() for f in found]
        _find_all(runner, state, running)
        come += [f for found in running.found.values() for f in found]
        return
    for number in touched:
        gone += running.found.pop(number, ())
        results = unit.results.get(number)
        if results is not None:
            found = _find(runner, state, running, number, results)
            running.found[number] = found
            come += found


def _whole_concerned(running: Running, wave: Wave) -> bool:
    item = running.item
    if not isinstance(item, Whole):
        return True
    return item.id in wave.changed_rules or item.id not in running.context.memo


def _find_all(runner: Runner, state: State, running: Running) -> None:
    """Make the findings of a unit anew; one that cannot be evaluated is an error."""
    running.found.clear()
    item = running.item
    try:
        runner.budget.run(item.rule.id, _find_each, runner, state, running)
    except (EvaluationError, RecursionError) as error:
        running.found.clear()
        running.found[0] = [failure(error, item.rule, state.checks, state.document)]


def _find_each(runner: Runner, state: State, running: Running) -> None:
    unit = running.unit
    if unit is None:
        _find_whole(runner, state, running)
    elif unit.error is not None:
        raise unit.error
    else:
        for number, results in unit.results.items():
            found = _find(runner, state, running, number, results)
            running.found[number] = found


def _find_whole(runner: Runner, state: State, running: Running) -> None:
    item = running.item
    if not isinstance(item, Whole):
        return
    value = state.checks.program.rules[item.id](running.context)
    about = About(state.document)
    found = [
        finding(item.rule, item.status, result, about, runner.places)
        for result in members(value)
    ]
    runner.budget.take(item.rule.id, found)
    if found:
        running.found[0] = found


def _find(
    runner: Runner,
    state: State,
    running: Running,
    number: int,
    results: Iterable[Value],
) -> list[Finding]:
    """Return the findings of the results that one element gave."""
    rule, status, unit = running.item.rule, running.item.status, running.unit
    about = About(state.document)
    if unit is not None and number in unit.elements:
        key, element = unit.elements[number]
        path = shared_path(unit.code.path or ())
        about = About(state.document, path, key, element)
    found = [finding(rule, status, r, about, runner.places) for r in results]
    runner.budget.take(rule.id, found)
    return found
