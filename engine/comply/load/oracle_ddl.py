"""Oracle DDL scripts: SCRIPT -> CATALOGUE, as the data dictionary would show it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from comply.dialect.apply import apply
from comply.dialect.definitions import definition
from comply.dialect.errors import SqlError
from comply.dialect.schema import Schema, Table
from comply.dialect.statements import Statement, statements
from comply.dialect.syntax import (
    Column,
    Constraint,
    CreateAssertion,
    CreateDomain,
    CreateIndex,
    CreateView,
    Drop,
    Grant,
    Name,
    Text,
)
from comply.findings import Finding, Severity, Status
from comply.load.facts import Collection, Document, Path
from comply.source import LoadError, Source, Span


@dataclass(frozen=True, slots=True)
class Read:
    """A script as read: the schema it makes, and each statement with its outcome.

    `outcomes` holds, for each statement in order, "defined", "data" (DML, transaction
    control, SQL*Plus) or the error that kept comply from understanding it.
    """

    schema: Schema
    statements: tuple[Statement, ...]
    outcomes: tuple[str | SqlError, ...]

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
    try:
        read = read_script(source)
    except SqlError as error:
        raise LoadError(error.message, error.span, error.hint) from None
    return [document(source, read)]


def read_script(source: Source) -> Read:
    """Return the schema that a script makes and what became of each statement.

    Raises:
        SqlError: the text does not split into statements: a string has no end.
    """
    schema = Schema()
    found: list[Statement] = []
    outcomes: list[str | SqlError] = []
    for statement in statements(source):
        found.append(statement)
        try:
            made = definition(statement)
            if made and not _drops_nothing(schema, made):
                schema = apply(schema, made, source)
            outcomes.append("defined" if made else "data")
        except SqlError as error:
            outcomes.append(error)
    return Read(schema, tuple(found), tuple(outcomes))


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


def document(source: Source, read: Read) -> Document:
    """Return the document of a script that has been read."""
    value = catalogue(read.schema)
    value["statements"] = [
        {
            "line": statement.span.row,
            "kind": " ".join(statement.words[:2]) or statement.tokens[0].value,
            "outcome": outcome if isinstance(outcome, str) else "unread",
        }
        for statement, outcome in zip(read.statements, read.outcomes, strict=True)
    ]
    value["unread"] = [
        {"line": e.span.row if e.span else 0, "message": e.message} for e in read.unread
    ]
    return Document(
        source.name,
        "oracle_ddl",
        "oracle",
        value,
        COLLECTIONS,
        _locator(source, read.schema, value),
        problems=tuple(_problem(e) for e in read.unread),
    )


def _problem(error: SqlError) -> Finding:
    """Return the finding of a statement that is not understood."""
    return Finding(
        "comply/statement-not-understood",
        "The script is understood",
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


def catalogue(schema: Schema) -> dict[str, Any]:
    """Return a schema as plain lists and objects."""
    tables = [_table(schema, t) for t in schema.tables.values()]
    return {
        "tables": tables,
        "columns": _flat(tables, "columns"),
        "constraints": _flat(tables, "constraints"),
        "indexes": _flat(tables, "indexes"),
        "views": [_view(v) for v in schema.views.values()],
        "domains": [_domain(d) for d in schema.domains.values()],
        "annotations": _annotations(schema),
        "assertions": [_assertion(a) for a in schema.assertions.values()],
        "grants": [_grant(g) for g in schema.grants],
        "sequences": [
            {**_named(s.name), "start": s.start, "increment": s.increment}
            for s in schema.sequences.values()
        ],
        "programs": [
            {**_named(p.name), "type": p.kind} for p in schema.programs.values()
        ],
    }


def _named(name: Name) -> dict[str, Any]:
    return {"owner": name.owner, "name": name.name}


def _text(value: Text | None) -> str | None:
    return value.sql if value else None


def _flat(tables: Iterable[Mapping[str, Any]], key: str) -> list[dict[str, Any]]:
    """Return the parts of all tables, each with its table's name."""
    return [
        {"owner": table["owner"], "table": table["name"], **part}
        for table in tables
        for part in table[key]
    ]


