"""What strings and numbers in Rego text stand for.

Grammar: https://www.openpolicyagent.org/docs/policy-reference#grammar
"""

from decimal import Decimal, InvalidOperation

from comply.plan.values import NumberLiteral

_ESCAPES = {
    '"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r",
    "t": "\t",
}  # fmt: skip
_HEX = frozenset("0123456789abcdefABCDEF")
_REPLACEMENT = "\ufffd"
_INT_DIGITS = 4300  # Python's own limit for int(text)
_MOST_BITS = 100_000
_BITS_PER_DIGIT = 3.321928


class EscapeError(Exception):
    """An escape sequence that Rego does not have; `offset` counts from the text."""

    def __init__(self, offset: int, width: int) -> None:
        super().__init__(offset)
        self.offset = offset
        self.width = width


class NumberTooBigError(Exception):
    """A number whose exponent is beyond what OPA reads."""


def decode_string(text: str, *, template: bool = False) -> str:
    r"""Return the string that `text`, the part between the quotes, stands for.

    In a template `\{` is a brace. A lone surrogate becomes U+FFFD, as in JSON.

    Raises:
        EscapeError: an unknown or cut escape.

    >>> decode_string(r"a\tb \ud83d\ude00")
    'a\tb 😀'
    """
    at = text.find("\\")
    if at < 0:
        return text
    out: list[str] = []
    done = 0
    while at >= 0:
        out.append(text[done:at])
        char, width = _decode_escape(text, at, template=template)
        out.append(char)
        done = at + width
        at = text.find("\\", done)
    out.append(text[done:])
    return "".join(out)


def _decode_escape(text: str, at: int, *, template: bool) -> tuple[str, int]:
    """Return the character that the escape at `at` stands for, and its width."""
    letter = text[at + 1 : at + 2]
    if letter in _ESCAPES:
        return _ESCAPES[letter], 2
    if letter == "{" and template:
        return "{", 2
    if letter != "u":
        raise EscapeError(at, 2)
    unit = _code_unit(text, at)
    if unit is None:
        raise EscapeError(at, len(text[at : at + 6]))
    if not 0xD800 <= unit < 0xE000:
        return chr(unit), 6
    low = _code_unit(text, at + 6)
    if unit < 0xDC00 and low is not None and 0xDC00 <= low < 0xE000:
        return chr(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00)), 12
    return _REPLACEMENT, 6


def _code_unit(text: str, at: int) -> int | None:
    r"""Return the number in the `\uXXXX` at `at`, None if there is none."""
    digits = text[at + 2 : at + 6]
    if text[at : at + 2] != "\\u" or len(digits) != 4 or not _HEX.issuperset(digits):
        return None
    return int(digits, 16)


def decode_raw_template(text: str) -> str:
    r"""Return what literal text in a raw template stands for: only `\{` is special."""
    return text.replace("\\{", "{")


def decode_number(text: str) -> int | float | Decimal:
    """Return the number that `text` stands for, exactly, printing as it is written.

    Raises:
        NumberTooBigError: its binary exponent is beyond 100,000.

    >>> decode_number("10"), decode_number("0.5"), decode_number("1e3").text
    (10, 0.5, '1e3')
    """
    if text.isdecimal() and len(text) < 20:
        return int(text)
    try:
        exact = Decimal(text)
    except InvalidOperation:
        raise NumberTooBigError from None
    if exact and abs(exact.adjusted()) * _BITS_PER_DIGIT > _MOST_BITS:
        raise NumberTooBigError
    if exact and text.removeprefix("-").isdecimal() and len(text) < _INT_DIGITS:
        return int(text)
    number = float(text)
    printed = repr(number)
    if printed == text:
        return number
    if Decimal(printed) == exact:
        return NumberLiteral(text)
    return exact
