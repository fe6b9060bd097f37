"""What a test run yields: results, problems, and what ran."""

from enum import StrEnum
from typing import Literal, TypeAlias

from comply.classes import dataclass
from comply.rego.errors import RegoError
from comply.rego.explain import Reason
from comply.source import ComplyError, Span


class Outcome(StrEnum):
    """How a test ended; `error` is one that could not be evaluated."""

    PASS = "pass"  # noqa: S105  (no password)
    FAIL = "fail"
    ERROR = "error"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Result:
    """One test rule, or one case of a test rule that has several.

    `seconds` is how long it ran, `message` why it could not be evaluated, `place` where;
    `reasons` tell why it failed, `prints` what it printed.
    """

    package: str
    name: str
    span: Span
    outcome: Outcome
    seconds: float = 0.0
    message: str = ""
    place: Span | None = None
    reasons: tuple[Reason, ...] = ()
    prints: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        """Return the path of the rule, as `data.spacelift_test.test_deny`."""
        return f"{self.package}.{self.name}"


@dataclass(frozen=True, slots=True)
class Problem:
    """A file that could not be read or compiled."""

    code: str
    message: str
    span: Span | None
    hint: str = ""

    def render(self) -> str:
        """Return it as errors are shown, with the source line and a caret."""
        if self.code:
            return RegoError(self.code, self.message, self.span, self.hint).render()
        return ComplyError(self.message, self.span, self.hint).render()


Verdict: TypeAlias = Literal["agrees", "differs", "crashed", "unreadable", "refused"]


@dataclass(frozen=True, slots=True)
class Opinion:
    """What another engine says of a test: its answer, or how it failed."""

    test: str
    verdict: Verdict
    ours: Outcome
    said: str


@dataclass(frozen=True, slots=True)
class LineUse:
    """A line of a policy that holds something to evaluate, and whether it was."""

    row: int
    covered: bool


@dataclass(frozen=True, slots=True)
class RuleUse:
    """A rule of a policy, the line where it begins, and whether it ever held."""

    name: str
    row: int
    covered: bool


@dataclass(frozen=True, slots=True)
class FileUse:
    """How much of a policy the tests evaluated."""

    file: str
    text: str
    lines: tuple[LineUse, ...]
    rules: tuple[RuleUse, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """All that a run has to say; `files` and `seconds` are of the whole run."""

    results: tuple[Result, ...]
    problems: tuple[Problem, ...]
    notices: tuple[str, ...] = ()
    coverage: tuple[FileUse, ...] | None = None
    opinions: tuple[Opinion, ...] | None = None
    files: int = 0
    seconds: float = 0.0


def problems_of(error: ComplyError) -> list[Problem]:
    """Return an error, or each of those it carries, as plain data."""
    if isinstance(error, RegoError):
        return [Problem(e.code, e.message, e.span, e.hint) for e in error.errors]
    return [Problem("", error.message, error.span, error.hint)]
