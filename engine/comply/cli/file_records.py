"""FILE -> RECORD: what one file says by itself, under rules that look at nothing else."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from comply.check.budget import Budget
from comply.check.cache_records import Record, content_digest
from comply.check.evaluations import Runner
from comply.check.single import Singles, run_single
from comply.classes import dataclass
from comply.cli.found import Input
from comply.cli.inputs import name_kind, nothing_in, unreadable
from comply.findings import Finding
from comply.load import load
from comply.load.detect import detect, role
from comply.load.encoding import LARGEST, decode, read
from comply.load.encoding import unreadable as refused
from comply.load.facts import Document, facts
from comply.plan.builtins.signatures import CONTEXTUAL, NONDETERMINISTIC
from comply.plan.link import ReadSet
from comply.plan.runtime import collector_paused
from comply.report.redact import redact
from comply.rules.checks import RegoChecks
from comply.source import LoadError, Source

if TYPE_CHECKING:
    from comply.check.session import Session

ALIEN: Final = Record("alien")
"""Of a file whose findings may depend on others, or may have to hide their secrets."""

_WORLDS: Final = frozenset({"terraform", "kubernetes", "oracle"})
_NAME: Final = "comply"
"""What no text lacks that holds an exception."""

_OUTSIDE: Final = (CONTEXTUAL | NONDETERMINISTIC) - {"rego.parse_module"}
"""Built-ins whose results, or effects, are not decided by what they are given."""


@dataclass(frozen=True, slots=True)
class File:
    """A file to be checked by itself: its name as the user sees it."""

    name: str
    named: bool


@dataclass(slots=True)
class Checker:
    """Rules that were compiled, to be run over one file after the other.

    `data` are the base documents, `clock` is the time that rules see, in ns, `kind` that
    of all files named.
    """

    singles: Singles
    budget: Budget
    data: dict[str, Any]
    clock: int
    kind: str | None = None

    def record(self, file: File) -> tuple[str, Record]:
        """Return the digest of a file's content and what was found in it.

        The digest of a file that cannot be read is empty: there is nothing to keep. So it
        is once a rule was stopped, which another time may come to its end.
        """
        path = Path(file.name)
        try:
            if path.stat().st_size > LARGEST:
                read(path, file.name)
            data = path.read_bytes()
        except OSError as error:
            return "", _failed(refused(file.name, error))
        except LoadError as error:
            return "", _failed(error)
        try:
            with collector_paused():
                record = self._look(file, data)
            return "" if self.budget.out else content_digest(data), record
        except LoadError as error:
            return content_digest(data), _failed(error)

    def _look(self, file: File, data: bytes) -> Record:
        source = decode(file.name, data)
        if file.named:
            return self._check(name_kind(source, self.kind))
        if Path(file.name).name == "comply.yaml":
            return Record("settings")
        found = role(source)
        if found != "document":
            return Record("other" if found == "none" else found)
        return self._check(Input(source, detect(source) or "", named=False))

    def _check(self, item: Input) -> Record:
        if item.kind != "kubernetes":
            return ALIEN
        try:
            documents = load(item.source, item.kind)
        except LoadError:
            if "{{" in item.source.text and not item.named:
                return Record("template")
            raise
        if not documents:
            if item.named:
                raise nothing_in(item)
            return Record("other")
        return self._run(item.source, documents)

    def _run(self, source: Source, documents: list[Document]) -> Record:
        runner = Runner(self.data, self.clock, budget=self.budget)
        found: dict[tuple[str, ...], Finding] = {}
        for document in documents:
            if document.sensitive():
                return ALIEN
            named = [*document.problems, *run_single(runner, self.singles, document)[0]]
            for item in named:
                key = (item.rule_id, item.status, item.fact, item.message)
                found.setdefault(key, item)
        self.singles.count(runner.evaluated)
        return Record(
            "document",
            len(documents),
            sum(1 for document in documents for _ in facts(document)),
            tuple(sorted(runner.evaluated)),
            tuple(redact(found.values(), ())) if found else (),
            plain=_NAME not in source.text,
        )


def _failed(error: LoadError) -> Record:
    return Record("error", findings=tuple(redact([unreadable(error)], ())))


def looks_at_one(session: "Session") -> bool:
    """Tell whether the rules of a session look at one document and nothing else.

    A rule that joins worlds, asks for the time or draws lots does look elsewhere, and
    so do assertions. Rules that did not compile have to be told each time.
    """
    if session.problems or session.asserts:
        return False
    return stay_with_one(session.compiled)


def stay_with_one(checks: Iterable[RegoChecks]) -> bool:
    """Tell whether checks look at one document and nothing else."""
    return not any(map(_looks_elsewhere, checks))


def depends_on_files(session: "Session") -> bool:
    """Tell whether the same rules say the same of the same files, tomorrow as well.

    Assertions that ask for the time are told by their words, for which the caller looks.
    """
    if session.problems:
        return False
    return not any(_asks_outside(checks) for checks in session.compiled)


def _asks_outside(checks: RegoChecks) -> bool:
    text = checks.program.code.text
    return any(f"lookup({name!r})" in text for name in _OUTSIDE)


def _looks_elsewhere(checks: RegoChecks) -> bool:
    if _asks_outside(checks):
        return True
    if any(x.reads == frozenset() for x in checks.units):
        return True
    if any(x.reads == frozenset() for x in checks.wholes):
        return True
    reads = [*checks.program.reads.values(), *(u.code.reads for u in checks.units)]
    return any(map(_reads_worlds, reads))


def _reads_worlds(reads: ReadSet) -> bool:
    return reads.data is None or not _WORLDS.isdisjoint(reads.data)
