"""Tokens to terms and bodies: what stands to the right of a rule's head.

Grammar: https://www.openpolicyagent.org/docs/policy-reference#grammar. Operators bind,
loosest first: `:=` `=`, `in`, comparisons, `|`, `&`, `+` `-`, `*` `/` `%`.
"""

from collections.abc import Callable
from typing import Final

from comply.rego.cursor import MOST_LEVELS, Cursor, ParseError
from comply.rego.lexer import KEYWORDS
from comply.rego.literals import NumberTooBigError, decode_number
from comply.rego.syntax import (
    Array,
    ArrayComprehension,
    Body,
    Call,
    Every,
    Expr,
    Literal,
    Object,
    ObjectComprehension,
    Ref,
    Scalar,
    Set,
    SetComprehension,
    Some,
    SomeIn,
    Template,
    Term,
    Var,
    With,
)

_BINARY: Final = {
    "==": (1, "equal"), "!=": (1, "neq"), "<": (1, "lt"), ">": (1, "gt"),
    "<=": (1, "lte"), ">=": (1, "gte"), "|": (2, "or"), "&": (3, "and"),
    "+": (4, "plus"), "-": (4, "minus"), "*": (5, "mul"), "/": (5, "div"),
    "%": (5, "rem"),
}  # fmt: skip
STEPS: Final = frozenset({".", "[", "("})
_STEPS_OF_CALL: Final = frozenset({".", "["})
_IN_TWO: Final = "internal.member_2"
_IN_THREE: Final = "internal.member_3"
_EVERY_FORM: Final = "expected `x[, y] in xs { ... }` expression"


def parse_body(c: Cursor, close: str) -> Body:
    """Return the expressions up to `close`, which is stepped over."""
    if c.kind == close:
        raise c.error("found empty body", "a body needs an expression: `true` will do")
    literals: list[Literal] = []
    while True:
        literals.append(parse_literal(c))
        kind = c.kinds[c.at]
        if kind == close:
            c.at += 1
            return tuple(literals)
        if kind == ";":
            c.at += 1
        elif not c.on_new_line():
            raise c.unexpected(f"expected \\n or ; or {close}")


def parse_literal(c: Cursor) -> Literal:
    """Return one expression of a body, with its `not` and `with`."""
    start, kind = c.start, c.kinds[c.at]
    if kind in KEYWORDS:
        if c.names_a_rule():
            return _parse_expr(c, start, parse_steps(c, c.take_keyword()))
        if kind == "some":
            return _parse_some(c)
        if kind == "every":
            return _parse_every(c)
        if kind == "not":
            c.at += 1
            if c.kind in ("some", "every"):
                raise c.unexpected(f"illegal negation of '{c.kind}'")
            return _parse_expr(c, start, negated=True)
    return _parse_expr(c, start)


def _parse_expr(
    c: Cursor, start: int, left: Term | None = None, *, negated: bool = False
) -> Expr:
    term = parse_member(c, left)
    if c.kinds[c.at] in (":=", "="):
        operator = Var(c.start, "assign" if c.kind == ":=" else "eq")
        c.at += 1
        term = Call(_at(term), operator, (term, parse_member(c)), infix=True)
    return Expr(start, term, negated, parse_withs(c))


def parse_withs(c: Cursor) -> tuple[With, ...]:
    """Return the `with target as value` that follow."""
    withs: list[With] = []
    while c.kinds[c.at] == "with":
        at = c.take("with")
        if c.kind != "ident":
            raise c.unexpected("expected ident")
        target = parse_term(c)
        if not isinstance(target, Var | Ref):
            raise c.unexpected("expected with target path")
        c.take("as", "expected as keyword")
        withs.append(With(at, target, parse_member(c)))
    return tuple(withs)


