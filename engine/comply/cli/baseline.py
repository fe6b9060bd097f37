"""`comply baseline`: the findings that a project knows of, kept in a file."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

import click

from comply.cli.cache import cache_folder
from comply.cli.cached_check import Options
from comply.cli.check import check, merge
from comply.cli.exemptions import exempt_known, judged_by, read_baseline
from comply.cli.run_options import InOrder, source_options, with_options
from comply.cli.settings import Settings, read_settings
from comply.cli.suggested import pack_names
from comply.exempt.baseline import Entry, dump, entries, is_kept, match
from comply.findings import Finding, Status
from comply.source import ComplyError

NAME: Final = Path("comply-baseline.json")


@click.group()
def command() -> None:
    """Keep the findings that are known, so that `comply check` tells of new ones only.

    \b
    comply baseline create                 what this folder has now
    comply check --baseline comply-baseline.json
    comply baseline update                 take out what has been put right

    Findings are known by rule and fact, never by line.
    """  # noqa: D301  (click wants the character)


@command.command("create", cls=InOrder)
@click.argument(
    "paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH ...]"
)
@click.option(
    "-r",
    "--rules",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="A file or folder of your rules (.rego, .sql).",
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
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The baseline. Default: that of comply.yaml, else comply-baseline.json.",
)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The settings. Default: comply.yaml, if there is one here.",
)
@click.option("--force", is_flag=True, help="Write over a baseline that is there.")
@source_options
def create(  # noqa: PLR0913  (click passes one argument an option)
    *,
    paths: tuple[Path, ...],
    rules: tuple[Path, ...],
    packs: tuple[str, ...],
    output: Path | None,
    config: Path | None,
    force: bool,
) -> int:
    """Write what is found now to a baseline.

    \b
    comply baseline create
    comply baseline create deploy/ -o deploy/baseline.json

    Exceptions stay exceptions, and errors cannot be known of. Exit code: 0 written, 2
    not.
    """  # noqa: D301  (click wants the character)
    settings = _asked(merge(read_settings(config), paths, rules, packs))
    file = output or settings.baseline or NAME
    if file.exists() and not force:
        raise ComplyError(
            f"{file}: there is a baseline already",
            hint="`comply baseline update` brings it up to date, --force begins anew",
        )
    listed = entries(_found(settings))
    _write(file, listed)
    told = f"{_many(sum(e.count for e in listed))} in {file}"
    sys.stdout.write(f"{told}: `comply check --baseline {file}` tells of others only\n")
    return 0


@command.command("update", cls=InOrder)
@click.argument(
    "paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH ...]"
)
@click.option(
    "-r",
    "--rules",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="A file or folder of your rules (.rego, .sql).",
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
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The baseline. Default: that of comply.yaml, else comply-baseline.json.",
)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The settings. Default: comply.yaml, if there is one here.",
)
@click.option("--add", is_flag=True, help="Add what is new as well.")
@source_options
def update(  # noqa: PLR0913  (click passes one argument an option)
    *,
    paths: tuple[Path, ...],
    rules: tuple[Path, ...],
    packs: tuple[str, ...],
    output: Path | None,
    config: Path | None,
    add: bool,
) -> int:
    """Take out of a baseline what is not found any more.

    \b
    comply baseline update
    comply baseline update --add           and what is new goes in

    Name the paths and rules that it was made with. Exit code: 0 written, 2 not.
    """  # noqa: D301  (click wants the character)
    settings = _asked(merge(read_settings(config), paths, rules, packs))
    file = output or settings.baseline or NAME
    known = read_baseline(settings, file)
    found = _found(settings)
    matched = match(found, known, str(file))
    exempt = [f.exemption is not None for f in matched.findings]
    kept = [f for f, known_of in zip(found, exempt, strict=True) if known_of or add]
    _write(file, entries(kept))
    new = sum(is_kept(f) for f in matched.findings)
    gone = sum(entry.count for entry in matched.gone)
    word = "added" if add else "not in it (--add)"
    sys.stdout.write(f"{file}: {gone:,} gone, {new:,} new {word}\n")
    return 0


def _asked(settings: Settings) -> Settings:
    return with_options(settings, click.get_current_context(), None)


def _found(settings: Settings) -> list[Finding]:
    """Return the findings that no exception allows.

    Raises:
        ComplyError: if something could not be checked: a baseline of the rest would
            hide that.
    """
    settings = replace(settings, baseline=None)
    options = Options(cache=cache_folder())
    findings, run = check(settings, options)
    judged = replace(judged_by(settings, options), whole=False)
    findings, _ = exempt_known(findings, run, settings, judged)
    broken = next((f for f in findings if f.status is Status.ERROR), None)
    if broken is not None:
        raise ComplyError(
            f"no baseline is written: {broken.message}",
            broken.span,
            hint=broken.remediation or "`comply check` tells what could not be checked",
        )
    return [f for f in findings if is_kept(f)]


def _write(file: Path, listed: list[Entry]) -> None:
    try:
        file.write_text(dump(listed), encoding="utf-8", newline="\n")
    except OSError as error:
        raise ComplyError(f"{file}: cannot be written: {error.strerror}") from None


def _many(number: int) -> str:
    return f"{number:,} finding{'' if number == 1 else 's'}"
