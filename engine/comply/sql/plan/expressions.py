"""CONDITION -> PYTHON: expressions over rows, in Oracle's logic of three values.

A condition is asked whether it is true, or whether it is false: what is neither is
unknown, so AND, OR and NOT become Python's own. A value is None where SQL has NULL, and
a doubt where it is known only after apply: what rests on one is possible, never sure.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final, TypeAlias

from sqlglot import exp

from comply.classes import dataclass
from comply.sql.catalog import Kind
from comply.sql.cells import json_path
from comply.sql.kinds import kind
from comply.sql.plan import timed
from comply.sql.plan.code import Code, Mode
from comply.sql.plan.functions import FUNCTIONS, Function
from comply.sql.plan.timed import DATED, NOW, TIMED

Node: TypeAlias = exp.Expr

KINDS: Final = frozenset({"char", "number", "boolean", *DATED})
SURE: Final = Mode(possible=False)
_OPPOSITE: Final = {
    "==": "!=",
    "!=": "==",
    "<": ">=",
    ">=": "<",
    ">": "<=",
    "<=": ">",
}
_COMPARISONS: Final[Mapping[type[Node], str]] = {
    exp.EQ: "==",
    exp.NEQ: "!=",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
_ARITHMETIC: Final[Mapping[type[Node], str]] = {
    exp.Add: "add",
    exp.Sub: "subtract",
    exp.Mul: "multiply",
    exp.Div: "divide",
}


def truth(code: Code, node: Node, mode: Mode) -> str:
    """Return Python that tells whether a condition has the truth asked for.

    Raises:
        UntranslatedError: it holds something that has no translation.
    """
    match node:
        case exp.Paren():
            return truth(code, node.this, mode)
        case exp.Not():
            return truth(code, node.this, mode.flipped)
        case exp.And() | exp.Or():
            word = "and" if isinstance(node, exp.And) == mode.wanted else "or"
            sides = (truth(code, part, mode) for part in node.flatten())
            return f"({f' {word} '.join(sides)})"
        case exp.Exists():
            return _exists(code, node.this, [], mode)
        case exp.In():
            return _in(code, node, mode)
        case _:
            handler = _CONDITIONS.get(type(node))
            if handler is None:
                raise code.untranslated(node, f"the condition {node.key.upper()}")
            return handler(code, node, mode)


@dataclass(frozen=True, slots=True)
class Operand:
    """A value that is read more than once: the text for the first time and the next."""

    first: str
    again: str
    nullable: bool
    unsure: bool


def _operand(code: Code, node: Node, other: Kind) -> Operand:
    """Return one side of a comparison, in the terms of the other."""
    node = _bare(node)
    text = value(code, node)
    if kind(node) == "char" and other == "number":
        text = f"number({text})"
    elif kind(node) == "char" and other in DATED:
        text = f"moment({text})"
    elif isinstance(node, exp.Literal):
        return Operand(text, text, nullable=text == "None", unsure=False)
    simple = isinstance(node, exp.Column) and text.endswith("]")
    again = text if simple else code.fresh("v")
    first = text if simple else f"({again} := {text})"
    return Operand(first, again, nullable=True, unsure=code.is_unsure(node))


def _bare(node: Node) -> Node:
    return node.this if isinstance(node, exp.Paren) else node


def _kinds(code: Code, node: Node, *sides: Node) -> tuple[Kind, ...]:
    found = tuple(kind(side) for side in sides)
    for side, of in zip(sides, found, strict=True):
        if of not in KINDS and not isinstance(side, exp.Null):
            raise code.untranslated(node, f"a value of the kind {of}")
    if "boolean" in found and not set(found) <= {"boolean", "unknown"}:
        raise code.untranslated(node, "a truth compared with another value")
    if "number" in found and not DATED.isdisjoint(found):
        raise code.untranslated(node, "a date compared with a number")
    return found


def _compared(code: Code, node: Node, mode: Mode) -> str:
    """Compare values; text meets a number as a number, and NULL is never equal."""
    left, right = node.this, node.args["expression"]
    if isinstance(right, exp.All | exp.Any) and isinstance(right.this, exp.Query):
        return _quantified(code, node, mode)
    if isinstance(left, exp.Null) or isinstance(right, exp.Null):
        return "False"
    kinds = _kinds(code, node, left, right)
    sign = _COMPARISONS[type(node)]
    sides = (_operand(code, left, kinds[1]), _operand(code, right, kinds[0]))
    return tested(
        sides, mode, "{} " + (sign if mode.wanted else _OPPOSITE[sign]) + " {}"
    )


def tested(sides: tuple[Operand, ...], mode: Mode, template: str) -> str:
    """Return a test of values none of which may be NULL.

    One that is not known passes where the test may come out either way.
    """
    unsure = any(side.unsure for side in sides)
    seen = mode.possible and unsure
    parts: list[str] = []
    shown: list[str] = []
    for side in sides:
        first = side.again if seen else side.first
        if side.nullable:
            parts.append(f"{first} is not None")
            first = side.again
        if side.unsure and not seen:
            parts.append(f"type({first}) is not Doubt")
        shown.append(first)
    test = " and ".join((*parts, template.format(*shown)))
    if not seen:
        return f"({test})"
    return f"(doubted({', '.join(s.first for s in sides)}) or {test})"


def _alike_or_null(code: Code, node: exp.NullSafeEQ, mode: Mode) -> str:
    """Tell whether values are equal or both NULL, which is never unknown."""
    sides = (node.this, node.expression)
    kinds = set(_kinds(code, node, *sides))
    if len(kinds - {"unknown"}) > 1:
        raise code.untranslated(node, "values of several kinds side by side")
    one, other = (
        replace(_operand(code, side, "unknown"), nullable=False) for side in sides
    )
    return tested((one, other), mode, "{} " + ("==" if mode.wanted else "!=") + " {}")


def _between(code: Code, node: Node, mode: Mode) -> str:
    low, high = node.args["low"], node.args["high"]
    both = exp.and_(
        exp.GTE(this=node.this.copy(), expression=low.copy()),
        exp.LTE(this=node.this.copy(), expression=high.copy()),
    )
    return truth(code, both, mode)


def _in(code: Code, node: exp.In, mode: Mode) -> str:
    if node.args.get("query") is not None:
        return _in_query(code, node, mode)
    equal = [
        exp.EQ(this=node.this.copy(), expression=m.copy()) for m in node.expressions
    ]
    return truth(code, exp.Paren(this=exp.or_(*equal)), mode)


def _in_query(code: Code, node: exp.In, mode: Mode) -> str:
    """IN is true if a row is equal; false if none is, nor may be for NULL's sake."""
    query = node.args["query"].unnest()
    pairs = _pairs(node, query)
    if mode.wanted:
        return _exists(code, query, [_equal(a, b) for a, b in pairs], mode)
    alternatives = in_alternatives(*pairs[0]) if len(pairs) == 1 else [[_alike(pairs)]]
    found = (_exists(code, query, tests, mode) for tests in alternatives)
    return f"({' and '.join(found)})"


