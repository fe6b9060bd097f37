"""MODULES -> FLAT RULES: names resolved, nested terms lifted into short literals.

What OPA's compiler does in its stages ResolveRefs, RewriteLocalVars, RewriteExprTerms
and RewriteDynamicTerms. Lifting matters for meaning, not only for code: the operands of
a call leave a `not`, so `not f(input.missing)` is undefined rather than true.
"""

from collections.abc import Iterable
from typing import Final

from comply.rego import flat as f
from comply.rego import syntax as s
from comply.rego.calls import callee, fits
from comply.rego.chain import term_of
from comply.rego.declarations import (
    check_used,
    declare,
    declare_args,
    declare_elements,
    declare_targets,
    declare_to_use,
)
from comply.rego.functions import replaced_path, replacing_function
from comply.rego.names import (
    GlobalPath,
    Scope,
    holder,
    implicit_names,
    use,
)
from comply.rego.resolution import Resolution, head_path
from comply.rego.safety import names
from comply.rego.types.written import word_at

Out = list[f.FlatLiteral]

_NO_VALUE: Final = "print stands in an expression of its own, and always holds"
_METADATA: Final = ("rego.metadata.rule", "rego.metadata.chain")


def resolve_rule(context: Resolution, rule: s.Rule) -> f.FlatRule:
    """Return a rule and its `else` branches over unique names."""
    prefix, _ = head_path(rule)
    clauses = []
    at: s.Rule | None = rule
    while at is not None:
        clauses.append(_clause(context, at))
        at = at.otherwise
    return f.FlatRule(
        ("data", *context.module.package, *prefix),
        tuple(clauses),
        rule.default,
        rule.head.args is not None,
        rule.at,
        context.index,
    )


def _clause(context: Resolution, rule: s.Rule) -> f.FlatClause:
    head = rule.head
    _, suffix = head_path(rule)
    heads = (t for t in (*suffix, head.key, head.value) if t is not None)
    scope = Scope(implicit_names(rule.body, *heads))
    args: tuple[f.FlatTerm, ...] = ()
    if head.args is not None:
        for arg in head.args:
            declare_args(context, scope, arg)
        args = tuple(_lift(context, scope, arg, []) for arg in head.args)
    out: Out = []
    _body(context, scope, rule.body, out)
    steps = tuple(_lift(context, scope, step, out) for step in suffix)
    if head.key is not None:
        value = _lift(context, scope, head.key, out)
    elif head.value is not None:
        value = _lift(context, scope, head.value, out)
    else:
        value = s.Scalar(head.at, value=True)
    check_used(context, scope)
    return f.FlatClause(
        rule.at, context.index, args, steps, value, head.key is not None, tuple(out)
    )


def resolve_query(context: Resolution, body: s.Body) -> tuple[f.FlatBody, list[str]]:
    """Return a query over unique names, and the names whose values it answers."""
    scope = Scope(implicit_names(body))
    out: Out = []
    _body(context, scope, body, out)
    check_used(context, scope)
    shown = [
        n
        for n in (*scope.names.values(), *scope.declared.values())
        if not n.startswith(("$", "%"))
    ]
    return tuple(out), shown


def _body(context: Resolution, scope: Scope, body: s.Body, out: Out) -> None:
    for literal in body:
        match literal:
            case s.Some(names=names):
                for var in names:
                    declare_to_use(context, scope, var)
            case s.SomeIn():
                _some_in(context, scope, literal, out)
            case s.Every():
                _every(context, scope, literal, out)
            case s.Expr():
                _expression(context, scope, literal, out)


def _expression(context: Resolution, scope: Scope, literal: s.Expr, out: Out) -> None:
    withs = _replacements(context, scope, literal.withs, out)
    lifted: Out = []
    flat = _literal(context, scope, literal.term, lifted)
    if literal.negated:
        # A call that cannot be is no reason to blame its variables.
        if flat and not (
            isinstance(flat, f.Invoke) and not (flat.builtin or flat.path)
        ):
            lifted.append(f.Negate(literal.at, flat))
    elif flat:
        lifted.append(flat)
    out.extend(f.under(item, withs) for item in lifted)


