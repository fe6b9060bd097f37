"""STATEMENTS -> RUNS: INSERTs that differ in nothing but the constants they give.

Scripts that fill tables repeat one INSERT with other values. What it means need be found
out once, and many rows can be checked and stored together.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Literal, TypeAlias

from comply.classes import dataclass
from comply.dialect.errors import SqlError
from comply.dialect.statements import Statement
from comply.dialect.tokens import Token

Form: TypeAlias = tuple[tuple[str, str], ...]
"""The tokens of a statement, each its kind and value, without the constants."""

LiteralKind: TypeAlias = Literal[
    "number", "string", "DATE", "TIMESTAMP", "TO_DATE", "TO_TIMESTAMP"
]

MOST: Final = 1000
"""So many statements are one run: its rows are in memory together."""
ALONE: Final = 8
"""To carry out fewer together takes as long as one by one."""

_LONGEST: Final = 1000
_CONSTANTS: Final = ("number", "string")


@dataclass(frozen=True, slots=True)
class Constant:
    """A constant as a statement writes it; `cell` is the place of its value in VALUES.

    `model` is the date format model that `TO_DATE` and `TO_TIMESTAMP` have with it.
    """

    kind: LiteralKind
    text: str
    cell: int
    model: str = ""


@dataclass(frozen=True, slots=True)
class Alike:
    """An INSERT of one row: what others share with it, and its own constants."""

    form: Form
    constants: tuple[Constant, ...]


def alike(statement: Statement) -> Alike | None:
    """Return an INSERT of one row in two parts, None if a statement is none.

    None as well where a constant is a part of a greater value, and where one is written
    in a way that takes more than a look.
    """
    tokens = statement.tokens
    if tokens[0].value != "INSERT" or len(tokens) > _LONGEST:
        return None
    head = next((i for i, t in enumerate(tokens) if _is_name(t, "VALUES")), 0)
    inside = tokens[head + 2 : -1]
    if (
        not head
        or not inside
        or tokens[head + 1].value != "("
        or tokens[-1].value != ")"
    ):
        return None
    form: list[tuple[str, str]] = [(t.kind, t.value) for t in tokens[: head + 2]]
    if any(kind in _CONSTANTS for kind, _ in form):
        return None
    constants: list[Constant] = []
    for number, cell in enumerate(_cells(inside)):
        found = _constant(cell, number, statement.source.text)
        if found is not None:
            constants.append(found)
            form.append((found.kind, found.model))
        elif any(token.kind in _CONSTANTS for token in cell):
            return None
        else:
            form += [(t.kind, t.value) for t in cell]
        form.append(("symbol", ","))
    return Alike(tuple(form), tuple(constants))


def _is_name(token: Token, value: str) -> bool:
    return token.kind == "name" and token.value == value


def _cells(tokens: Sequence[Token]) -> Iterator[Sequence[Token]]:
    """Yield the tokens of each value of a row.

    Of several rows one value closes a parenthesis that another opens.
    """
    start = depth = 0
    for at, token in enumerate(tokens):
        if token.kind == "symbol":
            depth += (token.value == "(") - (token.value == ")")
            if token.value == "," and depth == 0:
                yield tokens[start:at]
                start = at + 1
    yield tokens[start:]


def _constant(cell: Sequence[Token], number: int, text: str) -> Constant | None:
    """Return the constant that a value is, None if it is none."""
    match [(token.kind, token.value) for token in cell]:
        case [("number", value)] if _is_plain(value):
            return Constant("number", value, number)
        case [("symbol", "-"), ("number", value)] if _is_plain(value):
            return Constant("number", f"-{value}", number)
        case _ if any(t.kind == "string" and text[t.start] != "'" for t in cell):
            # It has another way of quoting, or is of another character set.
            return None
        case [("string", value)]:
            return Constant("string", value, number)
        case [("name", ("DATE" | "TIMESTAMP") as kind), ("string", value)]:
            return Constant(kind, value, number)
        case [
            ("name", ("TO_DATE" | "TO_TIMESTAMP") as kind),
            ("symbol", "("),
            ("string", value),
            ("symbol", ","),
            ("string", model),
            ("symbol", ")"),
        ]:
            return Constant(kind, value, number, model)
        case _:
            return None


def _is_plain(number: str) -> bool:
    """Tell whether a number is written with digits alone, and perhaps a point in them."""
    digits = number.replace(".", "", 1)
    return digits.isascii() and digits.isdigit() and number[-1] != "."


def runs(
    statements: Iterable[Statement],
) -> Iterator[tuple[list[Statement], list[Alike]]]:
    """Yield statements in order: those in a row that are alike together, others alone.

    With each run comes what its statements are, nothing for one that is no INSERT of
    one row.

    Raises:
        SqlError: the statements end with it.
    """
    run: list[Statement] = []
    parts: list[Alike] = []
    try:
        for statement in statements:
            part = alike(statement)
            joins = part and parts and part.form == parts[-1].form and len(run) < MOST
            if run and not joins:
                yield run, parts
                run, parts = [], []
            run.append(statement)
            parts += [part] if part else []
    except SqlError:
        if run:
            yield run, parts
        raise
    if run:
        yield run, parts
