"""A rule as its author describes it."""

from collections.abc import Mapping
from typing import Any

from comply.classes import dataclass
from comply.findings import Severity
from comply.rules.files import RuleFile


@dataclass(frozen=True, slots=True)
class Rule:
    """What reports say of a rule; the fields come from its METADATA.

    `controls` are the controls of published standards that it serves, `undetermined` is
    what its author wants of results that cannot be told yet: pass, warn, fail, or "".
    """

    id: str
    title: str
    severity: Severity | None
    language: str
    file: str
    description: str = ""
    remediation: str = ""
    pack: str = ""
    controls: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    undetermined: str = ""


def describe(file: RuleFile, fields: Mapping[str, Any]) -> Rule:
    """Return the rule of a file whose METADATA has these fields.

    `custom` may hold id, severity, remediation, controls and undetermined; so may the
    top level.
    """
    custom = fields.get("custom")
    own: dict[str, Any] = {**fields, **(custom if isinstance(custom, dict) else {})}
    severity = str(own.get("severity", "")).lower()
    rule_id = str(own.get("id", file.id))
    return Rule(
        rule_id,
        str(own.get("title", rule_id.rsplit("/", 1)[-1].replace("-", " "))),
        Severity(severity) if severity in set(Severity) else None,
        file.language,
        file.source.name,
        str(own.get("description", "")),
        str(own.get("remediation", "")),
        file.pack,
        tuple(map(str, _listed(own.get("controls")))),
        tuple(_reference(item) for item in _listed(own.get("related_resources"))),
        _choice(own.get("undetermined")),
    )


def _choice(value: object) -> str:
    """Return what becomes of undetermined results, "" where nothing known is said."""
    return str(value) if value in ("pass", "warn", "fail") else ""


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _reference(value: object) -> str:
    return str(value.get("ref", "")) if isinstance(value, dict) else str(value)
