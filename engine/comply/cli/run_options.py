"""Options of a run that concern single worlds, and what they make of the settings."""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from comply.cli.settings import FLAG, Settings
from comply.source import ComplyError, Source

if TYPE_CHECKING:
    from comply.check.budget import Limits
    from comply.load.terraform_source.outside import Outside

F = TypeVar("F", bound=Callable[..., object])

_KEY: Final = "comply.run"
_ORDER: Final = "comply.order"


class InOrder(click.Command):
    """A command that knows in which order options came that may override each other."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse arguments, noting the order of options by their names."""
        _, _, order = self.make_parser(ctx).parse_args(args=list(args))
        ctx.meta[_ORDER] = [parameter.name for parameter in order]
        return super().parse_args(ctx, args)


def source_options(command: F) -> F:
    """Give a command the options for Terraform source; they are left in the context."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def _keep(context: click.Context, parameter: click.Parameter, value: object) -> None:
    context.meta.setdefault(_KEY, {})[parameter.name] = value


_OPTIONS: Final = (
    click.option(
        "--var",
        multiple=True,
        metavar="NAME=VALUE",
        expose_value=False,
        callback=_keep,
        help="Terraform source: the value of a variable, as -var of Terraform. Not for "
        "secrets: others can see it. TF_VAR_NAME in the environment counts as well.",
    ),
    click.option(
        "--var-file",
        multiple=True,
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        expose_value=False,
        callback=_keep,
        help="Terraform source: a .tfvars file, as -var-file of Terraform. The last of "
        "several --var and --var-file counts.",
    ),
)


def with_options(
    settings: Settings, context: click.Context, timeout: float | None
) -> Settings:
    """Return the settings with what the command line says of time and variables.

    Raises:
        UsageError: a --var is not NAME=VALUE.
    """
    if timeout is not None:
        origins = {**settings.origins, "timeout": FLAG}
        settings = replace(settings, timeout=timeout, origins=origins)
    asked = _asked(context.meta)
    return replace(settings, variables=asked) if asked else settings


def _asked(meta: Mapping[str, Any]) -> tuple[str | Path, ...]:
    """Return --var and --var-file in the order in which they were written."""
    found = {name: iter(values) for name, values in meta.get(_KEY, {}).items()}
    order: Iterable[str] = (n for n in meta.get(_ORDER, ()) if n in found)
    asked: tuple[str | Path, ...] = tuple(next(found[name]) for name in order)
    for item in asked:
        if isinstance(item, str) and not re.match(_PAIR, item):
            raise click.UsageError(f"--var {item.partition('=')[0]}: write NAME=VALUE.")
    return asked


_PAIR: Final = r"\s*[^\W\d][\w-]*\s*="


def limits_of(settings: Settings) -> "Limits":
    """Return what one rule may take."""
    # Imported here, as what follows: a run that keeps what it found needs none of it.
    from comply.check.budget import Limits

    return Limits(settings.timeout, settings.max_findings, settings.max_memory)


def outside_of(settings: Settings) -> "Outside":
    """Return what root modules of Terraform are given by settings and the environment."""
    from comply.load.terraform_source.outside import PREFIX, Outside

    given = {
        name.removeprefix(PREFIX): text
        for name, text in os.environ.items()
        if name.startswith(PREFIX)
    }
    asked = (*settings.var_files, *settings.variables)
    return Outside(given, asked, os.environ.get("TF_WORKSPACE", ""))


def refuse_unknown(settings: Settings, sources: Iterable[Source]) -> None:
    """Refuse a --var that no root module declares: its name may be misspelt.

    Raises:
        ComplyError: if there is one.
    """
    pairs = [item for item in settings.variables if isinstance(item, str)]
    if not pairs:
        return
    from comply.load.terraform_source.folder import declares

    names = [item.partition("=")[0].strip() for item in pairs]
    held = list(sources)
    for name in names:
        if not any(declares(source, name) for source in held):
            raise ComplyError(
                f"--var {name}: no root module declares a variable of this name",
                hint=f'declare it: variable "{name}" {{}}',
            )
