"""FACTS WITH UNKNOWN VALUES -> VERDICTS: which results of checks rest on them.

The clauses of a unit are run with doubts in the places of the values: a result that comes
out under none stands, others are told as `undetermined`, and so is a silence that rests
on one. What cannot be followed keeps the results it has.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Final

from comply.check.rego_check import Running, members, shared_path
from comply.check.results import About, finding
from comply.check.undetermined import (
    FACTS,
    GIVEN,
    Fresh,
    Unknowns,
    Verdict,
    Verdicts,
    Watch,
)
from comply.findings import Finding, Status
from comply.load.facts import Document
from comply.plan import ir
from comply.plan.attribute_reads import attributes_read
from comply.plan.builtins.failure import Evaluation
from comply.plan.doubt import CERTAIN, Doubts, doubtful, doubts_in, equality
from comply.plan.optimize import optimize
from comply.plan.runtime import MISSING
from comply.plan.three_valued import (
    Machine,
    NotFollowedError,
    Outcome,
    outcomes,
    reached,
    rule_outcomes,
    solve,
)
from comply.plan.units import Unit as Cut
from comply.plan.units import cut
from comply.plan.unknown_reads import UnknownReads, unknown_reads
from comply.plan.values import Value
from comply.rego.modules import plan_modules
from comply.rego.parser import parse_module
from comply.rules.checks import RegoChecks, Unit

_SHOWN: Final = 4
_MOST_STEPS: Final = 100_000
"""How many steps judging one unit may take: about half a second."""

FACTS_WORLD: Final = "terraform"


@dataclass(slots=True)
class Question:
    """A unit, the clauses it runs, and what it may read that is unknown.

    `attributes` are those of resources that it can tell apart, None for any.
    """

    clauses: tuple[ir.Clause, ...]
    cut: Cut | None
    reads: UnknownReads
    joins: bool
    attributes: frozenset[str] | None

    def names(self, unknowns: Unknowns) -> frozenset[str]:
        """Return the unknown attributes that matter to the unit."""
        if self.reads.handled is None:
            return frozenset()
        every = unknowns.facts.keys() - self.reads.handled
        if self.attributes is not None:
            every &= self.attributes
        found = every & self.reads.names
        return frozenset(found | (every - GIVEN) if self.reads.open else found)


@dataclass(slots=True)
class Known:
    """What is known of checks: their plan, and what their units may read.

    `ids` maps the ids of entry rules in the compiled checks to those of the plan, `names` are the unknown attributes that a unit was judged for; `lost` maps the units
    that could not be followed to their rules.
    """

    plan: ir.Plan
    ids: dict[int, ir.RuleId]
    questions: dict[int, Question] = field(default_factory=dict)
    names: dict[int, frozenset[str]] = field(default_factory=dict)
    lost: dict[int, str] = field(default_factory=dict)

    def unfollowed(self) -> frozenset[str]:
        """Return the rules that could not be followed."""
        return frozenset(self.lost.values())


@dataclass(slots=True)
class Bench:
    """What one judgement works with: a machine for each choice of attributes.

    With `fresh` only facts that came are judged.
    """

    watch: Watch
    known: Known
    verdicts: Verdicts
    fresh: Fresh | None
    machines: dict[frozenset[str], Machine] = field(default_factory=dict)
    elements: dict[frozenset[str], dict[int, Any]] = field(default_factory=dict)


def judge(
    watch: Watch, known: Known | None, fresh: Fresh | None
) -> tuple[Verdicts, Known]:
    """Return what is undetermined, and what is known of the checks for the next time."""
    if known is None:
        known, fresh = _known(watch.state.checks), None
    made = Bench(watch, known, dict(watch.verdicts) if fresh else {}, None)
    small = Bench(watch, known, made.verdicts, fresh)
    for i, running in enumerate(watch.state.running):
        question = known.questions.get(i)
        if question is None:
            question = known.questions[i] = _question(made, running)
        names = question.names(watch.unknowns)
        alone = fresh is not None and _is_alone(known, i, running, names)
        known.names[i] = names
        if fresh is not None:
            gone = fresh.gone if alone else None
            _forget(made.verdicts, i, gone)
            if i in known.lost:
                # What took too long would take as long again after each change.
                continue
        if names:
            _judge_unit(small if alone else made, i, question, names)
    return made.verdicts, known


def _is_alone(
    known: Known, number: int, running: Running, names: frozenset[str]
) -> bool:
    """Tell whether a change of some facts concerns a unit's verdicts on them alone."""
    question = known.questions[number]
    unit = running.unit
    return (
        unit is not None
        and unit.error is None
        and question.cut is not None
        and not question.joins
        and known.names.get(number) == names
        and number not in known.lost
    )


def _forget(verdicts: Verdicts, number: int, gone: frozenset[int] | None) -> None:
    """Drop the verdicts of a unit, those on the facts in `gone` if that is given."""
    if gone is not None:
        for fact in gone:
            verdicts.pop((number, fact), None)
        return
    for key in [key for key in verdicts if key[0] == number]:
        del verdicts[key]


