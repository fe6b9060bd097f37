"""QUERY -> SOLUTIONS: what `opa eval` answers: bindings, and the value of each expression."""

from dataclasses import replace
from typing import Any, Final

from comply.classes import dataclass
from comply.plan.builtins.failure import Evaluation
from comply.plan.builtins.signatures import SIGNATURES
from comply.plan.link import Program
from comply.plan.runtime import Context, EvaluationError, collector_paused
from comply.plan.values import Value
from comply.rego.errors import RegoError, together
from comply.rego.functions import arity_of
from comply.rego.parser import Version, parse_query
from comply.rego.policy import Policy
from comply.rego.resolution import static_path
from comply.rego.syntax import (
    ArrayComprehension,
    Body,
    Call,
    Expr,
    Literal,
    ObjectComprehension,
    Ref,
    SetComprehension,
    Var,
)
from comply.source import Source

_CAPTURE: Final = "expression__"
"""Begins the names of the variables that hold the values of expressions."""


@dataclass(frozen=True, slots=True)
class Question:
    """A query; with `strict` an error of a built-in ends the evaluation."""

    text: str
    version: Version = "v1"
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression of a query: its text, and where it begins in it (from 1)."""

    text: str
    row: int
    col: int


@dataclass(frozen=True, slots=True)
class Solution:
    """One way in which a query holds; `values` has one value an expression."""

    bindings: dict[str, Value]
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """The expressions of a query and its solutions."""

    expressions: tuple[Expression, ...]
    solutions: tuple[Solution, ...]


def ask(
    policy: Policy,
    question: Question,
    documents: tuple[Any, Any],
    evaluation: Evaluation,
) -> Answer:
    """Return the answer to a query; `documents` are the input and the base data.

    The value of an expression that tests or binds is true, of any other its own. False
    is a value where the query is one expression without iteration, as `1 == 2`; else it
    ends a solution.

    Raises:
        RegoError: if the query does not compile, or something fails.
    """
    source = Source("query", question.text)
    body = parse_query(source, question.version)
    program = _compiled(policy, source, body)
    context = Context(program.tree, *documents, evaluation)
    context.strict = question.strict
    rows: list[dict[str, Value]] = []
    try:
        with collector_paused():
            if program.query is not None:
                program.query(context, rows)
    except EvaluationError as error:
        raise policy.located(error, question.text) from None
    found = [_solution(row, len(body)) for row in rows]
    if len(body) > 1 or _iterates(body):
        found = [s for s in found if not any(v is False for v in s.values)]
    return Answer(_expressions(source, body), tuple(found))


def _compiled(policy: Policy, source: Source, body: Body) -> Program:
    captured = tuple(_captured(policy, literal, i) for i, literal in enumerate(body))
    try:
        return policy.compile_body(source, captured)
    except RegoError as error:
        # One mistake is one error: ours, of the variable that would hold it, is none.
        own = [e for e in error.errors if _CAPTURE not in e.message]
        raise together(own or [error]) from None


def _solution(row: dict[str, Value], count: int) -> Solution:
    own = {k: v for k, v in row.items() if not k.startswith(_CAPTURE)}
    return Solution(own, tuple(row.get(f"{_CAPTURE}{i}", True) for i in range(count)))


def _iterates(root: object) -> bool:
    """Tell whether an expression may hold several times, comprehensions left out."""
    match root:
        case ArrayComprehension() | SetComprehension() | ObjectComprehension():
            return False
        case Ref(path=path) if any(isinstance(step, Var) for step in path):
            return True
        case Call(name=Var(name="walk")):
            return True
        case tuple():
            return any(map(_iterates, root))
        case _:
            pass
    slots = getattr(root, "__slots__", ())
    return any(_iterates(getattr(root, name)) for name in slots)


def _captured(policy: Policy, literal: Literal, number: int) -> Literal:
    """Return an expression that keeps its value; others as they are."""
    if not isinstance(literal, Expr) or literal.negated or _binds(policy, literal):
        return literal
    name = Var(literal.at, f"{_CAPTURE}{number}")
    call = Call(literal.at, Var(literal.at, "eq"), (name, literal.term), infix=True)
    return replace(literal, term=call)


def _binds(policy: Policy, literal: Expr) -> bool:
    """Tell whether an expression binds: `x := 1`, `x = 1`, `plus(1, 2, x)`."""
    match literal.term:
        case Call(name=Var(name="assign" | "eq"), infix=True):
            return True
        case Call(name=name, args=args):
            path = static_path(name) or ()
            dotted = ".".join(path)
            arity = arity_of(dotted) if dotted in SIGNATURES else None
            group = policy.functions.get(path)
            if group is not None:
                arity = len(group.rules[0].clauses[0].args) if group.rules else None
            return arity is not None and len(args) > arity
        case _:
            return False


def _expressions(source: Source, body: Body) -> tuple[Expression, ...]:
    """Return the expressions with their texts: each up to where the next begins."""
    starts = [literal.at for literal in body]
    ends = [*starts[1:], len(source.text)]
    found = []
    for start, end in zip(starts, ends, strict=True):
        span = source.span(start)
        text = source.text[start:end].strip().rstrip(";").rstrip()
        found.append(Expression(text, span.row, span.col))
    return tuple(found)