def _pairs(node: exp.In, query: exp.Select) -> list[tuple[Node, Node]]:
    """Return what has to be equal in a query of IN to what stands before it."""
    subject = node.this.unnest()
    subjects = subject.expressions if isinstance(subject, exp.Tuple) else [subject]
    return list(zip(subjects, (s.unalias() for s in query.selects), strict=True))


def _quantified(code: Code, node: Node, mode: Mode) -> str:
    """A comparison with ANY or ALL: true or false by one row, or by the lack of one."""
    every = node.args["expression"]
    query = every.this.unnest()
    of_all = isinstance(every, exp.All)
    member = query.selects[0].unalias().copy()
    test: Node = type(node)(this=node.this.copy(), expression=member)
    if of_all == mode.wanted:
        # No row may be otherwise, and unknown is otherwise as well.
        sure = exp.Is(this=test, expression=exp.Boolean(this=of_all))
        against = Mode(wanted=False, possible=mode.possible)
        return _exists(code, query, [exp.Not(this=sure)], against)
    one = exp.Not(this=exp.Paren(this=test)) if of_all else test
    return _exists(code, query, [one], Mode(possible=mode.possible))


def in_alternatives(subject: Node, member: Node) -> list[list[Node]]:
    """Return the ways in which a row of IN's query can matter to its subject."""
    return [[_equal(subject, member)], [_null(member)], [_null(subject)]]


