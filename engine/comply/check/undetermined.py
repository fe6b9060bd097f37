"""CHECKS x VALUES KNOWN AFTER APPLY -> FINDINGS: what cannot be told yet, said so.

A plan leaves out of a resource what is known only after apply, and tells what that is. A
check over it would take such a value for one that is not there. The facts with such a
value that a check may read are therefore run once more, with doubts in the places of the
values: a violation that rests on a doubt, and a silence that does, are `undetermined`.
Facts without unknown values, and checks that read none of them, cost nothing.
"""

from collections.abc import Iterator
from functools import partial
from importlib import import_module
from typing import Any, Final, TypeAlias

from comply.check.changes import Edits
from comply.check.rego_check import State
from comply.check.results import Places
from comply.classes import dataclass, field
from comply.findings import Finding
from comply.load.facts import Document
from comply.load.terraform_sensitive import marks_something
from comply.plan.doubt import GIVEN
from comply.rules.checks import RegoChecks

FACTS: Final = "resource_changes"
_MOST_STEPS: Final = 150_000
"""How many steps judging a document may take, besides some for each fact."""
_STEPS_A_FACT: Final = 40


@dataclass(slots=True)
class Unknowns:
    """The facts of a document with unknown values, by the attributes that are unknown.

    `left` is how many steps judging them may still take: a number, not a time, for the
    same document is to be judged the same everywhere.
    """

    checks: tuple[RegoChecks, ...] = ()
    facts: dict[str, dict[int, Any]] = field(default_factory=dict)
    left: int = 0
    wanted: dict[str, bool] = field(default_factory=dict)

    def replace(self, old: Any, new: Any) -> None:  # noqa: ANN401
        """Take a new version of a fact, None where there is none."""
        if old is not None:
            self.remove(old)
        if new is not None:
            self.add(new)

    def add(self, fact: Any) -> None:  # noqa: ANN401
        """Note a fact."""
        for name in _unknown_names(fact):
            if self.is_wanted(name):
                self.facts.setdefault(name, {})[id(fact)] = fact

    def is_wanted(self, name: str) -> bool:
        """Tell whether an attribute's being unknown may concern any of the checks."""
        if name not in self.wanted:
            self.wanted[name] = any(map(partial(_concerns, name), self.checks))
        return self.wanted[name]

    def remove(self, fact: Any) -> None:  # noqa: ANN401
        """Forget a fact."""
        for name in _unknown_names(fact):
            held = self.facts.get(name)
            if held is not None:
                held.pop(id(fact), None)
                if not held:
                    del self.facts[name]


def _unknown_names(fact: Any) -> Iterator[str]:  # noqa: ANN401
    for name, mark in _marks(fact).items():
        if mark is True or (mark and marks_something(mark)):
            yield name


def _concerns(name: str, checks: RegoChecks) -> bool:
    """Tell whether checks may read an attribute, by its name or with all."""
    if checks.awaited is not None and name not in checks.awaited:
        return False
    text = checks.program.code.text
    return repr(name) in text or (name not in GIVEN and "['after']\n" in text)


def unknowns_in(
    document: Document | None, checks: tuple[RegoChecks, ...]
) -> Unknowns | None:
    """Return the facts of a document with unknown values, None if it can have none.

    Only attributes whose being unknown may concern the checks are looked at.
    """
    if document is None or document.world != "terraform":
        return None
    facts = _facts(document)
    # A document without facts may come to have some: who watches needs to know of what.
    found = Unknowns(checks, left=steps_for(document))
    # Most facts have the same few unknown attributes, which few rules read.
    every: set[str] = set()
    for fact in facts:
        every.update(_marks(fact))
    wanted = {name for name in every if found.is_wanted(name)}
    if wanted:
        for fact in facts:
            if not wanted.isdisjoint(_marks(fact)):
                found.add(fact)
    return found


def steps_for(document: Document | None) -> int:
    """Return how many steps judging a document may take."""
    return _MOST_STEPS + _STEPS_A_FACT * len(_facts(document))


def _facts(document: Document | None) -> list[Any]:
    value = document.value if document is not None else None
    facts = value.get(FACTS) if isinstance(value, dict) else None
    return facts if isinstance(facts, list) else []


