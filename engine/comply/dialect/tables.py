"""CREATE TABLE and ALTER TABLE."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from comply.dialect.columns import (
    annotations,
    column,
    constraint,
    stated,
)
from comply.dialect.cursor import Cursor
from comply.dialect.syntax import (
    AddColumns,
    AlterConstraint,
    AlterTable,
    Annotate,
    Column,
    ColumnChange,
    Constraint,
    ConstraintKind,
    ConstraintTarget,
    CreateTable,
    DropColumns,
    DropConstraint,
    ModifyColumns,
    Physical,
    RenameColumn,
    RenameTable,
    TableChange,
)

# How clauses about storage begin. They hold no fact that a rule sees; a word that is
# not here is an error, so that nothing is dropped unseen.
_STORAGE: Final = frozenset(
    (  # noqa: SIM905  (a word a line reads worse)
        "ATTRIBUTES CACHE CLUSTER CLUSTERING COALESCE COLUMN COMPRESS DEFAULT DISABLE"
        " ENABLE EXCHANGE FLASHBACK FOR HASHING ILM IMMUTABLE INDEXING INITRANS"
        " INMEMORY INTERVAL JSON LOB LOGGING MAPPING MAXTRANS MEMOPTIMIZE MERGE"
        " MINIMIZE MONITORING MOVE NESTED NO NOCACHE NOCOMPRESS NOLOGGING"
        " NOMONITORING NOPARALLEL NOROWDEPENDENCIES ON ORGANIZATION PARALLEL PARTITION"
        " PCTFREE PCTTHRESHOLD PCTUSED READ RECORDS_PER_BLOCK RESULT_CACHE ROW"
        " ROWDEPENDENCIES SEGMENT SET SHRINK SPLIT STORAGE SUBPARTITION SUPPLEMENTAL"
        " TABLESPACE TRUNCATE UPGRADE USAGE VARRAY XMLTYPE ZONEMAP"
    ).split()
)


def create_table(cursor: Cursor) -> CreateTable:
    """Read what follows CREATE."""
    head = ""
    while not cursor.accept("TABLE"):
        head += cursor.identifier("TABLE") + " "
    missing = cursor.accept("IF", "NOT", "EXISTS")
    name = cursor.name("a table")
    columns, constraints = _elements(cursor) if cursor.sees("(") else ((), ())
    table = CreateTable(
        name,
        columns,
        constraints,
        temporary="TEMPORARY" in head,
        if_not_exists=missing,
    )
    while not cursor.done:
        table = _table_clause(cursor, table)
    return table


def _elements(cursor: Cursor) -> tuple[tuple[Column, ...], tuple[Constraint, ...]]:
    """Read columns and constraints in parentheses."""
    columns: list[Column] = []
    constraints: list[Constraint] = []
    cursor.expect("(")
    while True:
        found, within = _element(cursor)
        columns += found
        constraints += within
        if not cursor.accept(","):
            break
    cursor.expect(")")
    return tuple(columns), tuple(constraints)


def _element(cursor: Cursor) -> tuple[list[Column], list[Constraint]]:
    if cursor.sees("SUPPLEMENTAL"):
        while not (cursor.done or cursor.sees(",") or cursor.sees(")")):
            _skip_one(cursor)
        return [], []
    own = constraint(cursor)
    if own:
        return [], [own]
    found, within = column(cursor)
    return [found], list(within)


def _table_clause(cursor: Cursor, table: CreateTable) -> CreateTable:
    if cursor.accept("ANNOTATIONS"):
        return replace(table, annotations=annotations(cursor).values)
    if cursor.accept("AS"):
        query = cursor.text(cursor.at, len(cursor.tokens))
        cursor.at = len(cursor.tokens)
        return replace(table, query=query)
    if cursor.accept("PARTITION", "BY"):
        cursor.accept_any("RANGE", "LIST", "HASH", "REFERENCE", "SYSTEM", "CONSISTENT")
        keys = cursor.names() if cursor.sees("(") else ()
        _skip_clause(cursor)
        return replace(table, partition_keys=keys)
    if cursor.sees("ORGANIZATION", "EXTERNAL"):
        table = replace(table, external=True)
    if cursor.next.kind != "name" or cursor.next.value not in _STORAGE:
        cursor.fail("expected a clause of CREATE TABLE")
    cursor.take()
    _skip_clause(cursor)
    return table


def _skip_one(cursor: Cursor) -> None:
    if cursor.sees("("):
        cursor.skip_group()
    else:
        cursor.take()


def _skip_clause(cursor: Cursor) -> None:
    """Step over the arguments of a storage clause, up to what begins another."""
    while not cursor.done and not cursor.sees("ANNOTATIONS"):
        if cursor.sees("AS") or cursor.sees("PARTITION", "BY"):
            break
        _skip_one(cursor)


def alter_table(cursor: Cursor) -> AlterTable:
    """Read what follows ALTER TABLE."""
    name = cursor.name("a table")
    changes: list[TableChange] = []
    while not cursor.done:
        changes.append(_change(cursor))
    if not changes:
        cursor.fail("expected a clause of ALTER TABLE")
    return AlterTable(name, tuple(changes))


def _change(cursor: Cursor) -> TableChange:
    word = cursor.next.value if cursor.next.kind == "name" else ""
    reader = _CHANGES.get(word)
    start = cursor.at
    if reader:
        cursor.take()
        found = reader(cursor)
        if found:
            return found
        cursor.at = start
    if word not in _STORAGE and not reader:
        cursor.fail("expected a clause of ALTER TABLE")
    text = cursor.text(start, len(cursor.tokens)).sql
    cursor.at = len(cursor.tokens)
    return Physical(text)


def _storage_object(cursor: Cursor) -> bool:
    """Tell whether a clause is about a part of the table's storage."""
    return cursor.next.value in ("PARTITION", "SUBPARTITION", "SUPPLEMENTAL", "LOB")


