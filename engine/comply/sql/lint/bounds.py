"""PARTS -> CONTRADICTION? Comparisons of columns with literals and with each other."""

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Final, TypeAlias

from sqlglot import exp

from comply.classes import dataclass, field
from comply.sql.lint.keys import Names
from comply.sql.lint.promises import COMPARISONS, Key, Promises, rejected

Value: TypeAlias = tuple[str, Decimal | str]
"""A literal: "number", "text" or "date", and its value."""

_ORDERS: Final[dict[type[exp.Expr], frozenset[str]]] = {
    exp.EQ: frozenset("="),
    exp.NEQ: frozenset("<>"),
    exp.LT: frozenset("<"),
    exp.LTE: frozenset("<="),
    exp.GT: frozenset(">"),
    exp.GTE: frozenset(">="),
}
"""How the left side may stand to the right one: below, equal, above."""
_ISO: Final = len("2026-01-01")
_TURNED: Final = {"<": ">", ">": "<", "=": "="}


@dataclass(slots=True)
class _Range:
    """The values that are left for a column; `low` and `high` with whether they count."""

    low: tuple[Value, bool] | None = None
    high: tuple[Value, bool] | None = None
    allowed: frozenset[Value] | None = None
    excluded: set[Value] = field(default_factory=set)

    def add(self, orders: frozenset[str], value: Value) -> None:
        """Keep only the values that stand so to `value`."""
        if orders == frozenset("="):
            self.keep(frozenset({value}))
        elif orders == frozenset("<>"):
            self.excluded.add(value)
        elif value[0] == "text":
            # How texts sort depends on the session.
            return
        elif ">" in orders:
            self.low = _tighter(self.low, (value, "=" in orders), 1)
        else:
            self.high = _tighter(self.high, (value, "=" in orders), -1)

    def keep(self, values: frozenset[Value]) -> None:
        """Keep only these values; those of another type may be the same converted."""
        if self.allowed is None:
            self.allowed = values
        elif len({kind for kind, _ in self.allowed | values}) <= 1:
            self.allowed &= values

    @property
    def is_empty(self) -> bool:
        """Whether no value is left."""
        if self.allowed is not None:
            return not any(self._fits(v) for v in self.allowed)
        low, high = self.low, self.high
        if low is None or high is None or low[0][0] != high[0][0]:
            return False
        order = _order(low[0], high[0])
        if order == ">":
            return True
        both = low[1] and high[1] and low[0] not in self.excluded
        return order == "=" and not both

    def _fits(self, value: Value) -> bool:
        if value in self.excluded:
            return False
        for bound, good in ((self.low, "<"), (self.high, ">")):
            if bound is None or bound[0][0] != value[0]:
                continue
            order = _order(bound[0], value)
            if order != good and not (order == "=" and bound[1]):
                return False
        return True


def _tighter(
    old: tuple[Value, bool] | None, new: tuple[Value, bool], sign: int
) -> tuple[Value, bool]:
    if old is None or old[0][0] != new[0][0]:
        return new
    order = _order(old[0], new[0])
    if order == "=":
        return old if not old[1] else new
    return new if (order == "<") == (sign > 0) else old


def _order(one: Value, other: Value) -> str:
    left, right = one[1], other[1]
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return "=" if left == right else "<" if left < right else ">"
    first, second = str(left), str(right)
    return "=" if first == second else "<" if first < second else ">"


def literal(node: exp.Expr | None) -> Value | None:
    """Return the value of a literal: a number, a text or a date."""
    bare = node.unnest() if node is not None else None
    if isinstance(bare, exp.Neg):
        inner = literal(bare.this)
        if inner and isinstance(inner[1], Decimal):
            return "number", -inner[1]
        return None
    if isinstance(bare, exp.Introducer) and bare.this.name == "DATE":
        day = bare.expression.name
        return ("date", day) if len(day) == _ISO else None
    if not isinstance(bare, exp.Literal):
        return None
    if bare.is_string:
        # Whether blanks at the end count depends on the column's type.
        return None if bare.name.endswith(" ") else ("text", bare.name)
    try:
        return "number", Decimal(bare.name)
    except InvalidOperation:
        return None


