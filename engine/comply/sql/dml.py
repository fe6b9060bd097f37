"""INSERT, UPDATE, DELETE and MERGE as changes: which rows go, which come.

Each statement is turned into queries that fill the log of its table (see `store`);
every expression is evaluated on the state before the statement.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from comply.database.duckdb import quote
from comply.dialect.errors import SqlError
from comply.dialect.oracle import condition, place_of, stored_name
from comply.dialect.schema import Schema, Table
from comply.dialect.syntax import Column, Name, Text
from comply.source import Source
from comply.sql import duckdb
from comply.sql.catalog import Catalog, kind_of_type
from comply.sql.duckdb import Translator
from comply.sql.kinds import kind
from comply.sql.names import (
    ROWID,
    Relation,
    Resolver,
    Scope,
    label,
    output_of,
    selects,
)
from comply.sql.storage import stored
from comply.sql.store import STEP, Store, base, identity_sequence, old

_SHARED = quote("ORA$SHARED")


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

    def write(self, tree: exp.Expr) -> Name:
        """Carry out a statement; return its table.

        Raises:
            SqlError: a name does not exist, a value does not fit.
            DatabaseError: an expression fails on the data.
        """
        match tree:
            case exp.Insert():
                return self._insert(tree)
            case exp.Update():
                return self._update(tree)
            case exp.Delete():
                return self._delete(tree)
            case exp.Merge():
                return self._merge(tree)
            case exp.MultitableInserts():
                return self._insert_all(tree)
            case _:
                message = f"comply does not run {tree.key.upper()} here"
                raise SqlError(0, message, place_of(tree, self.source))

    def _target(self, node: exp.Expr | None) -> tuple[Table, Relation]:
        """Return the table that a statement changes, and the scope's relation of it."""
        if not isinstance(node, exp.Table) or not isinstance(node.this, exp.Identifier):
            raise SqlError(903, "invalid table name")
        owner = stored_name(node.args["db"]) if node.args.get("db") else ""
        name = Name(owner, stored_name(node.this))
        resolver = Resolver(self.source, self.catalog)
        relation = resolver.table(node)
        table = self.schema.table(name, self.catalog.owner)
        if table is None:
            raise SqlError(1732, f"{name} is no table", place_of(node, self.source))
        return table, relation

    def _refuse(self, tree: exp.Expr, *clauses: str) -> None:
        for clause in clauses:
            if tree.args.get(clause):
                message = f"comply does not understand {clause.upper()} here"
                raise SqlError(0, message, place_of(tree, self.source))

    def _insert(self, tree: exp.Insert) -> Name:
        self._refuse(tree, "returning", "conflict", "where")
        target = tree.this
        listed: list[exp.Identifier] = []
        if isinstance(target, exp.Schema):
            listed = [_named(e) for e in target.expressions]
            target = target.this
        table, _ = self._target(target)
        columns = self._chosen(table, listed)
        rows = self._rows(table, columns, tree.expression)
        self._add(table, columns, rows)
        return table.name

    def _chosen(self, table: Table, listed: list[exp.Identifier]) -> list[Column]:
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

    def _rows(self, table: Table, columns: list[Column], tree: exp.Expr | None) -> str:
        """Return the query of the values to insert, stored as the columns need them."""
        if isinstance(tree, exp.Values):
            rows = [
                self._values(table, columns, row.expressions)
                for row in tree.expressions
                if isinstance(row, exp.Tuple)
            ]
            return "VALUES " + ", ".join(rows)
        if not isinstance(tree, exp.Query):
            raise SqlError(926, "missing VALUES keyword")
        query = tree.unnest() if isinstance(tree, exp.Subquery) else tree
        query = query.copy()
        Resolver(self.source, self.catalog).query(query)
        listed = selects(query)
        self._count(columns, listed)
        inner = duckdb.write(self.translator.translate(query))
        names = [f"v{i}" for i in range(len(columns))]
        values = [
            duckdb.write(stored(exp.column(n), kind(s), c, str(table.name)))
            for n, s, c in zip(names, listed, columns, strict=True)
        ]
        return f"SELECT {', '.join(values)} FROM ({inner}) q({', '.join(names)})"  # noqa: S608

    def _count(self, columns: list[Column], values: Sequence[exp.Expr]) -> None:
        if len(columns) != len(values):
            few = len(values) < len(columns)
            code, word = (947, "not enough") if few else (913, "too many")
            hint = f"{len(columns)} columns, {len(values)} values"
            raise SqlError(code, f"{word} values", hint=hint)

    def _values(
        self, table: Table, columns: list[Column], row: Sequence[exp.Expr]
    ) -> str:
        self._count(columns, row)
        cells = [
            duckdb.write(self._cell(table, c, v))
            for c, v in zip(columns, row, strict=True)
        ]
        return f"({', '.join(cells)})"

    def _cell(self, table: Table, column: Column, value: exp.Expr) -> exp.Expr:
        """Return what to store for one value of VALUES."""
        if _is_default(value):
            return self._default(table, column)
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
        return exp.Coalesce(this=node, expressions=[self._default(table, column)])

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

    def _default(self, table: Table, column: Column) -> exp.Expr:
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
        return duckdb.write(self._default(table, column))

    def _add(self, table: Table, columns: list[Column], rows: str) -> None:
        """Log new rows and carry the step out."""
        step = self.store.next_step(table.name)
        given = {c.name for c in columns}
        cells = []
        for column in table.columns:
            if column.name in given:
                cells.append(quote(column.name))
            elif column.virtual:
                cells.append(f"NULL AS {quote(column.name)}")
            else:
                default = duckdb.write(self._default(table, column))
                cells.append(f"{default} AS {quote(column.name)}")
        names = ", ".join(quote(c.name) for c in columns)
        sql = f"SELECT {', '.join(cells)} FROM ({rows}) AS v({names})"  # noqa: S608
        row = f"NEXTVAL({duckdb.write(exp.Literal.string(quote(ROWID)))})"
        rows = f"SELECT {step}, {row}, * FROM ({sql})"  # noqa: S608
        self._log_new(table, rows)
        self.store.apply(table.name, step)

    def _log_new(self, table: Table, sql: str) -> None:
        """Log rows that come, with virtual columns computed from the others."""
        virtual = [c for c in table.columns if c.virtual]
        if virtual:
            names = [quote(STEP), quote(ROWID), *(quote(c.name) for c in table.columns)]
            cells = [
                self._computed(table, c) if c.virtual else quote(c.name)
                for c in table.columns
            ]
            own = quote(table.name.name)
            sql = (
                f"SELECT {quote(STEP)}, {quote(ROWID)}, {', '.join(cells)}"  # noqa: S608
                f" FROM ({sql}) AS {own}({', '.join(names)})"
            )
        self.store.log(table.name, 1, sql)

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

    def _where(self, tree: exp.Expr, scope: Scope, resolver: Resolver) -> str:
        """Return ` WHERE ..` of a statement, empty if it has none."""
        where = tree.args.get("where")
        if where is None:
            return ""
        resolver.expression(where, scope)
        return f" WHERE {duckdb.write(self.translator.translate(where.this))}"

    def _delete(self, tree: exp.Delete) -> Name:
        self._refuse(tree, "returning", "using", "limit", "order")
        # Without FROM, sqlglot lists the table as one of several to delete from.
        listed = tree.args.get("tables") or [tree.this]
        table, relation = self._target(listed[0])
        resolver = Resolver(self.source, self.catalog, {relation.alias})
        where = self._where(tree, Scope((relation,)), resolver)
        step = self.store.next_step(table.name)
        alias = quote(relation.alias)
        self.store.log(
            table.name,
            -1,
            f"SELECT {step}, {alias}.* FROM {base(table.name)} AS {alias}{where}",  # noqa: S608
        )
        self.store.apply(table.name, step)
        return table.name

    def _update(self, tree: exp.Update) -> Name:
        self._refuse(tree, "returning", "from_", "limit", "order")
        table, relation = self._target(tree.this)
        resolver = Resolver(self.source, self.catalog, {relation.alias})
        scope = Scope((relation,))
        where = self._where(tree, scope, resolver)
        values = self._assignments(table, tree.expressions, scope, resolver)
        alias = quote(relation.alias)
        step = self.store.next_step(table.name)
        self.store.log(
            table.name,
            -1,
            f"SELECT {step}, {alias}.* FROM {base(table.name)} AS {alias}{where}",  # noqa: S608
        )
        cells = [values.get(c.name, f"{alias}.{quote(c.name)}") for c in table.columns]
        self._log_new(
            table,
            f"SELECT {step}, {alias}.{quote(ROWID)}, {', '.join(cells)}"  # noqa: S608
            f" FROM {old(table.name)} AS {alias} WHERE {alias}.{quote(STEP)} = {step}",
        )
        self.store.apply(table.name, step)
        return table.name

    def _assignments(
        self,
        table: Table,
        pairs: Sequence[exp.Expr],
        scope: Scope,
        resolver: Resolver,
    ) -> dict[str, str]:
        """Return the new values of an UPDATE's SET, by column."""
        values: dict[str, str] = {}
        for column, value in self._pairs(table, pairs):
            if column.name in values:
                raise SqlError(957, f'duplicate column name "{column.name}"')
            self._writable(table, column)
            if _is_default(value):
                node = self._default(table, column)
            else:
                holder = exp.Paren(this=value.copy())
                resolver.expression(holder, scope)
                of = kind(holder.this)
                translated = self.translator.translate(holder.this)
                node = stored(translated, of, column, str(table.name))
            values[column.name] = duckdb.write(node)
        return values

    def _insert_all(self, tree: exp.MultitableInserts) -> Name:
        """INSERT ALL and INSERT FIRST: the query is answered once, then shared out."""
        query = tree.args["source"].unnest().copy()
        Resolver(self.source, self.catalog).query(query)
        label(query)
        listed = selects(query)
        answer = duckdb.write(self.translator.translate(query))
        self.store.connection.run(f"CREATE OR REPLACE TEMP TABLE {_SHARED} AS {answer}")
        shared = {output_of(s): kind(s) for s in listed}
        relations = {**self.catalog.relations, Name("", "ORA$SHARED"): shared}
        writer = replace(self, catalog=replace(self.catalog, relations=relations))
        table = Name("", "")
        for part, test in _branches(tree):
            table = writer.share_out(part, test)
        return table

    def share_out(self, part: exp.Insert, test: exp.Expr | None) -> Name:
        """Insert what the shared rows give for one table."""
        values = part.expression
        listed: list[exp.Expr] = [exp.Star()]
        if isinstance(values, exp.Values):
            listed = [exp.Paren(this=v) for v in values.expressions[0].expressions]
        query = exp.select(*listed).from_(
            exp.Table(this=exp.to_identifier("ORA$SHARED"))
        )
        if test is not None:
            query = query.where(test)
        return self._insert(exp.Insert(this=part.this, expression=query))

    def _merge(self, tree: exp.Merge) -> Name:
        """MERGE: matched rows are updated, rows without a match inserted, in one step.

        Raises:
            SqlError: two rows would update one (ORA-30926), or the update changes what
                it is joined by (ORA-38104).
        """
        table, target = self._target(tree.this)
        resolver = Resolver(self.source, self.catalog, {target.alias})
        using = tree.args["using"].copy()
        source = resolver.table(using)
        both = Scope((target, source))
        on = tree.args["on"].copy()
        holder = exp.Paren(this=on)
        resolver.expression(holder, both)
        joined = _Joined(
            f"{base(table.name)} AS {quote(target.alias)}",
            duckdb.write(self.translator.translate(using)),
            duckdb.write(self.translator.translate(holder)),
        )
        step = self.store.next_step(table.name)
        for part in tree.args["whens"].expressions:
            then = part.args["then"]
            if part.args.get("matched") and isinstance(then, exp.Update):
                _refuse_key(then, holder, target)
                self._merge_update(then, table, (both, resolver), joined)
            elif isinstance(then, exp.Insert):
                scope = Scope((source,))
                self._merge_insert(then, table, (scope, resolver), joined)
            else:
                self._refuse(then, "this")
        self.store.apply(table.name, step)
        return table.name

    def _merge_update(
        self,
        then: exp.Update,
        table: Table,
        names: tuple[Scope, Resolver],
        joined: "_Joined",
    ) -> None:
        scope, resolver = names
        where = self._where(then, scope, resolver)
        pairs = f"FROM {joined.target} JOIN {joined.source} ON {joined.on}{where}"
        alias = quote(scope.relations[0].alias)
        row = f"{alias}.{quote(ROWID)}"
        twice = f"SELECT {row} {pairs} GROUP BY {row} HAVING COUNT(*) > 1 LIMIT 1"
        if self.store.connection.query(twice).rows:
            message = "unable to get a stable set of rows in the source tables"
            raise SqlError(
                30926, message, hint="two rows of it match one of the target"
            )
        values = self._assignments(table, then.expressions, scope, resolver)
        cells = [values.get(c.name, f"{alias}.{quote(c.name)}") for c in table.columns]
        step = self.store.step
        self.store.log(table.name, -1, f"SELECT {step}, {alias}.* {pairs}")
        rows = f"SELECT {step}, {row}, {', '.join(cells)} {pairs}"
        self._log_new(table, rows)

    def _merge_insert(
        self,
        then: exp.Insert,
        table: Table,
        names: tuple[Scope, Resolver],
        joined: "_Joined",
    ) -> None:
        scope, resolver = names
        listed = then.this.expressions if then.this else []
        columns = self._chosen(table, [_named(e) for e in listed])
        self._count(columns, then.expression.expressions)
        pairs = [
            exp.EQ(
                this=exp.column(exp.to_identifier(c.name, quoted=True)), expression=v
            )
            for c, v in zip(columns, then.expression.expressions, strict=True)
        ]
        where = self._where(then, scope, resolver)
        values = self._assignments(table, pairs, scope, resolver)
        cells = [
            values.get(c.name) or duckdb.write(self._default(table, c))
            if not c.virtual
            else "NULL"
            for c in table.columns
        ]
        absent = f"NOT EXISTS (SELECT 1 FROM {joined.target} WHERE {joined.on})"  # noqa: S608
        more = f" AND ({where.removeprefix(' WHERE ')})" if where else ""
        row = f"NEXTVAL({duckdb.write(exp.Literal.string(quote(ROWID)))})"
        sql = (
            f"SELECT {self.store.step}, {row}, {', '.join(cells)}"  # noqa: S608
            f" FROM {joined.source} WHERE {absent}{more}"
        )
        self._log_new(table, sql)

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
                    [column] = self._chosen(table, [_named(part)])
                    found.append((column, exp.Subquery(this=one)))
            else:
                [column] = self._chosen(table, [_named(target)])
                found.append((column, value))
        return found


