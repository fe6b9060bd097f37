"""EXPRESSION OVER DATES -> PYTHON: literals, days, and the functions that take dates.

The current time has no translation: it moves on while no fact changes.
"""

from datetime import datetime
from typing import Final

from sqlglot import exp

from comply.dialect.errors import SqlError
from comply.sql.duckdb_functions import UNITS
from comply.sql.formats import strftime_parts, strptime_format
from comply.sql.kinds import kind
from comply.sql.plan.code import Code
from comply.sql.plan.times import CUT, PARTS

Node = exp.Expr

DATED: Final = frozenset({"date", "timestamp"})
NOW: Final = frozenset(
    {exp.CurrentDate, exp.CurrentTimestamp, exp.Localtimestamp, exp.Systimestamp}
)
_READS: Final = {"TO_DATE": "date_of", "TO_TIMESTAMP": "moment"}
_PLAIN: Final = frozenset({"ADD_MONTHS", "LAST_DAY", "MONTHS_BETWEEN"})
TIMED: Final = _READS.keys() | _PLAIN | {"TO_CHAR", "TRUNC"}


def literal(code: Code, node: exp.Introducer) -> str:
    """Return `DATE '..'` or `TIMESTAMP '..'`."""
    written = node.expression.name
    try:
        made = datetime.fromisoformat(written.strip())
    except ValueError:
        raise code.untranslated(node, f"{written!r} as a moment") from None
    if made.tzinfo is not None:
        raise code.untranslated(node, "a moment of a time zone")
    return code.constant(made)


def counted(code: Code, node: Node, left: str, right: str) -> str:
    """Return `+` or `-` over dates."""
    kinds = (kind(node.this), kind(node.args["expression"]))
    match node, kinds:
        case exp.Sub(), ("date", "date"):
            return f"days_between({left}, {right})"
        case exp.Add(), ("date" | "timestamp", "number"):
            return f"later({left}, {right})"
        case exp.Add(), ("number", "date" | "timestamp"):
            return f"later({right}, {left})"
        case exp.Sub(), ("date" | "timestamp", "number"):
            return f"later({left}, subtract(0, {right}))"
        case _:
            raise code.untranslated(
                node, f"{node.key.upper()} of {' and '.join(kinds)}"
            )


def called(
    code: Code, node: Node, name: str, given: list[tuple[Node, str]]
) -> str | None:
    """Return a call of a function that reads or takes dates, None if it does neither.

    `given` are the arguments, each with its Python.
    """
    if not given or len(given) > 2:
        return None
    first = kind(given[0][0])
    if name in _READS and first == "char":
        return _read(code, node, _READS[name], given)
    if first not in DATED:
        return None
    subject = given[0][1]
    model = _fixed(given[1][0]) if len(given) == 2 else None
    if name in _PLAIN:
        return f"{name.lower()}({', '.join(text for _, text in given)})"
    if name in _READS and len(given) == 1:
        return f"whole_seconds({subject})" if name == "TO_DATE" else subject
    if name == "TRUNC" and (len(given) == 1 or model is not None):
        unit = UNITS.get((model or "DD").upper(), "")
        if unit in CUT:
            return f"start_of({subject}, {unit!r})"
    if name == "TO_CHAR" and model is not None:
        return _shown(code, node, subject, model)
    raise code.untranslated(node, f"{name} of a date in this form")


def _fixed(node: Node) -> str | None:
    return node.name if isinstance(node, exp.Literal) and node.is_string else None


def _read(code: Code, node: Node, name: str, given: list[tuple[Node, str]]) -> str:
    if len(given) == 1:
        return f"{name}({given[0][1]})"
    model = _fixed(given[1][0])
    if model is None:
        raise code.untranslated(node, "a format that is not fixed")
    try:
        form = strptime_format(model)
    except SqlError as error:
        raise code.untranslated(node, error.message) from None
    if "%n" in form or "%g" in form:
        raise code.untranslated(node, f"the format {model}")
    return f"{name}({given[0][1]}, {form!r})"


def _shown(code: Code, node: Node, subject: str, model: str) -> str:
    try:
        parts = strftime_parts(model)
    except SqlError as error:
        raise code.untranslated(node, error.message) from None
    if any(how not in ("text", "strftime", "upper", "lower") for how, _ in parts):
        raise code.untranslated(node, f"the format {model}")
    listed = "".join(f", {piece!r}" for part in parts for piece in part)
    return f"shown_date({subject}{listed})"


def extracted(code: Code, node: exp.Extract, subject: str) -> str:
    """Return `EXTRACT(YEAR FROM ..)`."""
    part = node.this.name.lower()
    if part not in PARTS or kind(node.expression) not in DATED:
        raise code.untranslated(node, "EXTRACT in this form")
    return f"part_of({subject}, {part!r})"
