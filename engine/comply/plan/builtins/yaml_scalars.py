"""PLAIN SCALAR -> VALUE: YAML 1.2's words, and 1.1's numbers, as OPA's library has it."""

from math import isfinite
from typing import Final

import re2

from comply.plan.builtins.failure import BuiltinError
from comply.plan.builtins.float_text import json_float_text
from comply.plan.builtins.json_text import read_number
from comply.plan.values import Value

_FLOAT: Final = re2.compile(
    r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$"
)
_TIME: Final = re2.compile(
    r"^\d{4}-\d\d?-\d\d?(?:(?:[Tt]|[ ])\d\d?:\d\d?:\d\d?(?:\.\d+)?(?:Z|[-+]\d\d:\d\d)?)?$"
)
_WORDS: Final[dict[str, Value]] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True,
    "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_INFINITIES: Final = {
    ".nan": "NaN", ".NaN": "NaN", ".NAN": "NaN",
    ".inf": "+Inf", ".Inf": "+Inf", ".INF": "+Inf",
    "+.inf": "+Inf", "+.Inf": "+Inf", "+.INF": "+Inf",
    "-.inf": "-Inf", "-.Inf": "-Inf", "-.INF": "-Inf",
}  # fmt: skip
_SEXAGESIMAL: Final = re2.compile(r"^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$")
_OLD_BOOLEANS: Final = frozenset(
    ("y", "Y", "yes", "Yes", "YES", "on", "On", "ON",
     "n", "N", "no", "No", "NO", "off", "Off", "OFF")
)  # fmt: skip


def resolve(text: str) -> Value:
    """Return what a plain scalar means: YAML 1.2's words, and 1.1's numbers.

    Raises:
        BuiltinError: if it is no JSON: infinite or not a number.

    >>> resolve("010"), resolve("1_000"), resolve("True"), resolve("yes")
    (8, 1000, True, 'yes')
    """
    if text in _WORDS:
        return _WORDS[text]
    if text in _INFINITIES:
        raise BuiltinError(f"json: unsupported value: {_INFINITIES[text]}")
    if text[0] not in "+-.0123456789":
        return text
    plain = text.replace("_", "")
    integer = _integer(plain)
    if integer is not None and -(2**63) <= integer < 2**64:
        return integer
    if _FLOAT.match(plain):
        value = float(plain)
        return _float(value) if isfinite(value) else text
    return text


def _integer(text: str) -> int | None:
    """Return the integer Go's base 0 reads: 0x, 0b, 0o, and 0 for octal."""
    digits = text.lstrip("+-").lower()
    if len(text) - len(digits) > 1 or not digits:
        return None
    base = _BASES.get(digits[:2])
    if base is None:
        base = 8 if digits[0] == "0" and len(digits) > 1 else 10
        body = digits
    else:
        body = digits[2:]
    if not body.isascii() or not body.isalnum():
        return None
    try:
        value = int(body, base)
    except ValueError:
        return None
    return -value if text[0] == "-" else value


_BASES: Final = {"0x": 16, "0b": 2, "0o": 8}


def _float(value: float) -> Value:
    text = json_float_text(value)
    return int(text) if text.lstrip("-").isdigit() else read_number(text)


def is_timestamp(text: str) -> bool:
    """Tell whether a plain scalar is a date, or a date and time.

    >>> is_timestamp("2020-1-1"), is_timestamp("2020-01-01T00:00:00Z")
    (True, True)
    """
    return bool(_TIME.match(text))


def reads_as_itself(text: str) -> bool:
    """Tell whether every reader takes the plain scalar `text` for a string.

    >>> reads_as_itself("a"), reads_as_itself("yes"), reads_as_itself("12:30:45")
    (True, False, False)
    """
    if text in _OLD_BOOLEANS or text in _INFINITIES or text in _WORDS:
        return False
    if _SEXAGESIMAL.match(text) or _TIME.match(text):
        return False
    return type(resolve(text)) is str