def _alike(pairs: list[tuple[Node, Node]]) -> Node:
    tests = (exp.or_(_equal(a, b), _null(b), _null(a)) for a, b in pairs)
    return exp.and_(*tests)


def _equal(a: Node, b: Node) -> Node:
    return exp.EQ(this=a.copy(), expression=b.copy())


def _null(node: Node) -> Node:
    return exp.Is(this=node.copy(), expression=exp.Null())


def _exists(code: Code, query: Node, extra: list[Node], mode: Mode) -> str:
    """Return whether a query has a row; that it has none is sure if none is possible."""
    query = query.unnest()
    assert isinstance(query, exp.Select)  # noqa: S101  (no other is left)
    possible = mode.possible == mode.wanted
    found = code.subqueries.exists(code, query, extra, possible=possible)
    return found if mode.wanted else f"not {found}"


def _is(code: Code, node: Node, mode: Mode) -> str:
    subject, what = node.this, node.args["expression"]
    if isinstance(what, exp.Boolean):
        sure = Mode(bool(what.this), mode.possible == mode.wanted)
        found = truth(code, subject, sure)
        return found if mode.wanted else f"(not {found})"
    if kind(subject) == "boolean" and not isinstance(subject, exp.Column):
        if code.is_unsure(subject):
            raise code.untranslated(node, "IS NULL of a condition that may be unknown")
        either = (
            f"({truth(code, subject, SURE)} or {truth(code, subject, SURE.flipped)})"
        )
        return f"(not {either})" if mode.wanted else either
    if _is_json(code, subject):
        # That there is an object is known, whatever in it is not.
        return f"({cell(code, subject)} is {'' if mode.wanted else 'not '}None)"
    side = _operand(code, subject, "unknown")
    test = f"{side.first} is {'' if mode.wanted else 'not '}None"
    if side.unsure and mode.possible:
        again = test.replace(side.first, side.again, 1)
        return f"(doubted({side.first}) or {again})"
    if side.unsure and not mode.wanted:
        return f"({test} and type({side.again}) is not Doubt)"
    return f"({test})"


def _like(code: Code, node: Node, mode: Mode) -> str:
    like, escape = (
        (node.this, node.expression) if isinstance(node, exp.Escape) else (node, None)
    )
    if like.args.get("negate"):
        mode = mode.flipped
    parts = [like.this, like.args["expression"], *([escape] if escape else [])]
    return _called(code, "like", parts, mode)


def _called(code: Code, name: str, parts: list[Node], mode: Mode) -> str:
    sides = tuple(_worded(code, part) for part in parts)
    holes = ", ".join("{}" for _ in sides)
    return tested(sides, mode, f"{'' if mode.wanted else 'not '}{name}({holes})")


def _worded(code: Code, node: Node) -> Operand:
    """Return a value as text."""
    if kind(node) == "char":
        return _operand(code, node, "char")
    again = code.fresh("v")
    first = f"({again} := {_text(code, node)})"
    return Operand(first, again, nullable=True, unsure=code.is_unsure(node))


def _condition(code: Code, node: Node, mode: Mode) -> str:
    """A function that is a condition."""
    name = str(node.this).upper()
    if name == "LNNVL" and len(node.expressions) == 1:
        sure = exp.Is(this=node.expressions[0].copy(), expression=exp.true())
        return truth(code, sure, mode.flipped)
    if name != "REGEXP_LIKE" or any(kind(p) != "char" for p in node.expressions):
        raise code.untranslated(node, f"the function {name}")
    return _called(code, "regexp_like", node.expressions, mode)


def _flag(code: Code, node: Node, mode: Mode) -> str:
    if kind(node) != "boolean":
        raise code.untranslated(node, "a value in the place of a condition")
    return f"({value(code, node)} is {mode.wanted})"


