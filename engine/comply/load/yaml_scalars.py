"""What a plain YAML scalar means to Kubernetes.

Kubernetes reads YAML with go-yaml 2, which follows YAML 1.1: `yes`, `on` and `y` are
true, `010` is eight, and a date stays the text it is. The value is then written as
JSON, so `1.0` is 1, and keys become strings.

https://github.com/kubernetes-sigs/yaml and https://yaml.org/type/
"""

from math import isfinite
from typing import Any, Final

from comply.plan.values import Value

_WORDS: Final[dict[str, Any]] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "off", "Off", "OFF"), False),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **dict.fromkeys((".inf", ".Inf", ".INF"), float("inf")),
    **dict.fromkeys(("+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
}

_BASES: Final = {"0b": 2, "0B": 2, "0o": 8, "0O": 8, "0x": 16, "0X": 16}


def plain(text: str) -> Value:
    """Return what an unquoted scalar means: a string, number, boolean or null.

    >>> [plain(t) for t in ("yes", "010", "1_000", "1.50", "2024-01-01", "1:30", "~")]
    [True, 8, 1000, 1.5, '2024-01-01', '1:30', None]
    """
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789" or not text.isascii():
        return text
    digits = text if text[0] == "." else text.replace("_", "")
    number: float | None = _integer(digits)
    if number is None:
        number = _float(digits)
    return text if number is None else number


def key_text(key: Value) -> str | None:
    """Return the string that a resolved key becomes, or None if it may not be one.

    >>> [key_text(k) for k in (True, 8, 1.5, None)]
    ['true', '8', '1.5', None]
    """
    match key:
        case str():
            return key
        case bool():
            return "true" if key else "false"
        case int():
            return str(key)
        case float():
            return repr(key) if isfinite(key) else None
        case _:
            return None


def _integer(text: str) -> int | None:
    sign = -1 if text[0] == "-" else 1
    digits = text[1:] if text[0] in "+-" else text
    base = _BASES.get(digits[:2], 10)
    if base != 10:
        digits = digits[2:]
    elif len(digits) > 1 and digits[0] == "0":
        base = 8
    if not digits or len(digits) > _MOST_DIGITS or not _DIGITS[base].issuperset(digits):
        return None
    return sign * int(digits, base)


_DIGITS: Final = {
    2: frozenset("01"),
    8: frozenset("01234567"),
    10: frozenset("0123456789"),
    16: frozenset("0123456789abcdefABCDEF"),
}
_MOST_DIGITS: Final = 4000
"""Beyond this Python takes quadratic time, or refuses; such a scalar stays text."""


def _float(text: str) -> float | None:
    """Return a decimal number; one that is whole is written as an integer in JSON."""
    if not _FLOAT.issuperset(text):
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    if not isfinite(value):
        return None
    return int(value) if value.is_integer() and abs(value) < 1e21 else value


_FLOAT: Final = frozenset("+-.0123456789eE")
