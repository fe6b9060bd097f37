"""QUERY -> PYTHON: loops over the rows that a query joins, as functions of rows."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeAlias

from sqlglot import exp

from comply.classes import dataclass
from comply.sql.kinds import kind
from comply.sql.plan.code import Code, IndexCode, Mode
from comply.sql.plan.expressions import SURE, truth, value
from comply.sql.plan.joins import (
    Block,
    Join,
    Key,
    Scan,
    Step,
    Table,
    aliases_in,
    arranged,
    block_of,
    has_query,
)
from comply.sql.plan.timed import DATED

Node: TypeAlias = exp.Expr
Body: TypeAlias = Callable[[], list[str]]

_INDENT: Final = "    "
_NOTING: Final = ("found = True", "if in_haste():", f"{_INDENT}return True")


def indented(lines: Iterable[str]) -> list[str]:
    """Return lines one level further in."""
    return [_INDENT + line for line in lines]


def loops(code: Code, steps: list[Step], body: Body, *, possible: bool) -> list[str]:
    """Return Python that runs `body` for each combination of rows that steps find."""
    if not steps:
        return body()
    first, *rest = steps
    if isinstance(first, Scan):
        more = [*_again(code, first, possible=possible), *rest]
        row = code.variable(first.table.alias)
        head = f"for {row} in {_found(code, first, possible=possible)}:"
        return [head, *indented(loops(code, more, body, possible=possible))]
    test = truth(code, first, Mode(possible=possible))
    return [f"if {test}:", *indented(loops(code, rest, body, possible=possible))]


def _unsure(code: Code, key: Key) -> bool:
    sides = (key.part, key.value)
    return any(side is not None and code.is_unsure(side) for side in sides)


def _again(code: Code, scan: Scan, *, possible: bool) -> list[Step]:
    """Return the equalities that an index answers with rows that only may be meant."""
    if not possible:
        return []
    return [key.test() for key in scan.keys if _unsure(code, key)]


def _found(code: Code, scan: Scan, *, possible: bool) -> str:
    """Return the rows that a loop runs over."""
    if not scan.keys:
        return f"{place_name(scan.table.alias, code)}.values()"
    made = index(code, scan.table, scan.keys)
    parts = [
        "True" if k.value is None else _sought(code, k, k.value) for k in scan.keys
    ]
    key = parts[0] if len(parts) == 1 else f"({', '.join(parts)})"
    if possible and any(_unsure(code, k) for k in scan.keys):
        return f"i{made.number}.possible({key})"
    return f"i{made.number}.rows.get({key}, NONE).values()"


def place_name(alias: str, code: Code) -> str:
    """Return the Python name of all rows at a table's place."""
    return f"all_{code.variable(alias)}"


def index(code: Code, table: Table, keys: tuple[Key, ...]) -> IndexCode:
    """Return the index of a table's rows by parts of them."""
    name = (table.alias, *(_written(k) for k in keys))
    if name not in code.indexes:
        row = code.variable(table.alias)
        parts = [
            f"null({value(code, k.part)})"
            if k.value is None
            else _sought(code, k, k.part)
            for k in keys
        ]
        key = parts[0] if len(parts) == 1 else f"({', '.join(parts)})"
        function = code.fresh("k")
        code.lines += [f"def {function}({row}):", f"{_INDENT}return {key}"]
        made = IndexCode(len(code.indexes), table.alias, function)
        code.indexes[name] = made
    return code.indexes[name]


def _sought(code: Code, key: Key, side: Node) -> str:
    """Return one side of a key, in which NULL is a value where it finds NULL."""
    text = value(code, side)
    return f"some({text})" if key.of_null else text


def _written(key: Key) -> str:
    mark = " IS NULL" if key.value is None else " OR NULL" if key.of_null else ""
    return key.part.sql(dialect="oracle") + mark


@dataclass(frozen=True, slots=True)
class Free:
    """What a query reads of the rows around it: their names, and the values it reads."""

    rows: tuple[str, ...]
    values: tuple[str, ...]


def _free(code: Code, query: exp.Select, extra: list[Node]) -> Free:
    parts = (query, *extra)
    inner = {t.alias for s in query.find_all(exp.Select) for t in block_of(s).tables}
    columns = [c for part in parts for c in part.find_all(exp.Column)]
    outer = [c for c in columns if c.table not in inner]
    rows = dict.fromkeys(code.variable(c.table) for c in outer)
    cells = dict.fromkeys(
        f"{code.variable(c.table)}[{code.field_of(c)[0]}]" for c in outer
    )
    return Free(tuple(rows), tuple(cells))


