"""SOURCE -> VALUE: JSON documents, and where in the text a value stands."""

import json
from collections.abc import Callable, Iterator
from importlib import import_module
from json.decoder import scanstring  # type: ignore[attr-defined]  # not in the stubs
from typing import Any, Final, TypeAlias

from comply.load.facts import Path, Step
from comply.plan.builtins.json_text import read_number
from comply.plan.builtins.octets import printable
from comply.plan.values import Value
from comply.source import LoadError, Source, Span

DEEPEST: Final = 200
"""How deep objects and arrays may nest. Real plans and manifests stay below 40."""

LARGE: Final = 1 << 20
"""From how many characters a text goes to the fast reader first."""

_BLANK: Final = " \t\n\r"


Children: TypeAlias = dict[Step, tuple[int, int, int, int]]
"""Step -> (place, its width, where the value begins, where it ends if that is known)."""


class _ConstantError(ValueError):
    """Python's reader met `NaN` or `Infinity`, which are no JSON."""


class _DuplicateKeyError(ValueError):
    """An object that holds a key twice: readers disagree on which one counts."""


def read_json(source: Source) -> Value:
    """Return the value of a JSON text: numbers are exact, no key stands twice.

    In a text of `LARGE` characters or more the last of two equal keys counts, as it
    does for Terraform and OPA: looking for them would take longer than all the rest.

    Raises:
        LoadError: if the text is no JSON, with the place.

    >>> read_json(Source("a.json", '{"a": [1.5]}'))
    {'a': [1.5]}
    """
    if len(source.text) >= LARGE:
        try:
            return import_module("comply.load.json_large").read_large(source.text)
        except ValueError:
            pass  # The exact reader below says what is wrong, and where.
    value, end = read_one(source, 0)
    rest = _after_blank(source.text, end)
    if rest < len(source.text):
        raise LoadError("text after the end of the JSON value", source.span(rest))
    return value


def read_one(source: Source, start: int) -> tuple[Any, int]:
    """Return the JSON value that begins at or after `start`, and where it ends.

    Raises:
        LoadError: if there is none, with the place.
    """
    text = source.text
    at = _after_blank(text, start)
    if at == len(text):
        raise LoadError(f"{source.name}: the file is empty")
    try:
        value, end = _DECODER.raw_decode(text, at)
    except json.JSONDecodeError as error:
        raise _malformed(source, error) from None
    except RecursionError:
        raise _too_deep(source) from None
    except _ConstantError as error:
        raise LoadError(f"{source.name}: {error.args[0]} is no JSON number") from None
    except _DuplicateKeyError as error:
        raise _duplicate(source, error.args[0], at) from None
    except ValueError:
        raise LoadError(
            f"{source.name}: a number with too many digits, or too large"
        ) from None
    # A text may hold thousands of values: what is looked through is this one's own.
    own = text[at:end]
    # Rego evaluates values recursively, so depth is bounded where they come in.
    if may_be_deep(own) and not _shallow(value):
        raise _too_deep(source)
    # An unpaired surrogate has no UTF-8; no report could be written that quotes it.
    return (_mend(value) if "\\ud" in own or "\\uD" in own else value), end


def top_keys(source: Source, start: int = 0) -> Iterator[tuple[str, int]]:
    """Yield the keys of a JSON object and where each value begins, as far as it parses.

    Reads no further than asked: the first key often tells what a document is.
    """
    text = source.text
    at = _after_blank(text, start)
    if not text.startswith("{", at):
        return
    try:
        for key, _, value in _members(text, at):
            yield key, value
    except (ValueError, IndexError, RecursionError):
        return


def places(source: Source, start: int = 0) -> Callable[[Path], Span]:
    """Return what finds the place of the value at a path in JSON text, lazily.

    The place of a member is that of its key, the place of an element its beginning. A
    path that leads nowhere has the place of the last step that exists. Each container
    on the way is scanned once.

    >>> find = places(Source("a.json", '{"a": [10, {"b.c": 1}]}'))
    >>> str(find(("a", 1, "b.c")))
    'a.json:1:13'
    """
    known: dict[Path, Children] = {}
    texts: dict[Path, Any] = {}

    def find(path: Path) -> Span:
        text = source.text
        at, end = _after_blank(text, start), len(text)
        place, width = at, 1
        for depth, step in enumerate(path):
            here = path[:depth]
            children = known.get(here)
            if children is None and end - at >= LARGE:
                children = _large_children(text, at, here, texts)
            if children is None:
                children = _children(text, at)
            known[here] = children
            if step not in children:
                break
            place, width, at, end = children[step]
        return source.span(place, width)

    return find


def _large_children(
    text: str, at: int, path: Path, texts: dict[Path, Any]
) -> Children | None:
    """Return the children of a large container, and note the texts of large ones."""
    raw = texts.pop(path, None)
    if raw is None and path:
        return None
    found = import_module("comply.load.json_large").children(text, at, raw)
    if found is None:
        return None
    children: Children = found[0]
    texts.update({(*path, step): part for step, part in found[1].items()})
    return children


