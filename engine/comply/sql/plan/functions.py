"""Oracle's functions over values of Python: text, int and Decimal, None for NULL.

They agree with what `duckdb_functions` has DuckDB compute. `''` is NULL throughout.
"""

from collections.abc import Callable
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal, InvalidOperation, localcontext
from functools import lru_cache
from itertools import groupby
from math import ceil, exp, floor, log, sqrt
from typing import Any, Final, TypeAlias

from comply.classes import dataclass
from comply.dialect.errors import SqlError
from comply.plan.builtins import regex
from comply.plan.builtins.failure import BuiltinError
from comply.plan.doubt import Doubt

Number: TypeAlias = int | Decimal

_NUMERALS: Final = frozenset("0123456789.eE+-")
_SCALE: Final = Decimal("1e-10")
_DIGITS: Final = 76
_ASCII: Final = 127


def number(written: str) -> Number:
    """Return the number that text means, as Oracle reads it without a format.

    Raises:
        SqlError: ORA-01722, it means none.
    """
    bare = written.strip()
    try:
        if _NUMERALS.issuperset(bare):
            return fitted(Decimal(bare))
    except InvalidOperation:
        pass
    raise SqlError(1722, f"unable to convert {written!r} to a number")


def fitted(value: Number) -> Number:
    """Return a number with at most ten digits after the point."""
    if isinstance(value, int):
        return value
    with localcontext() as context:
        context.prec = _DIGITS
        cut = value.quantize(_SCALE, ROUND_HALF_UP)
        return int(cut) if cut == cut.to_integral_value() else cut


def quotient(a: Number, b: Number) -> Number:
    """Return a / b.

    Raises:
        SqlError: ORA-01476, b is zero.
    """
    if b == 0:
        raise SqlError(1476, "divisor is equal to zero")
    return fitted(Decimal(a) / Decimal(b))


def written(value: object) -> str:
    """Return a number or a flag as text: no zeros at the end, none before the point.

    >>> written(Decimal("0.50")), written(True)
    ('.5', 'TRUE')
    """
    if isinstance(value, bool):
        return str(value).upper()
    if not isinstance(value, Decimal):
        return str(value)
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    sign, digits = text[: text.startswith("-")], text.removeprefix("-")
    return sign + (digits[1:] if digits.startswith("0.") else digits)


def joined(*parts: str | None) -> str | None:
    """Return texts joined by `||`: NULL is the empty text."""
    return "".join(p or "" for p in parts) or None


def like(subject: str, pattern: str, escape: str = "") -> bool:
    """Tell whether text is LIKE a pattern."""
    return regex.match(_liked(pattern, escape), subject)


@lru_cache(maxsize=512)
def _liked(pattern: str, escape: str) -> str:
    """Return the regular expression that a pattern of LIKE means."""
    parts: list[str] = []
    plain = False
    for c in pattern:
        if c == escape and not plain:
            plain = True
            continue
        wild = "" if plain else {"%": ".*", "_": "."}.get(c, "")
        parts.append(wild or (c if c.isalnum() or ord(c) > _ASCII else f"\\{c}"))
        plain = False
    return f"(?s)^{''.join(parts)}$"


def regexp_like(subject: str, pattern: str, flags: str = "") -> bool:
    """Tell whether a regular expression matches anywhere in text.

    Raises:
        SqlError: it is none, or a flag is unknown.
    """
    # Oracle's `n` lets a dot match a line's end; there it is `s`. `c` is the default.
    options = "".join("s" if f == "n" else f for f in flags if f != "c")
    try:
        return regex.match(
            f"(?{options})(?:{pattern})" if options else pattern, subject
        )
    except BuiltinError as error:
        raise SqlError(12726, f"{error.message}") from None


def _substr(subject: str, start: Number, size: Number | None = None) -> str:
    """Position 0 is 1; a negative one counts from the end, or gives NULL before it."""
    at = int(start) or 1
    if at < 0:
        at += len(subject) + 1
        if at < 1:
            return ""
    end = None if size is None else at - 1 + max(0, int(size))
    return subject[at - 1 : end]


def _raised(text: str) -> str:
    return "".join(u if len(u := c.upper()) == 1 else c for c in text)


def _lowered(text: str) -> str:
    return "".join(u if len(u := c.lower()) == 1 else c for c in text)


def _replace(
    subject: str | None, old: str | None = None, new: str | None = None
) -> str | None:
    if subject is None:
        return None
    return subject.replace(old, new or "") if old else subject


def _round(value: Number, digits: Number = 0) -> Number:
    """Halves go away from zero."""
    unit = Decimal(1).scaleb(-int(digits))
    with localcontext() as context:
        context.prec = _DIGITS
        return fitted(Decimal(value).quantize(unit, ROUND_HALF_UP))


def _mod(a: Number, b: Number) -> Number:
    return a if b == 0 else fitted(Decimal(a) % Decimal(b))


def _coalesce(*values: object) -> object:
    return next((v for v in values if v is not None), None)


def _decode(subject: object, *rest: object) -> object:
    """DECODE compares NULL equal to NULL."""
    for i in range(0, len(rest) - 1, 2):
        if rest[i] == subject:
            return rest[i + 1]
    return rest[-1] if len(rest) % 2 else None


