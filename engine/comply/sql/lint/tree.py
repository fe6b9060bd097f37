"""ASSERTION -> DENIAL with names resolved, its comparisons tied to places in the text."""

from collections.abc import Iterator

from sqlglot import exp

from comply.sql.assertion import Assertion
from comply.sql.catalog import Catalog
from comply.sql.denial import resolved
from comply.sql.names import Resolver

PLACE = "ORA$PLACE"
TEXTS = "ORA$TEXTS"


def tie(assertion: Assertion) -> None:
    """Note in every node where its first and last names stand in the source.

    Resolution puts other nodes in place of columns; comparisons stay, so they keep the
    texts of their sides.
    """
    for tree in (assertion.query, assertion.condition):
        # From the leaves up; a loop, because conditions may be hundreds deep.
        for node in reversed(list(tree.walk(bfs=True)) if tree is not None else []):
            _tie(node, assertion.source.text)


def _tie(node: exp.Expr, text: str) -> None:
    spans = [c.meta[PLACE] for c in node.iter_expressions() if PLACE in c.meta]
    start = node.meta.get("start") if isinstance(node, exp.Identifier) else None
    if isinstance(start, int):
        spans.append((start, int(node.meta["end"]) + 1))
    if not spans:
        return
    node.meta[PLACE] = min(s for s, _ in spans), max(e for _, e in spans)
    if isinstance(node, exp.Binary):
        sides = (node.this, node.expression)
        places = [side.unnest().meta.get(PLACE, (0, 0)) for side in sides]
        node.meta[TEXTS] = tuple(text[s:e] for s, e in places)


def denied(assertion: Assertion, catalog: Catalog | None) -> exp.Query:
    """Return the denial of an assertion: the query that must have no rows.

    Raises:
        SqlError: a name means nothing (ORA-00942, 00904) or too much (00918).
    """
    parts = assertion.parts()
    if assertion.kind == "universal":
        return resolved(parts, catalog)
    query = parts.query.copy()
    Resolver(parts.source, catalog).query(query)
    if assertion.kind == "not_exists":
        return query
    absent = exp.Not(this=exp.Exists(this=query))
    return exp.select("1").from_("DUAL").where(absent, copy=False)


def place_in(node: exp.Expr) -> int:
    """Return the offset of a node's first name, of what is around it if it has none."""
    here: exp.Expr | None = node
    while here is not None:
        if PLACE in here.meta:
            return int(here.meta[PLACE][0])
        here = here.parent
    return 0


def block_of(node: exp.Expr) -> exp.Select | None:
    """Return the query block that a node is in."""
    return node.find_ancestor(exp.Select)


def conjuncts(node: exp.Expr | None) -> Iterator[exp.Expr]:
    """Yield the conditions that AND connects, without parentheses around them."""
    if node is None:
        return
    bare = node.unnest()
    if isinstance(bare, exp.And):
        yield from conjuncts(bare.this)
        yield from conjuncts(bare.expression)
    else:
        yield bare


def conditions(select: exp.Select) -> Iterator[exp.Expr]:
    """Yield the conditions that every row of a block meets: of WHERE and of its joins."""
    where = select.args.get("where")
    yield from conjuncts(where.this if where else None)
    for join in select.args.get("joins") or ():
        yield from conjuncts(join.args.get("on"))


def relations(select: exp.Select) -> dict[str, exp.Table]:
    """Return the tables of a block's FROM by their aliases."""
    clause = select.args.get("from_")
    nodes = [clause.this] if clause else []
    nodes += [join.this for join in select.args.get("joins") or ()]
    return {n.alias_or_name: n for n in nodes if isinstance(n, exp.Table)}


def columns_in(node: exp.Expr) -> Iterator[exp.Column]:
    """Yield the columns in a tree that belong to a relation, those of nested blocks too."""
    for column in node.find_all(exp.Column):
        if column.table:
            yield column


def joined(
    node: exp.Expr,
) -> tuple[tuple[exp.Column, str], tuple[exp.Column, str]] | None:
    """Return both sides of an equality of columns of two relations, each as written."""
    if not isinstance(node, exp.EQ):
        return None
    left, right = node.this.unnest(), node.expression.unnest()
    if not (isinstance(left, exp.Column) and isinstance(right, exp.Column)):
        return None
    if not (left.table and right.table) or left.table == right.table:
        return None
    texts = node.meta.get(TEXTS) or (left.sql(), right.sql())
    return (left, texts[0]), (right, texts[1])
