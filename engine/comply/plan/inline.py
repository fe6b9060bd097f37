"""Comparisons as Python operators, where the operands allow it.

Python's `==` is Rego's for strings, null and numbers but 0 and 1, which equal booleans.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from comply.plan import ir

Text = Callable[[ir.Atom], str]


@dataclass(frozen=True, slots=True)
class Inline:
    """An expression that never fails, and its negation."""

    text: str
    negated: str


def equal_text(left: ir.Atom, right: ir.Atom, text: Text) -> tuple[str, str]:
    """Return Python for `left == right` and for its opposite."""
    if isinstance(left, ir.Const) and not isinstance(right, ir.Const):
        left, right = right, left
    a, b = text(left), text(right)
    if isinstance(right, ir.Const):
        value = right.value
        if value is None or isinstance(value, bool):
            return f"{a} is {b}", f"{a} is not {b}"
        if isinstance(value, str):
            return f"{a} == {b}", f"{a} != {b}"
        if isinstance(value, int | float | Decimal):
            return _equal_number(a, b, value)
    return f"equal({a}, {b})", f"not equal({a}, {b})"


def _equal_number(a: str, b: str, value: float | Decimal) -> tuple[str, str]:
    if value == 1:
        return f"({a} == 1 and {a} is not True)", f"({a} != 1 or {a} is True)"
    if value == 0:
        return f"({a} == 0 and {a} is not False)", f"({a} != 0 or {a} is False)"
    return f"{a} == {b}", f"{a} != {b}"


_ORDERED = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


def call_text(step: ir.CallBuiltin, text: Text) -> Inline | None:
    """Return Python for a comparison, None for any other built-in."""
    if step.name == "equal":
        return Inline(*equal_text(*step.args, text))
    if step.name == "neq":
        same, different = equal_text(*step.args, text)
        return Inline(different, same)
    sign = _ORDERED.get(step.name)
    if sign is None:
        return None
    left, right = step.args
    return _ordered(text(left), text(right), sign, right)


def _ordered(a: str, b: str, sign: str, right: ir.Atom) -> Inline:
    opposite = _OPPOSITE[sign]
    if isinstance(right, ir.Const) and type(right.value) is int:
        guard = f"type({a}) is int"
        return Inline(
            f"({a} {sign} {b} if {guard} else compare({a}, {b}) {sign} 0)",
            f"({a} {opposite} {b} if {guard} else compare({a}, {b}) {opposite} 0)",
        )
    return Inline(f"compare({a}, {b}) {sign} 0", f"compare({a}, {b}) {opposite} 0")
