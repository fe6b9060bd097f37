"""`comply sql`: work with SQL assertions."""

import click

from comply.cli.commands import SQL_COMMANDS, LazyGroup


@click.group(cls=LazyGroup, table=SQL_COMMANDS)
def command() -> None:
    """Run, judge and translate SQL assertions, without a database at hand.

    \b
    comply sql run schema.sql changes.sql
    comply sql lint assertions.sql
    """  # noqa: D301  (click wants the character)
