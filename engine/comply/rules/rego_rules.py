"""REGO FILES -> POLICIES: which files are compiled together, and where checks start."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from comply.classes import dataclass
from comply.findings import Status
from comply.plan import ir
from comply.plan.aggregates import lift_aggregates
from comply.plan.combine import combine, is_apart
from comply.plan.emit import layout_of, print_plan
from comply.plan.link import compiled
from comply.plan.needs import needs
from comply.plan.reach import input_keys
from comply.plan.unknown_reads import attributes_awaited
from comply.rego.errors import RegoError
from comply.rego.modules import plan_modules
from comply.rego.parser import parse_module
from comply.rego.policy import Version
from comply.rego.resolution import head_path
from comply.rego.syntax import Module, Ref, Scalar, Term, Var
from comply.rego.syntax import Rule as RegoRule
from comply.rules.checks import Compiled
from comply.rules.files import RuleFile
from comply.rules.rule import Rule, describe

_ENTRIES: Final = {
    "deny": Status.VIOLATION,
    "violation": Status.VIOLATION,
    "warn": Status.WARNING,
}
_ALONE: Final = ("spacelift",)

Path = tuple[str, ...]


def compile_files(
    files: list[RuleFile], version: Version = "auto"
) -> Iterator[Compiled | tuple[RuleFile, RegoError]]:
    """Yield the checks of files, and the error of each group of files that fails."""
    parsed: list[tuple[RuleFile, Module]] = []
    for file in files:
        try:
            parsed.append((file, parse_module(file.source, version)))
        except RegoError as error:
            yield file, error
    planned: list[Planned] = []
    for group in group_files(parsed):
        try:
            planned.append(_planned(group))
        except RegoError as error:
            yield _blamed(group, error), error
    for parts in _together(planned):
        yield _compiled(parts, files)


def _blamed(group: list[tuple[RuleFile, Module]], error: RegoError) -> RuleFile:
    """Return the file of a group that an error points at."""
    name = error.span.file if error.span else ""
    return next((f for f, _ in group if f.source.name == name), group[0][0])


def group_files(
    parsed: list[tuple[RuleFile, Module]],
) -> list[list[tuple[RuleFile, Module]]]:
    """Return the files that have to be compiled together.

    Files of one package are one group, and so are packages where one names the other.
    Spacelift runs each policy alone, though all are in one package.
    """
    packages = tuple(dict.fromkeys(module.package for _, module in parsed))
    joined = {package: package for package in packages}
    for _, module in parsed:
        for package in _named(module, packages):
            joined[_home(joined, package)] = _home(joined, module.package)
    alone: list[list[tuple[RuleFile, Module]]] = []
    groups: dict[Path, list[tuple[RuleFile, Module]]] = {}
    for item in parsed:
        package = item[1].package
        if package == _ALONE:
            alone.append([item])
        else:
            groups.setdefault(_home(joined, package), []).append(item)
    return [*alone, *groups.values()]


def _home(joined: dict[Path, Path], package: Path) -> Path:
    """Return the package that stands for all those a package is compiled with."""
    while joined[package] != package:
        package = joined[package]
    return package


def _named(module: Module, packages: tuple[Path, ...]) -> Iterator[Path]:
    """Yield the packages that a module may read: those at, above or under a path."""
    if module.package == _ALONE:
        return
    paths = set(data_paths((module.imports, module.rules)))
    for package in packages:
        for path in paths:
            shared = min(len(path), len(package))
            if package != _ALONE and path[:shared] == package[:shared]:
                yield package
                break


def data_paths(node: object) -> Iterator[Path]:
    """Yield the ground beginnings of the references to `data` in a tree."""
    pending = [node]
    while pending:
        match pending.pop():
            case tuple() as items:
                pending += items
            case Ref(head=Var(name="data"), path=path):
                yield tuple(_ground(path))
                pending.append(path)
            case found:
                names = getattr(found, "__match_args__", ())
                pending += [getattr(found, name) for name in names]


def _ground(path: tuple[Term, ...]) -> Iterator[str]:
    for step in path:
        if not isinstance(step, Scalar) or not isinstance(step.value, str):
            return
        yield step.value


@dataclass(frozen=True, slots=True)
class Planned:
    """Files that are compiled together, and their plan."""

    group: list[tuple[RuleFile, Module]]
    plan: ir.Plan


def _planned(group: list[tuple[RuleFile, Module]]) -> Planned:
    modules = tuple(module for _, module in group)
    wanted = frozenset(
        ("data", *module.package, name)
        for module in modules
        for rule in module.rules
        if (name := _entry_name(rule))
    )
    return Planned(group, plan_modules(modules, wanted).plan)


def _together(planned: list[Planned]) -> Iterator[list[Planned]]:
    """Yield what runs as one program: packages that know nothing of each other."""
    shared: list[Planned] = []
    taken: set[Path] = set()
    for part in planned:
        packages = {module.package for _, module in part.group}
        if is_apart(part.plan) or not taken.isdisjoint(packages):
            yield [part]
        else:
            taken |= packages
            shared.append(part)
    if shared:
        yield shared


def _compiled(parts: list[Planned], files: list[RuleFile]) -> Compiled:
    together, offsets = combine([part.plan for part in parts])
    plan = lift_aggregates(together)
    by_id = {rule.id: rule for rule in plan.rules}
    code = print_plan(plan)
    rules: list[Rule] = []
    places: list[int] = []
    units: list[UnitFields] = []
    wholes: list[WholeFields] = []
    for part, offset in zip(parts, offsets, strict=True):
        own = dict(_own_rules(part.group, rules, len(places)))
        places += [files.index(file) for file, _ in part.group]
        for entry in sorted(part.plan.entries):
            rule = by_id[entry + offset]
            units += _units(plan, rule, own)
            wholes += _wholes(plan, rule, own)
    return Compiled(
        code,
        compiled(code),
        layout_of(plan),
        tuple(places),
        tuple(rules),
        tuple(units),
        tuple(wholes),
        needs(plan),
        _awaited(parts),
    )


def _awaited(parts: list[Planned]) -> tuple[str, ...] | None:
    """Return the attributes whose being unknown concerns any of some plans."""
    found: set[str] = set()
    for part in parts:
        own = attributes_awaited(part.plan)
        if own is None:
            return None
        found.update(own)
    return tuple(sorted(found))


Places = dict[tuple[int, int], int]
"""Where annotated rules begin, as source and offset, and what describes them."""


def _own_rules(
    group: list[tuple[RuleFile, Module]], rules: list[Rule], first: int
) -> Iterator[tuple[tuple[int, int], int]]:
    """Yield what describes each file, and each rule with METADATA of its own.

    Descriptions are added to `rules`, `first` is the number of the group's first source.
    A file's stands at no offset. A rule keeps the id of its file, by which people name it.
    """
    for source, (file, module) in enumerate(group, first):
        described = describe(file, metadata(module))
        yield (source, _FILE), len(rules)
        rules.append(described)
        package = _merged(module, ("subpackages", "package"))
        for annotation in module.annotations:
            if annotation.scope in ("document", "rule"):
                fields = _over(package, annotation.fields)
                yield (source, annotation.target), len(rules)
                rules.append(replace(describe(file, fields), id=described.id))


_FILE: Final = -1


UnitFields = tuple[int, str, int, int, tuple[str, ...] | None]
WholeFields = tuple[int, str, int, tuple[str, ...] | None]


def _units(plan: ir.Plan, rule: ir.Rule, own: Places) -> Iterator[UnitFields]:
    if rule.kind != "set":
        return
    status = str(_status(rule.path[-1]))
    for number, chain in enumerate(rule.chains):
        steps = tuple(step for clause in chain for step in clause.steps)
        yield _owner(chain, own), status, rule.id, number, _reads(steps, plan)


def _owner(chain: tuple[ir.Clause, ...], own: Places) -> int:
    """Return the number of what describes a rule: its own METADATA, or its file's."""
    first = chain[0]
    return own.get((first.source, first.at), own[first.source, _FILE])


