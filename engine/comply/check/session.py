"""A session: rules compiled once, documents that come and change, current findings."""

from collections import Counter
from collections.abc import Iterable, Iterator
from copy import copy
from dataclasses import replace
from datetime import datetime
from importlib import import_module
from itertools import starmap
from pathlib import Path
from typing import Any, Final

from comply.check.budget import Budget, Limits
from comply.check.changes import Edits
from comply.check.compiled import clock_of, compiled, described, problem
from comply.check.documents import (
    Editable,
    Move,
    Result,
    advance_result,
    as_input,
    editable,
    edits_between,
    matched,
    run,
)
from comply.check.documents import changed_documents as _changed_documents
from comply.check.evaluations import Runner
from comply.check.kept import kept_shape
from comply.check.rego_check import Counts
from comply.check.results import Places
from comply.check.single import Singles
from comply.check.worlds import all_worlds
from comply.classes import dataclass, field
from comply.findings import Finding
from comply.load import load
from comply.load.detect import detect
from comply.load.encoding import decode, read
from comply.load.facts import Change, Document, nowhere
from comply.plan.runtime import collector_paused
from comply.plan.shape import Shape
from comply.rules.checks import RegoChecks
from comply.rules.files import RuleFile, rule_files
from comply.rules.rule import Rule
from comply.source import ComplyError, LoadError, Source

_OWN: Final = frozenset({"terraform_plan", "oracle_ddl"})
_RUN: Final = ("ASSERTION", "INSERT", "UPDATE", "DELETE", "MERGE")


@dataclass(slots=True)
class Loaded:
    """A source that a session holds; a file of manifests has several documents.

    `given` is the value that an update handed over last.
    """

    source: Source
    kind: str
    documents: list[Document]
    given: Any = None

    @property
    def document(self) -> Document:
        """Return the only or first document."""
        return self.documents[0]


Named = tuple[str, Finding]
"""A finding with the name of the document it is about."""


@dataclass(frozen=True, slots=True)
class Delta:
    """What a change did: findings that came and went, and the units it took.

    `units_run` counts the units that were run, `units_reused` those whose results stood.
    """

    added: list[Finding]
    removed: list[Finding]
    units_run: int
    units_reused: int


