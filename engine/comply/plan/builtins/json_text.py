"""The built-ins json.marshal*, json.unmarshal and json.is_valid: values as JSON text.

https://www.openpolicyagent.org/docs/policy-reference/builtins/encoding
"""

from decimal import Decimal, InvalidOperation
from functools import lru_cache
from json import JSONDecodeError, JSONDecoder
from json.encoder import encode_basestring
from math import isfinite
from typing import Final

from comply.classes import dataclass
from comply.plan.builtins.failure import BuiltinError, OperandError
from comply.plan.builtins.octets import printable
from comply.plan.builtins.operands import mapping, string
from comply.plan.values import (
    Key,
    NumberLiteral,
    RegoSet,
    Value,
    number_text,
    thaw,
    type_name,
)

_LONGEST_INTEGER: Final = 4000


@dataclass(frozen=True, slots=True)
class Layout:
    """How indented JSON looks: what begins each line, and each level of depth."""

    prefix: str = ""
    indent: str = "\t"


def marshal(value: Value) -> str:
    """Return a value's JSON, compact, with sorted keys; a set becomes an array.

    >>> marshal([{"foo": RegoSet([3, 1])}])
    '[{"foo":[1,3]}]'
    """
    return write_json(value)


def marshal_with_options(value: Value, options: Value) -> str:
    r"""Return a value's JSON, indented as the object `options` says.

    `prefix` and `indent` are strings; either makes the JSON indented unless `pretty` is
    false.

    Raises:
        OperandError: if an option is unknown or of a wrong type.

    >>> marshal_with_options([1], {"indent": "  "})
    '[\n  1\n]'
    """
    chosen = mapping(options, 2)
    unknown = sorted(str(thaw(k)) for k in chosen if k not in _OPTIONS)
    if unknown:
        raise OperandError(f'operand 2 object contained unknown key "{unknown[0]}"')
    for name in ("prefix", "indent"):
        if type(chosen.get(name, "")) is not str:
            raise OperandError(
                f'operand 2 key "{name}" failed cast to string: '
                f"operand 0 must be string but got {type_name(chosen[name])}"
            )
    pretty = chosen.get("pretty", "prefix" in chosen or "indent" in chosen)
    if type(pretty) is not bool:
        raise OperandError('operand 2 key "pretty" failed cast to bool')
    if not pretty:
        return write_json(value)
    return write_json(
        value, Layout(chosen.get("prefix", ""), chosen.get("indent", "\t"))
    )


_OPTIONS: Final = frozenset({"pretty", "prefix", "indent"})
_SHORT: Final = 200
_SCALARS: Final = frozenset('"-0123456789tfn')
"""How the JSON of a value begins that has no parts."""


def unmarshal(text: Value) -> Value:
    """Return the value that a JSON text holds.

    Raises:
        BuiltinError: if the text is no JSON.

    >>> unmarshal('[{"foo":[1,2]}]')
    [{'foo': [1, 2]}]
    """
    written = string(text)
    if len(written) <= _SHORT and written[:1] in _SCALARS:
        return _known_scalar(written)
    return read_json(written)


@lru_cache(maxsize=8_192)
def _known_scalar(text: str) -> Value:
    """Return what a short JSON text holds that is no array and no object.

    The keys of `for_each` in addresses, each of which many resources have.
    """
    return read_json(text)


def is_json(text: Value) -> bool:
    """Tell whether `text` is a string that `json.unmarshal` takes.

    >>> is_json('{"json": "ok"}'), is_json("{"), is_json(1)
    (True, False, False)
    """
    if type(text) is not str:
        return False
    try:
        read_json(text)
    except BuiltinError:
        return False
    return True


def write_json(value: Value, layout: Layout | None = None) -> str:
    r"""Return a value's JSON text as Go writes it: keys sorted, `<`, `>`, `&` escaped.

    >>> write_json({"b": RegoSet([2, 1]), "a": "<"})
    '{"a":"\\u003c","b":[1,2]}'
    """
    if layout is None:
        return _text(value, "", "")
    return layout.prefix + _text(value, "\n" + layout.prefix, layout.indent)


def _text(value: Value, line: str, indent: str) -> str:
    kind = type(value)
    if kind is str:
        return write_string(value)
    if kind is bool:
        return "true" if value else "false"
    if value is None:
        return "null"
    if kind is dict:
        colon = ": " if line else ":"
        pairs = sorted((json_key(k), v) for k, v in value.items())
        parts = [
            write_string(k) + colon + _text(v, line + indent, indent) for k, v in pairs
        ]
        return _enclose("{}", parts, line, indent)
    if kind is list or kind is RegoSet:
        items = value if kind is list else value.ordered()
        parts = [_text(v, line + indent, indent) for v in items]
        return _enclose("[]", parts, line, indent)
    return number_text(value)


def _enclose(brackets: str, parts: list[str], line: str, indent: str) -> str:
    if not parts:
        return brackets
    inner = line + indent
    return brackets[0] + inner + ("," + inner).join(parts) + line + brackets[1]


def json_key(key: Key) -> str:
    """Return the string that stands for an object's key in JSON: its own JSON.

    >>> json_key("a"), json_key((1, None))
    ('a', '[1,null]')
    """
    return key if type(key) is str else write_json(thaw(key))


_GO_ESCAPES: Final = str.maketrans(
    {
        "<": "\\u003c",
        ">": "\\u003e",
        "&": "\\u0026",
        "\u2028": "\\u2028",
        "\u2029": "\\u2029",
    }
)


def write_string(text: str) -> str:
    """Return the JSON string that holds `text`, as Go escapes it."""
    return encode_basestring(printable(text)).translate(_GO_ESCAPES)


