"""Columns, types, constraints and annotations, as definitions share them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final, Literal

from comply.classes import dataclass
from comply.dialect.cursor import Cursor
from comply.dialect.syntax import (
    Column,
    Constraint,
    DataType,
    Identity,
    Reference,
    State,
)

# The types Oracle has built in; any other name in a type's place is a domain or a
# user-defined type, which only the schema can tell apart.
TYPES: Final = frozenset(
    (  # noqa: SIM905  (a word a line reads worse)
        "BFILE BINARY_DOUBLE BINARY_FLOAT BLOB BOOLEAN BOOL CHAR CHARACTER CLOB DATE"
        " DEC DECIMAL DOUBLE FLOAT INT INTEGER INTERVAL JSON LONG NATIONAL NCHAR NCLOB"
        " NUMBER NUMERIC NVARCHAR2 RAW REAL ROWID SDO_GEOMETRY SMALLINT TIMESTAMP"
        " UROWID VARCHAR VARCHAR2 VECTOR XMLTYPE BIGINT TINYINT TEXT"
    ).split()
)
_AFTER_DEFAULT = (
    *("NOT", "NULL", "CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "REFERENCES"),
    *("ENABLE", "DISABLE", "GENERATED", "VISIBLE", "INVISIBLE", "ANNOTATIONS"),
    *("ENCRYPT", "COLLATE", "DOMAIN"),
)
_CONSTRAINT_HEADS = (
    *("CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "REFERENCES", "NULL"),
    *("FOREIGN", "SCOPE"),
)


def data_type(cursor: Cursor) -> DataType:
    """Read a built-in type with its length or precision.

    >>> # NUMBER(6,2) gives DataType("NUMBER", precision=6, scale=2)
    """
    name = cursor.take().value
    rest = _TYPE_WORDS.get(name, ())
    words = [name]
    length: tuple[int | None, ...] = ()
    unit: Literal["", "BYTE", "CHAR"] = ""
    if cursor.sees("("):
        length, unit = _sizes(cursor)
    while cursor.next.value in rest and cursor.next.kind == "name":
        words.append(cursor.take().value)
        if cursor.sees("("):
            found, unit = _sizes(cursor)
            length = length or found
    return _typed(" ".join(words), length, unit)


_TYPE_WORDS = {
    "DOUBLE": ("PRECISION",),
    "LONG": ("RAW",),
    "NATIONAL": ("CHAR", "CHARACTER", "VARYING"),
    "CHAR": ("VARYING",),
    "CHARACTER": ("VARYING",),
    "NCHAR": ("VARYING",),
    "TIMESTAMP": ("WITH", "LOCAL", "TIME", "ZONE"),
    "INTERVAL": ("YEAR", "MONTH", "DAY", "SECOND", "TO"),
}
_NUMBERS = frozenset(("NUMBER", "NUMERIC", "DECIMAL", "DEC"))
_SCALED = frozenset(("TIMESTAMP", "FLOAT", "INTERVAL"))


def _sizes(
    cursor: Cursor,
) -> tuple[tuple[int | None, ...], Literal["", "BYTE", "CHAR"]]:
    """Read `(10)`, `(10 CHAR)`, `(6,2)`, `(*,2)`; other words count as unknown."""
    cursor.expect("(")
    sizes: list[int | None] = []
    unit: Literal["", "BYTE", "CHAR"] = ""
    while not cursor.accept(")"):
        if cursor.accept(","):
            continue
        if cursor.next.kind == "number" or cursor.sees("-"):
            sizes.append(cursor.integer())
        elif cursor.accept("CHAR"):
            unit = "CHAR"
        elif cursor.accept("BYTE"):
            unit = "BYTE"
        elif cursor.done:
            cursor.fail("expected )")
        else:
            cursor.take()
            sizes.append(None)
    return tuple(sizes), unit


def _typed(
    name: str, sizes: tuple[int | None, ...], unit: Literal["", "BYTE", "CHAR"]
) -> DataType:
    first = sizes[0] if sizes else None
    second = sizes[1] if len(sizes) > 1 else None
    head = name.partition(" ")[0]
    if head in _NUMBERS:
        scale = second if second is not None or first is None else 0
        return DataType(name, precision=first, scale=scale)
    if head in _SCALED:
        return DataType(name, precision=first)
    return DataType(name, length=first, unit=unit)


def column(cursor: Cursor) -> tuple[Column, tuple[Constraint, ...]]:
    """Read a column's definition and the constraints in it."""
    at = cursor.next.start
    read = Column(cursor.identifier("a column name"), at)
    if _types_next(cursor):
        read = replace(read, type=data_type(cursor))
    elif cursor.next.kind in ("name", "quoted") and not _property_next(cursor):
        read = replace(read, domain=cursor.name())
        if cursor.sees("("):
            cursor.skip_group()
    constraints: list[Constraint] = []
    while not (cursor.done or cursor.sees(",") or cursor.sees(")")):
        found = constraint(cursor, read.name)
        if found:
            constraints.append(found)
        elif not cursor.accept("NULL"):
            read = _property(cursor, read)
    required = any(c.kind in ("not_null", "primary_key") for c in constraints)
    nullable = not required and not read.identity and not read.default_on_null
    return replace(read, nullable=nullable), tuple(constraints)