def _judge_unit(
    made: Bench, number: int, question: Question, names: frozenset[str]
) -> None:
    try:
        _follow_unit(made, number, question, names)
    except (NotFollowedError, RecursionError):
        made.known.lost[number] = made.watch.state.running[number].item.rule.id
        _forget(made.verdicts, number, None)
    else:
        made.known.lost.pop(number, None)


def _known(checks: RegoChecks) -> Known:
    """Return the plan that checks were compiled from, with its own ids."""
    modules = tuple(map(parse_module, checks.sources))
    planned = plan_modules(modules, frozenset(), _as_written).plan
    by_path = {rule.path: rule.id for rule in planned.rules}
    ids = {number: by_path[path] for number, path in checks.paths.items()}
    return Known(optimize(replace(planned, entries=frozenset(ids.values()))), ids)


def _as_written(plan: ir.Plan) -> ir.Plan:
    return plan


def _question(made: Bench, running: Running) -> Question:
    plan, item = made.known.plan, running.item
    by_id = {rule.id: rule for rule in plan.rules}
    if isinstance(item, Unit):
        chain = _chain(made, item, by_id)
    else:
        rule = by_id[made.known.ids[item.id]]
        chain = tuple(c for chain in rule.chains for c in chain)
    steps = tuple(step for clause in chain for step in clause.steps)
    cut_at = cut(chain[0]) if isinstance(item, Unit) and len(chain) == 1 else None
    reads = unknown_reads(plan, steps, chain[0].source if chain else 0)
    attributes = attributes_read(plan, chain)
    return Question(chain, cut_at, reads, _joins(made, running), attributes)


def _chain(made: Bench, item: Unit, by_id: dict[int, ir.Rule]) -> tuple[ir.Clause, ...]:
    """Return the clauses that a unit was compiled from."""
    units = made.watch.state.checks.program.entries[item.entry]
    number = next(i for i, code in enumerate(units) if code is item.code)
    return by_id[made.known.ids[item.entry]].chains[number]


def _joins(made: Bench, running: Running) -> bool:
    """Tell whether a unit may read other facts than the one that it is about."""
    if not isinstance(running.item, Unit):
        return True
    known = made.watch.state.checks.program.reads
    waiting, seen = [running.item.code.reads], set[int]()
    while waiting:
        reads = waiting.pop()
        paths = (*reads.paths, *reads.partitions)
        if reads.data is None or FACTS_WORLD in reads.data:
            return True
        if reads.whole or any(shared_path(p)[:1] in ((FACTS,), ()) for p in paths):
            return True
        fresh = set(reads.rules) - seen
        seen |= fresh
        waiting += [known[rule] for rule in fresh if rule in known]
    return False


def _machine(made: Bench, names: frozenset[str]) -> Machine:
    """Return the plan over the document with doubts in the places of attributes."""
    if names not in made.machines:
        plan, context = made.known.plan, made.watch.state.running[0].context
        input_, elements = _with_doubts(made, names)
        made.elements[names] = elements
        made.machines[names] = Machine(
            {rule.id: rule for rule in plan.rules},
            input_,
            context.data,
            Evaluation(now_ns=made.watch.clock, seed=made.watch.clock),
        )
    return made.machines[names]


def _with_doubts(made: Bench, names: frozenset[str]) -> tuple[Value, dict[int, Any]]:
    """Return the input with doubts, and the facts that hold them by the old ones' ids."""
    document = made.watch.state.document
    if document is None:
        raise NotFollowedError
    elements: dict[int, Any] = {}
    held = made.watch.unknowns.facts
    if made.fresh is not None:
        for fact in made.fresh.came:
            if any(id(fact) in held.get(name, ()) for name in names):
                identity = _identity(document, fact)
                elements[id(fact)] = _doubted(fact, names, identity)
        return document.value, elements
    for name in names:
        for number, fact in held.get(name, {}).items():
            if number not in elements:
                elements[number] = _doubted(fact, names, _identity(document, fact))
    facts = [elements.get(id(fact), fact) for fact in document.value[FACTS]]
    value = {**document.value, FACTS: facts}
    if isinstance(value.get("terraform"), dict):
        value["terraform"] = {**value["terraform"], FACTS: facts}
    return value, elements


def _doubted(fact: Any, names: frozenset[str], identity: str) -> Any:  # noqa: ANN401
    change = fact["change"]
    marks = change["after_unknown"]
    wanted = {k: v for k, v in marks.items() if k in names}
    after = doubtful(change.get("after"), wanted, identity)
    return {**fact, "change": {**change, "after": after}}


def _identity(document: Document, fact: Any) -> str:  # noqa: ANN401
    return document.collections[0].identity(fact)


