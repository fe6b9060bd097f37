"""TYPE -> TEXT: types as OPA writes them."""

from collections.abc import Iterable
from itertools import islice
from typing import Final

from comply.plan.values import quote
from comply.plan.values import show as show_value
from comply.rego.types.lattice import (
    ArrayType,
    Basic,
    FunctionType,
    Key,
    Maybe,
    ObjectType,
    SetType,
    Union,
    rank,
    type_of_key,
)

_MOST_SHOWN: Final = 6
"""How many items, fields or keys a text names before it ends in `...`."""


def show(kind: Maybe) -> str:
    """Return the text of a type; `???` stands for what is not known.

    >>> from comply.rego.types.lattice import NUMBER
    >>> show(ObjectType({"a": NUMBER})), show(ArrayType((NUMBER, None)))
    ('object<a: number>', 'array<number, ???>')
    """
    match kind:
        case None:
            return "???"
        case Basic(name=name):
            return name
        case ArrayType(items=items, rest=rest):
            return f"array{_listed(map(show, items))}" + (
                f"[{show(rest)}]" if rest else ""
            )
        case SetType(member=member):
            return f"set[{show(member)}]" if member else "set"
        case ObjectType(fields=fields, rest=rest):
            pairs = (f"{_bare(k)}: {show(v)}" for k, v in sorted_fields(fields))
            open_ = f"[{show(rest[0])}: {show(rest[1])}]" if rest else ""
            return f"object{_listed(pairs)}{open_}"
        case Union(members=members):
            return f"any{_listed(map(show, members))}"
        case FunctionType(args=args, result=result):
            return f"({', '.join(map(show, args))}) => {show(result)}"


def _listed(parts: Iterable[str]) -> str:
    """Return `<a, b>`, empty without parts; of many the first are named."""
    named = list(islice(parts, _MOST_SHOWN + 1))
    if len(named) > _MOST_SHOWN:
        named[-1] = "..."
    return f"<{', '.join(named)}>" if named else ""


def sorted_fields(fields: dict[Key, Maybe]) -> list[tuple[Key, Maybe]]:
    """Return the fields of an object in the order of their keys' kinds and texts."""
    return sorted(fields.items(), key=lambda field: _order(field[0]))


def _order(key: Key) -> tuple[int, str]:
    return rank(type_of_key(key)), show_key(key)


def show_key(key: Key) -> str:
    """Return a constant as it is written.

    >>> show_key("a"), show_key(("number", 1)), show_key(("array", ("a",)))
    ('"a"', '1', '["a"]')
    """
    if isinstance(key, str):
        return quote(key)
    match key:
        case ("array", tuple(parts)):
            return f"[{', '.join(map(show_key, parts))}]"
        case ("set", tuple(parts)):
            return f"{{{', '.join(map(show_key, parts))}}}" if parts else "set()"
        case ("object", tuple(parts)):
            pairs = zip(parts[::2], parts[1::2], strict=True)
            return f"{{{', '.join(f'{show_key(k)}: {show_key(v)}' for k, v in pairs)}}}"
        case (_, value):
            return show_value(value)


def _bare(key: Key) -> str:
    return key if isinstance(key, str) and key.isidentifier() else show_key(key)