def _parse_some(c: Cursor) -> Some | SomeIn:
    at = c.take("some")
    mark = c.mark()
    if c.kind in KEYWORDS and c.kind not in ("true", "false", "null"):
        raise c.unexpected("expected var")
    term = parse_member(c)
    if isinstance(term, Call) and term.infix and isinstance(term.name, Var):
        name, args = term.name.name, term.args
        if name not in (_IN_TWO, _IN_THREE):
            raise c.unexpected("expected `x in xs` or `x, y in xs` expression")
        key = args[0] if name == _IN_THREE else None
        return SomeIn(at, key, args[-2], args[-1], parse_withs(c))
    c.reset(mark)
    names = [c.take_var()]
    while c.kind == ",":
        c.at += 1
        names.append(c.take_var())
    return Some(at, tuple(names))


def _parse_every(c: Cursor) -> Every:
    at = c.take("every")
    term = parse_member(c)
    match term:
        case Call(name=Var(name="internal.member_2"), args=(value, domain), infix=True):
            key = None
        case Call(
            name=Var(name="internal.member_3"), args=(key, value, domain), infix=True
        ):
            pass
        case _:
            raise c.unexpected(_EVERY_FORM)
    if not isinstance(value, Var):
        raise c.unexpected("expected value to be a variable")
    if not isinstance(key, Var | None):
        raise c.unexpected("expected key to be a variable")
    c.take("{", "missing body")
    body = parse_body(c, "}")
    return Every(at, key, value, domain, body, parse_withs(c))


def parse_member(c: Cursor, left: Term | None = None, *, pair: bool = True) -> Term:
    """Return a term with all its operators but `:=` and `=`.

    `left` is a term already read that it begins with. With `pair`, a comma may begin
    `k, v in xs`; in lists it separates.
    """
    lhs = parse_infix(c, 1, left)
    args: tuple[Term, ...] = (lhs,)
    if pair and c.kinds[c.at] == ",":
        mark = c.mark()
        c.at += 1
        second = _parse_after_comma(c)
        if second is None:
            c.reset(mark)
        else:
            args = (lhs, second)
    depth = c.depth
    while c.kinds[c.at] == "in":
        c.descend()
        name = Var(c.start, _IN_TWO if len(args) == 1 else _IN_THREE)
        c.at += 1
        args = (Call(_at(lhs), name, (*args, parse_infix(c, 1)), infix=True),)
    c.depth = depth
    return args[0]


def _parse_after_comma(c: Cursor) -> Term | None:
    """Return the `v` of `k, v in xs`, None where the comma means something else."""
    try:
        term = parse_infix(c, 1)
    except ParseError:
        return None
    return term if c.kinds[c.at] == "in" else None


def parse_infix(c: Cursor, least: int, left: Term | None = None) -> Term:
    """Return a term and its operators that bind at least as tightly as `least`."""
    lhs = parse_term(c) if left is None else left
    depth = c.depth
    while True:
        operator = _BINARY.get(c.kinds[c.at])
        if operator is None or operator[0] < least:
            c.depth = depth
            return lhs
        # Each operator makes the tree one level deeper.
        c.descend()
        name = Var(c.tokens.starts[c.at], operator[1])
        c.at += 1
        rhs = parse_infix(c, operator[0] + 1)
        lhs = Call(_at(lhs), name, (lhs, rhs), infix=True)


def parse_term(c: Cursor) -> Term:
    """Return a term without operators: a literal, a reference, a call, a collection."""
    kind = c.kinds[c.at]
    if kind == "ident":
        head: Term = c.take_var()
    elif kind == "contains":
        head = c.take_keyword()
    elif (reader := _READERS.get(kind)) is not None:
        c.descend()
        head = reader(c)
        c.depth -= 1
    else:
        raise c.unexpected()
    if c.kinds[c.at] in STEPS and c.touching():
        return parse_steps(c, head)
    return head


