"""Where reports go: `-f text -f sarif=out.sarif -o FILE`."""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import TextIO

import click

from comply.classes import dataclass
from comply.cli.same_run import standard_output
from comply.cli.terminal import Choice, wants_colour, width_of
from comply.findings import Finding
from comply.report import REPORTERS, reporter
from comply.report.run import Run
from comply.source import ComplyError


@dataclass(frozen=True, slots=True)
class Output:
    """A report of one format; to standard output where `path` is None."""

    format: str
    path: Path | None = None


def outputs(formats: Collection[str], path: Path | None) -> list[Output]:
    """Return the reports that `-f` and `-o` ask for, text if they name none.

    `-o` is where the one format without a file of its own goes.

    Raises:
        click.UsageError: if a format is unknown, or two go to the same place.
    """
    wanted = []
    for text in formats or ("text",):
        name, equals, file = text.partition("=")
        if name not in REPORTERS:
            known = ", ".join(REPORTERS)
            raise click.UsageError(f"There is no format '{name}'. Formats: {known}.")
        if equals and not file:
            raise click.UsageError(f"-f {text}: name the file, or leave the `=` out.")
        wanted.append(Output(name, Path(file) if equals else None))
    if path is not None:
        wanted = [replace(w, path=path) if w.path is None else w for w in wanted]
    places = [w.path for w in wanted]
    if len(places) != len(set(places)):
        raise click.UsageError(
            "Two reports go to the same place: name files, as in `-f json=report.json`."
        )
    return wanted


def write_all(
    wanted: Iterable[Output], findings: list[Finding], run: Run, colour: Choice
) -> str:
    """Write every report; return what a text that is the only one says, else "".

    Other reports may be large, and are not held in memory.

    Raises:
        ComplyError: if a file cannot be written.
    """
    root, folder = repository(Path.cwd())
    said = ""
    for output in wanted:
        with _opened(output.path) as out:
            shown = replace(
                run,
                root=root,
                folder=folder,
                colour=wants_colour(out, colour),
                width=width_of(out),
            )
            if wanted != [Output("text")]:
                reporter(output.format)(findings, out, shown)
                continue
            encoding, errors = out.encoding or "utf-8", out.errors or "strict"
            page = TextIOWrapper(BytesIO(), encoding, errors, newline="")
            reporter(output.format)(findings, page, shown)
            page.seek(0)
            said = page.read()
            out.write(said)
    return said


def repository(folder: Path) -> tuple[str, str]:
    """Return the root of the repository around a folder, and the way from it there.

    Both have slashes, and are empty where there is no repository. CI systems and code
    hosts know files by their paths from the root, wherever comply is run.
    """
    for root in (folder, *folder.parents):
        if (root / ".git").exists():
            way = folder.relative_to(root).as_posix()
            return root.as_posix(), "" if way == "." else way
    return "", ""


@contextmanager
def _opened(path: Path | None) -> Iterator[TextIO]:
    if path is None:
        yield standard_output()
        return
    try:
        with path.open("w", encoding="utf-8", newline="\n") as out:
            yield out
    except OSError as error:
        raise ComplyError(f"{path}: cannot be written: {error.strerror}") from None
