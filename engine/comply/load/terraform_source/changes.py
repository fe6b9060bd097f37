"""INSTANCES -> PLAN: the configuration in the shape of a plan that creates all of it.

https://developer.hashicorp.com/terraform/internals/json-format
"""

from collections.abc import Iterator
from typing import Any, Final

from comply.classes import dataclass
from comply.load.terraform_source import syntax as s
from comply.load.terraform_source.configuration import configuration_of
from comply.load.terraform_source.expand import (
    Configuration,
    Instance,
    Key,
    filled,
    subscript,
)
from comply.load.terraform_source.split import MOST_NODES, Split, split
from comply.load.terraform_source.values import (
    EvaluationFailureError,
    Unknown,
    settled,
)

_REGISTRY: Final = "registry.terraform.io"
_BUILT_IN: Final = "terraform.io/builtin/terraform"
_MODES: Final = ("managed", "data")


@dataclass(frozen=True, slots=True)
class Planned:
    """A resource change, the module instance it is of, and the block that says it."""

    change: dict[str, Any]
    module: str
    block: s.Block


def changes(instance: Instance) -> Iterator[Planned]:
    """Yield the resource changes of a module instance and of those it calls."""
    for mode in _MODES:
        for (own, _, _), block in instance.module.resources.items():
            if own == mode:
                yield from _resource(instance, block, mode)
    for name in instance.module.calls:
        for _, inner in instance.instances(name) or ():
            yield from changes(inner)


def _resource(instance: Instance, block: s.Block, mode: str) -> Iterator[Planned]:
    type_, name = block.labels
    for key, scope in instance.expanded(block):
        local = f"{'data.' if mode == 'data' else ''}{type_}.{name}{subscript(key)}"
        address = f"{instance.address}.{local}" if instance.address else local
        try:
            made = split(filled(block.body, scope), [MOST_NODES])
        except EvaluationFailureError:
            made = Split(None, unknown=True)
        change = {
            "address": address,
            **({"module_address": instance.address} if instance.address else {}),
            "mode": mode,
            "type": type_,
            "name": name,
            **_index(key),
            "provider_name": provider_name(instance, block),
            "change": _change(made, mode),
        }
        yield Planned(change, instance.address, block)


def _index(key: Key) -> dict[str, Any]:
    if key is None:
        return {}
    return {"index_unknown": True} if isinstance(key, Unknown) else {"index": key}


def _change(made: Split, mode: str) -> dict[str, Any]:
    unknown = made.unknown
    if unknown is not True:
        # Every resource has an id, and its provider gives it.
        own = unknown or {}
        held = made.after if isinstance(made.after, dict) else {}
        unknown = own if "id" in held else {**own, "id": True}
    return {
        "actions": ["read" if mode == "data" else "create"],
        "before": None,
        "after": made.after,
        "after_unknown": unknown,
        "before_sensitive": False,
        "after_sensitive": made.sensitive or {},
    }


def provider_name(instance: Instance, block: s.Block) -> str:
    """Return the full name of the provider of a resource, as plans have it."""
    setting = block.body.settings.get("provider")
    local = block.labels[0].partition("_")[0]
    match setting:
        case s.Setting(value=s.Name(name=name)):
            local = name
        case s.Setting(value=s.Attribute(source=s.Name(name=name))):
            local = name
        case _:
            pass
    if local == "terraform":
        return _BUILT_IN
    source = f"hashicorp/{local}"
    match instance.module.required.get(local):
        case s.Object(pairs=pairs):
            for key, value in pairs:
                if isinstance(key, s.Literal) and key.value == "source":
                    source = str(getattr(value, "value", source))
        case _:
            pass
    parts = source.split("/")
    missing = [_REGISTRY, "hashicorp"][: max(0, 3 - len(parts))]
    return "/".join([*missing, *parts])


def plan_of(
    configuration: Configuration, root: Instance
) -> tuple[dict[str, Any], list[Planned]]:
    """Return the plan of a root module, and its changes in the order of addresses."""
    found = sorted(changes(root), key=lambda item: str(item.change["address"]))
    by_module: dict[str, list[dict[str, Any]]] = {}
    for item in found:
        if item.change["mode"] == "managed":
            by_module.setdefault(item.module, []).append(_value(item.change))

    def names(block: s.Block) -> str:
        return provider_name(root, block)

    plan = {
        "format_version": "1.2",
        "variables": _variables(root),
        "planned_values": {
            "outputs": _outputs(root),
            "root_module": _values(by_module, root),
        },
        "resource_changes": [item.change for item in found],
        "output_changes": _output_changes(root),
        "configuration": configuration_of(configuration, root.module, names),
        "errored": False,
    }
    return plan, found


def _variables(root: Instance) -> dict[str, Any]:
    """Return the variables whose values are known."""
    made = {}
    for name in root.module.variables:
        part = split(root.resolve(("var", name), 0), [MOST_NODES])
        if not part.absent:
            made[name] = {"value": part.after}
    return made


def _outputs(root: Instance) -> dict[str, Any]:
    made = {}
    for name, part in _split_outputs(root):
        value = {} if part.absent else {"value": part.after}
        made[name] = {"sensitive": bool(part.sensitive), **value}
    return made


def _output_changes(root: Instance) -> dict[str, Any]:
    return {
        name: {
            "actions": ["create"],
            "before": None,
            **({} if part.absent else {"after": part.after}),
            "after_unknown": part.unknown,
            "before_sensitive": False,
            "after_sensitive": part.sensitive,
        }
        for name, part in _split_outputs(root)
    }


def _split_outputs(root: Instance) -> Iterator[tuple[str, Split]]:
    for name in root.module.outputs:
        value = root.resolve(("output", name), 0)
        yield name, split(settled(value), [MOST_NODES])


def _values(
    by_module: dict[str, list[dict[str, Any]]], instance: Instance
) -> dict[str, Any]:
    """Return the resources of a module instance and of those below it."""
    below = [
        {"address": inner.address, **_values(by_module, inner)}
        for name in instance.module.calls
        for _, inner in instance.instances(name) or ()
    ]
    own = by_module.get(instance.address, [])
    return {"resources": own, **({"child_modules": below} if below else {})}


def _value(change: dict[str, Any]) -> dict[str, Any]:
    keys = ("address", "mode", "type", "name", "index", "provider_name")
    return {
        **{key: change[key] for key in keys if key in change},
        "values": change["change"]["after"] or {},
        "sensitive_values": change["change"]["after_sensitive"],
    }
