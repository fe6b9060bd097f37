"""TEMPLATE x VARIABLES -> TEXT: `strings.render_template`.

https://www.openpolicyagent.org/docs/policy-reference/builtins/strings: the template
language is Go's (https://pkg.go.dev/text/template). A key that is missing, and null,
read `<undefined>`. A number is what its author wrote, as text: `eq .n "1"` holds.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Final, TypeAlias

from comply.classes import dataclass
from comply.plan.builtins import operands
from comply.plan.builtins.failure import BuiltinError, HaltError
from comply.plan.builtins.go_template import (
    Action,
    Body,
    Branch,
    Call,
    Command,
    Constant,
    Field,
    Function,
    Group,
    Jump,
    Node,
    Operand,
    Pipe,
    Text,
    Variable,
    parse,
)
from comply.plan.builtins.go_template_functions import (
    LAZY,
    MISSING,
    TABLE,
    Datum,
    Numeral,
    TemplateError,
    display,
    is_true,
)
from comply.plan.values import RegoSet, Value, number_text, quote, show

_DEEPEST: Final = 100
_MOST_STEPS: Final = 1_000_000
_LONGEST: Final = 100_000_000


def render(template: Value, variables: Value) -> str:
    """Return a template with the variables of an object put in.

    >>> render("{{range $i, $n := .names}}{{if $i}}, {{end}}{{$n}}{{end}}",
    ...        {"names": ["a", "b"]})
    'a, b'
    >>> render("{{.missing}}", {})
    '<undefined>'
    """
    source = operands.string(template, 1)
    dot = _plain(operands.mapping(variables, 2))
    run = _Run(source, _parsed(source), [])
    _body(run, run.templates[""], dot, [("$", [dot])])
    return "".join(run.out).replace("<no value>", "<undefined>")


_parsed: Final = lru_cache(maxsize=256)(parse)


def _plain(value: Value) -> Datum:
    """Return a value as a template sees it: what its text is when read as JSON."""
    kind = type(value)
    if kind is dict:
        return {_key(key): _plain(inner) for key, inner in value.items()}
    if kind is list:
        return [_plain(inner) for inner in value]
    if kind is str:
        return _readable(value)
    if value is None or kind is bool:
        return value
    if kind is RegoSet:
        raise _set_in_json(value)
    return Numeral(number_text(value))


def _key(key: Value) -> str:
    if type(key) is not str:
        first = show(key)[0]
        raise BuiltinError(
            f"invalid character '{first}' looking for beginning of object key string"
        )
    return _readable(key)


def _readable(text: str) -> str:
    """Return a string, unless it is quoted with an escape that JSON lacks."""
    quoted = quote(text)
    at = quoted.find("\\")
    while at >= 0:
        if quoted[at + 1] not in '"\\/bfnrtu':
            raise BuiltinError(
                f"invalid character '{quoted[at + 1]}' in string escape code"
            )
        at = quoted.find("\\", at + 2)
    return text


def _set_in_json(value: RegoSet) -> BuiltinError:
    if not len(value):
        return BuiltinError("invalid character 's' looking for beginning of value")
    members = value.ordered()
    if type(members[0]) is str:
        mark = "," if len(members) > 1 else "}"
        return BuiltinError(f"invalid character '{mark}' after object key")
    return BuiltinError(
        f"invalid character '{show(members[0])[0]}'"
        " looking for beginning of object key string"
    )


Scope: TypeAlias = list[tuple[str, list[Datum]]]


@dataclass(slots=True)
class _Run:
    """What one rendering has: its templates, its output, and how far it went."""

    source: str
    templates: dict[str, Body]
    out: list[str]
    steps: int = 0
    length: int = 0
    depth: int = 0
    name: str = "template"

    def write(self, text: str) -> None:
        """Add to the output.

        Raises:
            HaltError: if it grows out of all proportion.
        """
        self.length += len(text)
        if self.length > _LONGEST:
            raise HaltError(f"a text of more than {_LONGEST} characters")
        self.out.append(text)

    def error(self, at: int, text: str, problem: str) -> BuiltinError:
        """Return the error of a command that failed, with its place."""
        before = self.source[:at]
        line = before.count("\n") + 1
        column = len(before) - (before.rfind("\n") + 1)
        return BuiltinError(
            f'template: template:{line}:{column}: executing "{self.name}"'
            f" at <{text}>: {problem}"
        )


class _Jumped(Exception):  # noqa: N818  (no error: `break` and `continue` unwind)
    """A loop is to end, or to go on with the next element."""


def _body(run: _Run, body: Body, dot: Datum, scope: Scope) -> None:
    """Write the output of nodes; what they declare ends with them."""
    known = len(scope)
    try:
        for node in body:
            run.steps += 1
            if run.steps > _MOST_STEPS:
                raise HaltError(f"a template of more than {_MOST_STEPS} steps")
            _node(run, node, dot, scope)
    finally:
        del scope[known:]


def _node(run: _Run, node: Node, dot: Datum, scope: Scope) -> None:
    match node:
        case Text(text):
            run.write(text)
        case Action(pipe):
            value = _pipe(run, pipe, dot, scope)
            if not pipe.variables:
                run.write("<no value>" if value is None else display(value))
        case Branch(kind="range"):
            _range(run, node, dot, scope)
        case Branch():
            _branch(run, node, dot, scope)
        case Call():
            _call(run, node, dot, scope)
        case Jump(kind):
            raise _Jumped(kind)


def _branch(run: _Run, node: Branch, dot: Datum, scope: Scope) -> None:
    known = len(scope)
    value = _pipe(run, node.pipe, dot, scope)
    if is_true(value):
        _body(run, node.body, value if node.kind == "with" else dot, scope)
    else:
        _body(run, node.otherwise, dot, scope)
    del scope[known:]


def _range(run: _Run, node: Branch, dot: Datum, scope: Scope) -> None:
    known = len(scope)
    names = node.pipe.variables
    value = _pipe(run, Pipe(node.pipe.commands), dot, scope)
    command = node.pipe.commands[0]
    if type(value) is int and len(names) > 1:
        problem = f"can't use {value} to iterate over more than one variable"
        raise run.error(command.at, command.text, problem)
    pairs = _elements(value)
    if pairs is None:
        problem = f"range can't iterate over {display(value)}"
        raise run.error(command.at, command.text, problem)
    ran = False
    for key, element in pairs:
        ran = True
        values = (key, element) if len(names) > 1 else (element,)
        for name, item in zip(names, values, strict=False):
            _set(scope, name, item, declare=node.pipe.declares)
        if not _iterate(run, node.body, element, scope):
            break
        del scope[known:]
    del scope[known:]
    if not ran:
        _body(run, node.otherwise, dot, scope)


def _iterate(run: _Run, body: Body, element: Datum, scope: Scope) -> bool:
    """Write one round of a loop; tell whether the loop goes on."""
    try:
        _body(run, body, element, scope)
    except _Jumped as jump:
        return jump.args == ("continue",)
    return True


def _elements(value: Datum) -> Iterator[tuple[Datum, Datum]] | None:
    """Return the keys and elements to range over, None if that cannot be."""
    if value is None or value is MISSING:
        return iter(())
    if type(value) is int:
        return ((i, i) for i in range(value))
    if isinstance(value, list):
        return enumerate(value)
    if isinstance(value, dict):
        return iter(sorted(value.items()))
    return None


def _call(run: _Run, node: Call, dot: Datum, scope: Scope) -> None:
    body = run.templates.get(node.name) if node.name else None
    if body is None:
        at = node.at + node.text.index('"' if '"' in node.text else "`")
        raise run.error(at, node.text, f'template "{node.name}" not defined')
    inner = _pipe(run, node.pipe, dot, scope) if node.pipe else MISSING
    if run.depth == _DEEPEST:
        problem = f"exceeded maximum template depth ({_DEEPEST})"
        raise run.error(node.at, node.text, problem)
    outer, run.name, run.depth = run.name, node.name, run.depth + 1
    _body(run, body, inner, [("$", [inner])])
    run.name, run.depth = outer, run.depth - 1


def _set(scope: Scope, name: str, value: Datum, *, declare: bool) -> None:
    if declare:
        scope.append((name, [value]))
    else:
        _cell(scope, name)[0] = value


def _cell(scope: Scope, name: str) -> list[Datum]:
    return next(cell for known, cell in reversed(scope) if known == name)


def _pipe(run: _Run, pipe: Pipe, dot: Datum, scope: Scope) -> Datum:
    """Return the value of a pipeline, having set its variables to it."""
    final: tuple[Datum, ...] = ()
    for command in pipe.commands:
        final = (_command(run, command, dot, scope, final),)
    for name in pipe.variables:
        if not pipe.declares and name not in {known for known, _ in scope}:
            command = pipe.commands[0]
            raise run.error(command.at, command.text, f"undefined variable: {name}")
        _set(scope, name, final[0], declare=pipe.declares)
    return final[0]


def _command(
    run: _Run,
    command: Command,
    dot: Datum,
    scope: Scope,
    final: tuple[Datum, ...],
) -> Datum:
    """Return the value of a command, given what the one before it returned."""
    try:
        return _evaluated(run, command, dot, scope, final)
    except TemplateError as error:
        raise run.error(command.at, command.text, str(error)) from None


def _evaluated(
    run: _Run, command: Command, dot: Datum, scope: Scope, final: tuple[Datum, ...]
) -> Datum:
    """Return the value of a command; what goes wrong has no place yet."""
    first, *rest = command.operands

    def value(operand: Operand) -> Datum:
        return _operand(run, operand, dot, scope)

    if isinstance(first, Function):
        arguments: Iterator[Datum] = (value(operand) for operand in rest)
        if first.name in LAZY:
            return LAZY[first.name](_chain(arguments, final))
        return TABLE[first.name]([*arguments, *final])
    if rest or final:
        raise TemplateError(_not_a_function(first, value))
    if isinstance(first, Constant) and first.value is None:
        raise TemplateError("nil is not a command")
    return value(first)


def _chain(arguments: Iterator[Datum], final: tuple[Datum, ...]) -> Iterator[Datum]:
    yield from arguments
    yield from final


def _not_a_function(first: Operand, value: Callable[[Operand], Datum]) -> str:
    names = getattr(first, "names", ())
    if names:
        return f"{names[-1]} is not a method but has arguments"
    if isinstance(first, Constant) and first.value is None:
        return "nil is not a command"
    shown = value(first)
    text = quote(shown) if isinstance(shown, str) else display(shown)
    return f"can't give argument to non-function {text}"


def _operand(run: _Run, operand: Operand, dot: Datum, scope: Scope) -> Datum:
    match operand:
        case Constant(value):
            return value
        case Field(names):
            return _fields(dot, names)
        case Variable(name, names):
            return _fields(_cell(scope, name)[0], names)
        case Group(pipe, names):
            return _fields(_pipe(run, pipe, dot, scope), names)
        case Function(name):
            return TABLE[name]([])


def _fields(value: Datum, names: tuple[str, ...]) -> Datum:
    """Return what is at a path of keys; below a missing key all is missing."""
    for name in names:
        if isinstance(value, dict):
            value = value.get(name, MISSING)
        elif value is None:
            raise TemplateError(f"nil pointer evaluating interface {{}}.{name}")
        elif value is not MISSING:
            problem = f"can't evaluate field {name} in type interface {{}}"
            raise TemplateError(problem)
    return value


BUILTINS: Final[dict[str, Callable[..., Value]]] = {"strings.render_template": render}
