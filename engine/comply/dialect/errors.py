"""Errors of SQL text and of the statements in it, with Oracle's codes."""

from comply.source import ComplyError, Span


class SqlError(ComplyError):
    """One error; `code` is Oracle's number (942 for ORA-00942), 0 where it has none."""

    def __init__(
        self, code: int, message: str, span: Span | None = None, hint: str = ""
    ) -> None:
        text = f"ORA-{code:05d}: {message}" if code else message
        super().__init__(text, span, hint)
        self.code = code


def nearest(word: str, known: list[str]) -> str:
    """Return the known word closest to `word`, or "" if none is close.

    >>> nearest("TICKET", ["ENGINEERS", "TICKETS"])
    'TICKETS'
    """
    limit = max(1, len(word) // 3) if len(word) > 2 else 0
    ranked = sorted((_distance(word, k), k) for k in known)
    return ranked[0][1] if ranked and ranked[0][0] <= limit else ""


def _distance(a: str, b: str) -> int:
    """Return how many edits of one letter lead from `a` to `b` (Levenshtein)."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        diagonal, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            cost = min(row[j] + 1, row[j - 1] + 1, diagonal + (x != y))
            diagonal, row[j] = row[j], cost
    return row[-1]