def _nothing(_code: Code, _node: Node, _mode: Mode) -> str:
    return "False"


_CONDITIONS: Final[Mapping[type[Node], Callable[[Code, Any, Mode], str]]] = {
    **dict.fromkeys(_COMPARISONS, _compared),
    exp.Anonymous: _condition,
    exp.Between: _between,
    exp.Boolean: _flag,
    exp.Column: _flag,
    exp.Escape: _like,
    exp.Is: _is,
    exp.Like: _like,
    exp.Null: _nothing,
    exp.NullSafeEQ: _alike_or_null,
}


def value(code: Code, node: Node) -> str:
    """Return Python for a value.

    Raises:
        UntranslatedError: it holds something that has no translation.
    """
    if id(node) in code.sums:
        return code.sums[id(node)]
    handler = _VALUES.get(type(node))
    if handler is None:
        raise code.untranslated(node, f"the expression {node.key.upper()}")
    return handler(code, node)


def cell(code: Code, node: Node) -> str:
    """Return Python for what stands in a column, JSON as it was loaded."""
    assert isinstance(node, exp.Column)  # noqa: S101  (callers look)
    return f"{code.variable(node.table)}[{code.field_of(node)[0]}]"


def _is_json(code: Code, node: Node) -> bool:
    return isinstance(node, exp.Column) and code.field_of(node)[1].is_json


def _column(code: Code, node: exp.Column) -> str:
    held = cell(code, node)
    return f"text({held})" if _is_json(code, node) else held


def _literal(code: Code, node: exp.Literal) -> str:
    if node.is_string:
        return repr(node.name or None)
    number = Decimal(node.name)
    whole = number == number.to_integral_value()
    return code.constant(int(number) if whole else number)


def _negative(code: Code, node: exp.Neg) -> str:
    return f"subtract(0, {_number(code, node.this)})"


def _arithmetic(code: Code, node: Node) -> str:
    sides = node.this, node.args["expression"]
    if not DATED.isdisjoint(map(kind, sides)):
        return timed.counted(code, node, *(value(code, side) for side in sides))
    left, right = _number(code, node.this), _number(code, node.args["expression"])
    return f"{_ARITHMETIC[type(node)]}({left}, {right})"


def _number(code: Code, node: Node) -> str:
    text, of = value(code, node), kind(node)
    if of not in ("number", "char"):
        raise code.untranslated(node, f"arithmetic with a value of the kind {of}")
    return f"number({text})" if of == "char" else text


def _joined(code: Code, node: exp.DPipe) -> str:
    return f"joined({', '.join(_text(code, part) for part in node.flatten())})"


def _text(code: Code, node: Node) -> str:
    text, of = value(code, node), kind(node)
    if of not in ("char", "number", "boolean"):
        raise code.untranslated(node, f"text of a value of the kind {of}")
    return text if of == "char" else f"written({text})"


def _json_value(code: Code, node: exp.JSONValue) -> str:
    path = json_path(node)
    if path is None:
        raise code.untranslated(node, "a path with other steps than keys")
    subject = node.this
    held = cell(code, subject) if _is_json(code, subject) else ""
    of = held or f"parsed({value(code, subject)})"
    return f"at({of}, {code.constant(path)})"


def _case(code: Code, node: exp.Case) -> str:
    """CASE; where its choice is not known, neither is its value."""
    default = node.args.get("default")
    made = value(code, default) if default is not None else "None"
    for branch in reversed(node.args["ifs"]):
        test = branch.this
        if node.this is not None:
            test = exp.EQ(this=node.this.copy(), expression=test.copy())
        if code.is_unsure(test):
            made = f"UNSURE if {truth(code, test, Mode())} else {made}"
        chosen = value(code, branch.args["true"])
        made = f"({chosen} if {truth(code, test, SURE)} else {made})"
    return made


