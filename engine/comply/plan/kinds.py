"""What is known of a local's type while its function is printed.

Knowledge only ever removes a test; where nothing is known the general code is written.
"""

from typing import Final

from comply.plan import ir
from comply.plan.builtins.signatures import SIGNATURES
from comply.plan.values import RegoSet, Value

Kinds = dict[str, str]

_RESULTS: Final = {"string": "string", "boolean": "boolean"}
_COLLECTED: Final = {"array": "array", "set": "set", "object": "object"}
SIZED: Final = frozenset({"array", "set", "object", "string"})


def learn(kinds: Kinds, step: ir.Step, mocked: frozenset[str]) -> None:
    """Note what the targets of a step are known to be.

    Of a built-in that some `with` replaces (`mocked`), nothing is known.
    """
    match step:
        case ir.MakeArray(target=target):
            kinds[target.name] = "array"
        case ir.MakeSet(target=target):
            kinds[target.name] = "set"
        case ir.MakeObject(target=target):
            kinds[target.name] = "object"
        case ir.Collect(target=target, kind=kind):
            kinds[target.name] = _COLLECTED[kind]
        case ir.CallBuiltin(target=ir.Local(name=name), name=builtin):
            kinds[name] = "" if builtin in mocked else _result(builtin)
        case ir.Scan(value=ir.Local(name=name), source=ir.Const(value=value)):
            kinds[name] = "string" if _all_strings(value) else ""
        case _:
            pass


def _result(builtin: str) -> str:
    if builtin == "count":
        return "integer"
    result = SIGNATURES[builtin][1].partition("->")[2].strip()
    if result.startswith("array") and "|" not in result:
        return "array"
    return _RESULTS.get(result, "")


def _all_strings(value: Value) -> bool:
    if isinstance(value, dict):
        return all(isinstance(v, str) for v in value.values())
    return isinstance(value, list | RegoSet) and all(isinstance(v, str) for v in value)


def kind_of(kinds: Kinds, atom: ir.Atom) -> str:
    """Return what an atom is known to be: a type's name, "integer", or nothing."""
    match atom:
        case ir.Local(name=name):
            return kinds.get(name, "")
        case ir.Const(value=bool()):
            return "boolean"
        case ir.Const(value=int()):
            return "integer"
        case ir.Const(value=str()):
            return "string"
        case ir.Const(value=RegoSet()):
            return "set"
        case _:
            return ""
