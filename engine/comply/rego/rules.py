"""Tokens to rules: heads, defaults, bodies, `else` chains."""

from dataclasses import replace
from typing import Final

from comply.rego.cursor import Cursor, ParseError
from comply.rego.lexer import KEYWORDS
from comply.rego.syntax import (
    Array,
    Body,
    Call,
    Head,
    Object,
    Ref,
    Rule,
    Scalar,
    Set,
    Term,
    Var,
)
from comply.rego.terms import (
    STEPS,
    kind_of,
    parse_body,
    parse_literal,
    parse_member,
    parse_steps,
)

_NEEDS_IF: Final = "`if` keyword is required before {} body"
_WRITE_IF: Final = "write `if` before the `{`, or read the file as Rego v0"
_NEEDS_CONTAINS: Final = "`contains` keyword is required for partial set rules"


def parse_rules(c: Cursor) -> list[Rule]:
    """Return the rule at hand, and one more for each body chained to it.

    Raises:
        ParseError: it is not a rule. Mistakes that leave no doubt about the tree, as a
            missing `if`, go to `c.errors` instead.
    """
    if c.kind == "default" and not c.names_a_rule():
        return [_parse_default(c)]
    start, first = c.start, c.at
    head = _parse_head(c)
    opening = c.kinds[c.at]
    body: Body = ()
    if opening == "if":
        body = _parse_if_body(c)
    elif opening == "{":
        body = _parse_bare_body(c, first, head)
    else:
        _check_bodiless(c, first, head)
    if opening != "if":
        head = _settle_key(c, first, head, has_body=bool(body))
    if body and c.kinds[c.at] == "else" and not c.names_a_rule():
        return [_with_else(c, Rule(start, c.last_end, head, body))]
    rules = [Rule(start, c.last_end, head, body)]
    while body and c.kinds[c.at] == "{":
        at = c.take("{")
        rules.append(Rule(at, 0, head, parse_body(c, "}"), chained=True))
        rules[-1] = replace(rules[-1], end=c.last_end)
    return rules


def _parse_bare_body(c: Cursor, first: int, head: Head) -> Body:
    """Return a body in braces, an error of version in v1; `first` begins the rule."""
    if c.version == 1:
        kind = "rule" if head.args is None else "function"
        _record(c, first, _NEEDS_IF.format(kind), _WRITE_IF)
    c.take("{")
    return parse_body(c, "}")


def _record(c: Cursor, first: int, message: str, hint: str) -> None:
    """Note an error of version about the head whose first token is `first`."""
    start, end = c.tokens.starts[first], c.tokens.ends[first]
    c.errors.append(ParseError(message, start, end, hint, dialect=True))


def _parse_if_body(c: Cursor) -> Body:
    """Return what follows `if`: one expression, or a body in braces."""
    c.take("if")
    if c.kind != "{":
        return (parse_literal(c),)
    mark = c.mark()
    try:
        literal = parse_literal(c)
    except ParseError:
        pass
    else:
        # A set is never false: `{x}` is meant as a body.
        if not isinstance(getattr(literal, "term", None), Set):
            return (literal,)
    c.reset(mark)
    c.at += 1
    return parse_body(c, "}")


def _parse_head(c: Cursor) -> Head:
    """Return a head as written; `_settle_key` decides on `p[x]`."""
    at = c.start
    ref, args = _parse_name(c)
    if c.kinds[c.at] == "contains":
        if args is not None:
            raise c.unexpected(
                "the contains keyword can only be used with multi-value rule "
                f"definitions (e.g., {_shown(ref)} contains <VALUE> {{ ... }})"
            )
        c.at += 1
        return Head(at, ref, key=parse_member(c))
    if c.kinds[c.at] not in (":=", "="):
        return Head(at, ref, args)
    assign = c.kind == ":="
    c.at += 1
    return Head(at, ref, args, value=parse_member(c), assign=assign)


def _parse_name(c: Cursor) -> tuple[tuple[Term, ...], tuple[Term, ...] | None]:
    """Return a head's reference and, for a function, its arguments."""
    start = c.start
    if c.kind in KEYWORDS and c.names_a_rule():
        name: Term = c.take_keyword()
    elif c.kind == "ident":
        name = c.take_var()
    else:
        raise _not_a_name(c)
    # v0 code writes `p [x]` too.
    if c.kinds[c.at] in STEPS and (c.touching() or c.kind == "["):
        name = parse_steps(c, name)
    match name:
        case Var():
            return (name,), None
        case Ref(head=Var() as head, path=path):
            return (head, *path), None
        case Call(name=Var() as head, args=args):
            return (head,), args
        case Call(name=Ref(head=Var() as head, path=path), args=args):
            return (head, *path), args
        case _:
            end = c.last_end
            message = f"invalid rule head: {c.tokens.text[start:end]}"
            raise ParseError(message, start, end)


def _not_a_name(c: Cursor) -> ParseError:
    """Return the error that no rule can begin with the token at hand."""
    names = {
        "string": "string", "raw": "string", "number": "number", "[": "array",
        "{": "set", "true": "boolean", "false": "boolean", "null": "null",
    }  # fmt: skip
    kind = c.kind
    if kind == "else":
        return c.error(
            "unexpected else keyword", "`else` comes after a rule that has a body"
        )
    if kind in names:
        return c.error(f"{names[kind]} cannot be used for rule name")
    if kind == "not":
        return c.error("negated expressions cannot be used for rule head")
    if kind == "some":
        return c.error("'some' declarations cannot be used for rule head")
    if kind in KEYWORDS and c.kinds[c.at + 1] in (":=", "=", "if", "contains", "{"):
        return c.error(f"{kind} keyword cannot be used for rule name")
    return c.unexpected()


