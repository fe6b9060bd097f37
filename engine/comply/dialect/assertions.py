"""CREATE ASSERTION, ALTER ASSERTION and SET CONSTRAINTS, as documented and as published.

The documented form is `CHECK ([NOT] EXISTS (query))` or `CHECK (ALL (query) alias
SATISFY (condition))`. Read as well: no alias, no parentheses behind SATISFY,
parentheses around the whole, `NOT` before parentheses, and a query that counts rows
in place of EXISTS: `(SELECT COUNT(*) ..) = 0`.
https://docs.oracle.com/en/database/oracle/oracle-database/26/sqlrf/create-assertion.html
"""

from typing import Final

from comply.classes import dataclass
from comply.dialect.columns import state, stated
from comply.dialect.cursor import Cursor
from comply.dialect.syntax import (
    AlterAssertion,
    CreateAssertion,
    Existential,
    Name,
    Text,
    Universal,
)

_FORMS = (
    "an assertion checks [NOT] EXISTS (subquery)"
    " or ALL (subquery) alias SATISFY (condition)"
)
COUNTED: Final[dict[tuple[str, str], bool]] = {
    ("=", "0"): False,
    ("<=", "0"): False,
    ("<", "1"): False,
    (">", "0"): True,
    ("<>", "0"): True,
    ("!=", "0"): True,
    ("^=", "0"): True,
    (">=", "1"): True,
}
"""What a comparison of a number of rows says: whether there are some."""
TURNED: Final = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
"""What a comparison becomes when its sides change places."""


@dataclass(frozen=True, slots=True)
class SetConstraints:
    """SET CONSTRAINT or CONSTRAINTS; no names means ALL."""

    names: tuple[Name, ...]
    deferred: bool


def create_assertion(cursor: Cursor) -> CreateAssertion:
    """Read what follows CREATE ASSERTION."""
    missing = cursor.accept("IF", "NOT", "EXISTS")
    name = cursor.name("an assertion")
    cursor.expect("CHECK", "(")
    start = cursor.at
    body = _body(cursor)
    check = cursor.text(start, cursor.at)
    cursor.expect(")")
    return CreateAssertion(name, check, body, state(cursor), missing)


def _body(cursor: Cursor) -> Existential | Universal:
    counted = _counted(cursor)
    if counted:
        return counted
    if cursor.accept("("):
        body = _body(cursor)
        cursor.expect(")")
        return body
    if cursor.accept("ALL"):
        return _universal(cursor)
    negated = cursor.accept("NOT")
    if negated and cursor.accept("("):
        inner = _body(cursor)
        cursor.expect(")")
        if isinstance(inner, Existential):
            return Existential(inner.query, negated=not inner.negated)
        cursor.fail("ALL .. SATISFY cannot be negated", hint=_FORMS)
    if not cursor.accept("EXISTS"):
        cursor.fail("expected ALL, EXISTS or NOT EXISTS", hint=_FORMS)
    return Existential(cursor.inside(), negated)


def _counted(cursor: Cursor) -> Existential | None:
    """Read `(SELECT COUNT(*) ..) = 0` or `0 = (SELECT COUNT(*) ..)` if one is next."""
    start = cursor.at
    turned = cursor.next.kind == "number"
    number = cursor.take().value if turned else ""
    operator = cursor.take().value if turned else ""
    counts = cursor.sees("(", "SELECT", "COUNT", "(")
    counts = counts and cursor.peek(4).value in ("*", "1")
    if counts and cursor.peek(5).value == ")":
        first, last = cursor.peek(2), cursor.peek(5)
        text = cursor.inside()
        if not turned:
            operator, number = cursor.take().value, cursor.take().value
        operator = TURNED.get(operator, operator) if turned else operator
        some = COUNTED.get((operator, number))
        if some is not None:
            # Blanks in place of COUNT(*) leave every later place where it is.
            blank = "1".ljust(last.end - first.start)
            at = first.start - text.at
            end = last.end - text.at
            query = text.sql[:at] + blank + text.sql[end:]
            return Existential(Text(query, text.at), negated=not some)
    cursor.at = start
    return None


def _universal(cursor: Cursor) -> Universal:
    query = cursor.inside()
    cursor.accept("AS")
    alias = "" if cursor.sees("SATISFY") else cursor.identifier("SATISFY")
    if not cursor.accept("SATISFY"):
        cursor.fail("expected SATISFY", hint=_FORMS)
    start = cursor.at
    while not cursor.done and not cursor.sees(")"):
        if cursor.sees("("):
            cursor.skip_group()
        else:
            cursor.take()
    return Universal(query, alias, _condition(cursor, start, cursor.at))


def _condition(cursor: Cursor, start: int, stop: int) -> Text:
    """Return a condition without the parentheses that stand around all of it."""
    behind = cursor.at
    while stop - start > 2 and cursor.tokens[start].value == "(":
        cursor.at = start
        cursor.skip_group()
        if cursor.at != stop:
            break
        start, stop = start + 1, stop - 1
    cursor.at = behind
    return cursor.text(start, stop)


def alter_assertion(cursor: Cursor) -> AlterAssertion:
    """Read what follows ALTER ASSERTION."""
    if_exists = cursor.accept("IF", "EXISTS")
    name = cursor.name("an assertion")
    start = cursor.at
    said = stated(cursor)
    if said.deferrable is not None or said.deferred is not None:
        cursor.at = start
        hint = "drop it and create it anew"
        cursor.fail("the deferral of an assertion cannot be altered", hint=hint)
    if said.enabled is None and said.validated is None:
        cursor.fail("expected ENABLE, DISABLE, VALIDATE or NOVALIDATE")
    return AlterAssertion(name, said.enabled, said.validated, if_exists)


def set_constraints(cursor: Cursor) -> SetConstraints:
    """Read SET CONSTRAINT or SET CONSTRAINTS, from its first word on.

    Raises:
        SqlError: names or DEFERRED and IMMEDIATE are missing.
    """
    cursor.expect("SET")
    if not cursor.accept_any("CONSTRAINTS", "CONSTRAINT"):
        cursor.fail("expected CONSTRAINTS")
    names: list[Name] = []
    if not cursor.accept("ALL"):
        names.append(cursor.name("a constraint or an assertion"))
        while cursor.accept(","):
            names.append(cursor.name("a constraint or an assertion"))
    word = cursor.accept_any("DEFERRED", "IMMEDIATE")
    if not word:
        cursor.fail("expected DEFERRED or IMMEDIATE")
    return SetConstraints(tuple(names), deferred=word == "DEFERRED")