def _follow_unit(
    made: Bench, number: int, question: Question, names: frozenset[str]
) -> None:
    running = made.watch.state.running[number]
    if running.unit is not None and running.unit.error is not None:
        return
    machine = _machine(made, names)
    machine.budget = _MOST_STEPS
    if question.cut is None:
        _judge_whole(made, number, question, machine)
        return
    if shared_path(question.cut.path) != (FACTS,) or running.unit is None:
        return
    started = list(solve(machine, question.cut.before, {}, CERTAIN))
    if len(started) != 1 or started[0][1]:
        return
    elements = made.elements[names]
    for fact in _candidates(made, question, elements):
        element = elements.get(id(fact), fact)
        places = _driven(question.cut.driver, element)
        if places is None:
            continue
        given = _entered(question.cut, started[0][0], element)
        found = outcomes(
            machine, question.clauses[0], question.cut.after, given, places
        )
        results = running.unit.results.get(id(fact), ())
        about = About(made.watch.state.document, (FACTS,), None, fact)
        verdict = _verdict(made, running, (id(fact), results), found, about)
        if verdict is not None:
            made.verdicts[number, id(fact)] = verdict


def _candidates(
    made: Bench, question: Question, elements: dict[int, Any]
) -> Iterable[Any]:
    """Return the facts whose results may rest on unknown values."""
    document = made.watch.state.document
    if made.fresh is not None:
        return [fact for fact in made.fresh.came if id(fact) in elements]
    facts: list[Any] = document.value[FACTS] if document is not None else []
    if question.joins:
        return facts
    return [fact for fact in facts if id(fact) in elements]


def _driven(driver: ir.Scan | ir.ScanIndex, element: Any) -> Doubts | None:  # noqa: ANN401
    """Return the doubts under which a unit has a turn for an element, None if none."""
    if isinstance(driver, ir.Scan) or not isinstance(driver.match, ir.Const):
        return CERTAIN
    try:
        value, places = reached(element, list(driver.on))
    except MISSING:
        return None
    equal = equality(value, driver.match.value)
    return None if equal is None else equal | places


def _entered(
    cut_at: Cut,
    started: dict[str, Value],
    element: Any,  # noqa: ANN401
) -> dict[str, Value]:
    """Return the locals with which the steps after a driver begin."""
    given = dict(started)
    driver = cut_at.driver
    if driver.value is not None:
        given[driver.value.name] = element
    if isinstance(driver, ir.Scan) and driver.key is not None:
        raise NotFollowedError
    return given


def _judge_whole(
    made: Bench, number: int, question: Question, machine: Machine
) -> None:
    """Judge a unit that is not about one fact each time."""
    running = made.watch.state.running[number]
    about = About(made.watch.state.document)
    found: list[Outcome] = []
    results: tuple[Value, ...] = ()
    if running.unit is not None:
        for clause in question.clauses:
            found += outcomes(machine, clause, clause.steps, {})
        results = tuple(running.unit.results.get(0, ()))
    elif not isinstance(running.item, Unit):
        rule = machine.rules[made.known.ids[running.item.id]]
        for value, places in rule_outcomes(machine, rule):
            more = doubts_in(value)
            held = (True,) if more else members(value)
            found += [(item, places | more) for item in held]
        value = made.watch.state.checks.program.rules[running.item.id](running.context)
        results = tuple(members(value))
    verdict = _verdict(made, running, (0, results), found, about)
    if verdict is not None:
        made.verdicts[number, 0] = verdict


def _verdict(
    made: Bench,
    running: Running,
    given: tuple[int, Iterable[Value]],
    found: list[Outcome],
    about: About,
) -> Verdict | None:
    """Return what stands in the place of what results gave, None to keep that.

    A result stands if it comes out whatever the unknown values are.
    """
    number, results = given
    certain = [value for value, places in found if not places]
    before = tuple(running.found.get(number, ()))
    held = list(zip(before, results, strict=False))
    kept = [item for item, result in held if _stands(result, certain)]
    if len(kept) == len(held) and (kept or not _open_outcomes(found)):
        return None
    if kept:
        return Verdict(before, tuple(kept))
    places = frozenset[Any]().union(*(p | doubts_in(v) for v, p in found))
    if not places:
        return None
    return Verdict(before, (_undetermined(made, running, places, about),))


def _stands(result: Value, certain: list[Value]) -> bool:
    return any(equality(result, value) is not None for value in certain)


def _open_outcomes(found: list[Outcome]) -> bool:
    return any(places or doubts_in(value) for value, places in found)


def _undetermined(
    made: Bench, running: Running, places: Doubts, about: About
) -> Finding:
    """Return the finding that names what has to be known."""
    own = ""
    if about.document is not None and about.element is not None:
        own = _identity(about.document, about.element)
    elif len({identity for identity, _ in places}) == 1:
        own = next(iter(places))[0]
    names = sorted(
        f"`{path}`" if identity == own else f"`{path}` of {identity}"
        for identity, path in places
    )
    shown = ", ".join(names[:_SHOWN])
    if len(names) > _SHOWN:
        shown += f" and {len(names) - _SHOWN} more"
    are = "are" if len(names) > 1 else "is"
    subject = f"{own}: " if own else ""
    text = f"{subject}cannot be told yet: {shown} {are} known only after apply"
    result: dict[str, Value] = {"msg": text}
    if own:
        result["address"] = own
    rule = running.item.rule
    return finding(rule, Status.UNDETERMINED, result, about, made.watch.places)
