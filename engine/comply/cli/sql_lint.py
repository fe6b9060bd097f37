"""`comply sql lint`: would Oracle accept these assertions?"""

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import click

from comply.classes import dataclass, field
from comply.cli.difference import difference
from comply.cli.inputs import STDIN, unreadable
from comply.cli.outputs import outputs, write_all
from comply.cli.terminal import Choice, wants_colour
from comply.dialect.errors import SqlError
from comply.dialect.schema import Schema
from comply.findings import Finding, Severity, Status
from comply.load.encoding import decode, read
from comply.load.folder import Left, walk
from comply.load.oracle_ddl import Read, read_scripts
from comply.report.look import look_of
from comply.report.run import Run, ordered
from comply.source import ComplyError, LoadError, Source
from comply.sql.lint.check import assertions_in, lint
from comply.sql.lint.findings import finding, unchecked
from comply.sql.lint.fix import fixed
from comply.sql.lint.rules import RULES
from comply.version import VERSION

_TABLES: Final = frozenset(("TABLE", "VIEW", "INDEX", "DOMAIN", "SYNONYM"))


@dataclass(slots=True)
class _Scripts:
    """The scripts of a run: those with assertions, all of them, and what failed."""

    sources: list[Source] = field(default_factory=list)
    errors: list[LoadError] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def read(self, path: Path) -> None:
        """Read a script, a folder of scripts, or standard input."""
        try:
            if path == STDIN:
                self.sources.append(decode("<stdin>", sys.stdin.buffer.read()))
            elif path.is_dir():
                self._folder(path)
            else:
                self.sources.append(read(path, str(path)))
        except LoadError as error:
            self.errors.append(error)

    def _folder(self, folder: Path) -> None:
        for item in walk(folder):
            match item:
                case Left():
                    self.notices.append(f"{item.path}: not checked, {item.reason}")
                case LoadError():
                    self.errors.append(item)
                case Path() if item.suffix.lower() == ".sql":
                    self.read(item)


@click.command()
@click.argument(
    "paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH ...]"
)
@click.option(
    "--schema",
    "schemas",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="SCRIPT",
    help="A script, or a folder of scripts, that creates the tables.",
)
@click.option("--fix", is_flag=True, help="Rewrite what can be rewritten, in place.")
@click.option("--diff", is_flag=True, help="Only show what --fix would change.")
@click.option("--strict", is_flag=True, help="Advice fails the run as well.")
@click.option(
    "--fail-on-empty/--allow-empty",
    default=True,
    help="Whether scripts without an assertion are a failure. Default: they are.",
)
@click.option(
    "-f",
    "--format",
    "formats",
    multiple=True,
    metavar="FORMAT[=FILE]",
    help="text, json, github, sarif or another format of `comply check`.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where the report goes, if not to the terminal.",
)
@click.option(
    "--color",
    "colour",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    help="Colours. NO_COLOR and FORCE_COLOR count as well.",
)
def command(  # noqa: PLR0913  (click passes one argument an option)
    *,
    paths: tuple[Path, ...],
    schemas: tuple[Path, ...],
    fix: bool,
    diff: bool,
    strict: bool,
    fail_on_empty: bool,
    formats: tuple[str, ...],
    output: Path | None,
    colour: Choice,
) -> int:
    """Tell whether Oracle 23.26.1 would accept assertions, without an Oracle at hand.

    A PATH is a script with CREATE, ALTER or DROP ASSERTION, a folder of scripts, or `-`;
    this folder if none is named. Rules about types, NULLs and indexes need the tables:
    from scripts among the PATHs or from --schema. What Oracle would refuse comes with
    its ORA number, what is merely unwise is a warning.

    \b
    comply sql lint assertions.sql --schema schema.sql
    comply sql lint db/ --diff
    comply sql lint db/ --fix

    Exit code: 0 accepted, 1 something would be refused (or --diff found something to
    rewrite), 2 could not check.
    """  # noqa: D301  (click wants the character)
    if fix and diff:
        raise click.UsageError("--fix changes files, --diff does not: choose.")
    wanted = outputs(formats, output)
    known = _known(paths or (Path(),), schemas)
    if not (known.ours or known.findings or fail_on_empty):
        return 0
    if diff:
        return _show([(s, fixed(s, known.schema)) for s in known.ours], colour)
    findings, run = _check(known, fix=fix)
    write_all(wanted, findings, run, colour)
    return _exit_code(findings, strict=strict)


