"""What a report says besides its findings, and in which order it gives them."""

from collections import Counter
from collections.abc import Iterable, Mapping

from comply.classes import dataclass, field
from comply.findings import SEVERITIES, Finding, Severity, Status
from comply.rules.rule import Rule


@dataclass(frozen=True, slots=True)
class Run:
    """One run: what was checked with what, and what could not be.

    `documents`, `facts` and `rules` are counts; `packs` the packs used; `notices` what
    people should know, such as files that were left out; `seconds` the time it took.
    `threshold` is the least severity that fails the run, `failing` are the rules whose
    undetermined findings do. `colour` and `width` (columns,
    0 if lines must not be wrapped) describe the terminal. `carets` asks for marks under
    the places of findings, for documents that people wrote by hand. `about` is what is
    known of rules, by id. `root` is the folder of the repository and `folder` the one,
    under it, that file names are relative to; both have slashes, and may be empty.
    `modules` are the folders of the root modules whose source was checked, `plans` the
    names of the Terraform plans; `remarked` are manifests and scripts that may hold
    exceptions.
    """

    version: str = ""
    documents: int = 0
    facts: int = 0
    rules: int = 0
    packs: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    seconds: float = 0.0
    threshold: Severity = Severity.INFO
    failing: frozenset[str] = frozenset()
    colour: bool = False
    width: int = 0
    carets: bool = False
    about: Mapping[str, Rule] = field(default_factory=dict, hash=False)
    root: str = ""
    folder: str = ""
    modules: tuple[str, ...] = ()
    plans: tuple[str, ...] = ()
    remarked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Counts:
    """How many findings there are of each status, and of each severity."""

    statuses: Counter[Status]
    severities: Counter[Severity]
    """Of violations and warnings only: the others say nothing about the facts."""

    @property
    def total(self) -> int:
        """How many findings there are."""
        return self.statuses.total()


def count(findings: Iterable[Finding]) -> Counts:
    """Return the numbers of a report's summary."""
    listed = list(findings)
    return Counts(
        Counter(f.status for f in listed),
        Counter(
            f.severity for f in listed if f.status in {Status.VIOLATION, Status.WARNING}
        ),
    )


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings by file, then by place, the worst first where places are equal."""
    return sorted(findings, key=_place)


def _place(finding: Finding) -> tuple[str, int, int, int, str, str, str]:
    span = finding.span
    return (
        span.file if span else "",
        span.row if span else 0,
        span.col if span else 0,
        -SEVERITIES.index(finding.severity),
        finding.rule_id,
        finding.fact,
        finding.message,
    )
