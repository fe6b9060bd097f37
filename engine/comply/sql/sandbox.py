"""Scripts of DDL, DML and transactions on DuckDB, with assertions in force as in Oracle.

An immediate constraint or assertion fails the statement, which alone is undone; a
deferred one fails the commit, and the transaction is rolled back. DDL commits first.
How DuckDB, which has neither savepoints nor deferred checks, does this: see `store`.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from sqlglot import exp

from comply.classes import dataclass
from comply.database.connection import DatabaseError
from comply.database.duckdb import DuckDb
from comply.dialect.changes import CHANGES, change
from comply.dialect.cursor import Cursor
from comply.dialect.definitions import definition
from comply.dialect.errors import SqlError
from comply.dialect.oracle import place_of
from comply.dialect.oracle import query as parse_query
from comply.dialect.oracle import statement as parse_statement
from comply.dialect.schema import Schema
from comply.dialect.statements import Statement, statements
from comply.dialect.syntax import Name, Text
from comply.source import Source
from comply.sql.alike import ALONE, MOST, alike, runs
from comply.sql.assertion import Assertion, tables_in
from comply.sql.definitions import Definer
from comply.sql.duckdb import Translator, utc
from comply.sql.enforcement import Enforced, clear
from comply.sql.kept import Own
from comply.sql.session import USER, Session
from comply.sql.store import Store
from comply.sql.variables import Variables

# SQL*Plus commands that run something elsewhere; the others only set up its display.
_RUNS = frozenset({"@", "EXEC", "EXECUTE", "START", "HOST", "COPY", "CONNECT", "CONN"})

Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Done:
    """A statement that ran: its rows or its error, and how many seconds it took."""

    statement: Statement
    rows: Sequence[Row]
    error: SqlError | None
    seconds: float


class Sandbox:
    """A database for scripts in Oracle's SQL, in memory, gone when closed.

    `now` is what SYSTIMESTAMP and its kin say, the real time of each statement if it
    is None; with a zone it counts in UTC. `owner` is the schema that names belong to;
    without one, errors print names bare.
    """

    def __init__(self, now: datetime | None = None, owner: str = "") -> None:
        self.now = now
        self._connection = DuckDb()
        self._session = Session(self._connection, Store(self._connection), owner=owner)
        self._variables = Variables()

    @property
    def schema(self) -> Schema:
        """The tables, assertions and other objects defined so far."""
        return self._session.schema

    @property
    def assertions(self) -> Mapping[Name, Enforced]:
        """The assertions in force or switched off, by name."""
        return self._session.assertions

    def has_tables_of(self, assertion: Assertion) -> bool:
        """Tell whether all tables that an assertion names are there."""
        catalog = self._session.catalog
        return all(catalog.find(name) for name in tables_in(assertion))

    def violations(self, assertion: Assertion) -> list[Row]:
        """Return the rows that violate an assertion, in force or not: the full check.

        Raises:
            SqlError: it names what does not exist.
        """
        enforced = self._in_force(assertion)
        if enforced is not None:
            return self._connection.query(enforced.denial).plain()
        sql = assertion.denial("duckdb", self._session.catalog)
        return self._connection.query(sql).plain()

    def broken_by_changes(self, *assertions: Assertion) -> list[Row]:
        """Return rows that violate assertions since the last commit: the delta check.

        They held before, and only what changed is looked at, again if a statement has
        done so. At most a hundred rows of each. To ask for several at once is cheaper.

        Raises:
            SqlError: one was not created here.
        """
        found = []
        for assertion in assertions:
            enforced = self._in_force(assertion)
            if enforced is None:
                raise SqlError(
                    0, f"assertion {assertion.full_name} is not in force here"
                )
            found.append(enforced)
        session = self._session
        changed = replace(session.changed(session.store.began), cleared=set())
        due = [enforced for enforced in found if changed.tables & enforced.tables]
        clear(self._connection, changed, due)
        return [row for one in due for row in one.rows(self._connection, changed)]

    def _in_force(self, assertion: Assertion) -> Enforced | None:
        found = self._session.assertions.get(Name(assertion.owner, assertion.name))
        same = found is not None and found.assertion.text == assertion.text
        return found if same else None

    def run(self, script: str | Source, name: str = "<script>") -> None:
        """Run the statements of a script in order, up to the first that fails.

        What is not committed stays so; `commit` or another script goes on from there.

        Raises:
            AssertionViolated: a statement or commit breaks an assertion (ORA-08601).
            SqlError: a statement is not understood, or Oracle would refuse it.
        """
        source = script if isinstance(script, Source) else Source(name, script)
        for done in self.steps(statements(source)):
            if done.error is not None:
                raise done.error

    def execute(self, sql: str, binds: Mapping[str, object] | None = None) -> list[Row]:
        """Run one statement; return the rows of a query or of RETURNING.

        `binds` are the values of `:name`; the empty string counts as NULL.

        Raises:
            AssertionViolated: it breaks an assertion (ORA-08601).
            SqlError: it is not understood, or Oracle would refuse it.
        """
        rows: list[Row] = []
        for statement in statements(Source("<statement>", sql)):
            rows = self.step(statement, binds)
        return rows

    def steps(self, statements: Iterable[Statement]) -> Iterator[Done]:
        """Run statements in order, whether or not they fail, and yield what comes of each.

        INSERTs that are alike and break nothing are carried out together, up to `MOST`.
        """
        for run, parts in runs(statements):
            at, most, alone = 0, MOST, ALONE
            while at < len(run):
                start = time.perf_counter()
                now = utc(self._moment())
                own = [Own(part.constants, now) for part in parts[at : at + most]]
                count = self._session.together(parts[0].form, own) if own else 0
                share = (time.perf_counter() - start) / (count or 1)
                some = run[at : at + (count or alone)]
                for statement in some:
                    yield (
                        Done(statement, (), None, share)
                        if count
                        else self._done(statement)
                    )
                at += len(some)
                # What failed is tried with fewer, and the more often the later.
                most = min(MOST, most * 2) if count else max(2 * ALONE, most // 8)
                alone = ALONE if count else alone * 2

    def _done(self, statement: Statement) -> Done:
        start = time.perf_counter()
        error: SqlError | None = None
        rows: list[Row] = []
        try:
            rows = self.step(statement)
        except SqlError as raised:
            error = raised
        return Done(statement, rows, error, time.perf_counter() - start)

    def step(
        self, statement: Statement, binds: Mapping[str, object] | None = None
    ) -> list[Row]:
        """Run one statement of a script; return the rows of a query."""
        try:
            return self._step(statement, binds or {})
        except SqlError as error:
            if error.span is None or error.span.file != statement.source.name:
                error.span = statement.span
            raise
        except DatabaseError as error:
            message = error.message.removeprefix(f"ORA-{error.code:05d}: ")
            raise SqlError(error.code, message, statement.span, error.hint) from None
        except RecursionError:
            text = "the expressions of this statement nest too deeply"
            raise SqlError(0, text, statement.span, "write it in parts") from None

    def commit(self) -> None:
        """Make the changes final.

        Raises:
            AssertionViolated: a deferred assertion does not hold; the transaction is
                rolled back (ORA-02091, then ORA-08601).
            SqlError: so it is with a deferred constraint.
        """
        self._session.commit()

    def rollback(self) -> None:
        """Undo what was not committed."""
        self._session.rollback()

    def close(self) -> None:
        """Drop everything."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _step(self, statement: Statement, binds: Mapping[str, object]) -> list[Row]:
        if statement.form == "command":
            return self._command(statement)
        made = definition(statement)
        translator = self._translator(statement, binds)
        if made is not None:
            Definer(self._session, statement, translator).define(made)
            return []
        if statement.form == "plsql":
            message = "comply runs no PL/SQL"
            raise SqlError(0, message, statement.span, "write its statements as SQL")
        if self._steered(statement):
            return []
        return self._data(statement, translator)

    def _translator(
        self, statement: Statement, binds: Mapping[str, object]
    ) -> Translator:
        given = {**self._variables.values, **{n.upper(): v for n, v in binds.items()}}
        owner = self._session.owner or USER
        return Translator(statement.source, self._moment(), given, owner)

    def _moment(self) -> datetime:
        return self.now or datetime.now(tz=UTC).replace(tzinfo=None)

    def _steered(self, statement: Statement) -> bool:
        """Carry out what steers the transaction; tell whether it was that."""
        cursor = Cursor(statement)
        match statement.words[:1]:
            case ("COMMIT",):
                self._session.commit()
            case ("ROLLBACK",):
                cursor.expect("ROLLBACK")
                cursor.accept("WORK")
                name = ""
                if cursor.accept("TO"):
                    cursor.accept("SAVEPOINT")
                    name = cursor.identifier("a savepoint")
                self._session.rollback(name)
            case ("SAVEPOINT",):
                cursor.expect("SAVEPOINT")
                self._session.savepoint(cursor.identifier("a savepoint"))
            case ("SET",):
                self._set(cursor)
            case ("LOCK" | "EXPLAIN",):
                pass
            case _:
                return False
        return True

    def _set(self, cursor: Cursor) -> None:
        cursor.expect("SET")
        if not cursor.accept_any("CONSTRAINTS", "CONSTRAINT"):
            return
        names: list[str] = []
        if not cursor.accept("ALL"):
            names.append(cursor.name("a constraint").name)
            while cursor.accept(","):
                names.append(cursor.name("a constraint").name)
        word = cursor.accept_any("DEFERRED", "IMMEDIATE")
        if not word:
            cursor.fail("expected DEFERRED or IMMEDIATE")
        self._session.set_constraints(names, deferred=word == "DEFERRED")

    def _data(self, statement: Statement, translator: Translator) -> list[Row]:
        if statement.words[:1] and statement.words[0] in CHANGES:
            return self._change(statement, translator)
        tree = parse_statement(Text(statement.text, statement.start), statement.source)
        if not isinstance(tree, exp.Query):
            message = f"comply does not run {tree.key.upper()} here"
            raise SqlError(0, message, place_of(tree, statement.source))
        return self._session.query(tree, translator).plain()

    def _change(self, statement: Statement, translator: Translator) -> list[Row]:
        """Carry out a statement that changes rows; return what RETURNING gives."""
        part = alike(statement)
        key, constants = (part.form, part.constants) if part else (statement.text, ())
        if self._session.again(key, Own(constants, utc(self._moment()))):
            return []
        made = change(statement)
        self._variables.expect(made.returning, translator.binds, statement)
        before = self._session.store.step
        rows = self._session.change(made, translator, key)
        try:
            self._variables.take(rows, statement)
        except SqlError:
            self._session.store.undo(before)
            raise
        return rows.plain()

    def _command(self, statement: Statement) -> list[Row]:
        """Pass over what sets up SQL*Plus; refuse what would run something."""
        word = statement.tokens[0].value
        match word:
            case "VARIABLE" | "VAR":
                self._variables.declare(statement)
            case "PRINT":
                return self._variables.shown(statement).plain()
            case "EXEC" | "EXECUTE" if self._assigned(statement):
                pass
            case _ if word in _RUNS:
                message = f"comply does not run the SQL*Plus command {word}"
                hint = "name the script it runs instead"
                raise SqlError(0, message, statement.span, hint)
            case _:
                pass
        return []

    def _assigned(self, statement: Statement) -> bool:
        """Carry out `EXEC :name := value`; tell whether it is that."""

        def evaluate(text: Text) -> object:
            prefix, suffix = "SELECT ", " FROM DUAL"
            whole = Text(f"{prefix}{text.sql}{suffix}", text.at - len(prefix))
            tree = parse_query(whole, statement.source)
            rows = self._session.query(tree, self._translator(statement, {}))
            return rows.rows[0][0]

        return self._variables.assign(statement, evaluate)
