"""SOURCE -> VALUES: YAML documents as Kubernetes reads them, and where a value stands.

libyaml's events are turned into values here: less than half the time of PyYAML's own
loader (see benchmarks/yaml_parsers.py), Kubernetes' meaning of scalars, and bounds that
a hostile file cannot pass. Places are found by reading the events again, which only
documents with findings need.
"""

from base64 import b64decode
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias, cast

import yaml
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from comply.classes import dataclass, field
from comply.load.facts import Path, Step
from comply.load.yaml_scalars import key_text, plain
from comply.plan.values import Value
from comply.source import LoadError, Source, Span

DEEPEST: Final = 200
"""How deep a document may nest."""

MOST_BORROWED: Final = 1_000_000
"""How many values aliases may stand for in one file.

Aliases share the value they name, so memory is safe; but rules walk what they see.
"""

_OPEN: Final = object()
_MISSING: Final = object()
_MERGE: Final = "<<"
_TAGS: Final[dict[str, tuple[type, ...]]] = {
    "tag:yaml.org,2002:bool": (bool,),
    "tag:yaml.org,2002:int": (int,),
    "tag:yaml.org,2002:float": (int, float),
    "tag:yaml.org,2002:null": (type(None),),
}

_BINARY_TAG: Final = "tag:yaml.org,2002:binary"

_Events: TypeAlias = Callable[[], Any]
_Tree: TypeAlias = dict[Step, tuple[int, int, "_Tree"]]
"""Step to offset, width and what is below."""


@dataclass(slots=True)
class _Reading:
    """One pass over a YAML text: what is known so far.

    `scalars` maps the text of a plain scalar to its meaning; `anchors` an anchor to its
    value and the number of values in it; `read` and `borrowed` count values.
    """

    source: Source
    next: _Events
    scalars: dict[str, Any] = field(default_factory=dict)
    anchors: dict[str, tuple[Any, int]] = field(default_factory=dict)
    read: int = 0
    borrowed: int = 0


def read_yaml(source: Source) -> list[tuple[int, Any]]:
    r"""Return the documents of a YAML text: the offset of each, and its value.

    An empty document is None. Values are JSON's: keys are strings.

    Raises:
        LoadError: if the text is no YAML, holds a key twice, or passes a bound.

    >>> read_yaml(Source("a.yaml", "a: yes\n---\n- 010\n"))
    [(0, {'a': True}), (11, [8])]
    """
    reading = _Reading(source, _events(source))
    documents = []
    try:
        while type(event := reading.next()) is not StreamEndEvent:
            if type(event) is DocumentStartEvent:
                start = _offset(event)
                reading.anchors.clear()
                documents.append((start, _value(reading, reading.next(), 0)))
    except yaml.YAMLError as error:
        raise _malformed(source, error) from None
    return documents


def places(source: Source, start: int) -> Callable[[Path], Span]:
    """Return what finds the place of the value at a path in one document, lazily.

    `start` is the offset of the document. The place of a member is that of its key, the
    place of an element its beginning. A path that leads nowhere, or into an alias, has
    the place of the last step that stands in the text.
    """
    known: list[tuple[int, _Tree]] = []

    def find(path: Path) -> Span:
        if not known:
            known.append(_tree(source, start))
        place, tree = known[0]
        width = 1
        for step in path:
            if step not in tree:
                break
            place, width, tree = tree[step]
        return source.span(place, width)

    return find


def _tree(source: Source, start: int) -> tuple[int, _Tree]:
    """Return the offset of the value of the document at `start`, and its places."""
    # From the beginning of the line, so that the indentation stays what it is.
    base = source.text.rfind("\n", 0, start) + 1
    events = _events(Source(source.name, source.text[base:]))
    events()
    first = events()
    return base + _offset(first), _below(events, first, base)


def _below(events: _Events, event: Event, base: int) -> _Tree:
    """Return the places in the value that begins with `event`, passing its events."""
    tree: _Tree = {}
    if isinstance(event, SequenceStartEvent):
        for i, item in enumerate(_children(events)):
            tree[i] = (base + _offset(item), 1, _below(events, item, base))
    elif isinstance(event, MappingStartEvent):
        for key in _children(events):
            name = _key_name(key)
            below = _below(events, events(), base)
            tree[name] = (base + _offset(key), len(name), below)
    return tree


