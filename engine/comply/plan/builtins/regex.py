"""Regular expressions: RE2, in time linear in the text.

https://www.openpolicyagent.org/docs/policy-reference/builtins/regex. What matches is
found as Go's package regexp finds it: no empty match right after another match.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import islice
from typing import Final

import re2

from comply.plan.builtins import operands
from comply.plan.builtins.failure import BuiltinError, operand_error
from comply.plan.builtins.glob_overlap import overlap
from comply.plan.builtins.octets import to_octets, to_text
from comply.plan.values import Value, quote

_MEMORY: Final = 64 << 20
_SHORT: Final = 200
_PROBLEMS: Final = {
    "invalid escape sequence": "invalid escape sequence",
    "invalid character class": "invalid character class",
    "invalid character class range": "invalid character class range",
    "missing ]": "missing closing ]",
    "missing )": "missing closing )",
    "unexpected )": "unexpected )",
    "trailing \\": "trailing backslash at end of expression",
    "no argument for repetition operator": "missing argument to repetition operator",
    "invalid repetition size": "invalid repeat count",
    "bad repetition operator": "invalid nested repetition operator",
    "invalid perl operator": "invalid or unsupported Perl syntax",
    "invalid UTF-8": "invalid UTF-8",
    "invalid named capture group": "invalid named capture",
    "pattern too large - compile failed": "expression too large",
}


@lru_cache(maxsize=4096)
def compiled(pattern: str) -> "re2._Regexp":
    """Return a compiled expression over bytes.

    Raises:
        BuiltinError: if the expression is malformed, in Go's words.

    >>> compiled("a(").search(b"a")
    Traceback (most recent call last):
    ...
    comply.plan.builtins.failure.BuiltinError: error parsing regexp: missing closing ): `a(`
    """
    if _has_byte_class(pattern):
        raise _malformed("invalid escape sequence", "\\C")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    try:
        return re2.compile(to_octets(pattern), options)
    except re2.error as error:
        raise _translated(error.args[0]) from None


def _has_byte_class(pattern: str) -> bool:
    r"""Tell whether a pattern holds `\C`, which RE2 takes and Go does not."""
    at = pattern.find("\\")
    while at >= 0:
        if pattern.startswith("\\C", at):
            return True
        if pattern.startswith("\\Q", at):
            at = pattern.find("\\E", at)
        at = pattern.find("\\", at + 2) if at >= 0 else -1
    return False


def _translated(problem: bytes | str) -> BuiltinError:
    """Return the error in Go's words for a problem in those of RE2."""
    text = problem if isinstance(problem, str) else to_text(problem)
    kind, _, where = text.partition(": ")
    return _malformed(_PROBLEMS.get(kind, kind), where)


def _malformed(problem: str, where: str) -> BuiltinError:
    return BuiltinError(f"error parsing regexp: {problem}: `{where}`")


def match(pattern: Value, text: Value) -> bool:
    """Tell whether an expression matches somewhere in a text.

    >>> match("^a.c$", "abc"), match("b", "abc"), match("^b", "abc")
    (True, True, False)
    """
    if type(pattern) is not str:
        raise operand_error(1, "string", pattern)
    if type(text) is not str:
        raise operand_error(2, "string", text)
    if len(text) > _SHORT:
        return compiled(pattern).search(to_octets(text)) is not None
    return _matches(pattern, text)


@lru_cache(maxsize=16_384)
def _matches(pattern: str, text: str) -> bool:
    """Tell what `match` does of a short text: names and images come again and again."""
    return compiled(pattern).search(to_octets(text)) is not None


def is_valid(pattern: Value) -> bool:
    """Tell whether a value is a well-formed expression.

    >>> is_valid("a+"), is_valid("a("), is_valid(1)
    (True, False, False)
    """
    if type(pattern) is not str:
        return False
    try:
        compiled(pattern)
    except BuiltinError:
        return False
    return True


