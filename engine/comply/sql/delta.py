"""ASSERTION -> DELTAS: for each table and event, the query that checks what changed.

Suppose an assertion held before a change. A row that violates it afterwards either
contains a row that came, or it was there and its condition turned true because of a row
that came or went inside a subquery. So for each place where a table occurs there is a
query: the denial itself, restricted to rows that involve a changed one at that place.

Whether rows that come or rows that go matter is a question of polarity: what stands
under an even number of negations can only turn true by rows that come, under an odd
number by rows that go, and inside a value that is compared (an aggregate) by both.
Events that matter at no place cannot break the assertion. The restriction may let
through too much, never too little: the rest of the denial is checked on the new state.

Oriol and Teniente, "Incremental checking of SQL assertions in an RDBMS", Information
Systems 133 (2025), and Martinenghi, "Simplification of integrity constraints",
Algorithms 18 (2025), derive such queries; this is the part without stored counters.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from sqlglot import exp

from comply.dialect.syntax import Name
from comply.sql.catalog import Catalog
from comply.sql.denial import Parts, in_dialect, resolved

Event: TypeAlias = Literal["insert", "delete", "update"]
Sign: TypeAlias = Literal[1, -1, 0]


@dataclass(frozen=True, slots=True)
class DeltaQuery:
    """The query that checks one event on one table, at one place of the assertion.

    It reads the rows that came from NEW_<table>, those that went from OLD_<table>, and
    where both versions count, PAST_<table>: the table as it is and OLD_<table> in one.
    An update must be checked if it touches one of `columns`.
    """

    table: Name
    event: Event
    columns: tuple[str, ...]
    sql: str


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


def deltas(parts: Parts, dialect: str, catalog: Catalog | None) -> list[DeltaQuery]:
    """Return the queries that check an assertion after each event that can break it.

    Raises:
        SqlError: a name does not exist, or the dialect is unknown.
    """
    denial = resolved(parts, catalog)
    if not isinstance(denial, exp.Select) or not _is_flat(denial):
        return _whole(denial, dialect, parts)
    found: list[DeltaQuery] = []
    for place in _places(denial, (), 1, ()):
        columns = _columns(denial, place)
        for event in ("insert", "delete", "update"):
            for sign in _signs(place.sign, event):
                tree = _restricted(denial, place, sign)
                sql = in_dialect(tree, dialect, parts)
                found.append(DeltaQuery(place.table, event, columns, sql))
    return list(dict.fromkeys(found))


def _signs(sign: Sign, event: Event) -> tuple[Literal[1, -1], ...]:
    """Return which rows of an event matter at a place: those that come, or that go."""
    has: dict[Event, tuple[Literal[1, -1], ...]] = {
        "insert": (1,),
        "delete": (-1,),
        "update": (1, -1),
    }
    return tuple(s for s in has[event] if sign in (0, s))


def _whole(denial: exp.Query, dialect: str, parts: Parts) -> list[DeltaQuery]:
    """Return the full check for every event: what groups or nests is checked whole."""
    sql = in_dialect(denial, dialect, parts)
    events: tuple[Event, ...] = ("insert", "delete", "update")
    tables = dict.fromkeys(
        n for t in denial.find_all(exp.Table) if isinstance(n := _name(t), Name)
    )
    return [
        DeltaQuery(
            table,
            event,
            tuple(sorted(set(_named(denial, table)))),
            sql,
        )
        for table in tables
        for event in events
    ]


def _named(denial: exp.Expr, table: Name) -> Iterator[str]:
    """Yield the columns of a table that a query names."""
    for column in denial.find_all(exp.Column):
        if column.meta.get("base") == table:
            yield column.name


def _name(node: exp.Table) -> Name | None:
    found = node.meta.get("table")
    return found if isinstance(found, Name) else None


_INNER: Final = frozenset({"", "INNER", "CROSS"})


def _is_flat(block: exp.Select) -> bool:
    """Tell whether each row of a block is made of one row of each of its tables."""
    cuts = ("group", "having", "limit", "offset", "connect", "with_", "qualify")
    if any(block.args.get(k) for k in cuts):
        return False
    if any(not _is_inner(join) for join in block.args.get("joins") or ()):
        return False
    return all(isinstance(s, exp.Table) for s in _sources(block))


def _is_inner(join: exp.Join) -> bool:
    words = (join.side, join.kind, join.method)
    return all(str(w or "").upper() in _INNER for w in words)


def _sources(block: exp.Select) -> list[exp.Expr]:
    """Return what stands in a block's FROM."""
    clause = block.args.get("from_")
    joined = [j.this for j in block.args.get("joins") or ()]
    return [clause.this, *joined] if clause else joined


