"""Comments to annotations: the `# METADATA` blocks before packages and rules.

Format: https://www.openpolicyagent.org/docs/policy-language#metadata.
"""

from bisect import bisect_right
from typing import Final, TypeAlias

from comply.classes import dataclass
from comply.rego.cursor import ParseError
from comply.rego.lexer import Tokens
from comply.rego.syntax import Annotation, Comment

# The offset and the kind (package, import, rule) of each statement of a file.
Statements: TypeAlias = list[tuple[int, str]]

_SCOPES: Final = ("rule", "document", "package", "subpackages")
_OPENING: Final = "METADATA"


@dataclass(frozen=True, slots=True)
class _Block:
    """The comments of one annotation, from `# METADATA` on."""

    comments: list[Comment]

    @property
    def end(self) -> int:
        """The offset just past the last comment."""
        last = self.comments[-1]
        return last.at + 1 + len(last.text)

    def error(self, message: str, line: int = 0, hint: str = "") -> ParseError:
        """Return an error about a line of the block; 0 is its `# METADATA`."""
        comment = self.comments[min(line, len(self.comments) - 1)]
        end = comment.at + 1 + len(comment.text)
        return ParseError(message, comment.at, end, hint)


def read_annotations(
    tokens: Tokens, statements: Statements, *, complete: bool
) -> tuple[tuple[Annotation, ...], list[ParseError]]:
    """Return the annotations in a module's comments, and what is wrong with them.

    `complete` is false if some statement of the file is missing from `statements`: an
    annotation that seems to stand before nothing is then no mistake.
    """
    found: list[Annotation] = []
    mistakes: list[ParseError] = []
    for block in _blocks(tokens):
        try:
            found.append(_read_block(block, statements))
        except _UnplacedError as mistake:
            if complete:
                mistakes.append(mistake.error)
        except ParseError as mistake:
            mistakes.append(mistake)
    return tuple(found), mistakes


class _UnplacedError(Exception):
    """An annotation that does not fit the statement behind it."""

    def __init__(self, error: ParseError) -> None:
        super().__init__(error.message)
        self.error = error


def _blocks(tokens: Tokens) -> list[_Block]:
    """Return the blocks: comments that begin lines, one a line without a gap."""
    blocks: list[_Block] = []
    text, end = tokens.text, -1
    for comment in tokens.comments:
        begins_line = comment.at == 0 or text[comment.at - 1] == "\n"
        if begins_line and comment.text.strip() == _OPENING:
            blocks.append(_Block([comment]))
        elif begins_line and comment.at == end:
            blocks[-1].comments.append(comment)
        else:
            continue
        end = text.find("\n", comment.at) + 1 or -1
    return blocks


def _read_block(block: _Block, statements: Statements) -> Annotation:
    # YAML costs a tenth of a second to import, and few files have annotations.
    from comply.rego.metadata import MetadataError, read_fields  # noqa: PLC0415

    lines = [comment.text for comment in block.comments[1:]]
    if not any(line.strip() for line in lines):
        raise block.error(
            "expected METADATA block, found whitespace",
            hint="write `# title: ...` on the next line",
        )
    try:
        fields = read_fields(lines)
    except MetadataError as failure:
        raise block.error(str(failure), failure.line + 1) from None
    kinds = [at for at, _ in statements]
    index = bisect_right(kinds, block.end)
    target, kind = statements[index] if index < len(statements) else (-1, "")
    scope = str(fields.get("scope") or _default_scope(kind, fields))
    _check_scope(block, scope, kind, entrypoint=fields.get("entrypoint") is True)
    return Annotation(block.comments[0].at, scope, target, {**fields, "scope": scope})


def _default_scope(kind: str, fields: dict[str, object]) -> str:
    return "document" if kind == "rule" and fields.get("entrypoint") is True else kind


def _check_scope(block: _Block, scope: str, kind: str, *, entrypoint: bool) -> None:
    """Refuse an annotation before a statement that cannot carry it."""
    if scope not in _SCOPES:
        options = "'rule', 'document', 'package', or 'subpackages'"
        error = block.error(
            f"invalid annotation scope '{scope}'. Use one of {options}",
            hint="an annotation stands before the package or a rule",
        )
        raise _UnplacedError(error) if scope == kind else error
    if entrypoint and scope not in ("document", "package"):
        raise block.error(
            f"annotation entrypoint applied to non-document or package scope '{scope}'"
        )
    expected = "rule" if scope in ("rule", "document") else "package"
    if kind != expected:
        raise _UnplacedError(
            block.error(
                f"annotation scope '{scope}' must be applied to {expected} "
                f"(have {kind or 'nothing'})"
            )
        )