def _literal(
    context: Resolution, scope: Scope, term: s.Term, out: Out
) -> f.Unify | f.Invoke | f.Test | None:
    """Return the literal that a term is as an expression; lift its operands to `out`."""
    if isinstance(term, s.Call):
        name = term.name.name if isinstance(term.name, s.Var) else ""
        if term.infix and name == "assign":
            return _assign(context, scope, term, out)
        if term.infix and name in ("eq", "equal"):
            left = _keep(context, scope, term.args[0], out)
            right = _keep(context, scope, term.args[1], out)
            if name == "equal":
                return f.Unify(term.at, left, right, test=True)
            return f.unified(term.at, left, right, out)
        return _invoke(context, scope, term, out, output=None)
    return f.Test(term.at, _keep(context, scope, term, out))


def _assign(
    context: Resolution, scope: Scope, term: s.Call, out: Out
) -> f.Unify | None:
    target, value = term.args
    right = _keep(context, scope, value, out)
    if not declare_targets(context, scope, target):
        return None
    return f.unified(term.at, _lift(context, scope, target, out), right, out)


def _some_in(context: Resolution, scope: Scope, literal: s.SomeIn, out: Out) -> None:
    withs = _replacements(context, scope, literal.withs, out)
    lifted: Out = []
    declare_elements(context, scope, literal)
    domain = _keep(context, scope, literal.domain, lifted)
    key: f.FlatTerm = context.wildcard(literal.at)
    if literal.key is not None:
        key = _lift(context, scope, literal.key, lifted)
    element = _step(context, domain, key, lifted)
    value = _lift(context, scope, literal.value, lifted)
    lifted.append(f.Unify(literal.at, value, element))
    out.extend(f.under(item, withs) for item in lifted)


def _step(context: Resolution, domain: f.FlatTerm, key: f.FlatTerm, out: Out) -> s.Ref:
    """Return `domain[key]`."""
    match domain:
        case s.Ref(at=at, head=head, path=path):
            return s.Ref(at, head, (*path, f.as_syntax(key)))
        case s.Var(at=at):
            return s.Ref(at, domain, (f.as_syntax(key),))
        case _:
            temporary = context.fresh(domain.at)
            out.append(f.Unify(domain.at, temporary, domain))
            return s.Ref(domain.at, temporary, (f.as_syntax(key),))


def _every(context: Resolution, scope: Scope, literal: s.Every, out: Out) -> None:
    withs = _replacements(context, scope, literal.withs, out)
    lifted: Out = []
    domain = _lift(context, scope, literal.domain, lifted)
    inner = Scope(implicit_names(literal.body), scope)
    key = None
    if literal.key is not None:
        key = _every_name(context, inner, literal.key)
    value = _every_name(context, inner, literal.value)
    body: Out = []
    _body(context, inner, literal.body, body)
    check_used(context, inner)
    lifted.append(
        f.ForAll(literal.at, key, value, domain, tuple(body), frozenset(inner.outer))
    )
    out.extend(f.under(item, withs) for item in lifted)


def _every_name(context: Resolution, scope: Scope, var: s.Var) -> str:
    if var.name.startswith("$"):
        return declare(context, scope, var, "declared")
    return declare_to_use(context, scope, var)


def _name(context: Resolution, scope: Scope, var: s.Var) -> f.FlatTerm:
    """Return what a name means: a local, or a reference to a document or rule."""
    owner, declared = holder(scope, var.name)
    if owner is not None and declared:
        unique = owner.declared[var.name]
        use(scope, owner, var.name, unique)
        return s.Var(var.at, unique)
    path = context.globals.get(var.name)
    if path is not None:
        scope.seen.add(var.name)
        return _global(var.at, path)
    owner = owner or scope
    if var.name not in owner.names:
        owner.names[var.name] = context.unique(var.name)
    unique = owner.names[var.name]
    use(scope, owner, var.name, unique)
    return s.Var(var.at, unique)


