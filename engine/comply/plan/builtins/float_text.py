"""FLOAT -> TEXT: a 64-bit float in its shortest form, laid out as Go does."""

from decimal import Decimal


def json_float_text(value: float) -> str:
    """Return a float as Go's JSON writer prints it.

    >>> json_float_text(1.0), json_float_text(1e20), json_float_text(1e-7)
    ('1', '100000000000000000000', '1e-7')
    """
    digits, exponent = _digits(value)
    if value and not -6 <= exponent < 21:
        return _scientific(value, digits, f"{exponent:+d}")
    return _plain(value)


def yaml_float_text(value: float) -> str:
    """Return a float as Go's YAML writer prints it.

    >>> yaml_float_text(123456.5), yaml_float_text(1e6), yaml_float_text(2.0)
    ('123456.5', '1e+06', '2')
    """
    digits, exponent = _digits(value)
    if value and not -4 <= exponent < 6:
        return _scientific(value, digits, f"{exponent:+03d}")
    return _plain(value)


def _digits(value: float) -> tuple[str, int]:
    """Return the significant digits, and the exponent of the first."""
    _, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    text = "".join(map(str, digits))
    return text, len(text) - 1 + int(exponent)


def _scientific(value: float, digits: str, exponent: str) -> str:
    sign = "-" if value < 0 else ""
    point = "." if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{point}{digits[1:]}e{exponent}"


def _plain(value: float) -> str:
    return format(Decimal(repr(value)), "f").removesuffix(".0")
