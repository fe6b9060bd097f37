"""`comply bench`: what rules cost, for those who write them."""

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

import click

from comply.bench.run import Budget, measure
from comply.bench.text import write
from comply.check.session import Session
from comply.cli.check import merge
from comply.cli.inputs import survey
from comply.cli.run_options import (
    InOrder,
    outside_of,
    refuse_unknown,
    source_options,
    with_options,
)
from comply.cli.settings import Settings, left_out, read_settings
from comply.cli.suggested import pack_names
from comply.cli.terminal import Choice, wants_colour
from comply.load import LOADERS
from comply.report.look import look_of
from comply.source import ComplyError


@click.command(cls=InOrder)
@click.argument(
    "rules", nargs=-1, type=click.Path(path_type=Path), metavar="[RULES ...] [INPUT]"
)
@click.option(
    "-i",
    "--input",
    "inputs",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="A file or folder to check, as for `comply check`; `-` is standard input. "
    "Without it the last PATH is the INPUT.",
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
    "--kind",
    type=click.Choice(list(LOADERS)),
    help="What the input is, where it does not tell.",
)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The settings: parameters of rules, and the rules if none are named here. "
    "Default: comply.yaml, if there is one here.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=0),
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="About how long to measure; everything runs once at least.",
)
@click.option(
    "-n",
    "--runs",
    type=click.IntRange(min=1),
    default=25,
    show_default=True,
    metavar="N",
    help="How many runs to take medians of, at most.",
)
@click.option("--json", "as_json", is_flag=True, help="Write everything as JSON.")
@click.option(
    "--color",
    "colour",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    help="Colours. NO_COLOR and FORCE_COLOR count as well.",
)
@source_options
def command(  # noqa: PLR0913  (click passes one argument an option)
    *,
    rules: tuple[Path, ...],
    inputs: tuple[Path, ...],
    packs: tuple[str, ...],
    kind: str | None,
    config: Path | None,
    seconds: float,
    runs: int,
    as_json: bool,
    colour: Choice,
) -> int:
    """Measure what rules cost: by rule, by unit, by index, by line.

    RULES are files or folders, INPUT is what they are run over. A unit is one clause of
    a rule: it goes through its driver, such as all resources of a type, and runs once
    for each element. A lookup that uses an index does not search; one that does not
    shows up as a slow line.

    The time of a check with nothing measured inside stands first; the other times are
    to be compared with each other.

    \b
    comply bench policy/ plan.json
    comply bench policy/ more.rego -i plan.json -i deploy/
    comply bench --pack kubernetes/baseline -i deploy/ --json

    Exit code: 0 measured, 2 could not be.
    """  # noqa: D301  (click wants the character)
    if not inputs:
        rules, inputs = rules[:-1], rules[-1:]
    if not inputs:
        raise click.UsageError(
            "name what to run the rules over: comply bench policy/ plan.json"
        )
    settings = merge(read_settings(config), (), rules, packs)
    settings = with_options(settings, click.get_current_context(), None)
    if not (settings.rules or settings.packs):
        raise ComplyError(
            "there are no rules to measure",
            hint="name files of rules, or a --pack, here or in comply.yaml",
        )
    started = time.perf_counter()
    session = Session(
        rules=settings.rules,
        packs=settings.packs,
        parameters=dict(settings.parameters),
    )
    compiled = time.perf_counter()
    for problem in session.problems:
        raise ComplyError(problem.message, problem.span, problem.remediation)
    _load(session, inputs, kind, settings)
    spent = ((compiled - started) * 1000, (time.perf_counter() - compiled) * 1000)
    report = measure(session, Budget(runs, seconds), spent)
    out = sys.stdout
    if as_json:
        out.write(json.dumps(asdict(report), indent=2, ensure_ascii=False) + "\n")
    else:
        write(report, out, look_of(out, colour=wants_colour(out, colour)))
    return 0


def _load(
    session: Session, inputs: tuple[Path, ...], kind: str | None, settings: Settings
) -> None:
    """Load what is at the paths of the inputs.

    Raises:
        ComplyError: something cannot be read, or there is nothing.
    """
    found = survey(inputs, kind, left_out(settings), outside_of(settings))
    for error in found.errors:
        raise error
    modules = (x.source for x in found.inputs if x.kind == "terraform_source")
    refuse_unknown(settings, modules)
    for item in found.inputs:
        session.add(item.source, item.kind)
    if not session.documents:
        raise ComplyError(
            "there is nothing to check the rules on",
            hint=next(found.notices(), "name a plan, a manifest, or a folder of them"),
        )
