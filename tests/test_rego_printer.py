"""Trees to text and back."""

from hypothesis import given
from tests.rego_strategies import bare, modules, rich_terms

from comply.rego.parser import parse_module, parse_term
from comply.rego.printer import print_module, print_term
from comply.rego.syntax import Module, Term
from comply.source import Source


@given(modules)
def test_parsing_what_is_printed_gives_the_tree(module: Module) -> None:
    text = print_module(module)
    assert bare(parse_module(Source("a.rego", text), "v1")) == bare(module), text


@given(rich_terms)
def test_parsing_a_printed_term_gives_the_term(term: Term) -> None:
    text = print_term(term)
    assert bare(parse_term(text)) == bare(term), text
