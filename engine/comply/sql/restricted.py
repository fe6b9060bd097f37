"""DENIAL x PLACE -> DENIAL of the rows that involve a changed row at that place."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeAlias

from sqlglot import exp

from comply.classes import dataclass
from comply.dialect.syntax import Name
from comply.sql.places import Place, Sign, conditions, sources, table_of

Event: TypeAlias = Literal["insert", "delete", "update"]
Way: TypeAlias = Literal[1, -1]

EVENTS: Final[tuple[Event, ...]] = ("insert", "delete", "update")
_ROWS: Final[Mapping[Event, tuple[Way, ...]]] = {
    "insert": (1,),
    "delete": (-1,),
    "update": (1, -1),
}


@dataclass(frozen=True, slots=True)
class DeltaTree:
    """A delta before it is written: where, for which event, and rows that come or go.

    `place` is None where an assertion is checked whole. `one` is the tree for a single
    changed row, whose columns go by the place's alias, where it cannot be derived.
    """

    table: Name
    event: Event
    columns: tuple[str, ...]
    tree: exp.Query
    place: Place | None = None
    way: Way = 1
    one: exp.Select | None = None


def restricted(denial: exp.Select, place: Place, way: Way) -> exp.Select:
    """Return the denial of rows that involve a changed row at a place."""
    tree = denial.copy()
    if len(place.blocks) == 1:
        for node in sources(tree):
            if isinstance(node, exp.Table) and node.alias_or_name == place.alias:
                _redirect(node, place.table, "NEW" if way > 0 else "OLD")
        return tree
    return concerned(tree, exp.Exists(this=chain(place, way)))


def concerned(tree: exp.Select, test: exp.Expr) -> exp.Select:
    """Add a condition to a query, the cheap one first."""
    where = tree.args.get("where")
    both = exp.and_(test, exp.Paren(this=where.this)) if where else test
    tree.set("where", exp.Where(this=both))
    return tree


def chain(place: Place, way: Way) -> exp.Select:
    """Return the subquery that finds a changed row from the denial's own row."""
    *outer, last = list(zip(place.blocks[1:], place.links, strict=True))
    inner = skeleton(last[0], place, way)
    tested(inner, local_tests(*last))
    for block, link in reversed(outer):
        found = skeleton(block)
        tested(found, [*local_tests(block, link), exp.Exists(this=inner)])
        inner = found
    return inner


def local_tests(block: exp.Select, link: exp.Expr | None) -> list[exp.Expr]:
    """Return what can be asked of a block's rows without another query."""
    asked = [*conditions(block), *([link] if link is not None else [])]
    return [test.copy() for test in asked if test.find(exp.Query) is None]


def tested(query: exp.Select, tests: list[exp.Expr]) -> None:
    """Give a query its conditions."""
    if tests:
        query.set("where", exp.Where(this=exp.and_(*tests)))


def skeleton(block: exp.Select, place: Place | None = None, way: Way = 1) -> exp.Select:
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


def ways(sign: Sign, event: Event, columns: tuple[str, ...]) -> tuple[Way, ...]:
    """Return which rows of an event matter at a place: those that come, or that go.

    Where only the number of rows matters, an update does not.
    """
    if event == "update" and not columns:
        return ()
    return tuple(way for way in _ROWS[event] if sign in (0, way))


def named_at(denial: exp.Select, place: Place) -> tuple[str, ...]:
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
