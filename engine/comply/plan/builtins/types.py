"""Questions about a value's type.

https://www.openpolicyagent.org/docs/policy-reference/builtins/types
"""

from collections.abc import Callable
from typing import Final

from comply.plan.values import RegoSet, Value, is_number, type_name


def is_array(value: Value) -> bool:
    """Tell whether a value is an array.

    >>> is_array([]), is_array({})
    (True, False)
    """
    return type(value) is list


def is_boolean(value: Value) -> bool:
    """Tell whether a value is true or false.

    >>> is_boolean(True), is_boolean(1)
    (True, False)
    """
    return type(value) is bool


def is_null(value: Value) -> bool:
    """Tell whether a value is null.

    >>> is_null(None), is_null(False)
    (True, False)
    """
    return value is None


def is_object(value: Value) -> bool:
    """Tell whether a value is an object.

    >>> is_object({}), is_object([])
    (True, False)
    """
    return type(value) is dict


def is_set(value: Value) -> bool:
    """Tell whether a value is a set.

    >>> is_set(RegoSet()), is_set({})
    (True, False)
    """
    return type(value) is RegoSet


def is_string(value: Value) -> bool:
    """Tell whether a value is a string.

    >>> is_string(""), is_string(None)
    (True, False)
    """
    return type(value) is str


BUILTINS: Final[dict[str, Callable[..., Value]]] = {
    "is_array": is_array,
    "is_boolean": is_boolean,
    "is_null": is_null,
    "is_number": is_number,
    "is_object": is_object,
    "is_set": is_set,
    "is_string": is_string,
    "type_name": type_name,
}