def _check_bodiless(c: Cursor, first: int, head: Head) -> None:
    """Refuse a head that says nothing without a body."""
    if c.kind == "with":
        raise c.error("expressions using with keyword cannot be used for rule head")
    if c.kind == ";":
        raise c.unexpected()
    if head.key is not None or head.value is not None or head.args is not None:
        return
    start, end = c.tokens.starts[first], c.last_end
    if c.kind in ("==", "!=", "<", ">", "<=", ">=", "+", "-", "*", "/", "%", "in"):
        message = "rule name conflicts with built-in function"
        hint = "an expression stands in a rule's body; a rule's value is given by `:=`"
        raise ParseError(message, start, end, hint)
    if len(head.ref) == 1:
        raise ParseError("var cannot be used for rule name", start, end)
    if len(head.ref) > 2 and c.version == 1:
        raise ParseError(
            "rule must have value assignment and/or body declaration", start, end
        )


def _settle_key(c: Cursor, first: int, head: Head, *, has_body: bool) -> Head:
    """Return the head of a rule without `if`: the `x` of `p[x]` is a set's member."""
    plain = head.key is None and head.value is None and head.args is None
    if not plain or len(head.ref) != 2:
        return head
    if c.version == 1:
        name = _shown(head.ref[:1])
        if has_body:
            # The missing `if` is noted already: one mistake, one error.
            c.errors[
                -1
            ].hint = f"write `{name} contains ... if {{`, or read the file as Rego v0"
        else:
            hint = f"write `{name} contains ...`, or read the file as Rego v0"
            _record(c, first, _NEEDS_CONTAINS, hint)
    return Head(head.at, head.ref[:1], key=head.ref[1])


def _with_else(c: Cursor, rule: Rule) -> Rule:
    """Return `rule` with the `else` at hand."""
    if any(not isinstance(step, Scalar) for step in rule.head.ref[1:]):
        raise c.error("else keyword cannot be used on rules with variables in head")
    if rule.head.key is not None:
        raise c.error("else keyword cannot be used on multi-value rules")
    otherwise = _parse_else(c, rule.head)
    if c.kinds[c.at] == "{":
        raise c.error("expected else keyword")
    return replace(rule, end=c.last_end, otherwise=otherwise)


def _parse_else(c: Cursor, head: Head) -> Rule:
    """Return the `else` at hand, and those behind it, of the rule with `head`."""
    first, at = c.at, c.take("else")
    value, assign = None, False
    if c.kind in (":=", "="):
        assign = c.kind == ":="
        c.at += 1
        value = parse_member(c)
    elif c.kind not in ("if", "{"):
        raise c.unexpected("expected else value term or rule body")
    body: Body = ()
    if c.kind == "if":
        body = _parse_if_body(c)
    elif c.kind == "{":
        body = _parse_bare_body(c, first, head)
    own = Head(at, head.ref, head.args, value=value, assign=assign)
    rule = Rule(at, c.last_end, own, body)
    if body and c.kinds[c.at] == "else":
        c.descend()
        rule = replace(rule, otherwise=_parse_else(c, head))
        c.depth -= 1
    return replace(rule, end=c.last_end)


def _parse_default(c: Cursor) -> Rule:
    """Return the default rule at hand, whose value must be constant."""
    at = c.take("default")
    if c.kind != "ident":
        c.at -= 1
        raise c.unexpected()
    head = _parse_head(c)
    end = c.last_end
    if head.key is not None:
        raise ParseError("illegal default rule (must have a value)", at, end)
    if head.value is not None and (kind := _variable_kind(head.value)):
        message = f"illegal default rule (value cannot contain {kind})"
        raise ParseError(message, at, end)
    _check_default_args(head, at, end)
    return Rule(at, end, head, (), default=True)


def _check_default_args(head: Head, at: int, end: int) -> None:
    """Refuse arguments of a default function that are not variables of their own."""
    names: set[str] = set()
    for arg in head.args or ():
        if not isinstance(arg, Var) or arg.name in ("input", "data"):
            kind = "ref" if isinstance(arg, Var) else _kind(arg)
            message = f"illegal default rule (arguments cannot contain {kind})"
            raise ParseError(message, at, end)
        if arg.name in names:
            message = f"illegal default rule (arguments cannot be repeated {arg.name})"
            raise ParseError(message, at, end)
        names.add(arg.name)


def _variable_kind(term: Term) -> str:
    """Return what makes `term` no constant: var, ref or call; empty if it is one."""
    match term:
        case Var(name=name):
            return "ref" if name in ("input", "data") else "var"
        case Ref():
            return "ref"
        case Call():
            return "call"
        case Array(items=items) | Set(items=items):
            return _first_variable(items)
        case Object(pairs=pairs):
            return _first_variable(tuple(part for pair in pairs for part in pair))
        case _:
            return ""


def _first_variable(terms: tuple[Term, ...]) -> str:
    return next(filter(None, map(_variable_kind, terms)), "")


def _kind(term: Term) -> str:
    """Return OPA's name of a term's kind."""
    return kind_of(term) if isinstance(term, Scalar) else type(term).__name__.lower()


def _shown(ref: tuple[Term, ...]) -> str:
    """Return a head's reference for a message."""
    out = ""
    for step in ref:
        match step:
            case Var(name=name) if not out:
                out = name
            case Var(name=name):
                out += f"[{name}]"
            case Scalar(value=str() as value):
                out += f".{value}"
            case _:
                out += "[...]"
    return out