def _children(events: _Events) -> Iterator[Event]:
    while not isinstance(event := events(), CollectionEndEvent):
        yield event


def _key_name(event: Event) -> str:
    if not isinstance(event, ScalarEvent):
        return ""
    text: str = event.value
    return (key_text(plain(text)) or "") if event.implicit[0] else text


def _events(source: Source) -> _Events:
    """Return what gives the events of a text one by one, the stream's start passed."""
    parser = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(source.text)
    events: _Events = parser.get_event
    try:
        events()
    except yaml.YAMLError as error:
        raise _malformed(source, error) from None
    return events


def _value(reading: _Reading, event: Event, depth: int) -> Value:
    """Return the value that begins with `event`."""
    reading.read += 1
    if isinstance(event, ScalarEvent):
        return _scalar(reading, event)
    if isinstance(event, CollectionStartEvent):
        return _collection(reading, event, depth)
    return _alias(reading, cast("AliasEvent", event))


def _collection(
    reading: _Reading, event: CollectionStartEvent, depth: int
) -> dict[str, Any] | list[Any]:
    if depth >= DEEPEST:
        raise LoadError(
            f"nested deeper than {DEEPEST} levels", _place(reading.source, event)
        )
    before = reading.read
    if event.anchor is not None:
        reading.anchors[event.anchor] = (_OPEN, 0)
    read = _mapping if isinstance(event, MappingStartEvent) else _sequence
    value = read(reading, depth)
    if event.anchor is not None:
        reading.anchors[event.anchor] = (value, reading.read - before + 1)
    return value


def _mapping(reading: _Reading, depth: int) -> dict[str, Any]:
    following = reading.next
    members: dict[str, Any] = {}
    merged: set[str] = set()
    while type(event := following()) is not MappingEndEvent:
        key = _key(reading, event)
        if key == _MERGE and _is_merge(event):
            value = _value(reading, following(), depth + 1)
            _merge(reading, members, merged, value, event)
            continue
        value = _value(reading, following(), depth + 1)
        if key in members:
            if key not in merged:
                raise _duplicate(reading.source, key, event)
            merged.discard(key)
        members[key] = value
    return members


def _sequence(reading: _Reading, depth: int) -> list[Any]:
    following = reading.next
    items = []
    while type(event := following()) is not SequenceEndEvent:
        items.append(_value(reading, event, depth + 1))
    return items


def _scalar(reading: _Reading, event: ScalarEvent) -> Value:
    text: str = event.value
    if event.implicit[0]:
        value = reading.scalars.get(text, _MISSING)
        if value is _MISSING:
            value = reading.scalars[text] = plain(text)
        if type(value) is float and value - value != 0:
            raise LoadError(
                f"{text} is no JSON number", _place(reading.source, event, len(text))
            )
    else:
        value = text if event.implicit[1] else _tagged(reading.source, event)
    if event.anchor is not None:
        reading.anchors[event.anchor] = (value, 1)
    return value


def _tagged(source: Source, event: ScalarEvent) -> Value:
    """Return the value of a scalar with a tag."""
    tag = event.tag or ""
    wanted = _TAGS.get(tag)
    if tag == _BINARY_TAG:
        return _decoded(source, event)
    if wanted is None:
        return event.value
    value = plain(event.value)
    if type(value) not in wanted:
        name = tag.rpartition(":")[2]
        raise LoadError(f"{event.value!r} is no {name}", _place(source, event))
    return value


def _decoded(source: Source, event: ScalarEvent) -> str:
    try:
        return b64decode("".join(event.value.split()), validate=True).decode()
    except ValueError:
        raise LoadError(
            "!!binary that is no base64 of a text", _place(source, event)
        ) from None


def _key(reading: _Reading, event: Event) -> str:
    if isinstance(event, ScalarEvent):
        key = _scalar(reading, event)
    elif isinstance(event, AliasEvent):
        key = _alias(reading, event)
    else:
        raise _no_key(reading.source, event, "a list or a mapping")
    if type(key) is str:
        return key
    text = key_text(key)
    if text is None:
        raise _no_key(reading.source, event, "null" if key is None else "no string")
    return text


