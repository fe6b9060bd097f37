"""DENIAL -> PLACES: where a table occurs, and whether rows that come or go matter there.

What stands under an even number of negations can only turn true by rows that come, under
an odd number by rows that go, and inside a value that is compared by both: but a count
only grows by rows that come.
"""

from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

from sqlglot import exp

from comply.classes import dataclass
from comply.dialect.syntax import Name

Sign: TypeAlias = Literal[1, -1, 0]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a table occurs: its alias, the blocks around it, the outermost first.

    `sign` is its polarity: 1 for rows that come, -1 for rows that go, 0 for both.
    `links` are conditions that tie a block to the one outside it (those of IN).
    """

    table: Name
    alias: str
    blocks: tuple[exp.Select, ...]
    sign: Sign
    links: tuple[exp.Expr | None, ...]


def table_of(node: exp.Expr) -> Name | None:
    """Return the table that a resolved entry of FROM means, None for DUAL and queries."""
    found = node.meta.get("table")
    return found if isinstance(found, Name) else None


_INNER: Final = frozenset({"", "INNER", "CROSS"})
_GROUPS: Final = ("group", "having", "distinct")
_CUTS: Final = ("limit", "offset", "connect", "with_", "qualify", "windows")


def is_traced(denial: exp.Query) -> bool:
    """Tell whether changed rows can be followed from where they are to the denial's rows.

    So it is if every block takes its rows from tables, one of each for a row, and the
    outermost does not group them.
    """
    if not isinstance(denial, exp.Select) or not is_flat(denial):
        return False
    if denial.args.get("group") or denial.args.get("having"):
        return False
    blocks = denial.find_all(exp.Select)
    return all(is_flat(b) and not b.find(exp.Window) for b in blocks)


def is_flat(block: exp.Select) -> bool:
    """Tell whether the rows of a block are made of one row of each of its tables."""
    if any(block.args.get(k) for k in _CUTS):
        return False
    if any(not _is_inner(join) for join in block.args.get("joins") or ()):
        return False
    return all(isinstance(s, exp.Table) for s in sources(block))


def _is_inner(join: exp.Join) -> bool:
    # USING makes one column of two, so a block of it cannot be taken apart.
    words = (join.side, join.kind, join.method)
    return not join.args.get("using") and all(
        str(w or "").upper() in _INNER for w in words
    )


def sources(block: exp.Select) -> list[exp.Expr]:
    """Return what stands in a block's FROM."""
    clause = block.args.get("from_")
    joined = [j.this for j in block.args.get("joins") or ()]
    return [clause.this, *joined] if clause else joined


def conditions(block: exp.Select) -> list[exp.Expr]:
    """Return the conditions that all hold of a block's rows."""
    return [part for clause in clauses(block) for part in clause]


def clauses(block: exp.Select) -> list[list[exp.Expr]]:
    """Return the conditions of each ON and of WHERE."""
    where = block.args.get("where")
    found = [j.args["on"] for j in block.args.get("joins") or () if j.args.get("on")]
    if where is not None:
        found.append(where.this)
    return [_conjuncts(condition) for condition in found]


def _conjuncts(node: exp.Expr) -> list[exp.Expr]:
    if isinstance(node, exp.Paren):
        return _conjuncts(node.this)
    if isinstance(node, exp.And):
        return [p for side in (node.this, node.expression) for p in _conjuncts(side)]
    return [node]


def places(
    block: exp.Select,
    outer: tuple[exp.Select, ...],
    sign: Sign,
    links: tuple[exp.Expr | None, ...],
) -> Iterator[Place]:
    """Yield the places of tables in a block and in the subqueries of its conditions."""
    blocks = (*outer, block)
    for node in sources(block):
        table = table_of(node) if isinstance(node, exp.Table) else None
        if table is not None:
            yield Place(table, node.alias_or_name, blocks, sign, links)
    for condition in conditions(block):
        yield from _inside(condition, blocks, sign, links)
    for key in ("expressions", "having", "group"):
        found = block.args.get(key)
        for part in found if isinstance(found, list) else [found]:
            if isinstance(part, exp.Expr):
                yield from _inside(part, blocks, 0, links)


