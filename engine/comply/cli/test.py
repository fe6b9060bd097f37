"""`comply test`: runs the tests of policies."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, get_args

import click

from comply.cli.terminal import Choice, wants_colour
from comply.rego.parser import Version
from comply.report.look import Look, look_of
from comply.testing.files import find_files
from comply.testing.results import Outcome, Report
from comply.testing.suite import Options, run_suite

_FORMATS: Final = ("text", "json", "junit", "annotated")


@click.command()
@click.argument(
    "paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH ...]"
)
@click.option(
    "--run",
    "pattern",
    metavar="REGEX",
    help="Only tests whose full name, as data.a_test.test_x, matches (RE2).",
)
@click.option("-v", "--verbose", is_flag=True, help="List the tests that pass as well.")
@click.option("-c", "--coverage", is_flag=True, help="Say which lines and rules ran.")
@click.option(
    "--threshold",
    type=click.FloatRange(0, 100),
    metavar="PERCENT",
    help="Fail if fewer lines are covered; implies --coverage.",
)
@click.option(
    "--fail-on-empty/--allow-empty",
    default=True,
    help="Whether no test to run is a failure. Default: it is.",
)
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(_FORMATS),
    default="text",
    help="`annotated` shows the policies, each line marked as covered or not.",
)
@click.option(
    "--rego-version",
    "version",
    type=click.Choice(get_args(Version)),
    default="auto",
    help="The version of the files; `auto` tells by each file.",
)
@click.option(
    "--pairs/--together",
    "alone",
    default=None,
    help="Compile each x.rego with its x_test.rego only, or all files together. "
    "Default: together, policies that cannot be in pairs.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0),
    default=30.0,
    metavar="SECONDS",
    help="The longest that one test may run; 0 for ever.",
)
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(0),
    default=0,
    metavar="N",
    help="How many processes run tests; 0 for one a core.",
)
@click.option(
    "--cross-check",
    is_flag=True,
    help="Run the tests in rego-cpp as well (package regopy) and say where it differs.",
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
    pattern: str | None,
    verbose: bool,
    coverage: bool,
    threshold: float | None,
    fail_on_empty: bool,
    form: str,
    version: Version,
    alone: bool | None,
    timeout: float,
    jobs: int,
    cross_check: bool,
    colour: Choice,
) -> int:
    """Run the tests of policies: rules whose names begin with test_, and SQL scripts.

    A PATH is a file or a folder; this folder is taken if none is named. Data files
    (JSON, YAML) stand under `data` at the path of their folder. Each failed test is
    shown with the expression that failed and the values it saw.

    A script of SQL is a test if a comment in it says what must come of a statement:
    `-- expect: ORA-08601 NAME` or `-- expect: ok`. See `comply sql run --help`.

    \b
    comply test policy/
    comply test policy/ --run 'deny' -v
    comply test policy/ --coverage --threshold 90

    Exit code: 0 all passed, 1 some failed, 2 something could not be run.
    """  # noqa: D301  (click wants the character)
    wanted = coverage or threshold is not None or form == "annotated"
    options = Options(
        version=version,
        chosen=_chooser(pattern),
        coverage=wanted,
        timeout=timeout,
        jobs=jobs,
        alone=alone,
        cross_check=cross_check,
    )
    if cross_check:
        from comply.testing.cross_check import require_other_engine

        require_other_engine()
    tree = find_files(paths or (Path(),))
    report = run_suite(tree, options)
    look = look_of(sys.stdout, colour=wants_colour(sys.stdout, colour))
    _write(report, form, look, verbose=verbose)
    return _exit_code(report, threshold, fail_on_empty=fail_on_empty)


def _chooser(pattern: str | None) -> Callable[[str], bool] | None:
    if pattern is None:
        return None
    import re2

    try:
        found = re2.compile(pattern)
    except re2.error as error:
        text = error.args[0].decode() if isinstance(error.args[0], bytes) else error
        raise click.BadParameter(
            f"no RE2 expression: {text}", param_hint="--run"
        ) from None
    return lambda name: found.search(name) is not None


def _write(report: Report, form: str, look: Look, *, verbose: bool) -> None:
    out = sys.stdout
    match form:
        case "json":
            from comply.testing.machine import write_json

            write_json(report, out)
        case "junit":
            from comply.testing.machine import write_junit

            write_junit(report, out)
        case _:
            from comply.testing.coverage_text import write_annotated
            from comply.testing.text import write_text

            if form == "annotated":
                write_annotated(report.coverage or (), out, look)
            write_text(report, out, look, verbose=verbose)


def _exit_code(report: Report, threshold: float | None, *, fail_on_empty: bool) -> int:
    """Return 2 if something could not be run, 1 if a test or a wish failed, else 0."""
    from comply.testing.coverage import percentage

    outcomes = {result.outcome for result in report.results}
    if report.problems or Outcome.ERROR in outcomes:
        return 2
    differs = any(o.verdict == "differs" for o in report.opinions or ())
    if Outcome.FAIL in outcomes or differs:
        return 1
    if fail_on_empty and not outcomes - {Outcome.SKIP}:
        sys.stderr.write(
            "error: there was no test to run\n"
            "  hint: tests are rules called test_*; --allow-empty takes none for a pass\n"
        )
        return 1
    covered = percentage(report.coverage or ())
    if threshold is not None and covered < threshold:
        sys.stderr.write(
            f"error: {covered:.1f} % of the lines are covered, {threshold:g} % are wanted\n"
        )
        return 1
    return 0