def _instr(text: str, part: str, start: Number = 1) -> int:
    return text.find(part, int(start) - 1) + 1


def _pad_left(text: str, size: Number, filler: str = " ") -> str:
    lacking = max(0, int(size) - len(text))
    return (filler * lacking)[:lacking] + text[: max(0, int(size))]


def _pad_right(text: str, size: Number, filler: str = " ") -> str:
    lacking = max(0, int(size) - len(text))
    return text[: max(0, int(size))] + (filler * lacking)[:lacking]


def _initcap(text: str) -> str:
    runs = (list(run) for _, run in groupby(text, str.isalnum))
    return "".join(_raised(run[0]) + _lowered("".join(run[1:])) for run in runs)


def _translate(text: str, old: str, new: str) -> str:
    pairs = {c: new[i : i + 1] for i, c in reversed(list(enumerate(old)))}
    return "".join(pairs.get(c, c) for c in text)


def _trunc(value: Number, digits: Number = 0) -> Number:
    unit = Decimal(1).scaleb(-int(digits))
    with localcontext() as context:
        context.prec = _DIGITS
        return fitted(Decimal(value).quantize(unit, ROUND_DOWN))


def _floating(compute: Callable[..., float]) -> Callable[..., Number]:
    """Return what computes in floating point, as DuckDB does these functions."""

    def apply(*values: Number) -> Number:
        try:
            return fitted(Decimal(compute(*map(float, values))))
        except (ValueError, OverflowError, ArithmeticError, TypeError):
            message = "argument is out of range"
            raise SqlError(1428, message) from None

    return apply


@dataclass(frozen=True, slots=True)
class Function:
    """A function: what computes it, and which kinds of arguments it takes.

    `takes` has a letter an argument, the last one as often as `most` allows: c text,
    n numbers, * all alike, 2 those of NVL2, d those of DECODE. Where it is `strict`, a NULL gives NULL.
    """

    run: Callable[..., object]
    takes: str
    least: int
    most: int
    strict: bool = True


FUNCTIONS: Final[dict[str, Function]] = {
    "ABS": Function(abs, "n", 1, 1),
    "ASCII": Function(lambda text: ord(text[0]), "c", 1, 1),
    "CEIL": Function(ceil, "n", 1, 1),
    "CHR": Function(lambda code: chr(int(code)), "n", 1, 1),
    "COALESCE": Function(_coalesce, "*", 1, 99, strict=False),
    "DECODE": Function(_decode, "d", 3, 99, strict=False),
    "EXP": Function(_floating(exp), "n", 1, 1),
    "FLOOR": Function(floor, "n", 1, 1),
    "GREATEST": Function(lambda *x: max(x), "*", 1, 99),
    "INITCAP": Function(_initcap, "c", 1, 1),
    "INSTR": Function(_instr, "ccn", 2, 3),
    "LEAST": Function(lambda *x: min(x), "*", 1, 99),
    "LENGTH": Function(len, "c", 1, 1),
    "LN": Function(_floating(log), "n", 1, 1),
    "LOWER": Function(_lowered, "c", 1, 1),
    "LPAD": Function(_pad_left, "cnc", 2, 3),
    "LTRIM": Function(lambda text, of=" ": text.lstrip(of), "c", 1, 2),
    "MOD": Function(_mod, "n", 2, 2),
    "NULLIF": Function(lambda a, b: None if a == b else a, "*", 2, 2, strict=False),
    "NVL": Function(_coalesce, "*", 2, 2, strict=False),
    "NVL2": Function(lambda test, some, none: none if test is None else some, "2", 3, 3, strict=False),
    "POWER": Function(_floating(pow), "n", 2, 2),
    "REPLACE": Function(_replace, "c", 2, 3, strict=False),
    "ROUND": Function(_round, "n", 1, 2),
    "RPAD": Function(_pad_right, "cnc", 2, 3),
    "RTRIM": Function(lambda text, of=" ": text.rstrip(of), "c", 1, 2),
    "SIGN": Function(lambda x: (x > 0) - (x < 0), "n", 1, 1),
    "SQRT": Function(_floating(sqrt), "n", 1, 1),
    "SUBSTR": Function(_substr, "cn", 2, 3),
    "TO_CHAR": Function(written, "n", 1, 1),
    "TO_NUMBER": Function(number, "c", 1, 1),
    "TRANSLATE": Function(_translate, "c", 3, 3),
    "TRIM": Function(lambda text, of=" ": text.strip(of), "c", 1, 2),
    "TRUNC": Function(_trunc, "n", 1, 2),
    "UPPER": Function(_raised, "c", 1, 1),
}  # fmt: skip


def lifted(function: Function) -> Callable[..., Any]:
    """Return a function that knows NULL and doubts: of a doubt it makes a doubt."""
    run, strict = function.run, function.strict

    def apply(*arguments: Any) -> Any:  # noqa: ANN401
        for argument in arguments:
            if argument is None and strict:
                return None
            if type(argument) is Doubt:
                return merged(arguments)
        made = run(*arguments)
        return None if made == "" else made

    return apply


def merged(values: tuple[object, ...]) -> Doubt:
    """Return one doubt for all doubts among values."""
    found = (v.places for v in values if isinstance(v, Doubt))
    return Doubt(frozenset().union(*found))
