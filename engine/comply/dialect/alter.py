"""TABLE x CHANGE -> TABLE: what ALTER TABLE does, clause by clause."""

from dataclasses import replace
from typing import assert_never

from comply.classes import dataclass, field
from comply.dialect.errors import SqlError, nearest
from comply.dialect.schema import Scene, Table, find
from comply.dialect.syntax import (
    AddColumns,
    AlterConstraint,
    Annotate,
    Column,
    ColumnChange,
    Constraint,
    ConstraintTarget,
    DataType,
    DropColumns,
    DropConstraint,
    ModifyColumns,
    Name,
    Physical,
    RenameColumn,
    RenameTable,
    TableChange,
)

_MARKS = {
    "primary_key": "PK",
    "unique": "UK",
    "foreign_key": "FK",
    "check": "CK",
    "not_null": "NN",
}


def alter(scene: Scene, table: Table, change: TableChange) -> Table:
    """Return the table after one clause of ALTER TABLE.

    Raises:
        SqlError: a column (ORA-00904) or constraint (ORA-02443) does not exist, a
            column is there already (ORA-01430).
    """
    match change:
        case AddColumns():
            return _add(scene, table, change)
        case ModifyColumns():
            return _modify(scene, table, change)
        case DropColumns():
            return _drop_columns(scene, table, change)
        case DropConstraint():
            return _drop_constraint(scene, table, change)
        case AlterConstraint():
            return _switch(scene, table, change)
        case RenameColumn():
            return _rename(scene, table, change)
        case RenameTable():
            table = replace(table, name=Name(table.name.owner, change.new, change.at))
        case Annotate():
            table = replace(table, annotations=_annotations(table, change))
        case Physical():
            pass
        case _:
            assert_never(change)
    return table


def _annotations(table: Table, change: Annotate) -> dict[str, str | None]:
    kept = {k: v for k, v in table.annotations.items() if k not in change.dropped}
    return {**kept, **change.values}


def typed(scene: Scene, column: Column) -> Column:
    """Return the column with the type that its domain gives it.

    A name in a type's place that is no domain is a user-defined type.
    """
    if column.domain is None:
        return column
    domain = find(scene.schema.domains, column.domain)
    if domain is not None:
        return replace(column, domain=domain.name, type=column.type or domain.type)
    if column.type is None:
        return replace(column, domain=None, type=DataType(str(column.domain)))
    raise scene.missing(column.domain, scene.schema.domains, 11504)


def named(scene: Scene, table: Table, constraints: tuple[Constraint, ...]) -> Table:
    """Return the table with more constraints, each checked, placed and named."""
    known = {column.name for column in table.columns}
    names = _Names(table.name.name, {c.name for c in table.constraints})
    added: list[Constraint] = []
    filled: set[str] = set()
    for constraint in constraints:
        for column in constraint.columns:
            if column not in known:
                _require(scene, table, column, constraint.at)
        added.append(_named(names, constraint))
        if constraint.kind in ("primary_key", "not_null"):
            filled.update(constraint.columns)
    columns = tuple(
        replace(c, nullable=False) if c.name in filled else c for c in table.columns
    )
    return replace(table, columns=columns, constraints=(*table.constraints, *added))


@dataclass(frozen=True, slots=True)
class _Names:
    """The names of a table's constraints: those taken, and by stem the next number."""

    table: str
    taken: set[str]
    numbers: dict[str, int] = field(default_factory=dict)


def _named(names: _Names, constraint: Constraint) -> Constraint:
    """Return the constraint with a name, which is taken then.

    Oracle numbers the constraints that have none; the name here says what it stands
    for, so that it stays the same when another constraint comes before it.
    """
    name = constraint.name
    if not name:
        mark = _MARKS[constraint.kind]
        stem = "_".join(("SYS", names.table, *constraint.columns, mark))
        name, n = stem, names.numbers.get(stem, 2)
        while name in names.taken:
            name, n = f"{stem}{n}", n + 1
        names.numbers[stem] = n
        constraint = replace(constraint, name=name, generated=True)
    names.taken.add(name)
    return constraint


def _require(scene: Scene, table: Table, name: str, at: int) -> Column:
    column = table.column(name)
    if column is None:
        close = nearest(name, [c.name for c in table.columns])
        hint = f"did you mean {close}?" if close else ""
        message = f'"{table.name.name}"."{name}": invalid identifier'
        raise SqlError(904, message, scene.source.span(at), hint)
    return column


