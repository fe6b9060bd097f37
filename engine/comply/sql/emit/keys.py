"""DENIAL -> KEY by whose values transactions are serialised.

Two transactions can only break an assertion together if rows of both take part in one
violation. Where conditions set a column of every row that takes part equal to the same
value, transactions that change rows of different values need not wait for each other.

An equality ties the rows of its own block and those inside it. It does not tie rows
further out: where it does not hold the subquery is empty, and that may be the violation.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal, TypeAlias

from sqlglot import exp

from comply.classes import dataclass, field
from comply.dialect.syntax import Name
from comply.sql.kinds import kind
from comply.sql.places import Place, conditions, is_traced, places

Family: TypeAlias = Literal["", "number", "text"]
"""Kinds whose equal values have one text; "" where all changes are serialised."""

_Cell: TypeAlias = tuple[str, str]
_Equality: TypeAlias = tuple[_Cell, _Cell, Family]

_FAMILIES: Final[Mapping[str, Family]] = {
    "number": "number",
    "char": "text",
    "padded": "text",
}


@dataclass(frozen=True, slots=True)
class Lock:
    """What transactions lock before they check.

    `columns` are those, by table, whose values are locked; with no family there are
    none, and one lock serves all changes. `alone` means that every row breaks the
    assertion by itself, so that nothing need be locked.
    """

    family: Family = ""
    columns: Mapping[Name, tuple[str, ...]] = field(default_factory=dict)
    alone: bool = False


def lock_of(denial: exp.Query) -> Lock:
    """Return what transactions that change an assertion's tables must lock."""
    if not isinstance(denial, exp.Select) or not is_traced(denial):
        return Lock()
    found = list(places(denial, (), 1, ()))
    first = found[0]
    if len(first.blocks) > 1:
        return Lock()
    if len(found) == 1:
        return Lock(alone=True)
    for cell, family in _starts(found, first.alias).items():
        tied = [_tied(place, cell) for place in found]
        if all(tied):
            return Lock(family, _by_table(found, tied))
    return Lock()


def _starts(found: Sequence[Place], alias: str) -> dict[_Cell, Family]:
    """Return the columns at an alias that are set equal to others."""
    equalities = [e for place in found for e in _equalities(place)]
    return {
        cell: family
        for one, other, family in equalities
        for cell in (one, other)
        if cell[0] == alias
    }


def _equalities(place: Place) -> Iterator[_Equality]:
    """Yield the columns that must be equal for a row at a place to matter."""
    for block in place.blocks:
        for test in conditions(block):
            if not isinstance(test, exp.EQ):
                continue
            one, other = test.this, test.expression
            if isinstance(one, exp.Column) and isinstance(other, exp.Column):
                family = _FAMILIES.get(kind(one), "")
                if family and family == _FAMILIES.get(kind(other)):
                    yield (one.table, one.name), (other.table, other.name), family


def _tied(place: Place, start: _Cell) -> str:
    """Return the column at a place that must equal `start`, "" if there is none."""
    equalities = list(_equalities(place))
    equal = {start}
    grown = True
    while grown:
        more = {
            cell
            for one, other, _ in equalities
            if one in equal or other in equal
            for cell in (one, other)
        }
        grown = not more <= equal
        equal |= more
    if place.alias == start[0]:
        return start[1]
    return min((name for alias, name in equal if alias == place.alias), default="")


def _by_table(
    found: Sequence[Place], tied: Sequence[str]
) -> dict[Name, tuple[str, ...]]:
    columns: dict[Name, dict[str, None]] = {}
    for place, column in zip(found, tied, strict=True):
        columns.setdefault(place.table, {})[column] = None
    return {table: tuple(names) for table, names in columns.items()}
