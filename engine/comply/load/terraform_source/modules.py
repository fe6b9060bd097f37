"""FILES -> MODULES: what the files of a folder declare, and which modules they call."""

import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final, TypeVar

from comply.classes import dataclass, field
from comply.load.terraform_source import syntax as s
from comply.load.terraform_source.bodies import read_body
from comply.source import LoadError, Source

MODULES_DEEPEST: Final = 40
"""How deep modules may call each other."""

_Key = TypeVar("_Key")


@dataclass(slots=True)
class Module:
    """What a folder declares, by name; `folder` is its path as messages show it."""

    folder: str
    variables: dict[str, s.Block] = field(default_factory=dict)
    locals: dict[str, s.Setting] = field(default_factory=dict)
    outputs: dict[str, s.Block] = field(default_factory=dict)
    resources: dict[tuple[str, str, str], s.Block] = field(default_factory=dict)
    calls: dict[str, s.Block] = field(default_factory=dict)
    providers: list[s.Block] = field(default_factory=list)
    required: dict[str, s.Expression] = field(default_factory=dict)


def _is_override(name: str) -> bool:
    stem = posixpath.basename(name).removesuffix(".json").removesuffix(".tf")
    return stem == "override" or stem.endswith("_override")


def read_module(folder: str, sources: Iterable[Source]) -> Module:
    """Return the module that files make up; those of overrides come last.

    Raises:
        LoadError: if a file is not of the language, or a name is declared twice.
    """
    files = sorted(sources, key=lambda x: (_is_override(x.name), x.name))
    module = Module(folder)
    for source in files:
        override = _is_override(source.name)
        for block in read_body(source).blocks:
            _declare(module, block, override=override)
    return module


def _declare(  # noqa: C901  (one case a kind of block)
    module: Module, block: s.Block, *, override: bool
) -> None:
    match block:
        case s.Block(kind="variable", labels=(name,)):
            _put(module.variables, name, block, override=override)
        case s.Block(kind="output", labels=(name,)):
            _put(module.outputs, name, block, override=override)
        case s.Block(kind="module", labels=(name,)):
            _put(module.calls, name, block, override=override)
        case s.Block(kind="resource", labels=(type_, name)):
            key = ("managed", type_, name)
            _put(module.resources, key, block, override=override)
        case s.Block(kind="data", labels=(type_, name)):
            _put(module.resources, ("data", type_, name), block, override=override)
        case s.Block(kind="locals"):
            module.locals.update(block.body.settings)
        case s.Block(kind="provider"):
            module.providers.append(block)
        case s.Block(kind="terraform"):
            for inner in block.body.blocks:
                if inner.kind == "required_providers":
                    settings = inner.body.settings.values()
                    module.required.update({x.name: x.value for x in settings})
        case s.Block(kind="resource" | "data" | "variable" | "output" | "module"):
            message = f"a `{block.kind}` block with {len(block.labels)} names"
            raise LoadError(message, block.source.span(block.at, len(block.kind)))
        case _:
            # moved, import, check, removed: they plan nothing.
            pass


def _put(
    declared: dict[_Key, s.Block], name: _Key, block: s.Block, *, override: bool
) -> None:
    before = declared.get(name)
    if before is None:
        declared[name] = block
    elif override:
        declared[name] = _overridden(before, block)
    else:
        first = f"{before.source.name}:{before.source.row(before.at)}"
        raise LoadError(
            f"{block.kind} {'.'.join(block.labels)} is declared twice",
            block.source.span(block.at, len(block.kind)),
            hint=f"first at {first}",
        )


def _overridden(block: s.Block, by: s.Block) -> s.Block:
    """Return a block with the settings of another, and its blocks in place of theirs.

    https://developer.hashicorp.com/terraform/language/files/override
    """
    kinds = {inner.kind for inner in by.body.blocks}
    kept = [inner for inner in block.body.blocks if inner.kind not in kinds]
    settings = {**block.body.settings, **by.body.settings}
    return replace(block, body=s.Body(settings, (*kept, *by.body.blocks)))


def local_calls(module: Module) -> Iterator[tuple[s.Block, str]]:
    """Yield the calls of modules that are folders here, and those folders."""
    for block in module.calls.values():
        folder = called_folder(module, block)
        if folder is not None:
            yield block, folder


def called_folder(module: Module, block: s.Block) -> str | None:
    """Return the folder that a call names, None if it is to be fetched from elsewhere."""
    setting = block.body.settings.get("source")
    match setting:
        case s.Setting(value=s.Literal(value=str(path))):
            if path.startswith(("./", "../")):
                return posixpath.normpath(posixpath.join(module.folder, path))
        case _:
            pass
    return None
