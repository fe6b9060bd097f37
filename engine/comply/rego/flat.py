"""Bodies after resolution: short literals over unique local names.

Nothing is nested any more: a call's operands, the steps of a reference and the members
of a composite are variables and scalars (OPA's compiler calls this rewriting dynamics).
A global name has become a reference to `data` or `input`, a local one is unique in its
rule. Terms are those of `syntax`; comprehensions hold flat bodies.
"""

from dataclasses import replace
from typing import TypeAlias

from comply.classes import dataclass
from comply.rego import syntax as s
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
    """`left = right` or, with `test`, `left == right`.

    A test gives values to what its references iterate over, and to nothing else.
    """

    at: int
    left: FlatTerm
    right: FlatTerm
    withs: Replacements = ()
    test: bool = False


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


def as_flat(term: s.Term) -> FlatTerm:
    """Return a term that resolution made flat, as such."""
    if isinstance(term, s.Scalar | s.Var | s.Ref | s.Array | s.Object | s.Set):
        return term
    msg = f"not a flat term: {type(term).__name__}"
    raise TypeError(msg)


def as_syntax(term: FlatTerm) -> s.Term:
    """Return a flat term as a step of a reference; comprehensions were lifted."""
    if isinstance(term, Comprehension):
        msg = "a comprehension cannot be a step of a reference"
        raise TypeError(msg)
    return term


def under(literal: FlatLiteral, withs: Replacements) -> FlatLiteral:
    """Return `literal` evaluated under `withs`."""
    return replace(literal, withs=withs) if withs else literal


def unified(at: int, left: FlatTerm, right: FlatTerm, out: list[FlatLiteral]) -> Unify:
    """Return `left = right`; two arrays or objects are unified member by member.

    All but the last member go to `out`, so that each can wait for its own variables.
    """
    match left, right:
        case s.Array(items=xs), s.Array(items=ys) if len(xs) == len(ys) and xs:
            pairs = list(zip(xs, ys, strict=True))
        case s.Object(pairs=xs), s.Object(pairs=ys) if xs and _same_keys(xs, ys):
            values = {k.value: v for k, v in ys if isinstance(k, s.Scalar)}
            pairs = [(v, values[k.value]) for k, v in xs if isinstance(k, s.Scalar)]
        case _:
            return Unify(at, left, right)
    *others, last = [(as_flat(x), as_flat(y)) for x, y in pairs]
    for x, y in others:
        out.append(unified(at, x, y, out))
    return unified(at, *last, out)


def _same_keys(
    xs: tuple[tuple[s.Term, s.Term], ...], ys: tuple[tuple[s.Term, s.Term], ...]
) -> bool:
    left = [k.value for k, _ in xs if isinstance(k, s.Scalar)]
    right = [k.value for k, _ in ys if isinstance(k, s.Scalar)]
    strings = all(isinstance(k, str) for k in (*left, *right))
    whole = len(set(left)) == len(xs) and len(set(right)) == len(ys)
    return strings and whole and set(left) == set(right)


def original(name: str) -> str:
    """Return the name an author wrote for a unique local name.

    >>> original("x.3"), original("$4")
    ('x', '_')
    """
    return "_" if name.startswith("$") else name.split(".", maxsplit=1)[0]
