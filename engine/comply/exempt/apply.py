"""FINDINGS x EXCEPTIONS -> FINDINGS: the allowed ones exempt, the idle exceptions named."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from importlib import import_module
from typing import Final, TypeAlias

from comply.classes import dataclass, field
from comply.exempt.allowance import (
    KEY,
    MARK,
    Allowance,
    Ground,
    concerns,
    covers,
    has_expired,
    own_ground,
)
from comply.findings import Finding, Severity, Status
from comply.source import Source, Span

_ALLOWABLE: Final = frozenset({Status.VIOLATION, Status.WARNING, Status.UNDETERMINED})

Grounds: TypeAlias = Callable[[Finding], tuple[Ground, ...]]


def exceptions_in(
    names: Iterable[str], read: Callable[[str], Source | None]
) -> tuple[list[Allowance], list[Finding]]:
    """Return the exceptions written in files, and mistakes.

    `read` gives the text of a file by its name, None if there is none to read.
    """
    allowances: list[Allowance] = []
    mistakes: list[Finding] = []
    for name in sorted(set(names)):
        source = read(name)
        if source is None:
            continue
        for mark, module, reader in READERS:
            if mark in source.text:
                found, wrong = getattr(import_module(module), reader)(source)
                allowances += found
                mistakes += wrong
    return allowances, mistakes


READERS: Final = (
    (MARK, "comply.exempt.comments", "inline_exceptions"),
    (KEY, "comply.exempt.annotations", "annotated_exceptions"),
)
"""What a text with exceptions holds, and what reads it: most files need neither."""


def always(_allowance: Allowance) -> bool:
    """Tell that an exception that nothing needs is to be told of."""
    return True


def exempt(
    findings: Iterable[Finding],
    allowances: Iterable[Allowance],
    today: date,
    *,
    tells_unused: Callable[[Allowance], bool] = always,
    grounds: Grounds = own_ground,
) -> list[Finding]:
    """Return the findings with those that are allowed exempt.

    An exception that has expired allows nothing and is a warning, as is one that no
    finding needs, if `tells_unused` is true of it. What could not be checked cannot be
    allowed. A finding with several `grounds` may be of several configurations: it is
    exempt if exceptions speak of it in each of them.
    """
    held = [_Held(item) for item in findings]
    told: list[Finding] = []
    used: list[_Use] = []
    for allowance in allowances:
        hits = _hits(allowance, held, grounds)
        if hits and has_expired(allowance, today):
            told.append(_expired(allowance, len(hits)))
        elif hits:
            used.append(_Use(allowance, hits))
            _allow(allowance, hits)
        elif tells_unused(allowance):
            told.append(_unused(allowance))
    told += [
        _unclear(u) for u in used if not any(h.finding.exemption for h, _ in u.hits)
    ]
    return [item.finding for item in held] + told


@dataclass(slots=True)
class _Held:
    """A finding, its grounds, and which of those no exception speaks of yet."""

    finding: Finding
    grounds: tuple[Ground, ...] = ()
    left: set[int] = field(default_factory=set)


_Hits: TypeAlias = list[tuple[_Held, set[int]]]


@dataclass(frozen=True, slots=True)
class _Use:
    """An exception, and the findings it speaks of, with the grounds where it does."""

    allowance: Allowance
    hits: _Hits


def _hits(allowance: Allowance, held: list[_Held], grounds: Grounds) -> _Hits:
    hits = []
    for item in held:
        finding = item.finding
        allowable = finding.status in _ALLOWABLE or finding.exemption
        if not allowable or not concerns(allowance, finding):
            continue
        if not item.grounds:
            item.grounds = grounds(finding)
            item.left = set(range(len(item.grounds)))
        at = {n for n, g in enumerate(item.grounds) if covers(allowance, finding, g)}
        if at:
            hits.append((item, at))
    return hits


def _allow(allowance: Allowance, hits: _Hits) -> None:
    """Make findings exempt whose last ground this exception speaks of."""
    for item, at in hits:
        item.left -= at
        if not item.left and not item.finding.exemption:
            item.finding = replace(
                item.finding, status=Status.EXEMPT, exemption=allowance.exemption
            )


def _unclear(use: _Use) -> Finding:
    item, at = use.hits[0]
    folders = [ground.folder for ground in item.grounds]
    other = next(folder for n, folder in enumerate(folders) if n not in at)
    file = item.finding.span.file if item.finding.span else ""
    return _warning(
        "comply/unclear-exception",
        "An exception that may not be meant",
        f"the exception for {', '.join(use.allowance.rules)} allows nothing: "
        f"{item.finding.fact} in {file} may be of {other} as well",
        "Name the configuration that the plan is of: --source, or `sources` in "
        "comply.yaml. Or check one configuration at a time.",
        use.allowance.place,
    )


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
