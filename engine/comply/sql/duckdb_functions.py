"""Oracle's functions in DuckDB's SQL, with Oracle's meaning: '' is NULL.

Each entry takes the call, its arguments already translated, and gives the expression
that computes the same. A function that is not here has no meaning outside Oracle, and
an assertion or a script that calls it is refused.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Final, TypeAlias

from sqlglot import exp

from comply.dialect.errors import SqlError
from comply.sql.catalog import Kind
from comply.sql.formats import moment_in, strftime_parts, strptime_format
from comply.sql.kinds import kind

Node: TypeAlias = exp.Expr
NUMBER: Final = "DECIMAL(38, 10)"
_LONGEST: Final = 9
"""How many digits a position in a text has at most."""


def call(name: str, *arguments: Node | str | int) -> Node:
    """Return a call of one of DuckDB's functions."""
    return exp.Anonymous(this=name, expressions=[_node(a) for a in arguments])


def cast(node: Node, target: str) -> Node:
    """Return a cast to one of DuckDB's types."""
    return exp.Cast(this=node, to=_type(target).copy())


@lru_cache(maxsize=256)
def _type(target: str) -> exp.DataType:
    """Return the tree of a type, which takes longer to read than to copy."""
    return exp.DataType.build(target, dialect="duckdb")


def _node(value: Node | str | int) -> Node:
    if isinstance(value, exp.Expr):
        return value.copy()
    if isinstance(value, str):
        return exp.Literal.string(value)
    literal: Node = exp.Literal.number(value)
    return literal


def text(node: Node) -> Node:
    """Return a string that is NULL where it is empty."""
    return call("NULLIF", node, "")


def when(test: Node, then: Node | str | int, otherwise: Node | str | int) -> Node:
    """Return `CASE WHEN test THEN then ELSE otherwise END`."""
    branch = exp.If(this=test.copy(), true=_node(then))
    return exp.Case(ifs=[branch], default=_node(otherwise))


def less(left: Node, right: int) -> Node:
    """Return `left < right`."""
    return exp.LT(this=exp.Paren(this=left.copy()), expression=_node(right))


def concat(parts: list[Node]) -> Node:
    """Return parts joined as `||` joins them: NULL is the empty string."""
    return text(call("CONCAT", *parts))


class Call:
    """A call to translate: its own node, the kinds it had, its translated arguments."""

    __slots__ = ("arguments", "kinds", "name", "original")

    def __init__(self, original: exp.Anonymous, arguments: list[Node]) -> None:
        self.original = original
        self.name = str(original.this).upper()
        self.arguments = arguments
        self.kinds: list[Kind] = [kind(e) for e in original.expressions]

    def literal(self, i: int) -> str | None:
        """Return the text of argument `i` if it is a literal, else None."""
        if i >= len(self.original.expressions):
            return None
        node = self.original.expressions[i]
        return node.name if isinstance(node, exp.Literal) else None

    def refuse(self, why: str) -> SqlError:
        """Return the error for a call that has no translation."""
        return SqlError(0, f"{self.name}: {why}")


Translation: TypeAlias = Callable[[Call], Node]


def _same(c: Call) -> Node:
    return call(c.name, *c.arguments)


def _text(c: Call) -> Node:
    return text(call(c.name, *c.arguments))


def _nvl(c: Call) -> Node:
    return call("COALESCE", *c.arguments)


def _nvl2(c: Call) -> Node:
    test, some, none = c.arguments
    return when(exp.Not(this=exp.Is(this=test, expression=exp.Null())), some, none)


def _decode(c: Call) -> Node:
    """DECODE compares NULL equal to NULL."""
    subject, *rest = c.arguments
    default = rest.pop() if len(rest) % 2 else exp.Null()
    branches = [
        exp.If(
            this=exp.NullSafeEQ(this=subject.copy(), expression=rest[i]),
            true=rest[i + 1],
        )
        for i in range(0, len(rest), 2)
    ]
    return exp.Case(ifs=branches, default=default)


