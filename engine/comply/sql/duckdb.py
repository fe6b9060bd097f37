"""Oracle's SQL in DuckDB's, with Oracle's meaning.

`translate` takes a tree whose names are resolved. The result is plain DuckDB: it needs
no function or macro of ours, so a denial can be pasted into any DuckDB session. What
has no translation is an error with its place; nothing passes through unknown.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeAlias

from sqlglot import exp

from comply.classes import dataclass, field
from comply.dialect.errors import SqlError
from comply.dialect.oracle import place_of
from comply.source import Source
from comply.sql.catalog import Kind
from comply.sql.duckdb_functions import (
    FUNCTIONS,
    NUMBER,
    TEXTS,
    Call,
    as_text,
    call,
    cast,
    concat,
    implicit_date,
    text,
    when,
)
from comply.sql.kinds import kind

_LARGEST_EXPONENT: Final = 125
_SMALLEST_EXPONENT: Final = -130
"""Of the leading digit of a NUMBER; what is smaller is 0."""

Node: TypeAlias = exp.Expr
_WORDED: Final = frozenset({"boolean", "date", "double", "number", "timestamp"})


@dataclass(frozen=True, slots=True)
class Target:
    """How a database says things: node by node, function by function, type by type.

    `numbered` reads a number from text, `dated` a date, as Oracle does without a format;
    `worded` writes a value as text.
    """

    nodes: Mapping[type[Node], Callable[["Translator", Any], Node]]
    functions: Mapping[str, Callable[[Call], Node]]
    numbered: Callable[[Node], Node]
    dated: Callable[[Node], Node]
    worded: Callable[[Node, Kind], Node]


@dataclass(frozen=True, slots=True)
class Translator:
    """What a translation may depend on besides the tree.

    `now` is the time of the statement (None: the database's own), `binds` the values of
    `:name`, `target` the database (None: DuckDB). `noted` collects what a
    translation has used of what changes from statement to statement: "now", "binds".
    """

    source: Source
    now: datetime | None = None
    binds: Mapping[str, object] = field(default_factory=dict)
    user: str = "COMPLY"
    target: Target | None = None
    noted: set[str] = field(default_factory=set, compare=False)

    @property
    def way(self) -> Target:
        """How the database says things."""
        return self.target or DUCKDB

    def translate(self, node: Node) -> Node:
        """Return the tree of `node` in DuckDB's terms; `node` stays as it is.

        Raises:
            SqlError: it holds something that has no translation.
        """
        handler = self.way.nodes.get(type(node))
        try:
            if handler:
                return handler(self, node)
        except SqlError as error:
            place = error.span or place_of(node, self.source)
            raise SqlError(0, error.message, place, error.hint) from None
        if type(node) not in _KEPT:
            what = node.key.upper()
            message = f"comply does not understand {what} here"
            raise SqlError(0, message, place_of(node, self.source))
        return self.descend(node)

    def descend(self, node: Node) -> Node:
        """Return a copy of `node` with each child translated."""
        copied = type(node)()
        copied.meta.update(node.meta)
        for key, value in node.args.items():
            if isinstance(value, exp.Expr):
                copied.set(key, self.translate(value))
            elif isinstance(value, list):
                copied.set(
                    key,
                    [
                        self.translate(v) if isinstance(v, exp.Expr) else v
                        for v in value
                    ],
                )
            else:
                copied.set(key, value)
        return copied

    def moment(self) -> Node:
        """Return the time of the statement as a timestamp without a zone."""
        if self.now is None:
            return cast(exp.CurrentTimestamp(), "TIMESTAMP")
        self.noted.add("now")
        return timestamp(self.now)


def timestamp(moment: datetime) -> Node:
    """Return a moment as a literal; one with a zone counts in UTC."""
    return cast(exp.Literal.string(utc(moment).isoformat(sep=" ")), "TIMESTAMP")


def utc(moment: datetime) -> datetime:
    """Return a moment without its zone; one with a zone in UTC."""
    if moment.tzinfo is None:
        return moment
    return moment.astimezone(UTC).replace(tzinfo=None)


def write(node: Node, *, pretty: bool = False) -> str:
    """Return the text of a translated tree, every name quoted.

    The tree is not to be used again: to copy it first takes as long as to write it.
    """
    return node.sql(dialect="duckdb", identify=True, pretty=pretty, copy=False)


def _literal(t: Translator, node: Node) -> Node:
    """'' is NULL; a number with an exponent is still exact, as far as Oracle has it."""
    if node.args["is_string"]:
        return node.copy() if node.name else exp.Null()
    if "e" in node.name.lower():
        try:
            number = Decimal(node.name)
        except InvalidOperation:
            raise SqlError(1722, "invalid number", place_of(node, t.source)) from None
        if number.adjusted() > _LARGEST_EXPONENT:
            raise SqlError(1426, "numeric overflow", place_of(node, t.source))
        if number.adjusted() < _SMALLEST_EXPONENT:
            return exp.Literal.number(0)
        return exp.Literal.number(f"{number:f}")
    return node.copy()


def _string(_t: Translator, node: Node) -> Node:
    return exp.Literal.string(node.name) if node.name else exp.Null()


def _dpipe(t: Translator, node: Node) -> Node:
    parts = list(node.flatten())
    return concat([t.way.worded(t.translate(p), kind(p)) for p in parts])


def _introducer(_t: Translator, node: Node) -> Node:
    """`DATE '..'` and `TIMESTAMP '..'`; a zone counts in UTC."""
    written = node.expression.name
    try:
        moment = datetime.fromisoformat(_iso(written))
    except ValueError:
        message = f"{written!r} is no {node.this.name.lower()}"
        raise SqlError(1861, message, None) from None
    return timestamp(moment)


def _iso(written: str) -> str:
    """Return a timestamp literal in the form that Python reads."""
    day, _, clock = written.strip().partition(" ")
    year, *rest = day.split("-")
    day = "-".join((f"{year:0>4}", *(f"{r:0>2}" for r in rest)))
    hour, _, tail = clock.strip().replace(" ", "").partition(":")
    return f"{day}T{hour:0>2}:{tail}" if tail else day


def _now(t: Translator, node: Node) -> Node:
    if kind(node) == "date":
        return cast(call("DATE_TRUNC", "second", t.moment()), "TIMESTAMP")
    return t.moment()


def _function(t: Translator, node: Node) -> Node:
    name = str(node.this).upper()
    if name in ("CURRENT_TIMESTAMP", "LOCALTIMESTAMP", "SYSTIMESTAMP"):
        return t.moment()
    if name not in t.way.functions:
        raise SqlError(0, f"comply does not know the function {name}", None)
    assert isinstance(node, exp.Anonymous)  # noqa: S101  (the table says so)
    texts = TEXTS.get(name, ())
    arguments = [
        _worded(t, a) if i in texts else t.translate(a)
        for i, a in enumerate(node.expressions)
    ]
    return t.way.functions[name](Call(node, arguments))


def _worded(t: Translator, node: Node) -> Node:
    """Return a value as text where it is of another kind."""
    translated, of = t.translate(node), kind(node)
    return t.way.worded(translated, of) if of in _WORDED else translated


def _placeholder(t: Translator, node: Node) -> Node:
    t.noted.add("binds")
    known = {name.upper(): of for name, of in t.binds.items()}
    name = node.name.upper()
    if name not in known:
        raise SqlError(1008, f"not all variables bound: :{node.name}", None)
    return value(known[name])


def value(of: object) -> Node:
    """Return a Python value as a literal; the empty string is NULL."""
    match of:
        case None | "":
            return exp.Null()
        case bool():
            return exp.Boolean(this=of)
        case int():
            return exp.Literal.number(of)
        case Decimal():
            return exp.Literal.number(f"{of:f}")
        case float():
            return cast(exp.Literal.string(repr(of)), "DOUBLE")
        case datetime():
            return timestamp(of)
        case _:
            return exp.Literal.string(str(of))


def _column(t: Translator, node: Node) -> Node:
    name = node.name.upper()
    if node.args.get("table") and name in ("NEXTVAL", "CURRVAL"):
        return call(name, f'"{node.args["table"].name.upper()}"')
    if not node.args.get("table") and name == "USER" and node.meta.get("kind"):
        return exp.Literal.string(t.user)
    if not node.args.get("table") and name == "ROWNUM" and node.meta.get("kind"):
        raise SqlError(0, "comply does not understand ROWNUM here", None)
    return node.copy()


def _select(t: Translator, node: Node) -> Node:
    """A query; `ROWNUM <= n` is its limit, where no later clause depends on it."""
    where = node.args.get("where")
    parts = _conjuncts(where.this) if where else []
    limits = [n for p in parts if (n := _rownum(p)) is not None]
    later = ("group", "order", "distinct", "having", "limit")
    sums = any(s.find(exp.AggFunc, exp.Window) for s in node.expressions)
    if not limits or sums or any(node.args.get(k) for k in later):
        return t.descend(node)
    cut = node.copy()
    rest = [p.copy() for p in parts if _rownum(p) is None]
    cut.set("where", exp.Where(this=exp.and_(*rest)) if rest else None)
    cut.set("limit", exp.Limit(expression=exp.Literal.number(max(0, min(limits)))))
    return t.descend(cut)


def _limit(t: Translator, node: Node) -> Node:
    """FETCH FIRST n ROWS ONLY."""
    options = node.args.get("limit_options")
    if options and (options.args.get("percent") or options.args.get("with_ties")):
        raise SqlError(0, "comply does not understand PERCENT or WITH TIES", None)
    count = node.args.get("count") or exp.Literal.number(1)
    return exp.Limit(expression=t.translate(count))


def _conjuncts(node: Node) -> list[Node]:
    return list(node.flatten()) if isinstance(node, exp.And) else [node]


def _rownum(part: Node) -> int | None:
    """Return n where a condition says `ROWNUM <= n`, in one way or another."""
    if not isinstance(part, exp.LTE | exp.LT | exp.EQ):
        return None
    column, bound = part.this, part.args["expression"]
    is_rownum = (
        isinstance(column, exp.Column)
        and not column.table
        and column.name.upper() == "ROWNUM"
    )
    if not (is_rownum and isinstance(bound, exp.Literal) and bound.name.isdigit()):
        return None
    count = int(bound.name) - isinstance(part, exp.LT)
    return count if not isinstance(part, exp.EQ) or count == 1 else 0


def _table(t: Translator, node: Node) -> Node:
    if node.name.upper() == "DUAL" and not node.args.get("db"):
        dummy = exp.select(exp.alias_(exp.Literal.string("X"), "DUMMY"))
        return dummy.subquery(node.alias_or_name)
    return t.descend(node)


_TIMES: Final = frozenset({"date", "timestamp"})
_SPANS: Final = frozenset({"months", "seconds"})


def _paren(node: Node) -> Node:
    simple = isinstance(
        node, exp.Column | exp.Literal | exp.Paren | exp.Cast | exp.Anonymous | exp.Null
    )
    return node if simple else exp.Paren(this=node)


def _arithmetic(t: Translator, node: Node) -> Node:
    """`+ - * /` as Oracle has them: days for dates, exact decimals for numbers."""
    left, right = kind(node.this), kind(node.expression)
    a, b = _paren(t.translate(node.this)), _paren(t.translate(node.expression))
    if left in _TIMES or right in _TIMES:
        return _with_time(type(node), (a, left), (b, right))
    if left in _SPANS or right in _SPANS:
        return type(node)(this=a, expression=b)
    a, b = _number(a, left), _number(b, right)
    if "double" in (left, right):
        return (
            _quotient(a, b, "DOUBLE")
            if isinstance(node, exp.Div)
            else type(node)(this=a, expression=b)
        )
    if isinstance(node, exp.Div):
        return _quotient(a, b, NUMBER)
    result = type(node)(this=a, expression=b)
    known = "unknown" not in (left, right)
    if isinstance(node, exp.Mul) and known:
        # DuckDB adds the scales of the factors and gives up where they pass 38.
        return cast(exp.Paren(this=result), NUMBER)
    return result


def _quotient(a: Node, b: Node, target: str) -> Node:
    """Return a / b; Oracle refuses to divide by zero, DuckDB gives infinity."""
    division = exp.Div(this=a, expression=b.copy(), typed=False, safe=False)
    refusal = call("ERROR", "ORA-01476: divisor is equal to zero")
    zero = exp.EQ(this=b, expression=exp.Literal.number(0))
    return when(zero, refusal, cast(division, target))


def _number(node: Node, of: Kind) -> Node:
    return cast(node, NUMBER) if of in ("char", "padded") else node


def _with_time(
    operation: type[Node], left: tuple[Node, Kind], right: tuple[Node, Kind]
) -> Node:
    (a, a_kind), (b, b_kind) = left, right
    if a_kind in _TIMES and b_kind in _TIMES:
        difference = exp.Sub(this=a, expression=b)
        if "timestamp" in (a_kind, b_kind):
            return difference
        micros = exp.Sub(this=call("EPOCH_US", a), expression=call("EPOCH_US", b))
        exact = cast(exp.Paren(this=micros), "DECIMAL(38, 0)")
        days = exp.Div(this=exact, expression=exp.Literal.number(86_400_000_000))
        return cast(exp.Paren(this=days), NUMBER)
    if b_kind in _TIMES:
        return _with_time(operation, right, left)
    if b_kind in _SPANS:
        return operation(this=a, expression=b)
    start = call("DATE_TRUNC", "second", a) if a_kind == "timestamp" else a
    return operation(this=start, expression=_days(b))


def _days(node: Node) -> Node:
    """Return a number of days as an interval."""
    if isinstance(node, exp.Literal) and node.name.isdigit():
        return call("TO_DAYS", int(node.name))
    micros = exp.Mul(this=node, expression=exp.Literal.number(86_400_000_000))
    rounded = call("ROUND", exp.Paren(this=micros))
    return call("TO_MICROSECONDS", cast(rounded, "BIGINT"))


def _comparison(t: Translator, node: Node) -> Node:
    """Compare as Oracle does: text meets a number as a number, a date as a date."""
    sides = [node.this, node.expression]
    kinds = [kind(s) for s in sides]
    translated = [t.translate(s) for s in sides]
    return type(node)(
        this=_matched(t, translated[0], (kinds[0], kinds[1]), sides[0]),
        expression=_matched(t, translated[1], (kinds[1], kinds[0]), sides[1]),
    )


def _matched(
    t: Translator, node: Node, kinds: tuple[Kind, Kind], written: Node
) -> Node:
    """Return one side of a comparison in the terms of the other; `kinds` are theirs."""
    own, other = kinds
    textual = own in ("char", "padded")
    if isinstance(written, exp.Subquery | exp.Tuple | exp.Any | exp.All | exp.Null):
        return node
    if textual and other in ("number", "double"):
        return t.way.numbered(node)
    if textual and other in _TIMES:
        return t.way.dated(node)
    if "padded" in (own, other) and textual:
        return call("RTRIM", node)
    return node


def _between(t: Translator, node: Node) -> Node:
    of = [kind(node.this), kind(node.args["low"]), kind(node.args["high"])]
    meets = of[1] if of[1] != "unknown" else of[2]
    subject, low, high = node.this, node.args["low"], node.args["high"]
    return exp.Between(
        this=_matched(t, t.translate(subject), (of[0], meets), subject),
        low=_matched(t, t.translate(low), (of[1], of[0]), low),
        high=_matched(t, t.translate(high), (of[2], of[0]), high),
    )


def _in(t: Translator, node: Node) -> Node:
    members = node.expressions
    if not members:
        return t.descend(node)
    own = kind(node.this)
    met = kind(members[0])
    subject = _matched(t, t.translate(node.this), (own, met), node.this)
    values = [_matched(t, t.translate(m), (kind(m), own), m) for m in members]
    return exp.In(this=subject, expressions=values)


def _like(t: Translator, node: Node) -> Node:
    subject = t.way.worded(t.translate(node.this), kind(node.this))
    result = exp.Like(this=subject, expression=t.translate(node.expression))
    return exp.Not(this=result) if node.args.get("negate") else result


def _escape(t: Translator, node: Node) -> Node:
    like = node.this
    plain = exp.Like(
        this=t.translate(like.this), expression=t.translate(like.expression)
    )
    result = exp.Escape(this=plain, expression=t.translate(node.expression))
    return exp.Not(this=result) if like.args.get("negate") else result


def _interval(_t: Translator, node: Node) -> Node:
    unit = node.args.get("unit")
    first, last = (
        (unit.this, unit.expression)
        if isinstance(unit, exp.IntervalSpan)
        else (unit, unit)
    )
    if first is None or last is None:
        raise SqlError(0, "an interval has a unit, such as DAY", None)
    names = [str(u.name or u.this).upper() for u in (first, last)]
    return interval(node.this.name, names[0], names[1])


def interval(written: str, first: str, last: str) -> Node:
    """Return `INTERVAL 'written' first [TO last]` as one of DuckDB's.

    >>> write(interval("1-6", "YEAR", "MONTH"))
    "TO_MONTHS(18)"
    """
    sign = -1 if written.strip().startswith("-") else 1
    body = written.strip().lstrip("+-")
    try:
        if first in ("YEAR", "MONTH"):
            years, _, months = body.rpartition("-") if last != first else ("", "", body)
            count = int(years or 0) * 12 + int(months)
            count *= 12 if first == last == "YEAR" else 1
            return call("TO_MONTHS", sign * count)
        micros = _microseconds(body, first, last)
    except (ValueError, KeyError):
        raise SqlError(1867, f"the interval {written!r} is invalid", None) from None
    return call("TO_MICROSECONDS", sign * micros)


_SECONDS: Final = {"DAY": 86400, "HOUR": 3600, "MINUTE": 60, "SECOND": 1}


def _microseconds(body: str, first: str, last: str) -> int:
    """Return the length of a day-to-second interval."""
    units = list(_SECONDS)
    wanted = units[units.index(first) : units.index(last) + 1]
    pieces = body.replace(" ", ":").split(":")
    if len(pieces) != len(wanted):
        raise ValueError(body)
    total = Decimal(0)
    for unit, piece in zip(wanted, pieces, strict=True):
        total += Decimal(piece) * _SECONDS[unit]
    return int(total * 1_000_000)


def _cast(t: Translator, node: Node) -> Node:
    assert isinstance(node, exp.Cast)  # noqa: S101  (the table says so)
    inner, of = t.translate(node.this), kind(node.this)
    match kind(node):
        case "number":
            sizes = [p.name for p in node.to.expressions]
            if len(sizes) == 1 and sizes[0].isdigit():
                return cast(inner, f"DECIMAL({sizes[0]}, 0)")
            return cast(inner, f"DECIMAL({', '.join(sizes)})" if sizes else NUMBER)
        case "date" | "timestamp" as target:
            dated = implicit_date(inner) if of in ("char", "padded") else inner
            whole = call("DATE_TRUNC", "second", dated) if target == "date" else dated
            return cast(whole, "TIMESTAMP")
        case "double":
            return cast(inner, "DOUBLE")
        case "boolean":
            return cast(inner, "BOOLEAN")
        case _:
            return _cut(as_text(inner, of), node.to)


def _cut(node: Node, target: exp.DataType) -> Node:
    """A cast to text cuts what is too long."""
    size = target.expressions[0].name if target.expressions else ""
    return text(call("LEFT", node, int(size)) if size.isdigit() else node)


def _trim(t: Translator, node: Node) -> Node:
    position = str(node.args.get("position") or "").upper()
    name = {"LEADING": "LTRIM", "TRAILING": "RTRIM"}.get(position, "TRIM")
    of = [node.expression] if node.args.get("expression") else []
    return text(call(name, *[_worded(t, part) for part in (node.this, *of)]))


def _json_value(t: Translator, node: Node) -> Node:
    """JSON_VALUE of a path; what is not there is NULL."""
    path = node.args["path"].sql(dialect="oracle").strip("'")
    found = call("JSON_EXTRACT_STRING", t.translate(node.this), path)
    return text(found)


def _average(t: Translator, node: Node) -> Node:
    return cast(t.descend(node), NUMBER)


def _exact(node: Node) -> Node:
    return cast(node, NUMBER)


NODES: Final[dict[type[Node], Callable[[Translator, Any], Node]]] = {
    exp.Add: _arithmetic,
    exp.Anonymous: _function,
    exp.Avg: _average,
    exp.Between: _between,
    exp.Cast: _cast,
    exp.Column: _column,
    exp.CurrentDate: _now,
    exp.CurrentTimestamp: _now,
    exp.DPipe: _dpipe,
    exp.Div: _arithmetic,
    exp.EQ: _comparison,
    exp.Escape: _escape,
    exp.Fetch: _limit,
    exp.GT: _comparison,
    exp.GTE: _comparison,
    exp.In: _in,
    exp.Interval: _interval,
    exp.Introducer: _introducer,
    exp.JSONValue: _json_value,
    exp.LT: _comparison,
    exp.LTE: _comparison,
    exp.Like: _like,
    exp.Literal: _literal,
    exp.Localtimestamp: _now,
    exp.Mul: _arithmetic,
    exp.NEQ: _comparison,
    exp.National: _string,
    exp.Placeholder: _placeholder,
    exp.RawString: _string,
    exp.Select: _select,
    exp.Sub: _arithmetic,
    exp.Systimestamp: _now,
    exp.Table: _table,
    exp.Trim: _trim,
}
_KEPT: Final[frozenset[type[Node]]] = frozenset(
    {
        *(exp.Alias, exp.All, exp.And, exp.Any, exp.Boolean, exp.CTE, exp.Case),
        *(exp.Count, exp.Distinct, exp.Except, exp.Exists, exp.Extract),
        *(exp.From, exp.Group, exp.Having, exp.Identifier, exp.If, exp.Intersect),
        *(exp.Is, exp.Join, exp.Limit, exp.Max, exp.Min, exp.Neg, exp.Not, exp.Null),
        *(exp.NullSafeEQ, exp.Offset, exp.Or, exp.Order, exp.Ordered, exp.Paren),
        *(exp.Star, exp.Subquery, exp.Sum, exp.TableAlias, exp.Tuple),
        *(exp.Union, exp.Values, exp.Var, exp.Where, exp.Window, exp.WindowSpec),
        *(exp.With, exp.RowNumber),
    }
)
DUCKDB: Final = Target(NODES, FUNCTIONS, _exact, implicit_date, as_text)
