"""A session: rules compiled once, documents that come and change, current findings."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from comply.check.rego_check import Runner, run_checks
from comply.check.worlds import all_worlds
from comply.findings import Finding, Severity, Status
from comply.load import load
from comply.load.detect import detect
from comply.load.encoding import decode, read
from comply.load.facts import Document
from comply.plan.runtime import collector_paused
from comply.rules.checks import Compiled, RegoChecks, digest, fetch, keep, linked
from comply.rules.files import RuleFile, pack_files, user_files
from comply.rules.rule import Rule
from comply.source import ComplyError, LoadError, Source

_RUN: Final = ("ASSERTION", "INSERT", "UPDATE", "DELETE", "MERGE")


@dataclass(slots=True)
class Loaded:
    """A source that a session holds; a file of manifests has several documents."""

    source: Source
    kind: str
    documents: list[Document]

    @property
    def document(self) -> Document:
        """Return the only or first document."""
        return self.documents[0]


@dataclass(slots=True)
class Session:
    """Rules and documents, and the findings that follow from them.

    `rules` are paths of rule files or folders, `packs` names of built-in packs,
    `parameters` what rules read at `data.comply.parameters`, `data` more base
    documents, `now` the clock that rules see. `cache` is the folder of compiled rules;
    without one nothing is kept.
    """

    rules: Iterable[str | Path] = ()
    packs: Iterable[str] = ()
    parameters: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    now: datetime | None = None
    cache: Path | None = None
    problems: list[Finding] = field(default_factory=list)
    evaluated: dict[str, int] = field(default_factory=dict)
    _loaded: list[Loaded] = field(default_factory=list)
    _checks: list[RegoChecks] = field(default_factory=list)
    _assertions: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        files = user_files(Path(p) for p in self.rules)
        for pack in self.packs:
            files += pack_files(pack)
        self._compile(files)

    def _compile(self, files: list[RuleFile]) -> None:
        rego = [file for file in files if file.language == "rego"]
        name = digest(rego)
        found = fetch(self.cache, name) if self.cache is not None else None
        if found is None:
            found = self._compiled(rego)
            if self.cache is not None and not self.problems:
                keep(self.cache, name, found)
        self._checks = [linked(made, rego) for made in found]
        written = [file for file in files if file.language == "sql"]
        if written:
            self._assertions, failed = _sql_check().read_rules(written)
            self.problems += [_problem(file.id, error) for file, error in failed]

    def _compiled(self, files: list[RuleFile]) -> list[Compiled]:
        """Return the files compiled; what does not compile becomes a problem."""
        # Imported here because a cached plan needs no compiler.
        compiler = import_module("comply.rules.rego_rules")
        found: list[Compiled] = []
        for made in compiler.compile_files(files):
            if isinstance(made, Compiled):
                found.append(made)
            else:
                file, error = made
                self.problems += [_problem(file.id, e) for e in error.errors]
        return found

    def described(self) -> list[Rule]:
        """Return the rules that compiled, by id."""
        rules = {r.id: r for checks in self._checks for r in checks.rules}
        for rule in self._assertions:
            rules[rule.id] = _sql_check().described(rule)
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
        found = kind or detect(source)
        if found is None:
            raise LoadError(
                f"{source.name}: neither a plan, nor a manifest, nor a schema",
                hint="name its kind if it is one: terraform_plan, kubernetes, "
                "oracle_ddl, json, yaml",
            )
        loaded = Loaded(source, found, load(source, found))
        self._loaded.append(loaded)
        return loaded

    @property
    def documents(self) -> list[Document]:
        """Return every document of the session, in the order they were loaded."""
        return [d for loaded in self._loaded for d in loaded.documents]

    def check(self) -> list[Finding]:
        """Return the current findings, each once, in the order of documents."""
        documents = self.documents
        runner = Runner(self._base(documents), self._now_ns())
        found: dict[tuple[str, ...], Finding] = {}
        for item in (*self.problems, *(p for d in documents for p in d.problems)):
            found[_identity(item)] = item
        with collector_paused():
            for checks in self._checks:
                for item in run_checks(runner, checks, documents):
                    found.setdefault(_identity(item), item)
        self.evaluated = runner.evaluated
        for item in self._check_assertions(documents):
            found.setdefault(_identity(item), item)
        return list(found.values())

    def _check_assertions(self, documents: list[Document]) -> list[Finding]:
        """Return what assertions say, those of the scripts and those of the rules."""
        scripts = [x.source for x in self._loaded if x.kind == "oracle_ddl"]
        if not self._assertions and not any(map(_changes_data, scripts)):
            return []
        run = _sql_check().run_assertions
        findings, evaluated = run(self._assertions, scripts, documents, self.now)
        self.evaluated |= evaluated
        return list(findings)

    def _base(self, documents: list[Document]) -> dict[str, Any]:
        own = {"comply": {"parameters": self.parameters}}
        return {**all_worlds(documents), **own, **self.data}

    def _now_ns(self) -> int:
        return time.time_ns() if self.now is None else int(self.now.timestamp() * 1e9)


def _sql_check() -> Any:  # noqa: ANN401
    """Return the module that runs assertions; it needs sqlglot and DuckDB."""
    return import_module("comply.check.sql_check")


def _changes_data(source: Source) -> bool:
    """Tell whether a script may do more than create tables."""
    text = source.text.upper()
    return any(word in text for word in _RUN)


def _read(source: str | Path | bytes) -> Source:
    if isinstance(source, bytes):
        return decode("<bytes>", source)
    return read(Path(source), str(source))


def _identity(item: Finding) -> tuple[str, ...]:
    place = item.span.file if item.span is not None else ""
    return (item.rule_id, item.status, item.fact, item.message, place)


def _problem(rule_id: str, error: ComplyError) -> Finding:
    """Return the error finding of a rule that does not compile."""
    code = getattr(error, "code", "")
    text = f"{code}: {error.message}" if code else error.message
    return Finding(
        rule_id,
        "The rule compiles",
        Severity.HIGH,
        Status.ERROR,
        text,
        span=error.span,
        remediation=error.hint,
    )
