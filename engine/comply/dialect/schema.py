"""What a schema holds: tables, indexes, views, domains, assertions and so on.

A schema is a value: applying a definition returns the next one. Names are looked up as
Oracle does; an unqualified name also finds the one table of that name in another owner,
because scripts qualify some names and leave others.
"""

from collections.abc import Mapping
from typing import TypeVar

from comply.classes import dataclass, field
from comply.dialect.errors import SqlError, nearest
from comply.dialect.syntax import (
    Column,
    Constraint,
    CreateAssertion,
    CreateDomain,
    CreateIndex,
    CreateProgram,
    CreateSequence,
    CreateView,
    Grant,
    Name,
)
from comply.source import Source

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it stands; `partition_keys` are the columns it is split by."""

    name: Name
    columns: tuple[Column, ...]
    constraints: tuple[Constraint, ...] = ()
    temporary: bool = False
    external: bool = False
    comment: str = ""
    annotations: Mapping[str, str | None] = field(default_factory=dict)
    partition_keys: tuple[str, ...] = ()

    def column(self, name: str) -> Column | None:
        """Return the column of that name, or None."""
        return next((c for c in self.columns if c.name == name), None)

    def unique_keys(self) -> tuple[Constraint, ...]:
        """Return the primary key and the unique constraints."""
        kinds = ("primary_key", "unique")
        return tuple(c for c in self.constraints if c.kind in kinds)


@dataclass(frozen=True, slots=True)
class Schema:
    """All that the definitions so far have made."""

    tables: Mapping[Name, Table] = field(default_factory=dict)
    indexes: Mapping[Name, CreateIndex] = field(default_factory=dict)
    views: Mapping[Name, CreateView] = field(default_factory=dict)
    domains: Mapping[Name, CreateDomain] = field(default_factory=dict)
    sequences: Mapping[Name, CreateSequence] = field(default_factory=dict)
    assertions: Mapping[Name, CreateAssertion] = field(default_factory=dict)
    grants: tuple[Grant, ...] = ()
    programs: Mapping[Name, CreateProgram] = field(default_factory=dict)

    def table(self, name: Name, near: str = "") -> Table | None:
        """Return the table that `name` means, seen from owner `near`."""
        return find(self.tables, name, near)


def find(objects: Mapping[Name, T], name: Name, near: str = "") -> T | None:
    """Return the object that `name` means among `objects`, or None."""
    if name in objects:
        return objects[name]
    if not name.owner and near and (own := Name(near, name.name)) in objects:
        return objects[own]
    same = [o for n, o in objects.items() if n.name == name.name]
    fits = not name.owner or Name("", name.name) in objects
    return same[0] if len(same) == 1 and fits else None


@dataclass(frozen=True, slots=True)
class Scene:
    """The schema before a definition, and the source that errors point into."""

    schema: Schema
    source: Source

    def missing(self, name: Name, known: Mapping[Name, object], code: int) -> SqlError:
        """Return the error for a name that nothing bears."""
        texts = {4043: "object", 942: "table or view", 2289: "sequence"}
        close = nearest(name.name, [n.name for n in known])
        hint = f"did you mean {close}?" if close else ""
        width = len(str(name))
        place = self.source.span(name.at, width)
        what = texts.get(code, "object")
        return SqlError(code, f"{what} {name} does not exist", place, hint)

    def taken(self, name: Name) -> SqlError:
        """Return the error for a name that something bears already."""
        place = self.source.span(name.at, len(str(name)))
        return SqlError(
            955, f"name {name} is already used by an existing object", place
        )

    def require(self, name: Name) -> Table:
        """Return the table of that name."""
        table = self.schema.table(name)
        if table is None:
            raise self.missing(name, self.schema.tables, 942)
        return table
