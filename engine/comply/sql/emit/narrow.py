"""DELTA -> DELTA whose own rows are found by equal values of changed rows.

A delta asks with EXISTS whether a changed row concerns a row. Where that has a range in
it, PostgreSQL before 18 begins with all rows of the table; beside it `column IN (values of
the changed rows)` says nothing new, and is looked up by an index.
"""

from collections.abc import Iterator
from typing import Final

from sqlglot import exp

from comply.sql.kinds import kind
from comply.sql.places import Place, conditions, sources
from comply.sql.restricted import DeltaTree, concerned, transition

# Kinds of which two columns are compared as they are, in any database.
_ALIKE: Final = frozenset({"number", "char", "date", "timestamp"})


def narrowed(delta: DeltaTree) -> exp.Query:
    """Return a delta's tree, narrowed where a column ties its rows to changed ones."""
    place, tree = delta.place, delta.tree
    if place is None or len(place.blocks) == 1 or not isinstance(tree, exp.Select):
        return tree
    tie = _tie(place)
    if tie is None:
        return tree
    outer, inner = tie
    name = transition(place.table, "NEW" if delta.way > 0 else "OLD")
    changed = exp.Table(
        this=exp.to_identifier(name, quoted=True),
        alias=exp.TableAlias(this=exp.to_identifier(place.alias, quoted=True)),
    )
    values = exp.Select(expressions=[inner.copy()]).from_(changed, copy=False)
    member = exp.In(this=outer.copy(), query=exp.Subquery(this=values))
    return concerned(tree.copy(), member)


def _tie(place: Place) -> tuple[exp.Column, exp.Column] | None:
    """Return a column of the outermost block and the changed row's that equals it."""
    pairs = list(_equal(place))
    own = {s.alias_or_name for s in sources(place.blocks[0])}
    for start in [c for pair in pairs for c in pair if c.table == place.alias]:
        reached = {_cell(start): start}
        for _ in pairs:
            for one, other in pairs:
                for here, there in ((one, other), (other, one)):
                    if _cell(here) in reached:
                        reached.setdefault(_cell(there), there)
        for column in reached.values():
            if column.table in own:
                return column, start
    return None


def _cell(column: exp.Column) -> tuple[str, str]:
    return column.table, column.name


def _equal(place: Place) -> Iterator[tuple[exp.Column, exp.Column]]:
    """Yield the columns that are equal where a row at a place matters."""
    for test in (test for block in place.blocks for test in conditions(block)):
        if isinstance(test, exp.EQ):
            one, other = test.this, test.expression
            columns = isinstance(one, exp.Column) and isinstance(other, exp.Column)
            if columns and kind(one) == kind(other) in _ALIKE:
                yield one, other