def _conditions(block: exp.Select) -> list[exp.Expr]:
    """Return the conditions that all hold of a block's rows."""
    where = block.args.get("where")
    found = [j.args["on"] for j in block.args.get("joins") or () if j.args.get("on")]
    if where is not None:
        found.append(where.this)
    return [part for condition in found for part in _conjuncts(condition)]


def _conjuncts(node: exp.Expr) -> list[exp.Expr]:
    if isinstance(node, exp.Paren):
        return _conjuncts(node.this)
    if isinstance(node, exp.And):
        return [p for side in (node.this, node.expression) for p in _conjuncts(side)]
    return [node]


def _places(
    block: exp.Select,
    outer: tuple[exp.Select, ...],
    sign: Sign,
    links: tuple[exp.Expr | None, ...],
) -> Iterator[Place]:
    """Yield the places of tables in a block and in the subqueries of its conditions."""
    blocks = (*outer, block)
    for node in _sources(block):
        table = _name(node) if isinstance(node, exp.Table) else None
        if table is not None:
            yield Place(table, node.alias_or_name, blocks, sign, links)
    for condition in _conditions(block):
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
        case exp.Paren():
            yield from _inside(node.this, blocks, sign, links)
        case exp.And() | exp.Or():
            for side in (node.this, node.expression):
                yield from _inside(side, blocks, sign, links)
        case exp.Not():
            yield from _inside(node.this, blocks, _flipped(sign), links)
        case exp.Exists():
            yield from _subquery(node.this, blocks, sign, (*links, None))
        case exp.In() if node.args.get("query"):
            yield from _subquery(
                node.args["query"], blocks, sign, (*links, _link(node))
            )
            yield from _inside(node.this, blocks, 0, links)
        case exp.Select() | exp.Subquery() | exp.SetOperation():
            yield from _subquery(node, blocks, 0, (*links, None))
        case _:
            for child in node.iter_expressions():
                yield from _inside(child, blocks, 0, links)


def _flipped(sign: Sign) -> Sign:
    flips: dict[Sign, Sign] = {1: -1, -1: 1, 0: 0}
    return flips[sign]


def _subquery(
    node: exp.Expr,
    blocks: tuple[exp.Select, ...],
    sign: Sign,
    links: tuple[exp.Expr | None, ...],
) -> Iterator[Place]:
    """Yield the places in a subquery; one that groups can turn either way."""
    query = node.unnest() if isinstance(node, exp.Subquery) else node
    if isinstance(query, exp.SetOperation):
        for side in (query.this, query.expression):
            yield from _subquery(side, blocks, 0, links)
    elif isinstance(query, exp.Select):
        grouped = query.args.get("group") or query.args.get("having")
        sums = any(s.find(exp.AggFunc) for s in query.expressions)
        yield from _places(query, blocks, 0 if grouped or sums else sign, links)


def _link(node: exp.In) -> exp.Expr | None:
    """Return the condition under which a row of IN's query matters to its subject.

    An equal value decides, and so does NULL on either side.
    """
    query = node.args["query"].unnest()
    values = [s.unalias() for s in query.selects]
    subjects = (
        node.this.expressions if isinstance(node.this, exp.Tuple) else [node.this]
    )
    if len(values) != len(subjects):
        return None
    tests = [
        exp.or_(
            exp.EQ(this=subject.copy(), expression=value.copy()),
            exp.Is(this=subject.copy(), expression=exp.Null()),
            exp.Is(this=value.copy(), expression=exp.Null()),
        )
        for subject, value in zip(subjects, values, strict=True)
    ]
    return exp.and_(*tests)


