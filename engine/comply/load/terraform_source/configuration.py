"""MODULES -> CONFIGURATION: what is written, as plans have it under `configuration`.

https://developer.hashicorp.com/terraform/internals/json-format#configuration-representation
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final

from comply.load.terraform_source import syntax as s
from comply.load.terraform_source.expand import META, Configuration
from comply.load.terraform_source.modules import Module, called_folder
from comply.load.terraform_source.types import plain_value
from comply.load.terraform_source.values import known

_HIDDEN: Final = frozenset({"lifecycle", "provisioner", "connection", "dynamic"})


def configuration_of(
    configuration: Configuration, root: Module, provider: Callable[[s.Block], str]
) -> dict[str, Any]:
    """Return the configuration of a root module; `provider` gives full names."""
    providers = {}
    for block in root.providers:
        local = block.labels[0] if block.labels else ""
        alias = block.body.settings.get("alias")
        name = local if alias is None else f"{local}.{plain_value(alias.value)}"
        providers[name] = {
            "name": local,
            "full_name": provider(replace(block, labels=(f"{local}_", ""))),
            "expressions": expressions(block.body),
        }
    return {
        "provider_config": providers,
        "root_module": _module(configuration, root),
    }


def _module(configuration: Configuration, module: Module) -> dict[str, Any]:
    calls = {}
    for name, block in module.calls.items():
        folder = called_folder(module, block)
        inner = {}
        if folder is not None:
            inner = {"module": _module(configuration, configuration.modules[folder])}
        source = block.body.settings.get("source")
        value = None if source is None else plain_value(source.value)
        calls[name] = {
            "source": value if isinstance(value, str) else "",
            "expressions": expressions(block.body, ("source", "version", "providers")),
            **_repeated(block.body),
            **inner,
        }
    return {
        "resources": [
            {
                "address": f"{'data.' if mode == 'data' else ''}{type_}.{name}",
                "mode": mode,
                "type": type_,
                "name": name,
                "provider_config_key": _provider_key(block),
                "expressions": expressions(block.body),
                **_repeated(block.body),
            }
            for (mode, type_, name), block in module.resources.items()
        ],
        "variables": {name: _variable(b) for name, b in module.variables.items()},
        "outputs": {name: _output(b) for name, b in module.outputs.items()},
        "module_calls": calls,
    }


def _variable(block: s.Block) -> dict[str, Any]:
    settings = block.body.settings
    made = {}
    for name in ("default", "description", "sensitive"):
        value = plain_value(settings[name].value) if name in settings else None
        if value is not None and known(value):
            made[name] = value
    return made


def _output(block: s.Block) -> dict[str, Any]:
    setting = block.body.settings.get("value")
    return {} if setting is None else {"expression": described(setting.value)}


def _provider_key(block: s.Block) -> str:
    setting = block.body.settings.get("provider")
    if setting is not None and (names := list(references(setting.value))):
        return names[0]
    return block.labels[0].partition("_")[0]


def _repeated(body: s.Body) -> dict[str, Any]:
    """Return the expressions that tell how many instances there are."""
    return {
        f"{name}_expression": described(body.settings[name].value)
        for name in ("count", "for_each")
        if name in body.settings
    }


def expressions(body: s.Body, without: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the settings and blocks of a body as expressions."""
    made: dict[str, Any] = {
        name: described(setting.value)
        for name, setting in body.settings.items()
        if name not in META and name not in without
    }
    for block in body.blocks:
        if block.kind not in _HIDDEN:
            made.setdefault(block.kind, [])
            if isinstance(made[block.kind], list):
                made[block.kind].append(expressions(block.body))
    return made


def described(node: s.Expression) -> dict[str, Any]:
    """Return an expression: its value if it is constant, else what it refers to.

    >>> described(s.Literal(0, 1))
    {'constant_value': 1}
    >>> described(s.Attribute(0, s.Name(0, "var"), "a"))
    {'references': ['var.a']}
    """
    value = plain_value(node)
    if known(value):
        return {"constant_value": value}
    names = list(dict.fromkeys(references(node)))
    return {"references": names} if names else {}


def references(node: s.Expression) -> Iterator[str]:
    """Yield the references in an expression, each followed by its shorter forms."""
    path = _path(node)
    if path:
        least = 3 if path[0] == "data" else 2
        for end in range(len(path), min(least, len(path)) - 1, -1):
            yield "".join(path[:1] + path[1:end]) if end else ""
        return
    for inner in children(node):
        yield from references(inner)


def _path(node: s.Expression) -> list[str]:
    """Return the steps of a reference as they are written, none of what is no reference."""
    match node:
        case s.Name(name=name):
            return [name]
        case s.Attribute(source=source, name=name):
            before = _path(source)
            return [*before, f".{name}"] if before else []
        case s.Index(source=source, key=s.Literal(value=int() as key)):
            before = _path(source)
            return [*before, f"[{key}]"] if before else []
        case s.Index(source=source, key=s.Literal(value=str() as key)):
            before = _path(source)
            return [*before, f'["{key}"]'] if before else []
        case _:
            return []


def children(node: s.Expression) -> tuple[s.Expression, ...]:  # noqa: C901, PLR0911  (one case a node)
    """Return the expressions inside one."""
    match node:
        case s.Template(parts=parts):
            return parts
        case s.Tuple(items=items):
            return items
        case s.Object(pairs=pairs):
            return tuple(x for pair in pairs for x in pair)
        case s.Attribute(source=source):
            return (source,)
        case s.Index(source=source, key=key):
            return (source, key)
        case s.Splat(source=source, each=each):
            return (source, each)
        case s.Call(args=args):
            return args
        case s.Conditional(test=test, yes=yes, no=no):
            return (test, yes, no)
        case s.Binary(left=left, right=right):
            return (left, right)
        case s.Unary(operand=operand):
            return (operand,)
        case s.For(source=source, key=key, value=value, test=test):
            return tuple(x for x in (source, key, value, test) if x is not None)
        case s.Literal() | s.Name() | s.Item():
            return ()