@dataclass(slots=True)
class Session:
    """Rules and documents, and the findings that follow from them.

    `rules` are paths of rule files or folders, `packs` names of built-in packs,
    `parameters` what rules read at `data.comply.parameters`, `data` more base
    documents, `now` the clock that rules see. `cache` is the folder of compiled rules;
    without one nothing is kept. Of a large plan only what rules read is kept, unless
    `entire`. `limits` is what one rule may take in a check or an update; a rule that
    took more is an error, and is not run again before all is checked from scratch.
    """

    rules: Iterable[str | Path] = ()
    packs: Iterable[str] = ()
    parameters: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    now: datetime | None = None
    cache: Path | None = None
    entire: bool = False
    limits: Limits = field(default_factory=Limits)
    problems: list[Finding] = field(default_factory=list)
    evaluated: dict[str, int] = field(default_factory=dict)
    _loaded: list[Loaded] = field(default_factory=list)
    _checks: list[RegoChecks] = field(default_factory=list)
    _assertions: list[Any] = field(default_factory=list)
    _packs: dict[str, str] = field(default_factory=dict)
    _asserted: list[Finding] = field(default_factory=list)
    _script_runs: dict[str, int] = field(default_factory=dict)
    _facts: Any = None
    _singles: Singles = field(init=False)
    _results: dict[int, Result] = field(default_factory=dict)
    _editables: dict[int, Editable] = field(default_factory=dict)
    _counts: Counter[tuple[str, ...]] | None = None
    _clock: int = 0
    _budget: Budget = field(default_factory=Budget)
    _shape: Shape = None

    def __post_init__(self) -> None:
        self._compile(rule_files(map(Path, self.rules), self.packs))
        # One clock for the session: what was checked stays what it was.
        self._clock = clock_of(self.now)

    def _compile(self, files: list[RuleFile]) -> None:
        rego = [file for file in files if file.language == "rego"]
        self._checks, problems = compiled(rego, self.cache)
        self.problems += problems
        self._singles = Singles(self._checks)
        written = [file for file in files if file.language == "sql"]
        self._packs = {file.id: file.pack for file in written}
        if written:
            self._assertions, failed = _sql_check().read_rules(written)
            self.problems += [problem(file.id, error) for file, error in failed]
            self._facts = _sql_check().on_facts(self._assertions)
        if not (self.entire or self._assertions):
            self._shape = kept_shape(self._checks, "terraform")

    @property
    def compiled(self) -> list[RegoChecks]:
        """Return the checks of the Rego rules."""
        return self._checks

    @property
    def asserts(self) -> bool:
        """Tell whether rules are assertions, which look at everything."""
        return bool(self._assertions)

    @property
    def taken(self) -> tuple[int, float]:
        """Return how many findings were counted, and the seconds that rules ran for.

        Of what counts for the limits: that is for all rules together, and since the
        last check from scratch or the last change.
        """
        return self._budget.counted.total(), sum(self._budget.spent.values())

    def emptied(self) -> "Session":
        """Return a session of the same rules, compiled already, without documents."""
        made = copy(self)
        made.problems, made.evaluated = list(self.problems), {}
        made._loaded, made._asserted = [], []  # noqa: SLF001  (its own, before anybody has it)
        made._script_runs = {}  # noqa: SLF001
        made._results, made._editables = {}, {}  # noqa: SLF001
        made._counts, made._budget = None, Budget(self.limits)  # noqa: SLF001
        return made

    @property
    def stopped(self) -> bool:
        """Tell whether a rule took more than its limits, which another run may not."""
        return bool(self._budget.out)

    @property
    def crowded(self) -> bool:
        """Tell whether a rule has more findings by now than a check from scratch allows."""
        most = self.limits.findings
        if most <= 0 or sum(1 for _ in self._current()) <= most:
            return False
        return max(Counter(f.rule_id for _, f in self._current()).values()) > most

    @property
    def clock(self) -> int:
        """Return the time that rules see, in nanoseconds since 1970."""
        return self._clock

    def described(self) -> list[Rule]:
        """Return the rules that compiled, by id."""
        rules = {rule.id: rule for rule in described(self._checks)}
        for rule in self._assertions:
            rules[rule.id] = _sql_check().described(rule, self._packs)
        return [rules[key] for key in sorted(rules)]

    def load(self, source: str | Path | bytes, kind: str | None = None) -> Loaded:
        """Read a file, or the bytes of one, and keep what it holds.

        `kind` is a key of `comply.load.LOADERS`; None detects it.

        Raises:
            LoadError: if it cannot be read, or looks like none of the kinds.
        """
        return self.add(_read(source), kind)

    def add(self, source: Source, kind: str | None = None) -> Loaded:
        """Load a source and keep what it holds."""
        found = _kind_of(source, kind)
        if found == "oracle_ddl":
            loaded = self._add_script(source)
        else:
            loaded = Loaded(source, found, load(source, found, self._shape))
        self._loaded.append(loaded)
        self._results.clear()
        return loaded

    def adopt(self, source: Source, kind: str, known: Loaded | None) -> Loaded:
        """Keep a source; what another session made of the same text is taken as it is.

        Raises:
            LoadError: if it cannot be read.
        """
        same = known is not None and (known.kind, known.source) == (kind, source)
        # What is kept of a plan, and what a script is, depends on the session.
        if known is None or not same or kind in _OWN:
            return self.add(source, kind)
        loaded = Loaded(source, kind, list(known.documents))
        self._loaded.append(loaded)
        self._results.clear()
        return loaded

    def _add_script(self, source: Source) -> Loaded:
        """Load a script after those before it, whose tables it may build on."""
        scripts = [x for x in self._loaded if x.kind == "oracle_ddl"]
        together = import_module("comply.load.oracle_ddl").load_together
        documents = together([*(x.source for x in scripts), source])
        for held, document in zip(scripts, documents, strict=False):
            held.documents = [document]
        return Loaded(source, "oracle_ddl", [documents[-1]])

    def insert(self, source: Source, kind: str | None = None) -> tuple[Loaded, Delta]:
        """Load one more source; return it and what that changes.

        Unlike `add`, what was checked before stands. Scripts build on each other and
        have to be added together.

        Raises:
            LoadError: if it cannot be read, or looks like none of the kinds.
        """
        found = _kind_of(source, kind)
        documents = load(source, found, self._shape)
        loaded = Loaded(source, found, [])
        self._loaded.append(loaded)
        return loaded, self._replace(loaded, documents)

    def remove(self, loaded: Loaded) -> Delta:
        """Let go of a source; return what that changes."""
        try:
            if not self._results:
                self._run()
        finally:
            # Gone, even if what it holds could not be run, before scripts run again.
            self._loaded = [held for held in self._loaded if held is not loaded]
        return self._replace(loaded, [])

    @property
    def documents(self) -> list[Document]:
        """Return every document of the session, in the order they were loaded."""
        return [d for loaded in self._loaded for d in loaded.documents]

    @property
    def unfollowed(self) -> list[str]:
        """Return the rules of which unknown values could not be told from absent ones."""
        watches = (w for result in self._results.values() for w in result.watches)
        return sorted({rule for made in watches for rule in made.unfollowed})

    @property
    def works(self) -> bool:
        """Tell whether some rule is about some of the documents of now."""
        for result in self._results.values():
            states = result.states
            if result.size if states is None else any(s.running for s in states):
                return True
        facts = {} if self._facts is None else self._facts.evaluated
        return any(facts.values()) or any(self._script_runs.values())

    @property
    def whole(self) -> dict[str, str]:
        """Return the assertions that each change checks as a whole, and why."""
        rules = self._facts.whole if self._facts is not None else ()
        return {item.rule.id: item.why for item in rules if item.why}

    def check(self) -> list[Finding]:
        """Return the current findings, each once, in the order of documents."""
        if not self._results:
            self._run()
            self._budget.rest()
        found: dict[tuple[str, ...], Finding] = {}
        for named in self._current():
            found.setdefault(_identity(*named), named[1])
        return list(found.values())

    def update(self, loaded: Loaded, new: Any) -> Delta:  # noqa: ANN401
        """Take a new version of a source; return what that changes.

        `new` is the bytes or the path of a file, a source, or the object that one holds.
        What changed is found by the identity of facts. An object is not to be mutated
        afterwards: what is the same object is taken to be unchanged.

        Raises:
            LoadError: if the new version cannot be read.
        """
        return self._update_in_place(loaded, new) or self._replace(
            loaded, self._read_version(loaded, new)
        )

    def apply(self, loaded: Loaded, change: Change) -> Delta:
        """Take changed facts by name; return what that changes.

        Raises:
            ComplyError: if the change names a fact that the source does not hold.
        """
        if not self._results:
            self._run()
        found = self._editable(loaded)
        try:
            if found is not None:
                return self._edit(loaded, found, change)
            return self._replace(loaded, _changed_documents(loaded, change))
        except KeyError as error:
            raise ComplyError(f"{loaded.source.name}: no fact {error}") from None

    def _current(self) -> Iterator[Named]:
        """Yield the findings of everything, some of them twice."""
        yield from _placed(self.problems)
        for document in self.documents:
            yield from _placed(document.problems)
        for result in self._results.values():
            yield from named(result, result.findings())
        yield from _placed(self._asserted)
        if self._facts is not None:
            yield from self._facts.findings()

    def _run(self) -> None:
        """Run every check from scratch."""
        self._budget = Budget(self.limits)
        documents = self.documents
        runner, singles = self._runner(), self._singles
        with collector_paused():
            for document in (*documents, None):
                self._results[id(document)] = run(runner, singles, document)
        singles.count(runner.evaluated)
        self.evaluated = runner.evaluated
        self._asserted = self._run_scripts()
        if self._facts is not None:
            with collector_paused():
                self._facts.budget = self._budget
                self._facts.start(documents)
            self.evaluated |= self._facts.evaluated
        self._counts = None

    def _runner(self) -> Runner:
        documents = self.documents
        places = Places(documents=tuple(documents))
        return Runner(
            self.base_documents(documents), self._clock, places, budget=self._budget
        )

    def _read_version(self, loaded: Loaded, new: Any) -> list[Document]:  # noqa: ANN401
        if isinstance(new, bytes | str | Path | Source):
            source = replace(_read(new), name=loaded.source.name)
            documents = load(source, loaded.kind, self._shape)
            # Scripts are run by their text.
            loaded.source = source
            return documents
        held = loaded.documents
        if len(held) != 1:
            raise ComplyError(
                f"{loaded.source.name} holds {len(held)} documents",
                hint="update it with the bytes of the whole file, or apply a change",
            )
        value = as_input(loaded.kind, new)
        return [replace(held[0], value=value, locate=nowhere, problems=())]

    def _update_in_place(self, loaded: Loaded, new: Any) -> Delta | None:  # noqa: ANN401
        """Take an object of which only facts differ from the one before, if it is one."""
        given = loaded.given
        if given is None or isinstance(new, bytes | str | Path | Source):
            return None
        document = loaded.documents[0]
        if document.problems or document.locate is not nowhere:
            return None
        found = self._editable(loaded)
        value = as_input(loaded.kind, new)
        edits = found.put(given, value) if found is not None else None
        if found is None or edits is None:
            return None
        loaded.given = value
        return self._follow([(found.document, found.document, edits)])

    def _replace(self, loaded: Loaded, fresh: list[Document]) -> Delta:
        """Put documents in the place of those of a source."""
        if not self._results:
            self._run()
        pairs = matched(loaded.documents, fresh)
        given, loaded.given = loaded.given, None
        edits = [(old, new, edits_between(old, new, given)) for old, new in pairs]
        if len(fresh) == 1:
            loaded.given = fresh[0].value
        self._editables.pop(id(loaded), None)
        loaded.documents = [
            new if e is None or new is None else replace(new, value=e.value)
            for _, new, e in edits
            if new is not None
        ]
        steps = iter(loaded.documents)
        moves = [
            (old, next(steps) if new is not None else None, e) for old, new, e in edits
        ]
        return self._follow(moves)

    def _editable(self, loaded: Loaded) -> Editable | None:
        """Return the lists of facts of a source, to be changed in place."""
        if len(loaded.documents) != 1:
            return None
        key = id(loaded)
        if key not in self._editables:
            document = loaded.documents[0]
            made = editable(document)
            if made is None:
                return None
            self._editables[key] = made
            self._rename(document, made.document)
            loaded.documents[0] = made.document
        return self._editables[key]

    def _edit(self, loaded: Loaded, found: Editable, change: Change) -> Delta:
        loaded.given = None
        edits = found.apply(change)
        document = loaded.documents[0]
        return self._follow([(document, document, edits)])

    def _rename(self, old: Document, new: Document) -> None:
        self._results = {
            id(new) if key == id(old) else key: value
            for key, value in self._results.items()
        }
        if self._facts is not None:
            self._facts.rows.rename(old, new)

    def _follow(
        self, moves: list[tuple[Document | None, Document | None, Edits | None]]
    ) -> Delta:
        """Run what documents that came, went or changed concern."""
        self._budget.renew()
        runner, singles = self._runner(), self._singles
        worlds = frozenset(
            d.world
            for old, new, e in moves
            for d in (old, new)
            if d is not None and (e is None or e)
        )
        counts = Counts()
        gone: list[Named] = []
        come: list[Named] = []
        edited = {id(old): (new, e) for old, new, e in moves if old is not None}
        results: dict[int, Result] = {}
        with collector_paused():
            for key, result in self._results.items():
                new, e = edited.get(key, (result.document, Edits(None)))
                if key in edited and new is None:
                    gone += named(result, result.findings())
                    continue
                move = Move(new, e, worlds)
                went, came = advance_result(runner, singles, result, move, counts)
                gone += named(result, went)
                come += named(result, came)
                results[id(new)] = result
            for old, new, _ in moves:
                if old is None and new is not None:
                    made = run(runner, singles, new)
                    results[id(new)] = made
                    come += named(made, made.findings())
                    counts.run += made.size
        self._results = results
        self._recheck_scripts(moves, gone, come)
        if self._facts is not None:
            delta = self._facts.follow(moves, self.documents)
            gone += delta.gone
            come += delta.come
            counts.run += delta.run
            counts.reused += delta.reused
            self.evaluated |= self._facts.evaluated
        return self._delta(gone, come, counts)

    def _recheck_scripts(
        self,
        moves: list[tuple[Document | None, Document | None, Edits | None]],
        gone: list[Named],
        come: list[Named],
    ) -> None:
        for old, new, _ in moves:
            if old is not new:
                gone += _placed(old.problems if old is not None else ())
                come += _placed(new.problems if new is not None else ())
        if any(d is not None and d.world == "oracle" for m in moves for d in m[:2]):
            before, self._asserted = self._asserted, self._run_scripts()
            gone += _placed(before)
            come += _placed(self._asserted)

    def _delta(self, gone: list[Named], come: list[Named], counts: Counts) -> Delta:
        """Return what is new and what is no more, counting findings that stand twice."""
        held = self._counts
        if held is None:
            # The first delta counts what there is now, and takes itself back.
            held = self._counts = Counter(starmap(_identity, self._current()))
            held.subtract(starmap(_identity, come))
            held.update(starmap(_identity, gone))
        old = {_identity(*item): item[1] for item in gone}
        new = {_identity(*item): item[1] for item in come}
        before = {name: held[name] for name in (*old, *new)}
        held.subtract(starmap(_identity, gone))
        held.update(starmap(_identity, come))
        added = [x for n, x in new.items() if before[n] <= 0 < held[n]]
        removed = [x for n, x in old.items() if held[n] <= 0 < before[n]]
        return Delta(added, removed, counts.run, counts.reused)

    def _run_scripts(self) -> list[Finding]:
        """Return what assertions say of scripts, their own and those of the rules."""
        self._script_runs = {}
        scripts = [x.source for x in self._loaded if x.kind == "oracle_ddl"]
        if not scripts or not (self._assertions or any(map(_changes_data, scripts))):
            return []
        run = _sql_check().run_assertions
        findings, evaluated = run(self._assertions, scripts, self.now)
        self._script_runs = evaluated
        self.evaluated |= evaluated
        return list(findings)

    def base_documents(self, documents: list[Document]) -> dict[str, Any]:
        """Return what rules see under `data` besides their packages."""
        own = {"comply": {"parameters": self.parameters}}
        return {**all_worlds(documents), **own, **self.data}