def _extreme(c: Call) -> Node:
    """GREATEST and LEAST are NULL as soon as one argument is."""
    unknown: Node = exp.Is(this=c.arguments[0].copy(), expression=exp.Null())
    for argument in c.arguments[1:]:
        other = exp.Is(this=argument.copy(), expression=exp.Null())
        unknown = exp.Or(this=unknown, expression=other)
    return when(unknown, exp.Null(), call(c.name, *c.arguments))


def _substr(c: Call) -> Node:
    """Position 0 is 1; a negative one counts from the end, or gives NULL before it."""
    subject, start = c.arguments[0], c.arguments[1]
    literal = c.literal(1)
    size = [call("GREATEST", c.arguments[2], 0)] if len(c.arguments) > 2 else []
    if literal is not None and literal.isdecimal() and len(literal) <= _LONGEST:
        begin = _node(max(1, int(literal)))
        return text(call("SUBSTRING", subject, begin, *size))
    position = cast(start, "BIGINT")
    begin = when(exp.EQ(this=position.copy(), expression=_node(0)), 1, position)
    length = call("LENGTH", subject)
    outside = less(exp.Add(this=position.copy(), expression=length), 0)
    return when(outside, exp.Null(), text(call("SUBSTRING", subject, begin, *size)))


def _instr(c: Call) -> Node:
    found = call("INSTR", c.arguments[0], c.arguments[1])
    if len(c.arguments) == 2 or c.literal(2) == "1":
        return found
    at = c.literal(2)
    fixed = at is not None and at.isdecimal() and len(at) <= _LONGEST
    if at is None or not fixed or len(c.arguments) > 3:
        raise c.refuse("only a fixed position from the left is understood here")
    rest = call("SUBSTRING", c.arguments[0], int(at))
    inside = call("INSTR", rest, c.arguments[1])
    shifted = exp.Add(this=inside.copy(), expression=_node(int(at) - 1))
    return when(exp.EQ(this=inside, expression=_node(0)), 0, shifted)


def _replace(c: Call) -> Node:
    subject, old = c.arguments[0], c.arguments[1]
    new = c.arguments[2] if len(c.arguments) > 2 else exp.Null()
    return text(
        call("REPLACE", subject, call("COALESCE", old, ""), call("COALESCE", new, ""))
    )


def _pad(c: Call) -> Node:
    filler = c.arguments[2] if len(c.arguments) > 2 else exp.Literal.string(" ")
    size = cast(call("GREATEST", c.arguments[1], 0), "INTEGER")
    return text(call(c.name, c.arguments[0], size, filler))


def _initcap(c: Call) -> Node:
    runs = r"[\p{L}\p{N}]+|[^\p{L}\p{N}]+"
    words = call("REGEXP_EXTRACT_ALL", call("LOWER", c.arguments[0]), runs)
    raise_first = exp.Lambda(
        this=exp.DPipe(
            this=call("UPPER", call("SUBSTRING", exp.column("w"), 1, 1)),
            expression=call("SUBSTRING", exp.column("w"), 2),
        ),
        expressions=[exp.to_identifier("w")],
    )
    return text(call("ARRAY_TO_STRING", call("LIST_TRANSFORM", words, raise_first), ""))


def _regexp_like(c: Call) -> Node:
    flags = c.literal(2) or ""
    # Oracle's `n` lets a dot match a line's end; there it is `s`.
    options = [flags.replace("n", "s")] if flags else []
    return call("REGEXP_MATCHES", c.arguments[0], c.arguments[1], *options)


def _regexp_replace(c: Call) -> Node:
    new = c.arguments[2] if len(c.arguments) > 2 else exp.Literal.string("")
    if len(c.arguments) > 3:
        raise c.refuse("only three arguments are understood here")
    return text(call("REGEXP_REPLACE", c.arguments[0], c.arguments[1], new, "g"))


def _regexp_substr(c: Call) -> Node:
    if len(c.arguments) > 2:
        raise c.refuse("only two arguments are understood here")
    return text(call("REGEXP_EXTRACT", c.arguments[0], c.arguments[1]))


def _mod(c: Call) -> Node:
    a, b = c.arguments
    rest = exp.Mod(this=exp.Paren(this=a.copy()), expression=exp.Paren(this=b.copy()))
    return when(exp.EQ(this=b.copy(), expression=_node(0)), a, rest)


