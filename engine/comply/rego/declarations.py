"""Local variables: what introduces them, and what they must not do."""

from collections.abc import Iterator
from typing import Final

from comply.plan.values import type_name
from comply.rego import flat as f
from comply.rego import syntax as s
from comply.rego.names import Scope, pattern_names, term_names
from comply.rego.resolution import Resolution

_DOCUMENTS: Final = frozenset({"input", "data"})


def declare(context: Resolution, scope: Scope, var: s.Var, verb: str) -> str:
    """Introduce a local; `verb` names how, for a later declaration of the same name."""
    name = var.name
    if name in scope.declared and not name.startswith("$"):
        earlier = scope.how[name]
        text, hint = f"var {name} {earlier} above", _ONCE
        if earlier == "arg":
            text, hint = f"arg {name} redeclared", "it is an argument of the function"
        context.fail("rego_compile_error", text, var.at, hint)
        scope.idle.pop(name, None)
    elif name in scope.seen:
        text = f"var {name} referenced above"
        hint = f"declare `{name}` before its first use: a local is not known before"
        context.fail("rego_compile_error", text, var.at, hint)
    scope.declared[name] = context.unique(name)
    scope.how[name] = verb
    return scope.declared[name]


_ONCE: Final = "a variable has one value: compare with `==`, or use another name"


def declare_to_use(context: Resolution, scope: Scope, var: s.Var) -> str:
    """Introduce a local of `some` or `every`, which something has to use."""
    known = var.name in scope.declared
    unique = declare(context, scope, var, "declared")
    if not known:
        scope.idle[var.name] = var.at
    return unique


def check_used(context: Resolution, scope: Scope) -> None:
    """Report the locals of a scope that should have been used."""
    for name, at in scope.idle.items():
        text = f"declared var {f.original(name)} unused"
        context.fail("rego_compile_error", text, at, "use it, or leave it out")


def declare_args(context: Resolution, scope: Scope, arg: s.Term) -> None:
    """Introduce the locals of one argument of a function; report what is no pattern."""
    for part in _no_patterns(arg):
        if isinstance(part, s.Call):
            text = "rule arguments cannot contain calls"
            hint = "call it in the body, on an argument with a name"
            context.fail("rego_compile_error", text, part.at, hint)
        elif isinstance(part, s.Ref) and isinstance(part.head, s.Var):
            text = f"var {part.head.name} is unsafe"
            hint = "an argument is a name or a pattern: compare in the body"
            context.fail("rego_unsafe_var_error", text, part.at, hint)
    for var in pattern_names(arg):
        if var.name in _DOCUMENTS:
            _shadowed(context, "args", var)
        elif var.name not in scope.declared:
            scope.declared[var.name] = context.unique(var.name)
            scope.how[var.name] = "arg"


def declare_elements(context: Resolution, scope: Scope, literal: s.SomeIn) -> None:
    """Introduce the locals of `some k, v in xs`, one that it names twice once."""
    read = set(term_names(literal.domain))
    patterns = [literal.value] if literal.key is None else [literal.key, literal.value]
    found = {v.name: v for pattern in patterns[::-1] for v in pattern_names(pattern)}
    for name, var in sorted(found.items(), key=lambda item: item[1].at):
        if name in read:
            text = f"var {name} assigned before"
            hint = "the collection cannot depend on what `some` introduces"
            context.fail("rego_compile_error", text, var.at, hint)
        if not name.startswith("$"):
            declare(context, scope, var, "declared")


def declare_targets(context: Resolution, scope: Scope, target: s.Term) -> bool:
    """Introduce the locals of `target := ...`; tell whether it can be assigned to."""
    wrong = list(_no_patterns(target))
    for part in wrong:
        text = f"cannot assign to {_kind_of(part)}"
        hint = "`:=` gives a value to new variables; compare with `==`"
        context.fail("rego_compile_error", text, part.at, hint)
    for var in pattern_names(target):
        if var.name in _DOCUMENTS and context.module.version == 1:
            _shadowed(context, "variables", var)
            wrong.append(var)
        elif not var.name.startswith("$"):
            declare(context, scope, var, "assigned")
    return not wrong


def _shadowed(context: Resolution, what: str, var: s.Var) -> None:
    text = f"{what} must not shadow {var.name} (use a different variable name)"
    context.fail("rego_compile_error", text, var.at, f"`{var.name}` is the document")


def _no_patterns(term: s.Term) -> Iterator[s.Term]:
    """Yield the parts of a pattern in places where only a variable can be."""
    match term:
        case s.Var():
            return
        case s.Array(items=items):
            for item in items:
                yield from _no_patterns(item)
        case s.Object(pairs=pairs):
            for _, value in pairs:
                yield from _no_patterns(value)
        case _:
            yield term


def _kind_of(term: s.Term) -> str:
    """Return what a term that cannot be assigned to is called."""
    match term:
        case s.Scalar(value=value):
            return type_name(value)
        case s.Template():
            return "templatestring"
        case _:
            return type(term).__name__.lower()
