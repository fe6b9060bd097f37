"""Compiled rules: what a check runs, and how a cache keeps it.

A cache entry is named by the digest of the rules' texts and of comply's version.
"""

from collections.abc import Iterable
from dataclasses import astuple
from hashlib import sha256
from pathlib import Path
from types import CodeType
from typing import Any, Final

from comply.classes import dataclass, field
from comply.findings import Severity, Status
from comply.kept_file import put, take
from comply.plan.link import (
    AggregateLayout,
    Code,
    Layout,
    Program,
    ReadSet,
    UnitCode,
    UnitLayout,
    link,
)
from comply.plan.shape import Shape
from comply.rules.files import RuleFile
from comply.rules.rule import Rule
from comply.rules.state import known_build
from comply.source import Source

LARGEST: Final = 64 << 20
"""How many bytes compiled rules may take: some hundreds of sets of rules."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One clause of an entry rule and the rule that it belongs to.

    `reads` are the keys of the input that it may read, None for any; `entry` is the id
    of the entry rule.
    """

    rule: Rule
    status: Status
    code: UnitCode
    reads: frozenset[str] | None
    entry: int


@dataclass(frozen=True, slots=True)
class Whole:
    """An entry rule with one value, such as `deny if { ... }`, run as a whole."""

    rule: Rule
    status: Status
    id: int
    reads: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class RegoChecks:
    """The checks of files that were compiled together.

    `shape` is what they read, `paths` are those of entry rules by id; `awaited` are the
    attributes of planned resources whose being unknown concerns them, None for any.
    """

    program: Program
    sources: tuple[Source, ...]
    rules: tuple[Rule, ...]
    units: tuple[Unit, ...]
    wholes: tuple[Whole, ...]
    shape: Shape = None
    paths: dict[int, tuple[str, ...]] = field(default_factory=dict)
    awaited: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Compiled:
    """The checks of some files before they are linked: plain data and code.

    `files` are positions in the list of files. A unit is (rule, status, entry rule,
    number, reads), a whole (rule, status, entry rule, reads).
    """

    code: Code
    binary: CodeType
    layout: Layout
    files: tuple[int, ...]
    rules: tuple[Rule, ...]
    units: tuple[tuple[int, str, int, int, tuple[str, ...] | None], ...]
    wholes: tuple[tuple[int, str, int, tuple[str, ...] | None], ...]
    shape: Shape = None
    awaited: tuple[str, ...] | None = None


def linked(made: Compiled, files: list[RuleFile]) -> RegoChecks:
    """Return the checks that can be run; `files` are those they were compiled from."""
    program = link(made.code, made.binary, made.layout)
    units = tuple(
        Unit(
            made.rules[rule],
            Status(status),
            program.entries[entry][number],
            None if reads is None else frozenset(reads),
            entry,
        )
        for rule, status, entry, number, reads in made.units
    )
    wholes = tuple(
        Whole(
            made.rules[rule],
            Status(status),
            entry,
            None if reads is None else frozenset(reads),
        )
        for rule, status, entry, reads in made.wholes
    )
    sources = tuple(files[i].source for i in made.files)
    wanted = {*program.entries, *(whole.id for whole in wholes)}
    paths = {number: path for number, path, _ in made.layout.rules if number in wanted}
    awaited = None if made.awaited is None else frozenset(made.awaited)
    return RegoChecks(
        program, sources, made.rules, units, wholes, made.shape, paths, awaited
    )


def digest(files: Iterable[RuleFile]) -> str:
    """Return what names the compiled form of files: texts, ids, comply's own code."""
    state = sha256(repr(known_build()).encode())
    for file in files:
        for part in (file.id, file.pack, file.source.name, file.source.text):
            state.update(part.encode("utf-8", "surrogatepass"))
            state.update(b"\0")
    return state.hexdigest()[:32]


def fetch(folder: Path, name: str) -> list[Compiled] | None:
    """Return what a cache holds under a digest; None if nothing that can be trusted."""
    stored = take(str(folder), f"{name}.plan")
    try:
        return None if stored is None else [_revived(item) for item in stored]
    except (ValueError, TypeError, IndexError, KeyError):
        return None


def keep(
    folder: Path, name: str, made: Iterable[Compiled], largest: int = LARGEST
) -> None:
    """Store compiled checks under a digest; a cache that cannot be written is none.

    All entries but this one have no more than `largest` bytes together afterwards.
    """
    put(str(folder), f"{name}.plan", [_plain(item) for item in made], largest)


def _plain(made: Compiled) -> tuple[Any, ...]:
    layout = (
        made.layout.rules,
        made.layout.packages,
        [(entry, [astuple(u) for u in units]) for entry, units in made.layout.entries],
        [(rule, astuple(reads)) for rule, reads in made.layout.reads],
        [astuple(item) for item in made.layout.aggregates],
    )
    rules = [_rule_fields(rule) for rule in made.rules]
    code = (made.code.text, made.code.places)
    items = (made.units, made.wholes, made.shape, made.awaited)
    return (code, made.binary, layout, made.files, rules, *items)


def _rule_fields(rule: Rule) -> tuple[Any, ...]:
    fields = list(astuple(rule))
    fields[2] = None if rule.severity is None else str(rule.severity)
    return tuple(fields)


def _revived(stored: tuple[Any, ...]) -> Compiled:
    code, binary, layout, files, rules, units, wholes, *rest = stored
    entries = tuple(
        (entry, tuple(_unit_layout(fields) for fields in items))
        for entry, items in layout[2]
    )
    reads = tuple((rule, ReadSet(*fields)) for rule, fields in layout[3])
    aggregates = tuple(
        AggregateLayout(rule, kind, fold, tuple(map(_unit_layout, parts)))
        for rule, kind, fold, parts in layout[4]
    )
    return Compiled(
        Code(*code),
        binary,
        Layout(layout[0], layout[1], entries, reads, aggregates),
        files,
        tuple(_rule(fields) for fields in rules),
        units,
        wholes,
        *rest,
    )


def _unit_layout(fields: tuple[Any, ...]) -> UnitLayout:
    source, at, path, on, match, start, run, reads, *rest = fields
    read_set = ReadSet(*reads)
    return UnitLayout(source, at, path, on, match, start, run, read_set, *rest)


def _rule(fields: tuple[Any, ...]) -> Rule:
    severity = None if fields[2] is None else Severity(fields[2])
    return Rule(fields[0], fields[1], severity, *fields[3:])
