"""TEXT -> POSITIONS: how the configuration language is cut into words.

A reader has a place in a text. Line breaks count as blank inside parentheses and
brackets, and end what stands between braces, so how deep one is in them is noted.
"""

import re  # noqa: TID251  (linear patterns of ours, no Rego)
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from comply.classes import dataclass
from comply.source import LoadError, Source

DEEPEST: Final = 50
"""How deep blocks and expressions may nest. Real configurations stay below 20 levels."""

_COMMENT: Final = r"#[^\n]*|//[^\n]*|/\*(?s:.*?)\*/"
_BLANK: Final = re.compile(rf"(?:[ \t\r]|{_COMMENT})*")
_BLANK_LINES: Final = re.compile(rf"(?:[ \t\r\n]|{_COMMENT})*")
_IDENTIFIER: Final = re.compile(r"[^\W\d][\w-]*")
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")


@dataclass(slots=True)
class Reader:
    """A place in a text; `base` is where that text begins in its source."""

    source: Source
    text: str
    at: int = 0
    base: int = 0
    bracketed: bool = False
    depth: int = 0

    def here(self) -> int:
        """Return the offset of the place in the source."""
        return self.base + self.at

    def fail(self, message: str, hint: str = "", at: int | None = None) -> LoadError:
        """Return the error for a place, this one if no other is given."""
        offset = self.here() if at is None else at
        return LoadError(
            message, self.source.span(min(offset, len(self.source.text))), hint
        )

    def skip(self) -> None:
        """Go to the next word; over line breaks only where they do not count."""
        pattern = _BLANK_LINES if self.bracketed else _BLANK
        found = pattern.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def skip_lines(self) -> None:
        """Go to the next word, over line breaks."""
        found = _BLANK_LINES.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def peek(self, word: str) -> bool:
        """Tell whether a word of signs stands next."""
        self.skip()
        return self.text.startswith(word, self.at)

    def take(self, word: str) -> bool:
        """Go past a word of signs if it stands next."""
        if not self.peek(word):
            return False
        self.at += len(word)
        return True

    def expect(self, word: str, what: str, opened: int | None = None) -> None:
        """Go past a word of signs.

        Raises:
            LoadError: if something else stands there.
        """
        if self.take(word):
            return
        found = self.found()
        hint = ""
        if opened is not None:
            hint = f"it was opened in line {self.source.row(opened)}"
        raise self.fail(f"expected {what}, found {found}", hint)

    def found(self) -> str:
        """Return what stands here, as messages say it."""
        self.skip()
        if self.at >= len(self.text):
            return "the end of the file"
        if self.text[self.at] == "\n":
            return "the end of the line"
        word = _IDENTIFIER.match(self.text, self.at)
        return f"`{word.group() if word else self.text[self.at]}`"

    def identifier(self) -> str:
        """Return the identifier that stands next and go past it, or nothing."""
        self.skip()
        found = _IDENTIFIER.match(self.text, self.at)
        if found is None:
            return ""
        self.at = found.end()
        return found.group()

    def keyword(self, word: str) -> bool:
        """Go past a keyword if it stands next."""
        start = self.at
        if self.identifier() == word:
            return True
        self.at = start
        return False

    def number(self) -> str:
        """Return the digits that stand next and go past them, or nothing."""
        found = _NUMBER.match(self.text, self.at)
        if found is None:
            return ""
        self.at = found.end()
        return found.group()

    @contextmanager
    def inside(self, *, bracketed: bool) -> Iterator[None]:
        """Read what stands between brackets or braces.

        Raises:
            LoadError: if they nest too deep.
        """
        before, self.bracketed = self.bracketed, bracketed
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.fail(f"nested deeper than {DEEPEST} levels")
        try:
            yield
        finally:
            self.bracketed = before
            self.depth -= 1
