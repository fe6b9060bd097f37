"""One operand and one verb to text, as Go's package fmt prints them.

OPA hands `sprintf` four kinds of operand: int64, *big.Int, float64 and string; all
else is a string by then (https://pkg.go.dev/fmt#hdr-Printing).
"""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from math import copysign, frexp
from typing import Final, TypeAlias

from comply.classes import dataclass
from comply.plan.builtins.octets import to_octets
from comply.plan.values import general, number_text, quote, show

Operand: TypeAlias = int | float | str

_INT64: Final = 2**63
_LAST_RUNE: Final = 0x10FFFF
_LAST_BASIC_RUNE: Final = 0xFFFF
_UNKNOWN: Final = "\ufffd"
_BASES: Final = {"v": "d", "O": "o"} | {base: base for base in "dboxX"}
_PREFIXES: Final = {"b": "0b", "o": "0", "O": "0", "x": "0x", "X": "0X"}


@dataclass(frozen=True, slots=True)
class Directive:
    """What stands between `%` and the verb, and the verb."""

    verb: str = "v"
    sharp: bool = False
    zero: bool = False
    plus: bool = False
    minus: bool = False
    space: bool = False
    width: int | None = None
    precision: int | None = None
    sharp_v: bool = False
    plus_v: bool = False


def operand(value: object) -> Operand:
    """Return what OPA hands to Go for a value.

    >>> operand(True), operand([1, "a"]), operand(Decimal("0.1"))
    ('true', '[1, "a"]', 0.1)
    """
    if isinstance(value, str) or type(value) is int:
        return value
    if isinstance(value, (float, Decimal)):
        number = float(value)
        return number if abs(number) != float("inf") else number_text(value)
    return show(value)


def go_type(value: Operand) -> str:
    """Return the name of an operand's type in Go.

    >>> go_type("a"), go_type(1), go_type(2**63), go_type(0.5)
    ('string', 'int64', 'big.Int', 'float64')
    """
    if isinstance(value, str):
        return str(getattr(value, "go_type", "string"))
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, float):
        return "float64"
    return "int64" if -_INT64 <= value < _INT64 else "big.Int"


def print_operand(value: Operand, how: Directive) -> str:
    """Return an operand printed as a directive says, or Go's note that it cannot be.

    >>> print_operand(5, Directive("d", zero=True, width=3))
    '005'
    >>> print_operand("a", Directive("d"))
    '%!d(string=a)'
    """
    kind = go_type(value)
    if how.verb == "T":
        name = "*big.Int" if kind == "big.Int" else kind
        return _string(name, replace(how, verb="s")) or ""
    text: str | None
    if isinstance(value, str):
        text = _string(value, how)
    elif isinstance(value, bool):
        text = pad(str(value).lower(), how) if how.verb in "tv" else None
    elif isinstance(value, float):
        text = _float(value, how)
    else:
        text = _integer(value, how) if kind == "int64" else _big_integer(value, how)
    if text is not None:
        return text
    if kind == "big.Int":
        return f"%!{how.verb}(big.Int={value})"
    return f"%!{how.verb}({kind}={print_operand(value, replace(how, verb='v'))})"


def pad(text: str, how: Directive, *, zeros: bool = True) -> str:
    """Return a text filled to the directive's width.

    >>> pad("é", Directive(width=3)), pad("é", Directive(width=3, minus=True))
    ('  é', 'é  ')
    """
    if how.width is None:
        return text
    if how.minus:
        return text.ljust(how.width)
    return text.rjust(how.width, "0" if how.zero and zeros else " ")


def _string(text: str, how: Directive) -> str | None:
    """Return a string under `v s q x X`, None under another verb."""
    if how.verb in "xX":
        return _hexadecimal(to_octets(text), how)
    if how.verb not in "vsq":
        return None
    if how.precision is not None:
        text = text[: how.precision]
    if how.verb == "q" or (how.verb == "v" and how.sharp_v):
        text = _quoted(text, how)
    return pad(text, how)


