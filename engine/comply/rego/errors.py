"""Errors of the Rego compiler and evaluator, with OPA's codes."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

from comply.plan.runtime import EvaluationError
from comply.source import ComplyError, Source, Span

Code: TypeAlias = Literal[
    "rego_parse_error",
    "rego_compile_error",
    "rego_type_error",
    "rego_unsafe_var_error",
    "rego_recursion_error",
    "eval_conflict_error",
    "eval_builtin_error",
    "eval_type_error",
    "eval_with_merge_error",
    "eval_cancel_error",
    "eval_internal_error",
]


class RegoError(ComplyError):
    """One error or, in `errors`, all of them; the fields are those of the first."""

    def __init__(
        self,
        code: Code | str,
        message: str,
        span: Span | None = None,
        hint: str = "",
    ) -> None:
        super().__init__(message, span, hint)
        self.code = code
        self.errors: tuple[RegoError, ...] = (self,)

    def headline(self) -> str:
        """Return file and row, code and message, in OPA's form."""
        place = f"{self.span.file}:{self.span.row}: " if self.span else ""
        return f"{place}{self.code}: {self.message}"

    def render(self) -> str:
        """Return every error with its source line, caret and hint."""
        if len(self.errors) == 1:
            return super().render()
        return "\n".join(ComplyError.render(e) for e in self.errors)


def located(error: EvaluationError, sources: Sequence[Source]) -> RegoError:
    """Return an evaluation error with its place in one of the policy's sources."""
    span = sources[error.source].span(error.at)
    return RegoError(error.code, error.message, span)


def together(errors: list[RegoError]) -> RegoError:
    """Return one error that carries `errors`, in the order of their places."""
    ordered = in_order(errors)
    first = ordered[0]
    whole = RegoError(first.code, first.message, first.span, first.hint)
    whole.errors = tuple(ordered)
    return whole


def in_order(errors: list[RegoError]) -> list[RegoError]:
    """Return errors in the order of their places."""
    return sorted(
        errors,
        key=lambda e: (e.span.file, e.span.row, e.span.col) if e.span else ("", 0, 0),
    )
