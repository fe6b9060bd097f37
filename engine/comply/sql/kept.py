"""STATEMENT -> KEPT: what it is in DuckDB's SQL, for when it comes again."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from comply.classes import dataclass
from comply.dialect.changes import Change
from comply.dialect.schema import Schema, Table
from comply.sql.alike import Alike, Constant
from comply.sql.catalog import Catalog
from comply.sql.journal import Row
from comply.sql.prepared import Deleting, Inserting, Prepared
from comply.sql.storage import written


@dataclass(frozen=True, slots=True)
class Kept:
    """A statement and what it is in DuckDB's SQL, for what was defined then."""

    change: Change
    made: Prepared
    schema: Schema
    catalog: Catalog

    @property
    def table(self) -> Table:
        """The table that it changes."""
        made = self.made
        return made.table if isinstance(made, Deleting) else made.target.table

    def fits(self, schema: Schema, catalog: Catalog) -> bool:
        """Tell whether it still is that: every definition makes another catalog."""
        return self.schema is schema and self.catalog is catalog

    def giving(self, constants: Sequence[Constant]) -> Prepared | None:
        """Return it with other constants, None if what they are takes more than a look."""
        if not constants or not isinstance(self.made, Inserting):
            return None if constants else self.made
        row = self._given(self.made, constants)
        return None if row is None else replace(self.made, given=row)

    @property
    def identities(self) -> Mapping[str, str] | None:
        """The identity columns that DuckDB makes, in its SQL.

        None if it makes others as well, or all: then rows are not inserted together.
        """
        made = self.made
        if not isinstance(made, Inserting) or not made.given:
            return None
        columns = map(self.table.column, made.made)
        return made.made if all(c and c.identity for c in columns) else None

    def rows(self, parts: Iterable[Alike]) -> list[Row]:
        """Return what it inserts with other constants, up to those that take a look."""
        rows: list[Row] = []
        if isinstance(self.made, Inserting):
            for part in parts:
                row = self._given(self.made, part.constants)
                if row is None:
                    break
                rows.append(row)
        return rows

    def _given(self, made: Inserting, constants: Sequence[Constant]) -> Row | None:
        given = dict(made.given)
        for one in constants:
            name = made.listed[one.cell] if one.cell < len(made.listed) else ""
            column = self.table.column(name)
            text = written(one.kind, one.text, column, one.model) if column else None
            if text is None or name not in given:
                return None
            [given[name]] = text
        return given
