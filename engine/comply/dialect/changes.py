"""INSERT, UPDATE, DELETE, MERGE -> CHANGE: the statement as a tree, with what Oracle adds.

sqlglot does not read RETURNING .. INTO, the DELETE of a MERGE, nor the FROM of a joined
UPDATE or DELETE as Oracle has them. They are cut out and read on their own; blanks stand
in their place, so that every name keeps its offset.
"""

from collections.abc import Iterator, Sequence
from typing import Final, Literal, TypeAlias

from sqlglot import exp

from comply.classes import dataclass, field
from comply.dialect import oracle
from comply.dialect.cursor import Cursor
from comply.dialect.errors import SqlError
from comply.dialect.inserts import by_names
from comply.dialect.oracle import condition, query
from comply.dialect.statements import Statement
from comply.dialect.syntax import Text
from comply.dialect.tokens import Token

Version: TypeAlias = Literal["", "OLD", "NEW"]

CHANGES: Final = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE"})
_FROM: Final = "SELECT 1 "


@dataclass(frozen=True, slots=True)
class Returned:
    """One value that RETURNING gives: `version` is OLD or NEW, empty if neither is said.

    `name` is the bind variable that takes it.
    """

    version: Version
    value: exp.Expr
    name: str


@dataclass(frozen=True, slots=True)
class Change:
    """A statement that changes rows.

    `sources` is a query whose FROM has the tables that UPDATE or DELETE joins,
    `deleting` the condition of the DELETE in a MERGE.
    """

    tree: exp.Expr
    sources: exp.Query | None = None
    deleting: exp.Expr | None = None
    returning: tuple[Returned, ...] = ()


@dataclass(slots=True)
class _Cuts:
    """The parts of a statement that are read on their own, as ranges of its tokens."""

    sources: tuple[int, int] | None = None
    deleting: tuple[int, int] | None = None
    returning: tuple[int, int] | None = None
    blank: list[tuple[int, int]] = field(default_factory=list)


def change(statement: Statement) -> Change:
    """Return a statement that changes rows as trees.

    Raises:
        SqlError: it is malformed or has a clause that comply does not know, with its
            place.
    """
    cursor = Cursor(statement)
    cuts = _cuts(cursor)
    source = statement.source
    bare = _without(statement, cuts.blank)
    tree = None
    if cursor.tokens[0].value == "INSERT":
        tree = by_names(cursor, list(_outside(cursor)), bare.sql)
    tree = tree or oracle.statement(bare, source)
    sources = deleting = None
    if cuts.sources is not None:
        text = cursor.text(*cuts.sources)
        sources = query(Text(_FROM + text.sql, text.at - len(_FROM)), source)
    if cuts.deleting is not None:
        deleting = condition(cursor.text(*cuts.deleting), source)
    returning = () if cuts.returning is None else tuple(_returning(cursor, cuts))
    return Change(tree, sources, deleting, returning)


def _without(statement: Statement, ranges: Sequence[tuple[int, int]]) -> Text:
    """Return the statement with blanks in place of ranges of its tokens."""
    text = statement.text
    for start, stop in ranges:
        first = statement.tokens[start].start - statement.start
        last = statement.tokens[stop - 1].end - statement.start
        text = text[:first] + " " * (last - first) + text[last:]
    return Text(text, statement.start)


def _cuts(cursor: Cursor) -> _Cuts:
    """Find what must be read on its own.

    Raises:
        SqlError: there is a clause that comply does not know.
    """
    cuts = _Cuts()
    places = list(_outside(cursor))
    end = len(cursor.tokens)
    for at in places:
        if _is_returning(cursor.tokens, at):
            cuts.returning = (at, end)
            cuts.blank.append((at, end))
            end = at
            break
    places = [at for at in places if at < end]
    word = cursor.tokens[0].value
    _refuse_error_log(cursor, places)
    if word in ("UPDATE", "DELETE"):
        _cut_sources(cursor, cuts, places, end)
    elif word == "MERGE":
        _cut_deleting(cursor, cuts, places, end)
    return cuts


def _outside(cursor: Cursor) -> Iterator[int]:
    """Yield the indexes of the words outside parentheses."""
    depth = 0
    for at, token in enumerate(cursor.tokens):
        if token.kind == "symbol":
            depth += (token.value == "(") - (token.value == ")")
        elif token.kind == "name" and depth == 0:
            yield at


def _is_returning(tokens: Sequence[Token], at: int) -> bool:
    """Tell whether RETURN or RETURNING stands for the clause, not for a column."""
    if at == 0 or tokens[at].value not in ("RETURN", "RETURNING"):
        return False
    after = tokens[at + 1].value if at + 1 < len(tokens) else ""
    return tokens[at - 1].value not in (".", ",", "SET") and after not in (
        *("=", ",", ".", ")", "<", ">", "IS"),
    )


