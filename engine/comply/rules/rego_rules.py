"""REGO FILES -> POLICIES: which files are compiled together, and where checks start."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from comply.findings import Status
from comply.plan import ir
from comply.plan.emit_units import UnitCode
from comply.plan.reach import input_keys
from comply.rego.errors import RegoError
from comply.rego.parser import parse_module
from comply.rego.policy import Policy, Version, compile_parsed
from comply.rego.resolve import head_path
from comply.rego.syntax import Import, Module, Ref, Rule as RegoRule, Scalar, Var
from comply.rules.files import RuleFile
from comply.rules.rule import Rule, describe

_ENTRIES: Final = {
    "deny": Status.VIOLATION,
    "violation": Status.VIOLATION,
    "warn": Status.WARNING,
}
_ALONE: Final = ("spacelift",)


@dataclass(frozen=True, slots=True)
class Unit:
    """One clause of an entry rule and the rule that it belongs to.

    `reads` are the keys of the input that it may read, None for any.
    """

    rule: Rule
    status: Status
    code: UnitCode
    reads: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Whole:
    """An entry rule with one value, such as `deny if { ... }`, run as a whole."""

    rule: Rule
    status: Status
    path: tuple[str, ...]
    id: int
    reads: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class RegoChecks:
    """The checks of files that were compiled together."""

    policy: Policy
    rules: tuple[Rule, ...]
    units: tuple[Unit, ...]
    wholes: tuple[Whole, ...]


def compile_files(
    files: Iterable[RuleFile], version: Version = "auto"
) -> Iterator[RegoChecks | tuple[RuleFile, RegoError]]:
    """Yield the checks of each group of files, or the error of a group that fails."""
    parsed: list[tuple[RuleFile, Module]] = []
    for file in files:
        try:
            parsed.append((file, parse_module(file.source, version)))
        except RegoError as error:
            yield file, error
    for group in _groups(parsed):
        try:
            yield _compile(group)
        except RegoError as error:
            yield _blamed(group, error), error


def _blamed(group: list[tuple[RuleFile, Module]], error: RegoError) -> RuleFile:
    """Return the file of a group that an error points at."""
    name = error.span.file if error.span else ""
    return next((f for f, _ in group if f.source.name == name), group[0][0])


def _groups(
    parsed: list[tuple[RuleFile, Module]],
) -> list[list[tuple[RuleFile, Module]]]:
    """Return the files that have to be compiled together.

    Files of one package are one group, and so are packages where one names the other.
    Spacelift runs each policy alone, though all are in one package.
    """
    packages = {module.package for _, module in parsed}
    groups: list[list[tuple[RuleFile, Module]]] = []
    homes: dict[tuple[str, ...], list[tuple[RuleFile, Module]]] = {}
    for item in parsed:
        own = item[1].package
        if own == _ALONE:
            groups.append([item])
            continue
        joined = [item]
        for name in {own, *_named(item[1], packages)}:
            held = homes.get(name)
            if held is not None and held is not joined:
                held_names = [n for n, g in homes.items() if g is held]
                joined = [*held, *(x for x in joined if x not in held)]
                homes.update(dict.fromkeys(held_names, joined))
            homes[name] = joined
        for name in [n for n, g in homes.items() if any(x in joined for x in g)]:
            homes[name] = joined
    unique = {id(g): g for g in homes.values()}
    return [*groups, *unique.values()]


def _named(
    module: Module, packages: set[tuple[str, ...]]
) -> Iterator[tuple[str, ...]]:
    """Yield the packages that a module names in its imports."""
    for item in module.imports:
        path = _data_path(item)
        for package in packages:
            if path and path[: len(package)] == package:
                yield package


def _data_path(item: Import) -> tuple[str, ...]:
    match item.path:
        case Ref(head=Var(name="data"), path=path):
            return tuple(
                str(p.value) for p in path if isinstance(p, Scalar)
            )
    return ()


def _compile(group: list[tuple[RuleFile, Module]]) -> RegoChecks:
    modules = tuple(module for _, module in group)
    wanted = frozenset(
        ("data", *module.package, name)
        for module in modules
        for rule in module.rules
        if (name := _entry_name(rule))
    )
    policy = compile_parsed(modules, wanted)
    rules = tuple(describe(file, metadata(module)) for file, module in group)
    units, wholes = [], []
    for rule in policy.plan.rules:
        if rule.path not in wanted or rule.kind == "function":
            continue
        status = _status(rule.path[-1])
        if rule.kind == "set":
            units += list(_units(policy, rule, rules, status))
        elif rule.chains:
            owner = rules[rule.chains[0][0].source]
            steps = tuple(s for chain in rule.chains for c in chain for s in c.steps)
            reads = input_keys(steps, policy.plan)
            wholes.append(Whole(owner, status, rule.path, rule.id, reads))
    return RegoChecks(policy, rules, tuple(units), tuple(wholes))


def _units(
    policy: Policy, rule: ir.Rule, rules: tuple[Rule, ...], status: Status
) -> Iterator[Unit]:
    codes = policy.program.entries[rule.id]
    for chain, code in zip(rule.chains, codes, strict=True):
        steps = tuple(step for clause in chain for step in clause.steps)
        reads = input_keys(steps, policy.plan)
        yield Unit(rules[code.source], status, code, reads)


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
    """Return the METADATA of a file: its package's, under that of its first rule."""
    fields: dict[str, Any] = {}
    scopes = ("subpackages", "package", "document", "rule")
    for annotation in sorted(
        module.annotations, key=lambda a: scopes.index(a.scope), reverse=True
    ):
        fields = {**fields, **annotation.fields}
    return fields
