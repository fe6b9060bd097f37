"""CATALOGUE -> ROWS: the relations of an Oracle schema."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from comply.sql.relation import (
    Entry,
    Facts,
    flag,
    items,
    key_text,
    number,
    objects,
    plain,
    text,
)

OWNER: Final = "COMPLY"

_OWNED: Final = (
    text("owner", "the schema; COMPLY where the script names none"),
    key_text("name", "the name, upper-case unless quoted"),
)
_OF_TABLE: Final = (
    text("owner", "the schema; COMPLY where the script names none"),
    key_text("table_name", "the table it belongs to"),
    key_text("name", "the name, upper-case unless quoted"),
)


def _owned(item: Mapping[str, Any]) -> tuple[object, ...]:
    return item.get("owner") or OWNER, item.get("name")


def _of_table(item: Mapping[str, Any]) -> tuple[object, ...]:
    return item.get("owner") or OWNER, item.get("table"), item.get("name")


def _listed(
    key: str, start: Callable[[Mapping[str, Any]], tuple[object, ...]], *rest: str
) -> Callable[[Any], Iterator[Entry]]:
    """Return the rows of one list of the catalogue: its name, then its properties."""

    def rows(value: Any) -> Iterator[Entry]:  # noqa: ANN401
        for i, item in objects(value, key):
            yield (key, i), (*start(item), *(_scalar(item.get(k)) for k in rest))

    return rows


def _scalar(value: object) -> object:
    if isinstance(value, bool | int) or value is None:
        return value
    return plain(value)


def _constraints(value: Any) -> Iterator[Entry]:  # noqa: ANN401
    for i, item in objects(value, "constraints"):
        target = item.get("references") or {}
        referenced = (target.get("owner") or OWNER) if target else None
        flags = ("deferrable", "initially_deferred", "enabled", "validated")
        yield (
            ("constraints", i),
            (
                *_of_table(item),
                plain(item.get("type")),
                plain(item.get("condition")),
                referenced,
                plain(target.get("table")),
                *(bool(item.get(f)) for f in flags),
                bool(item.get("generated")),
            ),
        )


def _columns_of(key: str) -> Callable[[Any], Iterator[Entry]]:
    """Return the columns of constraints or indexes, each with its position from 1."""

    def rows(value: Any) -> Iterator[Entry]:  # noqa: ANN401
        for i, item in objects(value, key):
            for position, column in enumerate(items(item, "columns"), 1):
                yield (key, i), (*_of_table(item), position, column)

    return rows


def _annotations(value: Any) -> Iterator[Entry]:  # noqa: ANN401
    for i, item in objects(value, "annotations"):
        keys = ("object", "object_type", "column", "name", "value")
        row = (item.get("owner") or OWNER, *(plain(item.get(k)) for k in keys))
        yield ("annotations", i), row


def _grants(value: Any) -> Iterator[Entry]:  # noqa: ANN401
    for i, item in objects(value, "grants"):
        owner = (item.get("owner") or OWNER) if item.get("object") else None
        keys = ("object", "option")
        row = (item.get("privilege"), item.get("grantee"), owner)
        yield ("grants", i), (*row, *(plain(item.get(k)) for k in keys))


ORACLE: Final = (
    Facts(
        "oracle.tables",
        "The tables.",
        (
            *_OWNED,
            text("remark", "its comment"),
            flag("temporary", "whether it is a temporary table"),
            flag("external", "whether it is an external table"),
        ),
        _listed("tables", _owned, "comment", "temporary", "external"),
        "tables",
    ),
    Facts(
        "oracle.columns",
        "The columns of tables.",
        (
            *_OF_TABLE,
            text("type", "the type's name, such as VARCHAR2"),
            number("length", "the length of text"),
            number("precision", "the digits of a number, or of a second's fraction"),
            number("scale", "the digits behind the point"),
            flag("nullable", "whether NULL is allowed"),
            text("default_value", "the DEFAULT, as written"),
            text("identity", "always or by default; NULL if it is none"),
            text("virtual", "the expression of a virtual column"),
            text("domain", "the domain"),
            text("remark", "its comment"),
        ),
        _listed(
            *("columns", _of_table, "type", "length", "precision", "scale"),
            *("nullable", "default", "identity", "virtual", "domain", "comment"),
        ),
        "columns",
    ),
    Facts(
        "oracle.constraints",
        "The constraints of tables.",
        (
            *_OF_TABLE,
            text("type", "primary_key, unique, foreign_key, check or not_null"),
            text("condition", "the condition of a check"),
            text("referenced_owner", "the schema a foreign key points at"),
            text("referenced_table", "the table a foreign key points at"),
            flag("deferrable", "whether its check can be put off to the commit"),
            flag("initially_deferred", "whether it is, unless said otherwise"),
            flag("enabled", "whether changes are checked"),
            flag("validated", "whether all data is known to satisfy it"),
            flag("generated", "whether its name is generated"),
        ),
        _constraints,
        "constraints",
    ),
    Facts(
        "oracle.constraint_columns",
        "The columns of constraints, in order.",
        (
            *_OF_TABLE,
            number("position", "from 1"),
            text("column_name", "the column"),
        ),
        _columns_of("constraints"),
        "constraints",
    ),
    Facts(
        "oracle.indexes",
        "The indexes, those of primary keys and unique constraints among them.",
        (
            *_OF_TABLE,
            flag("is_unique", "whether it is unique"),
            flag("bitmap", "whether it is a bitmap index"),
            flag("visible", "whether the optimizer sees it"),
            flag("usable", "whether it can be used"),
        ),
        _listed("indexes", _of_table, "unique", "bitmap", "visible", "usable"),
        "indexes",
    ),
    Facts(
        "oracle.index_columns",
        "The columns or expressions of indexes, in order.",
        (
            *_OF_TABLE,
            number("position", "from 1"),
            text("column_name", "the column, or the expression as written"),
        ),
        _columns_of("indexes"),
        "indexes",
    ),
    Facts(
        "oracle.views",
        "The views, materialized and duality views among them.",
        (
            *_OWNED,
            text("type", "view, materialized or duality"),
            text("definition", "the query"),
        ),
        _listed("views", _owned, "type", "definition"),
        "views",
    ),
    Facts(
        "oracle.domains",
        "The domains.",
        (*_OWNED, text("type", "the type's name")),
        _listed("domains", _owned, "type"),
        "domains",
    ),
    Facts(
        "oracle.assertions",
        "The SQL assertions.",
        (
            *_OWNED,
            text("definition", "what stands in CHECK"),
            flag("deferrable", "whether its check can be put off to the commit"),
            flag("initially_deferred", "whether it is, unless said otherwise"),
            flag("enabled", "whether changes are checked"),
            flag("validated", "whether all data is known to satisfy it"),
        ),
        _listed(
            *("assertions", _owned, "definition", "deferrable", "initially_deferred"),
            *("enabled", "validated"),
        ),
        "assertions",
    ),
    Facts(
        "oracle.annotations",
        "The uses of annotations.",
        (
            text("owner", "the schema of the object"),
            text("object_name", "the object"),
            text("object_type", "TABLE, VIEW or DOMAIN"),
            text("column_name", "the column; NULL for the object itself"),
            text("name", "the annotation's name"),
            text("value", "its value"),
        ),
        _annotations,
        "annotations",
    ),
    Facts(
        "oracle.grants",
        "The grants of privileges and roles, one row a privilege and grantee.",
        (
            text("privilege", "the privilege or the role"),
            text("grantee", "the user or role"),
            text("owner", "the schema of the object; NULL without one"),
            text("object_name", "the object; NULL for a system privilege or role"),
            text("with_option", "GRANT, ADMIN or HIERARCHY; NULL without"),
        ),
        _grants,
        "grants",
    ),
)
