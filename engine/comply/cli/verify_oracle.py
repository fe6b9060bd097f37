"""`comply verify-oracle`: what comply says of Oracle, tried on a real one."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from comply.source import ComplyError, Source

if TYPE_CHECKING:
    from comply.live.verify import Fact


@click.command()
@click.argument("url")
@click.option("--yes", is_flag=True, help="Do not ask before anything is created.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0),
    default=60.0,
    metavar="SECONDS",
    help="The longest a statement may take, 0 for ever. Default: 60.",
)
def command(*, url: str, yes: bool, timeout: float) -> int:
    """Try on a real Oracle what comply takes for granted about assertions.

    Runs the statements of scripts/verify_oracle.sql in a scratch schema that it creates
    and drops, and tells which facts hold. Needs Oracle 23.26.1 or later, and a user who
    may create and drop users.

    \b
    comply verify-oracle oracle://system@db:1521/freepdb1

    Exit code: 0 all facts hold, 1 some do not, 2 could not be tried.
    """  # noqa: D301  (click wants the character)
    from comply.cli.live import opened
    from comply.database.address import Login
    from comply.live.database import open_session
    from comply.live.verify import plan, verify

    address, login = opened(url)
    if address.kind != "oracle":
        raise ComplyError(
            "verify-oracle is about Oracle", hint="oracle://user@host/service"
        )
    sys.stdout.write(plan() + "\n")
    if not yes:
        click.confirm("Go on?", abort=True)
    admin = open_session(address, login, timeout)
    try:
        facts = verify(
            admin,
            lambda user, password: open_session(
                replace(address, user=user), Login(password), timeout
            ),
            _script(),
        )
    finally:
        admin.close()
    _report(facts)
    return int(not all(fact.holds for fact in facts))


def _script() -> Source:
    """Return the script: part of the wheel, or of a checkout."""
    package = Path(__file__).parents[1]
    shipped = package / "verify_oracle.sql"
    path = (
        shipped if shipped.exists() else package.parents[1] / "scripts" / shipped.name
    )
    return Source(path.name, path.read_text(encoding="utf-8"))


def _report(facts: list["Fact"]) -> None:
    for fact in facts:
        mark = "holds" if fact.holds else "FALSE"
        sys.stdout.write(f"{mark}  {fact.text}\n")
        if not fact.holds:
            sys.stdout.write(f"       expected {fact.expected}, but: {fact.happened}\n")
    held = sum(fact.holds for fact in facts)
    sys.stdout.write(f"{held} of {len(facts)} facts hold\n")
