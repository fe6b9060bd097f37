"""`comply explain`: why a rule found something, or did not."""

import json
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import click

from comply.check.session import Session
from comply.cli.cached_check import Options
from comply.cli.check import merge
from comply.cli.exemptions import held_against, judged_by
from comply.cli.inputs import survey
from comply.cli.run_options import (
    InOrder,
    outside_of,
    refuse_unknown,
    source_options,
    with_options,
)
from comply.cli.settings import Settings, left_out, read_settings
from comply.cli.terminal import wants_colour
from comply.cli.whole_check import named_documents
from comply.explain.machine import reason_object
from comply.explain.story import (
    Found,
    NotFound,
    Target,
    find_rule,
    rule_ids,
    tell,
)
from comply.explain.text import held_lines, reason_lines
from comply.load.facts import Document
from comply.report.characters import one_line, visible
from comply.report.exempt import sentence
from comply.report.look import Look, look_of
from comply.report.run import Run
from comply.rules.files import RuleFile, packs, rule_files
from comply.source import ComplyError

_HEX: Final = frozenset("0123456789abcdef")
_SHORTEST: Final = 6
_MOST: Final = 5


@click.command(cls=InOrder)
@click.argument("what", metavar="RULE|FINGERPRINT")
@click.argument(
    "paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH ...]"
)
@click.option(
    "-r",
    "--rules",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="A file or folder of your rules. Default: those that come with comply.",
)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The settings. Default: comply.yaml, if there is one here.",
)
@click.option(
    "--fact", default="", metavar="ADDRESS", help="Only what is about this fact."
)
@click.option(
    "--all", "everything", is_flag=True, help="All findings, not the first few."
)
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    help="For people, which is the default, or for programs.",
)
@source_options
def command(  # noqa: PLR0913  (click passes one argument an option)
    *,
    what: str,
    paths: tuple[Path, ...],
    rules: tuple[Path, ...],
    config: Path | None,
    fact: str,
    everything: bool,
    form: str,
) -> int:
    """Say why a rule found something, or why it did not.

    RULE is the id of a rule, as `comply check` prints it below a finding; FINGERPRINT
    is that of a finding, as in its JSON report, or the beginning of it. The rule is run
    on the PATHs again, and its lines are shown with the values that made them true; of
    what found nothing, the first expression that failed. Parameters of rules, severities,
    exceptions and a baseline count as they do for `comply check`.

    \b
    comply explain terraform/baseline/no-public-rds plan.json
    comply explain terraform/baseline/no-public-rds plan.json --fact aws_db_instance.main
    comply explain 3f9a0c12 plan.json -r policy/

    Exit code: 0 there is an answer, 2 there is no such rule or finding.
    """  # noqa: D301  (click wants the character)
    settings = merge(read_settings(config), paths, rules, ())
    settings = with_options(settings, click.get_current_context(), None)
    files = _files(settings.rules, settings.packs)
    documents = _documents(settings)
    data = {"comply": {"parameters": settings.parameters}}
    target, stories = _stories(what, files, documents, data, fact)
    stories = _as_allowed(stories, documents, settings)
    if form == "json":
        _write_json(target, stories)
    else:
        look = look_of(sys.stdout, colour=wants_colour(sys.stdout))
        shown = stories if everything else _first(stories)
        _write_text(target, shown, look, len(stories) - len(shown))
    return 0


def _files(rules: Iterable[Path], chosen: tuple[str, ...]) -> list[RuleFile]:
    """Return the rule files that are looked through: the user's, or all packs."""
    named = list(rules)
    return rule_files(named, chosen or (() if named else packs()))


def _documents(settings: Settings) -> list[Document]:
    session = Session(rules=(), packs=())
    paths = settings.paths or (Path(),)
    found = survey(paths, None, left_out(settings), outside_of(settings))
    if found.errors:
        raise found.errors[0]
    modules = (x.source for x in found.inputs if x.kind == "terraform_source")
    refuse_unknown(settings, modules)
    for item in found.inputs:
        session.add(item.source, item.kind)
    if not session.documents:
        raise ComplyError(
            "there is nothing to explain the rule on",
            hint="name the plan, manifest or script that was checked",
        )
    return session.documents


