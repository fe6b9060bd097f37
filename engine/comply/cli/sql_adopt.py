"""`comply sql adopt`: what it takes to enforce assertions on data that violates them."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from comply.source import ComplyError

if TYPE_CHECKING:
    from comply.live.adopt import Adopted

_SCRIPT: Final = "adopt.sql"


@click.command()
@click.argument("url")
@click.option(
    "-r",
    "--rules",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="A file or folder of your rules (.sql with CREATE ASSERTION).",
)
@click.option(
    "--pack", "packs", multiple=True, metavar="PACK", help="A pack of comply's."
)
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("adopt"),
    metavar="DIR",
    help="Where the files go. Default: adopt/.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0),
    default=600.0,
    metavar="SECONDS",
    help="The longest a query may take, 0 for ever. Default: 600.",
)
def command(
    *,
    url: str,
    rules: tuple[Path, ...],
    packs: tuple[str, ...],
    folder: Path,
    timeout: float,
) -> int:
    """Prepare a database with old sins for assertions.

    For each assertion this counts the rows that violate it, writes them to a CSV file,
    and writes the DDL that enforces it from now on: ENABLE NOVALIDATE where old rows
    violate it. Nothing in the database changes: read DIR/adopt.sql, then run it.

    \b
    comply sql adopt oracle://app@db:1521/orders -r rules/ -o adopt/

    Exit code: 0 no violations, 1 violations, 2 could not check.
    """  # noqa: D301  (click wants the character)
    from comply.cli.live import opened
    from comply.live.adopt import adopt
    from comply.live.database import Limits, in_snapshot
    from comply.live.run import assertion_rules

    wanted = assertion_rules(rules, packs)
    if not wanted:
        raise ComplyError(
            "there is no assertion to adopt",
            hint="name rules with -r: .sql files with CREATE ASSERTION",
        )
    address, login = opened(url)
    adopted = in_snapshot(
        address,
        login,
        Limits(seconds=timeout),
        lambda session, schema: adopt(session, schema, wanted, folder),
    )
    _report(adopted, folder)
    if any(a.problem for a in adopted):
        return 2
    return int(any(a.violations for a in adopted))


def _report(adopted: list["Adopted"], folder: Path) -> None:
    width = max(len(a.name) for a in adopted)
    for one in adopted:
        if one.problem:
            said = f"not checked: {one.problem}"
        elif one.violations:
            said = f"{one.violations:>9,} violations  {one.file}"
        else:
            said = f"{0:>9} violations"
        sys.stdout.write(f"{one.name:<{width}}  {said}\n")
    lines = [line for one in adopted for line in one.statements]
    if not lines:
        return
    script = folder / _SCRIPT
    try:
        folder.mkdir(parents=True, exist_ok=True)
        script.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    except OSError as error:
        raise ComplyError(f"{script}: cannot be written: {error.strerror}") from None
    sys.stdout.write(f"DDL: {script}\n")
