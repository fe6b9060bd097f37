"""The functions of Go's template language, and how it prints and compares.

https://pkg.go.dev/text/template#hdr-Functions. Values are those of JSON, with a
`Numeral` for a number that was read, and int or float for one that was computed.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, TypeAlias
from urllib.parse import quote_plus

from comply.plan.builtins.go_format import format_text
from comply.plan.builtins.octets import to_octets, to_text
from comply.plan.values import general

# Any value of the template language.
Datum: TypeAlias = Any
Values: TypeAlias = Sequence[Datum]


class Numeral(str):
    """A number as its author wrote it: to a template, a kind of string."""

    __slots__ = ()
    go_type = "json.Number"


class Missing:
    """The type of MISSING: what a key that is not there reads as."""

    __slots__ = ()


MISSING: Final = Missing()


class TemplateError(Exception):
    """What a command of a template did wrong, without its place."""


def display(value: Datum) -> str:
    """Return a value as Go's `%v` prints it.

    >>> display([None, True, {"b": 1.5, "a": Numeral("1e3")}])
    '[<nil> true map[a:1e3 b:1.5]]'
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return general(value)
    if isinstance(value, list):
        return f"[{' '.join(map(display, value))}]"
    if isinstance(value, dict):
        pairs = [f"{key}:{display(value[key])}" for key in sorted(value)]
        return f"map[{' '.join(pairs)}]"
    if value is MISSING:
        return "<no value>"
    return "<nil>" if value is None else str(value)


def is_true(value: Datum) -> bool:
    """Tell whether a value is neither empty, nor zero, nor nothing.

    >>> is_true(Numeral("0")), is_true(0), is_true([])
    (True, False, False)
    """
    return value is not MISSING and bool(value)


def _both(values: Iterator[Datum]) -> Datum:
    """Return the first value that is not true, or else the last."""
    last = _at_least_one(values, "and")
    while is_true(last):
        following = next(values, MISSING)
        if following is MISSING:
            break
        last = following
    return last


def _either(values: Iterator[Datum]) -> Datum:
    """Return the first value that is true, or else the last."""
    last = _at_least_one(values, "or")
    for value in values:
        if is_true(last):
            break
        last = value
    return last


def _at_least_one(values: Iterator[Datum], name: str) -> Datum:
    for value in values:
        return value
    raise TemplateError(f"wrong number of args for {name}: want at least 1 got 0")


def _exactly_one(values: Values, name: str) -> Datum:
    if len(values) != 1:
        problem = f"wrong number of args for {name}: want 1 got {len(values)}"
        raise TemplateError(problem)
    return values[0]


def _not(values: Values) -> bool:
    return not is_true(_exactly_one(values, "not"))


def _len(values: Values) -> int:
    value = _exactly_one(values, "len")
    if isinstance(value, str):
        return len(to_octets(value))
    if isinstance(value, (list, dict)):
        return len(value)
    if value is None or value is MISSING:
        problem = "reflect: call of reflect.Value.Type on zero Value"
        raise TemplateError(f"error calling len: {problem}")
    raise TemplateError(f"error calling len: len of type {_type(value)}")


def _type(value: Datum) -> str:
    names = {
        Numeral: "json.Number",
        str: "string",
        bool: "bool",
        int: "int",
        float: "float64",
        list: "[]interface {}",
        dict: "map[string]interface {}",
    }
    return names.get(type(value), "<nil>")


def _index(values: Values) -> Datum:
    """Return what is at a path of keys and indices."""
    if not values:
        raise TemplateError("wrong number of args for index: want at least 1 got 0")
    value, *keys = values
    if value is None or value is MISSING:
        raise TemplateError("error calling index: index of untyped nil")
    for key in keys:
        value = _element(value, key)
    return value


def _element(value: Datum, key: Datum) -> Datum:
    if isinstance(value, dict):
        if type(key) is not str:
            problem = f"value has type {_type(key)}; should be string"
            raise TemplateError(f"error calling index: {problem}")
        return value.get(key, MISSING)
    if isinstance(value, (list, str)):
        items = to_octets(value) if isinstance(value, str) else value
        return items[_position(key, len(items) - 1, "index")]
    raise TemplateError(f"error calling index: can't index item of type {_type(value)}")


def _position(key: Datum, last: int, name: str) -> int:
    if type(key) is not int:
        problem = f"cannot index slice/array with type {_type(key)}"
        raise TemplateError(f"error calling {name}: {problem}")
    if not 0 <= key <= last:
        raise TemplateError(f"error calling {name}: index out of range: {key}")
    return key


def _slice(values: Values) -> Datum:
    """Return a part of a string or a list: from, and up to, the indices given."""
    if not values:
        raise TemplateError("wrong number of args for slice: want at least 1 got 0")
    value, *keys = values
    if not isinstance(value, (list, str)) or len(keys) > 3:
        problem = f"can't slice item of type {_type(value)}"
        raise TemplateError(f"error calling slice: {problem}")
    items = to_octets(value) if isinstance(value, str) else value
    bounds = [_position(key, len(items), "slice") for key in keys]
    start, stop = (*bounds, *(0, len(items))[len(bounds) :])[:2]
    if start > stop:
        problem = f"invalid slice index: {start} > {stop}"
        raise TemplateError(f"error calling slice: {problem}")
    part = items[start:stop]
    return to_text(part) if isinstance(part, bytes) else part


