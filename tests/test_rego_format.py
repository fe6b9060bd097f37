"""Layout: what it may change, which is white space, and what it must not."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rego_strategies import bare, modules
from tests.rego_trees import show_module

from comply.rego.errors import RegoError
from comply.rego.format import format_module
from comply.rego.lexer import lex
from comply.rego.modern import check_meaning
from comply.rego.parser import Version, parse_module
from comply.rego.printer import print_module
from comply.rego.syntax import Module
from comply.source import Source

ROOT = Path(__file__).parents[1]
FIXTURES = ROOT / "fixtures" / "rego"
SHARED = Path(os.environ.get("COMPLY_SHARED", ROOT.parent / "shared"))

# Hypothesis warns of the length at which it would print these recursive strategies.
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")


def module_of(text: str, version: Version = "auto") -> Module:
    return parse_module(Source("a.rego", text), version)


def sections(name: str) -> Iterator[tuple[str, str]]:
    """Yield the text before and after of each section of a fixture file."""
    for section in (FIXTURES / name).read_text().split("\n====\n"):
        before, _, after = section.partition("\n----\n")
        yield before + "\n", after.rstrip("\n") + "\n"


@pytest.mark.parametrize(("before", "after"), list(sections("format.txt")))
def test_format(before: str, after: str) -> None:
    assert format_module(module_of(before)) == after


@pytest.mark.parametrize(("before", "after"), list(sections("modern.txt")))
def test_modern(before: str, after: str) -> None:
    module = module_of(before, "v0")
    assert format_module(module, modern=True) == after
    assert format_module(module_of(after, "v1")) == after
    assert module_of(after, "v0").version == 1


def check_layout(module: Module) -> None:
    """Hold a module's layout to the laws of layouts."""
    text = format_module(module)
    again = module_of(text, "v1" if module.version else "v0")
    assert show_module(again) == show_module(module)
    assert comments_of(again) == comments_of(module)
    assert format_module(again) == text
    for line in text.splitlines():
        assert line == line.rstrip() or "`" in text
    assert text.endswith("\n")


def comments_of(module: Module) -> list[str]:
    return [comment.text.rstrip() for comment in module.comments]


gaps = st.sampled_from([" ", "  ", " ", "\n", "\n\n\n\t", " # c\n", "\n# own\n", "\t"])
lines = st.sampled_from(["\n", "\n\n\n", " #c\n", "\n # own\n\t", "\n"])


@st.composite
def laid_out(draw: st.DrawFn) -> Module:
    """Return a random module written with random white space and comments."""
    text = print_module(draw(modules()))
    tokens = lex(text)
    out, at, depth = "", 0, 0
    for kind, start, end in zip(tokens.kinds, tokens.starts, tokens.ends, strict=True):
        gap = text[at:start]
        depth += (kind == "template") - (kind == "end")
        if gap and depth == 0:
            gap = draw(lines if "\n" in gap else gaps)
        out += gap + text[start:end]
        at = end
    return module_of(out + draw(lines), "v1")


@given(laid_out())
def test_any_layout_is_brought_to_one_that_means_the_same(module: Module) -> None:
    check_layout(module)


@given(modules())
def test_printed_modules_are_laid_out(module: Module) -> None:
    text = format_module(module_of(print_module(module), "v1"))
    assert bare(module_of(text, "v1")) == bare(module)


def published() -> list[str]:
    """Return the policies of the published suites, each once."""
    found: set[str] = set()
    suite = SHARED / "conformance" / "opa" / "cases.jsonl"
    library = SHARED / "conformance" / "gatekeeper" / "cases.jsonl"
    if not suite.exists() or not library.exists():
        pytest.skip(f"no published suites under {SHARED} (set COMPLY_SHARED)")
    for line in suite.read_text().splitlines():
        found |= set(json.loads(line)["modules"] or ())
    for line in library.read_text().splitlines():
        case = json.loads(line)
        found |= {case["rego"], *(case["libs"] or ())}
    return sorted(found)


@pytest.mark.conformance
def test_published_policies_are_laid_out() -> None:
    # One in three keeps this under two seconds; the laws above take the rest.
    for text in published()[::3]:
        module = module_of(text)
        check_layout(module)
        if module.version == 0:
            modern = module_of(format_module(module, modern=True), "v1")
            assert comments_of(modern) == comments_of(module)


def test_modern_leaves_v1_alone() -> None:
    module = module_of("package a\np if input.x\n")
    assert format_module(module, modern=True) == format_module(module)


def test_modern_keeps_an_import_of_rego_v1() -> None:
    text = "package a\n\nimport rego.v1\n\np if input.x\n"
    assert format_module(module_of(text, "v0"), modern=True) == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("package a\np { in == 1 }", "a.rego:2: rego_parse_error: in is a keyword"),
        ("package a\nif = 1\n", "a.rego:2: rego_parse_error: if is a keyword"),
        ("package a\ncontains { 1 }", "a.rego:2: rego_parse_error: contains is"),
        ("package a\np { every }", "a.rego:2: rego_parse_error: every is a keyword"),
    ],
)
def test_modern_refuses_what_it_cannot_keep(text: str, message: str) -> None:
    with pytest.raises(RegoError) as caught:
        format_module(module_of(text, "v0"), modern=True)
    assert message in str(caught.value)


@pytest.mark.parametrize("text", ["package a\n", "package a\np := 2\n", "package a\np contains 1\n"])  # fmt: skip
def test_a_rewrite_that_changes_the_meaning_is_refused(text: str) -> None:
    with pytest.raises(RegoError, match="this rule has no v1 form"):
        check_meaning(module_of("package a\np = 1"), text)


def test_a_rewrite_that_adds_a_rule_is_refused() -> None:
    with pytest.raises(RegoError, match="this rule has no v1 form"):
        check_meaning(module_of("package a"), "package a\np := 1")
