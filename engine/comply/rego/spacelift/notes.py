"""INPUT AND READS -> NOTES: what differs from what Spacelift gives a policy."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any, Final

from comply.rego.spacelift.shapes import SHAPES, Shape

_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "string": (str,),
    "number": (int, float),
    "boolean": (bool,),
}


def input_notes(kind: str, needs: Iterable[str], input_: Any) -> Iterator[str]:  # noqa: ANN401  (JSON)
    """Yield what is odd about an input: keys that are absent, unknown or of wrong types."""
    shape = SHAPES[kind]
    for key in needs:
        if key not in input_:
            yield f"the input of {_article(kind)} policy has `{key}`, this one has not"
    for key in input_:
        if key not in shape:
            near = get_close_matches(key, shape, 1)
            meant = f": is it `{near[0]}`?" if near else ""
            yield f"Spacelift gives {_article(kind)} policy no `{key}`{meant}"
    yield from list(_mistyped(shape, input_, "input"))[:5]


def _mistyped(shape: Shape, value: Any, path: str) -> Iterator[str]:  # noqa: ANN401  (JSON)
    """Yield the places of an input whose type is not that of the documentation.

    Null is what Spacelift gives where a field has no value.
    """
    if value is None:
        return
    name, types = _expected(shape)
    if not isinstance(value, types) or (name == "number" and isinstance(value, bool)):
        yield f"{path} is {_article(name)} in Spacelift"
    elif isinstance(shape, list) and isinstance(value, list):
        for i, item in enumerate(value):
            yield from _mistyped(shape[0], item, f"{path}[{i}]")
    elif isinstance(shape, dict) and isinstance(value, dict):
        for key in sorted(shape.keys() & value.keys()):
            yield from _mistyped(shape[key], value[key], f"{path}.{key}")


def _expected(shape: Shape) -> tuple[str, tuple[type, ...]]:
    """Return the name of a shape's type in JSON, and the types that are right."""
    match shape:
        case str():
            return shape, _TYPES[shape]
        case list():
            return "array", (list,)
        case dict():
            return "object", (dict,)
        case None:
            return "value", (object,)


def read_notes(
    kind: str,
    file: str,
    reads: Iterable[tuple[str, ...]],
    input_: Any,  # noqa: ANN401  (JSON)
) -> Iterator[str]:
    """Yield what a policy reads that Spacelift never gives, or that is absent here."""
    for path in sorted(reads):
        if (unknown := _unknown(SHAPES[kind], path)) is not None:
            place, known = unknown
            near = get_close_matches(path[len(place)], known, 1)
            meant = f": is it `{near[0]}`?" if near else ""
            read = ".".join(("input", *path[: len(place) + 1]))
            yield f"{file} reads {read}, which Spacelift does not give{meant}"
        elif (absent := _absent(path, input_)) is not None:
            read = ".".join(("input", *absent))
            yield f"{file} reads {read}, which this input has not"


def _unknown(
    shape: Shape, path: tuple[str, ...]
) -> tuple[tuple[str, ...], list[str]] | None:
    """Return where a path leaves a shape, and the names there are."""
    for i, step in enumerate(path):
        if not isinstance(shape, dict):
            return None
        if step not in shape:
            return path[:i], list(shape)
        shape = shape[step]
    return None


def _absent(path: tuple[str, ...], value: Any) -> tuple[str, ...] | None:  # noqa: ANN401  (JSON)
    """Return the beginning of a path that an input has not."""
    for i, step in enumerate(path):
        if not isinstance(value, dict) or step not in value:
            return path[: i + 1]
        value = value[step]
    return None


def _article(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"
