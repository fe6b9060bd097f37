"""Bodies after resolution: short literals over unique local names.

Nothing is nested any more: a call's operands, the steps of a reference and the members
of a composite are variables and scalars (OPA's compiler calls this rewriting dynamics).
A global name has become a reference to `data` or `input`, a local one is unique in its
rule. Terms are those of `syntax`; comprehensions hold flat bodies.
"""

from dataclasses import dataclass
from typing import TypeAlias

from comply.rego.syntax import Array, Object, Ref, Scalar, Set, Var


@dataclass(frozen=True, slots=True)
class Comprehension:
    """`[value | body]`, `{value | body}` or `{key: value | body}`.

    `kind` is "array", "set" or "object". `outer` names the variables of enclosing
    scopes that it reads.
    """

    at: int
    kind: str
    key: "FlatTerm | None"
    value: "FlatTerm"
    body: "FlatBody"
    outer: frozenset[str]


FlatTerm: TypeAlias = Scalar | Var | Ref | Array | Object | Set | Comprehension


@dataclass(frozen=True, slots=True)
class Replacement:
    """One `with`: `path` starts with `input` or `data`, or names a built-in.

    `value` is a variable or a ground term, or the path of a function (`function`).
    """

    at: int
    path: tuple[str, ...]
    value: FlatTerm | None
    function: tuple[str, ...] | None = None


Replacements: TypeAlias = tuple[Replacement, ...]


@dataclass(frozen=True, slots=True)
class Unify:
    """`left = right`."""

    at: int
    left: FlatTerm
    right: FlatTerm
    withs: Replacements = ()


@dataclass(frozen=True, slots=True)
class Invoke:
    """A call of a built-in (`builtin`) or of the function at `path` under `data`.

    Without `output` the result must be defined and not false.
    """

    at: int
    builtin: str
    path: tuple[str, ...]
    args: tuple[FlatTerm, ...]
    output: FlatTerm | None
    withs: Replacements = ()


@dataclass(frozen=True, slots=True)
class Test:
    """A term that must be defined and not false."""

    at: int
    term: FlatTerm
    withs: Replacements = ()


@dataclass(frozen=True, slots=True)
class Negate:
    """`not literal`."""

    at: int
    literal: "Unify | Invoke | Test"
    withs: Replacements = ()


@dataclass(frozen=True, slots=True)
class ForAll:
    """`every key, value in domain { body }`; `outer` as in `Comprehension`."""

    at: int
    key: str | None
    value: str
    domain: FlatTerm
    body: "FlatBody"
    outer: frozenset[str]
    withs: Replacements = ()


FlatLiteral: TypeAlias = Unify | Invoke | Test | Negate | ForAll
FlatBody: TypeAlias = tuple[FlatLiteral, ...]


@dataclass(frozen=True, slots=True)
class FlatClause:
    """One body with its head: a rule, an `else`, or a default.

    `suffix` holds the steps of the head's reference after its ground prefix; `member`
    tells that `value` is a member of a set there (`contains`).
    """

    at: int
    source: int
    args: tuple[FlatTerm, ...]
    suffix: tuple[FlatTerm, ...]
    value: FlatTerm
    member: bool
    body: FlatBody


@dataclass(frozen=True, slots=True)
class FlatRule:
    """A rule with its `else` branches, in order."""

    path: tuple[str, ...]
    clauses: tuple[FlatClause, ...]
    default: bool
    function: bool
    at: int
    source: int


def original(name: str) -> str:
    """Return the name an author wrote for a unique local name.

    >>> original("x.3"), original("$4")
    ('x', '_')
    """
    return "_" if name.startswith("$") else name.split(".", maxsplit=1)[0]
