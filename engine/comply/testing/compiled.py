"""GROUPS -> COMPILED TESTS: modules ready to run, with probes where coverage wants them."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from comply.classes import dataclass
from comply.plan import ir
from comply.plan.emit import load, print_plan
from comply.plan.link import Program
from comply.plan.probe import Point, Probes
from comply.plan.reads import atoms, every_step
from comply.rego.errors import RegoError, together
from comply.rego.modules import plan_modules
from comply.rego.parser import Version, parse_module
from comply.rego.syntax import Module
from comply.rego.tracing import as_it_is
from comply.source import Source
from comply.testing.files import DataFile, base_documents
from comply.testing.groups import Group
from comply.testing.rules import CASES, TestRule, name_tests


@dataclass(frozen=True, slots=True)
class Compiled:
    """A group that can be run; `data` are its base documents."""

    group: Group
    modules: tuple[Module, ...]
    plan: ir.Plan
    program: Program
    points: tuple[Point, ...]
    tests: tuple[TestRule, ...]
    data: Any


def parse_group(
    sources: Iterable[Source], version: Version, parsed: dict[str, Module]
) -> tuple[Module, ...]:
    """Return the trees of sources; `parsed` keeps them for other groups.

    Raises:
        RegoError: with the errors of all of them.
    """
    modules = []
    errors: list[RegoError] = []
    for source in sources:
        try:
            if source.name not in parsed:
                parsed[source.name] = parse_module(source, version)
            modules.append(parsed[source.name])
        except RegoError as error:
            errors += error.errors
    if errors:
        raise together(errors)
    return tuple(modules)


def compile_group(
    group: Group,
    modules: tuple[Module, ...],
    files: list[DataFile],
    *,
    probed: bool = False,
) -> Compiled:
    """Return a group compiled; its plan is not made faster, since tests run once.

    Raises:
        RegoError: if it does not compile.
        LoadError: if data that it reads cannot be read.
    """
    named, tests = name_tests(modules, group.tests)
    plan = _plan(named)
    probes = Probes() if probed else None
    program = load(print_plan(plan, probes), plan)
    data = base_documents(files, base_reads(plan)) if files else {}
    points = tuple(probes.points) if probes else ()
    return Compiled(group, named, plan, program, points, tuple(tests), data)


def _plan(modules: tuple[Module, ...]) -> ir.Plan:
    """Return the plan of modules; cases that cannot be listed are left out."""
    try:
        return plan_modules(modules, improve=as_it_is).plan
    except RegoError:
        plain = tuple(_without_cases(module) for module in modules)
        if plain == modules:
            raise
        return plan_modules(plain, improve=as_it_is).plan


def _without_cases(module: Module) -> Module:
    kept = [
        rule
        for rule in module.rules
        if not str(getattr(rule.head.ref[0], "name", "")).endswith(CASES)
    ]
    return (
        module if len(kept) == len(module.rules) else replace(module, rules=tuple(kept))
    )


def base_reads(plan: ir.Plan) -> set[tuple[str, ...]]:
    """Return the paths under `data` that a plan may read of base documents."""
    found: set[tuple[str, ...]] = set()
    for rule in plan.rules:
        clauses = [clause for chain in rule.chains for clause in chain]
        clauses += [rule.default] if rule.default is not None else []
        for step in every_step(s for clause in clauses for s in clause.steps):
            match step:
                case ir.Extent(path=path, keys=keys):
                    found.add((*path, *_constants(keys)))
                case ir.Lookup(source=ir.BaseData(), keys=keys):
                    found.add(_constants(keys))
                case _:
                    if any(isinstance(a, ir.BaseData) for a in atoms(step)):
                        found.add(())
    return found


def _constants(keys: tuple[ir.Atom, ...]) -> tuple[str, ...]:
    """Return the leading keys that are known."""
    known: list[str] = []
    for key in keys:
        if not isinstance(key, ir.Const) or not isinstance(key.value, str):
            break
        known.append(key.value)
    return tuple(known)
