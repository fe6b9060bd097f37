"""Import statements, and the keywords that some of them switch on."""

from collections.abc import Sequence
from typing import Final

from comply.rego.cursor import Cursor
from comply.rego.lexer import FUTURE_KEYWORDS, Tokens
from comply.rego.syntax import Import, Ref, Scalar, Var
from comply.rego.terms import STEPS

_ROOTS: Final = ("data", "future", "input", "rego")
_KNOWN: Final = "[contains every if in]"
_V1_PATH: Final = ["import", "rego", ".", "v1"]


def parse_import(c: Cursor) -> Import:
    """Return the import at hand.

    Raises:
        ParseError: its path or alias is not allowed.
    """
    at = c.take("import")
    first = c.at
    head = c.take_var()
    steps = parse_path_steps(c)
    path = Ref(head.at, head, tuple(steps)) if steps else head
    _check_path(c, first, head.name, [str(step.value) for step in steps])
    if c.kind != "as":
        return Import(at, path)
    c.at += 1
    if head.name in ("future", "rego"):
        raise c.error(f"`{head.name}` imports cannot be aliased")
    if c.kind == "ident" and c.word() in ("input", "data"):
        message = "unexpected import alias, must not be a reserved name, got: "
        raise c.error(message + c.word())
    return Import(at, path, c.take_var().name)


def parse_path_steps(c: Cursor) -> list[Scalar]:
    """Return the `.name` and `["name"]` that follow, as strings."""
    steps: list[Scalar] = []
    while c.kind in STEPS and c.touching():
        opening = c.kind
        c.at += 1
        if opening == ".":
            start = c.take("ident", "expected identifier")
            steps.append(Scalar(start, c.tokens.text[start : c.last_end]))
            continue
        if c.kind not in ("string", "raw"):
            name = "var" if c.kind == "ident" else c.kind
            raise c.error(f"unexpected {name} token: expecting string")
        start = c.take(c.kind)
        steps.append(Scalar(start, c.tokens.strings[start]))
        c.take("]", "expected ]")
    return steps


def _check_path(c: Cursor, first: int, root: str, steps: list[str]) -> None:
    """Refuse a path that nothing can be imported from; `first` is its first token."""
    mark = c.mark()
    c.at = first
    if root not in _ROOTS:
        raise c.error(
            "unexpected import path, must begin with one of: "
            f"{{{', '.join(_ROOTS)}}}, got: {root}",
            f"a package is imported from data: `import data.{root}`",
        )
    if root == "future":
        if steps[:1] != ["keywords"] or len(steps) > 2:
            raise c.error("invalid import, must be `future.keywords`")
        if len(steps) == 2 and steps[1] not in FUTURE_KEYWORDS:
            raise c.error(f"unexpected keyword, must be one of {_KNOWN}")
    c.reset(mark)


def imports_future(imports: Sequence[Import]) -> bool:
    """Tell whether one of `imports` is of `future.keywords`."""
    return any(_future_keywords(item) for item in imports)


def _future_keywords(item: Import) -> frozenset[str]:
    """Return the keywords that an import switches on; every one brings `in`."""
    match item.path:
        case Ref(head=Var(name="future"), path=(_,)):
            return FUTURE_KEYWORDS
        case Ref(head=Var(name="future"), path=(_, Scalar(value=str() as word))):
            return frozenset({word, "in"}) if word == "every" else frozenset({word})
        case _:
            return frozenset()


def imports_v1(tokens: Tokens) -> bool:
    """Tell whether a text has `import rego.v1`, which makes it v1 throughout."""
    if "rego.v1" not in tokens.text:
        return False
    kinds, text = tokens.kinds, tokens.text
    for at, kind in enumerate(kinds):
        if kind == "import":
            four = range(at, min(at + 4, len(kinds)))
            words = [text[tokens.starts[i] : tokens.ends[i]] for i in four]
            if words == _V1_PATH:
                return True
    return False


def keywords(version: int, imports: Sequence[Import]) -> frozenset[str]:
    """Return the future keywords that a file may use: in v0, those it imports."""
    if version == 1:
        return FUTURE_KEYWORDS
    return frozenset[str]().union(*map(_future_keywords, imports))


def active_kinds(tokens: Tokens, active: frozenset[str]) -> list[str]:
    """Return the kinds of tokens; a future keyword not `active` is an identifier."""
    inactive = FUTURE_KEYWORDS - active
    if not inactive:
        return tokens.kinds
    return ["ident" if kind in inactive else kind for kind in tokens.kinds]