def _restricted(denial: exp.Select, place: Place, sign: Literal[1, -1]) -> exp.Select:
    """Return the denial of rows that involve a changed row at a place."""
    tree = denial.copy()
    if len(place.blocks) == 1:
        for node in _sources(tree):
            if isinstance(node, exp.Table) and node.alias_or_name == place.alias:
                _redirect(node, place.table, "NEW" if sign > 0 else "OLD")
        return tree
    # First what is cheap: the rows that a changed row concerns.
    concerned = exp.Exists(this=_chain(place, sign))
    where = tree.args.get("where")
    both = exp.and_(concerned, exp.Paren(this=where.this)) if where else concerned
    tree.set("where", exp.Where(this=both))
    return tree


def _chain(place: Place, sign: Literal[1, -1]) -> exp.Select:
    """Return the subquery that finds a changed row from the denial's own row."""
    inner: exp.Select | None = None
    pairs = list(zip(place.blocks[1:], place.links, strict=True))
    for depth, (block, link) in reversed(list(enumerate(pairs))):
        last = depth == len(pairs) - 1
        found = _skeleton(block, place, sign) if last else _skeleton(block)
        tests = [c.copy() for c in _conditions(block) if not _has_query(c)]
        if link is not None and not _has_query(link):
            tests.append(link.copy())
        if inner is not None:
            tests.append(exp.Exists(this=inner))
        if tests:
            found.set("where", exp.Where(this=exp.and_(*tests)))
        inner = found
    if inner is None:
        return exp.select("1")
    return inner


def _has_query(node: exp.Expr) -> bool:
    return node.find(exp.Query) is not None


def _skeleton(
    block: exp.Select, place: Place | None = None, sign: Literal[1, -1] = 1
) -> exp.Select:
    """Return `SELECT 1 FROM` the tables of a block, one of them the changed rows.

    Beside rows that went, tables count as they are and as they were: a row that went
    may have met another that went with it.
    """
    sources = []
    for node in _sources(block):
        table = node.copy()
        name = _name(node) if isinstance(node, exp.Table) else None
        if place is not None and isinstance(table, exp.Table) and name is not None:
            if node.alias_or_name == place.alias:
                _redirect(table, name, "NEW" if sign > 0 else "OLD")
            elif sign < 0:
                _redirect(table, name, "PAST")
        sources.append(table)
    tree = exp.select(exp.Literal.number(1)).from_(sources[0])
    for table in sources[1:]:
        tree = tree.join(table, copy=False)
    return tree


def _redirect(node: exp.Table, table: Name, version: str) -> None:
    """Let a table's place read the changed rows, under the same alias."""
    alias = node.alias_or_name
    node.set("this", exp.to_identifier(transition(table, version), quoted=True))
    node.set("db", None)
    node.set("alias", exp.TableAlias(this=exp.to_identifier(alias, quoted=True)))


def transition(table: Name, version: str) -> str:
    """Return the name under which a delta reads rows that came, went, or either.

    >>> transition(Name("APP", "TICKETS"), "NEW")
    'NEW_APP_TICKETS'
    """
    return "_".join(p for p in (version, table.owner, table.name) if p)


def _columns(denial: exp.Select, place: Place) -> tuple[str, ...]:
    """Return the columns at a place on which the assertion depends.

    What only the denial's list shows does not matter.
    """
    shown = {id(c) for s in denial.expressions for c in s.find_all(exp.Column)}
    names = {
        column.name
        for column in denial.find_all(exp.Column)
        if column.table == place.alias and id(column) not in shown
    }
    return tuple(sorted(names))
