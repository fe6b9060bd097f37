"""Terraform's functions of numbers."""

import math
from collections.abc import Callable
from typing import Any, Final

from comply.load.terraform_source.values import (
    EvaluationFailureError,
    TerraformValue,
    number_of,
    whole,
)

_LARGEST_POWER: Final = 4096


def _floor(value: TerraformValue) -> int:
    return math.floor(number_of(value))


def _ceil(value: TerraformValue) -> int:
    return math.ceil(number_of(value))


def _absolute(value: TerraformValue) -> float:
    return abs(number_of(value))


def _least(*values: TerraformValue) -> float:
    return min(map(number_of, values))


def _greatest(*values: TerraformValue) -> float:
    return max(map(number_of, values))


def _logarithm(value: TerraformValue, root: TerraformValue) -> float:
    return whole(math.log(number_of(value), number_of(root)))


def _power(value: TerraformValue, exponent: TerraformValue) -> float:
    number, by = number_of(value), number_of(exponent)
    if abs(by) > _LARGEST_POWER or abs(number) > 2**64:
        raise EvaluationFailureError("the power is too large")
    made: float = number**by
    return whole(made)


def _sign(value: TerraformValue) -> int:
    number = number_of(value)
    return (number > 0) - (number < 0)


def _parse(text: str, root: int) -> int:
    return int(text, int(root))


def _sum(values: list[TerraformValue]) -> float:
    if not values:
        raise EvaluationFailureError("there is nothing to add")
    return whole(sum(map(number_of, values)))


NUMBERS: Final[dict[str, Callable[..., Any]]] = {
    "abs": _absolute,
    "ceil": _ceil,
    "floor": _floor,
    "log": _logarithm,
    "max": _greatest,
    "min": _least,
    "parseint": _parse,
    "pow": _power,
    "signum": _sign,
    "sum": _sum,
}
