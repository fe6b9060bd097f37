"""ATTEMPTS -> REASONS: why a rule did not hold, why it did, with the values it saw."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeAlias

from comply.classes import dataclass
from comply.plan import ir
from comply.plan.builtins import lookup
from comply.plan.builtins.failure import BuiltinError
from comply.plan.builtins.signatures import CONTEXTUAL
from comply.plan.probe import Point
from comply.plan.reads import atoms
from comply.plan.runtime import MISSING, item
from comply.plan.values import UNDEFINED, RegoSet, Value
from comply.rego.flat import original
from comply.rego.places import expression_span
from comply.rego.tracing import Attempt, Moment, Traced, Turn, turns, walk
from comply.rego.wording import (
    Words,
    atom_text,
    definitions,
    is_temporary,
    path_text,
    rule_name,
    shortened,
    step_text,
)
from comply.source import Span

_WIDEST: Final = 120
_LONGEST: Final = 40
_DEEPEST: Final = 3
_MOST_CLAUSES: Final = 3
_MOST_VALUES: Final = 8

Known: TypeAlias = dict[str, Value]
Fits: TypeAlias = Callable[[Known], bool]
Found: TypeAlias = tuple[str, Value]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a clause did not hold: the place and words of the expression that failed.

    `values` pair expressions with what they were, `turns` counts the turns of a loop
    that ended there, `because` tells why rules that it reads did not hold; `rule` is
    the rule that the clause belongs to.
    """

    rule: str
    span: Span
    text: str
    values: tuple[tuple[str, str], ...] = ()
    turns: int = 1
    because: "tuple[Reason, ...]" = ()


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a clause that held, and the values that its expressions had."""

    span: Span
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Study:
    """What the questions below share: the code, and all attempts by rule.

    `mask` takes out of a value what nobody may see.
    """

    traced: Traced
    by_rule: dict[ir.RuleId, list[Attempt]]
    rules: dict[ir.RuleId, ir.Rule]
    mask: Callable[[Value], Value]

    def words(self, point: Point) -> Words:
        """Return what words for a clause depend on."""
        module = self.traced.modules[point.clause.source]
        return Words(self.rules, module.package, definitions(point.clause.steps))

    def span(self, point: Point) -> Span:
        """Return the place of the expression that a step belongs to."""
        module = self.traced.modules[point.clause.source]
        return expression_span(module, point.clause.at, point.at)


def _unmasked(value: Value) -> Value:
    return value


def study(
    traced: Traced,
    roots: Iterable[Attempt],
    mask: Callable[[Value], Value] = _unmasked,
) -> Study:
    """Return what `why` and `why_not` are asked of."""
    by_rule: dict[ir.RuleId, list[Attempt]] = {}
    for attempt in walk(roots):
        by_rule.setdefault(attempt.point.rule.id, []).append(attempt)
    return Study(traced, by_rule, {r.id: r for r in traced.plan.rules}, mask)


def anything(_known: Known) -> bool:
    """Tell that a turn fits, whatever values it saw."""
    return True


def why_not(
    study: Study, attempt: Attempt, fits: Fits = anything, depth: int = 0
) -> Reason | None:
    """Return why an attempt did not hold: the expression that no turn got past.

    Only turns whose values `fits` accepts count. None if one of them held, or if there
    are none.
    """
    tried = [turn for turn in turns(attempt) if fits(known(turn))]
    if not tried or any(turn[-1].point.kind == "yield" for turn in tried):
        return None
    furthest = max(map(len, tried))
    turn = next(turn for turn in tried if len(turn) == furthest)
    last = turn[-1]
    words = study.words(last.point)
    values = [*_witnesses(words, last), *_operands(words, last, known(turn))]
    because = _because(study, words, turn, depth) if depth < _DEEPEST else ()
    return Reason(
        rule_name(words, last.point.rule.id),
        study.span(last.point),
        str(study.mask(_complaint(words, last))),
        _shown(study, values),
        sum(turn[-1].point is last.point for turn in tried),
        because,
    )


def why(study: Study, turn: Turn) -> tuple[Line, ...]:
    """Return the lines of a turn that ended in a yield, with their values.

    A value is shown where it is seen first, the lines of the body in their order.
    """
    seen = known(turn)
    words = study.words(turn[-1].point)
    rows: dict[int, tuple[Span, list[Found]]] = {}
    for moment in turn[:-1]:
        if isinstance(moment.point.step, ir.EnterWith | ir.ExitWith):
            continue
        span = study.span(moment.point)
        held = rows.setdefault(span.row, (span, []))[1]
        held += _operands(words, moment, seen)
        target = getattr(moment.point.step, "target", None)
        if isinstance(target, ir.Local) and target.name in seen:
            held.append((atom_text(words, target), seen[target.name]))
    head = study.span(turn[-1].point).row
    body = {row: rows[row] for row in sorted(rows) if row != head} or rows
    told: set[str] = set()
    lines = []
    for span, found in body.values():
        fresh = [(text, value) for text, value in found if text not in told]
        lines.append(Line(span, _shown(study, fresh)))
        told.update(text for text, _ in found)
    return tuple(lines)


def known(moments: Iterable[Moment]) -> Known:
    """Return the last value seen of each local."""
    return {
        atom.name: value
        for moment in moments
        for atom, value in zip(moment.point.atoms, moment.values, strict=True)
        if isinstance(atom, ir.Local)
    }


_ENDINGS: Final[dict[type[ir.Step], str]] = {
    ir.Holds: "is false",
    ir.Equal: "is false",
    ir.Every: "is false",
    ir.Scan: "yields nothing that fits",
    ir.ScanRelation: "yields nothing that fits",
    ir.IsArray: "is no such array",
    ir.IsObject: "is no such object",
}


def _complaint(words: Words, moment: Moment) -> str:
    """Return what is wrong with the step of a moment."""
    step = moment.point.step
    if step is None or isinstance(step, ir.Never):
        return "this never holds"
    text = step_text(words, step)
    match step:
        case ir.Lookup():
            return f"`{_absent(words, moment)[0]}` is undefined"
        case ir.CallBuiltin(name=name, target=target):
            reason = _failure(name, moment.values[: moment.point.reads])
            ending = "is false" if target is None and not reason else "is undefined"
            return f"`{text}` {ending}{reason}"
        case ir.Not(body=body):
            held = step_text(words, body[-1]) if body else ""
            return f"`{text}` is false: `{held}` holds"
        case _:
            return f"`{text}` {_ENDINGS.get(type(step), 'is undefined')}"


def _failure(name: str, values: tuple[Value, ...]) -> str:
    """Return why a built-in gave no result, where asking it again is harmless."""
    if name in CONTEXTUAL:
        return ""
    try:
        lookup(name)(*values)
    except BuiltinError as error:
        return f" ({name}: {error.message})"
    return ""


def _absent(words: Words, moment: Moment) -> tuple[str, list[Found]]:
    """Return the first step of a reference that leads nowhere, and where it is from."""
    step = moment.point.step
    source, *keys = moment.values[: moment.point.reads]
    text = atom_text(words, moment.point.atoms[0])
    if source is not UNDEFINED and isinstance(step, ir.Lookup):
        for key in keys:
            path = path_text(text, (key,))
            try:
                source = item(source, key)
            except MISSING:
                return path, [(text, source)]
            text = path
    return text, []


def _witnesses(words: Words, moment: Moment) -> list[Found]:
    """Return what is seen best inside a step: where a reference ends, a last turn."""
    if isinstance(moment.point.step, ir.Lookup):
        return _absent(words, moment)[1]
    if not moment.within:
        return []
    seen = known(moment.within)
    named = [(original(n), v) for n, v in seen.items() if n[0] not in "%$"]
    return [*_operands(words, moment.within[-1], seen), *named]


def _operands(words: Words, moment: Moment, seen: Known) -> Iterator[Found]:
    """Yield the operands of a step with their values, outermost first, then theirs."""
    own = moment.point.atoms[: moment.point.reads]
    pairs = zip(own, moment.values, strict=False)
    waiting = [(a, v) for a, v in pairs if isinstance(a, ir.Local)]
    while waiting:
        atom, value = waiting.pop(0)
        yield atom_text(words, atom), value
        step = words.defined.get(atom.name)
        if step is None or not is_temporary(atom):
            continue
        locals_ = [a for a in atoms(step) if isinstance(a, ir.Local)]
        waiting += [(a, seen[a.name]) for a in locals_ if a.name in seen]


def _shown(study: Study, values: Iterable[Found]) -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {}
    for text, value in values:
        if value is not UNDEFINED and not _says_itself(text, value):
            found.setdefault(text, shortened(study.mask(value), _WIDEST))
    return tuple(found.items())[:_MOST_VALUES]


def _says_itself(text: str, value: Value) -> bool:
    """Tell whether the words of a value are the value, or say it no shorter."""
    composite = text == "_" or text[0] in "[{"
    long_call = len(text) > _LONGEST and "(" in text
    return composite or long_call or text == shortened(value, _WIDEST)


def _because(study: Study, words: Words, turn: Turn, depth: int) -> tuple[Reason, ...]:
    """Return why rules that the last moment depends on did not hold."""
    seen = known(turn)
    for step, called in _asked(words, turn):
        target = getattr(step, "target", None)
        value = seen.get(target.name, UNDEFINED) if target else UNDEFINED
        if not _is_nothing(value):
            continue
        tried = called or study.by_rule.get(getattr(step, "rule", -1), [])
        reasons = [why_not(study, attempt, anything, depth + 1) for attempt in tried]
        distinct = {(r.span.file, r.span.row, r.span.col): r for r in reasons if r}
        if distinct:
            return tuple(distinct.values())[:_MOST_CLAUSES]
    return ()


def _asked(words: Words, turn: Turn) -> Iterator[tuple[ir.Step, list[Attempt]]]:
    """Yield the calls of rules that the operands of a turn's last step come from."""
    by_step = {id(m.point.step): m for m in turn}
    last = turn[-1].point.step
    waiting = [last] if last is not None else []
    done: set[int] = set()
    while waiting:
        step = waiting.pop(0)
        if id(step) in done:
            continue
        done.add(id(step))
        if isinstance(step, ir.CallRule | ir.CallFunction | ir.Extent):
            moment = by_step.get(id(step))
            yield step, moment.called if moment is not None else []
        names = [a.name for a in atoms(step) if isinstance(a, ir.Local)]
        waiting += [words.defined[n] for n in names if n in words.defined]


def _is_nothing(value: Value) -> bool:
    if value is UNDEFINED or value is False:
        return True
    return isinstance(value, list | dict | RegoSet) and not len(value)
