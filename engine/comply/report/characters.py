"""Characters that a document may hold but a terminal must not get to see."""

from typing import Final

_NAMED: Final = {"\n": "\n", "\t": "    ", "\r": ""}

_DIRECTIONS: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e")
_ISOLATES: Final = frozenset("\u2066\u2067\u2068\u2069")


def visible(text: str) -> str:
    r"""Return `text` with control characters and text directions written out.

    A document from a pull request could otherwise move the cursor, change colours or
    show words in another order than they are in.

    >>> visible("a\x1b[31mb\tc")
    'a\\x1b[31mb    c'
    """
    if text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def one_line(text: str) -> str:
    r"""Return `text` as `visible` does, on one line.

    >>> one_line("a\n  b")
    'a b'
    """
    return " ".join(visible(text).split())


def _shown(character: str) -> str:
    if character in _NAMED:
        return _NAMED[character]
    code = ord(character)
    if code < 32 or 127 <= code < 160:
        return f"\\x{code:02x}"
    if character in _DIRECTIONS or character in _ISOLATES:
        return f"\\u{code:04x}"
    return character
