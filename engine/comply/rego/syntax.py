"""The Rego tree: frozen nodes, walked by `match`.

`at` is the offset of a node's first character in its source; `Source.span` turns it
into row and column when someone asks.
"""

from decimal import Decimal
from typing import TypeAlias

from comply.classes import dataclass
from comply.source import Source

ScalarValue: TypeAlias = str | int | float | Decimal | bool | None


@dataclass(frozen=True, slots=True)
class Scalar:
    """A string, number, boolean or null. A number keeps its literal where it must."""

    at: int
    value: ScalarValue


@dataclass(frozen=True, slots=True)
class Var:
    """A name. A wildcard `_` is a `Var` with a name of its own: `$0`, `$1`, ..."""

    at: int
    name: str


@dataclass(frozen=True, slots=True)
class Ref:
    """`head.a[b]`: `path` holds one term a step, `.a` and `["a"]` as `Scalar("a")`.

    The head is a `Var` or, in `{...}[x]`, `f(x).y` and `[...][0]`, any other term.
    """

    at: int
    head: "Term"
    path: tuple["Term", ...]


@dataclass(frozen=True, slots=True)
class Array:
    """`[a, b]`."""

    at: int
    items: tuple["Term", ...]


@dataclass(frozen=True, slots=True)
class Object:
    """`{k: v}`."""

    at: int
    pairs: tuple[tuple["Term", "Term"], ...]


@dataclass(frozen=True, slots=True)
class Set:
    """`{a, b}` and `set()`."""

    at: int
    items: tuple["Term", ...]


@dataclass(frozen=True, slots=True)
class ArrayComprehension:
    """`[head | body]`."""

    at: int
    head: "Term"
    body: "Body"


@dataclass(frozen=True, slots=True)
class SetComprehension:
    """`{head | body}`."""

    at: int
    head: "Term"
    body: "Body"


@dataclass(frozen=True, slots=True)
class ObjectComprehension:
    """`{key: value | body}`."""

    at: int
    key: "Term"
    value: "Term"
    body: "Body"


@dataclass(frozen=True, slots=True)
class Call:
    """`f(x, y)`.

    Operators are calls too: `name` is then the built-in's ("plus", "minus", "mul",
    "div", "rem", "or", "and", "eq" for `=`, "equal" for `==`, "neq", "lt", "lte", "gt",
    "gte", "assign" for `:=`, "internal.member_2" for `x in xs`, "internal.member_3"
    for `k, v in xs`), and `infix` is true. In a body `:=` and `=` bind; elsewhere the
    parser has already refused them.
    """

    at: int
    name: "Ref | Var"
    args: tuple["Term", ...]
    infix: bool = False


@dataclass(frozen=True, slots=True)
class Template:
    """`$"text {term} text"`: literal strings and terms in turn.

    `{term with input as x}` is an `Expr`, the only kind of part that is one.
    """

    at: int
    parts: tuple["str | Term | Expr", ...]


Term: TypeAlias = (
    Scalar
    | Var
    | Ref
    | Array
    | Object
    | Set
    | ArrayComprehension
    | SetComprehension
    | ObjectComprehension
    | Call
    | Template
)


@dataclass(frozen=True, slots=True)
class With:
    """`with target as value`."""

    at: int
    target: Term
    value: Term


@dataclass(frozen=True, slots=True)
class Expr:
    """A term that must be defined and not false; or, negated, must not be."""

    at: int
    term: Term
    negated: bool = False
    withs: tuple[With, ...] = ()


@dataclass(frozen=True, slots=True)
class Some:
    """`some x, y`."""

    at: int
    names: tuple[Var, ...]


@dataclass(frozen=True, slots=True)
class SomeIn:
    """`some v in xs`, `some k, v in xs`; key and value may be patterns."""

    at: int
    key: Term | None
    value: Term
    domain: Term
    withs: tuple[With, ...] = ()


@dataclass(frozen=True, slots=True)
class Every:
    """`every k, v in xs { body }`."""

    at: int
    key: Var | None
    value: Var
    domain: Term
    body: "Body"
    withs: tuple[With, ...] = ()


Literal: TypeAlias = Expr | Some | SomeIn | Every
Body: TypeAlias = tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class Head:
    """A rule's head.

    `ref` is the name as written: a `Var`, then one term a step (`a.b[x].c`). For a
    function `args` is not None. `key` is set for `contains key` (and v0's `p[key]`
    without a value, `partial` then true). `value` is None where the rule has none
    written: it is then `true`. `assign` tells `:=` from `=`.
    """

    at: int
    ref: tuple[Term, ...]
    args: tuple[Term, ...] | None = None
    key: Term | None = None
    value: Term | None = None
    assign: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; `otherwise` is its `else`, which shares the head's name and arguments.

    `body` is empty for a rule that always holds. `end` is the offset just past it.
    `chained` marks a body written right after another (`r { a } { b }`, v0).
    """

    at: int
    end: int
    head: Head
    body: Body
    default: bool = False
    otherwise: "Rule | None" = None
    chained: bool = False


@dataclass(frozen=True, slots=True)
class Import:
    """`import path as alias`."""

    at: int
    path: Ref | Var
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class Comment:
    """`# text`, without the `#`; `at` is the offset of the `#`."""

    at: int
    text: str


@dataclass(frozen=True, slots=True)
class Annotation:
    """A `# METADATA` block: its YAML, parsed, and the offset of what it is about.

    `scope` is `rule`, `document`, `package` or `subpackages`. `target` is the offset
    of the rule or package that follows it.
    """

    at: int
    scope: str
    target: int
    fields: dict[str, object]


@dataclass(frozen=True, slots=True)
class Module:
    """One file. `package` is its path after `data`; `version` is 0 or 1."""

    source: Source
    version: int
    package_at: int
    package: tuple[str, ...]
    imports: tuple[Import, ...]
    rules: tuple[Rule, ...]
    comments: tuple[Comment, ...]
    annotations: tuple[Annotation, ...]