def _wholes(plan: ir.Plan, rule: ir.Rule, own: Places) -> Iterator[WholeFields]:
    if rule.kind == "set" or not rule.chains:
        return
    steps = tuple(s for chain in rule.chains for c in chain for s in c.steps)
    status = str(_status(rule.path[-1]))
    yield _owner(rule.chains[0], own), status, rule.id, _reads(steps, plan)


def _reads(steps: ir.Steps, plan: ir.Plan) -> tuple[str, ...] | None:
    keys = input_keys(steps, plan)
    return None if keys is None else tuple(sorted(keys))


def _entry_name(rule: RegoRule) -> str:
    """Return the name of a rule that a check starts from, else nothing."""
    path, suffix = head_path(rule)
    if len(path) != 1 or rule.head.args is not None or rule.default:
        return ""
    first = path[0].partition("_")[0]
    return path[0] if first in _ENTRIES and len(suffix) <= 1 else ""


def _status(name: str) -> Status:
    return _ENTRIES[name.partition("_")[0]]


def metadata(module: Module) -> dict[str, Any]:
    """Return the METADATA of a file: that of its first rule over its package's."""
    own = (a.fields for a in module.annotations if a.scope in ("document", "rule"))
    return _over(_merged(module, ("subpackages", "package")), next(own, {}))


def _merged(module: Module, scopes: tuple[str, ...]) -> dict[str, Any]:
    """Return the METADATA of some scopes, those named later over those before."""
    fields: dict[str, Any] = {}
    for scope in scopes:
        for annotation in module.annotations:
            if annotation.scope == scope:
                fields = _over(fields, annotation.fields)
    return fields


def _over(fields: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Return fields with others over them; what is `custom` is put together."""
    both = {**fields, **own}
    custom = [f["custom"] for f in (fields, own) if isinstance(f.get("custom"), dict)]
    if len(custom) == 2:
        both["custom"] = {**custom[0], **custom[1]}
    return both
