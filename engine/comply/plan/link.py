"""CODE + LAYOUT -> PROGRAM: generated Python becomes functions that can be called.

A layout says in plain tuples what the functions of some code are, so that a cache can
keep both and a later run need not compile anything.
"""

import linecache
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable
from hashlib import sha256
from types import CodeType
from typing import Any

from comply.classes import dataclass, field
from comply.plan.runtime import Node, Remembered
from comply.plan.values import Value

Path = tuple[str, ...]
Place = tuple[int, int]
Sighting = tuple[int, Any, Any, Value]


@dataclass(frozen=True, slots=True)
class Code:
    """Generated Python: `places` gives the (source, offset) of each line, or None."""

    text: str
    places: tuple[Place | None, ...]


@dataclass(frozen=True, slots=True)
class ReadSet:
    """What steps read, a driver's element left out.

    `paths` lead from the input to what is read there, whole, `present` to what only has
    to be there. `rules` are the rules whose
    values are read. `data` are the top-level keys of base documents, None for any.
    `partitions` tells that they look elements up by an index; which, is noted when they
    run. `whole` tells that they may read anything of the input.
    """

    paths: tuple[Path, ...] = ()
    rules: tuple[int, ...] = ()
    data: tuple[str, ...] | None = ()
    partitions: tuple[Path, ...] = ()
    whole: bool = False
    present: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class UnitLayout:
    """The names of a unit's functions and what narrows its driver, as in `UnitCode`.

    `run` names one function, or without a path the clauses to try in order; `turns` is
    empty where there is no such function.
    """

    source: int
    at: int
    path: Path | None
    on: Path | None
    match: Value
    start: str
    run: tuple[str, ...]
    reads: ReadSet
    keyed: bool = False
    turns: str = ""