def _stories(
    what: str,
    files: list[RuleFile],
    documents: list[Document],
    data: dict[str, Any],
    fact: str,
) -> tuple[Target, list[Found | NotFound]]:
    """Return the rule that is meant, and what there is to say about it."""
    ids = rule_ids(files)
    if what in ids or not (_HEX.issuperset(what) and len(what) >= _SHORTEST):
        target = find_rule(files, what)
        return target, list(tell(target, documents, data, fact))
    for rule_id in ids:
        target = find_rule(files, rule_id)
        for story in tell(target, documents, data, fact):
            if isinstance(story, Found) and story.finding.fingerprint.startswith(what):
                return target, [story]
    raise ComplyError(
        f"no finding's fingerprint begins with {what}",
        hint="name the same rules and files as for `comply check`",
    )


def _as_allowed(
    stories: list[Found | NotFound], documents: list[Document], settings: Settings
) -> list[Found | NotFound]:
    """Return stories with what `comply check` says of their findings: what is exempt."""
    findings = [story.finding for story in stories if isinstance(story, Found)]
    run = Run(
        modules=named_documents(documents, "terraform_source"),
        plans=named_documents(documents, "terraform_plan"),
    )
    judged = replace(judged_by(settings, Options()), whole=False)
    made = iter(held_against(findings, run, settings, judged)[0])
    return [
        replace(story, finding=next(made)) if isinstance(story, Found) else story
        for story in stories
    ]


def _first(stories: list[Found | NotFound]) -> list[Found | NotFound]:
    """Return the first findings, or where there are none, the first reasons."""
    found = [story for story in stories if isinstance(story, Found)]
    return list((found or stories)[:_MOST])


def _write_json(target: Target, stories: list[Found | NotFound]) -> None:
    value = {
        "rule": target.rule.id,
        "title": target.rule.title,
        "file": target.rule.file,
        "found": [_found_object(s) for s in stories if isinstance(s, Found)],
        "not_found": [_not_object(s) for s in stories if isinstance(s, NotFound)],
    }
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")


def _found_object(story: Found) -> dict[str, Any]:
    return {
        "document": story.document,
        "fact": story.finding.fact,
        "message": story.finding.message,
        "status": story.finding.status,
        "severity": story.finding.severity,
        "exempt": sentence(story.finding),
        "fingerprint": story.finding.fingerprint,
        "lines": [
            {
                "row": line.span.row,
                "text": line.span.line.strip(),
                "values": dict(line.values),
            }
            for line in story.lines
        ],
    }


def _not_object(story: NotFound) -> dict[str, Any]:
    reason = None if story.reason is None else reason_object(story.reason)
    return {
        "document": story.document,
        "clause": story.clause,
        "row": story.span.row,
        "reason": reason,
    }


def _write_text(
    target: Target, stories: list[Found | NotFound], look: Look, more: int
) -> None:
    rule = target.rule
    heading = look.paint("1;4", rule.id)
    sys.stdout.write(
        f"{heading}  {one_line(rule.title)}  {look.paint('2', rule.file)}\n\n"
    )
    if not stories:
        sys.stdout.write(
            "  nothing to say: the rule is about none of these documents or facts\n"
        )
    for story in stories:
        lines = (
            _found(story, look)
            if isinstance(story, Found)
            else _not(story, look, rule.file)
        )
        sys.stdout.writelines(f"{line.rstrip()}\n" for line in (*lines, ""))
    if more:
        sign = look.paint("34", look.pick("\u2139", "i"))
        sys.stdout.write(f"{sign} {more:,} more: --all shows them, --fact picks one\n")


def _found(story: Found, look: Look) -> Iterable[str]:
    made = story.finding
    exempt = sentence(made)
    colour, signs = ("2", ("○", "o")) if exempt else ("1;31", ("✗", "x"))
    mark = look.paint(colour, look.pick(*signs))
    about = look.paint("1", one_line(made.fact)) or "the whole document"
    yield f"{mark} {about}  {look.paint('2', story.document)}"
    yield f"  {visible(made.message)}"
    if exempt:
        yield f"  {exempt}"
    yield from (f"    {line}" for line in held_lines(story.lines, look))
    yield "  " + look.paint("2", f"fingerprint {made.fingerprint}")


def _not(story: NotFound, look: Look, file: str) -> Iterable[str]:
    mark = look.paint("33", look.pick("○", "-"))
    place = look.paint("2", f"{story.document}, line {story.span.row} of the rule")
    yield f"{mark} {look.paint('1', story.clause)} found nothing  {place}"
    if story.reason is None:
        yield "    no turn of it reached this fact"
    else:
        yield from (f"    {line}" for line in reason_lines(story.reason, look, file))