def _add(scene: Scene, table: Table, change: AddColumns) -> Table:
    for column in change.columns:
        if table.column(column.name):
            message = f"column {column.name} being added already exists in table"
            raise SqlError(1430, message, scene.source.span(column.at))
    columns = tuple(typed(scene, c) for c in change.columns)
    wider = replace(table, columns=(*table.columns, *columns))
    return named(scene, wider, change.constraints)


def _modify(scene: Scene, table: Table, change: ModifyColumns) -> Table:
    for each in change.changes:
        table = _modify_one(scene, table, each)
    return table


def _modify_one(scene: Scene, table: Table, change: ColumnChange) -> Table:
    column = _require(scene, table, change.name, change.at)
    after = replace(
        column,
        type=change.type or column.type,
        nullable=column.nullable if change.nullable is None else change.nullable,
        default=change.default or column.default,
        identity=None if change.drop_identity else change.identity or column.identity,
        invisible=column.invisible if change.visible is None else not change.visible,
        annotations={**column.annotations, **change.annotations},
    )
    columns = tuple(after if c is column else c for c in table.columns)
    kept = table.constraints
    if change.nullable is True:
        kept = tuple(
            c
            for c in kept
            if not (c.kind == "not_null" and c.columns == (column.name,))
        )
    return named(
        scene, replace(table, columns=columns, constraints=kept), change.constraints
    )


def _drop_columns(scene: Scene, table: Table, change: DropColumns) -> Table:
    gone = set()
    for name, at in change.columns:
        _require(scene, table, name, at)
        gone.add(name)
    return replace(
        table,
        columns=tuple(c for c in table.columns if c.name not in gone),
        constraints=tuple(c for c in table.constraints if not gone & set(c.columns)),
    )


def _meant(table: Table, target: ConstraintTarget) -> Constraint | None:
    """Return the constraint that a clause means."""
    for constraint in table.constraints:
        if target.name:
            if constraint.name == target.name:
                return constraint
        elif constraint.kind == target.kind and target.columns in (
            (),
            constraint.columns,
        ):
            return constraint
    return None


def _no_constraint(scene: Scene, table: Table, target: ConstraintTarget) -> SqlError:
    what = target.name or (target.kind or "").replace("_", " ")
    close = nearest(target.name, [c.name for c in table.constraints])
    hint = f"did you mean {close}?" if close else ""
    message = f"constraint {what} does not exist on {table.name}"
    return SqlError(2443, message, scene.source.span(target.at), hint)


def _drop_constraint(scene: Scene, table: Table, change: DropConstraint) -> Table:
    gone = _meant(table, change.target)
    if gone is None:
        if change.if_exists:
            return table
        raise _no_constraint(scene, table, change.target)
    kept = tuple(c for c in table.constraints if c is not gone)
    return replace(table, constraints=kept)


def _switch(scene: Scene, table: Table, change: AlterConstraint) -> Table:
    before = _meant(table, change.target)
    if before is None:
        raise _no_constraint(scene, table, change.target)
    state = before.state
    enabled = state.enabled if change.enabled is None else change.enabled
    validated = state.validated
    if change.validated is not None:
        validated = change.validated
    elif change.enabled is not None:
        validated = change.enabled
    deferred = state.initially_deferred
    if change.initially_deferred is not None:
        deferred = change.initially_deferred
    after = replace(
        before,
        state=replace(
            state, enabled=enabled, validated=validated, initially_deferred=deferred
        ),
    )
    constraints = tuple(after if c is before else c for c in table.constraints)
    return replace(table, constraints=constraints)


def _rename(scene: Scene, table: Table, change: RenameColumn) -> Table:
    if change.what == "constraint":
        target = ConstraintTarget(change.at, name=change.old)
        before = _meant(table, target)
        if before is None:
            raise _no_constraint(scene, table, target)
        after = replace(before, name=change.new, generated=False)
        constraints = tuple(after if c is before else c for c in table.constraints)
        return replace(table, constraints=constraints)
    column = _require(scene, table, change.old, change.at)
    columns = tuple(
        replace(c, name=change.new) if c is column else c for c in table.columns
    )
    constraints = tuple(
        replace(
            c,
            columns=tuple(change.new if n == change.old else n for n in c.columns),
        )
        for c in table.constraints
    )
    return replace(table, columns=columns, constraints=constraints)
