"""TOKENS, TREE -> whether they nest deeper than they can be read.

sqlglot reads what nests by calling itself, and so does what walks its trees. Python
ends that with an error, a compiled parser by killing the process: so the depth is
counted before.
"""

from typing import Final

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

MOST_NESTED: Final = 60
"""How many brackets, `CASE`s and prefixes may be open at once.

A little more than the pure parser can read of most of them, so that both refuse the
same; a third of what kills the compiled one on a stack of 512 KiB, which is what
threads have on macOS.
"""

DEEPEST: Final = 800
"""How many levels of a tree a function can go down, one call for each, in Python."""

_OPENING: Final = frozenset({TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE})
_CLOSING: Final = frozenset({TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE})
_PREFIXES: Final = frozenset(
    {TokenType.NOT, TokenType.INTERVAL, TokenType.ANY, TokenType.JOIN}
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
    if len(tokens) <= MOST_NESTED:
        return False
    opened: list[bool] = []
    """What is open: whether a word opened it, which no bracket of its own closes."""
    waiting = [0]
    """The prefixes that wait for their operand, one number for each level."""
    depth = 0
    for token in tokens:
        kind = token.token_type
        if kind in _OPENING or _is_word(token, kind):
            opened.append(kind not in _OPENING)
            waiting.append(0)
            depth += 1
        elif kind in _CLOSING or (kind is TokenType.END and opened and opened[-1]):
            depth -= _close(opened, waiting, case=kind is TokenType.END)
        else:
            change = _prefix(token, kind, waiting[-1])
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


def _close(opened: list[bool], waiting: list[int], *, case: bool) -> int:
    """Close a CASE, or the innermost bracket and what is open in it.

    Returns:
        By how much less is open.
    """
    less = 0
    while opened:
        word = opened.pop()
        less += 1 + waiting.pop()
        if case or not word:
            break
    return less


def _prefix(token: Token, kind: TokenType, waiting: int) -> int:
    """Return how many prefixes more wait for their operand behind a token."""
    if kind in _ENDING:
        return -waiting
    if kind is TokenType.VAR:
        return int(token.text.upper() in _PREFIX_WORDS)
    # `INTERVAL '1' DAY '1' HOUR` is an interval in an interval.
    return int(kind in _PREFIXES or (kind is TokenType.STRING and waiting > 0))


def is_deep(tree: exp.Expr) -> bool:
    """Tell whether a tree has more levels than functions that walk it can go down."""
    level = [tree]
    for _ in range(DEEPEST):
        level = [child for node in level for child in node.iter_expressions()]
        if not level:
            return False
    return True
