"""SCRIPT x DATABASE -> FACTS: what we say of Oracle, tried on a real one.

The script is SQL; the comments above a statement say which fact it is about and what
is to happen: `-- fact: ...` and `-- expect: ok`, `-- expect: ORA-08601`,
`-- expect: refused` (an error whose number is not published), or `-- expect: rows N`. A
statement without them prepares or cleans up.
"""

import secrets
from collections.abc import Callable, Iterator
from typing import Final

from comply.classes import dataclass
from comply.database.connection import ConnectionLost, DatabaseError
from comply.dialect.statements import Statement, statements
from comply.live.database import Live
from comply.source import ComplyError, Source

SCHEMA: Final = "COMPLY_VERIFY"
PRIVILEGES: Final = ("CREATE SESSION", "CREATE TABLE", "CREATE ASSERTION")


@dataclass(frozen=True, slots=True)
class Fact:
    """A statement of ours about Oracle, and whether it holds there."""

    text: str
    expected: str
    happened: str
    holds: bool


def scratch_statements(password: str) -> tuple[str, ...]:
    """Return what makes the schema to try things in."""
    grants = ", ".join(PRIVILEGES)
    return (
        f'CREATE USER {SCHEMA} IDENTIFIED BY "{password}" QUOTA UNLIMITED ON USERS',
        f"GRANT {grants} TO {SCHEMA}",
    )


def plan() -> str:
    """Return what `verify` will do, for people to read first."""
    made = [f"  {s};" for s in scratch_statements("(random)")]
    return "\n".join(
        [
            f"This creates the user {SCHEMA}, runs the statements of verify_oracle.sql as",
            "that user in tables of its own, and drops the user with all it holds:",
            *made,
            f"  DROP USER {SCHEMA} CASCADE;",
            "It needs CREATE USER, DROP USER, and those privileges WITH ADMIN OPTION.",
        ]
    )


def verify(
    admin: Live, open_scratch: Callable[[str, str], Live], script: Source
) -> list[Fact]:
    """Return which facts of a script hold; the scratch schema is gone afterwards.

    `open_scratch` opens a session of a user by its password.

    Raises:
        ComplyError: the scratch schema exists already, or may not be created.
    """
    password = f"Vx1_{secrets.token_hex(12)}"
    create, grant = scratch_statements(password)
    _prepared(admin, create)
    try:
        _prepared(admin, grant)
        session = open_scratch(SCHEMA, password)
        try:
            return list(_tried(session, script))
        finally:
            session.close()
    finally:
        _prepared(admin, f"DROP USER {SCHEMA} CASCADE")


def _prepared(admin: Live, sql: str) -> None:
    try:
        admin.run(sql)
    except DatabaseError as error:
        what = " ".join(sql.split()[:3])
        raise ComplyError(
            f"{what}: {error.message.partition(chr(10))[0]}",
            hint="verify-oracle needs a user that may create and drop users, such as "
            "one with the role DBA; see docs/live-oracle.md",
        ) from None


def _tried(session: Live, script: Source) -> Iterator[Fact]:
    for statement in statements(script):
        if statement.form == "command":
            continue
        said = _said(statement)
        happened = _outcome(session, statement.text)
        if "fact" in said:
            expected = said.get("expect", "ok")
            yield Fact(said["fact"], expected, happened, _fits(expected, happened))


def _said(statement: Statement) -> dict[str, str]:
    """Return what the comments above a statement say of it, by key."""
    found: dict[str, str] = {}
    for comment in statement.comments:
        key, colon, value = comment.value.strip("-/* \n").partition(":")
        if colon and key in ("fact", "expect"):
            found[key] = value.strip()
    return found


def _outcome(session: Live, sql: str) -> str:
    try:
        if sql.upper().startswith("SELECT"):
            return f"rows {len(session.query(sql).rows)}"
        session.run(sql)
    except ConnectionLost:
        raise
    except DatabaseError as error:
        codes = [w.rstrip(":") for w in error.message.split() if w.startswith("ORA-")]
        return " ".join(dict.fromkeys(codes)) or error.message
    return "ok"


def _fits(expected: str, happened: str) -> bool:
    """Tell whether every word that was expected is in what happened.

    >>> _fits("ORA-08601", "ORA-02091 ORA-08601"), _fits("ok", "ORA-00942")
    (True, False)
    >>> _fits("refused", "ORA-00604"), _fits("refused", "rows 1")
    (True, False)
    """
    if expected == "refused":
        return happened.startswith("ORA-")
    if expected.startswith("rows"):
        return expected == happened
    return set(expected.split()) <= set(happened.split())
