"""PATHS x RULES -> FINDINGS, file by file: from the cache where nothing has changed.

What a run over an unchanged tree does not need is imported only by one that needs it.
"""

import time
from collections.abc import Iterable
from contextlib import closing, nullcontext
from datetime import datetime
from hashlib import sha256
from json import dumps, loads
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from comply.check.cache_records import (
    Kept,
    Record,
    content_digest,
    decode_all,
    encode,
    evaluated_ids,
    plain_rule,
    rule_of,
)
from comply.check.cache_store import Store, open_store
from comply.classes import dataclass, field
from comply.cli.found import Survey, is_kustomization
from comply.cli.recalled import Before, Looked
from comply.cli.settings import Settings, left_out
from comply.findings import Finding, Severity, Status
from comply.load.folder import Left, Trail, walk_names
from comply.report.run import Run, ordered
from comply.rules.files import RuleFile, rule_files, rule_folders
from comply.rules.state import known_build
from comply.source import LoadError, Source
from comply.stamps import Stamp, is_settled, stamped
from comply.version import VERSION

if TYPE_CHECKING:
    from comply.cli.file_records import Checker

if TYPE_CHECKING:
    from comply.cli.kept_parts import Memory

MANIFESTS: Final = "kubernetes/baseline"
"""The pack that fits where nothing but manifests is found."""

_GLANCE: Final = 16
"""How many files are looked at before rules are compiled for them."""

_FEW: Final = 8
"""Fewer files are done before processes have been thought of."""

_LARGE: Final = 8 << 20
"""A file of more bytes is no manifest, and not worth reading twice to find out."""

TOGETHER: Final = (".tf", ".tf.json", ".sql")
"""How the names of files end that are read with those beside them."""

_RULES: Final = ""
"""The name under which a scope keeps what is known of its rules; no file has it."""

NOTHING_EVALUATED: Final = "comply/nothing-evaluated"


def _look() -> Looked:
    return Looked(time.time_ns())


@dataclass(frozen=True, slots=True)
class Options:
    """What a run was asked for besides its settings.

    `jobs` is the number of processes, None to choose; `cache` the folder to keep things
    in, None to keep nothing. `texts` come to hold those of inputs that are no files, and
    nothing for files known to hold no exceptions, so that they need not be read. `plan`
    is a Terraform plan that is checked with what is at the paths, if any. `tree` names
    the files of the run where the current folder does not, as it is a temporary one.
    `looked` comes to hold what the findings follow from.
    """

    kind: str | None = None
    now: datetime | None = None
    cache: Path | None = None
    jobs: int | None = None
    texts: dict[str, str] = field(default_factory=dict, compare=False)
    plan: Source | None = None
    tree: str = ""
    memory: "Memory | None" = field(default=None, compare=False)
    looked: Looked = field(default_factory=_look, compare=False)


@dataclass(slots=True)
class Listing:
    """The files of a run, by name: whether the user named them."""

    files: dict[str, bool] = field(default_factory=dict)
    errors: list[LoadError] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    trail: Trail = field(default_factory=Trail)


def check_files(
    settings: Settings, options: Options, before: Before | None = None
) -> tuple[list[Finding], Run] | None:
    """Return the findings in files that can each be checked by themselves, and the run.

    None where they cannot: a rule joins files or reads the clock, or there is something
    else than manifests. `before` is what a run with the same words left.

    Raises:
        ComplyError: if rules cannot be read.
    """
    turn = _begun(settings, options, before) if options.plan is None else None
    if turn is None:
        return None
    store = open_store(options.cache) if options.cache is not None else None
    with closing(store) if store is not None else nullcontext():
        records = turn.records(store)
    if records is None or any(r.role == "alien" for r in records.values()):
        return None
    listing = turn.listing
    unsure = listing.errors or listing.trail.links or not turn.about["stays"]
    if store is not None and not unsure and len(turn.known) == len(listing.files):
        looked = options.looked
        looked.files, looked.named = turn.known, listing.files
        looked.folders, looked.rules = listing.trail.folders, turn.rules
        looked.scope, looked.about, looked.records = turn.scope, turn.about, records
    return _composed(turn, records)


def _begun(
    settings: Settings, options: Options, before: Before | None
) -> "_Turn | None":
    """Return a run over what is at the paths, None if no file can be checked by itself."""
    if before is not None and before.listing is not None:
        # No folder has changed, so that what is in it has not come or gone.
        listing = Listing(before.listing, trail=Trail(before.folders))
    else:
        found = listing_of(settings)
        if found is None:
            return None
        listing = found
    packs = settings.packs
    if not (settings.rules or settings.packs):
        packs = (MANIFESTS,)
    if before is not None:
        return _Turn(
            settings, options, packs, listing, before.scope, before.rules, before
        )
    rules = rule_files(settings.rules, packs)
    if any(file.language != "rego" for file in rules):
        return None
    names = [file.source.name for file in rules]
    names += map(str, rule_folders(settings.rules, packs))
    scope = scope_of(rules, settings, options)
    return _Turn(settings, options, packs, listing, scope, names)