def _children(text: str, at: int) -> Children:
    """Return the children of the container that begins at `text[at]`."""
    if text.startswith("{", at):
        return {
            key: (place, len(key) + 2, value, value)
            for key, place, value in _members(text, at)
        }
    if text.startswith("[", at):
        return {
            i: (start, 1, start, start) for i, start in enumerate(_elements(text, at))
        }
    return {}


def _members(text: str, at: int) -> Iterator[tuple[str, int, int]]:
    """Yield (key, place of the key, place of the value) of the object at `at`."""
    at = _after_blank(text, at + 1)
    while text[at] != "}":
        place = at
        key, at = scanstring(text, at + 1)
        at = _after_blank(text, _after_blank(text, at) + 1)
        yield key, place, at
        at = _after_blank(text, _SKIPPER.raw_decode(text, at)[1])
        if text[at] == ",":
            at = _after_blank(text, at + 1)


def _elements(text: str, at: int) -> Iterator[int]:
    """Yield the places of the elements of the array at `at`."""
    at = _after_blank(text, at + 1)
    while text[at] != "]":
        yield at
        at = _after_blank(text, _SKIPPER.raw_decode(text, at)[1])
        if text[at] == ",":
            at = _after_blank(text, at + 1)


def _after_blank(text: str, at: int) -> int:
    end = len(text)
    while at < end and text[at] in _BLANK:
        at += 1
    return at


def _malformed(source: Source, error: json.JSONDecodeError) -> LoadError:
    end = len(source.text.rstrip())
    at = min(error.pos, max(end - 1, 0))
    # The reader reports an open string where it begins, all else where it stops.
    if error.pos >= end or error.msg.startswith("Unterminated string"):
        return LoadError(
            "the JSON stops in the middle: the file is truncated",
            source.span(at),
            hint="write it again, and check that the command that made it succeeded",
        )
    return LoadError(f"not JSON: {_complaint(error.msg)}", source.span(at))


def _duplicate(source: Source, key: str, start: int) -> LoadError:
    """Return the error for the first object that holds `key` twice.

    The text behind it has not been read, and may be no JSON.
    """
    try:
        return _placed_duplicate(source, key, start)
    except (ValueError, IndexError):
        return LoadError(f"{source.name}: the key {json.dumps(key)} stands twice")


def _placed_duplicate(source: Source, key: str, start: int) -> LoadError:
    containers = [start]
    while containers:
        at = containers.pop()
        if source.text.startswith("[", at):
            containers += _elements(source.text, at)
        elif source.text.startswith("{", at):
            members = list(_members(source.text, at))
            same = [place for name, place, _ in members if name == key]
            if len(same) > 1:
                return LoadError(
                    f"the key {json.dumps(key)} stands twice in one object",
                    source.span(same[1], len(key) + 2),
                    hint=f"the first is in line {source.row(same[0])}; readers differ "
                    "on which of them counts, so remove one",
                )
            containers += [value for _, _, value in members]
    return LoadError(f"{source.name}: the key {json.dumps(key)} stands twice")


def _complaint(message: str) -> str:
    """Return the reader's complaint as a phrase, without its capital."""
    return message[:1].lower() + message[1:].replace("delimiter", "between members")


def _too_deep(source: Source) -> LoadError:
    return LoadError(
        f"{source.name}: objects and arrays nest deeper than {DEEPEST} levels"
    )


def may_be_deep(text: str) -> bool:
    """Tell whether the brackets of a text leave room for too deep a nesting.

    Innermost pairs cancel, which leaves almost nothing of real documents: much cheaper
    than a walk over the value. Each turn takes one level away, and what is left when it
    answers no has room for half of `DEEPEST`. Brackets in strings only make it yes.
    """
    brackets = text.encode("utf-8", "replace").translate(None, _NO_BRACKETS)
    for _ in range(DEEPEST // 2):
        if len(brackets) <= DEEPEST:
            return False
        brackets = brackets.replace(b"{}", b"").replace(b"[]", b"")
    return len(brackets) > DEEPEST


_NO_BRACKETS: Final = bytes(c for c in range(256) if c not in b"[]{}")


def _shallow(value: Value) -> bool:
    """Tell whether a value nests no deeper than `DEEPEST`."""
    level = [value] if type(value) in _CONTAINERS else []
    for _ in range(DEEPEST):
        level = [
            child
            for parent in level
            for child in (parent.values() if type(parent) is dict else parent)
            if type(child) in _CONTAINERS
        ]
    return not level


_CONTAINERS: Final = frozenset({dict, list})


def _mend(value: Value) -> Value:
    match value:
        case str():
            return printable(value)
        case list():
            return [_mend(v) for v in value]
        case dict():
            return {printable(k): _mend(v) for k, v in value.items()}
        case _:
            return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        raise _DuplicateKeyError(next(n for n in names if names.count(n) > 1))
    return members


def _refuse_constant(text: str) -> float:
    raise _ConstantError(text)


_DECODER: Final = json.JSONDecoder(
    parse_float=read_number,
    parse_constant=_refuse_constant,
    object_pairs_hook=_object,
)
_SKIPPER: Final = json.JSONDecoder()
