"""FACTS WITH UNKNOWN VALUES -> VERDICTS: which results of checks rest on them.

The clauses of a unit are run with doubts in the places of the values: a result that comes
out under none stands, others are told as `undetermined`, and so is a silence that rests
on one. What cannot be followed, or not within the steps that a document may take, keeps
the results it has.
"""

from collections.abc import Iterable
from functools import partial
from typing import Any, Final

from comply.check.evaluations import members, shared_path
from comply.check.questions import Known, Question, known_of, question_of
from comply.check.rego_check import Running
from comply.check.results import About, finding
from comply.check.undetermined import FACTS, Changed, Fresh, Verdict, Watch
from comply.classes import dataclass, field
from comply.findings import Finding, Status
from comply.load.facts import Document
from comply.plan import ir
from comply.plan.builtins.failure import Evaluation
from comply.plan.doubt import (
    CERTAIN,
    Doubts,
    doubtful,
    doubts_in,
    equality,
    untold,
)
from comply.plan.doubtful_index import (
    Budget,
    Machine,
    NotFollowedError,
    exchange,
    forget,
    in_doubt,
    recorded,
    with_value,
)
from comply.plan.doubtful_steps import Outcome
from comply.plan.doubtful_values import reached
from comply.plan.runtime import MISSING
from comply.plan.three_valued import outcomes, rule_outcomes, solve
from comply.plan.units import Unit as Cut
from comply.plan.values import Value
from comply.rules.checks import Unit

_LISTS: Final = frozenset({(FACTS,), ("terraform", FACTS)})


@dataclass(slots=True)
class Bench:
    """What one judgement works with.

    `changed` are the verdicts that came or went, with those before. `entire` are the
    machines for units that may read all facts, `turns` who has to be asked again.
    """

    watch: Watch
    known: Known
    fresh: Fresh | None
    changed: Changed
    entire: dict[frozenset[str], Machine] = field(default_factory=dict)
    turns: dict[int, set[int]] = field(default_factory=dict)

    @property
    def document(self) -> Document:
        """Return the document, which there is where something in it is unknown."""
        document = self.watch.state.document
        if document is None:
            raise NotFollowedError
        return document


def judge(
    watch: Watch, known: Known | None, fresh: Fresh | None
) -> tuple[Changed, Known]:
    """Bring verdicts up to date; return those before, and what is known for the next time."""
    if known is None:
        known, fresh = known_of(watch.state.checks), None
    made = Bench(watch, known, fresh, {})
    if fresh is None or not _exchanged(made, fresh):
        made.fresh = None
        known.machines.clear()
        known.lost.clear()
    for i in range(len(watch.state.running)):
        _judge_unit(made, i)
    return made.changed, known


