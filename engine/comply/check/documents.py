"""DOCUMENTS -> RESULTS: what a session keeps of each document, and how it changes.

Of a document that is one fact, such as a manifest, only the findings are kept: a change
of it concerns every check, and a session may hold many thousands. Of a document with
collections of facts every unit is kept.
"""

from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from typing import Any

from comply.check.changes import Edits, Frame, Positions, compare, replaced
from comply.check.evaluations import Runner
from comply.check.rego_check import Counts, State, Update, follow_change, start
from comply.check.single import Singles, run_single
from comply.check.undetermined import (
    Watch,
    follow_unknowns,
    unknowns_in,
    watch,
)
from comply.classes import dataclass, field
from comply.findings import Finding
from comply.load.facts import Change, Document, nowhere
from comply.plan.shape import project
from comply.rules.checks import RegoChecks

_ALIAS = frozenset({"terraform"})


@dataclass(slots=True)
class Result:
    """What checks found in a document; `states` is None where only that is kept.

    `size` counts the units it took. Without a document it is of the rules that join
    worlds.
    """

    document: Document | None
    states: list[State] | None
    kept: list[Finding]
    size: int
    watches: list[Watch] = field(default_factory=list)

    def findings(self) -> Iterator[Finding]:
        """Yield the current findings."""
        if self.states is None:
            yield from self.kept
            return
        watched = {id(made.state): made for made in self.watches}
        for state in self.states:
            yield from watched.get(id(state), state).findings()


def run(runner: Runner, singles: Singles, document: Document | None) -> Result:
    """Return what checks find in a document, from scratch."""
    if document is None or _collections(document):
        states = [start(runner, group, document) for group in singles.checks]
        size = sum(x.unit.size if x.unit else 1 for s in states for x in s.running)
        unknowns = unknowns_in(document, tuple(singles.checks))
        made = (watch(s, unknowns, runner.places, runner.now_ns) for s in states)
        return Result(document, states, [], size, [w for w in made if w is not None])
    kept, size = run_single(runner, singles, document)
    return Result(document, None, kept, size)


@dataclass(frozen=True, slots=True)
class Move:
    """What a document is now and what changed in it; the worlds that any change is in."""

    document: Document | None
    edits: Edits | None
    worlds: frozenset[str]


def advance_result(
    runner: Runner,
    singles: Singles,
    result: Result,
    move: Move,
    counts: Counts,
) -> tuple[list[Finding], list[Finding]]:
    """Bring a result up to date; return the findings that went and those that came."""
    edits = move.edits if move.edits is not None else Edits(None, keys={""})
    result.document = move.document
    if result.states is None:
        if not edits and not _reads_worlds(singles.checks, move.worlds):
            counts.reused += result.size
            return [], []
        made = run(runner, singles, move.document)
        counts.run += made.size
        gone, result.kept, result.size = result.kept, made.kept, made.size
        return gone, made.kept
    gone, come = [], []
    update = Update(move.document, edits, move.worlds)
    for state in result.states:
        went, came = follow_change(runner, state, update, counts)
        gone += went
        come += came
    if result.watches:
        went, came = follow_unknowns(result.watches, move.edits, runner.places)
        gone += went
        come += came
    return gone, come


def _reads_worlds(checks: list[RegoChecks], worlds: frozenset[str]) -> bool:
    """Tell whether a check of single documents may read others of these worlds."""
    if not worlds:
        return False
    for group in checks:
        known = group.program.reads
        waiting = [u.code.reads for u in group.units if u.reads != frozenset()]
        waiting += [known[w.id] for w in group.wholes if w.reads != frozenset()]
        seen: set[int] = set()
        while waiting:
            reads = waiting.pop()
            if reads.data is None or not worlds.isdisjoint(reads.data):
                return True
            fresh = set(reads.rules) - seen
            seen |= fresh
            waiting += [known[rule] for rule in fresh]
    return False


def _collections(document: Document) -> bool:
    for collection in document.collections:  # noqa: SIM110  (asked of each manifest)
        if collection.path:
            return True
    return False


def as_input(kind: str, value: Any) -> Any:  # noqa: ANN401
    """Return what rules see of the object that a source of a kind holds."""
    if kind in ("terraform_plan", "terraform_source") and isinstance(value, dict):
        return import_module("comply.load.terraform_plan").as_input(value)
    return value


def edits_between(
    old: Document | None,
    new: Document | None,
    given: Any = None,  # noqa: ANN401
) -> Edits | None:
    """Return what changed between two versions of a document, None for all of it.

    `given` is the value handed over last, as in `changes.compare`.
    """
    if old is None or new is None or not _collections(new):
        return None
    frame = _frame(new)
    collections = frame.collections
    edits = compare(old.value, new.value, frame, given)
    edits.moved = new.locate is not nowhere
    if frame.ignored and isinstance(edits.value, dict):
        # The plan under its other name has to hold the same lists.
        inner = dict(edits.value.get("terraform") or {})
        inner.update({k: edits.value[k] for k in collections if k in edits.value})
        edits.value["terraform"] = inner
    return edits