@dataclass(frozen=True, slots=True)
class Queries:
    """The subqueries of expressions, each a function of the rows around it."""

    def exists(
        self, code: Code, query: exp.Select, extra: list[Node], *, possible: bool
    ) -> str:
        """Return the condition that a query has a row for which `extra` holds too."""
        block = block_of(query)
        possible = possible and any(map(code.is_unsure, (query, *extra)))
        free = _free(code, query, extra)
        tests = [*block.tests, *extra, *unsure_tests(code, block)]
        steps = joined(code, block.tables, tests)
        body = _NOTING if possible else ("return True",)
        lines = ["found = False"] if possible else []
        lines += loops(code, steps, lambda: list(body), possible=possible)
        lines.append("return found" if possible else "return False")
        # What one look into an index answers is not worth remembering.
        again = [type(step) for step in steps] != [Scan]
        # Names are resolved: queries of one text mean the same.
        key = (query.sql(), possible, *(e.sql() for e in extra))
        name = code.define(key, _function(code, free, lines, again=again))
        _settle(code, query, free, name)
        return f"{name}({', '.join(free.rows)})"

    def scalar(self, code: Code, query: exp.Select) -> str:
        """Return the value of a query of one row: one that sums up."""
        block = block_of(query)
        [shown] = query.selects
        sums = list(shown.find_all(exp.AggFunc))
        columns = shown.find_all(exp.Column)
        bare = any(c.find_ancestor(exp.AggFunc) is None for c in columns)
        if not sums or bare or has_query(shown) or query.args.get("distinct"):
            raise code.untranslated(query, "a value from a query that does not sum up")
        free, unsure = _free(code, query, []), code.is_unsure(query)
        gathered = {id(item): code.fresh("s") for item in sums}
        tests = [*block.tests, *unsure_tests(code, block)]
        steps = joined(code, block.tables, tests)

        def gather() -> list[str]:
            lines = _unless_sure(code, tests)
            for item in sums:
                lines.append(f"{gathered[id(item)]}.append({_summed(code, item)})")
            return lines

        lines = [f"{name} = []" for name in ("vague", *gathered.values())]
        lines += loops(code, steps, gather, possible=unsure)
        for item in sums:
            code.sums[id(item)] = f"{_sum(code, item)}({gathered[id(item)]})"
        lines.append(f"return UNSURE if vague else {value(code, shown)}")
        for item in sums:
            del code.sums[id(item)]
        key = (query.sql(), "value")
        name = code.define(key, _function(code, free, lines, again=True))
        _settle(code, query, free, name)
        return f"{name}({', '.join(free.rows)})"


def _settle(code: Code, query: exp.Select, free: Free, name: str) -> None:
    """Note the function of a query that reads no row outside: it has one value."""
    text = query.sql()
    if free.rows:
        code.bound.add(text)
    else:
        code.settled.setdefault(text, []).append(name)


def unsure_tests(code: Code, block: Block) -> list[Node]:
    """Return the tests of single rows that rows pass at their place without being sure."""
    own = (test for tests in block.own.values() for test in tests)
    return [test for test in own if code.is_unsure(test)]


def joined(code: Code, tables: Iterable[Table], tests: Iterable[Node]) -> list[Step]:
    """Return the steps that join tables, with the rows given that tests read besides."""
    tables, tests = tuple(tables), tuple(tests)
    read = {alias for test in tests for alias in aliases_in(test)}
    around = read - {table.alias for table in tables}
    return list(arranged(Join(tables, tests, frozenset(around)), code.weight))


def _unless_sure(code: Code, tests: list[Node]) -> list[str]:
    """Return the lines that note where it is not sure that a row counts in a sum."""
    doubtful = [truth(code, test, SURE) for test in tests if code.is_unsure(test)]
    if not doubtful:
        return []
    return [f"if not ({' and '.join(doubtful)}):", f"{_INDENT}vague.append(True)"]


_SUMS: Final[Mapping[type[Node], str]] = {
    exp.Avg: "average",
    exp.Count: "count",
    exp.Max: "most",
    exp.Min: "least",
    exp.Sum: "total",
}


def _distinct(item: Node) -> bool:
    return isinstance(item.this, exp.Distinct)


def _sum(code: Code, item: Node) -> str:
    name = _SUMS.get(type(item))
    if name is None:
        raise code.untranslated(item, f"the function {item.key.upper()}")
    return f"{'distinct' if _distinct(item) else 'sum'}_{name}"


def _summed(code: Code, item: Node) -> str:
    """Return the value that a row adds to a sum."""
    subject = item.this
    if isinstance(subject, exp.Star):
        return "True"
    if isinstance(subject, exp.Distinct):
        if len(subject.expressions) != 1:
            raise code.untranslated(item, "a sum of several values")
        subject = subject.expressions[0]
    every = {"char", "number", *DATED}
    wanted = {"number"} if isinstance(item, exp.Sum | exp.Avg) else every
    if kind(subject) not in wanted:
        raise code.untranslated(item, f"{item.key.upper()} of a value of this kind")
    return value(code, subject)


def _function(
    code: Code, free: Free, lines: list[str], *, again: bool
) -> Callable[[str], list[str]]:
    """Return what writes a function of the rows around a query.

    With `again` it remembers, until the next change, what it gave for the same values.
    """

    def write(name: str) -> list[str]:
        rows = ", ".join(free.rows)
        if not again:
            return [f"def {name}({rows}):", *indented(lines)]
        code.memos += 1
        values = "".join(f"{v}, " for v in free.values)
        given = "".join(f", {row}" for row in free.rows)
        call = f"remembered(m{code.memos}, ({values}), {name}_{given})"
        return [
            f"def {name}_({rows}):",
            *indented(lines),
            f"def {name}({rows}):",
            f"{_INDENT}return {call}",
        ]

    return write
