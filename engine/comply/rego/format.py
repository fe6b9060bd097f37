"""Rego text laid out anew: an author's words, lines and comments, evenly spaced.

The tokens stay as they are, but for white space: a body's expressions get a line each,
brackets that span lines indent what they hold, blank lines never come in twos.
"""

from typing import Final

from comply.classes import dataclass, field
from comply.rego.lexer import KEYWORDS, lex
from comply.rego.modern import check_meaning, modernise
from comply.rego.pieces import CLOSERS, OPENERS, Piece, pieces_of, shape_of
from comply.rego.syntax import Module

_TIGHT_BEFORE: Final = CLOSERS | {",", ";", ":"}
_ITEM_ENDS: Final = OPENERS | {",", "|", ";"}
_BEGINNINGS: Final = frozenset({"statement", "else", "literal", "item"})
_APPLIED: Final = CLOSERS | {"ident", "contains"}


def format_module(module: Module, *, modern: bool = False) -> str:
    """Return a module's text laid out anew, with its comments.

    With `modern`, a v0 module becomes one that is v1 and v0 alike and means the same:
    `deny[msg] {` is then `deny contains msg if {`.

    Raises:
        RegoError: `modern`, and a name of the module is a keyword of v1.
    """
    shape = shape_of(module, lex(module.source.text))
    if modern and module.version == 0:
        modernise(shape, module)
    text = _lay_out(pieces_of(shape, module), module.source.text)
    if modern and module.version == 0:
        check_meaning(module, text)
    return text


@dataclass(slots=True)
class _Page:
    """The lines so far, and the indent of the line that each open bracket is on."""

    lines: list[str] = field(default_factory=lambda: [""])
    indent: int = 0
    brackets: list[int] = field(default_factory=list)

    def new_line(self, indent: int, *, blank: bool) -> None:
        """Begin a line `indent` tabs from the margin, after a blank one if asked."""
        if blank:
            self.lines.append("")
        self.lines.append("\t" * indent)
        self.indent = indent


def _lay_out(pieces: list[Piece], source: str) -> str:
    page = _Page()
    spaced = _spaced_statements(pieces, source)
    before: Piece | None = None
    word: Piece | None = None
    for number, piece in enumerate(pieces):
        breaks = _breaks(before, piece, source)
        if breaks:
            blank = breaks > 1 or number in spaced
            page.new_line(_indent(page, piece, word), blank=blank)
        elif before and _apart(before, piece):
            page.lines[-1] += " "
        page.lines[-1] += piece.text
        if piece.kind in OPENERS:
            page.brackets.append(page.indent)
        elif piece.kind in CLOSERS:
            page.brackets.pop()
        before = piece
        word = word if piece.kind == "comment" else piece
    return "\n".join(line.rstrip() for line in page.lines).strip("\n") + "\n"


def _spaced_statements(pieces: list[Piece], source: str) -> set[int]:
    """Return the pieces that a blank line must go before.

    They begin a statement, or the comments above it, where it or the one before takes
    several lines or is of another kind.
    """
    starts = [i for i, piece in enumerate(pieces) if piece.role == "statement"]
    ends = [*starts[1:], len(pieces)]
    long = [_is_long(pieces[i:j]) for i, j in zip(starts, ends, strict=True)]
    kinds = [_statement_kind(pieces[i]) for i in starts]
    return {
        _with_comments(pieces, starts[n], source)
        for n in range(1, len(starts))
        if long[n - 1] or long[n] or kinds[n - 1] != kinds[n]
    }


def _statement_kind(piece: Piece) -> str:
    return piece.kind if piece.kind in ("package", "import") else "rule"


def _is_long(pieces: list[Piece]) -> bool:
    return any(p.block == "open" or p.role == "else" for p in pieces)


def _with_comments(pieces: list[Piece], start: int, source: str) -> int:
    """Return the first of the comments right above a statement, else its own number."""
    while (
        start > 1
        and pieces[start - 1].kind == "comment"
        and _newlines(pieces[start - 2], pieces[start - 1], source)
        and _newlines(pieces[start - 1], pieces[start], source) == 1
    ):
        start -= 1
    return start


def _newlines(before: Piece, piece: Piece, source: str) -> int:
    """Return how many lines end between two pieces in the source."""
    return source.count("\n", before.end, max(before.end, piece.start))


def _breaks(before: Piece | None, piece: Piece, source: str) -> int:
    """Return how many line breaks go between two pieces: 0, 1, or 2 for a blank line."""
    if before is None:
        return 0
    written = min(2, _newlines(before, piece, source))
    if before.kind in OPENERS or piece.kind in CLOSERS:
        written = min(1, written)
    if before.kind == "comment" or piece.role in ("statement", "literal"):
        return max(1, written)
    if before.block == "open" or piece.block or piece.role == "else":
        return _breaks_of_block(before, piece, written)
    if piece.kind in ("if", ",") and written:
        return 0
    if piece.kind != "comment" and before.kind not in _ITEM_ENDS:
        return min(1, written)
    return written


def _breaks_of_block(before: Piece, piece: Piece, written: int) -> int:
    """Return the line breaks beside a body's brace, a spread bracket, an `else`."""
    if piece.kind == "comment":
        return written
    if before.block == "open" or piece.block == "close":
        return 1
    if piece.role == "else":
        return 0 if before.kind == "}" else 1
    # A body's brace stays with its head; a collection may begin a line of its own.
    return 0 if piece.kind == "{" and before.kind not in _ITEM_ENDS else written


def _indent(page: _Page, piece: Piece, word: Piece | None) -> int:
    """Return the indent of a line that begins with `piece`; `word` precedes it."""
    if piece.kind in CLOSERS:
        return page.brackets[-1]
    inside = page.brackets[-1] + 1 if page.brackets else 0
    begins = piece.kind == "comment" or piece.role in _BEGINNINGS
    return inside if begins or word is None or word.kind in _ITEM_ENDS else inside + 1


def _apart(before: Piece, piece: Piece) -> bool:
    """Tell whether white space goes between two pieces on one line."""
    touching = before.end == piece.start
    if piece.kind == "comment":
        return True
    if piece.kind in _TIGHT_BEFORE or before.kind in OPENERS or before.kind == "sign":
        return False
    if "." in (before.kind, piece.kind):
        return not touching
    if piece.kind in ("(", "[") and touching:
        applied = before.kind in _APPLIED
        return not (applied or (before.kind in KEYWORDS and piece.kind == "["))
    return True