def _refuse_error_log(cursor: Cursor, places: Sequence[int]) -> None:
    for at in places:
        cursor.at = at
        if cursor.sees("LOG", "ERRORS"):
            span = cursor.statement.source.span(cursor.next.start, len("LOG"))
            message = (
                "comply does not log errors: a row that fails, fails the statement"
            )
            raise SqlError(0, message, span, "leave out LOG ERRORS")


def _word_at(
    cursor: Cursor, places: Sequence[int], word: str, after: int
) -> int | None:
    """Return the index of the first such word outside parentheses behind another."""
    found = (at for at in places if at > after and cursor.tokens[at].value == word)
    return next(found, None)


def _cut_sources(cursor: Cursor, cuts: _Cuts, places: Sequence[int], end: int) -> None:
    """Cut the FROM that joins other tables out of UPDATE or DELETE."""
    tokens = cursor.tokens
    first = 0
    if tokens[0].value == "UPDATE":
        first = _word_at(cursor, places, "SET", 0) or 0
    elif len(tokens) > 1 and tokens[1].value == "FROM":
        first = 1
    at = _word_at(cursor, places, "FROM", first)
    where = _word_at(cursor, places, "WHERE", first)
    if at is None or (where is not None and where < at):
        return
    stop = end if where is None else where
    cuts.sources = (at, stop)
    cuts.blank.append((at, stop))


def _cut_deleting(cursor: Cursor, cuts: _Cuts, places: Sequence[int], end: int) -> None:
    """Cut `DELETE WHERE condition` out of the branch of MERGE that updates.

    Raises:
        SqlError: it stands in another branch, or has no condition.
    """
    at = _word_at(cursor, places, "DELETE", 0)
    if at is None or cursor.tokens[at - 1].value == "THEN":
        return
    branches = [i for i in places if _is_branch(cursor.tokens, i)]
    own = max((i for i in branches if i < at), default=None)
    cursor.at = at
    if own is None or cursor.tokens[own + 1].value == "NOT":
        cursor.fail("DELETE belongs behind the UPDATE of WHEN MATCHED", 900)
    cursor.at += 1
    cursor.expect("WHERE")
    stop = min((i for i in branches if i > at), default=end)
    cuts.deleting = (cursor.at, stop)
    cuts.blank.append((at, stop))


def _is_branch(tokens: Sequence[Token], at: int) -> bool:
    """Tell whether a branch of MERGE begins here, not one of CASE."""
    words = [t.value for t in tokens[at : at + 3]]
    return words[:2] == ["WHEN", "MATCHED"] or words == ["WHEN", "NOT", "MATCHED"]


def _returning(cursor: Cursor, cuts: _Cuts) -> Iterator[Returned]:
    """Read `RETURNING value, .. INTO :name, ..`.

    Raises:
        SqlError: it is malformed, or the numbers differ.
    """
    cursor.at = (cuts.returning or (0, 0))[0]
    cursor.accept_any("RETURNING", "RETURN")
    values = [_value(cursor)]
    while cursor.accept(","):
        values.append(_value(cursor))
    if not cursor.accept("INTO"):
        cursor.fail("missing INTO keyword", 925)
    names = [_bind(cursor)]
    while cursor.accept(","):
        names.append(_bind(cursor))
    if not cursor.done:
        cursor.fail("this does not belong here", 933)
    if len(names) != len(values):
        few = len(values) < len(names)
        code, word = (947, "not enough") if few else (913, "too many")
        place = cursor.statement.source.span(cursor.tokens[cursor.at - 1].start)
        hint = f"{len(values)} values for {len(names)} variables"
        raise SqlError(code, f"{word} values", place, hint)
    for (version, text), name in zip(values, names, strict=True):
        tree = condition(text, cursor.statement.source)
        yield Returned(version, tree, name)


def _value(cursor: Cursor) -> tuple[Version, Text]:
    """Read a value of RETURNING, with OLD or NEW before it."""
    version: Version = ""
    after = cursor.peek(1)
    begins = after.kind in ("name", "quoted", "number") or after.value == "("
    if begins and after.value not in ("INTO", "BULK"):
        version = "OLD" if cursor.sees("OLD") else "NEW" if cursor.sees("NEW") else ""
    if version:
        cursor.take()
    return version, cursor.until("INTO", "BULK")


def _bind(cursor: Cursor) -> str:
    """Read `:name`; return the name."""
    if not cursor.accept(":"):
        cursor.fail("expected a bind variable, as in INTO :id")
    return cursor.identifier("the name of a variable")
