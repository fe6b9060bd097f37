"""Aggregates over collections, and the algebra of sets.

https://www.openpolicyagent.org/docs/policy-reference/builtins/aggregates and
https://www.openpolicyagent.org/docs/policy-reference/builtins/sets
"""

from collections.abc import Callable
from decimal import Decimal
from functools import reduce
from math import prod
from typing import Final

from comply.plan.builtins import big_float
from comply.plan.builtins.failure import OperandError, operand_error
from comply.plan.values import (
    UNDEFINED,
    RegoSet,
    Undefined,
    Value,
    is_number,
    sort,
    sort_key,
    type_name,
)

_COUNTED: Final = frozenset({list, str, dict, RegoSet})
_WANTED: Final = "one of {set, array}"


def count(collection: Value) -> int:
    """Return the number of members, elements, keys or characters.

    >>> count("héllo"), count([1, 1]), count(RegoSet([1, 1]))
    (5, 2, 1)
    """
    if type(collection) in _COUNTED:
        return len(collection)
    raise operand_error(1, "one of {array, object, set, string}", collection)


def total(numbers: Value) -> float | Decimal:
    """Return the sum of an array or set of numbers, 0 if it is empty.

    >>> total([1, 2.5]), total([])
    (3.5, 0)
    """
    if type(numbers) is list and set(map(type, numbers)) <= {int}:
        return int(sum(numbers))
    values = _numbers(numbers)
    whole = _integers(values)
    if whole is not None:
        return sum(whole)
    return big_float.number(reduce(big_float.add, map(big_float.binary, values)))


def product(numbers: Value) -> float | Decimal:
    """Return the product of an array or set of numbers, 1 if it is empty.

    >>> product([2, 3.5]), product([])
    (7, 1)
    """
    values = _numbers(numbers)
    whole = _integers(values)
    if whole is not None:
        return prod(whole)
    # OPA keeps a product of other numbers in the 53 bits of a double.
    result = (1, 0)
    for value in values:
        result = big_float.multiply(result, big_float.binary(value), big_float.DOUBLE)
    return big_float.number(result, big_float.DOUBLE)


def _numbers(collection: Value) -> list[Value]:
    """Return the members of a collection, all numbers."""
    values = _members(collection)
    for value in values:
        if not is_number(value):
            name = type_name(collection)
            raise OperandError(
                f"operand 1 must be {name} of numbers"
                f" but got {name} containing {type_name(value)}"
            )
    return values


def _integers(values: list[Value]) -> list[int] | None:
    """Return numbers as exact integers, None if one of them has a fraction."""
    whole: list[int] = []
    for value in values:
        integer = big_float.exact_integer(value)
        if integer is None:
            return None
        whole.append(integer)
    return whole


def _members(collection: Value, wanted: str = _WANTED) -> list[Value]:
    if type(collection) is list:
        return collection
    if type(collection) is RegoSet:
        return collection.ordered()
    raise operand_error(1, wanted, collection)


def maximum(collection: Value) -> Value | Undefined:
    """Return the last member in Rego's order; an empty collection has none.

    >>> maximum([1, "a", None]), maximum([])
    ('a', UNDEFINED)
    """
    values = _members(collection)
    return max(values, key=_order(values)) if values else UNDEFINED


def minimum(collection: Value) -> Value | Undefined:
    """Return the first member in Rego's order; an empty collection has none.

    >>> minimum([3, True, 2.5])
    True
    """
    values = _members(collection)
    return min(values, key=_order(values)) if values else UNDEFINED


def _order(values: list[Value]) -> Callable[[Value], Value] | None:
    """Return the key to compare by, None where Python's order is Rego's."""
    kinds = set(map(type, values))
    return None if kinds in ({str}, {int}) else sort_key


def ordered(collection: Value) -> list[Value]:
    """Return the members of a collection in Rego's order.

    >>> ordered([3, "a", None, 1.5])
    [None, 1.5, 3, 'a']
    """
    if type(collection) is RegoSet:
        return list(collection.ordered())
    return sort(_members(collection))


def any_true(collection: Value) -> bool:
    """Tell whether some member is true; other values count as false.

    >>> any_true([1, True]), any_true([])
    (True, False)
    """
    return any(v is True for v in _members(collection, "one of {array, set}"))


def all_true(collection: Value) -> bool:
    """Tell whether every member is true; other values count as false.

    >>> all_true([1, True]), all_true([])
    (False, True)
    """
    return all(v is True for v in _members(collection, "one of {array, set}"))


def intersect(a: Value, b: Value) -> RegoSet:
    """Return the members that two sets share: `a & b`.

    >>> intersect(RegoSet([1, 2]), RegoSet([2, 3]))
    RegoSet([2])
    """
    x, y = _sets(a, b)
    return RegoSet.of({k: v for k, v in x.members.items() if k in y.members})


def unite(a: Value, b: Value) -> RegoSet:
    """Return the members of both sets: `a | b`.

    >>> unite(RegoSet([1]), RegoSet([1.0, 2]))
    RegoSet([1, 2])
    """
    x, y = _sets(a, b)
    return RegoSet.of({**y.members, **x.members})


def subtract(a: Value, b: Value) -> RegoSet:
    """Return the members of `a` that are not in `b`.

    >>> subtract(RegoSet([1, 2]), RegoSet([2]))
    RegoSet([1])
    """
    x, y = _sets(a, b)
    return RegoSet.of({k: v for k, v in x.members.items() if k not in y.members})


def _sets(a: Value, b: Value) -> tuple[RegoSet, RegoSet]:
    if type(a) is not RegoSet:
        raise operand_error(1, "set", a)
    if type(b) is not RegoSet:
        raise operand_error(2, "set", b)
    return a, b


def union(sets: Value) -> RegoSet:
    """Return the members of all sets in a set.

    >>> union(RegoSet([RegoSet([1]), RegoSet([2])]))
    RegoSet([1, 2])
    """
    return RegoSet.of({k: v for s in _inner(sets) for k, v in s.members.items()})


def intersection(sets: Value) -> RegoSet:
    """Return the members that all sets in a set share; of no sets, none.

    >>> intersection(RegoSet([RegoSet([1, 2]), RegoSet([2])]))
    RegoSet([2])
    """
    inner = _inner(sets)
    return reduce(intersect, inner) if inner else RegoSet()


def _inner(sets: Value) -> list[RegoSet]:
    if type(sets) is not RegoSet:
        raise operand_error(1, "set", sets)
    inner = sets.ordered()
    for value in inner:
        if type(value) is not RegoSet:
            raise operand_error(1, "set", value)
    return inner


BUILTINS: Final[dict[str, Callable[..., Value]]] = {
    "all": all_true,
    "and": intersect,
    "any": any_true,
    "count": count,
    "intersection": intersection,
    "max": maximum,
    "min": minimum,
    "or": unite,
    "product": product,
    "set_diff": subtract,
    "sort": ordered,
    "sum": total,
    "union": union,
}
