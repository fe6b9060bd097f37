"""Rego text to tokens.

Tokens are parallel lists, so that a file of some thousand costs milliseconds. A token's
kind is its own text for punctuation and keywords; else `ident`, `string`, `raw`,
`number`, `eof`, `illegal`. A template string is `template`, then `text` and expressions
in turn, each expression between `open` and `close`, then `end`.
"""

from dataclasses import replace
from typing import Final

from comply.classes import dataclass, field
from comply.rego.literals import EscapeError, decode_raw_template, decode_string
from comply.rego.syntax import Comment

_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_")
_DIGITS = frozenset("0123456789")
_WORD = _LETTERS | _DIGITS
_SPACE = frozenset(" \t\r\n")
_PAIRS = frozenset({":=", "==", "!=", "<=", ">="})
_SINGLE = frozenset("{}[]().,;:=<>+-*/%|&")
_END = "\0"
_BYTE_ORDER_MARK = "\ufeff"

_UNTERMINATED = "non-terminated string"
_ON_ITS_LINE = (
    'a string ends on its line, with `"`; longer text stands between backticks'
)

FUTURE_KEYWORDS = frozenset({"contains", "every", "if", "in"})
KEYWORDS = FUTURE_KEYWORDS | {
    "as", "default", "else", "false", "import", "not", "null", "package", "some",
    "true", "with",
}  # fmt: skip

_MOST_FAULTS: Final = 100


@dataclass(frozen=True, slots=True)
class Fault:
    """Something no token can be made of: a place, what is wrong, what to do."""

    start: int
    end: int
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of one text; `strings` maps the offset of a string to its value."""

    text: str
    kinds: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    strings: dict[int, str] = field(default_factory=dict)
    comments: list[Comment] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    # One entry an open template: its quote, and how many braces are open in it.
    templates: list[list[str | int]] = field(default_factory=list)

    def add(self, kind: str, start: int, end: int) -> int:
        """Append a token and return where the next one may begin."""
        self.kinds.append(kind)
        self.starts.append(start)
        self.ends.append(end)
        return end


def lex(text: str) -> Tokens:
    """Return the tokens of `text`, the last of kind `eof`; what fails is in `faults`.

    A text with `_MOST_FAULTS` of them is none of Rego, and its rest is not read.
    """
    tokens = Tokens(text + _END)
    padded, add, length = tokens.text, tokens.add, len(text)
    at = 1 if text.startswith(_BYTE_ORDER_MARK) else 0
    while True:
        char = padded[at]
        if char in _SPACE:
            at += 1
        elif char in _LETTERS:
            start = at
            at += 1
            while padded[at] in _WORD:
                at += 1
            word = padded[start:at]
            kind = "ident"
            if word in KEYWORDS and padded[at] != "." and padded[start - 1] != ".":
                kind = word
            add(kind, start, at)
        elif char in _SINGLE and not tokens.templates:
            width = 2 if padded[at : at + 2] in _PAIRS else 1
            at = add(padded[at : at + width], at, at + width)
        elif char == _END and at >= length:
            break
        else:
            at = _lex_other(tokens, at, char)
            if len(tokens.faults) >= _MOST_FAULTS:
                break
    if tokens.templates and not tokens.faults:
        tokens.faults.append(Fault(length, length, _UNTERMINATED, "`}` is missing"))
    add("eof", length, length)
    return tokens


def _lex_other(tokens: Tokens, at: int, char: str) -> int:
    """Add the token at `at`, of a rarer kind, and return where it ends."""
    if char == '"':
        return _lex_string(tokens, at)
    if char == "#":
        return _lex_comment(tokens, at)
    if char in _DIGITS:
        return _lex_number(tokens, at)
    if char == "`":
        return _lex_raw(tokens, at)
    if char in _SINGLE:
        return _lex_in_template(tokens, at, char)
    pair = tokens.text[at : at + 2]
    if pair == "!=":
        return tokens.add(pair, at, at + 2)
    if pair in ('$"', "$`"):
        tokens.add("template", at, at + 2)
        return _lex_template_text(tokens, at + 2, pair[1])
    return _lex_illegal(tokens, at, char)


def _line_end(text: str, at: int) -> int:
    """Return the offset of the line break at or after `at`, else of the text's end."""
    end = text.find("\n", at)
    return len(text) - 1 if end < 0 else end


def _lex_comment(tokens: Tokens, at: int) -> int:
    end = _line_end(tokens.text, at)
    text = tokens.text[at + 1 : end].removesuffix("\r")
    tokens.comments.append(Comment(at, text))
    return end


def _lex_string(tokens: Tokens, at: int) -> int:
    end = _string_end(tokens.text, at + 1, '"')
    if end < 0:
        return _unterminated(tokens, at)
    _keep_string(tokens, at, at + 1, end)
    return tokens.add("string", at, end + 1)


def _string_end(text: str, at: int, quote: str) -> int:
    r"""Return the offset of the closing `quote` at or after `at`, -1 if none.

    A backslash takes the next character with it; a line break ends the search.
    """
    end = text.find(quote, at)
    line = text.find("\n", at, end if end >= 0 else len(text))
    if end < 0 or line >= 0:
        return -1
    slash = text.find("\\", at, end)
    while slash >= 0:
        if slash + 1 == end:
            end = text.find(quote, end + 1)
            if end < 0 or text.find("\n", slash, end) >= 0:
                return -1
        slash = text.find("\\", slash + 2, end)
    return end