def _trim(code: Code, node: exp.Trim) -> str:
    position = str(node.args.get("position") or "").upper()
    name = {"LEADING": "LTRIM", "TRAILING": "RTRIM"}.get(position, "TRIM")
    of = [node.args["expression"]] if node.args.get("expression") else []
    return _apply(code, node, name, [node.this, *of])


def _function(code: Code, node: exp.Anonymous) -> str:
    name = str(node.this).upper()
    if name == "CONCAT":
        return f"joined({', '.join(_text(code, part) for part in node.expressions)})"
    return _apply(code, node, name, node.expressions)


def _apply(code: Code, node: Node, name: str, arguments: list[Node]) -> str:
    if name in TIMED:
        known = [(a, value(code, a)) for a in arguments]
        found = timed.called(code, node, name, known)
        if found is not None:
            return found
    function = FUNCTIONS.get(name)
    if function is None or not function.least <= len(arguments) <= function.most:
        raise code.untranslated(node, f"the function {name}")
    given = _given(code, node, function, arguments)
    return f"{name.lower()}({', '.join(given)})"


def _given(
    code: Code, node: Node, function: Function, arguments: list[Node]
) -> list[str]:
    """Return the arguments as a function takes them: text for numbers and the reverse."""
    kinds = [kind(a) for a in arguments]
    if any(k not in KINDS | {"unknown"} for k in kinds):
        raise code.untranslated(node, f"a value of the kind {', '.join(kinds)}")
    match function.takes:
        case "*":
            wanted = [_first_of(kinds)] * len(kinds)
        case "2":
            wanted = [kinds[0], *[_first_of(kinds[1:])] * 2]
        case "d":
            # DECODE(subject, search, result, .., default): searches are like the subject.
            results = _first_of([*kinds[2::2], kinds[-1]])
            last = len(kinds) - 1
            wanted = [
                results if i and (i % 2 == 0 or i == last) else kinds[0]
                for i in range(len(kinds))
            ]
        case letters:
            of: dict[str, Kind] = {"c": "char", "n": "number"}
            wanted = [of[letters[min(i, len(letters) - 1)]] for i in range(len(kinds))]
    pairs = zip(arguments, wanted, strict=True)
    return [_converted(code, node, a, w) for a, w in pairs]


def _first_of(kinds: list[Kind]) -> Kind:
    return next((k for k in kinds if k != "unknown"), "unknown")


def _converted(code: Code, call: Node, node: Node, wanted: Kind) -> str:
    """Return an argument in the kind that is wanted, as Oracle converts it."""
    match kind(node), wanted:
        case ("number", "char"):
            return f"written({value(code, node)})"
        case ("char", "number"):
            return f"number({value(code, node)})"
        case (own, other) if "unknown" in (own, other) or own == other:
            return value(code, node)
        case (own, other) if {own, other} == DATED:
            return value(code, node)
        case (own, other):
            raise code.untranslated(call, f"{own} in the place of {other}")


def _subquery(code: Code, node: exp.Subquery) -> str:
    query = node.unnest()
    assert isinstance(query, exp.Select)  # noqa: S101  (no other is left)
    return code.subqueries.scalar(code, query)


def _now(code: Code, node: Node) -> str:
    raise code.untranslated(node, "the current time, which moves on without a change")


def _extract(code: Code, node: exp.Extract) -> str:
    return timed.extracted(code, node, value(code, node.expression))


_VALUES: Final[Mapping[type[Node], Callable[[Code, Any], str]]] = {
    **dict.fromkeys(NOW, _now),
    **dict.fromkeys(_ARITHMETIC, _arithmetic),
    exp.Alias: lambda code, node: value(code, node.this),
    exp.Anonymous: _function,
    exp.Boolean: lambda _code, node: repr(bool(node.this)),
    exp.Case: _case,
    exp.Column: _column,
    exp.DPipe: _joined,
    exp.Extract: _extract,
    exp.Introducer: timed.literal,
    exp.JSONValue: _json_value,
    exp.Literal: _literal,
    exp.Neg: _negative,
    exp.Null: lambda _code, _node: "None",
    exp.Paren: lambda code, node: value(code, node.this),
    exp.Subquery: _subquery,
    exp.Trim: _trim,
}
