"""Where the parser stands in the tokens, and what it says when it cannot go on."""

from comply.classes import dataclass, field
from comply.rego.lexer import KEYWORDS, Tokens
from comply.rego.syntax import Var

MOST_LEVELS = 200
TOO_DEEP = "nested too deep"

_NAMES = {
    "ident": "identifier", ":=": "assign", "=": "eq", "==": "equal", "!=": "neq",
    "<": "lt", ">": "gt", "<=": "lte", ">=": "gte", "+": "plus", "-": "minus",
    "*": "mul", "/": "div", "%": "rem", "|": "or", "&": "and", "raw": "string",
    "open": "{", "close": "}",
}  # fmt: skip


class ParseError(Exception):
    """What is wrong with the text from `start` to `end`.

    `dialect` tells that the text would be right in the other version of Rego.
    """

    def __init__(
        self,
        message: str,
        start: int,
        end: int,
        hint: str = "",
        *,
        dialect: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = end
        self.hint = hint
        self.dialect = dialect


@dataclass(slots=True)
class Cursor:
    """A place in the tokens; `kinds` are those of the version that is read."""

    tokens: Tokens
    kinds: list[str]
    version: int
    # The future keywords in force; v0 imports them one by one.
    keywords: frozenset[str]
    at: int = 0
    depth: int = 0
    wildcards: int = 0
    errors: list[ParseError] = field(default_factory=list)
    # Tokens `|` that are known not to begin a comprehension's body.
    plain_bars: set[int] = field(default_factory=set)

    @property
    def kind(self) -> str:
        """The kind of the token at hand."""
        return self.kinds[self.at]

    @property
    def start(self) -> int:
        """The offset of the token at hand."""
        return self.tokens.starts[self.at]

    @property
    def last_end(self) -> int:
        """The offset just past the token before."""
        return self.tokens.ends[self.at - 1] if self.at else 0

    def touching(self) -> bool:
        """Tell whether nothing stands between the token before and this one."""
        return self.tokens.starts[self.at] == self.tokens.ends[self.at - 1]

    def on_new_line(self) -> bool:
        """Tell whether a line break stands between the token before and this one."""
        start, end = self.last_end, self.tokens.starts[self.at]
        return end - start > 0 and self.tokens.text.find("\n", start, end) >= 0

    def word(self) -> str:
        """Return the text of the token at hand."""
        return self.tokens.text[self.start : self.tokens.ends[self.at]]

    def take(self, kind: str, note: str = "") -> int:
        """Step over a token of `kind` and return its offset.

        Raises:
            ParseError: it is of another kind; `note` says what was expected.
        """
        if self.kinds[self.at] != kind:
            raise self.unexpected(note)
        self.at += 1
        return self.tokens.starts[self.at - 1]

    def take_var(self) -> Var:
        """Step over a name; `_` becomes a variable of its own."""
        start = self.take("ident", "expected var")
        name = self.tokens.text[start : self.last_end]
        if name == "_":
            name = f"${self.wildcards}"
            self.wildcards += 1
        return Var(start, name)

    def names_a_rule(self) -> bool:
        """Tell whether a keyword is used as a name: `not["x"]`, `else["x"]`.

        In `not.x` the lexer has seen to it.
        """
        after = self.at + 1
        return (
            self.kinds[after] == "["
            and self.tokens.starts[after] == self.tokens.ends[self.at]
        )

    def take_keyword(self) -> Var:
        """Step over a keyword that is used as a name."""
        start, name = self.start, self.word()
        self.at += 1
        return Var(start, name)

    def mark(self) -> tuple[int, int, int]:
        """Return what `reset` needs to come back here."""
        return self.at, self.depth, self.wildcards

    def reset(self, mark: tuple[int, int, int]) -> None:
        """Go back to where `mark` was taken."""
        self.at, self.depth, self.wildcards = mark

    def descend(self) -> None:
        """Go one level deeper; `depth` is the caller's to take back.

        Raises:
            ParseError: the text is nested too deep to be a policy.
        """
        self.depth += 1
        if self.depth > MOST_LEVELS:
            raise self.too_deep()

    def too_deep(self) -> ParseError:
        """Return the error that the text is nested too deep."""
        return self.error(TOO_DEEP, "give parts of it rules of their own")

    def error(
        self, message: str, hint: str = "", *, dialect: bool = False
    ) -> ParseError:
        """Return the error `message` about the token at hand.

        What is missing at the end of the text is missing behind its last token.
        """
        start, end = self.start, self.tokens.ends[self.at]
        if self.kind == "eof" and self.at:
            start = end = self.last_end
        return ParseError(message, start, end, hint, dialect=dialect)

    def unexpected(self, note: str = "") -> ParseError:
        """Return the error that the token at hand should not be here."""
        kind = self.kinds[self.at]
        message = f"unexpected {_NAMES.get(kind, kind)} "
        message += "keyword" if kind in KEYWORDS else "token"
        if kind == "illegal":
            message = "illegal token"
        return self.error(f"{message}: {note}" if note else message)
