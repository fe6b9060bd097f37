"""TOKENS -> TOKENS before sqlglot's parser, TREE -> TREE after it: calls as written.

sqlglot's parser can be a compiled one, of which Python can make no subclass, and its
tables belong to everybody in the process. So its grammar is left alone: a name that it
would take for a function of its own carries a mark while it parses, and so stays a
call of a name it has never heard of.
"""

from typing import Final, NamedTuple

from sqlglot import exp
from sqlglot.dialects.oracle import Oracle
from sqlglot.errors import ParseError
from sqlglot.parsers.oracle import OracleParser
from sqlglot.tokenizer_core import Token, TokenType

MARK: Final = "\ud800"
"""Half of a surrogate pair: no text that was ever decoded holds it alone."""

_LONGEST_INTERVAL: Final = 100
_UNDERSTOOD: Final = frozenset(
    {
        *("COUNT", "SUM", "MIN", "MAX", "AVG"),
        *("CAST", "EXTRACT", "TRIM", "LISTAGG", "JSON_VALUE"),
    }
)
_RENAMED: Final = (
    OracleParser.FUNCTIONS.keys() | OracleParser.FUNCTION_PARSERS.keys()
) - _UNDERSTOOD
_READ_FIRST: Final = frozenset(OracleParser.NO_PAREN_FUNCTION_PARSERS)
"""Words that begin an expression of their own, so that a bracket behind says nothing."""

_TYPES: Final = frozenset({TokenType.DATE, TokenType.TIMESTAMP})
_LOOKED_AT: Final = _TYPES | {TokenType.L_PAREN, TokenType.NUMBER, TokenType.STRING}

_OPENING: Final = frozenset({TokenType.COMMA, TokenType.FORMAT})
"""Before a path of JSON or a format, which sqlglot reads: no interval is there."""


class LongString(NamedTuple):
    """A long literal taken out of the text, and what is behind it."""

    text: str
    behind: Token
    highlight: str


def mark(tokens: list[Token], sql: str) -> list[LongString] | None:
    """Change the tokens of a text, in place, to what sqlglot keeps as written.

    Returns:
        What `restore` is to give back: the long literals that now are marks with a
        number; None if the tree of these tokens needs no `restore`.
    """
    taken: list[LongString] = []
    changed = any(token.token_type in _TYPES for token in tokens[:1])
    for at, token in enumerate(tokens):
        kind = token.token_type
        if kind not in _LOOKED_AT or not at:
            continue
        before = tokens[at - 1]
        if kind is TokenType.L_PAREN:
            if before.text.upper() in _RENAMED and _is_call(tokens, at - 1):
                before.text += MARK
                changed = True
        elif kind is TokenType.NUMBER:
            if before.token_type is TokenType.COLON:
                # `:1` is a bind variable like `:a`.
                token.token_type = TokenType.VAR
        elif kind is not TokenType.STRING:
            changed = True
        elif len(token.text) > _LONGEST_INTERVAL:
            _take(tokens, at, sql, taken)
    return taken if changed or taken else None


def _is_call(tokens: list[Token], at: int) -> bool:
    """Tell whether sqlglot may read a name before a bracket as a function's."""
    kind, word = tokens[at].token_type, tokens[at].text.upper()
    before = tokens[at - 1].token_type if at else TokenType.SENTINEL
    if before is TokenType.DOT:
        return True
    if kind is TokenType.IDENTIFIER:
        # `CAST(a AS "CHAR"(3))`: sqlglot reads the quoted name as a type's.
        return before is not TokenType.ALIAS or word not in Oracle.Tokenizer.KEYWORDS
    # `AS OF TIMESTAMP (...)` is found by its words.
    flashback = at > 1 and tokens[at - 2].token_type is TokenType.ALIAS
    callable_ = kind in OracleParser.FUNC_TOKENS and word not in _READ_FIRST
    return callable_ and not (flashback and word == "TIMESTAMP")


def _take(tokens: list[Token], at: int, sql: str, taken: list[LongString]) -> None:
    """Hide a long literal: sqlglot's time for an interval is the square of its length."""
    behind = tokens[min(at + 1, len(tokens) - 1)]
    operated = behind.token_type in OracleParser.COLUMN_OPERATORS
    if tokens[at - 1].token_type in _OPENING and not operated:
        return
    highlight = sql[behind.start : behind.end + 1]
    taken.append(LongString(tokens[at].text, behind, highlight))
    tokens[at].text = f"{MARK}{len(taken) - 1}"


def restore(tree: exp.Expr, taken: list[LongString], shift: int) -> exp.Expr:
    """Give a tree what was written back, in place, and its names their places.

    Args:
        tree: what sqlglot made of marked tokens.
        taken: what `mark` returned.
        shift: what to add to the places of names.

    Returns:
        The tree.

    Raises:
        ParseError: a long literal is said to be an interval.
    """
    stack = [tree]
    while stack:
        node = stack.pop()
        stack += _children(node, taken)
        kind = type(node)
        if kind is exp.Identifier:
            if shift and "start" in node.meta:
                node.meta["start"] += shift
                node.meta["end"] += shift
        elif kind is exp.DateStrToDate or (
            # What `CAST(... FORMAT ...)` makes says whether it is safe.
            kind is exp.StrToTime and "safe" not in node.args
        ):
            literal = node.replace(_typed(node))
            tree = literal if node is tree else tree
    return tree


def _children(node: exp.Expr, taken: list[LongString]) -> list[exp.Expr]:
    """Return the nodes below one whose own texts are given back on the way."""
    found: list[exp.Expr] = []
    args = node.args
    for key, value in args.items():
        if isinstance(value, str):
            if MARK in value:
                args[key] = _written(node, value, taken)
        elif isinstance(value, exp.Expr):
            found.append(value)
        elif isinstance(value, list):
            found += [child for child in value if isinstance(child, exp.Expr)]
    return found


def _written(node: exp.Expr, value: str, taken: list[LongString]) -> str:
    """Return the text that a marked one stands for."""
    name, _, number = value.partition(MARK)
    if not number.isdecimal() or name:
        return value.replace(MARK, "")
    long = taken[int(number)]
    if isinstance(node.parent, exp.Interval):
        message = "the interval is invalid"
        at = long.behind
        raise ParseError.new(
            message, message, at.line, at.col, highlight=long.highlight
        )
    return long.text


def _typed(literal: exp.Expr) -> exp.Introducer:
    """Return `DATE '2026-01-01'` as written: a type's name before a string."""
    name = "DATE" if isinstance(literal, exp.DateStrToDate) else "TIMESTAMP"
    return exp.Introducer(this=exp.Var(this=name), expression=literal.this)
