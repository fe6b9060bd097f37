"""DENIAL x PLACE -> DIRECTIONS: how a column may move without breaking anything.

An agreement that ends later covers what it covered; a salary that falls stays under its
limit. Where a column stands in one condition only, as a bound, an update that moves it
the harmless way leaves every row that met the condition meeting it, or lets none meet it
that did not. Blakeley, Coburn and Larson, "Updating derived relations: detecting irrelevant and
autonomously computable updates", TODS 14 (1989), is about the same question.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final, Literal, TypeAlias

from sqlglot import exp

from comply.sql.kinds import kind
from comply.sql.places import Place, conditions

More: TypeAlias = Literal[1, -1]

_ORDERED: Final = frozenset({"number", "date", "timestamp"})


def directions(
    denial: exp.Query, place: Place | None, way: More
) -> Mapping[str, tuple[More, bool]]:
    """Return the columns at a place that may move: where to, and whether they are numbers.

    The way is from the version of a row that is looked at to its other version: from a
    row that went to the one that came in its stead, or back.
    """
    if place is None or place.sign != way:
        return {}
    found: dict[str, tuple[More, bool]] = {}
    for test in conditions(place.blocks[-1]):
        for column, more in _bounds(test):
            own = column.table == place.alias and kind(column) in _ORDERED
            if own and _stands_once(denial, column):
                found[column.name] = more, kind(column) == "number"
    return found


def _bounds(test: exp.Expr) -> Iterator[tuple[exp.Column, More]]:
    """Yield the columns that bound a condition: 1 where more of it is met by more."""
    sides: list[tuple[exp.Expr, More]] = []
    match test:
        case exp.GT() | exp.GTE():
            sides = [(test.this, 1), (test.expression, -1)]
        case exp.LT() | exp.LTE():
            sides = [(test.this, -1), (test.expression, 1)]
        case exp.Between():
            sides = [(test.args["low"], -1), (test.args["high"], 1)]
        case _:
            pass
    for side, more in sides:
        if isinstance(side, exp.Column):
            yield side, more


def _stands_once(denial: exp.Query, column: exp.Column) -> bool:
    """Tell whether a column stands nowhere else, what the denial only shows left out."""
    shown = {id(c) for s in denial.selects for c in s.find_all(exp.Column)}
    found = [
        other
        for other in denial.find_all(exp.Column)
        if id(other) not in shown
        and (other.table, other.name) == (column.table, column.name)
    ]
    return len(found) == 1


def is_harmless(
    row: str | None, other: str | None, direction: tuple[More, bool] | None
) -> bool:
    """Tell whether a value may become another, both as `parameters` writes them.

    >>> is_harmless("9", "10", (1, True)), is_harmless("9", "10", None)
    (True, False)
    """
    if row == other:
        return True
    if direction is None or row is None or other is None:
        return False
    more, is_number = direction
    # Moments are written so that their texts are in the order of time.
    grows = Decimal(row) < Decimal(other) if is_number else row < other
    return grows == (more > 0)
