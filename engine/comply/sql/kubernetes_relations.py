"""MANIFEST -> ROWS: the relations of Kubernetes objects."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from comply.sql.relation import (
    Entry,
    Facts,
    Path,
    as_json,
    flag,
    json_text,
    key_text,
    objects,
    plain,
    text,
)

_OBJECT: Final = (
    key_text("object", "apiVersion/kind/namespace/name, unique"),
    text("kind", "such as Deployment"),
    text("namespace", "NULL where the manifest names none"),
    text("name", "the object's name"),
)


def _object(manifest: Mapping[str, Any]) -> tuple[object, ...]:
    metadata = manifest.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    name = metadata.get("name") or metadata.get("generateName")
    namespace = metadata.get("namespace")
    parts = (manifest.get("apiVersion"), manifest.get("kind"), namespace, name)
    identity = "/".join(str(p) for p in parts if p)
    return identity, plain(manifest.get("kind")), plain(namespace), plain(name)


def _manifests(value: Any) -> Iterator[Entry]:  # noqa: ANN401
    if isinstance(value, dict):
        version = plain(value.get("apiVersion"))
        yield (), (*_object(value), version, as_json(value))


def _mapped(key: str) -> Callable[[Any], Iterator[Entry]]:
    """Return the rows of a mapping in the metadata: labels or annotations."""

    def rows(value: Any) -> Iterator[Entry]:  # noqa: ANN401
        metadata = value.get("metadata") if isinstance(value, dict) else None
        pairs = metadata.get(key) if isinstance(metadata, dict) else None
        for name, item in pairs.items() if isinstance(pairs, dict) else ():
            yield ("metadata", key, name), (*_object(value), name, plain(item))

    return rows


_PODS: Final = {
    "Pod": ("spec",),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
    "PodTemplate": ("template", "spec"),
}
_TEMPLATE: Final = ("spec", "template", "spec")
_LISTS: Final = {
    "containers": "container",
    "initContainers": "init",
    "ephemeralContainers": "ephemeral",
}


def _containers(value: Any) -> Iterator[tuple[Path, str, dict[str, Any]]]:  # noqa: ANN401
    """Yield the containers of a pod or of a workload's template."""
    if not isinstance(value, dict):
        return
    base = _PODS.get(str(value.get("kind")), _TEMPLATE)
    for key, sort in _LISTS.items():
        for i, container in objects(value, *base, key):
            yield (*base, key, i), sort, container


_CONTAINER: Final = (
    *_OBJECT,
    text("container", "the container's name"),
)


def _container_rows(value: Any) -> Iterator[Entry]:  # noqa: ANN401
    for path, sort, container in _containers(value):
        context = container.get("securityContext")
        context = context if isinstance(context, dict) else {}
        yield (
            path,
            (
                *_object(value),
                plain(container.get("name")),
                sort,
                plain(container.get("image")),
                context.get("privileged") is True,
                as_json(container),
            ),
        )


def _environment(value: Any) -> Iterator[Entry]:  # noqa: ANN401
    for path, _, container in _containers(value):
        for i, entry in objects(container, "env"):
            yield (
                (*path, "env", i),
                (
                    *_object(value),
                    plain(container.get("name")),
                    plain(entry.get("name")),
                    plain(entry.get("value")),
                    as_json(entry.get("valueFrom")),
                ),
            )


KUBERNETES: Final = (
    Facts(
        "kubernetes.objects",
        "The manifests, one row each.",
        (
            *_OBJECT,
            text("api_version", "such as apps/v1"),
            json_text("manifest", "the whole manifest"),
        ),
        _manifests,
    ),
    Facts(
        "kubernetes.labels",
        "The labels of objects, one row each.",
        (*_OBJECT, text("label", "the key"), text("value", "the value")),
        _mapped("labels"),
    ),
    Facts(
        "kubernetes.annotations",
        "The annotations of objects, one row each.",
        (*_OBJECT, text("annotation", "the key"), text("value", "the value")),
        _mapped("annotations"),
    ),
    Facts(
        "kubernetes.containers",
        "The containers of pods and of workloads' templates, one row each.",
        (
            *_CONTAINER,
            text("sort", "container, init or ephemeral"),
            text("image", "the image"),
            flag("privileged", "whether its security context says privileged"),
            json_text("manifest", "the container"),
        ),
        _container_rows,
    ),
    Facts(
        "kubernetes.container_env",
        "The environment variables of containers, one row each.",
        (
            *_CONTAINER,
            text("variable", "the variable's name"),
            text("value", "its value; NULL where it comes from elsewhere"),
            json_text("value_from", "where it comes from"),
        ),
        _environment,
    ),
)
