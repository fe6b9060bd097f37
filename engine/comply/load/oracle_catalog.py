"""The data dictionary of a live database, kept as JSON: VIEWS -> CATALOGUE.

The text is an object whose first key is `oracle_catalog`, about the database, and whose
others are rows of dictionary views by the view's name without its prefix: `TABLES`,
`TAB_COLUMNS`, `CONSTRAINTS` and so on, with the columns that Oracle gives them. Rules
see it in the shape that a script has, and what only a database knows besides.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Literal, TypeAlias

from comply.dialect.definitions import definition
from comply.dialect.errors import SqlError
from comply.dialect.schema import Schema, Table
from comply.dialect.statements import statements
from comply.dialect.syntax import (
    Column,
    Constraint,
    ConstraintKind,
    CreateAssertion,
    CreateDomain,
    CreateIndex,
    CreateView,
    DataType,
    Existential,
    Grant,
    Name,
    Reference,
    State,
    Text,
)
from comply.findings import Finding, Severity, Status
from comply.load.facts import Document, Path, nowhere
from comply.load.oracle_ddl import COLLECTIONS
from comply.load.oracle_facts import catalogue
from comply.source import LoadError, Source, Span

Row: TypeAlias = Mapping[str, Any]
Views: TypeAlias = Mapping[str, list[Row]]
"""Rows of views, by the view's name without its prefix."""

_KINDS: Final[Mapping[str, ConstraintKind]] = {
    "P": "primary_key",
    "U": "unique",
    "R": "foreign_key",
    "C": "check",
}


def load(source: Source) -> Document:
    """Return the document of a catalogue that was read from a database.

    The value is that of a script (see `load.oracle_ddl`), with `objects` (that are
    invalid), `statistics`, `accounts`, and with `validation` and `locks` in each of the
    `assertions`. What the user could not see is a problem of the document.

    Raises:
        LoadError: the text is no such catalogue.
    """
    try:
        return _document(source)
    except RecursionError:
        raise LoadError(f"{source.name}: its values nest too deeply") from None
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise LoadError(
            f"{source.name}: no catalogue of a database: {error!r}",
            hint="`comply check oracle://... --catalogue FILE` writes one",
        ) from None


def _document(source: Source) -> Document:
    held = json.loads(source.text)
    about, views = held["oracle_catalog"], _views(held)
    schema = schema_of(views)
    value = catalogue(schema, schema)
    value |= _only_live(views)
    value["assertions"] = [
        {**row, **_enforcement(views, row["name"])} for row in value["assertions"]
    ]
    value["database"] = {k: v for k, v in about.items() if k != "unseen"}
    problems = tuple(_unseen(source.name, row) for row in about.get("unseen", ()))
    return Document(
        source.name,
        "oracle_catalog",
        "oracle",
        value,
        COLLECTIONS,
        _locator(source, value),
        problems=problems,
    )


def _locator(source: Source, value: Mapping[str, Any]) -> Callable[[Path], Span | None]:
    """Return what finds a fact in the file of a catalogue, by the name it bears there.

    A catalogue straight from a database has no text that anybody could look at.
    """
    if "://" in source.name:
        return nowhere

    def locate(path: Path) -> Span | None:
        if len(path) < 2:
            return None
        fact = value[str(path[0])][path[1]]
        named = (fact[k] for k in ("name", "object", "table", "grantee") if fact.get(k))
        text = json.dumps(next(named, ""))
        at = source.text.find(text)
        return source.span(max(at, 0), len(text) if at >= 0 else 1)

    return locate


def _views(held: Mapping[str, Any]) -> Views:
    return defaultdict(
        list, {k: list(v) for k, v in held.items() if k != "oracle_catalog"}
    )


