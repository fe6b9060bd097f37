"""Cells of relations: JSON as it is loaded, and values known only after apply.

Text is written, and JSON read back, only where an assertion asks for it.
"""

import json
from collections.abc import Set as AbstractSet
from typing import Any, TypeAlias

from sqlglot import exp

from comply.plan.doubt import Doubt, doubtful, doubts_in

JsonPath: TypeAlias = tuple[str | int, ...]


class Json:
    """A JSON value in a cell.

    `marks` mirrors it with true where a value is known only after apply, `identity` is
    the fact's.
    """

    __slots__ = ("_seen", "identity", "marks", "value")

    def __init__(self, value: Any, marks: Any = None, identity: str = "") -> None:  # noqa: ANN401
        self.value = value
        self.marks = marks
        self.identity = identity
        self._seen: tuple[Any] | None = None

    def at(self, path: JsonPath) -> object:
        """Return what stands at a path, as text: NULL where nothing does.

        >>> Json({"a": [1.5, None]}).at(("a", 0))
        '1.5'
        """
        value = self._doubted()
        for step in path:
            if type(value) is dict:
                value = value.get(step)
            elif type(value) is Doubt:
                return value
            elif type(value) is list and type(step) is int and step < len(value):
                value = value[step]
            else:
                return None
        return value or None if type(value) is str else _inner_text(value)

    def text(self) -> object:
        """Return all of it as JSON text, a doubt if part of it is not known."""
        value = self._doubted()
        doubts = doubts_in(value) if self.marks else frozenset()
        return Doubt(doubts) if doubts else _json_text(value)

    def without(self, ignored: AbstractSet[str]) -> "Json":
        """Return it with attributes that are not known taken for absent ones."""
        if not isinstance(self.marks, dict) or ignored.isdisjoint(self.marks):
            return self
        marks = {k: mark for k, mark in self.marks.items() if k not in ignored}
        return Json(self.value, marks, self.identity)

    def _doubted(self) -> Any:  # noqa: ANN401
        if not self.marks:
            return self.value
        if self._seen is None:
            self._seen = (doubtful(self.value, self.marks, self.identity),)
        return self._seen[0]


def _json_text(value: object) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)


def _inner_text(value: object) -> object:
    """Return what stands inside JSON as text; objects come without blanks."""
    if value is None or isinstance(value, Doubt):
        return value
    doubts = doubts_in(value)
    if doubts:
        return Doubt(doubts)
    written = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return written.replace("e+", "e") if isinstance(value, float) else written


def known(cell: object, ignored: AbstractSet[str]) -> object:
    """Return a cell in which attributes that are not known are taken for absent ones."""
    if type(cell) is Json:
        return cell.without(ignored)
    if type(cell) is Doubt and all(top(path) in ignored for _, path in cell.places):
        return None
    return cell


def top(path: str) -> str:
    """Return the attribute that a path of a doubt is in.

    >>> top("tags.owner"), top("ingress[0].port")
    ('tags', 'ingress')
    """
    return path.partition(".")[0].partition("[")[0]


def stored(cell: object) -> object:
    """Return a cell as a database holds it: what is not known is NULL."""
    match cell:
        case Json():
            return _json_text(cell.value)
        case Doubt():
            return None
        case _:
            return cell


def json_path(node: exp.JSONValue) -> JsonPath | None:
    """Return the path that JSON_VALUE looks up, None if it is more than keys."""
    steps: list[str | int] = []
    path = node.args["path"]
    for step in path.expressions if isinstance(path, exp.JSONPath) else [path]:
        match step:
            case exp.JSONPathRoot():
                continue
            case exp.JSONPathKey(this=str(key)):
                steps.append(key)
            case exp.JSONPathSubscript(this=int(at)) if at >= 0:
                steps.append(at)
            case _:
                return None
    return tuple(steps)
