"""INSERT ALL and INSERT FIRST: one query, whose rows are shared out among tables."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from sqlglot import exp

from comply.database.duckdb import quote
from comply.dialect.syntax import Name
from comply.sql import duckdb
from comply.sql.dml import Writer, is_default
from comply.sql.kinds import kind
from comply.sql.names import Resolver, label, output_of, selects

_NAME: Final = "ORA$SHARED"


def insert_all(writer: Writer, tree: exp.MultitableInserts) -> Name:
    """Answer the query once, then insert its rows; return the last table.

    Raises:
        SqlError: a name does not exist, a value does not fit.
    """
    query = tree.args["source"].unnest().copy()
    Resolver(writer.source, writer.catalog).query(query)
    label(query)
    answer = duckdb.write(writer.translator.translate(query))
    made = f"CREATE OR REPLACE TEMP TABLE {quote(_NAME)} AS {answer}"
    writer.store.connection.run(made)
    shared = {output_of(s): kind(s) for s in selects(query)}
    relations = {**writer.catalog.relations, Name("", _NAME): shared}
    own = replace(writer, catalog=replace(writer.catalog, relations=relations))
    table = Name("", "")
    for part, test in _branches(tree):
        table = _share_out(own, part, test)
    return table


def _share_out(writer: Writer, part: exp.Insert, test: exp.Expr | None) -> Name:
    """Insert what the shared rows give for one table."""
    target, values = part.this, part.expression
    listed: list[exp.Expr] = [exp.Star()]
    if isinstance(values, exp.Values):
        given = values.expressions[0].expressions
        if any(is_default(v) for v in given):
            target, given = _without_defaults(writer, target, given)
        listed = [exp.Paren(this=v) for v in given]
    query = exp.select(*listed).from_(exp.Table(this=exp.to_identifier(_NAME)))
    if test is not None:
        query = query.where(test)
    return writer.insert(exp.Insert(this=target, expression=query))


def _without_defaults(
    writer: Writer, target: exp.Expr, given: list[exp.Expr]
) -> tuple[exp.Expr, list[exp.Expr]]:
    """Leave out the columns whose value is DEFAULT: that is what they get without."""
    named = list(target.expressions) if isinstance(target, exp.Schema) else []
    of = target.this if isinstance(target, exp.Schema) else target
    if not named:
        table, _ = writer.target(of.copy())
        columns = writer.chosen(table, [])
        named = [exp.to_identifier(c.name, quoted=True) for c in columns]
        writer.count(columns, given)
    pairs = [(n, v) for n, v in zip(named, given, strict=False) if not is_default(v)]
    schema = exp.Schema(this=of, expressions=[name for name, _ in pairs])
    return schema, [value for _, value in pairs]


def _branches(
    tree: exp.MultitableInserts,
) -> Iterator[tuple[exp.Insert, exp.Expr | None]]:
    """Yield the tables of INSERT ALL or FIRST with the condition of their rows.

    A row counts for WHEN where the condition is true, and for ELSE where none was.
    """
    before: list[exp.Expr] = []
    test: exp.Expr | None = None
    for part in tree.expressions:
        own = part.args.get("expression")
        if own is not None:
            test = exp.Paren(this=own)
            if str(tree.args["kind"]).upper() == "FIRST":
                test = exp.and_(test, *[_not_true(t) for t in before])
            before.append(exp.Paren(this=own))
        elif part.args.get("else_"):
            test = exp.and_(*[_not_true(t) for t in before])
        yield part.this, test.copy() if test is not None else None


def _not_true(test: exp.Expr) -> exp.Expr:
    """Return `LNNVL(test)`: false or unknown."""
    return exp.Anonymous(this="LNNVL", expressions=[test.copy()])