def schema_of(views: Views) -> Schema:
    """Return the schema that the dictionary shows.

    Raises:
        KeyError: a row lacks a column.
    """
    tables = dict(_tables(views))
    return Schema(
        tables=tables,
        indexes={i.name: i for i in _indexes(views)},
        views={v.name: v for v in map(_view, views["VIEWS"])},
        domains={d.name: d for d in _domains(views)},
        assertions={a.name: a for a in map(assertion_of, views["ASSERTIONS"])},
        grants=tuple(_grants(views)),
    )


def _tables(views: Views) -> Iterable[tuple[Name, Table]]:
    columns = _by_table(views["TAB_COLUMNS"], "COLUMN_ID")
    constraints = _by_table(views["CONSTRAINTS"], "CONSTRAINT_NAME")
    parts = _columns_of(views["CONS_COLUMNS"], "OWNER", "CONSTRAINT_NAME", "POSITION")
    keys = {_named(r, "OWNER", "CONSTRAINT_NAME"): r for r in views["CONSTRAINTS"]}
    for row in views["TABLES"]:
        name = _named(row, "OWNER", "TABLE_NAME")
        noted = _annotations(views, "TABLE", name.name)
        yield (
            name,
            Table(
                name,
                tuple(
                    _column(r, noted.get(r["COLUMN_NAME"], {})) for r in columns[name]
                ),
                tuple(
                    made
                    for r in constraints[name]
                    if (made := _constraint(r, parts, keys)) is not None
                ),
                temporary=row.get("TEMPORARY") == "Y",
                external=row.get("EXTERNAL") == "YES",
                comment=row.get("COMMENTS") or "",
                annotations=noted.get("", {}),
            ),
        )


def _by_table(rows: Iterable[Row], order: str) -> defaultdict[Name, list[Row]]:
    found: defaultdict[Name, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda r: (r.get(order) is None, r.get(order) or 0)):
        found[_named(row, "OWNER", "TABLE_NAME")].append(row)
    return found


def _columns_of(
    rows: Iterable[Row], owner: str, name: str, order: str
) -> dict[Name, tuple[str, ...]]:
    """Return the columns of each constraint or index in their order."""
    found: defaultdict[Name, list[str]] = defaultdict(list)
    for row in sorted(rows, key=lambda r: r.get(order) or 0):
        found[_named(row, owner, name)].append(row["COLUMN_NAME"])
    return {k: tuple(v) for k, v in found.items()}


def _named(row: Row, owner: str, name: str) -> Name:
    return Name(row[owner] or "", row[name])


def _column(row: Row, annotations: Mapping[str, str | None]) -> Column:
    domain = row.get("DOMAIN_NAME")
    return Column(
        row["COLUMN_NAME"],
        0,
        type_of(row),
        nullable=row.get("NULLABLE") != "N",
        domain=Name(row.get("DOMAIN_OWNER") or "", domain) if domain else None,
        annotations=annotations,
        comment=row.get("COMMENTS") or "",
    )


def type_of(row: Row) -> DataType:
    """Return the type of a column as ALL_TAB_COLUMNS shows it.

    >>> type_of({"DATA_TYPE": "TIMESTAMP(6) WITH TIME ZONE", "DATA_SCALE": 6})
    DataType(name='TIMESTAMP WITH TIME ZONE', length=None, precision=6, scale=None, unit='')
    """
    head, bracket, rest = str(row["DATA_TYPE"]).partition("(")
    name = head
    while bracket:
        tail, bracket, rest = rest.partition(")")[2].partition("(")
        name += tail
    scale, precision = row.get("DATA_SCALE"), row.get("DATA_PRECISION")
    if name.startswith("TIMESTAMP"):
        return DataType(name, precision=scale)
    length = row.get("CHAR_LENGTH") or None
    unit: Literal["CHAR", ""] = "CHAR" if row.get("CHAR_USED") == "C" else ""
    return DataType(name, length, precision, scale, unit)


