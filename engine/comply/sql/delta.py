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

from sqlglot import exp

from comply.classes import dataclass
from comply.dialect.syntax import Name
from comply.sql.catalog import Catalog
from comply.sql.denial import Parts, in_dialect, resolved
from comply.sql.grouping import core_of, grouped_trees
from comply.sql.places import is_traced, places, sources, table_of
from comply.sql.restricted import (
    EVENTS,
    DeltaTree,
    Event,
    named_at,
    restricted,
    ways,
)


@dataclass(frozen=True, slots=True)
class DeltaQuery:
    """The query that checks one event on one table, at one place of the assertion.

    It reads the rows that came from NEW_<table>, those that went from OLD_<table>, and
    where both versions count, PAST_<table>: the table as it is and OLD_<table> in one.
    An update must be checked if it touches one of `columns`. `whole` is why changed rows
    cannot be followed, where the query is the full check; else empty.
    """

    table: Name
    event: Event
    columns: tuple[str, ...]
    sql: str
    whole: str = ""


def deltas(
    parts: Parts, dialect: str, catalog: Catalog | None, *, pretty: bool = False
) -> list[DeltaQuery]:
    """Return the queries that check an assertion after each event that can break it.

    Raises:
        SqlError: a name does not exist, or the dialect is unknown.
    """
    denial = resolved(parts, catalog)
    reason = untraced(denial)
    found = [
        DeltaQuery(
            delta.table,
            delta.event,
            delta.columns,
            in_dialect(delta.tree, dialect, parts, pretty=pretty),
            reason if delta.place is None else "",
        )
        for delta in delta_trees(denial, catalog)
    ]
    return list(dict.fromkeys(found))


def delta_trees(denial: exp.Query, catalog: Catalog | None) -> Iterator[DeltaTree]:
    """Yield the deltas of a resolved denial, as trees in Oracle's terms."""
    core = core_of(denial)
    if isinstance(denial, exp.Select) and core is not None:
        yield from grouped_trees(denial, core)
        return
    if not isinstance(denial, exp.Select) or not is_traced(denial):
        yield from _whole(denial, catalog)
        return
    for place in places(denial, (), 1, ()):
        columns = named_at(denial, place)
        for event in EVENTS:
            for way in ways(place.sign, event, columns):
                tree = restricted(denial, place, way)
                yield DeltaTree(place.table, event, columns, tree, place, way)


def _whole(denial: exp.Query, catalog: Catalog | None) -> Iterator[DeltaTree]:
    """Yield the full check for every event: what groups or nests is checked whole."""
    for table in tables_of(denial):
        columns = tuple(sorted(set(_named(denial, table, catalog))))
        for event in EVENTS:
            if columns or event != "update":
                yield DeltaTree(table, event, columns, denial)


def untraced(denial: exp.Query) -> str:
    """Return why changed rows cannot be followed to the rows of a denial."""
    if not isinstance(denial, exp.Select):
        return "it joins queries by UNION, INTERSECT or MINUS"
    if denial.find(exp.Window):
        return "it asks for values over other rows (OVER)"
    joins = [str(j.side or j.method or "") for j in denial.find_all(exp.Join)]
    if any(joins) or any(j.args.get("using") for j in denial.find_all(exp.Join)):
        return "it joins from outside, or by names (LEFT JOIN, USING, NATURAL)"
    if denial.args.get("group") or denial.args.get("having"):
        return "it sums over all rows, or groups by more than columns"
    if any(isinstance(s, exp.Subquery) for s in sources(denial)):
        return "it takes rows from a query in FROM"
    return "it limits rows, or takes them from a query in FROM"


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
