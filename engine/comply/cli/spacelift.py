"""`comply spacelift`: what Spacelift would decide."""

import json
import os
import sys
from pathlib import Path
from typing import Any, Final, get_args

import click

from comply.cli.eval import read_document
from comply.cli.spacelift_run import LABELS, VARIABLES
from comply.cli.terminal import wants_colour
from comply.load.encoding import decode, read
from comply.rego.parser import Version
from comply.rego.spacelift.contract import CONTRACTS, SPELLINGS, Kind
from comply.rego.spacelift.evaluate import Verdict, evaluate
from comply.rego.spacelift.shipped import POLICIES, TESTS, shipped
from comply.report.characters import one_line, visible
from comply.report.look import Look, look_of
from comply.source import ComplyError

_CUSTOM: Final = ".custom.spacelift.json"

_PLAN_KEYS: Final = frozenset({"resource_changes", "planned_values"})


@click.group()
def command() -> None:
    """Evaluate policies as Spacelift does."""


@command.command("eval")
@click.argument(
    "paths", nargs=-1, type=click.Path(path_type=Path), metavar="POLICY... INPUT"
)
@click.option(
    "-t",
    "--type",
    "kind",
    required=True,
    type=click.Choice([*CONTRACTS, *SPELLINGS], case_sensitive=False),
    help="The type of the policies.",
)
@click.option(
    "--rego-version",
    "version",
    type=click.Choice(get_args(Version)),
    default="auto",
    help="The version of the policies; `auto` tells by each file.",
)
@click.option(
    "--custom",
    "customs",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A NAME.custom.spacelift.json that a plan policy finds at "
    "input.third_party_metadata.custom.NAME.",
)
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    help="For people, which is the default, or for programs.",
)
def eval_policies(
    *,
    paths: tuple[Path, ...],
    kind: str,
    version: Version,
    customs: tuple[Path, ...],
    form: str,
) -> int:
    """Print what Spacelift decides when POLICY is given INPUT.

    INPUT is the JSON of a policy's sample, or for a plan policy that of `terraform show
    -json`, beside which run and commit are those of Spacelift's variables, if they are
    set; `-` is standard input. Several policies are evaluated one by one and what
    they say is merged, as Spacelift does.

    \b
    comply spacelift eval --type plan no-public-rds.rego input.json
    comply spacelift eval --type approval approval.rego sample.json -f json

    Exit code: 0 nothing is blocked, 1 something is, 2 it could not be evaluated.
    """  # noqa: D301  (click wants the character)
    if len(paths) < 2:
        raise click.UsageError("Name at least one policy, and the input.")
    chosen = SPELLINGS.get(kind.lower(), kind.lower())
    if customs and chosen != "plan":
        raise click.UsageError("Only plan policies are given custom inputs.")
    *policies, document = paths
    input_, notes = _input(chosen, document)
    for file in customs:
        notes.append(_add_custom(input_, file))
    sources = [read(path, str(path)) for path in policies]
    verdict = evaluate(chosen, sources, input_, version)
    if form == "json":
        _write_json(verdict, notes)
    else:
        look = look_of(sys.stdout, colour=wants_colour(sys.stdout))
        _write_text(verdict, notes, look)
    return int(verdict.decision.blocks)


@command.command("policy")
@click.option("--v0", is_flag=True, help="In Rego v0, for engine_type REGO_V0.")
@click.option("--tests", is_flag=True, help="Its tests, which serve both versions.")
def print_policy(*, v0: bool, tests: bool) -> None:
    """Print the plan policy that decides by `comply check --spacelift`.

    It denies what comply denies, warns of what comply warns of, and refuses a report
    that is absent, malformed, or of another run, commit or plan.

    \b
    comply spacelift policy > policies/comply.rego
    comply spacelift policy --tests > policies/comply_test.rego
    comply test policies/
    """  # noqa: D301  (click wants the character)
    name = TESTS if tests else POLICIES["v0" if v0 else "v1"]
    sys.stdout.write(shipped(name).text)