def _judge_unit(made: Bench, number: int) -> None:
    """Judge a unit, the turns that a change concerns where that is enough."""
    known, unknowns = made.known, made.watch.unknowns
    question = question_of(known, made.watch.state, number)
    names = question.names(unknowns)
    same = made.fresh is not None and known.names.get(number) == names
    known.names[number] = names
    if made.fresh is not None and number in known.lost:
        # What took too long would take as long again after each change.
        return
    budget = Budget(max(unknowns.left, 0) // 2)
    before = budget.left
    try:
        if same and _is_followed(made, number, question):
            _follow_turns(made, number, question, budget)
        else:
            _drop(made, number)
            if names:
                _judge_all(made, number, question, budget)
    except (NotFollowedError, RecursionError):
        known.lost[number] = made.watch.state.running[number].item.rule.id
        _drop(made, number)
    unknowns.left -= before - budget.left


def _is_followed(made: Bench, number: int, question: Question) -> bool:
    """Tell whether a change of some facts concerns some turns of a unit alone."""
    running = made.watch.state.running[number]
    unit = running.unit
    if not made.known.names[number]:
        return True
    return (
        unit is not None
        and unit.error is None
        and running.touched is not None
        and question.cut is not None
        and question.scope != "all"
    )


def _set(made: Bench, number: int, fact: int, verdict: Verdict | None) -> None:
    """Take the verdict of a unit on a fact, None for none."""
    key, verdicts = (number, fact), made.watch.verdicts.get(number, {})
    made.changed.setdefault(key, verdicts.get(fact))
    if verdict is not None:
        made.watch.verdicts.setdefault(number, {})[fact] = verdict
    elif verdicts.pop(fact, None) is not None and not verdicts:
        del made.watch.verdicts[number]


def _drop(made: Bench, number: int) -> None:
    """Drop the verdicts of a unit, and what it read."""
    for fact in list(made.watch.verdicts.get(number, ())):
        _set(made, number, fact, None)
    turns = made.known.turns.pop(number, {})
    for machine in made.known.machines.values():
        for fact in turns:
            forget(machine, ("turn", number, fact))


def _exchanged(made: Bench, fresh: Fresh) -> bool:
    """Put facts that came in the place of others in the machines that are kept.

    Return False if that takes too long.
    """
    for names, machine in made.known.machines.items():
        machine.input = made.document.value
        machine.budget = Budget(made.watch.unknowns.left)
        came = [(fact, _with_doubts(made, fact, names)) for fact in fresh.came]
        try:
            for _, number, fact in exchange(machine, fresh.gone, came):
                made.turns.setdefault(number, set()).add(fact)
        except (NotFollowedError, RecursionError):
            return False
    return True


def _machine(made: Bench, question: Question, names: frozenset[str]) -> Machine:
    """Return the plan over the document with doubts in the places of attributes."""
    entire = question.scope == "all" or question.cut is None
    machines = made.entire if entire else made.known.machines
    if names not in machines:
        state, plan = made.watch.state, made.known.plan
        facts = _doubted(made, names)
        context = state.contexts.get("") or state.running[0].context
        machines[names] = Machine(
            {rule.id: rule for rule in plan.rules},
            _replaced(made, facts) if entire else made.document.value,
            context,
            Evaluation(now_ns=made.watch.clock, seed=made.watch.clock),
            facts,
            _LISTS,
            Budget(0),
        )
    return machines[names]


def _doubted(made: Bench, names: frozenset[str]) -> dict[int, Any]:
    """Return the facts with doubts by the ids of those in whose place they stand."""
    return {
        number: _with_doubts(made, fact, names)
        for name in sorted(names)
        for number, fact in made.watch.unknowns.facts.get(name, {}).items()
    }


def _with_doubts(made: Bench, fact: Any, names: frozenset[str]) -> Any:  # noqa: ANN401
    """Return a fact with doubts, itself if it has none of the attributes."""
    held = made.watch.unknowns.facts
    if not any(id(fact) in held.get(name, ()) for name in names):
        return fact
    change = fact["change"]
    wanted = {k: v for k, v in change["after_unknown"].items() if k in names}
    after = doubtful(change.get("after"), wanted, _identity(made.document, fact))
    return {**fact, "change": {**change, "after": after}}


def _replaced(made: Bench, held: dict[int, Any]) -> Value:
    """Return the input with facts in the place of others."""
    document = made.document
    facts = [held.get(id(fact), fact) for fact in document.value[FACTS]]
    value = {**document.value, FACTS: facts}
    if isinstance(value.get("terraform"), dict):
        value["terraform"] = {**value["terraform"], FACTS: facts}
    return value


def _identity(document: Document, fact: Any) -> str:  # noqa: ANN401
    return document.collections[0].identity(fact)


def _judge_all(made: Bench, number: int, question: Question, budget: Budget) -> None:
    running = made.watch.state.running[number]
    if running.unit is not None and running.unit.error is not None:
        return
    machine = _machine(made, question, made.known.names[number])
    machine.budget = budget
    if question.cut is None or running.unit is None:
        _judge_whole(made, number, question, machine)
    elif shared_path(question.cut.path) != (FACTS,):
        # Its turns are not about resources, which it reads all the same.
        raise NotFollowedError
    elif (started := _started(machine, question.cut)) is not None:
        for fact in _candidates(made, question, question.cut, machine):
            _judge_turn(made, (number, question.cut, fact), machine, started)


def _follow_turns(made: Bench, number: int, question: Question, budget: Budget) -> None:
    """Judge again the turns of a unit that a change concerns."""
    names, fresh = made.known.names[number], made.fresh
    cut_at, running = question.cut, made.watch.state.running[number]
    if not names or fresh is None or cut_at is None:
        return
    machine = _machine(made, question, names)
    machine.budget = budget
    turns = made.known.turns.setdefault(number, {})
    for fact in fresh.gone:
        turns.pop(id(fact), None)
        forget(machine, ("turn", number, id(fact)))
        _set(made, number, id(fact), None)
    again = {i: turns[i] for i in made.turns.get(number, ()) if i in turns}
    again |= {i: turns[i] for i in running.touched or () if i in turns}
    again |= {id(fact): fact for fact in fresh.came}
    if question.scope == "own":
        again = {i: fact for i, fact in again.items() if i in machine.facts}
    started = _started(machine, cut_at)
    for fact in again.values() if started is not None else ():
        _judge_turn(made, (number, cut_at, fact), machine, started or {})


def _started(machine: Machine, cut_at: Cut) -> dict[str, Value] | None:
    """Return the locals before the driver of a unit, None if it does not get there."""
    found = list(solve(machine, cut_at.before, {}, CERTAIN))
    if len(found) != 1 or found[0][1]:
        return None
    return found[0][0]


def _judge_turn(
    made: Bench,
    turn: tuple[int, Cut, Any],
    machine: Machine,
    started: dict[str, Value],
) -> None:
    """Judge what a unit gave for a fact."""
    number, cut_at, fact = turn
    running, reader = made.watch.state.running[number], ("turn", number, id(fact))
    element = machine.facts.get(id(fact), fact)
    forget(machine, reader)
    places = _driven(cut_at.driver, element)
    if places is None or running.unit is None:
        _set(made, number, id(fact), None)
        return
    given = _entered(cut_at, started, element)
    ask = partial(outcomes, machine, cut_at.clause, cut_at.after, given, places)
    found = recorded(machine, reader, ask)
    made.known.turns.setdefault(number, {})[id(fact)] = fact
    results = running.unit.results.get(id(fact), ())
    about = About(made.document, (FACTS,), None, fact)
    verdict = _verdict(made, running, (id(fact), results), found, about)
    _set(made, number, id(fact), verdict)


def _candidates(
    made: Bench, question: Question, cut_at: Cut, machine: Machine
) -> Iterable[Any]:
    """Return the facts whose results may rest on unknown values."""
    facts: list[Any] = made.document.value[FACTS]
    if question.scope == "own":
        return [fact for fact in facts if id(fact) in machine.facts]
    driver = cut_at.driver
    if isinstance(driver, ir.Scan) or not isinstance(driver.match, ir.Const):
        return facts
    path, on = driver.path, driver.on
    found = [id(x) for x in with_value(machine, path, on, driver.match.value)]
    found += [id(held.element) for held in in_doubt(machine, path, on)]
    wanted = set(found)
    return [x for x in facts if id(machine.facts.get(id(x), x)) in wanted]


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
    _set(made, number, 0, _verdict(made, running, (0, results), found, about))


def _verdict(
    made: Bench,
    running: Running,
    given: tuple[int, Iterable[Value]],
    found: list[Outcome],
    about: About,
) -> Verdict | None:
    """Return what stands in the place of what results gave, None to keep that.

    A result stands if it comes out whatever the unknown values are; one that comes out
    only because a value will be there is new.
    """
    number, results = given
    sure = [value for value, places in found if not places]
    before = tuple(running.found.get(number, ()))
    held = list(zip(before, results, strict=False))
    shown = [item for item, result in held if _is_among(result, sure)]
    for value in sure:
        known = [result for _, result in held]
        if not doubts_in(value) and not _is_among(value, known):
            held.append((_found_in(made, running, value, about), value))
            shown.append(held[-1][0])
    if number == 0 or not shown:
        # One finding about a fact is enough, but a whole is about many.
        places = CERTAIN.union(*(_untold(v, p, sure) for v, p in found))
        shown += [_undetermined(made, running, places, about)] if places else []
    return None if tuple(shown) == before else Verdict(before, tuple(shown))


def _untold(value: Value, places: Doubts, sure: list[Value]) -> Doubts:
    """Return what an outcome rests on, nothing where its value comes out anyway."""
    inner = doubts_in(value)
    return inner | places if inner or not _is_among(value, sure) else CERTAIN


def _is_among(result: Value, values: list[Value]) -> bool:
    return any(equality(result, value) is not None for value in values)


def _found_in(made: Bench, running: Running, value: Value, about: About) -> Finding:
    """Return the finding of a result that comes out only because a value will be there."""
    item = running.item
    return finding(item.rule, item.status, value, about, made.watch.places)


def _undetermined(
    made: Bench, running: Running, places: Doubts, about: About
) -> Finding:
    """Return the finding that names what has to be known."""
    own = ""
    if about.document is not None and about.element is not None:
        own = _identity(about.document, about.element)
    elif len({identity for identity, _ in places}) == 1:
        own = next(iter(places))[0]
    text = untold(places, own)
    result: dict[str, Value] = {"msg": text}
    if own:
        result["address"] = own
    rule = running.item.rule
    return finding(rule, Status.UNDETERMINED, result, about, made.watch.places)
