"""CHECKS -> QUESTIONS: the plan that units were compiled from, and what they may read."""

from dataclasses import replace
from functools import lru_cache
from typing import Any, Final, Literal, TypeAlias

from comply.check.evaluations import shared_path
from comply.check.rego_check import State
from comply.check.undetermined import FACTS, Unknowns
from comply.classes import dataclass, field
from comply.plan import ir
from comply.plan.attribute_reads import attributes_read
from comply.plan.doubt import GIVEN
from comply.plan.doubtful_index import Machine
from comply.plan.optimize import optimize
from comply.plan.units import Unit as Cut
from comply.plan.units import cut
from comply.plan.unknown_reads import UnknownReads, unknown_reads
from comply.rego.modules import plan_modules
from comply.rego.parser import parse_module
from comply.rules.checks import RegoChecks, Unit, Whole
from comply.source import Source

FACTS_WORLD: Final = "terraform"
Scope: TypeAlias = Literal["own", "indexed", "all"]
"""Which facts a turn reads: its own, those that it looks up by a value, or any."""
Key: TypeAlias = tuple[int, int]
"""An entry rule, and which of its units is meant."""
_WHOLE: Final = -1


@dataclass(slots=True)
class Question:
    """A unit, the clauses it runs, and what it may read that is unknown.

    `attributes` are those of resources that it can tell apart, None for any.
    """

    clauses: tuple[ir.Clause, ...]
    cut: Cut | None
    reads: UnknownReads
    scope: Scope
    attributes: frozenset[str] | None

    def names(self, unknowns: Unknowns) -> frozenset[str]:
        """Return the unknown attributes that matter to the unit."""
        if self.reads.handled is None:
            return frozenset()
        every = unknowns.facts.keys() - self.reads.handled
        if self.attributes is not None:
            return frozenset(every & self.attributes)
        found = every & self.reads.names
        return frozenset(found | (every - GIVEN) if self.reads.open else found)


@dataclass(slots=True)
class Known:
    """What is known of checks: their plan, what their units may read, and what they read.

    `ids` maps the ids of entry rules in the compiled checks to those of the plan;
    `names` are the unknown attributes that a unit was judged for; `lost` maps the units
    that could not be followed to their rules. `machines` are kept for the units that
    read no more facts than they look up, `turns` are the facts that those were asked
    about, by unit.
    """

    plan: ir.Plan
    ids: dict[int, ir.RuleId]
    questions: dict[Key, Question]
    names: dict[int, frozenset[str]] = field(default_factory=dict)
    lost: dict[int, str] = field(default_factory=dict)
    machines: dict[frozenset[str], Machine] = field(default_factory=dict)
    turns: dict[int, dict[int, Any]] = field(default_factory=dict)

    def unfollowed(self) -> frozenset[str]:
        """Return the rules that could not be followed."""
        return frozenset(self.lost.values())


def known_of(checks: RegoChecks) -> Known:
    """Return the plan that checks were compiled from, with its own ids."""
    return Known(*_planned(checks.sources, tuple(sorted(checks.paths.items()))))


@lru_cache(maxsize=8)
def _planned(
    sources: tuple[Source, ...], paths: tuple[tuple[int, tuple[str, ...]], ...]
) -> tuple[ir.Plan, dict[int, ir.RuleId], dict[Key, Question]]:
    """Return a plan, the ids in it of entry rules, and room for what is asked of it.

    It is the same for every document that the checks look at.
    """
    modules = tuple(map(parse_module, sources))
    planned = plan_modules(modules, frozenset(), _as_written).plan
    by_path = {rule.path: rule.id for rule in planned.rules}
    ids = {number: by_path[path] for number, path in paths}
    return optimize(replace(planned, entries=frozenset(ids.values()))), ids, {}


def _as_written(plan: ir.Plan) -> ir.Plan:
    return plan


def question_of(known: Known, state: State, number: int) -> Question:
    """Return what a unit of checks asks; it is found once."""
    item = state.running[number].item
    if isinstance(item, Unit):
        units = state.checks.program.entries[item.entry]
        key = (item.entry, next(i for i, x in enumerate(units) if x is item.code))
    else:
        key = (item.id, _WHOLE)
    held = known.questions.get(key)
    if held is None:
        held = known.questions[key] = _question(known, state, item, key)
    return held


def _question(known: Known, state: State, item: Unit | Whole, key: Key) -> Question:
    rule = next(rule for rule in known.plan.rules if rule.id == known.ids[key[0]])
    if isinstance(item, Unit):
        chain = rule.chains[key[1]]
    else:
        chain = tuple(c for chain in rule.chains for c in chain)
    steps = tuple(step for clause in chain for step in clause.steps)
    cut_at = cut(chain[0]) if isinstance(item, Unit) and len(chain) == 1 else None
    reads = unknown_reads(known.plan, steps, chain[0].source if chain else 0)
    attributes = attributes_read(known.plan, chain)
    return Question(chain, cut_at, reads, _scope(state, item), attributes)


def _scope(state: State, item: Unit | Whole) -> Scope:
    """Return which facts a turn of a unit may read."""
    if not isinstance(item, Unit):
        return "all"
    known = state.checks.program.reads
    own = item.code.reads
    scope: Scope = "own"
    waiting, seen = [own], set[int]()
    while waiting:
        reads = waiting.pop()
        if reads.data is None or FACTS_WORLD in reads.data:
            return "all"
        if reads.whole or any(map(_is_facts, reads.paths)):
            return "all"
        if any(map(_is_facts, reads.partitions)):
            if reads is not own:
                # The value of a rule rests on all facts that it looks up.
                return "all"
            scope = "indexed"
        fresh = set(reads.rules) - seen
        seen |= fresh
        waiting += [known[rule] for rule in fresh if rule in known]
    return scope


def _is_facts(path: tuple[str, ...]) -> bool:
    return shared_path(path)[:1] in ((FACTS,), ())
