"""comply.yaml: what a project checks, with which rules, and what fails a run."""

import json
from collections.abc import Callable, Iterable
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from comply.classes import dataclass, field
from comply.findings import Severity
from comply.source import ComplyError, Span

NAME: Final = "comply.yaml"

_Locate: TypeAlias = Callable[[tuple[str | int, ...]], Span | None]


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of a project.

    `paths`, `rules`, `exclude`, `baseline`, `sources` and the files of `formats` are
    relative to the folder of the file. `sources` maps patterns of plans to the folders of
    the configurations they are of. `severities` maps a rule id or a pattern to the severity that its
    findings have here; `exceptions` are as written. `parameters` maps a rule
    id to what its author lets a project choose; rules read them at
    `data.comply.parameters[id]`. Findings below `fail_on` do not fail a run.
    `undetermined` is pass, warn or fail: what becomes of what cannot be told yet.
    `timeout` (seconds), `max_findings` and `max_memory` (MB) are what one rule may take,
    0 for any; `var_files` hold the values of Terraform variables.
    """

    paths: tuple[str, ...] = ()
    packs: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    fail_on: Severity = Severity.INFO
    undetermined: str = "warn"
    parameters: dict[str, dict[str, Any]] = field(default_factory=dict)
    exclude: tuple[str, ...] = ()
    severities: dict[str, str] = field(default_factory=dict)
    exceptions: tuple[dict[str, str], ...] = ()
    baseline: str = ""
    formats: tuple[str, ...] = ()
    sources: dict[str, str] = field(default_factory=dict)
    timeout: float = 30.0
    max_findings: int = 250_000
    max_memory: int = 1_024
    var_files: tuple[str, ...] = ()


class ConfigError(ComplyError):
    """A comply.yaml that says something comply does not understand."""


def schema_root() -> Path:
    """Return the folder of the published schemas, in the wheel or in a checkout."""
    package = Path(__file__).parent
    shipped = package / "schemas"
    return shipped if shipped.is_dir() else package.parents[1] / "schemas"


def configure(value: object, locate: _Locate) -> Config:
    """Return the settings in the value of a comply.yaml.

    `locate` finds the place of a path in the file.

    Raises:
        ConfigError: if the value does not fit schemas/comply.schema.json, with the
            place of the first mistake and what was probably meant.

    >>> configure({"packs": ["terraform/baseline"]}, lambda path: None).packs
    ('terraform/baseline',)
    """
    schema = json.loads((schema_root() / "comply.schema.json").read_text())
    found = sorted(
        Draft202012Validator(schema).iter_errors(value or {}),
        key=lambda error: list(map(str, error.absolute_path)),
    )
    if found:
        raise _explain(found[0], locate)
    members: dict[str, Any] = value if isinstance(value, dict) else {}
    return Config(
        paths=tuple(members.get("paths", ())),
        packs=tuple(members.get("packs", ())),
        rules=tuple(members.get("rules", ())),
        fail_on=Severity(members.get("fail_on", Severity.INFO)),
        undetermined=members.get("undetermined", "warn"),
        parameters=members.get("parameters") or {},
        exclude=tuple(members.get("exclude", ())),
        severities=members.get("severities") or {},
        exceptions=_dated(members.get("exceptions", ()), locate),
        baseline=members.get("baseline", ""),
        formats=tuple(members.get("formats", ())),
        sources=members.get("sources") or {},
        timeout=float(members.get("timeout", 30.0)),
        max_findings=members.get("max_findings", 250_000),
        max_memory=members.get("max_memory", 1_024),
        var_files=tuple(members.get("var_files", ())),
    )


def _dated(
    exceptions: Iterable[dict[str, str]], locate: _Locate
) -> tuple[dict[str, str], ...]:
    """Return exceptions whose dates are days of the calendar.

    Raises:
        ConfigError: if one is not.
    """
    listed = tuple(exceptions)
    for i, item in enumerate(listed):
        try:
            date.fromisoformat(item.get("until", "2000-01-01"))
        except ValueError:
            raise ConfigError(
                f"exceptions.{i}.until: there is no day {item['until']}",
                locate(("exceptions", i, "until")),
                hint="write a date as YYYY-MM-DD",
            ) from None
    return listed


def _explain(error: ValidationError, locate: _Locate) -> ConfigError:
    path = tuple(error.absolute_path)
    schema: dict[str, Any] = dict(cast("dict[str, Any]", error.schema))
    if error.validator == "additionalProperties":
        known = sorted(name for name in schema["properties"] if name != "$schema")
        members = cast("dict[str, Any]", error.instance)
        unknown = next(name for name in members if name not in schema["properties"])
        return ConfigError(
            f"unknown setting {unknown!r}",
            locate((*path, unknown)),
            hint=_suggest(unknown, known),
        )
    name = ".".join(map(str, path)) or NAME
    if error.validator == "required":
        written = cast("dict[str, Any]", error.instance)
        lacking = next(key for key in schema["required"] if key not in written)
        return ConfigError(
            f"{name}: `{lacking}` is missing",
            locate(path),
            hint=str(schema["properties"][lacking].get("description", "")),
        )
    if error.validator == "enum":
        choices = [str(choice) for choice in schema["enum"]]
        return ConfigError(
            f"{name}: {error.instance!r} is not one of {', '.join(choices)}",
            locate(path),
            hint=_suggest(str(error.instance), choices),
        )
    return ConfigError(
        f"{name}: {_complaint(error)}",
        locate(path),
        hint=str(schema.get("description", "")),
    )


def _complaint(error: ValidationError) -> str:
    if error.validator == "type":
        kind = _KINDS.get(str(error.validator_value), str(error.validator_value))
        return f"this must be {kind}, not {json.dumps(error.instance, default=str)}"
    return error.message


_KINDS: Final = {
    "array": "a list",
    "object": "a mapping",
    "string": "a text",
    "number": "a number",
    "integer": "a whole number",
}


def _suggest(word: str, known: list[str]) -> str:
    close = get_close_matches(word, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}"
