"""MODULES -> INSTANCES: what each name of a configuration means, and each resource is.

Everything is evaluated when it is first asked for, and kept.
"""

import posixpath
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

from comply.classes import dataclass, field
from comply.load.terraform_source import syntax as s
from comply.load.terraform_source.evaluate import (
    Namespace,
    Scope,
    evaluate,
    pairs_of,
    written,
)
from comply.load.terraform_source.modules import (
    MODULES_DEEPEST,
    Module,
    called_folder,
)
from comply.load.terraform_source.types import converted
from comply.load.terraform_source.values import (
    UNKNOWN,
    EvaluationFailureError,
    Filled,
    Outputs,
    TerraformValue,
    Unknown,
    bare,
    bounded,
    known,
    marked,
    number_of,
)
from comply.source import LoadError

Key: TypeAlias = str | int | Unknown | None
"""The key of an instance; None without `count` and `for_each`."""

META: Final = frozenset({"count", "for_each", "depends_on", "provider", "lifecycle"})
_META_BLOCKS: Final = frozenset({"lifecycle", "provisioner", "connection"})
_ROOTS: Final = frozenset({"var", "local", "module", "data"})
_MOST_INSTANCES: Final = 10_000
_SINGLE_BLOCKS: Final = frozenset({"timeouts"})


@dataclass(slots=True)
class Configuration:
    """The modules of a run by folder; `files` has the other files that they read.

    `workspace` is empty if it is not known.
    """

    modules: dict[str, Module]
    files: dict[str, str]
    workspace: str = ""


