"""INSERT, UPDATE and DELETE -> PREPARED: which rows go, which come, in DuckDB's SQL.

Every expression is evaluated on the state before the statement.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from sqlglot import exp

from comply.classes import dataclass
from comply.database.duckdb import quote
from comply.dialect.errors import SqlError
from comply.dialect.oracle import condition, place_of, stored_name
from comply.dialect.schema import Schema, Table
from comply.dialect.syntax import Column, Name, Text
from comply.source import Source
from comply.sql import duckdb
from comply.sql.catalog import Catalog, kind_of_type
from comply.sql.duckdb import Translator
from comply.sql.journal import FEW
from comply.sql.kinds import kind
from comply.sql.names import (
    ROWID,
    Relation,
    Resolver,
    Scope,
    selects,
)
from comply.sql.prepared import (
    Deleting,
    Inserting,
    Target,
    Updating,
    carry_out,
)
from comply.sql.storage import constant, is_sequence, stored
from comply.sql.store import NEXT_ROW, Store, identity_sequence


@dataclass(frozen=True, slots=True)
class Writer:
    """What a statement that changes rows works with."""

    store: Store
    schema: Schema
    catalog: Catalog
    translator: Translator

    @property
    def source(self) -> Source:
        """The source of the statement."""
        return self.translator.source

    def target(self, node: exp.Expr | None) -> tuple[Table, Relation]:
        """Return the table that a statement changes, and the scope's relation of it.

        Raises:
            SqlError: it is no table, or only a part of one is meant.
        """
        if not isinstance(node, exp.Table) or not isinstance(node.this, exp.Identifier):
            message = "comply changes rows of tables, not of what a query gives"
            raise SqlError(0, message, place_of(node, self.source) if node else None)
        self.refuse(node, "this", "db", "alias")
        owner = stored_name(node.args["db"]) if node.args.get("db") else ""
        name = Name(owner, stored_name(node.this))
        resolver = Resolver(self.source, self.catalog)
        relation = resolver.table(node)
        table = self.schema.table(name, self.catalog.owner)
        if table is None:
            raise SqlError(1732, f"{name} is no table", place_of(node, self.source))
        return table, relation

    def refuse(self, tree: exp.Expr, *known: str) -> None:
        """Refuse a statement that has other clauses than those known.

        Raises:
            SqlError: it has one.
        """
        for clause, found in tree.args.items():
            if found and clause not in known:
                word = clause.rstrip("_").upper()
                message = f"comply does not understand {word} here"
                place = found if isinstance(found, exp.Expr) else tree
                raise SqlError(0, message, place_of(place, self.source))

    def insert(self, tree: exp.Insert) -> Name:
        """Carry an INSERT out; return its table."""
        return carry_out(self.store, self.inserting(tree)).name

    def inserting(self, tree: exp.Insert) -> Inserting:
        """Return an INSERT in DuckDB's SQL."""
        self.refuse(tree, "this", "expression", "hint")
        target = tree.this
        listed: list[exp.Identifier] = []
        if isinstance(target, exp.Schema):
            listed = [named(e) for e in target.expressions]
            target = target.this
        table, _ = self.target(target)
        columns = self.chosen(table, listed)
        if isinstance(tree.expression, exp.Values):
            return self._of_values(table, columns, tree.expression)
        rows = self._rows(table, columns, tree.expression)
        return self._of_query(table, columns, rows)

    def chosen(self, table: Table, listed: list[exp.Identifier]) -> list[Column]:
        """Return the columns an INSERT gives values for."""
        if not listed:
            return [c for c in table.columns if not c.invisible]
        chosen = []
        for identifier in listed:
            name = stored_name(identifier)
            column = table.column(name)
            place = place_of(identifier, self.source)
            if column is None:
                known = ", ".join(c.name for c in table.columns)
                shown = f'"{name}": invalid identifier'
                raise SqlError(904, shown, place, f"{table.name} has {known}")
            if column in chosen:
                raise SqlError(957, f'duplicate column name "{name}"', place)
            chosen.append(column)
        return chosen

    def _of_values(
        self, table: Table, columns: list[Column], tree: exp.Values
    ) -> Inserting:
        """Return an INSERT of VALUES in DuckDB's SQL."""
        rows = [
            self._values(table, columns, row.expressions)
            for row in tree.expressions
            if isinstance(row, exp.Tuple)
        ]
        virtual = any(c.virtual for c in table.columns)
        if len(rows) == 1 and not virtual:
            return self._of_row(table, rows[0])
        written = ([duckdb.write(cell) for cell in row.values()] for row in rows)
        listed = ", ".join(f"({', '.join(cells)})" for cells in written)
        made = self._of_query(table, columns, f"VALUES {listed}")
        return replace(made, few=len(rows) <= FEW and not virtual)

    def _of_row(self, table: Table, row: dict[str, exp.Expr]) -> Inserting:
        """Return an INSERT of one row.

        Sequences of ours come last: what fails leaves no gap in them. Constants become
        parameters, so that most rows of a table are inserted by the same text.
        """
        columns = {c.name: c for c in table.columns}
        rest = {n: self.default(table, c) for n, c in columns.items() if n not in row}
        cells: dict[str, str] = {}
        given: dict[str, str | None] = {}
        for name, node in {**row, **rest}.items():
            known = constant(node, columns[name])
            given.update((name, value) for value in known or ())
            cells[name] = f"${len(given)}" if known else duckdb.write(node)
        names = ", ".join(map(quote, [*cells, ROWID]))
        rows = f"({names}) VALUES ({', '.join([*cells.values(), NEXT_ROW])})"
        made = {name: cell for name, cell in cells.items() if name not in given}
        return Inserting(Target(table, {}), rows, True, given, tuple(row), made)  # noqa: FBT003

    def _rows(self, table: Table, columns: list[Column], tree: exp.Expr | None) -> str:
        """Return the query of the values to insert, stored as the columns need them."""
        if not isinstance(tree, exp.Query):
            raise SqlError(926, "missing VALUES keyword")
        query = tree.unnest() if isinstance(tree, exp.Subquery) else tree
        query = query.copy()
        Resolver(self.source, self.catalog).query(query)
        listed = selects(query)
        self.count(columns, listed)
        inner = duckdb.write(self.translator.translate(query))
        names = [f"v{i}" for i in range(len(columns))]
        values = [
            duckdb.write(stored(exp.column(n), kind(s), c, str(table.name)))
            for n, s, c in zip(names, listed, columns, strict=True)
        ]
        return f"SELECT {', '.join(values)} FROM ({inner}) q({', '.join(names)})"  # noqa: S608

    def count(self, columns: list[Column], values: Sequence[exp.Expr]) -> None:
        """Refuse a row that has not one value for each column.

        Raises:
            SqlError: ORA-00947 or ORA-00913.
        """
        if len(columns) != len(values):
            few = len(values) < len(columns)
            code, word = (947, "not enough") if few else (913, "too many")
            hint = f"{len(columns)} columns, {len(values)} values"
            raise SqlError(code, f"{word} values", hint=hint)

    def _values(
        self, table: Table, columns: list[Column], row: Sequence[exp.Expr]
    ) -> dict[str, exp.Expr]:
        """Return the values of a row by column."""
        self.count(columns, row)
        return {
            c.name: self._cell(table, c, v) for c, v in zip(columns, row, strict=True)
        }

    def _cell(self, table: Table, column: Column, value: exp.Expr) -> exp.Expr:
        """Return what to store for one value of VALUES."""
        if is_default(value):
            return self.default(table, column)
        self._writable(table, column)
        holder = exp.Paren(this=value.copy())
        Resolver(self.source, self.catalog).expression(holder, Scope(()))
        of = kind(holder.this)
        node = stored(
            self.translator.translate(holder.this), of, column, str(table.name)
        )
        if isinstance(holder.this, exp.Null) or column.default_on_null:
            return self._instead_of_null(table, column, node)
        return node

    def _instead_of_null(
        self, table: Table, column: Column, node: exp.Expr
    ) -> exp.Expr:
        generated = column.identity and column.identity.on_null
        if not generated and not column.default_on_null:
            return node
        return exp.Coalesce(this=node, expressions=[self.default(table, column)])

    def _writable(self, table: Table, column: Column) -> None:
        """Refuse values for columns that the database computes.

        Raises:
            SqlError: ORA-32795 or ORA-54013.
        """
        if column.virtual:
            raise SqlError(
                54013, f"INSERT operation disallowed on virtual column {column.name}"
            )
        if column.identity and column.identity.always:
            message = "cannot insert into a generated always identity column"
            raise SqlError(32795, message, hint=f"leave out {table.name}.{column.name}")

    def default(self, table: Table, column: Column) -> exp.Expr:
        """Return what a column gets without a value, in DuckDB's SQL."""
        if column.identity:
            sequence = identity_sequence(table.name, column.name)
            return stored(
                exp.Anonymous(
                    this="NEXTVAL", expressions=[exp.Literal.string(sequence)]
                ),
                "number",
                column,
                str(table.name),
            )
        if column.default is None:
            return stored(exp.Null(), "unknown", column, str(table.name))
        tree = exp.Paren(this=expression_of(column.default))
        Resolver(self.source, self.catalog).expression(tree, Scope(()))
        translated = self.translator.translate(tree.this)
        return stored(translated, kind(tree.this), column, str(table.name))

    def initial(self, table: Table, column: Column) -> str:
        """Return what a column that is added holds in the rows that are there."""
        if column.virtual:
            return self._computed(table, column)
        return duckdb.write(self.default(table, column))

    def _of_query(self, table: Table, columns: list[Column], rows: str) -> Inserting:
        """Return an INSERT of the rows of a query, which has some of the columns."""
        given = {c.name for c in columns}
        cells = []
        for column in table.columns:
            if column.name in given:
                cells.append(quote(column.name))
            elif column.virtual:
                cells.append(f"NULL AS {quote(column.name)}")
            else:
                default = duckdb.write(self.default(table, column))
                cells.append(f"{default} AS {quote(column.name)}")
        names = ", ".join(quote(c.name) for c in columns)
        sql = f"SELECT {', '.join(cells)} FROM ({rows}) AS v({names})"  # noqa: S608
        query = f"SELECT {NEXT_ROW}, * FROM ({sql})"  # noqa: S608
        return Inserting(self.whole(table), query, few=False)

    def whole(self, table: Table) -> Target:
        """Return a table with its virtual columns in DuckDB's SQL."""
        virtual = (c for c in table.columns if c.virtual)
        return Target(table, {c.name: self._computed(table, c) for c in virtual})

    def _computed(self, table: Table, column: Column) -> str:
        """Return the expression of a virtual column."""
        relation = self._relation(table)
        tree = exp.Paren(this=expression_of(column.virtual or Text("NULL")))
        Resolver(self.source, self.catalog).expression(tree, Scope((relation,)))
        node = self.translator.translate(tree.this)
        return duckdb.write(stored(node, kind(tree.this), column, str(table.name)))

    def _relation(self, table: Table) -> Relation:
        columns = {c.name: kind_of_type(c.type) for c in table.columns}
        return Relation(table.name.name, table.name.name, columns, table.name)

    def where(self, tree: exp.Expr, scope: Scope, resolver: Resolver) -> str:
        """Return ` WHERE ..` of a statement, empty if it has none."""
        where = tree.args.get("where")
        if where is None:
            return ""
        resolver.expression(where, scope)
        return f" WHERE {duckdb.write(self.translator.translate(where.this))}"

    def deleting(self, tree: exp.Delete, sources: exp.Query | None) -> Deleting:
        """Return a DELETE in DuckDB's SQL.

        `sources` is a query whose FROM has what it joins: a row that meets any of it
        goes.
        """
        self.refuse(tree, "this", "tables", "where", "hint")
        # Without FROM, sqlglot lists the table as one of several to delete from.
        listed = tree.args.get("tables") or [tree.this]
        table, relation = self.target(listed[0])
        scope, resolver, others = self._joined(relation, sources)
        where = self.where(tree, scope, resolver)
        if others:
            where = f" WHERE EXISTS (SELECT 1 FROM {others}{where})"  # noqa: S608
        return Deleting(table, quote(relation.alias), where)

    def updating(self, tree: exp.Update, sources: exp.Query | None) -> Updating:
        """Return an UPDATE in DuckDB's SQL; `sources` is a query whose FROM it joins."""
        self.refuse(tree, "this", "expressions", "where", "hint")
        table, relation = self.target(tree.this)
        scope, resolver, others = self._joined(relation, sources)
        where = self.where(tree, scope, resolver)
        values = self.assignments(table, tree.expressions, scope, resolver)
        target = self.whole(table)
        once = bool(others or target.computed) or any(map(_is_once, values.values()))
        written = {name: duckdb.write(value) for name, value in values.items()}
        alias = quote(relation.alias)
        return Updating(target, alias, written, where, others, once)

    def _joined(
        self, relation: Relation, sources: exp.Query | None
    ) -> tuple[Scope, Resolver, str]:
        """Return what names mean beside joined tables, and their FROM in DuckDB's SQL."""
        resolver = Resolver(self.source, self.catalog, {relation.alias})
        if sources is None:
            return Scope((relation,)), resolver, ""
        self.refuse(sources, "expressions", "from_", "joins")
        tree = sources.copy()
        inner = resolver.query(tree) or Scope(())
        written = duckdb.write(self.translator.translate(tree))
        scope = Scope((relation, *inner.relations), merged=inner.merged)
        return scope, resolver, written.removeprefix("SELECT 1 FROM ")

    def assignments(
        self,
        table: Table,
        pairs: Sequence[exp.Expr],
        scope: Scope,
        resolver: Resolver,
    ) -> dict[str, exp.Expr]:
        """Return the new values of an UPDATE's SET, by column, in DuckDB's SQL."""
        values: dict[str, exp.Expr] = {}
        for column, value in self._pairs(table, pairs):
            if column.name in values:
                raise SqlError(957, f'duplicate column name "{column.name}"')
            self._writable(table, column)
            if is_default(value):
                values[column.name] = self.default(table, column)
                continue
            holder = exp.Paren(this=value.copy())
            resolver.expression(holder, scope)
            translated = self.translator.translate(holder.this)
            of = kind(holder.this)
            values[column.name] = stored(translated, of, column, str(table.name))
        return values

    def _pairs(
        self, table: Table, pairs: Sequence[exp.Expr]
    ) -> list[tuple[Column, exp.Expr]]:
        """Return the columns and values of SET; `(a, b) = (SELECT x, y ..)` is two."""
        found: list[tuple[Column, exp.Expr]] = []
        for pair in pairs:
            target, value = pair.this, pair.args["expression"]
            if isinstance(target, exp.Tuple | exp.Paren):
                parts = target.expressions or [target.this]
                query = value.unnest()
                for i, part in enumerate(parts):
                    one = query.copy()
                    one.set("expressions", [one.selects[i]])
                    [column] = self.chosen(table, [named(part)])
                    found.append((column, exp.Subquery(this=one)))
            else:
                [column] = self.chosen(table, [named(target)])
                found.append((column, value))
        return found


