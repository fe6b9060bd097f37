"""Oracle's SQL in PostgreSQL's, with Oracle's meaning.

The tree is that of `duckdb.Translator`; what PostgreSQL says otherwise stands here.
Names are written in lower case, as PostgreSQL stores a name without quotes, so that a
table that both databases made from the same script is found in both.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from sqlglot import exp

from comply.source import Source
from comply.sql import duckdb
from comply.sql.catalog import Kind
from comply.sql.duckdb import Node, Target, Translator
from comply.sql.duckdb_functions import FUNCTIONS, UNITS, Call, call, text, when
from comply.sql.kinds import kind

_TIMES: Final = frozenset({"date", "timestamp"})
_SPANS: Final = frozenset({"months", "seconds"})


def translator(source: Source) -> Translator:
    """Return what translates the trees of a source."""
    return Translator(source, target=POSTGRES)


def write(node: Node, *, pretty: bool = False) -> str:
    """Return the text of a translated tree, every name in lower case and quoted."""
    lowered = node.copy()
    for identifier in lowered.find_all(exp.Identifier):
        identifier.set("this", stored(identifier.name))
    return lowered.sql(dialect="postgres", identify=True, pretty=pretty)


def stored(name: str) -> str:
    """Return how PostgreSQL stores a name that Oracle stores as `name`.

    >>> stored("TICKETS"), stored("Mixed")
    ('tickets', 'Mixed')
    """
    return name.lower() if name == name.upper() else name


def _cast(node: Node, target: str) -> Node:
    return exp.Cast(this=node, to=exp.DataType.build(target, dialect="postgres"))


def _number(node: Node) -> Node:
    return _cast(node, "NUMERIC")


def _time(node: Node) -> Node:
    return _cast(node, "TIMESTAMP")


def _words(node: Node, of: Kind) -> Node:
    """Return a value as Oracle turns it into text without a format."""
    match of:
        case "number":
            written = _cast(call("TRIM_SCALE", _number(node)), "TEXT")
            return call("REGEXP_REPLACE", written, r"^(-?)0\.", r"\1.")
        case "date":
            return call("UPPER", call("TO_CHAR", node, "DD-MON-YY"))
        case "boolean":
            return call("UPPER", _cast(node, "TEXT"))
        case "char" | "padded":
            return node
        case _:
            return _cast(node, "TEXT")


def _arithmetic(t: Translator, node: Node) -> Node:
    """`+ - * /` as Oracle has them: days for dates, exact decimals for numbers."""
    left, right = kind(node.this), kind(node.expression)
    a, b = (
        exp.Paren(this=t.translate(node.this)),
        exp.Paren(this=t.translate(node.expression)),
    )
    if left in _TIMES or right in _TIMES:
        return _with_time(type(node), (a, left), (b, right))
    if left in _SPANS or right in _SPANS:
        return type(node)(this=a, expression=b)
    one = _number(a) if left in ("char", "padded") or isinstance(node, exp.Div) else a
    other = _number(b) if right in ("char", "padded") else b
    if isinstance(node, exp.Div):
        return exp.Div(this=one, expression=other, typed=True, safe=False)
    return type(node)(this=one, expression=other)


def _with_time(
    operation: type[Node], left: tuple[Node, Kind], right: tuple[Node, Kind]
) -> Node:
    (a, a_kind), (b, b_kind) = left, right
    if a_kind in _TIMES and b_kind in _TIMES:
        difference = exp.Sub(this=_time(a), expression=_time(b))
        if "timestamp" in (a_kind, b_kind):
            return difference
        seconds = exp.Extract(
            this=exp.Var(this="EPOCH"), expression=exp.Paren(this=difference)
        )
        day = exp.Literal.number(86400)
        return exp.Paren(
            this=exp.Div(this=seconds, expression=day, typed=True, safe=False)
        )
    if b_kind in _TIMES:
        return _with_time(operation, right, left)
    if b_kind in _SPANS:
        return operation(this=_time(a), expression=b)
    start = (
        call("DATE_TRUNC", "second", _time(a)) if a_kind == "timestamp" else _time(a)
    )
    return operation(this=start, expression=_spans(b, "1 day"))


def _spans(count: Node, unit: str) -> Node:
    """Return so many of an interval."""
    return exp.Paren(
        this=exp.Mul(this=exp.Paren(this=count), expression=_interval(unit))
    )


def _interval(written: str) -> Node:
    return _cast(exp.Literal.string(written), "INTERVAL")


def _span(_t: Translator, node: Node) -> Node:
    """`INTERVAL '..' unit`; the translation for DuckDB has read and counted it."""
    counted = duckdb.NODES[exp.Interval](_t, node)
    unit = {"TO_MONTHS": "months", "TO_MICROSECONDS": "microseconds"}[counted.name]
    [count] = counted.expressions
    return _interval(f"{count.sql()} {unit}".replace("- ", "-"))


def _now(_t: Translator, node: Node) -> Node:
    moment = exp.Localtimestamp()
    if kind(node) == "date":
        return call("DATE_TRUNC", "second", moment)
    return moment


def _converted(t: Translator, node: Node) -> Node:
    """CAST: the kinds that Oracle has."""
    assert isinstance(node, exp.Cast)  # noqa: S101  (the table says so)
    inner, of = t.translate(node.this), kind(node.this)
    match kind(node):
        case "number":
            sizes = ", ".join(p.name for p in node.to.expressions)
            return _cast(inner, f"NUMERIC({sizes})" if sizes else "NUMERIC")
        case "date":
            return call("DATE_TRUNC", "second", _time(inner))
        case "timestamp":
            return _time(inner)
        case "double":
            return _cast(inner, "DOUBLE PRECISION")
        case "boolean":
            return _cast(inner, "BOOLEAN")
        case _:
            size = node.to.expressions[0].name if node.to.expressions else ""
            worded = _words(inner, of)
            return text(call("LEFT", worded, int(size)) if size.isdigit() else worded)


def _average(t: Translator, node: Node) -> Node:
    return t.descend(node)


def _same(c: Call) -> Node:
    return call(c.name, *c.arguments)


def _text(c: Call) -> Node:
    return text(call(c.name, *c.arguments))


def _renamed(name: str) -> Callable[[Call], Node]:
    return lambda c: call(name, *c.arguments)


def _instr(c: Call) -> Node:
    if len(c.arguments) > 2:
        raise c.refuse("only two arguments are understood here")
    return call("STRPOS", *c.arguments)


def _substr(c: Call) -> Node:
    """Position 0 is 1; only a fixed position from the left is understood here."""
    start = c.literal(1)
    if start is None or not start.isdigit():
        raise c.refuse("only a fixed position from the left is understood here")
    size = [call("GREATEST", c.arguments[2], 0)] if len(c.arguments) > 2 else []
    return text(call("SUBSTR", c.arguments[0], max(1, int(start)), *size))


def _numeric(c: Call) -> Node:
    """A function of numbers whose arguments PostgreSQL would take as floating."""
    return call(c.name, *[_number(a) for a in c.arguments])


def _trunc(c: Call) -> Node:
    model = c.literal(1)
    if c.kinds[0] not in _TIMES:
        return call(
            "TRUNC", *[_number(a) if i == 0 else a for i, a in enumerate(c.arguments)]
        )
    unit = UNITS.get((model or "DD").upper())
    if unit is None or (len(c.arguments) > 1 and model is None):
        raise c.refuse("this unit is not understood here")
    return call("DATE_TRUNC", unit, _time(c.arguments[0]))


def _round(c: Call) -> Node:
    if c.kinds[0] in _TIMES:
        raise c.refuse("rounding a date is not understood here")
    return call("ROUND", _number(c.arguments[0]), *c.arguments[1:])


def _last_of(day: Node) -> Node:
    """Return the last day of a month at the time of day of `day`."""
    month = call("DATE_TRUNC", "month", _time(day))
    time = exp.Paren(
        this=exp.Sub(this=_time(day), expression=call("DATE_TRUNC", "day", _time(day)))
    )
    last: Node = exp.Sub(
        this=exp.Add(this=month, expression=_interval("1 month")),
        expression=_interval("1 day"),
    )
    return exp.Paren(this=exp.Add(this=last, expression=time))


def _last_day(c: Call) -> Node:
    return _last_of(c.arguments[0])


def _add_months(c: Call) -> Node:
    """The last day of a month leads to the last day of the other."""
    date, months = c.arguments
    moved = exp.Paren(
        this=exp.Add(this=_time(date), expression=_spans(months, "1 month"))
    )
    is_last = exp.EQ(this=_last_of(date), expression=_time(date))
    return when(is_last, _last_of(moved), moved)


def _to_date(c: Call) -> Node:
    return call("DATE_TRUNC", "second", _to_timestamp(c))


def _to_timestamp(c: Call) -> Node:
    """A format model means the same in both databases, but for these elements."""
    if c.kinds[0] in _TIMES or len(c.arguments) == 1:
        return _time(c.arguments[0])
    model = c.literal(1)
    if model is None:
        raise c.refuse("only a fixed format is understood here")
    plain = (
        model.upper().replace("RRRR", "YYYY").replace("RR", "YY").replace("FF", "US")
    )
    return _time(call("TO_TIMESTAMP", c.arguments[0], plain))


def _to_number(c: Call) -> Node:
    if len(c.arguments) > 1:
        raise c.refuse("only one argument is understood here")
    return _number(c.arguments[0])


def _to_char(c: Call) -> Node:
    if len(c.arguments) == 1:
        return _words(c.arguments[0], c.kinds[0])
    if c.kinds[0] not in _TIMES or c.literal(1) is None:
        raise c.refuse("a number's format, or one that is not fixed, is not understood")
    return text(call("TO_CHAR", *c.arguments))


def _regexp_replace(c: Call) -> Node:
    new = c.arguments[2] if len(c.arguments) > 2 else exp.Literal.string("")
    if len(c.arguments) > 3:
        raise c.refuse("only three arguments are understood here")
    return text(call("REGEXP_REPLACE", c.arguments[0], c.arguments[1], new, "g"))


def _concat(c: Call) -> Node:
    parts = zip(c.arguments, c.kinds, strict=True)
    return text(call("CONCAT", *[_words(a, k) for a, k in parts]))


def _interval_of(c: Call) -> Node:
    unit = (c.literal(1) or "").upper()
    if unit not in ("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"):
        raise c.refuse("the unit is none of Oracle's")
    return _spans(c.arguments[0], f"1 {unit.lower()}")


# What means the same in PostgreSQL as the translation for DuckDB gives it.
_SHARED: Final = ("COALESCE", "DECODE", "GREATEST", "LEAST", "LNNVL", "NVL", "NVL2")
_NODES: Final[Mapping[type[Node], Callable[[Translator, Any], Node]]] = {
    **{k: v for k, v in duckdb.NODES.items() if k is not exp.JSONValue},
    exp.Add: _arithmetic,
    exp.Avg: _average,
    exp.Cast: _converted,
    exp.CurrentDate: _now,
    exp.CurrentTimestamp: _now,
    exp.Div: _arithmetic,
    exp.Interval: _span,
    exp.Localtimestamp: _now,
    exp.Mul: _arithmetic,
    exp.Sub: _arithmetic,
    exp.Systimestamp: _now,
}
_FUNCTIONS: Final[Mapping[str, Callable[[Call], Node]]] = {
    **{name: FUNCTIONS[name] for name in (*_SHARED, "MOD", "REPLACE")},
    **dict.fromkeys(("ABS", "ASCII", "CEIL", "CHR", "FLOOR", "LENGTH"), _same),
    **dict.fromkeys(("LOWER", "NULLIF", "SIGN", "TRANSLATE", "UPPER"), _same),
    **dict.fromkeys(("INITCAP", "LPAD", "LTRIM", "RPAD", "RTRIM"), _text),
    **dict.fromkeys(("EXP", "LN", "POWER", "SQRT"), _numeric),
    "ADD_MONTHS": _add_months,
    "CONCAT": _concat,
    "INSTR": _instr,
    "LAST_DAY": _last_day,
    "LENGTHB": _renamed("OCTET_LENGTH"),
    "NUMTODSINTERVAL": _interval_of,
    "NUMTOYMINTERVAL": _interval_of,
    "REGEXP_LIKE": _same,
    "REGEXP_REPLACE": _regexp_replace,
    "ROUND": _round,
    "SUBSTR": _substr,
    "TO_CHAR": _to_char,
    "TO_DATE": _to_date,
    "TO_NUMBER": _to_number,
    "TO_TIMESTAMP": _to_timestamp,
    "TRUNC": _trunc,
}
POSTGRES: Final = Target(_NODES, _FUNCTIONS, _number, _time, _words)