@dataclass(slots=True)
class Instance:
    """A module instance: its call, and what is known of its names so far.

    `given` are the settings of its variables; `open` are names being evaluated.
    """

    configuration: Configuration
    module: Module
    address: str
    given: Callable[[str], TerraformValue]
    above: tuple[str, ...] = ()
    known: dict[tuple[str, ...], TerraformValue] = field(default_factory=dict)
    open: dict[tuple[str, ...], int] = field(default_factory=dict)
    inner: dict[str, list[tuple[Key, "Instance"]] | None] = field(default_factory=dict)

    def scope(self, names: dict[str, Any] | None = None) -> Scope:
        """Return what names mean in this module."""
        return Scope(self.resolve, self.read, names or {})

    def read(self, path: str) -> str | None:
        """Return the text of a file, None if it was not read."""
        folder = self.module.folder
        found = self.configuration.files.get(posixpath.normpath(path))
        if found is None:
            path = posixpath.normpath(posixpath.join(folder, path))
            found = self.configuration.files.get(path)
        return found

    def resolve(self, path: tuple[str, ...], at: int) -> TerraformValue | Namespace:
        """Return what the names of a reference mean.

        Raises:
            LoadError: for a name that is not declared, and for a circle.
        """
        if len(path) == 1:
            return Namespace(path)
        if path[0] == "data" and len(path) == 2:
            return Namespace(path)
        if path in self.known:
            return self.known[path]
        if path in self.open:
            raise self._circle(path, at)
        self.open[path] = at
        try:
            value = self._value(path)
        finally:
            del self.open[path]
        self.known[path] = value
        return value

    def _circle(self, path: tuple[str, ...], _at: int) -> LoadError:
        names = list(self.open)
        way = [*names[names.index(path) :], path]
        shown = " -> ".join(map(_shown, way))
        span = None
        if (place := self._declared(path)) is not None:
            span = place.source.span(place.at)
        where = f" in {self.address}" if self.address else ""
        return LoadError(
            f"these depend on each other{where}: {shown}",
            span,
            hint="Terraform refuses such a circle; cut it where one value can be given",
        )

    def _declared(self, path: tuple[str, ...]) -> s.Block | s.Setting | None:
        module = self.module
        match path:
            case ("var", name):
                return module.variables.get(name)
            case ("local", name):
                return module.locals.get(name)
            case ("module", name):
                return module.calls.get(name)
            case ("output", name):
                return module.outputs.get(name)
            case ("data", type_, name):
                return module.resources.get(("data", type_, name))
            case (type_, name):
                return module.resources.get(("managed", type_, name))
            case _:
                return None

    def _value(self, path: tuple[str, ...]) -> TerraformValue:
        declared = self._declared(path)
        match path, declared:
            case ("var", name), s.Block() as block:
                return self._variable(name, block)
            case ("local", _), s.Setting(value=value):
                return bounded(evaluate(value, self.scope()))
            case ("module", name), s.Block():
                return self._outputs(name)
            case ("output", _), s.Block() as block:
                setting = block.body.settings.get("value")
                output = UNKNOWN if setting is None else self._of(setting)
                return marked(bounded(output), self._is_true(block, "sensitive"))
            case ("path", "module" | "root" as which), _:
                root = next(iter(self.configuration.modules))
                return root if which == "root" else self.module.folder
            case ("terraform", "workspace"), _:
                return self.configuration.workspace or UNKNOWN
            case _, s.Block() as block:
                return self._resource(block)
            case _:
                # What Terraform itself would refuse.
                return UNKNOWN

    def _of(self, setting: s.Setting) -> TerraformValue:
        return evaluate(setting.value, self.scope())

    def _is_true(self, block: s.Block, name: str) -> bool:
        setting = block.body.settings.get(name)
        return setting is not None and self._of(setting) is True

    def _variable(self, name: str, block: s.Block) -> TerraformValue:
        settings = block.body.settings
        value = self.given(name)
        if value is None and "default" in settings:
            value = self._of(settings["default"])
        elif value is None:
            value = UNKNOWN
        type_ = settings.get("type")
        value = converted(bounded(value), type_.value if type_ is not None else None)
        return marked(value, self._is_true(block, "sensitive"))

    def _outputs(self, name: str) -> TerraformValue:
        instances = self.instances(name)
        if instances is None:
            return UNKNOWN
        return gathered([(key, instance.outputs()) for key, instance in instances])

    def outputs(self) -> Outputs:
        """Return the outputs of this module."""
        return Outputs(
            tuple(self.module.outputs), lambda name: self.resolve(("output", name), 0)
        )

    def _resource(self, block: s.Block) -> TerraformValue:
        made = [(key, filled(block.body, scope)) for key, scope in self.expanded(block)]
        return gathered(made)

    def instances(self, name: str) -> list[tuple[Key, "Instance"]] | None:
        """Return the instances of a called module, None if it is not at hand.

        Raises:
            LoadError: if the module calls itself.
        """
        if name not in self.inner:
            self.inner[name] = self._called(self.module.calls[name], name)
        return self.inner[name]

    def _called(self, block: s.Block, name: str) -> list[tuple[Key, "Instance"]] | None:
        folder = called_folder(self.module, block)
        if folder is None:
            return None
        chain = (*self.above, self.module.folder)
        if folder in chain or len(chain) > MODULES_DEEPEST:
            way = " -> ".join((*chain, folder))
            raise LoadError(
                f"module {name} calls itself, or modules nest too deep: {way}",
                block.source.span(block.at, len("module")),
            )
        module = self.configuration.modules[folder]
        before = f"{self.address}." if self.address else ""
        return [
            (
                key,
                Instance(
                    self.configuration,
                    module,
                    f"{before}module.{name}{subscript(key)}",
                    _given(block, scope),
                    chain,
                ),
            )
            for key, scope in self.expanded(block)
        ]

    def expanded(self, block: s.Block) -> Iterator[tuple[Key, Scope]]:
        """Yield the keys of the instances of a block, and what names mean in each.

        Where the keys are not known there is one, whose key is UNKNOWN.
        """
        settings = block.body.settings
        if "count" in settings:
            value, _ = bare(self._of(settings["count"]))
            for key in _counted(value):
                index = {"index": UNKNOWN if isinstance(key, Unknown) else key}
                yield key, self.scope({"count": index})
        elif "for_each" in settings:
            value, _ = bare(self._of(settings["for_each"]))
            for key, item in each_of(value):
                each = {"key": key, "value": item}
                yield key, self.scope({"each": each})
        else:
            yield None, self.scope()


