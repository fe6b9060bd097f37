"""TEMPLATE -> TREE: the grammar of Go's template language.

https://pkg.go.dev/text/template#hdr-Actions. `parse` returns the named templates of a
source, its own text under the empty name.
"""

from typing import Final, TypeAlias

from comply.classes import dataclass, field
from comply.plan.builtins.failure import BuiltinError
from comply.plan.builtins.go_template_tokens import (
    Token,
    template_error,
    tokenize,
    unquote,
)

FUNCTIONS: Final = frozenset(
    [
        "and",
        "call",
        "eq",
        "ge",
        "gt",
        "html",
        "index",
        "js",
        "le",
        "len",
        "lt",
        "ne",
        "not",
        "or",
        "print",
        "printf",
        "println",
        "slice",
        "urlquery",
    ]
)
_CLAUSES: Final = frozenset(
    [
        "block",
        "break",
        "continue",
        "define",
        "else",
        "end",
        "if",
        "range",
        "template",
        "with",
    ]
)
_INT64: Final = 2**63
_DEEPEST: Final = 100


@dataclass(frozen=True, slots=True)
class Constant:
    """A string, number, boolean or character; nil is None."""

    value: str | float | bool | None


@dataclass(frozen=True, slots=True)
class Field:
    """Fields of the dot: `.a.b`; without names, the dot itself."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable, perhaps with fields: `$x.a`."""

    name: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Function:
    """The name of a function."""

    name: str


@dataclass(frozen=True, slots=True)
class Group:
    """A pipeline in parentheses, perhaps with fields: `(f .a).b`."""

    pipe: "Pipe"
    names: tuple[str, ...]


Operand: TypeAlias = Constant | Field | Variable | Function | Group


@dataclass(frozen=True, slots=True)
class Command:
    """Operands in a row; the first may be a function of the others."""

    operands: tuple[Operand, ...]
    at: int
    text: str


@dataclass(frozen=True, slots=True)
class Pipe:
    """Commands, each given the result of the one before, and variables to set."""

    commands: tuple[Command, ...]
    variables: tuple[str, ...] = ()
    declares: bool = True


@dataclass(frozen=True, slots=True)
class Text:
    """Text as it stands."""

    text: str


@dataclass(frozen=True, slots=True)
class Action:
    """A pipeline whose value is printed, unless it sets variables."""

    pipe: Pipe


@dataclass(frozen=True, slots=True)
class Branch:
    """`if`, `with` or `range`: which one is its `kind`."""

    kind: str
    pipe: Pipe
    body: "Body"
    otherwise: "Body"


@dataclass(frozen=True, slots=True)
class Call:
    """`template "name" pipeline`."""

    name: str
    pipe: Pipe | None
    at: int
    text: str


@dataclass(frozen=True, slots=True)
class Jump:
    """`break` or `continue`."""

    kind: str


Node: TypeAlias = Text | Action | Branch | Call | Jump
Body: TypeAlias = tuple[Node, ...]


@dataclass(slots=True)
class _Parser:
    """Tokens, the next one's index, and what is known where it stands."""

    source: str
    tokens: list[Token]
    templates: dict[str, Body]
    index: int = 0
    depth: int = 0
    ranges: int = 0
    variables: list[str] = field(default_factory=lambda: ["$"])

    def peek(self) -> Token:
        """Return the next token; at the end, one of the kind `end`."""
        if self.index < len(self.tokens):
            return self.tokens[self.index]
        return Token("end", "", len(self.source))

    def take(self) -> Token:
        """Return the next token, moving past it."""
        token = self.peek()
        self.index += 1
        return token

    def skip_space(self) -> Token:
        """Return the next token that is no space, without moving past it."""
        while self.peek().kind == "space":
            self.index += 1
        return self.peek()

    def error(self, problem: str) -> BuiltinError:
        """Return the error of what was just taken."""
        at = self.tokens[min(self.index, len(self.tokens)) - 1].at if self.tokens else 0
        return template_error(self.source, at, problem)


def parse(source: str) -> dict[str, Body]:
    """Return the bodies of a source's templates by name; its own has the name "".

    Raises:
        BuiltinError: if the source is no template, in Go's words.

    >>> parse("a{{.b}}")[""]  # doctest: +ELLIPSIS
    (Text(text='a'), Action(pipe=Pipe(commands=(Command(operands=(Field(names=('b',)),...
    """
    parser = _Parser(source, tokenize(source), {})
    body, end = _body(parser)
    if end:
        raise parser.error(f"unexpected {{{{{end}}}}}")
    return {**parser.templates, "": body}


