"""SIGNATURE TEXT -> TYPE: what a built-in takes and answers."""

from functools import cache

from comply.plan.builtins.signatures import SIGNATURES
from comply.rego.types.lattice import (
    ANY,
    BOOLEAN,
    NULL,
    NUMBER,
    STRING,
    ArrayType,
    FunctionType,
    ObjectType,
    SetType,
    Type,
    Union,
    rank,
)


@cache
def builtin_type(name: str) -> FunctionType:
    """Return the type of a built-in; one that takes anything has no operands in it.

    >>> builtin_type("upper")
    FunctionType(args=(Basic(name='string'),), result=Basic(name='string'))

    Raises:
        KeyError: if there is no such built-in.
    """
    operands, _, result = SIGNATURES[name][1].partition("->")
    texts = [] if operands.strip() in ("", "any*") else split_outside(operands, ",")
    return FunctionType(tuple(map(read_type, texts)), read_type(result))


def read_type(text: str) -> Type:
    """Return the type that a text stands for, such as `string|array[number]`.

    The notation is that of `comply.plan.builtins.signatures`.

    Raises:
        ValueError: if it stands for none.
    """
    kinds = [_member(part.strip()) for part in split_outside(text, "|")]
    return Union(tuple(sorted(kinds, key=rank))) if len(kinds) > 1 else kinds[0]


def _member(text: str) -> Type:
    name, bracket, inner = text.partition("[")
    inner = inner.removesuffix("]")
    match name:
        case "" if bracket:
            return ArrayType(tuple(map(read_type, split_outside(inner, ","))))
        case "array":
            return ArrayType((), read_type(inner) if bracket else ANY)
        case "set":
            return SetType(read_type(inner) if bracket else ANY)
        case "object":
            key, _, value = inner.partition(":")
            both = (read_type(key), read_type(value)) if bracket else (ANY, ANY)
            return ObjectType({}, both)
        case _:
            return _basic(text)


def _basic(text: str) -> Type:
    named: dict[str, Type] = {
        "null": NULL, "boolean": BOOLEAN, "number": NUMBER, "string": STRING,
        "any": ANY, "none": ANY,
    }  # fmt: skip
    if text not in named:
        raise ValueError(text)
    return named[text]


def split_outside(text: str, separator: str) -> list[str]:
    """Return the parts of `text` between separators that stand in no brackets.

    >>> split_outside("a, b[c, d]", ",")
    ['a', ' b[c, d]']
    """
    parts, depth, start = [], 0, 0
    for at, char in enumerate(text):
        depth += (char == "[") - (char == "]")
        if char == separator and not depth:
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]]
