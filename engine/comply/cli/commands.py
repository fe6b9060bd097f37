"""The commands by name; the module of a command is imported when it is called."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final

import click

from comply.version import VERSION

Table = Mapping[str, tuple[str, str]]
"""Commands by name: the module, which has a click command called `command`, and a line
of help, so that a list of commands imports none of them."""

COMMANDS: Final[Table] = {
    "check": ("comply.cli.check", "Check files and folders against rules."),
    "watch": ("comply.cli.watch", "Check again on each save, and say what changed."),
    "bench": ("comply.cli.bench", "Measure what rules cost, by unit and by line."),
    "test": ("comply.cli.test", "Run the tests of policies."),
    "eval": ("comply.cli.eval", "Evaluate a Rego query."),
    "explain": ("comply.cli.explain", "Tell why a finding is there, or is not."),
    "fmt": ("comply.cli.fmt", "Rewrite Rego v0 as v1."),
    "spacelift": ("comply.cli.spacelift", "Decide as Spacelift would."),
    "rules": ("comply.cli.rules", "List the rules that come with comply, or your own."),
    "init": ("comply.cli.init", "Write a comply.yaml from what is in this folder."),
    "config": ("comply.cli.config", "Show the settings, and where they come from."),
    "baseline": ("comply.cli.baseline", "Keep known findings, to see only new ones."),
    "completion": (
        "comply.cli.completion",
        "Print what completes commands in a shell.",
    ),
    "cache": ("comply.cli.cache_command", "Show or clear what runs keep."),
    "sql": ("comply.cli.sql", "Work with SQL assertions."),
    "verify-oracle": (
        "comply.cli.verify_oracle",
        "Try on a real Oracle what comply says of it.",
    ),
}

SQL_COMMANDS: Final[Table] = {
    "run": (
        "comply.cli.sql_run",
        "Run scripts with assertions in force, as Oracle does.",
    ),
    "deltas": (
        "comply.cli.sql_deltas",
        "Print the queries that check only changed rows.",
    ),
    "lint": (
        "comply.cli.sql_lint",
        "Tell whether Oracle 23.26.1 would accept assertions.",
    ),
    "emit": (
        "comply.cli.sql_emit",
        "Write what enforces assertions: Oracle's DDL, or triggers.",
    ),
    "export": (
        "comply.cli.sql_export",
        "Write the assertions of a live schema as DDL.",
    ),
    "adopt": (
        "comply.cli.sql_adopt",
        "Prepare a database whose rows violate assertions.",
    ),
}


class LazyGroup(click.Group):
    """A group whose commands are modules, `table` names them in the order of the help."""

    def __init__(self, *args: Any, table: Table, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's)
        """Return the names in the order of the table."""
        return list(self.table)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002  (click's signature)
        cmd_name: str,
    ) -> click.Command | None:
        """Return a command, importing its module, or None if there is no such."""
        if cmd_name not in self.table:
            return None
        command: click.Command = import_module(self.table[cmd_name][0]).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that is called, or say which one may have been meant."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            # Imported here because most people type what they mean.
            from difflib import get_close_matches

            near = get_close_matches(args[0], self.table, 1)
            if not near:
                raise
            said = f"{error.message} Did you mean '{near[0]}'?"
            raise click.UsageError(said, ctx) from None

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002  (click's signature)
        formatter: click.HelpFormatter,
    ) -> None:
        """Write the names with their lines of help."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self.table.items()])


@click.group(
    cls=LazyGroup,
    table=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(VERSION, "-V", "--version", message="comply %(version)s")
def comply() -> None:
    """Check plans, manifests and schemas against rules in Rego and SQL.

    \b
    comply check                     what is in this folder, with the packs that fit
    comply check plan.json -r policy/    one plan with rules of your own
    comply rules list                the rules that come with comply

    Exit code: 0 clean, 1 findings, 2 could not check.
    """  # noqa: D301  (click wants the character)
