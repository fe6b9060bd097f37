"""RULE x DOCUMENTS -> STORIES: why a rule found what it found, or found nothing.

The rule is run again, compiled to be traced; what runs in checks pays nothing for it.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from comply.check.results import About, Places, finding
from comply.check.worlds import all_worlds, concerns, shaped
from comply.classes import dataclass
from comply.findings import Finding, Severity, Status
from comply.load.facts import Document, Fact, facts
from comply.plan import ir
from comply.plan.builtins.failure import Evaluation
from comply.plan.probe import EnoughError, Event, recorder
from comply.plan.reach import input_keys
from comply.plan.runtime import Context, EvaluationError
from comply.plan.values import Value, to_json
from comply.rego.errors import located
from comply.rego.explain import (
    Known,
    Line,
    Reason,
    Study,
    anything,
    known,
    study,
    why,
    why_not,
)
from comply.rego.module_json import read_module
from comply.rego.parser import parse_module
from comply.rego.tracing import Attempt, Traced, Turn, attempts, trace_modules, turns
from comply.report.redact import redact
from comply.rules.files import RuleFile
from comply.rules.rego_rules import group_files, metadata
from comply.rules.rule import Rule, describe
from comply.source import ComplyError, Span

_ENTRIES: Final = {
    "deny": Status.VIOLATION,
    "violation": Status.VIOLATION,
    "warn": Status.WARNING,
}


@dataclass(frozen=True, slots=True)
class Found:
    """A finding and the lines of the rule that made it, with the values they saw."""

    finding: Finding
    document: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class NotFound:
    """A clause that found nothing about a fact, or in a document, and why."""

    document: str
    clause: str
    span: Span
    reason: Reason | None


@dataclass(frozen=True, slots=True)
class Target:
    """A rule to explain: its file, the modules compiled with it, and its place there."""

    rule: Rule
    traced: Traced
    source: int


def rule_ids(files: Iterable[RuleFile]) -> list[str]:
    """Return the ids of the Rego rules in files.

    Raises:
        RegoError: if one does not parse.
    """
    rego = [file for file in files if file.language == "rego"]
    return [describe(f, metadata(parse_module(f.source))).id for f in rego]


def find_rule(files: list[RuleFile], rule_id: str) -> Target:
    """Return the Rego rule with an id, compiled to be traced.

    Raises:
        ComplyError: if there is none, or if it does not compile.
    """
    rego = [file for file in files if file.language == "rego"]
    parsed = [(file, parse_module(file.source)) for file in rego]
    described = [(describe(f, metadata(m)), f, m) for f, m in parsed]
    for rule, file, module in described:
        if rule.id == rule_id:
            group = next(g for g in group_files(parsed) if (file, module) in g)
            modules = tuple(m for _, m in group)
            return Target(rule, trace_modules(modules), modules.index(module))
    if any(file.id == rule_id for file in files):
        raise ComplyError(
            f"{rule_id}: an assertion in SQL",
            hint="`comply explain` follows Rego; a finding of an assertion names its rows",
        )
    from difflib import get_close_matches  # noqa: PLC0415  (only when it failed)

    known_ids = [rule.id for rule, _, _ in described]
    near = get_close_matches(rule_id, known_ids, 3, 0.4)
    hint = f"did you mean {' or '.join(near)}?" if near else "`comply rules list`"
    raise ComplyError(f"there is no rule {rule_id!r}", hint=hint)


def tell(
    target: Target, documents: list[Document], data: dict[str, Any], fact: str = ""
) -> Iterator[Found | NotFound]:
    """Yield what the rule found, and of clauses that found nothing, why.

    With `fact`, an identity, only what is about that fact.

    Raises:
        RegoError: if the rule cannot be evaluated.
    """
    base = {**all_worlds(documents), **data}
    for rule in target.traced.plan.rules:
        if not _is_entry(target, rule):
            continue
        reads = _reads(target, rule)
        joining = reads == frozenset()
        about = [d for d in documents if not joining and concerns(reads, d)]
        for document in [None] if joining else about:
            yield from _tell_about(target, rule, document, base, fact)


def _is_entry(target: Target, rule: ir.Rule) -> bool:
    own = any(c.source == target.source for chain in rule.chains for c in chain)
    return own and rule.path[-1].partition("_")[0] in _ENTRIES


def _reads(target: Target, rule: ir.Rule) -> frozenset[str] | None:
    clauses = [c for chain in rule.chains for c in chain if c.source == target.source]
    steps = tuple(step for clause in clauses for step in clause.steps)
    return input_keys(steps, target.traced.plan)


def _tell_about(
    target: Target,
    rule: ir.Rule,
    document: Document | None,
    base: dict[str, Any],
    fact: str,
) -> Iterator[Found | NotFound]:
    wanted = _fact(document, fact) if document is not None and fact else None
    if fact and wanted is None:
        return
    roots = _record(target, rule, document, base)
    secrets = frozenset[str]() if document is None else document.sensitive()
    asked = study(target.traced, roots, _masking(secrets))
    for attempt in roots:
        if attempt.point.clause.source == target.source:
            case = _Case(target, rule, document, attempt, asked, wanted)
            found = list(_found(case))
            yield from found
            if not found:
                yield _not_found(case)


def _fact(document: Document, identity: str) -> Fact | None:
    return next((f for f in facts(document) if f.identity == identity), None)


def _record(
    target: Target, rule: ir.Rule, document: Document | None, base: dict[str, Any]
) -> list[Attempt]:
    """Return the attempts of an entry rule on a document."""
    events: list[Event] = []
    evaluation = Evaluation(
        now_ns=time.time_ns(), read_module=read_module, probe=recorder(events)
    )
    reads = _reads(target, rule)
    input_ = None if document is None else shaped(reads, document)
    program = target.traced.program
    try:
        program.rules[rule.id](Context(program.tree, input_, base, evaluation))
    except EnoughError:
        raise ComplyError(
            "there is too much to explain: the rule took a million steps",
            hint="name a file with fewer facts",
        ) from None
    except EvaluationError as error:
        raise located(error, target.traced.plan.sources) from None
    return [
        attempt
        for attempt in attempts(target.traced.points, events)
        if attempt.point.rule.id == rule.id
    ]


def _masking(secrets: frozenset[str]) -> Callable[[Value], Value]:
    """Return what takes secrets out of a value."""

    def mask(value: Value) -> Value:
        if not secrets:
            return value
        rows = ({"value": to_json(value)},)
        carrier = Finding("", "", Severity.INFO, Status.WARNING, "", evidence=rows)
        return redact([carrier], secrets)[0].evidence[0]["value"]

    return mask


@dataclass(frozen=True, slots=True)
class _Case:
    """An attempt of a clause on a document, and the fact that is asked about."""

    target: Target
    rule: ir.Rule
    document: Document | None
    attempt: Attempt
    study: Study
    wanted: Fact | None

    @property
    def name(self) -> str:
        """Return the document's name."""
        return self.document.name if self.document is not None else "all documents"


