"""DDL in the sandbox: what a definition does to the stored tables and assertions."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from sqlglot import exp

from comply.classes import dataclass
from comply.database.connection import DatabaseError
from comply.database.duckdb import quote
from comply.dialect.apply import apply
from comply.dialect.changes import Change
from comply.dialect.errors import SqlError
from comply.dialect.oracle import query as parse_query
from comply.dialect.schema import Schema, Table, find
from comply.dialect.statements import Statement
from comply.dialect.syntax import (
    AlterAssertion,
    AlterTable,
    Column,
    Constraint,
    CreateAssertion,
    CreateIndex,
    CreateProgram,
    CreateSequence,
    CreateTable,
    CreateView,
    DataType,
    Definition,
    Drop,
    Name,
    Rename,
    Truncate,
)
from comply.sql import duckdb
from comply.sql.assertion import read
from comply.sql.catalog import Catalog, Kind, catalog_of
from comply.sql.dml import Writer
from comply.sql.duckdb import Translator
from comply.sql.enforcement import enforce, remember
from comply.sql.errors import AssertionViolated
from comply.sql.kinds import kind
from comply.sql.names import Resolver, output_of, selects
from comply.sql.session import Session, rules_of
from comply.sql.storage import column_type
from comply.sql.store import base

_CREATE_FAILED: Final = "ORA-08689: CREATE ASSERTION failed"
_NOT_VALIDATED: Final = (
    "ORA-08704: SQL assertion {} is enabled but failed to validate existing data."
)


@dataclass(frozen=True, slots=True)
class Definer:
    """One definition, to be carried out in a session."""

    session: Session
    statement: Statement
    translator: Translator

    def define(self, made: Definition) -> None:
        """Carry out a definition; what was changed before it is committed first.

        Raises:
            SqlError: the commit fails, or Oracle would refuse the definition.
            DatabaseError: an expression in it fails on the data.
        """
        session = self.session
        session.commit()
        session.store.journal.empty()
        before, catalog = session.schema, session.catalog
        applied = before
        try:
            if isinstance(made, CreateTable) and made.query:
                made = self._with_columns(made)
            applied = apply(before, made, self.statement.source)
            session.schema = applied
            self._refresh()
            carry_out = _EFFECTS.get(type(made))
            if carry_out:
                carry_out(self, made, before)
        except (SqlError, DatabaseError):
            if session.schema is applied:
                session.schema, session.catalog = before, catalog
            raise

    def _refresh(self) -> None:
        """Let names be looked up in the schema as it is now."""
        session = self.session
        session.conditions.clear()
        known = session.catalog.relations
        views = {n: c for n, c in known.items() if n in session.schema.views}
        plain = catalog_of(session.schema)
        session.catalog = Catalog(
            {**plain.relations, **views}, plain.sequences, session.catalog.owner
        )

    def _resolved(self, text: Any) -> exp.Query:  # noqa: ANN401
        tree = parse_query(text, self.statement.source)
        Resolver(self.statement.source, self.session.catalog).query(tree)
        return tree

    def _with_columns(self, made: CreateTable) -> CreateTable:
        """Return CREATE TABLE .. AS SELECT with the columns that its query gives."""
        if made.query is None or made.columns:
            return made
        tree = self._resolved(made.query)
        columns = tuple(
            Column(output_of(s), made.name.at, DataType(_TYPE_OF.get(kind(s), "CLOB")))
            for s in selects(tree)
        )
        return replace(made, columns=columns)

    def create_table(self, made: CreateTable, before: Schema) -> None:
        """Make a table; a foreign key must point at a key."""
        session = self.session
        if session.schema is before:
            return
        table = session.schema.tables[made.name]
        self._references(table)
        for constraint in rules_of(session.schema, table):
            session.condition(table, constraint)
        session.store.create(table)
        self._index_keys(table)
        if made.query:
            tree = parse_query(made.query, self.statement.source)
            target = exp.Insert(this=_table_of(made.name), expression=tree)
            Writer(
                session.store, session.schema, session.catalog, self.translator
            ).insert(target)
            session.store.forget()

    def _index_keys(self, table: Table) -> None:
        """Let the checks of keys find their rows, whatever the table's size."""
        for constraint in table.constraints:
            keyed = constraint.kind in ("primary_key", "unique", "foreign_key")
            if keyed and len(constraint.columns) == 1:
                self.session.store.index(table.name, constraint.columns[0])

    def _references(self, table: Table) -> None:
        guard = self.session.guard()
        for constraint in table.constraints:
            if constraint.references:
                guard.check_reference(table, constraint)

    def alter_table(self, made: AlterTable | Rename, before: Schema) -> None:
        """Change a table's columns as its new definition has them; check what is new.

        Columns are matched by name, renamed ones by their place.
        """
        session = self.session
        old_name = made.old if isinstance(made, Rename) else made.name
        was = before.table(old_name)
        if was is None:
            return
        position = list(before.tables).index(was.name)
        table = list(session.schema.tables.values())[position]
        self._free_of_assertions(was, table)
        if table.name != was.name:
            self._rename_table(was, table)
        self._references(table)
        known = set(was.constraints)
        try:
            self._reshape(was, table)
            for constraint in rules_of(session.schema, table):
                added = constraint not in known and constraint not in rules_of(
                    before, was
                )
                if added and constraint.state.enabled and constraint.state.validated:
                    self._validate(table, constraint)
        except (SqlError, DatabaseError):
            self._without_new(was, table)
            raise

    def _free_of_assertions(self, was: Table, table: Table) -> None:
        """Refuse to drop or rename what an assertion refers to.

        Raises:
            SqlError: ORA-08702.
        """
        names = {c.name for c in table.columns}
        if table.name == was.name and {c.name for c in was.columns} <= names:
            return
        for name, enforced in self.session.assertions.items():
            if was.name in enforced.tables:
                shown = self.session.shown(name)
                message = f"Columns are referenced by SQL assertion {shown}."
                hint = "drop the assertion first"
                raise SqlError(8702, message, self.statement.span, hint)

    def _rename_table(self, was: Table, table: Table) -> None:
        store = self.session.store
        store.create(replace(table, columns=was.columns))
        store.connection.run(
            f"INSERT INTO {base(table.name)} SELECT * FROM {base(was.name)}"  # noqa: S608
        )
        store.drop(was.name)

    def _reshape(self, was: Table, table: Table) -> None:
        store = self.session.store
        gone = [c for c in was.columns if table.column(c.name) is None]
        come = [c for c in table.columns if was.column(c.name) is None]
        if len(gone) == len(come) == 1 and len(was.columns) == len(table.columns):
            pair = f"{quote(gone[0].name)} TO {quote(come[0].name)}"
            store.alter(table.name, f"RENAME COLUMN {pair}")
            gone, come = [], []
        for column in gone:
            store.alter(table.name, f"DROP COLUMN {quote(column.name)}")
        for column in come:
            self._add_column(table, column)
        for column in table.columns:
            same = was.column(column.name)
            if same and column_type(same) != column_type(column):
                target = f"{quote(column.name)} SET DATA TYPE {column_type(column)}"
                store.alter(table.name, f"ALTER COLUMN {target}")
            if same and column.identity != same.identity:
                store.add_identity(table.name, column)

    def _without_new(self, was: Table, table: Table) -> None:
        """Take columns away again that were to come with what fails."""
        for column in table.columns:
            if len(table.columns) > len(was.columns) and not was.column(column.name):
                clause = f"DROP COLUMN IF EXISTS {quote(column.name)}"
                self.session.store.alter(table.name, clause)

    def _add_column(self, table: Table, column: Column) -> None:
        session = self.session
        added = f"{quote(column.name)} {column_type(column)}"
        session.store.alter(table.name, f"ADD COLUMN {added}")
        session.store.add_identity(table.name, column)
        if column.default or column.identity or column.virtual:
            writer = Writer(
                session.store, session.schema, session.catalog, self.translator
            )
            session.connection.run(
                f"UPDATE {base(table.name)} AS {quote(table.name.name)}"  # noqa: S608
                f" SET {quote(column.name)} = {writer.initial(table, column)}"
            )

    def _validate(self, table: Table, constraint: Constraint) -> None:
        """Check a new constraint on the rows that are there.

        Raises:
            SqlError: they break it, with the code that ALTER TABLE has for that.
        """
        condition = self.session.condition(table, constraint)
        try:
            self.session.guard().check(table, [(constraint, condition)], -1)
        except SqlError as error:
            code = _VALIDATION.get(error.code, error.code)
            if constraint.kind == "primary_key" and error.code == 1:
                code = 2437
            name = Name(table.name.owner or self.session.owner, constraint.name)
            message = f"cannot validate ({name}): existing rows break it"
            place = self.statement.source.span(constraint.at)
            raise SqlError(code, message, place) from None

    def create_view(self, made: CreateView, _before: Schema) -> None:
        """Make a view; a duality view can be defined but not queried here."""
        if made.kind == "duality":
            return
        session = self.session
        tree = self._resolved(made.body)
        listed = selects(tree)
        names = made.columns or tuple(output_of(s) for s in listed)
        columns: dict[str, Kind] = {
            n: kind(s) for n, s in zip(names, listed, strict=True)
        }
        body = duckdb.write(self.translator.translate(tree))
        head = f"CREATE OR REPLACE VIEW {base(made.name)}"
        shown = ", ".join(quote(n) for n in names)
        session.connection.run(f"{head} ({shown}) AS {body}")
        relations = {**session.catalog.relations, made.name: columns}
        session.catalog = replace(session.catalog, relations=relations)

    def create_index(self, made: CreateIndex, before: Schema) -> None:
        """A unique index is a unique constraint, checked on the rows that are there."""
        session = self.session
        table = session.schema.table(made.table)
        if not made.unique or table is None or session.schema is before:
            return
        if any(table.column(c) is None for c in made.columns):
            message = "comply does not enforce a unique index on expressions"
            raise SqlError(0, message, self.statement.source.span(made.name.at))
        rule = Constraint("unique", made.name.at, made.name.name, made.columns)
        self._validate(table, rule)

    def create_sequence(self, made: CreateSequence, before: Schema) -> None:
        """Make a sequence."""
        if self.session.schema is before:
            return
        bounds = "MINVALUE" if made.increment > 0 else "MAXVALUE"
        limit = min(made.start, 1) if made.increment > 0 else max(made.start, -1)
        self.session.connection.run(
            f"CREATE SEQUENCE {quote(made.name.name)} START {made.start}"
            f" INCREMENT {made.increment} {bounds} {limit}"
        )

    def create_program(self, made: CreateProgram, _before: Schema) -> None:
        """Refuse triggers, which would change rows behind the sandbox's back."""
        if made.kind == "TRIGGER":
            message = "comply runs no PL/SQL, so it cannot do what this trigger does"
            raise SqlError(0, message, self.statement.span)

    def truncate(self, made: Truncate, _before: Schema) -> None:
        """Empty a table; check assertions.

        Raises:
            SqlError: enabled foreign keys refer to it (ORA-02266), or with CASCADE
                such that do not say ON DELETE CASCADE (ORA-14705).
        """
        session = self.session
        table = session.schema.table(made.name)
        if table is None:
            return
        self._emptiable(table, {table.name}, cascade=made.cascade)
        session.change(Change(exp.Delete(this=_table_of(table.name))), self.translator)
        session.commit()

    def _emptiable(self, table: Table, seen: set[Name], *, cascade: bool) -> None:
        """Refuse to truncate a table that others refer to."""
        for child, constraint in self.session.guard().referring(table):
            if child is table or child.name in seen:
                continue
            message = "unique/primary keys in table referenced by enabled foreign keys"
            if not cascade:
                raise SqlError(2266, message, self.statement.span)
            reference = constraint.references
            if reference is not None and reference.on_delete != "CASCADE":
                shown = Name(child.name.owner or self.session.owner, child.name.name)
                message = (
                    "unique or primary keys referenced by enabled foreign keys in"
                    f" table {shown}"
                )
                raise SqlError(14705, message, self.statement.span)
            self._emptiable(child, seen | {child.name}, cascade=cascade)

    def drop(self, made: Drop, before: Schema) -> None:
        """Drop an object from DuckDB as well."""
        session = self.session
        match made.kind:
            case "TABLE":
                gone = before.table(made.name)
                if gone:
                    self._drop_table(made, gone, before)
            case "VIEW" | "MATERIALIZED VIEW":
                view = find(before.views, made.name)
                if view:
                    session.connection.run(f"DROP VIEW IF EXISTS {base(view.name)}")
            case "SEQUENCE":
                sequence = find(before.sequences, made.name)
                if sequence:
                    session.connection.run(f"DROP SEQUENCE {quote(sequence.name.name)}")
            case "ASSERTION":
                kept = session.schema.assertions
                session.assertions = {
                    n: e for n, e in session.assertions.items() if n in kept
                }
            case _:
                pass

    def _drop_table(self, made: Drop, gone: Table, before: Schema) -> None:
        """Drop a table; CASCADE CONSTRAINTS takes what refers to it along.

        Raises:
            SqlError: a foreign key (ORA-02449) or an assertion (ORA-08702) refers to it.
        """
        session = self.session
        guard = replace(session.guard(), schema=before)
        others = [c for c, _ in guard.referring(gone) if c is not gone]
        if others and not made.cascade:
            message = "unique/primary keys in table referenced by foreign keys"
            hint = f"{others[0].name} refers to it; add CASCADE CONSTRAINTS"
            raise SqlError(2449, message, self.statement.span, hint)
        bound = [n for n, e in session.assertions.items() if gone.name in e.tables]
        if bound and not made.cascade:
            message = (
                f"Columns are referenced by SQL assertion {session.shown(bound[0])}."
            )
            raise SqlError(
                8702, message, self.statement.span, "drop the assertion first"
            )
        for name in bound:
            del session.assertions[name]
        kept = {n: a for n, a in session.schema.assertions.items() if n not in bound}
        session.schema = replace(session.schema, assertions=kept)
        session.store.drop(gone.name)

    def create_assertion(self, made: CreateAssertion, before: Schema) -> None:
        """Put an assertion in force, checked on the rows that are there.

        Raises:
            AssertionViolated: they break it (ORA-08689 before ORA-08601).
        """
        session = self.session
        if session.schema is before:
            return
        if made.state.validated and not made.state.enabled:
            message = "DISABLE VALIDATE is not supported for SQL assertions"
            raise SqlError(8701, message, self.statement.span)
        enforced = enforce(read(self.statement, made), session.catalog, self.translator)
        self._real_tables(enforced.tables)
        if made.state.validated:
            enforced.check(
                session.connection, session.shown(made.name), before=_CREATE_FAILED
            )
        elif made.state.enabled:
            enforced = remember(enforced, session.connection)
        session.assertions[made.name] = enforced
        for table, column in enforced.joined:
            session.store.index(table, column)

    def _real_tables(self, names: frozenset[Name]) -> None:
        for name in names:
            if name not in self.session.schema.tables:
                message = f"{name} is a view; assertions are on tables"
                raise SqlError(0, message, self.statement.span)

    def alter_assertion(self, made: AlterAssertion, before: Schema) -> None:
        """Switch an assertion on or off; VALIDATE checks the rows that are there.

        Raises:
            AssertionViolated: they break it (ORA-08704 before ORA-08601); it is in force
                for changes from then on.
        """
        session = self.session
        found = find(session.schema.assertions, made.name)
        if found is None:
            return
        state = found.state
        enforced = replace(session.assertions[found.name], state=state)
        if state.validated and not state.enabled:
            message = "DISABLE VALIDATE is not supported for SQL assertions"
            raise SqlError(8701, message, self.statement.span)
        if state.validated:
            enforced = replace(enforced, known="")
            rows = enforced.rows(session.connection)
            if rows:
                session.schema = before
                self.define(replace(made, enabled=True, validated=False))
                shown = session.shown(found.name)
                raise AssertionViolated(shown, rows, _NOT_VALIDATED.format(shown))
        elif state.enabled and not session.assertions[found.name].known:
            enforced = remember(enforced, session.connection)
        session.assertions[found.name] = enforced


def _table_of(name: Name) -> exp.Table:
    owner = exp.to_identifier(name.owner, quoted=True) if name.owner else None
    return exp.Table(this=exp.to_identifier(name.name, quoted=True), db=owner)


_TYPE_OF: Final[dict[Kind, str]] = {
    "number": "NUMBER",
    "double": "BINARY_DOUBLE",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "boolean": "BOOLEAN",
    "months": "INTERVAL YEAR TO MONTH",
    "seconds": "INTERVAL DAY TO SECOND",
    "binary": "BLOB",
}
# What ALTER TABLE says where an INSERT would say the key.
_VALIDATION: Final = {1: 2299, 1400: 2296, 2290: 2293, 2291: 2298}
_EFFECTS: Final[dict[type, Callable[[Definer, Any, Schema], None]]] = {
    AlterAssertion: Definer.alter_assertion,
    AlterTable: Definer.alter_table,
    CreateAssertion: Definer.create_assertion,
    CreateIndex: Definer.create_index,
    CreateProgram: Definer.create_program,
    CreateSequence: Definer.create_sequence,
    CreateTable: Definer.create_table,
    CreateView: Definer.create_view,
    Drop: Definer.drop,
    Rename: Definer.alter_table,
    Truncate: Definer.truncate,
}
