"""TEXT -> EXPRESSION: the expressions of Terraform's configuration language."""

from typing import Any, Final

from comply.load.terraform_source import syntax as s
from comply.load.terraform_source.reader import Reader
from comply.load.terraform_source.templates import heredoc, quoted

_LEVELS: Final = (
    ("||",),
    ("&&",),
    ("==", "!="),
    ("<=", ">=", "<", ">"),
    ("+", "-"),
    ("*", "/", "%"),
)
_LONGEST_INDEX: Final = 18
_WORDS: Final[dict[str, Any]] = {"true": True, "false": False, "null": None}


def expression(reader: Reader) -> s.Expression:
    """Return the expression that stands next.

    Raises:
        LoadError: if none does, with the place.
    """
    reader.skip()
    at = reader.here()
    test = _binary(reader, 0)
    if not reader.take("?"):
        return test
    with reader.inside(bracketed=reader.bracketed):
        yes = expression(reader)
        reader.expect(":", "`:` and the other value of the condition")
        return s.Conditional(at, test, yes, expression(reader))


def _binary(reader: Reader, level: int) -> s.Expression:
    if level == len(_LEVELS):
        return _unary(reader)
    left = _binary(reader, level + 1)
    while operator := _operator(reader, _LEVELS[level]):
        at = reader.here() - len(operator)
        left = s.Binary(at, operator, left, _binary(reader, level + 1))
    return left


def _operator(reader: Reader, operators: tuple[str, ...]) -> str:
    for operator in operators:
        if reader.peek(operator) and not reader.peek("=>"):
            reader.at += len(operator)
            return operator
    return ""


def _unary(reader: Reader) -> s.Expression:
    reader.skip()
    at = reader.here()
    for operator in ("-", "!"):
        if reader.take(operator):
            with reader.inside(bracketed=reader.bracketed):
                return s.Unary(at, operator, _unary(reader))
    return _followed(reader, _term(reader))


def _followed(reader: Reader, term: s.Expression) -> s.Expression:
    """Return a term with the attributes, indexes and splats that follow it."""
    while True:
        reader.skip()
        at = reader.here()
        if reader.text.startswith("...", reader.at):
            return term
        if reader.take("."):
            if reader.take("*"):
                return _splat(reader, at, term, attributes=True)
            term = _dotted(reader, at, term)
        elif reader.take("["):
            if _is_full_splat(reader):
                return _splat(reader, at, term, attributes=False)
            with reader.inside(bracketed=True):
                key = expression(reader)
                reader.expect("]", "`]`", at)
            term = s.Index(at, term, key)
        else:
            return term


def _is_full_splat(reader: Reader) -> bool:
    """Go past `*]` if it stands next."""
    start = reader.at
    if reader.take("*") and reader.take("]"):
        return True
    reader.at = start
    return False


def _dotted(reader: Reader, at: int, term: s.Expression) -> s.Expression:
    digits = ""
    while reader.at < len(reader.text) and reader.text[reader.at].isascii():
        if not reader.text[reader.at].isdigit():
            break
        digits += reader.text[reader.at]
        reader.at += 1
    if len(digits) > _LONGEST_INDEX:
        raise reader.fail(f"no list has an element {digits[:_LONGEST_INDEX]}...")
    if digits:
        return s.Index(at, term, s.Literal(at, int(digits)))
    name = reader.identifier()
    if not name:
        raise reader.fail(f"expected a name after the dot, found {reader.found()}")
    return s.Attribute(at, term, name)


def _splat(
    reader: Reader, at: int, term: s.Expression, *, attributes: bool
) -> s.Expression:
    """Return a splat; of `.*` the attributes that follow belong to it, of `[*]` all."""
    each: s.Expression = s.Item(at)
    if not attributes:
        return s.Splat(at, term, _followed(reader, each))
    while reader.peek(".") and not reader.peek("..."):
        start = reader.here()
        reader.take(".")
        each = _dotted(reader, start, each)
    return _followed(reader, s.Splat(at, term, each))


