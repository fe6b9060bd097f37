"""`comply watch`: checks again whatever is saved, and says what that changed."""

import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Final, TextIO

import click

from comply.cli.addresses import names_database
from comply.cli.cache import cache_folder
from comply.cli.cached_check import Options
from comply.cli.change_feed import Feed, open_feed
from comply.cli.check import merge, moment
from comply.cli.inputs import STDIN
from comply.cli.run_options import InOrder, source_options, with_options
from comply.cli.settings import Settings, read_settings
from comply.cli.suggested import pack_names
from comply.cli.terminal import Choice, wants_colour, width_of
from comply.cli.undetermined import UNDETERMINED
from comply.cli.watched import Step, Watched, advance, open_watch, places
from comply.findings import Finding, Status
from comply.load import LOADERS
from comply.report import reporter
from comply.report.characters import one_line
from comply.report.look import Look, look_of
from comply.report.run import Run
from comply.source import ComplyError

_MOST_FILES: Final = 3


@click.command(cls=InOrder)
@click.argument(
    "paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH ...]"
)
@click.option(
    "-r",
    "--rules",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="A file or folder of your rules (.rego, .sql), watched as well.",
)
@click.option(
    "--pack",
    "packs",
    multiple=True,
    metavar="PACK",
    shell_complete=pack_names,
    help="A pack that comes with comply, such as terraform/baseline.",
)
@click.option(
    "--undetermined",
    type=click.Choice(UNDETERMINED),
    help="What a result that rests on a value known only after apply is: pass (not "
    "shown), warn or fail. Default: warn.",
)
@click.option(
    "--kind",
    type=click.Choice(list(LOADERS)),
    help="What the named files are, where they do not tell.",
)
@click.option(
    "--now",
    metavar="TIMESTAMP",
    help="The time that rules see, such as 2026-11-21T10:00:00Z. Default: the start.",
)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The settings, watched as well. Default: comply.yaml, if there is one here.",
)
@click.option(
    "--color",
    "colour",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    help="Colours. NO_COLOR and FORCE_COLOR count as well.",
)
@click.option("--no-cache", is_flag=True, help="Neither use nor keep compiled rules.")
@click.option(
    "--force", is_flag=True, help="Run even where the output goes to no terminal."
)
@source_options
def command(  # noqa: PLR0913  (click passes one argument an option)
    *,
    paths: tuple[Path, ...],
    rules: tuple[Path, ...],
    packs: tuple[str, ...],
    undetermined: str | None,
    kind: str | None,
    now: str | None,
    config: Path | None,
    colour: Choice,
    no_cache: bool,
    force: bool,
) -> int:
    """Check files and folders, and again each time one is saved.

    First comes the report of `comply check`. Then, whenever a document, a rule or
    comply.yaml is saved, created, renamed or deleted: the findings that came (+) and
    went (-), and how long that took. Only what the change concerns is checked again.

    A file that cannot be read at the moment, and a rule that does not compile, are
    named; what was found with their last good state stands until they can be used.

    \b
    comply watch                          this folder, with the packs that fit
    comply watch plan.json -r policy/     while you write a policy

    Ctrl-C ends it, with exit code 0.
    """  # noqa: D301  (click wants the character)
    _refuse(paths, force=force)
    context = click.get_current_context()

    def ask() -> Settings:
        settings = merge(read_settings(config), paths, rules, packs)
        settings = with_options(settings, context, None)
        return replace(settings, undetermined=undetermined or settings.undetermined)

    options = Options(kind, moment(now), None if no_cache else cache_folder())
    out = sys.stdout
    look = look_of(out, colour=wants_colour(out, colour))
    try:
        follow(ask, options, out, look)
    except KeyboardInterrupt:
        out.write("\n")
    return 0


def _refuse(paths: tuple[Path, ...], *, force: bool) -> None:
    """Refuse what cannot be watched.

    Raises:
        ComplyError: a database, standard input, or no terminal to write to.
    """
    if names_database(paths):
        raise ComplyError(
            "a database tells nobody of its changes",
            hint="`comply check URL --since` checks what changed since the last run",
        )
    if STDIN in paths:
        raise ComplyError("standard input cannot be watched", hint="name a file")
    if not (force or sys.stdout.isatty()):
        raise ComplyError(
            "`comply watch` never ends, and its output goes to no terminal",
            hint="use `comply check` in scripts; --force watches all the same",
        )


