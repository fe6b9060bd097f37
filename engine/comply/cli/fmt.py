"""`comply fmt`: lays out Rego files, and rewrites v0 ones as v1."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from comply.classes import dataclass
from comply.cli.difference import difference
from comply.cli.terminal import wants_colour
from comply.load.encoding import decode
from comply.rego.errors import RegoError
from comply.rego.format import format_module
from comply.rego.parser import parse_module
from comply.report.look import Look, look_of
from comply.source import ComplyError, Source
from comply.testing.files import find_files

_STDIN = Path("-")


@dataclass(frozen=True, slots=True)
class _Formatted:
    """A source and its text laid out anew."""

    source: Source
    text: str

    @property
    def changed(self) -> bool:
        return self.text != self.source.text


@click.command()
@click.argument(
    "paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH..."
)
@click.option(
    "--v0-v1", "modern", is_flag=True, help="Rewrite v0 files so that they are v1 too."
)
@click.option(
    "--check", is_flag=True, help="Only list what would change; exit 1 if so."
)
@click.option("-d", "--diff", is_flag=True, help="Only show what would change.")
@click.option(
    "-w", "--write", is_flag=True, help="Write the files. Default: to the terminal."
)
def command(
    *, paths: tuple[Path, ...], modern: bool, check: bool, diff: bool, write: bool
) -> int:
    """Lay out Rego files: one way to write them, with their comments.

    A PATH is a file, a folder, or `-` for standard input. With --v0-v1 a v0 file becomes
    one that v0 and v1 read alike: `deny[msg] {` is `deny contains msg if {` then.

    \b
    comply fmt policy/ --check
    comply fmt policy/ -w
    comply fmt policy/ --v0-v1 --diff

    Exit code: 0 done, 1 --check or --diff found something, 2 a file is no Rego.
    """  # noqa: D301  (click wants the character)
    if write and (check or diff):
        raise click.UsageError(
            "--write changes files, --check and --diff do not: choose."
        )
    colour = wants_colour(sys.stdout)
    look = look_of(sys.stdout, colour=colour)
    failed = changed = 0
    for item in _format(paths, modern=modern):
        if isinstance(item, ComplyError):
            sys.stderr.write(f"error: {item.render()}\n")
            failed += 1
            continue
        changed += item.changed
        if check or diff:
            _show(item, look, diff=diff)
        elif not write or item.source.name == "<stdin>":
            sys.stdout.write(item.text)
        elif item.changed:
            _write(item)
            sys.stdout.write(f"{item.source.name}\n")
    return 2 if failed else int(bool(changed) and (check or diff))


def _format(
    paths: tuple[Path, ...], *, modern: bool
) -> Iterator[_Formatted | ComplyError]:
    """Yield each file laid out, or what is wrong with it."""
    for path in paths:
        if path == _STDIN:
            sources = [decode("<stdin>", sys.stdin.buffer.read())]
        else:
            found = find_files([path])
            yield from found.errors
            sources = found.sources
        for source in sources:
            try:
                module = parse_module(source)
                yield _Formatted(source, format_module(module, modern=modern))
            except RegoError as error:
                yield error


def _show(item: _Formatted, look: Look, *, diff: bool) -> None:
    if item.changed and diff:
        lines = difference(item.source, item.text, "laid out", look)
        sys.stdout.writelines(lines)
    elif item.changed:
        sys.stdout.write(f"{item.source.name}\n")


def _write(item: _Formatted) -> None:
    path = Path(item.source.name)
    try:
        path.write_text(item.text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise ComplyError(f"{path}: cannot be written: {error.strerror}") from None
