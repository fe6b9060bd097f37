"""DEFINITION -> SCHEMA: what a schema holds after a definition."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from comply.dialect.alter import alter, named, typed
from comply.dialect.schema import Scene, Schema, Table, find
from comply.dialect.syntax import (
    AlterAssertion,
    AlterIndex,
    AlterTable,
    Comment,
    CreateAssertion,
    CreateDomain,
    CreateIndex,
    CreateProgram,
    CreateSequence,
    CreateTable,
    CreateView,
    Definition,
    Drop,
    Grant,
    Name,
    Rename,
    RenameTable,
    Session,
    State,
    Truncate,
)
from comply.source import Source

T = TypeVar("T")


def apply(schema: Schema, definition: Definition, source: Source) -> Schema:
    """Return the schema after `definition`, which was read from `source`.

    Raises:
        SqlError: Oracle would refuse it: a name is taken (ORA-00955) or unknown
            (ORA-00942), a column does not exist (ORA-00904).
    """
    scene = Scene(schema, source)
    match definition:
        case CreateTable():
            return _create_table(scene, definition)
        case AlterTable() | Rename():
            return _alter_table(scene, definition)
        case Drop():
            return _drop(scene, definition)
        case CreateAssertion() | AlterAssertion():
            return _assertion(scene, definition)
        case Comment():
            return _comment(scene, definition)
        case AlterIndex():
            return _alter_index(scene, definition)
        case _:
            return _other(scene, definition)


def _other(
    scene: Scene,
    definition: CreateIndex
    | CreateView
    | CreateDomain
    | CreateSequence
    | CreateProgram
    | Grant
    | Truncate
    | Session,
) -> Schema:
    schema = scene.schema
    match definition:
        case CreateIndex():
            return _create_index(scene, definition)
        case CreateView():
            views = _with(scene, schema.views, definition, replaces=definition.replace)
            return replace(schema, views=views)
        case CreateDomain():
            again = definition.replace
            domains = _with(scene, schema.domains, definition, replaces=again)
            return replace(schema, domains=domains)
        case CreateSequence():
            sequences = _with(scene, schema.sequences, definition, replaces=False)
            return replace(schema, sequences=sequences)
        case CreateProgram():
            programs = {**schema.programs, definition.name: definition}
            return replace(schema, programs=programs)
        case Grant():
            return replace(schema, grants=_granted(schema.grants, definition))
        case Truncate():
            scene.require(definition.name)
            return schema
        case Session():
            return schema


C = TypeVar("C", CreateView, CreateDomain, CreateSequence)


def _with(
    scene: Scene, objects: Mapping[Name, C], made: C, *, replaces: bool
) -> Mapping[Name, C]:
    """Return `objects` and the one just made."""
    if made.name in objects and not replaces:
        if made.if_not_exists:
            return objects
        raise scene.taken(made.name)
    return {**objects, made.name: made}


def _create_table(scene: Scene, made: CreateTable) -> Schema:
    schema = scene.schema
    if made.name in schema.tables or made.name in schema.views:
        if made.if_not_exists:
            return schema
        raise scene.taken(made.name)
    columns = tuple(typed(scene, c) for c in made.columns)
    empty = Table(
        made.name,
        columns,
        temporary=made.temporary,
        external=made.external,
        annotations=made.annotations,
        partition_keys=made.partition_keys,
    )
    table = named(scene, empty, made.constraints)
    return replace(schema, tables={**schema.tables, made.name: table})


def _alter_table(scene: Scene, made: AlterTable | Rename) -> Schema:
    if isinstance(made, Rename):
        made = AlterTable(made.old, (RenameTable(made.new, made.old.at),))
    before = scene.require(made.name)
    after = before
    for change in made.changes:
        after = alter(scene, after, change)
    tables = {
        n: after if n == before.name else t for n, t in scene.schema.tables.items()
    }
    schema = replace(scene.schema, tables=tables)
    if after.name == before.name:
        return schema
    return _renamed(schema, before.name, after)


def _renamed(schema: Schema, old: Name, table: Table) -> Schema:
    """Return the schema in which all that names `old` names `table`."""
    new = table.name
    tables = {}
    for name, each in schema.tables.items():
        constraints = tuple(
            replace(c, references=replace(c.references, table=new))
            if c.references and schema.table(c.references.table, name.owner) is None
            else c
            for c in each.constraints
        )
        key = new if name == old else name
        tables[key] = replace(each, constraints=constraints)
    indexes = {
        n: replace(i, table=new) if i.table == old else i
        for n, i in schema.indexes.items()
    }
    return replace(schema, tables=tables, indexes=indexes)


def _create_index(scene: Scene, made: CreateIndex) -> Schema:
    schema = scene.schema
    if made.name in schema.indexes:
        if made.if_not_exists:
            return schema
        raise scene.taken(made.name)
    table = scene.require(made.table)
    placed = replace(made, table=table.name)
    return replace(schema, indexes={**schema.indexes, made.name: placed})


def _alter_index(scene: Scene, made: AlterIndex) -> Schema:
    indexes = dict(scene.schema.indexes)
    index = find(indexes, made.name)
    if index is None:
        # The indexes of primary keys and unique constraints have no definition here.
        return scene.schema
    del indexes[index.name]
    name = Name(index.name.owner, made.rename) if made.rename else index.name
    visible = index.visible if made.visible is None else made.visible
    usable = index.usable if made.usable is None else made.usable
    indexes[name] = replace(index, name=name, visible=visible, usable=usable)
    return replace(scene.schema, indexes=indexes)


def _drop(scene: Scene, made: Drop) -> Schema:
    schema = scene.schema
    match made.kind:
        case "TABLE":
            return _drop_table(scene, made)
        case "INDEX":
            return replace(schema, indexes=_without(scene, schema.indexes, made, 1418))
        case "VIEW" | "MATERIALIZED VIEW":
            return replace(schema, views=_without(scene, schema.views, made, 942))
        case "DOMAIN":
            domains = _without(scene, schema.domains, made, 11504)
            return replace(schema, domains=domains)
        case "SEQUENCE":
            sequences = _without(scene, schema.sequences, made, 2289)
            return replace(schema, sequences=sequences)
        case "ASSERTION":
            assertions = _without(scene, schema.assertions, made, 4043)
            return replace(schema, assertions=assertions)
        case _:
            programs = {n: p for n, p in schema.programs.items() if n != made.name}
            return replace(schema, programs=programs)


def _without(
    scene: Scene, objects: Mapping[Name, T], made: Drop, code: int
) -> Mapping[Name, T]:
    """Return `objects` less the dropped one."""
    gone = find(objects, made.name)
    if gone is None:
        if made.if_exists:
            return objects
        raise scene.missing(made.name, objects, code)
    return {n: o for n, o in objects.items() if o is not gone}


def _drop_table(scene: Scene, made: Drop) -> Schema:
    schema = scene.schema
    table = schema.table(made.name)
    tables = _without(scene, schema.tables, made, 942)
    if table is None:
        return schema
    kept = {}
    for name, other in tables.items():
        remaining = tuple(
            c
            for c in other.constraints
            if not (
                made.cascade
                and c.references
                and schema.table(c.references.table, name.owner) is table
            )
        )
        kept[name] = replace(other, constraints=remaining)
    indexes = {n: i for n, i in schema.indexes.items() if i.table != table.name}
    return replace(schema, tables=kept, indexes=indexes)


def _assertion(scene: Scene, made: CreateAssertion | AlterAssertion) -> Schema:
    known = scene.schema.assertions
    if isinstance(made, CreateAssertion):
        if made.name in known:
            if made.if_not_exists:
                return scene.schema
            raise scene.taken(made.name)
        return replace(scene.schema, assertions={**known, made.name: made})
    found = find(known, made.name)
    if found is None:
        if made.if_exists:
            return scene.schema
        raise scene.missing(made.name, known, 4043)
    altered = replace(found, state=_switched(found, made))
    return replace(scene.schema, assertions={**known, found.name: altered})


def _switched(found: CreateAssertion, made: AlterAssertion) -> State:
    """Return the state after ALTER ASSERTION.

    Switching on defaults to VALIDATE, switching off to NOVALIDATE; what says only
    VALIDATE or NOVALIDATE leaves the switch alone.
    """
    state = found.state
    enabled = state.enabled if made.enabled is None else made.enabled
    validated = state.validated if made.validated is None else made.validated
    if made.validated is None and enabled != state.enabled:
        validated = enabled
    return replace(state, enabled=enabled, validated=validated)


def _comment(scene: Scene, made: Comment) -> Schema:
    view = find(scene.schema.views, made.table)
    if view is not None and scene.schema.table(made.table) is None:
        return scene.schema
    table = scene.require(made.table)
    if not made.column:
        after = replace(table, comment=made.text)
    else:
        columns = tuple(
            replace(c, comment=made.text) if c.name == made.column else c
            for c in table.columns
        )
        after = replace(table, columns=columns)
    return replace(scene.schema, tables={**scene.schema.tables, table.name: after})


def _granted(grants: tuple[Grant, ...], made: Grant) -> tuple[Grant, ...]:
    """Return the grants after GRANT or REVOKE, one privilege and grantee each."""
    each = tuple(
        replace(made, privileges=(privilege,), grantees=(grantee,), revoke=False)
        for privilege in made.privileges
        for grantee in made.grantees
    )
    if not made.revoke:
        return (*grants, *(g for g in each if g not in grants))
    gone = {(g.privileges, g.grantees, g.on) for g in each}
    return tuple(g for g in grants if (g.privileges, g.grantees, g.on) not in gone)
