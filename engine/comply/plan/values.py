"""Rego values on Python's: what differs, in one place.

A value is what a JSON reader gives (dict, list, str, int, float, bool, None), a
`Decimal` for a number that no float holds, or a `RegoSet`. Python and Rego disagree on
`True == 1`, on sets and on composite object keys, so members of sets and keys of
objects are *keys*: `freeze(value)`, hashable, equal exactly when Rego says so. The key
of a string, a number or null is itself, hence JSON objects are used as they are.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import cmp_to_key
from json import dumps
from typing import Any, Final, Literal, Self, TypeAlias

Value: TypeAlias = Any
Key: TypeAlias = Any


class Undefined:
    """The type of UNDEFINED: no value, which is neither false nor null."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNDEFINED"

    def __bool__(self) -> Literal[False]:
        return False


UNDEFINED: Final = Undefined()


class BooleanKey:
    """The key of a boolean: unlike `True`, it does not equal 1."""

    __slots__ = ("value",)

    def __init__(self, value: bool) -> None:  # noqa: FBT001  (it is one)
        self.value = value

    def __repr__(self) -> str:
        return f"BooleanKey({self.value})"


TRUE: Final = BooleanKey(True)  # noqa: FBT003
FALSE: Final = BooleanKey(False)  # noqa: FBT003
_OBJECT: Final = BooleanKey(False)  # noqa: FBT003  (a tag no array can hold)


class NumberLiteral(float):
    """A number that prints as its author wrote it (`1e3`, `1.50`)."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> Self:
        """Return the number that `text` writes."""
        self = super().__new__(cls, text)
        self.text = text
        return self


class RegoSet:
    """A set of values: `members` maps each member's key to the member."""

    __slots__ = ("_ordered", "members")

    def __init__(self, values: Iterable[Value] = ()) -> None:
        self.members: dict[Key, Value] = {freeze(v): v for v in values}
        self._ordered: list[Value] | None = None

    @classmethod
    def of(cls, members: dict[Key, Value]) -> "RegoSet":
        """Return the set that owns `members`, a dict of key to member."""
        self = cls.__new__(cls)
        self.members = members
        self._ordered = None
        return self

    def ordered(self) -> list[Value]:
        """Return the members in Rego's order."""
        if self._ordered is None or len(self._ordered) != len(self.members):
            self._ordered = sort(self.members.values())
        return self._ordered

    def __iter__(self) -> Iterator[Value]:
        return iter(self.members.values())

    def __len__(self) -> int:
        return len(self.members)

    def __contains__(self, value: Value) -> bool:
        return freeze(value) in self.members

    def __getitem__(self, key: Key) -> Value:
        return self.members[key]

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, RegoSet) and self.members.keys() == other.members.keys()
        )

    def __hash__(self) -> int:
        return hash(frozenset(self.members))

    def __repr__(self) -> str:
        return f"RegoSet({self.ordered()!r})"


def freeze(value: Value) -> Key:
    """Return the key of `value`.

    >>> freeze("a"), freeze([1, ["b"]])
    ('a', (1, ('b',)))
    >>> freeze(True) == freeze(1)
    False
    """
    kind = type(value)
    if kind is str or kind is int or value is None:
        return value
    if kind is bool:
        return TRUE if value else FALSE
    if kind is list or kind is tuple:
        return tuple([freeze(v) for v in value])
    if kind is dict:
        return (_OBJECT, frozenset([(k, freeze(v)) for k, v in value.items()]))
    if kind is RegoSet:
        return frozenset(value.members)
    return value


def thaw(key: Key) -> Value:
    """Return the value that `key` is the key of.

    >>> thaw(freeze([True, {"a": None}]))
    [True, {'a': None}]
    """
    kind = type(key)
    if kind is tuple:
        if len(key) == 2 and key[0] is _OBJECT:
            return {k: thaw(v) for k, v in key[1]}
        return [thaw(k) for k in key]
    if kind is BooleanKey:
        return key.value
    if kind is frozenset:
        return RegoSet.of({k: thaw(k) for k in key})
    return key


