"""Whether two types can share a value."""

from comply.rego.types.lattice import (
    ArrayType,
    Basic,
    FunctionType,
    Maybe,
    ObjectType,
    SetType,
    Type,
    Union,
    select,
)


def unifies(a: Maybe, b: Maybe) -> bool:
    """Tell whether some value may have both type `a` and type `b`.

    >>> from comply.rego.types.lattice import NUMBER, STRING
    >>> unifies(Union((NUMBER, STRING)), STRING), unifies(NUMBER, STRING)
    (True, False)
    """
    if a is None or b is None:
        return False
    if isinstance(a, Union):
        return a is b or _with_union(a, b)
    if isinstance(b, Union):
        return _with_union(b, a)
    return _same_kind(a, b)


def _same_kind(a: Type, b: Type) -> bool:
    match a, b:
        case Basic(name=x), Basic(name=y):
            return x == y
        case ArrayType(), ArrayType():
            return _arrays(a, b)
        case ObjectType(), ObjectType():
            return _objects(a, b)
        case SetType(member=x), SetType(member=y):
            return x is None or y is None or unifies(x, y)
        case FunctionType(), FunctionType():
            return len(a.args) == len(b.args) and all(map(unifies, a.args, b.args))
        case _:
            return False


def _with_union(union: Union, other: Type) -> bool:
    if isinstance(other, FunctionType):
        return False
    return not union.members or any(unifies(m, other) for m in union.members)


def _arrays(a: ArrayType, b: ArrayType) -> bool:
    length = max(len(a.items), len(b.items))
    if any(not unifies(_item(a, i), _item(b, i)) for i in range(length)):
        return False
    return a.rest is None or b.rest is None or unifies(a.rest, b.rest)


def _item(kind: ArrayType, index: int) -> Maybe:
    return kind.items[index] if index < len(kind.items) else kind.rest


def _objects(a: ObjectType, b: ObjectType) -> bool:
    if not _fields(a, b) or not _fields(b, a):
        return False
    return a.rest is None or b.rest is None or unifies(a.rest[1], b.rest[1])


def _fields(a: ObjectType, b: ObjectType) -> bool:
    """Tell whether the known fields of `a` may be those of `b`.

    As in OPA, open keys on either side may be any key, whatever their type.
    """
    for key, kind in a.fields.items():
        other = select(b, key)
        if other is None and a.rest is None and b.rest is None:
            return False
        if other is not None and not unifies(kind, other):
            return False
    return True
