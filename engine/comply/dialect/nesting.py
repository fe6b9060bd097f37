"""TOKENS, TREE -> whether they nest deeper than they can be read.

sqlglot reads what nests by calling itself, and so does what walks its trees. Python
ends that with an error, a compiled parser by killing the process: so the depth is
counted before.
"""

from typing import Final

from sqlglot import exp
from sqlglot.parsers.oracle import OracleParser
from sqlglot.tokenizer_core import Token, TokenType

MOST_NESTED: Final = 60
"""How many brackets, `CASE`s and prefixes may be open at once.

A little more than the pure parser can read of most of them, so that both refuse the
same; a third of what kills the compiled one on a stack of 512 KiB, which is what
threads have on macOS.
"""

_TRIED_TWICE: Final = 6
"""What counts as so many: sqlglot reads it in one way, and what is in it once more in
another, so that ten of them in each other take a thousand times as long as one."""

DEEPEST: Final = 800
"""How many levels of a tree a function can go down, one call for each, in Python."""

_OPENING: Final = frozenset({TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE})
_CLOSING: Final = frozenset({TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE})
_PREFIXES: Final = frozenset({TokenType.NOT, TokenType.INTERVAL, TokenType.ANY})
_JOINS: Final = frozenset({TokenType.JOIN, TokenType.STRAIGHT_JOIN})
_SIDES: Final = frozenset(
    {
        *(TokenType.LEFT, TokenType.RIGHT, TokenType.FULL),
        *(TokenType.INNER, TokenType.OUTER),
    }
)
_PREFIX_WORDS: Final = frozenset({"PRIOR", "CONNECT_BY_ROOT", "ZONE"})
_ENDING: Final = frozenset(
    {
        *(TokenType.COMMA, TokenType.AND, TokenType.OR),
        *(TokenType.WHEN, TokenType.THEN, TokenType.ELSE),
        *(TokenType.SELECT, TokenType.WHERE, TokenType.SET, TokenType.VALUES),
        *(TokenType.GROUP_BY, TokenType.HAVING, TokenType.ORDER_BY),
        *(TokenType.ON, TokenType.USING),
    }
)
"""What ends every operand before it at its level."""


def nests_too_deeply(tokens: list[Token]) -> bool:
    """Tell whether tokens nest deeper than sqlglot's parser may be asked to go.

    Example:
        >>> from sqlglot.dialects.oracle import Oracle
        >>> nests_too_deeply(Oracle().tokenize("NOT (a = 1 AND NOT b = 2)"))
        False
        >>> nests_too_deeply(Oracle().tokenize("NOT " * 61 + "a = 1"))
        True
    """
    if len(tokens) * _TRIED_TWICE <= MOST_NESTED:
        return False
    opened: list[tuple[int, bool]] = []
    """What is open: its weight, and whether a bracket of its own closes it."""
    waiting = [0]
    """The weight of prefixes that wait for their operand, a number for each level."""
    depth = 0
    for at, token in enumerate(tokens):
        kind = token.token_type
        if kind in _OPENING or _is_word(token, kind):
            opened.append((_weight(tokens, at), kind in _OPENING))
            waiting.append(0)
            depth += opened[-1][0]
        elif kind in _CLOSING or (kind is TokenType.END and _is_open_word(opened)):
            depth -= _close(opened, waiting, case=kind is TokenType.END)
        else:
            change = _prefix(tokens, at, waiting[-1])
            waiting[-1] += change
            depth += change
        if depth > MOST_NESTED:
            return True
    return False


def _is_word(token: Token, kind: TokenType) -> bool:
    """Tell whether a word opens what nests, up to its END or a bracket's."""
    return kind is TokenType.CASE or (
        kind is TokenType.VAR and token.text.upper() == "IF"
    )


def _is_open_word(opened: list[tuple[int, bool]]) -> bool:
    return bool(opened) and not opened[-1][1]


def _weight(tokens: list[Token], at: int) -> int:
    """Return what a bracket or word that opens counts."""
    if tokens[at].token_type not in _OPENING:
        return 1 if tokens[at].token_type is TokenType.CASE else _TRIED_TWICE
    typed = at > 0 and tokens[at - 1].token_type in OracleParser.TYPE_TOKENS
    return _TRIED_TWICE if typed else 1


def _close(opened: list[tuple[int, bool]], waiting: list[int], *, case: bool) -> int:
    """Close a CASE, or the innermost bracket and what is open in it.

    Returns:
        By how much less is open.
    """
    less = 0
    while opened:
        weight, bracket = opened.pop()
        less += weight + waiting.pop()
        if case or bracket:
            break
    return less


def _prefix(tokens: list[Token], at: int, waiting: int) -> int:
    """Return the weight of the prefixes more that wait for their operand behind a token."""
    token = tokens[at]
    kind = token.token_type
    if kind in _ENDING:
        return -waiting
    if kind is TokenType.VAR:
        return int(token.text.upper() in _PREFIX_WORDS)
    if kind in _JOINS:
        return _TRIED_TWICE if _needs_condition(tokens, at) else 0
    # `INTERVAL '1' DAY '1' HOUR` is an interval in an interval.
    return int(kind in _PREFIXES or (kind is TokenType.STRING and waiting > 0))


def _needs_condition(tokens: list[Token], at: int) -> bool:
    """Tell whether a JOIN waits for its ON, which may come behind others."""
    at -= 1
    while at > 0 and tokens[at].token_type in _SIDES:
        at -= 1
    return tokens[at].token_type not in (TokenType.CROSS, TokenType.NATURAL)


def is_deep(tree: exp.Expr) -> bool:
    """Tell whether a tree has more levels than functions that walk it can go down."""
    level = [tree]
    for _ in range(DEEPEST):
        level = [child for node in level for child in node.iter_expressions()]
        if not level:
            return False
    return True
