"""Objects: look up, cut, merge, compare.

https://www.openpolicyagent.org/docs/policy-reference/builtins/object
"""

from collections.abc import Callable
from functools import reduce
from typing import Final

from comply.plan.builtins import operands
from comply.plan.builtins.comparison import array_index
from comply.plan.builtins.failure import OperandError, operand_error
from comply.plan.values import (
    UNDEFINED,
    Key,
    RegoSet,
    Value,
    equal,
    freeze,
    thaw,
    type_name,
)


def get(value: Value, key: Value, default: Value) -> Value:
    """Return the value at a key, or at a path if the key is an array, or `default`.

    >>> get({"a": [{"b": 1}]}, ["a", 0, "b"], None), get({"a": 1}, "z", 0)
    (1, 0)
    """
    if type(value) is not dict:
        raise operand_error(1, "object", value)
    if type(key) is str:
        return value.get(key, default)
    if type(key) is not list:
        return value.get(freeze(key), default)
    found = value
    for step in key:
        found = child(found, step)
        if found is UNDEFINED:
            return default
    return found


def child(value: Value, key: Value) -> Value:
    """Return what a collection holds at `key`, UNDEFINED if it holds nothing there.

    >>> child(["a"], 0), child({"a": 1}, "b"), child(RegoSet([1]), 1)
    ('a', UNDEFINED, 1)
    """
    kind = type(value)
    if kind is dict:
        return value.get(freeze(key), UNDEFINED)
    if kind is list:
        index = array_index(key, len(value))
        return UNDEFINED if index is None else value[index]
    if kind is RegoSet:
        return value.members.get(freeze(key), UNDEFINED)
    return UNDEFINED


def keys(value: Value) -> RegoSet:
    """Return the set of an object's keys.

    >>> keys({"a": 1, "b": 2})
    RegoSet(['a', 'b'])
    """
    return RegoSet.of({k: thaw(k) for k in operands.mapping(value, 1)})


def keep(value: Value, wanted: Value) -> dict[Key, Value]:
    """Return an object with only the keys in an array, a set, or another object.

    >>> keep({"a": 1, "b": 2}, ["b", "z"])
    {'b': 2}
    """
    mapping, chosen = operands.mapping(value, 1), _keys(wanted)
    return {k: v for k, v in mapping.items() if k in chosen}


def remove(value: Value, unwanted: Value) -> dict[Key, Value]:
    """Return an object without the keys in an array, a set, or another object.

    >>> remove({"a": 1, "b": 2}, RegoSet(["b"]))
    {'a': 1}
    """
    mapping, chosen = operands.mapping(value, 1), _keys(unwanted)
    return {k: v for k, v in mapping.items() if k not in chosen}


def _keys(value: Value) -> frozenset[Key] | set[Key]:
    kind = type(value)
    if kind is list:
        return {freeze(v) for v in value}
    if kind is RegoSet:
        return frozenset(value.members)
    if kind is dict:
        return frozenset(value)
    raise operand_error(2, "one of {object, set, array}", value)


def union(a: Value, b: Value) -> dict[Key, Value]:
    """Return two objects merged, nested objects too; elsewhere `b` wins.

    >>> union({"a": {"x": 1}, "b": 2}, {"a": {"y": 3}, "b": 4})
    {'a': {'x': 1, 'y': 3}, 'b': 4}
    """
    return _merge(operands.mapping(a, 1), operands.mapping(b, 2))


def _merge(a: dict[Key, Value], b: dict[Key, Value]) -> dict[Key, Value]:
    out = dict(a)
    for key, value in b.items():
        known = a.get(key)
        if type(value) is dict and type(known) is dict:
            out[key] = _merge(known, value)
        else:
            out[key] = value
    return out


def union_n(objects: Value) -> dict[Key, Value]:
    """Return an array of objects merged, the later over the earlier.

    >>> union_n([{"a": 1}, {"b": 2}, {"a": 3}])
    {'a': 3, 'b': 2}
    """
    for value in operands.array(objects, 1):
        if type(value) is not dict:
            raise OperandError(
                "operand 1 must be array of objects"
                f" but got array containing {type_name(value)}"
            )
    return reduce(_merge, objects, {})


def subset(whole: Value, part: Value) -> bool:
    """Tell whether `part` is within `whole`, two values of one type.

    Objects: every key, and nested objects, sets and arrays in turn. Sets: every
    member. Arrays: a run of elements. An array also holds a set of its elements.

    >>> subset({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}), subset([1, 2, 3], [1, 3])
    (True, False)
    """
    inner = _SUBSETS.get((type(whole), type(part)))
    if inner is None:
        raise OperandError(
            "both arguments object.subset must be of the same type or array and set"
        )
    return inner(whole, part)


def _object_within(whole: dict[Key, Value], part: dict[Key, Value]) -> bool:
    return all(k in whole and _value_within(whole[k], v) for k, v in part.items())


def _value_within(whole: Value, part: Value) -> bool:
    inner = _SUBSETS.get((type(whole), type(part)))
    return inner(whole, part) if inner else equal(whole, part)


def _set_within(whole: RegoSet, part: RegoSet) -> bool:
    return part.members.keys() <= whole.members.keys()


def _array_within(whole: list[Value], part: list[Value]) -> bool:
    size = len(part)
    return any(
        all(map(equal, whole[i : i + size], part)) for i in range(len(whole) - size + 1)
    )


def _set_in_array(whole: list[Value], part: RegoSet) -> bool:
    # OPA looks whether all is found after each element: never, in an empty array.
    return bool(whole) and part.members.keys() <= {freeze(v) for v in whole}


_SUBSETS: Final[dict[tuple[type, type], Callable[..., bool]]] = {
    (dict, dict): _object_within,
    (RegoSet, RegoSet): _set_within,
    (list, list): _array_within,
    (list, RegoSet): _set_in_array,
}

BUILTINS: Final[dict[str, Callable[..., Value]]] = {
    "object.filter": keep,
    "object.get": get,
    "object.keys": keys,
    "object.remove": remove,
    "object.subset": subset,
    "object.union": union,
    "object.union_n": union_n,
}
