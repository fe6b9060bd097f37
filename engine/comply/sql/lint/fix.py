"""SCRIPT -> SCRIPT that Oracle takes, comments and all else left where they are."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from comply.dialect.schema import Schema
from comply.dialect.tokens import Token, scan
from comply.source import Source
from comply.sql.lint.check import lint
from comply.sql.lint.problem import Edit, Reported

_PASSES: Final = 60
"""Each pass mends what does not overlap; texts need two or three."""


def fixed(source: Source, schema: Schema | None = None) -> str:
    """Return a script with what can be mended mended, the rest as it was.

    The assertions mean what they meant: the same rows violate them.

    >>> print(fixed(Source("s", "CREATE ASSERTION a CHECK ((EXISTS (SELECT 1 FROM t)))")))
    CREATE ASSERTION a CHECK (EXISTS (SELECT 1 FROM t))
    """
    found = lint([source], schema)
    broken = _broken(found)
    text = source.text
    for _ in range(_PASSES):
        edits = _compatible(found)
        if not edits:
            break
        mended = edited(text, edits)
        found = lint([Source(source.name, mended)], schema)
        if _broken(found) > broken:
            break
        text = mended
    return text


def edited(text: str, edits: Iterable[Edit]) -> str:
    """Return a text with edits applied; those at one place in their order."""
    parts: list[str] = []
    at = 0
    for start, end, new in sorted(edits, key=lambda edit: (edit[0], edit[1])):
        parts += [text[at:start], new]
        at = max(at, end)
    return "".join([*parts, text[at:]])


def _broken(found: Iterable[Reported]) -> int:
    return sum(1 for r in found if r.problem.rule == "syntax")


def _compatible(found: Iterable[Reported]) -> list[Edit]:
    """Return the edits of problems that do not touch those of others."""
    taken: list[Edit] = []
    for reported in found:
        edits = reported.problem.edits
        apart = not any(_touch(a, b) for a in edits for b in taken)
        if edits and apart and _keeps_comments(reported.source, edits):
            taken += edits
    return taken


def _keeps_comments(source: Source, edits: Sequence[Edit]) -> bool:
    """Tell whether every comment in a text taken out is in one put in."""
    put_in = "".join(new for _, _, new in edits)
    first, last = min(e[0] for e in edits), max(e[1] for e in edits)
    return all(
        source.text[token.start : token.end] in put_in
        for token in _comments(source, first, last)
        if any(start <= token.start < end for start, end, _ in edits)
    )


def _comments(source: Source, first: int, last: int) -> Iterator[Token]:
    for token in scan(source):
        if token.start >= last:
            return
        if token.kind == "comment" and token.start >= first:
            yield token


def _touch(one: Edit, other: Edit) -> bool:
    return one[0] <= other[1] and one[1] >= other[0]