def _add(cursor: Cursor) -> TableChange | None:
    if _storage_object(cursor):
        return None
    if cursor.sees("("):
        return AddColumns(*_elements(cursor))
    columns: list[Column] = []
    constraints: list[Constraint] = []
    while True:
        cursor.accept("COLUMN")
        cursor.accept("IF", "NOT", "EXISTS")
        found, within = _element(cursor)
        columns += found
        constraints += within
        if not cursor.accept(","):
            return AddColumns(tuple(columns), tuple(constraints))


def _modify(cursor: Cursor) -> TableChange | None:
    if _storage_object(cursor) or cursor.sees("DEFAULT"):
        return None
    target = _target(cursor)
    if target:
        said = stated(cursor)
        return AlterConstraint(target, said.enabled, said.validated, said.deferred)
    parenthesised = cursor.accept("(")
    changes = [_column_change(cursor)]
    while parenthesised and cursor.accept(","):
        changes.append(_column_change(cursor))
    if parenthesised:
        cursor.expect(")")
    return ModifyColumns(tuple(changes))


def _target(cursor: Cursor) -> ConstraintTarget | None:
    """Read which constraint is meant, if one is."""
    at = cursor.next.start
    if cursor.accept("CONSTRAINT"):
        cursor.accept("IF", "EXISTS")
        at = cursor.next.start
        return ConstraintTarget(at, name=cursor.identifier("a constraint"))
    if cursor.accept("PRIMARY", "KEY"):
        kind: ConstraintKind = "primary_key"
        return ConstraintTarget(at, kind)
    if cursor.accept("UNIQUE"):
        return ConstraintTarget(at, "unique", columns=cursor.names())
    return None


def _column_change(cursor: Cursor) -> ColumnChange:
    """Read the change of one column."""
    start = cursor.at
    at = cursor.next.start
    name = cursor.identifier("a column")
    if cursor.accept("DROP", "IDENTITY"):
        return ColumnChange(name, at, drop_identity=True)
    if cursor.accept("ANNOTATIONS"):
        return ColumnChange(name, at, annotations=annotations(cursor).values)
    explicit = _nullability(cursor)
    cursor.at = start
    read, constraints = column(cursor)
    return ColumnChange(
        name,
        at,
        read.type,
        explicit,
        read.default,
        read.identity,
        visible=_visibility(cursor, start),
        annotations=read.annotations,
        constraints=constraints,
    )


