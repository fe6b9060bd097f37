"""How DuckDB holds a column of an Oracle table, and what it takes to store a value."""

from datetime import datetime
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Final, TypeAlias

from sqlglot import exp

from comply.dialect.errors import SqlError
from comply.dialect.syntax import Column, DataType
from comply.sql.catalog import Kind, kind_of_type
from comply.sql.duckdb_functions import (
    NUMBER,
    as_text,
    call,
    cast,
    implicit_date,
    text,
    when,
)
from comply.sql.formats import moment_in

Node: TypeAlias = exp.Expr

_TYPES: Final[dict[Kind, str]] = {
    "boolean": "BOOLEAN",
    "binary": "BLOB",
    "date": "TIMESTAMP",
    "double": "DOUBLE",
    "months": "INTERVAL",
    "seconds": "INTERVAL",
    "timestamp": "TIMESTAMP",
}
_DIGITS: Final = Context(prec=38)
_MOST_DIGITS: Final = 38
_MODELS: Final = {
    "DATE": "YYYY-MM-DD",
    "TIMESTAMP": "YYYY-MM-DD HH24:MI:SS",
    "TO_DATE": "",
    "TO_TIMESTAMP": "",
}
_SCALES: Final = (-84, 127)
_WHOLE: Final = frozenset({"INTEGER", "INT", "SMALLINT", "BIGINT", "TINYINT"})


def column_type(column: Column) -> str:
    """Return DuckDB's type for a column.

    A NUMBER without precision becomes DECIMAL(38,10): exact, with ten digits behind
    the point; a value that has more is refused, never rounded.

    Raises:
        SqlError: a number of more digits than Oracle has (ORA-01727, ORA-01728).
    """
    kind = kind_of_type(column.type)
    if kind != "number" or column.type is None:
        return _TYPES.get(kind, "VARCHAR")
    _refuse_sizes(column.type)
    if column.type.name in _WHOLE:
        return "DECIMAL(38, 0)"
    precision, scale = _sizes(column.type)
    if precision is None:
        return NUMBER
    return f"DECIMAL({precision}, {scale})"


def _refuse_sizes(of: DataType) -> None:
    if of.name == "FLOAT":
        return
    if of.precision is not None and not 1 <= of.precision <= _MOST_DIGITS:
        raise SqlError(1727, "numeric precision specifier is out of range (1 to 38)")
    if of.scale is not None and not _SCALES[0] <= of.scale <= _SCALES[1]:
        raise SqlError(1728, "numeric scale specifier is out of range (-84 to 127)")


def _sizes(of: DataType) -> tuple[int | None, int]:
    """Return the precision and scale that hold what NUMBER(p,s) allows."""
    scale = of.scale or 0
    if of.precision is None:
        return (38, scale) if of.scale is not None else (None, 10)
    if scale < 0:
        return min(38, of.precision - scale), 0
    return min(38, max(of.precision, scale)), min(38, scale)


def stored(node: Node, of: Kind, column: Column, table: str) -> Node:
    """Return the expression that stores `node`, which has kind `of`, in a column.

    It raises what Oracle raises: ORA-12899 for text that is too long, ORA-01438 for a
    number that does not fit.
    """
    if isinstance(node, exp.Null):
        return cast(node, column_type(column))
    match kind_of_type(column.type):
        case "number":
            return _number(node, of, column, table)
        case "double":
            return cast(node, "DOUBLE")
        case "date":
            dated = implicit_date(node) if of in ("char", "padded") else node
            return cast(
                call("DATE_TRUNC", "second", cast(dated, "TIMESTAMP")), "TIMESTAMP"
            )
        case "timestamp":
            dated = implicit_date(node) if of in ("char", "padded") else node
            return cast(dated, "TIMESTAMP")
        case "char" | "unknown" | "padded":
            return _text(node, of, column, table)
        case _:
            return cast(node, column_type(column))


def _number(node: Node, of: Kind, column: Column, table: str) -> Node:
    target = column_type(column)
    written = node.this if isinstance(node, exp.Neg) else node
    if isinstance(written, exp.Literal) and not written.is_string:
        fitted = _fitted(Decimal(written.name), column, table)
        sign = "-" if isinstance(node, exp.Neg) else ""
        return cast(exp.Literal.number(f"{sign}{fitted:f}"), target)
    if column.type is None or column.type.precision is None:
        return cast(node, target)
    scale = column.type.scale or 0
    if is_sequence(node) and scale >= 0:
        # To round it would ask twice, and it goes on each time; it is whole anyway.
        fitting = exp.TryCast(this=node, to=cast(node, target).args["to"])
        refusal = call("ERROR", f"ORA-01438: {_too_large(column, table)}")
        return exp.Coalesce(this=fitting, expressions=[refusal])
    value = cast(node, NUMBER) if of not in ("number", "double") else node
    limit = exp.Literal.number(f"{Decimal(10) ** (column.type.precision - scale):f}")
    rounded = call("ROUND", value, scale)
    outside = exp.GTE(this=call("ABS", rounded), expression=limit)
    refusal = call("ERROR", f"ORA-01438: {_too_large(column, table)}")
    return when(outside, refusal, cast(rounded, target))


def constant(node: Node, column: Column) -> tuple[str | None] | None:
    """Return the text of what `stored` gives for a column, in a tuple.

    None where it is no constant, or none whose text DuckDB surely reads as the same.
    """
    kind = kind_of_type(column.type)
    value = node.this if isinstance(node, exp.Cast) else node
    if isinstance(value, exp.Null):
        return (None,)
    if kind == "number" and isinstance(node, exp.Cast):
        return _digits(value, column)
    if kind in ("date", "timestamp"):
        return _moment(node)
    textual = column_type(column) == "VARCHAR" and isinstance(node, exp.Literal)
    readable = textual and node.args["is_string"] and "\0" not in node.name
    return (node.name,) if readable else None


