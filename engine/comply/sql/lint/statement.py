"""What stands around the queries: CHECK, SATISFY, the state, and the statement's size."""

from collections.abc import Iterator, Sequence
from typing import Final

from comply.dialect.cursor import Cursor
from comply.dialect.statements import Statement
from comply.dialect.syntax import AlterAssertion, Drop, Universal
from comply.dialect.tokens import Token
from comply.sql.lint.outline import Outline
from comply.sql.lint.problem import Edit, Problem, Subject

LONGEST: Final = 4096
_KEYS: Final = {
    "DEFERRABLE": 0,
    "NOT DEFERRABLE": 0,
    "INITIALLY DEFERRED": 1,
    "INITIALLY IMMEDIATE": 1,
    "ENABLE": 2,
    "DISABLE": 2,
    "VALIDATE": 3,
    "NOVALIDATE": 3,
}
"""The words of a state, and the place that the syntax gives each pair."""


def size(subject: Subject) -> Iterator[Problem]:
    """Find statements that are longer than Oracle stores."""
    length = len(subject.statement.text.encode())
    if length > LONGEST:
        message = f"The statement has {length:,} bytes, {LONGEST:,} are allowed."
        yield subject.at("too-long", 0, message)


def body(subject: Subject) -> Iterator[Problem]:
    """Find parentheses and negations around the whole condition."""
    start, stop = check_body(subject.outline)
    lines = subject.outline
    edits: list[Edit] = []
    negate = False
    first = start
    while True:
        wrapped = start + (lines.word(start) == "NOT")
        if lines.word(wrapped) != "(" or lines.closing.get(wrapped) != stop - 1:
            break
        if lines.word(wrapped + 1) in ("SELECT", "WITH"):
            break
        negate ^= wrapped > start
        edits += [deleted(lines.tokens, i, i + 1) for i in range(start, wrapped + 1)]
        edits.append(deleted(lines.tokens, stop - 1, stop))
        start, stop = wrapped + 1, stop - 1
    if start == first:
        return
    message = "Oracle takes the condition without parentheses around it."
    yield subject.at(
        "body-parentheses", first, message, *_negated(lines, start, edits, negate)
    )


def _negated(
    lines: Outline,
    at: int,
    edits: list[Edit],
    negate: bool,  # noqa: FBT001
) -> list[Edit]:
    """Return the edits with what is left negated; none where it is no EXISTS yet."""
    if lines.word(at) not in ("EXISTS", "NOT", "ALL"):
        return []
    if not negate:
        return edits
    if lines.word(at) == "NOT":
        return [*edits, deleted(lines.tokens, at, at + 1)]
    start = lines.tokens[at].start
    return [*edits, (start, start, "NOT ")]


def check_body(lines: Outline) -> tuple[int, int]:
    """Return the indexes of the tokens between the parentheses of CHECK."""
    opened = min(i for i in lines.closing if lines.word(i - 1) == "CHECK")
    return opened + 1, lines.closing[opened]


def deleted(tokens: Sequence[Token], start: int, stop: int) -> Edit:
    """Return the edit that takes out tokens, and the blank behind them if only one."""
    end = tokens[stop - 1].end
    if stop < len(tokens) and tokens[stop].start == end + 1:
        end += 1
    return tokens[start].start, end, ""


def satisfy(subject: Subject) -> Iterator[Problem]:
    """Find what ALL .. SATISFY lacks: the alias, the parentheses."""
    if not isinstance(subject.made.body, Universal):
        return
    lines = subject.outline
    word = next(i for i in range(len(lines.tokens)) if lines.word(i) == "SATISFY")
    before = lines.tokens[word - 1]
    if lines.word(word - 1) == ")":
        message = "The rows of ALL (..) have no alias."
        yield subject.at("satisfy-alias", word, message, *_alias(subject, word))
    elif lines.word(word - 2) == "AS":
        message = f"Oracle takes the alias {before.value} without AS."
        yield subject.at(
            "satisfy-alias",
            word - 2,
            message,
            deleted(lines.tokens, word - 2, word - 1),
        )
    stop = _end_of_condition(lines, word)
    if lines.word(word + 1) == "(" and lines.closing.get(word + 1) == stop - 1:
        return
    start, end = lines.tokens[word + 1].start, lines.tokens[stop - 1].end
    message = "Oracle wants parentheses around the condition."
    edits = (start, start, "("), (end, end, ")")
    yield subject.at("satisfy-parentheses", word, message, *edits)


def _end_of_condition(lines: Outline, word: int) -> int:
    """Return the index behind the condition: the parenthesis around it closes there."""
    at = word + 1
    while at < len(lines.tokens) and lines.word(at) != ")":
        at = lines.closing.get(at, at) + 1
    return at


