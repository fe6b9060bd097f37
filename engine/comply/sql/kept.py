"""STATEMENT -> KEPT: what it is in DuckDB's SQL, for when it comes again."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from comply.classes import dataclass
from comply.dialect.changes import Change
from comply.dialect.schema import Schema, Table
from comply.sql.alike import Constant
from comply.sql.catalog import Catalog
from comply.sql.duckdb import Translator, utc
from comply.sql.journal import Row
from comply.sql.prepared import Deleting, Inserting, Prepared
from comply.sql.storage import written


@dataclass(frozen=True, slots=True)
class Own:
    """What is a statement's own: its constants, and its time, in UTC."""

    constants: tuple[Constant, ...]
    moment: datetime


@dataclass(frozen=True, slots=True)
class Kept:
    """A statement and what it is in DuckDB's SQL, for what was defined then.

    `dated` are the columns that take the time of the statement, and whether in seconds.
    """

    change: Change
    made: Prepared
    schema: Schema
    catalog: Catalog
    dated: tuple[tuple[str, bool], ...] = ()

    @property
    def table(self) -> Table:
        """The table that it changes."""
        made = self.made
        return made.table if isinstance(made, Deleting) else made.target.table

    def fits(self, schema: Schema, catalog: Catalog) -> bool:
        """Tell whether it still is that: every definition makes another catalog."""
        return self.schema is schema and self.catalog is catalog

    def giving(self, own: Own) -> Prepared | None:
        """Return it with other constants, None if what they are takes more than a look."""
        made = self.made
        if not isinstance(made, Inserting):
            return made
        row = self._given(made, own)
        return None if row is None else replace(made, given=row)

    @property
    def identities(self) -> Mapping[str, str] | None:
        """The identity columns that DuckDB makes, in its SQL.

        None if it makes others as well, or all: then rows are not inserted together.
        """
        made = self.made
        if not isinstance(made, Inserting) or not made.given:
            return None
        return made.made if makes_identities(made) else None

    def rows(self, some: Iterable[Own]) -> list[Row]:
        """Return what it inserts with other constants, up to those that take a look."""
        rows: list[Row] = []
        if isinstance(self.made, Inserting):
            for own in some:
                row = self._given(self.made, own)
                if row is None:
                    break
                rows.append(row)
        return rows

    def _given(self, made: Inserting, own: Own) -> Row | None:
        given = dict(made.given)
        given.update((name, _text(own.moment, whole)) for name, whole in self.dated)
        for one in own.constants:
            name = made.listed[one.cell] if one.cell < len(made.listed) else ""
            column = self.table.column(name)
            text = written(one.kind, one.text, column, one.model) if column else None
            if text is None or name not in given:
                return None
            [given[name]] = text
        return given


def makes_identities(made: Inserting) -> bool:
    """Tell whether what DuckDB makes of a row's columns are identities alone."""
    columns = map(made.target.table.column, made.made)
    return all(c and c.identity for c in columns)


def kept(
    change: Change,
    made: Prepared,
    schema: Schema,
    catalog: Catalog,
    translator: Translator,
) -> Kept | None:
    """Return a statement to keep, None if it is another when it comes again.

    The time of a statement may be a column's whole value, but no part of one.
    """
    if change.returning or translator.noted - {"now"}:
        return None
    plain = Kept(change, made, schema, catalog)
    if not translator.noted:
        return plain
    now = translator.now
    if now is None or not isinstance(made, Inserting) or not made.listed:
        return None
    if not makes_identities(made):
        return None
    times = {_text(utc(now), whole): whole for whole in (True, False)}
    given = made.given.items()
    dated = [(name, times[text]) for name, text in given if text in times]
    return replace(plain, dated=tuple(dated))


def _text(moment: datetime, whole: bool) -> str:  # noqa: FBT001  (as `dated` has it)
    """Return the text of a moment in UTC, cut to the second if it is to be `whole`."""
    return (moment.replace(microsecond=0) if whole else moment).isoformat(sep=" ")
