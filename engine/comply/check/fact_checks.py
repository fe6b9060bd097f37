"""ASSERTIONS x FACTS -> FINDINGS: joined in memory, and again only where facts change.

A unit is a row of the first relation that a denial joins. What a denial holds that has no
plan is checked by DuckDB as a whole after each change, and is said so.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from typing import Final

from comply.check.budget import Budget, OverBudgetError
from comply.check.fact_rows import Changes, FactRows, Move, Reading
from comply.classes import dataclass, field
from comply.dialect.syntax import Name
from comply.findings import Finding
from comply.load.facts import Document
from comply.source import ComplyError
from comply.sql.denial import resolved
from comply.sql.fact_rules import (
    failure,
    found,
    handled_in,
    relations_of,
    undetermined,
    worlds_of,
)
from comply.sql.plan.code import UntranslatedError
from comply.sql.plan.compile import compile_denial
from comply.sql.plan.running import Change, Key, Running, Violation
from comply.sql.relations import RELATIONS, catalog
from comply.sql.rule import AssertionRule

Named = tuple[str, Finding]
"""A finding with the name of the document it is about."""

FIELDS: Final = {r.stored_name: r.fields for r in RELATIONS}


@dataclass(slots=True)
class Planned:
    """A rule that is joined in memory, and its findings by the rows that give them."""

    rule: AssertionRule
    worlds: frozenset[str]
    readings: Mapping[Name, Reading]
    running: Running
    found: dict[Key, Named] = field(default_factory=dict)
    active: bool = False


@dataclass(slots=True)
class Whole:
    """A rule that DuckDB checks, and why it is not joined in memory."""

    rule: AssertionRule
    why: str


@dataclass(slots=True)
class FactDelta:
    """What a change did: findings that went and came, units that ran and that stood."""

    gone: list[Named] = field(default_factory=list)
    come: list[Named] = field(default_factory=list)
    run: int = 0
    reused: int = 0


@dataclass(slots=True)
class FactChecks:
    """Assertions over facts: those joined in memory and those that DuckDB checks.

    `budget` is what those joined in memory may take.
    """

    planned: list[Planned]
    whole: list[Whole]
    rows: FactRows
    present: frozenset[str] = frozenset()
    answered: list[Named] = field(default_factory=list)
    evaluated: dict[str, int] = field(default_factory=dict)
    budget: Budget = field(default_factory=Budget)

    def start(self, documents: Sequence[Document]) -> None:
        """Check all documents from scratch."""
        self.rows.start(documents)
        self.present = frozenset(d.world for d in documents)
        for planned in self.planned:
            _restart(planned, self.rows, self.budget)
        self._settle(documents)

    def findings(self) -> Iterator[Named]:
        """Yield the current findings with the names of their documents."""
        for planned in self.planned:
            if planned.worlds <= self.present:
                yield from planned.found.values()
        yield from self.answered

    def follow(self, moves: Sequence[Move], documents: Sequence[Document]) -> FactDelta:
        """Take documents that came, went or changed; return what that does."""
        delta = FactDelta(gone=list(self.answered))
        changes = self.rows.follow(moves)
        before, self.present = self.present, frozenset(d.world for d in documents)
        moved = any(e is not None and e.moved for _, _, e in moves)
        for planned in self.planned:
            was, now = planned.worlds <= before, planned.worlds <= self.present
            old = dict(planned.found) if was != now else {}
            gone, come = self._advance(planned, changes, delta)
            if moved:
                _place_again(planned)
            if was and now:
                delta.gone += gone
                delta.come += come
            elif was:
                delta.gone += old.values()
            elif now:
                delta.come += planned.found.values()
        self._settle(documents)
        delta.come += self.answered
        return delta

    def _advance(
        self, planned: Planned, changes: Changes, delta: FactDelta
    ) -> tuple[list[Named], list[Named]]:
        """Bring a rule up to date; return the findings that went and those that came."""
        before = planned.found
        try:
            work = self.budget.run
            return work(planned.rule.id, _advance, planned, changes, self.rows, delta)
        except OverBudgetError as error:
            _stop(planned, error)
            return list(before.values()), list(planned.found.values())

    def _settle(self, documents: Sequence[Document]) -> None:
        """Count what was looked at, and ask DuckDB for the rest."""
        count = self.rows.count
        self.evaluated = {
            p.rule.id: sum(count[reading] for reading in p.readings.values())
            for p in self.planned
            if p.worlds <= self.present
        }
        if self.whole:
            check = import_module("comply.sql.fact_check").check_facts
            outcome = check([w.rule for w in self.whole], documents)
            self.answered = [(_file(f), f) for f in outcome.findings]
            self.evaluated |= outcome.evaluated


def _file(item: Finding) -> str:
    return item.span.file if item.span is not None else ""


def fact_checks(rules: Iterable[AssertionRule]) -> FactChecks:
    """Return assertions over facts, compiled."""
    planned: list[Planned] = []
    whole: list[Whole] = []
    for rule in rules:
        try:
            planned += _planned(rule)
        except UntranslatedError as error:
            whole.append(Whole(rule, error.message))
        except ComplyError:
            # It does not compile for DuckDB either, which tells why.
            whole.append(Whole(rule, ""))
    readings = dict.fromkeys(r for p in planned for r in p.readings.values())
    return FactChecks(planned, whole, FactRows(tuple(readings)))


def _planned(rule: AssertionRule) -> Iterator[Planned]:
    """Yield what runs a rule: several where its denial falls apart."""
    denial = resolved(rule.assertion.parts(), catalog())
    handled = handled_in(denial)
    programs = compile_denial(denial, FIELDS, rule.assertion.source)
    readings = {r.stored_name: Reading(r, handled) for r in relations_of(rule)}
    for program in programs:
        yield Planned(rule, frozenset(worlds_of(rule)), readings, Running(program))


def _restart(planned: Planned, rows: FactRows, budget: Budget) -> None:
    try:
        budget.run(planned.rule.id, _start, planned, rows)
        budget.take(planned.rule.id, [found for _, found in planned.found.values()])
    except OverBudgetError as error:
        _stop(planned, error)


def _start(planned: Planned, rows: FactRows) -> int:
    turns = planned.running.start(
        {name: list(rows.all(reading)) for name, reading in planned.readings.items()}
    )
    planned.found = _all_found(planned)
    return turns


def _stop(planned: Planned, error: OverBudgetError) -> None:
    message = f"the assertion could not be checked: {error.stop.message}"
    planned.running.error = ComplyError(message, hint=error.stop.hint)
    planned.found = _all_found(planned)


def _all_found(planned: Planned) -> dict[Key, Named]:
    error = planned.running.error
    if error is not None:
        return {(): ("", failure(planned.rule, error))}
    held = planned.running.violations
    return {key: _named(planned, violation) for key, violation in held.items()}


def _advance(
    planned: Planned, changes: Changes, rows: FactRows, delta: FactDelta
) -> tuple[list[Named], list[Named]]:
    """Bring a rule up to date; return the findings that went and those that came."""
    touching = {n: changes[r] for n, r in planned.readings.items() if any(changes[r])}
    if not touching:
        delta.reused += planned.running.size
        return [], []
    before = planned.found
    if planned.running.error is not None:
        keys, turns = None, _start(planned, rows)
    else:
        keys, turns = planned.running.follow(
            Change(
                {name: gone for name, (gone, _) in touching.items()},
                {name: come for name, (_, come) in touching.items()},
            )
        )
    delta.run += turns
    delta.reused += max(planned.running.size - turns, 0)
    if keys is None:
        planned.found = _all_found(planned)
        return list(before.values()), list(planned.found.values())
    gone: list[Named] = []
    come: list[Named] = []
    for key in keys:
        held = planned.found.pop(key, None)
        gone += [held] if held is not None else []
        violation = planned.running.violations.get(key)
        if violation is not None:
            planned.found[key] = _named(planned, violation)
            come.append(planned.found[key])
    return gone, come


def _place_again(planned: Planned) -> None:
    """Find the places of findings anew, in a text that was read again."""
    if planned.running.error is None:
        planned.found = _all_found(planned)


def _named(planned: Planned, violation: Violation) -> Named:
    """Return the finding of a violation, about the fact of its first row."""
    program, rule = planned.running.program, planned.rule
    row = dict(zip(program.labels, violation.shown, strict=True))
    name, fact, place = "", "", None
    if violation.rows and not program.is_distinct:
        *_, path, origin = violation.rows[0]
        name, fact = origin.held.document.name, origin.identity()
        place = origin.place(path)
    if violation.doubts is not None:
        return name, undetermined(rule, violation.doubts, fact, place)
    return name, found(rule, row, fact, place)
