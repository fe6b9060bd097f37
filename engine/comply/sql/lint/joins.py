"""What stands in FROM: joins, clauses behind tables, rows that are no table's."""

from collections.abc import Iterator
from typing import Final, TypeAlias

from comply.classes import dataclass
from comply.sql.lint.outline import Block, Outline
from comply.sql.lint.problem import Edit, Problem, Subject

_WORDS: Final = frozenset(
    (  # noqa: SIM905  (a word a line reads worse)
        ", JOIN INNER CROSS NATURAL LEFT RIGHT FULL OUTER ON USING APPLY LATERAL"
    ).split()
)
_OUTER: Final = frozenset(("LEFT", "RIGHT", "FULL"))
_COMMAS: Final = (
    (",",),
    ("JOIN",),
    ("INNER", "JOIN"),
    ("CROSS", "JOIN"),
    ("ON",),
    ("USING",),
)
"""What can be rewritten with commas and WHERE."""
_FUNCTIONS: Final = frozenset(
    ("TABLE", "JSON_TABLE", "XMLTABLE", "GRAPH_TABLE", "CONTAINERS", "SHARDS", "ONLY")
)
_CLAUSES: Final = frozenset(
    ("SAMPLE", "PARTITION", "SUBPARTITION", "PIVOT", "UNPIVOT", "MATCH_RECOGNIZE")
)

Piece: TypeAlias = tuple[tuple[str, ...], int, int, int]
"""The words that lead to an item of FROM, where they begin, where the item begins and
where it ends; no words for the first item."""


@dataclass(frozen=True, slots=True)
class From:
    """The FROM clause of a block, cut at its commas and at the words of joins."""

    block: Block
    pieces: tuple[Piece, ...]


def from_of(lines: Outline, block: Block) -> From:
    """Return a block's FROM clause in pieces; none if it has no FROM."""
    start, stop = block.clauses.get("FROM", (block.stop, block.stop))
    pieces: list[Piece] = []
    words: list[str] = []
    begin = first = start + 1
    for at in [*lines.shallow(start + 1, stop), stop]:
        word = lines.word(at) if at < stop else ""
        if at < stop and word not in _WORDS:
            continue
        if at > first:
            pieces.append((tuple(words), begin, first, at))
            words, begin = [], at
        words.append(word)
        first = at + 1
    return From(block, tuple(pieces))


def joins(subject: Subject) -> Iterator[Problem]:
    """Find joins in the words of ANSI."""
    for block in subject.outline.blocks:
        clause = from_of(subject.outline, block)
        edits = rewritten(subject, clause)
        for words, begin, _, _ in clause.pieces:
            found = _join(words, _condition_of(clause, begin))
            if found is None:
                continue
            rule, message = found
            yield subject.at(rule, begin, message, *edits)
            # One rewriting mends all joins of the block.
            edits = []
        yield from _hidden(subject, block)


def _condition_of(clause: From, begin: int) -> str:
    """Return ON or USING, whichever belongs to the join at `begin`."""
    later = [words for words, at, _, _ in clause.pieces if at > begin]
    return later[0][0] if later and later[0][0] in ("ON", "USING") else "ON"


def _join(words: tuple[str, ...], condition: str) -> tuple[str, str] | None:
    match words:
        case () | (",",) | ("ON",) | ("USING",):
            return None
        case (("CROSS" | "OUTER"), "APPLY") | (*_, "LATERAL"):
            return "apply", f"{' '.join(words).strip(', ')} is not supported."
        case ("CROSS", "JOIN"):
            return "cross-join", "CROSS JOIN is not supported."
        case ("NATURAL", *_):
            return "natural-join", "NATURAL JOIN is not supported."
        case _ if _OUTER & set(words):
            return "outer-join", f"{' '.join(words)} is not supported."
        case _ if condition == "USING":
            return "join-using", "JOIN .. USING is not supported."
        case _:
            return "ansi-join", "JOIN .. ON is not supported."


def _hidden(subject: Subject, block: Block) -> Iterator[Problem]:
    """Find joins in parentheses, and outer joins in Oracle's old notation."""
    lines = subject.outline
    shallow = set(lines.shallow(block.start, block.stop))
    for at in lines.own(block):
        if lines.word(at) == "JOIN" and at not in shallow:
            yield subject.at("ansi-join", at, "JOIN .. ON is not supported.")
        elif [lines.word(at + i) for i in range(3)] == ["(", "+", ")"]:
            yield subject.at("outer-join", at, "The outer join (+) is not supported.")


def rewritten(subject: Subject, clause: From) -> list[Edit]:
    """Return the edits that turn a FROM clause with joins into one with commas."""
    lines = subject.outline
    pieces = clause.pieces
    if any(words not in _COMMAS for words, *_ in pieces[1:]):
        return []
    edits: list[Edit] = []
    conditions: list[str] = []
    for i, (words, begin, first, stop) in enumerate(pieces):
        match words:
            case ("ON",):
                tokens = lines.tokens
                # Comments behind ON move along with the condition.
                text = subject.source.text[tokens[first - 1].end : tokens[stop - 1].end]
                text = text.strip()
                conditions.append(f"({text})" if _has_or(lines, first, stop) else text)
                edits.append(_without(subject, begin, stop))
            case ("USING",):
                made = _using(subject, clause, i)
                if made is None:
                    return []
                conditions += made[0]
                edits += [*made[1], _without(subject, begin, stop)]
            case () | (",",):
                pass
            case _:
                end = lines.tokens[begin - 1].end
                edits.append((end, end, ","))
                start = lines.tokens[begin].start
                edits.append((start, _blank(subject, first), ""))
    # First, so that a parenthesis around WHERE opens before a name in it is qualified.
    return _moved(subject, clause.block, conditions) + edits