def _no_key(source: Source, event: Event, what: str) -> LoadError:
    line = source.span(_offset(event)).line
    hint = "a key must be a string"
    if "{{" in line:
        hint = "this looks like a template: render it first"
    return LoadError(f"a key that is {what}", _place(source, event), hint=hint)


def _alias(reading: _Reading, event: AliasEvent) -> Value:
    anchor = event.anchor or ""
    known = reading.anchors.get(anchor)
    if known is None:
        raise LoadError(
            f"the alias *{anchor} has no anchor before it",
            _place(reading.source, event, len(anchor) + 1),
        )
    value, size = known
    if value is _OPEN:
        raise LoadError(
            f"the anchor &{anchor} holds an alias to itself",
            _place(reading.source, event, len(anchor) + 1),
        )
    reading.read += size - 1
    _borrow(reading, event, size)
    return value


def _borrow(reading: _Reading, event: Event, size: int) -> None:
    reading.borrowed += size
    if reading.borrowed > MOST_BORROWED:
        raise LoadError(
            f"aliases stand for more than {MOST_BORROWED:,} values",
            _place(reading.source, event),
            hint="such files are made to exhaust memory; write the values out",
        )


def _is_merge(event: Event) -> bool:
    return isinstance(event, ScalarEvent) and bool(event.implicit[0])


def _merge(
    reading: _Reading,
    members: dict[str, Any],
    merged: set[str],
    value: Value,
    event: Event,
) -> None:
    """Add the members that a merge key `<<` brings; the first to bring one wins.

    A merge that stands after a key which it would change is refused: Kubernetes takes
    the merged value there, YAML's own definition the other one.
    """
    sources = value if type(value) is list else [value]
    if not all(type(s) is dict for s in sources):
        raise LoadError(
            "the merge key << takes a mapping or a list of mappings",
            _place(reading.source, event, 2),
        )
    brought: dict[str, Any] = {}
    for mapping in sources:
        _borrow(reading, event, len(mapping))
        for name, item in mapping.items():
            brought.setdefault(name, item)
    for name, item in brought.items():
        if name in members and members[name] != item:
            raise LoadError(
                f"this merge changes the key {name!r} that stands before it",
                _place(reading.source, event, 2),
                hint="readers differ on which value counts: put << first",
            )
        merged.add(name)
        members[name] = item


def _duplicate(source: Source, key: str, event: Event) -> LoadError:
    return LoadError(
        f"the key {key!r} stands twice in one mapping",
        _place(source, event, len(key)),
        hint="readers differ on which of them counts, so remove one",
    )


def _offset(event: Event) -> int:
    mark = event.start_mark
    return mark.index if mark else 0


def _place(source: Source, event: Event, width: int = 1) -> Span:
    return source.span(_offset(event), width)


def _malformed(source: Source, error: yaml.YAMLError) -> LoadError:
    """Return the reader's complaint with its place and, where we know one, a remedy."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        offset = min(error.problem_mark.index, len(source.text))
        problem = error.problem or "not YAML"
        span = source.span(offset)
        return LoadError(f"not YAML: {problem}", span, hint=_remedy(source, span))
    if isinstance(error, yaml.reader.ReaderError):
        offset = _control(source.text)
        return LoadError(
            f"a control character that YAML does not allow: U+{error.character:04X}",
            source.span(offset),
        )
    return LoadError(f"{source.name}: not YAML: {error}")


def _control(text: str) -> int:
    """Return where the first character stands that YAML does not allow."""
    return next(
        (i for i, c in enumerate(text) if not c.isprintable() and c not in _ALLOWED),
        0,
    )


_ALLOWED: Final = "\t\n\r\x85\xa0"


def _remedy(source: Source, span: Span) -> str:
    if "{{" in source.text:
        return "this looks like a template: render it first (helm template ...)"
    if "\t" in span.line[: span.col]:
        return "YAML is indented with spaces, not with tabs"
    return ""
