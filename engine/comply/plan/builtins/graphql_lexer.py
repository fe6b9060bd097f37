"""GRAPHQL TEXT -> TOKENS.

https://spec.graphql.org/October2021/#sec-Appendix-Grammar-Summary.Lexical-Tokens
"""

from typing import Final

from comply.classes import dataclass, field
from comply.plan.builtins.octets import printable

PUNCTUATION: Final = frozenset("!$&():=@[]{}|")
_NAME_START: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_")
_DIGITS: Final = frozenset("0123456789")
_NAME: Final = _NAME_START | _DIGITS
_ESCAPES: Final = {
    '"': '"', "/": "/", "\\": "\\", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t",
}  # fmt: skip
_QUOTES: Final = '"""'
_QUOTED: Final = {"String": 1, "BlockString": 3}


@dataclass(frozen=True, slots=True)
class Token:
    """A token: its kind, as errors name it, its value, its place, the comments before it.

    The place of a string is just past its quotes, as in OPA's library. A kind is a punctuator, `...`, or one of `Name`, `Int`, `Float`, `String`,
    `BlockString`, `<EOF>` and, where no token can be, `<Invalid>`.
    """

    kind: str
    value: str
    line: int
    column: int
    comments: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """Return the token as errors show it."""
        if not self.value:
            return self.kind
        quoted = self.value.replace("\\", "\\\\").replace('"', '\\"')
        return f'{self.kind} "{quoted}"'


@dataclass(slots=True)
class _Reading:
    text: str
    at: int = 0
    line: int = 1
    line_start: int = 0
    tokens: list[Token] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)

    def add(self, kind: str, end: int, value: str = "") -> None:
        column = self.at - self.line_start + 1 + _QUOTED.get(kind, 0)
        comments = tuple(self.comments)
        self.tokens.append(Token(kind, value, self.line, column, comments))
        self.comments.clear()
        self.at = end

    def fail(self, end: int) -> None:
        column = end - self.line_start + 1
        self.tokens.append(Token("<Invalid>", "", self.line, column))
        self.at = len(self.text)

    def new_line(self, at: int) -> int:
        """Take note of the line end at `at`; return the offset after it."""
        end = at + (2 if self.text.startswith("\r\n", at) else 1)
        self.line += 1
        self.line_start = end
        return end


def tokenize(text: str) -> list[Token]:
    """Return the tokens of a text; the last is `<EOF>`, or `<Invalid>` at a fault.

    >>> [token.shown for token in tokenize("{ a }")]
    ['{', 'Name "a"', '}', '<EOF>']
    """
    reading = _Reading(text)
    while True:
        _skip_blanks(reading)
        if reading.at >= len(text):
            break
        _read_token(reading)
        if reading.tokens[-1].kind == "<Invalid>":
            return reading.tokens
    reading.add("<EOF>", reading.at)
    return reading.tokens


def _skip_blanks(reading: _Reading) -> None:
    text = reading.text
    while reading.at < len(text):
        c = text[reading.at]
        if c in "\t ,\ufeff":
            reading.at += 1
        elif c in "\r\n":
            reading.at = reading.new_line(reading.at)
        elif c == "#":
            start = reading.at
            while text[reading.at : reading.at + 1] not in ("", "\n", "\r"):
                reading.at += 1
            reading.comments.append(text[start : reading.at])
        else:
            return


def _read_token(reading: _Reading) -> None:
    text, at = reading.text, reading.at
    c = text[at]
    if c in PUNCTUATION:
        reading.add(c, at + 1)
    elif text.startswith("...", at):
        reading.add("...", at + 3)
    elif c in _NAME_START:
        end = _run(text, at, _NAME)
        reading.add("Name", end, text[at:end])
    elif c == "-" or c in _DIGITS:
        _read_number(reading)
    elif text.startswith(_QUOTES, at):
        _read_block_string(reading)
    elif c == '"':
        _read_string(reading)
    else:
        reading.fail(at)


def _run(text: str, at: int, members: frozenset[str]) -> int:
    while at < len(text) and text[at] in members:
        at += 1
    return at


def _read_number(reading: _Reading) -> None:
    text, at = reading.text, reading.at
    start = at + text.startswith("-", at)
    end = start + 1 if text.startswith("0", start) else _run(text, start, _DIGITS)
    kind = "Int"
    if end == start or (text[start] == "0" and text[end : end + 1] in _DIGITS):
        reading.fail(end)
        return
    if text.startswith(".", end):
        kind = "Float"
        fraction = _run(text, end + 1, _DIGITS)
        if fraction == end + 1:
            reading.fail(fraction)
            return
        end = fraction
    if text[end : end + 1] in ("e", "E"):
        kind = "Float"
        sign = end + 1 + (text[end + 1 : end + 2] in ("+", "-"))
        end = _run(text, sign, _DIGITS)
        if end == sign:
            reading.fail(end)
            return
    reading.add(kind, end, text[at:end])


def _read_string(reading: _Reading) -> None:
    text, at = reading.text, reading.at + 1
    out: list[str] = []
    while at < len(text) and text[at] != '"':
        c = text[at]
        if c != "\\":
            if c < " " and c != "\t":
                reading.fail(at)
                return
            out.append(c)
            at += 1
            continue
        escaped, at = _read_escape(text, at + 1)
        if escaped is None:
            reading.fail(at)
            return
        out.append(escaped)
    if at >= len(text):
        reading.fail(at)
        return
    reading.add("String", at + 1, printable("".join(out)))


def _read_escape(text: str, at: int) -> tuple[str | None, int]:
    """Return what the escape at `at`, past its backslash, stands for; and its end."""
    c = text[at : at + 1]
    if c == "u":
        digits = text[at + 1 : at + 5]
        if len(digits) == 4 and all(d in "0123456789abcdefABCDEF" for d in digits):
            return chr(int(digits, 16)), at + 5
        return None, at
    escaped = _ESCAPES.get(c)
    return escaped, at + (escaped is not None)


def _read_block_string(reading: _Reading) -> None:
    text, at = reading.text, reading.at + 3
    start = _Reading(text, reading.at, reading.line, reading.line_start)
    out: list[str] = []
    while at < len(text):
        if text.startswith(_QUOTES, at):
            start.comments = reading.comments
            start.add("BlockString", at, _dedent("".join(out)))
            reading.tokens += start.tokens
            reading.at = at + 3
            return
        c = text[at]
        if text.startswith("\\" + _QUOTES, at):
            out.append(_QUOTES)
            at += 4
        elif c in "\r\n":
            out.append("\n")
            at = reading.new_line(at)
        elif c < " " and c != "\t":
            break
        else:
            out.append(c)
            at += 1
    reading.fail(at)


def _dedent(text: str) -> str:
    r"""Return a block string's value: without common indent and blank ends.

    >>> _dedent("\n    a\n      b\n  ")
    'a\n  b'
    """
    first, *rest = text.split("\n")
    # OPA's library counts the first line as well, which the specification does not.
    indents = [
        len(line) - len(line.lstrip(" \t"))
        for line in (first, *rest)
        if line.strip(" \t")
    ]
    common = min(indents, default=0)
    lines = [first, *(line[common:] for line in rest)]
    while lines and not lines[0].strip(" \t"):
        lines.pop(0)
    while lines and not lines[-1].strip(" \t"):
        lines.pop()
    return "\n".join(lines)
