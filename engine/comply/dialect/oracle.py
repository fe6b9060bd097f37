"""TEXT -> SQLGLOT TREE: Oracle's queries, conditions and DML, function names kept.

sqlglot's own Oracle reader turns functions into what other databases call the same,
and some of that changes their meaning (`TO_DATE` loses the time of day, `NVL2` its
types). Here a call stays a call under the name its author wrote, and whoever gives it
a meaning does so knowingly.
"""

from typing import ClassVar, Final, cast

from sqlglot import exp
from sqlglot.dialects.oracle import Oracle
from sqlglot.errors import ParseError, TokenError
from sqlglot.tokenizer_core import TokenType

from comply.dialect.errors import SqlError
from comply.dialect.nesting import DEEPEST, is_deep, nests_too_deeply
from comply.dialect.syntax import Text
from comply.dialect.verbatim import MARK, mark, restore
from comply.source import Source, Span

_STATEMENTS: Final = frozenset(
    {"SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "MERGE"}
)


class OracleSql(Oracle):
    """Oracle as sqlglot reads it, with calls and literals kept as written."""

    class Tokenizer(Oracle.Tokenizer):
        """Oracle's tokens, binary numbers (`1.5d`) among them."""

        NUMERIC_LITERALS: ClassVar[dict[str, str]] = {"D": "DOUBLE", "F": "FLOAT"}
        KEYWORDS: ClassVar[dict[str, TokenType]] = {
            **Oracle.Tokenizer.KEYWORDS,
            "BINARY_DOUBLE": TokenType.DOUBLE,
            "BINARY_FLOAT": TokenType.FLOAT,
        }


def condition(text: Text, source: Source) -> exp.Expr:
    """Return the tree of a condition or another expression.

    Raises:
        SqlError: it is none (ORA-00936), with its place.
    """
    # A SELECT around it makes sqlglot read the whole text or fail.
    prefix = "SELECT 1 FROM DUAL WHERE "
    tree = _parse(Text(prefix + text.sql, text.at - len(prefix)), source)
    where = tree.args.get("where") if isinstance(tree, exp.Select) else None
    extra = {"group", "order", "having", "connect", "limit", "joins"}
    if where is None or any(tree.args.get(k) for k in extra):
        place = source.span(text.at, len(text.sql.partition("\n")[0]))
        raise SqlError(936, "this is not one condition", place)
    return cast("exp.Expr", where.this)


def query(text: Text, source: Source) -> exp.Query:
    """Return the tree of a query.

    Raises:
        SqlError: it is none (ORA-00928), with its place.
    """
    tree = _parse(text, source)
    if isinstance(tree, exp.Subquery):
        tree = tree.unnest()
    if not isinstance(tree, exp.Query):
        raise SqlError(928, "missing SELECT keyword", source.span(text.at))
    return tree


def statement(text: Text, source: Source) -> exp.Expr:
    """Return the tree of a statement of DML or a query.

    Raises:
        SqlError: comply does not understand it (ORA-00900), with its place.
    """
    end = (i for i, c in enumerate(text.sql) if not (c.isalnum() or c == "_"))
    first = text.sql[: next(end, len(text.sql))]
    known = not first or first.upper() in _STATEMENTS
    tree = _parse(text, source) if known else exp.Command()
    if isinstance(tree, exp.Command):
        place = source.span(text.at, len(first))
        raise SqlError(900, f"comply does not understand this {first}", place)
    return tree


def _parse(text: Text, source: Source) -> exp.Expr:
    if MARK in text.sql:
        message = "half of a surrogate pair is no character"
        raise SqlError(911, message, source.span(text.at + text.sql.index(MARK)))
    try:
        return _tree(text, source)
    except ParseError as error:
        raise _syntax_error(error, text, source) from None
    except TokenError as error:
        message = str(error).partition("\n")[0]
        raise SqlError(0, message, source.span(text.at)) from None
    except RecursionError:
        raise SqlError(0, "this nests too deeply", source.span(text.at)) from None


def _tree(text: Text, source: Source) -> exp.Expr:
    dialect = OracleSql()
    tokens = dialect.tokenize(text.sql)
    if nests_too_deeply(tokens):
        raise SqlError(0, "this nests too deeply", source.span(text.at))
    taken = mark(tokens, text.sql)
    trees = dialect.parser().parse(tokens, text.sql)
    found = [tree for tree in trees if tree is not None]
    if len(found) != 1:
        raise SqlError(936, "missing expression", source.span(text.at))
    tree = found[0]
    if len(text.sql) > DEEPEST and is_deep(tree):
        message = f"this nests too deeply: more than {DEEPEST} levels"
        hint = "`IN (...)` says what many `OR` say; or write it as several statements"
        raise SqlError(0, message, source.span(text.at), hint)
    if taken is not None or text.at:
        tree = restore(tree, taken or [], text.at)
    return tree


def _syntax_error(error: ParseError, text: Text, source: Source) -> SqlError:
    """Return sqlglot's first error as ours, at the place in the source."""
    detail = error.errors[0] if error.errors else {}
    highlight = str(detail.get("highlight") or "")
    lines = text.sql.split("\n")
    row = int(detail.get("line") or 1)
    before = sum(len(line) + 1 for line in lines[: row - 1])
    offset = before + max(0, int(detail.get("col") or 1) - max(1, len(highlight)))
    at = max(0, min(text.at + offset, len(source.text) - 1))
    said = str(detail.get("description") or "syntax error").replace(MARK, "")
    message = said[:1].lower() + said[1:]
    for start, plain in _PLAIN:
        if said.startswith(start):
            message = plain
    return SqlError(900, message, source.span(at, max(1, len(highlight))))


_PLAIN: Final = (
    ("Invalid expression / Unexpected token", "this does not belong here"),
    ("Required keyword", "an operand is missing here"),
)


def place_of(node: exp.Expr, source: Source) -> Span | None:
    """Return the place of the first name in a tree, or None if it has no name."""
    for identifier in node.find_all(exp.Identifier, bfs=False):
        start = identifier.meta.get("start")
        if start is not None:
            return source.span(start, identifier.meta["end"] - start + 1)
    return None


def stored_name(identifier: exp.Identifier) -> str:
    """Return a name as Oracle stores it: upper-case unless quoted."""
    name = identifier.name
    return name if identifier.args.get("quoted") else name.upper()


def write(tree: exp.Expr, *, pretty: bool = False) -> str:
    """Return the text of a tree in Oracle's SQL."""
    return tree.sql(dialect=OracleSql, pretty=pretty)