def written(
    kind: str, value: str, column: Column, model: str = ""
) -> tuple[str] | None:
    """Return the text of what a column holds of a constant, in a tuple.

    The constant is a "number" with its sign, a "string", a "DATE" or "TIMESTAMP" with
    the text behind that word, or a "TO_DATE" or "TO_TIMESTAMP" with its format `model`.
    It is what `constant` gives for it; None where that takes more than a look, and where
    it does not fit.
    """
    of = kind_of_type(column.type)
    try:
        if kind == "number" and of == "number":
            sign = "-" if value.startswith("-") else ""
            fitted = _fitted(Decimal(value.removeprefix("-")), column, "")
            return _held(f"{sign}{fitted:f}", column)
        if kind in _MODELS and of in ("date", "timestamp"):
            moment = moment_in(value, _MODELS[kind] or model)
            return (moment.isoformat(sep=" "),) if moment else None
    except SqlError:
        return None
    return _short(value, column) if kind == "string" and of == "char" else None


def _short(value: str, column: Column) -> tuple[str] | None:
    """Return a text that a column of limited length takes."""
    limit = column.type.length if column.type else None
    by_character = column.type is not None and column.type.unit == "CHAR"
    actual = len(value if by_character else value.encode())
    fits = limit is not None and 0 < actual <= limit
    return (value,) if fits and "\0" not in value else None


def _digits(node: Node, column: Column) -> tuple[str] | None:
    """Return the text of a number that a column holds as it is."""
    number = node.this if isinstance(node, exp.Neg) else node
    if not isinstance(number, exp.Literal) or number.is_string:
        return None
    sign = "-" if isinstance(node, exp.Neg) else ""
    return _held(f"{sign}{number.name}", column)


def _held(text: str, column: Column) -> tuple[str] | None:
    """Return the text of a number if a column holds all its digits."""
    if column.type is None:
        return None
    precision, scale = _sizes(column.type)
    if column.type.name in _WHOLE:
        scale = 0
    number = Decimal(text)
    behind = -int(number.as_tuple().exponent)
    whole = (precision or 38) - scale
    return (text,) if behind <= scale and number.adjusted() < whole else None


def _moment(node: Node) -> tuple[str] | None:
    """Return the text of a moment, cut to the second where its tree says so."""
    whole = False
    while not isinstance(node, exp.Literal):
        if isinstance(node, exp.Cast) and node.to == cast(node, "TIMESTAMP").args["to"]:
            node = node.this
        elif isinstance(node, exp.Anonymous) and node.name == "DATE_TRUNC":
            unit, node = node.expressions
            if unit.name != "second":
                return None
            whole = True
        else:
            return None
    try:
        moment = datetime.fromisoformat(node.name)
    except ValueError:
        return None
    if moment.tzinfo is not None or moment.isoformat(sep=" ") != node.name:
        return None
    return (moment.replace(microsecond=0).isoformat(sep=" ") if whole else node.name,)


def is_sequence(node: Node) -> bool:
    """Tell whether an expression is the next value of a sequence."""
    return isinstance(node, exp.Anonymous) and node.name.upper() == "NEXTVAL"


def _too_large(column: Column, table: str) -> str:
    return (
        "value larger than specified precision allowed for this column"
        f' ("{table}"."{column.name}")'
    )


def _fitted(value: Decimal, column: Column, table: str) -> Decimal:
    """Return a number as the column keeps it.

    Raises:
        SqlError: ORA-01438, or that the sandbox keeps fewer digits than Oracle.
    """
    of = column.type
    if of is None or (of.precision is None and of.scale is None):
        digits = -int(value.normalize(Context(prec=999)).as_tuple().exponent)
        if digits > 10 and of is not None and of.name not in _WHOLE:
            message = f"{value} has more digits after the point than comply keeps: ten"
            raise SqlError(0, message, hint="declare the column as NUMBER(p, s)")
        return value
    scale = of.scale or 0
    try:
        rounded = value.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP, _DIGITS)
    except InvalidOperation:
        raise SqlError(1438, _too_large(column, table)) from None
    if of.precision and abs(rounded) >= Decimal(10) ** (of.precision - scale):
        raise SqlError(1438, _too_large(column, table))
    return rounded


def _text(node: Node, of: Kind, column: Column, table: str) -> Node:
    """Store text; VARCHAR2 counts bytes unless it says CHAR, and '' is NULL."""
    limit = column.type.length if column.type else None
    value = as_text(node, of)
    if kind_of_type(column.type) == "padded":
        # DuckDB has no type that pads; comparisons ignore blanks at the end instead.
        value = text(call("RTRIM", value))
    if limit is None:
        return text(value)
    by_character = column.type is not None and column.type.unit == "CHAR"
    if isinstance(value, exp.Literal):
        actual = len(value.name if by_character else value.name.encode())
        if actual > limit:
            raise SqlError(12899, _too_long(column, table, str(actual), limit))
        return value
    length = call("LENGTH" if by_character else "STRLEN", value)
    message = _too_long(column, table, "\0", limit).split("\0")
    parts: list[Node | str | int] = [f"ORA-12899: {message[0]}", length, message[1]]
    refusal = call("ERROR", call("CONCAT", *parts))
    outside = exp.GT(this=length, expression=exp.Literal.number(limit))
    return when(outside, refusal, text(value))


def _too_long(column: Column, table: str, actual: str, limit: int) -> str:
    return (
        f'value too large for column "{table}"."{column.name}"'
        f" (actual: {actual}, maximum: {limit})"
    )
