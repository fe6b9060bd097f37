"""RULES -> SARIF's reporting descriptors: what a viewer tells about a rule."""

from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import quote

from comply.findings import Finding, Severity
from comply.report.run import Run

LEVELS: Final = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}

_SCORES: Final = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "3.0",
    Severity.INFO: "0.5",
}
"""What GitHub sorts by: the bounds of its words are 9, 7 and 4."""

_MOST_TAGS: Final = 20
"""GitHub refuses a rule with more."""


def descriptors(findings: Iterable[Finding], run: Run) -> list[dict[str, Any]]:
    """Return the rules that have findings, each once, in order."""
    first: dict[str, Finding] = {}
    for finding in findings:
        first.setdefault(finding.rule_id, finding)
    return [_rule(finding, run) for finding in first.values()]


def _rule(finding: Finding, run: Run) -> dict[str, Any]:
    about = run.about.get(finding.rule_id)
    title = finding.title or finding.rule_id or "finding"
    remedy = finding.remediation or (about.remediation if about else "")
    description = about.description if about else ""
    related = about.related if about else ()
    rule: dict[str, Any] = {
        "id": finding.rule_id,
        "shortDescription": {"text": title},
        "fullDescription": {"text": description or title},
        "help": {
            "text": "\n\n".join(filter(None, (description, remedy, *related))) or title,
            "markdown": _markdown(title, description, remedy, related),
        },
        "defaultConfiguration": {"level": LEVELS[finding.severity]},
        "properties": {
            "security-severity": _SCORES[finding.severity],
            "tags": _tags(finding.rule_id, about.controls if about else ()),
        },
    }
    if link := next((r for r in related if r.startswith("https://")), ""):
        rule["helpUri"] = _link(link)
    return rule


def _markdown(
    title: str, description: str, remedy: str, related: tuple[str, ...]
) -> str:
    """Return the help of a rule; its author wrote it, so its Markdown is meant."""
    parts = [f"# {title}"]
    if description:
        parts.append(description)
    if remedy:
        parts.append(f"## What to do\n\n{remedy}")
    if related:
        links = "\n".join(f"- {reference}" for reference in related)
        parts.append(f"## More\n\n{links}")
    return "\n\n".join(parts)


def _tags(rule_id: str, controls: tuple[str, ...]) -> list[str]:
    """Return the world and the pack of a rule, and the controls that it serves."""
    world, *pack = rule_id.split("/")[:-1] or [rule_id]
    named = ["security", world, *("/".join([world, *pack]) for _ in pack[:1])]
    tags = dict.fromkeys(tag for tag in (*named, *controls) if tag)
    return list(tags)[:_MOST_TAGS]


def _link(link: str) -> str:
    """Return a link with nothing in it that a URI may not hold."""
    return quote(link, safe=":/?#[]@!$&'()*+,;=%-._~", errors="replace")
