"""TEXT -> TOKENS: the lexical level of Go's template language.

https://pkg.go.dev/text/template. Between `{{` and `}}` there are words, numbers,
strings and marks; outside there is text, trimmed where a dash asks for it.
"""

from typing import Final

from comply.classes import dataclass
from comply.plan.builtins.failure import BuiltinError

_SPACES: Final = " \t\r\n"
_DEEPEST: Final = 100
_MARKS: Final = "|(),"
_ESCAPES: Final = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
    "\\": "\\", "'": "'", '"': '"',
}  # fmt: skip
_HEX_LENGTHS: Final = {"x": 2, "u": 4, "U": 8}


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a template: `text` outside actions, other kinds inside.

    Kinds: text, open, close, space, word, field, variable, dot, number, string,
    character, and the marks `| ( ) , := =`, whose kind is themselves.
    """

    kind: str
    text: str
    at: int


def template_error(source: str, at: int, problem: str) -> BuiltinError:
    """Return the error of a template that does not parse, with its line."""
    line = source.count("\n", 0, at) + 1
    return BuiltinError(f"template: template:{line}: {problem}")


def tokenize(source: str) -> list[Token]:
    """Return the tokens of a template.

    Raises:
        BuiltinError: if an action, a comment or a string has no end, or a character
            has no meaning.

    >>> [t.kind for t in tokenize("a{{.b | len}}")]
    ['text', 'open', 'field', 'space', '|', 'space', 'word', 'close']
    """
    tokens: list[Token] = []
    at, trim = 0, False
    while at < len(source):
        start = source.find("{{", at)
        text = source[at : start if start >= 0 else len(source)]
        if trim:
            text = text.lstrip(_SPACES)
        opens_trimmed = start >= 0 and _is_trim(source, start + 2)
        if opens_trimmed:
            text = text.rstrip(_SPACES)
        if text:
            tokens.append(Token("text", text, at))
        if start < 0:
            break
        inside = start + 2 + 2 * opens_trimmed
        if source.startswith("/*", inside):
            at, trim = _comment(source, inside)
        else:
            tokens.append(Token("open", "{{", start))
            at, trim = _action(source, inside, tokens)
    return tokens


def _is_trim(source: str, at: int) -> bool:
    after = source[at + 1 : at + 2]
    return source.startswith("-", at) and after != "" and after in _SPACES


def _closing(source: str, at: int) -> tuple[int, bool] | None:
    """Return where an action that closes at `at` ends, and whether it trims."""
    if source.startswith("}}", at):
        return at + 2, False
    blank = source[at : at + 1]
    if blank and blank in _SPACES and source.startswith("-}}", at + 1):
        return at + 4, True
    return None


def _comment(source: str, at: int) -> tuple[int, bool]:
    end = source.find("*/", at)
    if end < 0:
        raise template_error(source, at, "unclosed comment")
    closing = _closing(source, end + 2)
    if closing is None:
        raise template_error(source, at, "comment ends before closing delimiter")
    return closing


def _action(source: str, at: int, tokens: list[Token]) -> tuple[int, bool]:
    """Add the tokens of one action; return where it ends and whether it trims."""
    depth = 0
    while True:
        closing = _closing(source, at)
        if closing is not None:
            if depth:
                raise template_error(source, at, "unclosed left paren")
            tokens.append(Token("close", "}}", at))
            return closing
        if at >= len(source):
            raise template_error(source, at, "unclosed action")
        token = _token(source, at)
        depth += (token.kind == "(") - (token.kind == ")")
        if depth < 0:
            raise template_error(source, at, "unexpected right paren")
        if depth > _DEEPEST:
            problem = f"more than {_DEEPEST} parentheses within each other"
            raise template_error(source, at, problem)
        tokens.append(token)
        at += len(token.text)


def _token(source: str, at: int) -> Token:
    """Return the token at `at`, inside an action."""
    char = source[at]
    following = source[at + 1 : at + 2]
    if char in _SPACES:
        return Token("space", source[at : _span(source, at, _SPACES)], at)
    if char == ":":
        if following != "=":
            raise template_error(source, at, "expected :=")
        return Token(":=", ":=", at)
    if char in _MARKS or char == "=":
        return Token(char, char, at)
    if char in "\"`'":
        return _quoted(source, at)
    if char.isdigit() or char in "+-" or (char == "." and following.isdigit()):
        return _number(source, at)
    if char in ".$" or _is_word(char):
        return _name(source, at)
    raise template_error(source, at, f'unexpected "{char}" in command')


def _span(source: str, at: int, members: str) -> int:
    while at < len(source) and source[at] in members:
        at += 1
    return at


def _is_word(char: str) -> bool:
    return char == "_" or char.isalpha() or char.isdecimal()


def _name(source: str, at: int) -> Token:
    """Return a word, a `.field`, a `$variable`, or a lone dot or dollar."""
    end = at + (source[at] in ".$")
    while end < len(source) and _is_word(source[end]):
        end += 1
    text = source[at:end]
    if text == ".":
        return Token("dot", text, at)
    kind = {".": "field", "$": "variable"}.get(text[0], "word")
    return Token(kind, text, at)


def _number(source: str, at: int) -> Token:
    end = at + 1
    while end < len(source) and (_is_word(source[end]) or source[end] in ".+-"):
        signed = source[end] in "+-"
        if signed and source[end - 1] not in "eEpP":
            break
        end += 1
    text = source[at:end]
    if end < len(source) and source[end] in "+-" and not _closing(source, end - 1):
        raise template_error(source, at, f'bad number syntax: "{text}{source[end]}"')
    return Token("number", text, at)


def _quoted(source: str, at: int) -> Token:
    quote, end = source[at], at + 1
    kind = "character" if quote == "'" else "string"
    while end < len(source) and source[end] != quote:
        if source[end] == "\n" and quote != "`":
            break
        end += 2 if source[end] == "\\" and quote != "`" else 1
    if end >= len(source) or source[end] != quote:
        name = {"'": "character constant", '"': "quoted string"}
        raise template_error(
            source, at, f"unterminated {name.get(quote, 'raw quoted string')}"
        )
    return Token(kind, source[at : end + 1], at)


def unquote(literal: str) -> str | None:
    r"""Return what a string or character literal of Go stands for, None if malformed.

    >>> unquote('"a\\n\\x41"'), unquote("`a\\n`"), unquote('"\\q"') is None
    ('a\nA', 'a\\n', True)
    """
    body = literal[1:-1]
    if literal[0] == "`":
        return body.replace("\r", "")
    out: list[str] = []
    at = 0
    while at < len(body):
        if body[at] != "\\":
            out.append(body[at])
            at += 1
            continue
        escape = _unescape(body, at + 1)
        if escape is None:
            return None
        char, at = escape
        out.append(char)
    return "".join(out)


def _unescape(body: str, at: int) -> tuple[str, int] | None:
    """Return the character of the escape whose backslash is before `at`."""
    char = body[at : at + 1]
    if char in _ESCAPES:
        return _ESCAPES[char], at + 1
    length, base, start = _HEX_LENGTHS.get(char, 3), 16, at + 1
    if char not in _HEX_LENGTHS:
        base, start = 8, at
    digits = body[start : start + length]
    try:
        return chr(int(digits, base)), start + length
    except (ValueError, OverflowError):
        return None
