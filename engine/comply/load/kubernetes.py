"""SOURCE -> DOCUMENTS: Kubernetes manifests, YAML or JSON, one document a manifest.

YAML is read as Kubernetes reads it. A `List` (`List`, `PodList`, ...) becomes its items.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeAlias

from comply.load.facts import Collection, Document, Path
from comply.load.json_text import places as json_places
from comply.load.json_text import read_one
from comply.load.yaml_text import places as yaml_places
from comply.load.yaml_text import read_yaml
from comply.plan.values import Value
from comply.source import LoadError, Source, Span, span_later

_Locate: TypeAlias = Callable[[Path], Span]


def load(source: Source) -> list[Document]:
    """Return the manifests of a file; none if nothing in it is a manifest.

    Raises:
        LoadError: if the text is neither YAML nor JSON, or if it mixes manifests with
            what is none, as nothing could be said about the latter.
    """
    read = _json_values if source.text.lstrip()[:1] == "{" else _yaml_values
    values = [(v, locate) for v, locate in read(source) if v is not None]
    manifests = [(v, locate) for v, locate in values if _is_manifest(v)]
    if not manifests:
        return []
    for value, locate in values:
        if not _is_manifest(value):
            raise LoadError(
                "this document has no `apiVersion` and `kind`, unlike others here",
                locate(()),
                hint="complete it, or move it to a file of its own",
            )
    return [
        document
        for value, locate in manifests
        for document in _documents(source, value, locate, ())
    ]


def identity(manifest: Value) -> str:
    """Return what identifies a manifest: apiVersion, kind, namespace and name.

    >>> identity({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}})
    'v1/Pod/a'
    >>> identity({"apiVersion": "apps/v1", "kind": "Deployment",
    ...     "metadata": {"namespace": "shop", "name": "web"}})
    'apps/v1/Deployment/shop/web'
    """
    metadata = manifest.get("metadata")
    if not isinstance(metadata, dict):
        metadata = {}
    name = metadata.get("name") or metadata.get("generateName") or "(unnamed)"
    namespace = metadata.get("namespace")
    parts = [manifest["apiVersion"], manifest["kind"], namespace, name]
    return "/".join(str(part) for part in parts if part)


def _documents(
    source: Source, value: dict[str, Any], locate: _Locate, base: Path
) -> Iterator[Document]:
    """Yield the manifest `value`, or the manifests of a list, found at `base`."""
    items = value.get("items")
    if str(value["kind"]).endswith("List") and isinstance(items, list):
        for i, item in enumerate(items):
            where = (*base, "items", i)
            if not _is_manifest(item):
                raise LoadError(
                    "this item of a list has no `apiVersion` and `kind`", locate(where)
                )
            yield from _documents(source, item, locate, where)
        return
    yield Document(
        name=source.name,
        kind="kubernetes",
        world="kubernetes",
        value=value,
        collections=(Collection((), identity),),
        locate=partial(_later, source.name, partial(_below, locate, base)),
    )


def _later(file: str, locate: Callable[[Path], Span], path: Path) -> Span:
    return span_later(file, partial(locate, path))


def _below(locate: _Locate, base: Path, path: Path) -> Span:
    span = locate((*base, *path))
    if path:
        return span
    # The first line of a manifest says nothing about it.
    return Span(span.file, span.row, span.col, span.width)


def _is_manifest(value: Value) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("apiVersion"), str)
        and isinstance(value.get("kind"), str)
    )


def _yaml_values(source: Source) -> Iterator[tuple[Value, _Locate]]:
    for start, value in read_yaml(source):
        yield value, yaml_places(source, start)


def _json_values(source: Source) -> Iterator[tuple[Value, _Locate]]:
    """Yield the values of a JSON text, of which there may be several, one by one.

    What starts like JSON may still be YAML in braces; that reader has the last word.
    """
    try:
        values = list(_json_stream(source))
    except LoadError as error:
        try:
            yield from _yaml_values(source)
        except LoadError:
            raise error from None
    else:
        yield from values


def _json_stream(source: Source) -> Iterator[tuple[Value, _Locate]]:
    start, whole = 0, len(source.text.rstrip())
    while start < whole:
        value, end = read_one(source, start)
        yield value, json_places(source, start)
        start = end
