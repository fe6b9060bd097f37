"""Statements of a script, with their places, as SQL*Plus tells them apart."""

from collections.abc import Iterator
from typing import Literal, TypeAlias

from comply.classes import dataclass
from comply.dialect.tokens import Token, scan
from comply.source import Source, Span

Form: TypeAlias = Literal["sql", "plsql", "command"]

_COMMANDS = frozenset(
    (  # noqa: SIM905  (a word a line reads worse)
        "ACCEPT APPEND ARCHIVE BREAK BTITLE CLEAR COL COLUMN COMPUTE CONN CONNECT COPY"
        " DEF DEFINE DESC DESCRIBE DISC DISCONNECT ECHO EDIT EXEC EXECUTE EXIT HELP"
        " HOST PASSWORD PAUSE PRINT PROMPT QUIT REM REMARK SHOW SHUTDOWN SPOOL START"
        " STARTUP TIMING TTITLE UNDEFINE VAR VARIABLE WHENEVER"
    ).split()
)
_SQL_AFTER_SET = frozenset(("CONSTRAINT", "CONSTRAINTS", "ROLE", "TRANSACTION"))
_UNITS = frozenset(
    ("FUNCTION", "PROCEDURE", "PACKAGE", "TRIGGER", "TYPE", "LIBRARY", "JAVA")
)
_CREATE_WORDS = frozenset(
    ("CREATE", "OR", "REPLACE", "EDITIONABLE", "NONEDITIONABLE", "IF", "NOT", "EXISTS")
)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement: its tokens without comments, and the comments right above it.

    `start` and `end` are offsets into the source; the terminator stands outside.
    """

    source: Source
    form: Form
    tokens: tuple[Token, ...]
    comments: tuple[Token, ...] = ()

    @property
    def start(self) -> int:
        """Offset of the first character."""
        return self.tokens[0].start

    @property
    def end(self) -> int:
        """Offset behind the last character."""
        return self.tokens[-1].end

    @property
    def text(self) -> str:
        """The statement as written."""
        return self.source.text[self.start : self.end]

    @property
    def span(self) -> Span:
        """The place of the statement's first line."""
        newline = self.source.text.find("\n", self.start, self.end)
        end = newline if newline >= 0 else self.end
        return self.source.span(self.start, end - self.start)

    @property
    def words(self) -> tuple[str, ...]:
        """The names that the statement begins with, upper-cased: what it is."""
        words = []
        for token in self.tokens[:12]:
            if token.kind != "name":
                break
            words.append(token.value)
        return tuple(words)


def statements(source: Source) -> Iterator[Statement]:
    """Yield the statements of a script in order.

    A statement of SQL ends at `;`, a unit of PL/SQL at a line that holds only `/` (or,
    in a script without such a line, at the `END;` that closes it), a SQL*Plus command
    at the end of its line.

    Raises:
        SqlError: a string, a quoted name or a comment does not end.
    """
    at, stop = 0, len(source.text)
    comments: list[Token] = []
    while at < stop:
        first = next(scan(source, at), None)
        if first is None:
            return
        at = first.end
        if first.kind == "comment":
            comments.append(first)
        elif not _semicolon(first) and not _slash(source, first):
            statement, at = _statement(source, first, tuple(comments))
            yield statement
            comments = []


def _statement(
    source: Source, first: Token, comments: tuple[Token, ...]
) -> tuple[Statement, int]:
    """Return the statement that begins with `first`, and where the next may begin."""
    form = _form(source, first)
    if form == "command":
        end = source.text.find("\n", first.start)
        end = len(source.text) if end < 0 else end
        line = source.text[first.end : end].rstrip().removesuffix(";")
        rest = Token("line", line, first.end, first.end + len(line))
        return Statement(source, form, (first, rest), comments), end
    tokens: list[Token] = [first]
    end = len(source.text)
    depth = int(first.value == "BEGIN")
    slashed = form == "plsql" and _has_slash(source, first.end)
    for token in scan(source, first.end):
        if token.kind == "comment":
            continue
        if _slash(source, token) or (form == "sql" and _semicolon(token)):
            end = token.end
            break
        tokens.append(token)
        if form == "plsql" and not slashed:
            depth = _depth(depth, tokens)
            if _semicolon(token) and depth == 0 and _closed(tokens):
                end = token.end
                break
    return Statement(source, form, tuple(tokens), comments), end


def _form(source: Source, first: Token) -> Form:
    if first.value == "@":
        return "command"
    if first.value in _COMMANDS and first.kind == "name":
        return "command"
    words: list[str] = []
    for token in scan(source, first.start):
        if token.kind not in ("name", "comment") or len(words) == 12:
            break
        if token.kind == "name":
            words.append(token.value)
    if first.value == "SET":
        return "sql" if set(words[1:2]) & _SQL_AFTER_SET else "command"
    if first.value in ("DECLARE", "BEGIN", "<"):
        return "plsql"
    if first.value == "CREATE":
        kind = next((w for w in words if w not in _CREATE_WORDS), "")
        return "plsql" if kind in _UNITS else "sql"
    return "sql"


def _semicolon(token: Token) -> bool:
    return token.value == ";" and token.kind == "symbol"


def _slash(source: Source, token: Token) -> bool:
    """Tell whether `token` is a `/` alone on its line."""
    if token.value != "/" or token.kind != "symbol":
        return False
    text, before, after = source.text, token.start, token.end
    # No line is looked at as a whole: one may hold thousands of slashes.
    while before and text[before - 1] != "\n" and text[before - 1].isspace():
        before -= 1
    while after < len(text) and text[after] != "\n" and text[after].isspace():
        after += 1
    begins = not before or text[before - 1] == "\n"
    return begins and (after == len(text) or text[after] == "\n")


def _has_slash(source: Source, at: int) -> bool:
    text = source.text
    while (at := text.find("/", at)) >= 0:
        if _slash(source, Token("symbol", "/", at, at + 1)):
            return True
        at += 1
    return False


def _depth(depth: int, tokens: list[Token]) -> int:
    """Return the depth of PL/SQL blocks behind the last token."""
    last = tokens[-1]
    if last.kind != "name":
        return depth
    after_end = len(tokens) > 1 and tokens[-2].value == "END"
    if last.value == "END":
        return depth - 1
    if last.value in ("BEGIN", "CASE", "IF", "LOOP") and not after_end:
        return depth + 1
    return depth


def _closed(tokens: list[Token]) -> bool:
    """Tell whether the `;` that ends `tokens` follows `END` or `END name`."""
    values = [t.value for t in tokens[-3:]]
    return "END" in values[:-1]