def impossible(parts: Iterable[exp.Expr], promised: Promises, names: Names) -> bool:
    """Tell whether parts cannot all be TRUE, with what constraints promise."""
    listed = list(parts)
    if any(_constantly_false(part) for part in listed):
        return True
    filled = {names.of(k) for k in rejected(listed) | promised.required}
    if any(names.of(k) in filled for part in listed for k in _nulls(part)):
        return True
    checks = [
        check
        for check in promised.checks
        if all(
            names.of((c.table, c.name)) in filled for c in check.find_all(exp.Column)
        )
    ]
    return _contradict([*listed, *checks], names)


def _nulls(part: exp.Expr) -> set[Key]:
    """Return the column that a part says is NULL."""
    column = part.this.unnest() if isinstance(part, exp.Is) else None
    null = isinstance(part, exp.Is) and isinstance(part.expression, exp.Null)
    if null and isinstance(column, exp.Column) and column.table:
        return {(column.table, column.name)}
    return set()


def _constantly_false(part: exp.Expr) -> bool:
    if isinstance(part, exp.Boolean):
        return not part.this
    if not isinstance(part, COMPARISONS):
        return False
    sides = [part.this.unnest(), part.expression.unnest()]
    if any(isinstance(s, exp.Null) or literal(s) == ("text", "") for s in sides):
        # Nothing equals, exceeds or differs from NULL, which is what '' is in Oracle.
        return True
    left, right = literal(sides[0]), literal(sides[1])
    if left is None or right is None or left[0] != right[0]:
        return False
    return _order(left, right) not in _ORDERS[type(part)]


def _contradict(parts: list[exp.Expr], names: Names) -> bool:
    ranges: dict[Key, _Range] = {}
    orders: dict[tuple[Key, Key], frozenset[str]] = {}
    for part in parts:
        inner = part.this.unnest() if isinstance(part, exp.Not) else part
        if isinstance(inner, exp.In):
            _listed(inner, ranges, names, kept=inner is part)
        elif isinstance(part, exp.Between):
            _bounded(part, ranges, names)
        elif isinstance(part, COMPARISONS):
            _compared(part, ranges, orders, names)
    if any(not found for found in orders.values()):
        return True
    return any(found.is_empty for found in ranges.values())


def _column(node: exp.Expr | None, names: Names) -> Key | None:
    bare = node.unnest() if node is not None else None
    if isinstance(bare, exp.Column) and bare.table:
        return names.of((bare.table, bare.name))
    return None


def _listed(
    node: exp.In, ranges: dict[Key, _Range], names: Names, *, kept: bool
) -> None:
    key = _column(node.this, names)
    values = [literal(v) for v in node.expressions]
    if key is None or node.args.get("query") or not values or None in values:
        return
    found = ranges.setdefault(key, _Range())
    known = frozenset(v for v in values if v is not None)
    if kept:
        found.keep(known)
    else:
        found.excluded |= known


def _bounded(node: exp.Between, ranges: dict[Key, _Range], names: Names) -> None:
    key = _column(node.this, names)
    low, high = literal(node.args["low"]), literal(node.args["high"])
    if key and low and high:
        found = ranges.setdefault(key, _Range())
        found.add(frozenset(">="), low)
        found.add(frozenset("<="), high)


def _compared(
    node: exp.Expr,
    ranges: dict[Key, _Range],
    orders: dict[tuple[Key, Key], frozenset[str]],
    names: Names,
) -> None:
    left, right = _column(node.this, names), _column(node.args["expression"], names)
    wanted = _ORDERS[type(node)]
    if left and right:
        if left == right:
            wanted &= frozenset("=")
        elif right < left:
            left, right = right, left
            wanted = frozenset(_TURNED[o] for o in wanted)
        known = orders.get((left, right), frozenset("<=>"))
        orders[left, right] = known & wanted
        return
    value = literal(node.args["expression"]) if left else literal(node.this)
    key = left or right
    if key and value:
        turned = wanted if left else frozenset(_TURNED[o] for o in wanted)
        ranges.setdefault(key, _Range()).add(turned, value)


def holds(part: exp.Expr) -> bool:
    """Tell whether a condition is TRUE for every row, such as `1 = 1`.

    >>> holds(exp.EQ(this=exp.Literal.number(1), expression=exp.Literal.number(1)))
    True
    """
    if isinstance(part, exp.Boolean):
        return bool(part.this)
    if not isinstance(part, COMPARISONS):
        return False
    left, right = literal(part.this), literal(part.args["expression"])
    known = left is not None and right is not None and left[0] == right[0]
    if left is None or right is None or not known or "" in (left[1], right[1]):
        return False
    return _order(left, right) in _ORDERS[type(part)]