def _keep_string(
    tokens: Tokens, key: int, start: int, end: int, *, template: bool = False
) -> None:
    """Store the value of the string whose token is at `key`, or the fault in it."""
    text = tokens.text[start:end]
    try:
        tokens.strings[key] = decode_string(text, template=template)
    except EscapeError as fault:
        place = start + fault.offset
        tokens.faults.append(
            Fault(
                place,
                place + fault.width,
                "illegal escape sequence",
                'the escapes are \\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX; '
                "a raw string, between backticks, has none",
            )
        )
        tokens.strings[key] = text


def _unterminated(tokens: Tokens, at: int) -> int:
    """Record a string without an end and go on at the next line.

    A string that runs over several lines leaves two lone quotes: the second is its end.
    """
    end = _line_end(tokens.text, at)
    before = tokens.faults[-1] if tokens.faults else None
    if before is not None and _runs_on(tokens.text, before, at):
        tokens.faults[-1] = replace(before, end=end)
    else:
        tokens.faults.append(Fault(at, end, _UNTERMINATED, _ON_ITS_LINE))
    tokens.strings[at] = ""
    return tokens.add("string", at, end)


def _runs_on(text: str, before: Fault, at: int) -> bool:
    """Tell whether the quote at `at` may end the string that `before` is about."""
    return before.message == _UNTERMINATED and "\n\n" not in text[before.end : at]


def _lex_raw(tokens: Tokens, at: int) -> int:
    end = tokens.text.find("`", at + 1)
    if end < 0:
        tokens.faults.append(
            Fault(at, at + 1, _UNTERMINATED, "a raw string ends with a backtick")
        )
        end = len(tokens.text) - 2
    tokens.strings[at] = tokens.text[at + 1 : end]
    return tokens.add("raw", at, end + 1)


def _lex_number(tokens: Tokens, at: int) -> int:
    text, end = tokens.text, at
    end = _digits_end(text, end)
    problem = ""
    if text[end] == ".":
        fraction = _digits_end(text, end + 1)
        problem = "expected fraction" if fraction == end + 1 else ""
        end = fraction
    if text[end] in "eE" and not problem:
        sign = end + 2 if text[end + 1] in "+-" else end + 1
        exponent = _digits_end(text, sign)
        problem = "expected exponent" if exponent == sign else ""
        end = exponent
    if text[end] in _LETTERS:
        problem = problem or "illegal number format"
        while text[end] in _WORD:
            end += 1
    if not problem:
        return tokens.add("number", at, end)
    tokens.faults.append(
        Fault(at, end, problem, "a number is written as in JSON: 10, 0.5, 1e3")
    )
    return tokens.add("illegal", at, end)


def _digits_end(text: str, at: int) -> int:
    while text[at] in _DIGITS:
        at += 1
    return at


def _lex_in_template(tokens: Tokens, at: int, char: str) -> int:
    """Add punctuation inside a template's expression; its last `}` ends it."""
    state = tokens.templates[-1]
    quote, depth = str(state[0]), int(state[1])
    if char == "}" and depth == 0:
        tokens.add("close", at, at + 1)
        tokens.templates.pop()
        return _lex_template_text(tokens, at + 1, quote)
    state[1] = depth + (char == "{") - (char == "}")
    width = 2 if tokens.text[at : at + 2] in _PAIRS else 1
    return tokens.add(tokens.text[at : at + width], at, at + width)


def _lex_template_text(tokens: Tokens, at: int, quote: str) -> int:
    """Add literal text up to the next expression or the end of the template."""
    end = _template_text_end(tokens.text, at, quote)
    if end < 0:
        tokens.faults.append(
            Fault(at - 1, at, _UNTERMINATED, f"the template ends with {quote}")
        )
        stop = len(tokens.text) - 1 if quote == "`" else _line_end(tokens.text, at)
        return tokens.add("end", at, stop)
    if end > at:
        if quote == '"':
            _keep_string(tokens, at, at, end, template=True)
        else:
            tokens.strings[at] = decode_raw_template(tokens.text[at:end])
        tokens.add("text", at, end)
    if tokens.text[end] == quote:
        return tokens.add("end", end, end + 1)
    tokens.templates.append([quote, 0])
    return tokens.add("open", end, end + 1)


def _template_text_end(text: str, at: int, quote: str) -> int:
    """Return the offset of the `{` or the quote that ends literal text, -1 if none."""
    stop = len(text) - 1
    while at < stop:
        char = text[at]
        if char in ("{", quote):
            return at
        if char == "\n" and quote == '"':
            return -1
        if char == "\\" and (quote == '"' or text[at + 1] == "{"):
            at += 1
        at += 1
    return -1


_ADVICE = {
    "'": 'strings are written with double quotes: "..."',
    "!": "negation is written `not x`, and inequality `x != y`",
    "?": "Rego has no conditional operator: write two rules, or a rule with `else`",
    "$": 'a template string is written $"...{x}..."',
    "\u201c": 'this is a typographic quote: write "',
    "\u201d": 'this is a typographic quote: write "',
}


def _lex_illegal(tokens: Tokens, at: int, char: str) -> int:
    message = f"illegal {char} character" if char in "!$" else "illegal token"
    message = "illegal null character" if char == _END else message
    tokens.faults.append(Fault(at, at + 1, message, _ADVICE.get(char, "")))
    end = at + 1
    if char == "'":
        closing = tokens.text.find("'", end, _line_end(tokens.text, end))
        end = closing + 1 if closing > 0 else end
    return tokens.add("illegal", at, end)
