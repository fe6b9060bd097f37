"""The built-ins json.filter, json.remove and json.patch: documents by path.

https://www.openpolicyagent.org/docs/policy-reference/builtins/object
"""

from collections.abc import Callable
from typing import Final, TypeAlias

from comply.plan.builtins.failure import BuiltinError, operand_error
from comply.plan.builtins.operands import array, mapping
from comply.plan.values import (
    Key,
    RegoSet,
    Value,
    equal,
    freeze,
    is_number,
    show,
    type_name,
)

# Segment to what is below it; None marks the end of a path: all that is there.
Tree: TypeAlias = dict[Key, "Tree | None"]
Edit: TypeAlias = Callable[[Value, Value], Value]

_PATHS: Final = "one of {set, array} containing string paths or array of path segments"
_NO_PATHS: Final[Tree] = {}


def keep(document: Value, paths: Value) -> Value:
    """Return the part of an object that the paths lead to.

    A path is a string (`"a/0/b"`, `~1` for a slash and `~0` for a tilde) or an array of
    segments.

    >>> keep({"a": {"b": 7, "c": 8}, "d": 9}, ["a/b"])
    {'a': {'b': 7}}
    """
    return _keep(mapping(document), _tree(paths))


def _keep(value: Value, tree: Tree | None) -> Value:
    if tree is None:
        return value
    kind = type(value)
    if kind is dict:
        return {k: _keep(v, tree[k]) for k, v in value.items() if k in tree}
    if kind is list:
        found = ((v, str(i)) for i, v in enumerate(value))
        return [_keep(v, tree[at]) for v, at in found if at in tree]
    if kind is RegoSet:
        found = ((v, key) for key, v in value.members.items())
        return RegoSet(_keep(v, tree[key]) for v, key in found if key in tree)
    return value


def remove(document: Value, paths: Value) -> Value:
    """Return an object without what the paths lead to; paths are those of `keep`.

    >>> remove({"a": {"b": 7, "c": 8}, "d": [1, 2]}, ["a/b", "d/0"])
    {'a': {'c': 8}, 'd': [2]}
    """
    return _remove(mapping(document), _tree(paths))


def _remove(value: Value, tree: Tree) -> Value:
    kind = type(value)
    if kind is dict:
        return {
            k: _remove(v, tree.get(k) or _NO_PATHS)
            for k, v in value.items()
            if tree.get(k, tree) is not None
        }
    if kind is list:
        return [
            _remove(v, tree.get(str(i)) or _NO_PATHS)
            for i, v in enumerate(value)
            if tree.get(str(i), tree) is not None
        ]
    if kind is RegoSet:
        return RegoSet(
            _remove(v, tree.get(k) or _NO_PATHS)
            for k, v in value.members.items()
            if tree.get(k, tree) is not None
        )
    return value


def _tree(paths: Value) -> Tree:
    """Return the paths as one tree; a path that leads further than another is cut."""
    if type(paths) is not list and type(paths) is not RegoSet:
        raise operand_error(2, "one of {set, array}", paths)
    root: Tree = {}
    for path in paths:
        segments = _segments(path)
        if segments:
            _grow(root, [freeze(s) for s in segments])
    return root


def _grow(tree: Tree, path: list[Key]) -> None:
    *parents, last = path
    for key in parents:
        below = tree.setdefault(key, {})
        if below is None:
            return
        tree = below
    tree[last] = None


def _segments(path: Value) -> list[Value]:
    """Return the segments of a path.

    >>> _segments("/a~1b/0"), _segments("")
    (['a/b', '0'], [])
    """
    if type(path) is list:
        return path
    if type(path) is not str:
        raise operand_error(2, _PATHS, path)
    if not path:
        return []
    parts = path.lstrip("/").split("/")
    return [s.replace("~1", "/").replace("~0", "~") for s in parts]


def patch(document: Value, operations: Value) -> Value:
    """Return a document after JSON Patch operations (RFC 6902); sets have paths too.

    Raises:
        BuiltinError: if an operation is malformed or cannot be done, `test` included.

    >>> patch({"a": [1, 3]}, [{"op": "add", "path": "/a/1", "value": 2}])
    {'a': [1, 2, 3]}
    """
    for operation in array(operations, 2):
        if type(operation) is not dict:
            raise BuiltinError(
                "must be an array of JSON-Patch objects, "
                "but at least one element is not an object"
            )
        document = _apply(document, operation)
    return document


def _apply(document: Value, operation: dict[Key, Value]) -> Value:
    name = _attribute(operation, "op")
    if type(name) is not str:
        raise BuiltinError(
            f"attribute 'op' must be a string but found: {type_name(name)}"
        )
    path = _segments(_attribute(operation, "path"))
    match name:
        case "add":
            return _insert(document, path, _attribute(operation, "value"))
        case "replace":
            value = _attribute(operation, "value")
            return _insert(_delete(document, path), path, value) if path else value
        case "remove":
            return _delete(document, path)
        case "test":
            return _test(document, path, _attribute(operation, "value"))
        case "copy" | "move":
            origin = _segments(_attribute(operation, "from"))
            value = _find(document, origin)
            kept = document if name == "copy" else _delete(document, origin)
            return _insert(kept, path, value)
        case _:
            raise BuiltinError(f"unrecognized op: '{name}'")


