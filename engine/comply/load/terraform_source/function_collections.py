"""Terraform's functions of lists, sets and objects.

Those in `HOLDING` only move what they are given, so part of it may be unknown.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import product
from typing import Any, Final

from comply.load.terraform_source.values import (
    UNKNOWN,
    EvaluationFailureError,
    Filled,
    Members,
    TerraformValue,
    bare,
    known,
    members,
    number_of,
    same,
    text_of,
    truth_of,
)
from comply.plan.values import freeze

_MOST: Final = 100_000


def _bounded(items: Iterable[TerraformValue]) -> list[TerraformValue]:
    made: list[TerraformValue] = []
    for item in items:
        made.append(item)
        if len(made) > _MOST:
            raise EvaluationFailureError("the list grows too long")
    return made


def _open(value: TerraformValue) -> bool:
    return value is UNKNOWN or isinstance(value, Filled)


def _merge(*objects: TerraformValue) -> TerraformValue:
    made: dict[str, Any] = {}
    for value in objects:
        if _open(value):
            return UNKNOWN
        made.update(value or {})
    return made


def _concat(*lists: TerraformValue) -> TerraformValue:
    if any(map(_open, lists)):
        return UNKNOWN
    return _bounded(item for items in lists for item in items)


def _flatten(value: TerraformValue) -> TerraformValue:
    if _open(value):
        return UNKNOWN
    found = list(_flat(value))
    return UNKNOWN if any(x is UNKNOWN for x in found) else found


def _flat(value: list[TerraformValue]) -> Iterator[TerraformValue]:
    for item in value:
        plain, _ = bare(item)
        if isinstance(plain, list):
            yield from _flat(plain)
        else:
            yield item


def _length(value: TerraformValue) -> TerraformValue:
    if _open(value) or (isinstance(value, Members) and not known(value)):
        return UNKNOWN
    return len(value)


def _lookup(value: TerraformValue, key: TerraformValue, *rest: Any) -> TerraformValue:  # noqa: ANN401
    if value is UNKNOWN or key is UNKNOWN:
        return UNKNOWN
    name = text_of(key)
    if name in value:
        return value[name]
    if isinstance(value, Filled):
        return UNKNOWN
    if not rest:
        raise EvaluationFailureError("there is no such key")
    return rest[0]


def _element(value: TerraformValue, position: TerraformValue) -> TerraformValue:
    if _open(value) or position is UNKNOWN:
        return UNKNOWN
    return value[int(number_of(position)) % len(value)]


def _keys(value: TerraformValue) -> TerraformValue:
    return UNKNOWN if _open(value) else sorted(value)


def _values(value: TerraformValue) -> TerraformValue:
    return UNKNOWN if _open(value) else [value[key] for key in sorted(value)]


def _coalesce(*values: TerraformValue) -> TerraformValue:
    for value in values:
        if value is UNKNOWN:
            return UNKNOWN
        if value is not None and value != "":
            return value
    raise EvaluationFailureError("all of them are empty")


def _to_list(value: TerraformValue) -> TerraformValue:
    return UNKNOWN if _open(value) else list(value)


def _to_set(value: TerraformValue) -> TerraformValue:
    if _open(value) or not known(value):
        return UNKNOWN
    return members(value)


def _to_map(value: TerraformValue) -> TerraformValue:
    return UNKNOWN if _open(value) else dict(value)


def _slice(
    value: TerraformValue, start: TerraformValue, end: TerraformValue
) -> TerraformValue:
    if _open(value) or start is UNKNOWN or end is UNKNOWN:
        return UNKNOWN
    if not 0 <= start <= end <= len(value):
        raise EvaluationFailureError("the list is shorter")
    return list(value[start:end])


def _reverse(value: TerraformValue) -> TerraformValue:
    return UNKNOWN if _open(value) else list(reversed(value))


def _zipmap(keys: TerraformValue, values: TerraformValue) -> TerraformValue:
    if _open(keys) or _open(values) or not known(keys):
        return UNKNOWN
    return dict(zip(map(text_of, keys), values, strict=True))


def _one(value: TerraformValue) -> TerraformValue:
    if _open(value):
        return UNKNOWN
    if len(value) > 1:
        raise EvaluationFailureError("there is more than one element")
    return value[0] if value else None


HOLDING: Final[dict[str, Callable[..., Any]]] = {
    "coalesce": _coalesce,
    "concat": _concat,
    "element": _element,
    "flatten": _flatten,
    "keys": _keys,
    "length": _length,
    "lookup": _lookup,
    "merge": _merge,
    "one": _one,
    "reverse": _reverse,
    "slice": _slice,
    "tolist": _to_list,
    "tomap": _to_map,
    "toset": _to_set,
    "values": _values,
    "zipmap": _zipmap,
}


def _all_true(values: list[TerraformValue]) -> bool:
    return all(v is not None and truth_of(v) for v in values)


def _any_true(values: list[TerraformValue]) -> bool:
    return any(v is not None and truth_of(v) for v in values)


def _chunks(values: list[TerraformValue], size: int) -> list[list[TerraformValue]]:
    if size < 1:
        return [values] if values else []
    return [values[i : i + size] for i in range(0, len(values), size)]


def _coalesce_list(*lists: list[TerraformValue]) -> list[TerraformValue]:
    return next(items for items in lists if items)


def _compact(values: list[str | None]) -> list[str]:
    return [v for v in values if v]


def _contains(values: list[TerraformValue], value: TerraformValue) -> bool:
    return any(same(item, value) for item in values)


def _distinct(values: list[TerraformValue]) -> list[TerraformValue]:
    found: dict[Any, TerraformValue] = {}
    for item in values:
        found.setdefault(freeze(item), item)
    return list(found.values())


def _index(values: list[TerraformValue], value: TerraformValue) -> int:
    return next(i for i, item in enumerate(values) if same(item, value))


def _match_keys(
    values: list[TerraformValue],
    keys: list[TerraformValue],
    wanted: list[TerraformValue],
) -> list[TerraformValue]:
    pairs = zip(values, keys, strict=True)
    return [value for value, key in pairs if _contains(wanted, key)]


def _range(*args: float) -> list[float]:
    start, end, step = (0, *args, 1) if len(args) == 1 else (*args, 1)[:3]
    if start > end and len(args) < 3:
        step = -1
    made = []
    while (start < end) if step > 0 else (start > end):
        made.append(start)
        start += step
        if len(made) > 1024 or not step:
            raise EvaluationFailureError("a range has 1024 elements at most")
    return made


def _intersection(*sets: list[TerraformValue]) -> Members:
    first, *rest = sets
    return members(x for x in first if all(_contains(other, x) for other in rest))


def _union(*sets: list[TerraformValue]) -> Members:
    return members(x for items in sets for x in items)


def _difference(left: list[TerraformValue], right: list[TerraformValue]) -> Members:
    return members(x for x in left if not _contains(right, x))


def _products(*sets: list[TerraformValue]) -> list[TerraformValue]:
    return _bounded(list(row) for row in product(*sets))


def _sort(values: list[TerraformValue]) -> list[str]:
    return sorted(map(text_of, values))


def _transpose(value: dict[str, list[str]]) -> dict[str, list[str]]:
    made: dict[str, list[str]] = {}
    for key in sorted(value):
        for item in value[key]:
            made.setdefault(item, []).append(key)
    return made


def _to_text(value: TerraformValue) -> str | None:
    return None if value is None else text_of(value)


def _to_number(value: TerraformValue) -> float | None:
    return None if value is None else number_of(value)


def _to_truth(value: TerraformValue) -> bool | None:
    return None if value is None else truth_of(value)


COLLECTIONS: Final[dict[str, Callable[..., Any]]] = {
    "alltrue": _all_true,
    "anytrue": _any_true,
    "chunklist": _chunks,
    "coalescelist": _coalesce_list,
    "compact": _compact,
    "contains": _contains,
    "distinct": _distinct,
    "index": _index,
    "matchkeys": _match_keys,
    "range": _range,
    "setintersection": _intersection,
    "setproduct": _products,
    "setsubtract": _difference,
    "setunion": _union,
    "sort": _sort,
    "tobool": _to_truth,
    "tonumber": _to_number,
    "tostring": _to_text,
    "transpose": _transpose,
}