def _inside(
    node: exp.Expr,
    blocks: tuple[exp.Select, ...],
    sign: Sign,
    links: tuple[exp.Expr | None, ...],
) -> Iterator[Place]:
    """Yield the places in the subqueries of a condition whose truth has a polarity."""
    match node:
        case exp.Paren() | exp.And() | exp.Or():
            for side in node.iter_expressions():
                yield from _inside(side, blocks, sign, links)
        case exp.Not():
            yield from _inside(node.this, blocks, _flipped(sign), links)
        case exp.Exists():
            yield from _subquery(node.this, blocks, sign, (*links, None))
        case exp.In() if node.args.get("query"):
            for query in _sides(node.args["query"]):
                link = (*links, _link(node.this, query))
                yield from _subquery(query, blocks, sign, link)
            yield from _inside(node.this, blocks, 0, links)
        case exp.GT() | exp.GTE() | exp.LT() | exp.LTE():
            yield from _compared(node, blocks, sign, links)
        case exp.Select() | exp.Subquery() | exp.SetOperation():
            yield from _subquery(node, blocks, 0, (*links, None))
        case _:
            for child in node.iter_expressions():
                yield from _inside(child, blocks, 0, links)


def _flipped(sign: Sign) -> Sign:
    flips: dict[Sign, Sign] = {1: -1, -1: 1, 0: 0}
    return flips[sign]


def _sides(node: exp.Expr) -> list[exp.Expr]:
    """Return the blocks of a query, of which UNION and its kin have several."""
    query = node.unnest() if isinstance(node, exp.Subquery) else node
    if isinstance(query, exp.SetOperation):
        return [*_sides(query.this), *_sides(query.expression)]
    return [query]


def _subquery(
    node: exp.Expr,
    blocks: tuple[exp.Select, ...],
    sign: Sign,
    links: tuple[exp.Expr | None, ...],
) -> Iterator[Place]:
    """Yield the places in a subquery; one that groups can turn either way."""
    sides = _sides(node)
    for query in sides:
        if isinstance(query, exp.Select):
            grouped = any(query.args.get(k) for k in _GROUPS[:2])
            sums = any(s.find(exp.AggFunc) for s in query.expressions)
            either = grouped or sums or len(sides) > 1 or _is_side(query)
            yield from places(query, blocks, 0 if either else sign, links)


def _is_side(query: exp.Expr) -> bool:
    """Tell whether a block is a part of UNION, INTERSECT or MINUS."""
    parent = query.parent
    while isinstance(parent, exp.Subquery):
        parent = parent.parent
    return isinstance(parent, exp.SetOperation)


def _compared(
    node: exp.Expr,
    blocks: tuple[exp.Select, ...],
    sign: Sign,
    links: tuple[exp.Expr | None, ...],
) -> Iterator[Place]:
    """Yield the places in a comparison: a count that rows add to turns it one way only.

    A count is never NULL, so the comparison is unknown before and after, or never.
    """
    more = isinstance(node, exp.GT | exp.GTE)
    for side, grows in ((node.this, more), (node.args["expression"], not more)):
        counted = _counted(side)
        if counted is None:
            yield from _inside(side, blocks, 0, links)
        else:
            way = sign if grows else _flipped(sign)
            yield from places(counted, blocks, way, (*links, None))


def _counted(node: exp.Expr) -> exp.Select | None:
    """Return the query if a value is `(SELECT COUNT(..) FROM ..)`."""
    query = node.unnest() if isinstance(node, exp.Subquery | exp.Paren) else None
    if not isinstance(query, exp.Select) or len(query.selects) != 1:
        return None
    if any(query.args.get(k) for k in _GROUPS):
        return None
    counts = isinstance(query.selects[0].unalias(), exp.Count)
    return query if counts else None


def _link(subject: exp.Expr, query: exp.Expr) -> exp.Expr | None:
    """Return the condition under which a row of IN's query matters to its subject.

    An equal value decides, and so does NULL on either side. A value that is summed up
    tells nothing of one row.
    """
    values = (
        [s.unalias() for s in query.selects] if isinstance(query, exp.Query) else []
    )
    subjects = subject.expressions if isinstance(subject, exp.Tuple) else [subject]
    if len(values) != len(subjects) or any(v.find(exp.AggFunc) for v in values):
        return None
    tests = [
        exp.or_(
            exp.EQ(this=one.copy(), expression=value.copy()),
            exp.Is(this=one.copy(), expression=exp.Null()),
            exp.Is(this=value.copy(), expression=exp.Null()),
        )
        for one, value in zip(subjects, values, strict=True)
    ]
    return exp.and_(*tests)
