"""SCRIPTS -> STEPS: what came of each statement, and whether that was expected.

A comment above a statement, or behind it on its last line, says what must come of it:
`-- expect: ORA-08601 NAME` an error that names NAME, `-- expect: ok` success. A
statement without such a comment must succeed as well.
"""

import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Final, Literal, TypeAlias

from comply.classes import dataclass
from comply.dialect.errors import SqlError
from comply.dialect.statements import Statement, statements
from comply.dialect.tokens import Token, scan
from comply.source import Source, Span
from comply.sql.errors import AssertionViolated
from comply.sql.sandbox import Done, Row, Sandbox

Verdict: TypeAlias = Literal["ok", "expected", "broken", "failed", "unexpected"]

# Errors that mean "this data breaks the schema", not "this could not be run".
BROKEN_BY_DATA: Final = frozenset({1, 1400, 1407, 1438, 2290, 2291, 2292, 8601, 12899})
_WORD: Final = "expect:"


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a comment says must come of a statement: no `code` means success.

    `name` must stand in the error's text; `span` is the place of the comment.
    """

    code: str
    name: str
    span: Span

    def __str__(self) -> str:
        return " ".join(p for p in (self.code or "ok", self.name) if p)

    def is_met(self, error: SqlError | None) -> bool:
        """Tell whether what happened is what was expected."""
        if error is None or not self.code:
            return error is None and not self.code
        said = error.message.upper()
        return self.code in said and self.name.upper() in said


@dataclass(frozen=True, slots=True)
class Step:
    """A statement that ran: its error or rows, and what was expected of it.

    `seconds` is how long it took.
    """

    statement: Statement
    error: SqlError | None
    rows: Sequence[Row]
    expected: Expectation | None
    seconds: float

    @property
    def verdict(self) -> Verdict:
        """How the statement came out.

        "broken" is data that breaks the schema, "failed" a statement that could not be
        run, "unexpected" something else than was expected.
        """
        if self.expected is not None:
            met = self.expected.is_met(self.error)
            return ("expected" if self.error else "ok") if met else "unexpected"
        if self.error is None:
            return "ok"
        return "broken" if self.error.code in BROKEN_BY_DATA else "failed"

    @property
    def violating(self) -> Sequence[Row]:
        """The rows that violate the assertion that failed it."""
        return self.error.rows if isinstance(self.error, AssertionViolated) else ()

    @property
    def problem(self) -> str:
        """What is wrong, in words; nothing if all is well."""
        said = "" if self.error is None else self.error.message
        if self.verdict != "unexpected":
            return said if self.verdict in ("broken", "failed") else ""
        return f"expected {self.expected}, but got {said or 'no error'}"


def run_steps(sources: Iterable[Source], now: datetime | None = None) -> Iterator[Step]:
    """Run scripts in order in one sandbox and yield what comes of each statement.

    A statement that fails is undone, and the next one runs, as in SQL*Plus. What is
    open at the end is committed; if that fails, it is a failure of the last statement.

    Raises:
        SqlError: a script does not split into statements.
    """
    with Sandbox(now) as sandbox:
        last: Statement | None = None
        for source in sources:
            for done, expected in _steps(sandbox, source):
                last = done.statement
                yield Step(last, done.error, done.rows, expected, done.seconds)
        if last is not None:
            start = time.perf_counter()
            try:
                sandbox.commit()
            except SqlError as error:
                error.message = f"at the commit that ends the run: {error.message}"
                yield Step(last, error, (), None, time.perf_counter() - start)


def _steps(
    sandbox: Sandbox, source: Source
) -> Iterator[tuple[Done, Expectation | None]]:
    """Yield what comes of each statement, and what is expected of it."""
    ahead: deque[Expectation | None] = deque()

    def taken() -> Iterator[Statement]:
        for statement, expected in _expecting(source):
            ahead.append(expected)
            yield statement

    for done in sandbox.steps(taken()):
        yield done, ahead.popleft()


def has_expectations(source: Source) -> bool:
    """Tell whether a script is a test: a comment of it says what to expect.

    Raises:
        SqlError: a string, a quoted name or a comment does not end.
    """
    if _WORD not in source.text:
        return False
    return any(t.kind == "comment" and _is_expectation(t) for t in scan(source))


def _expecting(
    source: Source,
) -> Iterator[tuple[Statement, Expectation | None]]:
    """Yield statements with what is expected of them.

    Raises:
        SqlError: an expectation has no statement, or is none.
    """
    found = list(statements(source))
    if not found:
        _refuse_alone(source)
        return
    tail = found[-1].end
    rest = tuple(t for t in scan(source, tail) if t.kind == "comment")
    behind = [nxt.comments for _, nxt in pairwise(found)] + [rest]
    taken: set[int] = set()
    for statement, after in zip(found, behind, strict=True):
        row = source.row(max(statement.start, statement.end - 1))
        notes = [t for t in statement.comments if t.start not in taken]
        notes += [t for t in after if source.row(t.start) == row]
        if after is rest:
            notes += [t for t in rest if t not in notes]
        taken.update(t.start for t in notes)
        yield statement, _expectation(source, [t for t in notes if _is_expectation(t)])


def _refuse_alone(source: Source) -> None:
    """Refuse a script that expects something of no statement."""
    for token in scan(source):
        if _is_expectation(token):
            place = source.span(token.start, token.end - token.start)
            raise SqlError(0, "there is no statement to expect anything of", place)


def _is_expectation(token: Token) -> bool:
    return token.value.strip().lower().startswith(_WORD)


def _expectation(source: Source, notes: Sequence[Token]) -> Expectation | None:
    if not notes:
        return None
    note = notes[0]
    place = source.span(note.start, note.end - note.start)
    if len(notes) > 1:
        second = source.span(notes[1].start, notes[1].end - notes[1].start)
        raise SqlError(0, "a statement has one expectation", second)
    code, _, name = note.value.strip()[len(_WORD) :].strip().partition(" ")
    if code.lower() == "ok" and not name:
        return Expectation("", "", place)
    number = code.upper().removeprefix("ORA-")
    if not code.upper().startswith("ORA-") or not number.isdigit():
        hint = "write `-- expect: ORA-08601 NAME` or `-- expect: ok`"
        raise SqlError(0, f"{code or 'nothing'} is no expectation", place, hint)
    return Expectation(f"ORA-{int(number):05d}", name.strip(), place)
