"""DENIAL -> TEXT that is the same for assertions that differ only in how they are put.

Aliases, the order of conditions and of tables, the side a comparison's operands are on,
double negation and what a block lists make no difference.
"""

from collections.abc import Iterator
from typing import Final

from sqlglot import exp

from comply.dialect.oracle import write
from comply.sql.lint.logic import NEGATED
from comply.sql.lint.tree import conditions, conjuncts, relations

_TURNED: Final[dict[type[exp.Expr], type[exp.Expr]]] = {
    exp.EQ: exp.EQ,
    exp.NEQ: exp.NEQ,
    exp.GT: exp.LT,
    exp.GTE: exp.LTE,
}


def normal(tree: exp.Expr) -> str:
    """Return the normal text of a resolved denial."""
    return _query(tree, {})


def _query(tree: exp.Expr, outer: dict[str, str], *, listed: bool = False) -> str:
    bare = tree.unnest() if isinstance(tree, exp.Subquery) else tree
    if not isinstance(bare, exp.Select):
        return write(bare)
    tables = relations(bare)
    names = dict(outer)
    ranked = sorted(tables, key=lambda alias: _table(tables[alias]))
    for i, alias in enumerate(ranked):
        names[alias] = f"{_table(tables[alias])}#{len(outer) + i}"
    every = [p for part in conditions(bare) for p in _split(part)]
    parts = sorted(_condition(part, names) for part in every)
    head = [_condition(s.unalias(), names) for s in bare.selects] if listed else []
    rest = [
        write(found) if isinstance(found, exp.Expr) else ""
        for key in ("group", "having", "connect", "limit", "offset")
        if (found := bare.args.get(key))
    ]
    shown = ", ".join(names[alias] for alias in ranked)
    return f"{head} FROM {shown} WHERE {' AND '.join(parts)} {' '.join(rest)}"


def _split(part: exp.Expr) -> Iterator[exp.Expr]:
    """Yield the conditions that a negated OR is: the negation of each."""
    inner = part.this.unnest() if isinstance(part, exp.Not) else None
    if isinstance(inner, exp.Or):
        for side in inner.flatten():
            yield from _split(exp.Not(this=side.unnest().copy()))
    elif isinstance(inner, exp.Not):
        yield from conjuncts(inner.this)
    else:
        yield part


def _table(node: exp.Table) -> str:
    return str(node.meta.get("table") or node.name)


def _condition(node: exp.Expr, names: dict[str, str]) -> str:
    node = node.unnest()
    match node:
        case exp.Not():
            inner = node.this.unnest()
            if isinstance(inner, exp.Not):
                return _condition(inner.this, names)
            if type(inner) in NEGATED:
                sides = {"this": inner.this, "expression": inner.args["expression"]}
                turned = {k: v.copy() for k, v in sides.items()}
                return _condition(NEGATED[type(inner)](**turned), names)
            return f"NOT {_condition(inner, names)}"
        case exp.Exists():
            return f"EXISTS ({_query(node.this, names)})"
        case exp.And() | exp.Or():
            word = " AND " if isinstance(node, exp.And) else " OR "
            parts = sorted(_condition(part, names) for part in node.flatten())
            return f"({word.join(parts)})"
        case exp.In():
            return f"{_condition(node.this, names)} IN ({_listed(node, names)})"
        case exp.EQ() | exp.NEQ() | exp.GT() | exp.GTE() | exp.LT() | exp.LTE():
            return _compared(node, names)
        case _:
            return _other(node, names)


def _listed(node: exp.In, names: dict[str, str]) -> str:
    if node.args.get("query"):
        return _query(node.args["query"], names, listed=True)
    return ", ".join(sorted(_condition(v, names) for v in node.expressions))


def _compared(node: exp.Binary, names: dict[str, str]) -> str:
    left, right = _condition(node.this, names), _condition(node.expression, names)
    kind = type(node)
    if kind in (exp.GT, exp.GTE):
        left, right = right, left
    elif kind in (exp.EQ, exp.NEQ):
        left, right = sorted((left, right))
    return f"({left} {_TURNED.get(kind, kind).__name__} {right})"


def _other(node: exp.Expr, names: dict[str, str]) -> str:
    """Return an operand as text, its columns under the names of their relations."""
    made = node.copy()
    for column in made.find_all(exp.Column):
        if column.table in names:
            table = exp.to_identifier(names[column.table], quoted=True)
            column.set("table", table)
    return write(made)