def _table(schema: Schema, table: Table) -> dict[str, Any]:
    return {
        **_named(table.name),
        "columns": [_column(c) for c in table.columns],
        "constraints": [_constraint(schema, table, c) for c in table.constraints],
        "indexes": _indexes(schema, table),
        "annotations": dict(table.annotations),
        "comment": table.comment,
        "temporary": table.temporary,
        "external": table.external,
        "partition_keys": list(table.partition_keys),
    }


def _column(column: Column) -> dict[str, Any]:
    kind = column.type
    identity = column.identity
    return {
        "name": column.name,
        "type": kind.name if kind else "",
        "length": kind.length if kind else None,
        "precision": kind.precision if kind else None,
        "scale": kind.scale if kind else None,
        "char_used": kind.unit if kind else "",
        "nullable": column.nullable,
        "default": _text(column.default),
        "default_on_null": column.default_on_null,
        "identity": _generation(identity.always) if identity else None,
        "virtual": _text(column.virtual),
        "domain": str(column.domain) if column.domain else None,
        "invisible": column.invisible,
        "annotations": dict(column.annotations),
        "comment": column.comment,
    }


def _generation(always: bool) -> str:  # noqa: FBT001  (it is one)
    return "always" if always else "by default"


def _constraint(schema: Schema, table: Table, constraint: Constraint) -> dict[str, Any]:
    state = constraint.state
    return {
        "name": constraint.name,
        "type": constraint.kind,
        "columns": list(constraint.columns),
        "references": _reference(schema, table, constraint),
        "condition": _text(constraint.condition),
        "deferrable": state.deferrable,
        "initially_deferred": state.initially_deferred,
        "enabled": state.enabled,
        "validated": state.validated,
        "generated": constraint.generated,
    }


def _reference(
    schema: Schema, table: Table, constraint: Constraint
) -> dict[str, Any] | None:
    """Return what a foreign key points at; no columns named means the primary key."""
    reference = constraint.references
    if reference is None:
        return None
    target = schema.table(reference.table, table.name.owner)
    name = target.name if target else reference.table
    columns = reference.columns
    if target and not columns:
        primary = (c for c in target.constraints if c.kind == "primary_key")
        columns = next((c.columns for c in primary), ())
    return {
        "owner": name.owner,
        "table": name.name,
        "columns": list(columns),
        "on_delete": reference.on_delete,
    }


def _indexes(schema: Schema, table: Table) -> list[dict[str, Any]]:
    """Return a table's indexes, and those Oracle makes for keys that have none."""
    made = [i for i in schema.indexes.values() if i.table == table.name]
    rows = [_index(i) for i in made]
    for key in table.unique_keys():
        width = len(key.columns)
        if key.state.enabled and not any(
            set(i.columns[:width]) == set(key.columns) for i in made
        ):
            row = _index(
                CreateIndex(
                    Name(table.name.owner, key.name),
                    table.name,
                    key.columns,
                    unique=True,
                )
            )
            rows.append({**row, "generated": True})
    return rows


def _index(index: CreateIndex) -> dict[str, Any]:
    return {
        "owner": index.name.owner,
        "name": index.name.name,
        "columns": list(index.columns),
        "unique": index.unique,
        "bitmap": index.bitmap,
        "visible": index.visible,
        "usable": index.usable,
        "generated": False,
    }


def _view(view: CreateView) -> dict[str, Any]:
    return {
        **_named(view.name),
        "type": view.kind,
        "columns": list(view.columns),
        "tables": [_named(t) for t in view.tables],
        "definition": view.body.sql,
        "force": view.force,
        "annotations": dict(view.annotations),
    }