def read_json(text: str) -> Value:
    """Return the value that `text` holds; numbers are exact, the last key wins.

    Raises:
        BuiltinError: with Go's words, if the text is no JSON.

    >>> read_json("[1, 1.5, 12345678901234567890123]")
    [1, 1.5, 12345678901234567890123]
    """
    clean = printable(text)
    try:
        value = _DECODER.decode(clean)
    except JSONDecodeError as error:
        raise BuiltinError(_go_words(error)) from None
    except RecursionError:
        raise BuiltinError("exceeded max depth") from None
    except _NotANumberError as error:
        raise BuiltinError(error.args[0]) from None
    return _without_surrogates(value) if "\\ud" in clean.lower() else value


def read_number(text: str) -> float | Decimal:
    """Return a number that prints as `text` does.

    Raises:
        ValueError: if its exponent is beyond all reckoning.

    >>> read_number("1.5"), number_text(read_number("1e3")), read_number("1e400")
    (1.5, '1e3', Decimal('1E+400'))
    """
    value = float(text)
    if not isfinite(value):
        try:
            return Decimal(text)
        except InvalidOperation:
            raise _NotANumberError(f"invalid number: {text[:40]}") from None
    return value if repr(value) == text else NumberLiteral(text)


def _read_integer(text: str) -> int | float | Decimal:
    if text == "-0":
        return NumberLiteral(text)
    return int(text) if len(text) < _LONGEST_INTEGER else Decimal(text)


class _NotANumberError(ValueError):
    """Python's reader met `NaN` or `Infinity`, which are no JSON."""


def _refuse_constant(text: str) -> Value:
    at = 1 if text.startswith("-") else 0
    if text == "NaN" or at == 0:
        raise _NotANumberError(
            f"invalid character '{text[0]}' looking for beginning of value"
        )
    raise _NotANumberError(f"invalid character '{text[at]}' in numeric literal")


_DECODER: Final = JSONDecoder(
    parse_float=read_number,
    parse_int=_read_integer,
    parse_constant=_refuse_constant,
)


def _without_surrogates(value: Value) -> Value:
    r"""Return `value` with U+FFFD for each `\ud800` that has no partner."""
    if type(value) is str:
        return printable(value)
    if type(value) is list:
        return [_without_surrogates(v) for v in value]
    if type(value) is dict:
        return {printable(k): _without_surrogates(v) for k, v in value.items()}
    return value


def _go_words(error: JSONDecodeError) -> str:
    """Return a reader's complaint in the words of Go's."""
    text, at = error.doc, error.pos
    if not text.strip(" \t\r\n"):
        return "EOF"
    message = error.msg
    if message == "Extra data":
        found = f"invalid character {_quoted(text[at])}"
        if text[at - 1].isspace():
            return f"error: {found} after top-level value"
        return f"{found} looking for beginning of value"
    if message.startswith("Unterminated") or at >= len(text):
        return "unexpected EOF"
    place = next((p for start, p in _PLACES if message.startswith(start)), None)
    if place is None and message.startswith("Expecting ','"):
        place = f"after {_container(text[:at])}"
    if place is None and message.startswith("Expecting value"):
        return _bad_value(text, at)
    return f"invalid character {_quoted(text[at])} {place or 'in string literal'}"


_PLACES: Final = (
    ("Expecting property name", "looking for beginning of object key string"),
    ("Expecting ':'", "after object key"),
    ("Illegal trailing comma before end of array", "looking for beginning of value"),
    ("Illegal trailing comma", "looking for beginning of object key string"),
)


def _container(before: str) -> str:
    """Return what the element that ends `before` is part of."""
    depth: list[str] = []
    in_string = escaped = False
    for c in before:
        if in_string:
            in_string = escaped or c != '"'
            escaped = c == "\\" and not escaped
        elif c == '"':
            in_string = True
        elif c in "[{":
            depth.append(c)
        elif c in "]}":
            depth.pop()
    return "array element" if depth[-1] == "[" else "object key:value pair"


def _bad_value(text: str, at: int) -> str:
    """Return Go's complaint about what stands where a value should."""
    for word in ("true", "false", "null"):
        if text[at] != word[0]:
            continue
        same = 1
        while text[at + same : at + same + 1] == word[same]:
            same += 1
        if at + same >= len(text):
            return "unexpected EOF"
        found = _quoted(text[at + same])
        return f"invalid character {found} in literal {word} (expecting '{word[same]}')"
    if text[at] == "-":
        if at + 1 >= len(text):
            return "unexpected EOF"
        return f"invalid character {_quoted(text[at + 1])} in numeric literal"
    return f"invalid character {_quoted(text[at])} looking for beginning of value"


def _quoted(character: str) -> str:
    r"""Return a character as Go's `%q` prints it.

    >>> _quoted("x"), _quoted("\n")
    ("'x'", "'\\n'")
    """
    if character in "'\\":
        return f"'\\{character}'"
    escape = _ESCAPES.get(character)
    if escape is None and character < " ":
        escape = f"\\x{ord(character):02x}"
    return f"'{escape or character}'"


_ESCAPES: Final = {
    "\a": "\\a",
    "\b": "\\b",
    "\t": "\\t",
    "\n": "\\n",
    "\v": "\\v",
    "\f": "\\f",
    "\r": "\\r",
    '"': '"',
}

BUILTINS: Final = {
    "json.is_valid": is_json,
    "json.marshal": marshal,
    "json.marshal_with_options": marshal_with_options,
    "json.unmarshal": unmarshal,
}
