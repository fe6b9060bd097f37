"""How text for people looks on the terminal, or in the file, that it goes to."""

from typing import Final, TextIO

from comply.classes import dataclass
from comply.report.characters import visible
from comply.source import Span

_SIGNS: Final = "✗▲■○→│…·✓\u2139━"
_LONGEST: Final = 120


@dataclass(frozen=True, slots=True)
class Look:
    """Whether there are colours, and signs beyond ASCII."""

    colour: bool = False
    unicode: bool = True

    def paint(self, code: str, text: str) -> str:
        """Return text in a colour: `code` is that of the terminal, as `1;31`."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and text else text

    def pick(self, rich: str, plain: str) -> str:
        """Return a sign, or what stands for it in ASCII."""
        return rich if self.unicode else plain

    def excerpt(self, span: Span) -> list[str]:
        """Return the line of a place, and marks under the place; nothing if unknown.

        >>> Look(unicode=False).excerpt(Span("a", 3, 5, 1, "x == y"))
        ['3 | x == y', '  |     ^']
        """
        if not span.line.strip():
            return []
        indent = len(span.line) - len(span.line.lstrip())
        text = visible(span.line[indent:]).rstrip()
        if len(text) > _LONGEST:
            text = text[: _LONGEST - 1] + self.pick("…", "~")
        start = max(0, span.col - 1 - indent)
        width = max(1, min(span.width, len(text) - start))
        bar = self.pick("│", "|")
        number = str(span.row)
        lines = [self.paint("2", f"{number} {bar} ") + text]
        if start < len(text):
            blank = " " * len(number)
            marks = " " * start + self.paint("31", "^" * width)
            lines.append(self.paint("2", f"{blank} {bar} ") + marks)
        return lines


def look_of(out: TextIO, *, colour: bool) -> Look:
    """Return how text looks that goes to `out`."""
    try:
        _SIGNS.encode(out.encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return Look(colour, unicode=False)
    return Look(colour)
