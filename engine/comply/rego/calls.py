"""CALL -> FUNCTION: what the name of a call stands for, and whether its operands fit."""

from typing import Final

from comply.classes import dataclass
from comply.plan.builtins.signatures import SIGNATURES
from comply.rego import flat as f
from comply.rego import syntax as s
from comply.rego.functions import arity_of
from comply.rego.names import GlobalPath, Scope, holder
from comply.rego.resolution import Resolution, static_path
from comply.rego.types.complaints import arity_text

DEPRECATED: Final = {
    "all": "write `every x in xs { x }`",
    "any": "write `true in xs`",
    "cast_array": "write `is_array(x)`, or `[y | some y in xs]`",
    "cast_boolean": "write `is_boolean(x)`",
    "cast_null": "write `is_null(x)`",
    "cast_object": "write `is_object(x)`",
    "cast_set": "write `is_set(x)`, or `{y | some y in xs}`",
    "cast_string": "write `is_string(x)`",
    "net.cidr_overlap": "write `net.cidr_contains`",
    "re_match": "write `regex.match`",
    "set_diff": "write `xs - ys`",
}
"""What replaces the built-ins that v1 has given up."""

_KNOWN_AS: Final = {
    "len": "count", "length": "count", "size": "count", "strings.length": "count",
    "format": "sprintf", "printf": "sprintf", "str": "sprintf", "to_string": "sprintf",
    "string": "sprintf", "tostring": "sprintf", "join": "concat",
    "strings.join": "concat", "strings.concat": "concat", "strings.split": "split",
    "strings.contains": "contains", "strings.lower": "lower", "strings.upper": "upper",
    "strings.replace": "replace", "strings.trim": "trim", "tolower": "lower",
    "to_lower": "lower", "toupper": "upper", "to_upper": "upper", "int": "to_number",
    "number": "to_number", "parse_int": "to_number", "tonumber": "to_number",
    "append": "array.concat", "push": "array.concat", "keys": "object.keys",
    "typeof": "type_name", "type": "type_name", "match": "regex.match",
    "merge": "object.union", "get": "object.get", "now": "time.now_ns",
    "starts_with": "startswith", "ends_with": "endswith", "avg": "sum",
}  # fmt: skip
"""Built-ins by the names that other languages give them."""


@dataclass(frozen=True, slots=True)
class Callee:
    """A function: the name of a built-in, or a path under `data`; without both, none.

    `arity` is None where any number of operands will do.
    """

    builtin: str = ""
    path: GlobalPath = ()
    arity: int | None = None


def callee(context: Resolution, scope: Scope, term: s.Call) -> Callee:
    """Return the function that a call names; report one that there is not."""
    path = static_path(term.name)
    if path is None:
        context.fail("rego_type_error", "a call needs a name", term.at)
        return Callee()
    name = ".".join(path)
    if term.infix:
        builtin = {"eq": "equal"}.get(name, name)
        return Callee(builtin, (), arity_of(builtin))
    if holder(scope, path[0])[1]:
        return _undefined(context, term, name, _shadowing(path[0]))
    if path[0] not in context.globals:
        if name not in SIGNATURES:
            return _undefined(context, term, name, _nearest(context, path))
        _check_deprecated(context, term, name)
        return Callee(name, (), arity_of(name))
    target = (*context.globals[path[0]], *path[1:])
    if target in context.functions:
        return Callee("", target, context.functions[target])
    return _undefined(context, term, ".".join(target), _no_function(context, target))


def _undefined(context: Resolution, term: s.Call, name: str, hint: str) -> Callee:
    shown = f.original(name) if name.startswith("$") else name
    text = f"undefined function {shown}"
    context.fail("rego_type_error", text, term.name.at, hint)
    return Callee()


def _shadowing(name: str) -> str:
    return f"`{name}` is a variable here: give the variable another name"


def _no_function(context: Resolution, target: GlobalPath) -> str:
    own = ("data", *context.module.package)
    if target[0] == "input":
        return "`input` is a document, not a function"
    if target in context.globals.values() and target[:-1] == own:
        return f"`{target[-1]}` is a rule, not a function: write it without parentheses"
    return _nearest(context, target)


def _check_deprecated(context: Resolution, term: s.Call, name: str) -> None:
    if context.module.version == 1 and name in DEPRECATED:
        text = f"deprecated built-in function calls in expression: {name}"
        hint = f"Rego v1 has no `{name}`: {DEPRECATED[name]}"
        context.fail("rego_type_error", text, term.name.at, hint)


def _nearest(context: Resolution, path: GlobalPath) -> str:
    """Return a hint that names the closest function there is."""
    from difflib import get_close_matches  # noqa: PLC0415  (only when it failed)

    name = ".".join(path)
    elsewhere = [p for p in context.functions if p[-1] == path[-1]]
    if elsewhere and path[0] != "data":
        package = ".".join(elsewhere[0][:-1])
        call = ".".join(elsewhere[0][-2:])
        return f"{package} has one: `import {package}`, then `{call}(...)`"
    own = {".".join(p) for p in context.functions}
    local = {p[-1] for p in context.functions}
    names = [*SIGNATURES, *sorted(own | local), *_KNOWN_AS]
    near = get_close_matches(name.lower(), names, 1, cutoff=0.7)
    if not near:
        return "no rule or built-in has this name: define it, or import its package"
    if near[0] in _KNOWN_AS:
        return f"Rego's function for that is `{_KNOWN_AS[near[0]]}`"
    return f"did you mean `{near[0]}`?"


def fits(
    context: Resolution,
    called: Callee,
    term: s.Call,
    args: tuple[f.FlatTerm, ...],
    *,
    value: bool,
) -> bool:
    """Tell whether a call has as many operands as the function takes; report it if not.

    In an expression of its own, where no `value` is asked for, one more takes the
    result.
    """
    arity = called.arity
    if arity is None or len(args) == arity or (len(args) == arity + 1 and not value):
        return True
    name = called.builtin or ".".join(called.path)
    if called.builtin:
        text = arity_text(called.builtin, args)
    else:
        got = f"{len(args)} argument{'' if len(args) == 1 else 's'}"
        text = f"function {name} has arity {arity}, got {got}"
    context.fail("rego_type_error", text, term.name.at, _takes(name, arity, len(args)))
    return False


def _takes(name: str, arity: int, given: int) -> str:
    if name == "sprintf" and given > arity:
        return 'the values go into one array: `sprintf("...", [x, y])`'
    count = f"{arity} operand{'' if arity == 1 else 's'}" if arity else "no operand"
    return f"it takes {count}, and {given} {'is' if given == 1 else 'are'} given"
