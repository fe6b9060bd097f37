"""INPUTS -> WHAT EACH SAYS: of files that are checked together, only what changed is run.

Where no rule joins documents, a root module with all that it is made of says what it says
whatever lies beside it. So does a manifest, and so do the scripts of a run together. What
each said is kept by its text, which a gathered root module has whole: with local modules,
values of variables and files that it reads.
"""

from dataclasses import fields
from hashlib import sha256
from json import dumps, loads
from typing import Any, Final

from comply.check.cache_records import finding_of, is_plain, plain_finding
from comply.check.cache_store import Store
from comply.check.session import Session
from comply.classes import dataclass, field
from comply.cli.file_records import looks_at_one
from comply.cli.found import Input, Survey
from comply.cli.inputs import unreadable
from comply.cli.settings import Settings
from comply.cli.whole_check import Opened, Said, composed, load_all, named_documents
from comply.findings import Finding
from comply.load.facts import Document, facts
from comply.report.redact import redact
from comply.report.run import Run

_SCRIPT: Final = "oracle_ddl"

Outline = tuple[str, list[str], list[str]]
"""The world of a document, the keys of its value, the attributes of planned resources."""


@dataclass(slots=True)
class Part:
    """What is checked by itself, and what it said.

    `inputs` are a root module, a file, or all scripts. `kept` tells that what they said
    came from the cache. `others` are names of inputs that hold
    nothing to check, `errors` what could not be read.
    """

    name: str
    inputs: list[Input]
    documents: int = 0
    facts: int = 0
    findings: list[Finding] = field(default_factory=list)
    evaluated: dict[str, int] = field(default_factory=dict)
    unfollowed: list[str] = field(default_factory=list)
    modules: list[str] = field(default_factory=list)
    plans: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    outlines: list[Outline] = field(default_factory=list)
    taken: int = 0
    kept: bool = False
    errors: list[Finding] = field(default_factory=list)
    templates: list[str] = field(default_factory=list)
    secrets: frozenset[str] = frozenset()


