"""The types of Rego's values, and how they combine.

`None` in the place of a type means that nothing is known yet: a variable that no
expression has bound. A union without members is `any`. The rules are those of OPA's
type checker: https://www.openpolicyagent.org/docs/policy-language#schema.
"""

from collections.abc import Callable
from typing import Final, TypeAlias

from comply.classes import dataclass
from comply.rego import syntax as s


@dataclass(frozen=True, slots=True)
class Basic:
    """`null`, `boolean`, `number` or `string`."""

    name: str


@dataclass(frozen=True, slots=True)
class ArrayType:
    """An array: the types of its first items, and of all further ones if it has any."""

    items: "tuple[Maybe, ...]"
    rest: "Maybe" = None


@dataclass(frozen=True, slots=True)
class ObjectType:
    """An object: the types of known keys, and of all other keys and their values."""

    fields: "dict[Key, Maybe]"
    rest: "tuple[Maybe, Maybe] | None" = None


@dataclass(frozen=True, slots=True)
class SetType:
    """A set."""

    member: "Maybe"


@dataclass(frozen=True, slots=True)
class Union:
    """One of several types, none of them a union; without members, any."""

    members: "tuple[Type, ...]"


@dataclass(frozen=True, slots=True)
class FunctionType:
    """A function; `names` are those its documentation gives the operands."""

    args: "tuple[Type, ...]"
    result: "Type"


Type: TypeAlias = Basic | ArrayType | ObjectType | SetType | Union | FunctionType
Maybe: TypeAlias = Type | None

Key: TypeAlias = str | tuple[str, object]
"""A constant: a string as it is, else its kind and what tells it from others."""

NULL: Final = Basic("null")
BOOLEAN: Final = Basic("boolean")
NUMBER: Final = Basic("number")
STRING: Final = Basic("string")
ANY: Final = Union(())

_RANKS: Final = {"null": 0, "boolean": 1, "number": 2, "string": 3}
_MOST_MEMBERS: Final = 40
"""A union of more composite types than this is taken as `any`."""


def is_any(kind: Maybe) -> bool:
    """Tell whether a type says nothing about a value."""
    return isinstance(kind, Union) and not kind.members


def rank(kind: Type) -> int:
    """Return the place of a type's kind in Rego's order of values."""
    match kind:
        case Basic(name=name):
            return _RANKS[name]
        case ArrayType():
            return 4
        case ObjectType():
            return 5
        case SetType():
            return 6
        case FunctionType() | Union():
            return 7


def either(a: Maybe, b: Maybe) -> Maybe:
    """Return the type of a value that has type `a` or type `b`.

    >>> either(NUMBER, STRING) == either(STRING, NUMBER)
    True
    """
    if a is b or b is None:
        return a
    if a is None:
        return b
    if isinstance(a, FunctionType) or isinstance(b, FunctionType):
        return _either_function(a, b)
    if a == b:
        return a
    if (
        isinstance(a, SetType)
        and isinstance(b, SetType)
        and not (a.member and b.member)
    ):
        return a if a.member else b
    if is_any(a) or is_any(b):
        return ANY
    joined = list(_members(a))
    joined.extend(m for m in _members(b) if m not in joined)
    if len(joined) > _MOST_MEMBERS:
        return ANY
    joined.sort(key=rank)
    return Union(tuple(joined))


def _members(kind: Type) -> tuple[Type, ...]:
    return kind.members if isinstance(kind, Union) else (kind,)


def _either_function(a: Type, b: Type) -> Type:
    """Return the type of a function defined twice, `any` if they do not fit."""
    if not isinstance(a, FunctionType) or not isinstance(b, FunctionType):
        return ANY
    if len(a.args) != len(b.args):
        return ANY
    args = (either(x, y) or ANY for x, y in zip(a.args, b.args, strict=True))
    return FunctionType(tuple(args), either(a.result, b.result) or ANY)


def merged(a: Maybe, b: Maybe) -> Maybe:
    """Return the type of a document that two rules give parts of.

    Objects with open keys only become one such object; else the rules are alternatives.
    """
    match a, b:
        case ObjectType(rest=(key_a, value_a)), ObjectType(
            rest=(key_b, value_b)
        ) if not (a.fields or b.fields):
            return ObjectType({}, (either(key_a, key_b), merged(value_a, value_b)))
    return either(a, b)


def keys_of(kind: Maybe) -> Maybe:
    """Return the type of the keys that a value of type `kind` has, None without any."""
    match kind:
        case ArrayType(items=(), rest=None):
            return None
        case ArrayType():
            return NUMBER
        case SetType(member=member):
            return member
        case ObjectType(fields=fields, rest=rest):
            out: Maybe = rest[0] if rest else None
            for key in fields:
                out = either(out, STRING if isinstance(key, str) else type_of_key(key))
            return out
        case Union(members=members):
            return _of_members(keys_of, members)
        case _:
            return None


