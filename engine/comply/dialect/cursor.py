"""A cursor over a statement's tokens: what hand-written readers of SQL share."""

from typing import Final, NoReturn

from comply.dialect.errors import SqlError
from comply.dialect.statements import Statement
from comply.dialect.syntax import Name, Text
from comply.dialect.tokens import Token

_MOST_DIGITS: Final = 100
"""Far more than Oracle takes anywhere, and far fewer than Python needs long for."""


class Cursor:
    """Reads a statement from left to right; `at` is the index of the next token."""

    __slots__ = ("_end", "at", "statement", "tokens")

    def __init__(self, statement: Statement) -> None:
        self.statement = statement
        self.tokens = statement.tokens
        self._end = Token("symbol", "", statement.end, statement.end)
        self.at = 0

    @property
    def next(self) -> Token:
        """The next token; behind the last, an empty symbol."""
        return self.peek(0)

    @property
    def done(self) -> bool:
        """Whether no token is left."""
        return self.at >= len(self.tokens)

    def peek(self, ahead: int) -> Token:
        """Return the token `ahead` places on."""
        i = self.at + ahead
        return self.tokens[i] if i < len(self.tokens) else self._end

    def take(self) -> Token:
        """Return the next token and step over it."""
        token = self.next
        self.at += 1
        return token

    def sees(self, *words: str) -> bool:
        """Tell whether these words or symbols come next."""
        for i, word in enumerate(words):
            token = self.peek(i)
            if token.value != word or token.kind not in ("name", "symbol"):
                return False
        return True

    def accept(self, *words: str) -> bool:
        """Step over these words or symbols if they come next."""
        if not self.sees(*words):
            return False
        self.at += len(words)
        return True

    def accept_any(self, *choices: str) -> str:
        """Step over one of these words if it comes next and return it, or ""."""
        return next((c for c in choices if self.accept(*c.split())), "")

    def expect(self, *words: str) -> None:
        """Step over these words or symbols.

        Raises:
            SqlError: something else stands there.
        """
        for word in words:
            if not self.accept(word):
                self.fail(f"expected {word}")

    def fail(self, message: str, code: int = 0, hint: str = "") -> NoReturn:
        """Raise an error at the next token."""
        token = self.next
        shown = self.statement.source.text[token.start : token.end]
        if not code:
            message += f", found {shown}" if shown else ", found the statement's end"
        width = max(1, token.end - token.start)
        span = self.statement.source.span(token.start, width)
        raise SqlError(code, message, span, hint)

    def identifier(self, what: str = "a name") -> str:
        """Read a name: upper-case unless quoted."""
        if self.next.kind not in ("name", "quoted"):
            self.fail(f"expected {what}")
        return self.take().value

    def name(self, what: str = "a name") -> Name:
        """Read a name that an owner may qualify."""
        start = self.next.start
        first = self.identifier(what)
        if self.accept("."):
            return Name(first, self.identifier(what), start)
        return Name("", first, start)

    def string(self) -> str:
        """Read a string and return its value."""
        if self.next.kind != "string":
            self.fail("expected a string")
        return self.take().value

    def integer(self) -> int:
        """Read a whole number, negative ones too."""
        sign = -1 if self.accept("-") else 1
        token = self.next
        if token.kind != "number" or not token.value.isdecimal():
            self.fail("expected a whole number")
        if len(token.value) > _MOST_DIGITS:
            self.fail(f"a number with more than {_MOST_DIGITS} digits")
        return sign * int(self.take().value)

    def text(self, start: int, stop: int) -> Text:
        """Return the text of the tokens from index `start` up to `stop`."""
        if start >= stop:
            self.fail("expected an expression")
        begin = self.tokens[start].start
        end = self.tokens[stop - 1].end
        return Text(self.statement.source.text[begin:end], begin)

    def inside(self) -> Text:
        """Step over a pair of parentheses and return the text between them."""
        start = self.at
        self.skip_group()
        return self.text(start + 1, self.at - 1)

    def skip_group(self) -> None:
        """Step over a pair of parentheses with all that is in it."""
        opened = self.next
        self.expect("(")
        depth = 1
        while depth:
            if self.done:
                span = self.statement.source.span(opened.start)
                raise SqlError(907, "missing right parenthesis", span)
            token = self.take()
            if token.kind == "symbol":
                depth += (token.value == "(") - (token.value == ")")

    def until(self, *words: str) -> Text:
        """Return the text up to a comma, a `)` or one of `words` outside parentheses."""
        start = self.at
        while not self.done and not self.sees(",") and not self.sees(")"):
            if self.at > start and any(self.sees(w) for w in words):
                break
            if self.sees("("):
                self.skip_group()
            else:
                self.at += 1
        return self.text(start, self.at)

    def names(self) -> tuple[str, ...]:
        """Read a list of names in parentheses."""
        self.expect("(")
        found = [self.identifier("a column name")]
        while self.accept(","):
            found.append(self.identifier("a column name"))
        self.expect(")")
        return tuple(found)
