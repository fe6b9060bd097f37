"""FUNCTION, ARGUMENTS -> VALUE: the functions of Terraform's language.

Those that depend on time, chance or a provider are UNKNOWN, and so is one that is not
known here. https://developer.hashicorp.com/terraform/language/functions
"""

from collections.abc import Callable
from typing import Final, TypeAlias

from comply.load.terraform_source.function_collections import COLLECTIONS, HOLDING
from comply.load.terraform_source.function_encoding import ENCODING, FILES
from comply.load.terraform_source.function_networks import NETWORKS
from comply.load.terraform_source.function_numbers import NUMBERS
from comply.load.terraform_source.function_texts import TEXTS
from comply.load.terraform_source.values import (
    UNKNOWN,
    EvaluationFailureError,
    TerraformValue,
    bare,
    known,
    marked,
    stripped,
)

Read: TypeAlias = Callable[[str], str | None]

_PLAIN: Final = {**NUMBERS, **TEXTS, **COLLECTIONS, **ENCODING, **NETWORKS}
_REFUSED: Final = (
    TypeError,
    ValueError,
    KeyError,
    IndexError,
    AttributeError,
    ArithmeticError,
    RecursionError,
)


def call(name: str, args: list[TerraformValue], read: Read) -> TerraformValue:
    """Return what a function gives; UNKNOWN if it depends on what is not known.

    Raises:
        EvaluationFailureError: if the arguments do not fit it.

    >>> call("upper", ["a"], lambda path: None)
    'A'
    >>> call("uuid", [], lambda path: None)
    UNKNOWN
    """
    name = name.removeprefix("core::")
    if name in ("sensitive", "nonsensitive"):
        plain, _ = stripped(args[0]) if args else (UNKNOWN, False)
        return marked(plain, name == "sensitive")
    if name in HOLDING:
        return _holding(name, args)
    plain_args, secret = stripped(args)
    if name in FILES:
        return marked(_file(name, plain_args, read), secret)
    function = _PLAIN.get(name)
    if function is None or not known(plain_args):
        return marked(UNKNOWN, secret)
    return marked(_run(function, plain_args), secret)


def _holding(name: str, args: list[TerraformValue]) -> TerraformValue:
    """Call a function that moves its arguments about, whatever they hold."""
    plain, marks = zip(*map(bare, args), strict=True) if args else ((), ())
    return marked(_run(HOLDING[name], list(plain)), any(marks))


def _run(
    function: Callable[..., TerraformValue], args: list[TerraformValue]
) -> TerraformValue:
    try:
        return function(*args)
    except EvaluationFailureError:
        raise
    except _REFUSED as error:
        raise EvaluationFailureError(str(error)) from None


def _file(name: str, args: list[TerraformValue], read: Read) -> TerraformValue:
    """Return what a function makes of a file; of one that was not read, UNKNOWN."""
    path = args[0] if args else None
    text = read(path) if isinstance(path, str) else None
    return UNKNOWN if text is None else FILES[name](text)
