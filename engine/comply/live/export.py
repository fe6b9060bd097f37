"""CATALOGUE -> DDL: the assertions of a live schema, which DBMS_METADATA cannot write."""

from comply.classes import dataclass
from comply.dialect.assertion_printer import assertion_text, name_text
from comply.live.catalog import read_assertions
from comply.live.database import Live
from comply.load.oracle_catalog import assertion_of
from comply.source import ComplyError


@dataclass(frozen=True, slots=True)
class Exported:
    """A script of a schema's assertions; how many, and those whose text is hidden."""

    script: str
    count: int
    hidden: tuple[str, ...]


def export(session: Live, schema: str) -> Exported:
    """Return the assertions of a schema as DDL.

    Raises:
        ComplyError: the database has no assertions, or the dictionary cannot be read.
    """
    if session.dialect != "oracle":
        raise ComplyError("PostgreSQL has no assertions to export")
    statements: list[str] = []
    hidden: list[str] = []
    for row in read_assertions(session, schema):
        made = assertion_of(row)
        if made.check.sql:
            statements.append(assertion_text(made) + ";\n")
        else:
            hidden.append(name_text(made.name))
            statements.append(f"-- {name_text(made.name)}: its definition is hidden\n")
    return Exported("\n".join(statements), len(statements) - len(hidden), tuple(hidden))
