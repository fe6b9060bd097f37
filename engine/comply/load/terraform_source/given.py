"""FILES x TEXTS -> VALUES: what the variables of a root module are given.

Of several values the last counts: the environment, terraform.tfvars, terraform.tfvars.json,
*.auto.tfvars and *.auto.tfvars.json by name, then -var and -var-file as they come.
https://developer.hashicorp.com/terraform/language/values/variables#variable-definition-precedence
"""

import posixpath
from collections.abc import Callable, Iterable
from typing import Any, Final

from comply.load.terraform_source import syntax as s
from comply.load.terraform_source.bodies import read_body
from comply.load.terraform_source.evaluate import Scope, evaluate
from comply.load.terraform_source.folder import is_values
from comply.load.terraform_source.modules import Module
from comply.load.terraform_source.values import UNKNOWN, TerraformValue
from comply.source import LoadError, Source

_PLAIN: Final = frozenset({"string", "number", "bool"})
"""Types whose values are texts as they are; others are written as expressions."""


def given_values(
    module: Module, files: dict[str, str], outside: dict[str, Any]
) -> Callable[[str], TerraformValue]:
    """Return what gives the variables of a root module their values, None for none.

    `files` are those of the source by name; `outside` is what `folder.gather` keeps of
    an `Outside`: texts of `environment` by name, `asked` as [name, text, is a file].

    Raises:
        LoadError: if a file is not of the language, or a text is no expression where the
            variable's type wants one.
    """
    values: dict[str, TerraformValue] = {}
    for name, text in outside.get("environment", {}).items():
        values |= _from_text(module, name, text, f"TF_VAR_{name}")
    for name in sorted(_value_files(module.folder, files), key=_turn):
        values |= _from_file(name, files[name])
    for name, text, is_file in outside.get("asked", ()):
        values |= (
            _from_file(name, text)
            if is_file
            else _from_text(module, name, text, f"--var {name}")
        )
    return values.get


def _value_files(folder: str, files: dict[str, str]) -> Iterable[str]:
    return (
        n for n in files if is_values(n) and (posixpath.dirname(n) or ".") == folder
    )


def _turn(name: str) -> tuple[bool, str]:
    return ".auto.tfvars" in name, name


def _from_file(name: str, text: str) -> dict[str, TerraformValue]:
    settings = read_body(Source(name, text)).settings.values()
    return {x.name: evaluate(x.value, _NO_NAMES) for x in settings}


def _from_text(
    module: Module, name: str, text: str, origin: str
) -> dict[str, TerraformValue]:
    """Return the value that a text gives a variable; nothing if there is no such one."""
    block = module.variables.get(name)
    if block is None:
        return {}
    type_ = block.body.settings.get("type")
    if type_ is None or _is_plain(type_.value):
        return {name: text}
    try:
        body = read_body(Source(origin, f"value = {text}\n"))
    except LoadError as error:
        raise _unreadable(origin, text, error.message) from None
    if body.blocks or list(body.settings) != ["value"]:
        raise _unreadable(origin, text, "it is more than one")
    return {name: evaluate(body.settings["value"].value, _NO_NAMES)}


def _is_plain(type_: s.Expression) -> bool:
    """Tell whether a type is plain; before 0.12 types were written in quotes."""
    match type_:
        case s.Name(name=name) | s.Literal(value=str(name)):
            return name in _PLAIN
        case _:
            return False


def _unreadable(origin: str, text: str, why: str) -> LoadError:
    # The value may be a secret: only its length is told.
    return LoadError(
        f"{origin}: its {len(text):,} characters are no expression: {why}",
        hint="a list, a map or an object is written as in a .tf file: "
        """'zones=["a", "b"]'""",
    )


def _unknown(_path: tuple[str, ...], _at: int) -> TerraformValue:
    """Return what a name means where values are given: nothing."""
    return UNKNOWN


_NO_NAMES: Final = Scope(_unknown, dict[str, str]().get, {})
