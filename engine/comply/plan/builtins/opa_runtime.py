"""The built-ins opa.runtime, print, trace and rego.parse_module: about the engine.

https://www.openpolicyagent.org/docs/policy-reference/builtins/opa, /tracing and /rego
"""

from collections.abc import Callable
from itertools import product
from typing import Final

from comply.plan.builtins.failure import BuiltinError, Evaluation
from comply.plan.builtins.operands import string
from comply.plan.values import RegoSet, Value, show
from comply.version import VERSION

_MOST_LINES: Final = 10_000


def runtime(evaluation: Evaluation) -> dict[str, Value]:
    """Return the engine and its environment, if the user grants `env`.

    Without the grant a rule learns nothing, as from an OPA that has no runtime.

    >>> runtime(Evaluation())
    {}
    >>> runtime(Evaluation(env={"A": "b"}))["env"]
    {'A': 'b'}
    """
    if not evaluation.env and "env" not in evaluation.allowed:
        return {}
    return {
        "version": VERSION,
        "commit": "",
        "config": {},
        "env": dict(evaluation.env),
    }


def print_sets(evaluation: Evaluation, *operands: Value) -> bool:
    """Print operands, each given as the set of its values; an empty one is undefined.

    There is a line for each combination. Strings print as they are.

    >>> lines = []
    >>> evaluation = Evaluation(emit=lines.append)
    >>> print_sets(evaluation, RegoSet(["a"]), RegoSet([1, 2]), RegoSet())
    True
    >>> lines
    ['a 1 <undefined>', 'a 2 <undefined>']
    """
    if evaluation.emit is None:
        return True
    choices = [_printed(operand) for operand in operands]
    for count, combination in enumerate(product(*choices)):
        if count == _MOST_LINES:
            evaluation.emit("... (more combinations are not printed)")
            break
        evaluation.emit(" ".join(combination))
    return True


def _printed(operand: Value) -> list[str]:
    values = operand.ordered() if type(operand) is RegoSet else [operand]
    return [v if type(v) is str else show(v) for v in values] or ["<undefined>"]


def trace(evaluation: Evaluation, note: Value) -> bool:
    """Write a note where the output of `print` goes, and hold.

    >>> trace(Evaluation(), "here")
    True
    """
    text = string(note)
    if evaluation.emit is not None:
        evaluation.emit(text)
    return True


def parse_module(evaluation: Evaluation, name: Value, text: Value) -> Value:
    """Return the tree of a Rego module as JSON, in OPA's shape.

    Raises:
        BuiltinError: if the text does not parse, or no parser was lent.
    """
    file_name, source = string(name), string(text, 2)
    if evaluation.read_module is None:
        raise BuiltinError("there is no Rego parser in this evaluation")
    return evaluation.read_module(file_name, source)


BUILTINS: Final[dict[str, Callable[..., Value]]] = {
    "internal.print": print_sets,
    "opa.runtime": runtime,
    "print": print_sets,
    "rego.parse_module": parse_module,
    "trace": trace,
}
