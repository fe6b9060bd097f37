"""FINDING -> WORLD: terraform, kubernetes, oracle, or data."""

from pathlib import PurePath
from typing import Final

from comply.findings import Finding

WORLDS: Final = ("terraform", "kubernetes", "oracle", "data")

_SUFFIXES: Final = {
    ".tf": "terraform",
    ".tfvars": "terraform",
    ".sql": "oracle",
    ".yaml": "kubernetes",
    ".yml": "kubernetes",
}


def world(finding: Finding) -> str:
    """Return the world that a finding is about.

    The id of a rule that comes with comply starts with it. Else the file tells, and
    where that is JSON, which all of them may be, the form of the fact's identity.

    >>> from comply.findings import Severity, Status
    >>> world(Finding("own", "", Severity.LOW, Status.VIOLATION, "", "v1/Pod/shop/a"))
    'kubernetes'
    """
    first = finding.rule_id.partition("/")[0]
    if first in WORLDS:
        return first
    path = PurePath(finding.span.file if finding.span else "")
    if path.name.endswith(".tf.json"):
        return "terraform"
    return _SUFFIXES.get(path.suffix.lower()) or _of_identity(finding.fact)


def _of_identity(fact: str) -> str:
    """Return the world whose facts are called so: an address, or kind and name."""
    outside, _, _ = fact.partition("[")
    if outside.count("/") >= 2:
        return "kubernetes"
    return "terraform" if "." in outside else "data"