def _constraint(
    row: Row, parts: Mapping[Name, tuple[str, ...]], keys: Mapping[Name, Row]
) -> Constraint | None:
    """Return a constraint; None for what is none of a table's, such as of a view."""
    kind = _KINDS.get(row["CONSTRAINT_TYPE"])
    if kind is None:
        return None
    columns = parts.get(_named(row, "OWNER", "CONSTRAINT_NAME"), ())
    said = row.get("SEARCH_CONDITION_VC")
    if len(columns) == 1 and said == f'"{columns[0]}" IS NOT NULL':
        kind = "not_null"
    return Constraint(
        kind,
        0,
        row["CONSTRAINT_NAME"],
        columns,
        Text(said) if kind == "check" and said else None,
        _reference(row, parts, keys) if kind == "foreign_key" else None,
        _state(row, row.get("VALIDATED")),
        generated=row.get("GENERATED") == "GENERATED NAME",
    )


def _state(row: Row, validated: str | None) -> State:
    return State(
        row.get("DEFERRABLE") == "DEFERRABLE",
        row.get("DEFERRED") == "DEFERRED",
        row.get("STATUS") == "ENABLED",
        validated == "VALIDATED",
    )


def _reference(
    row: Row, parts: Mapping[Name, tuple[str, ...]], keys: Mapping[Name, Row]
) -> Reference:
    """Return what a foreign key points at: a key, which names its table."""
    key = _named(row, "R_OWNER", "R_CONSTRAINT_NAME")
    table = keys.get(key)
    action = row.get("DELETE_RULE")
    return Reference(
        _named(table, "OWNER", "TABLE_NAME") if table else key,
        parts.get(key, ()),
        action if action in ("CASCADE", "SET NULL") else "",
    )


def _indexes(views: Views) -> Iterable[CreateIndex]:
    columns = _columns_of(
        views["IND_COLUMNS"], "INDEX_OWNER", "INDEX_NAME", "COLUMN_POSITION"
    )
    broken = {
        _named(r, "INDEX_OWNER", "INDEX_NAME")
        for r in views["IND_PARTITIONS"]
        if r.get("STATUS") == "UNUSABLE"
    }
    for row in views["INDEXES"]:
        name = _named(row, "OWNER", "INDEX_NAME")
        yield CreateIndex(
            name,
            _named(row, "TABLE_OWNER", "TABLE_NAME"),
            columns.get(name, ()),
            unique=row.get("UNIQUENESS") == "UNIQUE",
            bitmap="BITMAP" in str(row.get("INDEX_TYPE")),
            visible=row.get("VISIBILITY") != "INVISIBLE",
            usable=row.get("STATUS") != "UNUSABLE" and name not in broken,
        )


def _view(row: Row) -> CreateView:
    name = _named(row, "OWNER", "VIEW_NAME")
    return CreateView(name, "view", Text(row.get("TEXT_VC") or ""))


def _domains(views: Views) -> Iterable[CreateDomain]:
    for row in views["DOMAINS"]:
        noted = _annotations(views, "DOMAIN", row["NAME"]).get("", {})
        yield CreateDomain(_named(row, "OWNER", "NAME"), None, annotations=noted)


def _annotations(
    views: Views, kind: str, name: str
) -> defaultdict[str, dict[str, str | None]]:
    """Return the annotations of an object by column, those of itself under ""."""
    found: defaultdict[str, dict[str, str | None]] = defaultdict(dict)
    for row in views["ANNOTATIONS_USAGE"]:
        if row["OBJECT_TYPE"] == kind and row["OBJECT_NAME"] == name:
            column = row.get("COLUMN_NAME") or ""
            found[column][row["ANNOTATION_NAME"]] = row.get("ANNOTATION_VALUE")
    return found


def assertion_of(row: Row) -> CreateAssertion:
    """Return an assertion as *_ASSERTIONS shows it.

    DEFINITION_SQL may hold the statement, CHECK (..) or what stands in it. Of another
    schema's assertion it is null in ALL_ASSERTIONS, and the text is empty.
    """
    name = _named(row, "OWNER", "ASSERTION_NAME")
    state = _state(row, row.get("VALIDATED"))
    said = str(row.get("DEFINITION_SQL") or "").strip().rstrip(";").strip()
    made = _parsed(said) if said else None
    if made is None:
        unknown = Existential(Text(said), negated=True)
        return CreateAssertion(name, Text(said), unknown, state)
    return CreateAssertion(name, made.check, made.body, state)


