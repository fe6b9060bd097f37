"""The YAML of an annotation to its fields, in the shapes that OPA gives them.

https://www.openpolicyagent.org/docs/policy-language#annotations. Fields that OPA does
not know are kept: rules carry a severity, an id, a remediation in them.
"""

from collections.abc import Callable
from typing import Final

import yaml

from comply.plan.builtins.failure import BuiltinError
from comply.plan.builtins.yaml_text import read_yaml

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

OPA_FIELDS: Final = frozenset(
    {
        "authors", "custom", "description", "entrypoint", "labels", "organizations",
        "related_resources", "schemas", "scope", "title",
    }
)  # fmt: skip


class MetadataError(Exception):
    """What is wrong in the YAML, and in which of its lines, from 0."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


def read_fields(lines: list[str]) -> dict[str, object]:
    """Return the fields in the lines of a block, without their `#`.

    Raises:
        MetadataError: the lines are no YAML, or a field has the wrong type.

    >>> read_fields([" title: A", " authors: [Jane <j@x.org>]"])
    {'title': 'A', 'authors': [{'name': 'Jane', 'email': 'j@x.org'}]}
    """
    text = "\n".join(line.removeprefix(" ") for line in lines)
    _check(text)
    try:
        value = read_yaml(text)
    except BuiltinError as failure:
        raise MetadataError(f"yaml: {failure}") from None
    if not isinstance(value, dict):
        kind = "a list" if isinstance(value, list) else "a text"
        raise MetadataError(f"yaml: an annotation is a mapping, not {kind}")
    return {key: _read_field(key, item, lines) for key, item in value.items()}


def _check(text: str) -> None:
    """Refuse YAML that PyYAML cannot read, and keys that stand twice in a mapping."""
    try:
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        # A key without its colon is where it began, not where the search ended.
        lost = error.context == "while scanning a simple key"
        mark = error.context_mark if lost else error.problem_mark
        last = text.rstrip().count("\n")
        line = min(mark.line, last) if mark else 0
        raise MetadataError(f"yaml: {error.problem}", line) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise MetadataError(f"yaml: {error}") from None
    nodes, seen = [root], set[int]()
    while nodes:
        node = nodes.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            nodes += node.value
        elif isinstance(node, yaml.MappingNode):
            _check_keys(node)
            nodes += [part for pair in node.value for part in pair]


def _check_keys(mapping: yaml.MappingNode) -> None:
    keys: set[str] = set()
    for key, _ in mapping.value:
        if isinstance(key, yaml.ScalarNode):
            if key.value in keys:
                message = f'yaml: mapping key "{key.value}" already defined'
                raise MetadataError(message, key.start_mark.line)
            keys.add(key.value)


def _read_field(key: str, value: object, lines: list[str]) -> object:
    reader = _FIELDS.get(key)
    try:
        return reader(value) if reader else value
    except ValueError as problem:
        named = [i for i, line in enumerate(lines) if line.strip().startswith(key)]
        raise MetadataError(f"{key}: {problem}", named[0] if named else 0) from None


def _text(value: object) -> object:
    if isinstance(value, list | dict):
        message = "expected a text"
        raise ValueError(message)  # noqa: TRY004  (a value of the file, no argument)
    return value if isinstance(value, str) or value is None else _printed(value)


def _printed(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _truth(value: object) -> object:
    if not isinstance(value, bool):
        message = "expected true or false"
        raise ValueError(message)  # noqa: TRY004  (a value of the file, no argument)
    return value


def _mapping(value: object) -> object:
    if not isinstance(value, dict):
        message = "expected a mapping"
        raise ValueError(message)  # noqa: TRY004  (a value of the file, no argument)
    return value


def _items(value: object) -> list[object]:
    if not isinstance(value, list):
        message = "expected a list"
        raise ValueError(message)  # noqa: TRY004  (a value of the file, no argument)
    return value


def _authors(value: object) -> object:
    return [_author(item) for item in _items(value)]


def _author(item: object) -> dict[str, object]:
    """Return `Jane Doe <jane@example.org>` as name and email."""
    if isinstance(item, dict):
        if not (item.get("name") or item.get("email")):
            message = "'name' and/or 'email' values required in object"
            raise ValueError(message)
        return {key: item[key] for key in ("name", "email") if item.get(key)}
    words = str(_text(item) or "").split()
    if not words:
        message = "author is an empty string"
        raise ValueError(message)
    if words[-1].startswith("<") and words[-1].endswith(">"):
        name = " ".join(words[:-1])
        return {**({"name": name} if name else {}), "email": words[-1][1:-1]}
    return {"name": " ".join(words)}


def _resources(value: object) -> object:
    return [_resource(item) for item in _items(value)]


def _resource(item: object) -> object:
    """Return a related resource, of which a text is the address."""
    if isinstance(item, dict):
        if not item.get("ref"):
            message = "'ref' value required in object"
            raise ValueError(message)
        return item
    text = _text(item)
    if not text:
        message = "ref URL may not be empty string"
        raise ValueError(message)
    return {"ref": text}


_FIELDS: Final[dict[str, Callable[[object], object]]] = {
    "authors": _authors,
    "custom": _mapping,
    "description": _text,
    "entrypoint": _truth,
    "labels": _mapping,
    "organizations": _items,
    "related_resources": _resources,
    "schemas": _items,
    "scope": _text,
    "title": _text,
}
