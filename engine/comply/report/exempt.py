"""What reports say of an exempt finding: why, who says so, and until when."""

from collections.abc import Iterator

from comply.findings import Finding, Status
from comply.report.characters import one_line


def entries(finding: Finding) -> Iterator[tuple[str, str]]:
    """Yield what is known of a finding's exemption, each with its name.

    >>> from comply.findings import Exemption, Severity
    >>> allowed = Exemption("a test bed", "ann", until="2027-01-01")
    >>> list(entries(Finding("a", "", Severity.LOW, Status.EXEMPT, "", exemption=allowed)))
    [('Reason', 'a test bed'), ('Owner', 'ann'), ('Until', '2027-01-01')]
    """
    exemption = finding.exemption
    if exemption is None:
        return
    named = {
        "Reason": exemption.reason,
        "Owner": exemption.owner,
        "Until": exemption.until,
        "Written in": exemption.place,
    }
    yield from ((name, text) for name, text in named.items() if text)


def sentence(finding: Finding) -> str:
    """Return `exempt by ann until 2027-01-01: a test bed`; empty if it is not exempt."""
    exemption = finding.exemption
    if finding.status is not Status.EXEMPT or exemption is None:
        return ""
    owner = f" by {exemption.owner}" if exemption.owner else ""
    until = f" until {exemption.until}" if exemption.until else ""
    place = f" ({exemption.place})" if exemption.place else ""
    return one_line(f"exempt{owner}{until}: {exemption.reason}{place}")


def described(finding: Finding) -> str:
    """Return a finding's message, preceded by its status where that is no violation.

    For formats whose readers show no status of ours.
    """
    match finding.status:
        case Status.VIOLATION | Status.WARNING:
            return finding.message
        case Status.EXEMPT if said := sentence(finding):
            return f"{said}: {finding.message}"
        case status:
            return f"{status}: {finding.message}"
