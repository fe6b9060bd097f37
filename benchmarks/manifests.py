"""Synthetic Kubernetes manifests."""

import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]

FAULTY = 0.05
REGISTRIES = ("registry.example.com", "images.example.org", "mirror.example.net")


def manifests(number: int, seed: int = 0) -> Iterator[Json]:
    """Yield `number` manifests: workloads for the most part, with services and maps."""
    random = Random(seed)  # noqa: S311  (made-up data)
    for i in range(number):
        yield random.choices(_MANIFESTS, weights=(6, 2, 1, 2, 3, 2))[0](random, i)


def as_yaml(manifest: Json) -> str:
    """Return a manifest as block YAML, the way people write it."""
    return _yaml(manifest)


def _metadata(random: Random, kind: str, number: int) -> Json:
    labels = {
        "app.kubernetes.io/name": f"{kind}-{number}",
        "app.kubernetes.io/part-of": f"team-{random.randrange(30)}",
        "environment": random.choice(("dev", "staging", "production")),
    }
    if random.random() < FAULTY:
        del labels["app.kubernetes.io/name"]
    return {
        "name": f"{kind}-{number}",
        "namespace": f"team-{random.randrange(30)}",
        "labels": labels,
        "annotations": {"owner": f"team-{random.randrange(30)}@example.com"},
    }


def _registry(random: Random) -> str:
    return (
        "untrusted.example.com"
        if random.random() < FAULTY
        else random.choice(REGISTRIES)
    )


def _container(random: Random, number: int) -> Json:
    memory = f"{random.choice((64, 128, 256, 512))}Mi"
    container: Json = {
        "name": f"c{number}",
        "image": f"{_registry(random)}/app-{random.randrange(200)}:1.{number}",
        "env": [
            {"name": f"KEY_{i}", "value": f"value-{i}"}
            for i in range(random.randrange(6))
        ],
        "ports": [{"containerPort": 8080, "name": "http"}],
        "resources": {
            "limits": {"memory": memory},
            "requests": {"cpu": "100m", "memory": memory},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
        },
        "livenessProbe": {"httpGet": {"path": "/healthz", "port": "http"}},
    }
    if random.random() < FAULTY:
        container["securityContext"]["privileged"] = True
    if random.random() < FAULTY:
        del container["resources"]
    return container


def _pod_spec(random: Random) -> Json:
    spec: Json = {
        "serviceAccountName": "default",
        "containers": [
            _container(random, i) for i in range(random.choice((1, 1, 1, 2, 3)))
        ],
        "volumes": [{"name": "tmp", "emptyDir": {}}],
    }
    if random.random() < 0.2:
        spec["initContainers"] = [_container(random, 9)]
    return spec


def _workload(random: Random, kind: str, number: int) -> Json:
    metadata = _metadata(random, kind.lower(), number)
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": metadata,
        "spec": {
            "replicas": random.randrange(1, 6),
            "selector": {"matchLabels": {"app": metadata["name"]}},
            "template": {
                "metadata": {"labels": {"app": metadata["name"]}},
                "spec": _pod_spec(random),
            },
        },
    }


def _deployment(random: Random, number: int) -> Json:
    return _workload(random, "Deployment", number)


def _stateful_set(random: Random, number: int) -> Json:
    return _workload(random, "StatefulSet", number)


def _pod(random: Random, number: int) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": _metadata(random, "pod", number),
        "spec": _pod_spec(random),
    }


def _cron_job(random: Random, number: int) -> Json:
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": _metadata(random, "cronjob", number),
        "spec": {
            "schedule": f"{random.randrange(60)} 3 * * *",
            "jobTemplate": {"spec": {"template": {"spec": _pod_spec(random)}}},
        },
    }


def _service(random: Random, number: int) -> Json:
    metadata = _metadata(random, "service", number)
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": {
            "selector": {"app": metadata["name"]},
            "ports": [{"name": "http", "port": 80, "targetPort": "http"}],
        },
    }


def _config_map(random: Random, number: int) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": _metadata(random, "configmap", number),
        "data": {f"key-{i}": "value " * 8 for i in range(random.randrange(1, 10))},
    }


_MANIFESTS: tuple[Callable[[Random, int], Json], ...] = (
    _deployment,
    _stateful_set,
    _cron_job,
    _pod,
    _service,
    _config_map,
)


def _yaml(value: Any, indent: str = "") -> str:  # noqa: ANN401  (JSON is any value)
    """Return a value as block YAML, the way people write manifests."""
    if isinstance(value, dict) and value:
        return "".join(
            f"{indent}{key}:{_child(item, indent)}" for key, item in value.items()
        )
    if isinstance(value, list) and value:
        return "".join(_item(item, indent) for item in value)
    return f"{indent}{json.dumps(value)}\n"


def _child(value: Any, indent: str) -> str:  # noqa: ANN401  (likewise)
    if isinstance(value, dict | list) and value:
        return "\n" + _yaml(value, indent + "  ")
    return f" {json.dumps(value)}\n"


def _item(value: Any, indent: str) -> str:  # noqa: ANN401  (likewise)
    return f"{indent}- " + _yaml(value, indent + "  ").removeprefix(indent + "  ")
