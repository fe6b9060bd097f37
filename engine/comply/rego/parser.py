"""Rego text to its tree, for v0 and v1.

Grammar: https://www.openpolicyagent.org/docs/policy-reference#grammar; what v1 changed:
https://www.openpolicyagent.org/docs/v0-upgrade.
"""

from collections.abc import Callable
from typing import Final, Literal, TypeAlias, TypeVar

from comply.rego.annotations import read_annotations
from comply.rego.cursor import Cursor, ParseError
from comply.rego.errors import RegoError, together
from comply.rego.hints import explain, resynchronise
from comply.rego.imports import (
    active_kinds,
    imports_future,
    imports_v1,
    keywords,
    parse_import,
    parse_path_steps,
)
from comply.rego.lexer import Tokens, lex
from comply.rego.rules import parse_rules
from comply.rego.syntax import Body, Import, Module, Rule, Term
from comply.rego.syntax import Literal as BodyLiteral
from comply.rego.terms import parse_literal, parse_member
from comply.source import Source

Version: TypeAlias = Literal["v0", "v1", "auto"]
_T = TypeVar("_T")

_MOST_ERRORS: Final = 25
_MOST_FAILED: Final = 100
"""How many statements may fail, as many may where a text is not cut into tokens."""

_UNMISTAKABLE: Final = frozenset({"in", "every"})


def parse_module(source: Source, version: Version = "auto") -> Module:
    """Return the tree of a Rego file.

    `version` "auto" takes the file as v1 if it is v1, but not where it imports
    `future.keywords` and is v0 as well: such a file was written for v0. A v0 file may
    then use `in` and `every` without the import that OPA demands, since they can mean
    nothing else.

    Raises:
        RegoError: the text is not Rego; it carries all independent errors.

    >>> parse_module(Source("a.rego", "package a.b")).package
    ('a', 'b')
    """
    tokens = lex(source.text)
    if version != "auto":
        module, errors = _parse(source, tokens, 0 if version == "v0" else 1)
        if errors:
            raise _failure(source, tokens, errors)
        return module
    module, errors = _parse(source, tokens, 1, most=1)
    if not errors and (imports_v1(tokens) or not imports_future(module.imports)):
        return module
    old, old_errors = _parse(source, tokens, 0)
    if not old_errors:
        return old
    if not errors:
        return module
    if all(error.dialect for error in old_errors):
        mixed, mixed_errors = _parse(source, tokens, 0, assumed=_UNMISTAKABLE)
        if not mixed_errors:
            return mixed
    _, errors = _parse(source, tokens, 1)
    raise _failure(source, tokens, _likelier(errors, old_errors))


def parse_query(
    source: Source, version: Version = "v1", imports: tuple[Import, ...] = ()
) -> Body:
    """Return the expressions of a query, as `data.a.p = x; input.y`.

    `imports` are those of the module it is asked in; in v0 they tell which future
    keywords it may use.

    Raises:
        RegoError: the text is no query.
    """
    return _parse_whole(
        source, _parse_expressions, 0 if version == "v0" else 1, imports
    )


def parse_term(text: str, name: str = "term") -> Term:
    """Return the single term in `text`, as `{"a": {1, 2}}`.

    Raises:
        RegoError: the text is no term, or more than one.
    """
    return _parse_whole(Source(name, text), parse_member, 1, ())


def _parse_whole(
    source: Source,
    read: Callable[[Cursor], _T],
    version: int,
    imports: tuple[Import, ...],
) -> _T:
    """Return what `read` makes of a text that has nothing else in it."""
    tokens = lex(source.text)
    active = keywords(version, imports)
    c = Cursor(tokens, active_kinds(tokens, active), version, active)
    try:
        result = read(c)
        c.take("eof")
    except ParseError as error:
        errors = [] if tokens.faults else [explain(c, 0, error)]
        raise _failure(source, tokens, errors + _lexical(tokens)) from None
    except RecursionError:
        raise _failure(source, tokens, [c.too_deep()]) from None
    if tokens.faults:
        raise _failure(source, tokens, _lexical(tokens))
    return result


def _parse_expressions(c: Cursor) -> Body:
    literals: list[BodyLiteral] = []
    while c.kind != "eof":
        literals.append(parse_literal(c))
        if c.kind == ";":
            c.at += 1
        elif c.kind != "eof" and not c.on_new_line():
            raise c.unexpected("expected \\n or ; or eof")
    if not literals:
        raise c.error("found empty body", "a query needs an expression")
    return tuple(literals)


