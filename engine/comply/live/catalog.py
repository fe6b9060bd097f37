"""SESSION -> CATALOGUE: the dictionary as `load.oracle_catalog` reads it."""

import json
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from comply.database.connection import ConnectionLost, DatabaseError
from comply.live.database import Live, stored_in_postgres
from comply.live.views import (
    NAMES,
    ORACLE,
    POSTGRES,
    POSTGRES_TYPES,
    RELEASE_MAY_LACK,
    View,
)
from comply.source import ComplyError, Source

_UNSEEN: Final = frozenset({904, 942, 1031, 1720, 4043})
"""What Oracle says of what is not there, or not for this user: it does not tell which."""

_REMEDY: Final = "GRANT SELECT_CATALOG_ROLE to the user, or check as one that has it"


def read_catalog(session: Live, schema: str, name: str) -> Source:
    """Return the dictionary's part about a schema, as text that a loader reads.

    Raises:
        DatabaseError: the database fails; what it refuses is noted as not seen.
    """
    views: dict[str, list[dict[str, Any]]] = {}
    unseen: list[dict[str, str]] = []
    about: dict[str, Any] = {"schema": schema, "dialect": session.dialect}
    if session.dialect == "postgresql":
        for view in POSTGRES:
            views[view.name] = _postgres_rows(session, view, schema)
        about["assertions"] = False
    else:
        for view in ORACLE:
            found = _rows(session, view, schema, unseen)
            if found is not None:
                views[view.name] = found
        about["assertions"] = "ASSERTIONS" in views
        _hidden_definitions(views.get("ASSERTIONS", ()), unseen)
    about["unseen"] = unseen
    return Source(name, json.dumps({"oracle_catalog": about, **views}, default=_json))


def _rows(
    session: Live, view: View, schema: str, unseen: list[dict[str, str]]
) -> list[dict[str, Any]] | None:
    """Return a view's rows by the first query that the user may run."""
    said = ""
    for at, query in enumerate(view.queries):
        binds = {"schema": schema} if ":schema" in query else None
        try:
            rows = session.query(query, binds=binds).plain()
        except ConnectionLost:
            raise
        except DatabaseError as error:
            if error.code not in _UNSEEN:
                raise
            said = said or error.message.partition("\n")[0]
            continue
        if at and view.lacks:
            unseen.append(_note(view.lacks, said))
        return rows
    if view.name not in RELEASE_MAY_LACK:
        unseen.append(_note(view.lacks or f"ALL_{view.name}", said))
    return None


def _note(what: str, why: str) -> dict[str, str]:
    return {"what": what, "why": why, "remedy": _REMEDY}


def _hidden_definitions(
    assertions: Iterable[dict[str, Any]], unseen: list[dict[str, str]]
) -> None:
    """Note the assertions of another schema whose text ALL_ASSERTIONS leaves out."""
    for row in assertions:
        if row.get("DEFINITION_SQL") is None:
            what = f"the definition of {row['OWNER']}.{row['ASSERTION_NAME']}"
            unseen.append(_note(what, "DEFINITION_SQL is null in ALL_ASSERTIONS"))


def _postgres_rows(session: Live, view: View, schema: str) -> list[dict[str, Any]]:
    """Return rows as Oracle's view would hold them: names and types as it has them."""
    binds = {"schema": stored_in_postgres(schema)}
    rows = session.query(view.queries[0], binds=binds).plain()
    return [{k: _as_oracle(k, v) for k, v in row.items()} for row in rows]


def _as_oracle(column: str, value: Any) -> Any:  # noqa: ANN401  (a value of any type)
    if column == "CONSTRAINT_TYPE":
        return {"p": "P", "u": "U", "f": "R", "c": "C"}[str(value)]
    if column == "DATA_TYPE":
        return POSTGRES_TYPES.get(value, str(value).upper())
    if column in NAMES and isinstance(value, str):
        return value.upper() if value == value.lower() else value
    return value


def _json(value: object) -> object:
    match value:
        case datetime() | date():
            return value.isoformat()
        case Decimal():
            return float(value)
        case _:
            return str(value)


def read_assertions(session: Live, schema: str) -> list[dict[str, Any]]:
    """Return the rows of *_ASSERTIONS about a schema.

    Raises:
        ComplyError: this release has no assertions.
    """
    (view,) = (v for v in ORACLE if v.name == "ASSERTIONS")
    rows = _rows(session, view, schema, [])
    if rows is None:
        raise ComplyError(
            "this database shows no assertions: they came with Oracle 23.26.1",
            hint="SELECT version_full FROM v$instance tells the release",
        )
    return rows