def _without(subject: Subject, start: int, stop: int) -> Edit:
    """Return the edit that takes out tokens and the blanks before them."""
    tokens = subject.statement.tokens
    before = subject.source.text[tokens[start - 1].end : tokens[start].start]
    begin = tokens[start].start if before.strip() else tokens[start - 1].end
    return begin, tokens[stop - 1].end, ""


def _blank(subject: Subject, at: int) -> int:
    """Return where the token at an index begins, or where a comment before it does."""
    tokens = subject.statement.tokens
    between = subject.source.text[tokens[at - 1].end : tokens[at].start]
    blanks = len(between) - len(between.lstrip())
    return tokens[at - 1].end + blanks


def _has_or(lines: Outline, start: int, stop: int) -> bool:
    return any(lines.word(i) == "OR" for i in lines.shallow(start, stop))


def _moved(subject: Subject, block: Block, conditions: list[str]) -> list[Edit]:
    """Return the edits that put conditions before those of WHERE."""
    if not conditions:
        return []
    tokens = subject.statement.tokens
    text = " AND ".join(conditions)
    if "WHERE" not in block.clauses:
        end = tokens[block.clauses["FROM"][1] - 1].end
        return [(end, end, f" WHERE {text}")]
    start, stop = block.clauses["WHERE"]
    end = tokens[start].end
    if not _has_or(subject.outline, start, stop):
        return [(end, end, f" {text} AND")]
    first, last = tokens[start + 1].start, tokens[stop - 1].end
    return [(end, end, f" {text} AND"), (first, first, "("), (last, last, ")")]


def _using(
    subject: Subject, clause: From, i: int
) -> tuple[list[str], list[Edit]] | None:
    """Return the equalities of USING, and the edits that qualify its columns.

    None where two tables stand on the left: only the schema knows which has them.
    """
    items = [p for p in clause.pieces[:i] if p[0] not in (("ON",), ("USING",))]
    _, _, first, stop = clause.pieces[i]
    lines = subject.outline
    if len(items) != 2 or lines.word(first) != "(":
        return None
    left, right = (qualifier(subject, piece) for piece in items)
    listed = [t for t in lines.tokens[first + 1 : stop - 1] if t.value != ","]
    names = {t.value for t in listed}
    own = set(lines.own(clause.block))
    bare: list[Edit] = []
    for at in range(clause.block.start, clause.block.stop):
        if first <= at < stop or not _is_bare(lines, at, names):
            continue
        if at not in own:
            return None
        start = lines.tokens[at].start
        bare.append((start, start, f"{left}."))
    texts = [subject.source.text[t.start : t.end] for t in listed]
    return [f"{left}.{t} = {right}.{t}" for t in texts], bare


def _is_bare(lines: Outline, at: int, names: set[str]) -> bool:
    token = lines.tokens[at]
    around = (lines.word(at - 1), lines.word(at + 1))
    known = token.kind in ("name", "quoted") and token.value in names
    return known and "." not in around and around[1] != "("


def qualifier(subject: Subject, piece: Piece) -> str:
    """Return the alias of an item of FROM as written, or its table's name."""
    last = subject.statement.tokens[piece[3] - 1]
    return subject.source.text[last.start : last.end]


def tables(subject: Subject) -> Iterator[Problem]:
    """Find what stands in FROM besides a table's name and alias."""
    lines = subject.outline
    for block in lines.blocks:
        for words, _, first, stop in from_of(lines, block).pieces:
            if words in (("ON",), ("USING",)):
                continue
            yield from _table(subject, first, stop)


def _table(subject: Subject, first: int, stop: int) -> Iterator[Problem]:
    lines = subject.outline
    for at in lines.shallow(first, stop):
        word, behind = lines.word(at), lines.word(at + 1)
        if behind == "(" and (at == first or word in _FUNCTIONS):
            message = f"Rows of {word} are not supported."
            yield subject.at("table-function", at, message)
        elif word in _CLAUSES and behind in ("(", "FOR", "BLOCK", "INCLUDE"):
            yield subject.at("table-clause", at, f"{word} is not supported.")
        elif (word, behind) in (("AS", "OF"), ("VERSIONS", "BETWEEN")):
            message = f"{word} {behind} is not supported."
            yield subject.at("table-clause", at, message)
        elif word == "@":
            message = f"{behind} is another database."
            yield subject.at("database-link", at, message)
        elif word == "AS" and at > first:
            edit = (lines.tokens[at].start, _blank(subject, at + 1), "")
            message = "Oracle takes a table's alias without AS."
            yield subject.at("alias-as", at, message, edit)