def _input(kind: str, path: Path) -> tuple[Any, list[str]]:
    """Return the input, and what was done to it."""
    if path == Path("-"):
        source = decode("<stdin>", sys.stdin.buffer.read())
    else:
        source = read(path, str(path))
    value = read_document(source)
    if not isinstance(value, dict):
        raise ComplyError(
            f"{source.name}: the input of a Spacelift policy is an object",
            hint="copy it from the policy's samples in Spacelift's policy workbench",
        )
    # A sample from the workbench holds the input beside the policy's body.
    if kind == "plan" and _PLAN_KEYS & value.keys() and "terraform" not in value:
        note = "this is a plan of Terraform: it was put at input.terraform"
        return {"terraform": value, "spacelift": _surroundings()}, [note]
    return value, []


def _surroundings() -> dict[str, Any]:
    """Return what the variables of a run say of what is at input.spacelift."""
    found: dict[str, Any] = {}
    for name, (thing, member) in VARIABLES.items():
        if value := os.environ.get(name):
            found.setdefault(thing, {})[member] = value
    if labels := os.environ.get(LABELS):
        found.setdefault("stack", {})["labels"] = labels.split(",")
    return found


def _add_custom(input_: dict[str, Any], file: Path) -> str:
    """Put a custom input where Spacelift puts it; return what was done."""
    key = file.name.removesuffix(_CUSTOM)
    value = read_document(read(file, str(file)))
    if key == file.name or not key or not isinstance(value, dict):
        raise ComplyError(
            f"{file}: a custom input is an object in a file NAME{_CUSTOM}",
            hint="NAME is the key under which policies find it",
        )
    metadata = _object_at(input_, "third_party_metadata")
    _object_at(metadata, "custom")[key] = value
    return f"{file.name} was put at input.third_party_metadata.custom.{key}"


def _object_at(owner: dict[str, Any], key: str) -> dict[str, Any]:
    """Return the object at a key, put there if there is none."""
    if not isinstance(owner.get(key), dict):
        owner[key] = {}
    found: dict[str, Any] = owner[key]
    return found


def _write_json(verdict: Verdict, notes: list[str]) -> None:
    value = {
        "type": verdict.kind,
        "outcome": verdict.decision.outcome,
        "blocks": verdict.decision.blocks,
        "sentence": verdict.decision.sentence,
        "sampled": verdict.values["sample"],
        "rules": verdict.values,
        "notes": [*notes, *verdict.notes],
    }
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")


def _write_text(verdict: Verdict, notes: list[str], look: Look) -> None:
    decision = verdict.decision
    blocked = decision.blocks
    sign = look.pick("✗", "x") if blocked else look.pick("✓", "ok:")
    code = "1;31" if blocked else "1;32"
    sys.stdout.write(look.paint(code, f"{sign} {decision.sentence}") + "\n\n")
    kinds = CONTRACTS[verdict.kind].rules
    width = max(map(len, kinds))
    for name, value in verdict.values.items():
        first, *rest = _value_lines(kinds[name], value)
        label = look.paint("1" if value else "2", f"{name:<{width}}")
        sys.stdout.write(f"  {label}  {first if value else look.paint('2', first)}\n")
        sys.stdout.writelines(f"  {'':<{width}}  {line}\n" for line in rest)
    if verdict.values["sample"]:
        notes = [*notes, "Spacelift keeps this input as a sample"]
    mark = look.paint("34", look.pick("\u2139", "i"))
    lines = [f"{mark} {visible(note)}\n" for note in (*notes, *verdict.notes)]
    sys.stdout.writelines(["\n", *lines] if lines else [])


def _value_lines(kind: Kind, value: Any) -> list[str]:  # noqa: ANN401  (JSON)
    """Return the value of a rule, a member a line."""
    match kind:
        case "boolean":
            return ["true" if value else "false"]
        case "string":
            return [one_line(value) or "none"]
        case "strings":
            return [one_line(text) for text in value] or ["none"]
        case "objects":
            return [_compact(item) for item in value] or ["none"]
        case "roles":
            pairs = value.items()
            return [f"{one_line(k)}: {_compact(v)}" for k, v in pairs] or ["none"]


def _compact(value: Any) -> str:  # noqa: ANN401  (JSON)
    return one_line(json.dumps(value, ensure_ascii=False))
