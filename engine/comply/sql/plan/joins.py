"""TABLES AND CONDITIONS -> LOOPS: in which order rows are joined, and by which index.

A table comes next that most equalities tie to the rows at hand; a condition is tested as
soon as all it reads is there, those with subqueries last.
"""

from collections.abc import Callable, Iterator
from typing import TypeAlias

from sqlglot import exp

from comply.classes import dataclass
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

    Without a value it is NULL that they have to have. With `of_null` a NULL on either
    side finds NULL on the other.
    """

    part: Node
    value: Node | None
    of_null: bool = False

    def test(self) -> Node:
        """Return the condition that the key stands for."""
        if self.value is None:
            return exp.Is(this=self.part.copy(), expression=exp.Null())
        form = exp.NullSafeEQ if self.of_null else exp.EQ
        return form(this=self.part.copy(), expression=self.value.copy())


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


@dataclass(frozen=True, slots=True)
class _Test:
    """A test with the places that it reads, and the keys that can stand for it.

    A key comes with the place whose rows it finds and the places that its value reads.
    """

    node: Node
    reads: set[str]
    is_nested: bool
    keys: tuple[tuple[str, Key, set[str]], ...]


def arranged(join: Join, weight: Callable[[Node], int]) -> Iterator[Step]:
    """Yield the loops over tables and the tests between them, in a good order.

    `weight` tells of an expression how much its equality tells rows apart. A test that a
    key stands for is left out.
    """
    around = {t.alias for t in join.tables} | join.given
    waiting = [_test(node, around) for node in join.tests]
    left, known = list(join.tables), set(join.given)
    while True:
        ready = [t for t in waiting if t.reads <= known]
        yield from (t.node for t in sorted(ready, key=lambda t: t.is_nested))
        waiting = [t for t in waiting if not t.reads <= known]
        if not left:
            return
        found = {t.alias: _keys(t.alias, waiting, known) for t in left}
        weights = {a: sum(weight(k.part) for k, _ in ks) for a, ks in found.items()}
        table = max(left, key=lambda t: weights[t.alias])
        keys = found[table.alias]
        yield Scan(table, tuple(key for key, _ in keys))
        waiting = [t for t in waiting if not any(t is used for _, used in keys)]
        left.remove(table)
        known.add(table.alias)


def _test(node: Node, around: set[str]) -> _Test:
    nested = has_query(node)
    keys = () if nested else tuple(_keys_of(node, around))
    return _Test(node, aliases_in(node) & around, nested, keys)


def _keys_of(node: Node, around: set[str]) -> Iterator[tuple[str, Key, set[str]]]:
    """Yield the keys that can stand for a test."""
    sides: list[tuple[Node, Node | None]]
    if isinstance(node, exp.Is) and isinstance(node.expression, exp.Null):
        sides = [(node.this, None)]
    elif isinstance(node, exp.EQ | exp.NullSafeEQ) and kind(node.this) == kind(
        node.expression
    ):
        sides = [(node.this, node.expression), (node.expression, node.this)]
    else:
        return
    for part, other in sides:
        read = aliases_in(part)
        if len(read) == 1:
            outside = aliases_in(other) & around if other is not None else set[str]()
            key = Key(part, other, isinstance(node, exp.NullSafeEQ))
            yield next(iter(read)), key, outside


def _keys(alias: str, tests: list[_Test], known: set[str]) -> list[tuple[Key, _Test]]:
    """Return the keys that find rows at a place, each with the test it stands for."""
    found: list[tuple[Key, _Test]] = []
    for test in tests:
        for place, key, outside in test.keys:
            fits = place == alias and outside <= known
            if fits and not any(key.part == other.part for other, _ in found):
                found.append((key, test))
    return found