def equal(a: Value, b: Value) -> bool:
    """Tell whether Rego's `==` holds of two values."""
    kind = type(a)
    if kind is str or a is None:
        return bool(a == b)
    if kind is bool or type(b) is bool:
        return a is b
    if kind is list:
        return (
            type(b) is list and len(a) == len(b) and (a is b or all(map(equal, a, b)))
        )
    if kind is dict:
        if type(b) is not dict or len(a) != len(b):
            return False
        return a is b or all(k in b and equal(v, b[k]) for k, v in a.items())
    return bool(a == b)


_RANKS: Final = {
    type(None): 0,
    bool: 1,
    int: 2,
    float: 2,
    NumberLiteral: 2,
    Decimal: 2,
    str: 3,
    list: 4,
    dict: 5,
    RegoSet: 6,
}


def compare(a: Value, b: Value) -> int:
    """Return -1, 0 or 1: Rego's total order.

    null < boolean < number < string < array < object < set.
    """
    rank = _RANKS[type(a)]
    other = _RANKS[type(b)]
    if rank != other:
        return -1 if rank < other else 1
    if rank == 4:
        return _compare_lists(a, b)
    if rank == 5:
        return _compare_objects(a, b)
    if rank == 6:
        return _compare_lists(a.ordered(), b.ordered())
    if rank == 0:
        return 0
    if rank == 3:
        a, b = _code_units(a), _code_units(b)
    return int(a > b) - int(a < b)


def _code_units(text: str) -> bytes:
    """Return what OPA compares strings by: their UTF-8."""
    return text.encode("utf-8", "surrogatepass")


def _compare_lists(a: list[Value], b: list[Value]) -> int:
    for x, y in zip(a, b, strict=False):
        if order := compare(x, y):
            return order
    return (len(a) > len(b)) - (len(a) < len(b))


def _compare_objects(a: dict[Key, Value], b: dict[Key, Value]) -> int:
    for (j, x), (k, y) in zip(ordered_items(a), ordered_items(b), strict=False):
        if order := compare(j, k) or compare(x, y):
            return order
    return (len(a) > len(b)) - (len(a) < len(b))


sort_key: Final = cmp_to_key(compare)


def sort(values: Iterable[Value]) -> list[Value]:
    """Return `values` in Rego's order."""
    items = list(values)
    kinds = set(map(type, items))
    if kinds <= {str} or kinds <= _NUMBERS:
        return sorted(items)
    return sorted(items, key=sort_key)


def ordered_items(value: dict[Key, Value]) -> list[tuple[Value, Value]]:
    """Return the (thawed key, value) pairs of an object in Rego's order of keys."""
    if all(type(k) is str for k in value):
        return sorted(value.items(), key=lambda item: item[0])
    pairs = [(thaw(k), v) for k, v in value.items()]
    return sorted(pairs, key=lambda item: sort_key(item[0]))


_NAMES: Final = {
    type(None): "null",
    bool: "boolean",
    int: "number",
    float: "number",
    NumberLiteral: "number",
    Decimal: "number",
    str: "string",
    list: "array",
    dict: "object",
    RegoSet: "set",
}


def type_name(value: Value) -> str:
    """Return Rego's name of a value's type."""
    return _NAMES[type(value)]


def is_number(value: Value) -> bool:
    """Tell whether a value is a number; booleans are not."""
    return type(value) in _NUMBERS


_NUMBERS: Final = frozenset({int, float, NumberLiteral, Decimal})


def to_json(value: Value) -> Value:
    """Return a value of JSON's types; sets become sorted lists.

    Keys that are no strings print as OPA prints them: `json.Marshal` of the key.
    """
    kind = type(value)
    if kind is list:
        return [to_json(v) for v in value]
    if kind is dict:
        return {_json_key(k): to_json(v) for k, v in value.items()}
    if kind is RegoSet:
        return [to_json(v) for v in value.ordered()]
    if kind is Decimal:
        number = float(value)
        return number if abs(number) != float("inf") else int(value)
    return value


