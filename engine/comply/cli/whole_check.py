"""PATHS x RULES -> FINDINGS, all of it together: what no cache knows by the file."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

from comply.check.misspelt import misspelt
from comply.check.session import Loaded, Session
from comply.classes import dataclass, field
from comply.cli.cached_check import MANIFESTS, Options, idle
from comply.cli.found import Input, Survey
from comply.cli.inputs import (
    STDIN_NAME,
    creates_assertions,
    nothing_in,
    survey,
    unreadable,
)
from comply.cli.run_options import limits_of, outside_of, refuse_unknown
from comply.cli.settings import Settings, left_out
from comply.cli.undetermined import sort_undetermined
from comply.exempt.allowance import KEY, MARK
from comply.findings import Finding, Severity
from comply.load.facts import Document, facts
from comply.report.redact import redact
from comply.report.run import Run, ordered
from comply.source import ComplyError, LoadError, Source
from comply.version import VERSION

FITTING: Final = {
    "terraform_plan": "terraform/baseline",
    "terraform_source": "terraform/baseline",
    "kubernetes": MANIFESTS,
    "oracle_ddl": "oracle/schema",
    "oracle_catalog": "oracle/catalogue",
}
"""The pack that nobody has to choose, for each kind of document."""

_REMARKABLE: Final = frozenset({"kubernetes", "oracle_ddl"})


NOTHING_KNOWN: Final[Mapping[str, Loaded]] = {}


@dataclass(frozen=True, slots=True)
class Opened:
    """A session with the inputs of a run, not checked yet.

    `loaded` are its sources by name, `errors` the findings of inputs that cannot be
    read, `failed` those of them that are about one, by its name. `packs` are in use.
    """

    session: Session
    found: Survey
    packs: tuple[str, ...]
    loaded: dict[str, Loaded]
    errors: list[Finding]
    failed: dict[str, Finding] = field(default_factory=dict)


def check_whole(settings: Settings, options: Options) -> tuple[list[Finding], Run]:
    """Return the findings at the paths of `settings`, in order, and what was done.

    Raises:
        ComplyError: if rules do not compile, or if there is nothing to check.
    """
    return judge(settings, open_session(settings, options))


def open_session(
    settings: Settings, options: Options, known: Mapping[str, Loaded] = NOTHING_KNOWN
) -> Opened:
    """Return a session with the rules of a run, and all that is at its paths.

    `known` are sources that were loaded before, by name: one that has not changed is
    taken as it is.

    Raises:
        ComplyError: if rules do not compile, or if there is nothing to check.
    """
    opened = prepare(settings, options)
    fill(opened, known)
    return opened


def prepare(settings: Settings, options: Options) -> Opened:
    """Return a session with the rules of a run, what is at its paths not loaded yet.

    Raises:
        ComplyError: if rules do not compile.
    """
    everything = () if options.plan else (Path(),)
    found = survey(
        settings.paths or everything,
        options.kind,
        left_out(settings),
        outside_of(settings),
    )
    modules = (x.source for x in found.inputs if x.kind == "terraform_source")
    refuse_unknown(settings, modules)
    no_files = [i.source for i in found.inputs if i.source.name == STDIN_NAME]
    if options.plan is not None:
        found.inputs.insert(0, Input(options.plan, "terraform_plan", named=True))
        no_files.append(options.plan)
    options.texts.update((source.name, source.text) for source in no_files)
    packs = settings.packs
    if not (settings.rules or packs):
        packs = _fitting(found.inputs)
    session = Session(
        rules=settings.rules,
        packs=packs,
        parameters=dict(settings.parameters),
        now=options.now,
        cache=options.cache,
        limits=limits_of(settings),
    )
    return Opened(session, found, packs, {}, [])


def fill(opened: Opened, known: Mapping[str, Loaded] = NOTHING_KNOWN) -> None:
    """Load what is at the paths of a run; what cannot be read is a finding.

    `known` are sources that were loaded before.

    Raises:
        ComplyError: if there is nothing to check.
    """
    session, found = opened.session, opened.found
    opened.errors.extend(map(unreadable, found.errors))
    for name, error in load_all(session, found, opened.loaded, known):
        opened.failed[name] = unreadable(error)
        opened.errors.append(opened.failed[name])
    if not session.documents and not opened.errors:
        raise ComplyError(
            "there is nothing to check: no Terraform plan, no Kubernetes manifests, no "
            "Oracle script",
            hint=next(found.notices(), "name a file, or a folder that holds some"),
        )


def judge(settings: Settings, opened: Opened) -> tuple[list[Finding], Run]:
    """Return the findings of a session, in order and without secrets, and what was done."""
    session = opened.session
    findings = session.check()
    documents = session.documents
    said = Said(
        documents=len(documents),
        facts=sum(1 for document in documents for _ in facts(document)),
        findings=findings,
        evaluated=session.evaluated,
        unfollowed=session.unfollowed,
        modules=named_documents(documents, "terraform_source"),
        plans=named_documents(documents, "terraform_plan"),
        outlines=documents,
    )
    secrets = frozenset[str]()
    if findings or opened.errors:
        secrets = secrets.union(*(d.sensitive() for d in documents))
    return composed(settings, opened, said, secrets)


@dataclass(frozen=True, slots=True)
class Said:
    """What a check said of some documents, before it is sorted and told.

    `evaluated` counts by rule; `unfollowed` are rules of which unknown values could not
    be told from absent ones. `outlines` are the documents, or what has their names.
    """

    documents: int
    facts: int
    findings: list[Finding]
    evaluated: dict[str, int]
    unfollowed: list[str]
    modules: tuple[str, ...]
    plans: tuple[str, ...]
    outlines: list[Document]


def composed(
    settings: Settings, opened: Opened, said: Said, secrets: frozenset[str]
) -> tuple[list[Finding], Run]:
    """Return the findings of a run, in order and without secrets, and what was done."""
    session, found, packs = opened.session, opened.found, opened.packs
    findings, hidden, failing = _standing(settings, opened, said)
    notices = list(found.notices(rules_named=bool(settings.rules)))
    if said.unfollowed:
        notices.append(
            "values known only after apply count as absent in "
            + ", ".join(said.unfollowed)
        )
    worlds = {document.world for document in said.outlines}
    notices += misspelt(session.compiled, said.outlines, worlds)
    notices += [
        f"{name} is checked by DuckDB, not joined in memory: {why}"
        for name, why in session.whole.items()
    ]
    if hidden:
        notices.append(f"{hidden:,} undetermined not shown (--undetermined pass)")
    if packs and not (settings.rules or settings.packs):
        notices.insert(0, f"packs that fit: {', '.join(packs)}")
    run = Run(
        version=VERSION,
        documents=said.documents,
        facts=said.facts,
        rules=len({r.id for r in session.described()} | said.evaluated.keys()),
        packs=tuple(packs),
        notices=tuple(notices),
        threshold=Severity(settings.fail_on),
        failing=failing,
        about={rule.id: rule for rule in session.described()},
        modules=said.modules,
        plans=said.plans,
        remarked=_remarked(found),
    )
    return redact(ordered(findings), secrets), run


def standing(
    settings: Settings, opened: Opened
) -> tuple[list[Finding], int, frozenset[str]]:
    """Return what stands in a session, how much is hidden, and the rules that fail.

    What is hidden and what fails is undetermined. Secrets are still in the findings.
    """
    session = opened.session
    findings = session.check()
    # Documents came and went: what counts is whether rules are about those of now.
    evaluated = {"": int(session.works)}
    said = Said(len(session.documents), 0, findings, evaluated, [], (), (), [])
    return _standing(settings, opened, said)


def _standing(
    settings: Settings, opened: Opened, said: Said
) -> tuple[list[Finding], int, frozenset[str]]:
    findings, hidden, failing = sort_undetermined(
        [*opened.errors, *said.findings],
        opened.session.described(),
        settings.undetermined,
    )
    if said.documents and not findings and not any(said.evaluated.values()):
        findings.append(idle())
    return findings, hidden, failing


def _remarked(found: Survey) -> tuple[str, ...]:
    """Return the names of the inputs that hold exceptions, if they could be checked."""
    unchecked = {*found.templates, *found.others}
    return tuple(
        item.source.name
        for item in found.inputs
        if may_allow(item.source, item.kind) and item.source.name not in unchecked
    )


def may_allow(source: Source, kind: str) -> bool:
    """Tell whether a text of this kind may hold exceptions for what is found in it.

    Terraform source is looked through in another way, as it speaks of plans too.
    """
    if kind not in _REMARKABLE:
        return False
    return MARK in source.text or KEY in source.text


def named_documents(documents: list[Document], kind: str) -> tuple[str, ...]:
    """Return the names of the documents of a kind."""
    return tuple(document.name for document in documents if document.kind == kind)


def fitting(kinds: Collection[str]) -> tuple[str, ...]:
    """Return the packs that fit documents of some kinds, each once."""
    found = (pack for kind, pack in FITTING.items() if kind in kinds)
    return tuple(dict.fromkeys(found))


def _fitting(inputs: list[Input]) -> tuple[str, ...]:
    """Return the packs that fit the inputs.

    Who names a script with assertions has named the rules for it.
    """
    kinds = {
        item.kind
        for item in inputs
        if not (item.named and item.kind == "oracle_ddl" and _ruled(inputs))
    }
    return fitting(kinds)


def is_template(item: Input) -> bool:
    """Tell whether what cannot be read may be a manifest that has to be rendered first."""
    return item.kind == "kubernetes" and "{{" in item.source.text and not item.named


def _ruled(inputs: list[Input]) -> bool:
    return any(
        item.named and item.kind == "oracle_ddl" and creates_assertions(item.source)
        for item in inputs
    )


def load_all(
    session: Session,
    found: Survey,
    held: dict[str, Loaded],
    known: Mapping[str, Loaded] = NOTHING_KNOWN,
) -> list[tuple[str, LoadError]]:
    """Load the inputs, noting in `held` what was; return what cannot be read, by name."""
    failed: list[tuple[str, LoadError]] = []
    for item in found.inputs:
        name = item.source.name
        try:
            loaded = session.adopt(item.source, item.kind, known.get(name))
            held[name] = loaded
        except LoadError as error:
            if is_template(item):
                found.templates.append(name)
            else:
                failed.append((name, error))
            continue
        if not loaded.documents and item.named:
            failed.append((name, nothing_in(item)))
        elif not loaded.documents:
            found.others.append(name)
    return failed