def _print(values: Values) -> str:
    """Return the values as Go prints them: a space between two that are no strings."""
    out: list[str] = []
    for i, value in enumerate(values):
        plain = not isinstance(value, str)
        if i and plain and not isinstance(values[i - 1], str):
            out.append(" ")
        out.append(_nil(value))
    return "".join(out)


def _nil(value: Datum) -> str:
    return "<nil>" if value is MISSING else display(value)


def _println(values: Values) -> str:
    return " ".join(map(_nil, values)) + "\n"


def _printf(values: Values) -> str:
    if not values:
        raise TemplateError("wrong number of args for printf: want at least 1 got 0")
    template, *rest = values
    if type(template) is not str:
        problem = f"expected string; found {display(template)}"
        if isinstance(template, Numeral):
            problem = "wrong type for value; expected string; got json.Number"
        raise TemplateError(problem)
    plain = (int, float, str)
    return format_text(template, [v if isinstance(v, plain) else _nil(v) for v in rest])


def _text(values: Values) -> str:
    """Return what an escaping function escapes."""
    if len(values) == 1:
        return "<no value>" if values[0] is None else display(values[0])
    return _print(values)


_HTML: Final = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;", "\0": "\ufffd"}
)


def _html(values: Values) -> str:
    return _text(values).translate(_HTML)


def _js(values: Values) -> str:
    return "".join(map(_js_character, _text(values)))


def _js_character(char: str) -> str:
    if char in "\\'\"":
        return "\\" + char
    if char in "<>&=" or not char.isprintable():
        return f"\\u{ord(char):04X}"
    return char


def _urlquery(values: Values) -> str:
    return quote_plus(to_octets(_text(values)))


def _equal(values: Values) -> bool:
    """Tell whether the first value equals one of the others."""
    first, others = _compared(values, "eq", at_least=2)
    return any(_same(first, other, "eq") for other in others)


def _not_equal(values: Values) -> bool:
    first, others = _compared(values, "ne", at_least=2)
    return not _same(first, others[0], "ne")


def _compared(values: Values, name: str, at_least: int) -> tuple[Datum, Values]:
    if not values or (name != "eq" and len(values) != 2):
        wanted = "at least 1" if name == "eq" else "2"
        problem = f"wrong number of args for {name}: want {wanted} got {len(values)}"
        raise TemplateError(problem)
    if len(values) < at_least:
        raise TemplateError(f"error calling {name}: missing argument for comparison")
    return values[0], values[1:]


def _kind(value: Datum, name: str) -> str:
    if isinstance(value, (list, dict)):
        raise TemplateError(
            f"error calling {name}: non-comparable type {display(value)}: {_type(value)}"
        )
    return "string" if isinstance(value, str) else _type(value)


def _same(a: Datum, b: Datum, name: str) -> bool:
    nothing = (None, MISSING)
    if a in nothing or b in nothing:
        return a in nothing and b in nothing
    if _kind(a, name) != _kind(b, name):
        raise _incompatible(a, b, name)
    return bool(a == b)


def _incompatible(a: Datum, b: Datum, name: str) -> TemplateError:
    types = f"{_type(a)} and {_type(b)}"
    problem = f"incompatible types for comparison: {types}"
    return TemplateError(f"error calling {name}: {problem}")


def _order(values: Values, name: str) -> int:
    """Return -1, 0 or 1: how two numbers or two strings compare."""
    a, (b,) = _compared(values, name, at_least=2)
    if _kind(a, name) != _kind(b, name):
        raise _incompatible(a, b, name)
    if not isinstance(a, (int, float, str)) or isinstance(a, bool):
        raise TemplateError(f"error calling {name}: invalid type for comparison")
    x: Datum = to_octets(a) if isinstance(a, str) else a
    y: Datum = to_octets(b) if isinstance(b, str) else b
    return int(x > y) - int(x < y)


def _call_value(values: Values) -> Datum:
    if not values:
        raise TemplateError("wrong number of args for call: want at least 1 got 0")
    problem = f"non-function of type {_type(values[0])}"
    raise TemplateError(f"error calling call: {problem}")


LAZY: Final[dict[str, Callable[[Iterator[Datum]], Datum]]] = {
    "and": _both,
    "or": _either,
}

TABLE: Final[dict[str, Callable[[Values], Datum]]] = {
    "and": lambda values: _both(iter(values)),
    "call": _call_value,
    "eq": _equal,
    "ge": lambda values: _order(values, "ge") >= 0,
    "gt": lambda values: _order(values, "gt") > 0,
    "html": _html,
    "index": _index,
    "js": _js,
    "le": lambda values: _order(values, "le") <= 0,
    "len": _len,
    "lt": lambda values: _order(values, "lt") < 0,
    "ne": _not_equal,
    "not": _not,
    "or": lambda values: _either(iter(values)),
    "print": _print,
    "printf": _printf,
    "println": _println,
    "slice": _slice,
    "urlquery": _urlquery,
}
