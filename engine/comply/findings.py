"""Findings: what a check says about a fact."""

from enum import StrEnum
from hashlib import sha256

from comply.classes import dataclass, field
from comply.source import Span


class Severity(StrEnum):
    """How much a finding matters, lowest first."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


SEVERITIES = tuple(Severity)


class Status(StrEnum):
    """What a finding is.

    `undetermined`: the value is known only after apply. `exempt`: someone allowed it.
    `error`: the rule or the fact could not be evaluated, so nothing is known.
    """

    VIOLATION = "violation"
    WARNING = "warning"
    UNDETERMINED = "undetermined"
    EXEMPT = "exempt"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Exemption:
    """Why a finding is allowed to be, who says so, and until when.

    `until` is a date (YYYY-MM-DD), empty for always. `place` is where it is written,
    such as `comply.yaml:12`; `inline` whether that is beside what the finding is about.
    """

    reason: str
    owner: str = ""
    until: str = ""
    place: str = ""
    inline: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of one rule.

    `fact` is the identity of what it is about (an address, a manifest, a table), empty
    when the rule speaks of the whole document. `evidence` holds rows or values that
    show why; it never holds a sensitive value. `exemption` belongs to the status exempt.
    """

    rule_id: str
    title: str
    severity: Severity
    status: Status
    message: str
    fact: str = ""
    span: Span | None = None
    remediation: str = ""
    evidence: tuple[dict[str, object], ...] = field(default=(), hash=False)
    exemption: Exemption | None = None

    @property
    def fingerprint(self) -> str:
        """A digest stable across line moves: rule, fact and message."""
        text = f"{self.rule_id}\0{self.fact}\0{self.message}"
        return sha256(text.encode()).hexdigest()[:32]
