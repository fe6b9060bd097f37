"""`comply check`: documents in, findings out."""

import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from comply.cli.addresses import asked, live_options, names_database
from comply.cli.cache import cache_folder
from comply.cli.cached_check import Options, check_files
from comply.cli.exemptions import Judged, exempt_known, judged_by
from comply.cli.outputs import outputs, write_all
from comply.cli.recalled import Before, Looked, before, followed
from comply.cli.run_options import InOrder, source_options, with_options
from comply.cli.same_run import keep_run
from comply.cli.settings import (
    FLAG,
    Settings,
    confirm,
    read_settings,
    with_baseline,
)
from comply.cli.suggested import format_names, pack_names
from comply.cli.terminal import Choice
from comply.cli.undetermined import UNDETERMINED
from comply.findings import SEVERITIES, Finding, Severity, Status
from comply.load import LOADERS
from comply.report import REPORTERS
from comply.report.run import Run

if TYPE_CHECKING:
    from comply.cli.git_tree import Tree


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
    "-f",
    "--format",
    "formats",
    multiple=True,
    metavar="FORMAT[=FILE]",
    shell_complete=format_names,
    help=f"One of {', '.join(REPORTERS)}; several at once if each has a file.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where the report goes, if not to the terminal.",
)
@click.option(
    "--fail-on",
    type=click.Choice([str(s) for s in SEVERITIES]),
    help="The least severity that fails the run. Default: info.",
)
@click.option(
    "--undetermined",
    type=click.Choice(UNDETERMINED),
    help="What a result that rests on a value known only after apply is: pass (only "
    "counted), warn (shown) or fail. Default: warn.",
)
@click.option(
    "--baseline",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Known findings, which are exempt: `comply baseline create` writes the file.",
)
@click.option(
    "--source",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="FOLDER",
    help="The Terraform configuration that the plans are of: exceptions in its comments "
    "count for them. Default: the folder of each plan, or one that is checked with it.",
)
@click.option(
    "--diff",
    metavar="REF",
    help="Only what is new since the commit where HEAD and this branch, tag or commit "
    "parted, such as origin/main. Needs git and the history up to there.",
)
@click.option(
    "--kind",
    type=click.Choice(list(LOADERS)),
    help="What the named files are, where they do not tell.",
)
@click.option(
    "--now",
    metavar="TIMESTAMP",
    help="The time that rules and SYSTIMESTAMP see, such as 2026-11-21T10:00:00Z.",
)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The settings. Default: comply.yaml, if there is one here.",
)
@click.option(
    "--color",
    "colour",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    help="Colours. NO_COLOR and FORCE_COLOR count as well.",
)
@click.option(
    "--no-cache",
    is_flag=True,
    help="Neither use nor keep compiled rules and what was found before.",
)
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="Over how many processes to spread many files. Default: what is faster here.",
)
@click.option(
    "--spacelift",
    is_flag=True,
    help="For an after_plan hook of Spacelift: check the plan of the run, with PATHs if "
    "any, and write comply.custom.spacelift.json for a plan policy to decide by. Exit "
    "code 0 once that is written. See `comply spacelift policy`.",
)
@source_options
@live_options
def command(  # noqa: PLR0913  (click passes one argument an option)
    *,
    paths: tuple[Path, ...],
    rules: tuple[Path, ...],
    packs: tuple[str, ...],
    formats: tuple[str, ...],
    output: Path | None,
    fail_on: str | None,
    undetermined: str | None,
    baseline: Path | None,
    source: Path | None,
    diff: str | None,
    kind: str | None,
    now: str | None,
    config: Path | None,
    colour: Choice,
    no_cache: bool,
    jobs: int | None,
    spacelift: bool,
) -> int:
    """Check files and folders, this folder if none is named.

    A PATH is a Terraform plan (`terraform show -json`), Kubernetes manifests, an Oracle
    script, a folder of them, `-` for standard input, or a live database, which is only
    read. Where no rules are named, the packs apply that fit what is found.

    \b
    comply check plan.json
    comply check deploy/ --pack kubernetes/baseline -f text -f json=findings.json
    helm template chart | comply check - -r policy/
    comply check oracle://user@host:1521/service -r rules/
    comply check deploy/ --diff origin/main     what this branch brings

    What is allowed is shown as exempt: `# comply:ignore RULE reason="..."` above a
    block, `exceptions` in comply.yaml, --baseline.

    Exit code: 0 clean, 1 violations, 2 could not check.
    """  # noqa: D301  (click wants the character)
    if spacelift or names_database(paths):
        return _check_elsewhere(click.get_current_context())
    started = time.perf_counter()
    options = Options(kind, moment(now), None if no_cache else cache_folder(), jobs)
    settings = merge(read_settings(config), paths, rules, packs)
    wanted = outputs(formats or settings.formats, output)
    context = click.get_current_context()
    settings = override(settings, fail_on, undetermined, baseline)
    settings = with_options(settings, context, asked(context).get("timeout"))
    if source is not None:
        settings = replace(settings, sources={"**": source})
    options, tree = _compared(diff, options)
    findings, run = check(settings, options, _before(context, options))
    judged = judged_by(settings, options)
    findings, run = exempt_known(findings, run, settings, judged)
    if tree is not None:
        findings, run = _only_new((findings, run), settings, options, judged, tree)
    run = replace(run, seconds=time.perf_counter() - started)
    said = write_all(wanted, findings, run, colour)
    if tree is None and said:
        _keep_said(context, settings, options.looked, (findings, run), said)
    return exit_code(findings, run.threshold, run.failing)


