"""Rego trees in one line each, close to how OPA prints its own."""

import json

from comply.plan.values import NumberLiteral
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
    Set,
    SetComprehension,
    Some,
    SomeIn,
    Template,
    Term,
    Var,
    With,
)


def show_term(term: Term) -> str:  # noqa: C901, PLR0911  (one case a node)
    match term:
        case Scalar(value=value):
            return show_scalar(value)
        case Var(name=name):
            return name
        case Ref(head=head, path=path):
            return f"ref({' '.join(map(show_term, (head, *path)))})"
        case Array(items=items):
            return f"[{', '.join(map(show_term, items))}]"
        case Set(items=items):
            return f"<{', '.join(map(show_term, items))}>"
        case Object(pairs=pairs):
            inner = [f"{show_term(k)}: {show_term(v)}" for k, v in pairs]
            return f"{{{', '.join(inner)}}}"
        case Call(name=name, args=args):
            return f"call({' '.join(map(show_term, (name, *args)))})"
        case ArrayComprehension(head=head, body=body):
            return f"[{show_term(head)} | {show_body(body)}]"
        case SetComprehension(head=head, body=body):
            return f"<{show_term(head)} | {show_body(body)}>"
        case ObjectComprehension(key=key, value=value, body=body):
            return f"{{{show_term(key)}: {show_term(value)} | {show_body(body)}}}"
        case Template(parts=parts):
            return f"template({' '.join(map(show_part, parts))})"


def show_scalar(value: object) -> str:
    if isinstance(value, NumberLiteral):
        return value.text
    if value is None or isinstance(value, bool | int | float | str):
        return json.dumps(value)
    return str(value)


def show_part(part: str | Term | Expr) -> str:
    match part:
        case str():
            return "text" + json.dumps(part)
        case Expr():
            return show_literal(part)
        case _:
            return show_term(part)


def show_withs(withs: tuple[With, ...]) -> str:
    return "".join(
        f" with {show_term(w.target)} as {show_term(w.value)}" for w in withs
    )


def show_literal(literal: Literal) -> str:
    match literal:
        case Expr(term=term, negated=negated, withs=withs):
            return ("not " if negated else "") + show_term(term) + show_withs(withs)
        case Some(names=names):
            return "some " + ", ".join(map(show_term, names))
        case SomeIn(key=key, value=value, domain=domain, withs=withs):
            pattern = show_term(value) if key is None else pair(key, value)
            return f"some {pattern} in {show_term(domain)}" + show_withs(withs)
        case Every(key=key, value=value, domain=domain, body=body, withs=withs):
            pattern = show_term(value) if key is None else pair(key, value)
            return (
                f"every {pattern} in {show_term(domain)} {{{show_body(body)}}}"
                + show_withs(withs)
            )


def pair(key: Term, value: Term) -> str:
    return f"{show_term(key)}, {show_term(value)}"


def show_body(body: Body) -> str:
    return "; ".join(map(show_literal, body))


def show_head(head: Head) -> str:
    out = " ".join(map(show_term, head.ref))
    if head.args is not None:
        out += f"({', '.join(map(show_term, head.args))})"
    if head.key is not None:
        out += f" contains {show_term(head.key)}"
    if head.value is not None:
        out += f" {':=' if head.assign else '='} {show_term(head.value)}"
    return out


def show_rule(rule: Rule) -> str:
    out = "default " if rule.default else "chained " if rule.chained else ""
    out += show_head(rule.head)
    if rule.body:
        out += f" {{{show_body(rule.body)}}}"
    return out + (f" else {show_rule(rule.otherwise)}" if rule.otherwise else "")


def show_import(item: Import) -> str:
    return f"import {show_term(item.path)}" + (
        f" as {item.alias}" if item.alias else ""
    )


def show_module(module: Module) -> str:
    lines = ["package " + ".".join(module.package)]
    lines += map(show_import, module.imports)
    lines += map(show_rule, module.rules)
    return "\n".join(lines)
