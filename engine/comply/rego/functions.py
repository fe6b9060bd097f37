"""Functions by name: those of the modules, and the built-ins."""

from typing import Final

from comply.plan.builtins.signatures import RELATIONS, SIGNATURES
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


_EXISTING: Final = (
    "with keyword target must reference existing input, data, or a function"
)
_NOT_REPLACED: Final = {
    "eq": 'replacement of "eq" invalid',
    "rego.metadata.chain": 'replacement of "rego.metadata.chain" invalid',
    "rego.metadata.rule": 'replacement of "rego.metadata.rule" invalid',
    "print": "target must not be a void function",
}


def replaced_path(context: Resolution, item: s.With) -> GlobalPath | None:
    """Return the path that a `with` replaces; report one that it cannot."""
    written = static_path(item.target)
    if written is None:
        text = "with keyword target must be a static reference"
        hint = "name a path under input or data, a rule or a function"
        context.fail("rego_type_error", text, item.target.at, hint)
        return None
    path = function_or_document(context, written)
    if path is None:
        hint = "a rule of another package is reached by its path: `data.lib.rule`"
        context.fail("rego_type_error", _EXISTING, item.target.at, hint)
        return None
    if path[0] not in ("data", "input") and (reason := _irreplaceable(path[0])):
        text = f"with keyword replacing built-in function: {reason}"
        context.fail("rego_compile_error", text, item.target.at)
        return None
    return path


def _irreplaceable(name: str) -> str:
    """Return why a built-in cannot be replaced, empty if it can."""
    if name.startswith("internal."):
        return f'replacement of internal function "{name}" invalid'
    if name in RELATIONS:
        return "target must not be a relation"
    return _NOT_REPLACED.get(name, "")


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
