"""What a relation of facts is: its columns, and its rows in a document's value."""

import json
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from comply.classes import dataclass
from comply.dialect.syntax import Name
from comply.sql.catalog import Kind
from comply.sql.cells import Json

Path: TypeAlias = tuple[str | int, ...]
Entry: TypeAlias = tuple[Path, tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a relation.

    `is_json` tells that it holds JSON, `is_unsure` that a value may be one that is known
    only after apply, `is_key` that few rows have the same.
    """

    name: str
    kind: Kind
    doc: str
    is_json: bool = False
    is_unsure: bool = False
    is_key: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """A relation: its columns, and its rows in a document's value with their paths.

    The rows stem from the elements of the list at `key` of the value, or from the value
    as a whole if that is empty.
    """

    name: str
    doc: str
    fields: tuple[Field, ...]
    rows: Callable[[Any], Iterator[Entry]]
    key: str = ""

    @property
    def world(self) -> str:
        """The world whose documents it is about."""
        return self.name.partition(".")[0]

    @property
    def stored_name(self) -> Name:
        """The name as the catalog has it."""
        owner, _, name = self.name.upper().partition(".")
        return Name(owner, name)


def text(name: str, doc: str) -> Field:
    """Return a column of text."""
    return Field(name, "char", doc)


def key_text(name: str, doc: str) -> Field:
    """Return a column of text that tells rows apart."""
    return Field(name, "char", doc, is_key=True)


def number(name: str, doc: str) -> Field:
    """Return a column of numbers."""
    return Field(name, "number", doc)


def flag(name: str, doc: str) -> Field:
    """Return a column of truth values."""
    return Field(name, "boolean", doc)


def json_text(name: str, doc: str) -> Field:
    """Return a column of JSON."""
    return Field(name, "char", f"{doc}, JSON", is_json=True)


def as_json(value: object) -> Json | None:
    """Return the cell of a JSON value; nothing is NULL."""
    return None if value is None else Json(value)


def plain(value: object) -> str | None:
    """Return a value as text: a string as it is, others as JSON, nothing as NULL."""
    if value is None or value == "":
        return None
    return value if isinstance(value, str) else json.dumps(value)


def items(value: Any, *path: str) -> list[Any]:  # noqa: ANN401
    """Return the list at a path of objects; an empty one where there is none."""
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value if isinstance(value, list) else []


def objects(value: Any, *path: str) -> Iterator[tuple[int, dict[str, Any]]]:  # noqa: ANN401
    """Yield the objects of a list with their places."""
    for i, item in enumerate(items(value, *path)):
        if isinstance(item, dict):
            yield i, item
