"""DELTAS x CHANGED ROWS -> the deltas in doubt, by one query for all of them.

A change mostly breaks nothing, so that is asked first. What DuckDB takes for a lookup it
spends on planning, and a part of that on every query anew: to ask all deltas of a
statement together takes little longer than to ask two of them apart.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlglot import exp

from comply.classes import dataclass
from comply.database.connection import DatabaseError
from comply.database.duckdb import DuckDb
from comply.sql.journal import Row
from comply.sql.lookups import ROW, is_key
from comply.sql.pinned import Template, acquitting
from comply.sql.places import clauses, conditions

ASKS: Final = "SELECT 1"
"""How a question begins in DuckDB's SQL; its number takes the place of the 1."""

_AT_ONCE: Final = 16
_ENOUGH: Final = 100
# With these a query is more than a FROM with conditions.
_MORE: Final = ("group", "having", "distinct", "limit", "offset", "order", "with_")


@dataclass(frozen=True, slots=True)
class Required:
    """What a condition asks of the changed row alone: a column with one of some texts."""

    column: str
    texts: frozenset[str]


@dataclass(frozen=True, slots=True)
class Question:
    """What to ask about a changed row: a query but for its `SELECT 1`.

    A row of the answer `acquits`: nothing is broken. Else no row of it does. `is_short`
    tells that it asks less than the delta. The query has no row either where the changed
    row lacks what is `required`, which it does not ask itself.
    """

    tail: Template
    acquits: bool
    is_short: bool
    required: tuple[Required, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about a changed row, whose columns have these types in DuckDB."""

    question: Question
    row: Row
    types: Mapping[str, str]

    @property
    def is_idle(self) -> bool:
        """Whether the changed row lacks what is required, so that nothing is broken."""
        required = self.question.required
        return any(self.row[one.column] not in one.texts for one in required)


def asking(one: exp.Select) -> tuple[exp.Select, bool] | None:
    """Return the question that goes with a delta for one row, and whether a row acquits.

    It is less work than the delta, and on the safe side: where the row's partners have
    conditions of their own to meet, those in subqueries are left out. The question is of
    the form `SELECT 1 ..`; None if there is none.

    >>> from sqlglot import parse_one
    >>> one = parse_one("SELECT t.a FROM t WHERE t.b > 1 AND EXISTS (SELECT 1 FROM u)")
    >>> tree, acquits = asking(one)
    >>> tree.sql(), acquits
    ('SELECT 1 FROM t WHERE t.b > 1', False)
    """
    found = acquitting(one)
    acquits = found is not None
    tree = found or one.copy()
    windows = any(s.find(exp.AggFunc, exp.Window) for s in tree.expressions)
    if windows or any(tree.args.get(clause) for clause in _MORE):
        return None
    tree.set("expressions", [exp.Literal.number(1)])
    joined = any(join.args.get("on") for join in tree.args.get("joins") or ())
    own = [t for t in conditions(tree) if not t.find(exp.Query)]
    if not acquits and not joined and any(_chooses(t) for t in own):
        tree.set("where", exp.Where(this=exp.and_(*[t.copy() for t in own])))
    return tree, acquits


def _chooses(test: exp.Expr) -> bool:
    """Tell whether a condition chooses among the partners of the changed row."""
    of = {column.table for column in test.find_all(exp.Column)}
    return bool(of - {ROW}) and not is_key(test)


def take_required(tree: exp.Select) -> tuple[Required, ...]:
    """Take the conditions out of a question in DuckDB's SQL that texts answer.

    >>> from sqlglot import parse_one
    >>> row = '"ORA$ROW"'
    >>> tree = parse_one(f"SELECT 1 FROM t WHERE t.a = {row}.k AND {row}.b IN ('x', 'y')")
    >>> for column in tree.find_all(exp.Column):
    ...     column.meta["kind"] = "char"
    >>> [one] = take_required(tree)
    >>> one.column, sorted(one.texts), tree.sql()
    ('b', ['x', 'y'], 'SELECT 1 FROM t WHERE t.a = "ORA$ROW".k')
    """
    if not tree.args.get("where"):
        return ()
    *_, tests = clauses(tree)
    found = [(test, _required(test)) for test in tests]
    taken = tuple(one for _, one in found if one is not None)
    if taken:
        rest = [test.copy() for test, one in found if one is None]
        tree.set("where", exp.Where(this=exp.and_(*rest)) if rest else None)
    return taken


def _required(test: exp.Expr) -> Required | None:
    match test:
        case exp.EQ(this=exp.Column() as column, expression=exp.Literal() as only):
            texts: Sequence[exp.Expr] = [only]
        case exp.In(this=exp.Column() as column, expressions=[*texts]):
            pass
        case _:
            return None
    # A padded text equals others, and the empty one is none.
    if column.table != ROW or column.meta.get("kind") != "char":
        return None
    plain = all(isinstance(t, exp.Literal) and t.is_string and t.name for t in texts)
    named = frozenset(text.name for text in texts)
    return Required(column.name, named) if plain and texts else None


def doubtful(connection: DuckDb, asked: Sequence[Asked]) -> list[bool]:
    """Tell of each question whether something may be broken for what it knows.

    What cannot be answered leaves a doubt, as does an answer too long to be read.
    """
    waiting = [one for one in asked if not one.is_idle]
    found: list[bool] = []
    for start in range(0, len(waiting), _AT_ONCE):
        found += _doubtful(connection, waiting[start : start + _AT_ONCE])
    answers = iter(found)
    return [not one.is_idle and next(answers) for one in asked]


def _doubtful(connection: DuckDb, asked: Sequence[Asked]) -> list[bool]:
    parts: list[str] = []
    values: list[str | None] = []
    for i, one in enumerate(asked):
        tail = one.question.tail
        parts.append(f"SELECT {i} {tail.sql(one.types, len(values))}")
        values += [one.row[column] for column in tail.used]
    try:
        rows = connection.ask(" UNION ALL ".join(parts), values, _ENOUGH).rows
    except DatabaseError:
        return [True] * len(asked)
    if len(rows) == _ENOUGH:
        return [True] * len(asked)
    found = {row[0] for row in rows}
    return [one.question.acquits != (i in found) for i, one in enumerate(asked)]