def _frame(document: Document) -> Frame:
    """Return where the facts of a document are, and how much of it is kept."""
    found = {c.path[0]: c.identity for c in document.collections if len(c.path) == 1}
    ignored = _ALIAS if document.world == "terraform" else frozenset[str]()
    # A value that was handed over holds all of it, one that was read what is kept.
    kept = document.shape if document.locate is nowhere else None
    return Frame(found, ignored, kept)


def matched(
    old: list[Document], new: list[Document]
) -> list[tuple[Document | None, Document | None]]:
    """Return the documents of two versions of a source in pairs, by identity."""
    left: dict[str, list[Document]] = {}
    for document in old:
        left.setdefault(_identity(document), []).append(document)
    pairs: list[tuple[Document | None, Document | None]] = []
    for document in new:
        held = left.get(_identity(document))
        pairs.append((held.pop(0) if held else None, document))
    pairs += [(document, None) for held in left.values() for document in held]
    return pairs


def _identity(document: Document) -> str:
    for collection in document.collections:
        if not collection.path:
            return collection.identity(document.value)
    return ""


def changed_documents(loaded: Any, change: Change) -> list[Document]:  # noqa: ANN401
    """Return the documents of a source of manifests after a change.

    Raises:
        KeyError: if the change names a manifest that is not there.
    """
    documents: list[Document] = list(loaded.documents)
    names = [_identity(document) for document in documents]
    for name, value in change.updated:
        at = _position(names, name)
        documents[at] = replace(documents[at], value=value, locate=nowhere)
    template = documents[0] if documents else None
    gone = {_position(names, name) for name in change.removed}
    kept = [d for i, d in enumerate(documents) if i not in gone]
    if template is not None:
        kept += [replace(template, value=v, locate=nowhere) for v in change.added]
    return kept


def _position(names: list[str], name: str) -> int:
    try:
        return names.index(name)
    except ValueError:
        raise KeyError(name) from None


@dataclass(slots=True)
class Editable:
    """A document whose lists of facts can be changed in place."""

    document: Document
    lists: list[Positions]

    def apply(self, change: Change) -> Edits:
        """Change the lists; what is added goes to the first.

        Raises:
            KeyError: if the change names a fact that is not there.
        """
        edits = Edits(self.document.value)
        parts = self._parts(change)
        for held, part in zip(self.lists, parts, strict=True):
            if part.added or part.removed or part.updated:
                edits.take(held.path, held.apply(part))
        return edits

    def put(self, given: Any, new: Any) -> Edits | None:  # noqa: ANN401
        """Put facts of a value in the place of those that the value before it gave.

        None, and nothing is changed, where more than facts changed, or their identity.
        """
        if not isinstance(given, dict) or not isinstance(new, dict):
            return None
        frame = _frame(self.document)
        found = replaced(given, new, frame)
        if found is None:
            return None
        lists = {held.path[0]: held for held in self.lists}
        puts = []
        for key, places in found.items():
            held, part = lists.get(key), frame.part(key)
            if held is None or len(held.items) != len(new[key]):
                return None
            kept = part[0] if isinstance(part, list) else None
            puts += [(held, at, project(kept, new[key][at])) for at in places]
        if any(h.identity(h.items[at]) != h.identity(item) for h, at, item in puts):
            return None
        edits = Edits(self.document.value)
        for held, at, item in puts:
            edits.take(held.path, held.put(at, item))
        return edits

    def _parts(self, change: Change) -> list[Change]:
        """Return the part of a change that concerns each list."""
        if len(self.lists) == 1:
            return [change]
        homes: list[Change] = [Change(added=change.added)]
        homes += [Change() for _ in self.lists[1:]]
        for name, value in change.updated:
            at = self._home(name)
            held = homes[at]
            homes[at] = replace(held, updated=(*held.updated, (name, value)))
        for name in change.removed:
            at = self._home(name)
            homes[at] = replace(homes[at], removed=(*homes[at].removed, name))
        return homes

    def _home(self, name: str) -> int:
        for i, held in enumerate(self.lists):
            if held.find(name) is not None:
                return i
        raise KeyError(name)


def editable(document: Document) -> Editable | None:
    """Return a document whose lists are its own, None if it has no lists of facts."""
    value = document.value
    if not isinstance(value, dict) or not _collections(document):
        return None
    own = dict(value)
    lists = []
    for collection in document.collections:
        if len(collection.path) == 1 and isinstance(
            value.get(collection.path[0]), list
        ):
            key = collection.path[0]
            own[key] = list(value[key])
            lists.append(Positions((key,), own[key], collection.identity))
    if document.world == "terraform":
        inner = dict(own.get("terraform") or {})
        own["terraform"] = {**inner, **{p.path[0]: p.items for p in lists}}
    return Editable(replace(document, value=own, locate=nowhere), lists)
