"""Values of Terraform expressions: JSON's, and what marks them unknown or sensitive.

A set is a list without doubles in a fixed order. Objects of blocks and resources know
that what is not written in them is filled in by a provider.
"""

import math
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeAlias

from comply.classes import dataclass
from comply.plan.values import freeze

TerraformValue: TypeAlias = Any


class Unknown:
    """The kind of `UNKNOWN`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()
"""What nobody can tell before apply, or without what the source does not say."""


@dataclass(frozen=True, slots=True)
class Sensitive:
    """A value that no output may show."""

    value: TerraformValue


class Filled(dict[str, Any]):
    """A resource or a block: what is not in it may yet be filled in by its provider."""


class Members(list[Any]):
    """A set, its members in a fixed order."""


@dataclass(frozen=True, slots=True)
class Outputs:
    """The outputs of a module instance, each evaluated when it is asked for."""

    names: tuple[str, ...]
    get: Callable[[str], TerraformValue]

    def all(self) -> dict[str, TerraformValue]:
        """Return every output."""
        return {name: self.get(name) for name in self.names}


class EvaluationFailureError(Exception):
    """An expression that Terraform would refuse as well; `try` and `can` ask for it."""


def members(items: Iterable[TerraformValue]) -> Members:
    """Return a set of values.

    >>> members(["b", "a", "b"])
    ['a', 'b']
    """
    found = {freeze(item): item for item in items}
    return Members(sorted(found.values(), key=_rank))


def _rank(value: TerraformValue) -> tuple[int, Any]:
    match value:
        case bool():
            return (0, value)
        case int() | float():
            return (1, value)
        case str():
            return (2, value)
        case _:
            return (3, repr(value))


def bare(value: TerraformValue) -> tuple[TerraformValue, bool]:
    """Return a value without its mark of secrecy, and whether it had one."""
    return (value.value, True) if isinstance(value, Sensitive) else (value, False)


def marked(value: TerraformValue, secret: bool) -> TerraformValue:  # noqa: FBT001
    """Return a value, marked sensitive if it is made of a secret."""
    if not secret or isinstance(value, Sensitive):
        return value
    return Sensitive(value)


def stripped(value: TerraformValue) -> tuple[TerraformValue, bool]:
    """Return a value without marks of secrecy at any depth, and whether it had one."""
    match value:
        case Sensitive(inner):
            return stripped(inner)[0], True
        case Outputs():
            return stripped(value.all())
        case dict():
            pairs = {k: stripped(v) for k, v in value.items()}
            if not any(secret for _, secret in pairs.values()):
                return value, False
            return type(value)({k: v for k, (v, _) in pairs.items()}), True
        case list():
            items = [stripped(v) for v in value]
            if not any(secret for _, secret in items):
                return value, False
            return type(value)(v for v, _ in items), True
        case _:
            return value, False


def settled(value: TerraformValue) -> TerraformValue:
    """Return a value as it is written down: a whole resource in it is not known."""
    match value:
        case Unknown() | Filled():
            return UNKNOWN
        case Sensitive(inner):
            return Sensitive(settled(inner))
        case Outputs():
            return settled(value.all())
        case dict():
            return {k: settled(v) for k, v in value.items()}
        case list():
            return type(value)(settled(v) for v in value)
        case _:
            return value


def known(value: TerraformValue) -> bool:
    """Tell whether all of a value is known."""
    match value:
        case Unknown() | Filled():
            return False
        case Sensitive(inner):
            return known(inner)
        case Outputs():
            return known(value.all())
        case dict():
            return all(map(known, value.values()))
        case list():
            return all(map(known, value))
        case _:
            return True


LARGEST: Final = 200_000
"""How much one named value may hold: its members, and its text in pieces of 64."""


def bounded(value: TerraformValue) -> TerraformValue:
    """Return a value, UNKNOWN if it is too large to be of use.

    Names that hold each other twice make a value that grows with each of them.
    """
    return UNKNOWN if _size(value, {}) > LARGEST else value


def _size(value: TerraformValue, seen: dict[int, int]) -> int:
    """Return the size of a value; what stands in it twice is looked at once."""
    inner: Iterable[TerraformValue]
    match value:
        case str():
            return 1 + len(value) // 64
        case Sensitive():
            inner = (value.value,)
        case dict():
            inner = value.values()
        case list():
            inner = value
        case _:
            return 1
    if id(value) not in seen:
        seen[id(value)] = 1 + sum(_size(item, seen) for item in inner)
    return seen[id(value)]


def text_of(value: TerraformValue) -> str:
    """Return a value as text in a template has it.

    Raises:
        EvaluationFailureError: if it is null, a list or an object.

    >>> text_of(True), text_of(2.5), text_of(3.0)
    ('true', '2.5', '3')
    """
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return str(whole(value))
        case _:
            raise EvaluationFailureError("this is no text")


def whole(value: float) -> int | float:
    """Return a number as an integer if it is one."""
    if math.isfinite(value) and float(value).is_integer():
        return int(value)
    return value


def number_of(value: TerraformValue) -> int | float:
    """Return a value as a number.

    Raises:
        EvaluationFailureError: if it is none.
    """
    match value:
        case bool():
            pass
        case int() | float():
            return value
        case str():
            try:
                number = int(value) if value.lstrip("-").isdigit() else float(value)
                if isinstance(number, int) or math.isfinite(number):
                    return number
            except ValueError:
                pass
        case _:
            pass
    raise EvaluationFailureError("this is no number")


def truth_of(value: TerraformValue) -> bool:
    """Return a value as a boolean.

    Raises:
        EvaluationFailureError: if it is none.
    """
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return bool(value == "true")
    raise EvaluationFailureError("this is neither true nor false")


def same(left: TerraformValue, right: TerraformValue) -> bool:
    """Tell whether two known values are equal; `true` is not 1, and "1" is not 1."""
    return bool(freeze(left) == freeze(right))
