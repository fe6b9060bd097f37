"""Source text, places in it, and the errors that point at them."""

from bisect import bisect_right
from collections.abc import Callable
from typing import Any, Final

from comply.classes import dataclass, field

WINDOW: Final = 200
"""How many characters of a line a span keeps on either side of its place."""


@dataclass(frozen=True, slots=True)
class Span:
    """A place in a source: 1-based row and column, and the text of its line.

    Of a long line only the part around the place is kept; `cut` characters before it
    are left out. `find` gives a place that nobody has read so far.
    """

    file: str
    row: int
    col: int
    width: int = 1
    line: str = ""
    cut: int = 0
    find: Callable[[], "Span"] | None = field(default=None, repr=False, compare=False)

    def __str__(self) -> str:
        return f"{self.file}:{self.row}:{self.col}"

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  (an int or a text)
        """Return what is not there yet; Python asks this for an empty slot."""
        if name not in _FOUND:
            raise AttributeError(name)
        find = self.find
        if find is None:
            raise AttributeError(name)
        found = find()
        for key in _FOUND:
            object.__setattr__(self, key, getattr(found, key))
        object.__setattr__(self, "find", None)
        return getattr(found, name)


_FOUND: Final = ("row", "col", "width", "line", "cut")


def span_later(file: str, find: Callable[[], Span]) -> Span:
    """Return the place in a file that `find` gives, once somebody reads it.

    To find a place costs more than to find what is wrong there, and few are looked at.
    """
    span = object.__new__(Span)
    object.__setattr__(span, "file", file)
    object.__setattr__(span, "find", find)
    return span


@dataclass(frozen=True, slots=True)
class Source:
    """A named text; offsets into it become spans on demand."""

    name: str
    text: str
    _starts: list[int] = field(default_factory=list, repr=False, compare=False)

    def row(self, offset: int) -> int:
        """Return the 1-based row that holds the character at `offset`."""
        if not self._starts:
            self._starts.append(0)
            find, at = self.text.find, -1
            while (at := find("\n", at + 1)) >= 0:
                self._starts.append(at + 1)
        return bisect_right(self._starts, offset)

    def span(self, offset: int, width: int = 1) -> Span:
        """Return the place of the `width` characters at `offset`."""
        row = self.row(offset)
        start = self._starts[row - 1]
        end = self._starts[row] - 1 if row < len(self._starts) else len(self.text)
        first = max(start, offset - WINDOW)
        line = self.text[first : min(end, offset + WINDOW)].rstrip("\r")
        col = offset - start + 1
        return Span(self.name, row, col, width, line, first - start)


class ComplyError(Exception):
    """What is wrong, where, and what to do about it.

    `exit_code` is what the command line returns for it: 2, could not check.
    """

    exit_code = 2

    def __init__(self, message: str, span: Span | None = None, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.span = span
        self.hint = hint

    def __str__(self) -> str:
        return self.render()

    def headline(self) -> str:
        """Return the first line: the place, if known, and the message."""
        return f"{self.span}: {self.message}" if self.span else self.message

    def render(self) -> str:
        """Return the message with the source line, a caret under it, and the hint."""
        parts = [self.headline()]
        if self.span and self.span.line:
            parts += excerpt(self.span)
        if self.hint:
            parts.append(f"  hint: {self.hint}")
        return "\n".join(parts)


class LoadError(ComplyError):
    """An input that could not be read or understood."""


def excerpt(span: Span) -> list[str]:
    """Return the source line and a caret line; a long line is cut around the caret."""
    caret = span.col - 1 - span.cut
    start = max(0, caret - 60) if len(span.line) > 120 else 0
    text = span.line[start : start + 120].replace("\t", " ")
    gutter = f"  {span.row} | "
    blank = " " * (len(gutter) - 2) + "| "
    mark = "^" * max(1, min(span.width, len(text) - (caret - start)))
    return [gutter + text, blank + " " * (caret - start) + mark]