def matches(pattern: str, octets: bytes) -> Iterator["re2._Match"]:
    """Yield the matches of an expression, left to right, as Go finds them.

    >>> [m.span() for m in matches("a*", b"baac")]
    [(0, 0), (1, 3), (4, 4)]
    """
    search = compiled(pattern).search
    at, last_end = 0, -1
    while at <= len(octets):
        found = search(octets, at)
        if found is None:
            return
        start, end = found.span()
        if end > at or start != last_end:
            yield found
        at = end if end > at else _after_character(octets, at)
        last_end = end


def _after_character(octets: bytes, at: int) -> int:
    """Return where the UTF-8 character at `at` ends."""
    at += 1
    while at < len(octets) and octets[at] & 0xC0 == 0x80:
        at += 1
    return at


def split(pattern: Value, text: Value) -> list[str]:
    """Return the parts of a text between the matches.

    >>> split("[,;]", "a,b;c"), split("", "ab"), split("x", "")
    (['a', 'b', 'c'], ['a', 'b'], [''])
    """
    expression = operands.string(pattern, 1)
    octets = to_octets(operands.string(text, 2))
    if not octets:
        compiled(expression)
        return [""] if expression else []
    parts: list[bytes] = []
    begin = end = 0
    for found in matches(expression, octets):
        end = found.start()
        if found.end():
            parts.append(octets[begin:end])
        begin = found.end()
    if end != len(octets):
        parts.append(octets[begin:])
    return [to_text(part) for part in parts]


def find_n(pattern: Value, text: Value, limit: Value) -> list[str]:
    """Return the first `limit` matches, all of them if it is negative.

    >>> find_n("[ab]", "cabb", 2), find_n("[ab]", "cabb", -1)
    (['a', 'b'], ['a', 'b', 'b'])
    """
    return [to_text(found.group()) for found in _first(pattern, text, limit)]


def find_groups_n(pattern: Value, text: Value, limit: Value) -> list[list[str]]:
    """Return of each of the first `limit` matches the whole and its groups.

    A group that took no part reads as the empty string.

    >>> find_groups_n("(a)(b)?", "aab", -1)
    [['a', 'a', ''], ['ab', 'a', 'b']]
    """
    expression, written = operands.string(pattern, 1), operands.string(text, 2)
    number = operands.integer(limit, 3)
    if len(written) > _SHORT:
        return [list(found) for found in _groups(expression, written, number)]
    return [list(found) for found in _known_groups(expression, written, number)]


def _groups(pattern: str, text: str, limit: int) -> tuple[tuple[str, ...], ...]:
    return tuple(
        tuple(to_text(group) for group in (found.group(), *found.groups(b"")))
        for found in _first(pattern, text, limit)
    )


@lru_cache(maxsize=8_192)
def _known_groups(pattern: str, text: str, limit: int) -> tuple[tuple[str, ...], ...]:
    """Return the groups in a short text: addresses of modules come again and again."""
    return _groups(pattern, text, limit)


def _first(pattern: Value, text: Value, limit: Value) -> Iterator["re2._Match"]:
    expression = operands.string(pattern, 1)
    octets = to_octets(operands.string(text, 2))
    number = operands.integer(limit, 3)
    compiled(expression)
    return islice(matches(expression, octets), number if number >= 0 else None)


def replace(text: Value, pattern: Value, value: Value) -> str:
    """Return a text with every match replaced; `$1`, `${name}` stand for groups.

    >>> replace("a-b", "(a)-(?P<x>b)", "${x}_$1"), replace("ab", "", "-")
    ('b_a', '-a-b-')
    """
    octets = to_octets(operands.string(text, 1))
    expression = operands.string(pattern, 2)
    pieces = _template(operands.string(value, 3))
    out: list[bytes] = []
    last = 0
    for found in matches(expression, octets):
        out += [octets[last : found.start()], _expand(pieces, found)]
        last = found.end()
    out.append(octets[last:])
    return to_text(b"".join(out))


def _expand(pieces: tuple[str | int | bytes, ...], found: "re2._Match") -> bytes:
    """Return a replacement: bytes are literal, the rest is a group's number or name."""
    out: list[bytes] = []
    for piece in pieces:
        if isinstance(piece, bytes):
            out.append(piece)
        else:
            out.append(_group(found, piece))
    return b"".join(out)


