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

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from sqlglot import exp

from comply.dialect.syntax import Name
from comply.sql.catalog import Catalog
from comply.sql.denial import Parts, in_dialect, resolved
from comply.sql.places import (
    Place,
    Sign,
    conditions,
    is_traced,
    places,
    sources,
    table_of,
)

Event: TypeAlias = Literal["insert", "delete", "update"]
Way: TypeAlias = Literal[1, -1]

EVENTS: Final[tuple[Event, ...]] = ("insert", "delete", "update")
_ROWS: Final[Mapping[Event, tuple[Way, ...]]] = {
    "insert": (1,),
    "delete": (-1,),
    "update": (1, -1),
}


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
class DeltaTree:
    """A delta before it is written: where, for which event, and rows that come or go.

    `place` is None where an assertion is checked whole.
    """

    table: Name
    event: Event
    columns: tuple[str, ...]
    tree: exp.Query
    place: Place | None = None
    way: Way = 1


def deltas(
    parts: Parts, dialect: str, catalog: Catalog | None, *, pretty: bool = False
) -> list[DeltaQuery]:
    """Return the queries that check an assertion after each event that can break it.

    Raises:
        SqlError: a name does not exist, or the dialect is unknown.
    """
    denial = resolved(parts, catalog)
    found = [
        DeltaQuery(
            delta.table,
            delta.event,
            delta.columns,
            in_dialect(delta.tree, dialect, parts, pretty=pretty),
        )
        for delta in delta_trees(denial, catalog)
    ]
    return list(dict.fromkeys(found))


def delta_trees(denial: exp.Query, catalog: Catalog | None) -> Iterator[DeltaTree]:
    """Yield the deltas of a resolved denial, as trees in Oracle's terms."""
    if not isinstance(denial, exp.Select) or not is_traced(denial):
        yield from _whole(denial, catalog)
        return
    for place in places(denial, (), 1, ()):
        columns = _columns(denial, place)
        for event in EVENTS:
            for way in _ways(place.sign, event, columns):
                tree = _restricted(denial, place, way)
                yield DeltaTree(place.table, event, columns, tree, place, way)


def _ways(sign: Sign, event: Event, columns: tuple[str, ...]) -> tuple[Way, ...]:
    """Return which rows of an event matter at a place: those that come, or that go.

    Where only the number of rows matters, an update does not.
    """
    if event == "update" and not columns:
        return ()
    return tuple(way for way in _ROWS[event] if sign in (0, way))


def _whole(denial: exp.Query, catalog: Catalog | None) -> Iterator[DeltaTree]:
    """Yield the full check for every event: what groups or nests is checked whole."""
    for table in tables_of(denial):
        columns = tuple(sorted(set(_named(denial, table, catalog))))
        for event in EVENTS:
            if columns or event != "update":
                yield DeltaTree(table, event, columns, denial)


def tables_of(denial: exp.Query) -> list[Name]:
    """Return the tables that a resolved denial reads, each once."""
    found = (table_of(node) for node in denial.find_all(exp.Table))
    return list(dict.fromkeys(name for name in found if name is not None))


def _named(denial: exp.Query, table: Name, catalog: Catalog | None) -> Iterator[str]:
    """Yield the columns of a table that a query names, and those a join names for it."""
    for column in denial.find_all(exp.Column):
        if column.meta.get("base") == table:
            yield column.name
    for join in denial.find_all(exp.Join):
        for identifier in join.args.get("using") or ():
            yield identifier.name.upper()
        if str(join.method).upper() == "NATURAL" and catalog is not None:
            yield from catalog.relations.get(table, ())


def _restricted(denial: exp.Select, place: Place, way: Way) -> exp.Select:
    """Return the denial of rows that involve a changed row at a place."""
    tree = denial.copy()
    if len(place.blocks) == 1:
        for node in sources(tree):
            if isinstance(node, exp.Table) and node.alias_or_name == place.alias:
                _redirect(node, place.table, "NEW" if way > 0 else "OLD")
        return tree
    return concerned(tree, exp.Exists(this=_chain(place, way)))


def concerned(tree: exp.Select, test: exp.Expr) -> exp.Select:
    """Add a condition to a query, the cheap one first."""
    where = tree.args.get("where")
    both = exp.and_(test, exp.Paren(this=where.this)) if where else test
    tree.set("where", exp.Where(this=both))
    return tree


def _chain(place: Place, way: Way) -> exp.Select:
    """Return the subquery that finds a changed row from the denial's own row."""
    *outer, last = list(zip(place.blocks[1:], place.links, strict=True))
    inner = _skeleton(last[0], place, way)
    _tested(inner, local_tests(*last))
    for block, link in reversed(outer):
        found = _skeleton(block)
        _tested(found, [*local_tests(block, link), exp.Exists(this=inner)])
        inner = found
    return inner


def local_tests(block: exp.Select, link: exp.Expr | None) -> list[exp.Expr]:
    """Return what can be asked of a block's rows without another query."""
    asked = [*conditions(block), *([link] if link is not None else [])]
    return [test.copy() for test in asked if test.find(exp.Query) is None]


def _tested(query: exp.Select, tests: list[exp.Expr]) -> None:
    if tests:
        query.set("where", exp.Where(this=exp.and_(*tests)))


def _skeleton(
    block: exp.Select, place: Place | None = None, way: Way = 1
) -> exp.Select:
    """Return `SELECT 1 FROM` the tables of a block, one of them the changed rows.

    Beside rows that went, tables count as they are and as they were: a row that went
    may have met another that went with it.
    """
    tables = []
    for node in sources(block):
        table = node.copy()
        name = table_of(node)
        if place is not None and isinstance(table, exp.Table) and name is not None:
            if node.alias_or_name == place.alias:
                _redirect(table, name, "NEW" if way > 0 else "OLD")
            elif way < 0:
                _redirect(table, name, "PAST")
        tables.append(table)
    return selection(tables)


def selection(tables: Sequence[exp.Expr]) -> exp.Select:
    """Return `SELECT 1 FROM` tables."""
    tree = exp.select(exp.Literal.number(1)).from_(tables[0], copy=False)
    for table in tables[1:]:
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
