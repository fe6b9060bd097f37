"""REGO CHECKS x DOCUMENTS -> FINDINGS."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from comply.check.results import Places, finding
from comply.check.worlds import concerns, shaped
from comply.findings import Finding, Severity, Status
from comply.load.facts import Document, Path
from comply.plan.builtins.failure import Evaluation
from comply.plan.runtime import Context, EvaluationError, entries, partition, values
from comply.plan.values import UNDEFINED, RegoSet, Value
from comply.rego.errors import located
from comply.rules.checks import RegoChecks, Unit, Whole
from comply.rules.rule import Rule


@dataclass(slots=True)
class Runner:
    """What checks run with.

    `data` holds the base documents, `now_ns` the clock; `evaluated` counts how often
    each rule was run, which tells rules that concern nothing.
    """

    data: dict[str, Any]
    now_ns: int
    places: Places = field(default_factory=Places)
    evaluated: dict[str, int] = field(default_factory=dict)


def run_checks(
    runner: Runner, checks: RegoChecks, documents: Iterable[Document]
) -> Iterator[Finding]:
    """Yield the findings of checks that were compiled together."""
    for document in documents:
        yield from run_document(runner, checks, document)
    yield from _run_joining(runner, checks)


def run_document(
    runner: Runner, checks: RegoChecks, document: Document
) -> Iterator[Finding]:
    """Yield the findings of checks about one document."""
    contexts: dict[str, Context] = {}
    for item in _items(checks):
        if item.reads != frozenset() and concerns(item.reads, document):
            context = _context(runner, checks, contexts, item.reads, document)
            yield from _guarded(runner, checks, item, context, document)


def _items(checks: RegoChecks) -> list[Unit | Whole]:
    return [*checks.units, *checks.wholes]


def _run_joining(runner: Runner, checks: RegoChecks) -> Iterator[Finding]:
    """Yield the findings of rules that read no input: they join worlds."""
    contexts: dict[str, Context] = {}
    for item in _items(checks):
        if item.reads == frozenset():
            context = _context(runner, checks, contexts, item.reads, None)
            yield from _guarded(runner, checks, item, context, None)


def _context(
    runner: Runner,
    checks: RegoChecks,
    contexts: dict[str, Context],
    reads: frozenset[str] | None,
    document: Document | None,
) -> Context:
    """Return the evaluation of a document in the shape that a rule expects.

    Rules of one shape share it, and so what they memoise.
    """
    keys = reads or frozenset()
    shape = next((k for k in ("review", "request") if k in keys), "")
    if shape not in contexts:
        input_ = UNDEFINED if document is None else shaped(reads, document)
        evaluation = Evaluation(now_ns=runner.now_ns)
        tree = checks.program.tree
        contexts[shape] = Context(tree, input_, runner.data, evaluation)
    return contexts[shape]


def _guarded(
    runner: Runner,
    checks: RegoChecks,
    item: Unit | Whole,
    context: Context,
    document: Document | None,
) -> Iterator[Finding]:
    """Yield the findings of a unit; one that cannot be evaluated is an error."""
    count = runner.evaluated
    count[item.rule.id] = count.get(item.rule.id, 0) + 1
    try:
        yield from _results(runner, checks, item, context, document)
    except EvaluationError as error:
        found = located(error, checks.sources)
        text = f"{found.code}: {found.message}"
        yield _failure(item.rule, text, document, found.span)
    except RecursionError:
        text = "the input is nested too deeply for this rule"
        yield _failure(item.rule, text, document, None)


def _failure(
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


def _results(
    runner: Runner,
    checks: RegoChecks,
    item: Unit | Whole,
    context: Context,
    document: Document | None,
) -> Iterator[Finding]:
    rule, status, places = item.rule, item.status, runner.places
    if isinstance(item, Whole):
        value = checks.program.rules[item.id](context)
        for result in _members(value):
            yield finding(rule, status, result, document, None, places)
        return
    out: dict[Any, Value] = {}
    if item.code.start is None or item.code.path is None:
        item.code.run(context, out)
        for result in out.values():
            yield finding(rule, status, result, document, None, places)
        return
    started = item.code.start(context)
    if started is None:
        return
    run = item.code.run
    path = item.code.path
    if item.code.on is None:
        pairs = entries(_follow(context.input, path))
    else:
        found = partition(context, path, item.code.on, item.code.match)
        pairs = ((None, element) for element in found)
    base = _shared_path(path)
    for key, element in pairs:
        run(context, out, key, element, *started)
        if out:
            here = places.key(_follow(context.input, path), element, key)
            for result in out.values():
                yield finding(rule, status, result, document, (*base, here), places)
            out.clear()


def _members(value: Value) -> Iterable[Value]:
    """Return the results in the value of an entry rule: `deny if`, `deny[msg] if`."""
    if value is UNDEFINED or value is False or value is None:
        return ()
    if isinstance(value, dict):
        return [k for k, v in entries(value) if v is not False]
    if isinstance(value, list | RegoSet):
        return values(value)
    return (value,)


def _shared_path(path: tuple[str, ...]) -> Path:
    """Return a path in the document; `input.terraform.x` is `input.x`."""
    if path[:1] == ("terraform",):
        return path[1:]
    if path[:2] in (("review", "object"), ("request", "object")):
        return path[2:]
    return path


def _follow(value: Any, path: tuple[str, ...]) -> Any:  # noqa: ANN401
    for step in path:
        value = value[step]
    return value