def listing_of(settings: Settings, *, together: bool = False) -> Listing | None:
    """Return the files at the paths of settings, None if there is something else.

    Unless they are checked `together`, that are also files which are read with others.
    """
    found = Listing()
    skips = left_out(settings)
    for path in settings.paths or (Path(),):
        items = walk_names(path, skips, found.trail) if path.is_dir() else [str(path)]
        named = not path.is_dir()
        for item in items:
            match item:
                case str():
                    if item in found.files or item == "-":
                        return None
                    if item.endswith(TOGETHER) and not together:
                        return None
                    found.files[item] = named
                case Left():
                    found.left.append(item)
                case LoadError():
                    found.errors.append(item)
    return found


def scope_of(rules: list[RuleFile], settings: Settings, options: Options) -> str:
    """Return what names all that findings follow from, the files left out."""
    state = sha256((options.tree or str(Path.cwd())).encode())
    parts: list[Any] = [known_build(), settings.parameters, options.kind]
    parts += [settings.max_findings, settings.max_memory]
    parts.append(None if options.now is None else options.now.isoformat())
    parts += [(f.id, f.pack, f.source.name, f.source.text) for f in rules]
    state.update(dumps(parts, sort_keys=True, default=repr).encode())
    return state.hexdigest()[:32]


@dataclass(slots=True)
class _Turn:
    """One run over a listing; `about` is what is known of the rules.

    `rules` are the files and folders of rules, `known` the files of which the same will
    be found for as long as they stay.
    """

    settings: Settings
    options: Options
    packs: tuple[str, ...]
    listing: Listing
    scope: str
    rules: list[str]
    before: Before | None = None
    about: dict[str, Any] = field(default_factory=dict)
    known: dict[str, Stamp] = field(default_factory=dict)

    def records(self, store: Store | None) -> dict[str, Record] | None:
        """Return the records of all files in order, None if the rules do not let us."""
        seen, stamps, same = self._recalled()
        if any(state is not None and state[0] > _LARGE for state in stamps.values()):
            return None
        kept = self._fetched(store, [name for name in stamps if name not in same])
        if self.about.get("one") is False:
            return None
        found, fresh = still_true(kept, stamps, seen)
        found |= same
        hits = len(found)
        self.known = {n: s for n, s in stamps.items() if s is not None and n in found}
        missing = [name for name in stamps if name not in found]
        if any(record.role == "alien" for record in found.values()):
            return None
        if missing or not self.about:
            for name, (digest, record) in self._made(missing).items():
                found[name] = record
                now = stamps[name]
                if digest and now is not None:
                    fresh[name] = Kept(now, seen, digest, record)
                    self.known[name] = now
        self._keep(store, fresh, hits)
        if not self.about["one"]:
            return None
        return {name: found[name] for name in stamps}

    def _recalled(self) -> tuple[int, dict[str, Stamp | None], dict[str, Record]]:
        """Return the stamps of files, since when they hold, and records that are known."""
        names = self.listing.files
        if self.before is None:
            return time.time_ns(), {name: stamped(name) for name in names}, {}
        self.about = self.before.about
        known, records = self.before.stamps, self.before.records
        stamps = {n: known[n] if n in known else stamped(n) for n in names}
        same = {name: records[name] for name in names if name in records}
        return self.before.seen, stamps, same

    def _fetched(self, store: Store | None, names: Iterable[str]) -> dict[str, Kept]:
        """Return what the cache has of files, and learn what it knows of the rules."""
        if store is None:
            return {}
        texts = store.fetch(self.scope, [_RULES, *names])
        about = texts.pop(_RULES, None)
        if about is None:
            return {}
        self.about = loads(about)
        return decode_all(texts)

    def _keep(self, store: Store | None, fresh: dict[str, Kept], hits: int) -> None:
        if store is None or not self.about["stays"]:
            return
        values = {name: encode(kept) for name, kept in fresh.items()}
        texts = {name: text for name, text in values.items() if text is not None}
        if texts or not self.listing.files or not self.about["one"]:
            texts[_RULES] = dumps(self.about)
        store.keep(self.scope, texts, len(self.listing.files), hits)

    def _made(self, missing: list[str]) -> dict[str, tuple[str, Record]]:
        """Return new records of files; none if they cannot be checked one by one."""
        # Imported here because a run that the cache answers needs none of it, and one
        # of something else than manifests may be answered by another.
        from comply.cli.inputs import is_alien

        glanced = {name: self.listing.files[name] for name in missing[:_GLANCE]}
        kind = self.options.kind
        if any(
            is_alien(name, kind if named else None) for name, named in glanced.items()
        ):
            self.about = {"one": False, "stays": False}
            return {}
        checker = self._checker()
        if checker is None:
            return {}
        from comply.cli.file_records import File

        files = [File(name, self.listing.files[name]) for name in missing]
        if len(files) < _FEW:
            made = [checker.record(file) for file in files]
        else:
            from comply.check.parallel import processes_for, spread
            from comply.cli.progress import progress

            with progress(len(files)) as told:
                made = spread(
                    lambda i: checker.record(files[i]),
                    len(files),
                    processes_for(len(files), self.options.jobs),
                    told,
                )
        checker.budget.rest()
        return dict(zip(missing, made, strict=True))

    def _checker(self) -> "Checker | None":
        """Return what checks one file after the other, and learn what the rules are."""
        from comply.check.budget import Budget
        from comply.check.compiled import clock_of, compiled, described
        from comply.check.single import Singles
        from comply.cli.file_records import Checker, stay_with_one
        from comply.cli.run_options import limits_of

        files = rule_files(self.settings.rules, self.packs)
        if scope_of(files, self.settings, self.options) != self.scope:
            # Rules that change at this moment are left to a run that begins later.
            self.about = {"one": False, "stays": False}
            return None
        checks, problems = compiled(files, self.options.cache)
        self.about = {
            "one": not problems and stay_with_one(checks),
            # A rule that does not compile may read a file that comes to be mended.
            "stays": not problems,
            "rules": [plain_rule(rule) for rule in described(checks)],
        }
        if not self.about["one"]:
            return None
        return Checker(
            Singles(checks),
            Budget(limits_of(self.settings)),
            {"comply": {"parameters": self.settings.parameters}},
            clock_of(self.options.now),
            self.options.kind,
        )


