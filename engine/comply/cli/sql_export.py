"""`comply sql export`: the assertions of a live schema as DDL."""

import sys
from pathlib import Path

import click

from comply.database.address import Address
from comply.source import ComplyError


@click.command()
@click.argument("url")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where the script goes, if not to the terminal.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0),
    default=60.0,
    metavar="SECONDS",
    help="The longest a query may take, 0 for ever. Default: 60.",
)
def command(*, url: str, output: Path | None, timeout: float) -> int:
    """Write the assertions of a live Oracle schema as DDL.

    DBMS_METADATA.GET_DDL refuses assertions; this reads *_ASSERTIONS. Definitions that
    the user may not see are named in comments.

    \b
    comply sql export oracle://app@db:1521/orders -o assertions.sql
    comply sql export "oracle://audit@db/orders?schema=APP"

    The password comes from COMPLY_ORACLE_PASSWORD or ORACLE_PASSWORD, a wallet, or a
    prompt. Exit code: 0, or 2 if the database could not be read.
    """  # noqa: D301  (click wants the character)
    from comply.cli.live import opened
    from comply.live.database import Limits, in_snapshot
    from comply.live.export import export

    address, login = opened(url)
    made = in_snapshot(address, login, Limits(seconds=timeout), export)
    _write(made.script, output)
    sys.stderr.write(f"{_many(made.count)} of {_schema(address)}\n")
    if made.hidden:
        sys.stderr.write(
            f"not visible to this user: {', '.join(made.hidden)}; log in as the owner\n"
        )
    return 0


def _write(script: str, output: Path | None) -> None:
    if output is None:
        sys.stdout.write(script)
        return
    try:
        output.write_text(script, encoding="utf-8", newline="\n")
    except OSError as error:
        raise ComplyError(f"{output}: cannot be written: {error.strerror}") from None


def _many(count: int) -> str:
    return f"{count} assertion{'' if count == 1 else 's'}"


def _schema(address: Address) -> str:
    return address.options.get("schema") or address.user or str(address)
