"""CREATE ASSERTION and ALTER ASSERTION, as documented and as people publish them.

The documented form is `CHECK ([NOT] EXISTS (query))` or `CHECK (ALL (query) alias
SATISFY (condition))`. Read as well: no alias, no parentheses behind SATISFY,
parentheses around the whole, `NOT` before parentheses.
https://docs.oracle.com/en/database/oracle/oracle-database/26/sqlrf/create-assertion.html
"""

from comply.dialect.columns import state, stated
from comply.dialect.cursor import Cursor
from comply.dialect.syntax import (
    AlterAssertion,
    CreateAssertion,
    Existential,
    Universal,
)

_FORMS = (
    "an assertion checks [NOT] EXISTS (subquery)"
    " or ALL (subquery) alias SATISFY (condition)"
)


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
    return Universal(query, alias, cursor.text(start, cursor.at))


def alter_assertion(cursor: Cursor) -> AlterAssertion:
    """Read what follows ALTER ASSERTION."""
    if_exists = cursor.accept("IF", "EXISTS")
    name = cursor.name("an assertion")
    said = stated(cursor)
    if said.enabled is None and said.validated is None:
        cursor.fail("expected ENABLE, DISABLE, VALIDATE or NOVALIDATE")
    return AlterAssertion(name, said.enabled, said.validated, if_exists)
