"""What a rule sees as `input`, and which documents it is about.

A rule says what it is about by the keys of the input that it may read: `resource_changes`
is of Terraform, `spec` of Kubernetes. One that reads no input joins worlds, through
`data.terraform`, `data.kubernetes` and `data.oracle`.
"""

from collections.abc import Iterable
from typing import Any, Final

from comply.load.facts import Document

KEYS: Final[dict[str, frozenset[str]]] = {
    "terraform": frozenset(
        {
            "action_invocations", "ansible", "applyable", "checks", "cloudformation",
            "complete", "configuration", "deferred_action_invocations",
            "deferred_changes", "errored", "format_version", "output_changes",
            "planned_values", "prior_state", "pulumi", "relevant_attributes",
            "resource_changes", "resource_drift", "spacelift", "terraform",
            "terraform_version", "terragrunt", "third_party_metadata", "timestamp",
            "variables",
        }
    ),
    "kubernetes": frozenset(
        {
            "apiVersion", "binaryData", "data", "immutable", "kind", "metadata",
            "parameters", "request", "review", "roleRef", "rules", "spec", "status",
            "stringData", "subjects", "type", "webhooks",
        }
    ),
    "oracle": frozenset(
        {
            "annotations", "assertions", "columns", "comments", "constraints",
            "domains", "grants", "indexes", "objects", "sequences", "synonyms",
            "tables", "triggers", "unread", "users", "views",
        }
    ),
}  # fmt: skip


def concerns(reads: frozenset[str] | None, document: Document) -> bool:
    """Tell whether a rule that reads these keys of the input is about a document."""
    if reads is None:
        return True
    known = KEYS.get(document.world)
    if known is not None and any(reads & keys for keys in KEYS.values()):
        return bool(reads & known)
    value = document.value
    return isinstance(value, dict) and not reads.isdisjoint(value)


def is_decided(reads: frozenset[str] | None, document: Document) -> bool:
    """Tell whether `concerns` is the same for all documents of this world."""
    if reads is None:
        return True
    known = document.world in KEYS
    return known and any(reads & keys for keys in KEYS.values())


def shaped(reads: frozenset[str] | None, document: Document) -> Any:  # noqa: ANN401
    """Return the input that a rule with these reads expects of a document.

    A manifest goes as it is, in Gatekeeper's review or in an admission request.
    """
    if document.world == "kubernetes" and reads is not None:
        if "review" in reads:
            return {"review": _request(document.value), "parameters": {}}
        if "request" in reads:
            return {"request": _request(document.value)}
    return document.value


def _request(manifest: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return the request that would create a manifest.

    https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers
    """
    group, _, version = str(manifest.get("apiVersion", "")).rpartition("/")
    found = manifest.get("metadata")
    metadata = found if isinstance(found, dict) else {}
    kind = {"group": group, "version": version, "kind": manifest.get("kind", "")}
    request: dict[str, Any] = {
        "uid": "",
        "kind": kind,
        "operation": "CREATE",
        "name": metadata.get("name", ""),
        "object": manifest,
    }
    if "namespace" in metadata:
        request["namespace"] = metadata["namespace"]
    return request


def all_worlds(documents: Iterable[Document]) -> dict[str, Any]:
    """Return every document by world, as rules see them under `data`.

    `terraform` is the plan (of several plans, one with the resource changes of all),
    `kubernetes.objects` the list of manifests, `oracle` the catalogue.
    """
    by_world: dict[str, list[Any]] = {}
    for document in documents:
        by_world.setdefault(document.world, []).append(document.value)
    worlds: dict[str, Any] = {}
    if plans := by_world.get("terraform"):
        worlds["terraform"] = _joined(plans)
    if manifests := by_world.get("kubernetes"):
        worlds["kubernetes"] = {"objects": manifests}
    if catalogues := by_world.get("oracle"):
        worlds["oracle"] = _joined(catalogues)
    return worlds


def _joined(values: list[Any]) -> Any:  # noqa: ANN401
    """Return one object with the lists of all; of one value, that value."""
    if len(values) == 1:
        return values[0]
    whole: dict[str, Any] = {}
    for value in values:
        for key, item in value.items():
            if isinstance(item, list):
                whole[key] = [*whole.get(key, ()), *item]
            else:
                whole.setdefault(key, item)
    return whole
