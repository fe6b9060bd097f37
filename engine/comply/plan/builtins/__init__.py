"""NAME -> FUNCTION: Rego's built-in functions, one file a family.

A family module ends in `BUILTINS`, a literal dict of Rego name to function. A function
takes values and returns a value or `UNDEFINED`; a wrong operand raises `OperandError`,
any other failure `BuiltinError`. Outside strict mode either makes the expression
undefined. Functions named in `CONTEXTUAL` take the `Evaluation` before the operands.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from comply.plan.builtins.signatures import SIGNATURES

Builtin = Callable[..., Any]


def lookup(name: str) -> Builtin:
    """Return the built-in function called `name`, importing its family.

    Raises:
        KeyError: if there is no such built-in.
    """
    family = SIGNATURES[name][0]
    module = import_module(f"comply.plan.builtins.{family}")
    function: Builtin = module.BUILTINS[name]
    return function
