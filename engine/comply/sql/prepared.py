"""PREPARED STATEMENT -> CHANGED ROWS: INSERT, UPDATE and DELETE in DuckDB's SQL, carried out.

What a statement is in DuckDB's SQL depends on its text and on what is defined, not on the
rows there are: the same text need not be translated again. A change of a few rows, which
most are, is looked at first and then made row by row; of many, by queries that fill the
logs (see `store`).
"""

from collections.abc import Mapping
from typing import TypeAlias

from comply.classes import dataclass, field
from comply.database.connection import DatabaseError
from comply.database.duckdb import quote
from comply.dialect.errors import SqlError
from comply.dialect.schema import Table
from comply.sql.journal import FEW, STEP, Row, old, texts
from comply.sql.names import ROWID
from comply.sql.storage import column_type
from comply.sql.store import Store, base


@dataclass(frozen=True, slots=True)
class Target:
    """A table that changes, with its virtual columns in DuckDB's SQL, by name."""

    table: Table
    computed: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Inserting:
    """INSERT: what follows the table's name in DuckDB's SQL.

    If the rows are not known to be few, it is a query of them, each with its id, and without
    virtual columns. `given` are the values of its parameters by column; of one row `listed`
    are the columns in the order of VALUES, and `made` what DuckDB makes of the others.
    """

    target: Target
    rows: str
    few: bool
    given: Mapping[str, str | None] = field(default_factory=dict)
    listed: tuple[str, ...] = ()
    made: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Updating:
    """UPDATE: the new values by column, in terms of the table under its alias.

    `others` are tables that it joins, as FROM has them; `where` begins with WHERE. `once`
    tells that the values must not be asked for twice, or for no row.
    """

    target: Target
    alias: str
    values: Mapping[str, str]
    where: str
    others: str
    once: bool


@dataclass(frozen=True, slots=True)
class Deleting:
    """DELETE: the table under its alias, and which rows go."""

    table: Table
    alias: str
    where: str


Prepared: TypeAlias = Inserting | Updating | Deleting


def carry_out(store: Store, made: Prepared, *, again: bool = False) -> Table:
    """Change the rows as a statement says, in one step; return its table.

    `again` tells that the same was carried out before.

    Raises:
        SqlError: a row meets several of what is joined (ORA-30926).
        DatabaseError: an expression fails on the data.
    """
    match made:
        case Inserting():
            return _insert(store, made, again=again)
        case Updating():
            return _update(store, made, again=again)
        case Deleting():
            return _delete(store, made, again=again)


def _insert(store: Store, made: Inserting, *, again: bool) -> Table:
    table = made.target.table
    if made.few:
        store.put(table.name, made.rows, [*made.given.values()], again=again)
        return table
    step = store.next_step(table.name)
    log_new(store, made.target, f"SELECT {step}, * FROM ({made.rows})")  # noqa: S608
    store.apply(table.name, step)
    return table


def _delete(store: Store, made: Deleting, *, again: bool) -> Table:
    table, alias = made.table, made.alias
    rows = f"{alias}.* FROM {base(table.name)} AS {alias}{made.where}"
    found = store.first(f"SELECT {rows}", again=again)
    few = [texts(row) for row in found.dicts()]
    if len(few) <= FEW and None not in few:
        store.take(table.name, [row for row in few if row is not None])
        return table
    step = store.next_step(table.name)
    store.log(table.name, -1, f"SELECT {step}, {rows}")
    store.apply(table.name, step)
    return table


def _update(store: Store, made: Updating, *, again: bool) -> Table:
    table, alias = made.target.table, made.alias
    if not made.once:
        pairs = _pairs(store, made, again=again)
        if pairs is not None:
            store.turn(table.name, pairs)
            return table
    step = store.next_step(table.name)
    rows = f"FROM {base(table.name)} AS {alias}"
    if made.others:
        pairs_of = (f"{rows}, {made.others}{made.where}", "")
        log_joined(store, made.target, alias, made.values, pairs_of)
    elif store.log(table.name, -1, f"SELECT {step}, {alias}.* {rows}{made.where}"):
        went = f"FROM {old(table.name)} AS {alias} WHERE {alias}.{quote(STEP)} = {step}"
        _log_updated(store, made.target, alias, made.values, went)
    store.apply(table.name, step)
    return table


def _pairs(
    store: Store, made: Updating, *, again: bool
) -> list[tuple[Row, Row]] | None:
    """Return the rows of an UPDATE before and after, None if they are many."""
    table, alias = made.target.table, made.alias
    # What is stored has the column's type, whatever type the value has.
    new = {
        c.name: f"CAST({made.values[c.name]} AS {column_type(c)})"
        for c in table.columns
        if c.name in made.values
    }
    listed = ", ".join([f"{alias}.*", *new.values()])
    rows = f"FROM {base(table.name)} AS {alias}{made.where}"
    try:
        found = store.first(f"SELECT {listed} {rows}", again=again)
    except DatabaseError:
        # DuckDB works out what is constant even where there is no row to have it.
        return None
    if len(found.rows) > FEW:
        return None
    width = len(found.columns) - len(new)
    pairs = []
    for row in found.rows:
        went = texts(dict(zip(found.columns[:width], row[:width], strict=True)))
        values = texts(dict(zip(new, row[width:], strict=True)))
        if went is None or values is None:
            return None
        pairs.append((went, {**went, **values}))
    return pairs


def log_joined(
    store: Store,
    target: Target,
    alias: str,
    values: Mapping[str, str],
    rows: tuple[str, str],
) -> None:
    """Log the rows of an update whose new values come from rows that they meet.

    `rows` is FROM and WHERE of the pairs, in which the table goes by `alias`, and what
    else must hold of those that stay.

    Raises:
        SqlError: a row is in more than one pair (ORA-30926).
    """
    pairs, stay = rows
    row = f"{alias}.{quote(ROWID)}"
    twice = f"SELECT {row} {pairs} GROUP BY {row} HAVING COUNT(*) > 1 LIMIT 1"
    if store.connection.query(twice).rows:
        message = "unable to get a stable set of rows in the source tables"
        raise SqlError(30926, message, hint="two rows of it match one of the target")
    store.log(target.table.name, -1, f"SELECT {store.step}, {alias}.* {pairs}")
    _log_updated(store, target, alias, values, pairs + stay)


def _log_updated(
    store: Store, target: Target, alias: str, values: Mapping[str, str], rows: str
) -> None:
    """Log rows as an update leaves them; `rows` is FROM and WHERE of those before."""
    cells = [
        values.get(c.name) or f"{alias}.{quote(c.name)}" for c in target.table.columns
    ]
    row = f"{alias}.{quote(ROWID)}"
    log_new(store, target, f"SELECT {store.step}, {row}, {', '.join(cells)} {rows}")


def log_new(store: Store, target: Target, sql: str) -> None:
    """Log rows that come, with virtual columns computed from the others."""
    table = target.table
    if target.computed:
        names = [quote(STEP), quote(ROWID), *(quote(c.name) for c in table.columns)]
        cells = [target.computed.get(c.name) or quote(c.name) for c in table.columns]
        sql = (
            f"SELECT {quote(STEP)}, {quote(ROWID)}, {', '.join(cells)}"  # noqa: S608
            f" FROM ({sql}) AS {quote(table.name.name)}({', '.join(names)})"
        )
    store.log(table.name, 1, sql)
