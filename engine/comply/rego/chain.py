"""Annotations by what they are about: what `rego.metadata.rule` and `.chain` answer.

https://www.openpolicyagent.org/docs/policy-language#accessing-annotations
"""

from collections.abc import Iterable, Iterator

from comply.classes import dataclass, field
from comply.rego import syntax as s

Path = tuple[str, ...]
Fields = dict[str, object]


@dataclass(frozen=True, slots=True)
class Annotations:
    """Annotations of all modules.

    `rules` are keyed by module and offset of the rule, the others by path under `data`.
    """

    rules: dict[tuple[int, int], Fields] = field(default_factory=dict)
    documents: dict[Path, Fields] = field(default_factory=dict)
    packages: dict[Path, Fields] = field(default_factory=dict)
    subpackages: dict[Path, Fields] = field(default_factory=dict)


def collect(
    modules: Iterable[s.Module], paths: dict[tuple[int, int], Path]
) -> Annotations:
    """Return the annotations of modules.

    `paths` gives the path of the rule at a module's index and an offset.
    """
    found = Annotations()
    for index, module in enumerate(modules):
        for item in module.annotations:
            fields = {"scope": item.scope, **item.fields}
            place = (index, item.target)
            if item.scope == "rule":
                found.rules[place] = fields
            elif item.scope == "document" and place in paths:
                found.documents[paths[place]] = fields
            elif item.scope == "package":
                found.packages[module.package] = fields
            elif item.scope == "subpackages":
                found.subpackages[module.package] = fields
    return found


def rule_fields(found: Annotations, place: tuple[int, int]) -> Fields:
    """Return the annotation of a rule itself, empty if it has none."""
    return found.rules.get(place, {})


def chain(
    found: Annotations, place: tuple[int, int], package: Path, path: Path
) -> list[Fields]:
    """Return a rule's annotations and those around it, the nearest first.

    Each entry has the path it is about; the first is the rule's, annotated or not.
    """
    return list(_links(found, place, package, path))


def _links(
    found: Annotations, place: tuple[int, int], package: Path, path: Path
) -> Iterator[Fields]:
    own = found.rules.get(place)
    yield _link(path, own)
    if (document := found.documents.get(path)) is not None:
        yield _link(path, document)
    if (fields := found.packages.get(package)) is not None:
        yield _link(package, fields)
    for length in range(len(package), 0, -1):
        if (fields := found.subpackages.get(package[:length])) is not None:
            yield _link(package[:length], fields)


def _link(path: Path, fields: Fields | None) -> Fields:
    link: Fields = {"path": list(path)}
    return link if fields is None else {"annotations": fields, **link}


def term_of(value: object, at: int) -> s.Scalar | s.Array | s.Object:
    """Return the term that writes a JSON value."""
    match value:
        case dict():
            pairs = ((s.Scalar(at, str(k)), term_of(v, at)) for k, v in value.items())
            return s.Object(at, tuple(pairs))
        case list():
            return s.Array(at, tuple(term_of(v, at) for v in value))
        case str() | int() | float() | None:
            return s.Scalar(at, value)
        case _:
            return s.Scalar(at, str(value))
