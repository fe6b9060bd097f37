"""REGO CHECKS x SINGLE FACT -> FINDINGS: the way for thousands of manifests.

Nothing is kept between documents but which rules concern a world, so that a document
costs its evaluations and little else.
"""

from collections.abc import Iterator
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


@dataclass(slots=True)
class Selection:
    """Which rules of some checks concern documents of a world.

    `always` do by what they read; `maybe` are asked for each document.
    """

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
    items: list[Item] = [*group.units, *group.wholes]
    for item in items:
        if item.reads == frozenset():
            continue
        if not is_decided(item.reads, document):
            made.maybe.append(item)
        elif concerns(item.reads, document):
            made.always.append(item)
    return made


def run_single(
    runner: Runner, singles: Singles, document: Document
) -> tuple[list[Finding], int]:
    """Return the findings in a document that is one fact, and how many units that took."""
    found: list[Finding] = []
    size = 0
    for group, selection in zip(singles.checks, singles.of(document), strict=True):
        items = selection.always
        if selection.maybe:
            more = [x for x in selection.maybe if concerns(x.reads, document)]
            items = [*items, *more]
        if not items:
            continue
        state = State(group, document, {}, [])
        contexts: dict[str, Context] = {}
        for item in items:
            size += 1
            count = runner.evaluated
            count[item.rule.id] = count.get(item.rule.id, 0) + 1
            shape = shape_of(item.reads)
            context = contexts.get(shape)
            if context is None:
                context = contexts[shape] = new_context(runner, state, item.reads)
            try:
                found += _run(runner, state, item, context)
            except (EvaluationError, RecursionError) as error:
                found.append(failure(error, item.rule, state))
    return found, size


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