def _types_next(cursor: Cursor) -> bool:
    return cursor.next.kind == "name" and cursor.next.value in TYPES


def _property_next(cursor: Cursor) -> bool:
    """Tell whether what follows a column's name is no type."""
    token = cursor.next
    heads = (*_CONSTRAINT_HEADS, *_PROPERTIES, "NOT")
    return token.kind == "name" and token.value in heads


def _property(cursor: Cursor, read: Column) -> Column:
    word = cursor.next.value if cursor.next.kind == "name" else ""
    reader = _PROPERTIES.get(word)
    if reader is None:
        cursor.fail("expected a property of the column", hint=_PROPERTY_HINT)
    cursor.take()
    return reader(cursor, read)


_PROPERTY_HINT = (
    "a column has a type, then DEFAULT, GENERATED, constraints, ANNOTATIONS"
)


def _default(cursor: Cursor, read: Column) -> Column:
    on_null = cursor.accept("ON", "NULL")
    if on_null:
        cursor.accept("FOR", "INSERT", "ONLY")
        cursor.accept("FOR", "INSERT", "AND", "UPDATE")
    value = cursor.until(*_AFTER_DEFAULT)
    return replace(read, default=value, default_on_null=on_null)


def _generated(cursor: Cursor, read: Column) -> Column:
    always = cursor.accept("ALWAYS")
    if not always:
        cursor.expect("BY", "DEFAULT")
    on_null = cursor.accept("ON", "NULL")
    cursor.expect("AS")
    if cursor.sees("("):
        return _virtual(cursor, read)
    cursor.expect("IDENTITY")
    return replace(read, identity=identity(cursor, always=always, on_null=on_null))


def identity(cursor: Cursor, *, always: bool, on_null: bool) -> Identity:
    """Read the options of an identity column's sequence, if any."""
    parenthesised = cursor.accept("(")
    start, increment = sequence_options(cursor)
    if parenthesised:
        cursor.expect(")")
    return Identity(always, on_null, start, increment)


def sequence_options(cursor: Cursor) -> tuple[int, int]:
    """Read what follows a sequence's name; return where it starts and its step."""
    start = increment = 1
    while word := cursor.accept_any(*_SEQUENCE_WORDS):
        if word == "START WITH":
            start = 1 if cursor.accept("LIMIT", "VALUE") else cursor.integer()
        elif word == "INCREMENT BY":
            increment = cursor.integer()
        elif word in ("MAXVALUE", "MINVALUE", "CACHE"):
            cursor.integer()
    return start, increment


