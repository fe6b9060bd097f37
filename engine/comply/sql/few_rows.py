"""CONSTRAINTS x FEW CHANGED ROWS -> QUESTIONS: is each of them surely kept?

A few changed rows are asked about one by one, all in one query: is there another row with
this key, is the parent there, does a child still refer to it. Only where that leaves a
doubt are the checks made that tell which constraint is broken.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from comply.classes import dataclass
from comply.database.duckdb import DuckDb, quote
from comply.dialect.schema import Table
from comply.dialect.syntax import Constraint
from comply.sql.constraints import Guard, Rules
from comply.sql.enforcement import Changed
from comply.sql.journal import Row
from comply.sql.lookups import ROW
from comply.sql.names import ROWID
from comply.sql.pinned import template
from comply.sql.questions import Asked, Question
from comply.sql.store import base

References: TypeAlias = Sequence[tuple[Table, Table, Constraint]]


@dataclass(frozen=True, slots=True)
class FewRows:
    """The changed rows of a table as texts: each that came or went, with its other version.

    The other version is None where a row came or went for good, or several statements
    may have changed it.
    """

    table: Table
    came: tuple[tuple[Row, Row | None], ...]
    went: tuple[tuple[Row, Row | None], ...]
    types: Mapping[str, str]


def few_rows(connection: DuckDb, changed: Changed, table: Table) -> FewRows | None:
    """Return the rows of a table that changed, None if they are many."""
    came = changed.few(connection, table.name, 1)
    went = changed.few(connection, table.name, -1)
    if came is None or went is None:
        return None
    news = {row[ROWID]: row for row in came if changed.is_one_step}
    olds = {row[ROWID]: row for row in went if changed.is_one_step}
    return FewRows(
        table,
        tuple((row, olds.get(row[ROWID])) for row in came),
        tuple((row, news.get(row[ROWID])) for row in went),
        changed.types(table.name),
    )


def asked_about(
    guard: Guard,
    connection: DuckDb,
    changed: Changed,
    rules: Sequence[tuple[Table, Rules]],
    references: References,
) -> list[Asked] | None:
    """Return what to ask so as to know that constraints surely hold after a change.

    `references` are foreign keys with the table they point at and their own. None if that
    cannot be known so, and each check must be made.

    Raises:
        SqlError: a foreign key points at nothing.
    """
    # A condition may hold the mark of a row's column in a text of its own.
    if any(ROW in condition for _, some in rules for _, condition in some):
        return None
    asked: list[Asked] = []
    for table, some in rules:
        pointing = [r for r in references if r[0] is table]
        if not some and not pointing:
            continue
        few = few_rows(connection, changed, table)
        if few is None or not _are_filled(few, some):
            return None
        for constraint, condition in some:
            asked += _of_rule(guard, few, constraint, condition)
        for _, child, constraint in pointing:
            asked += _of_children(guard, few, child, constraint)
    return asked


def _are_filled(few: FewRows, rules: Rules) -> bool:
    """Tell whether no row has NULL where none may be."""
    needed = {
        column
        for constraint, _ in rules
        if constraint.kind in ("not_null", "primary_key")
        for column in constraint.columns
    }
    return all(row[column] is not None for row, _ in few.came for column in needed)


def _of_rule(
    guard: Guard, few: FewRows, constraint: Constraint, condition: str
) -> Iterator[Asked]:
    """Yield what to ask of a table's own constraint."""
    table, columns = few.table, constraint.columns
    match constraint.kind:
        case "unique" | "primary_key":
            rows = (row for row in _moved(few.came, columns) if _is_key(row, columns))
            yield from _asked(few, _same_key(table, columns), rows)
        case "foreign_key":
            rows = (
                row
                for row in _moved(few.came, columns)
                if all(row[column] is not None for column in columns)
            )
            parent, keys = guard.referenced(table, constraint)
            tail = _equal(parent, keys, columns)
            yield from _asked(few, tail, rows, acquits=True)
        case "check" | "not_null" if condition:
            every = tuple(column.name for column in table.columns)
            cells = ", ".join(f"{_cell(c)} AS {quote(c)}" for c in every)
            alias = quote(table.name.name)
            tail = f"FROM (SELECT {cells}) AS {alias} WHERE NOT ({condition})"
            yield from _asked(few, tail, _moved(few.came, every))
        case _:
            pass


def _of_children(
    guard: Guard, few: FewRows, child: Table, constraint: Constraint
) -> Iterator[Asked]:
    """Yield what to ask of the rows that refer to a key that went."""
    _, keys = guard.referenced(child, constraint)
    rows = (
        row
        for row in _moved(few.went, keys)
        if all(row[column] is not None for column in keys)
    )
    yield from _asked(few, _equal(child, constraint.columns, keys), rows)


def _asked(
    few: FewRows, tail: str, rows: Iterable[Row], *, acquits: bool = False
) -> Iterator[Asked]:
    """Yield a question, in DuckDB's SQL, about each of some rows."""
    question = Question(template(tail), acquits, is_short=True)
    for row in rows:
        yield Asked(question, row, few.types)


def _moved(
    rows: Iterable[tuple[Row, Row | None]], columns: tuple[str, ...]
) -> Iterator[Row]:
    """Yield the rows whose other version differs in some of the columns."""
    for row, other in rows:
        if other is None or any(row[column] != other[column] for column in columns):
            yield row


def _is_key(row: Row, columns: tuple[str, ...]) -> bool:
    """Tell whether a key counts: one that is all NULL may come twice."""
    return any(row[column] is not None for column in columns)


def _equal(table: Table, columns: Sequence[str], cells: Sequence[str]) -> str:
    """Return FROM and WHERE of the rows of a table with the row's values."""
    pairs = zip(columns, cells, strict=True)
    same = " AND ".join(f"t.{quote(column)} = {_cell(cell)}" for column, cell in pairs)
    return f"FROM {base(table.name)} t WHERE {same}"


def _same_key(table: Table, columns: tuple[str, ...]) -> str:
    """Return FROM and WHERE of the other rows of a table with the row's key.

    A key of one column is found by an index, which needs that the other condition is on
    two columns.
    """
    number = quote(ROWID)
    word = "=" if len(columns) == 1 else "IS NOT DISTINCT FROM"
    same = " AND ".join(f"t.{quote(c)} {word} {_cell(c)}" for c in columns)
    other = f"(t.{number} <> {_cell(ROWID)} OR t.{quote(columns[0])} <> {_cell(columns[0])})"
    return f"FROM {base(table.name)} t WHERE {same} AND {other}"


def _cell(column: str) -> str:
    """Return a column of the changed row."""
    return f"{quote(ROW)}.{quote(column)}"