def _body(parser: _Parser) -> tuple[Body, str]:
    """Return the nodes up to `{{end}}`, `{{else`, or the end, and which it was.

    Of `{{else`, the cursor is left after the word.
    """
    nodes: list[Node] = []
    while parser.peek().kind != "end":
        token = parser.take()
        if token.kind == "text":
            nodes.append(Text(token.text))
            continue
        word = parser.skip_space()
        if word.kind == "word" and word.text in ("end", "else"):
            parser.take()
            if word.text == "end":
                _close(parser, "end")
            return tuple(nodes), word.text
        node = _action(parser, token.at)
        if node is not None:
            nodes.append(node)
    return tuple(nodes), ""


def _close(parser: _Parser, context: str) -> None:
    token = parser.skip_space()
    parser.take()
    if token.kind != "close":
        raise _unexpected(parser, token, context)


def _unexpected(parser: _Parser, token: Token, context: str) -> BuiltinError:
    if token.kind == "end":
        return parser.error("unexpected EOF")
    if token.kind == "word" and token.text in _CLAUSES:
        return parser.error(f"unexpected <{token.text}> in {context}")
    if token.kind == "dot":
        return parser.error(f"unexpected <.> in {context}")
    text = token.text.replace('"', '\\"') if token.kind == "string" else token.text
    return parser.error(f'unexpected "{text}" in {context}')


def _action(parser: _Parser, at: int) -> Node | None:
    """Return the node of the action that begins here; a definition has none."""
    token = parser.peek()
    clause = token.text if token.kind == "word" and token.text in _CLAUSES else ""
    if not clause:
        return Action(_pipeline(parser, "command", "close"))
    parser.take()
    match clause:
        case "if" | "with" | "range":
            return _branch(parser, clause)
        case "template":
            return _call(parser, at)
        case "block":
            return _block(parser, at)
        case "define" if not parser.depth:
            _define(parser, _name(parser, "define clause"), closed=False)
            return None
        case "break" | "continue":
            _close(parser, f"{{{{{clause}}}}}")
            if not parser.ranges:
                raise parser.error(f"{{{{{clause}}}}} outside {{{{range}}}}")
            return Jump(clause)
        case _:
            raise _unexpected(parser, token, "command")


def _branch(parser: _Parser, kind: str) -> Branch:
    known = len(parser.variables)
    pipe = _pipeline(parser, kind, "close")
    parser.depth += 1
    if parser.depth > _DEEPEST:
        raise parser.error(f"more than {_DEEPEST} blocks within each other")
    parser.ranges += kind == "range"
    body, end = _body(parser)
    parser.ranges -= kind == "range"
    otherwise: Body = ()
    if end == "else":
        otherwise = _otherwise(parser, kind)
    elif not end:
        raise parser.error("unexpected EOF")
    parser.depth -= 1
    del parser.variables[known:]
    return Branch(kind, pipe, body, otherwise)


def _otherwise(parser: _Parser, kind: str) -> Body:
    """Return what follows `{{else`: another branch, or a body."""
    token = parser.skip_space()
    if token.kind == "word" and token.text == kind and kind != "range":
        parser.take()
        return (_branch(parser, kind),)
    _close(parser, "else")
    body, end = _body(parser)
    if end == "else":
        raise parser.error("expected end; found {{else}}")
    if not end:
        raise parser.error("unexpected EOF")
    return body


def _name(parser: _Parser, context: str) -> str:
    token = parser.skip_space()
    parser.take()
    name = unquote(token.text) if token.kind == "string" else None
    if name is None:
        raise _unexpected(parser, token, context)
    return name


def _call(parser: _Parser, at: int) -> Call:
    name = _name(parser, "template clause")
    if parser.skip_space().kind == "close":
        parser.take()
        pipe = None
    else:
        pipe = _pipeline(parser, "template clause", "close")
    return Call(name, pipe, at, _action_text(parser, at))


def _action_text(parser: _Parser, at: int) -> str:
    return parser.source[at : parser.source.index("}}", at) + 2]


def _block(parser: _Parser, at: int) -> Call:
    name = _name(parser, "block clause")
    pipe = _pipeline(parser, "block clause", "close")
    _define(parser, name, closed=True)
    return Call(name, pipe, at, _action_text(parser, at))


def _define(parser: _Parser, name: str, *, closed: bool) -> None:
    """Add the template whose body follows."""
    if not closed:
        _close(parser, "define clause")
    variables, ranges = parser.variables, parser.ranges
    parser.variables, parser.ranges = ["$"], 0
    parser.depth += 1
    body, end = _body(parser)
    parser.depth -= 1
    if end != "end":
        raise parser.error("unexpected EOF" if not end else "unexpected {{else}}")
    parser.variables, parser.ranges = variables, ranges
    if name in parser.templates and parser.templates[name] and body:
        problem = f'template: multiple definition of template "{name}"'
        raise parser.error(problem)
    if body or name not in parser.templates:
        parser.templates[name] = body


