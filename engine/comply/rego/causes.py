"""ERRORS -> ROOT CAUSES: one error a mistake, each with what to do about it."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Final

from comply.classes import dataclass
from comply.rego import syntax as s
from comply.rego.errors import RegoError, in_order
from comply.rego.lexer import FUTURE_KEYWORDS
from comply.rego.names import declared_names
from comply.rego.pieces import nodes
from comply.rego.resolution import head_path, static_path

_SPOILING: Final = ("var ", "arg ", "args must", "cannot assign", "variables must")
_UNUSED: Final = "declared var "
_UNSAFE: Final = "rego_unsafe_var_error"
_MOST: Final = 100
"""How many errors are told: nobody mends more of them at once."""

_MOST_MEANT: Final = 10
"""For how many names is looked for one that was meant, among thousands perhaps."""


@dataclass(frozen=True, slots=True)
class _Place:
    """The rule that an error is in, and the offset of the error."""

    module: s.Module
    rule: s.Rule
    at: int


def root_causes(
    errors: list[RegoError], modules: tuple[s.Module, ...]
) -> list[RegoError]:
    """Return the errors that no other error explains, with their hints.

    Of very many only the first are looked at.
    """
    errors = in_order(errors)[:_MOST]
    places = [_place(error, modules) for error in errors]
    spoiled = {
        id(place.rule)
        for error, place in zip(errors, places, strict=True)
        if place is not None
        and error.message.startswith(_SPOILING)
        and error.code == "rego_compile_error"
    }
    followed = _followed(errors, places)
    out: list[RegoError] = []
    misspelt: set[tuple[int, str]] = set()
    for error, place in zip(errors, places, strict=True):
        if place is None or error.code != _UNSAFE:
            out.append(error)
        elif id(place.rule) not in spoiled and id(error) not in followed:
            name = _name(error)
            looks = len(misspelt) < _MOST_MEANT
            meant = _nearest(place, name, modules) if looks else ""
            misspelt.add((id(place.rule), meant))
            hint = _advice(place, name, meant, modules)
            out.append(RegoError(error.code, error.message, error.span, hint))
    return [
        error
        for error in out
        if not error.message.startswith(_UNUSED)
        or not _is_misspelt(error, misspelt, modules)
    ]


def _followed(errors: list[RegoError], places: list[_Place | None]) -> set[int]:
    """Return the unsafe variables that a body does give a value, made of an unsafe one.

    They are named only where a rule has no other: then the values go in a circle.
    """
    by_rule: dict[int, list[tuple[RegoError, bool]]] = {}
    for error, place in zip(errors, places, strict=True):
        if place is not None and error.code == _UNSAFE:
            given = _name(error) in _given(place.rule)
            by_rule.setdefault(id(place.rule), []).append((error, given))
    return {
        id(error)
        for found in by_rule.values()
        if not all(given for _, given in found)
        for error, given in found
        if given
    }


def _given(rule: s.Rule) -> set[str]:
    """Return the names that expressions in a rule give a value of something else."""
    return {
        name
        for literal in nodes((rule,))
        if isinstance(literal, s.Expr | s.SomeIn)
        for name in declared_names((literal,))
        if sum(isinstance(v, s.Var) and v.name == name for v in nodes(literal)) == 1
    }


def _is_misspelt(
    error: RegoError, misspelt: set[tuple[int, str]], modules: tuple[s.Module, ...]
) -> bool:
    """Tell whether an unused variable is one that another error found misspelt."""
    place = _place(error, modules)
    name = error.message.removeprefix(_UNUSED).split()[0]
    return place is not None and (id(place.rule), name) in misspelt


def _name(error: RegoError) -> str:
    return error.message.split()[1]


def _place(error: RegoError, modules: tuple[s.Module, ...]) -> _Place | None:
    span = error.span
    if span is None:
        return None
    module = next((m for m in modules if m.source.name == span.file), None)
    if module is None:
        return None
    text, start = module.source.text, 0
    for _ in range(span.row - 1):
        start = text.index("\n", start) + 1
    at = start + span.col - 1
    rule = next((r for r in module.rules if r.at <= at < max(r.end, r.at + 1)), None)
    return None if rule is None else _Place(module, rule, at)


def _nearest(place: _Place, name: str, modules: tuple[s.Module, ...]) -> str:
    """Return the name that an author who wrote `name` may have meant, or nothing."""
    known = {n.name for n in nodes((place.rule,)) if isinstance(n, s.Var)}
    known.update(_visible(place.module, modules), ("input", "data"))
    near = get_close_matches(name, sorted(known - {name}), 1, cutoff=0.75)
    return near[0] if near and not near[0].startswith("$") else ""


def _visible(module: s.Module, modules: tuple[s.Module, ...]) -> Iterator[str]:
    """Yield the names of the package's rules and of the module's imports."""
    for other in modules:
        if other.package == module.package:
            yield from (head_path(rule)[0][0] for rule in other.rules)
    for item in module.imports:
        path = static_path(item.path)
        if path is not None and path[0] in ("data", "input"):
            yield item.alias or path[-1]


def _advice(place: _Place, name: str, meant: str, modules: tuple[s.Module, ...]) -> str:
    """Return what to do about a variable that nothing gives a value."""
    if _is_keyword(place.module, name):
        imports = f"`import future.keywords.{name}` or `import rego.v1`"
        return f"in Rego v0, `{name}` needs {imports}"
    if meant and name != "_":
        return f"did you mean `{meant}`?"
    package = _elsewhere(name, place.module, modules)
    if package:
        return f"`{name}` is in another package: `import {package}`"
    if _is_head(place, name):
        return (
            f"no rule, import or variable has the name `{name}`: "
            f"is it `input.{name}`, or an import that is missing?"
        )
    return _unbound(place, name)


def _unbound(place: _Place, name: str) -> str:
    """Return how a variable gets a value."""
    literal = _literal(place)
    negated = isinstance(literal, s.Expr) and literal.negated
    if name == "_":
        return _IN_NOT if negated else _WILDCARD
    if negated:
        return f"a `not` gives `{name}` no value: let an expression before it do so"
    if _is_compared(literal, name):
        return f"`==` only compares: `{name} := ...` gives `{name}` a value"
    if not place.rule.body:
        return "a body has to give it a value: `if { some ... in ... }`"
    return "nothing in the body gives it a value"


def _is_keyword(module: s.Module, name: str) -> bool:
    """Tell whether a name is a keyword that its file has not imported."""
    return module.version == 0 and name in FUTURE_KEYWORDS


def _literal(place: _Place) -> s.Literal | None:
    """Return the innermost expression that holds the place of an error."""
    kinds = (s.Expr, s.SomeIn, s.Every)
    held = [
        n for n in nodes((place.rule,)) if isinstance(n, kinds) and n.at <= place.at
    ]
    return max(held, key=lambda n: n.at, default=None)


def _elsewhere(name: str, module: s.Module, modules: tuple[s.Module, ...]) -> str:
    """Return the path of the package, or of the rule in another, that has a name."""
    for other in modules:
        if other.package == module.package:
            continue
        if other.package[-1] == name:
            return ".".join(("data", *other.package))
        if any(head_path(rule)[0][0] == name for rule in other.rules):
            return ".".join(("data", *other.package, name))
    return ""


def _is_head(place: _Place, name: str) -> bool:
    """Tell whether the place is that of a reference into something called `name`."""
    text = place.module.source.text
    return text[place.at + len(name) : place.at + len(name) + 1] == "."


def _is_compared(literal: s.Literal | None, name: str) -> bool:
    match literal:
        case s.Expr(term=s.Call(name=s.Var(name="equal"), args=args)):
            return any(isinstance(arg, s.Var) and arg.name == name for arg in args)
        case _:
            return False


_IN_NOT: Final = (
    "a `not` cannot iterate: use a helper rule, or `not v in xs` for `not xs[_] == v`"
)
_WILDCARD: Final = (
    "`_` has no value of its own: iterate by `some x in xs`, then use `x`"
)
