"""ADDRESSES -> BLOCKS: where a configuration declares what a plan of it names.

A plan has no comments. Its addresses lead to the blocks of the configuration that it was
made of: through the calls of modules, whatever the keys of their instances, to the block
of the resource.
"""

import re  # noqa: TID251  (linear patterns of ours, no Rego)
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Final

from comply.classes import dataclass, field
from comply.exempt.allowance import Block, Ground, own_ground
from comply.findings import Finding
from comply.load.terraform_source.document import modules_of
from comply.load.terraform_source.modules import Module, called_folder
from comply.load.terraform_source.syntax import Block as Declared
from comply.source import Source

_KEY: Final = r'(?:\[(?:"(?:[^"\\]|\\.)*"|[^"\]]*)\])?'
_CALL: Final = re.compile(rf"module\.([\w-]+){_KEY}\.")
_RESOURCE: Final = re.compile(
    rf"(data\.)?([\w-]+)\.([\w-]+){_KEY}(?: \(deposed \w+\))?\Z"
)


@dataclass(frozen=True, slots=True)
class Configuration:
    """A root module, by its folder, and the modules below it, by theirs."""

    folder: str
    modules: Mapping[str, Module]


def configuration(source: Source) -> Configuration:
    """Return the configuration that gathered files make up.

    Raises:
        LoadError: if a file is not of the language, or a local module is not there.
    """
    folder, modules = modules_of(source)
    return Configuration(folder, modules)


def blocks_of(found: Configuration, address: str) -> frozenset[Block] | None:
    """Return the blocks that an address leads through, None if it is not declared.

    The way ends at the call of a module that is fetched from elsewhere.
    """
    module, at = found.modules[found.folder], 0
    blocks: list[Block] = []
    while step := _CALL.match(address, at):
        at = step.end()
        call = module.calls.get(step[1])
        if call is None:
            return None
        blocks.append(_place(call))
        folder = called_folder(module, call)
        if folder is None:
            return frozenset(blocks)
        module = found.modules[folder]
    last = _RESOURCE.match(address, at)
    mode = "data" if last and last[1] else "managed"
    declared = last and module.resources.get((mode, last[2], last[3]))
    return frozenset([*blocks, _place(declared)]) if declared else None


def _place(block: Declared) -> Block:
    return block.source.name, block.source.row(block.at)


@dataclass(frozen=True, slots=True)
class Sources:
    """Which configurations the findings of a run can be of.

    `checked` are those that were checked as source; `plans` those that a plan may be of,
    by its name: the first group that declares an address is the one that counts.
    """

    checked: tuple[Configuration, ...] = ()
    plans: Mapping[str, tuple[tuple[Configuration, ...], ...]] = field(
        default_factory=dict
    )


def grounds(sources: Sources) -> Callable[[Finding], tuple[Ground, ...]]:
    """Return what tells the grounds of a finding, one for each configuration it may be of."""

    @cache
    def find(file: str, address: str) -> tuple[Ground, ...]:
        if file in sources.plans:
            return of_plan(sources, file, address)
        found = _declaring(sources.checked, address)
        return tuple(g for g in found if any(name == file for name, _ in g.blocks))

    def look(finding: Finding) -> tuple[Ground, ...]:
        (own,) = own_ground(finding)
        found: tuple[Ground, ...] = ()
        if finding.span and finding.fact:
            found = find(finding.span.file, finding.fact)
        return tuple(Ground(g.blocks | own.blocks, g.folder) for g in found) or (own,)

    return look


def of_plan(sources: Sources, plan: str, address: str) -> tuple[Ground, ...]:
    """Return the grounds of what a plan names in the configurations it may be of."""
    found = (_declaring(group, address) for group in sources.plans[plan])
    return next(filter(None, found), ())


def touched(sources: Sources, plan: str, addresses: Iterable[str]) -> frozenset[Block]:
    """Return the blocks that addresses in a plan lead through."""
    found = (g.blocks for a in addresses for g in of_plan(sources, plan, a))
    return frozenset[Block]().union(*found)


def _declaring(group: tuple[Configuration, ...], address: str) -> tuple[Ground, ...]:
    found = ((item.folder, blocks_of(item, address)) for item in group)
    return tuple(Ground(blocks, folder) for folder, blocks in found if blocks)
