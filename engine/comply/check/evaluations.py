"""REGO CHECKS x DOCUMENT -> EVALUATION: what each way to run checks begins with.

There are two: one document after the other, and documents that are kept and change.
"""

from collections.abc import Iterable
from dataclasses import replace
from importlib import import_module
from itertools import repeat
from typing import Any

from comply.check.budget import Budget, OverBudgetError
from comply.check.results import Places
from comply.check.worlds import shaped
from comply.classes import dataclass, field
from comply.findings import Finding, Severity, Status
from comply.load.facts import Document
from comply.plan.builtins.failure import Evaluation
from comply.plan.indexes import partition
from comply.plan.link import UnitCode
from comply.plan.runtime import (
    MISSING,
    Context,
    EvaluationError,
    entries,
    is_collection,
    values,
)
from comply.plan.values import UNDEFINED, RegoSet, Value
from comply.rego.errors import located
from comply.rules.checks import RegoChecks
from comply.rules.rule import Rule
from comply.source import Span

Path = tuple[str, ...]


@dataclass(slots=True)
class Runner:
    """What checks run with.

    `data` holds the base documents, `now_ns` the clock; `evaluated` counts how often
    each rule was run, which tells rules that concern nothing. `budget` is what rules
    may take.
    """

    data: dict[str, Any]
    now_ns: int
    places: Places = field(default_factory=Places)
    evaluated: dict[str, int] = field(default_factory=dict)
    budget: Budget = field(default_factory=Budget)


def new_context(
    runner: Runner,
    checks: RegoChecks,
    document: Document | None,
    reads: frozenset[str] | None,
) -> Context:
    """Return an evaluation of a document in the shape that a rule expects."""
    input_ = UNDEFINED if document is None else shaped(reads, document)
    evaluation = Evaluation(
        now_ns=runner.now_ns, seed=runner.now_ns, read_module=_read_module
    )
    program = checks.program
    return Context(program.tree, input_, runner.data, evaluation, program.remembered)


def _read_module(name: str, text: str) -> Value:
    """Read a module for rego.parse_module; the parser is loaded if a rule asks."""
    return import_module("comply.rego.module_json").read_module(name, text)


def shape_of(reads: frozenset[str] | None) -> str:
    """Return which shape of a manifest a rule expects, "" for the manifest itself."""
    keys = reads or frozenset()
    return next((k for k in ("review", "request") if k in keys), "")


def driven(code: UnitCode, context: Context) -> Iterable[tuple[Any, Any]]:
    """Return the (key, element) pairs that a unit has to be run for."""
    path = code.path or ()
    if code.on is not None:
        return zip(repeat(None), partition(context, path, code.on, code.match))
    return entries(follow(context.input, path))


def driven_size(code: UnitCode, context: Context) -> int:
    """Return how many pairs `driven` gives."""
    path = code.path or ()
    if code.on is not None:
        return len(partition(context, path, code.on, code.match))
    collection = follow(context.input, path)
    return len(collection) if is_collection(collection) else 0


def follow(value: Any, path: Path) -> Any:  # noqa: ANN401
    """Return what a path of keys leads to, UNDEFINED if to nothing."""
    try:
        for step in path:
            value = value[step]
    except MISSING:
        return UNDEFINED
    return value


def failure(
    error: EvaluationError | RecursionError,
    rule: Rule,
    checks: RegoChecks,
    document: Document | None,
) -> Finding:
    """Return the finding of a rule that could not be evaluated."""
    if isinstance(error, OverBudgetError):
        place = _line_of(error, checks)
        failed = _failed(rule, error.stop.message, document, place)
        return replace(failed, remediation=error.stop.hint)
    if isinstance(error, EvaluationError):
        found = located(error, checks.sources)
        text = f"{found.code}: {found.message}"
        return _failed(rule, text, document, found.span)
    text = "the input is nested too deeply for this rule"
    return _failed(rule, text, document, None)


def _line_of(error: OverBudgetError, checks: RegoChecks) -> Span | None:
    """Return the place in a policy where a rule was stopped, if it is known."""
    program = checks.program
    if error.stop.at is None or error.stop.at[0] != program.file:
        return None
    place = program.code.places[error.stop.at[1] - 1]
    return None if place is None else checks.sources[place[0]].span(place[1])


def _failed(
    rule: Rule,
    text: str,
    document: Document | None,
    span: Any,  # noqa: ANN401
) -> Finding:
    where = f" (on {document.name})" if document is not None else ""
    return Finding(
        rule.id,
        rule.title,
        rule.severity or Severity.HIGH,
        Status.ERROR,
        f"the rule could not be evaluated: {text}{where}",
        span=span,
        remediation="mend the rule: nothing is known about what it checks",
    )


def members(value: Value) -> Iterable[Value]:
    """Return the results in the value of an entry rule: `deny if`, `deny[msg] if`.

    An object is one result if it has a `msg`; else its keys are the results.
    """
    if value is UNDEFINED or value is False or value is None:
        return ()
    if isinstance(value, dict) and isinstance(value.get("msg"), str):
        return (value,)
    if isinstance(value, dict):
        return [k for k, v in entries(value) if v is not False]
    if isinstance(value, list | RegoSet):
        return values(value)
    return (value,)


def shared_path(path: Path) -> Path:
    """Return a path in the document; `input.terraform.x` is `input.x`."""
    if path[:1] == ("terraform",):
        return path[1:]
    if path[:2] in {("review", "object"), ("request", "object")}:
        return path[2:]
    return path
