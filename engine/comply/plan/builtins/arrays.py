"""Arrays.

https://www.openpolicyagent.org/docs/policy-reference/builtins/array
"""

from collections.abc import Callable
from typing import Final

from comply.plan.builtins import operands
from comply.plan.values import Value


def concat(a: Value, b: Value) -> list[Value]:
    """Return the elements of `a`, then those of `b`.

    >>> concat([1], [2, 3])
    [1, 2, 3]
    """
    return operands.array(a, 1) + operands.array(b, 2)


def flatten(values: Value) -> list[Value]:
    """Return an array whose elements that are arrays are replaced by theirs, once.

    >>> flatten([1, [2, [3]]])
    [1, 2, [3]]
    """
    out: list[Value] = []
    for value in operands.array(values, 1):
        if type(value) is list:
            out += value
        else:
            out.append(value)
    return out


def reverse(values: Value) -> list[Value]:
    """Return the elements, last first.

    >>> reverse([1, 2])
    [2, 1]
    """
    return operands.array(values, 1)[::-1]


def array_slice(values: Value, start: Value, stop: Value) -> list[Value]:
    """Return the elements from `start` to before `stop`, both cut to the array.

    >>> array_slice([1, 2, 3], -1, 2), array_slice([1, 2, 3], 2, 1)
    ([1, 2], [])
    """
    items = operands.array(values, 1)
    first = max(0, operands.integer(start, 2))
    last = max(0, operands.integer(stop, 3))
    return items[first:last]


BUILTINS: Final[dict[str, Callable[..., Value]]] = {
    "array.concat": concat,
    "array.flatten": flatten,
    "array.reverse": reverse,
    "array.slice": array_slice,
}
