"""CHANGE -> LOGGED ROWS, and the values that RETURNING gives of them."""

from sqlglot import exp

from comply.database.connection import Rows
from comply.database.duckdb import quote
from comply.dialect.changes import Change, Returned
from comply.dialect.errors import SqlError
from comply.dialect.oracle import place_of
from comply.dialect.schema import Table
from comply.dialect.syntax import Name
from comply.sql import duckdb
from comply.sql.catalog import kind_of_type
from comply.sql.dml import Writer
from comply.sql.journal import STEP, new, old
from comply.sql.merge import merge
from comply.sql.multitable import insert_all
from comply.sql.names import ROWID, Relation, Resolver, Scope
from comply.sql.prepared import Prepared

_OLD, _NEW = "ORA$OLD", "ORA$NEW"


def prepare(writer: Writer, change: Change) -> Prepared | None:
    """Return INSERT, UPDATE or DELETE in DuckDB's SQL, None for other statements.

    Raises:
        SqlError: a name does not exist, a value does not fit, a clause is not known.
    """
    tree = change.tree
    match tree:
        case exp.Insert():
            _refuse_returning(change, tree.expression, "INSERT .. SELECT")
            return writer.inserting(tree)
        case exp.Update():
            return writer.updating(tree, change.sources)
        case exp.Delete():
            return writer.deleting(tree, change.sources)
        case _:
            return None


def write(writer: Writer, change: Change) -> Name:
    """Carry out a statement that cannot be prepared; return its table.

    Raises:
        SqlError: a name does not exist, a value does not fit, a clause is not known.
        DatabaseError: an expression fails on the data.
    """
    tree = change.tree
    match tree:
        case exp.Merge():
            return merge(writer, tree, change.deleting)
        case exp.MultitableInserts():
            _refuse_returning(change, tree.args["source"], "INSERT ALL")
            return insert_all(writer, tree)
        case _:
            message = f"comply does not run {tree.key.upper()} here"
            raise SqlError(0, message, place_of(tree, writer.source))


def _refuse_returning(change: Change, given: exp.Expr, what: str) -> None:
    """Refuse RETURNING where rows come from a query.

    Raises:
        SqlError: ORA-22816.
    """
    if change.returning and isinstance(given, exp.Query):
        message = f"unsupported feature with RETURNING clause: {what}"
        raise SqlError(22816, message, hint="MERGE takes RETURNING from 23ai on")


def returned(writer: Writer, table: Table, change: Change) -> Rows:
    """Return what RETURNING asks of the rows that the last step changed.

    Without OLD or NEW a value is that before a DELETE, and that after other changes.
    A row that came has no old values, one that went no new ones: they are NULL.

    Raises:
        SqlError: a name does not exist, or sums stand beside values of single rows
            (ORA-00937).
    """
    sums = [v.value.find(exp.AggFunc) is not None for v in change.returning]
    if any(sums) and not all(sums):
        single = change.returning[sums.index(False)].value
        place = place_of(single, writer.source)
        raise SqlError(937, "not a single-group group function", place)
    listed = [
        f"{_value(writer, table, change, value)} AS {quote(value.name)}"
        for value in change.returning
    ]
    writer.store.journal.settle()
    row, step = quote(ROWID), quote(STEP)
    came, went = (
        f"(SELECT * FROM {log(table.name)} WHERE {step} = {writer.store.step})"  # noqa: S608
        f" AS {quote(name)}"
        for log, name in ((new, _NEW), (old, _OLD))
    )
    rows = [f"{quote(name)}.{row}" for name in (_NEW, _OLD)]
    order = "" if any(sums) else f" ORDER BY COALESCE({', '.join(rows)})"
    joined = f"{came} FULL JOIN {went} ON {' = '.join(rows)}{order}"
    return writer.store.connection.query(f"SELECT {', '.join(listed)} FROM {joined}")  # noqa: S608


def _value(writer: Writer, table: Table, change: Change, value: Returned) -> str:
    """Return a value of RETURNING in DuckDB's SQL."""
    plain = "OLD" if isinstance(change.tree, exp.Delete) else "NEW"
    version = _OLD if (value.version or plain) == "OLD" else _NEW
    columns = {c.name: kind_of_type(c.type) for c in table.columns}
    relation = Relation(_alias(change.tree), version, columns, table.name)
    holder = exp.Paren(this=value.value.copy())
    resolver = Resolver(writer.source, writer.catalog, {_OLD, _NEW})
    resolver.expression(holder, Scope((relation,)))
    return duckdb.write(writer.translator.translate(holder.this))


def _alias(tree: exp.Expr) -> str:
    """Return what a statement whose names are resolved calls its table."""
    target = (tree.args.get("tables") or [tree.this])[0]
    return str(target.find(exp.Table).alias_or_name)
