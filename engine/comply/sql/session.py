"""A transaction: statements, what they break, savepoints, commit and rollback."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from sqlglot import exp

from comply.classes import dataclass, field
from comply.database.connection import DatabaseError, Rows
from comply.database.duckdb import DuckDb
from comply.dialect.changes import Change
from comply.dialect.errors import SqlError, nearest
from comply.dialect.schema import Schema, Table, find
from comply.dialect.syntax import Constraint, CreateDomain, Name, State, Text
from comply.source import Source
from comply.sql import duckdb
from comply.sql.alike import ALONE, Form
from comply.sql.catalog import Catalog, kind_of_type
from comply.sql.changes import prepare, returned, write
from comply.sql.constraints import Guard, as_update, not_null_of
from comply.sql.dml import Writer, assigned, expression_of
from comply.sql.duckdb import Translator
from comply.sql.enforcement import Changed, Enforced, clear, concerned
from comply.sql.errors import AssertionViolated
from comply.sql.few_rows import asked_about
from comply.sql.journal import Row
from comply.sql.kept import Kept, Own, kept
from comply.sql.names import Relation, Resolver, Scope, label
from comply.sql.prepared import carry_out
from comply.sql.restricted import Event
from comply.sql.store import Store

USER = "COMPLY"
ROLLED_BACK = "ORA-02091: transaction rolled back"


# So many statements are kept prepared, none of them longer than this.
_MOST: Final = 256
_LONGEST: Final = 4000


@dataclass(slots=True)
class Session:
    """The state of a sandbox between two statements."""

    connection: DuckDb
    store: Store
    schema: Schema = field(default_factory=Schema)
    catalog: Catalog = field(default_factory=Catalog)
    owner: str = ""
    assertions: dict[Name, Enforced] = field(default_factory=dict)
    deferred: dict[str, bool] = field(default_factory=dict)
    savepoints: dict[str, int] = field(default_factory=dict)
    conditions: dict[tuple[Name, Constraint], str] = field(default_factory=dict)
    latest: Changed | None = None
    kept: dict[str | Form, Kept] = field(default_factory=dict)

    def guard(self) -> Guard:
        """Return the checks of constraints on the schema as it is."""
        return Guard(self.connection, self.schema, self.owner, self.store)

    def shown(self, name: Name) -> str:
        """Return an assertion's name as Oracle's errors print it."""
        return str(Name(name.owner or self.owner, name.name))

    def query(self, tree: exp.Expr, translator: Translator) -> Rows:
        """Return the rows of a query."""
        Resolver(translator.source, self.catalog).query(tree)
        label(tree)
        return self.connection.query(duckdb.write(translator.translate(tree)))

    def change(
        self, change: Change, translator: Translator, key: str | Form = ""
    ) -> Rows:
        """Carry out INSERT, UPDATE, DELETE or MERGE; return what RETURNING gives.

        `key` is the statement's text, or what it shares with others, so that it can be
        done `again`.

        Raises:
            SqlError: it is refused or breaks an immediate constraint or assertion
                (AssertionViolated); the statement is undone, the transaction goes on.
            DatabaseError: an expression fails on the data; undone as well.
        """
        writer = Writer(self.store, self.schema, self.catalog, translator)

        def act() -> tuple[Table, Rows]:
            made = prepare(writer, change)
            if made is None:
                table = self.schema.tables[write(writer, change)]
            else:
                again = kept(change, made, self.schema, self.catalog, translator)
                self._keep(key, again)
                table = carry_out(self.store, made)
            rows = returned(writer, table, change) if change.returning else Rows((), ())
            return table, rows

        return self._carried_out(change, act)

    def again(self, key: str | Form, own: Own) -> bool:
        """Carry out a statement that was prepared before; tell whether it was.

        It was prepared for what was defined then, so a definition since ends that.
        What is its `own` others that share the `key` have otherwise.

        Raises:
            SqlError: as `change` does.
            DatabaseError: as `change` does.
        """
        known = self._known(key)
        made = known.giving(own) if known else None
        if known is None or made is None:
            return False

        def act() -> tuple[Table, Rows]:
            return carry_out(self.store, made, again=True), Rows((), ())

        self._carried_out(known.change, act)
        return True

    def together(self, form: Form, some: Sequence[Own]) -> int:
        """Carry out the first of INSERTs of a form as one; return how many.

        It comes to the same as one by one, as nothing is wrong with any of them. Where
        that is not sure none is carried out.
        """
        known = self._known(form) if len(some) >= ALONE else None
        made = known.identities if known else None
        if known is None or made is None or not self._is_orderless(known.table):
            return 0
        rows = known.rows(some)
        if len(rows) < ALONE:
            return 0
        last = self.store.last_identities(known.table.name, made)
        try:
            self._carried_out(
                known.change, partial(self._filled, known.table, rows, made)
            )
        except (SqlError, DatabaseError):
            self._rewind(known.table, made, last)
            return 0
        return len(rows)

    def _filled(
        self, table: Table, rows: Sequence[Row], made: Mapping[str, str]
    ) -> tuple[Table, Rows]:
        self.store.fill(table.name, rows, made)
        return table, Rows((), ())

    def _rewind(
        self, table: Table, columns: Iterable[str], last: Sequence[int | None]
    ) -> None:
        """Let identity columns go on behind these values."""
        for name, value in zip(columns, last, strict=True):
            column = table.column(name)
            if column is not None:
                self.store.add_identity(table.name, column, value)

    def _is_orderless(self, table: Table) -> bool:
        """Tell whether rows that come to a table together break what they break one by one.

        What no row that comes can mend is broken still when all are there, or never was.
        A row may mend what another of its table needs.
        """
        if any(child is table for child, _ in self.guard().referring(table)):
            return False
        return all(
            enforced.is_orderless(table.name)
            for name, enforced in concerned(self.assertions, [table.name])
            if self._due(name.name, enforced.state, deferred=False)
        )

    def _known(self, key: str | Form) -> Kept | None:
        """Return a statement that was prepared for what is defined now."""
        known = self.kept.get(key)
        return known if known and known.fits(self.schema, self.catalog) else None

    def _keep(self, key: str | Form, again: Kept | None) -> None:
        if again is not None and 0 < len(key) <= _LONGEST:
            if len(self.kept) == _MOST:
                self.kept.clear()
            self.kept[key] = again

    def _carried_out(
        self, change: Change, act: Callable[[], tuple[Table, Rows]]
    ) -> Rows:
        """Let a statement change rows, and undo that if it breaks anything."""
        start, tree = self.store.step, change.tree
        try:
            table, rows = act()
            if isinstance(tree, exp.Delete) or change.deleting is not None:
                self._cascade(table, start, updated=change.deleting is not None)
            self._check(self._by(tree, table, start), deferred=False)
        except (SqlError, DatabaseError) as error:
            self.store.undo(start)
            if isinstance(tree, exp.Update) and isinstance(error, SqlError):
                raise as_update(error) from None
            raise
        return rows

    def _cascade(self, table: Table, since: int, *, updated: bool = False) -> None:
        """Delete or empty the rows that refer to deleted ones, where they say so.

        `updated` tells that rows were updated as well; what refers to those stays.
        """
        guard = self.guard()
        for child, constraint in guard.referring(table):
            rule = constraint.references.on_delete if constraint.references else ""
            if not rule:
                continue
            before = self.store.step
            find_rows = guard.deserted if updated else guard.orphans
            rows = find_rows(table, child, constraint, since)
            empties = constraint.columns if rule == "SET NULL" else ()
            if self.store.remove(child, rows, empties) and not empties:
                self._cascade(child, before)

    def changed(self, since: int) -> Changed:
        """Return what changed since a step."""
        recent = self.store.recent if self.store.step == since + 1 else None
        known = self.latest
        if recent is not None and known is not None and known.recent is recent:
            return known
        found = (name for name, last in self.store.touched.items() if last > since)
        tables = frozenset(found)
        made = Changed(self.store, self.schema, tables, since, self.store.step, recent)
        self.latest = made
        return made

    def _by(self, tree: exp.Expr, table: Table, since: int) -> Changed:
        """Return what a statement changed, as narrow as its kind allows."""
        changed = self.changed(since)
        if self.store.step != since + 1:
            return changed
        if isinstance(tree, exp.Update):
            computed = any(c.virtual for c in table.columns)
            columns = None if computed else frozenset(assigned(tree))
            return replace(changed, events=frozenset({"update"}), columns=columns)
        if isinstance(tree, exp.Insert | exp.Delete):
            event: Event = "insert" if isinstance(tree, exp.Insert) else "delete"
            return replace(changed, events=frozenset({event}))
        return changed

    def _check(self, changed: Changed, *, deferred: bool) -> None:
        """Check what is due on the rows that changed."""
        tables = [t for n, t in self.schema.tables.items() if n in changed.tables]
        guard = self.guard()
        rules = [
            (
                table,
                [
                    (c, self.condition(table, c))
                    for c in rules_of(self.schema, table)
                    if self._due(c.name, c.state, deferred=deferred)
                ],
            )
            for table in tables
        ]
        references = [
            (table, child, constraint)
            for table in tables
            for child, constraint in guard.referring(table)
            if self._due(constraint.name, constraint.state, deferred=deferred)
        ]
        due = [
            (name, enforced)
            for name, enforced in concerned(self.assertions, changed.tables)
            if self._due(name.name, enforced.state, deferred=deferred)
        ]
        asked = asked_about(guard, self.connection, changed, rules, references)
        assertions = [enforced for _, enforced in due]
        sure = clear(self.connection, changed, assertions, asked or ())
        if asked is None or not sure:
            for table, some in rules:
                guard.check(table, some, changed.since)
            for table, child, constraint in references:
                guard.children(table, child, constraint, changed.since)
        for name, enforced in due:
            enforced.check(self.connection, self.shown(name), changed)

    def _due(self, name: str, state: State, *, deferred: bool) -> bool:
        """Tell whether a check is enabled and belongs to this moment."""
        put_off = state.initially_deferred
        if state.deferrable:
            put_off = self.deferred.get(name, self.deferred.get("", put_off))
            if deferred and self.deferred:
                # A rollback to a savepoint may have gone back behind the check that
                # SET CONSTRAINTS made, so the commit makes it again.
                return state.enabled
        return state.enabled and put_off == deferred

    def condition(self, table: Table, constraint: Constraint) -> str:
        """Return a CHECK's condition in DuckDB's SQL, empty for other constraints.

        In a domain's condition its own name and VALUE stand for the column.
        """
        key = (table.name, constraint)
        if constraint.condition is not None and key not in self.conditions:
            self.conditions[key] = self._condition(table, constraint)
        return self.conditions.get(key, "")

    def _condition(self, table: Table, constraint: Constraint) -> str:
        columns = {c.name: kind_of_type(c.type) for c in table.columns}
        own = Relation(table.name.name, table.name.name, columns, table.name)
        relations: tuple[Relation, ...] = (own,)
        domain = _domain_of(self.schema, table, constraint)
        if domain is not None:
            of = constraint.columns[0]
            value = exp.column(exp.to_identifier(of, quoted=True))
            value.meta["kind"] = columns[of]
            values: dict[str, exp.Expr] = {"VALUE": value, domain.name.name: value}
            names = dict.fromkeys(values, columns[of])
            relations = (Relation("", "", names, values=values),)
        text = constraint.condition or Text("1 = 1")
        tree = exp.Paren(this=expression_of(text))
        resolver = Resolver(Source("<condition>", text.sql), self.catalog)
        resolver.expression(tree, Scope(relations))
        translator = Translator(resolver.source, user=self.owner or USER)
        return duckdb.write(translator.translate(tree.this))

    def commit(self) -> None:
        """Check what was put off and make the changes final.

        Raises:
            SqlError: a deferred constraint or assertion does not hold (ORA-02091 and
                the reason); the transaction is rolled back.
        """
        try:
            self._check(self.changed(self.store.began), deferred=True)
        except SqlError as error:
            self.rollback()
            if isinstance(error, AssertionViolated):
                raise AssertionViolated(
                    error.assertion, error.rows, ROLLED_BACK
                ) from None
            text = f"{ROLLED_BACK}\n{error.message}"
            raise _recoded(error, text) from None
        self._end()

    def rollback(self, savepoint: str = "") -> None:
        """Undo the transaction, or what came after a savepoint.

        Raises:
            SqlError: there is no such savepoint (ORA-01086).
        """
        if not savepoint:
            self.store.undo(self.store.began)
            self._end()
            return
        if savepoint not in self.savepoints:
            close = nearest(savepoint, list(self.savepoints))
            hint = f"did you mean {close}?" if close else ""
            message = f"savepoint '{savepoint}' never established in this session"
            raise SqlError(1086, message, hint=hint)
        to = self.savepoints[savepoint]
        self.store.undo(to)
        self.savepoints = {n: s for n, s in self.savepoints.items() if s <= to}

    def _end(self) -> None:
        self.store.forget()
        self.deferred.clear()
        self.savepoints.clear()

    def savepoint(self, name: str) -> None:
        """Remember the changes so far under a name."""
        self.savepoints[name] = self.store.step

    def set_constraints(self, names: list[str], *, deferred: bool) -> None:
        """Put checks off to the commit, or make them now, until the transaction ends.

        No names means all. What becomes immediate is checked at once.

        Raises:
            SqlError: a name is unknown (ORA-02248), its check cannot be put off
                (ORA-02447), or a check made now fails.
        """
        states = self._states()
        for name in names:
            if name not in states:
                close = nearest(name, list(states))
                hint = f"did you mean {close}?" if close else ""
                message = f"constraint or assertion {name} does not exist"
                raise SqlError(2248, message, hint=hint)
            if not states[name].deferrable:
                message = f"cannot defer {name}: it is not deferrable"
                raise SqlError(2447, message)
        before = dict(self.deferred)
        if not names:
            self.deferred.clear()
        self.deferred.update(dict.fromkeys(names or [""], deferred))
        if not deferred:
            try:
                self._check(self.changed(self.store.began), deferred=False)
            except SqlError:
                self.deferred = before
                raise

    def _states(self) -> dict[str, State]:
        found = {n.name: e.state for n, e in self.assertions.items()}
        for table in self.schema.tables.values():
            found.update({c.name: c.state for c in table.constraints})
        return found


def _recoded(error: SqlError, message: str) -> SqlError:
    """Return an error of the same code with another message."""
    again = SqlError(0, message, error.span, error.hint)
    again.code = error.code
    return again


def rules_of(schema: Schema, table: Table) -> list[Constraint]:
    """Return all that a table's rows must satisfy, enabled or not.

    These are its constraints, the NOT NULL that comes with a column, the conditions of
    its domains, and its unique indexes.
    """
    found = [*not_null_of(table), *table.constraints]
    for column in table.columns:
        domain = find(schema.domains, column.domain) if column.domain else None
        if domain:
            found += [
                replace(c, columns=(column.name,))
                for c in domain.constraints
                if c.condition or c.kind == "not_null"
            ]
    names = {c.name for c in table.columns}
    for index in schema.indexes.values():
        if index.unique and index.table == table.name and set(index.columns) <= names:
            found.append(Constraint("unique", 0, index.name.name, index.columns))
    return found


def _domain_of(
    schema: Schema, table: Table, constraint: Constraint
) -> CreateDomain | None:
    """Return the domain that a constraint of a table's column comes from, if one."""
    if constraint in table.constraints or len(constraint.columns) != 1:
        return None
    column = table.column(constraint.columns[0])
    return find(schema.domains, column.domain) if column and column.domain else None
