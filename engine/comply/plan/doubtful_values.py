"""VALUES WITH DOUBTS -> VALUES WITH DOUBTS: members, walks and built-in functions."""

from collections.abc import Iterator
from typing import Any, Final

from comply.plan.builtins import lookup
from comply.plan.builtins.failure import BuiltinError, Evaluation
from comply.plan.builtins.signatures import CONTEXTUAL
from comply.plan.doubt import (
    CERTAIN,
    Doubt,
    Doubts,
    Maybe,
    among,
    doubts_in,
    equality,
    members_of,
)
from comply.plan.runtime import item
from comply.plan.values import UNDEFINED, RegoSet, Value

_TOTAL: Final = frozenset({"sprintf", "object.get", "format_int", "json.marshal"})
"""Built-ins that give something whatever the value in doubt turns out to be."""


def truth(value: Value) -> Doubts | None:
    """Return the doubts under which a value holds, None if it does not."""
    if isinstance(value, Doubt):
        return value.places
    return None if value is False else CERTAIN


def shaped(
    value: Value, kind: type[list[Any] | dict[Any, Any]], length: int
) -> Doubts | None:
    """Return the doubts under which a value is of a kind and a length, None if not."""
    if isinstance(value, Doubt | Maybe):
        return doubts_in(value)
    fits = isinstance(value, kind) and len(value) == length
    return CERTAIN if fits else None


def reached(value: Value, keys: list[Value]) -> tuple[Value, Doubts]:
    """Return what keys lead to, and the doubts that it is there under.

    Raises:
        LookupError: if it is not there.
    """
    places: Doubts = CERTAIN
    for key in keys:
        if type(value) is dict and type(key) is str:
            value = value[key]
            continue
        value, more = _member(value, key)
        places |= more
    return value, places


def _member(value: Value, key: Value) -> tuple[Value, Doubts]:
    if isinstance(value, Doubt):
        return value, value.places
    if isinstance(key, Doubt) or isinstance(value, Maybe) or doubts_in(key):
        return _some_member(value, key)
    found = item(value, key)
    return found, CERTAIN


def _some_member(value: Value, key: Value) -> tuple[Value, Doubts]:
    """Return what may be at a key, where the key or its being there is in doubt."""
    places = doubts_in(key) | doubts_in(value)
    if isinstance(value, Maybe) and not doubts_in(key):
        if value.kind == "set":
            there = among(key, value)
            if there is None:
                raise KeyError(key)
            return key, there
        if value.kind == "array" and type(key) is int and _settled(value, key):
            return value.items[key]
    elif not isinstance(value, Maybe | dict | list | RegoSet):
        raise KeyError(key)
    return Doubt(places), places


def _settled(value: Maybe, at: int) -> bool:
    """Tell whether nothing before an element of an array, nor itself, may be absent."""
    return 0 <= at < len(value.items) and not any(p for _, p in value.items[: at + 1])


def called(
    evaluation: Evaluation, name: str, args: list[Value], places: Doubts
) -> tuple[Value, Doubts]:
    """Return what a built-in gives, and the doubts that it gives it under.

    `places` are the doubts in its operands.
    """
    if places:
        return _doubtful_call(name, args, places)
    function = lookup(name)
    try:
        if name in CONTEXTUAL:
            return function(evaluation, *args), CERTAIN
        return function(*args), CERTAIN
    except BuiltinError:
        return UNDEFINED, CERTAIN


def _doubtful_call(  # noqa: PLR0911  (one case a function)
    name: str, args: list[Value], places: Doubts
) -> tuple[Value, Doubts]:
    """Return what a built-in gives for operands in doubt, as far as that can be told."""
    match name, args:
        case "object.get", [dict() as held, str() as key, default]:
            value = held.get(key, default)
            return value, CERTAIN
        case "count", [list() | dict() as held]:
            return len(held), CERTAIN
        case "object.keys", [dict() as held]:
            return RegoSet(held), CERTAIN
        case "is_object", [dict()]:
            return True, CERTAIN
        case "is_array", [list()]:
            return True, CERTAIN
        case "internal.member_2", [value, held] if not isinstance(held, Doubt):
            found = among(value, held)
            return (False, CERTAIN) if found is None else (True, found)
        case "neq", [left, right]:
            found = equality(left, right)
            if found is None:
                return True, CERTAIN
            return (False, CERTAIN) if found == CERTAIN else (True, found)
        case _:
            return Doubt(places), CERTAIN if name in _TOTAL else places


def walked(value: Value, path: list[Value]) -> Iterator[tuple[list[Value], Value]]:
    """Yield the path and the value of each part of a value, itself first."""
    yield path, value
    if isinstance(value, dict | list | RegoSet):
        for key, inner, _ in members_of(value):
            yield from walked(inner, [*path, key])
