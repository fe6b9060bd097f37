"""Variables of SQL*Plus: VARIABLE declares one, PRINT shows it, EXEC gives it a value."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal

from comply.classes import dataclass, field
from comply.database.connection import Rows
from comply.dialect.changes import Returned
from comply.dialect.cursor import Cursor
from comply.dialect.errors import SqlError, nearest
from comply.dialect.statements import Statement
from comply.dialect.syntax import Text
from comply.dialect.tokens import scan


@dataclass(slots=True)
class Variables:
    """The bind variables of a script, by name in upper case."""

    values: dict[str, object] = field(default_factory=dict)

    def declare(self, statement: Statement) -> None:
        """Carry out `VARIABLE name type [= value]`; without a type it only shows them.

        Raises:
            SqlError: what stands there is no declaration.
        """
        cursor = _behind(statement)
        if len(cursor.tokens) < 2:
            return
        name = cursor.identifier("a variable")
        cursor.identifier("a type")
        while not cursor.done and not cursor.sees("="):
            cursor.take()
        value: object = None
        if cursor.accept("="):
            number = cursor.next.kind == "number" or cursor.sees("-")
            value = Decimal(cursor.integer()) if number else cursor.string()
        self.values[name] = value

    def assign(self, statement: Statement, evaluate: Callable[[Text], object]) -> bool:
        """Carry out `EXEC :name := value`; tell whether the statement is that.

        Raises:
            SqlError: the variable was not declared.
        """
        cursor = _behind(statement)
        if not cursor.accept(":") or cursor.peek(1).value != ":=":
            return False
        name = cursor.identifier("a variable")
        self._known(name, statement)
        cursor.expect(":=")
        self.values[name] = evaluate(cursor.text(cursor.at, len(cursor.tokens)))
        return True

    def shown(self, statement: Statement) -> Rows:
        """Return what `PRINT [name ..]` shows.

        Raises:
            SqlError: a variable was not declared.
        """
        words = statement.tokens[1].value.replace(":", " ").upper().split()
        names = list(dict.fromkeys(words))
        for name in names:
            self._known(name, statement)
        listed = tuple(names or self.values)
        return Rows(listed, (tuple(self.values[n] for n in listed),) if listed else ())

    def _known(self, name: str, statement: Statement) -> None:
        if name.upper() not in self.values:
            close = nearest(name.upper(), list(self.values))
            hint = f"did you mean :{close}?" if close else f"VARIABLE {name} NUMBER"
            message = f"the variable {name} is not declared"
            raise SqlError(0, message, statement.span, hint)

    def expect(
        self,
        returning: tuple[Returned, ...],
        binds: Mapping[str, object],
        statement: Statement,
    ) -> None:
        """Make sure that what RETURNING gives has somewhere to go.

        Raises:
            SqlError: a variable is neither declared nor bound (ORA-01008).
        """
        bound = {*self.values, *(name.upper() for name in binds)}
        for one in returning:
            if one.name.upper() not in bound:
                message = f"not all variables bound: :{one.name}"
                hint = f"declare it above: VARIABLE {one.name.lower()} NUMBER"
                raise SqlError(1008, message, statement.span, hint)

    def take(self, rows: Rows, statement: Statement) -> None:
        """Let variables have what RETURNING gave, NULL if no row changed.

        Raises:
            SqlError: several rows changed, and a variable takes one.
        """
        places = [i for i, n in enumerate(rows.columns) if n.upper() in self.values]
        if places and len(rows.rows) > 1:
            message = f"RETURNING gives {len(rows.rows)} rows, but a variable takes one"
            hint = "sum them up, as in RETURNING COUNT(*) INTO"
            raise SqlError(0, message, statement.span, hint)
        for i in places:
            value = rows.rows[0][i] if rows.rows else None
            self.values[rows.columns[i].upper()] = value


def _behind(statement: Statement) -> Cursor:
    """Return a cursor over what follows the word of a SQL*Plus command."""
    line = statement.tokens[1]
    tokens = tuple(scan(statement.source, line.start, line.end))
    return Cursor(replace(statement, form="sql", tokens=tokens or (line,)))
