"""Trees to Rego text: one canonical form, without comments; `format` keeps an author's.

Parsing the text gives the tree again, places apart.
"""

from decimal import Decimal
from typing import Final

from comply.plan.values import NumberLiteral
from comply.rego.imports import keywords
from comply.rego.lexer import FUTURE_KEYWORDS
from comply.rego.syntax import (
    Array,
    ArrayComprehension,
    Body,
    Call,
    Every,
    Expr,
    Head,
    Import,
    Literal,
    Module,
    Object,
    ObjectComprehension,
    Ref,
    Rule,
    Scalar,
    ScalarValue,
    Set,
    SetComprehension,
    Some,
    SomeIn,
    Template,
    Term,
    Var,
    With,
)

# How tightly an operator binds, and how it is written.
_OPERATORS: Final = {
    "assign": (0, ":="), "eq": (0, "="), "internal.member_2": (1, "in"),
    "internal.member_3": (1, "in"), "equal": (2, "=="), "neq": (2, "!="),
    "lt": (2, "<"), "gt": (2, ">"), "lte": (2, "<="), "gte": (2, ">="),
    "or": (3, "|"), "and": (4, "&"), "plus": (5, "+"), "minus": (5, "-"),
    "mul": (6, "*"), "div": (6, "/"), "rem": (6, "%"),
}  # fmt: skip
_TIGHTEST: Final = 7
_ESCAPES: Final = {
    '"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b",
    "\f": "\\f",
}  # fmt: skip
_LETTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_")
_WORD: Final = _LETTERS | frozenset("0123456789")


def print_module(module: Module) -> str:
    r"""Return a module as text, in its own version of Rego.

    >>> from comply.source import Source
    >>> print_module(Module(Source("a", ""), 1, 0, ("a", "b c"), (), (), (), ()))
    'package a["b c"]\n'
    """
    active = keywords(module.version, module.imports)
    head, *rest = module.package
    lines = ["package " + head + "".join(map(_step, rest))]
    if module.imports:
        lines.append("")
        lines += map(_print_import, module.imports)
    for rule in module.rules:
        if rule.chained:
            lines[-1] += " " + _print_body(rule.body, 0)
        else:
            lines += ["", print_rule(rule, active)]
    return "\n".join(lines) + "\n"


def _print_import(item: Import) -> str:
    alias = f" as {_name(item.alias)}" if item.alias else ""
    return f"import {print_term(item.path)}{alias}"


def print_rule(rule: Rule, active: frozenset[str] = FUTURE_KEYWORDS) -> str:
    """Return a rule with its `else` chain, over several lines where it has a body.

    `active` are the keywords it may use; without `if` and `contains` it is v0.
    """
    bracketed = rule.head.key is not None and "contains" not in active
    guarded = "if" in active and not bracketed
    out = ("default " if rule.default else "") + _print_head(rule.head, bracketed)
    while True:
        if rule.body:
            out += " if " if guarded else " "
            out += _print_body(rule.body, 0, guarded=guarded)
        if rule.otherwise is None:
            return out
        rule = rule.otherwise
        out += " else" + _print_value(rule.head)


def _print_head(head: Head, bracketed: bool) -> str:  # noqa: FBT001  (a way to write it)
    first, *steps = head.ref
    out = print_term(first) + "".join(map(_print_step, steps))
    if head.args is not None:
        out += f"({_join(head.args)})"
    if head.key is not None:
        key = print_term(head.key)
        return f"{out}[{key}]" if bracketed else f"{out} contains {key}"
    return out + _print_value(head)


def _print_value(head: Head) -> str:
    if head.value is None:
        return ""
    return f" {':=' if head.assign else '='} {print_term(head.value)}"


def _print_body(body: Body, level: int, *, guarded: bool = False) -> str:
    """Return a body in braces; `guarded` keeps it from being read as a set."""
    indent = "\t" * (level + 1)
    lines: list[str] = []
    for number, literal in enumerate(body):
        text = print_literal(literal, level + 1)
        if number and text.startswith("-"):
            # A line that begins with a minus would go on with the one before.
            lines[-1] += ";"
        if number == 0 and guarded and isinstance(literal, Expr):
            text = _guarded(literal, text)
        lines.append(indent + text)
    return "{\n" + "\n".join(lines) + "\n" + "\t" * level + "}"


def _guarded(literal: Expr, text: str) -> str:
    """Return `x | y` in parentheses: `if { x | y` begins a set comprehension."""
    term = literal.term
    if literal.negated or not bar_follows(term):
        return text
    if isinstance(term, Call) and _operator(term)[0] == 0:
        first, second = term.args
        text = f"({print_term(first)}) {_operator(term)[1]} {print_term(second)}"
    else:
        text = f"({print_term(term)})"
    return text + _print_withs(literal.withs)


def bar_follows(term: Term) -> bool:
    """Tell whether the first operand in the text of `term` stands before a `|`."""
    while isinstance(term, Call) and term.infix:
        strength, symbol = _operator(term)
        left = term.args[0]
        least = 2 if len(term.args) == 3 else strength
        if _binding(left) == _TIGHTEST or _binding(left) < least or _is_three(left):
            return symbol == "|"
        term = left
    return False