@dataclass(frozen=True, slots=True)
class AggregateLayout:
    """The functions of a rule that gathers, and how it does, as in `AggregateCode`."""

    rule: int
    kind: str
    fold: str
    parts: tuple[UnitLayout, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """What the functions of some code are.

    `rules` are (id, path, whether it is a function), `packages` paths that exist even
    without rules, `entries` the units of the rules that a check starts from, `reads`
    what each rule depends on, `aggregates` the rules known by what each element adds,
    `lasting` rules that are the same for every input.
    """

    rules: tuple[tuple[int, Path, bool], ...]
    packages: tuple[Path, ...]
    entries: tuple[tuple[int, tuple[UnitLayout, ...]], ...]
    reads: tuple[tuple[int, ReadSet], ...] = ()
    aggregates: tuple[AggregateLayout, ...] = ()
    lasting: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class UnitCode:
    """The code of one clause of an entry rule.

    With a `path` the clause is cut at its driver: `start(context)` gives what `run`
    needs besides an element, or None where the clause cannot hold, and
    `run(context, out, key, element, *started)` adds the members it yields for one
    element of the collection at `path`. With `on`, only elements whose value there is
    `match` can hold, and the key is not needed. Without a path, `run(context, out)`
    adds all. `turns(context, found, pairs, *started)` runs it for many elements and adds
    (key, element, result) triples. `reads` is what it depends on besides the element; it
    is `keyed` if that includes the element's key.
    """

    source: int
    at: int
    path: Path | None
    on: Path | None
    match: Value
    start: Callable[..., tuple[Value, ...] | None] | None
    run: Callable[..., Any]
    reads: ReadSet
    keyed: bool
    turns: Callable[..., None] | None = None


@dataclass(frozen=True, slots=True)
class AggregateCode:
    """The code of a rule that gathers from collections, one element at a time.

    `kind` is array, set or object, `fold` the built-in that the value is made with, if
    any. `run` of a part adds (key, value) pairs to a list.
    """

    kind: str
    fold: str
    parts: tuple[UnitCode, ...]


@dataclass(frozen=True, slots=True)
class Program:
    """Compiled code.

    `rules` are the functions of rules by id, `tree` the documents they make up,
    `entries` the units of the rules that a check starts from, `members` gives what
    all units of one find, `aggregates` are the rules known by what each element adds.
    `screen(context, found)` adds to a list what all units find, as (unit, key, element,
    result), where units are counted through `entries`. `remembered` is for evaluations
    to share. `lasting` rules are the same for every input. `file` is the name under which tracebacks and `linecache` know the code.
    """

    code: Code
    file: str
    rules: dict[int, Callable[..., Value]]
    tree: Node
    query: Callable[..., None] | None
    entries: dict[int, tuple[UnitCode, ...]]
    reads: dict[int, ReadSet]
    members: dict[int, Callable[[Any], dict[Any, Value]]]
    aggregates: dict[int, AggregateCode]
    screen: Callable[[Any, list[Sighting]], None] | None = None
    remembered: Remembered = field(default_factory=lambda: defaultdict(dict))
    lasting: tuple[int, ...] = ()


def compiled(code: Code) -> CodeType:
    """Return generated Python, compiled under a name that depends on its text alone."""
    digest = sha256(code.text.encode()).hexdigest()[:16]
    with warnings.catch_warnings():
        # What a constant can never be (`"a"["b"]`) is for the run time to find.
        warnings.simplefilter("ignore", SyntaxWarning)
        return compile(code.text, f"<comply plan {digest}>", "exec")


def link(code: Code, binary: CodeType, layout: Layout) -> Program:
    """Run compiled code, which defines its functions, and return them."""
    namespace: dict[str, Any] = {"__name__": "comply_generated"}
    exec(binary, namespace)  # the one place that executes what we generate
    file = binary.co_filename
    lines = code.text.splitlines(keepends=True)
    linecache.cache[file] = (len(code.text), None, lines, file)
    rules = {number: namespace[f"rule_{number}"] for number, _, _ in layout.rules}
    entries = {
        number: tuple(_unit(unit, namespace) for unit in units)
        for number, units in layout.entries
    }
    return Program(
        code,
        file,
        rules,
        build_tree(layout, rules),
        namespace.get("query"),
        entries,
        dict(layout.reads),
        {number: namespace[f"members_{number}"] for number in entries},
        {item.rule: _aggregate(item, namespace) for item in layout.aggregates},
        namespace.get("screen"),
        lasting=layout.lasting,
    )


def _unit(unit: UnitLayout, namespace: dict[str, Any]) -> UnitCode:
    functions = [namespace[name] for name in unit.run]
    start = namespace[unit.start] if unit.start else None
    run = functions[0] if start is not None else _first_of(functions)
    return UnitCode(
        unit.source,
        unit.at,
        unit.path,
        unit.on,
        unit.match,
        start,
        run,
        unit.reads,
        unit.keyed,
        namespace[unit.turns] if unit.turns else None,
    )


def _aggregate(item: AggregateLayout, namespace: dict[str, Any]) -> AggregateCode:
    parts = tuple(_unit(part, namespace) for part in item.parts)
    return AggregateCode(item.kind, item.fold, parts)


def _first_of(clauses: list[Callable[..., Any]]) -> Callable[..., Any]:
    """Return a chain of clauses as one function: the first that adds ends it."""

    def run(context: object, out: dict[Any, Value]) -> None:
        any(clause(context, out) for clause in clauses)

    return run


def build_tree(layout: Layout, rules: dict[int, Callable[..., Value]]) -> Node:
    """Return the tree of virtual documents under `data`; functions are no part of it."""
    root: Node = (None, {})
    for path in layout.packages:
        _descend(root, path[1:])
    for number, path, function in layout.rules:
        if path[0] != "data":
            continue
        children = _descend(root, path[1:-1])[1]
        if function:
            continue
        held: Node = children.get(path[-1], (None, {}))
        children[path[-1]] = (rules[number], held[1])
    return root


def _descend(node: Node, path: Iterable[str]) -> Node:
    for step in path:
        node = node[1].setdefault(step, (None, {}))
    return node
