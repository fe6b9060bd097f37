"""The tree of Terraform's configuration language: bodies, blocks and expressions.

https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md
"""

from typing import Any, TypeAlias

from comply.classes import dataclass, field
from comply.source import Source


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, a boolean, null, or text without interpolation."""

    at: int
    value: Any


@dataclass(frozen=True, slots=True)
class Template:
    """Text with interpolations and directives; one part alone is text made of it."""

    at: int
    parts: "tuple[Expression, ...]"


@dataclass(frozen=True, slots=True)
class Tuple:
    """`[a, b]`."""

    at: int
    items: "tuple[Expression, ...]"


@dataclass(frozen=True, slots=True)
class Object:
    """`{ k = v }`."""

    at: int
    pairs: "tuple[tuple[Expression, Expression], ...]"


@dataclass(frozen=True, slots=True)
class Name:
    """The first name of a reference."""

    at: int
    name: str


@dataclass(frozen=True, slots=True)
class Attribute:
    """`source.name`."""

    at: int
    source: "Expression"
    name: str


@dataclass(frozen=True, slots=True)
class Index:
    """`source[key]`."""

    at: int
    source: "Expression"
    key: "Expression"


@dataclass(frozen=True, slots=True)
class Splat:
    """`source[*]` and what is taken of each element; `each` reads it from `item`."""

    at: int
    source: "Expression"
    each: "Expression"


@dataclass(frozen=True, slots=True)
class Item:
    """The element that a splat has in its hands."""

    at: int


@dataclass(frozen=True, slots=True)
class Call:
    """`name(args)`; with `spread` the last argument is a list of arguments."""

    at: int
    name: str
    args: "tuple[Expression, ...]"
    spread: bool


@dataclass(frozen=True, slots=True)
class Conditional:
    """`test ? yes : no`."""

    at: int
    test: "Expression"
    yes: "Expression"
    no: "Expression"


@dataclass(frozen=True, slots=True)
class Binary:
    """`left operator right`."""

    at: int
    operator: str
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Unary:
    """`-operand` or `!operand`."""

    at: int
    operator: str
    operand: "Expression"


@dataclass(frozen=True, slots=True)
class For:
    """`[for k, v in source : value if test]`, and with a `key` in braces.

    `grouped` is the `...` that gathers values of equal keys. `joined` is the directive
    `%{ for }` of a template, whose results become one text.
    """

    at: int
    names: tuple[str, ...]
    source: "Expression"
    key: "Expression | None"
    value: "Expression"
    test: "Expression | None"
    grouped: bool = False
    joined: bool = False


Expression: TypeAlias = (
    Literal
    | Template
    | Tuple
    | Object
    | Name
    | Attribute
    | Index
    | Splat
    | Item
    | Call
    | Conditional
    | Binary
    | Unary
    | For
)


@dataclass(frozen=True, slots=True)
class Setting:
    """`name = value` in a body."""

    at: int
    source: Source
    name: str
    value: Expression


@dataclass(frozen=True, slots=True)
class Body:
    """What stands between braces, or in a file: settings by name, and blocks."""

    settings: dict[str, Setting] = field(default_factory=dict)
    blocks: "tuple[Block, ...]" = ()


@dataclass(frozen=True, slots=True)
class Block:
    """`kind "label" { body }`, and where it stands."""

    at: int
    source: Source
    kind: str
    labels: tuple[str, ...]
    body: Body
