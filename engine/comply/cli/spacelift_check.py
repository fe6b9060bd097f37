"""`comply check --spacelift`: an after_plan hook in, the file of a plan policy out."""

import os
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import click

from comply.cli.addresses import names_database
from comply.cli.cache import cache_folder
from comply.cli.cached_check import Options
from comply.cli.check import check, merge, moment, override
from comply.cli.exemptions import exempt_known, judged_by
from comply.cli.outputs import outputs, write_all
from comply.cli.settings import Settings, read_settings
from comply.cli.spacelift_plan import RawPlan, find_plan
from comply.cli.spacelift_run import COMMIT, RUN, STACK
from comply.findings import Finding, Severity, Status
from comply.load.encoding import decode
from comply.load.terraform_changes import changes_digest, planned_changes
from comply.report.run import Run
from comply.report.spacelift_report import Bound, compose, counted
from comply.source import ComplyError, Source
from comply.version import VERSION

REPORT: Final = "comply.custom.spacelift.json"
"""Spacelift gives it to plan policies as input.third_party_metadata.custom.comply."""


def run_hook(context: click.Context) -> int:
    """Check the plan of a Spacelift run and write the report for the plan policy.

    Returns 0: what becomes of the run is for the policy to decide.

    Raises:
        ComplyError: this is no run of Spacelift, there is no plan, or the report cannot
            be written. No report is left then, so that none is taken for this run's.
    """
    started = time.perf_counter()
    given, file = context.params, Path.cwd() / REPORT
    if names_database(given["paths"]):
        raise click.UsageError("Check databases in runs of their own.")
    _forget(file)
    run_id, commit = _named(RUN), _named(COMMIT)
    plan = find_plan(Path.cwd())
    findings, run, formats = _checked(plan, given)
    if plan.notice:
        run = replace(run, notices=(plan.notice, *run.notices))
    run = replace(run, seconds=time.perf_counter() - started)
    wanted = outputs(given["formats"] or formats, given["output"])
    _write(file, compose(findings, run, _bound(run_id, commit, plan)))
    write_all(wanted, findings, run, given["colour"])
    sys.stdout.flush()
    sys.stderr.write(_closing(findings, run))
    return 0


def _forget(file: Path) -> None:
    """Remove a report that was here before: it is of another run, or forged."""
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        raise ComplyError(
            f"{file.name}: cannot be replaced: {error.strerror}"
        ) from None


def _named(variable: str) -> str:
    """Return what a variable of Spacelift says.

    Raises:
        ComplyError: if it is not set.
    """
    value = os.environ.get(variable)
    if not value:
        raise ComplyError(
            f"this is no run of Spacelift: {variable} is not set",
            hint=f"to try it elsewhere: export {RUN}=try {COMMIT}=none",
        )
    return value


def _checked(
    plan: RawPlan, given: Mapping[str, Any]
) -> tuple[list[Finding], Run, tuple[str, ...]]:
    """Return what is found in a plan, the run, and the formats that the settings ask for.

    What keeps the plan from being checked is found as well: the policy has to know.
    """
    try:
        settings = _settings(given)
        source = decode(plan.name, plan.data)
        found = _found(source, settings, given)
    except ComplyError as error:
        return [_failure(error)], Run(version=VERSION), ()
    return *found, settings.formats


def _settings(given: Mapping[str, Any]) -> Settings:
    """Return the settings, flags put first; their paths are not those of this run."""
    settings = replace(read_settings(given["config"]), paths=())
    settings = merge(settings, given["paths"], given["rules"], given["packs"])
    if given["source"] is not None:
        settings = replace(settings, sources={"**": given["source"]})
    return override(
        settings, given["fail_on"], given["undetermined"], given["baseline"]
    )


def _found(
    source: Source, settings: Settings, given: Mapping[str, Any]
) -> tuple[list[Finding], Run]:
    cache = None if given["no_cache"] else cache_folder()
    options = Options(
        given["kind"], moment(given["now"]), cache, given["jobs"], plan=source
    )
    findings, run = check(settings, options)
    judged = replace(judged_by(settings, options), whole=False)
    return exempt_known(findings, run, settings, judged)


def _failure(error: ComplyError) -> Finding:
    """Return the finding that says why nothing was checked."""
    return Finding(
        rule_id="comply/not-checked",
        title="Could not be checked",
        severity=Severity.HIGH,
        status=Status.ERROR,
        message=error.message,
        span=error.span,
        remediation=error.hint,
    )


def _bound(run_id: str, commit: str, plan: RawPlan) -> Bound:
    changes = planned_changes(plan.data)
    return Bound(
        run=run_id,
        commit=commit,
        stack=os.environ.get(STACK, ""),
        file=plan.name,
        sha256=sha256(plan.data).hexdigest(),
        changes=len(changes),
        changes_sha256=changes_digest(changes),
    )


def _write(file: Path, text: str) -> None:
    """Write a new file: none that is there, and no link that is, is followed."""
    try:
        with file.open("x", encoding="ascii", newline="\n") as out:
            out.write(text)
    except OSError as error:
        if not isinstance(error, FileExistsError):
            file.unlink(missing_ok=True)
        raise ComplyError(f"{file.name}: cannot be written: {error.strerror}") from None


def _closing(findings: list[Finding], run: Run) -> str:
    counts = counted(findings, run)
    return (
        f"{REPORT}: {counts['deny']:,} to deny, {counts['warn']:,} to warn of; the plan "
        "policy decides\n"
    )
