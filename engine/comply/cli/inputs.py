"""PATHS -> INPUTS: which files a run checks, and what is to be said about the others."""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from comply.cli.found import Input, Survey, is_kustomization
from comply.findings import Finding, Severity, Status
from comply.load.detect import detect, role
from comply.load.encoding import decode, read
from comply.load.folder import Left, take_all, walk, walk_names
from comply.load.terraform_source.folder import (
    called_folders,
    gather,
    is_configuration,
    roots,
)
from comply.load.terraform_source.outside import NOTHING, Outside
from comply.source import LoadError, Source

STDIN = Path("-")
STDIN_NAME = "<stdin>"
_EMPTY = "did the command fail that was to write it? In a pipe, `set -o pipefail` tells"


def survey(
    paths: Iterable[Path],
    kind: str | None,
    skips: Callable[[Path], bool] = take_all,
    outside: Outside = NOTHING,
) -> Survey:
    """Return what there is to check at `paths`; `kind` is that of all files named.

    In folders, what `skips` is true of is not looked at. `outside` is given to root
    modules of Terraform.
    """
    found = Survey()
    for path in paths:
        try:
            if path == STDIN:
                source = decode(STDIN_NAME, sys.stdin.buffer.read())
                found.inputs.append(name_kind(source, kind))
            elif path.is_dir():
                _look_through(path, found, skips)
            elif _is_module_file(path, kind):
                read(path, str(path))
                found.modules[path.parent.as_posix()] = True
            else:
                found.inputs.append(name_kind(read(path, str(path)), kind))
        except LoadError as error:
            found.errors.append(error)
    add_modules(found, outside)
    return found


def survey_modules(
    paths: Iterable[Path],
    kind: str | None,
    skips: Callable[[Path], bool],
    outside: Outside,
) -> Survey:
    """Return the root modules that `survey` finds at `paths`, reading nothing else."""
    found = Survey()
    for path in paths:
        if path.is_dir():
            for item in walk_names(path, skips):
                if isinstance(item, str) and is_configuration(item):
                    found.modules.setdefault(Path(item).parent.as_posix(), False)
        elif _is_module_file(path, kind):
            try:
                read(path, str(path))
            except LoadError as error:
                found.errors.append(error)
            else:
                found.modules[path.parent.as_posix()] = True
    add_modules(found, outside)
    return found


def _is_module_file(path: Path, kind: str | None) -> bool:
    """Tell whether a file that was named stands for the root module that it is of."""
    return is_configuration(path.name) and is_module_kind(kind)


def is_module_kind(kind: str | None) -> bool:
    """Tell whether files that were named may be of root modules; None says nothing."""
    return kind in (None, "terraform_source")


def add_modules(found: Survey, outside: Outside) -> None:
    """Add the root modules in folders with Terraform source, and those that were named."""
    called: dict[str, set[str]] = {}
    for folder in found.modules:
        try:
            called[folder] = called_folders(Path(folder))
        except LoadError as error:
            found.errors.append(error)
    for folder in roots(called):
        try:
            found.inputs.append(
                Input(
                    gather(Path(folder), outside),
                    "terraform_source",
                    named=found.modules.get(folder, False),
                )
            )
        except LoadError as error:
            found.errors.append(error)


def unreadable(error: LoadError) -> Finding:
    """Return the finding that says that an input could not be checked."""
    return Finding(
        rule_id="comply/unreadable-input",
        title="Could not be read",
        severity=Severity.HIGH,
        status=Status.ERROR,
        message=error.message,
        span=error.span,
        remediation=error.hint,
    )


def nothing_in(item: Input) -> LoadError:
    """Return the error for a file that was named and holds nothing to check."""
    return LoadError(
        f"{item.source.name}: nothing in it is a {item.kind.replace('_', ' ')}"
    )


def name_kind(source: Source, kind: str | None) -> Input:
    """Return a source that the user named with its kind, detected if `kind` is None.

    Raises:
        LoadError: if it looks like none.
    """
    kind = kind or detect(source)
    if kind is None:
        if not source.text.strip():
            raise LoadError(f"{source.name}: there is nothing in it", hint=_EMPTY)
        hint = "`--kind json` or `--kind yaml` takes it as data for your own rules"
        if source.name.endswith(".rego"):
            hint = "this is a rule: name it with -r"
        raise LoadError(
            f"{source.name}: neither a Terraform plan, nor Kubernetes manifests, nor an "
            "Oracle script",
            hint=hint,
        )
    return Input(source, kind, named=True)


def is_alien(name: str, kind: str | None) -> bool:
    """Tell whether a file has a document that cannot be checked by itself.

    `kind` is what the user said of it, None if nothing.
    """
    try:
        source = read(Path(name), name)
    except LoadError:
        return False
    return (kind or detect(source)) not in {None, "kubernetes"}


def creates_assertions(source: Source) -> bool:
    """Tell whether a script brings assertions of its own."""
    return "CREATE ASSERTION" in " ".join(source.text.upper().split())


def _stage(item: Input) -> int:
    """Return when an input has its turn: a schema, its assertions, then the data.

    A folder gives its scripts by name; whoever names them gives the order.
    """
    if item.kind != "oracle_ddl":
        return 0
    if "CREATE TABLE" in item.source.text.upper():
        return 1
    return 2 if creates_assertions(item.source) else 3


def _look_through(folder: Path, found: Survey, skips: Callable[[Path], bool]) -> None:
    before = len(found.inputs)
    for item in walk(folder, skips):
        match item:
            case Left():
                found.left.append(item)
            case LoadError():
                found.errors.append(item)
            case Path() if is_configuration(item.name):
                found.modules.setdefault(item.parent.as_posix(), False)
            case Path():
                try:
                    _sort(read(item, str(item)), found)
                except LoadError as error:
                    found.errors.append(error)
    found.inputs[before:] = sorted(found.inputs[before:], key=_stage)


def _sort(source: Source, found: Survey) -> None:
    if Path(source.name).name == "comply.yaml":
        return
    if is_kustomization(source.name):
        found.kustomizations.append(source.name)
    match role(source):
        case "template":
            found.templates.append(source.name)
        case "rules":
            found.rules.append(source.name)
        case "none":
            found.others.append(source.name)
        case "document":
            kind = detect(source) or ""
            found.inputs.append(Input(source, kind, named=False))