def _ceiling(c: Call) -> Node:
    return cast(call(c.name, *c.arguments), NUMBER)


def _power(c: Call) -> Node:
    return cast(call(c.name, *[cast(a, "DOUBLE") for a in c.arguments]), NUMBER)


def _round(c: Call) -> Node:
    if c.kinds[0] in ("date", "timestamp"):
        if len(c.arguments) > 1:
            raise c.refuse("rounding a date to a unit is not understood here")
        noon = exp.Add(this=c.arguments[0], expression=call("TO_HOURS", 12))
        return call("DATE_TRUNC", "day", noon)
    return call("ROUND", *c.arguments)


UNITS: Final = {
    **dict.fromkeys(("SYYYY", "YYYY", "YYY", "YY", "Y", "YEAR", "SYEAR"), "year"),
    **dict.fromkeys(("MONTH", "MON", "MM", "RM"), "month"),
    **dict.fromkeys(("DDD", "DD", "J"), "day"),
    **dict.fromkeys(("HH", "HH12", "HH24"), "hour"),
    "MI": "minute",
    "Q": "quarter",
    "IW": "week",
    "CC": "century",
}


def _trunc(c: Call) -> Node:
    """TRUNC of a date cuts to a unit, of a number to so many digits."""
    model = c.literal(1)
    dated = c.kinds[0] in ("date", "timestamp")
    if dated or (len(c.kinds) > 1 and c.kinds[1] == "char"):
        if len(c.arguments) > 1 and (model or "").upper() not in UNITS:
            raise c.refuse("this unit is not understood here")
        unit = UNITS[(model or "DD").upper()]
        return cast(call("DATE_TRUNC", unit, c.arguments[0]), "TIMESTAMP")
    if len(c.arguments) == 1:
        return call("TRUNC", c.arguments[0])
    if model is None or not model.isdecimal():
        raise c.refuse("only a fixed number of digits is understood here")
    subject = c.arguments[0]
    if len(model) > 2:
        # A number here has fewer digits than a hundred: there is nothing to cut.
        return subject
    unit_node = exp.Literal.number("1" if model == "0" else f"0.{'1':0>{int(model)}}")
    rest = exp.Mod(this=exp.Paren(this=subject.copy()), expression=unit_node)
    return exp.Paren(this=exp.Sub(this=exp.Paren(this=subject), expression=rest))


def _add_months(c: Call) -> Node:
    """The last day of a month leads to the last day of the other."""
    date, months = c.arguments
    moved = exp.Add(
        this=date.copy(), expression=call("TO_MONTHS", cast(months, "INTEGER"))
    )
    is_last = exp.EQ(this=call("LAST_DAY", date), expression=cast(date.copy(), "DATE"))
    return when(is_last, _last_of(moved, date), moved)


def _last_of(day: Node, time: Node) -> Node:
    """Return the last day of `day`'s month at the time of day of `time`."""
    clock = exp.Paren(
        this=exp.Sub(this=time.copy(), expression=call("DATE_TRUNC", "day", time))
    )
    last = cast(call("LAST_DAY", exp.Paren(this=day.copy())), "TIMESTAMP")
    return exp.Paren(this=exp.Add(this=last, expression=clock))


def _last_day(c: Call) -> Node:
    return _last_of(c.arguments[0], c.arguments[0])


def _months_between(c: Call) -> Node:
    """Whole months where the days agree or both are last, else days of 31 parts."""
    later, earlier = c.arguments
    tree = _months().copy()
    values = {"a": later, "b": earlier}
    for column in list(tree.find_all(exp.Column)):
        column.replace(exp.Paren(this=values[column.name].copy()))
    return cast(tree, NUMBER)


