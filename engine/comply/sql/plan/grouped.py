"""QUERY THAT GROUPS -> QUERY OF ROWS, each of which asks for the sums of its own group.

`SELECT k, COUNT(*) FROM t GROUP BY k HAVING COUNT(*) > 1` is about every row of t of which
a query over the rows with the same key counts more than one: as often as the group has
rows, so the result is DISTINCT. A changed row then concerns the rows of its group.
"""

from collections.abc import Mapping
from typing import Final

from sqlglot import exp

from comply.sql.names import label
from comply.sql.places import sources

_NO_KEYS: Final = (exp.Literal, exp.Rollup, exp.Cube, exp.GroupingSets)
_SHADOW: Final = "GROUP$"


def own_sums(select: exp.Select) -> list[exp.AggFunc]:
    """Return the sums that a query's list and HAVING ask of its own rows."""
    parts = [*select.expressions, select.args.get("having")]
    found = (s for p in parts if p is not None for s in p.find_all(exp.AggFunc))
    return [s for s in found if s.find_ancestor(exp.Select) is select]


def is_summed(select: exp.Select) -> bool:
    """Tell whether a row of a query stands for several of its tables' rows."""
    return any(select.args.get(k) for k in ("group", "having")) or bool(
        own_sums(select)
    )


def ungrouped(select: exp.Select) -> exp.Select | None:
    """Return a query over tables that groups as one that does not.

    None where rows of other groups count as well, or sums of sums are asked for.
    """
    select = select.copy()
    group = select.args.get("group")
    sums = own_sums(select)
    if any(s.find_ancestor(exp.AggFunc) for s in sums):
        return None
    values = {s.alias: s.unalias() for s in select.selects if isinstance(s, exp.Alias)}
    keys = [_key(k, values) for k in group.expressions] if group is not None else []
    if any(isinstance(k, _NO_KEYS) for k in keys):
        return None
    label(select)
    rows = _rows(select)
    for item in sums:
        item.replace(exp.Subquery(this=_asked(rows, item, keys)))
    return _of_rows(select, grouped=group is not None)


def _key(node: exp.Expr, values: Mapping[str, exp.Expr]) -> exp.Expr:
    """Return what GROUP BY groups by: what an alias names, or an expression."""
    is_alias = isinstance(node, exp.Column) and not node.table
    return values.get(node.name, node) if is_alias else node


def _rows(select: exp.Select) -> exp.Select:
    """Return the query of the rows that are grouped."""
    rows = select.copy()
    for key in ("group", "having", "distinct"):
        rows.set(key, None)
    return rows


def _asked(rows: exp.Select, item: exp.AggFunc, keys: list[exp.Expr]) -> exp.Select:
    """Return the query of a sum over the rows that have the keys of a row outside."""
    query = rows.copy()
    query.set("expressions", [item.copy()])
    if not keys:
        return query
    own = [exp.Paren(this=key.copy()) for key in keys]
    tests = [
        exp.NullSafeEQ(this=mine, expression=key.copy())
        for mine, key in zip(own, keys, strict=True)
    ]
    names = {table.alias_or_name for table in sources(query)}
    for table in sources(query):
        alias = exp.to_identifier(_SHADOW + table.alias_or_name, quoted=True)
        table.set("alias", exp.TableAlias(this=alias))
    for part in (query, *own):
        for column in part.find_all(exp.Column):
            if column.table in names:
                renamed = exp.to_identifier(_SHADOW + column.table, quoted=True)
                column.set("table", renamed)
    return query.where(*tests, copy=False)


def _of_rows(select: exp.Select, *, grouped: bool) -> exp.Select:
    """Return a query whose sums are values by now: of its rows, or of one row alone."""
    having = select.args.get("having")
    for key in ("group", "having"):
        select.set(key, None)
    if not grouped:
        for key in ("joins", "where"):
            select.set(key, None)
        select.from_("DUAL", copy=False)
    if having is not None:
        select.where(exp.Paren(this=having.this), copy=False)
    return select.distinct(copy=False) if grouped else select