@dataclass(frozen=True, slots=True)
class _Joined:
    """The two sides of MERGE and the condition between them, in DuckDB's SQL."""

    target: str
    source: str
    on: str


def _refuse_key(then: exp.Update, on: exp.Expr, target: Relation) -> None:
    """Refuse an update of columns that MERGE joins by.

    Raises:
        SqlError: ORA-38104.
    """
    keys = {c.name for c in on.find_all(exp.Column) if c.table == target.alias}
    for name in assigned(then):
        if name in keys:
            shown = f'"{target.name}"."{name}"'
            message = f"Columns referenced in the ON Clause cannot be updated: {shown}"
            raise SqlError(38104, message)


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
    return [stored_name(_named(part)) for part in parts]


def expression_of(text: Text) -> exp.Expr:
    """Return the tree of an expression that a definition holds."""
    return condition(Text(text.sql), Source("<definition>", text.sql))


def _is_default(node: exp.Expr) -> bool:
    return (
        isinstance(node, exp.Column)
        and not node.table
        and node.name.upper() == "DEFAULT"
        and not node.this.args.get("quoted")
    ) or (isinstance(node, exp.Var) and node.name.upper() == "DEFAULT")


def _named(node: exp.Expr) -> exp.Identifier:
    """Return the identifier of a column in a list of them."""
    if isinstance(node, exp.Identifier):
        return node
    if isinstance(node.this, exp.Identifier):
        return node.this
    raise SqlError(904, f"{node.sql(dialect='oracle')}: invalid identifier")
