"""FINDINGS x EXCEPTIONS -> FINDINGS: the allowed ones exempt, the idle exceptions named."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from typing import Final

from comply.exempt.allowance import Allowance, covers, has_expired
from comply.exempt.annotations import annotated_exceptions
from comply.exempt.comments import inline_exceptions
from comply.findings import Finding, Severity, Status
from comply.source import Source, Span

_ALLOWABLE: Final = frozenset({Status.VIOLATION, Status.WARNING, Status.UNDETERMINED})


def exceptions_in(
    findings: Iterable[Finding], read: Callable[[str], Source | None]
) -> tuple[list[Allowance], list[Finding]]:
    """Return the exceptions written in the files that findings are about, and mistakes.

    `read` gives the text of a file by its name, None if there is none to read.
    """
    allowances: list[Allowance] = []
    mistakes: list[Finding] = []
    for name in sorted({f.span.file for f in findings if f.span}):
        source = read(name)
        if source is None:
            continue
        for found, wrong in (inline_exceptions(source), annotated_exceptions(source)):
            allowances += found
            mistakes += wrong
    return allowances, mistakes


def exempt(
    findings: Iterable[Finding],
    allowances: Iterable[Allowance],
    today: date,
    *,
    tell_unused: bool = True,
) -> list[Finding]:
    """Return the findings with those that are allowed exempt.

    An exception that has expired allows nothing and is a warning, as is one that no
    finding needs, if `tell_unused`. What could not be checked cannot be allowed.
    """
    listed = list(findings)
    warnings: list[Finding] = []
    for allowance in allowances:
        expired = has_expired(allowance, today)
        hits = [
            i
            for i, item in enumerate(listed)
            if (item.status in _ALLOWABLE or item.exemption) and covers(allowance, item)
        ]
        for i in [] if expired else hits:
            if not listed[i].exemption:
                listed[i] = replace(
                    listed[i], status=Status.EXEMPT, exemption=allowance.exemption
                )
        if expired and hits:
            warnings.append(_expired(allowance, len(hits)))
        elif not hits and tell_unused:
            warnings.append(_unused(allowance))
    return listed + warnings


def _expired(allowance: Allowance, number: int) -> Finding:
    stands = "finding stands" if number == 1 else "findings stand"
    return _warning(
        "comply/expired-exception",
        "An exception that has expired",
        f"the exception for {', '.join(allowance.rules)} expired on {allowance.until}: "
        f"{number:,} {stands}",
        "Put right what was allowed, or give the exception a new date.",
        allowance.place,
    )


def _unused(allowance: Allowance) -> Finding:
    return _warning(
        "comply/unused-exception",
        "An exception that nothing needs",
        f"no finding needs the exception for {', '.join(allowance.rules)}",
        "Remove it, or correct the rule or the fact that it names.",
        allowance.place,
    )


def _warning(
    rule: str, title: str, message: str, remedy: str, place: Span | None
) -> Finding:
    return Finding(
        rule,
        title,
        Severity.LOW,
        Status.WARNING,
        message,
        span=place,
        remediation=remedy,
    )