def _quoted(text: str, how: Directive) -> str:
    if how.sharp and _fits_backquotes(text):
        return f"`{text}`"
    return _ascii(quote(text)) if how.plus else quote(text)


def _fits_backquotes(text: str) -> bool:
    return not any((c < " " and c != "\t") or c in "`\x7f\ufeff" for c in text)


def _ascii(text: str) -> str:
    """Return a text with everything beyond ASCII escaped."""
    return "".join([c if c < "\x7f" else _unicode_escape(ord(c)) for c in text])


def _unicode_escape(code: int) -> str:
    return f"\\u{code:04x}" if code <= _LAST_BASIC_RUNE else f"\\U{code:08x}"


def _hexadecimal(octets: bytes, how: Directive) -> str:
    if how.precision is not None:
        octets = octets[: how.precision]
    prefix = f"0{how.verb}" if how.sharp and octets else ""
    separator = f" {prefix}" if how.space else ""
    pairs = [f"{octet:02x}" for octet in octets]
    digits = separator.join(pairs if how.verb == "x" else map(str.upper, pairs))
    return pad(prefix + digits, how)


def _integer(value: int, how: Directive) -> str | None:
    """Return an int64 under `v d b o O x X c q U`, None under another verb."""
    character = _CHARACTERS.get(how.verb)
    if character is not None:
        return character(value, how)
    base = _BASES.get(how.verb)
    if base is None:
        return None
    if value == 0 and how.precision == 0:
        return pad("", how, zeros=False)
    sign = _sign(value < 0, how)
    digits = format(abs(value), base).rjust(_least_digits(sign, how), "0")
    prefix = "0o" if how.verb == "O" else ""
    if how.sharp and not (base == "o" and digits.startswith("0")):
        prefix += _PREFIXES.get(how.verb, "")
    return pad(sign + prefix + digits, how, zeros=False)


def _least_digits(sign: str, how: Directive) -> int:
    """Return how many digits precision, or a width filled with zeros, asks for."""
    if how.precision is not None:
        return how.precision
    if how.zero and not how.minus and how.width is not None:
        return how.width - len(sign)
    return 0


def _sign(negative: bool, how: Directive) -> str:  # noqa: FBT001  (it reads as one)
    if negative:
        return "-"
    return "+" if how.plus else " " if how.space else ""


def _big_integer(value: int, how: Directive) -> str | None:
    """Return a *big.Int, which prints itself, a little unlike an int64."""
    base = "d" if how.verb == "s" else _BASES.get(how.verb)
    if base is None:
        return None
    sign = _sign(value < 0, replace(how, plus=how.plus or how.plus_v))
    prefix = _PREFIXES.get(how.verb, "") if how.sharp else ""
    if how.verb == "O":
        prefix = "0o"
    magnitude = abs(value)
    digits = number_text(magnitude) if base == "d" else format(magnitude, base)
    digits = digits.rjust(how.precision or 0, "0")
    if how.zero and not how.minus and how.precision is None:
        digits = digits.rjust((how.width or 0) - len(sign + prefix), "0")
    return pad(sign + prefix + digits, how, zeros=False)


def _character(value: int, how: Directive) -> str:
    return pad(_rune(value), how)


def _quoted_character(value: int, how: Directive) -> str:
    rune = _rune(value)
    if rune == '"':
        inner = rune
    elif rune == "'":
        inner = "\\'"
    else:
        inner = quote(rune)[1:-1]
    return pad(f"'{_ascii(inner) if how.plus else inner}'", how)


def _unicode_name(value: int, how: Directive) -> str:
    digits = max(4, how.precision or 0)
    name = f"U+{value % 2**64:0{digits}X}"
    if how.sharp and 0 <= value <= _LAST_RUNE and chr(value).isprintable():
        name += f" '{chr(value)}'"
    return pad(name, how, zeros=False)