@lru_cache(maxsize=1)
def _months() -> Node:
    """Return the months between `a` and `b`, which takes longer to read than to copy."""
    tree: Node = exp.maybe_parse(
        "CASE WHEN DAY(a) = DAY(b) OR (LAST_DAY(a) = CAST(a AS DATE)"
        " AND LAST_DAY(b) = CAST(b AS DATE))"
        " THEN (YEAR(a) - YEAR(b)) * 12 + MONTH(a) - MONTH(b)"
        " ELSE (YEAR(a) - YEAR(b)) * 12 + MONTH(a) - MONTH(b) + (EPOCH(a - DATE_TRUNC("
        "'month', a)) - EPOCH(b - DATE_TRUNC('month', b))) / 2678400 END",
        dialect="duckdb",
    )
    return tree


def _to_date(c: Call) -> Node:
    """Read a date; the fraction of a second is none of a DATE's business."""
    return _known_moment(c) or call("DATE_TRUNC", "second", _to_timestamp(c))


def _to_timestamp(c: Call) -> Node:
    if c.kinds[0] in ("date", "timestamp"):
        return c.arguments[0]
    model = c.literal(1)
    if len(c.arguments) == 1:
        return implicit_date(c.arguments[0])
    if model is None:
        raise c.refuse("only a fixed format is understood here")
    read = call("STRPTIME", c.arguments[0], strptime_format(model))
    return _known_moment(c) or read


def _known_moment(c: Call) -> Node | None:
    """Return the moment that a call with two constants gives, if that is plain."""
    said, model = c.literal(0), c.literal(1)
    moment = None if said is None or model is None else moment_in(said, model)
    if moment is None or c.kinds[0] != "char":
        return None
    return cast(exp.Literal.string(moment.isoformat(sep=" ")), "TIMESTAMP")


def implicit_date(node: Node) -> Node:
    """Return a string as the date it means without a format.

    Oracle's default is `DD-MON-RR`; ISO dates are read too, since sessions commonly set
    them as their format.
    """
    formats = exp.Array(
        expressions=[
            exp.Literal.string(f)
            for f in ("%d-%b-%y", "%d-%b-%Y", "%Y-%m-%d", "%Y-%m-%d %H:%M:%S")
        ]
    )
    return call("STRPTIME", node, formats)


def _to_number(c: Call) -> Node:
    if len(c.arguments) > 1:
        raise c.refuse("only one argument is understood here")
    return cast(c.arguments[0], NUMBER)


def _to_char(c: Call) -> Node:
    subject, model = c.arguments[0], c.literal(1)
    if len(c.arguments) == 1:
        return as_text(subject, c.kinds[0])
    if model is None or c.kinds[0] in ("number", "double"):
        raise c.refuse("a number's format, or one that is not fixed, is not understood")
    written = call("CONCAT", *[_written(subject, *p) for p in strftime_parts(model)])
    # CONCAT passes over NULL, and would leave what stands between a date's parts.
    missing = exp.Is(this=subject.copy(), expression=exp.Null())
    return when(missing, exp.Null(), text(written))


def _written(subject: Node, what: str, argument: str) -> Node:
    """Return one element of a date as text."""
    match what:
        case "text":
            return exp.Literal.string(argument)
        case "strftime":
            return call("STRFTIME", subject, argument)
        case "upper" | "lower":
            return call(what.upper(), call("STRFTIME", subject, argument))
        case "quarter":
            return call("QUARTER", subject)
        case "week":
            week = exp.Div(
                this=exp.Paren(
                    this=exp.Sub(this=call("DAYOFYEAR", subject), expression=_node(1))
                ),
                expression=_node(7),
            )
            return call("FORMAT", "{:02d}", _plus_one(cast(call("FLOOR", week), "INT")))
        case "weekday":
            return _plus_one(call("DAYOFWEEK", subject))
        case "fraction":
            return call("LEFT", call("STRFTIME", subject, "%n"), int(argument))
        case _:
            since = exp.Sub(
                this=subject.copy(), expression=call("DATE_TRUNC", "day", subject)
            )
            return cast(call("EPOCH", exp.Paren(this=since)), "INT")


def _plus_one(node: Node) -> Node:
    return exp.Paren(this=exp.Add(this=node, expression=_node(1)))


def as_text(node: Node, of: Kind) -> Node:
    """Return a value as Oracle turns it into text without a format."""
    match of:
        case "number":
            return _plain_number(node)
        case "date":
            return call("UPPER", call("STRFTIME", node, "%d-%b-%y"))
        case "boolean":
            return call("UPPER", cast(node, "TEXT"))
        case "char" | "padded":
            return node
        case _:
            return cast(node, "TEXT")


