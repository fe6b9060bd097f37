"""RULE x MOMENT -> QUERY: of the rows that violate, those that changed since.

Oracle's flashback version query tells which rows of a table changed:
https://docs.oracle.com/en/database/oracle/oracle-database/23/adfns/flashback.html
A row that changed can only break an assertion by itself if it stands in the outer query.
What changed in a subquery may break rows that did not change, and all are checked.
"""

from datetime import datetime

from sqlglot import exp

from comply.classes import dataclass
from comply.database.connection import ConnectionLost, DatabaseError
from comply.dialect import oracle
from comply.dialect.assertion_printer import name_text
from comply.dialect.syntax import Name
from comply.live.database import Live
from comply.source import ComplyError
from comply.sql.assertion import tables_in
from comply.sql.catalog import Catalog
from comply.sql.denial import resolved
from comply.sql.rule import AssertionRule

_MARK = "ORA$CHANGED"


@dataclass(frozen=True, slots=True)
class Since:
    """A moment of a database: its SCN, or the text of a timestamp."""

    scn: int | None = None
    timestamp: str = ""

    @property
    def clause(self) -> str:
        """The clause of a flashback version query that begins at this moment."""
        if self.scn is not None:
            return f"VERSIONS BETWEEN SCN {self.scn} AND MAXVALUE"
        return f"VERSIONS BETWEEN TIMESTAMP TIMESTAMP '{self.timestamp}' AND MAXVALUE"


@dataclass(frozen=True, slots=True)
class Narrow:
    """The query of changed rows, None if there are none; or why there is no such."""

    sql: str | None = None
    reason: str = ""


def parse_since(text: str) -> Since:
    """Return the moment that `--since` names.

    >>> parse_since("4711").clause
    'VERSIONS BETWEEN SCN 4711 AND MAXVALUE'
    >>> parse_since("2026-11-21T06:30:00").timestamp
    '2026-11-21 06:30:00.000000'

    Raises:
        ComplyError: it is neither a system change number nor a timestamp.
    """
    if text.isdecimal():
        return Since(int(text))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ComplyError(
            f"--since {text}: neither an SCN nor a timestamp",
            hint="as in --since 48151623 or --since 2026-11-21T06:30:00",
        ) from None
    shown = moment.strftime("%Y-%m-%d %H:%M:%S.%f")
    zone = moment.strftime("%z")
    return Since(timestamp=f"{shown} {zone[:3]}:{zone[3:5]}" if zone else shown)


def narrowed(
    session: Live, rule: AssertionRule, catalog: Catalog | None, since: Since
) -> Narrow:
    """Return the query of violating rows that changed, or why all have to be checked.

    Raises:
        ConnectionLost: the session is gone.
        SqlError: a table or column does not exist in the schema.
    """
    if session.dialect != "oracle":
        return Narrow(reason="PostgreSQL does not tell which rows changed")
    tree = resolved(rule.assertion.parts(), catalog)
    try:
        changed = [t for t in tables_in(rule.assertion) if _changed(session, t, since)]
    except ConnectionLost:
        raise
    except DatabaseError as error:
        said = error.message.partition("\n")[0]
        return Narrow(reason=f"the database does not tell what changed ({said})")
    if not changed:
        return Narrow()
    return _narrow(tree, rule, changed, since)


def _changed(session: Live, table: Name, since: Since) -> bool:
    sql = (
        f"SELECT COUNT(*) FROM {name_text(table)} {since.clause}"  # noqa: S608  (a quoted name)
        " WHERE VERSIONS_OPERATION IS NOT NULL"
    )
    ((count,),) = session.query(sql).rows
    return bool(count)


def _narrow(
    tree: exp.Query, rule: AssertionRule, changed: list[Name], since: Since
) -> Narrow:
    outer = _outer_tables(tree)
    if outer is None or rule.assertion.kind == "exists":
        return Narrow(reason="a row that is missing cannot be found by what changed")
    inner = [t for t in tree.find_all(exp.Table) if not any(t is o for o in outer)]
    names = {name.name for name in changed}
    if also := sorted({oracle.stored_name(t.this) for t in inner} & names):
        return Narrow(
            reason=f"{', '.join(also)} changed, which may break rows that did not"
        )
    mark = exp.column(_MARK, quoted=True)
    assert isinstance(tree, exp.Select)  # noqa: S101  (for the type: outer is not None)
    sql = oracle.write(tree.where(mark))
    return Narrow(sql.replace(f'"{_MARK}"', _any_changed(outer, names, since)))


def _outer_tables(tree: exp.Query) -> list[exp.Table] | None:
    """Return the tables of the outer query; None if its rows are none of theirs."""
    cut = ("group", "distinct", "connect", "having", "limit")
    if not isinstance(tree, exp.Select) or any(tree.args.get(k) for k in cut):
        return None
    clause = tree.args.get("from_")
    nodes = [clause.this] if clause else []
    nodes += [j.this for j in tree.args.get("joins") or ()]
    tables = [n for n in nodes if isinstance(n, exp.Table)]
    return tables if tables and len(tables) == len(nodes) else None


def _any_changed(outer: list[exp.Table], names: set[str], since: Since) -> str:
    tests = []
    for table in outer:
        if oracle.stored_name(table.this) in names:
            bare = table.copy()
            bare.set("alias", None)
            tests.append(
                f'"{table.alias_or_name}".ROWID IN (SELECT ROWID FROM '  # noqa: S608
                f"{oracle.write(bare)} {since.clause}"
                " WHERE VERSIONS_OPERATION IN ('I', 'U'))"
            )
    return f"({' OR '.join(tests)})"
