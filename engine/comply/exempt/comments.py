"""TEXT -> ALLOWANCES: `# comply:ignore ...` in Terraform, YAML and SQL.

A comment belongs to the block, the manifest or the statement that it stands in, or that
begins right below it.
"""

import re  # noqa: TID251  (linear patterns of ours, no Rego)
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final, TypeAlias

from comply.classes import dataclass
from comply.dialect.errors import SqlError
from comply.dialect.statements import statements
from comply.dialect.tokens import scan
from comply.exempt.allowance import MARK, Allowance
from comply.exempt.directive import Mistake, mistaken, parse_directive
from comply.findings import Finding
from comply.source import Source

Rows: TypeAlias = tuple[int, int]
"""The first and the last row of something."""

_DIRECTIVE: Final = re.compile(rf"\s*{MARK}(?=\s|\Z)\s*(.*)")
_HCL: Final = re.compile(
    r"<<-?(?P<end>[^\W\d][\w-]*)\r?\n(?s:.*?)"
    r"(?:(?:^|\n)[ \t]*(?P=end)[ \t]*(?=\r?\n|\Z)|\Z)"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?P<comment>(?:#|//)[^\n]*|/\*(?s:.*?)(?:\*/|\Z))"
    r"|(?P<brace>[{}])",
    re.MULTILINE,
)
_YAML_COMMENT: Final = re.compile(r"(?:^|(?<=[ \t]))#[^\n]*", re.MULTILINE)
_SIGNS: Final = re.compile(r"\A(?:#+|//+|--+|/\*+)|\*/\Z")


@dataclass(frozen=True, slots=True)
class Remarks:
    """The comments of a text by offset, and the rows of the blocks in it."""

    comments: list[tuple[int, str]]
    blocks: list[Rows]


def inline_exceptions(source: Source) -> tuple[list[Allowance], list[Finding]]:
    """Return the exceptions in the comments of a file, and what is wrong in others.

    Files whose names tell no language with comments have none.
    """
    reader = next((r for ends, r in _READERS if source.name.endswith(ends)), None)
    if reader is None and source.name == "<stdin>":
        reader = _yaml
    if reader is None or MARK not in source.text:
        return [], []
    try:
        remarks = reader(source)
    except SqlError:
        # The loader has said what is wrong with this file: nothing in it is allowed.
        return [], []
    return _read(source, remarks)


def _read(source: Source, remarks: Remarks) -> tuple[list[Allowance], list[Finding]]:
    allowances: list[Allowance] = []
    mistakes: list[Finding] = []
    rows = {source.row(at) for at, _ in remarks.comments}
    for at, comment in remarks.comments:
        found = _DIRECTIVE.match(_SIGNS.sub("", comment.strip()))
        if found is None:
            continue
        place = source.span(at, len(comment.rstrip()))
        made = parse_directive(found[1])
        if isinstance(made, Mistake):
            mistakes.append(mistaken(made, place))
            continue
        block = _belonging(place.row, remarks.blocks, rows)
        allowances.append(replace(made, place=place, inline=True, rows=block))
    return allowances, mistakes


def _belonging(row: int, blocks: list[Rows], comments: set[int]) -> Rows | None:
    """Return the block around a row, else the one that begins below the comments."""
    for first, last in blocks:
        if first <= row <= last:
            return first, last
    while row in comments:
        row += 1
    return next((block for block in blocks if block[0] == row), None)


def _hcl(source: Source) -> Remarks:
    comments: list[tuple[int, str]] = []
    blocks: list[Rows] = []
    depth = start = 0
    for found in _HCL.finditer(source.text):
        if found["comment"]:
            comments.append((found.start(), found["comment"]))
        elif found["brace"] == "{":
            start = start if depth else source.row(found.start())
            depth += 1
        elif found["brace"] == "}" and depth:
            depth -= 1
            if not depth:
                blocks.append((start, source.row(found.start())))
    return Remarks(comments, blocks)


def _yaml(source: Source) -> Remarks:
    found = _YAML_COMMENT.finditer(source.text)
    comments = [(m.start(), m.group()) for m in found]
    lines = source.text.splitlines()
    return Remarks(comments, list(_manifests(lines)))


def _manifests(lines: list[str]) -> Iterator[Rows]:
    """Yield the rows of manifests; comments right above a `---` belong to what follows.

    The items of a list are manifests of their own.
    """
    starts = [1]
    for row, line in enumerate(lines, 1):
        if line.startswith("---") and row > 1:
            start = row
            while start > 1 and lines[start - 2].startswith("#"):
                start -= 1
            starts.append(start)
    for first, following in zip(starts, [*starts[1:], len(lines) + 1], strict=True):
        items = list(_items(lines, first, following - 1))
        yield from items or [(first, following - 1)]


def _items(lines: list[str], first: int, last: int) -> Iterator[Rows]:
    """Yield the rows of the items of a `List`."""
    body = lines[first - 1 : last]
    if not any(re.match(r"kind:\s*[\"']?\w*List\b", line) for line in body):
        return
    top = next((i for i, line in enumerate(body) if line.startswith("items:")), None)
    dashes = [(i, re.match(r"\s*- ", x)) for i, x in enumerate(body) if i > (top or 0)]
    found = [(first + i, len(m.group())) for i, m in dashes if m]
    if top is None or not found:
        return
    rows = [row for row, width in found if width == found[0][1]]
    for row, following in zip(rows, [*rows[1:], last + 1], strict=True):
        yield row, following - 1


def _sql(source: Source) -> Remarks:
    text = source.text
    comments = [
        (t.start, text[t.start : t.end]) for t in scan(source) if t.kind == "comment"
    ]
    blocks = [(source.row(s.start), source.row(s.end)) for s in statements(source)]
    return Remarks(comments, blocks)


_READERS: Final[tuple[tuple[tuple[str, ...], Callable[[Source], Remarks]], ...]] = (
    ((".tf", ".tfvars", ".hcl"), _hcl),
    ((".yaml", ".yml"), _yaml),
    ((".sql",), _sql),
)
