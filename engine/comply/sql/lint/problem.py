"""What the lint says, and what its checks look at."""

from typing import TypeAlias

from sqlglot import exp

from comply.classes import dataclass, field
from comply.dialect.schema import Schema
from comply.dialect.statements import Statement
from comply.dialect.syntax import CreateAssertion
from comply.source import Source, Span
from comply.sql.assertion import Assertion
from comply.sql.lint.outline import Outline

Edit: TypeAlias = tuple[int, int, str]
"""Replace the characters from one offset up to another by a text."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that a rule finds in one assertion.

    `at` and `width` are its place in the source, `edits` what would mend it.
    """

    rule: str
    message: str
    at: int
    width: int = 1
    edits: tuple[Edit, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Subject:
    """One CREATE ASSERTION under the lint.

    `tree` is its denial with names resolved (columns know their tables), None where
    that fails; `schema` is None where nothing is known of the tables.
    """

    statement: Statement
    made: CreateAssertion
    outline: Outline
    schema: Schema | None = None
    assertion: Assertion | None = None
    tree: exp.Query | None = None

    @property
    def source(self) -> Source:
        """The text that offsets point into."""
        return self.statement.source

    def at(self, rule: str, index: int, message: str, *edits: Edit) -> Problem:
        """Return a problem at a token."""
        token = self.statement.tokens[index]
        return Problem(rule, message, token.start, token.end - token.start, edits)

    def between(self, start: int, stop: int) -> str:
        """Return the text of tokens from index `start` up to `stop`."""
        tokens = self.statement.tokens
        return self.source.text[tokens[start].start : tokens[stop - 1].end]


@dataclass(frozen=True, slots=True)
class Reported:
    """A problem with the source it is in and the assertion it is about."""

    source: Source
    assertion: str
    problem: Problem

    @property
    def span(self) -> Span:
        """Where the problem is."""
        return self.source.span(self.problem.at, self.problem.width)
