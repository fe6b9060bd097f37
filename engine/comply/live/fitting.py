"""PACKS x SCHEMA -> the rules of packs that have something to look at there."""

from collections.abc import Mapping, Sequence
from typing import Final

from comply.findings import Finding, Severity, Status
from comply.live.compare import Held
from comply.sql.assertion import tables_in
from comply.sql.rule import AssertionRule

_SHOWN: Final = 6


def fitting(
    packs: Mapping[str, Sequence[AssertionRule]], held: Held
) -> tuple[list[AssertionRule], list[Finding]]:
    """Return the rules that apply to a schema, and a finding a pack about the others.

    A rule of a pack applies if one of its tables is there; if the others are not, the
    rule's own check says so. What users wrote themselves is not asked: it always applies.
    """
    apply: list[AssertionRule] = []
    found: list[Finding] = []
    for pack, rules in packs.items():
        lacking = [rule for rule in rules if not _has_any(rule, held)]
        apply += [rule for rule in rules if rule not in lacking]
        if lacking:
            found.append(_not_applicable(pack, lacking, len(rules), held))
    return apply, found


def _has_any(rule: AssertionRule, held: Held) -> bool:
    """Tell whether a table of a rule is in the schema, or belongs to another one."""
    return any(
        name.owner not in ("", held.schema) or held.catalog.find(name)
        for name in tables_in(rule.assertion)
    )


def _not_applicable(
    pack: str, lacking: Sequence[AssertionRule], of: int, held: Held
) -> Finding:
    names = sorted({str(n) for rule in lacking for n in tables_in(rule.assertion)})
    shown = ", ".join(names[:_SHOWN]) + (", .." if len(names) > _SHOWN else "")
    many = f"its {of} rules" if len(lacking) == of else f"{len(lacking)} of {of} rules"
    return Finding(
        "live/not-applicable",
        "The packs fit the database",
        Severity.INFO,
        Status.UNDETERMINED,
        f"{pack}: {many} not applicable here: the schema {held.schema} has none of the"
        f" tables {shown}",
        pack,
        remediation="Leave the pack out, or name another schema as in ?schema=APP.",
    )
