"""FINDINGS x SETTINGS -> FINDINGS: what the project says of them, after any cache.

What is cached follows from files and rules. Dates pass and settings change, so what they
say is said here, on every run.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from comply.classes import dataclass
from comply.cli.cached_check import Options
from comply.cli.settings import FLAG, Settings, place_of
from comply.findings import Finding, Severity, Status
from comply.report.run import Run, ordered
from comply.source import LoadError, Source

if TYPE_CHECKING:
    from comply.cli.exempt_sources import Commented
    from comply.exempt.allowance import Allowance, Ground
    from comply.exempt.baseline import Entry


@dataclass(frozen=True, slots=True)
class Judged:
    """What exceptions need to know of a run: the day, and whether it was the whole.

    A run is `whole` if neither paths nor rules were named for it: only then does an
    exception of comply.yaml, or an entry of the baseline, that nothing needs say much.
    `texts` are those of inputs that are no files, by name. `chosen` is whether rules
    were named on the command line: an inline exception for another rule is not unused.
    """

    today: date
    whole: bool
    texts: dict[str, str]
    chosen: bool = False


def judged_by(settings: Settings, options: Options) -> Judged:
    """Return what exceptions need to know of a run that was asked for so."""
    given = {name for name, origin in settings.origins.items() if origin == FLAG}
    return Judged(
        day(options.now),
        whole=given.isdisjoint({"paths", "rules", "packs"}),
        texts=options.texts,
        chosen=not given.isdisjoint({"rules", "packs"}),
    )


def day(now: datetime | None) -> date:
    """Return the day that exceptions are held against, in UTC."""
    return (now or datetime.now(UTC)).astimezone(UTC).date()


def exempt_known(
    findings: list[Finding], run: Run, settings: Settings, judged: Judged
) -> tuple[list[Finding], Run]:
    """Return findings with the severities and the exceptions of the project, and the run.

    Raises:
        ComplyError: if there is a baseline that cannot be read.
    """
    findings, run = held_against(findings, run, settings, judged)
    return ordered(findings), run


def held_against(
    findings: list[Finding], run: Run, settings: Settings, judged: Judged
) -> tuple[list[Finding], Run]:
    """Return what `exempt_known` does: first the findings as they were given, in order.

    What there is to say of exceptions follows them.

    Raises:
        ComplyError: if there is a baseline that cannot be read.
    """
    if settings.severities:
        findings = [_weighed(f, settings.severities) for f in findings]
    if settings.parameters:
        findings = [_asked(f, settings.parameters.get(f.rule_id)) for f in findings]
    if findings or _has_more(run) or (settings.exceptions and judged.whole):
        findings, run = _with_exceptions(findings, run, settings, judged)
    return _with_baseline(findings, run, settings, judged)


def _has_more(run: Run) -> bool:
    """Tell whether exceptions may stand elsewhere than where something was found."""
    return bool(run.modules or run.plans or run.remarked)


def _asked(finding: Finding, parameters: dict[str, Any] | None) -> Finding:
    """Return a finding whose evidence holds what its rule was asked to look for."""
    if not parameters or finding.status is Status.ERROR:
        return finding
    row = {f"parameters.{name}": value for name, value in parameters.items()}
    return replace(finding, evidence=(*finding.evidence, row))


def _weighed(finding: Finding, severities: dict[str, str]) -> Finding:
    """Return a finding with the severity of the last pattern that its rule fits."""
    from comply.exempt.allowance import fits

    chosen = [s for pattern, s in severities.items() if fits(pattern, finding.rule_id)]
    return replace(finding, severity=Severity(chosen[-1])) if chosen else finding


def _with_exceptions(
    findings: list[Finding], run: Run, settings: Settings, judged: Judged
) -> tuple[list[Finding], Run]:
    # A plan is JSON, which holds no comment, and is too large to be read once more.
    named = {f.span.file for f in findings if f.span}.difference(run.plans)
    named.update(run.remarked)
    plain = all(judged.texts.get(name) == "" for name in named)
    if plain and not (settings.exceptions or run.modules or run.plans):
        return findings, run
    # Imported here because a run without exceptions has nothing to read.
    from comply.cli.exempt_sources import Commented, commented_sources

    commented = Commented()
    if run.modules or run.plans:
        commented = commented_sources(run, settings.sources)
        run = replace(run, notices=(*run.notices, *commented.notices))
    if plain and not (settings.exceptions or commented.texts):
        return findings, run
    from comply.exempt.allowance import KEY, MARK
    from comply.exempt.apply import exceptions_in, exempt

    texts = {**commented.texts, **judged.texts}

    def read(name: str) -> Source | None:
        source = _source(name, texts)
        if source is not None and MARK not in source.text and KEY not in source.text:
            judged.texts[name] = ""
        return source

    inline, mistakes = exceptions_in([*named, *commented.texts], read)
    failed = {f.span.file for f in findings if f.status is Status.ERROR and f.span}
    found = exempt(
        findings,
        inline,
        judged.today,
        tells_unused=_told(run, judged, commented, failed),
        grounds=_grounds(commented),
    )
    found = exempt(
        found,
        settings.exceptions,
        judged.today,
        tells_unused=lambda _allowance: judged.whole,
    )
    return found + mistakes, run


def _grounds(commented: "Commented") -> "Callable[[Finding], tuple[Ground, ...]]":
    if commented.sources is None:
        from comply.exempt.allowance import own_ground

        return own_ground
    from comply.exempt.terraform_blocks import grounds

    return grounds(commented.sources)


def _told(
    run: Run, judged: Judged, commented: "Commented", failed: set[str]
) -> "Callable[[Allowance], bool]":
    """Return what tells whether an inline exception without a finding is to be told of.

    Of files that `failed` to be checked nobody knows what exceptions they need.
    """
    from comply.cli.exempt_sources import unneeded
    from comply.exempt.allowance import fits

    is_idle = unneeded(commented, run.plans, judged.texts)

    def tells(allowance: "Allowance") -> bool:
        used = not judged.chosen or any(
            fits(pattern, rule) for pattern in allowance.rules for rule in run.about
        )
        file = allowance.place.file if allowance.place else ""
        return used and file not in failed and is_idle(allowance)

    return tells


def _source(name: str, texts: dict[str, str]) -> Source | None:
    from comply.load.encoding import read

    if name in texts:
        return Source(name, texts[name])
    try:
        return read(Path(name), name)
    except LoadError:
        # Such as a database, or a file that is a finding itself.
        return None


def read_baseline(settings: Settings, file: Path) -> "list[Entry]":
    """Return what a baseline knows.

    Raises:
        ComplyError: if it is not there, with the place where the settings name it.
        LoadError: if it is none.
    """
    from comply.exempt.baseline import missing, parse
    from comply.load.encoding import read

    if not file.exists():
        named = file == settings.baseline
        raise missing(str(file), place_of(settings, "baseline") if named else None)
    return parse(read(file, str(file)))


def _with_baseline(
    findings: list[Finding], run: Run, settings: Settings, judged: Judged
) -> tuple[list[Finding], Run]:
    file = settings.baseline
    if file is None:
        return findings, run
    from comply.exempt.baseline import match

    matched = match(findings, read_baseline(settings, file), str(file))
    if judged.whole and (gone := sum(entry.count for entry in matched.gone)):
        told = "1 finding" if gone == 1 else f"{gone:,} findings"
        notice = f"{told} of {file} gone: `comply baseline update` takes them out"
        run = replace(run, notices=(*run.notices, notice))
    return matched.findings, run