def _plain_number(node: Node) -> Node:
    """Write a number as Oracle does: no zeros at the end, none before the point."""
    written = cast(node, "TEXT")
    trimmed = call("RTRIM", call("RTRIM", written, "0"), ".")
    short = when(call("CONTAINS", written, "."), trimmed, written)
    return call("REGEXP_REPLACE", short, r"^(-?)0\.", r"\1.")


def _lnnvl(c: Call) -> Node:
    test = exp.Paren(this=c.arguments[0])
    return exp.Not(this=exp.Is(this=test, expression=exp.true()))


def _concat(c: Call) -> Node:
    parts = zip(c.arguments, c.kinds, strict=True)
    return concat([as_text(a, k) for a, k in parts])


def _interval_of(c: Call) -> Node:
    units = {"DAY": 86400, "HOUR": 3600, "MINUTE": 60, "SECOND": 1}
    unit = (c.literal(1) or "").upper()
    if unit in ("YEAR", "MONTH") and c.name == "NUMTOYMINTERVAL":
        return call(f"TO_{unit}S", cast(c.arguments[0], "INTEGER"))
    if unit not in units or c.name != "NUMTODSINTERVAL":
        raise c.refuse("the unit is none of Oracle's")
    count = cast(c.arguments[0], NUMBER)
    micros = exp.Mul(this=count, expression=_node(units[unit] * 1_000_000))
    return call("TO_MICROSECONDS", cast(exp.Paren(this=micros), "BIGINT"))


# Which arguments are text; a number or a date in their place is turned into it.
TEXTS: Final[dict[str, tuple[int, ...]]] = {
    "ASCII": (0,),
    "INITCAP": (0,),
    "INSTR": (0, 1),
    "LENGTH": (0,),
    "LOWER": (0,),
    "LPAD": (0, 2),
    "LTRIM": (0, 1),
    "REGEXP_LIKE": (0,),
    "REGEXP_REPLACE": (0, 2),
    "REGEXP_SUBSTR": (0,),
    "REPLACE": (0, 1, 2),
    "RPAD": (0, 2),
    "RTRIM": (0, 1),
    "SUBSTR": (0,),
    "TRANSLATE": (0, 1, 2),
    "UPPER": (0,),
}
FUNCTIONS: Final[dict[str, Translation]] = {
    "ABS": _same,
    "ADD_MONTHS": _add_months,
    "ASCII": _same,
    "CEIL": _ceiling,
    "CHR": _same,
    "COALESCE": _same,
    "CONCAT": _concat,
    "DECODE": _decode,
    "EXP": _power,
    "FLOOR": _ceiling,
    "GREATEST": _extreme,
    "INITCAP": _initcap,
    "INSTR": _instr,
    "LAST_DAY": _last_day,
    "LEAST": _extreme,
    "LENGTH": _same,
    "LN": _power,
    "LNNVL": _lnnvl,
    "LOWER": _same,
    "LPAD": _pad,
    "LTRIM": _text,
    "MOD": _mod,
    "MONTHS_BETWEEN": _months_between,
    "NULLIF": _same,
    "NUMTODSINTERVAL": _interval_of,
    "NUMTOYMINTERVAL": _interval_of,
    "NVL": _nvl,
    "NVL2": _nvl2,
    "POWER": _power,
    "REGEXP_LIKE": _regexp_like,
    "REGEXP_REPLACE": _regexp_replace,
    "REGEXP_SUBSTR": _regexp_substr,
    "REPLACE": _replace,
    "ROUND": _round,
    "RPAD": _pad,
    "RTRIM": _text,
    "SIGN": _same,
    "SQRT": _power,
    "SUBSTR": _substr,
    "TO_CHAR": _to_char,
    "TO_DATE": _to_date,
    "TO_NUMBER": _to_number,
    "TO_TIMESTAMP": _to_timestamp,
    "TRANSLATE": _same,
    "TRUNC": _trunc,
    "UPPER": _same,
}