def parse_steps(c: Cursor, head: Term) -> Term:
    """Return the reference or call that `head` begins, up to white space.

    The caller has seen that the token at hand is a step, touching or not.
    """
    if isinstance(head, Scalar | Template):
        kind = "templatestring" if isinstance(head, Template) else kind_of(head)
        end = c.last_end
        raise ParseError(f"illegal ref (head cannot be {kind})", head.at, end)
    at, path, kind, depth = head.at, list[Term](), c.kind, c.depth
    c.descend()
    while True:
        # Of a reference no end is known here either; no document is so deep.
        if len(path) > MOST_LEVELS:
            raise c.too_deep()
        c.at += 1
        if kind == ".":
            path.append(_parse_dotted(c))
        elif kind == "[":
            path.append(parse_member(c))
            c.take("]", "expected ]")
        else:
            c.descend()
            args = parse_items(c, ")")
            if not args and not path and isinstance(head, Var) and head.name == "set":
                head = Set(at, ())
            else:
                head = Call(at, _reference(head, path), args)
            path = []
        called = kind == "("
        kind = c.kinds[c.at]
        if kind not in (_STEPS_OF_CALL if called else STEPS) or not c.touching():
            break
    c.depth = depth
    return Ref(at, head, tuple(path)) if path else head


def _reference(head: Term, path: list[Term]) -> Ref | Var:
    if isinstance(head, Var) and not path:
        return head
    return Ref(head.at, head, tuple(path))


def _parse_dotted(c: Cursor) -> Scalar:
    if not c.touching():
        message = "unexpected whitespace token: expected identifier"
        raise ParseError(message, c.last_end, c.start)
    start = c.take("ident", "expected identifier")
    return Scalar(start, c.tokens.text[start : c.last_end])


def parse_items(c: Cursor, close: str, first: Term | None = None) -> tuple[Term, ...]:
    """Return the terms between commas up to `close`, which is stepped over.

    `first` is the first of them, if it has been read. A comma may follow the last.
    """
    items: list[Term] = []
    if first is not None:
        items.append(first)
        if c.kind != close:
            c.take(",", f'expected "," or "{close}"')
    while c.kinds[c.at] != close:
        items.append(parse_member(c, pair=False))
        if c.kinds[c.at] != close:
            c.take(",", f'expected "," or "{close}"')
    c.at += 1
    return tuple(items)


def kind_of(scalar: Scalar) -> str:
    """Return OPA's name of a scalar's type."""
    match scalar.value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case str():
            return "string"
        case _:
            return "number"


def _read_string(c: Cursor) -> Term:
    at = c.take(c.kind)
    return Scalar(at, c.tokens.strings[at])


def _read_true(c: Cursor) -> Term:
    return Scalar(c.take("true"), value=True)


def _read_false(c: Cursor) -> Term:
    return Scalar(c.take("false"), value=False)


def _read_null(c: Cursor) -> Term:
    return Scalar(c.take("null"), None)


def _read_number(c: Cursor) -> Term:
    """Return a number, or `0 - x` for a variable or reference after a minus."""
    at, sign, whole = c.start, "", True
    if c.kind == "-":
        c.at += 1
        sign = "-"
        if c.kind == "ident":
            zero = Scalar(at, 0)
            return Call(at, Var(at, "minus"), (zero, parse_term(c)), infix=True)
    if c.kind == ".":
        c.at += 1
        sign += "0."
        whole = False
    if c.kind != "number":
        raise c.unexpected("expected number")
    word = c.word()
    if not whole and not word.isdecimal():
        raise c.unexpected("expected number")
    if whole and word[0] == "0" and word[1:2].isdecimal():
        raise c.unexpected("expected number without leading zero")
    try:
        value = decode_number(sign + word)
    except NumberTooBigError:
        raise c.error("number too big") from None
    c.at += 1
    return Scalar(at, value)


def _read_parenthesis(c: Cursor) -> Term:
    c.take("(")
    term = parse_member(c)
    if c.kind != ")":
        raise c.error("non-terminated expression")
    c.at += 1
    return term


def _read_array(c: Cursor) -> Term:
    at = c.take("[")
    if c.kind == "]" or _skip_comma(c):
        return Array(at, parse_items(c, "]"))
    first = parse_term(c)
    if (body := _parse_comprehension(c, "]")) is not None:
        return ArrayComprehension(at, first, body)
    return Array(at, parse_items(c, "]", parse_member(c, first, pair=False)))


def _skip_comma(c: Cursor) -> bool:
    """Step over a comma before the first item, which older versions allow."""
    if c.kind != ",":
        return False
    c.at += 1
    return True


