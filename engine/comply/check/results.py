"""RESULT OF A RULE -> FINDING: message, fact and place, added once, here."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from comply.findings import Finding, Severity, Status
from comply.load.facts import Document, Path, Step, facts
from comply.plan.runtime import entries
from comply.plan.values import Value, show, to_json
from comply.rules.rule import Rule

_FACT_KEYS: Final = ("address", "fact", "resource", "id")
_DEFAULTS: Final = {
    Status.VIOLATION: Severity.MEDIUM,
    Status.WARNING: Severity.LOW,
    Status.ERROR: Severity.HIGH,
}


@dataclass(slots=True)
class Places:
    """Where the facts of documents are; each index is made when it is first needed."""

    paths: dict[int, dict[str, Path]] = field(default_factory=dict)
    keys: dict[int, dict[int, Step]] = field(default_factory=dict)

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


def finding(  # noqa: PLR0913, PLR0917  (what a rule says, and about what)
    rule: Rule,
    status: Status,
    result: Value,
    document: Document | None,
    driver: Path | None,
    places: Places,
) -> Finding:
    """Return the finding of one result of a rule.

    `driver` is the path of the element that gave it, if one did. A result may name its
    fact itself, by `address` for example.
    """
    identity, path = _fact(result, document, driver, places)
    span = None
    if document is not None:
        span = document.locate(path if path is not None else ())
    severity = rule.severity or _DEFAULTS.get(status, Severity.MEDIUM)
    return Finding(
        rule.id,
        rule.title,
        severity,
        status,
        message(result, rule),
        identity,
        span,
        rule.remediation,
        tuple(_evidence(result)),
    )


def message(result: Value, rule: Rule) -> str:
    """Return what a result says: a string, its `msg`, or the rule's title."""
    match result:
        case str():
            return result
        case {"msg": str(text)} | {"message": str(text)}:
            return text
        case bool():
            return rule.title
        case _:
            return show(result)


def _fact(
    result: Value, document: Document | None, driver: Path | None, places: Places
) -> tuple[str, Path | None]:
    """Return the identity of what a result is about, and its path in the document."""
    named = ""
    if isinstance(result, dict):
        named = next((v for k in _FACT_KEYS if isinstance(v := result.get(k), str)), "")
    if document is None:
        return named, None
    if named and (path := places.path(document, named)) is not None:
        return named, path
    for collection in document.collections:
        depth = len(collection.path)
        if depth == 0:
            return named or collection.identity(document.value), driver or ()
        if driver is not None and driver[:depth] == collection.path:
            own = driver[: depth + 1]
            return named or collection.identity(_at(document.value, own)), driver
    return named, driver


def _at(value: Any, path: Path) -> Any:  # noqa: ANN401
    for step in path:
        value = value[step]
    return value


def _evidence(result: Value) -> Iterator[dict[str, object]]:
    """Yield what a result carries besides its message, as Gatekeeper's `details`."""
    if isinstance(result, dict) and isinstance(result.get("details"), dict):
        details = to_json(result["details"])
        if details:
            yield details