def _counted(value: TerraformValue) -> list[Key]:
    try:
        number = number_of(value)
    except EvaluationFailureError:
        return [UNKNOWN]
    return list(range(int(number))) if number <= _MOST_INSTANCES else [UNKNOWN]


def each_of(value: TerraformValue) -> list[tuple[Key, TerraformValue]]:
    """Return the keys and values that `for_each` gives, one UNKNOWN if it is not known."""
    try:
        pairs = list(pairs_of(value))
    except EvaluationFailureError:
        return [(UNKNOWN, UNKNOWN)]
    if not all(known(key) for key, _ in pairs) or len(pairs) > _MOST_INSTANCES:
        return [(UNKNOWN, UNKNOWN)]
    return [(bare(key)[0], item) for key, item in pairs]


def _given(block: s.Block, scope: Scope) -> Callable[[str], TerraformValue]:
    """Return what gives the variables of a called module their values."""

    def given(name: str) -> TerraformValue:
        setting = block.body.settings.get(name)
        return None if setting is None else evaluate(setting.value, scope)

    return given


def gathered(made: list[tuple[Key, TerraformValue]]) -> TerraformValue:
    """Return the instances of a block as references see them."""
    keys = [key for key, _ in made]
    if keys == [None]:
        return made[0][1]
    if any(isinstance(key, Unknown) for key in keys):
        return UNKNOWN
    if any(isinstance(key, str) for key in keys):
        return dict(made)
    return [value for _, value in made]


def filled(body: s.Body, scope: Scope) -> Filled:
    """Return what a body says of a resource or a block; blocks are lists of objects."""
    made = Filled()
    for name, setting in body.settings.items():
        if name not in META:
            made[name] = written(setting.value, scope)
    for block in body.blocks:
        if block.kind in _META_BLOCKS:
            continue
        name = block.kind
        found: TerraformValue = [filled(block.body, scope)]
        if name == "dynamic" and len(block.labels) == 1:
            name = block.labels[0]
            found = _dynamic(block, scope)
        elif name in _SINGLE_BLOCKS:
            made[name] = found[0]
            continue
        held = made.get(name, [])
        if found is UNKNOWN or held is UNKNOWN or not isinstance(held, list):
            made[name] = UNKNOWN
        else:
            made[name] = [*held, *found]
    return made


def _dynamic(block: s.Block, scope: Scope) -> TerraformValue:
    """Return the blocks that a dynamic block makes, UNKNOWN if nobody can tell."""
    settings = block.body.settings
    content = next((b for b in block.body.blocks if b.kind == "content"), None)
    if content is None or "for_each" not in settings:
        return UNKNOWN
    value, _ = bare(evaluate(settings["for_each"].value, scope))
    name = block.labels[0]
    iterator = settings.get("iterator")
    if iterator is not None and isinstance(iterator.value, s.Name):
        name = iterator.value.name
    made = []
    for key, item in each_of(value):
        if isinstance(key, Unknown):
            return UNKNOWN
        names = {name: {"key": key, "value": item}}
        made.append(filled(content.body, scope.having(names)))
    return made


def subscript(key: Key) -> str:
    r"""Return an instance key as an address shows it, `[*]` for one nobody knows.

    >>> subscript('k"q'), subscript(3), subscript(None)
    ('["k\\\\"q"]', '[3]', '')
    """
    match key:
        case None:
            return ""
        case str():
            escaped = key.replace("\\", "\\\\").replace('"', '\\"')
            return f'["{escaped}"]'
        case int():
            return f"[{key}]"
        case _:
            return "[*]"


def _shown(path: tuple[str, ...]) -> str:
    return ".".join(path)
