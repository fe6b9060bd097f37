"""DENIAL -> PROGRAMS: the functions that find its violating rows, and what to keep."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product
from types import CodeType

from sqlglot import exp

from comply.classes import dataclass
from comply.dialect.oracle import place_of
from comply.dialect.syntax import Name
from comply.source import Source
from comply.sql.names import output_of
from comply.sql.places import Place, places
from comply.sql.plan.code import Code, IndexCode, Mode, UntranslatedError
from comply.sql.plan.expressions import SURE, cell, in_alternatives, truth, value
from comply.sql.plan.flat import flattened
from comply.sql.plan.joins import Block, Table, block_of, has_query
from comply.sql.plan.queries import (
    Queries,
    indented,
    joined,
    loops,
    place_name,
    unsure_tests,
)
from comply.sql.relation import Field


@dataclass(frozen=True, slots=True)
class PlaceCode:
    """What is kept of a relation at a place in a denial, and who asks of its rows.

    `test` is the function that a row must pass, `find` the one that gives the
    combinations of the denial's rows that a row is in, or, where the place `is_inner`,
    those that it may concern. `rows` is the name of all its rows. Where a row can only
    matter by what some functions without arguments give, these are `settled`.
    """

    table: Name
    rows: str
    test: str
    find: str
    is_inner: bool
    settled: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Program:
    """A denial as a module of Python.

    `holds` tells of a combination of rows whether it violates, `sure` whether it does
    whatever the values are that are not known yet, `shown` gives what the denial shows
    of it under `labels`. `places` come in the order of tables, the denial's own first;
    `own` is how many these are.
    """

    module: CodeType
    places: tuple[PlaceCode, ...]
    own: int
    indexes: tuple[tuple[int, IndexCode], ...]
    constants: Mapping[str, object]
    memos: int
    labels: tuple[str, ...]
    is_unsure: bool
    is_distinct: bool


def compile_denial(
    denial: exp.Query, fields: Mapping[Name, tuple[Field, ...]], source: Source
) -> tuple[Program, ...]:
    """Return the programs whose rows together are those of a resolved denial.

    `fields` are the columns of relations.

    Raises:
        UntranslatedError: a database has to check it.
    """
    try:
        return tuple(
            _program(Code(source, fields, Queries()), tree)
            for tree in flattened(denial, source)
        )
    except (MemoryError, RecursionError, SyntaxError):
        # Python nests twenty loops in one another, and some hundred parentheses.
        message = "so much nested in one another"
        raise UntranslatedError(message, place_of(denial, source)) from None


def _program(code: Code, denial: exp.Select) -> Program:
    block = block_of(denial)
    found = list(places(denial, (), 1, ()))
    if any(p.table not in code.fields for p in found):
        raise code.untranslated(denial, "a table beside the relations of facts")
    for place in found:
        code.variable(place.alias)
    made = tuple(_place(code, block, place) for place in found)
    combination = ", ".join(code.variable(t.alias) for t in block.tables)
    tests = [*block.tests, *unsure_tests(code, block)]
    # What only the denial's list shows is no reason to doubt it.
    unsure = any(map(code.is_unsure, tests))
    _function(code, f"holds({combination})", _all(code, list(block.tests), Mode()))
    _function(code, f"sure({combination})", _all(code, tests, SURE))
    shown = "".join(f"{_shown(code, s.unalias())}, " for s in denial.selects)
    _function(code, f"shown({combination})", f"({shown})")
    made = tuple(_settled(code, *pair) for pair in zip(made, found, strict=True))
    alias_places = {p.alias: i for i, p in enumerate(found)}
    text = "\n".join((*code.lines, ""))
    return Program(
        compile(text, "<assertion>", "exec"),
        made,
        len(block.tables),
        tuple((alias_places[i.alias], i) for i in code.indexes.values()),
        code.constants,
        code.memos,
        tuple(map(output_of, denial.selects)),
        unsure,
        bool(denial.args.get("distinct")),
    )


def _shown(code: Code, node: exp.Expr) -> str:
    """Return a value as it is shown; JSON stays as it is, since most of it is not."""
    return cell(code, node) if isinstance(node, exp.Column) else value(code, node)


def _function(code: Code, head: str, result: str) -> None:
    code.lines += [f"def {head}:", *indented([f"return {result}"])]


def _all(code: Code, tests: list[exp.Expr], mode: Mode) -> str:
    ordered = sorted(tests, key=has_query)
    return " and ".join(truth(code, test, mode) for test in ordered) or "True"


def _place(code: Code, denial: Block, place: Place) -> PlaceCode:
    row = code.variable(place.alias)
    own = block_of(place.blocks[-1]).own[place.alias]
    _function(code, f"test_{row}({row})", _all(code, own, Mode()))
    is_inner = len(place.blocks) > 1
    table = Table(place.table, place.alias)
    lines = (
        _concerned(code, denial, place, table)
        if is_inner
        else _joined(code, denial, table)
    )
    code.lines += [f"def find_{row}({row}):", *indented(lines)]
    rows = place_name(place.alias, code)
    return PlaceCode(place.table, rows, f"test_{row}", f"find_{row}", is_inner)


def _settled(code: Code, made: PlaceCode, place: Place) -> PlaceCode:
    """Return a place that matters only by the value of a query that reads no row outside.

    What is not known is no such value: its names may change while it stays unknown.
    """
    own, *inner = place.blocks
    if not inner or place.links[0] is not None or code.is_unsure(inner[0]):
        return made
    text = inner[0].sql()
    if not block_of(own).tables or text in code.bound:
        return made
    return replace(made, settled=tuple(code.settled.get(text, ())))


def _joined(code: Code, denial: Block, table: Table) -> list[str]:
    """Return the loops that find the violating combinations that a row is in."""
    others = [t for t in denial.tables if t != table]
    steps = joined(code, others, denial.tests)
    return loops(code, steps, lambda: [_yield(code, denial)], possible=True)


def _yield(code: Code, denial: Block) -> str:
    combination = "".join(f"{code.variable(t.alias)}, " for t in denial.tables)
    return f"yield ({combination})"


def _concerned(code: Code, denial: Block, place: Place, table: Table) -> list[str]:
    """Return the loops that find the combinations that a row in a subquery may concern.

    All blocks from the denial to the row's are joined as one, by what can be asked
    without another query: too many may come out, never too few.
    """
    blocks = [block_of(b) for b in place.blocks]
    others = [t for b in blocks for t in b.tables if t != table]
    tests = [t for b in blocks for t in b.tests if not has_query(t)]
    lines: list[str] = []
    for links in _links(place):
        steps = joined(code, others, [*tests, *links])
        lines += loops(code, steps, lambda: [_yield(code, denial)], possible=True)
    return lines


def _links(place: Place) -> Iterator[list[exp.Expr]]:
    """Yield the ways in which the blocks around a place may be tied to each other."""
    ways = [_ways(link) for link in place.links if link is not None]
    for chosen in product(*ways):
        yield [test for way in chosen for test in way if not has_query(test)]


def _ways(link: exp.Expr) -> list[list[exp.Expr]]:
    """Return a link apart: as one test only where IN compares several values."""
    tests = list(link.flatten()) if isinstance(link, exp.And) else [link]
    if len(tests) > 1:
        return [[link]]
    equal = link.find(exp.EQ)
    if equal is None:
        return [[link]]
    return in_alternatives(equal.this, equal.expression)
