"""VALUE -> AFTER, UNKNOWN, SENSITIVE: one value as the three trees of a plan.

https://developer.hashicorp.com/terraform/internals/json-format#change-representation
"""

from typing import Any, Final

from comply.classes import dataclass
from comply.load.terraform_source.values import (
    EvaluationFailureError,
    Sensitive,
    TerraformValue,
    Unknown,
)

MOST_NODES: Final = 1_000_000
"""How many values one resource may hold; more are a way to fill the memory."""


@dataclass(slots=True)
class Split:
    """A value as a plan shows it.

    `after` has what is known, `absent` tells that nothing is; `unknown` and `sensitive`
    are true, false, or mirrors of it.
    """

    after: Any
    absent: bool = False
    unknown: Any = False
    sensitive: Any = False


def split(value: TerraformValue, budget: list[int]) -> Split:
    """Return a value as the trees of a plan; what is unknown is in `unknown` alone.

    `budget` holds how many values there may still be.

    Raises:
        EvaluationFailureError: if there are more.
    """
    budget[0] -= 1
    if budget[0] < 0:
        raise EvaluationFailureError("the value is too large")
    match value:
        case Unknown():
            return Split(None, absent=True, unknown=True)
        case Sensitive(inner):
            made = split(inner, budget)
            made.sensitive = True
            return made
        case dict():
            return _split_object(value, budget)
        case list():
            return _split_list(value, budget)
        case _:
            return Split(value)


def _split_object(value: dict[str, TerraformValue], budget: list[int]) -> Split:
    parts = {key: split(item, budget) for key, item in value.items()}
    return Split(
        {key: part.after for key, part in parts.items() if not part.absent},
        unknown={k: p.unknown for k, p in parts.items() if p.unknown} or False,
        sensitive={k: p.sensitive for k, p in parts.items() if p.sensitive} or False,
    )


def _split_list(value: list[TerraformValue], budget: list[int]) -> Split:
    parts = [split(item, budget) for item in value]
    unknown = [part.unknown for part in parts]
    sensitive = [part.sensitive for part in parts]
    return Split(
        [part.after for part in parts],
        unknown=unknown if any(unknown) else False,
        sensitive=sensitive if any(sensitive) else False,
    )
