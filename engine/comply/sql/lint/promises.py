"""SCHEMA -> PROMISES: what constraints guarantee about the rows of a query's tables."""

from collections.abc import Iterator
from functools import cache
from typing import Final, TypeAlias

from sqlglot import exp

from comply.classes import dataclass, field
from comply.dialect.errors import SqlError
from comply.dialect.oracle import condition, stored_name
from comply.dialect.schema import Schema, Table
from comply.dialect.syntax import Constraint, Name, Text
from comply.source import Source
from comply.sql.lint.tree import conditions, conjuncts, joined, relations

Key: TypeAlias = tuple[str, str]
"""A column: the alias of its table and its name."""
Guarantee: TypeAlias = tuple[Name, str]
"""A constraint: its table's name and its own."""
Reference: TypeAlias = tuple[str, tuple[str, ...], Name, tuple[str, ...]]
"""A foreign key: alias and columns, the parent's name and columns."""

COMPARISONS: Final = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE)
_REJECT: Final = (*COMPARISONS, exp.In, exp.Between, exp.Like)


@dataclass(frozen=True, slots=True)
class Promises:
    """What holds for every row: columns without NULL, checks, keys, parents.

    A check holds only as far as it is not UNKNOWN, which NULL makes it.
    """

    required: frozenset[Key] = frozenset()
    checks: tuple[exp.Expr, ...] = ()
    unique: tuple[tuple[str, tuple[str, ...]], ...] = ()
    foreign: tuple[Reference, ...] = field(default=())

    def parent_exists(
        self, query: exp.Select, parts: list[exp.Expr], tables: dict[str, exp.Table]
    ) -> bool:
        """Tell whether a foreign key guarantees the row that a query looks for."""
        inner = relations(query)
        if len(inner) != 1:
            return False
        [(alias, node)] = inner.items()
        pairs: dict[str, Key] = {}
        for part in conditions(query):
            sides = joined(part)
            if sides is None:
                return False
            (left, _), (right, _) = sides
            own, other = (left, right) if left.table == alias else (right, left)
            if own.table != alias or other.table not in tables:
                return False
            pairs[own.name] = (other.table, other.name)
        known = self.required | rejected(parts)
        parent = node.meta.get("table")
        return any(
            name == parent
            and {c: (child, f) for c, f in zip(columns, own, strict=True)} == pairs
            and all((child, f) in known for f in own)
            for child, own, name, columns in self.foreign
        )


def rejected(parts: list[exp.Expr]) -> frozenset[Key]:
    """Return the columns that cannot be NULL where all these parts are TRUE."""
    found: set[Key] = set()
    for part in parts:
        inner = part.this.unnest() if isinstance(part, exp.Not) else part
        if isinstance(part, exp.Not) and isinstance(inner, exp.Is):
            found |= _key(inner.this)
        elif (
            isinstance(inner, exp.In) and inner.args.get("query") and inner is not part
        ):
            # NULL is not in an empty list, so NOT IN (query) may be TRUE for it.
            continue
        elif isinstance(inner, _REJECT):
            found |= _key(inner.this) | _key(inner.args.get("expression"))
    return frozenset(found)


def _key(node: object) -> set[Key]:
    bare = node.unnest() if isinstance(node, exp.Expr) else None
    plain = isinstance(bare, exp.Column) and bare.table
    return (
        {(bare.table, bare.name)} if plain and isinstance(bare, exp.Column) else set()
    )


def promises(
    schema: Schema, tables: dict[str, exp.Table], only: frozenset[Guarantee] | None
) -> Promises:
    """Return what the constraints in force promise about rows of tables, by alias."""
    required: set[Key] = set()
    checks: list[exp.Expr] = []
    unique: list[tuple[str, tuple[str, ...]]] = []
    foreign: list[Reference] = []
    for alias, node in tables.items():
        name = node.meta.get("table")
        table = schema.tables.get(name) if isinstance(name, Name) else None
        if table is None:
            continue
        required |= {(alias, c) for c in _plainly_required(table)}
        for constraint in in_force(table, only):
            match constraint.kind:
                case "not_null" | "primary_key":
                    required |= {(alias, c) for c in constraint.columns}
                case "check" if constraint.condition is not None:
                    checks += _checks(constraint.condition.sql, alias)
                case "foreign_key":
                    foreign += _reference(schema, table, constraint, alias)
                case _:
                    pass
            if constraint.kind in ("primary_key", "unique"):
                unique.append((alias, constraint.columns))
    return Promises(frozenset(required), tuple(checks), tuple(unique), tuple(foreign))


def in_force(
    table: Table, only: frozenset[Guarantee] | None = None
) -> Iterator[Constraint]:
    """Yield the constraints of a table that all its rows meet at every moment."""
    for constraint in table.constraints:
        state = constraint.state
        chosen = only is None or (table.name, constraint.name) in only
        if chosen and state.enabled and state.validated and not state.deferrable:
            yield constraint


def _plainly_required(table: Table) -> Iterator[str]:
    """Yield the columns that cannot be NULL though no constraint says so."""
    said = {
        name
        for c in table.constraints
        if c.kind in ("not_null", "primary_key")
        for name in c.columns
    }
    for column in table.columns:
        if not column.nullable and column.name not in said:
            yield column.name


def _checks(sql: str, alias: str) -> list[exp.Expr]:
    """Return the parts of a check's condition, about the rows of an alias."""
    tree = _condition(sql)
    if tree is None:
        return []
    tree = tree.copy()
    for column in tree.find_all(exp.Column):
        if isinstance(column.this, exp.Identifier):
            name = stored_name(column.this)
            column.set("this", exp.to_identifier(name, quoted=True))
            column.set("table", exp.to_identifier(alias, quoted=True))
    return list(conjuncts(tree))


@cache
def _condition(sql: str) -> exp.Expr | None:
    try:
        return condition(Text(sql), Source("check", sql))
    except SqlError:
        return None


def _reference(
    schema: Schema, table: Table, constraint: Constraint, alias: str
) -> list[Reference]:
    points = constraint.references
    parent = schema.table(points.table, table.name.owner) if points else None
    if points is None or parent is None:
        return []
    primary = (c.columns for c in parent.constraints if c.kind == "primary_key")
    columns = points.columns or next(primary, ())
    if len(columns) != len(constraint.columns):
        return []
    return [(alias, constraint.columns, parent.name, columns)]
