"""OFFSET -> TEXT: a term as its author wrote it."""

from typing import Final

_OPENERS: Final = {"(": ")", "[": "]", "{": "}"}
_CLOSERS: Final = frozenset(_OPENERS.values())
_QUOTES: Final = frozenset('"`')
_ENDS: Final = frozenset(" \t\r\n,;:=!<>+*/%&|#")
_LONGEST: Final = 40


def word_at(text: str, at: int) -> int:
    """Return the length of the term without blanks outside brackets that begins at `at`.

    >>> word_at("x := count(input.xs) > 1", 5)
    15
    """
    end = at
    closing: list[str] = []
    while end < len(text) and text[end] != "\n":
        char = text[end]
        if char in _QUOTES:
            end = _string_end(text, end)
            continue
        if char in _OPENERS:
            closing.append(_OPENERS[char])
        elif char in _CLOSERS:
            if not closing or closing.pop() != char:
                break
        elif not closing and char in _ENDS:
            break
        end += 1
    return max(1, end - at)


def _string_end(text: str, at: int) -> int:
    """Return the offset just past the string that begins at `at`, or its line's end."""
    quote, end = text[at], at + 1
    while end < len(text) and text[end] not in (quote, "\n"):
        end += 2 if quote == '"' and text[end] == "\\" else 1
    return (
        min(len(text), end + 1) if text[end : end + 1] == quote else min(end, len(text))
    )


def head_at(text: str, at: int) -> str:
    """Return the call, comprehension or literal at `at` without the steps behind it.

    >>> head_at("x := split(a, b)[0].c", 5)
    'split(a, b)'
    """
    end = at
    while end < len(text) and (text[end].isalnum() or text[end] in "_."):
        end += 1
    if text[end : end + 1] in _QUOTES:
        return text[at : _string_end(text, end)]
    if text[end : end + 1] in _OPENERS:
        end += 1 + len(_inside(text, end + 1)) + 1
    word = text[at:end]
    return word if len(word) <= _LONGEST else f"{word[:_LONGEST]}..."


def step_at(text: str, at: int) -> str:
    """Return what stands between `at` and the bracket that closes the step there."""
    return _inside(text, at).strip()


def _inside(text: str, at: int) -> str:
    end, depth = at, 0
    while end < len(text) and text[end] != "\n":
        depth += (text[end] in _OPENERS) - (text[end] in _CLOSERS)
        if depth < 0:
            break
        end = _string_end(text, end) if text[end] in _QUOTES else end + 1
    return text[at:end]
