"""Glob patterns: `*` and `?` stop at delimiters, `**` does not.

https://www.openpolicyagent.org/docs/policy-reference/builtins/glob; the syntax is that
of https://github.com/gobwas/glob. A pattern becomes an RE2 expression.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Final

import re2

from comply.classes import dataclass
from comply.plan.builtins import operands
from comply.plan.builtins.failure import BuiltinError, OperandError, operand_error
from comply.plan.builtins.octets import to_octets
from comply.plan.values import Value, type_name

_SPECIAL: Final = "*?\\[]{}"


def match(pattern: Value, delimiters: Value, text: Value) -> bool:
    """Tell whether a glob matches the whole of a text.

    `delimiters` is an array of characters; an empty one means `.`, null means none.

    >>> match("*.com", [], "a.com"), match("*.com", [], "a.b.com")
    (True, False)
    >>> match("{a,b}[!x-z]?", None, "b..")
    True
    """
    operands.string(pattern, 1)
    operands.string(text, 3)
    stops = "" if delimiters is None else "".join(_characters(delimiters)) or "."
    return bool(_compile(pattern, stops).fullmatch(to_octets(text)))


def _characters(delimiters: Value) -> list[str]:
    if type(delimiters) is not list:
        raise operand_error(2, "one of {array, null}", delimiters)
    for value in delimiters:
        if type(value) is not str:
            raise OperandError(
                "operand 2 must be array of strings"
                f" but got array containing {type_name(value)}"
            )
        if len(value) != 1:
            raise OperandError(
                "operand 2 must be array of runes but got array containing string"
            )
    return delimiters


def quote_meta(text: Value) -> str:
    r"""Return a pattern that matches just `text`.

    >>> print(quote_meta("*.com"))
    \*.com
    """
    plain = operands.string(text, 1)
    return "".join(["\\" + c if c in _SPECIAL else c for c in plain])


@lru_cache(maxsize=1024)
def _compile(pattern: str, stops: str) -> "re2._Regexp":
    options = re2.Options()
    options.log_errors = False
    options.dot_nl = True
    try:
        return re2.compile(to_octets(expression(pattern, stops)), options)
    except re2.error as error:
        raise BuiltinError(f"glob: {error}") from None


def expression(pattern: str, stops: str) -> str:
    r"""Return the RE2 expression of a glob, in which `.` is to match a line end too.

    Raises:
        BuiltinError: if the pattern is malformed.

    >>> print(expression("a*{b,c}", "./"))
    a[^\.\/]*(?:b|c)
    """
    reader = _Reader(pattern)
    single = f"[^{''.join(map(_escape, stops))}]" if stops else "."
    out: list[str] = []
    while reader.at < len(pattern):
        out.append(_token(reader, single))
    if reader.depth:
        raise _error(reader, "unclosed `{`")
    return "".join(out)


@dataclass(slots=True)
class _Reader:
    """A pattern, where it is being read, and how many braces are open."""

    text: str
    at: int = 0
    depth: int = 0

    def take(self) -> str:
        """Return the next character, moving past it; empty at the end."""
        char = self.text[self.at : self.at + 1]
        self.at += len(char)
        return char


def _token(reader: _Reader, single: str) -> str:
    """Return the expression of the pattern's next part."""
    char = reader.take()
    if char == "*":
        return _star(reader, single)
    if char == "?":
        return single
    if char == "[":
        return _class(reader)
    if char == "{":
        reader.depth += 1
        return "(?:"
    if reader.depth and char in "},":
        reader.depth -= char == "}"
        return ")" if char == "}" else "|"
    return _escape(_escaped(reader) if char == "\\" else char)


def _star(reader: _Reader, single: str) -> str:
    if not reader.text.startswith("*", reader.at):
        return f"{single}*"
    while reader.text.startswith("*", reader.at):
        reader.at += 1
    return ".*"


def _class(reader: _Reader) -> str:
    """Return the class after a `[`: either one range, or a list of characters."""
    negated = reader.text.startswith("!", reader.at)
    reader.at += negated
    inner = _range(reader) if _is_range(reader) else _list(reader)
    return f"[{'^' if negated else ''}{inner}]"


def _is_range(reader: _Reader) -> bool:
    return reader.text.startswith("-", reader.at + 1)


def _range(reader: _Reader) -> str:
    """Return a range; neither end is special, not even `]` or a backslash."""
    low, _, high = reader.take(), reader.take(), reader.take()
    close = reader.take()
    if not close:
        raise _error(reader, "unexpected end of input")
    if close != "]":
        raise _error(reader, "expected close range character")
    if high < low:
        raise _error(reader, "range hi character is less than lo")
    return f"{_escape(low)}-{_escape(high)}"


def _list(reader: _Reader) -> str:
    out = []
    while (char := reader.take()) != "]":
        if not char:
            raise _error(reader, "unexpected end of input")
        out.append(_escape(_escaped(reader) if char == "\\" else char))
    if not out:
        raise _error(reader, "could not parse range")
    return "".join(out)


def _escaped(reader: _Reader) -> str:
    char = reader.take()
    if not char:
        raise _error(reader, "trailing backslash")
    return char


def _escape(char: str) -> str:
    return "\\" + char if char.isascii() and not char.isalnum() else char


def _error(reader: _Reader, problem: str) -> BuiltinError:
    column = len(to_octets(reader.text[: reader.at]))
    return BuiltinError(f"glob: syntax error at {column}: {problem}")


BUILTINS: Final[dict[str, Callable[..., Value]]] = {
    "glob.match": match,
    "glob.quote_meta": quote_meta,
}
