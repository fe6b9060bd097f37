"""MERGE as a change: matched rows are updated or go, rows without a match come."""

from sqlglot import exp

from comply.classes import dataclass
from comply.database.duckdb import quote
from comply.dialect.errors import SqlError
from comply.dialect.oracle import place_of
from comply.dialect.schema import Table
from comply.dialect.syntax import Name
from comply.sql import duckdb
from comply.sql.dml import Writer, assigned, assignment, named
from comply.sql.names import Relation, Resolver, Scope
from comply.sql.prepared import log_joined, log_new
from comply.sql.store import NEXT_ROW, base


@dataclass(frozen=True, slots=True)
class _Joined:
    """The two sides of MERGE: what names mean, and in DuckDB's SQL FROM and ON."""

    target: Relation
    source: Relation
    resolver: Resolver
    into: str
    using: str
    on: str

    @property
    def alias(self) -> str:
        """The alias of the table that changes, quoted."""
        return quote(self.target.alias)


def merge(writer: Writer, tree: exp.Merge, deleting: exp.Expr | None) -> Name:
    """Carry out a MERGE in one step; return its table.

    `deleting` is the condition of its DELETE: rows that the update leaves in such a
    state go.

    Raises:
        SqlError: two rows would update one (ORA-30926), the update changes what is
            joined by (ORA-38104), or a branch is none of Oracle's.
    """
    writer.refuse(tree, "this", "using", "on", "whens", "hint")
    table, target = writer.target(tree.this)
    resolver = Resolver(writer.source, writer.catalog, {target.alias})
    using = tree.args["using"].copy()
    source = resolver.table(using)
    on = exp.Paren(this=tree.args["on"].copy())
    resolver.expression(on, Scope((target, source)))
    joined = _Joined(
        target,
        source,
        resolver,
        f"{base(table.name)} AS {quote(target.alias)}",
        duckdb.write(writer.translator.translate(using)),
        duckdb.write(writer.translator.translate(on)),
    )
    step = writer.store.next_step(table.name)
    done: set[bool] = set()
    for part in tree.args["whens"].expressions:
        writer.refuse(part, "matched", "then")
        then, matched = part.args["then"], bool(part.args.get("matched"))
        if matched in done:
            message = "MERGE has one branch for rows that match and one for others"
            raise SqlError(0, message, place_of(then, writer.source))
        done.add(matched)
        if matched and isinstance(then, exp.Update):
            _refuse_key(writer, then, on, target)
            _update(writer, table, then, joined, deleting)
        elif not matched and isinstance(then, exp.Insert):
            _insert(writer, table, then, joined)
        else:
            message = "rows that match are updated, others inserted: nothing else"
            hint = "write WHEN MATCHED THEN UPDATE SET .. DELETE WHERE .."
            place = place_of(then, writer.source)
            raise SqlError(905, message, place, hint)
    writer.store.apply(table.name, step)
    return table.name


def _update(
    writer: Writer,
    table: Table,
    then: exp.Update,
    joined: _Joined,
    deleting: exp.Expr | None,
) -> None:
    """Log the rows that match as they were and, unless they go, as they are then."""
    scope = Scope((joined.target, joined.source))
    where = writer.where(then, scope, joined.resolver)
    pairs = f"FROM {joined.into} JOIN {joined.using} ON {joined.on}{where}"
    values = writer.assignments(table, then.expressions, scope, joined.resolver)
    stay = ""
    if deleting is not None:
        going = _after_update(writer, table, deleting, joined, values)
        stay = f"{' AND' if where else ' WHERE'} ({going}) IS NOT TRUE"
    written = {name: duckdb.write(value) for name, value in values.items()}
    target = writer.whole(table)
    log_joined(writer.store, target, joined.alias, written, (pairs, stay))


def _after_update(
    writer: Writer,
    table: Table,
    condition: exp.Expr,
    joined: _Joined,
    values: dict[str, exp.Expr],
) -> str:
    """Return a condition on what an update makes of a row, for the row before it."""
    tree = exp.Paren(this=condition.copy())
    joined.resolver.expression(tree, Scope((joined.target, joined.source)))
    translated = writer.translator.translate(tree)
    for column in list(translated.find_all(exp.Column)):
        if column.table != joined.target.alias:
            continue
        stands = table.column(column.name)
        if stands is not None and stands.virtual:
            message = f"comply cannot look at {column.name}, which is computed, here"
            raise SqlError(0, message, place_of(condition, writer.source))
        if column.name in values:
            column.replace(exp.Paren(this=values[column.name].copy()))
    return duckdb.write(translated)


def _insert(writer: Writer, table: Table, then: exp.Insert, joined: _Joined) -> None:
    """Log the rows that come for rows without a match."""
    scope = Scope((joined.source,))
    listed = then.this.expressions if then.this else []
    columns = writer.chosen(table, [named(e) for e in listed])
    writer.count(columns, then.expression.expressions)
    pairs = [
        assignment(column.name, value)
        for column, value in zip(columns, then.expression.expressions, strict=True)
    ]
    where = writer.where(then, scope, joined.resolver)
    values = writer.assignments(table, pairs, scope, joined.resolver)
    cells = [
        "NULL"
        if c.virtual
        else duckdb.write(values.get(c.name) or writer.default(table, c))
        for c in table.columns
    ]
    absent = f"NOT EXISTS (SELECT 1 FROM {joined.into} WHERE {joined.on})"  # noqa: S608
    more = f" AND ({where.removeprefix(' WHERE ')})" if where else ""
    sql = (
        f"SELECT {writer.store.step}, {NEXT_ROW}, {', '.join(cells)}"  # noqa: S608
        f" FROM {joined.using} WHERE {absent}{more}"
    )
    log_new(writer.store, writer.whole(table), sql)


def _refuse_key(
    writer: Writer, then: exp.Update, on: exp.Expr, target: Relation
) -> None:
    """Refuse an update of columns that MERGE joins by.

    Raises:
        SqlError: ORA-38104.
    """
    keys = {c.name for c in on.find_all(exp.Column) if c.table == target.alias}
    for name in assigned(then):
        if name in keys:
            shown = f'"{target.name}"."{name}"'
            message = f"Columns referenced in the ON Clause cannot be updated: {shown}"
            raise SqlError(38104, message, place_of(then, writer.source))
