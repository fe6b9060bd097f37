"""Built-ins as Python operators, where the operands allow it.

Python's `==` is Rego's for strings, null and numbers but 0 and 1, which equal booleans.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from comply.classes import dataclass
from comply.plan import ir
from comply.plan.kinds import SIZED, Kinds, kind_of
from comply.plan.values import RegoSet, equal

Text = Callable[[ir.Atom], str]


@dataclass(frozen=True, slots=True)
class Inline:
    """An expression that never fails, and its negation."""

    text: str
    negated: str


def equal_text(left: ir.Atom, right: ir.Atom, text: Text) -> tuple[str, str]:
    """Return Python for `left == right` and for its opposite."""
    if isinstance(left, ir.Const):
        if isinstance(right, ir.Const):
            same = equal(left.value, right.value)
            return str(same), str(not same)
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


_ORDERED: Final = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
_OPPOSITE: Final = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


def call_text(
    step: ir.CallBuiltin, text: Text, kinds: Kinds, named: Callable[[str], str]
) -> Inline | None:
    """Return Python for a call that cannot fail, None for any other.

    `named` gives the name of an expression to evaluate once.
    """
    match step.name:
        case "equal":
            return Inline(*equal_text(step.args[0], step.args[1], text))
        case "neq":
            same, different = equal_text(step.args[0], step.args[1], text)
            return Inline(different, same)
        case "internal.member_2":
            return _member(step.args[0], step.args[1], text, named)
        case "count" if kind_of(kinds, step.args[0]) in SIZED:
            size = f"len({text(step.args[0])})"
            return Inline(size, f"not {size}")
        case "lt" | "lte" | "gt" | "gte":
            return _ordered(step, _ORDERED[step.name], text, kinds)
        case _:
            return None


def _member(
    item: ir.Atom, source: ir.Atom, text: Text, named: Callable[[str], str]
) -> Inline | None:
    """Return Python for `item in source`, where one of them is a plain constant."""
    a, b = text(item), text(source)
    if isinstance(item, ir.Const) and isinstance(item.value, str):
        general = f"{a} in values({b})"
        return Inline(
            f"({a} in {b} if type({b}) is list else {general})",
            f"({a} not in {b} if type({b}) is list else not {general})",
        )
    if isinstance(source, ir.Const) and isinstance(source.value, RegoSet):
        held = named(f"{b}.members")
        return Inline(
            f"({a} in {held} if type({a}) is str else {a} in {b})",
            f"({a} not in {held} if type({a}) is str else {a} not in {b})",
        )
    return None


def _ordered(step: ir.CallBuiltin, sign: str, text: Text, kinds: Kinds) -> Inline:
    left, right = step.args
    a, b, opposite = text(left), text(right), _OPPOSITE[sign]
    if isinstance(right, ir.Const) and type(right.value) is int:
        if kind_of(kinds, left) == "integer":
            return Inline(f"{a} {sign} {b}", f"{a} {opposite} {b}")
        guard = f"type({a}) is int"
        return Inline(
            f"({a} {sign} {b} if {guard} else compare({a}, {b}) {sign} 0)",
            f"({a} {opposite} {b} if {guard} else compare({a}, {b}) {opposite} 0)",
        )
    return Inline(f"compare({a}, {b}) {sign} 0", f"compare({a}, {b}) {opposite} 0")


_QUICK: Final = {
    "startswith": "{0}.startswith({1})",
    "endswith": "{0}.endswith({1})",
    "contains": "{1} in {0}",
    "split": "{0}.split({1})",
    "plus": "{0} + {1}",
    "minus": "{0} - {1}",
    "mul": "{0} * {1}",
}
_INTEGERS: Final = frozenset({"plus", "minus", "mul"})


def quick_text(step: ir.CallBuiltin, text: Text, kinds: Kinds, call: str) -> str | None:
    """Return Python that spares `call` for operands of the usual types."""
    template = _QUICK.get(step.name)
    if template is None or (step.name == "split" and step.args[1] == ir.Const("")):
        return None
    wanted = "integer" if step.name in _INTEGERS else "string"
    python = "int" if wanted == "integer" else "str"
    unknown = [a for a in step.args if kind_of(kinds, a) != wanted]
    if any(isinstance(a, ir.Const) for a in unknown):
        return None
    if step.name == "split" and not isinstance(step.args[1], ir.Const):
        return None
    quick = template.format(*(text(a) for a in step.args))
    if not unknown:
        return quick
    guard = " and ".join(f"type({text(a)}) is {python}" for a in unknown)
    return f"{quick} if {guard} else {call}"
