"""`comply check oracle://...`: a live database in, findings out."""

import time
from pathlib import Path

import click

from comply.cli.addresses import address_of, asked, login_of, names_database
from comply.cli.cache import cache_folder
from comply.cli.exemptions import Judged, day, exempt_known
from comply.cli.outputs import outputs, write_all
from comply.cli.settings import read_settings, with_baseline
from comply.database.address import Address, Login
from comply.findings import Severity
from comply.live.database import Limits
from comply.live.run import PACKS, Checked, Wanted, check_live
from comply.live.since import parse_since
from comply.report.redact import redact
from comply.report.run import Run, ordered
from comply.source import ComplyError
from comply.version import VERSION

_QUERY = 60.0
"""Seconds that a query may take, if nobody says otherwise."""


def run_check(context: click.Context) -> int:
    """Check the databases that `comply check` was given; return the exit code.

    Raises:
        ComplyError: a database cannot be reached, refuses the login, or fails.
    """
    from comply.cli.check import exit_code, moment

    started = time.perf_counter()
    given = context.params
    if not all(names_database([path]) for path in given["paths"]):
        raise click.UsageError("Check databases and files in runs of their own.")
    settings = read_settings(given["config"])
    reports = outputs(given["formats"] or settings.formats, given["output"])
    settings = with_baseline(settings, given["baseline"])
    rules = given["rules"] or settings.rules
    packs = given["packs"] or settings.packs
    fitting = not (given["rules"] or given["packs"] or packs)
    live = asked(context)
    seconds = _QUERY if live["timeout"] is None else live["timeout"]
    wanted = Wanted(
        rules=rules,
        packs=PACKS if fitting else packs,
        parameters=dict(settings.parameters),
        now=moment(given["now"]),
        cache=None if given["no_cache"] else cache_folder(),
        since=parse_since(live["since"]) if live.get("since") else None,
        limits=Limits(seconds=seconds, rows=live["evidence"]),
    )
    threshold = Severity(given["fail_on"] or settings.fail_on)
    found, secrets = _check_all(given["paths"], wanted, live.get("catalogue"))
    run = Run(
        version=VERSION,
        documents=len(found),
        facts=sum(c.facts for c in found),
        rules=max(c.rules for c in found),
        packs=wanted.packs,
        notices=_notices(found, wanted, fitting=fitting),
        threshold=threshold,
        seconds=time.perf_counter() - started,
    )
    findings = [f for checked in found for f in checked.findings]
    findings = redact(ordered(findings), secrets)
    judged = Judged(day(wanted.now), whole=False, texts={})
    findings, run = exempt_known(findings, run, settings, judged)
    write_all(reports, findings, run, given["colour"])
    return exit_code(findings, threshold)


def _check_all(
    paths: tuple[Path, ...], wanted: Wanted, kept: Path | None
) -> tuple[list[Checked], frozenset[str]]:
    """Return what was found in each database, and the passwords nobody may see."""
    found: list[Checked] = []
    secrets: set[str] = set()
    for path in paths:
        address = address_of(path)
        login = login_of(address)
        checked = check_live(address, login, wanted)
        found.append(checked)
        secrets |= {s for s in (login.password, login.wallet_password) if s}
        if kept is not None:
            _keep(checked, kept)
    return found, frozenset(secrets)


def _keep(checked: Checked, file: Path) -> None:
    try:
        file.write_text(checked.catalogue.text + "\n", encoding="utf-8")
    except OSError as error:
        raise ComplyError(f"{file}: cannot be written: {error.strerror}") from None


def _notices(found: list[Checked], wanted: Wanted, *, fitting: bool) -> tuple[str, ...]:
    notices = [n for checked in found for n in checked.notices]
    if fitting:
        notices.insert(0, f"packs that fit: {', '.join(wanted.packs)}")
    return tuple(notices)


def opened(url: str) -> tuple[Address, Login]:
    """Return the database that a URL names and how to log in there.

    Raises:
        ComplyError: it is no such URL, or nothing says how to log in.
    """
    address = address_of(url)
    return address, login_of(address)
