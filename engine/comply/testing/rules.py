"""MODULES -> TESTS: the test rules of modules, each under a name of its own.

As OPA does: `test_` begins the name of a test, `todo_test_` of one to skip; a name that
stands twice gets a number, and `test_x[note]` is one test a case.
https://www.openpolicyagent.org/docs/policy-testing
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from comply.classes import dataclass
from comply.rego.pieces import nodes
from comply.rego.syntax import Array, Body, Head, Module, Rule, Some, Term, Var
from comply.source import Span

CASES: Final = "#cases"
"""Ends the name of the rule that lists the cases of a test: no author can write it."""

_TEST: Final = "test_"
_TODO: Final = "todo_test_"


@dataclass(frozen=True, slots=True)
class TestRule:
    """A test: the package and name of its rule; `cases` tells that it has several."""

    package: tuple[str, ...]
    name: str
    span: Span
    skipped: bool
    cases: bool

    @property
    def path(self) -> tuple[str, ...]:
        """Return the path of the rule, `data` included."""
        return ("data", *self.package, self.name)


def name_tests(
    modules: tuple[Module, ...], wanted: frozenset[str]
) -> tuple[tuple[Module, ...], list[TestRule]]:
    """Return the modules with each test under its own name, and the tests.

    `wanted` are the names of the sources whose tests count.
    """
    tests: list[TestRule] = []
    taken: dict[tuple[str, ...], int] = {}
    named = []
    for module in modules:
        if module.source.name not in wanted or _TEST not in module.source.text:
            named.append(module)
            continue
        rules: list[Rule] = []
        for rule in module.rules:
            name = test_name(rule)
            rules.extend(_named(module, rule, name, taken, tests) if name else [rule])
        named.append(replace(module, rules=tuple(rules)))
    return tuple(named), tests


def test_name(rule: Rule) -> str:
    """Return the name of a rule that is a test, else nothing; functions are none."""
    first = rule.head.ref[0]
    name = first.name if isinstance(first, Var) else ""
    is_test = name.startswith((_TEST, _TODO)) and rule.head.args is None
    return name if is_test else ""


def _named(
    module: Module,
    rule: Rule,
    name: str,
    taken: dict[tuple[str, ...], int],
    tests: list[TestRule],
) -> Iterator[Rule]:
    """Yield a test rule under a name of its own, then the rule that lists its cases."""
    head = rule.head
    plain = len(head.ref) == 1 and head.key is None
    place = (*module.package, name)
    number = taken.get(place, 0)
    taken[place] = number + 1
    skipped = name.startswith(_TODO)
    keys = _case_keys(head)
    span = module.source.span(rule.at, len(name))
    if plain and number:
        name = f"{name}#{number:02}"
        rule = _renamed(rule, name)
    if plain or not number:
        tests.append(TestRule(module.package, name, span, skipped, bool(keys)))
    yield rule
    if keys and not skipped:
        body = _binding(rule.body, keys)
        listed = Head(head.at, (Var(head.at, name + CASES),), key=Array(head.at, keys))
        yield Rule(rule.at, rule.end, listed, body)


def _renamed(rule: Rule, name: str) -> Rule:
    first = rule.head.ref[0]
    head = replace(rule.head, ref=(Var(first.at, name),))
    otherwise = rule.otherwise and _renamed(rule.otherwise, name)
    return replace(rule, head=head, otherwise=otherwise)


def _case_keys(head: Head) -> tuple[Term, ...]:
    """Return the variables of `test_x[a][b]`, nothing if there are others or none."""
    keys = head.ref[1:]
    return keys if keys and all(isinstance(key, Var) for key in keys) else ()


def _binding(body: Body, keys: tuple[Term, ...]) -> Body:
    """Return the beginning of a body that gives the keys their values."""
    missing = {key.name for key in keys if isinstance(key, Var)}
    for number, literal in enumerate(body):
        if not isinstance(literal, Some):
            held = {n.name for n in nodes((literal,)) if isinstance(n, Var)}
            missing -= held
        if not missing:
            return body[: number + 1]
    return body
