"""Tokens of Oracle's SQL and PL/SQL, with their places."""

from collections.abc import Iterator
from typing import Literal, NamedTuple, TypeAlias

from comply.dialect.errors import SqlError
from comply.source import Source

Kind: TypeAlias = Literal[
    "name", "quoted", "string", "number", "symbol", "comment", "line"
]

_CLOSING = {"[": "]", "(": ")", "{": "}", "<": ">"}
_DOUBLE = frozenset(("||", "<=", ">=", "<>", "!=", "^=", "~=", ":=", "=>", "**", ".."))


class Token(NamedTuple):
    """One token: `value` is upper-cased for a name, decoded for a string.

    A `line` is what follows the first word of a SQL*Plus command.
    """

    kind: Kind
    value: str
    start: int
    end: int


def scan(source: Source, start: int = 0, end: int | None = None) -> Iterator[Token]:
    """Yield the tokens of `source.text[start:end]`, comments among them.

    Raises:
        SqlError: a string, a quoted name or a comment does not end.
    """
    text = source.text
    stop = len(text) if end is None else end
    at = start
    while at < stop:
        c = text[at]
        if c.isspace():
            at += 1
            continue
        token = _token(source, at, stop)
        yield token
        at = token.end


def _token(source: Source, at: int, stop: int) -> Token:
    text = source.text
    c = text[at]
    pair = text[at : at + 2]
    if pair in ("--", "/*"):
        return _comment(source, at, stop)
    if c == "'":
        return _string(source, at, at)
    if c == '"':
        return _quoted(source, at)
    if c.isdigit() or (c == "." and text[at + 1 : at + 2].isdigit()):
        return _number(text, at, stop)
    if c.isalpha() or c == "_":
        return _word(source, at, stop)
    if pair in _DOUBLE:
        return Token("symbol", pair, at, at + 2)
    return Token("symbol", c, at, at + 1)


def _comment(source: Source, at: int, stop: int) -> Token:
    text = source.text
    if text[at] == "-":
        end = text.find("\n", at, stop)
        end = stop if end < 0 else end
        return Token("comment", text[at + 2 : end].rstrip("\r"), at, end)
    end = text.find("*/", at + 2, stop)
    if end < 0:
        raise _endless(source, at, "comment", "*/")
    return Token("comment", text[at + 2 : end], at, end + 2)


def _string(source: Source, start: int, quote: int) -> Token:
    """Return the string whose quote stands at `quote` and whose prefix at `start`."""
    text = source.text
    at = quote + 1
    while (at := text.find("'", at)) >= 0:
        if text[at + 1 : at + 2] != "'":
            value = text[quote + 1 : at].replace("''", "'")
            return Token("string", value, start, at + 1)
        at += 2
    raise _endless(source, start, "string", "'")


def _q_string(source: Source, start: int, quote: int) -> Token:
    """Return an alternatively quoted string, `q'[it's]'`."""
    text = source.text
    opening = text[quote + 1 : quote + 2]
    closing = _CLOSING.get(opening, opening) + "'"
    end = text.find(closing, quote + 2) if opening else -1
    if end < 0:
        raise _endless(source, start, "string", closing)
    return Token("string", text[quote + 2 : end], start, end + 2)


def _quoted(source: Source, at: int) -> Token:
    end = source.text.find('"', at + 1)
    if end < 0:
        raise _endless(source, at, "quoted name", '"')
    return Token("quoted", source.text[at + 1 : end], at, end + 1)


def _number(text: str, start: int, stop: int) -> Token:
    at = _digits(text, start, stop)
    if text[at : at + 1] == "." and text[at : at + 2] != "..":
        at = _digits(text, at + 1, stop)
    if text[at : at + 1] in ("e", "E"):
        sign = at + 2 if text[at + 1 : at + 2] in ("+", "-") else at + 1
        if text[sign : sign + 1].isdigit():
            at = _digits(text, sign, stop)
    if text[at : at + 1] in ("d", "D", "f", "F") and not _continues(text, at + 1):
        at += 1
    return Token("number", text[start:at], start, at)


def _digits(text: str, at: int, stop: int) -> int:
    while at < stop and text[at].isdigit():
        at += 1
    return at


def _continues(text: str, at: int) -> bool:
    """Tell whether a name goes on at `at`."""
    c = text[at : at + 1]
    return c.isalnum() or (c != "" and c in "_$#")


def _word(source: Source, start: int, stop: int) -> Token:
    text = source.text
    at = start + 1
    while at < stop and (text[at].isalnum() or text[at] in "_$#"):
        at += 1
    if text[at : at + 1] == "'" and at - start <= 2:
        prefix = text[start:at].upper()
        if prefix in ("Q", "NQ"):
            return _q_string(source, start, at)
        if prefix == "N":
            return _string(source, start, at)
    return Token("name", text[start:at].upper(), start, at)


def _endless(source: Source, at: int, what: str, closing: str) -> SqlError:
    code = 1756 if what == "string" else 1740 if what == "quoted name" else 0
    return SqlError(
        code, f"this {what} has no end", source.span(at), f"close it with {closing}"
    )
