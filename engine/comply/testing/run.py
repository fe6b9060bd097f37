"""COMPILED TESTS -> RESULTS: each test evaluated on its own."""

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

from comply.classes import dataclass, field
from comply.plan.builtins.failure import Evaluation
from comply.plan.probe import EnoughError, Event, recorder
from comply.plan.runtime import Context, EvaluationError, extent
from comply.plan.values import (
    UNDEFINED,
    RegoSet,
    Value,
    freeze,
    show,
    to_json,
    type_name,
)
from comply.rego.errors import located
from comply.rego.explain import Fits, Reason, anything, study, why_not
from comply.rego.module_json import read_module
from comply.rego.tracing import Attempt, Traced, attempts, trace_modules
from comply.source import Span
from comply.testing.compiled import Compiled
from comply.testing.results import Outcome, Result
from comply.testing.rules import CASES, TestRule

_MOST_PRINTS: Final = 200


class OutOfTimeError(Exception):
    """A test ran longer than it may."""


@dataclass(slots=True)
class Runner:
    """A compiled group being run; `hits` are the points that were reached."""

    compiled: Compiled
    timeout: float = 0.0
    hits: set[int] = field(default_factory=set)
    traced: Traced | None = None

    def follow(self) -> Traced:
        """Return the group compiled to be traced; only failures need it."""
        if self.traced is None:
            self.traced = trace_modules(self.compiled.modules)
        return self.traced


def run_test(runner: Runner, test: TestRule) -> Iterator[Result]:
    """Yield the result of a test, or those of its cases."""
    package = ".".join(("data", *test.package))
    result = Result(package, test.name, test.span, Outcome.SKIP)
    if test.skipped:
        yield result
        return
    prints: list[str] = []
    started = time.perf_counter()
    try:
        with _limited(runner.timeout):
            context = _context(runner, prints)
            value = _value(context, test.path)
            cases = _value(context, _cases_path(test)) if test.cases else UNDEFINED
    except EvaluationError as error:
        found = located(error, runner.compiled.plan.sources)
        result = _error(result, f"{found.code}: {found.message}", found.span)
    except RecursionError:
        result = _error(result, "it goes too deep: a value nests too far", None)
    except OutOfTimeError:
        text = f"it was stopped after {runner.timeout:g} s"
        result = _error(result, text, None)
    else:
        result = replace(result, outcome=_outcome(value), prints=_kept(prints))
        result = replace(result, seconds=time.perf_counter() - started)
        if isinstance(cases, RegoSet) and cases:
            yield from _cases(runner, test, result, value, cases)
            return
        if cases is not UNDEFINED:
            # No case has failed, says OPA, where there is none.
            result = replace(result, outcome=Outcome.PASS)
        if result.outcome is Outcome.FAIL:
            result = _explained(runner, test, result, value)
    seconds = result.seconds or time.perf_counter() - started
    yield replace(result, prints=_kept(prints), seconds=seconds)


def _outcome(value: Value) -> Outcome:
    return Outcome.PASS if value is True else Outcome.FAIL


def _error(result: Result, message: str, place: Span | None) -> Result:
    return replace(result, outcome=Outcome.ERROR, message=message, place=place)


def _kept(prints: list[str]) -> tuple[str, ...]:
    more = len(prints) - _MOST_PRINTS
    rest = [f"... and {more:,} more lines"] if more > 0 else []
    return (*prints[:_MOST_PRINTS], *rest)


def _context(runner: Runner, prints: list[str]) -> Context:
    evaluation = Evaluation(
        now_ns=time.time_ns(), emit=prints.append, read_module=read_module
    )
    if runner.compiled.points:
        evaluation.probe = _counter(runner.hits)
    tree = runner.compiled.program.tree
    return Context(tree, UNDEFINED, runner.compiled.data, evaluation)


def _counter(hits: set[int]) -> Callable[..., None]:
    def count(number: int, _values: tuple[Value, ...]) -> None:
        hits.add(number)

    return count


def _value(context: Context, path: tuple[str, ...]) -> Value:
    try:
        return extent(context, path[1:], ())
    except LookupError:
        return UNDEFINED


def _cases_path(test: TestRule) -> tuple[str, ...]:
    return (*test.path[:-1], test.name + CASES)


def _cases(
    runner: Runner,
    test: TestRule,
    result: Result,
    value: Value,
    cases: RegoSet,
) -> Iterator[Result]:
    """Yield a result a case: those that the rule does not hold for failed."""
    for keys in cases.ordered():
        held = value
        for key in keys:
            known = isinstance(held, dict) and freeze(key) in held
            held = held[freeze(key)] if known else UNDEFINED
        label = "/".join(k if isinstance(k, str) else show(k) for k in keys)
        case = replace(
            result, name=f"{test.name}/{label}", outcome=_outcome(held), prints=()
        )
        if case.outcome is Outcome.FAIL:
            wanted = [freeze(key) for key in keys]
            case = _explained(runner, test, case, held, wanted)
            case = replace(case, prints=result.prints)
        yield case


def _explained(
    runner: Runner,
    test: TestRule,
    result: Result,
    value: Value,
    keys: list[Any] | None = None,
) -> Result:
    """Return a failed result with what made it fail."""
    if value is not UNDEFINED and value is not False:
        kind = type_name(value)
        text = f"a test passes if its value is true; this one's is {_article(kind)}: "
        return replace(result, message=text + show(to_json(value))[:200])
    if value is False:
        result = replace(result, message="its value is false")
    return replace(result, reasons=_reasons(runner, test, keys))


def _article(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def _reasons(
    runner: Runner, test: TestRule, keys: list[Any] | None
) -> tuple[Reason, ...]:
    traced = runner.follow()
    events: list[Event] = []
    evaluation = Evaluation(
        now_ns=time.time_ns(), read_module=read_module, probe=recorder(events)
    )
    context = Context(traced.program.tree, UNDEFINED, runner.compiled.data, evaluation)
    try:
        with _limited(runner.timeout * 10):
            _value(context, test.path)
    except (EnoughError, EvaluationError, OutOfTimeError, RecursionError):
        # What was recorded until then tells enough, or nothing.
        pass
    roots = attempts(traced.points, events)
    asked = study(traced, roots)
    found = (why_not(asked, root, _of_case(root, keys)) for root in roots)
    return tuple(reason for reason in found if reason is not None)


def _of_case(attempt: Attempt, keys: list[Any] | None) -> Fits:
    """Return what tells the turns of a case, by the values of the head's keys."""
    if keys is None:
        return anything
    names = [getattr(key, "name", "") for key in attempt.point.clause.keys]

    def fits(known: dict[str, Value]) -> bool:
        return all(
            name in known and freeze(known[name]) == key
            for name, key in zip(names, keys, strict=False)
        )

    return fits


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Stop what runs inside after a time; only the main thread of a process can."""
    main = threading.current_thread() is threading.main_thread()
    # A tracer takes locks as we go; one stopped there would hold it for ever.
    traced = sys.gettrace() is not None
    if not seconds or not main or traced or not hasattr(signal, "setitimer"):
        yield
        return

    def stop(_number: int, _frame: object) -> None:
        raise OutOfTimeError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
