"""Oracle DDL scripts: SCRIPT -> CATALOGUE, as the data dictionary would show it.

Schemas are often cut into several scripts: tables, keys, indexes. Such scripts are
loaded together, in order, so that each statement meets what the ones before it made;
every object stands in the document of the script that creates it, as all leave it.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import fields
from itertools import chain
from typing import Any, TypeAlias

from comply.classes import dataclass, field
from comply.dialect.apply import apply
from comply.dialect.definitions import definition
from comply.dialect.errors import SqlError
from comply.dialect.schema import Schema, Table
from comply.dialect.statements import Statement, statements
from comply.dialect.syntax import Drop, Name
from comply.findings import Finding, Severity, Status
from comply.load.facts import Collection, Document, Path
from comply.load.oracle_facts import catalogue
from comply.source import LoadError, Source, Span

Origins: TypeAlias = Mapping[Hashable, Source]


@dataclass(frozen=True, slots=True)
class Read:
    """Scripts as read: the schema they make, and each statement with its outcome.

    `outcomes` holds, for each statement in order, "defined", "data" (DML, transaction
    control, SQL*Plus) or the error that kept comply from understanding it. `origins`
    tells which script an object, column or constraint comes from.
    """

    schema: Schema = field(default_factory=Schema)
    statements: tuple[Statement, ...] = ()
    outcomes: tuple[str | SqlError, ...] = ()
    origins: Origins = field(default_factory=dict)

    @property
    def unread(self) -> tuple[SqlError, ...]:
        """The errors, in the order of their statements."""
        return tuple(o for o in self.outcomes if isinstance(o, SqlError))


def load(source: Source) -> list[Document]:
    """Return the one document of a script: the catalogue that it makes.

    The value holds lists of plain objects: `tables` (with their columns, constraints
    and indexes inside), `columns`, `constraints`, `indexes`, `views`, `domains`,
    `annotations`, `assertions`, `grants`, `sequences`, `programs`, and `statements`:
    every statement of the script with its line and what became of it.

    A statement that is not understood is listed in `unread`, and is a problem of the
    document: an error finding, so nothing is dropped silently and the rest is checked.

    Raises:
        LoadError: the text does not split into statements: a string has no end.
    """
    return load_together([source])


def load_together(sources: Sequence[Source]) -> list[Document]:
    """Return a document for each of several scripts that run in this order.

    Raises:
        LoadError: a text does not split into statements: a string has no end.
    """
    try:
        read = read_scripts(sources)
    except SqlError as error:
        raise LoadError(error.message, error.span, error.hint) from None
    return [_document(source, read) for source in sources]


def read_scripts(sources: Sequence[Source]) -> Read:
    """Return the schema that scripts make and what became of each statement.

    Raises:
        SqlError: a text does not split into statements: a string has no end.
    """
    schema = Schema()
    found: list[Statement] = []
    outcomes: list[str | SqlError] = []
    origins: dict[Hashable, Source] = {}
    for statement in chain.from_iterable(map(statements, sources)):
        found.append(statement)
        try:
            made = definition(statement)
            if made and not _drops_nothing(schema, made):
                before = schema
                schema = apply(before, made, statement.source)
                _trace(before, schema, statement.source, origins)
            outcomes.append("defined" if made else "data")
        except SqlError as error:
            outcomes.append(error)
    return Read(schema, tuple(found), tuple(outcomes), origins)


def _trace(
    before: Schema, after: Schema, source: Source, origins: dict[Hashable, Source]
) -> None:
    """Note what came with a statement, and which script the statement is in."""
    for kind in _KINDS:
        old, new = getattr(before, kind), getattr(after, kind)
        if old is not new:
            for name in new:
                if name not in old:
                    origins[kind, name] = source
    gone = [name for name in before.tables if name not in after.tables]
    for name, table in after.tables.items():
        if before.tables.get(name) is not table:
            # A table under a new name keeps the places of its parts.
            was = gone[0] if name not in before.tables and len(gone) == 1 else name
            for kind, part, at in _parts(table):
                found = origins.get((was, kind, part, at), source)
                origins.setdefault((name, kind, part, at), found)
    for grant in after.grants[len(before.grants) :]:
        origins[grant] = source


_KINDS = (
    "tables",
    "indexes",
    "views",
    "domains",
    "sequences",
    "assertions",
    "programs",
)


def _parts(table: Table) -> list[tuple[str, str, int]]:
    """Return kind, name and offset of a table's columns and constraints."""
    columns = [("columns", c.name, c.at) for c in table.columns]
    return [*columns, *(("constraints", c.name, c.at) for c in table.constraints)]


