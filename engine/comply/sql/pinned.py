"""DELTA x ROW -> SQL: a delta for one changed row, its values in place of its columns.

DuckDB finds rows by an index only where a column meets a constant. So for the few rows
that a small transaction changes, the changed row leaves FROM and its values stand in the
conditions: what is left looks up its partners, whatever the size of their tables.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final, TypeVar

from sqlglot import exp

from comply.classes import dataclass
from comply.sql.kinds import kind
from comply.sql.lookups import ROW, plain
from comply.sql.names import ROWID
from comply.sql.places import Place, conditions, is_traced, sources
from comply.sql.restricted import DeltaTree, concerned, local_tests, selection

_Tree = TypeVar("_Tree", bound=exp.Expr)
# Kinds of which equal values are the same value.
_ALIKE: Final = frozenset({"number", "char", "date", "timestamp"})
_MARK: Final = f'"{ROW}".'


@dataclass(frozen=True, slots=True)
class Template:
    """A query with gaps: `pieces` of text, and between them the columns of the row."""

    pieces: tuple[str, ...]
    columns: tuple[str, ...]

    @property
    def used(self) -> tuple[str, ...]:
        """The columns of the row, each once: the order of the parameters."""
        return tuple(dict.fromkeys(self.columns))

    def sql(self, types: Mapping[str, str], before: int = 0) -> str:
        """Return the query with a parameter for each column, given the columns' types.

        `before` is how many parameters there are in front of it.

        >>> Template(("SELECT ", " + ", ""), ("K", "K")).sql({"K": "BIGINT"})
        'SELECT CAST($1 AS BIGINT) + CAST($1 AS BIGINT)'
        """
        number = {column: before + i + 1 for i, column in enumerate(self.used)}
        parts = [self.pieces[0]]
        for column, piece in zip(self.columns, self.pieces[1:], strict=True):
            parts += [f"CAST(${number[column]} AS {types[column]})", piece]
        return "".join(parts)


def template(sql: str) -> Template:
    """Cut the text of a pinned tree at the columns of the row.

    >>> template('SELECT 1 WHERE "ORA$ROW"."K" > 2')
    Template(pieces=('SELECT 1 WHERE ', ' > 2'), columns=('K',))
    """
    first, *rest = sql.split(_MARK)
    cut = [_named(piece) for piece in rest]
    return Template((first, *(p for _, p in cut)), tuple(c for c, _ in cut))


def _named(piece: str) -> tuple[str, str]:
    """Return the quoted name that a text begins with, and what follows."""
    end = piece.index('"', 1)
    while piece.startswith('""', end):
        end = piece.index('"', end + 2)
    return piece[1:end].replace('""', '"'), piece[end + 1 :]


def parameters(row: Mapping[str, object]) -> dict[str, str | None] | None:
    """Return the values of a row as texts that DuckDB reads, by column.

    None if one has no such text. Equal texts are equal values of a column.

    >>> parameters({"K": Decimal("1.50"), "V": None}), parameters({"R": b"x"})
    ({'K': '1.5', 'V': None}, None)
    """
    found: dict[str, str | None] = {}
    for column, value in row.items():
        match value:
            case None:
                found[column] = None
            case Decimal():
                found[column] = _digits(value)
            case bool() | int() | float():
                found[column] = str(value)
            case str() if "\0" not in value:
                found[column] = value
            case datetime():
                found[column] = value.isoformat(sep=" ")
            case _:
                return None
    return found


def _digits(value: Decimal) -> str:
    """Return a number with all its digits, without zeros behind the last."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def pinned(delta: DeltaTree, denial: exp.Query) -> exp.Select | None:
    """Return a delta as a tree that reads one row's values from `ORA$ROW`.

    None where a changed row may have met others that changed with it, and where an
    assertion is checked whole.
    """
    place = delta.place
    if _is_marked(denial):
        return None
    if delta.one is not None and place is not None:
        return _rowed(delta.one.copy(), place)
    if place is None or not is_traced(denial) or not isinstance(denial, exp.Select):
        return None
    if len(place.blocks) == 1:
        return _spread(_outermost(denial, place))
    if delta.way < 0 and len(sources(place.blocks[-1])) > 1:
        return None
    return _spread(concerned(denial.copy(), _chained(place)))


