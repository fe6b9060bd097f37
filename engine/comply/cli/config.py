"""`comply config`: which settings a run here would have, and where they come from."""

import json
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from comply.cli.settings import VARIABLES, Settings, read_settings
from comply.exempt.allowance import Allowance

_HIDDEN = ("file", "origins", "places", "variables")


@click.group()
def command() -> None:
    """Show the settings of comply.yaml, the environment and the defaults.

    \b
    comply config show
    """  # noqa: D301  (click wants the character)


@command.command("show")
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The settings. Default: comply.yaml, if there is one here.",
)
@click.option("--json", "as_json", is_flag=True, help="JSON, for programs.")
def show(*, config: Path | None, as_json: bool) -> int:
    """List every setting, its value, and where it was given.

    \b
    comply config show
    COMPLY_FAIL_ON=high comply config show --json

    A flag of `comply check` goes before a COMPLY_ variable, that before comply.yaml,
    that before the default.
    """  # noqa: D301  (click wants the character)
    rows = described(read_settings(config))
    if as_json:
        json.dump(rows, sys.stdout, ensure_ascii=False, indent=2)
        sys.stdout.write("\n")
        return 0
    names = max(len(row["setting"]) for row in rows)
    origins = max(len(row["from"]) for row in rows)
    for row in rows:
        value = json.dumps(row["value"], ensure_ascii=False)
        sys.stdout.write(
            f"{row['setting']:<{names}}  {row['from']:<{origins}}  {value}\n"
        )
    return 0


def described(settings: Settings) -> list[dict[str, Any]]:
    """Return every setting with its value, where that is from, and its variable."""
    return [
        {
            "setting": item.name,
            "value": _plain(getattr(settings, item.name)),
            "from": settings.origins.get(item.name, "default"),
            "variable": f"COMPLY_{item.name.upper()}" if item.name in VARIABLES else "",
        }
        for item in fields(settings)
        if item.name not in _HIDDEN
    ]


def _plain(value: Any) -> Any:  # noqa: ANN401  (JSON)
    match value:
        case Path():
            return value.as_posix()
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case tuple():
            return [_plain(item) for item in value]
        case Allowance():
            said = {
                "rule": ",".join(value.rules),
                "fact": ",".join(value.facts),
                "path": ",".join(value.paths),
                "reason": value.reason,
                "owner": value.owner,
                "until": value.until,
            }
            return {name: text for name, text in said.items() if text}
        case _:
            return value