@dataclass(frozen=True, slots=True)
class _Known:
    """What a run knows: scripts with assertions, the schema, what could not be read."""

    ours: list[Source]
    schema: Schema | None
    findings: list[Finding]
    notices: tuple[str, ...]


def _known(paths: Sequence[Path], schemas: Sequence[Path]) -> _Known:
    """Read the scripts at paths, and the schema that all of them make."""
    found, tables = _Scripts(), _Scripts()
    for path in paths:
        found.read(path)
    for path in schemas:
        tables.read(path)
    scripts = [*tables.sources, *sorted(found.sources, key=_creates_no_table)]
    read = _read(scripts)
    failed = [unreadable(error) for error in [*found.errors, *tables.errors]]
    return _Known(
        [source for source in found.sources if assertions_in(source)],
        read.schema if read.schema.tables or schemas else None,
        [*failed, *_unread(read)],
        (*found.notices, *tables.notices),
    )


def _check(known: _Known, *, fix: bool) -> tuple[list[Finding], Run]:
    """Return the findings about scripts, rewritten first if `fix` says so.

    Raises:
        ComplyError: if no script is about assertions, or one cannot be written.
    """
    started = time.perf_counter()
    if not known.ours and not known.findings:
        raise ComplyError(
            "there is nothing to check: no statement about an assertion",
            hint="name a script with CREATE ASSERTION, or a folder that holds some",
        )
    ours, schema = known.ours, known.schema
    if fix:
        ours = [_written(source, fixed(source, schema)) for source in ours]
    findings = [*known.findings, *map(finding, lint(ours, schema))]
    findings += _not_checked(ours, schema, findings)
    run = Run(
        version=VERSION,
        documents=len(ours),
        facts=sum(assertions_in(s) for s in ours),
        rules=len(RULES),
        notices=known.notices,
        seconds=time.perf_counter() - started,
        carets=True,
    )
    return ordered(findings), run


def _creates_no_table(source: Source) -> bool:
    return "CREATE TABLE" not in " ".join(source.text.upper().split())


def _read(sources: Sequence[Source]) -> Read:
    """Return the schema that scripts make; one that has no end of a string makes none."""
    whole: list[Source] = []
    for source in sources:
        try:
            read_scripts([source])
        except SqlError:
            continue
        whole.append(source)
    return read_scripts(whole)


def _not_checked(
    ours: Sequence[Source], schema: Schema | None, findings: Sequence[Finding]
) -> Iterator[Finding]:
    """Yield what needs the schema, for scripts whose assertions can be read."""
    broken = {f.span.file for f in findings if f.span and f.rule_id.endswith("/syntax")}
    yield from unchecked([s for s in ours if s.name not in broken], schema)


def _unread(read: Read) -> Iterator[Finding]:
    """Yield statements about tables that comply does not understand."""
    for statement, outcome in zip(read.statements, read.outcomes, strict=True):
        words = statement.words[:4]
        about = _TABLES & set(words) and "ASSERTION" not in words
        if isinstance(outcome, SqlError) and about:
            message = f"{outcome.message}: what this makes is not known to the rules."
            yield replace(
                unreadable(LoadError(message, outcome.span, outcome.hint)),
                title="A part of the schema could not be read",
                severity=Severity.HIGH,
            )


def _show(changed: Sequence[tuple[Source, str]], colour: Choice) -> int:
    look = look_of(sys.stdout, colour=wants_colour(sys.stdout, colour))
    different = [(s, text) for s, text in changed if text != s.text]
    for source, text in different:
        sys.stdout.writelines(difference(source, text, "fixed", look))
    return int(bool(different))


def _written(source: Source, text: str) -> Source:
    """Write a script that changed; return it as it is now.

    Raises:
        ComplyError: if the file cannot be written.
    """
    if text == source.text:
        return source
    if source.name == "<stdin>":
        sys.stdout.write(text)
        return Source(source.name, text)
    path = Path(source.name)
    try:
        # Line ends stay as they are in the file.
        path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise ComplyError(f"{path}: cannot be written: {error.strerror}") from None
    return Source(source.name, text)


def _exit_code(findings: Sequence[Finding], *, strict: bool) -> int:
    """Return 2 if something could not be read, 1 for refusals, else 0."""
    statuses = {f.status for f in findings}
    if Status.ERROR in statuses:
        return 2
    return int(Status.VIOLATION in statuses or (strict and Status.WARNING in statuses))
