"""`comply rules`: the rules that come with comply, and those of the user."""

import json
import sys
from itertools import groupby
from pathlib import Path
from typing import Final

import click

from comply.check.session import Session
from comply.cli.cache import cache_folder
from comply.cli.rules_describe import show_relations, show_rules, write_docs
from comply.cli.terminal import wants_colour
from comply.findings import Status
from comply.report.characters import one_line
from comply.rules.files import packs as builtin_packs
from comply.rules.rule import Rule
from comply.source import ComplyError

_OWN: Final = "your rules"


@click.group(commands=(show_rules, write_docs, show_relations))
def command() -> None:
    """Look at the rules that come with comply, or at rules of your own.

    \b
    comply rules list --pack terraform
    comply rules show no-public-rds
    """  # noqa: D301  (click wants the character)


@command.command("list")
@click.option(
    "-r",
    "--rules",
    "paths",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Files and folders of your rules, in place of those that come with comply.",
)
@click.option(
    "--pack", "packs", multiple=True, metavar="PACK", help="Only this pack, or world."
)
@click.option("--json", "as_json", is_flag=True, help="JSON, with all that is known.")
def list_rules(
    *, paths: tuple[Path, ...], packs: tuple[str, ...], as_json: bool
) -> int:
    """List rules by pack: id, severity, title.

    \b
    comply rules list
    comply rules list --pack kubernetes/baseline
    comply rules list -r policy/ --json

    Exit code: 0 listed, 2 a rule does not compile.
    """  # noqa: D301  (click wants the character)
    chosen = packs or (() if paths else tuple(builtin_packs()))
    session = Session(rules=paths, packs=chosen, cache=cache_folder())
    rules = sorted(session.described(), key=lambda rule: (rule.pack, rule.id))
    if as_json:
        _write_json(rules)
    else:
        _write_table(rules)
    broken = [f for f in session.problems if f.status is Status.ERROR]
    for finding in broken:
        error = ComplyError(finding.message, finding.span, finding.remediation)
        sys.stderr.write(f"error: {error.render()}\n")
    return 2 if broken else 0


def _write_table(rules: list[Rule]) -> None:
    colour = wants_colour(sys.stdout)
    width = max((len(rule.id) for rule in rules), default=0)
    for pack, group in groupby(rules, key=lambda rule: rule.pack):
        title = pack or _OWN
        sys.stdout.write(f"\x1b[1m{title}\x1b[0m\n" if colour else f"{title}\n")
        for rule in group:
            severity = str(rule.severity or "")
            line = f"  {rule.id:<{width}}  {severity:<8}  {one_line(rule.title)}"
            sys.stdout.write(f"{line.rstrip()}\n")
        sys.stdout.write("\n")


def _write_json(rules: list[Rule]) -> None:
    listed = [
        {
            "id": rule.id,
            "pack": rule.pack,
            "title": rule.title,
            "severity": rule.severity and str(rule.severity),
            "language": rule.language,
            "description": rule.description,
            "remediation": rule.remediation,
            "controls": list(rule.controls),
            "related_resources": list(rule.related),
            "file": rule.file,
        }
        for rule in rules
    ]
    json.dump(listed, sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")
