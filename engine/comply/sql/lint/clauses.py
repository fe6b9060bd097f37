"""Query blocks: their clauses, their depth, and where they stand."""

from collections.abc import Iterator
from typing import Final

from comply.dialect.assertions import COUNTED, TURNED
from comply.sql.lint.outline import Block, Outline
from comply.sql.lint.problem import Edit, Problem, Subject
from comply.sql.lint.statement import deleted

_DEEPEST: Final = 3
AGGREGATES: Final = frozenset(
    (  # noqa: SIM905  (a word a line reads worse)
        "ANY_VALUE APPROX_COUNT_DISTINCT AVG BIT_AND_AGG BIT_OR_AGG BIT_XOR_AGG"
        " BOOLEAN_AND_AGG BOOLEAN_OR_AGG CHECKSUM COLLECT CORR COUNT COVAR_POP"
        " COVAR_SAMP EVERY GROUPING GROUP_ID JSON_ARRAYAGG JSON_OBJECTAGG KURTOSIS_POP"
        " LISTAGG MAX MEDIAN MIN PERCENTILE_CONT PERCENTILE_DISC SKEWNESS_POP"
        " STATS_MODE STDDEV STDDEV_POP STDDEV_SAMP SUM VARIANCE VAR_POP VAR_SAMP XMLAGG"
    ).split()
)
_FORBIDDEN: Final = {
    "GROUP": ("group-by", "GROUP BY"),
    "HAVING": ("group-by", "HAVING"),
    "START": ("hierarchical", "START WITH"),
    "CONNECT": ("hierarchical", "CONNECT BY"),
    "WITH": ("with-clause", "WITH"),
    "OFFSET": ("row-limit", "OFFSET"),
    "FETCH": ("row-limit", "FETCH FIRST"),
    "MODEL": ("table-clause", "MODEL"),
    "WINDOW": ("analytic", "WINDOW"),
}


def nesting(subject: Subject) -> Iterator[Problem]:
    """Find blocks deeper than the third level, the outermost of each branch."""
    for block in subject.outline.blocks:
        above = block.parent
        if block.level > _DEEPEST and not (above and above.level > _DEEPEST):
            message = (
                f"This is query block level {block.level}; "
                f"Oracle goes down to level {_DEEPEST}"
            )
            universal = any(b.role == "all" for b in subject.outline.blocks)
            message += ", ALL being the first." if universal else "."
            yield subject.at("nesting", block.start, message)


def clauses(subject: Subject) -> Iterator[Problem]:
    """Find clauses that assertions do not take."""
    lines = subject.outline
    for block in lines.blocks:
        for word, (start, stop) in block.clauses.items():
            if word in _FORBIDDEN:
                rule, shown = _FORBIDDEN[word]
                yield subject.at(rule, start, f"{shown} is not supported.")
            elif word == "FOR":
                edit = _cut(lines, start, stop)
                message = "FOR UPDATE is not supported."
                yield subject.at("for-update", start, message, edit)
            elif word == "ORDER":
                limited = "FETCH" in block.clauses or "OFFSET" in block.clauses
                edits = () if limited else (_cut(lines, start, stop),)
                message = "ORDER BY is not documented for assertions."
                yield subject.at("undocumented", start, message, *edits)
        yield from _distinct(subject, block)
        for at in block.operators:
            message = f"{lines.word(at)} is not supported."
            yield subject.at("set-operator", at, message)


def _cut(lines: Outline, start: int, stop: int) -> Edit:
    return lines.tokens[start - 1].end, lines.tokens[stop - 1].end, ""


def _distinct(subject: Subject, block: Block) -> Iterator[Problem]:
    lines = subject.outline
    at = block.clauses.get("SELECT", (block.start, 0))[0] + 1
    if lines.word(at) in ("DISTINCT", "UNIQUE"):
        message = f"{lines.word(at)} is not documented for assertions."
        edit = deleted(lines.tokens, at, at + 1)
        yield subject.at("undocumented", at, message, edit)


def positions(subject: Subject) -> Iterator[Problem]:
    """Find blocks that stand where a value or a table is expected."""
    lines = subject.outline
    for block in lines.blocks:
        if block.role == "scalar":
            edits = counted(lines, block)
            if edits:
                message = "Aggregates are not supported; this asks whether rows exist."
                yield subject.at("count-comparison", block.start, message, *edits)
            else:
                message = "A subquery cannot stand for a value."
                yield subject.at("scalar-subquery", block.start, message)
        elif block.role == "from" and lines.word(block.start - 2) not in _SIDEWAYS:
            message = "A subquery in FROM is not documented for assertions."
            yield subject.at("inline-view", block.start, message)


_SIDEWAYS: Final = ("LATERAL", "APPLY")


def counted(lines: Outline, block: Block) -> list[Edit]:
    """Return the edits that make EXISTS of a comparison of a count, else nothing."""
    first, last = block.start, block.clauses.get("SELECT", (0, 0))[1]
    words = [lines.tokens[i].value for i in range(first, last)]
    plain = words in (["SELECT", "COUNT", "(", x, ")"] for x in ("*", "1"))
    if not plain or set(block.clauses) - {"SELECT", "FROM", "WHERE"} or block.operators:
        return []
    opened, closed = block.start - 1, block.stop
    found = _compared(lines, opened, closed)
    if found is None:
        return []
    some, start, stop = found
    tokens = lines.tokens
    word = "EXISTS " if some else "NOT EXISTS "
    if lines.word(start - 1) == "NOT":
        start -= 1
        word = "NOT EXISTS " if some else "EXISTS "
    return [
        (tokens[start].start, tokens[opened].start, word),
        (tokens[first + 1].start, tokens[last - 1].end, "1"),
        (tokens[closed].end, tokens[stop - 1].end, ""),
    ]


_BEFORE: Final = frozenset(("(", "AND", "OR", "NOT", "WHERE", "ON", "SATISFY"))
_BEHIND: Final = frozenset((")", "AND", "OR", "", "GROUP", "ORDER"))


def _compared(lines: Outline, opened: int, closed: int) -> tuple[bool, int, int] | None:
    """Return whether a comparison of a count asks for rows, and its tokens."""
    tokens = lines.tokens
    if lines.word(opened - 1) in _BEFORE and closed + 2 < len(tokens):
        pair = (tokens[closed + 1].value, tokens[closed + 2].value)
        alone = lines.word(closed + 3) in _BEHIND
        return (
            (COUNTED[pair], opened, closed + 3) if alone and pair in COUNTED else None
        )
    operator, number = tokens[opened - 1].value, tokens[opened - 2].value
    pair = (TURNED.get(operator, operator), number)
    alone = lines.word(opened - 3) in _BEFORE and lines.word(closed + 1) in _BEHIND
    if alone and pair in COUNTED:
        return COUNTED[pair], opened - 2, closed + 1
    return None


def aggregates(subject: Subject) -> Iterator[Problem]:
    """Find aggregate and analytic functions."""
    lines = subject.outline
    for block in lines.blocks:
        if block.role == "scalar" and counted(lines, block):
            continue
        for at in lines.own(block):
            if lines.word(at + 1) != "(" or lines.tokens[at].kind != "name":
                continue
            behind = lines.closing.get(at + 1, at) + 1
            name = lines.word(at)
            if lines.word(behind) == "OVER":
                message = f"The analytic function {name} is not supported."
                yield subject.at("analytic", at, message)
            elif name in AGGREGATES and lines.word(at - 1) != ".":
                message = f"Aggregates such as {name} are not supported."
                yield subject.at("aggregate", at, message)
