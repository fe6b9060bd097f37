"""REGO CHECKS x SINGLE FACT -> FINDINGS: the way for thousands of manifests.

Nothing is kept between documents but which rules concern a world, so that a document
costs its evaluations and little else.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from comply.check.incremental import driven
from comply.check.rego_check import (
    Runner,
    State,
    failure,
    members,
    new_context,
    shape_of,
    shared_path,
)
from comply.check.results import About, finding
from comply.check.worlds import concerns, is_decided
from comply.findings import Finding
from comply.load.facts import Document
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
    `names` are the ids of the rules that the entries belong to, `size` counts their
    units.
    """

    entries: list[Entry] = field(default_factory=list)
    names: dict[str, None] = field(default_factory=dict)
    size: int = 0
    always: list[Item] = field(default_factory=list)
    maybe: list[Item] = field(default_factory=list)


@dataclass(slots=True)
class Singles:
    """The selections made so far, by world, one for each group of checks."""

    checks: list[RegoChecks]
    worlds: dict[str, list[Selection]] = field(default_factory=dict)

    def of(self, document: Document) -> list[Selection]:
        """Return the selections for the world of a document."""
        found = self.worlds.get(document.world)
        if found is None:
            found = [_select(group, document) for group in self.checks]
            self.worlds[document.world] = found
        return found


def _select(group: RegoChecks, document: Document) -> Selection:
    made = Selection()
    entries: dict[int, list[Unit]] = {}
    for unit in group.units:
        entries.setdefault(unit.entry, []).append(unit)
    for entry, units in entries.items():
        shapes = {shape_of(unit.reads) for unit in units}
        if len(shapes) == 1 and all(_concerned(unit, document) for unit in units):
            run = group.program.members[entry]
            made.entries.append(Entry(run, tuple(units), shapes.pop()))
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
    found: list[Finding] = []
    size = 0
    for group, selection in zip(singles.checks, singles.of(document), strict=True):
        turn = Turn(runner, State(group, document, {}, []), {})
        found += _run_entries(turn, selection)
        size += selection.size
        items = selection.always
        if selection.maybe:
            more = [x for x in selection.maybe if concerns(x.reads, document)]
            items = [*items, *more]
        size += len(items)
        found += _run_items(turn, items)
    return found, size


@dataclass(frozen=True, slots=True)
class Turn:
    """The evaluations of one document by one group of checks, by shape of the input."""

    runner: Runner
    state: State
    contexts: dict[str, Context]


def _run_entries(turn: Turn, selection: Selection) -> Iterator[Finding]:
    """Yield what entry rules find; those that give a result or fail are run in parts."""
    for entry in selection.entries:
        if entry.shape not in turn.contexts:
            _context(turn, entry.items[0])
    contexts = turn.contexts
    for entry in selection.entries:
        try:
            if not entry.run(contexts[entry.shape]):
                continue
        except (EvaluationError, RecursionError):
            pass
        for item in entry.items:
            yield from _run_item(turn, item)
    _count(turn.runner, selection.names)


def _context(turn: Turn, item: Item) -> Context:
    shape = shape_of(item.reads)
    if shape not in turn.contexts:
        turn.contexts[shape] = new_context(turn.runner, turn.state, item.reads)
    return turn.contexts[shape]


def _count(runner: Runner, names: Iterable[str]) -> None:
    count = runner.evaluated
    for name in names:
        count[name] = count.get(name, 0) + 1


def _run_items(turn: Turn, items: Iterable[Item]) -> Iterator[Finding]:
    for item in items:
        _count(turn.runner, (item.rule.id,))
        yield from _run_item(turn, item)


def _run_item(turn: Turn, item: Item) -> Iterator[Finding]:
    """Yield what a rule finds, each result with the element that gave it."""
    try:
        yield from _run(turn.runner, turn.state, item, _context(turn, item))
    except (EvaluationError, RecursionError) as error:
        yield failure(error, item.rule, turn.state)


def _run(
    runner: Runner, state: State, item: Item, context: Context
) -> Iterator[Finding]:
    rule, status, places = item.rule, item.status, runner.places
    about = About(state.document)
    if isinstance(item, Whole):
        value = state.checks.program.rules[item.id](context)
        for result in members(value):
            yield finding(rule, status, result, about, places)
        return
    out: dict[Any, Value] = {}
    code = item.code
    if code.start is None or code.path is None:
        code.run(context, out)
        for result in out.values():
            yield finding(rule, status, result, about, places)
        return
    started = code.start(context)
    if started is None:
        return
    for key, element in driven(code, context):
        code.run(context, out, key, element, *started)
        if out:
            path = shared_path(code.path)
            about = About(state.document, path, key, element)
            for result in out.values():
                yield finding(rule, status, result, about, places)
            out.clear()
