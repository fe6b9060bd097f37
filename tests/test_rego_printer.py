"""Trees to text and back."""

import pytest
from hypothesis import given
from tests.rego_strategies import bare, modules, rich_terms

from comply.rego.parser import parse_module, parse_term
from comply.rego.printer import print_module, print_term
from comply.rego.syntax import Module, Term
from comply.source import Source

# Hypothesis warns of the length at which it would print these recursive strategies.
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")


@given(modules())
def test_parsing_what_is_printed_gives_the_tree(module: Module) -> None:
    text = print_module(module)
    assert bare(parse_module(Source("a.rego", text), "v1")) == bare(module), text


@given(rich_terms)
def test_parsing_a_printed_term_gives_the_term(term: Term) -> None:
    text = print_term(term)
    assert bare(parse_term(text)) == bare(term), text


V0 = """package a

import future.keywords.{}

p[x] {{
	x := 1
}} {{
	x := 2
}}

q contains 1

r[x] = 1

default s = -1

f(x) {{
	x
}} else = 2 {{
	3
}}
"""


def test_v0_is_printed_as_v0() -> None:
    module = parse_module(Source("a.rego", V0.format("contains")), "v0")
    text = print_module(module)
    assert bare(parse_module(Source("b.rego", text), "v0")) == bare(module)
    assert "p contains x {" in text
    brackets = V0.format("every").replace("q contains 1", "q[1]")
    assert print_module(parse_module(Source("a.rego", brackets), "v0")) == brackets


@pytest.mark.parametrize(
    "text",
    [
        "x - 1 - 2", "x - (1 - 2)", "(1 + 2) * 3", "1 + 2 * 3", "(x, y in z) in w",
        "x in y in z", "x in (y in z)", "[(x, y in z)]", "[(x | y)]", "{(x | y), z}",
        "[(x + 1) | true]", "{(x | y): 1}", "f((x | y), z)", "(x | y).z", "[1][0]",
        "x, y in z", "x == y in z", "{1: (x | y)}", "0 - x", "x - -1", "set()", "{}",
        "a[_].b", "{x: y | z; w}", 'a["b c"][-1]', '$"a{x with input as 1}\\{"',
        "(x, y in z) | w",
    ],
)  # fmt: skip
def test_parentheses_stand_only_where_they_must(text: str) -> None:
    assert print_term(parse_term(text)) == text


def test_integers_of_thousands_of_digits() -> None:
    assert print_term(parse_term("9" * 4000)) == "9" * 4000
