"""`comply sql emit`: scripts that make a database enforce assertions."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

import click

from comply.dialect.errors import SqlError
from comply.dialect.schema import Schema
from comply.dialect.syntax import Name
from comply.load.encoding import read
from comply.load.oracle_ddl import Read, read_scripts
from comply.source import ComplyError, Source
from comply.sql.assertion import parse_source
from comply.sql.emit import oracle, oracle_triggers, postgres
from comply.sql.emit.outline import Outline, outline
from comply.sql.lint.check import lint
from comply.sql.lint.fix import fixed
from comply.sql.lint.rules import BY_ID

Target = Literal["oracle", "oracle-triggers", "postgresql"]
_TARGETS: Final = ("oracle", "oracle-triggers", "postgresql")


@click.command()
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE ...",
)
@click.option(
    "--target",
    type=click.Choice(_TARGETS),
    required=True,
    help="Whose database enforces them.",
)
@click.option(
    "--schema",
    "schemas",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="SCRIPT",
    help="A script that creates the tables, where the FILEs do not.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where the script goes, if not to the terminal.",
)
@click.option(
    "--uninstall", is_flag=True, help="Write the script that takes it all back."
)
def command(
    *,
    files: tuple[Path, ...],
    target: Target,
    schemas: tuple[Path, ...],
    output: Path | None,
    uninstall: bool,
) -> int:
    """Write a script that makes a database enforce assertions.

    \b
    oracle           CREATE ASSERTION as Oracle 23.26.1 accepts it
    oracle-triggers  compound triggers for older releases, from 12.2
    postgresql       constraint triggers, deferrable as the assertion says

    Triggers check only what changed, and concurrent writers cannot get around them;
    docs/sql-emit.md says how, and what is not covered. They need the tables, with their
    keys: from --schema or from the FILEs. Assertions that are DISABLEd are left out.

    \b
    comply sql emit assertions.sql --target postgresql --schema schema.sql -o up.sql
    comply sql emit assertions.sql --target postgresql --schema schema.sql \\
      --uninstall -o down.sql

    Exit code: 0, or 2 if an assertion cannot be read or enforced.
    """  # noqa: D301  (click wants the character)
    tables = [read(path, str(path)) for path in schemas]
    sources = [read(path, str(path)) for path in files]
    if target == "oracle":
        script = _ddl(tables, sources, uninstall=uninstall)
    else:
        script = _triggers(target, tables, sources, uninstall=uninstall)
    _write(script, output)
    return 0


def _ddl(
    tables: Sequence[Source], sources: Sequence[Source], *, uninstall: bool
) -> str:
    """Return CREATE ASSERTION, rewritten where Oracle would not take it as it is.

    Raises:
        ComplyError: Oracle would refuse an assertion all the same.
    """
    before = _understood([*tables, *sources])
    if uninstall:
        return oracle.uninstall(list(before.assertions.values()))
    known = before if before.tables else None
    mended = [Source(s.name, fixed(s, known)) for s in sources]
    for reported in lint(mended, known):
        rule = BY_ID[reported.problem.rule]
        if rule.code is not None:
            message = f"{rule.oracle}: {reported.problem.message}"
            raise ComplyError(
                f"{reported.assertion}: Oracle would refuse it. {message}",
                reported.span,
                rule.remedy,
            )
    after = _understood([*tables, *mended])
    return oracle.install(list(after.assertions.values()))


def _triggers(
    target: Target,
    tables: Sequence[Source],
    sources: Sequence[Source],
    *,
    uninstall: bool,
) -> str:
    schema = _understood([*tables, *sources])
    if not schema.tables:
        raise ComplyError(
            "triggers need the tables: their columns, types and keys",
            hint="name a script that creates them with --schema",
        )
    dialect = "postgres" if target == "postgresql" else "oracle"
    found = _outlines(sources, schema, dialect)
    if target == "postgresql":
        return postgres.uninstall(found) if uninstall else postgres.install(found)
    made = oracle_triggers
    return made.uninstall(found) if uninstall else made.install(found)


def _outlines(sources: Sequence[Source], schema: Schema, dialect: str) -> list[Outline]:
    """Return what enforces the assertions that are there and enabled in the end."""
    found = []
    for assertion in (a for source in sources for a in parse_source(source)):
        made = schema.assertions.get(Name(assertion.owner, assertion.name))
        if made is not None and made.state.enabled:
            found.append(outline(assertion, schema, dialect, made.state))
        elif made is not None:
            sys.stderr.write(f"{assertion.full_name} is DISABLEd: left out\n")
    if not found:
        raise ComplyError("none of the assertions is enabled: nothing to enforce")
    return found


def _understood(sources: Sequence[Source]) -> Schema:
    """Return the schema that scripts make.

    Raises:
        SqlError: a statement about an assertion or a table cannot be read.
        ComplyError: there is no assertion.
    """
    found = read_scripts(sources)
    errors = _relevant(found)
    if errors:
        raise errors[0]
    if not found.schema.assertions:
        names = ", ".join(source.name for source in sources)
        raise ComplyError(f"{names}: no CREATE ASSERTION in there")
    return found.schema


def _relevant(read: Read) -> list[SqlError]:
    """Return the errors of statements that tables and assertions are made of."""
    words = {"TABLE", "ASSERTION"}
    return [
        outcome
        for statement, outcome in zip(read.statements, read.outcomes, strict=True)
        if isinstance(outcome, SqlError) and words & set(statement.words[:4])
    ]


def _write(script: str, output: Path | None) -> None:
    if output is None:
        sys.stdout.write(script)
        return
    try:
        output.write_text(script, encoding="utf-8", newline="\n")
    except OSError as error:
        raise ComplyError(f"{output}: cannot be written: {error.strerror}") from None
