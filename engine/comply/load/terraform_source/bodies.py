"""SOURCE -> BODY: a file of Terraform's configuration language, or of its JSON form.

https://developer.hashicorp.com/terraform/language/syntax/json
"""

from itertools import accumulate
from typing import Any, Final

from comply.load.json_text import places, read_json
from comply.load.terraform_source import syntax as s
from comply.load.terraform_source.expressions import expression
from comply.load.terraform_source.reader import Reader
from comply.load.terraform_source.templates import quoted, template
from comply.plan.values import Value
from comply.source import LoadError, Source

_LABELS: Final = {
    "resource": 2,
    "data": 2,
    "variable": 1,
    "output": 1,
    "module": 1,
    "provider": 1,
    "locals": 0,
    "terraform": 0,
}


def read_body(source: Source) -> s.Body:
    """Return what a file holds; a name that ends with `.json` tells the JSON form.

    Raises:
        LoadError: if it is not of the language, with the place.
    """
    try:
        if source.name.endswith(".json"):
            return _json_file(source)
        reader = Reader(source, source.text.removeprefix("\ufeff"))
        return _body(reader, None)
    except RecursionError:
        raise LoadError(f"{source.name}: nested too deeply") from None


def _body(reader: Reader, opened: int | None) -> s.Body:
    settings: dict[str, s.Setting] = {}
    blocks: list[s.Block] = []
    while True:
        reader.skip_lines()
        if reader.at >= len(reader.text):
            if opened is None:
                return s.Body(settings, tuple(blocks))
            raise reader.fail("a block without its closing `}`", at=opened)
        if opened is not None and reader.take("}"):
            return s.Body(settings, tuple(blocks))
        at = reader.here()
        name = reader.identifier()
        if not name:
            raise reader.fail(f"expected a setting or a block, found {reader.found()}")
        if reader.peek("=") and not reader.peek("=="):
            if name in settings:
                raise reader.fail(
                    f"`{name}` is set twice",
                    f"first in line {reader.source.row(settings[name].at)}",
                    at,
                )
            reader.take("=")
            settings[name] = s.Setting(at, reader.source, name, expression(reader))
            _end_of_line(reader, opened)
        else:
            blocks.append(_block(reader, at, name))


def _end_of_line(reader: Reader, opened: int | None) -> None:
    reader.skip()
    if reader.at >= len(reader.text) or reader.peek("\n"):
        return
    if opened is None or not reader.peek("}"):
        raise reader.fail(f"expected a new line, found {reader.found()}")


def _block(reader: Reader, at: int, kind: str) -> s.Block:
    labels: list[str] = []
    while not reader.peek("{"):
        if reader.take('"'):
            label = quoted(reader, reader.here() - 1, expression)
            if not isinstance(label, s.Literal):
                raise reader.fail("the name of a block is plain text", at=label.at)
            labels.append(label.value)
        elif name := reader.identifier():
            labels.append(name)
        else:
            raise reader.fail(
                f"expected `=` or `{{` after `{kind}`, found {reader.found()}"
            )
    opened = reader.here()
    reader.take("{")
    with reader.inside(bracketed=False):
        body = _body(reader, opened)
    return s.Block(at, reader.source, kind, tuple(labels), body)


def _json_file(source: Source) -> s.Body:
    """Return the body that a JSON file describes."""
    value = read_json(source)
    if not isinstance(value, dict):
        raise LoadError(f"{source.name}: Terraform's JSON form is an object")
    if source.name.endswith(".tfvars.json"):
        return _Json(source).settings(value)
    return _Json(source).file(value)


class _Json:
    """What makes a body of JSON values of one file."""

    __slots__ = ("find", "source", "starts")

    def __init__(self, source: Source) -> None:
        self.source = source
        self.find = places(source)
        lines = source.text.split("\n")
        self.starts = [0, *accumulate(len(line) + 1 for line in lines)]

    def at(self, path: tuple[str | int, ...]) -> int:
        """Return the offset of the value at a path."""
        span = self.find(path)
        return self.starts[span.row - 1] + span.col - 1

    def settings(self, value: dict[str, Value]) -> s.Body:
        """Return the settings of a file of variables."""
        found = {
            k: s.Setting(self.at((k,)), self.source, k, s.Literal(0, v))
            for k, v in value.items()
        }
        return s.Body(found)

    def file(self, value: dict[str, Value]) -> s.Body:
        """Return the blocks of a configuration file."""
        blocks: list[s.Block] = []
        for kind, inner in value.items():
            labels = _LABELS.get(kind)
            if labels is not None:
                blocks += self.blocks(kind, inner, ((kind,), ()), labels)
        return s.Body({}, tuple(blocks))

    def blocks(
        self,
        kind: str,
        value: Value,
        where: tuple[tuple[str | int, ...], tuple[str, ...]],
        labels: int,
    ) -> list[s.Block]:
        """Return the blocks of a kind; `where` is the path and the labels so far."""
        path, names = where
        if isinstance(value, list):
            return [
                block
                for i, item in enumerate(value)
                for block in self.blocks(kind, item, ((*path, i), names), labels)
            ]
        if not isinstance(value, dict):
            return []
        if labels:
            return [
                block
                for name, item in value.items()
                for block in self.blocks(
                    kind, item, ((*path, name), (*names, name)), labels - 1
                )
            ]
        at = self.at(path)
        return [s.Block(at, self.source, kind, names, self.body(value, path))]

    def body(self, value: dict[str, Value], path: tuple[str | int, ...]) -> s.Body:
        """Return the body of a block; what are blocks in it only its schema could tell."""
        settings: dict[str, s.Setting] = {}
        blocks: list[s.Block] = []
        for name, item in value.items():
            if name == "//":
                continue
            if name == "dynamic":
                blocks += self.blocks(name, item, ((*path, name), ()), 1)
            elif name in ("content", "lifecycle", "required_providers"):
                blocks += self.blocks(name, item, ((*path, name), ()), 0)
            else:
                at = self.at((*path, name))
                expression_ = self.expression(item, at)
                settings[name] = s.Setting(at, self.source, name, expression_)
        return s.Body(settings, tuple(blocks))

    def expression(self, value: Any, at: int) -> s.Expression:  # noqa: ANN401
        """Return what a value is as an expression: text is a template."""
        match value:
            case str():
                if "${" not in value and "%{" not in value:
                    return s.Literal(at, value)
                return template(Reader(self.source, value, base=at), expression)
            case list():
                return s.Tuple(at, tuple(self.expression(x, at) for x in value))
            case dict():
                pairs = tuple(
                    (self.expression(k, at), self.expression(v, at))
                    for k, v in value.items()
                )
                return s.Object(at, pairs)
            case _:
                return s.Literal(at, value)
