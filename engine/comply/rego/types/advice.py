"""TYPES -> HINT: what an author most likely meant."""

from typing import Final

from comply.rego.types.lattice import (
    ArrayType,
    Basic,
    FunctionType,
    Maybe,
    ObjectType,
    SetType,
    Union,
    keys_of,
    values_of,
)
from comply.rego.types.show import show
from comply.rego.types.unify import unifies

_CONVERSIONS: Final = {
    frozenset({"number", "string"}): "`to_number` reads a number from a string",
    frozenset({"boolean", "string"}): "`true` and `false` stand without quotes",
    frozenset({"array", "set"}): "`{x | some x in xs}` is the set of an array",
}  # fmt: skip
_OPERATORS: Final = {
    "plus": "`+` adds numbers",
    "minus": "`-` takes two numbers or two sets",
    "mul": "`*` multiplies numbers",
    "div": "`/` divides numbers",
    "rem": "`%` divides numbers",
    "or": "`|` is the union of two sets: either-or is two rules of one name, or `x in {a, b}`",
    "and": "`&` is the intersection of two sets: expressions on lines of their own must all hold",
}
_PLURALS: Final = {"null": "null"}
_ARTICLES: Final = {"array": "an array", "object": "an object", "null": "null"}


def noun(kind: Maybe) -> str:
    """Return what a value of a type is called, empty where it may be several things.

    >>> from comply.rego.types.lattice import STRING
    >>> noun(STRING), noun(ObjectType({}))
    ('string', 'object')
    """
    match kind:
        case Basic(name=name):
            return name
        case ArrayType():
            return "array"
        case ObjectType():
            return "object"
        case SetType():
            return "set"
        case FunctionType():
            return "function"
        case _:
            return ""


def nouns(kind: Maybe) -> str:
    """Return the kinds of value that a type has: `a string, an array or a set`."""
    if not isinstance(kind, Union):
        return _with_article(noun(kind))
    names = list(dict.fromkeys(_with_article(noun(m)) for m in kind.members))
    if len(names) < 2:
        return "".join(names) or "any value"
    return f"{', '.join(names[:-1])} or {names[-1]}"


def _plural(kind: Maybe) -> str:
    """Return the kinds of value that a type has: `strings, arrays or sets`."""
    members = kind.members if isinstance(kind, Union) else (kind,)
    names = list(dict.fromkeys(_PLURALS.get(n := noun(m), f"{n}s") for m in members))
    if len(names) < 2:
        return "".join(names) or "any values"
    return f"{', '.join(names[:-1])} or {names[-1]}"


def _with_article(name: str) -> str:
    return _ARTICLES.get(name, f"a {name}")


def advise_equality(left: Maybe, right: Maybe) -> str:
    """Return the hint for two terms whose types share no value."""
    kinds = frozenset({noun(left), noun(right)})
    if len(kinds) == 1 and noun(left):
        return f"no two such {noun(left)}s are equal"
    if "" in kinds:
        return "no value has both types"
    advice = f"{nouns(left)} never equals {nouns(right)}"
    return f"{advice}: {_CONVERSIONS[kinds]}" if kinds in _CONVERSIONS else advice


def advise_operand(
    name: str, index: int, have: list[Maybe], function: FunctionType
) -> str:
    """Return the hint for a call whose operand at `index` has the wrong type."""
    if index == len(function.args):
        count = f"{index} operand{'' if index == 1 else 's'}"
        result = f"its result, {nouns(function.result)}"
        return f"it takes {count}; one more has to match {result}"
    return (
        _advise_known(name, index, have)
        or _advise_order(have, function)
        or _advise_kind(have[index], function.args[index])
    )


def _advise_order(have: list[Maybe], function: FunctionType) -> str:
    swapped = len(function.args) == 2 and all(map(unifies, have[1::-1], function.args))
    return "the operands fit the other way round" if swapped else ""


def _advise_kind(kind: Maybe, wanted: Maybe) -> str:
    members = wanted.members if isinstance(wanted, Union) else (wanted,)
    if noun(kind) in map(noun, members):
        return f"it takes {' or '.join(map(show, members))}"
    return f"it takes {nouns(wanted)} here, not {nouns(kind)}"


_COMMON: Final = {
    ("plus", "string"): '`+` adds numbers: join strings by `concat("", [x, y])` or `sprintf`',
    ("plus", "array"): "`+` adds numbers: join arrays by `array.concat`",
    ("plus", "set"): "`+` adds numbers: `|` is the union of sets",
    ("or", "object"): "`|` is the union of two sets: join objects by `object.union`",
    ("or", "array"): "`|` is the union of two sets: join arrays by `array.concat`",
    ("minus", "array"): "`-` takes sets: `[x | some x in xs; not x in ys]` is an array without some items",
    ("contains", "array"): "`contains` looks into strings: write `x in xs` for collections",
    ("contains", "object"): "`contains` looks into strings: write `x in xs` for collections",
    ("contains", "set"): "`contains` looks into strings: write `x in xs` for collections",
    ("sprintf", "array"): "the format comes first, then the array of values",
}  # fmt: skip
"""Mistakes that are often made: what is given to which built-in."""


def _advise_known(name: str, index: int, have: list[Maybe]) -> str:
    """Return the hint for a mistake that is often made with a certain built-in."""
    if name == "sprintf" and index == 1:
        return 'the values go into an array: `sprintf("...", [x])`'
    kinds = [noun(have[index]), *map(noun, have[:2])]
    found = (_COMMON[name, kind] for kind in kinds if (name, kind) in _COMMON)
    return next(found, "") or _OPERATORS.get(name, "")


def advise_member(have: Maybe, kind: Maybe) -> str:
    """Return the hint for an `in` whose collection never holds what it looks for."""
    if isinstance(kind, ObjectType) and unifies(have, keys_of(kind)):
        return (
            "`in` looks at the values of an object: write `object.keys(x)` for its keys"
        )
    return f"it holds {_plural(values_of(kind))} only, never {nouns(have)}"


def advise_step(kind: Maybe, step: str, keys: tuple[str, ...]) -> str:
    """Return the hint for a step that a document of type `kind` does not have.

    `step` and `keys` are as written; `keys` are those that the document has.
    """
    from difflib import get_close_matches  # noqa: PLC0415  (only when it failed)

    near = get_close_matches(step, keys, 1)
    if near:
        return f"did you mean {near[0]}?"
    if isinstance(kind, FunctionType):
        return "call it, with its operands in parentheses"
    if keys_of(kind) is None:
        empty = isinstance(kind, ArrayType | ObjectType | SetType)
        return f"this is {nouns(kind)} that is always empty" if empty else _scalar(kind)
    if keys:
        return f"there is {', '.join(keys[:6])}{', ...' if len(keys) > 6 else ''}"
    return _advise_collection(kind, step)


def _scalar(kind: Maybe) -> str:
    return f"this is {nouns(kind)}: only objects, arrays and sets have members"


def _advise_collection(kind: Maybe, step: str) -> str:
    match kind:
        case ArrayType(items=items, rest=None) if step.lstrip("-").isdecimal():
            return f"the array has {len(items)} items, counted from 0"
        case ArrayType():
            return "items of an array are numbered: `some x in xs` looks at each"
        case SetType(member=member):
            return (
                f"`xs[x]` asks a set for x, and this one holds {_plural(member)} only"
            )
        case _:
            return ""
