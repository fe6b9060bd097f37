"""MODULES -> ERRORS: what is allowed and most often a mistake, for who asks for it.

The checks of `opa check --strict`: https://www.openpolicyagent.org/docs/policy-language#strict-mode.
"""

from collections.abc import Iterator

from comply.rego import syntax as s
from comply.rego.calls import DEPRECATED
from comply.rego.checks import check_module
from comply.rego.errors import RegoError
from comply.rego.names import declared_names, pattern_names
from comply.rego.pieces import nodes
from comply.rego.resolution import named_place, static_path

_SHARED = ("future", "rego")


def check_strictly(modules: tuple[s.Module, ...]) -> Iterator[RegoError]:
    """Yield what is unused, deprecated or shadowed in modules that compile."""
    for module in modules:
        yield from _unused_imports(module)
        for rule in module.rules:
            yield from _unused_args(module, rule)
            for node in nodes((rule,)):
                yield from _unused_locals(module, node)
        if module.version == 0:
            yield from check_module(module)
            yield from _deprecated(module)


def _unused_imports(module: s.Module) -> Iterator[RegoError]:
    used = {name for rule in module.rules for name in _global_names(rule)}
    for item in module.imports:
        path = static_path(item.path) or ("",)
        if path[0] in _SHARED or (item.alias or path[-1]) in used:
            continue
        alias = f" as {item.alias}" if item.alias else ""
        message = f"import {'.'.join(path)}{alias} unused"
        yield _error(module, message, item.at, "leave it out")


def _global_names(rule: s.Rule) -> Iterator[str]:
    """Yield the names in a rule and its `else` that it does not introduce itself."""
    head = rule.head
    own = {v.name for arg in head.args or () for v in pattern_names(arg)}
    own.update(declared_names(rule.body))
    parts = (head.ref[1:], head.args, head.key, head.value, rule.body)
    yield from (name for name in _used(parts) if name not in own)
    if rule.otherwise is not None:
        yield from _global_names(rule.otherwise)


def _used(root: object) -> Iterator[str]:
    return (node.name for node in nodes(root) if isinstance(node, s.Var))


def _unused_args(module: s.Module, rule: s.Rule) -> Iterator[RegoError]:
    """Yield an error for each argument that no clause of a function reads."""
    names = [v for arg in rule.head.args or () for v in pattern_names(arg)]
    if rule.default:
        return
    all_names = [v.name for v in names]
    rest: list[object] = []
    clause: s.Rule | None = rule
    while clause is not None:
        rest += [clause.head.value, clause.body]
        clause = clause.otherwise
    used = set(_used(tuple(rest)))
    for var in names:
        if var.name.startswith("$") or var.name in used:
            continue
        if all_names.count(var.name) == 1:
            text = (
                f"unused argument {var.name}. (hint: use _ (wildcard variable) instead)"
            )
            yield _error(
                module, text, var.at, "write `_` for an argument nothing reads"
            )


def _unused_locals(module: s.Module, node: object) -> Iterator[RegoError]:
    """Yield an error for each `x := ...` of a node's body whose x nothing reads."""
    body, heads = _scope(node)
    targets = [
        var
        for literal in body
        if isinstance(literal, s.Expr)
        and isinstance(literal.term, s.Call)
        and literal.term.infix
        and literal.term.name == s.Var(literal.term.name.at, "assign")
        for var in pattern_names(literal.term.args[0])
    ]
    if not targets:
        return
    places = {var.at for var in targets}
    used = {
        other.name
        for other in nodes((heads, body))
        if isinstance(other, s.Var) and other.at not in places
    }
    for var in targets:
        if var.name not in used and not var.name.startswith("$"):
            text = f"assigned var {var.name} unused"
            yield _error(module, text, var.at, "leave it out, or use it")


def _scope(node: object) -> tuple[s.Body, tuple[object, ...]]:
    """Return the body that a node has and what outside of it reads its locals."""
    match node:
        case s.Rule(head=head, body=body):
            return body, (head.ref[1:], head.key, head.value)
        case s.ArrayComprehension(head=head, body=body):
            return body, (head,)
        case s.SetComprehension(head=head, body=body):
            return body, (head,)
        case s.ObjectComprehension(key=key, value=value, body=body):
            return body, (key, value)
        case s.Every(body=body):
            return body, ()
        case _:
            return (), ()


def _deprecated(module: s.Module) -> Iterator[RegoError]:
    for node in nodes(module.rules):
        if isinstance(node, s.Call):
            name = ".".join(static_path(node.name) or ())
            if name in DEPRECATED:
                text = f"deprecated built-in function calls in expression: {name}"
                yield _error(module, text, node.name.at, DEPRECATED[name])


def _error(module: s.Module, message: str, at: int, hint: str) -> RegoError:
    code = (
        "rego_type_error" if message.startswith("deprecated") else "rego_compile_error"
    )
    return RegoError(code, message, named_place(module.source, at), hint)
