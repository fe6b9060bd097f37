"""TABLES AND CONDITIONS -> LOOPS: in which order rows are joined, and by which index.

A table comes next that most equalities tie to the rows at hand; a condition is tested as
soon as all it reads is there, those with subqueries last.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from sqlglot import exp

from comply.dialect.syntax import Name
from comply.sql.kinds import kind
from comply.sql.places import conditions, sources, table_of

Node: TypeAlias = exp.Expr


@dataclass(frozen=True, slots=True)
class Table:
    """A place of a table in a denial."""

    name: Name
    alias: str


@dataclass(frozen=True, slots=True)
class Block:
    """What a query joins: tables, tests of one row of one, and all other conditions."""

    tables: tuple[Table, ...]
    own: dict[str, list[Node]]
    tests: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Key:
    """An equality that finds rows: what they have to have, and its value.

    Without a value it is NULL that they have to have.
    """

    part: Node
    value: Node | None


@dataclass(frozen=True, slots=True)
class Scan:
    """A loop over the rows of a table that an index finds by its keys; without, all."""

    table: Table
    keys: tuple[Key, ...]


Step: TypeAlias = Scan | Node


def block_of(select: exp.Select) -> Block:
    """Return what a query joins; DUAL, which has one row, counts for nothing."""
    tables = []
    for node in sources(select):
        name = table_of(node)
        if name is not None:
            tables.append(Table(name, node.alias_or_name))
    own: dict[str, list[Node]] = {table.alias: [] for table in tables}
    tests = []
    for test in conditions(select):
        read = aliases_in(test)
        if len(read) == 1 and not has_query(test) and read <= own.keys():
            own[next(iter(read))].append(test)
        else:
            tests.append(test)
    return Block(tuple(tables), own, tuple(tests))


def has_query(node: Node) -> bool:
    """Tell whether there is a query in an expression."""
    return node.find(exp.Query) is not None


def aliases_in(node: Node) -> set[str]:
    """Return the places of rows that an expression reads, those of its queries left out."""
    inner = {s.alias_or_name for q in node.find_all(exp.Select) for s in sources(q)}
    return {column.table for column in node.find_all(exp.Column)} - inner


@dataclass(frozen=True, slots=True)
class Join:
    """What is to be joined: tables, by tests, with rows given at some places."""

    tables: tuple[Table, ...]
    tests: tuple[Node, ...]
    given: frozenset[str]


def arranged(join: Join, weight: Callable[[Node], int]) -> Iterator[Step]:
    """Yield the loops over tables and the tests between them, in a good order.

    `weight` tells of an expression how much its equality tells rows apart. A test that a
    key stands for is left out.
    """
    left, waiting, known = list(join.tables), list(join.tests), set(join.given)
    around = {t.alias for t in left} | known
    while True:
        ready = [t for t in waiting if aliases_in(t) & around <= known]
        yield from sorted(ready, key=has_query)
        waiting = [t for t in waiting if not any(t is r for r in ready)]
        if not left:
            return
        found = {t.alias: _keys(t, waiting, known, around) for t in left}
        weights = {a: sum(weight(k.part) for _, k in ks) for a, ks in found.items()}
        table = max(left, key=lambda t: weights[t.alias])
        keys = found[table.alias]
        yield Scan(table, tuple(key for _, key in keys))
        waiting = [t for t in waiting if not any(t is used for used, _ in keys)]
        left.remove(table)
        known.add(table.alias)


def _keys(
    table: Table, tests: list[Node], known: set[str], around: set[str]
) -> list[tuple[Node, Key]]:
    """Return the tests that an index on a table can stand for."""
    found: list[tuple[Node, Key]] = []
    for test in tests:
        key = _key(table, test, known, around)
        if key is not None and not any(key.part == other.part for _, other in found):
            found.append((test, key))
    return found


def _key(table: Table, test: Node, known: set[str], around: set[str]) -> Key | None:
    if has_query(test):
        return None
    if isinstance(test, exp.Is) and isinstance(test.expression, exp.Null):
        return Key(test.this, None) if aliases_in(test) == {table.alias} else None
    if not isinstance(test, exp.EQ) or kind(test.this) != kind(test.expression):
        return None
    for part, other in ((test.this, test.expression), (test.expression, test.this)):
        if aliases_in(part) == {table.alias} and aliases_in(other) & around <= known:
            return Key(part, other)
    return None
