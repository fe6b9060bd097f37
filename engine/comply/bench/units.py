"""WORK -> TIMES OF UNITS, and what they look up and what they find already computed."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from statistics import median
from typing import Any

from comply.bench.results import IndexUse, MemoUse, RuleTime, UnitTime
from comply.bench.work import Item, Turn, Work, items_of, timed, turns
from comply.check.evaluations import driven, members
from comply.check.incremental import Unit as Driven
from comply.check.incremental import run_unit
from comply.classes import dataclass, field
from comply.plan.indexes import build_index
from comply.plan.link import UnitCode
from comply.plan.runtime import (
    Context,
    EvaluationError,
    Node,
    collector_paused,
)
from comply.rules.checks import Unit
from comply.source import Source

Name = tuple[int, int]
"""A unit: the number of its group and its own."""

IndexName = tuple[tuple[str, ...], tuple[str, ...]]


class CountedMemo(dict[Any, Any]):
    """The values of rules, which counts how often one is looked for, and is there."""

    def __init__(self, reads: Counter[int], hits: Counter[int]) -> None:
        super().__init__()
        self.reads = reads
        self.hits = hits

    def __contains__(self, rule: object) -> bool:
        """Tell whether a rule has a value, and note that somebody asked."""
        found = super().__contains__(rule)
        if isinstance(rule, int):
            self.reads[rule] += 1
            self.hits[rule] += found
        return found


@dataclass(slots=True)
class Tally:
    """What one pass over everything counted."""

    documents: Counter[Name] = field(default_factory=Counter)
    elements: Counter[Name] = field(default_factory=Counter)
    hits: Counter[Name] = field(default_factory=Counter)
    errors: dict[Name, str] = field(default_factory=dict)
    keys: Counter[IndexName] = field(default_factory=Counter)
    lookups: Counter[IndexName] = field(default_factory=Counter)
    found: Counter[IndexName] = field(default_factory=Counter)
    built: defaultdict[IndexName, float] = field(
        default_factory=lambda: defaultdict(float)
    )
    reads: defaultdict[int, Counter[int]] = field(
        default_factory=lambda: defaultdict(Counter)
    )
    kept: defaultdict[int, Counter[int]] = field(
        default_factory=lambda: defaultdict(Counter)
    )


def tally(work: Work) -> Tally:
    """Return what a check does, counted; it takes longer than a check."""
    counted = Tally()
    with collector_paused():
        for turn in turns(work):
            contexts = {id(context): context for _, _, context in turn.items}
            for context in contexts.values():
                reads, kept = counted.reads[turn.group], counted.kept[turn.group]
                context.memo = CountedMemo(reads, kept)
                context.trace = []
            for number, item, context in turn.items:
                _count_item(counted, (turn.group, number), item, context, work)
            for context in contexts.values():
                _count_indexes(counted, context)
    return counted


def _count_item(
    counted: Tally, name: Name, item: Item, context: Context, work: Work
) -> None:
    counted.documents[name] += 1
    try:
        if isinstance(item, Unit):
            _count_unit(counted, name, item.code, context)
        else:
            value = work.groups[name[0]].program.rules[item.id](context)
            counted.elements[name] += 1
            counted.hits[name] += len(list(members(value)))
    except EvaluationError as error:
        counted.errors[name] = f"{error.code}: {error.message}"
    except RecursionError:
        counted.errors[name] = "the input is nested too deeply for this rule"


def _count_unit(counted: Tally, name: Name, code: UnitCode, context: Context) -> None:
    out: dict[Any, Any] = {}
    if code.start is None or code.path is None:
        counted.elements[name] += 1
        code.run(context, out)
        counted.hits[name] += len(out)
        return
    started = code.start(context)
    if started is None:
        return
    for key, element in driven(code, context):
        counted.elements[name] += 1
        code.run(context, out, key, element, *started)
        counted.hits[name] += len(out)
        out.clear()


def _count_indexes(counted: Tally, context: Context) -> None:
    for path, on, key in context.trace or ():
        counted.lookups[path, on] += 1
        counted.found[path, on] += key in context.indexes[path, on]
    for (path, on), index in context.indexes.items():
        counted.keys[path, on] += len(index)
        start = time.perf_counter()
        build_index(context.input, path, on)
        counted.built[path, on] += time.perf_counter() - start


def unit_times(
    work: Work, counted: Tally, runs: int, seconds: float
) -> tuple[dict[Name, float], int]:
    """Return the median milliseconds of each unit, and over how many runs.

    Indexes are there before the clock starts; a helper rule is paid for by the first
    unit that reads it.
    """
    taken: defaultdict[Name, list[float]] = defaultdict(list)

    def once() -> None:
        sums: defaultdict[Name, float] = defaultdict(float)
        with collector_paused():
            for turn in turns(work):
                _prepare(turn, counted)
                for name, spent in _run_turn(turn, work):
                    sums[name] += spent
        for name in counted.documents:
            taken[name].append(sums[name] * 1000)

    made = len(timed(once, runs, seconds))
    return {name: median(times) for name, times in taken.items()}, made


def _prepare(turn: Turn, counted: Tally) -> None:
    """Build the indexes that a turn will use."""
    for context in {id(c): c for _, _, c in turn.items}.values():
        for path, on in counted.keys:
            index = build_index(context.input, path, on)
            if index:
                context.indexes[path, on] = index


def _run_turn(turn: Turn, work: Work) -> Iterator[tuple[Name, float]]:
    rules = work.groups[turn.group].program.rules
    for number, item, context in turn.items:
        start = time.perf_counter()
        try:
            if isinstance(item, Unit):
                run_unit(Driven(item.code), context)
            else:
                rules[item.id](context)
        except (EvaluationError, RecursionError):
            pass
        yield (turn.group, number), time.perf_counter() - start


def listed_units(
    work: Work, counted: Tally, times: dict[Name, float]
) -> tuple[UnitTime, ...]:
    """Return the units, the slowest first."""
    found = []
    for (group, number), spent in times.items():
        checks = work.groups[group]
        item = items_of(checks)[number]
        source, row, driver = _place(item, checks.sources)
        name = (group, number)
        found.append(
            UnitTime(
                item.rule.id,
                source,
                row,
                driver,
                counted.documents[name],
                counted.elements[name],
                counted.hits[name],
                spent,
                counted.errors.get(name, ""),
            )
        )
    return tuple(sorted(found, key=lambda u: (-u.milliseconds, u.file, u.row)))


def _place(item: Item, sources: tuple[Source, ...]) -> tuple[str, int, str]:
    """Return the file and row of a unit, and what it goes through."""
    if not isinstance(item, Unit):
        return item.rule.file, 0, "the whole rule"
    code = item.code
    source = sources[code.source]
    return source.name, source.row(code.at), _driver(code)


def _driver(code: UnitCode) -> str:
    if code.path is None:
        return "the whole input"
    path = ".".join(("input", *code.path))
    if code.on is None:
        return path
    return f"{path} by {'.'.join(code.on)} = {code.match!r}"


def listed_rules(units: tuple[UnitTime, ...]) -> tuple[RuleTime, ...]:
    """Return the rules, the slowest first."""
    by_rule: defaultdict[str, list[UnitTime]] = defaultdict(list)
    for unit in units:
        by_rule[unit.rule].append(unit)
    rules = (
        RuleTime(
            rule,
            len(own),
            sum(unit.elements for unit in own),
            sum(unit.hits for unit in own),
            sum(unit.milliseconds for unit in own),
        )
        for rule, own in by_rule.items()
    )
    return tuple(sorted(rules, key=lambda rule: (-rule.milliseconds, rule.rule)))


def listed_indexes(counted: Tally) -> tuple[IndexUse, ...]:
    """Return the indexes, the busiest first."""
    found = (
        IndexUse(
            ".".join(("input", *path)),
            ".".join(on),
            counted.keys[path, on],
            counted.lookups[path, on],
            counted.found[path, on],
            counted.built[path, on] * 1000,
        )
        for path, on in counted.keys
    )
    return tuple(sorted(found, key=lambda use: (-use.lookups, use.path, use.on)))


def listed_memos(work: Work, counted: Tally) -> tuple[MemoUse, ...]:
    """Return the helper rules that are read, the busiest first."""
    found = []
    for group, reads in counted.reads.items():
        program = work.groups[group].program
        names = dict(_named(program.tree, ("data",)))
        for rule, times in reads.items():
            name = names.get(program.rules[rule], f"part that rules share, {rule}")
            found.append(MemoUse(name, times, counted.kept[group][rule]))
    return tuple(sorted(found, key=lambda use: (-use.reads, use.rule)))


def _named(node: Node, path: tuple[str, ...]) -> Iterator[tuple[Any, str]]:
    """Yield the functions of rules with the names of the rules."""
    function, children = node
    if function is not None:
        yield function, ".".join(path)
    for step, child in children.items():
        yield from _named(child, (*path, step))