def _parse(
    source: Source,
    tokens: Tokens,
    version: int,
    *,
    assumed: frozenset[str] = frozenset(),
    most: int = _MOST_ERRORS,
) -> tuple[Module, list[ParseError]]:
    """Return the tree as far as it can be read, and what is wrong.

    `assumed` are future keywords that a v0 file need not import; after `most` errors
    the rest is not read.
    """
    if imports_v1(tokens):
        version = 1
    active = keywords(version, ()) | assumed
    c = Cursor(tokens, active_kinds(tokens, active), version, active)
    imports: list[Import] = []
    rules: list[Rule] = []
    package_at, package = _parse_package(c)
    failed = 0
    while c.kind != "eof" and len(c.errors) < most and failed < _MOST_FAILED:
        first, known = c.at, len(c.errors)
        try:
            _parse_statement(c, imports, rules)
        except ParseError as error:
            failed += 1
            _recover(c, first, known, error)
        except RecursionError:
            c.errors.append(c.too_deep())
            break
    statements = [(package_at, "package")]
    statements += [(item.at, "import") for item in imports]
    statements += [(rule.at, "rule") for rule in rules]
    notes, mistakes = read_annotations(
        tokens, sorted(statements), complete=not c.errors
    )
    module = Module(
        source=source,
        version=version,
        package_at=package_at,
        package=package,
        imports=tuple(imports),
        rules=tuple(rules),
        comments=tuple(tokens.comments),
        annotations=notes,
    )
    return module, [*_lexical(tokens), *c.errors, *mistakes]


def _parse_statement(c: Cursor, imports: list[Import], rules: list[Rule]) -> None:
    """Read one import or rule into `imports` or `rules`."""
    kind = c.kind
    if kind == "import" and not c.names_a_rule():
        imports.append(parse_import(c))
        c.keywords |= keywords(c.version, imports)
        c.kinds = active_kinds(c.tokens, c.keywords)
    elif kind == "package" and not c.names_a_rule():
        raise c.error("unexpected package", "a file has one package, at its top")
    else:
        rules.extend(parse_rules(c))


def _recover(c: Cursor, first: int, known: int, error: ParseError) -> None:
    """Note `error` of the statement that token `first` begins; go on at the next one.

    Where its text could not be cut into tokens, that is the error, and all of it.
    """
    following = resynchronise(c, first)
    start, end = c.tokens.starts[first], c.tokens.starts[following]
    if any(f.start <= end and start < f.end for f in c.tokens.faults):
        del c.errors[known:]
    else:
        c.errors.append(explain(c, first, error))
    c.at, c.depth = following, 0


def _parse_package(c: Cursor) -> tuple[int, tuple[str, ...]]:
    """Return the offset of the package clause and its path."""
    at = c.start
    if c.kind != "package":
        message = "empty module" if c.kind == "eof" else "package expected"
        c.errors.append(c.error(message, "a file begins with `package name`"))
        return at, ()
    try:
        c.at += 1
        return at, _parse_package_path(c)
    except ParseError as error:
        _recover(c, 0, len(c.errors), error)
        return at, ()


def _parse_package_path(c: Cursor) -> tuple[str, ...]:
    kind = c.kind
    if kind in ("string", "raw", "eof") or not c.word().isidentifier():
        raise c.unexpected("expected identifier" if kind == "eof" else "")
    path = [c.word()]
    c.at += 1
    path += [str(step.value) for step in parse_path_steps(c)]
    return tuple(path)


def _lexical(tokens: Tokens) -> list[ParseError]:
    """Return the errors of the lexer as the parser's."""
    return [ParseError(f.message, f.start, f.end, f.hint) for f in tokens.faults]


def _likelier(errors: list[ParseError], old: list[ParseError]) -> list[ParseError]:
    """Return the errors of the version that the author likely meant.

    Each version counts what would be right in the other: fewer such marks win.
    """
    marks = sum(error.dialect for error in errors)
    old_marks = sum(error.dialect for error in old)
    return old if old_marks < marks else errors


def _failure(source: Source, tokens: Tokens, errors: list[ParseError]) -> RegoError:
    """Return the error that carries `errors`, one a place."""
    found: dict[int, RegoError] = {}
    for error in errors:
        line_end = tokens.text.find("\n", error.start, error.end)
        width = (line_end if line_end >= 0 else error.end) - error.start
        span = source.span(error.start, max(1, width))
        found.setdefault(
            error.start, RegoError("rego_parse_error", error.message, span, error.hint)
        )
    return together(list(found.values()))