def _is_marked(denial: exp.Query) -> bool:
    """Tell whether a query has what stands for the changed row in a text or a name."""
    words = denial.find_all(exp.Literal, exp.Identifier)
    return any(ROW in w.name for w in words if w.name != ROWID)


def _spread(tree: exp.Select) -> exp.Select:
    """Put the row's values for columns that must equal them, in subqueries as well.

    DuckDB looks up `x = 5` by an index, but would read the whole table for `x = t.y`
    where t.y is 5.
    """
    tests = conditions(tree)
    done: set[tuple[str, str]] = set()
    while found := _next_equal(tests, done):
        equality, column, cell = found
        done.add((column.table, column.name))
        for test in tests:
            if test is not equality:
                _replace(test, column, cell)
    return tree


def _next_equal(
    tests: Sequence[exp.Expr], done: set[tuple[str, str]]
) -> tuple[exp.Expr, exp.Column, exp.Column] | None:
    """Return a condition that sets a column equal to one of the row, and both sides."""
    for test in tests:
        if not isinstance(test, exp.EQ):
            continue
        one, other = test.this, test.expression
        if not (isinstance(one, exp.Column) and isinstance(other, exp.Column)):
            continue
        column, cell = (other, one) if one.table == ROW else (one, other)
        alike = kind(column) == kind(cell) and kind(cell) in _ALIKE
        known = column.table == ROW or (column.table, column.name) in done
        if cell.table == ROW and alike and not known:
            return test, column, cell
    return None


def _replace(test: exp.Expr, column: exp.Column, cell: exp.Column) -> None:
    for used in list(test.find_all(exp.Column)):
        if used.table == column.table and used.name == column.name:
            used.replace(cell.copy())


def acquitting(tree: exp.Select) -> exp.Select | None:
    """Return a query that has a row if `tree` has none.

    There is one where all that `tree` asks of the changed row is that another is not
    there: to look for that is less work than to conclude that it is missing.
    """
    tests = conditions(tree)
    if sources(tree) or len(tests) != 1 or not isinstance(tests[0], exp.Not):
        return None
    absent = plain(tests[0].this)
    if not isinstance(absent, exp.Exists) or not isinstance(absent.this, exp.Select):
        return None
    asked = absent.this.copy()
    if not any(s.find(exp.AggFunc) for s in asked.expressions):
        asked.set("expressions", [exp.Literal.number(1)])
    return asked


def _outermost(denial: exp.Select, place: Place) -> exp.Select:
    """Return the denial with a table of its own FROM taken out."""
    tree = denial.copy()
    rest = [s for s in sources(tree) if s.alias_or_name != place.alias]
    tests = [exp.Paren(this=c.copy()) for c in conditions(tree)]
    for listed in tree.expressions:
        if isinstance(listed, exp.Column):
            listed.replace(exp.alias_(listed.copy(), listed.name, quoted=True))
    tree.set("from_", exp.From(this=rest[0].copy()) if rest else None)
    tree.set("joins", [exp.Join(this=node.copy()) for node in rest[1:]])
    tree.set("where", exp.Where(this=exp.and_(*tests)) if tests else None)
    return _rowed(tree, place)


def _chained(place: Place) -> exp.Expr:
    """Return the condition that ties the denial's own row to the changed one."""
    *outer, last = list(zip(place.blocks[1:], place.links, strict=True))
    rest = [s.copy() for s in sources(last[0]) if s.alias_or_name != place.alias]
    tests = [_rowed(test, place) for test in local_tests(*last)]
    found = _existing(rest, tests)
    for block, link in reversed(outer):
        around = [s.copy() for s in sources(block)]
        found = _existing(around, [*local_tests(block, link), found])
    return found


def _existing(tables: Sequence[exp.Expr], tests: list[exp.Expr]) -> exp.Expr:
    """Return a condition: there is such a row, or without tables the tests alone."""
    both = exp.and_(*tests) if tests else exp.true()
    if not tables:
        return exp.Paren(this=both)
    return exp.Exists(this=selection(tables).where(both, copy=False))


def _rowed(tree: _Tree, place: Place) -> _Tree:
    """Let the columns of the changed row be those of `ORA$ROW`."""
    for column in tree.find_all(exp.Column):
        if column.table == place.alias:
            column.set("table", exp.to_identifier(ROW, quoted=True))
    return tree
