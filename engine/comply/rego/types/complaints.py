"""What is wrong with types, in OPA's words, and what to do about it."""

from typing import TypeAlias

from comply.classes import dataclass, field
from comply.rego import flat as f
from comply.rego import syntax as s
from comply.rego.errors import RegoError
from comply.rego.tree import Node
from comply.rego.types.advice import (
    advise_equality,
    advise_member,
    advise_operand,
    advise_step,
)
from comply.rego.types.environment import Environment, type_of
from comply.rego.types.lattice import FunctionType, Maybe, key_of, keys_of, values_of
from comply.rego.types.operands import operand_names
from comply.rego.types.references import Astray
from comply.rego.types.show import show, show_key
from comply.rego.types.signature import builtin_type
from comply.rego.types.written import head_at, step_at, word_at
from comply.source import Source, Span

Pair: TypeAlias = tuple[Maybe, Maybe]


@dataclass(slots=True)
class Complaints:
    """The errors found so far; `source` is the index of the text being checked."""

    sources: tuple[Source, ...]
    found: list[RegoError] = field(default_factory=list)
    source: int = 0


def complain_mismatch(errors: Complaints, env: Environment, literal: f.Unify) -> None:
    """Say that two terms can never be equal."""
    left, right = type_of(env, literal.left), type_of(env, literal.right)
    span = _between(errors, literal.left.at, literal.right.at)
    _match_error(errors, (left, right), span, advise_equality(left, right))


def complain_member(
    errors: Complaints, term: f.FlatTerm, collection: f.FlatTerm, types: Pair
) -> None:
    """Say that a collection never holds what `in` looks for.

    `types` are those of the term looked for and of the collection.
    """
    have, kind = types
    span = _between(errors, term.at, collection.at)
    _match_error(errors, (have, values_of(kind)), span, advise_member(have, kind))


def complain_operands(
    errors: Complaints,
    env: Environment,
    literal: f.Invoke,
    function: FunctionType,
    index: int,
) -> None:
    """Say that an operand of a call, the one at `index`, has the wrong type.

    The result counts as the last operand.
    """
    output = () if literal.output is None else (literal.output,)
    terms = (*literal.args, *output)
    # What a nested call answers has no name of its own: OPA shows it as unknown.
    have = [None if _is_lifted(term, literal) else type_of(env, term) for term in terms]
    name = literal.builtin or ".".join(literal.path)
    wanted = wanted_text(literal.builtin, function, result=True)
    message = f"{name}: invalid argument(s)\n\thave: ({', '.join(map(show, have))})\n\twant: {wanted}"
    hint = advise_operand(literal.builtin, index, have, function)
    _complain(errors, message, terms[index].at, hint)


def _is_lifted(term: f.FlatTerm, literal: f.Invoke) -> bool:
    lifted = isinstance(term, s.Var) and term.name.startswith("%")
    return lifted and term is literal.output


def complain_replacement(
    errors: Complaints, item: f.Replacement, target: FunctionType, value: FunctionType
) -> None:
    """Say that a function cannot take the place of another."""
    name = ".".join(item.path)
    have = ", ".join(map(show, value.args))
    wanted = wanted_text(name, target, result=False)
    message = f"{name}: arity mismatch\n\thave: ({have})\n\twant: {wanted}"
    hint = "a function is replaced by one that takes the same operands"
    _complain(errors, message, item.at, hint)


def complain_astray(errors: Complaints, astray: Astray) -> None:
    """Say that a reference leads nowhere."""
    source = errors.sources[errors.source]
    term, index = astray.term, astray.index
    name = reference_text(source.text, term)
    if isinstance(astray.kind, FunctionType):
        message = f"function {name} used as reference, not called"
        _complain(errors, message, term.at, advise_step(astray.kind, "", ()))
        return
    step = term.path[index]
    lines = [f"undefined ref: {name}"]
    shown = step_text(source.text, step)
    if keys_of(astray.kind) is None:
        lines.append(f"have: {show(astray.kind)}")
    else:
        have = show(astray.have) if astray.have else shown
        lines.append(f"have{' (type)' if astray.have else ''}: {have}")
        some = " ".join(astray.keys)
        wanted = (
            f" (one of): [{some}]" if some else f" (type): {show(keys_of(astray.kind))}"
        )
        lines.append(f"want{wanted}")
    hint = advise_step(astray.kind, shown, astray.keys)
    _complain(errors, "\n\t".join(lines), step.at, hint)


def _match_error(errors: Complaints, types: Pair, span: Span, hint: str) -> None:
    left, right = map(show, types)
    message = f"match error\n\tleft  : {left}\n\tright : {right}"
    errors.found.append(RegoError("rego_type_error", message, span, hint))


def _between(errors: Complaints, one: int, other: int) -> Span:
    """Return the place from one term to the end of another, as far as its line goes."""
    source = errors.sources[errors.source]
    start, last = sorted((one, other))
    if source.row(start) != source.row(last):
        last = start
    end = last + word_at(source.text, last)
    return source.span(start, end - start)


def _complain(errors: Complaints, message: str, at: int, hint: str) -> None:
    source = errors.sources[errors.source]
    span = source.span(at, word_at(source.text, at))
    errors.found.append(RegoError("rego_type_error", message, span, hint))


def wanted_text(builtin: str, function: FunctionType, *, result: bool) -> str:
    """Return the operands of a function as OPA writes them: `(x: string, y: string)`."""
    kinds = (*function.args, function.result) if result else function.args
    names = operand_names(builtin, len(function.args))
    shown = (
        f"{name}: {show(kind)}" if name else show(kind)
        for name, kind in zip(names, kinds, strict=False)
    )
    return f"({', '.join(shown)})"


def arity_text(builtin: str, args: tuple[f.FlatTerm, ...]) -> str:
    """Return what is wrong with the number of operands of a built-in's call."""
    function = builtin_type(builtin)
    have = ", ".join(show(type_of(Environment(Node()), arg)) for arg in args)
    wanted = wanted_text(builtin, function, result=False)
    return f"{builtin}: arity mismatch\n\thave: ({have})\n\twant: {wanted}"


def reference_text(text: str, term: s.Ref) -> str:
    """Return a reference in full, as `data.a.p[x]`; `text` is that of its source."""
    if isinstance(term.head, s.Var) and not term.head.name.startswith("%"):
        out = f.original(term.head.name)
    else:
        out = head_at(text, term.head.at)
    for step in term.path:
        match step:
            case s.Scalar(value=str(name)) if name.isidentifier():
                out += f".{name}"
            case _:
                out += f"[{step_text(text, step)}]"
    return out


def step_text(text: str, step: s.Term) -> str:
    """Return a step of a reference as it is written between brackets."""
    key = key_of(step)
    if key is not None:
        return show_key(key)
    if isinstance(step, s.Var) and not step.name.startswith("%"):
        return f.original(step.name)
    return step_at(text, step.at)