def _json_key(key: Key) -> str:
    if type(key) is str:
        return key
    return dumps(to_json(thaw(key)), separators=(",", ":"), sort_keys=True)


def show(value: Value) -> str:
    """Return a value as Rego writes it: `{"a": 1}`, `{1, 2}`, `set()`.

    >>> show([1, "a", True, None, {"b": 1.5}])
    '[1, "a", true, null, {"b": 1.5}]'
    """
    kind = type(value)
    if kind is str:
        return quote(value)
    if value is None:
        return "null"
    if kind is bool:
        return "true" if value else "false"
    if kind is list:
        return "[" + ", ".join([show(v) for v in value]) + "]"
    if kind is dict:
        pairs = [f"{show(k)}: {show(v)}" for k, v in ordered_items(value)]
        return "{" + ", ".join(pairs) + "}"
    if kind is RegoSet:
        inner = ", ".join([show(v) for v in value.ordered()])
        return "{" + inner + "}" if inner else "set()"
    return number_text(value)


_ESCAPES: Final = {
    '"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t",
    "\b": "\\b", "\f": "\\f", "\a": "\\a", "\v": "\\v",
}  # fmt: skip
_COMMON: Final = (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"))


def quote(text: str) -> str:
    r"""Return a string between quotes as OPA prints it: Go's `strconv.Quote`.

    Letters beyond ASCII stay; what does not print becomes an escape. A lone surrogate
    is a byte that was no UTF-8 (PEP 383), or none at all.

    >>> print(quote('a"é\x01\u2028'))
    "a\"é\x01\u2028"
    """
    escaped = text
    for char, escape in _COMMON:
        escaped = escaped.replace(char, escape)
    if escaped.isprintable():
        return f'"{escaped}"'
    return '"' + "".join([_ESCAPES.get(c) or _escape(c) for c in text]) + '"'


def _escape(char: str) -> str:
    if char.isprintable():
        return char
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if 0xD800 <= code <= 0xDFFF:
        return "\ufffd"
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def number_text(value: float | Decimal) -> str:
    """Return a number as its author wrote it, or as Go prints what was computed.

    >>> number_text(10), number_text(0.5), number_text(NumberLiteral("1e3"))
    ('10', '0.5', '1e3')
    >>> number_text(Decimal("1234567.3333333333333")), number_text(Decimal("2e308"))
    ('1.2345673333333333333e+06', '2e308')
    """
    if isinstance(value, NumberLiteral):
        return value.text
    if isinstance(value, Decimal):
        # Only a literal is as large as to need a positive exponent.
        text = str(value)
        return text.replace("E+", "e") if "E+" in text else general(value)
    try:
        return str(value)
    except ValueError:
        # `str` refuses an integer of thousands of digits; a Decimal prints any.
        return format(Decimal(value), "f")


def general(value: float | Decimal) -> str:
    """Return a number as Go's format `g` with the fewest digits prints it.

    >>> general(100000.0), general(1234567.5), general(0.00001)
    ('100000', '1.2345675e+06', '1e-05')
    """
    negative, numerals, exponent = Decimal(str(value)).as_tuple()
    if not isinstance(exponent, int):
        return str(value)
    digits = "".join(map(str, numerals)).rstrip("0") or "0"
    point = len(numerals) + exponent if value else 1
    sign = "-" if negative else ""
    if not -4 < point <= 6:
        fraction = f".{digits[1:]}" if len(digits) > 1 else ""
        return f"{sign}{digits[0]}{fraction}e{point - 1:+03d}"
    if point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    whole = digits[:point].ljust(point, "0")
    return f"{sign}{whole}.{digits[point:]}" if digits[point:] else sign + whole
