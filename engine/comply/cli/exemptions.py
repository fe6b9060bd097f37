"""FINDINGS x SETTINGS -> FINDINGS: what the project says of them, after any cache.

What is cached follows from files and rules. Dates pass and settings change, so what they
say is said here, on every run.
"""

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from comply.cli.settings import Settings
from comply.exempt.allowance import fits
from comply.findings import Finding, Severity
from comply.report.run import Run, ordered
from comply.source import LoadError, Source


@dataclass(frozen=True, slots=True)
class Judged:
    """What exceptions need to know of a run: the day, and whether it was the whole.

    A run is `whole` if neither paths nor rules were named for it: only then does an
    exception of comply.yaml, or an entry of the baseline, that nothing needs say much.
    `texts` are those of inputs that are no files, by name.
    """

    today: date
    whole: bool
    texts: dict[str, str]


def exempt_known(
    findings: list[Finding], run: Run, settings: Settings, judged: Judged
) -> tuple[list[Finding], Run]:
    """Return findings with the severities and the exceptions of the project, and the run.

    Raises:
        ComplyError: if there is a baseline that cannot be read.
    """
    if settings.severities:
        findings = [_weighed(f, settings.severities) for f in findings]
    if findings or (settings.exceptions and judged.whole):
        findings = _with_exceptions(findings, settings, judged)
    if settings.baseline is not None:
        findings, run = _with_baseline(findings, run, settings.baseline, judged)
    return ordered(findings), run


def _weighed(finding: Finding, severities: dict[str, str]) -> Finding:
    """Return a finding with the severity of the last pattern that its rule fits."""
    chosen = [s for pattern, s in severities.items() if fits(pattern, finding.rule_id)]
    return replace(finding, severity=Severity(chosen[-1])) if chosen else finding


def _with_exceptions(
    findings: list[Finding], settings: Settings, judged: Judged
) -> list[Finding]:
    named = {f.span.file for f in findings if f.span}
    if not settings.exceptions and all(judged.texts.get(n) == "" for n in named):
        return findings
    # Imported here because a run without findings has nothing to read.
    from comply.exempt.apply import exceptions_in, exempt

    def read_text(name: str) -> Source | None:
        return _source(name, judged.texts)

    inline, mistakes = exceptions_in(findings, read_text)
    findings = exempt(findings, inline, judged.today)
    findings = exempt(
        findings, settings.exceptions, judged.today, tell_unused=judged.whole
    )
    return findings + mistakes


def _source(name: str, texts: dict[str, str]) -> Source | None:
    from comply.load.encoding import read

    if name in texts:
        return Source(name, texts[name])
    try:
        return read(Path(name), name)
    except LoadError:
        # Such as a database, or a file that is a finding itself.
        return None


def _with_baseline(
    findings: list[Finding], run: Run, file: Path, judged: Judged
) -> tuple[list[Finding], Run]:
    from comply.exempt.baseline import match, missing, parse
    from comply.load.encoding import read

    if not file.exists():
        raise missing(str(file))
    matched = match(findings, parse(read(file, str(file))), str(file))
    if judged.whole and (gone := sum(entry.count for entry in matched.gone)):
        told = "1 finding" if gone == 1 else f"{gone:,} findings"
        notice = f"{told} of {file} gone: `comply baseline update` takes them out"
        run = replace(run, notices=(*run.notices, notice))
    return matched.findings, run