def _only_new(
    found: tuple[list[Finding], Run],
    settings: Settings,
    options: Options,
    judged: Judged,
    tree: "Tree",
) -> tuple[list[Finding], Run]:
    from comply.cli.diff_check import Asked, only_new

    return only_new(*found, Asked(settings, options, judged), tree)


def _keep_said(
    context: click.Context,
    settings: Settings,
    looked: Looked,
    found: tuple[list[Finding], Run],
    said: str,
) -> None:
    """Keep what a run said for runs with the same words, up to the time it took.

    What is kept under is in the context, if the command was called from a command line.
    """
    findings, run = found
    code = exit_code(findings, run.threshold, run.failing)
    end = f"{run.seconds:.2f} s\n"
    known = followed(settings, looked)
    if context.obj is not None and known is not None and said.endswith(end):
        keep_run(context.obj, known, code, said.removesuffix(end))


def _compared(ref: str | None, options: Options) -> tuple[Options, "Tree | None"]:
    """Return what git has at the ref that the findings are held against, if at any.

    What a comparison asks for twice is then remembered.
    """
    if ref is None:
        return options, None
    from comply.cli.git_tree import read_tree
    from comply.cli.kept_parts import Memory

    return replace(options, memory=Memory()), read_tree(ref)


def _check_elsewhere(context: click.Context) -> int:
    """Check what is no files of the user's: the plan of a Spacelift run, or databases."""
    if context.params["diff"] is not None:
        raise click.UsageError("--diff compares files: no databases, no --spacelift.")
    if context.params["spacelift"]:
        from comply.cli.spacelift_check import run_hook

        return run_hook(context)
    from comply.cli.live import run_check

    return run_check(context)


def _before(context: click.Context, options: Options) -> Before | None:
    """Return what a run with the same words left, if that may be used."""
    if context.obj is None or options.cache is None:
        return None
    return before(context.obj)


def check(
    settings: Settings, options: Options, known: Before | None = None
) -> tuple[list[Finding], Run]:
    """Return the findings at the paths of `settings`, in order, and what was done.

    Without paths this folder is checked; without rules and packs, the packs apply that
    fit what is found. Secrets are taken out of the findings. What is `known` from a run
    with the same words and settings is not asked for again.

    Raises:
        ComplyError: if rules do not compile, or if there is nothing to check.
    """
    found = check_files(settings, options, known)
    if found is None:
        # Imported here because most runs over manifests do not come to this.
        from comply.cli.kept_runs import check_together

        found = check_together(settings, options)
    return found


def exit_code(
    findings: list[Finding],
    threshold: Severity,
    failing: frozenset[str] = frozenset(),
) -> int:
    """Return 2 if something could not be checked, 1 for violations, else 0.

    A violation below the threshold fails nothing, nor does what a rule only warns of.
    `failing` are the rules whose undetermined findings count as violations.
    """
    if any(f.status is Status.ERROR for f in findings):
        return 2
    least = SEVERITIES.index(threshold)
    return int(
        any(
            (
                f.status is Status.VIOLATION
                or (f.status is Status.UNDETERMINED and f.rule_id in failing)
            )
            and SEVERITIES.index(f.severity) >= least
            for f in findings
        )
    )


def merge(
    settings: Settings,
    paths: tuple[Path, ...],
    rules: tuple[Path, ...],
    packs: tuple[str, ...],
) -> Settings:
    """Return the settings with what the command line names put first.

    Rules and packs on the command line replace those of the file, both of them: who
    names rules wants these and no others.

    Raises:
        ComplyError: if the file names what is not there.
    """
    origins = dict(settings.origins)
    if paths:
        settings = replace(settings, paths=paths)
        origins["paths"] = FLAG
    if rules or packs:
        settings = replace(settings, rules=rules, packs=packs)
        origins["rules"] = origins["packs"] = FLAG
    settings = replace(settings, origins=origins)
    confirm(settings)
    return settings


def override(
    settings: Settings,
    fail_on: str | None,
    undetermined: str | None,
    baseline: Path | None,
) -> Settings:
    """Return the settings with the values that flags of the same names give."""
    return replace(
        with_baseline(settings, baseline),
        fail_on=fail_on or settings.fail_on,
        undetermined=undetermined or settings.undetermined,
    )


def moment(text: str | None) -> datetime | None:
    """Return the time that `--now` names; without a zone it is UTC."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            f"'{text}' is no time such as 2026-11-21T10:00:00Z", param_hint="--now"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