_FIELDS: Final = (
    "documents", "facts", "evaluated", "unfollowed", "modules", "plans", "others",
    "outlines", "taken",
)  # fmt: skip
"""What is kept of a part as it is; findings are written in their own way."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What parts said that were checked before, by their names.

    `scopes` are where the cache may have more of them: of rules of the same texts.
    """

    parts: dict[str, Part] = field(default_factory=dict)
    scopes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where what parts said is kept; nothing of scripts that ask for the time is."""

    store: Store | None
    scope: str
    timeless: bool
    memory: Memory | None = None

    def texts(self, names: list[str]) -> dict[str, str]:
        """Return what the cache has of parts."""
        found: dict[str, str] = {}
        if self.store is None:
            return found
        elsewhere = self.memory.scopes if self.memory is not None else []
        for scope in dict.fromkeys([*elsewhere, self.scope]):
            found |= self.store.fetch(scope, names)
        return found

    def lasts(self, part: Part) -> bool:
        """Tell whether a part says the same at another time."""
        return self.timeless or part.inputs[0].kind != _SCRIPT


def check_parts(
    settings: Settings, opened: Opened, shelf: Shelf
) -> tuple[list[Finding], Run, dict[str, str]] | None:
    """Return the findings and the run, and texts to keep; None if parts do not stand alone.

    They do not where a rule joins documents or a script holds what may concern another,
    where an input is named twice, and where rules came to their limits: then all has to
    be loaded and checked together. Nothing is loaded into the session of `opened`.
    """
    names = [item.source.name for item in opened.found.inputs]
    # Of one part nothing else can stay as it is, unless it is checked twice.
    least = 2 if shelf.memory is None else 1
    alone = len(set(names)) == len(names) >= least and looks_at_one(opened.session)
    if not alone:
        return None
    parts = _parts(opened)
    _recall(parts, shelf)
    limits = opened.session.limits
    taken, seconds = 0, 0.0
    for part in parts:
        if not part.kept:
            session = opened.session.emptied()
            if not _run(session, part):
                return None
            seconds += session.taken[1]
            if shelf.memory is not None and shelf.lasts(part):
                shelf.memory.parts[part.name] = part
        taken += part.taken
        # A share is for all documents, so that whether a rule had it shows together.
        if 0 < limits.findings < taken or 0 < limits.seconds < seconds:
            return None
    if not any(part.documents for part in parts):
        return None
    texts = {part.name: text for part in parts if (text := _written(part, shelf))}
    return *_together(settings, opened, parts), texts


def _parts(opened: Opened) -> list[Part]:
    """Return the inputs, scripts in one part, with names that say what is in them."""
    groups: dict[str, list[Input]] = {}
    for item in opened.found.inputs:
        own = "" if item.kind == _SCRIPT else item.source.name
        groups.setdefault(own, []).append(item)
    return [Part(_name(items, opened.packs), items) for items in groups.values()]


def _name(items: list[Input], packs: tuple[str, ...]) -> str:
    state = sha256(dumps(["part", *packs]).encode())
    for item in items:
        text = item.source.text.encode("utf-8", "surrogatepass")
        head = [item.source.name, item.kind, item.named, len(text)]
        state.update(dumps(head).encode())
        state.update(text)
    # No file has a name with a line break at its start that a digest follows.
    return f"\n{state.hexdigest()}"


def _recall(parts: list[Part], shelf: Shelf) -> None:
    """Put into parts what the cache knows of them."""
    memory = shelf.memory.parts if shelf.memory is not None else {}
    known = shelf.texts([part.name for part in parts if part.name not in memory])
    for part in parts:
        if part.name in memory:
            _repeat(part, memory[part.name])
            continue
        text = known.get(part.name)
        if text is None:
            continue
        try:
            body = loads(text)
            found = [finding_of(item) for item in body["findings"]]
            values = {name: body[name] for name in _FIELDS}
        except (ValueError, TypeError, KeyError, RecursionError):
            continue
        part.findings, part.kept = found, True
        for name, value in values.items():
            setattr(part, name, value)


def _repeat(part: Part, said: Part) -> None:
    """Let a part say what one of the same files said."""
    for item in fields(Part):
        if item.name != "inputs":
            setattr(part, item.name, getattr(said, item.name))
    part.kept = True


def _run(session: Session, part: Part) -> bool:
    """Load and check a part; tell whether it stands alone, with no rule stopped."""
    found = Survey(inputs=part.inputs)
    part.errors = [unreadable(error) for _, error in load_all(session, found, {})]
    part.templates, part.others = found.templates, found.others
    documents = session.documents
    # What is said of a document itself is said once of several that it is true of.
    if any(document.problems for document in documents):
        return False
    part.findings = session.check()
    if session.stopped:
        return False
    part.documents = len(documents)
    part.facts = sum(1 for document in documents for _ in facts(document))
    part.evaluated, part.unfollowed = session.evaluated, session.unfollowed
    part.modules = [*named_documents(documents, "terraform_source")]
    part.plans = [*named_documents(documents, "terraform_plan")]
    part.outlines = [_outline(document) for document in documents]
    part.secrets = part.secrets.union(*(d.sensitive() for d in documents))
    part.taken = session.taken[0]
    return True


def _outline(document: Document) -> Outline:
    """Return the names in a document: what is misspelt in rules is told by them."""
    value = document.value
    held = value if isinstance(value, dict) else {}
    keys = sorted(key for key in held if isinstance(key, str))
    if document.world != "terraform":
        return document.world, keys, []
    attributes: set[str] = set()
    for resource in value.get("resource_changes") or ():
        change: Any = resource.get("change")
        for side in ("after", "after_unknown", "before"):
            after = change.get(side) if isinstance(change, dict) else None
            attributes.update(after if isinstance(after, dict) else ())
    attributes.update(document.names())
    return document.world, keys, sorted(attributes)


def _drawn(outline: Outline) -> Document:
    """Return a document that has the names of an outline, and nothing under them."""
    world, keys, attributes = outline
    value: dict[str, Any] = dict.fromkeys(keys)
    if world == "terraform":
        after = {"after": dict.fromkeys(attributes)}
        value["resource_changes"] = [{"change": after}]
    return Document("", "", world, value)


def _written(part: Part, shelf: Shelf) -> str | None:
    """Return what a part said as JSON; None if it is known, or not to be kept.

    Nothing is kept of what holds a secret, nor of what another time may say otherwise.
    """
    if part.kept or part.errors or part.templates or part.secrets:
        return None
    if not shelf.lasts(part):
        return None
    found = part.findings
    if not all(is_plain(row) for item in found for row in item.evidence):
        return None
    if redact(found, ()) != found:
        return None
    body = {name: getattr(part, name) for name in _FIELDS}
    body["findings"] = [plain_finding(item) for item in found]
    return dumps(body, separators=(",", ":"))


def _together(
    settings: Settings, opened: Opened, parts: list[Part]
) -> tuple[list[Finding], Run]:
    evaluated: dict[str, int] = {}
    opened.errors.extend(map(unreadable, opened.found.errors))
    for part in parts:
        opened.errors.extend(part.errors)
        opened.found.templates.extend(part.templates)
        opened.found.others.extend(part.others)
        for rule, times in part.evaluated.items():
            evaluated[rule] = evaluated.get(rule, 0) + times
    said = Said(
        documents=sum(part.documents for part in parts),
        facts=sum(part.facts for part in parts),
        findings=[item for part in parts for item in part.findings],
        evaluated=evaluated,
        unfollowed=sorted({rule for part in parts for rule in part.unfollowed}),
        modules=tuple(name for part in parts for name in part.modules),
        plans=tuple(name for part in parts for name in part.plans),
        outlines=[_drawn(outline) for part in parts for outline in part.outlines],
    )
    secrets = frozenset[str]().union(*(part.secrets for part in parts))
    return composed(settings, opened, said, secrets)
