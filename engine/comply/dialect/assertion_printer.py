"""ASSERTION -> TEXT, as Oracle documents it: what is read prints back as it is accepted.

Queries and conditions stay as their author wrote them; what stands around them, and
the state, is written in the one documented way.
"""

from typing import Final, assert_never

from comply.dialect.assertions import SetConstraints
from comply.dialect.syntax import (
    AlterAssertion,
    CreateAssertion,
    Drop,
    Existential,
    Name,
    State,
    Universal,
)

_RESERVED: Final = frozenset(
    (  # noqa: SIM905  (a word a line reads worse)
        "ACCESS ADD ALL ALTER AND ANY AS ASC AUDIT BETWEEN BY CHAR CHECK CLUSTER COLUMN"
        " COLUMN_VALUE COMMENT COMPRESS CONNECT CREATE CURRENT DATE DECIMAL DEFAULT"
        " DELETE DESC DISTINCT DROP ELSE EXCLUSIVE EXISTS FILE FLOAT FOR FROM GRANT"
        " GROUP HAVING IDENTIFIED IF IMMEDIATE IN INCREMENT INDEX INITIAL INSERT INTEGER"
        " INTERSECT INTO IS LEVEL LIKE LOCK LONG MAXEXTENTS MINUS MLSLABEL MODE MODIFY"
        " NESTED_TABLE_ID NOAUDIT NOCOMPRESS NOT NOWAIT NULL NUMBER OF OFFLINE ON ONLINE"
        " OPTION OR ORDER PCTFREE PRIOR PUBLIC RAW RENAME RESOURCE REVOKE ROW ROWID"
        " ROWNUM ROWS SATISFY SELECT SESSION SET SHARE SIZE SMALLINT START SUCCESSFUL"
        " SYNONYM SYSDATE TABLE THEN TO TRIGGER UID UNION UNIQUE UPDATE USER VALIDATE"
        " VALUES VARCHAR VARCHAR2 VIEW WHENEVER WHERE WITH"
    ).split()
)


def assertion_text(
    made: CreateAssertion | AlterAssertion | Drop | SetConstraints,
) -> str:
    """Return a statement about assertions as Oracle documents it, without `;`."""
    match made:
        case CreateAssertion():
            return _create(made)
        case AlterAssertion():
            return _alter(made)
        case Drop():
            missing = "IF EXISTS " if made.if_exists else ""
            return f"DROP ASSERTION {missing}{name_text(made.name)}"
        case SetConstraints():
            names = ", ".join(map(name_text, made.names)) or "ALL"
            word = "DEFERRED" if made.deferred else "IMMEDIATE"
            return f"SET CONSTRAINTS {names} {word}"
        case _:
            assert_never(made)


def name_text(name: Name) -> str:
    """Return an object's name, quoted where it must be.

    >>> name_text(Name("APP", "no junior"))
    'APP."no junior"'
    """
    owner = f"{identifier_text(name.owner)}." if name.owner else ""
    return owner + identifier_text(name.name)


def identifier_text(name: str) -> str:
    """Return a name as Oracle stores it in the form that reads back as that name."""
    plain = name[:1].isalpha() and name not in _RESERVED and name == name.upper()
    plain = plain and name.isascii() and all(c.isalnum() or c in "_$#" for c in name)
    return name if plain else f'"{name}"'


def state_text(state: State) -> str:
    """Return the words of a state, those that say what holds anyway left out.

    >>> state_text(State(deferrable=True, initially_deferred=True, validated=False))
    'DEFERRABLE INITIALLY DEFERRED ENABLE NOVALIDATE'
    """
    words = ["DEFERRABLE"] if state.deferrable else []
    if state.initially_deferred:
        words.append("INITIALLY DEFERRED")
    if not state.enabled:
        words.append("DISABLE VALIDATE" if state.validated else "DISABLE NOVALIDATE")
    elif not state.validated:
        words.append("ENABLE NOVALIDATE")
    return " ".join(words)


def _create(made: CreateAssertion) -> str:
    missing = "IF NOT EXISTS " if made.if_not_exists else ""
    head = f"CREATE ASSERTION {missing}{name_text(made.name)}"
    state = state_text(made.state)
    tail = f"\n{state}" if state else ""
    return f"{head}\nCHECK ({_body(made.body)}){tail}"


def _body(body: Existential | Universal) -> str:
    if isinstance(body, Existential):
        word = "NOT EXISTS" if body.negated else "EXISTS"
        return f"{word} ({body.query.sql})"
    alias = f" {identifier_text(body.alias)}" if body.alias else ""
    return f"ALL ({body.query.sql}){alias} SATISFY ({body.condition.sql})"


def _alter(made: AlterAssertion) -> str:
    words = ["ALTER ASSERTION"]
    if made.if_exists:
        words.append("IF EXISTS")
    words.append(name_text(made.name))
    if made.enabled is not None:
        words.append("ENABLE" if made.enabled else "DISABLE")
    if made.validated is not None:
        words.append("VALIDATE" if made.validated else "NOVALIDATE")
    return " ".join(words)