def _attribute(operation: dict[Key, Value], name: str) -> Value:
    if name not in operation:
        raise BuiltinError(f"missing required attribute '{name}'")
    return operation[name]


def _test(document: Value, path: list[Value], wanted: Value) -> Value:
    found = _find(document, path)
    if not equal(found, wanted):
        raise BuiltinError(
            "value from EditTree != patch value."
            f"\n\nExpected: {show(wanted)}\n\nFound: {show(found)}"
        )
    return document


def _find(document: Value, path: list[Value]) -> Value:
    for segment in path:
        document = _child(document, segment)
    return document


def _child(value: Value, segment: Value) -> Value:
    """Return the member of a composite that a segment names."""
    kind = type(value)
    if kind is list:
        at = _index(value, segment)
        if 0 <= at < len(value):
            return value[at]
        raise BuiltinError(f"path {at} does not exist in array term {show(value)}")
    key = freeze(segment)
    if kind is dict:
        if key in value:
            return value[key]
        named = f"path {show(segment)} does not exist in object term"
        raise BuiltinError(f"{named} {show(value)}")
    if kind is RegoSet:
        if key in value.members:
            return value.members[key]
        named = segment if type(segment) is str else show(segment)
        raise BuiltinError(f"path {named} does not exist in set term {show(value)}")
    raise _no_composite(value, f" for path {show(segment)}")


def _no_composite(value: Value, where: str = "") -> BuiltinError:
    kind = type_name(value).capitalize()
    return BuiltinError(
        f"expected composite type{where}, found value: {show(value)} (type: ast.{kind})"
    )


def _insert(document: Value, path: list[Value], value: Value) -> Value:
    if not path:
        return value
    return _edit(document, path, lambda parent, last: _put(parent, last, value))


def _delete(document: Value, path: list[Value]) -> Value:
    if not path:
        raise BuiltinError("cannot delete the root of the document")
    return _edit(document, path, _drop)


def _edit(value: Value, path: list[Value], edit: Edit) -> Value:
    """Return `value` with `edit` done to the composite that holds the path's end."""
    first, *rest = path
    if not rest:
        return edit(value, first)
    child = _edit(_child(value, first), rest, edit)
    if type(value) is list:
        at = _index(value, first)
        return [*value[:at], child, *value[at + 1 :]]
    key = freeze(first)
    if type(value) is dict:
        return {**value, key: child}
    return RegoSet([*(v for k, v in value.members.items() if k != key), child])


def _put(parent: Value, segment: Value, value: Value) -> Value:
    kind = type(parent)
    if kind is dict:
        return {**parent, freeze(segment): value}
    if kind is list:
        at = _index(parent, segment)
        if not 0 <= at <= len(parent):
            raise BuiltinError("index for array insertion out of bounds")
        return [*parent[:at], value, *parent[at:]]
    if kind is RegoSet:
        if not equal(segment, value):
            named = f"set key {show(segment)} does not equal value to be inserted"
            raise BuiltinError(f"{named} {show(value)}")
        return RegoSet([*parent, value])
    raise _no_composite(parent)


def _drop(parent: Value, segment: Value) -> Value:
    kind = type(parent)
    if kind is list:
        at = _index(parent, segment)
        if not 0 <= at < len(parent):
            raise BuiltinError("index for array delete out of bounds")
        return [*parent[:at], *parent[at + 1 :]]
    key = freeze(segment)
    held = parent if kind is dict else getattr(parent, "members", None)
    if held is None:
        raise _no_composite(parent)
    if key not in held:
        raise BuiltinError(
            f"cannot delete child key {show(segment)} that does not exist"
        )
    left = {k: v for k, v in held.items() if k != key}
    return left if kind is dict else RegoSet.of(left)


def _index(items: list[Value], segment: Value) -> int:
    """Return the place in an array that a segment names; `-` is just past its end.

    >>> _index([1, 2], "-"), _index([1, 2], "0"), _index([1, 2], 1)
    (2, 0, 1)
    """
    if is_number(segment):
        if segment != int(segment):
            raise BuiltinError("invalid number type for indexing")
        return int(segment)
    if type(segment) is not str:
        raise BuiltinError("invalid type for indexing")
    if segment == "-":
        return len(items)
    digits = segment.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 18:
        raise BuiltinError("invalid string for indexing")
    if len(digits) > 1 and digits[0] == "0":
        raise BuiltinError("leading zeros are not allowed in JSON paths")
    return int(segment)


BUILTINS: Final = {
    "json.filter": keep,
    "json.patch": patch,
    "json.remove": remove,
}
