"""UNDETERMINED FINDINGS -> WHAT BECOMES OF THEM: shown, only counted, or a failure."""

from collections.abc import Iterable
from typing import Final

from comply.findings import Finding, Status
from comply.rules.rule import Rule

UNDETERMINED: Final = ("pass", "warn", "fail")


def sort_undetermined(
    findings: Iterable[Finding], rules: Iterable[Rule], default: str
) -> tuple[list[Finding], int, frozenset[str]]:
    """Return the findings to show, how many are hidden, and the rules that fail.

    What a rule says of itself goes before `default`: "pass" hides, "fail" fails.
    """
    own = {rule.id: rule.undetermined for rule in rules if rule.undetermined}
    shown: list[Finding] = []
    hidden = 0
    failing: set[str] = set()
    for item in findings:
        choice = own.get(item.rule_id, default)
        if item.status is not Status.UNDETERMINED:
            shown.append(item)
        elif choice == "pass":
            hidden += 1
        else:
            shown.append(item)
            if choice == "fail":
                failing.add(item.rule_id)
    return shown, hidden, frozenset(failing)