def _domain(domain: CreateDomain) -> dict[str, Any]:
    kind = domain.type
    return {
        **_named(domain.name),
        "type": kind.name if kind else None,
        "length": kind.length if kind else None,
        "precision": kind.precision if kind else None,
        "scale": kind.scale if kind else None,
        "columns": [c.name for c in domain.columns],
        "values": list(domain.values),
        "constraints": [
            {"name": c.name, "type": c.kind, "condition": _text(c.condition)}
            for c in domain.constraints
        ],
        "default": _text(domain.default),
        "display": _text(domain.display),
        "order": _text(domain.order),
        "annotations": dict(domain.annotations),
    }


def _assertion(assertion: CreateAssertion) -> dict[str, Any]:
    state = assertion.state
    return {
        **_named(assertion.name),
        "definition": assertion.check.sql,
        "deferrable": state.deferrable,
        "initially_deferred": state.initially_deferred,
        "enabled": state.enabled,
        "validated": state.validated,
    }


def _grant(grant: Grant) -> dict[str, Any]:
    return {
        "privilege": grant.privileges[0],
        "grantee": grant.grantees[0],
        "owner": grant.on.owner if grant.on else None,
        "object": grant.on.name if grant.on else None,
        "option": grant.option,
    }


def _annotations(schema: Schema) -> list[dict[str, Any]]:
    """Return one row for each use of an annotation, as ALL_ANNOTATIONS_USAGE has it."""
    rows: list[dict[str, Any]] = []

    def add(kind: str, of: Name, column: str, noted: Mapping[str, str | None]) -> None:
        for name, value in noted.items():
            rows.append(
                {
                    "owner": of.owner,
                    "object": of.name,
                    "object_type": kind,
                    "column": column or None,
                    "name": name,
                    "value": value,
                }
            )

    for table in schema.tables.values():
        add("TABLE", table.name, "", table.annotations)
        for column in table.columns:
            add("TABLE", table.name, column.name, column.annotations)
    for view in schema.views.values():
        add("VIEW", view.name, "", view.annotations)
    for domain in schema.domains.values():
        add("DOMAIN", domain.name, "", domain.annotations)
    return rows


def _locator(
    source: Source, schema: Schema, value: Mapping[str, Any]
) -> Callable[[Path], Span | None]:
    """Return the function that finds the place of a fact or of a part of it.

    A path that goes deeper than a column or constraint finds that; what Oracle
    generates (the index of a key) is found at the table.
    """

    def locate(path: Path) -> Span | None:
        if len(path) < 2 or not isinstance(path[1], int):
            return None
        kind, i = path[0], path[1]
        if kind in ("columns", "constraints", "indexes") and isinstance(kind, str):
            part = value[kind][i]
            return _place(source, schema, part, kind, part["name"])
        objects = _objects(schema).get(kind)
        if objects is None:
            return None
        name = list(objects)[i]
        if kind == "tables" and len(path) >= 4 and isinstance(path[3], int):
            inner, j = path[2], path[3]
            part = value["tables"][i][inner][j]
            row = {"owner": name.owner, "table": name.name}
            return _place(source, schema, row, str(inner), part["name"])
        return _at(source, name)

    return locate


def _objects(schema: Schema) -> dict[object, Mapping[Name, object]]:
    return {
        "tables": schema.tables,
        "views": schema.views,
        "domains": schema.domains,
        "sequences": schema.sequences,
        "assertions": schema.assertions,
        "programs": schema.programs,
    }


def _at(source: Source, name: Name) -> Span:
    """Return the place of a definition's name."""
    return source.span(name.at, len(str(name)))


def _place(
    source: Source, schema: Schema, row: Mapping[str, Any], kind: str, name: str
) -> Span | None:
    """Return the place of a part of a table."""
    table = schema.tables[Name(row["owner"], row["table"])]
    if kind == "columns":
        column = table.column(name)
        return source.span(column.at, len(name)) if column else None
    if kind == "constraints":
        found = (c for c in table.constraints if c.name == name)
        return next((source.span(c.at) for c in found), None)
    index = next((i for n, i in schema.indexes.items() if n.name == name), None)
    return _at(source, index.name if index else table.name)
