"""Constraints of tables, checked on the rows that changed, with Oracle's errors.

Each check is made when the statement is over, so rows of one statement may refer to
each other and keys may swap; a deferred one when the transaction is.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from comply.classes import dataclass
from comply.database.connection import Connection
from comply.database.duckdb import quote
from comply.dialect.errors import SqlError
from comply.dialect.schema import Schema, Table, find
from comply.dialect.syntax import Constraint, Name
from comply.sql.names import ROWID
from comply.sql.store import Store, base

Rules: TypeAlias = Sequence[tuple[Constraint, str]]


@dataclass(frozen=True, slots=True)
class Guard:
    """Where constraints are checked: a schema, and the store whose rows changed."""

    connection: Connection
    schema: Schema
    owner: str
    store: Store

    def check(self, table: Table, rules: Rules, since: int) -> None:
        """Check constraints of a table on the rows that changed since a step.

        Each comes with its condition in DuckDB's SQL, empty if it has none.

        Raises:
            SqlError: ORA-01400, 02290, 00001 or 02291, if one does not hold.
        """
        self._each_row(table, rules, since)
        for constraint, _ in rules:
            match constraint.kind:
                case "unique" | "primary_key":
                    self._unique(table, constraint, since)
                case "foreign_key":
                    self._parent_exists(table, constraint, since)
                case "check" | "not_null":
                    pass

    def _finds(self, sql: str) -> bool:
        return bool(self.connection.query(f"{sql} LIMIT 1").rows)

    def _rows(self, table: Table, since: int) -> str:
        return self.store.came(table.name, since)

    def _each_row(self, table: Table, rules: Rules, since: int) -> None:
        """Check in one pass what a row alone can break: NOT NULL and CHECK."""
        tests = [
            (f"{quote(column)} IS NULL", self._null_error(table, column))
            for constraint, _ in rules
            if constraint.kind in ("not_null", "primary_key")
            for column in constraint.columns
        ]
        tests += [
            (f"NOT ({condition})", self._check_error(table, constraint))
            for constraint, condition in rules
            if constraint.kind in ("check", "not_null") and condition
        ]
        if not tests:
            return
        branches = " ".join(
            f"WHEN {test} THEN {i}" for i, (test, _) in enumerate(tests)
        )
        rows, alias = self._rows(table, since), quote(table.name.name)
        sql = f"SELECT MIN(CASE {branches} END) FROM {rows} AS {alias}"  # noqa: S608
        first = self.connection.query(sql).rows[0][0]
        if isinstance(first, int):
            raise tests[first][1]

    def _null_error(self, table: Table, column: str) -> SqlError:
        owner = table.name.owner or self.owner
        parts = (owner, table.name.name, column) if owner else (table.name.name, column)
        name = ".".join(f'"{part}"' for part in parts)
        return SqlError(1400, f"cannot insert NULL into ({name})")

    def _check_error(self, table: Table, constraint: Constraint) -> SqlError:
        name = self._name(table, constraint)
        return SqlError(2290, f"check constraint ({name}) violated")

    def _name(self, table: Table, constraint: Constraint) -> str:
        return str(Name(table.name.owner or self.owner, constraint.name))

    def _unique(self, table: Table, constraint: Constraint, since: int) -> None:
        """Two keys are equal if they agree, NULLs included, and are not all NULL."""
        keys = [quote(c) for c in constraint.columns]
        row = quote(ROWID)
        if len(keys) == 1:
            same = f"b.{keys[0]} = n.{keys[0]}"
        else:
            same = " AND ".join(f"b.{k} IS NOT DISTINCT FROM n.{k}" for k in keys)
            some = " OR ".join(f"n.{k} IS NOT NULL" for k in keys)
            same = f"{same} AND ({some})"
        sql = (
            f"SELECT 1 FROM {self._rows(table, since)} n JOIN {base(table.name)} b"  # noqa: S608
            f" ON {same} AND b.{row} <> n.{row}"
        )
        if self._finds(sql):
            name = self._name(table, constraint)
            raise SqlError(1, f"unique constraint ({name}) violated")

    def _parent_exists(self, table: Table, constraint: Constraint, since: int) -> None:
        parent, columns = self.referenced(table, constraint)
        pairs = list(zip(constraint.columns, columns, strict=True))
        same = " AND ".join(f"p.{quote(b)} = c.{quote(a)}" for a, b in pairs)
        known = " AND ".join(f"c.{quote(a)} IS NOT NULL" for a, _ in pairs)
        sql = (
            f"SELECT 1 FROM {self._rows(table, since)} c WHERE {known} AND NOT EXISTS"  # noqa: S608
            f" (SELECT 1 FROM {base(parent.name)} p WHERE {same})"
        )
        if self._finds(sql):
            name = self._name(table, constraint)
            message = f"integrity constraint ({name}) violated - parent key not found"
            raise SqlError(2291, message)

    def children(
        self, table: Table, child: Table, constraint: Constraint, since: int
    ) -> None:
        """Check that no row of `child` refers to a key that `table` no longer has.

        Raises:
            SqlError: ORA-02292, if one does.
        """
        if self._finds(f"SELECT 1 {self.orphans(table, child, constraint, since)}"):
            name = self._name(child, constraint)
            message = f"integrity constraint ({name}) violated - child record found"
            raise SqlError(2292, message)

    def orphans(
        self, table: Table, child: Table, constraint: Constraint, since: int
    ) -> str:
        """Return FROM and WHERE of the rows `c` of `child` that lost their parent."""
        _, columns = self.referenced(child, constraint)
        pairs = list(zip(constraint.columns, columns, strict=True))
        was = " AND ".join(f"c.{quote(a)} = o.{quote(b)}" for a, b in pairs)
        is_ = " AND ".join(f"c.{quote(a)} = p.{quote(b)}" for a, b in pairs)
        lost = f"SELECT 1 FROM {self.store.went(table.name, since)} o WHERE {was}"  # noqa: S608
        left = f"SELECT 1 FROM {base(table.name)} p WHERE {is_}"  # noqa: S608
        return (
            f"FROM {base(child.name)} c WHERE EXISTS ({lost}) AND NOT EXISTS ({left})"
        )

    def deserted(
        self, table: Table, child: Table, constraint: Constraint, since: int
    ) -> str:
        """Return the rows of `orphans` whose parent was deleted, not updated."""
        _, columns = self.referenced(child, constraint)
        pairs = zip(constraint.columns, columns, strict=True)
        was = " AND ".join(f"c.{quote(a)} = o.{quote(b)}" for a, b in pairs)
        row = quote(ROWID)
        there = f"SELECT 1 FROM {base(table.name)} b WHERE b.{row} = o.{row}"  # noqa: S608
        left = f"SELECT 1 FROM {self.store.went(table.name, since)} o WHERE {was} AND NOT EXISTS ({there})"  # noqa: S608
        orphans = self.orphans(table, child, constraint, since)
        return f"{orphans} AND EXISTS ({left})"

    def referenced(
        self, table: Table, constraint: Constraint
    ) -> tuple[Table, tuple[str, ...]]:
        """Return the table that a foreign key points at, and the columns there."""
        reference = constraint.references
        if reference is None:
            message = f"{constraint.name} is no foreign key"
            raise SqlError(0, message)
        parent = self.schema.table(reference.table, table.name.owner)
        if parent is None:
            raise SqlError(942, f"table or view {reference.table} does not exist")
        if reference.columns:
            if len(reference.columns) != len(constraint.columns):
                message = "number of referencing columns must match referenced columns"
                raise SqlError(2256, message)
            return parent, reference.columns
        primary = (k for k in parent.constraints if k.kind == "primary_key")
        key = next(primary, None)
        if key is None or len(key.columns) != len(constraint.columns):
            raise SqlError(2268, "referenced table does not have a primary key")
        return parent, key.columns

    def check_reference(self, table: Table, constraint: Constraint) -> None:
        """Check that a foreign key points at a key of a table that exists.

        Raises:
            SqlError: ORA-00942, 02256, 02268 or 02270, if it does not.
        """
        parent, columns = self.referenced(table, constraint)
        keys = [set(k.columns) for k in parent.unique_keys()]
        if set(columns) not in keys:
            message = "no matching unique or primary key for this column-list"
            raise SqlError(2270, message)

    def referring(self, table: Table) -> list[tuple[Table, Constraint]]:
        """Return the enabled foreign keys that point at a table, with their tables."""
        return [
            (child, constraint)
            for child in self.schema.tables.values()
            for constraint in child.constraints
            if constraint.references
            and constraint.state.enabled
            and find(self.schema.tables, constraint.references.table, child.name.owner)
            is table
        ]


_UPDATED: Final = {
    32795: (32796, "cannot update a generated always identity column"),
    54013: (54017, "UPDATE operation disallowed on virtual columns"),
}


def as_update(error: SqlError) -> SqlError:
    """Return the error as an UPDATE words it."""
    code, said = _UPDATED.get(error.code, (0, ""))
    if error.code == 1400:
        target = error.message.partition("into ")[2]
        code, said = 1407, f"cannot update {target} to NULL"
    if not code:
        return error
    return SqlError(code, said, error.span, error.hint)


def not_null_of(table: Table) -> tuple[Constraint, ...]:
    """Return NOT NULL for the columns that need a value without a constraint saying so.

    An identity column and one with DEFAULT ON NULL are NOT NULL by what they are.
    """
    said = {
        c.columns for c in table.constraints if c.kind in ("not_null", "primary_key")
    }
    covered = {name for columns in said for name in columns}
    plain = Constraint("not_null", 0)
    return tuple(
        replace(plain, columns=(c.name,), name=f"SYS_{table.name.name}_{c.name}_NN")
        for c in table.columns
        if not c.nullable and c.name not in covered
    )