def _alias(subject: Subject, word: int) -> Iterator[Edit]:
    """Yield the edit that names the rows after their table, if it is only one.

    A condition that names the table then means the rows, as its author did.
    """
    lines = subject.outline
    block = next((b for b in lines.blocks if b.role == "all"), None)
    if block is None or "FROM" not in block.clauses:
        return
    start, stop = block.clauses["FROM"]
    names = lines.tokens[start + 1 : stop]
    plain = all(t.kind in ("name", "quoted") or t.value == "." for t in names)
    if plain and lines.closing.get(start + 1) is None and len(names) <= 4:
        name = subject.source.text[names[-1].start : names[-1].end]
        end = lines.tokens[word - 1].end
        yield end, end, f" {name}"


def states(subject: Subject) -> Iterator[Problem]:
    """Find words of the state that are unknown, exclude each other or are in disorder."""
    lines = subject.outline
    behind = check_body(lines)[1] + 1
    said: list[tuple[str, int]] = []
    at = behind
    while at < len(lines.tokens):
        pair = f"{lines.word(at)} {lines.word(at + 1)}"
        if pair in _KEYS or lines.word(at) in _KEYS:
            word = pair if pair in _KEYS else lines.word(at)
            said.append((word, at))
            at += 1 + (word == pair)
            continue
        end = at + 1
        while end < len(lines.tokens) and not _is_state(lines, end):
            end += 1
        message = f"{subject.between(at, end)} belongs to constraints."
        yield subject.at("state-words", at, message, _cut(lines.tokens, at, end))
        at = end
    yield from _conflicts(subject, said)
    yield from _order(subject, said)


def _is_state(lines: Outline, at: int) -> bool:
    pair = f"{lines.word(at)} {lines.word(at + 1)}"
    return pair in _KEYS or lines.word(at) in _KEYS


def _cut(tokens: Sequence[Token], start: int, stop: int) -> Edit:
    """Return the edit that takes out tokens and the blanks before them."""
    return tokens[start - 1].end, tokens[stop - 1].end, ""


def _conflicts(subject: Subject, said: list[tuple[str, int]]) -> Iterator[Problem]:
    seen: dict[int, str] = {}
    for word, at in said:
        other = seen.setdefault(_KEYS[word], word)
        if other != word:
            message = f"{word} excludes {other}."
            yield subject.at("state-conflict", at, message)
    words = dict(said)
    if "NOT DEFERRABLE" in words and "INITIALLY DEFERRED" in words:
        message = "What is not deferrable cannot be deferred initially."
        yield subject.at("state-conflict", words["INITIALLY DEFERRED"], message)
    if "DISABLE" in words and "VALIDATE" in words:
        message = "An assertion that is off cannot vouch for the data."
        yield subject.at("disable-validate", words["VALIDATE"], message)


def _order(subject: Subject, said: list[tuple[str, int]]) -> Iterator[Problem]:
    keys = [_KEYS[word] for word, _ in said]
    if keys == sorted(keys) or len(set(keys)) < len(keys):
        return
    tokens = subject.statement.tokens
    start, end = tokens[said[0][1]].start, tokens[-1].end
    words = sorted((word for word, _ in said), key=lambda word: _KEYS[word])
    edits: tuple[Edit, ...] = ((start, end, " ".join(words)),)
    if "--" in subject.source.text[start:end] or "/*" in subject.source.text[start:end]:
        edits = ()
    message = "Only one order of these words is documented."
    yield subject.at("state-order", said[0][1], message, *edits)


def altered(statement: Statement, made: AlterAssertion) -> Iterator[Problem]:
    """Find what ALTER ASSERTION cannot do."""
    if made.enabled is False and made.validated:
        token = statement.tokens[-1]
        message = "An assertion that is off cannot vouch for the data."
        yield Problem("disable-validate", message, token.start, token.end - token.start)


def dropped(statement: Statement, made: Drop) -> Iterator[Problem]:
    """Find words that DROP ASSERTION does not know."""
    cursor = Cursor(statement)
    cursor.expect("DROP", "ASSERTION")
    cursor.accept("IF", "EXISTS")
    cursor.name()
    if cursor.done:
        return
    at, tokens = cursor.at, statement.tokens
    words = statement.source.text[tokens[at].start : tokens[-1].end]
    message = f"DROP ASSERTION {made.name} has no {words}."
    edit = _cut(tokens, at, len(tokens))
    width = tokens[-1].end - tokens[at].start
    yield Problem("drop-words", message, tokens[at].start, width, (edit,))