def _parse_comprehension(c: Cursor, close: str) -> Body | None:
    """Return the body behind a `|` up to `close`; None if the `|` is an operator.

    `[a | b]` is a comprehension and `[a | b, c]` is not: only the end tells. A `|`
    that turned out to be an operator is remembered, which keeps nested lists linear.
    """
    if c.kind != "|" or c.at in c.plain_bars:
        return None
    mark = c.mark()
    c.at += 1
    try:
        return parse_body(c, close)
    except ParseError:
        if not _is_operator(c, mark[0], close):
            raise
    c.plain_bars.add(mark[0])
    c.reset(mark)
    return None


def _is_operator(c: Cursor, bar: int, close: str) -> bool:
    """Tell whether a `|` whose body does not parse can be an operator."""
    depth, at = 0, bar + 1
    while c.kinds[at] != "eof":
        kind = c.kinds[at]
        if depth == 0 and kind in (",", ":"):
            return True
        if depth == 0 and kind in (close, ":=", "=", ";", "some", "every", "not"):
            return False
        depth += (kind in "([{") - (kind in ")]}")
        at += 1
    return False


def _read_braces(c: Cursor) -> Term:
    at = c.take("{")
    if c.kind == "}":
        c.at += 1
        return Object(at, ())
    bare = not _skip_comma(c)
    first = parse_term(c)
    if bare and (body := _parse_comprehension(c, "}")) is not None:
        return SetComprehension(at, first, body)
    first = parse_member(c, first, pair=False)
    if c.kind == ":":
        return _read_object(c, at, first, bare=bare)
    if c.kind not in (",", "}"):
        raise c.unexpected("non-terminated set")
    return Set(at, parse_items(c, "}", first))


def _read_object(c: Cursor, at: int, key: Term, *, bare: bool) -> Term:
    """Return the object or object comprehension whose first key has been read."""
    c.take(":")
    value = parse_term(c)
    if bare and (body := _parse_comprehension(c, "}")) is not None:
        return ObjectComprehension(at, key, value, body)
    pairs = [(key, parse_member(c, value, pair=False))]
    while c.kind == ",":
        c.at += 1
        if c.kind == "}":
            break
        key = parse_member(c, pair=False)
        c.take(":", "expected :")
        pairs.append((key, parse_member(c, pair=False)))
    c.take("}", "non-terminated object")
    return Object(at, tuple(pairs))


def _read_template(c: Cursor) -> Term:
    at = c.take("template")
    if c.version == 0:
        raise c.error("template strings are not supported in Rego v0", dialect=True)
    parts: list[str | Term | Expr] = []
    while c.kind != "end":
        if c.kind == "text":
            parts.append(c.tokens.strings[c.take("text")])
        else:
            c.take("open", "expected template-string part")
            parts.append(_parse_template_expression(c))
            if c.kind != "close":
                raise c.error("expected } to end template string expression")
            c.at += 1
    c.at += 1
    return Template(at, tuple(parts))


_NOT_IN_TEMPLATES: Final = {
    ":=": "unexpected assignment (':=') in template-string expression",
    "=": "unexpected unification ('=') in template-string expression",
    "not": "unexpected negation ('not') in template-string expression",
    "some": "unexpected 'some' in template-string expression",
    "every": "unexpected 'every' in template-string expression",
    "close": "invalid template-string expression",
}


def _parse_template_expression(c: Cursor) -> Term | Expr:
    start = c.start
    if (message := _NOT_IN_TEMPLATES.get(c.kind)) is not None:
        raise c.error(message)
    term = parse_member(c)
    if (message := _NOT_IN_TEMPLATES.get(c.kind)) is not None and c.kind != "close":
        raise c.error(message)
    withs = parse_withs(c)
    return Expr(start, term, withs=withs) if withs else term


def _at(term: Term) -> int:
    return term.at


_READERS: Final[dict[str, Callable[[Cursor], Term]]] = {
    "string": _read_string,
    "raw": _read_string,
    "number": _read_number,
    "-": _read_number,
    ".": _read_number,
    "true": _read_true,
    "false": _read_false,
    "null": _read_null,
    "[": _read_array,
    "{": _read_braces,
    "(": _read_parenthesis,
    "template": _read_template,
}
