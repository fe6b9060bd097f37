"""Shapes: how much of a document is read.

A shape is None for all of a value, a dict for those members of an object, a list of one
shape for every element of an array or member of an object. It is plain data, so that a
cache can keep it.
"""

from typing import TypeAlias

from comply.plan.values import Value

Shape: TypeAlias = "dict[str, Shape] | list[Shape] | None"


def united(one: Shape, other: Shape) -> Shape:
    """Return the shape that covers two.

    >>> united({"a": None}, {"a": {"b": None}, "c": {}})
    {'a': None, 'c': {}}
    >>> united([{"a": None}], {})
    [{'a': None}]
    """
    match one, other:
        case (None, _) | (_, None):
            return None
        case dict(), dict():
            both = dict(one)
            for key, shape in other.items():
                both[key] = united(both[key], shape) if key in both else shape
            return both
        case list(), list():
            return [united(one[0], other[0])]
        case _:
            # An object without members reads nothing but that there is a value.
            return one or other if not (one and other) else None


def project(shape: Shape, value: Value) -> Value:
    """Return what a shape leaves of a value; parts that it leaves whole are shared.

    >>> project([{"a": None}], [{"a": [1], "b": 2}, 3])
    [{'a': [1]}, 3]
    """
    match shape, value:
        case dict(), dict():
            return {
                key: project(part, value[key])
                for key, part in shape.items()
                if key in value
            }
        case [part], list():
            return [project(part, item) for item in value]
        case [part], dict():
            return {key: project(part, item) for key, item in value.items()}
        case _:
            return value
