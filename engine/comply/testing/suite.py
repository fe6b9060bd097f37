"""TREE -> REPORT: groups compiled and run, over processes where that is sooner."""

import os
import time
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Final

from comply.classes import dataclass, field
from comply.rego.errors import RegoError
from comply.rego.parser import Version, parse_module
from comply.rego.spacelift.contract import GIVEN
from comply.rego.spacelift.prelude import given_modules, missing_names
from comply.rego.syntax import Module
from comply.source import ComplyError, Source
from comply.testing.collisions import colliding, widened
from comply.testing.compiled import Compiled, compile_group, parse_group
from comply.testing.coverage import Use, merged, uses
from comply.testing.files import Tree
from comply.testing.forks import spread
from comply.testing.groups import ALONE, Group, group_sources, is_test, package_of
from comply.testing.results import (
    Opinion,
    Outcome,
    Problem,
    Report,
    Result,
    problems_of,
)
from comply.testing.rules import TestRule
from comply.testing.run import Runner, run_test

_SMALL: Final = 60_000
"""Characters of Rego that one process compiles sooner than two could begin."""

_PATIENCE: Final = 0.2
"""Seconds of tests of one group after which other processes join in."""

_CONFLICTS: Final = ("conflicting rules", "multiple default rules")


@dataclass(frozen=True, slots=True)
class Options:
    """What a run is asked for.

    `chosen` tells by its full name whether a test runs, `alone` whether policies are
    tested pair by pair (None: where they cannot be compiled together), `jobs` how many
    processes may run, 0 for one a core; with `cross_check` rego-cpp is asked as well.
    """

    version: Version = "auto"
    chosen: Callable[[str], bool] | None = None
    coverage: bool = False
    timeout: float = 30.0
    jobs: int = 0
    alone: bool | None = None
    cross_check: bool = False

    @property
    def processes(self) -> int:
        """Return how many processes may run."""
        return self.jobs or min(os.cpu_count() or 1, 8)


@dataclass(slots=True)
class Outcomes:
    """What one or more groups yielded."""

    results: list[Result] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)
    opinions: list[Opinion] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def add(self, other: "Outcomes") -> None:
        """Take over what other groups yielded."""
        self.results += other.results
        self.problems += other.problems
        self.uses += other.uses
        self.opinions += other.opinions
        self.notices += other.notices


@dataclass(slots=True)
class _Suite:
    """What the functions of this module share; `parsed` are the trees read so far."""

    tree: Tree
    options: Options
    parsed: dict[str, Module] = field(default_factory=dict)


def run_suite(tree: Tree, options: Options) -> Report:
    """Return the results of the tests of a tree."""
    started = time.perf_counter()
    suite = _Suite(tree, options)
    found = Outcomes(problems=[p for e in tree.errors for p in problems_of(e)])
    found.notices = [f"{left.path}: not read, {left.reason}" for left in tree.left]
    found.add(_run_groups(suite, _groups(suite)))
    found.add(_run_scripts(suite))
    files = [*tree.sources, *tree.scripts]
    order = {source.name: i for i, source in enumerate(files)}
    found.results.sort(key=lambda r: (order.get(r.span.file, 0), r.span.row))
    return Report(
        tuple(found.results),
        tuple(dict.fromkeys(found.problems)),
        tuple(found.notices),
        merged(found.uses) if options.coverage else None,
        tuple(found.opinions) if options.cross_check else None,
        len(files),
        time.perf_counter() - started,
    )


def _run_scripts(suite: _Suite) -> Outcomes:
    """Return what scripts of SQL yield."""
    if not suite.tree.scripts:
        return Outcomes()
    # A database and a parser of SQL: only who has scripts pays.
    run = import_module("comply.testing.scripts").run_scripts
    results, problems = run(suite.tree.scripts, suite.options.chosen)
    return Outcomes(results, problems)


def _groups(suite: _Suite) -> list[Group]:
    """Return the groups that the options ask for."""
    sources = suite.tree.sources
    if suite.options.alone is None:
        return group_sources(sources)
    if not suite.options.alone:
        return group_sources(sources, ())
    tested = {package_of(s.text) for s in sources if is_test(s)}
    return group_sources(sources, {n.removesuffix("_test") for n in tested if n})


def _run_groups(suite: _Suite, groups: Iterable[Group]) -> Outcomes:
    """Return what groups yield: many small ones side by side, a large one by tests."""
    found = Outcomes()
    alone = []
    for group in groups:
        if group.alone:
            alone.append(group)
        else:
            found.add(_run_together(suite, group))
    alone.sort(key=lambda g: sum(len(s.text) for s in g.sources), reverse=True)
    size = sum(len(s.text) for g in alone for s in g.sources)
    processes = suite.options.processes if size > _SMALL else 1

    def work(number: int) -> Outcomes:
        return _run_alone(suite, alone[number])

    for part in spread(work, len(alone), processes):
        found.add(part)
    return found


def _run_alone(suite: _Suite, group: Group) -> Outcomes:
    """Return what one group yields, in this process."""
    try:
        compiled = _compile_alone(suite, group)
    except ComplyError as error:
        return Outcomes(problems=problems_of(error))
    runner = Runner(compiled, suite.options.timeout)
    tests = _chosen(suite, compiled)
    results = [result for test in tests for result in run_test(runner, test)]
    return _outcomes(suite, compiled, results, runner.hits)


