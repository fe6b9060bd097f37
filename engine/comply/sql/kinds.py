"""The kind of an expression's value, as Oracle would convert it."""

from typing import Final

from sqlglot import exp

from comply.sql.catalog import Kind

_NUMERIC: Final = frozenset(
    {
        *("ABS", "ASCII", "CEIL", "EXP", "FLOOR", "INSTR", "LENGTH", "LENGTHB", "LN"),
        *("MOD", "MONTHS_BETWEEN", "POWER", "REGEXP_COUNT", "REGEXP_INSTR", "SIGN"),
        *("SQRT", "TO_NUMBER", "REMAINDER"),
    }
)
_TEXTUAL: Final = frozenset(
    {
        *("CHR", "CONCAT", "INITCAP", "LOWER", "LPAD", "LTRIM", "REGEXP_REPLACE"),
        *("REGEXP_SUBSTR", "REPLACE", "RPAD", "RTRIM", "SUBSTR", "TO_CHAR"),
        *("TO_CLOB", "TRANSLATE", "UPPER", "RAWTOHEX", "SYS_GUID"),
    }
)
_DATED: Final = frozenset({"ADD_MONTHS", "LAST_DAY", "NEXT_DAY", "TO_DATE"})
_FIRST_ARGUMENT: Final = frozenset(
    {"COALESCE", "GREATEST", "LEAST", "NULLIF", "NVL", "ROUND", "TRUNC"}
)
_OF_CALL: Final[dict[str, Kind]] = {
    **dict.fromkeys(_NUMERIC, "number"),
    **dict.fromkeys(_TEXTUAL, "char"),
    **dict.fromkeys(_DATED, "date"),
    "LNNVL": "boolean",
    "NUMTODSINTERVAL": "seconds",
    "NUMTOYMINTERVAL": "months",
    "REGEXP_LIKE": "boolean",
    "TO_TIMESTAMP": "timestamp",
    "TO_TIMESTAMP_TZ": "timestamp",
}
_OF_NODE: Final[tuple[tuple[type, Kind], ...]] = (
    (exp.Predicate, "boolean"),
    (exp.Connector, "boolean"),
    (exp.Not, "boolean"),
    (exp.Boolean, "boolean"),
    (exp.Exists, "boolean"),
    (exp.DPipe, "char"),
    (exp.RawString, "char"),
    (exp.National, "char"),
    (exp.Trim, "char"),
    (exp.GroupConcat, "char"),
    (exp.JSONValue, "char"),
    (exp.Count, "number"),
    (exp.Avg, "number"),
    (exp.Extract, "number"),
    (exp.Systimestamp, "timestamp"),
    (exp.Localtimestamp, "timestamp"),
    (exp.CurrentDate, "date"),
)
_OF_DATATYPE: Final[dict[str, Kind]] = {
    "DATE": "date",
    "BOOLEAN": "boolean",
    "CHAR": "padded",
    "NCHAR": "padded",
    "DOUBLE": "double",
    "FLOAT": "double",
    "DECIMAL": "number",
    "INT": "number",
    "SMALLINT": "number",
    "BIGINT": "number",
}


def kind(node: exp.Expr | None) -> Kind:
    """Return the kind of `node`; columns know theirs once names are resolved."""
    match node:
        case exp.Column() | exp.Placeholder():
            known: Kind = node.meta.get("kind", "unknown")
            return known
        case exp.Literal():
            return "char" if node.is_string else "number"
        case exp.Anonymous():
            return _of_call(node)
        case exp.Add() | exp.Sub() | exp.Mul() | exp.Div():
            return _of_arithmetic(node)
        case exp.Introducer():
            return "date" if node.this.name == "DATE" else "timestamp"
        case exp.CurrentTimestamp():
            return "date" if node.args.get("sysdate") else "timestamp"
        case _:
            return _of_other(node)


def _of_other(node: exp.Expr | None) -> Kind:
    match node:
        case exp.Cast():
            return _of_cast(node.to)
        case exp.Interval():
            return _of_interval(node)
        case exp.Paren() | exp.Neg() | exp.Sum() | exp.Min() | exp.Max():
            return kind(node.this)
        case exp.Alias() | exp.Window() | exp.Distinct():
            return kind(node.this)
        case exp.Case():
            branches = [i.args["true"] for i in node.args["ifs"]]
            return _first_known([*branches, node.args.get("default")])
        case exp.Subquery():
            selects = node.this.selects if isinstance(node.this, exp.Query) else []
            return kind(selects[0]) if len(selects) == 1 else "unknown"
        case _:
            of = (k for cls, k in _OF_NODE if isinstance(node, cls))
            return next(of, "unknown")


def _first_known(nodes: list[exp.Expr | None]) -> Kind:
    kinds = (kind(n) for n in nodes)
    return next((k for k in kinds if k != "unknown"), "unknown")


def _of_call(node: exp.Anonymous) -> Kind:
    name = str(node.this).upper()
    arguments: list[exp.Expr | None] = list(node.expressions)
    if name in _FIRST_ARGUMENT:
        return _first_known(arguments)
    if name == "DECODE":
        results = arguments[2::2]
        default = arguments[-1:] if len(arguments) % 2 == 0 else []
        return _first_known([*results, *default])
    if name == "NVL2":
        return _first_known(arguments[1:])
    if name == "CURRENT_TIMESTAMP":
        return "timestamp"
    return _OF_CALL.get(name, "unknown")


def _of_cast(target: exp.DataType) -> Kind:
    name = target.this.name if hasattr(target.this, "name") else str(target.this)
    if name.startswith("TIMESTAMP"):
        return "timestamp"
    return _OF_DATATYPE.get(name, "char")


def _of_interval(node: exp.Interval) -> Kind:
    unit = node.args.get("unit")
    first = unit.this if isinstance(unit, exp.IntervalSpan) else unit
    name = first.name.upper() if isinstance(first, exp.Expr) else ""
    return "months" if name in ("YEAR", "MONTH") else "seconds"


_TIMES: Final = frozenset({"date", "timestamp"})
_INTERVALS: Final = frozenset({"months", "seconds"})


def _of_arithmetic(node: exp.Expr) -> Kind:
    left, right = kind(node.this), kind(node.expression)
    if left in _TIMES and right in _TIMES:
        return "number" if left == right == "date" else "seconds"
    for one, other in ((left, right), (right, left)):
        if one in _TIMES:
            # A number counts days, and adding one to a TIMESTAMP gives a DATE.
            return one if other in _INTERVALS or other == "unknown" else "date"
    for one in (left, right):
        if one in _INTERVALS or one == "double":
            return one
    return "unknown" if left == right == "unknown" else "number"
