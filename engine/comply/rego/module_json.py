"""MODULE -> JSON: the tree that `rego.parse_module` gives a rule, in OPA's shape.

https://www.openpolicyagent.org/docs/policy-reference/builtins/rego
"""

from base64 import b64encode
from typing import Final

from comply.plan.builtins.failure import BuiltinError
from comply.plan.values import Value, is_number, sort_key
from comply.rego import syntax as s
from comply.rego.errors import RegoError
from comply.rego.parser import parse_module
from comply.source import Source

_TRUE: Final = {"type": "boolean", "value": True}
_ROOTS: Final = ("input", "data")
_ORDER: Final = (
    "null", "boolean", "number", "string", "var", "ref", "array", "object", "set",
    "arraycomprehension", "objectcomprehension", "setcomprehension", "call",
    "templatestring",
)  # fmt: skip


def read_module(name: str, text: str) -> Value:
    """Return the tree of a module's text.

    Raises:
        BuiltinError: if it does not parse.
    """
    try:
        return module_json(parse_module(Source(name, text), "v1"))
    except RegoError as error:
        found = error.errors
        count = f"{len(found)} error{'s'[: len(found) > 1]} occurred: "
        lines = [_placed(name, e) for e in found]
        raise BuiltinError(count + "\n".join(lines)) from None


def _placed(name: str, error: RegoError) -> str:
    row = error.span.row if error.span else 0
    return f"{name}:{row}: {error.code}: {error.message}"


def module_json(module: s.Module) -> dict[str, Value]:
    """Return a module's tree; what is empty is left out."""
    text = module.source.text
    path = [_var("data"), *map(_string, module.package)]
    return _some(
        package={"path": path},
        imports=[_import(text, i) for i in module.imports],
        rules=[_rule(text, r) for r in module.rules],
        comments=[_comment(module, c) for c in module.comments],
    )


def _some(**fields: Value) -> dict[str, Value]:
    """Return the fields that are not None, empty or false."""
    return {k: v for k, v in fields.items() if v not in (None, [], False)}


def _var(name: str) -> dict[str, Value]:
    return {"type": "var", "value": name}


def _string(text: str) -> dict[str, Value]:
    return {"type": "string", "value": text}


def _comment(module: s.Module, comment: s.Comment) -> dict[str, Value]:
    span = module.source.span(comment.at)
    location = {"file": span.file, "row": span.row, "col": span.col}
    text = b64encode(comment.text.encode("utf-8", "replace")).decode()
    return {"Text": text, "Location": location}


def _import(text: str, item: s.Import) -> dict[str, Value]:
    return _some(path=_reference(text, item.path), alias=item.alias)


def _reference(text: str, term: s.Term) -> dict[str, Value]:
    """Return a term as a reference, which a lone name is as well."""
    shown = _term(text, term)
    return shown if shown["type"] == "ref" else {"type": "ref", "value": [shown]}


def _rule(text: str, rule: s.Rule) -> dict[str, Value]:
    otherwise = rule.otherwise
    return _some(
        default=rule.default,
        head=_head(text, rule.head),
        body=_body(text, rule.body)
        or [{"index": 0, "terms": _TRUE, "generated": True}],
        **{"else": _rule(text, otherwise) if otherwise else None},
    )


def _head(text: str, head: s.Head) -> dict[str, Value]:
    """Return a head; `p.q := 1` is named p and keyed q, as OPA has it."""
    shown = [_term(text, term) for term in head.ref]
    contains = head.key is not None
    pair = len(shown) == 2 and head.args is None and not contains
    name = shown[0]["value"] if len(shown) == 1 or (pair and head.value) else None
    key = _term(text, head.key) if head.key is not None else None
    if pair and (head.value is not None or shown[1]["type"] != "string"):
        key = shown[1]
    value = (
        None if contains else (_TRUE if head.value is None else _term(text, head.value))
    )
    args = None if head.args is None else [_term(text, arg) for arg in head.args]
    return _some(
        name=name, ref=shown, args=args, key=key, value=value, assign=head.assign
    )


def _body(text: str, body: s.Body) -> list[dict[str, Value]]:
    return [{"index": i, **_literal(text, literal)} for i, literal in enumerate(body)]


