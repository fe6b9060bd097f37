"""What to tell the author of a text that does not parse, and where to go on after it."""

from typing import Final

from comply.rego.cursor import TOO_DEEP, Cursor, ParseError
from comply.rego.lexer import FUTURE_KEYWORDS, KEYWORDS

_CLOSERS: Final = {")": "(", "]": "[", "}": "{"}
_OPENERS: Final = frozenset(_CLOSERS.values())
_RULE_STARTS: Final = frozenset({"ident", "default", "import", "package"})
_LOOK_AHEAD: Final = 2_000
"""How many tokens after what looks like a statement an open bracket may still close."""


def resynchronise(c: Cursor, first: int) -> int:
    """Return the token at which the statement after a failed one begins.

    It begins a line, no further right than the failed statement, which token `first`
    began, and outside all brackets; if the brackets never close, inside them.
    """
    column = _column(c, first)
    stack: list[str] = []
    fallback = 0
    for at in range(first, len(c.kinds) - 1):
        kind = c.kinds[at]
        if at > first and kind in _RULE_STARTS and _starts_rule(c, at, column):
            if not stack:
                return at
            fallback = fallback or at
        if fallback and at - fallback > _LOOK_AHEAD:
            return fallback
        _track(stack, kind)
    return (stack and fallback) or len(c.kinds) - 1


def _track(stack: list[str], kind: str) -> None:
    """Open or close a bracket; a closer takes all that is open inside with it."""
    if kind in _OPENERS:
        stack.append(kind)
    elif kind in _CLOSERS and _CLOSERS[kind] in stack:
        while stack.pop() != _CLOSERS[kind]:
            pass


def _column(c: Cursor, at: int) -> int:
    start = c.tokens.starts[at]
    return start - (c.tokens.text.rfind("\n", 0, start) + 1)


def _starts_rule(c: Cursor, at: int, column: int) -> bool:
    """Tell whether token `at` is the first of its line, at `column` or to its left."""
    before = c.tokens.text.find("\n", c.tokens.ends[at - 1], c.tokens.starts[at])
    return before >= 0 and _column(c, at) <= column


def explain(c: Cursor, first: int, error: ParseError) -> ParseError:
    """Return `error` of the statement from token `first` with the hint it deserves.

    An error that comes of a bracket left open is moved to that bracket.
    """
    at = _index(c, first, error.start)
    if error.message == TOO_DEEP:
        return error
    if (opener := _unclosed(c, first, at)) >= 0:
        return _never_closed(c, opener, at, error)
    if c.version == 0 and (word := _keyword_unknown(c, first, at)):
        error.dialect = True
        error.hint = (
            f"in Rego v0, `{word}` needs `import future.keywords.{word}` "
            "or `import rego.v1`"
        )
    if not error.hint:
        error.hint = _hint(c, at, error.message)
    return error


def _index(c: Cursor, first: int, offset: int) -> int:
    """Return the token at `offset`, else the next."""
    at = first
    while at < len(c.kinds) - 1 and c.tokens.starts[at] < offset:
        at += 1
    return at


def _unclosed(c: Cursor, first: int, at: int) -> int:
    """Return the innermost bracket open before token `at` if nothing closes it.

    -1 if there is none.
    """
    stack: list[int] = []
    for i in range(first, at):
        kind = c.kinds[i]
        if kind in _OPENERS:
            stack.append(i)
        elif kind in _CLOSERS and stack and c.kinds[stack[-1]] == _CLOSERS[kind]:
            stack.pop()
    if not stack:
        return -1
    inner: list[str] = []
    for kind in c.kinds[at:]:
        if kind in _CLOSERS:
            if not inner:
                return -1 if c.kinds[stack[-1]] == _CLOSERS[kind] else stack[-1]
            if inner.pop() != _CLOSERS[kind]:
                return stack[-1]
        elif kind in _OPENERS:
            inner.append(kind)
    return stack[-1]


def _never_closed(c: Cursor, opener: int, at: int, error: ParseError) -> ParseError:
    kind = c.kinds[opener]
    start = c.tokens.starts[at]
    row = c.tokens.text.count("\n", 0, start) + 1
    end = "the file ends" if c.kinds[at] == "eof" else f"line {row} goes on"
    closer = next(key for key, value in _CLOSERS.items() if value == kind)
    return ParseError(
        f"`{kind}` is never closed",
        c.tokens.starts[opener],
        c.tokens.ends[opener],
        f"{end} without its `{closer}` ({error.message})",
    )


def _keyword_unknown(c: Cursor, first: int, at: int) -> str:
    """Return the keyword, up to just past token `at`, that v0 read as a name."""
    for i in range(first, min(at + 2, len(c.kinds))):
        word = c.tokens.kinds[i]
        if word in FUTURE_KEYWORDS and c.kinds[i] == "ident":
            return word
    return ""


_OPERATORS: Final = {
    "&": "expressions on lines of their own, or between `;`, must all hold: there is no `&&`",
    "|": "either-or is two rules of one name, or `x in {a, b}`: there is no `||`",
    ":=": "`:=` and `=` stand once in an expression of their own; compare with `==`",
    "=": "`:=` and `=` stand once in an expression of their own; compare with `==`",
    ",": "expressions are separated by new lines or `;`",
}


def _hint(c: Cursor, at: int, message: str) -> str:
    """Return the advice for a message about token `at`, empty if there is none."""
    kind = c.kinds[at]
    if kind in _CLOSERS and at and c.kinds[at - 1] == ";":
        return f"`;` stands between expressions, not before `{kind}`"
    if message == "var cannot be used for rule name":
        return "a rule needs a value or a body: `p := 1`, `p if { ... }`"
    if message.startswith("unexpected") and kind in _OPERATORS:
        return _OPERATORS[kind]
    if kind in KEYWORDS and c.kinds[at + 1] in (":=", "=", "==", "[", ".", ","):
        return f"`{kind}` is a reserved word: choose another name"
    return ""