def _span_words(cursor: Cursor, start: int) -> list[str]:
    depth, words = 0, []
    for token in cursor.tokens[start:]:
        if token.kind == "symbol":
            depth += (token.value == "(") - (token.value == ")")
            if depth < 0 or (depth == 0 and token.value == ","):
                break
        elif token.kind == "name" and depth == 0:
            words.append(token.value)
    return words


def _nullability(cursor: Cursor) -> bool | None:
    """Tell what the change of a column says on NULL: None if nothing."""
    words = _span_words(cursor, cursor.at)
    for i, word in enumerate(words):
        if word == "NULL" and (i == 0 or words[i - 1] not in ("DEFAULT", "ON", "SET")):
            return not (i > 0 and words[i - 1] == "NOT")
    return None


def _visibility(cursor: Cursor, start: int) -> bool | None:
    words = _span_words(cursor, start)
    if "INVISIBLE" in words:
        return False
    return True if "VISIBLE" in words else None


def _drop(cursor: Cursor) -> TableChange | None:
    if cursor.next.value in ("PARTITION", "SUBPARTITION", "UNUSED", "SUPPLEMENTAL"):
        return None
    if_exists = cursor.sees("CONSTRAINT", "IF", "EXISTS")
    target = _target(cursor)
    if target:
        cascade = cursor.accept("CASCADE")
        cursor.accept_any("KEEP INDEX", "DROP INDEX")
        cursor.accept("ONLINE")
        return DropConstraint(target, if_exists, cascade)
    return _dropped_columns(cursor)


def _dropped_columns(cursor: Cursor) -> DropColumns:
    if cursor.accept("COLUMN"):
        cursor.accept("IF", "EXISTS")
        at = cursor.next.start
        columns = [(cursor.identifier("a column"), at)]
    else:
        cursor.expect("(")
        columns = []
        while True:
            at = cursor.next.start
            columns.append((cursor.identifier("a column"), at))
            if not cursor.accept(","):
                break
        cursor.expect(")")
    cascade = bool(cursor.accept_any("CASCADE CONSTRAINTS", "CASCADE CONSTRAINT"))
    while cursor.accept_any("INVALIDATE", "ONLINE") or cursor.accept("CHECKPOINT"):
        if cursor.next.kind == "number":
            cursor.take()
    return DropColumns(tuple(columns), cascade)


def _set(cursor: Cursor) -> TableChange | None:
    return _dropped_columns(cursor) if cursor.accept("UNUSED") else None


def _rename(cursor: Cursor) -> TableChange | None:
    if cursor.accept("TO"):
        at = cursor.next.start
        return RenameTable(cursor.identifier("a table"), at)
    what = cursor.accept_any("COLUMN", "CONSTRAINT")
    if not what:
        return None
    at = cursor.next.start
    old = cursor.identifier("a name")
    cursor.expect("TO")
    new = cursor.identifier("a name")
    return RenameColumn("column" if what == "COLUMN" else "constraint", old, new, at)


def _enable(cursor: Cursor) -> TableChange | None:
    return _switch(cursor, enabled=True)


def _disable(cursor: Cursor) -> TableChange | None:
    return _switch(cursor, enabled=False)


def _switch(cursor: Cursor, *, enabled: bool) -> TableChange | None:
    word = cursor.accept_any("VALIDATE", "NOVALIDATE")
    target = _target(cursor)
    if not target:
        return None
    validated = enabled if not word else word == "VALIDATE"
    stated(cursor)
    cursor.accept("CASCADE")
    cursor.accept_any("KEEP INDEX", "DROP INDEX")
    return AlterConstraint(target, enabled, validated)


def _annotate(cursor: Cursor) -> TableChange:
    read = annotations(cursor)
    return Annotate(read.values, read.dropped)


_CHANGES: dict[str, Callable[[Cursor], TableChange | None]] = {
    "ADD": _add,
    "ANNOTATIONS": _annotate,
    "DISABLE": _disable,
    "DROP": _drop,
    "ENABLE": _enable,
    "MODIFY": _modify,
    "RENAME": _rename,
    "SET": _set,
}