def _pipeline(parser: _Parser, context: str, end: str) -> Pipe:
    """Return the pipeline up to `close` or `)`, which is taken."""
    variables, declares = _declaration(parser, context)
    commands: list[Command] = []
    while True:
        token = parser.skip_space()
        if token.kind == end:
            parser.take()
            break
        command = _command(parser, context)
        commands.append(command)
    if not commands:
        raise parser.error(f"missing value for {context}")
    for stage, command in enumerate(commands[1:], 2):
        if isinstance(command.operands[0], Constant):
            raise parser.error(f"non executable command in pipeline stage {stage}")
    if declares:
        parser.variables += variables
    return Pipe(tuple(commands), tuple(variables), declares)


def _declaration(parser: _Parser, context: str) -> tuple[list[str], bool]:
    """Return the variables that the pipeline sets, and whether it declares them."""
    start = parser.index
    names: list[str] = []
    while parser.skip_space().kind == "variable":
        names.append(parser.take().text)
        mark = parser.skip_space()
        if mark.kind in (":=", "="):
            parser.take()
            if len(names) > 1 and context != "range":
                raise parser.error(f"too many declarations in {context}")
            return names, mark.kind == ":="
        if mark.kind != ",":
            break
        parser.take()
        if len(names) == 2 or context != "range":
            raise parser.error(f"too many declarations in {context}")
    parser.index = start
    return [], True


def _command(parser: _Parser, context: str) -> Command:
    """Return the operands up to a `|`, which is taken, or the pipeline's end."""
    operands: list[Operand] = []
    first = parser.skip_space()
    last = first
    while (token := parser.skip_space()).kind not in ("close", ")", "end"):
        if token.kind == "|" and operands:
            parser.take()
            break
        operands.append(_operand(parser, token, context))
        last = parser.tokens[parser.index - 1]
        after = parser.peek()
        if after.kind not in ("space", "|", "close", ")", "end"):
            parser.take()
            raise _unexpected(parser, after, "operand")
    text = parser.source[first.at : last.at + len(last.text)]
    return Command(tuple(operands), first.at, text)


def _operand(parser: _Parser, token: Token, context: str) -> Operand:
    parser.take()
    match token.kind:
        case "field":
            return Field((token.text[1:], *_fields(parser)))
        case "dot":
            return Field(())
        case "variable":
            if token.text not in parser.variables:
                raise parser.error(f'undefined variable "{token.text}"')
            return Variable(token.text, _fields(parser))
        case "(":
            inner = _pipeline(parser, "parenthesized pipeline", ")")
            return Group(inner, _fields(parser))
        case "word" if token.text not in _CLAUSES:
            return _word(parser, token.text)
        case "number" | "string" | "character":
            return Constant(_literal(parser, token))
        case _:
            inside = "command" if context in ("if", "range", "with") else context
            raise _unexpected(parser, token, inside)


def _fields(parser: _Parser) -> tuple[str, ...]:
    names: list[str] = []
    while parser.peek().kind == "field":
        names.append(parser.take().text[1:])
    return tuple(names)


def _word(parser: _Parser, word: str) -> Operand:
    constants = {"true": True, "false": False, "nil": None}
    if word in constants:
        return Constant(constants[word])
    if word not in FUNCTIONS:
        raise parser.error(f'function "{word}" not defined')
    return Function(word)


def _literal(parser: _Parser, token: Token) -> str | float:
    if token.kind == "number":
        return _number(parser, token.text)
    value = unquote(token.text)
    if token.kind == "string" and value is not None:
        return value
    if token.kind == "character" and value is not None and len(value) == 1:
        return ord(value)
    kind = "character constant" if token.kind == "character" else "string"
    raise parser.error(f"malformed {kind}: {token.text}")


def _number(parser: _Parser, text: str) -> float:
    """Return an integer, or a float where a point or an exponent makes it one."""
    plain = text.replace("_", "").lower()
    try:
        if "0x" not in plain and any(c in plain for c in ".ep"):
            value: float = float(plain)
            if abs(value) != float("inf"):
                return value
        else:
            value = _integer(plain)
            if -_INT64 <= value < _INT64:
                return value
            raise parser.error(f'integer overflow: "{text}"')
    except ValueError:
        pass
    if any(c.isalpha() and c not in "xobep" for c in plain):
        raise parser.error(f'bad number syntax: "{text}"')
    raise parser.error(f'illegal number syntax: "{text}"')


def _integer(text: str) -> int:
    digits = text.lstrip("+-")
    octal = len(digits) > 1 and digits[0] == "0" and digits.isdigit()
    return int(text, 8) if octal else int(text, 0)