def _group(found: "re2._Match", name: str | int) -> bytes:
    names = found.re.groupindex
    number = name if isinstance(name, int) else names.get(to_octets(name), -1)
    if not 0 <= number <= found.re.groups:
        return b""
    group: bytes | None = found.group(number)
    return group or b""


@lru_cache(maxsize=1024)
def _template(value: str) -> tuple[str | int | bytes, ...]:
    """Return the parts of a replacement; a malformed `$` is literal."""
    first, *rest = value.split("$")
    out: list[str | int | bytes] = [to_octets(first)]
    escaped = False
    for index, part in enumerate(rest):
        if escaped:
            out.append(to_octets(part))
            escaped = False
        elif not part and index + 1 < len(rest):
            out.append(b"$")
            escaped = True
        else:
            out += _reference(part)
    return tuple(out)


def _reference(text: str) -> list[str | int | bytes]:
    """Return the group that a text after `$` begins with, and the text after it."""
    braced = text.startswith("{")
    start = end = int(braced)
    while end < len(text) and (text[end] == "_" or _is_letter_or_digit(text[end])):
        end += 1
    name = text[start:end]
    if not name or (braced and not text.startswith("}", end)):
        return [to_octets("$" + text)]
    return [_number_or_name(name), to_octets(text[end + braced :])]


def _is_letter_or_digit(char: str) -> bool:
    return char.isalpha() or char.isdecimal()


def _number_or_name(name: str) -> str | int:
    leading_zero = name.startswith("0") and len(name) > 1
    digits = name.isascii() and name.isdigit() and len(name) < 9
    return int(name) if digits and not leading_zero else name


def template_match(template: Value, text: Value, start: Value, end: Value) -> bool:
    """Tell whether a text matches a template: expressions stand between delimiters.

    >>> template_match("urn:{[a-z]+}:x", "urn:ab:x", "{", "}")
    True
    """
    for position, value in enumerate((template, text, start, end), 1):
        operands.string(value, position)
    if len(to_octets(start)) != 1:
        raise _delimiter("start", start)
    if len(to_octets(end)) != 1:
        # OPA tells the length of the other delimiter.
        raise _delimiter("end", start)
    return match(_template_pattern(template, start, end), text)


def _delimiter(which: str, value: str) -> BuiltinError:
    length = len(to_octets(value))
    return BuiltinError(
        f"{which} delimiter has to be exactly one character long but is {length} long"
    )


@lru_cache(maxsize=1024)
def _template_pattern(template: str, start: str, end: str) -> str:
    """Return the expression of a template: literal and inner parts in turn."""
    parts = _between(template, start, end)
    for inner in parts[1::2]:
        compiled(f"^{inner}$")
    body = [
        f"({part})" if index % 2 else re2.escape(part)
        for index, part in enumerate(parts)
    ]
    return "".join(["^", *body, "$"])


def _between(template: str, start: str, end: str) -> list[str]:
    """Return the text up to the first delimiter, that up to its partner, and so on."""
    parts: list[str] = []
    level = begin = 0
    for index, char in enumerate(template):
        change = 1 if char == start else -1 if char == end else 0
        if change and level + change in (0, 1) and level in (0, 1):
            parts.append(template[begin:index])
            begin = index + 1
        level += change
        if level < 0:
            break
    if level:
        raise BuiltinError(f"unbalanced braces in {quote(template)}")
    return [*parts, template[begin:]]


def globs_match(first: Value, second: Value) -> bool:
    """Tell whether some text matches both of two simple expressions.

    They know `.`, `[a-z]`, `*`, `+` and the backslash only.

    >>> globs_match("a.[0-9]+z", "[ab]x1*z"), globs_match("a+", "b*")
    (True, False)
    """
    return overlap(operands.string(first, 1), operands.string(second, 2))


BUILTINS: Final[dict[str, Callable[..., Value]]] = {
    "re_match": match,
    "regex.find_all_string_submatch_n": find_groups_n,
    "regex.find_n": find_n,
    "regex.globs_match": globs_match,
    "regex.is_valid": is_valid,
    "regex.match": match,
    "regex.replace": replace,
    "regex.split": split,
    "regex.template_match": template_match,
}