def _outcomes(
    suite: _Suite, compiled: Compiled, results: list[Result], hits: set[int]
) -> Outcomes:
    asked: list[Opinion] = []
    if suite.options.cross_check:
        # The formatter and a second engine: only who asks for them pays.
        asked = import_module("comply.testing.cross_check").compare(compiled, results)
    return Outcomes(results, [], uses(compiled, hits), asked)


def _compile_alone(suite: _Suite, group: Group) -> Compiled:
    """Return a group compiled, with what else of its package it turns out to need.

    That is files of its package that are no policies of their own, and the functions
    and aliases that Spacelift defines.
    """
    modules = parse_group(group.sources, suite.options.version, suite.parsed)
    try:
        return _compile(suite, group, modules)
    except RegoError:
        known = {source.name for source in group.sources}
        packages = {package_of(s.text) for s in group.sources}
        rest = [
            s
            for s in suite.tree.sources
            if s.name not in known and package_of(s.text) in packages
        ]
        wider = widened(group, modules, _readable(suite, rest))
        modules = parse_group(wider.sources, suite.options.version, suite.parsed)
        given = given_modules(missing_names(modules, GIVEN)) if packages & ALONE else []
        if wider == group and not given:
            raise
    return _compile(suite, wider, (*modules, *given))


def _readable(suite: _Suite, sources: Iterable[Source]) -> list[Module]:
    """Return the trees of those sources that have one."""
    found = []
    for source in sources:
        try:
            found.append(parse_module(source, suite.options.version))
        except RegoError:
            continue
    return found


def _compile(suite: _Suite, group: Group, modules: tuple[Module, ...]) -> Compiled:
    probed = suite.options.coverage
    return compile_group(group, modules, suite.tree.data, probed=probed)


def _chosen(suite: _Suite, compiled: Compiled) -> list[TestRule]:
    chosen = suite.options.chosen
    if chosen is None:
        return list(compiled.tests)
    return [test for test in compiled.tests if chosen(".".join(test.path))]


def _run_together(suite: _Suite, group: Group) -> Outcomes:
    """Return what files yield that OPA would compile together.

    Where they conflict, or where a test fails that may not be about the other policies
    of its package, policies are tested pair by pair.
    """
    modules: tuple[Module, ...] = ()
    try:
        modules = parse_group(group.sources, suite.options.version, suite.parsed)
        compiled = _compile(suite, group, modules)
    except ComplyError as error:
        packages = colliding(modules) if suite.options.alone is None else {}
        conflict = isinstance(error, RegoError) and _is_conflict(error)
        if not packages or not conflict:
            return Outcomes(problems=problems_of(error))
        parts = group_sources(group.sources, packages)
        found = _run_groups(suite, parts)
        found.notices += [_apart(name, files) for name, files in packages.items()]
        return found
    found = _run_tests(suite, compiled)
    if suite.options.alone is None:
        _try_alone(suite, group, colliding(modules), found)
    return found


def _is_conflict(error: RegoError) -> bool:
    return any(text in e.message for e in error.errors for text in _CONFLICTS)


def _apart(package: str, files: list[str]) -> str:
    return (
        f"package {package}: {len(files)} policies define the same rules, so each was "
        "tested alone, with its own test"
    )


def _run_tests(suite: _Suite, compiled: Compiled) -> Outcomes:
    """Return what the tests of a group yield; other processes help if it takes long."""
    runner = Runner(compiled, suite.options.timeout)
    waiting = _chosen(suite, compiled)
    results: list[Result] = []
    until = time.perf_counter() + _PATIENCE
    while waiting and time.perf_counter() < until:
        results += run_test(runner, waiting.pop(0))
    count = suite.options.processes
    parts = [waiting[n::count] for n in range(count)]

    def work(number: int) -> tuple[list[Result], set[int]]:
        done = [result for test in parts[number] for result in run_test(runner, test)]
        return done, runner.hits

    if waiting:
        for done, hits in spread(work, count, count):
            results += done
            runner.hits |= hits
    return _outcomes(suite, compiled, results, runner.hits)


def _try_alone(
    suite: _Suite, group: Group, packages: dict[str, list[str]], found: Outcomes
) -> None:
    """Run failed tests again, each policy alone, where policies share their rules."""
    failed = {r.span.file for r in found.results if r.outcome is not Outcome.PASS}
    again = [
        part
        for part in group_sources(group.sources, packages)
        if part.alone and part.tests & failed
    ]
    passed: dict[tuple[str, str], Result] = {}
    for part in again if packages else []:
        for result in _run_alone(suite, part).results:
            if result.outcome is Outcome.PASS:
                passed[result.span.file, result.name] = result
    kept = []
    changed = 0
    for result in found.results:
        failing = result.outcome in {Outcome.FAIL, Outcome.ERROR}
        better = passed.get((result.span.file, result.name)) if failing else None
        changed += better is not None
        kept.append(better or result)
    if changed:
        found.results = kept
        found.notices += [_apart(name, files) for name, files in packages.items()]
