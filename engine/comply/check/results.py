"""RESULT OF A RULE -> FINDING: message, fact and place, added once, here."""

from typing import Any, Final

from comply.classes import dataclass, field
from comply.findings import Finding, Severity, Status
from comply.load.facts import Document, Path, Step, facts, nowhere
from comply.plan.runtime import entries
from comply.plan.values import Value, show, to_json
from comply.rules.rule import Rule
from comply.source import Span

_FACT_KEYS: Final = ("address", "fact", "resource", "id")
_MESSAGE_KEYS: Final = ("msg", "message")
_DEFAULTS: Final = {
    Status.VIOLATION: Severity.MEDIUM,
    Status.WARNING: Severity.LOW,
    Status.ERROR: Severity.HIGH,
}


@dataclass(slots=True)
class Places:
    """Where the facts of documents are; each index is made when it is first needed.

    `documents` are those that a rule joining worlds may speak of.
    """

    paths: dict[int, dict[str, Path]] = field(default_factory=dict)
    keys: dict[int, dict[int, Step]] = field(default_factory=dict)
    documents: tuple[Document, ...] = ()

    def key(self, collection: Any, element: Any, key: Step | None) -> Step:  # noqa: ANN401
        """Return the key of an element of a collection, if it is not known already."""
        if key is not None:
            return key
        index = self.keys.get(id(collection))
        if index is None:
            index = {id(value): k for k, value in entries(collection)}
            self.keys[id(collection)] = index
        return index[id(element)]

    def path(self, document: Document, identity: str) -> Path | None:
        """Return the path of a fact in a document, None if it holds no such fact."""
        index = self.paths.get(id(document))
        if index is None:
            index = {fact.identity: fact.path for fact in facts(document)}
            self.paths[id(document)] = index
        return index.get(identity)


@dataclass(frozen=True, slots=True)
class About:
    """What gave a result: a document, and the element of it that drove the rule.

    `path` leads to the element's collection, () if none did; `key` is the element's key
    there where it is known.
    """

    document: Document | None
    path: tuple[str, ...] = ()
    key: Step | None = None
    element: Any = None


def finding(
    rule: Rule, status: Status, result: Value, about: About, places: Places
) -> Finding:
    """Return the finding of one result of a rule.

    A result may name its fact itself, by `address` for example.
    """
    named = _named(result) if type(result) is dict else ""
    own = _own_identity(about)
    return Finding(
        rule.id,
        rule.title,
        rule.severity or _DEFAULTS.get(status, Severity.MEDIUM),
        status,
        message(result, rule),
        named or own,
        _span(about, named, own, places),
        rule.remediation,
        _evidence(result) if type(result) is dict else (),
    )


def _named(result: dict[Any, Value]) -> str:
    """Return the fact that a result names itself, if it does."""
    for key in _FACT_KEYS:
        if key in result and isinstance(result[key], str):
            return str(result[key])
    return ""


def _own_identity(about: About) -> str:
    """Return the identity of the fact that drove a rule, if one did."""
    document = about.document
    if document is None:
        return ""
    for collection in document.collections:
        if not collection.path:
            return collection.identity(document.value)
        if about.element is not None and about.path == collection.path:
            return collection.identity(about.element)
    return ""


def _span(about: About, named: str, own: str, places: Places) -> Span | None:
    """Return the place of what a result is about, in a document that has a text."""
    document = about.document
    if document is None:
        return _span_anywhere(named, places)
    if document.locate is nowhere:
        return None
    if named and named != own:
        path = places.path(document, named)
        if path is not None:
            return document.locate(path)
    if not about.path:
        return document.locate(())
    collection = _at(document.value, about.path)
    key = places.key(collection, about.element, about.key)
    return document.locate((*about.path, key))


def _span_anywhere(named: str, places: Places) -> Span | None:
    """Return the place of a fact in whichever document holds it."""
    for document in places.documents if named else ():
        path = places.path(document, named)
        if path is not None and document.locate is not nowhere:
            return document.locate(path)
    return None


def message(result: Value, rule: Rule) -> str:
    """Return what a result says: a string, its `msg`, or the rule's title."""
    if type(result) is dict:
        for key in _MESSAGE_KEYS:
            text = result.get(key)
            if type(text) is str:
                return text
    if type(result) is str:
        return result
    return rule.title if type(result) is bool else show(result)


def _at(value: Any, path: Path) -> Any:  # noqa: ANN401
    for step in path:
        value = value[step]
    return value


def _evidence(result: dict[Any, Value]) -> tuple[dict[str, object], ...]:
    """Return what a result carries besides its message, as Gatekeeper's `details`."""
    details = result.get("details")
    found = to_json(details) if isinstance(details, dict) else None
    return (found,) if found else ()
