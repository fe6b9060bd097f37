"""The commands by name; the module of a command is imported when it is called."""

from importlib import import_module
from typing import Final

import click

from comply.version import VERSION

COMMANDS: Final = {
    "check": "comply.cli.check",
    "test": "comply.cli.test",
    "eval": "comply.cli.eval",
    "explain": "comply.cli.explain",
    "fmt": "comply.cli.fmt",
    "spacelift": "comply.cli.spacelift",
    "rules": "comply.cli.rules",
}
"""A command's module has a click command called `command`."""


class LazyGroup(click.Group):
    """A group whose commands are modules."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's)
        """Return the names in the order of the table."""
        return list(COMMANDS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002  (click's signature)
        cmd_name: str,
    ) -> click.Command | None:
        """Return a command, importing its module, or None if there is no such."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(COMMANDS[cmd_name]).command
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, "-V", "--version", message="comply %(version)s")
def comply() -> None:
    """Check plans, manifests and schemas against rules in Rego and SQL.

    \b
    comply check                     what is in this folder, with the packs that fit
    comply check plan.json -r policy/    one plan with rules of your own
    comply rules list                the rules that come with comply

    Exit code: 0 clean, 1 findings, 2 could not check.
    """  # noqa: D301  (click wants the character)