_SEQUENCE_WORDS = (
    *("START WITH", "INCREMENT BY", "MAXVALUE", "MINVALUE", "CACHE", "NOMAXVALUE"),
    *("NOMINVALUE", "NOCACHE", "CYCLE", "NOCYCLE", "ORDER", "NOORDER", "KEEP"),
    *("NOKEEP", "SCALE EXTEND", "SCALE NOEXTEND", "SCALE", "NOSCALE", "SESSION"),
    *("GLOBAL", "SHARD EXTEND", "SHARD NOEXTEND", "SHARD", "NOSHARD"),
)


def _virtual(cursor: Cursor, read: Column) -> Column:
    value = cursor.inside()
    cursor.accept_any("VIRTUAL", "STORED", "MATERIALIZED")
    return replace(read, virtual=value)


def _domain(cursor: Cursor, read: Column) -> Column:
    return replace(read, domain=cursor.name("a domain"))


def _visible(_cursor: Cursor, read: Column) -> Column:
    return replace(read, invisible=False)


def _invisible(_cursor: Cursor, read: Column) -> Column:
    return replace(read, invisible=True)


def _annotated(cursor: Cursor, read: Column) -> Column:
    return replace(read, annotations=annotations(cursor).values)


def _encrypt(cursor: Cursor, read: Column) -> Column:
    while cursor.accept_any("USING", "NO", "SALT", "IDENTIFIED BY"):
        if cursor.next.kind == "string":
            cursor.take()
    return read


def _collate(cursor: Cursor, read: Column) -> Column:
    cursor.identifier("a collation")
    return read


def _sort(_cursor: Cursor, read: Column) -> Column:
    return read


_PROPERTIES: dict[str, Callable[[Cursor, Column], Column]] = {
    "ANNOTATIONS": _annotated,
    "AS": _virtual,
    "COLLATE": _collate,
    "DEFAULT": _default,
    "DOMAIN": _domain,
    "ENCRYPT": _encrypt,
    "GENERATED": _generated,
    "INVISIBLE": _invisible,
    "SORT": _sort,
    "VISIBLE": _visible,
}


def constraint(cursor: Cursor, column_name: str = "") -> Constraint | None:
    """Read a constraint if one comes next; `column_name` for one inside a column."""
    at = cursor.next.start
    name = cursor.identifier("a name") if cursor.accept("CONSTRAINT") else ""
    own = (column_name,) if column_name else ()
    kind = cursor.accept_any(
        "NOT NULL", "PRIMARY KEY", "UNIQUE", "CHECK", "REFERENCES", "FOREIGN KEY"
    )
    read = Constraint("check", at, name, own)
    match kind:
        case "NOT NULL":
            read = replace(read, kind="not_null")
        case "PRIMARY KEY" | "UNIQUE":
            columns = own if column_name else cursor.names()
            is_primary = kind == "PRIMARY KEY"
            read = replace(
                read, kind="primary_key" if is_primary else "unique", columns=columns
            )
        case "CHECK":
            read = replace(read, condition=cursor.inside())
        case "FOREIGN KEY" | "REFERENCES":
            columns = own if kind == "REFERENCES" else cursor.names()
            if kind == "FOREIGN KEY":
                cursor.expect("REFERENCES")
            read = replace(
                read, kind="foreign_key", columns=columns, references=_reference(cursor)
            )
        case _:
            if name:
                cursor.fail("expected a constraint")
            return None
    return replace(read, state=state(cursor))


def _reference(cursor: Cursor) -> Reference:
    table = cursor.name("a table")
    columns = cursor.names() if cursor.sees("(") else ()
    if cursor.accept("ON", "DELETE", "CASCADE"):
        return Reference(table, columns, "CASCADE")
    if cursor.accept("ON", "DELETE", "SET", "NULL"):
        return Reference(table, columns, "SET NULL")
    return Reference(table, columns)


