"""A module's tokens and comments as pieces of text to lay out, each with its role."""

from collections.abc import Iterator
from typing import Final

from comply.classes import dataclass, field
from comply.rego.lexer import Tokens
from comply.rego.syntax import (
    Array,
    ArrayComprehension,
    Body,
    Call,
    Every,
    Module,
    Object,
    ObjectComprehension,
    Rule,
    Scalar,
    Set,
    SetComprehension,
)

OPENERS: Final = frozenset({"(", "[", "{"})
CLOSERS: Final = frozenset({")", "]", "}"})


@dataclass(frozen=True, slots=True)
class Piece:
    """A token or comment: its text, and where in the source it stands.

    `role` is `statement` for the first of a package clause, an import or a rule; `else`;
    `literal` for the first of a body's expression, which begins a line; `item` for one
    that need not. `block` is `open` and `close` for the braces of a body and the brackets
    of a collection that spans lines. A minus that is a sign is of kind `sign`.
    """

    kind: str
    text: str
    start: int
    end: int
    role: str = ""
    block: str = ""


@dataclass(slots=True)
class Edits:
    """Changes to a text: offsets of tokens to drop, and pieces to add."""

    dropped: set[int] = field(default_factory=set)
    added: list[Piece] = field(default_factory=list)


@dataclass(slots=True)
class Shape:
    """What the tree says about the tokens, by their offsets."""

    tokens: Tokens
    roles: dict[int, str] = field(default_factory=dict)
    blocks: dict[int, str] = field(default_factory=dict)
    signs: set[int] = field(default_factory=set)
    edits: Edits = field(default_factory=Edits)
    numbers: dict[int, int] = field(default_factory=dict)
    partners: dict[int, int] = field(default_factory=dict)


def shape_of(module: Module, tokens: Tokens) -> Shape:
    """Return the roles of a module's tokens."""
    shape = Shape(tokens)
    shape.numbers = {start: i for i, start in enumerate(tokens.starts)}
    shape.partners = _partners(tokens)
    roles = shape.roles
    roles[module.package_at] = "statement"
    for item in module.imports:
        roles[item.at] = "statement"
    for node in nodes(module.rules):
        _shape_node(shape, node)
    for rule in module.rules:
        if not rule.chained:
            roles[rule.at] = "statement"
    return shape


def _shape_node(shape: Shape, node: object) -> None:
    match node:
        case Rule(body=body, otherwise=otherwise):
            _shape_block(shape, body)
            if otherwise:
                shape.roles[otherwise.at] = "else"
        case Every(body=body):
            _shape_block(shape, body)
        case (
            ArrayComprehension(body=body)
            | SetComprehension(body=body)
            | ObjectComprehension(body=body)
        ):
            for literal in body:
                shape.roles.setdefault(literal.at, "item")
        case Array(at=at) | Object(at=at) | Set(at=at):
            _shape_collection(shape, at)
        case Scalar(at=at) | Call(at=at) if shape.tokens.text[at] == "-":
            shape.signs.add(at)
        case _:
            pass


def nodes(root: object) -> Iterator[object]:
    """Yield every node in a tuple of nodes, outermost first."""
    stack = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, tuple):
            stack += reversed(node)
        elif hasattr(node, "__slots__") and hasattr(node, "at"):
            yield node
            stack += [getattr(node, name) for name in reversed(node.__slots__)]


def _partners(tokens: Tokens) -> dict[int, int]:
    """Return the number of the closing token for that of each opening one."""
    found: dict[int, int] = {}
    stack: list[int] = []
    for at, kind in enumerate(tokens.kinds):
        if kind in OPENERS:
            stack.append(at)
        elif kind in CLOSERS:
            found[stack.pop()] = at
    return found


def _shape_block(shape: Shape, body: Body) -> None:
    """Give roles to the expressions of a body, if it is in braces, and to those."""
    opening = brace_before(shape, body)
    if opening < 0:
        return
    _mark_pair(shape, opening)
    for literal in body:
        shape.roles[literal.at] = "literal"
        before = shape.numbers[literal.at] - 1
        # A line that begins with a minus would go on with the one before.
        if shape.tokens.kinds[before] == ";" and shape.tokens.text[literal.at] != "-":
            shape.edits.dropped.add(shape.tokens.starts[before])


def brace_before(shape: Shape, body: Body) -> int:
    """Return the number of the brace that opens `body`, -1 if it has none."""
    if not body:
        return -1
    before = shape.numbers[body[0].at] - 1
    return before if shape.tokens.kinds[before] == "{" else -1


def _mark_pair(shape: Shape, opening: int) -> None:
    starts = shape.tokens.starts
    shape.blocks[starts[opening]] = "open"
    shape.blocks[starts[shape.partners[opening]]] = "close"


def _shape_collection(shape: Shape, at: int) -> None:
    """Spread a collection that spans lines: its brackets stand alone."""
    tokens, opening = shape.tokens, shape.numbers[at]
    if at in shape.blocks:
        # Rules that share a head share its nodes.
        return
    if tokens.kinds[opening] not in ("[", "{") or not _spans_lines(shape, opening):
        return
    _mark_pair(shape, opening)
    last = shape.partners[opening] - 1
    if tokens.kinds[last] not in (",", "[", "{"):
        end = tokens.ends[last]
        shape.edits.added.append(Piece(",", ",", end, end))


def _spans_lines(shape: Shape, opening: int) -> bool:
    """Tell whether a line ends between the items of a collection."""
    tokens, at = shape.tokens, opening
    last = shape.partners[opening]
    while at < last:
        # From an opener inside, go on behind its partner.
        at = shape.partners[at] + 1 if at > opening and at in shape.partners else at + 1
        beside = tokens.kinds[at - 1] in ("[", "{", ",") or at == last
        if beside and "\n" in tokens.text[tokens.ends[at - 1] : tokens.starts[at]]:
            return True
    return False


def pieces_of(shape: Shape, module: Module) -> list[Piece]:
    """Return the pieces of a module in their order, edits applied."""
    tokens, edits = shape.tokens, shape.edits
    found: list[Piece] = []
    at, last = 0, len(tokens.kinds) - 1
    hidden: list[tuple[int, int]] = []
    while at < last:
        start, end, kind = tokens.starts[at], tokens.ends[at], tokens.kinds[at]
        if kind == "template":
            at = _template_end(tokens, at)
            end, kind = tokens.ends[at], "string"
            hidden.append((start, end))
        at += 1
        if start in edits.dropped:
            continue
        role = shape.roles.get(start, "")
        kind = "sign" if start in shape.signs else kind
        block = shape.blocks.get(start, "")
        found.append(Piece(kind, tokens.text[start:end], start, end, role, block))
    for comment in module.comments:
        if not any(start < comment.at < end for start, end in hidden):
            text = f"#{comment.text}".rstrip()
            end = comment.at + 1 + len(comment.text)
            found.append(Piece("comment", text, comment.at, end))
    found += edits.added
    # Added pieces stand before the token at their offset: they have no width.
    return sorted(found, key=lambda piece: (piece.start, piece.end))


def _template_end(tokens: Tokens, at: int) -> int:
    """Return the number of the token that ends the template at `at`."""
    depth = 0
    while True:
        kind = tokens.kinds[at]
        depth += (kind == "template") - (kind == "end")
        if depth == 0:
            return at
        at += 1
