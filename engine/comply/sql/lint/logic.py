"""CONDITION -> NEVER TRUE? What conditions rule out, with what the schema promises.

A condition is taken apart into cases (its disjunctive form); a case in which two parts
exclude each other has no rows. Only TRUE matters: a denial finds rows for which its
condition is TRUE, so `NOT (a < b)` may be read as `a >= b`. Where the answer is not
certain it is no.
"""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Final

from sqlglot import exp

from comply.classes import dataclass, field
from comply.dialect.schema import Schema
from comply.sql.lint.bounds import impossible
from comply.sql.lint.keys import Merged, merged
from comply.sql.lint.promises import Guarantee, Promises, promises
from comply.sql.lint.tree import conditions, relations

_MOST: Final = 64
"""How many cases are looked at; a condition with more is taken to be possible."""
NEGATED: Final[dict[type[exp.Expr], type[exp.Expr]]] = {
    exp.EQ: exp.NEQ,
    exp.NEQ: exp.EQ,
    exp.LT: exp.GTE,
    exp.GTE: exp.LT,
    exp.GT: exp.LTE,
    exp.LTE: exp.GT,
}
"""The comparison that is TRUE where one is FALSE, and UNKNOWN where it is."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What may be taken for granted: constraints of tables, or nothing."""

    schema: Schema | None = None
    only: frozenset[Guarantee] | None = None
    """The constraints that count, all if None."""

    def of(self, tables: dict[str, exp.Table]) -> Promises:
        """Return what the constraints promise about the rows of tables."""
        if self.schema is None:
            return Promises()
        return promises(self.schema, tables, self.only)


@dataclass(slots=True)
class Case:
    """One way for a condition to be true: parts that all hold, and their tables."""

    parts: list[exp.Expr] = field(default_factory=list)
    tables: dict[str, exp.Table] = field(default_factory=dict)


def empty(select: exp.Expr, facts: Facts, around: Case | None = None) -> bool:
    """Tell whether a query block never has a row, whatever the tables hold.

    `around` is what is known of the row of the block around it.
    """
    if not isinstance(select, exp.Select) or grouped(select):
        return False
    found = list(_cases(select, facts))
    return 0 < len(found) <= _MOST and all(
        _impossible(_both(case, around), facts) for case in found
    )


def _both(case: Case, around: Case | None) -> Case:
    if around is None:
        return case
    return Case([*case.parts, *around.parts], {**around.tables, **case.tables})


def grouped(select: exp.Select) -> bool:
    """Tell whether a block may have rows that are not rows of its tables."""
    cuts = ("group", "having", "connect", "limit", "offset", "with_")
    if any(select.args.get(k) for k in cuts) or not relations(select):
        return True
    outer = any(j.args.get("side") for j in select.args.get("joins") or ())
    listed = any(s.find(exp.AggFunc, exp.Window) for s in select.selects)
    return outer or listed


def _cases(select: exp.Select, facts: Facts) -> Iterator[Case]:
    """Yield the ways in which a block has a row, EXISTS in it merged into them."""
    tables = relations(select)
    per_part = [list(_disjuncts(part)) for part in conditions(select)]
    total = 1
    for options in per_part:
        total *= len(options)
    if total > _MOST:
        yield Case()
        return
    for choice in product(*per_part):
        yield _flattened([p for parts in choice for p in parts], dict(tables), facts)


def _flattened(
    parts: Sequence[exp.Expr], tables: dict[str, exp.Table], facts: Facts
) -> Case:
    """Return a case with the blocks that must have a row as tables of its own."""
    case = Case([], tables)
    for part in parts:
        inner = _query_of(part) if isinstance(part, exp.Exists) else None
        plain = isinstance(inner, exp.Select) and not grouped(inner)
        if not plain or inner is None or not isinstance(inner, exp.Select):
            case.parts.append(part)
            continue
        options = list(_cases(inner, facts))
        if len(options) == 1:
            case.parts += options[0].parts
            case.tables |= options[0].tables
        else:
            case.parts.append(part)
    return case


def _query_of(node: exp.Exists) -> exp.Expr:
    return node.this.unnest() if isinstance(node.this, exp.Subquery) else node.this


def _disjuncts(node: exp.Expr) -> Iterator[tuple[exp.Expr, ...]]:
    """Yield the ways in which a condition is TRUE, each as parts that all are."""
    node = node.unnest()
    if isinstance(node, exp.Or):
        yield from _disjuncts(node.this)
        yield from _disjuncts(node.expression)
    elif isinstance(node, exp.And):
        for left in _disjuncts(node.this):
            for right in _disjuncts(node.expression):
                yield (*left, *right)
    elif isinstance(node, exp.Not):
        yield from _negated(node.this.unnest(), node)
    elif isinstance(node, exp.Between):
        low = exp.GTE(this=node.this.copy(), expression=node.args["low"].copy())
        high = exp.LTE(this=node.this.copy(), expression=node.args["high"].copy())
        yield (low, high)
    else:
        yield (node,)


def _negated(inner: exp.Expr, whole: exp.Expr) -> Iterator[tuple[exp.Expr, ...]]:
    """Yield the ways in which the negation of a condition is TRUE."""
    match inner:
        case exp.Not():
            yield from _disjuncts(inner.this)
        case exp.And():
            yield from _disjuncts(exp.Not(this=inner.this.copy()))
            yield from _disjuncts(exp.Not(this=inner.expression.copy()))
        case exp.Or():
            for left in _disjuncts(exp.Not(this=inner.this.copy())):
                for right in _disjuncts(exp.Not(this=inner.expression.copy())):
                    yield (*left, *right)
        case exp.Between():
            yield (exp.LT(this=inner.this.copy(), expression=inner.args["low"].copy()),)
            yield (
                exp.GT(this=inner.this.copy(), expression=inner.args["high"].copy()),
            )
        case _ if type(inner) in NEGATED:
            sides = {"this": inner.this.copy(), "expression": inner.expression.copy()}
            yield (NEGATED[type(inner)](**sides),)
        case _:
            yield (whole,)


def _impossible(case: Case, facts: Facts) -> bool:
    """Tell whether the parts of a case cannot all be TRUE."""
    promised = facts.of(case.tables)
    same = merged(case.parts, case.tables, promised)
    if impossible(same.parts, promised, same.names):
        return True
    return any(_excluded(part, case, same, promised, facts) for part in same.parts)


def _excluded(
    part: exp.Expr, case: Case, same: Merged, promised: Promises, facts: Facts
) -> bool:
    """Tell whether [NOT] EXISTS contradicts what is promised."""
    if isinstance(part, exp.Exists):
        # Without the other subqueries, or each would ask about the other without end.
        known = [p for p in same.parts if not isinstance(p, exp.Exists)]
        return empty(_query_of(part), facts, Case(known, case.tables))
    inner = part.this.unnest() if isinstance(part, exp.Not) else None
    if not isinstance(inner, exp.Exists):
        return False
    query = _query_of(inner)
    if not isinstance(query, exp.Select) or grouped(query):
        return False
    return promised.parent_exists(query, same.parts, case.tables)