def _parsed(said: str) -> CreateAssertion | None:
    words = said.upper().split(maxsplit=1)[0]
    whole = words.startswith(("CREATE", "--", "/*"))
    bare = words.startswith("CHECK")
    if not whole:
        said = (
            f"CREATE ASSERTION a {said}"
            if bare
            else f"CREATE ASSERTION a CHECK ({said})"
        )
    try:
        for statement in statements(Source("DEFINITION_SQL", said)):
            made = definition(statement)
            if isinstance(made, CreateAssertion):
                return made
    except SqlError:
        return None
    return None


def _grants(views: Views) -> Iterable[Grant]:
    for row in views["TAB_PRIVS"]:
        option: Literal["GRANT", ""] = "GRANT" if row.get("GRANTABLE") == "YES" else ""
        on = _named(row, "OWNER", "TABLE_NAME")
        yield Grant((row["PRIVILEGE"],), (row["GRANTEE"],), on, option)
    for row in views["SYS_PRIVS"]:
        administered = _admin(row)
        yield Grant((row["PRIVILEGE"],), (row["GRANTEE"],), None, administered)


def _admin(row: Row) -> Literal["ADMIN", ""]:
    return "ADMIN" if row.get("ADMIN_OPTION") == "YES" else ""


def _only_live(views: Views) -> dict[str, Any]:
    """Return what a database knows and a script does not say."""
    return {
        "objects": [
            {
                "owner": r["OWNER"],
                "name": r["OBJECT_NAME"],
                "type": r["OBJECT_TYPE"],
                "status": r["STATUS"],
            }
            for r in views["OBJECTS"]
        ],
        "statistics": [
            {
                "owner": r["OWNER"],
                "table": r["TABLE_NAME"],
                "stale": r.get("STALE_STATS") == "YES",
                "analyzed": r.get("LAST_ANALYZED"),
                "rows": r.get("NUM_ROWS"),
                "locked": bool(r.get("STATTYPE_LOCKED")),
            }
            for r in views["TAB_STATISTICS"]
        ],
        "accounts": [
            {"name": r["USERNAME"], "default_password": True}
            for r in views["USERS_WITH_DEFPWD"]
        ],
        "statements": [],
        "unread": [],
    }


def _enforcement(views: Views, name: str) -> dict[str, Any]:
    """Return how the database checks an assertion: what it reads and what it locks."""
    return {
        "validation": [
            {
                "owner": r["REFERENCED_OWNER"],
                "table": r["REFERENCED_NAME"],
                "type": r["VALIDATION_TYPE"],
                "event": r.get("VALIDATION_EVENT"),
            }
            for r in views["ASSERTION_DEPENDENCIES"]
            if r["ASSERTION_NAME"] == name
        ],
        "locks": [
            {
                "table": r["TABLE_NAME"],
                "adjacent": r.get("ADJ_TABLE_NAME"),
                "scope": r["LOCK_SCOPE"],
                "mode": r.get("LOCK_MODE"),
                "columns": r.get("JOIN_COLUMNS"),
            }
            for r in views["ASSERTION_LOCK_MATRIX"]
            if r["ASSERTION_NAME"] == name
        ],
    }


def _unseen(name: str, row: Row) -> Finding:
    """Return the finding that says what the user had no privilege to see."""
    return Finding(
        "comply/not-visible",
        "The user may see the dictionary",
        Severity.INFO,
        Status.UNDETERMINED,
        f"{name}: {row['what']} could not be seen: {row['why']}",
        fact=row["what"],
        remediation=row.get("remedy", ""),
    )