def _marks(fact: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return what a fact tells of its unknown attributes."""
    try:
        marks = fact["change"]["after_unknown"]
    except (KeyError, TypeError):
        return {}
    return marks if isinstance(marks, dict) else {}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The findings of a unit about an element, and those shown in their place."""

    replaced: tuple[Finding, ...]
    shown: tuple[Finding, ...]


Verdicts: TypeAlias = dict[int, dict[int, Verdict]]
"""Verdicts by the number of a unit and the id of the element that they are about."""
Changed: TypeAlias = dict[tuple[int, int], Verdict | None]
"""What stood before at a unit and an element."""

_NOTHING: Final = Verdict((), ())


@dataclass(frozen=True, slots=True)
class Fresh:
    """A change of some facts alone: the old ones, and the new ones."""

    gone: tuple[Any, ...]
    came: tuple[Any, ...]


@dataclass(slots=True)
class Watch:
    """What is undetermined in a document, for checks that were compiled together.

    `verdicts` holds the findings that stand in the place of those of a unit, by its
    number and the id of the element that they are about, 0 for the whole. `known` is
    what judging learnt of the checks.
    """

    state: State
    unknowns: Unknowns
    places: Places
    clock: int
    verdicts: Verdicts = field(default_factory=dict)
    known: Any = None

    @property
    def unfollowed(self) -> frozenset[str]:
        """Return the rules that could not be followed."""
        return frozenset() if self.known is None else self.known.unfollowed()

    def findings(self) -> Iterator[Finding]:
        """Yield the findings of the checks, undetermined ones in their places."""
        if not self.verdicts:
            yield from self.state.findings()
            return
        seen = set()
        for i, running in enumerate(self.state.running):
            for number, found in running.found.items():
                seen.add((i, number))
                verdict = self.verdicts.get(i, {}).get(number)
                yield from found if verdict is None else verdict.shown
        for i, held in self.verdicts.items():
            for number, verdict in held.items():
                if (i, number) not in seen:
                    yield from verdict.shown


def watch(
    state: State, unknowns: Unknowns | None, places: Places, clock: int
) -> Watch | None:
    """Return what is undetermined for checks, None where nothing can be."""
    if unknowns is None or not state.running:
        return None
    made = Watch(state, unknowns, places, clock)
    _judge(made)
    return made


def follow_unknowns(
    watches: list[Watch], edits: Edits | None, places: Places
) -> tuple[list[Finding], list[Finding]]:
    """Bring what is undetermined up to date after a change of the checks' findings.

    Return what went and what came beside them, a finding that is no longer replaced
    coming as it is.
    """
    unknowns, state = watches[0].unknowns, watches[0].state
    fresh: Fresh | None = None
    if edits is None or not edits.keys.isdisjoint(("", FACTS)):
        known = unknowns_in(state.document, unknowns.checks)
        unknowns = known or Unknowns(unknowns.checks)
    else:
        for edit in edits.elements:
            unknowns.replace(edit.old, edit.new)
        if not edits.keys and not edits.moved:
            came = tuple(e.new for e in edits.elements if e.new is not None)
            went = tuple(e.old for e in edits.elements if e.old is not None)
            fresh = Fresh(went, came)
    unknowns.left = steps_for(state.document)
    gone: list[Finding] = []
    come: list[Finding] = []
    for made in watches:
        made.unknowns, made.places = unknowns, places
        for (i, number), old in _judge(made, fresh).items():
            before = old or _NOTHING
            after = made.verdicts.get(i, {}).get(number, _NOTHING)
            gone += (*before.shown, *after.replaced)
            come += (*before.replaced, *after.shown)
    return gone, come


def _judge(made: Watch, fresh: Fresh | None = None) -> Changed:
    """Bring verdicts up to date; return those that were in their places."""
    if _may_read(made):
        # Only who has something to judge pays for the compiler.
        judge = import_module("comply.check.verdicts").judge
        changed: Changed
        changed, made.known = judge(made, made.known, fresh)
        return changed
    before = made.verdicts
    made.verdicts, made.known = {}, None
    return {(i, n): v for i, held in before.items() for n, v in held.items()}


def _may_read(made: Watch) -> bool:
    """Tell whether checks may read an unknown attribute, without looking into them."""
    checks = made.state.checks
    return any(_concerns(name, checks) for name in made.unknowns.facts)
