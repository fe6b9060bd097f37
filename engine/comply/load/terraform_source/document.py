"""SOURCE -> DOCUMENT: a root module of Terraform source as the plan it would make.

What nobody can know before `terraform apply`, and what the source alone does not say, is
true in `after_unknown` and not in `after`: it is never made up and never left out. What
a provider fills in by default is not known to be there, as in a plan without it.
https://developer.hashicorp.com/terraform/internals/json-format
"""

import json
import posixpath
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Final

from comply.load.facts import Collection, Document, Path
from comply.load.terraform_plan import as_input, identity
from comply.load.terraform_sensitive import sensitive_strings
from comply.load.terraform_source import syntax as s
from comply.load.terraform_source.changes import Planned, plan_of
from comply.load.terraform_source.expand import Configuration, Instance
from comply.load.terraform_source.folder import (
    FILES,
    OUTSIDE,
    ROOT,
    is_configuration,
    is_gathered,
)
from comply.load.terraform_source.given import given_values
from comply.load.terraform_source.modules import (
    Module,
    local_calls,
    read_module,
)
from comply.source import LoadError, Source, Span

_TOO_DEEP: Final = "its references or values nest too deeply"


def load(source: Source) -> list[Document]:
    """Return the one document of a root module.

    The source is what `folder.gather` makes of a folder; any other text is taken as a
    configuration of one file.

    Raises:
        LoadError: if a file is not of the language, a local module is not there, or
            names depend on themselves.
    """
    root, files, outside = _files(source)
    try:
        return [_document(source.name, root, files, outside)]
    except RecursionError:
        raise LoadError(f"{source.name}: {_TOO_DEEP}") from None


def modules_of(source: Source) -> tuple[str, dict[str, Module]]:
    """Return the folder of the root module, and what it and those it calls declare.

    Raises:
        LoadError: if a file is not of the language, or a local module is not there.
    """
    root, files, _ = _files(source)
    try:
        return root, _modules(root, files)
    except RecursionError:
        raise LoadError(f"{source.name}: {_TOO_DEEP}") from None


def _files(source: Source) -> tuple[str, dict[str, str], dict[str, Any]]:
    """Return the folder of the root module, the files, and what it is given besides."""
    if is_gathered(source):
        value = json.loads(source.text)
        return value[ROOT], value[FILES], value.get(OUTSIDE, {})
    name = source.name
    if not is_configuration(name):
        name = f"{name}.tf"
    return posixpath.dirname(name) or ".", {name: source.text}, {}


def _document(
    name: str, root: str, files: dict[str, str], outside: dict[str, Any]
) -> Document:
    workspace = outside.get("workspace", "")
    configuration = Configuration(_modules(root, files), files, workspace)
    module = configuration.modules[root]
    given = given_values(module, files, outside)
    instance = Instance(configuration, module, "", given)
    plan, planned = plan_of(configuration, instance)
    return Document(
        name=name,
        kind="terraform_source",
        world="terraform",
        value=as_input(plan),
        collections=(Collection(("resource_changes",), identity),),
        locate=_locator(planned),
        sensitive=partial(sensitive_strings, plan),
    )


def _modules(root: str, files: dict[str, str]) -> dict[str, Module]:
    """Return the root module, first, and all those that are called, by folder."""
    by_folder: dict[str, list[Source]] = {}
    for name, text in files.items():
        if is_configuration(name):
            folder = posixpath.dirname(name) or "."
            by_folder.setdefault(folder, []).append(Source(name, text))
    found = {root: read_module(root, by_folder.get(root, ()))}
    waiting = [root]
    while waiting:
        module = found[waiting.pop()]
        for block, folder in local_calls(module):
            if folder in found:
                continue
            if folder not in by_folder:
                raise LoadError(
                    f"module {block.labels[0]}: there is no configuration in {folder}",
                    block.source.span(block.body.settings["source"].at, len("source")),
                    hint="`source` is a path from the folder of this file",
                )
            found[folder] = read_module(folder, by_folder[folder])
            waiting.append(folder)
    return found


def _locator(planned: list[Planned]) -> Callable[[Path], Span | None]:
    """Return what finds the block or the setting that a path of the plan is about."""

    def locate(path: Path) -> Span | None:
        if path[:1] == ("terraform",):
            path = path[1:]
        match path:
            case ("resource_changes", int(i), *rest) if i < len(planned):
                return _span(planned[i].block, rest[2:])
            case _:
                return _span(planned[0].block, []) if planned else None

    return locate


def _span(block: s.Block, path: list[str | int]) -> Span:
    """Return the place of what a path leads to in a block, as deep as it can be told."""
    at, width, where = block.at, len(block.kind), block
    for step in path:
        if not isinstance(step, str):
            continue
        if step in where.body.settings:
            at, width = where.body.settings[step].at, len(step)
            # What is set may be a secret: only the line of a block is shown.
            return replace(where.source.span(at, width), line="")
        inner = next(
            (b for b in where.body.blocks if step in (b.kind, *b.labels)), None
        )
        if inner is None:
            break
        at, width, where = inner.at, len(inner.kind), inner
    return where.source.span(at, width)
