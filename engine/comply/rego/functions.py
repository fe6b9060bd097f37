"""Functions by name: those of the modules, and the built-ins."""

from difflib import get_close_matches

from comply.plan.builtins.signatures import SIGNATURES
from comply.rego import syntax as s
from comply.rego.names import GlobalPath
from comply.rego.resolution import Resolution, static_path


def arity_of(name: str) -> int | None:
    """Return how many operands a built-in takes, None for any number.

    >>> arity_of("startswith"), arity_of("opa.runtime")
    (2, 0)
    """
    operands = SIGNATURES[name][1].partition("->")[0].strip()
    if operands == "any*":
        return None
    depth = 0
    count = 1 if operands else 0
    for char in operands:
        depth += (char == "[") - (char == "]")
        count += char == "," and depth == 0
    return count


def nearest(context: Resolution, name: str) -> str:
    """Return a hint that names the closest function there is."""
    own = [".".join(p[1:]) for p in context.functions]
    local = [p[-1] for p in context.functions]
    near = get_close_matches(name, [*SIGNATURES, *own, *local], 1)
    return f"did you mean `{near[0]}`?" if near else "no rule or built-in has this name"


def function_or_document(context: Resolution, written: GlobalPath) -> GlobalPath | None:
    """Return the path of what a name stands for, or of the built-in it names."""
    if written[0] in context.globals:
        return (*context.globals[written[0]], *written[1:])
    name = ".".join(written)
    return (name,) if name in SIGNATURES else None


def replacing_function(context: Resolution, value: s.Term) -> GlobalPath | None:
    """Return the path of the function that a `with` value names, if it names one."""
    written = static_path(value)
    if written is None:
        return None
    path = function_or_document(context, written)
    if path is None or (path[0] == "data" and path not in context.functions):
        return None
    return path if path[0] != "input" else None