@dataclass(frozen=True, slots=True)
class Stated:
    """What a list of state words says; None where it says nothing."""

    deferrable: bool | None = None
    deferred: bool | None = None
    enabled: bool | None = None
    validated: bool | None = None


_STATES = {
    "NOT DEFERRABLE": ("deferrable", False),
    "DEFERRABLE": ("deferrable", True),
    "INITIALLY DEFERRED": ("deferred", True),
    "INITIALLY IMMEDIATE": ("deferred", False),
    "ENABLE": ("enabled", True),
    "DISABLE": ("enabled", False),
    "VALIDATE": ("validated", True),
    "NOVALIDATE": ("validated", False),
}
_STATE_WORDS = (*_STATES, "RELY", "NORELY", "PRECHECK", "NOPRECHECK")


def stated(cursor: Cursor) -> Stated:
    """Read the words on a constraint's or assertion's state, in any order."""
    said: dict[str, bool] = {}
    while True:
        word = cursor.accept_any(*_STATE_WORDS)
        if word in _STATES:
            key, value = _STATES[word]
            said[key] = value
        elif cursor.accept("USING", "INDEX"):
            _using_index(cursor)
        elif cursor.accept("EXCEPTIONS", "INTO"):
            cursor.name()
        elif not word:
            return Stated(**said)


def state(cursor: Cursor) -> State:
    """Read a new constraint's state, with Oracle's defaults and implications.

    INITIALLY DEFERRED implies DEFERRABLE; DISABLE alone implies NOVALIDATE.
    """
    said = stated(cursor)
    enabled = said.enabled is not False
    return State(
        deferrable=bool(said.deferrable or said.deferred),
        initially_deferred=bool(said.deferred),
        enabled=enabled,
        validated=enabled if said.validated is None else said.validated,
    )


_INDEX_WORDS = (
    *("TABLESPACE", "PCTFREE", "INITRANS", "MAXTRANS", "STORAGE", "LOGGING"),
    *("NOLOGGING", "COMPRESS", "NOCOMPRESS", "LOCAL", "GLOBAL", "PARALLEL"),
    *("NOPARALLEL", "COMPUTE STATISTICS", "REVERSE", "SORT", "NOSORT", "ONLINE"),
    *("INVISIBLE", "VISIBLE"),
)


def _using_index(cursor: Cursor) -> None:
    if cursor.sees("("):
        cursor.skip_group()
        return
    while word := cursor.accept_any(*_INDEX_WORDS):
        _skip_argument(cursor, word)
    if cursor.next.kind in ("name", "quoted") and not any(
        cursor.sees(*w.split()) for w in (*_STATE_WORDS, "USING", "EXCEPTIONS")
    ):
        cursor.name()
        _using_index(cursor)


def _skip_argument(cursor: Cursor, word: str) -> None:
    if cursor.sees("("):
        cursor.skip_group()
    elif cursor.next.kind == "number":
        cursor.take()
    elif word == "TABLESPACE":
        cursor.identifier("a tablespace")


@dataclass(frozen=True, slots=True)
class Annotations:
    """Annotations to set and those to drop; one without a value has None."""

    values: dict[str, str | None]
    dropped: tuple[str, ...] = ()


def annotations(cursor: Cursor) -> Annotations:
    """Read the list behind ANNOTATIONS."""
    cursor.expect("(")
    values: dict[str, str | None] = {}
    dropped: list[str] = []
    while True:
        action = cursor.accept_any("ADD", "DROP", "REPLACE")
        cursor.accept("IF", "NOT", "EXISTS")
        cursor.accept("IF", "EXISTS")
        name = cursor.identifier("an annotation")
        if action == "DROP":
            dropped.append(name)
        else:
            values[name] = cursor.string() if cursor.next.kind == "string" else None
        if not cursor.accept(","):
            break
    cursor.expect(")")
    return Annotations(values, tuple(dropped))