def _found(case: _Case) -> Iterator[Found]:
    """Yield the findings of an attempt, about the fact that is wanted if one is."""
    secrets = case.document.sensitive() if case.document is not None else ()
    for turn in turns(case.attempt):
        if turn[-1].point.kind != "yield":
            continue
        made = redact([_finding(case, turn)], secrets)[0]
        if case.wanted is None or made.fact == case.wanted.identity:
            yield Found(made, case.name, why(case.study, turn))


def _finding(case: _Case, turn: Turn) -> Finding:
    """Return the finding that a turn made, as a check makes it."""
    rule = case.target.rule
    result = turn[-1].values[0 if case.rule.kind == "object" else -1]
    about = About(case.document)
    driver = _driver(case.document, known(turn))
    if driver is not None:
        path = tuple(str(step) for step in driver.path[:-1])
        about = About(case.document, path, driver.path[-1], driver.value)
    status = _ENTRIES[case.rule.path[-1].partition("_")[0]]
    return finding(rule, status, result, about, Places())


def _driver(document: Document | None, seen: Known) -> Fact | None:
    """Return the fact that a turn was about: the first that it had in its hands."""
    held = {id(value) for value in seen.values()}
    found = facts(document) if document is not None else ()
    return next((f for f in found if f.path and id(f.value) in held), None)


def _not_found(case: _Case) -> NotFound:
    """Return why a clause found nothing, about the fact that is wanted if one is."""
    fact = case.wanted
    reason = None
    if fact is not None:
        value = fact.value
        reason = why_not(case.study, case.attempt, lambda seen: _holds(seen, value))
    reason = reason or why_not(case.study, case.attempt, anything)
    span = case.study.span(case.attempt.point)
    return NotFound(case.name, case.rule.path[-1], span, reason)


def _holds(seen: Known, value: Any) -> bool:  # noqa: ANN401  (a fact)
    return any(held is value for held in seen.values())
