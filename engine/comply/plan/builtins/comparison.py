"""Comparison and membership of values.

https://www.openpolicyagent.org/docs/policy-reference/builtins/comparison
"""

from collections.abc import Callable
from typing import Final

from comply.plan.values import RegoSet, Value, compare, equal, freeze


def not_equal(a: Value, b: Value) -> bool:
    """Tell whether two values differ.

    >>> not_equal(1, True), not_equal([1], [1.0])
    (True, False)
    """
    return not equal(a, b)


def less(a: Value, b: Value) -> bool:
    """Tell whether `a` comes before `b` in Rego's order.

    >>> less(None, False), less("b", "a"), less({"a": 1}, [9])
    (True, False, False)
    """
    return compare(a, b) < 0


def less_or_equal(a: Value, b: Value) -> bool:
    """Tell whether `a` comes before `b` or equals it.

    >>> less_or_equal(1, 1.0)
    True
    """
    return compare(a, b) <= 0


def greater(a: Value, b: Value) -> bool:
    """Tell whether `a` comes after `b` in Rego's order.

    >>> greater([1, 2], [1])
    True
    """
    return compare(a, b) > 0


def greater_or_equal(a: Value, b: Value) -> bool:
    """Tell whether `a` comes after `b` or equals it.

    >>> greater_or_equal("a", "a")
    True
    """
    return compare(a, b) >= 0


def member(item: Value, collection: Value) -> bool:
    """Tell whether `item in collection`: a member, an element or an object's value.

    A collection that is none has no members: the answer is false.

    >>> member(1, [True, 1.0]), member("k", {"k": "v"}), member("a", "abc")
    (True, False, False)
    """
    kind = type(collection)
    if kind is RegoSet:
        return freeze(item) in collection.members
    if kind is list:
        return _among(item, collection)
    if kind is dict:
        return _among(item, list(collection.values()))
    return False


def _among(item: Value, values: list[Value]) -> bool:
    kind = type(item)
    if kind is str:
        return item in values
    return any(equal(item, value) for value in values)


def member_at(key: Value, item: Value, collection: Value) -> bool:
    """Tell whether `key, item in collection`; the key of a set's member is itself.

    >>> member_at(0, "a", ["a"]), member_at("k", 1, {"k": 2})
    (True, False)
    """
    kind = type(collection)
    if kind is RegoSet:
        return equal(key, item) and freeze(item) in collection.members
    if kind is dict:
        frozen = freeze(key)
        return frozen in collection and equal(item, collection[frozen])
    if kind is list:
        index = array_index(key, len(collection))
        return index is not None and equal(item, collection[index])
    return False


def array_index(key: Value, length: int) -> int | None:
    """Return `key` as an index into an array of `length` elements, if it is one.

    >>> array_index(1, 2), array_index(1.0, 2), array_index(-1, 2), array_index("0", 2)
    (1, 1, None, None)
    """
    kind = type(key)
    if kind is not int:
        if not isinstance(key, float) or not key.is_integer():
            return None
        key = int(key)
    return key if 0 <= key < length else None


BUILTINS: Final[dict[str, Callable[..., Value]]] = {
    "assign": equal,
    "eq": equal,
    "equal": equal,
    "gt": greater,
    "gte": greater_or_equal,
    "internal.member_2": member,
    "internal.member_3": member_at,
    "lt": less,
    "lte": less_or_equal,
    "neq": not_equal,
}
