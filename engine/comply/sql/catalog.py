"""What an expression may refer to: relations, their columns, and the kinds of values.

A kind is a family of Oracle types with the same meaning: all numbers are one kind,
while DATE and TIMESTAMP differ because their differences do (days, an interval).
"""

from collections.abc import Mapping
from typing import Literal, TypeAlias

from comply.classes import dataclass, field
from comply.dialect.schema import Schema
from comply.dialect.syntax import DataType, Name

Kind: TypeAlias = Literal[
    "unknown",
    "number",
    "double",
    "char",
    "padded",
    "date",
    "timestamp",
    "months",
    "seconds",
    "boolean",
    "binary",
]

_KINDS: dict[str, Kind] = {
    "NUMBER": "number",
    "NUMERIC": "number",
    "DECIMAL": "number",
    "DEC": "number",
    "INTEGER": "number",
    "INT": "number",
    "SMALLINT": "number",
    "BIGINT": "number",
    "TINYINT": "number",
    "FLOAT": "double",
    "REAL": "double",
    "DOUBLE PRECISION": "double",
    "BINARY_FLOAT": "double",
    "BINARY_DOUBLE": "double",
    "CHAR": "padded",
    "CHARACTER": "padded",
    "NCHAR": "padded",
    "DATE": "date",
    "BOOLEAN": "boolean",
    "BOOL": "boolean",
    "INTERVAL YEAR TO MONTH": "months",
    "INTERVAL DAY TO SECOND": "seconds",
    "BLOB": "binary",
    "RAW": "binary",
    "LONG RAW": "binary",
    "BFILE": "binary",
}


def kind_of_type(kind: DataType | None) -> Kind:
    """Return the kind of a column's type; text where it is none of the others."""
    if kind is None:
        return "unknown"
    if kind.name.startswith("TIMESTAMP"):
        return "timestamp"
    return _KINDS.get(kind.name, "char")


Columns: TypeAlias = Mapping[str, Kind]


@dataclass(frozen=True, slots=True)
class Catalog:
    """The relations that exist, by name; and the sequences, by name."""

    relations: Mapping[Name, Columns] = field(default_factory=dict)
    sequences: frozenset[Name] = frozenset()
    owner: str = ""

    def find(self, name: Name) -> tuple[Name, Columns] | None:
        """Return the relation that `name` means and its columns, or None."""
        if name in self.relations:
            return name, self.relations[name]
        if not name.owner and Name(self.owner, name.name) in self.relations:
            own = Name(self.owner, name.name)
            return own, self.relations[own]
        if name.owner and name.owner == self.owner:
            bare = Name("", name.name)
            return (bare, self.relations[bare]) if bare in self.relations else None
        if name.owner:
            return None
        same = [n for n in self.relations if n.name == name.name]
        return (same[0], self.relations[same[0]]) if len(same) == 1 else None


def catalog_of(schema: Schema) -> Catalog:
    """Return the tables of a schema as relations."""
    relations = {
        name: {c.name: kind_of_type(c.type) for c in table.columns}
        for name, table in schema.tables.items()
    }
    return Catalog(relations, frozenset(schema.sequences))
