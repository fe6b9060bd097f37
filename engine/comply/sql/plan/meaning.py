"""What the functions in a compiled denial mean: the names that its text uses."""

import json
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

from comply.plan.doubt import Doubt
from comply.sql.cells import Json, JsonPath
from comply.sql.plan.functions import (
    FUNCTIONS,
    Function,
    Number,
    fitted,
    joined,
    lifted,
    like,
    merged,
    number,
    quotient,
    regexp_like,
    written,
)
from comply.sql.plan.rows import NONE
from comply.sql.plan.times import TIMES

UNSURE: Final = Doubt(frozenset())


def text(cell: Json | None) -> object:
    """Return a JSON cell as text."""
    return None if cell is None else cell.text()


def at(cell: Json | Doubt | None, path: JsonPath) -> object:
    """Return what stands at a path of a JSON cell."""
    return cell.at(path) if isinstance(cell, Json) else cell


def null(cell: object) -> object:
    """Return the key of rows that have NULL somewhere; others have none."""
    return True if cell is None else cell if type(cell) is Doubt else None


def some(cell: object) -> object:
    """Return a key in which NULL is a value: no other is the empty text."""
    return "" if cell is None else cell


def parsed(cell: Any) -> Any:  # noqa: ANN401
    """Return text as a JSON cell; NULL where it is none, as JSON_VALUE has it."""
    if cell is None or type(cell) is Doubt:
        return cell
    try:
        return Json(json.loads(cell))
    except ValueError:
        return None


def _sum(compute: Callable[[list[Any]], object]) -> Callable[[list[Any]], object]:
    """Return a sum over the values that are not NULL; of a doubt it makes a doubt."""

    def apply(values: Iterable[Any]) -> object:
        held = [v for v in values if v is not None]
        if any(type(v) is Doubt for v in held):
            return merged(tuple(held))
        return compute(held)

    return apply


def _distinct(compute: Callable[[list[Any]], object]) -> Callable[[list[Any]], object]:
    return lambda values: compute(list(dict.fromkeys(values)))


def _total(values: list[Number]) -> Number | None:
    return sum(values) if values else None


def _average(values: list[Number]) -> Number | None:
    return quotient(sum(values), len(values)) if values else None


_SUMS: Final[Mapping[str, Callable[[list[Any]], object]]] = {
    "average": _average,
    "count": len,
    "least": lambda values: min(values, default=None),
    "most": lambda values: max(values, default=None),
    "total": _total,
}

_OPERATORS: Final[Mapping[str, Function]] = {
    "add": Function(lambda a, b: a + b, "n", 2, 2),
    "divide": Function(quotient, "n", 2, 2),
    "joined": Function(joined, "c", 0, 99, strict=False),
    "multiply": Function(lambda a, b: fitted(a * b), "n", 2, 2),
    "number": Function(number, "c", 1, 1),
    "subtract": Function(lambda a, b: a - b, "n", 2, 2),
    "written": Function(written, "n", 1, 1),
}

MEANING: Final[Mapping[str, object]] = {
    **{name.lower(): lifted(function) for name, function in FUNCTIONS.items()},
    **{name: lifted(function) for name, function in _OPERATORS.items()},
    **{name: lifted(function) for name, function in TIMES.items()},
    **{f"sum_{name}": _sum(compute) for name, compute in _SUMS.items()},
    **{f"distinct_{name}": _sum(_distinct(compute)) for name, compute in _SUMS.items()},
    "Decimal": Decimal,
    "Doubt": Doubt,
    "NONE": NONE,
    "UNSURE": UNSURE,
    "at": at,
    "like": like,
    "null": null,
    "parsed": parsed,
    "regexp_like": regexp_like,
    "some": some,
    "text": text,
}
