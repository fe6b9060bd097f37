"""How a built-in fails, and what an evaluation lends to the few that need more."""

from collections.abc import Callable
from typing import Any

from comply.classes import dataclass, field
from comply.plan.values import Value, type_name


class BuiltinError(Exception):
    """A built-in that could not compute its result: `eval_builtin_error`.

    `function` is its name where it stands for another function, by `with`.
    """

    code = "eval_builtin_error"
    halts = False
    function = ""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class OperandError(BuiltinError):
    """An operand of a type or form that the built-in does not take."""

    code = "eval_type_error"


class HaltError(BuiltinError):
    """A failure that stops the evaluation even outside strict mode."""

    halts = True


def operand_error(position: int, wanted: str, value: Value) -> OperandError:
    """Return the error OPA gives for operand `position` (1-based) of a wrong type.

    >>> operand_error(1, "string", 3).message
    'operand 1 must be string but got number'
    """
    return OperandError(
        f"operand {position} must be {wanted} but got {type_name(value)}"
    )


@dataclass(slots=True)
class Evaluation:
    """What one evaluation lends to built-ins that are not functions of their operands.

    `now_ns` is the clock, constant within the evaluation; `cache` lives as long as it
    does; `allowed` names the capabilities granted (`"http.send"`, `"net.lookup"`,
    `"env"`); `env` is empty unless granted; `emit` receives the lines that `print` and
    `trace` write, `probe` what code printed with probes reports (`plan.probe`);
    `read_module` gives the tree of a module's name and text to `rego.parse_module`.
    """

    now_ns: int = 0
    seed: int = 0
    allowed: frozenset[str] = frozenset()
    env: dict[str, str] = field(default_factory=dict)
    cache: dict[Any, Any] = field(default_factory=dict)
    emit: Callable[[str], None] | None = None
    probe: Callable[..., Any] | None = None
    read_module: Callable[[str, str], Value] | None = None
