"""STATEMENT -> BLOCKS: the query blocks of an assertion, by its tokens.

Restrictions are about clauses, some of which no reader of ours has a tree for; tokens
have them all, each with its exact place, which fixes need as well.
"""

from collections.abc import Iterator, Sequence
from typing import Final, Literal, TypeAlias

from comply.classes import dataclass, field
from comply.dialect.tokens import Token

Role: TypeAlias = Literal[
    "top", "all", "exists", "in", "scalar", "quantified", "from", "part"
]

_CLAUSES: Final = (
    ("WITH",),
    ("SELECT",),
    ("FROM",),
    ("WHERE",),
    ("START", "WITH"),
    ("CONNECT", "BY"),
    ("GROUP", "BY"),
    ("HAVING",),
    ("MODEL",),
    ("WINDOW",),
    ("ORDER", "BY"),
    ("OFFSET",),
    ("FETCH",),
    ("FOR", "UPDATE"),
)
SET_OPERATORS: Final = frozenset(("UNION", "INTERSECT", "MINUS", "EXCEPT"))
_COMPARISONS: Final = frozenset(("=", "<", ">", "<=", ">=", "<>", "!=", "^=", "~="))


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """One query block: tokens `start` up to `stop`, without parentheses around it.

    `level` counts blocks from the outermost, which is 1; `clauses` gives the tokens of
    each clause by its first word, that word included.
    """

    start: int
    stop: int
    level: int
    role: Role
    parent: "Block | None"
    clauses: dict[str, tuple[int, int]] = field(default_factory=dict)
    operators: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Outline:
    """The tokens of a statement, which parenthesis closes which, and its blocks."""

    tokens: Sequence[Token]
    closing: dict[int, int]
    blocks: tuple[Block, ...]

    def shallow(self, start: int, stop: int) -> Iterator[int]:
        """Yield the indexes from `start` up to `stop` outside parentheses.

        An opening parenthesis itself is yielded, what is in it and its end are not.
        """
        at = start
        while at < stop:
            yield at
            at = self.closing.get(at, at) + 1

    def word(self, at: int) -> str:
        """Return the word or symbol at an index, "" for quoted names and strings."""
        if not 0 <= at < len(self.tokens):
            return ""
        token = self.tokens[at]
        return token.value if token.kind in ("name", "symbol") else ""

    def block_at(self, offset: int) -> Block | None:
        """Return the innermost block that holds an offset into the source."""
        found = None
        for block in self.blocks:
            first, last = self.tokens[block.start], self.tokens[block.stop - 1]
            if first.start <= offset < last.end and (
                found is None or block.level >= found.level
            ):
                found = block
        return found

    def inner(self, block: Block) -> list[Block]:
        """Return the blocks directly inside a block."""
        return [b for b in self.blocks if b.parent is block]

    def own(self, block: Block) -> Iterator[int]:
        """Yield the indexes of a block's tokens that are in no block inside it."""
        inner = self.inner(block)
        at = block.start
        while at < block.stop:
            nested = next((b for b in inner if b.start == at), None)
            if nested is not None and nested.stop > at:
                at = nested.stop
            else:
                yield at
                at += 1


def outline(tokens: Sequence[Token]) -> Outline:
    """Return the blocks of a statement, each before those inside it."""
    closing = _closing(tokens)
    bare = Outline(tokens, closing, ())
    blocks: list[Block] = []
    for at, end in sorted(closing.items()):
        if bare.word(at + 1) in ("SELECT", "WITH"):
            blocks += _blocks(bare, at, end, blocks)
    return Outline(tokens, closing, tuple(blocks))


def _closing(tokens: Sequence[Token]) -> dict[int, int]:
    """Return the index of the parenthesis that closes each opening one."""
    opened: list[int] = []
    closing: dict[int, int] = {}
    for at, token in enumerate(tokens):
        if token.kind != "symbol":
            continue
        if token.value == "(":
            opened.append(at)
        elif token.value == ")" and opened:
            closing[opened.pop()] = at
    return closing


def _blocks(bare: Outline, at: int, end: int, known: list[Block]) -> list[Block]:
    """Return the block in the parentheses at `at`, parts of set operators apart."""
    around = [b for b in known if b.start <= at < b.stop]
    parent = around[-1] if around else None
    role = _role(bare, at, parent)
    level = parent.level + (role != "part") if parent else _first_level(bare, at)
    operators = tuple(
        i for i in bare.shallow(at + 1, end) if bare.word(i) in SET_OPERATORS
    )
    starts = [at + 1, *(i + 1 + (bare.word(i + 1) == "ALL") for i in operators)]
    ends = [*operators, end]
    return [
        Block(
            start,
            stop,
            level,
            role,
            parent,
            _clauses(bare, start, stop),
            operators if start == at + 1 else (),
        )
        for start, stop in zip(starts, ends, strict=True)
        if start < stop
    ]


def _first_level(bare: Outline, at: int) -> int:
    """Return 2 for what stands behind SATISFY: ALL takes one level."""
    return 1 + any(bare.word(i) == "SATISFY" for i in range(at))


def _role(bare: Outline, at: int, parent: Block | None) -> Role:
    before = bare.word(at - 1)
    if before == "EXISTS":
        return "exists"
    if before == "IN":
        return "in"
    if before == "ALL" and parent is None and bare.word(at - 2) == "(":
        return "all"
    if before in ("ANY", "SOME", "ALL") and bare.word(at - 2) in _COMPARISONS:
        return "quantified"
    joined = before in SET_OPERATORS or bare.word(at - 2) in SET_OPERATORS
    if joined or before == "AS":
        # Behind UNION, or a query that WITH names.
        return "part"
    if parent and "FROM" in parent.clauses:
        start, stop = parent.clauses["FROM"]
        lists = before in ("FROM", ",", "JOIN", "LATERAL", "APPLY")
        return "from" if start < at < stop and lists else "scalar"
    return "scalar"


def _clauses(bare: Outline, start: int, stop: int) -> dict[str, tuple[int, int]]:
    heads: list[tuple[str, int]] = []
    for at in bare.shallow(start, stop):
        for words in _CLAUSES:
            if all(bare.word(at + i) == word for i, word in enumerate(words)):
                if bare.word(at - 1) not in (".", "START"):
                    heads.append((words[0], at))
                break
    ends = [at for _, at in heads[1:]] + [stop]
    found: dict[str, tuple[int, int]] = {}
    for (word, at), end in zip(heads, ends, strict=True):
        found.setdefault(word, (at, end))
    return found