def values_of(kind: Maybe) -> Maybe:
    """Return the type of the elements of a value of type `kind`, None without any."""
    match kind:
        case ArrayType(items=items, rest=out):
            for item in items:
                out = either(out, item)
            return out
        case SetType(member=member):
            return member
        case ObjectType(fields=fields, rest=rest):
            value = rest[1] if rest else None
            for item in fields.values():
                value = either(value, item)
            return value
        case Union(members=members):
            return _of_members(values_of, members)
        case _:
            return None


def _of_members(part: Callable[[Maybe], Maybe], members: tuple[Type, ...]) -> Maybe:
    out: Maybe = None if members else ANY
    for member in members:
        out = either(out, part(member))
    return out


def select(kind: Maybe, key: Key) -> Maybe:
    """Return the type of `value[key]`, None where a value of type `kind` has no such.

    >>> select(ObjectType({"a": NUMBER}), "b") is None
    True
    """
    match kind:
        case ArrayType(items=items, rest=rest):
            index = key[1] if isinstance(key, tuple) else None
            if not isinstance(index, int) or isinstance(index, bool) or index < 0:
                return None
            return items[index] if index < len(items) else rest
        case ObjectType(fields=fields, rest=rest):
            if key in fields:
                return fields[key]
            return rest[1] if rest and holds(rest[0], type_of_key(key)) else None
        case SetType(member=member):
            own = type_of_key(key)
            return own if holds(member, own) else None
        case Union(members=members):
            return _of_members(lambda m: select(m, key), members)
        case _:
            return None


def holds(kind: Maybe, other: Type) -> bool:
    """Tell whether `kind` is `other` or a union that has it as a member."""
    if isinstance(kind, Union):
        return not kind.members or other in kind.members
    return kind == other


def unknown(kind: Maybe) -> bool:
    """Tell whether some part of a type is not known yet.

    A set without a type for its members is known: it is empty.
    """
    match kind:
        case None:
            return True
        case ArrayType(items=items, rest=rest):
            return any(map(unknown, items)) or (rest is not None and unknown(rest))
        case ObjectType(fields=fields, rest=rest):
            return any(map(unknown, (*fields.values(), *(rest or ()))))
        case SetType(member=member):
            return member is not None and unknown(member)
        case _:
            return False


def key_of(term: s.Term) -> Key | None:
    """Return the key that a constant term is, None for any other term.

    >>> key_of(s.Scalar(0, "a")), key_of(s.Scalar(0, 1)), key_of(s.Var(0, "x"))
    ('a', ('number', 1), None)
    """
    match term:
        case s.Scalar(value=str() as text):
            return text
        case s.Scalar(value=value):
            return type_of_scalar(value).name, value
        case s.Array(items=items):
            return _composite("array", items)
        case s.Set(items=items):
            return _composite("set", items)
        case s.Object(pairs=pairs):
            return _composite("object", tuple(part for pair in pairs for part in pair))
        case _:
            return None


def _composite(kind: str, parts: tuple[s.Term, ...]) -> Key | None:
    keys = tuple(key_of(part) for part in parts)
    return None if None in keys else (kind, keys)


def type_of_scalar(value: s.ScalarValue) -> Basic:
    """Return the type of a string, number, boolean or null."""
    match value:
        case str():
            return STRING
        case bool():
            return BOOLEAN
        case None:
            return NULL
        case _:
            return NUMBER


def type_of_key(key: Key) -> Type:
    """Return the type of a constant."""
    if isinstance(key, str):
        return STRING
    match key:
        case ("array", tuple(parts)):
            return ArrayType(tuple(map(type_of_key, parts)))
        case ("set", tuple(parts)):
            return SetType(_of_parts(parts))
        case ("object", tuple(parts)):
            pairs = zip(parts[::2], parts[1::2], strict=True)
            return ObjectType({k: type_of_key(v) for k, v in pairs})
        case (name, _):
            return Basic(name)


def _of_parts(parts: tuple[Key, ...]) -> Maybe:
    out: Maybe = None
    for part in parts:
        out = either(out, type_of_key(part))
    return out or ANY


def filled(kind: Maybe) -> Type:
    """Return a type in which what is not known may be anything."""
    match kind:
        case None:
            return ANY
        case ArrayType(items=items, rest=rest):
            return ArrayType(tuple(map(filled, items)), rest and filled(rest))
        case ObjectType(fields=fields, rest=rest):
            known: dict[Key, Maybe] = {k: filled(v) for k, v in fields.items()}
            return ObjectType(known, rest and (filled(rest[0]), filled(rest[1])))
        case SetType(member=member):
            return SetType(filled(member))
        case _:
            return kind
