"""`comply rules show|docs|relations`: what rules mean, and what they may read."""

import json
import sys
from collections.abc import Iterable
from difflib import get_close_matches
from importlib import import_module
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from comply.check.session import Session
from comply.cli.cache import cache_folder
from comply.report.characters import one_line
from comply.rules.files import packs as builtin_packs
from comply.rules.rule import Rule
from comply.source import ComplyError


@click.command("show", short_help="Show what rules ask for, and why.")
@click.argument("names", nargs=-1, required=True, metavar="RULE ...")
@click.option(
    "-r",
    "--rules",
    "paths",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Files and folders of your rules, beside those that come with comply.",
)
@click.option("--source", is_flag=True, help="Print the rule's text as well.")
def show_rules(
    *, names: tuple[str, ...], paths: tuple[Path, ...], source: bool
) -> None:
    """Show rules: what they ask for, why, and how to mend what they find.

    \b
    comply rules show terraform/baseline/no-public-rds
    comply rules show no-public-rds --source
    """  # noqa: D301  (click wants the character)
    known = {rule.id: rule for rule in _described(paths)}
    for number, name in enumerate(names):
        rule = _found(name, known)
        sys.stdout.write(("\n" if number else "") + "\n".join(_lines(rule)) + "\n")
        if source:
            text = Path(rule.file).read_text(encoding="utf-8")
            sys.stdout.write(f"\n{text.rstrip()}\n")


@click.command("docs")
@click.option(
    "-r",
    "--rules",
    "paths",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Files and folders of your rules, in place of those that come with comply.",
)
@click.option("--pack", "packs", multiple=True, metavar="PACK", help="Only this pack.")
def write_docs(*, paths: tuple[Path, ...], packs: tuple[str, ...]) -> None:
    """Write a page in Markdown about rules, from their METADATA.

    \b
    comply rules docs -r policy/ > policies.md
    """  # noqa: D301  (click wants the character)
    chosen = packs or (() if paths else tuple(builtin_packs()))
    rules = Session(rules=paths, packs=chosen, cache=cache_folder()).described()
    sys.stdout.write("# Rules\n")
    by_pack = sorted(rules, key=lambda rule: (rule.pack, rule.id))
    for pack, group in groupby(by_pack, key=lambda rule: rule.pack):
        sys.stdout.write(f"\n## {pack or 'Your rules'}\n")
        for rule in group:
            sys.stdout.write("\n".join(["", *_page(rule), ""]))


@click.command("relations", short_help="List what assertions may read.")
@click.argument("names", nargs=-1, metavar="[RELATION|WORLD ...]")
@click.option("--json", "as_json", is_flag=True, help="JSON instead of a table.")
def show_relations(*, names: tuple[str, ...], as_json: bool) -> None:
    """List the relations that assertions may read of plans, manifests and schemas.

    \b
    comply rules relations
    comply rules relations terraform kubernetes.containers
    """  # noqa: D301  (click wants the character)
    relations = import_module("comply.sql.relations").RELATIONS
    chosen = [r for r in relations if not names or {r.name, r.world} & set(names)]
    if not chosen:
        known = [name for r in relations for name in (r.name, r.world)]
        raise ComplyError(
            f"there is no relation {names[0]}", hint=_near(names[0], known)
        )
    if as_json:
        listed = [
            {
                "name": r.name,
                "description": r.doc,
                "columns": [
                    {"name": f.name, "type": f.kind, "description": f.doc}
                    for f in r.fields
                ],
            }
            for r in chosen
        ]
        json.dump(listed, sys.stdout, indent=2)
        sys.stdout.write("\n")
        return
    for relation in chosen:
        sys.stdout.write("\n".join([*_columns(relation), "", ""]))


def _columns(relation: Any) -> Iterable[str]:  # noqa: ANN401  (sql is imported late)
    yield f"{relation.name}  {relation.doc}"
    width = max(len(field.name) for field in relation.fields)
    for field in relation.fields:
        yield f"  {field.name:<{width}}  {field.kind:<8}  {field.doc}"


def _described(paths: tuple[Path, ...]) -> list[Rule]:
    packs = tuple(builtin_packs())
    return Session(rules=paths, packs=packs, cache=cache_folder()).described()


def _found(name: str, known: dict[str, Rule]) -> Rule:
    """Return the rule of an id, or of its last part where only one rule has it."""
    if name in known:
        return known[name]
    ends = [rule for key, rule in known.items() if key.rsplit("/", 1)[-1] == name]
    if len(ends) == 1:
        return ends[0]
    hint = _near(name, known)
    if ends:
        hint = f"several have this name: {', '.join(rule.id for rule in ends)}"
    raise ComplyError(f"there is no rule {name}", hint=hint)


def _near(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, known, 3, 0.4)
    return f"did you mean {' or '.join(near)}?" if near else "`comply rules list`"


def _lines(rule: Rule) -> Iterable[str]:
    yield f"{rule.id}  {rule.severity or ''}".rstrip()
    yield f"  {one_line(rule.title)}"
    for part in (rule.description, rule.remediation):
        if part:
            yield ""
            yield from (f"  {line}" for line in part.strip().splitlines())
    yield ""
    if rule.controls:
        yield f"  controls   {', '.join(rule.controls)}"
    for link in rule.related:
        yield f"  see        {link}"
    yield f"  language   {rule.language}"
    yield f"  file       {rule.file}"


def _page(rule: Rule) -> Iterable[str]:
    severity = f" · {rule.severity}" if rule.severity else ""
    yield f"### `{rule.id}`{severity}"
    yield ""
    yield f"**{one_line(rule.title)}.** {rule.description.strip()}".rstrip()
    if rule.remediation:
        yield ""
        yield f"Remedy: {rule.remediation.strip()}"
    if rule.controls:
        yield ""
        yield f"Controls: {', '.join(rule.controls)}"
    for link in rule.related:
        yield ""
        yield f"See {link}"
