"""VALUE -> YAML, laid out as OPA's library does: keys in natural order, indented lists."""

from collections.abc import Iterator
from functools import cmp_to_key
from io import StringIO
from typing import Final

import yaml
from yaml.emitter import Emitter

from comply.plan.builtins.float_text import yaml_float_text
from comply.plan.builtins.json_text import json_key
from comply.plan.builtins.octets import printable
from comply.plan.builtins.yaml_scalars import reads_as_itself
from comply.plan.values import RegoSet, Value


def marshal(value: Value) -> str:
    r"""Return a value as YAML, keys in natural order; a set becomes a sequence.

    >>> marshal({"foo": RegoSet([2, 1]), "a": "yes"})
    'a: "yes"\nfoo:\n  - 1\n  - 2\n'
    """
    out = StringIO()
    emitter = _IndentedEmitter(out, allow_unicode=True, width=10**9)
    for event in _document(value):
        emitter.emit(event)
    return out.getvalue().removesuffix("...\n")


class _IndentedEmitter(Emitter):
    """PyYAML's emitter, but a sequence inside a mapping is indented."""

    def expect_block_sequence(self) -> None:
        self.increase_indent(flow=False, indentless=False)
        self.state = self.expect_first_block_sequence_item

    def check_simple_key(self) -> bool:
        event = self.event
        empty = isinstance(event, yaml.ScalarEvent) and not event.value
        return empty or bool(super().check_simple_key())


def _document(value: Value) -> Iterator[yaml.Event]:
    yield yaml.StreamStartEvent()
    yield yaml.DocumentStartEvent(explicit=False)
    yield from _events(value)
    yield yaml.DocumentEndEvent(explicit=False)
    yield yaml.StreamEndEvent()


def _events(value: Value) -> Iterator[yaml.Event]:
    kind = type(value)
    if kind is dict:
        yield yaml.MappingStartEvent(None, None, implicit=True, flow_style=False)
        pairs = [(json_key(k), v) for k, v in value.items()]
        for key, found in sorted(pairs, key=lambda pair: _natural(pair[0])):
            yield _string_event(printable(key))
            yield from _events(found)
        yield yaml.MappingEndEvent()
    elif kind is list or kind is RegoSet:
        yield yaml.SequenceStartEvent(None, None, implicit=True, flow_style=False)
        for item in value if kind is list else value.ordered():
            yield from _events(item)
        yield yaml.SequenceEndEvent()
    elif kind is str:
        yield _string_event(printable(value))
    else:
        yield _plain_event(_constant(value))


def _constant(value: Value) -> str:
    if value is None:
        return "null"
    if type(value) is bool:
        return str(value).lower()
    if type(value) is int and -(2**63) <= value < 2**64:
        return str(value)
    return yaml_float_text(float(value))


def _plain_event(text: str, style: str | None = None) -> yaml.Event:
    return yaml.ScalarEvent(None, None, (style is None, True), text, style=style)


def _string_event(text: str) -> yaml.Event:
    if "\n" in text and "\r" not in text:
        return _plain_event(text, "|")
    plain = reads_as_itself(text) and all(c <= "\uffff" for c in text)
    return _plain_event(text, None if plain else '"')


def natural_order(a: str, b: str) -> int:
    """Return -1, 0 or 1: the order in which runs of digits count as numbers.

    >>> natural_order("a9", "a10"), natural_order("B", "a"), natural_order("1", "a")
    (-1, -1, -1)
    """
    at = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), None)
    if at is None:
        return (len(a) > len(b)) - (len(a) < len(b))
    x, y = a[at], b[at]
    if x.isalpha() or y.isalpha():
        if x.isalpha() and y.isalpha():
            return -1 if x < y else 1
        in_number = at > 0 and a[at - 1].isdecimal()
        return -1 if x.isalpha() == in_number else 1
    inside = bool(a[:at].rstrip("0")[len(_head(a[:at])) :]) and "0" in (x, y)
    m, n = _digits(a, at), _digits(b, at)
    for one, other in (
        (int(f"{inside:d}{m}"), int(f"{inside:d}{n}")),
        (len(m), len(n)),
        (ord(x), ord(y)),
    ):
        if one != other:
            return -1 if one < other else 1
    return 0


def _head(text: str) -> str:
    """Return `text` without the digits it ends in."""
    return text.rstrip("0123456789")


def _digits(text: str, at: int) -> str:
    """Return the run of digits that starts at `at`."""
    rest = text[at:]
    return rest[: len(rest) - len(rest.lstrip("0123456789"))]


_natural: Final = cmp_to_key(natural_order)