def print_literal(literal: Literal, level: int = 0) -> str:
    """Return an expression of a body that stands `level` tabs from the margin."""
    match literal:
        case Some(names=names):
            return "some " + _join(names)
        case SomeIn(key=key, value=value, domain=domain, withs=withs):
            pattern = _print_pattern(key, value)
            return f"some {pattern} in {_operand(domain, 2)}" + _print_withs(withs)
        case Every(key=key, value=value, domain=domain, body=body, withs=withs):
            pattern = _print_pattern(key, value)
            block = _print_body(body, level)
            return f"every {pattern} in {_operand(domain, 2)} {block}" + _print_withs(
                withs
            )
        case Expr(term=term, negated=negated, withs=withs):
            return ("not " if negated else "") + print_term(term) + _print_withs(withs)


def _print_withs(withs: tuple[With, ...]) -> str:
    return "".join(
        f" with {print_term(w.target)} as {print_term(w.value)}" for w in withs
    )


def _print_pattern(key: Term | None, value: Term) -> str:
    pattern = _operand(value, 2)
    return pattern if key is None else f"{_operand(key, 2)}, {pattern}"


def print_term(term: Term) -> str:  # noqa: PLR0911, C901  (one case a node)
    """Return a term as text.

    >>> print_term(Ref(0, Var(0, "input"), (Scalar(0, "a"), Scalar(0, "b c"))))
    'input.a["b c"]'
    """
    match term:
        case Scalar(value=value):
            return print_scalar(value)
        case Var(name=name):
            return _name(name)
        case Ref(head=head, path=path):
            return _operand(head, _TIGHTEST) + "".join(map(_print_step, path))
        case Array(items=items):
            return f"[{_join(items)}]"
        case Set(items=items):
            return f"{{{_join(items)}}}" if items else "set()"
        case Object(pairs=pairs):
            inner = [f"{_item(k)}: {_item(v)}" for k, v in pairs]
            return "{" + ", ".join(inner) + "}"
        case ArrayComprehension(head=head, body=body):
            return f"[{_operand(head, _TIGHTEST)} | {_in_line(body)}]"
        case SetComprehension(head=head, body=body):
            return f"{{{_operand(head, _TIGHTEST)} | {_in_line(body)}}}"
        case ObjectComprehension(key=key, value=value, body=body):
            pair = f"{_operand(key, _TIGHTEST)}: {_operand(value, _TIGHTEST)}"
            return f"{{{pair} | {_in_line(body)}}}"
        case Call(infix=True):
            return _print_infix(term)
        case Call(name=name, args=args):
            return f"{print_term(name)}({_join(args)})"
        case Template(parts=parts):
            return '$"' + "".join(map(_print_part, parts)) + '"'


def _in_line(body: Body) -> str:
    return "; ".join(map(print_literal, body))


def _join(terms: tuple[Term, ...]) -> str:
    return ", ".join(map(_item, terms))


def _item(term: Term) -> str:
    """Return a term between commas, where `k, v in xs` and a first `|` would mislead."""
    text = print_term(term)
    return f"({text})" if _is_three(term) or bar_follows(term) else text


def _print_infix(call: Call) -> str:
    strength, symbol = _operator(call)
    *firsts, last = call.args
    if len(firsts) == 2:
        key, value = firsts
        return f"{_operand(key, 2)}, {_operand(value, 2)} in {_operand(last, 2)}"
    left = _operand(firsts[0], strength)
    if strength == 1 and _is_three(firsts[0]):
        left = f"({left})"
    return f"{left} {symbol} {_operand(last, strength + 1 if strength else 0)}"


def _is_three(term: Term) -> bool:
    """Tell whether `term` is a `k, v in xs`."""
    return isinstance(term, Call) and term.infix and len(term.args) == 3


def _operand(term: Term, least: int) -> str:
    """Return a term, in parentheses if it binds looser than `least`."""
    text = print_term(term)
    return f"({text})" if _binding(term) < least else text


def _binding(term: Term) -> int:
    return _operator(term)[0] if isinstance(term, Call) and term.infix else _TIGHTEST


def _operator(call: Call) -> tuple[int, str]:
    return _OPERATORS[call.name.name if isinstance(call.name, Var) else ""]


def _print_part(part: str | Term | Expr) -> str:
    match part:
        case str():
            return quoted(part)[1:-1].replace("{", "\\{")
        case Expr():
            return "{" + print_literal(part) + "}"
        case _:
            return "{" + print_term(part) + "}"


def _print_step(step: Term) -> str:
    if isinstance(step, Scalar) and isinstance(step.value, str):
        return _step(step.value)
    return f"[{print_term(step)}]"


def _step(name: str) -> str:
    return f".{name}" if is_name(name) else f"[{quoted(name)}]"


def is_name(text: str) -> bool:
    """Tell whether `text` can stand after a dot."""
    return text[:1] in _LETTERS and _WORD.issuperset(text) if text else False


def _name(name: str) -> str:
    """Return a variable as written: a wildcard's own name, `$0`, is not."""
    return "_" if name.startswith("$") else name


def print_scalar(value: ScalarValue) -> str:
    r"""Return a scalar as Rego writes it.

    >>> print_scalar("a\\n"), print_scalar(True), print_scalar(None)
    ('"a\\\\n"', 'true', 'null')
    """
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return quoted(value)
        case NumberLiteral():
            return value.text
        case int():
            # An integer of thousands of digits has no `str`.
            return format(Decimal(value), "f")
        case _:
            return str(value)


def quoted(text: str) -> str:
    """Return a string between double quotes, escaped as Rego's strings are."""
    out = "".join(
        _ESCAPES.get(c) or (f"\\u{ord(c):04x}" if c < " " else c) for c in text
    )
    return f'"{out}"'