def _literal(text: str, literal: s.Literal) -> dict[str, Value]:
    match literal:
        case s.Expr(term=term, negated=negated, withs=withs):
            shown = _some(negated=negated, **{"with": _withs(text, withs)})
            return {"terms": _expression(text, term), **shown}
        case s.Some(names=names):
            return {"terms": {"symbols": [_term(text, name) for name in names]}}
        case s.SomeIn():
            keyed = (literal.key,) if literal.key is not None else ()
            operands = (*keyed, literal.value, literal.domain)
            call = _member(text, *operands)
            shown = _some(**{"with": _withs(text, literal.withs)})
            return {"terms": {"symbols": [call]}, **shown}
        case s.Every():
            every = {
                "key": _term(text, literal.key) if literal.key is not None else None,
                "value": _term(text, literal.value),
                "domain": _term(text, literal.domain),
                "body": _body(text, literal.body),
            }
            return {"terms": every, **_some(**{"with": _withs(text, literal.withs)})}


def _withs(text: str, withs: tuple[s.With, ...]) -> list[dict[str, Value]]:
    return [
        {"target": _reference(text, w.target), "value": _term(text, w.value)}
        for w in withs
    ]


def _expression(text: str, term: s.Term) -> Value:
    """Return an expression's terms: a call is a list, its function first."""
    shown = _term(text, term)
    return shown["value"] if shown["type"] == "call" else shown


def _member(text: str, *operands: s.Term) -> dict[str, Value]:
    function = [_var("internal"), _string(f"member_{len(operands)}")]
    shown = [_term(text, operand) for operand in operands]
    return {"type": "call", "value": [{"type": "ref", "value": function}, *shown]}


def _call(text: str, call: s.Call) -> list[dict[str, Value]]:
    """Return a call's terms, its function first."""
    if isinstance(call.name, s.Var):
        head, *path = call.name.name.split(".")
        steps = [_var(head), *map(_string, path)]
        function: dict[str, Value] = {"type": "ref", "value": steps}
    else:
        function = _reference(text, call.name)
    return [function, *[_term(text, arg) for arg in call.args]]


def _term(text: str, term: s.Term) -> dict[str, Value]:
    kind, value = _typed(text, term)
    return {"type": kind, "value": value}


def _typed(text: str, term: s.Term) -> tuple[str, Value]:
    """Return a term's type and value."""
    match term:
        case s.Scalar(value=value):
            return _scalar(value)
        case s.Var(name=name):
            return ("ref", [_var(name)]) if name in _ROOTS else ("var", name)
        case s.Ref(head=head, path=path):
            first = _var(head.name) if isinstance(head, s.Var) else _term(text, head)
            return "ref", [first, *[_term(text, step) for step in path]]
        case s.Array(items=items):
            return "array", [_term(text, item) for item in items]
        case s.Set(items=items):
            return "set", sorted([_term(text, item) for item in items], key=_place)
        case s.Object(pairs=pairs):
            both = [[_term(text, k), _term(text, v)] for k, v in pairs]
            return "object", sorted(both, key=lambda pair: _place(pair[0]))
        case s.Call():
            return "call", _call(text, term)
        case _:
            return _with_body(text, term)


def _with_body(
    text: str,
    term: s.ArrayComprehension
    | s.SetComprehension
    | s.ObjectComprehension
    | s.Template,
) -> tuple[str, Value]:
    match term:
        case s.Template(at=at, parts=parts):
            shown = [_part(text, part) for part in parts]
            raw = text.startswith("`", at + 1)
            return "templatestring", {"parts": shown, "multi_line": raw}
        case s.ObjectComprehension(key=key, value=mapped, body=body):
            pair = {"key": _term(text, key), "value": _term(text, mapped)}
            return "objectcomprehension", {**pair, "body": _body(text, body)}
        case s.ArrayComprehension(head=head, body=body):
            held = {"term": _term(text, head), "body": _body(text, body)}
            return "arraycomprehension", held
        case s.SetComprehension(head=head, body=body):
            held = {"term": _term(text, head), "body": _body(text, body)}
            return "setcomprehension", held


def _scalar(value: s.ScalarValue) -> tuple[str, Value]:
    if value is None:
        return "null", {}
    if type(value) is bool:
        return "boolean", value
    return "number" if is_number(value) else "string", value


def _part(text: str, part: str | s.Term | s.Expr) -> dict[str, Value]:
    """Return a part of a template: text, a scalar, or an expression."""
    if isinstance(part, str):
        return _string(part)
    if isinstance(part, s.Scalar):
        return _term(text, part)
    if isinstance(part, s.Expr):
        return {"index": 0, **_literal(text, part)}
    return {"index": 0, "terms": _expression(text, part)}


def _place(shown: dict[str, Value]) -> tuple[int, Value]:
    """Return what a set's terms are sorted by: their kind, then what they are."""
    rank = _ORDER.index(shown["type"])
    scalar = shown["type"] in ("boolean", "number", "string", "var")
    return rank, sort_key(shown["value"] if scalar else None)