def still_true(
    kept: dict[str, Kept], stamps: dict[str, Stamp | None], seen: int
) -> tuple[dict[str, Record], dict[str, Kept]]:
    """Return the records of files that are what they were, and those to be kept anew.

    A file that only looks changed is one that was touched: its content tells.
    """
    found: dict[str, Record] = {}
    fresh: dict[str, Kept] = {}
    for name, item in kept.items():
        now = stamps.get(name)
        if now is None:
            continue
        if now == item.stamp and is_settled(now, item.seen):
            found[name] = item.record
        elif digest_of(name) == item.digest:
            found[name] = item.record
            fresh[name] = Kept(now, seen, item.digest, item.record)
    return found, fresh


def digest_of(name: str) -> str | None:
    """Return what names the content of a file, None if it cannot be read."""
    try:
        return content_digest(Path(name).read_bytes())
    except OSError:
        return None


def _composed(
    turn: _Turn, records: dict[str, Record]
) -> tuple[list[Finding], Run] | None:
    """Return the findings and the run that records of files amount to."""
    survey = Survey(left=turn.listing.left)
    shelves = {
        "template": survey.templates,
        "rules": survey.rules,
        "other": survey.others,
    }
    findings = [f for r in records.values() if r.findings for f in r.findings]
    if turn.listing.errors:
        from comply.cli.inputs import unreadable
        from comply.report.redact import redact

        findings += redact(map(unreadable, turn.listing.errors), ())
    for name, record in records.items():
        if record.plain and record.findings:
            turn.options.texts[name] = ""
        if is_kustomization(name):
            survey.kustomizations.append(name)
        if record.role in shelves:
            shelves[record.role].append(name)
    documents = sum(r.documents for r in records.values())
    if not documents:
        return None
    ids = evaluated_ids(records.values())
    if not findings and not ids:
        findings.append(idle())
    settings = turn.settings
    about = {rule.id: rule for rule in map(rule_of, turn.about["rules"])}
    notices = list(survey.notices(rules_named=bool(settings.rules)))
    if not (settings.rules or settings.packs):
        notices.insert(0, f"packs that fit: {', '.join(turn.packs)}")
    run = Run(
        version=VERSION,
        documents=documents,
        facts=sum(r.facts for r in records.values()),
        rules=len(ids.union(about)),
        packs=tuple(turn.packs),
        notices=tuple(notices),
        threshold=Severity(settings.fail_on),
        about=about,
        remarked=tuple(
            name
            for name, record in records.items()
            if record.role == "document" and not record.plain
        ),
    )
    return ordered(findings), run


def idle() -> Finding:
    """Return the finding that says that documents and rules had nothing in common."""
    return Finding(
        rule_id=NOTHING_EVALUATED,
        title="Nothing was evaluated",
        severity=Severity.HIGH,
        status=Status.ERROR,
        message="No rule is about any of these documents.",
        remediation="Name rules with -r or --pack that fit them: `comply rules list`.",
    )
