"""SCHEMA -> CATALOGUE: plain lists and objects, as the data dictionary shows them."""

from collections.abc import Iterable, Mapping
from typing import Any

from comply.dialect.schema import Schema, Table
from comply.dialect.syntax import (
    Column,
    Constraint,
    CreateAssertion,
    CreateDomain,
    CreateIndex,
    CreateView,
    Grant,
    Name,
    Text,
)


def catalogue(part: Schema, whole: Schema) -> dict[str, Any]:
    """Return a part of a schema as plain lists and objects.

    Names are looked up in the whole: what a foreign key points at, the indexes that
    another script makes on a table of this one.
    """
    schema = part
    tables = [_table(whole, t) for t in part.tables.values()]
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