def _is_once(value: exp.Expr) -> bool:
    """Tell whether a value must not be asked for twice, or where no row is.

    A sequence goes on each time, and a subquery may fail.
    """
    return any(
        isinstance(node, exp.Query | exp.Subquery) or is_sequence(node)
        for node in value.walk()
    )


def assigned(tree: exp.Update) -> list[str]:
    """Return the columns that an UPDATE sets."""
    targets = [pair.this for pair in tree.expressions]
    parts = [
        part
        for target in targets
        for part in (
            target.expressions or [target.this]
            if isinstance(target, exp.Tuple | exp.Paren)
            else [target]
        )
    ]
    return [stored_name(named(part)) for part in parts]


def assignment(column: str, value: exp.Expr) -> exp.Expr:
    """Return `column = value`, as SET has it."""
    return exp.EQ(
        this=exp.column(exp.to_identifier(column, quoted=True)), expression=value
    )


def expression_of(text: Text) -> exp.Expr:
    """Return the tree of an expression that a definition holds."""
    return _read(text.sql).copy()


@lru_cache(maxsize=64)
def _read(sql: str) -> exp.Expr:
    """Return the tree of an expression, which each row of a default would read anew."""
    return condition(Text(sql), Source("<definition>", sql))


def is_default(node: exp.Expr) -> bool:
    """Tell whether a value is the word DEFAULT."""
    return (
        isinstance(node, exp.Column)
        and not node.table
        and node.name.upper() == "DEFAULT"
        and not node.this.args.get("quoted")
    ) or (isinstance(node, exp.Var) and node.name.upper() == "DEFAULT")


def named(node: exp.Expr) -> exp.Identifier:
    """Return the identifier of a column in a list of them."""
    if isinstance(node, exp.Identifier):
        return node
    if isinstance(node.this, exp.Identifier):
        return node.this
    raise SqlError(904, f"{node.sql(dialect='oracle')}: invalid identifier")