def _drops_nothing(schema: Schema, made: object) -> bool:
    """Tell whether a DROP means what was there before the script."""
    if not isinstance(made, Drop):
        return False
    known = chain(
        schema.tables,
        schema.indexes,
        schema.views,
        schema.domains,
        schema.sequences,
        schema.assertions,
    )
    return made.name.name not in {n.name for n in known}


def _document(source: Source, read: Read) -> Document:
    """Return the document of one of the scripts that have been read."""
    own = _part(source, read)
    value = catalogue(own, read.schema)
    outcomes = [
        (statement, outcome)
        for statement, outcome in zip(read.statements, read.outcomes, strict=True)
        if statement.source is source
    ]
    errors = [o for _, o in outcomes if isinstance(o, SqlError)]
    value["statements"] = [
        {
            "line": statement.span.row,
            "kind": " ".join(statement.words[:2]) or statement.tokens[0].value,
            "outcome": outcome if isinstance(outcome, str) else "unread",
        }
        for statement, outcome in outcomes
    ]
    value["unread"] = [
        {"line": e.span.row if e.span else 0, "message": e.message} for e in errors
    ]
    return Document(
        source.name,
        "oracle_ddl",
        "oracle",
        value,
        COLLECTIONS,
        _locator(source, own, read, value),
        problems=tuple(_problem(e) for e in errors),
    )


def _part(source: Source, read: Read) -> Schema:
    """Return what one script creates, as all scripts leave it."""
    own: dict[str, Any] = {}
    for kind in _KINDS:
        objects = getattr(read.schema, kind)
        own[kind] = {
            n: o for n, o in objects.items() if read.origins.get((kind, n)) is source
        }
    own["grants"] = tuple(
        g for g in read.schema.grants if read.origins.get(g) is source
    )
    return Schema(**{f.name: own[f.name] for f in fields(Schema)})


def _problem(error: SqlError) -> Finding:
    """Return the finding of a statement that fails before any data is looked at."""
    return Finding(
        "comply/statement-failed",
        "The script runs",
        Severity.HIGH,
        Status.ERROR,
        error.message,
        span=error.span,
        remediation=error.hint,
    )


def _identity(fact: Mapping[str, Any]) -> str:
    """Return OWNER.NAME, of a part of a table OWNER.TABLE.NAME; no owner, no prefix."""
    parts = (fact["owner"], fact.get("table"), fact["name"])
    return ".".join(str(part) for part in parts if part)


def _index_identity(fact: Mapping[str, Any]) -> str:
    return f"{fact['owner']}.{fact['name']}" if fact["owner"] else str(fact["name"])


COLLECTIONS = (
    *(
        Collection((key,), _identity)
        for key in ("tables", "columns", "constraints", "views", "domains")
    ),
    *(Collection((key,), _identity) for key in ("sequences", "assertions")),
    Collection(("indexes",), _index_identity),
)


def _locator(
    source: Source, own: Schema, read: Read, value: Mapping[str, Any]
) -> Callable[[Path], Span | None]:
    """Return the function that finds the place of a fact or of a part of it.

    A path that goes deeper than a column or constraint finds that; what Oracle
    generates (the index of a key) is found at the table. A column or constraint that
    another script adds is found there.
    """

    def locate(path: Path) -> Span | None:
        if len(path) < 2 or not isinstance(path[1], int):
            return None
        kind, i = path[0], path[1]
        if kind in ("columns", "constraints", "indexes"):
            part = value[kind][i]
            return _place(source, read, part, str(kind), part["name"])
        objects = getattr(own, kind) if kind in _KINDS else None
        if objects is None:
            return None
        name = list(objects)[i]
        if kind == "tables" and len(path) >= 4 and isinstance(path[3], int):
            inner, j = path[2], path[3]
            part = value["tables"][i][inner][j]
            row = {"owner": name.owner, "table": name.name}
            return _place(source, read, row, str(inner), part["name"])
        return _at(source, name)

    return locate


def _at(source: Source, name: Name) -> Span:
    """Return the place of a definition's name."""
    return source.span(name.at, len(str(name)))


def _place(
    source: Source, read: Read, row: Mapping[str, Any], kind: str, name: str
) -> Span | None:
    """Return the place of a part of a table."""
    owner = row["owner"] if kind != "indexes" else row.get("table_owner", row["owner"])
    table = read.schema.table(Name(owner, row["table"]))
    if table is None:
        return None
    if kind == "indexes":
        found = (n for n in read.schema.indexes if n.name == name)
        index = next(found, None)
        if index is None:
            return _at(source, table.name)
        return _at(read.origins.get((kind, index), source), index)
    for part in table.columns if kind == "columns" else table.constraints:
        if part.name == name:
            key = (table.name, kind, part.name, part.at)
            return read.origins.get(key, source).span(part.at, len(name))
    return None
