"""Rego v0 to v1: the changes to a text that keep its meaning.

What v1 changed: https://www.openpolicyagent.org/docs/v0-upgrade.
"""

from dataclasses import replace
from itertools import zip_longest
from typing import Final

from comply.rego.errors import RegoError
from comply.rego.imports import imports_future, imports_v1
from comply.rego.parser import parse_module
from comply.rego.pieces import Piece, Shape, brace_before, nodes
from comply.rego.printer import bar_follows, print_rule
from comply.rego.syntax import Body, Call, Expr, Head, Module, Rule, Scalar, Var

_KEYWORDS: Final = frozenset({"every", "if", "in"})
_BINDS: Final = frozenset({"assign", "eq"})


def modernise(shape: Shape, module: Module) -> None:
    """Add to `shape` the edits that make a v0 module v1.

    Raises:
        RegoError: a name of the module is a keyword of v1.
    """
    _check_names(shape, module)
    _replace_imports(shape, module)
    for rule in module.rules:
        if not rule.chained:
            _modernise_rule(shape, rule)


def _check_names(shape: Shape, module: Module) -> None:
    """Refuse a variable or a rule whose name v1 reads as a keyword."""
    for node in nodes(module.rules):
        match node:
            case Var(at=at, name=name) if name in _KEYWORDS:
                word = name
            case Head(at=at, ref=(Var(name="contains"), *_)):
                word = "contains"
            case _:
                continue
        # Before a dot or a bracket a keyword is a name in v1 too.
        if shape.tokens.kinds[shape.numbers[at]] == word:
            raise RegoError(
                "rego_parse_error",
                f"{word} is a keyword in Rego v1",
                module.source.span(at, len(word)),
                f"rename `{word}` first",
            )


def _replace_imports(shape: Shape, module: Module) -> None:
    """Put `import rego.v1` in the place of `import future.keywords`."""
    tokens = shape.tokens
    for item in module.imports:
        if imports_future([item]):
            first = at = shape.numbers[item.at]
            del shape.roles[item.at]
            while at < first + 2 or tokens.starts[at] == tokens.ends[at - 1]:
                shape.edits.dropped.add(tokens.starts[at])
                at += 1
    if not imports_v1(tokens):
        line_end = module.source.text.find("\n", module.package_at)
        place = line_end if line_end >= 0 else len(module.source.text)
        _add(shape, "import", place, "import rego.v1", role="statement")


def _modernise_rule(shape: Shape, rule: Rule) -> None:
    """Write the `contains` and `if` of a rule."""
    tokens, head = shape.tokens, rule.head
    after_name = shape.numbers[head.at] + 1
    if head.key is not None and tokens.kinds[after_name] != "contains":
        _write_contains(shape, after_name)
    valueless = head.key is None and head.value is None and head.args is None
    if valueless and not rule.body and not rule.default:
        _add(shape, "ident", rule.end, "= true")
    part: Rule | None = rule
    while part:
        _write_if(shape, part.body)
        part = part.otherwise


def _write_contains(shape: Shape, step: int) -> None:
    """Turn the `[x]` or `.x` at token `step` into `contains x`."""
    tokens = shape.tokens
    place = tokens.starts[step]
    shape.edits.dropped.add(place)
    _add(shape, "contains", place, "contains")
    if tokens.kinds[step] == "[":
        shape.edits.dropped.add(tokens.starts[shape.partners[step]])
        return
    name = tokens.starts[step + 1]
    shape.edits.dropped.add(name)
    _add(shape, "string", name, f'"{tokens.text[name : tokens.ends[step + 1]]}"')


def _write_if(shape: Shape, body: Body) -> None:
    """Write `if` before the brace of a body, and keep it from being read as a set."""
    tokens, brace = shape.tokens, brace_before(shape, body)
    if brace < 0 or tokens.kinds[brace - 1] == "if":
        return
    _add(shape, "if", tokens.starts[brace], "if")
    first = body[0]
    if isinstance(first, Expr) and not first.negated and bar_follows(first.term):
        _add(shape, "(", first.at, "(", role=shape.roles.pop(first.at))
        _add(shape, ")", tokens.ends[_last_of_operand(shape, body, first)], ")")


def _last_of_operand(shape: Shape, body: Body, first: Expr) -> int:
    """Return the last token of what stands left of `=`, `:=` or `with` in `first`."""
    tokens, term = shape.tokens, first.term
    if (
        isinstance(term, Call)
        and isinstance(term.name, Var)
        and term.name.name in _BINDS
    ):
        return shape.numbers[term.name.at] - 1
    if first.withs:
        return shape.numbers[first.withs[0].at] - 1
    if len(body) == 1:
        return shape.partners[brace_before(shape, body)] - 1
    last = shape.numbers[body[1].at] - 1
    return last - 1 if tokens.kinds[last] == ";" else last


def _add(shape: Shape, kind: str, place: int, text: str, role: str = "") -> None:
    shape.edits.added.append(Piece(kind, text, place, place, role))


def check_meaning(module: Module, text: str) -> None:
    """Refuse `text`, which is to be `module` in v1, if it means anything else.

    Raises:
        RegoError: it does, or is no v1 at all.
    """
    again = parse_module(replace(module.source, text=text, _starts=[]), "v1")
    for old, new in zip_longest(module.rules, again.rules):
        if old is None or new is None or _canonical(old) != _canonical(new):
            place = module.source.span(old.at) if old else None
            message = "this rule has no v1 form that `fmt` knows"
            raise RegoError("rego_parse_error", message, place, "rewrite it by hand")


def _canonical(rule: Rule) -> str:
    """Return the text of a rule in which `true` is written out."""
    head = rule.head
    if head.key is None and head.value is None and head.args is None:
        rule = replace(rule, head=replace(head, value=Scalar(head.at, value=True)))
    return print_rule(rule)
