"""STATEMENT -> DEFINITION: which reader understands which statement."""

from collections.abc import Callable
from typing import Final

from comply.dialect.assertions import alter_assertion, create_assertion
from comply.dialect.cursor import Cursor
from comply.dialect.objects import (
    alter_index,
    comment,
    create_domain,
    create_index,
    create_program,
    create_sequence,
    create_view,
    drop,
    grant,
    rename,
    revoke,
    truncate,
)
from comply.dialect.statements import Statement
from comply.dialect.syntax import Definition, Session
from comply.dialect.tables import alter_table, create_table

# What a statement does that defines nothing: it changes or reads data, or steers the
# transaction. The sandbox runs these, a schema does not hold them.
DATA: Final = frozenset(
    (  # noqa: SIM905  (a word a line reads worse)
        "INSERT UPDATE DELETE MERGE SELECT WITH COMMIT ROLLBACK SAVEPOINT LOCK CALL"
        " EXPLAIN BEGIN DECLARE SET ("
    ).split()
)

_READERS: dict[str, Callable[[Cursor], Definition]] = {
    "ALTER ASSERTION": alter_assertion,
    "ALTER INDEX": alter_index,
    "ALTER TABLE": alter_table,
    "COMMENT": comment,
    "CREATE ASSERTION": create_assertion,
    "CREATE SEQUENCE": create_sequence,
    "DROP": drop,
    "GRANT": grant,
    "RENAME": rename,
    "REVOKE": revoke,
    "TRUNCATE": truncate,
}
# By the first of these words among the first few of a CREATE.
_CREATE: dict[str, Callable[[Cursor], Definition]] = {
    "TABLE": create_table,
    "INDEX": create_index,
    "VIEW": create_view,
    "DOMAIN": create_domain,
    "FUNCTION": create_program,
    "PROCEDURE": create_program,
    "PACKAGE": create_program,
    "TRIGGER": create_program,
    "TYPE": create_program,
    "SYNONYM": create_program,
    "DIRECTORY": create_program,
    "ROLE": create_program,
    "USER": create_program,
    "CONTEXT": create_program,
    "LIBRARY": create_program,
}
_SESSION: Final = (
    "ALTER DATABASE",
    "ALTER DOMAIN",
    "ALTER FUNCTION",
    "ALTER MATERIALIZED",
    "ALTER PACKAGE",
    "ALTER PROCEDURE",
    "ALTER PROFILE",
    "ALTER ROLE",
    "ALTER SEQUENCE",
    "ALTER SESSION",
    "ALTER SYNONYM",
    "ALTER SYSTEM",
    "ALTER TABLESPACE",
    "ALTER TRIGGER",
    "ALTER TYPE",
    "ALTER USER",
    "ALTER VIEW",
    "ANALYZE",
    "AUDIT",
    "CREATE BIGFILE",
    "CREATE DATABASE",
    "CREATE PROFILE",
    "CREATE TABLESPACE",
    "CREATE TEMPORARY",
    "CREATE UNDO",
    "FLASHBACK",
    "NOAUDIT",
    "PURGE",
)


def definition(statement: Statement) -> Definition | None:
    """Return what a statement defines; None if it only works on data.

    Raises:
        SqlError: comply does not understand the statement.
    """
    words = statement.words
    first = words[0] if words else statement.tokens[0].value
    if statement.form == "command" or (first in DATA):
        return None
    cursor = Cursor(statement)
    try:
        read = _read(cursor, words)
    except RecursionError:
        cursor.fail("this statement nests too deeply")
    if not cursor.done:
        cursor.fail("expected the statement's end")
    return read


def _read(cursor: Cursor, words: tuple[str, ...]) -> Definition:
    pair = " ".join(words[:2])
    for head in (pair, *words[:1]):
        if head in _READERS:
            cursor.expect(*head.split())
            return _READERS[head](cursor)
    if words[:1] == ("CREATE",):
        reader = next((_CREATE[w] for w in words[1:] if w in _CREATE), None)
        if reader:
            cursor.expect("CREATE")
            return reader(cursor)
    if pair in _SESSION or (words[:1] and words[0] in _SESSION):
        cursor.at = len(cursor.tokens)
        return Session(pair)
    return cursor.fail(
        "this statement is not one that comply reads",
        code=900,
        hint="comply reads definitions (CREATE, ALTER, DROP, GRANT, COMMENT) and DML",
    )