def _term(reader: Reader) -> s.Expression:
    reader.skip()
    at = reader.here()
    if reader.take("("):
        with reader.inside(bracketed=True):
            inner = expression(reader)
            reader.expect(")", "`)`", at)
        return inner
    if reader.take("["):
        with reader.inside(bracketed=True):
            return _tuple(reader, at)
    if reader.take("{"):
        with reader.inside(bracketed=False):
            return _object(reader, at)
    if reader.take('"'):
        return quoted(reader, at, expression)
    if reader.peek("<<"):
        return heredoc(reader, at, expression)
    if digits := reader.number():
        return s.Literal(at, number(digits))
    return _named(reader, at)


def number(digits: str) -> int | float:
    """Return the number that digits write: a whole one as an integer."""
    if digits.isdigit():
        return int(digits) if len(digits) < 4000 else float("inf")
    value = float(digits)
    return int(value) if value.is_integer() and abs(value) < 1e15 else value


def _named(reader: Reader, at: int) -> s.Expression:
    name = reader.identifier()
    if not name:
        raise reader.fail(f"expected a value, found {reader.found()}")
    while reader.text.startswith("::", reader.at):
        reader.at += 2
        name += "::" + reader.identifier()
    if reader.peek("(") or "::" in name:
        return _call(reader, at, name)
    if name in _WORDS:
        return s.Literal(at, _WORDS[name])
    return s.Name(at, name)


def _call(reader: Reader, at: int, name: str) -> s.Expression:
    opened = reader.here()
    reader.expect("(", "`(` after the function's name")
    args: list[s.Expression] = []
    spread = False
    with reader.inside(bracketed=True):
        while not reader.peek(")") and not spread:
            args.append(expression(reader))
            spread = reader.take("...")
            if not reader.take(","):
                break
        reader.expect(")", "`,` or `)`", opened)
    return s.Call(at, name, tuple(args), spread)


def _tuple(reader: Reader, at: int) -> s.Expression:
    if reader.keyword("for"):
        names, source = _for_intro(reader)
        value = expression(reader)
        test = expression(reader) if reader.keyword("if") else None
        reader.expect("]", "`]`", at)
        return s.For(at, names, source, None, value, test)
    items: list[s.Expression] = []
    while not reader.peek("]"):
        items.append(expression(reader))
        if not reader.take(","):
            break
    reader.expect("]", "`,` or `]`", at)
    return s.Tuple(at, tuple(items))


def _for_intro(reader: Reader) -> tuple[tuple[str, ...], s.Expression]:
    names = [reader.identifier()]
    if reader.take(","):
        names.append(reader.identifier())
    if not all(names):
        raise reader.fail("expected the name of a variable after `for`")
    if not reader.keyword("in"):
        raise reader.fail(f"expected `in`, found {reader.found()}")
    source = expression(reader)
    reader.expect(":", "`:` and the value of each element")
    return tuple(names), source


def _object(reader: Reader, at: int) -> s.Expression:
    reader.skip_lines()
    start = reader.at
    if reader.keyword("for"):
        if not (reader.peek("=") or reader.peek(":")):
            return _object_for(reader, at)
        reader.at = start
    pairs: list[tuple[s.Expression, s.Expression]] = []
    while True:
        reader.skip_lines()
        if reader.take("}"):
            return s.Object(at, tuple(pairs))
        key = _object_key(reader)
        if not reader.take("="):
            reader.expect(":", "`=` and the value of the key", at)
        reader.skip_lines()
        pairs.append((key, expression(reader)))
        reader.skip()
        if not (reader.take(",") or reader.peek("\n") or reader.peek("}")):
            message = f"expected a new line, `,` or `}}`, found {reader.found()}"
            raise reader.fail(message, f"it was opened in line {reader.source.row(at)}")


def _object_key(reader: Reader) -> s.Expression:
    start, at = reader.at, reader.here()
    name = reader.identifier()
    if name and (reader.peek("=") or reader.peek(":")) and not reader.peek("=="):
        return s.Literal(at, name)
    reader.at = start
    return expression(reader)


def _object_for(reader: Reader, at: int) -> s.Expression:
    with reader.inside(bracketed=True):
        names, source = _for_intro(reader)
        key = expression(reader)
        reader.expect("=>", "`=>` between key and value")
        value = expression(reader)
        grouped = reader.take("...")
        test = expression(reader) if reader.keyword("if") else None
        reader.expect("}", "`}`", at)
    return s.For(at, names, source, key, value, test, grouped)
