"""The built-ins yaml.*: values as YAML text, read and written as OPA's library does.

https://www.openpolicyagent.org/docs/policy-reference/builtins/encoding
"""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterator
from typing import Any, Final

import yaml

from comply.classes import dataclass, field
from comply.plan.builtins.failure import BuiltinError
from comply.plan.builtins.json_text import json_key, write_json
from comply.plan.builtins.octets import printable, to_text
from comply.plan.builtins.operands import string
from comply.plan.builtins.yaml_output import marshal
from comply.plan.builtins.yaml_scalars import is_timestamp, resolve
from comply.plan.values import Value, is_number

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MOST_NODES: Final = 1_000_000
_STRING: Final = "tag:yaml.org,2002:str"


def unmarshal(text: Value) -> Value:
    """Return the value of a YAML text's first document.

    Raises:
        BuiltinError: if the text is no YAML, or its value is no JSON.

    >>> unmarshal("foo: [1, 0x10, yes, ~]")
    {'foo': [1, 16, 'yes', None]}
    """
    return read_yaml(string(text))


def is_yaml(text: Value) -> bool:
    """Tell whether `text` is a string that `yaml.unmarshal` takes.

    >>> is_yaml("a: 1"), is_yaml("a: {"), is_yaml(1)
    (True, False, False)
    """
    if type(text) is not str:
        return False
    try:
        read_yaml(text)
    except BuiltinError:
        return False
    return True


@dataclass(slots=True)
class _Reading:
    """What reading a document keeps: the anchors, and how many nodes it unfolded."""

    events: Iterator[Any]
    anchors: dict[str, tuple[Value, int]] = field(default_factory=dict)
    open_anchors: set[str] = field(default_factory=set)
    nodes: int = 0


class _Merge:
    """The key `<<`."""


_MERGE: Final = _Merge()


def read_yaml(text: str) -> Value:
    """Return the value of the first document in `text`; None if there is none.

    Raises:
        BuiltinError: if the text is no YAML, or its value is no JSON.
    """
    reading = _Reading(yaml.parse(printable(text), Loader=_LOADER))
    try:
        for event in reading.events:
            if isinstance(event, yaml.DocumentStartEvent):
                value = _read(reading, next(reading.events))
                next(reading.events)  # the document's end: what follows must parse
                next(reading.events)
                return value
    except yaml.YAMLError as error:
        raise BuiltinError(_go_words(error)) from None
    except RecursionError:
        raise BuiltinError("yaml: exceeded max depth") from None
    return None


def _read(reading: _Reading, event: Any) -> Value:  # noqa: ANN401  (PyYAML's events share no type)
    if isinstance(event, yaml.AliasEvent):
        return _read_alias(reading, str(event.anchor))
    anchor = event.anchor
    before = reading.nodes
    if anchor:
        reading.open_anchors.add(anchor)
    _count(reading, 1)
    if isinstance(event, yaml.ScalarEvent):
        value = _scalar(event)
    elif isinstance(event, yaml.SequenceStartEvent):
        value = _read_sequence(reading)
    else:
        value = _read_mapping(reading)
    if anchor:
        reading.open_anchors.discard(anchor)
        reading.anchors[anchor] = value, reading.nodes - before
    return value


def _read_alias(reading: _Reading, anchor: str) -> Value:
    if anchor in reading.open_anchors:
        raise BuiltinError(f"yaml: anchor '{anchor}' value contains itself")
    if anchor not in reading.anchors:
        raise BuiltinError(f"yaml: unknown anchor '{anchor}' referenced")
    value, nodes = reading.anchors[anchor]
    _count(reading, nodes)
    return value


def _count(reading: _Reading, nodes: int) -> None:
    reading.nodes += nodes
    if reading.nodes > _MOST_NODES:
        raise BuiltinError("yaml: document contains excessive aliasing")


def _read_sequence(reading: _Reading) -> list[Value]:
    items = []
    while not isinstance(event := next(reading.events), yaml.SequenceEndEvent):
        items.append(_read(reading, event))
    return items


def _read_mapping(reading: _Reading) -> dict[str, Value]:
    merged: dict[str, Value] = {}
    own: dict[str, Value] = {}
    while not isinstance(event := next(reading.events), yaml.MappingEndEvent):
        merges = _is_merge(event)
        key = None if merges else _read(reading, event)
        value = _read(reading, next(reading.events))
        if merges:
            merged = _merge(value) | merged
        else:
            own[_key_text(key, value)] = value
    return merged | own


def _is_merge(event: Any) -> bool:  # noqa: ANN401  (PyYAML's events share no type)
    return (
        isinstance(event, yaml.ScalarEvent)
        and event.value == "<<"
        and event.implicit[0]
    )


def _merge(value: Value) -> dict[str, Value]:
    """Return the pairs that `<<: value` brings in; of a list the first wins."""
    found: dict[str, Value] = {}
    for item in value if type(value) is list else [value]:
        if type(item) is not dict:
            raise BuiltinError(
                "yaml: map merge requires map or sequence of maps as the value"
            )
        found = item | found
    return found


def _key_text(key: Value, value: Value) -> str:
    if type(key) is str:
        return key
    if key is None:
        raise BuiltinError(
            f"unsupported map key of type: %!s(<nil>), key: <nil>, value: {write_json(value)}"
        )
    if type(key) is bool or is_number(key):
        return json_key(key if type(key) is not bool else str(key).lower())
    raise BuiltinError("yaml: invalid map key: only scalars are keys")


def _scalar(event: Any) -> Value:  # noqa: ANN401  (PyYAML's events share no type)
    text = event.value
    tag = event.tag
    if tag is None or tag == "!":
        return resolve(text) if event.implicit[0] and tag is None else text
    name = tag.removeprefix("tag:yaml.org,2002:")
    if name in (tag, "str"):
        return text
    if name == "binary":
        return _binary(text)
    if name == "timestamp" and "T" not in text.upper():
        return f"{text}T00:00:00Z" if is_timestamp(text) else text
    value = resolve(text)
    wanted = _TAGS.get(name)
    if wanted and type(value) not in wanted:
        found = _tag_of(value)
        raise BuiltinError(f"yaml: cannot decode !!{found} `{text}` as a !!{name}")
    return value


_TAGS: Final = {
    "bool": (bool,),
    "int": (int,),
    "float": (int, float),
    "null": (type(None),),
}


def _tag_of(value: Value) -> str:
    names = {bool: "bool", int: "int", float: "float", type(None): "null"}
    return names.get(type(value), "str")


def _binary(text: str) -> str:
    try:
        return printable(to_text(b64decode(text)))
    except (Base64Error, ValueError):
        raise BuiltinError(
            "yaml: !!binary value contains invalid base64 data"
        ) from None


def _go_words(error: yaml.YAMLError) -> str:
    """Return a reader's complaint in the words of OPA's."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return "yaml: control characters are not allowed"
    line = 0
    for mark in (error.context_mark, error.problem_mark):
        if mark and mark.line and not line:
            line = mark.line + isinstance(error, yaml.scanner.ScannerError)
    place = f"line {line}: " if line else ""
    return f"yaml: {place}{error.problem}"


BUILTINS: Final = {
    "yaml.is_valid": is_yaml,
    "yaml.marshal": marshal,
    "yaml.unmarshal": unmarshal,
}
