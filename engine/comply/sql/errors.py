"""What a broken assertion raises."""

from collections.abc import Sequence

from comply.dialect.errors import SqlError
from comply.source import Span


class AssertionViolated(SqlError):  # noqa: N818  (the public name)
    """An assertion that does not hold.

    `assertion` is its name, `rows` are violating rows (the first hundred), `before`
    the codes that Oracle puts in front: 2091 for a commit, 8689 for CREATE ASSERTION.
    """

    def __init__(
        self,
        assertion: str,
        rows: Sequence[dict[str, object]] = (),
        before: str = "",
        span: Span | None = None,
    ) -> None:
        super().__init__(8601, f"SQL assertion ({assertion}) violated.", span)
        if before:
            self.message = f"{before}\n{self.message}"
            self.args = (self.message,)
        self.assertion = assertion
        self.rows = list(rows)