def _global(at: int, path: GlobalPath) -> s.Ref:
    return s.Ref(at, s.Var(at, path[0]), tuple(s.Scalar(at, p) for p in path[1:]))


def _keep(context: Resolution, scope: Scope, term: s.Term, out: Out) -> f.FlatTerm:
    """Return a term whose own reference stays in place; what is in it is lifted."""
    match term:
        case s.Var():
            return _name(context, scope, term)
        case s.Ref():
            return _reference(context, scope, term, out)
        case s.ArrayComprehension() | s.SetComprehension() | s.ObjectComprehension():
            return _closure(context, scope, term)
        case _:
            return _lift(context, scope, term, out)


def _reference(context: Resolution, scope: Scope, term: s.Ref, out: Out) -> s.Ref:
    head = term.head
    base = (
        _name(context, scope, head)
        if isinstance(head, s.Var)
        else _lift(context, scope, head, out)
    )
    steps = tuple(f.as_syntax(_lift(context, scope, step, out)) for step in term.path)
    match base:
        case s.Ref(head=root, path=path):
            return s.Ref(term.at, root, (*path, *steps))
        case s.Var():
            return s.Ref(term.at, base, steps)
        case _:
            temporary = context.fresh(term.at)
            out.append(f.Unify(term.at, temporary, base))
            return s.Ref(term.at, temporary, steps)


def _lift(context: Resolution, scope: Scope, term: s.Term, out: Out) -> f.FlatTerm:
    """Return a variable, scalar or composite of such; the rest goes to `out`."""
    match term:
        case s.Scalar():
            return term
        case s.Array(at=at, items=items):
            return s.Array(at, _lift_all(context, scope, items, out))
        case s.Set(at=at, items=items):
            return s.Set(at, _lift_all(context, scope, items, out))
        case s.Object(at=at, pairs=pairs):
            keys = _lift_all(context, scope, [k for k, _ in pairs], out)
            values = _lift_all(context, scope, [v for _, v in pairs], out)
            return s.Object(at, tuple(zip(keys, values, strict=True)))
        case s.Call():
            temporary = context.fresh(term.at)
            literal = _invoke(context, scope, term, out, output=temporary)
            if literal is not None:
                out.append(literal)
            return temporary
        case s.Template():
            return _template(context, scope, term, out)
        case _:
            kept = _keep(context, scope, term, out)
    if isinstance(kept, s.Var):
        return kept
    temporary = context.fresh(term.at)
    out.append(f.Unify(term.at, temporary, kept))
    return temporary


def _lift_all(
    context: Resolution, scope: Scope, terms: Iterable[s.Term], out: Out
) -> tuple[s.Term, ...]:
    return tuple(f.as_syntax(_lift(context, scope, term, out)) for term in terms)


def _template(context: Resolution, scope: Scope, term: s.Template, out: Out) -> s.Var:
    """Return the text of `$"..."`; a part is a set, empty where it is undefined."""
    parts: list[s.Term] = []
    for part in term.parts:
        if isinstance(part, str):
            parts.append(s.Scalar(term.at, part))
            continue
        parts.append(_optional(context, scope, part, out))
    text = context.fresh(term.at)
    args = (s.Array(term.at, tuple(parts)),)
    out.append(f.Invoke(term.at, "internal.template_string", (), args, text))
    return text


