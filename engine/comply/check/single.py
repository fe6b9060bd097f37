"""REGO CHECKS x SINGLE FACT -> FINDINGS: the way for thousands of manifests.

Nothing is kept between documents but which rules concern a world, so that a document
costs its evaluations and little else.
"""

from collections.abc import Callable, Iterable
from operator import itemgetter
from typing import Any

from comply.check.budget import ALL, OverBudgetError
from comply.check.evaluations import (
    Runner,
    driven,
    failure,
    members,
    new_context,
    shape_of,
    shared_path,
)
from comply.check.results import About, finding
from comply.check.worlds import concerns, is_decided, shaped
from comply.classes import dataclass, field
from comply.findings import Finding
from comply.load.facts import Document, Step
from comply.plan.link import Sighting
from comply.plan.runtime import Context, EvaluationError
from comply.plan.values import Value
from comply.rules.checks import RegoChecks, Unit, Whole

Item = Unit | Whole


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry rule all of whose clauses concern the documents of a world.

    `run` evaluates it as a whole, which nearly always gives nothing; `shape` is what it
    expects as input.
    """

    run: Callable[[Context], dict[Any, Value]]
    items: tuple[Unit, ...]
    shape: str


@dataclass(slots=True)
class Selection:
    """Which rules of some checks concern documents of a world.

    `entries` and `always` do by what they read; `maybe` are asked for each document.
    `numbered` are the units of entries by their numbers in a screen, `shapes` gives a
    unit for each shape of the input that entries expect.
    `names` are the ids of the rules that the entries belong to, `size` counts their
    units, `documents` those that were checked. `contexts` serve one document after the
    other.
    """

    entries: list[Entry] = field(default_factory=list)
    numbered: dict[int, Unit] = field(default_factory=dict)
    shapes: dict[str, Unit] = field(default_factory=dict)
    names: dict[str, None] = field(default_factory=dict)
    contexts: dict[str, Context] = field(default_factory=dict)
    size: int = 0
    documents: int = 0
    always: list[Item] = field(default_factory=list)
    maybe: list[Item] = field(default_factory=list)


@dataclass(slots=True)
class Singles:
    """The selections made so far, by world, one for each group of checks."""

    checks: list[RegoChecks]
    worlds: dict[str, list[Selection]] = field(default_factory=dict)

    def count(self, evaluated: dict[str, int]) -> None:
        """Add how many documents each entry rule was evaluated on."""
        for selection in (s for found in self.worlds.values() for s in found):
            for name in selection.names:
                evaluated[name] = evaluated.get(name, 0) + selection.documents
            selection.documents = 0

    def of(self, document: Document) -> list[Selection]:
        """Return the selections for the world of a document."""
        found = self.worlds.get(document.world)
        if found is None:
            found = [_select(group, document) for group in self.checks]
            self.worlds[document.world] = found
        return found


def _select(group: RegoChecks, document: Document) -> Selection:
    made = Selection()
    codes = (code for units in group.program.entries.values() for code in units)
    numbers = {id(code): number for number, code in enumerate(codes)}
    entries: dict[int, list[Unit]] = {}
    for unit in group.units:
        entries.setdefault(unit.entry, []).append(unit)
    for entry, units in entries.items():
        shapes = {shape_of(unit.reads) for unit in units}
        if len(shapes) == 1 and all(_concerned(unit, document) for unit in units):
            run = group.program.members[entry]
            shape = shapes.pop()
            made.entries.append(Entry(run, tuple(units), shape))
            made.numbered.update((numbers[id(unit.code)], unit) for unit in units)
            made.shapes.setdefault(shape, units[0])
            made.names.update(dict.fromkeys(unit.rule.id for unit in units))
            made.size += len(units)
        else:
            _sort(made, units, document)
    _sort(made, group.wholes, document)
    return made


def _concerned(item: Item, document: Document) -> bool:
    """Tell whether a rule concerns all documents of a world."""
    if item.reads == frozenset() or not is_decided(item.reads, document):
        return False
    return concerns(item.reads, document)


def _sort(made: Selection, items: Iterable[Item], document: Document) -> None:
    for item in items:
        if _concerned(item, document):
            made.always.append(item)
        elif item.reads != frozenset() and not is_decided(item.reads, document):
            made.maybe.append(item)


def run_single(
    runner: Runner, singles: Singles, document: Document
) -> tuple[list[Finding], int]:
    """Return the findings in a document that is one fact, and how many units that took."""
    budget = runner.budget
    if not budget.careful:
        found: list[Finding] = []
        try:
            return found, budget.run(ALL, _run_all, runner, singles, document, found)
        except OverBudgetError:
            # Which rule took too much shows when each runs by itself.
            budget.careful = True
    found = []
    return found, _run_all(runner, singles, document, found)


def _run_all(
    runner: Runner, singles: Singles, document: Document, found: list[Finding]
) -> int:
    """Add what is found in a document; return how many units that took."""
    size = 0
    for group, selection in zip(singles.checks, singles.of(document), strict=True):
        turn = Turn(runner, group, document, {}, found)
        if selection.entries:
            _run_entries(turn, selection)
        selection.documents += 1
        size += selection.size
        items = selection.always
        if selection.maybe:
            more = [x for x in selection.maybe if concerns(x.reads, document)]
            items = [*items, *more]
        size += len(items)
        _run_items(turn, items)
    return size


@dataclass(frozen=True, slots=True)
class Turn:
    """The evaluations of one document by one group of checks, by shape of the input.

    What they find is added to `found`.
    """

    runner: Runner
    checks: RegoChecks
    document: Document
    contexts: dict[str, Context]
    found: list[Finding]


def _run_entries(turn: Turn, selection: Selection) -> None:
    """Run entry rules; only those that may give a result are run in parts."""
    for shape, unit in selection.shapes.items():
        turn.contexts[shape] = _context(turn, selection, shape, unit)
    careful = turn.runner.budget.careful
    if not careful and _run_screen(turn, selection):
        return
    for entry in selection.entries:
        context = turn.contexts[entry.shape]
        if careful or _may_find(entry, context):
            for item in entry.items:
                _run_item(turn, item, context)


def _context(turn: Turn, selection: Selection, shape: str, unit: Unit) -> Context:
    """Return the evaluation of a document, in which nothing is left of the one before."""
    context = selection.contexts.get(shape)
    if context is None:
        context = new_context(turn.runner, turn.checks, turn.document, unit.reads)
        selection.contexts[shape] = context
        return context
    runner = turn.runner
    context.input = shaped(unit.reads, turn.document)
    context.evaluation.now_ns = runner.now_ns
    context.clear(runner.data, turn.checks.program.lasting)
    return context


def _run_screen(turn: Turn, selection: Selection) -> bool:
    """Add what all entry rules find in one pass; tell whether there is such a pass."""
    screen = turn.checks.program.screen
    if screen is None or len(selection.shapes) != 1:
        return False
    (shape,) = selection.shapes
    context = turn.contexts[shape]
    found: list[Sighting] = []
    try:
        screen(context, found)
    except (EvaluationError, RecursionError):
        return False
    # Units that expect another shape saw an input that is not for them.
    units = selection.numbered
    found.sort(key=itemgetter(0))
    for number, key, element, result in found:
        if number in units:
            _add(
                turn,
                units[number],
                (result,),
                _about(turn, units[number], key, element),
            )
    return True


def _about(turn: Turn, unit: Unit, key: Step | None, element: Value) -> About:
    """Return what the result of a unit is about."""
    path = unit.code.path
    if path is None:
        return About(turn.document)
    return About(turn.document, shared_path(path), key, element)


def _may_find(entry: Entry, context: Context) -> bool:
    try:
        return bool(entry.run(context))
    except (EvaluationError, RecursionError):
        return True


def _run_items(turn: Turn, items: Iterable[Item]) -> None:
    evaluated = turn.runner.evaluated
    for item in items:
        evaluated[item.rule.id] = evaluated.get(item.rule.id, 0) + 1
        shape = shape_of(item.reads)
        if shape not in turn.contexts:
            turn.contexts[shape] = new_context(
                turn.runner, turn.checks, turn.document, item.reads
            )
        _run_item(turn, item, turn.contexts[shape])


def _run_item(turn: Turn, item: Item, context: Context) -> None:
    """Add what a rule finds, each result with the element that gave it."""
    before = len(turn.found)
    try:
        turn.runner.budget.run(item.rule.id, _run_alone, turn, item, context)
    except (EvaluationError, RecursionError) as error:
        if isinstance(error, OverBudgetError):
            del turn.found[before:]
        turn.found.append(failure(error, item.rule, turn.checks, turn.document))


def _run_alone(turn: Turn, item: Item, context: Context) -> None:
    if isinstance(item, Whole):
        _run_whole(turn, item, context)
    else:
        _run_unit(turn, item, context)


def _run_whole(turn: Turn, item: Whole, context: Context) -> None:
    value = turn.checks.program.rules[item.id](context)
    _add(turn, item, members(value), About(turn.document))


def _run_unit(turn: Turn, item: Unit, context: Context) -> None:
    out: dict[Any, Value] = {}
    code, document = item.code, turn.document
    if code.start is None or code.path is None:
        code.run(context, out)
        _add(turn, item, out.values(), About(document))
        return
    started = code.start(context)
    if started is None:
        return
    for key, element in driven(code, context):
        code.run(context, out, key, element, *started)
        if out:
            _add(turn, item, out.values(), _about(turn, item, key, element))
            out.clear()


def _add(turn: Turn, item: Item, results: Iterable[Value], about: About) -> None:
    places = turn.runner.places
    found = [finding(item.rule, item.status, x, about, places) for x in results]
    turn.runner.budget.take(item.rule.id, found)
    turn.found.extend(found)
