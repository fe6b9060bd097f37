"""Checks of a built-in's operands, with the errors that OPA gives."""

from typing import cast

from comply.plan.builtins.failure import OperandError, operand_error
from comply.plan.values import Key, Value, is_number

_INT64 = 2**63


def string(value: Value, position: int = 1) -> str:
    """Return a string operand.

    Raises:
        OperandError: if `value` is of another type.
    """
    if type(value) is not str:
        raise operand_error(position, "string", value)
    return value


def number(value: Value, position: int = 1) -> float:
    """Return a number operand as it is.

    Raises:
        OperandError: if `value` is of another type.
    """
    if not is_number(value):
        raise operand_error(position, "number", value)
    return cast("float", value)


def integer(value: Value, position: int = 1) -> int:
    """Return a number operand that is a 64-bit integer; `1e3` and `2.0` are.

    Raises:
        OperandError: if `value` is of another type, has a fraction or is too big.

    >>> integer(2.0)
    2
    """
    if not is_number(value):
        raise operand_error(position, "number", value)
    if type(value) is not int:
        if value != value or abs(value) >= _INT64 or value != int(value):  # noqa: PLR0124  (NaN alone differs from itself)
            raise _not_an_integer(position)
        value = int(value)
    if not -_INT64 <= value < _INT64:
        raise _not_an_integer(position)
    return cast("int", value)


def _not_an_integer(position: int) -> OperandError:
    return OperandError(
        f"operand {position} must be integer number but got floating-point number"
    )


def array(value: Value, position: int = 1) -> list[Value]:
    """Return an array operand.

    Raises:
        OperandError: if `value` is of another type.
    """
    if type(value) is not list:
        raise operand_error(position, "array", value)
    return value


def mapping(value: Value, position: int = 1) -> dict[Key, Value]:
    """Return an object operand.

    Raises:
        OperandError: if `value` is of another type.
    """
    if type(value) is not dict:
        raise operand_error(position, "object", value)
    return value
