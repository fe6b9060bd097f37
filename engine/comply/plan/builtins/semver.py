"""Semantic versions.

https://www.openpolicyagent.org/docs/policy-reference/builtins/semver, for the grammar
https://semver.org/spec/v2.0.0.html; a leading `v` is allowed, as in OPA.
"""

from collections.abc import Callable
from typing import Final, TypeAlias

from comply.plan.builtins.failure import BuiltinError, operand_error
from comply.plan.values import Value, quote

Version: TypeAlias = tuple[tuple[int, ...], list[str]]

_DIGITS: Final = frozenset("0123456789")
_LETTERS: Final = _DIGITS | frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-"
)
_INT64: Final = 2**63


def is_valid(value: Value) -> bool:
    """Tell whether a value is a string that holds a semantic version.

    >>> is_valid("1.2.3-rc.1+b"), is_valid("1.2"), is_valid(1)
    (True, False, False)
    """
    return type(value) is str and parse(value) is not None


def compare(a: Value, b: Value) -> int:
    """Return -1, 0 or 1: the precedence of two versions.

    >>> compare("1.0.0-rc.1", "1.0.0"), compare("v1.10.0", "1.9.0")
    (-1, 1)
    """
    for position, value in ((1, a), (2, b)):
        if type(value) is not str:
            raise operand_error(position, "string", value)
    (numbers, release), (others, other) = _version(a, 1), _version(b, 2)
    if numbers != others:
        return -1 if numbers < others else 1
    if not release or not other:
        return (not release) - (not other)
    x, y = [_rank(part) for part in release], [_rank(part) for part in other]
    return (x > y) - (x < y)


def parse(text: str) -> Version | None:
    """Return (numbers, pre-release parts), or None if `text` is no version.

    >>> parse("1.2.3-rc.1+build")
    ((1, 2, 3), ['rc', '1'])
    """
    core, plus, build = text.removeprefix("v").partition("+")
    core, dash, release = core.partition("-")
    if (plus and not _identifiers(build)) or (dash and not _identifiers(release)):
        return None
    numbers = core.split(".")
    parts = release.split(".") if dash else []
    if len(numbers) != 3 or not all(map(_is_number, numbers)):
        return None
    if any(_DIGITS.issuperset(p) and p.startswith("0") and p != "0" for p in parts):
        return None
    return tuple(int(n) for n in numbers), parts


def _is_number(text: str) -> bool:
    if not text or not _DIGITS.issuperset(text) or len(text) > 19:
        return False
    return (text == "0" or text[0] != "0") and int(text) < _INT64


def _identifiers(text: str) -> bool:
    return all(part and _LETTERS.issuperset(part) for part in text.split("."))


def _rank(part: str) -> tuple[int, int, str]:
    """Return the key of a pre-release part: numbers first, by value, then text.

    A number is compared by its length and digits: it may be of any size.
    """
    if _DIGITS.issuperset(part):
        return 0, len(part), part
    return 1, 0, part


def _version(text: str, position: int) -> Version:
    version = parse(text)
    if version is None:
        raise BuiltinError(
            f"operand {position}: string {quote(text)} is not a valid SemVer"
        )
    return version


BUILTINS: Final[dict[str, Callable[..., Value]]] = {
    "semver.compare": compare,
    "semver.is_valid": is_valid,
}
