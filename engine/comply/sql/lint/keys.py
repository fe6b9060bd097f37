"""PARTS -> ROWS THAT ARE ONE: relations that a key makes the same row."""

from collections.abc import Sequence
from itertools import combinations

from sqlglot import exp

from comply.classes import dataclass, field
from comply.sql.lint.promises import Key, Promises


@dataclass(slots=True)
class Names:
    """Which columns are equal, and which relations are one row."""

    equal: dict[Key, Key] = field(default_factory=dict)
    row: dict[str, str] = field(default_factory=dict)

    def of(self, key: Key) -> Key:
        """Return the column that stands for all that are equal to this one."""
        alias = key[0]
        while alias in self.row:
            alias = self.row[alias]
        here = (alias, key[1])
        while here in self.equal:
            here = self.equal[here]
        return here

    def join(self, one: Key, other: Key) -> None:
        """Note that two columns are equal."""
        left, right = self.of(one), self.of(other)
        if left != right:
            self.equal[left] = right


@dataclass(frozen=True, slots=True)
class Merged:
    """Parts with the names that make equal columns one."""

    parts: list[exp.Expr]
    names: Names


def merged(
    parts: Sequence[exp.Expr], tables: dict[str, exp.Table], promised: Promises
) -> Merged:
    """Return parts with what they and the keys of tables say is equal.

    Two relations of one table whose rows agree on a key are the same row.
    """
    names = Names()
    _join(parts, names)
    found = True
    while found:
        found = False
        for one, other in combinations(tables, 2):
            if _same_row(one, other, tables, names, promised):
                names.row[other] = one
                found = True
                _join(parts, names)
    return Merged(list(parts), names)


def _join(parts: Sequence[exp.Expr], names: Names) -> None:
    """Note which columns the parts say are equal."""
    for part in parts:
        if not isinstance(part, exp.EQ):
            continue
        left, right = part.this.unnest(), part.expression.unnest()
        if isinstance(left, exp.Column) and isinstance(right, exp.Column):
            names.join((left.table, left.name), (right.table, right.name))


def _same_row(
    one: str,
    other: str,
    tables: dict[str, exp.Table],
    names: Names,
    promised: Promises,
) -> bool:
    base = tables[one].meta.get("table")
    if base is None or base != tables[other].meta.get("table"):
        return False
    if one in names.row or other in names.row:
        return False
    return any(
        alias == one
        and all(names.of((one, c)) == names.of((other, c)) for c in columns)
        for alias, columns in promised.unique
    )