def _rune(value: int) -> str:
    if 0 <= value <= _LAST_RUNE and not 0xD800 <= value <= 0xDFFF:
        return chr(value)
    return _UNKNOWN


_CHARACTERS: Final[dict[str, Callable[[int, Directive], str]]] = {
    "c": _character,
    "q": _quoted_character,
    "U": _unicode_name,
}


def _float(value: float, how: Directive) -> str | None:
    """Return a float64 under `v e E f F g G b x X`, None under another verb."""
    form = _FLOATS.get(how.verb)
    if form is None:
        return None
    text = form(abs(value), how.precision)
    if how.verb in "EGX":
        text = text.upper()
    if how.sharp and how.verb != "b":
        text = _with_point(text, how)
    sign = _sign(copysign(1, value) < 0, how)
    if sign and how.zero and not how.minus and how.width is not None:
        return sign + text.rjust(how.width - len(sign), "0")
    return pad(sign + text, how)


def _general(value: float, precision: int | None) -> str:
    return general(value) if precision is None else f"{value:.{precision or 1}g}"


def _exponent(value: float, precision: int | None) -> str:
    return f"{value:.{6 if precision is None else precision}e}"


def _fixed(value: float, precision: int | None) -> str:
    return f"{value:.{6 if precision is None else precision}f}"


def _mantissa(value: float) -> tuple[int, int]:
    """Return (m, e) with value = m * 2**e and m of 53 bits, fewer if subnormal."""
    fraction, exponent = frexp(value)
    excess = max(0, -1021 - exponent) if value else 0
    return int(fraction * 2**53) >> excess, exponent - 53 + excess


def _binary(value: float, precision: int | None) -> str:  # noqa: ARG001  (one signature)
    mantissa, exponent = _mantissa(value)
    return f"{mantissa}p{exponent if mantissa else -1074:+d}"


def _hexadecimal_float(value: float, precision: int | None) -> str:
    """Return `0x1.8p+00`: the first digit is 1 unless the value is zero."""
    fraction, exponent = frexp(value)
    bits = int(fraction * 2**53)
    digits = 13 if precision is None else precision
    if digits < 13:
        bits = _round_bits(bits, 52 - 4 * digits)
        if bits >> 53:
            bits, exponent = bits >> 1, exponent + 1
    lead, rest = bits >> 52, f"{bits & (1 << 52) - 1:013x}"
    rest = rest.rstrip("0") if precision is None else rest[:digits].ljust(digits, "0")
    power = exponent - 1 if bits else 0
    return f"0x{lead}{'.' if rest else ''}{rest}p{power:+03d}"


def _round_bits(bits: int, places: int) -> int:
    """Return an integer with its last places cleared, rounded half to even."""
    kept, rest = bits >> places, bits & (1 << places) - 1
    half = 1 << places - 1
    up = rest > half or (rest == half and kept & 1)
    return kept + up << places


def _with_point(text: str, how: Directive) -> str:
    """Return a number with a decimal point, and with zeros up to its precision."""
    at = next((i for i, c in enumerate(text) if c in "pP"), len(text))
    if how.verb not in "xX":
        at = next((i for i, c in enumerate(text) if c in "eE"), at)
    number, tail = text[:at], text[at:]
    missing = 0
    if how.verb in "vgGx":
        wanted = 6 if how.precision is None else how.precision
        significant = number.replace(".", "").lstrip("0")
        missing = wanted - len(significant) - (number == "0")
    point = "" if "." in number else "."
    return number + point + "0" * missing + tail


_FLOATS: Final[dict[str, Callable[[float, int | None], str]]] = {
    "v": _general,
    "g": _general,
    "G": _general,
    "e": _exponent,
    "E": _exponent,
    "f": _fixed,
    "F": _fixed,
    "b": _binary,
    "x": _hexadecimal_float,
    "X": _hexadecimal_float,
}
