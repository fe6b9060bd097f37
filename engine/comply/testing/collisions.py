"""Files of one package that do not belong together, and those that do."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace

from comply.rego.pieces import nodes
from comply.rego.syntax import Module, Var
from comply.source import Source
from comply.testing.groups import Group, is_test


def colliding(modules: Iterable[Module]) -> dict[str, list[str]]:
    """Return the packages in which files, tests left out, define the same rule.

    Each comes with the names of those files.
    """
    owners: dict[tuple[tuple[str, ...], str], dict[str, None]] = defaultdict(dict)
    for module in modules:
        if not is_test(module.source):
            for name in rule_names(module):
                owners[module.package, name][module.source.name] = None
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for (package, _), files in owners.items():
        if len(files) > 1:
            found[".".join(package)].update(files)
    return {package: list(files) for package, files in found.items()}


def rule_names(module: Module) -> set[str]:
    """Return the names that the rules of a module introduce in its package."""
    firsts = [rule.head.ref[0] for rule in module.rules]
    return {first.name for first in firsts if isinstance(first, Var)}


def widened(group: Group, modules: Iterable[Module], rest: Iterable[Module]) -> Group:
    """Return a group with the files of its packages whose rules it names.

    `rest` are modules that might be such files. One that defines what a file of the
    group defines as well is a policy of its own, and stays out.
    """
    members = list(modules)
    own = {(m.package, name) for m in members for name in rule_names(m)}
    packages = {m.package for m in members}
    chosen: list[Source] = []
    waiting = {(m.package, name) for m in members for name in _named(m)} - own
    candidates = [m for m in rest if m.package in packages and not is_test(m.source)]
    while wanted := _first_defining(candidates, waiting, own):
        candidates.remove(wanted)
        chosen.append(wanted.source)
        own |= {(wanted.package, name) for name in rule_names(wanted)}
        waiting |= {(wanted.package, name) for name in _named(wanted)}
        waiting -= own
    return replace(group, sources=(*group.sources, *chosen))


def _first_defining(
    modules: list[Module],
    wanted: set[tuple[tuple[str, ...], str]],
    taken: set[tuple[tuple[str, ...], str]],
) -> Module | None:
    for module in modules:
        defined = {(module.package, name) for name in rule_names(module)}
        if defined & wanted and not defined & taken:
            return module
    return None


def _named(module: Module) -> Iterator[str]:
    for node in nodes(module.rules):
        if isinstance(node, Var):
            yield node.name
