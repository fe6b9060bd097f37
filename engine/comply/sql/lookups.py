"""DuckDB's SQL for few rows, in the form that it plans soonest and answers by an index.

What a small change may break is looked up around each changed row, whose columns stand in
the query under `ORA$ROW`. Two habits of DuckDB decide what that costs. It takes EXISTS
apart in many steps that a SEMI or ANTI join spares it. And it uses an index only where the
scan of a table is asked for nothing but the indexed column: with a second condition on one
column it reads the table through.
"""

from typing import Final

from sqlglot import exp

from comply.sql.names import ROWID
from comply.sql.places import clauses, conditions, sources

ROW: Final = "ORA$ROW"
_SUMMED: Final = ("group", "having", "limit", "offset", "joins", "with_", "qualify")


def looked_up(tree: exp.Select) -> exp.Select:
    """Return a query in the form that answers soonest; its rows are the same."""
    made = _by_index(as_joins(tree))
    for inner in list(made.find_all(exp.Exists)):
        if isinstance(inner.this, exp.Select):
            inner.set("this", _by_index(inner.this))
    return made


def as_joins(tree: exp.Select) -> exp.Select:
    """Return a query with each EXISTS that must hold of its rows as a join.

    A subquery over one table, without another in its conditions, is made a join; what
    is none of these stays.

    >>> from sqlglot import parse_one
    >>> query = "SELECT a FROM t, u WHERE NOT EXISTS (SELECT 1 FROM v WHERE v.b = t.a)"
    >>> as_joins(parse_one(query)).sql()
    'SELECT a FROM t CROSS JOIN u ANTI JOIN v ON v.b = t.a'
    """
    if not sources(tree):
        return tree
    joins, rest = [], []
    for test in conditions(tree):
        join = _joined(test)
        if join is None:
            rest.append(test.copy())
        else:
            joins.append(join)
    if not joins:
        return tree
    made = tree.copy()
    crossed = [exp.Join(this=s.copy(), kind="CROSS") for s in sources(tree)[1:]]
    made.set("joins", [*crossed, *joins])
    made.set("where", exp.Where(this=exp.and_(*rest)) if rest else None)
    return made


def _joined(test: exp.Expr) -> exp.Join | None:
    """Return a condition as a join, None if it is not [NOT] EXISTS over one table."""
    inner, kind = plain(test), "SEMI"
    if isinstance(inner, exp.Not):
        inner, kind = plain(inner.this), "ANTI"
    query = inner.this if isinstance(inner, exp.Exists) else None
    if not isinstance(query, exp.Select) or any(query.args.get(k) for k in _SUMMED):
        return None
    tables, tests = sources(query), conditions(query)
    summed = any(s.find(exp.AggFunc) for s in query.expressions)
    if len(tables) != 1 or not isinstance(tables[0], exp.Table) or summed:
        return None
    if any(t.find(exp.Query) for t in tests):
        return None
    alone = [t for t in tests if _tables(t) - {ROW} == {tables[0].alias_or_name}]
    between = [t for t in tests if t not in alone]
    if between and not any(isinstance(t, exp.EQ) for t in between):
        # DuckDB would sort both sides, which costs more than a few pairs.
        whole = exp.and_(*[t.copy() for t in between])
        between = [exp.Coalesce(this=whole, expressions=[exp.false()])]
    parts = [t.copy() for t in (*alone, *between)]
    on = exp.and_(*parts) if parts else exp.true()
    return exp.Join(this=tables[0].copy(), kind=kind, on=on)


def _by_index(tree: exp.Select) -> exp.Select:
    """Return a query that asks each table for a column of the changed row alone.

    What else is asked of its rows names a second column, the row's number, which is never
    NULL: DuckDB leaves a condition on two columns out of the scan.
    """
    made = tree.copy()
    for table in sources(made):
        if isinstance(table, exp.Table):
            # A condition of ON is no condition of WHERE: a join may ask for what is not.
            for clause in clauses(made):
                _apart(clause, table.alias_or_name)
    return made


def _apart(clause: list[exp.Expr], alias: str) -> None:
    """Take what is asked of a table beside its key out of DuckDB's scan."""
    own = [t for t in clause if _tables(t) - {ROW} == {alias}]
    key = next((t for t in own if is_key(t)), None)
    rest = [t for t in own if t is not key]
    if key is None or not rest:
        return
    both = exp.and_(*[t.copy() for t in rest])
    number = exp.column(exp.to_identifier(ROWID, quoted=True), alias, quoted=True)
    missing = exp.Is(this=number, expression=exp.Null())
    for test in rest[1:]:
        test.replace(exp.true())
    rest[0].replace(exp.Coalesce(this=both, expressions=[missing]))


def _tables(test: exp.Expr) -> set[str]:
    """Return the aliases that a condition names, none if it asks another query."""
    if test.find(exp.Query):
        return set()
    return {column.table for column in test.find_all(exp.Column)}


def is_key(test: exp.Expr) -> bool:
    """Tell whether a condition sets a column equal to one of the changed row."""
    sides = (test.this, test.expression) if isinstance(test, exp.EQ) else ()
    columns = [side for side in sides if isinstance(side, exp.Column)]
    return len(columns) == 2 and ROW in {column.table for column in columns}


def plain(node: exp.Expr) -> exp.Expr:
    """Return a condition without parentheses around it."""
    while isinstance(node, exp.Paren):
        node = node.this
    return node