def _optional(
    context: Resolution, scope: Scope, part: s.Term | s.Expr, out: Out
) -> s.Var:
    """Return a set that holds the value of `part`, or nothing where it is undefined."""
    withs: f.Replacements = ()
    term: s.Term
    if isinstance(part, s.Expr):
        withs = _replacements(context, scope, part.withs, out)
        term = part.term
    else:
        term = part
    inner = Scope(frozenset(), scope)
    body: Out = []
    value = _lift(context, inner, term, body)
    closure = f.Comprehension(
        part.at,
        "set",
        None,
        value,
        tuple(f.under(literal, withs) for literal in body),
        frozenset(inner.outer | {n for w in withs if w.value for n in names(w.value)}),
    )
    temporary = context.fresh(part.at)
    out.append(f.Unify(part.at, temporary, closure))
    return temporary


def _parts(
    term: s.ArrayComprehension | s.SetComprehension | s.ObjectComprehension,
) -> tuple[str, list[s.Term]]:
    match term:
        case s.ArrayComprehension(head=head):
            return "array", [head]
        case s.SetComprehension(head=head):
            return "set", [head]
        case s.ObjectComprehension(key=key, value=value):
            return "object", [key, value]


def _closure(
    context: Resolution,
    scope: Scope,
    term: s.ArrayComprehension | s.SetComprehension | s.ObjectComprehension,
) -> f.Comprehension:
    kind, heads = _parts(term)
    inner = Scope(implicit_names(term.body, *heads), scope)
    body: Out = []
    _body(context, inner, term.body, body)
    flat = [_lift(context, inner, head, body) for head in heads]
    check_used(context, inner)
    key_ = flat[0] if kind == "object" else None
    return f.Comprehension(
        term.at, kind, key_, flat[-1], tuple(body), frozenset(inner.outer)
    )


def _invoke(
    context: Resolution,
    scope: Scope,
    term: s.Call,
    out: Out,
    *,
    output: s.Var | None,
) -> f.Invoke | f.Unify | None:
    """Return the call of a built-in or function; its result goes to `output`.

    Of a call that cannot be, all that is in it takes any value: one error is enough.
    """
    called = callee(context, scope, term)
    name, path = called.builtin, called.path
    if name in _METADATA and len(term.args) <= 1:
        value = term_of(context.metadata(name), term.at)
        args = tuple(_lift(context, scope, arg, out) for arg in term.args)
        return f.Unify(term.at, output or (args[0] if args else value), value)
    if name == "print":
        return _print(context, scope, term, out, output)
    args = tuple(_lift(context, scope, arg, out) for arg in term.args)
    known = bool(name or path)
    if not known or not fits(context, called, term, args, value=output is not None):
        every = (*args, output) if output is not None else args
        whole = s.Array(term.at, tuple(f.as_syntax(arg) for arg in every))
        return f.Invoke(term.at, "", (), (), whole)
    if called.arity is not None and len(args) > called.arity:
        return f.Invoke(term.at, name, path, args[:-1], args[-1])
    return f.Invoke(term.at, name, path, args, output)


def _print(
    context: Resolution, scope: Scope, term: s.Call, out: Out, output: s.Var | None
) -> f.Invoke:
    """Return a call of print whose operands are sets, so that none can stop it."""
    if output is not None:
        text = context.module.source.text
        shown = text[term.at : term.at + word_at(text, term.at)]
        context.fail("rego_type_error", f"{shown} used as value", term.at, _NO_VALUE)
        return f.Invoke(term.at, "", (), (), output)
    args = tuple(_optional(context, scope, arg, out) for arg in term.args)
    return f.Invoke(term.at, "internal.print", (), args, None)


def _replacements(
    context: Resolution, scope: Scope, withs: tuple[s.With, ...], out: Out
) -> f.Replacements:
    return tuple(
        made
        for item in withs
        if (made := _replacement(context, scope, item, out)) is not None
    )


def _replacement(
    context: Resolution, scope: Scope, item: s.With, out: Out
) -> f.Replacement | None:
    path = replaced_path(context, item)
    if path is None:
        return None
    function = None
    if path in context.functions or path[0] not in ("data", "input"):
        function = replacing_function(context, item.value)
    value = None if function else _lift(context, scope, item.value, out)
    return f.Replacement(item.at, path, value, function)