def _sql_check() -> Any:  # noqa: ANN401
    """Return the module that runs assertions; it needs sqlglot and DuckDB."""
    return import_module("comply.check.sql_check")


def _changes_data(source: Source) -> bool:
    """Tell whether a script may do more than create tables."""
    text = source.text.upper()
    return any(word in text for word in _RUN)


def _read(source: str | Path | bytes | Source) -> Source:
    if isinstance(source, Source):
        return source
    if isinstance(source, bytes):
        return decode("<bytes>", source)
    path = Path(source)
    if path.is_dir():
        folder = import_module("comply.load.terraform_source.folder")
        gathered: Source = folder.gather(path)
        return gathered
    return read(path, str(source))


def _kind_of(source: Source, kind: str | None) -> str:
    """Return the kind of a source, detected if `kind` is None."""
    found = kind or detect(source)
    if found is None:
        raise LoadError(
            f"{source.name}: neither a plan, nor a manifest, nor a schema",
            hint="name its kind if it is one: terraform_plan, kubernetes, "
            "oracle_ddl, json, yaml",
        )
    return found


def _placed(findings: Iterable[Finding]) -> Iterator[Named]:
    """Yield findings with the names of their files."""
    for item in findings:
        yield (item.span.file if item.span is not None else "", item)


def named(result: Result, findings: Iterable[Finding]) -> Iterator[Named]:
    """Yield findings with the name of the document that they are about."""
    name = result.document.name if result.document is not None else ""
    for item in findings:
        yield name, item


def _identity(name: str, item: Finding) -> tuple[str, ...]:
    """Return what tells findings apart: not their place, which moves."""
    return (item.rule_id, item.status, item.fact, item.message, name)
