"""TEXT -> SQLGLOT TREE: Oracle's queries, conditions and DML, function names kept.

sqlglot's own Oracle reader turns functions into what other databases call the same,
and some of that changes their meaning (`TO_DATE` loses the time of day, `NVL2` its
types). Here a call stays a call under the name its author wrote, and whoever gives it
a meaning does so knowingly.
"""

from collections.abc import Callable
from typing import Any, ClassVar, Final, cast

from sqlglot import exp
from sqlglot.dialects.oracle import Oracle
from sqlglot.errors import ParseError, TokenError
from sqlglot.parsers.oracle import OracleParser
from sqlglot.tokenizer_core import TokenType

from comply.dialect.errors import SqlError
from comply.dialect.syntax import Text
from comply.source import Source, Span

_LONGEST_INTERVAL: Final = 100
_DEEPEST: Final = 800
"""How many levels of a tree a function can go down, one call for each, in Python."""

_STATEMENTS: Final = frozenset(
    {"SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "MERGE"}
)
_SPECIAL_FORMS: Final = ("CAST", "EXTRACT", "TRIM", "LISTAGG", "JSON_VALUE")


def _typed_literal(parser: Any, value: exp.Expr, kind: exp.DataType) -> Any:  # noqa: ANN401  (sqlglot's)
    """Keep `DATE '2026-01-01'` as written: a type's name before a string."""
    name = "DATE" if kind.is_type("date") else "TIMESTAMP"
    return parser.expression(exp.Introducer(this=exp.Var(this=name), expression=value))


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

    class Parser(OracleParser):
        """Oracle's grammar without the rewriting of functions."""

        ZONE_AWARE_TIMESTAMP_CONSTRUCTOR = False
        FUNCTIONS: ClassVar[dict[str, Callable[..., Any]]] = {
            name: OracleParser.FUNCTIONS[name]
            for name in ("COUNT", "SUM", "MIN", "MAX", "AVG")
        }
        FUNCTION_PARSERS: ClassVar[dict[str, Callable[..., Any]]] = {
            name: OracleParser.FUNCTION_PARSERS[name] for name in _SPECIAL_FORMS
        }
        TYPE_LITERAL_PARSERS: ClassVar[dict[Any, Callable[..., Any]]] = {
            exp.DataType.Type.DATE: _typed_literal,
            exp.DataType.Type.TIMESTAMP: _typed_literal,
        }
        COLON_PLACEHOLDER_TOKENS = OracleParser.COLON_PLACEHOLDER_TOKENS | {
            TokenType.NUMBER
        }

        def _parse_interval_span(
            self,
            this: exp.Expr,
            parse_function_unit: bool = True,  # noqa: FBT001, FBT002  (sqlglot's signature)
        ) -> exp.Interval:
            """Refuse a long literal: sqlglot's time for it is the square of its length."""
            if len(this.name) > _LONGEST_INTERVAL:
                self.raise_error("the interval is invalid")
            return super()._parse_interval_span(this, parse_function_unit)


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
    try:
        trees = OracleSql().parse(text.sql)
    except ParseError as error:
        raise _syntax_error(error, text, source) from None
    except TokenError as error:
        message = str(error).partition("\n")[0]
        raise SqlError(0, message, source.span(text.at)) from None
    except RecursionError:
        raise SqlError(0, "this nests too deeply", source.span(text.at)) from None
    found = [t for t in trees if t is not None]
    if len(found) != 1:
        raise SqlError(936, "missing expression", source.span(text.at))
    tree = found[0]
    if len(text.sql) > _DEEPEST and _is_deep(tree):
        message = f"this nests too deeply: more than {_DEEPEST} levels"
        hint = "`IN (...)` says what many `OR` say; or write it as several statements"
        raise SqlError(0, message, source.span(text.at), hint)
    if text.at:
        for identifier in tree.find_all(exp.Identifier):
            start = identifier.meta.get("start")
            if start is not None:
                identifier.meta["start"] = start + text.at
                identifier.meta["end"] += text.at
    return tree


def _is_deep(tree: exp.Expr) -> bool:
    """Tell whether a tree has more levels than functions that walk it can go down."""
    level = [tree]
    for _ in range(_DEEPEST):
        level = [child for node in level for child in node.iter_expressions()]
        if not level:
            return False
    return True


def _syntax_error(error: ParseError, text: Text, source: Source) -> SqlError:
    """Return sqlglot's first error as ours, at the place in the source."""
    detail = error.errors[0] if error.errors else {}
    highlight = str(detail.get("highlight") or "")
    lines = text.sql.split("\n")
    row = int(detail.get("line") or 1)
    before = sum(len(line) + 1 for line in lines[: row - 1])
    offset = before + max(0, int(detail.get("col") or 1) - max(1, len(highlight)))
    at = max(0, min(text.at + offset, len(source.text) - 1))
    said = str(detail.get("description") or "syntax error")
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
