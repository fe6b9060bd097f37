"""`comply init`: a comply.yaml from what is in a folder, with comments that teach."""

import re
import sys
from collections import Counter
from collections.abc import Iterator
from json import dumps
from pathlib import Path
from typing import Final

import click

from comply.classes import dataclass, field
from comply.cli.inputs import survey
from comply.cli.settings import NAME
from comply.cli.whole_check import FITTING
from comply.source import ComplyError
from comply.version import VERSION

_KINDS: Final = {
    "terraform_plan": ("Terraform plan", "Terraform plans"),
    "terraform_source": ("Terraform root module", "Terraform root modules"),
    "kubernetes": ("file of manifests", "files of manifests"),
    "oracle_ddl": ("Oracle script", "Oracle scripts"),
    "oracle_catalog": ("Oracle catalogue", "Oracle catalogues"),
}

HOOKS: Final = {
    "terraform_plan": ("comply-terraform-plan", r"(^|/)[^/]*plan[^/]*\.json$"),
    "terraform_source": ("comply-terraform", ""),
    "kubernetes": (
        "comply-kubernetes",
        "(^|/)(k8s|kubernetes|manifests|deploy|deployments?|base|overlays)/",
    ),
    "oracle_ddl": ("comply-sql", ""),
}
"""Hooks by kind, and the names of files that they take where nobody says others."""

_OWN_HOOKS: Final = {".rego": "comply-rego", ".sql": "comply-sql-lint"}
"""Hooks for rules of the user's own, by how the names of these end."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a folder holds: inputs by kind, packs that fit, folders of own rules.

    `names` are those of the inputs by kind, from the folder on, `own` the ends of the
    names of rules.
    """

    kinds: Counter[str] = field(default_factory=Counter)
    packs: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    names: dict[str, list[Path]] = field(default_factory=dict)
    own: frozenset[str] = frozenset()


@click.command()
@click.argument(
    "folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path(),
)
@click.option("--force", is_flag=True, help="Write over a comply.yaml that is there.")
@click.option("--dry-run", is_flag=True, help="Print the file, and write nothing.")
def command(*, folder: Path, force: bool, dry_run: bool) -> int:
    """Write a comply.yaml that fits what FOLDER holds, this folder if none is named.

    \b
    comply init --dry-run      what it would say
    comply init                write it, then: comply check

    It also prints what to put into .pre-commit-config.yaml.
    """  # noqa: D301  (click wants the character)
    file = folder / NAME
    if file.exists() and not (force or dry_run):
        raise ComplyError(
            f"{file}: there is one already",
            hint="--dry-run prints what would be written, --force writes over it",
        )
    found = look(folder)
    text = written(found)
    if dry_run:
        sys.stdout.write(text)
        return 0
    try:
        file.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise ComplyError(f"{file}: cannot be written: {error.strerror}") from None
    sys.stdout.write(f"{file} is written: {_told(found)}\n\n{_next(found)}")
    return 0


def look(folder: Path) -> Found:
    """Return what a folder holds."""
    seen = survey((folder,), None)
    kinds = Counter(item.kind for item in seen.inputs)
    packs = dict.fromkeys(pack for kind, pack in FITTING.items() if kinds[kind])
    tops = dict.fromkeys(_top(folder, Path(name)) for name in seen.rules)
    names: dict[str, list[Path]] = {}
    for item in seen.inputs:
        path = Path(item.source.name).relative_to(folder)
        names.setdefault(item.kind, []).append(path)
    own = frozenset(Path(name).suffix for name in seen.rules)
    return Found(kinds, tuple(packs), tuple(tops), names, own)


def _top(folder: Path, file: Path) -> str:
    """Return the folder right below `folder` that a rule is in, or the rule itself."""
    parts = file.relative_to(folder).parts
    return f"{parts[0]}/" if len(parts) > 1 else parts[0]


def _told(found: Found) -> str:
    names = [
        f"{number:,} {_KINDS[kind][number != 1]}"
        for kind, number in found.kinds.items()
        if kind in _KINDS
    ]
    if found.rules:
        names.append(f"rules of your own in {', '.join(found.rules)}")
    return ", ".join(names) or "nothing to check was found here yet"


def written(found: Found) -> str:
    """Return the text of a comply.yaml for what was found."""
    packs = "".join(f"  - {dumps(pack)}\n" for pack in found.packs)
    rules = "".join(f"  - {dumps(rule)}\n" for rule in found.rules)
    return _TEMPLATE.format(
        packs=f"packs:\n{packs}" if packs else "# packs:\n#   - terraform/baseline\n",
        rules=f"rules:\n{rules}" if rules else "# rules:\n#   - policy/\n",
    )


def _next(found: Found) -> str:
    lines = "".join(_hooks(found)) or "      - id: comply-terraform\n"
    return (
        "To check every commit, put this into .pre-commit-config.yaml:\n\n"
        "repos:\n"
        "  - repo: (the URL of comply's repository)\n"
        f"    rev: v{VERSION}\n"
        f"    hooks:\n{lines}\n"
        "Next: comply check\n"
    )


def _hooks(found: Found) -> Iterator[str]:
    """Yield the lines of hooks; `files` where a hook would not take the files itself."""
    for kind in found.kinds:
        if kind not in HOOKS:
            continue
        hook, taken = HOOKS[kind]
        yield f"      - id: {hook}\n"
        names = found.names[kind]
        if taken and not all(re.search(taken, name.as_posix()) for name in names):
            tops = "|".join(sorted({_start(name) for name in names}))
            yield f"        files: {dumps(f'^({tops})')}\n"
    for end, hook in _OWN_HOOKS.items():
        if end in found.own:
            yield f"      - id: {hook}\n"


def _start(name: Path) -> str:
    """Return a pattern of the folder that a file is in at the top, or of its name."""
    top = re.escape(name.parts[0])
    return f"{top}/" if len(name.parts) > 1 else f"{top}$"


_TEMPLATE: Final = """\
# What comply checks here. `comply config show` lists every setting and its origin.

# Files and folders to check; without any, this folder.
# paths:
#   - deploy/

# What is not looked at: `*` stays in one folder, `**` goes through any number.
# exclude:
#   - "**/testdata"

# Packs that come with comply: `comply rules list` shows what is in them.
{packs}
# Your own rules, in Rego or SQL.
{rules}
# The least severity that fails a run: info, low, medium, high, critical.
fail_on: info

# What becomes of what is known only after apply: pass, warn, fail.
undetermined: warn

# Other severities than those of the rules.
# severities:
#   terraform/baseline/no-public-s3: critical

# What is allowed, why, and until when. Beside the block it is a comment:
#   # comply:ignore RULE reason="why" until=2027-01-31 owner=team
# exceptions:
#   - rule: terraform/baseline/no-public-s3
#     fact: aws_s3_bucket.site["*"]
#     reason: the public web site
#     owner: web
#     until: 2027-01-31

# Findings that are known: `comply baseline create` writes the file.
# baseline: comply-baseline.json
"""