def follow(
    ask: Callable[[], Settings],
    options: Options,
    out: TextIO,
    look: Look,
    feed_of: Callable[[list[Path], list[Path]], Feed] = open_feed,
) -> None:
    """Write the first report, then one of each change that `feed_of` tells, for ever.

    Raises:
        ComplyError: if rules do not compile at the start, or nothing can be checked.
    """
    # The feed is there before anything is read, so that no change falls between.
    covered = places(ask())
    feed = feed_of(*covered)
    try:
        started = time.perf_counter()
        watched, findings, run = open_watch(ask, options)
        run = replace(run, seconds=time.perf_counter() - started)
        _write_report(findings, run, out, look)
        _write_waiting(watched, out, look)
        while True:
            wanted = places(watched.settings, watched.modules)
            if wanted != covered:
                # The next one is there before the last one goes.
                last, feed, covered = feed, feed_of(*wanted), wanted
                last.close()
                _catch_up(watched, out, look)
            _write_steps(watched, feed, covered, out, look)
    finally:
        feed.close()


def _catch_up(watched: Watched, out: TextIO, look: Look) -> None:
    """Write what changed in root modules before anybody watched where they are."""
    folders = {f.absolute() for held in watched.modules.folders.values() for f in held}
    step = advance(watched, folders)
    if step is not None and (step.added or step.removed):
        write_step(step, out, look)


def _write_steps(
    watched: Watched,
    batches: Iterable[set[Path]],
    covered: tuple[list[Path], list[Path]],
    out: TextIO,
    look: Look,
) -> None:
    """Write what each batch changes, until other places have to be watched."""
    for batch in batches:
        step = advance(watched, batch)
        if step is not None:
            write_step(step, out, look)
            if places(watched.settings, watched.modules) != covered:
                return


def _write_report(findings: list[Finding], run: Run, out: TextIO, look: Look) -> None:
    shown = replace(run, colour=look.colour, width=width_of(out))
    reporter("text")(findings, out, shown)


def _write_waiting(watched: Watched, out: TextIO, look: Look) -> None:
    named = [str(p) for p in (*(watched.settings.paths or (Path(),)),)]
    named += [str(p) for p in watched.settings.rules]
    text = f"watching {', '.join(named)}; Ctrl-C ends"
    out.write(look.paint("2", text) + "\n")
    out.flush()


def write_step(step: Step, out: TextIO, look: Look) -> None:
    """Write what a change did: the findings, the trouble, and one line that sums up."""
    clock = time.strftime("%H:%M:%S")
    out.write(look.paint("2", f"\n{clock}  ") + f"{_files(step.files)}\n")
    out.writelines(f"{_line('-', item, look)}\n" for item in step.removed)
    out.writelines(f"{_line('+', item, look)}\n" for item in step.added)
    if step.trouble:
        out.write(look.paint("31", "error: ") + step.trouble.rstrip() + "\n")
        out.write(
            look.paint(
                "33", "what stands was found with the last rules that compiled\n"
            )
        )
    out.write(look.paint("2", _summary(step, look)) + "\n")
    out.flush()


def _files(names: tuple[str, ...]) -> str:
    listed = ", ".join(one_line(name) for name in names[:_MOST_FILES])
    more = len(names) - _MOST_FILES
    return f"{listed} and {more:,} more" if more > 0 else listed


def _line(sign: str, item: Finding, look: Look) -> str:
    """Return `+ high  aws_db_instance.main  plan.json:12:5  is public  [rule]`."""
    plain = item.status in {Status.VIOLATION, Status.WARNING}
    word = item.severity.value if plain else item.status.value
    place = f"{item.span.file}:{item.span.row}:{item.span.col}" if item.span else ""
    about = one_line(item.fact or item.title)
    parts = [word, about, look.paint("2", one_line(place)), one_line(item.message)]
    text = "  ".join(part for part in parts if part)
    colour = "31" if sign == "+" else "32"
    rule = look.paint("2", f"[{one_line(item.rule_id)}]")
    return f"  {look.paint(colour, sign)} {text}  {rule}"


def _summary(step: Step, look: Look) -> str:
    came, went = len(step.added), len(step.removed)
    counts = f"{came:,} came, {went:,} went, {step.total:,} in all"
    if step.reopened:
        took = "all checked again"
    else:
        took = f"{step.units_run:,} units run, {step.units_reused:,} reused"
    parts = [counts] if step.trouble else [counts, took]
    return look.pick(" · ", " - ").join([*parts, f"{step.seconds:.3f} s"])
