"""Places in a text, and errors that point at them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comply.source import ComplyError, LoadError, Source, Span


@given(st.text(alphabet="ab\né", max_size=30), st.data())
def test_a_span_points_at_its_character(text: str, data: st.DataObject) -> None:
    offset = data.draw(st.integers(0, len(text)))
    span = Source("f", text).span(offset, 1)
    before = text[:offset]
    assert span.row == before.count("\n") + 1
    assert span.col == offset - (before.rfind("\n") + 1) + 1
    assert span.line == text.split("\n")[span.row - 1]


def test_a_line_ends_before_its_carriage_return() -> None:
    assert Source("f", "a\r\nb").span(0).line == "a"


def test_rows_are_found_in_any_order() -> None:
    source = Source("f", "a\nb\nc")
    assert [source.row(i) for i in (4, 0, 2, 3)] == [3, 1, 2, 2]


@pytest.mark.parametrize(
    ("span", "shown"),
    [
        (Span("f", 3, 5, 2, "let x = 1"), "  3 | let x = 1\n    |     ^^"),
        (Span("f", 12, 1, 1, "\tx"), "  12 |  x\n     | ^"),
        (Span("f", 1, 3, 90, "abcd"), "  1 | abcd\n    |   ^^"),
        (Span("f", 1, 5, 1, "abcd"), "  1 | abcd\n    |     ^"),
    ],
)
def test_the_caret_stands_under_the_place(span: Span, shown: str) -> None:
    assert ComplyError("wrong", span).render() == f"{span}: wrong\n{shown}"


def test_a_long_line_is_cut_around_the_caret() -> None:
    line = "x" * 500 + "HERE" + "y" * 500
    text, caret = (
        ComplyError("wrong", Span("f", 1, 501, 4, line)).render().split("\n")[1:]
    )
    assert len(text) < 140
    at = caret.index("^")
    assert text[at : at + 4] == "HERE"
    assert caret.count("^") == 4


def test_an_error_without_a_place_and_one_with_a_hint() -> None:
    assert str(ComplyError("wrong")) == "wrong"
    error = LoadError("wrong", Span("f", 1, 2), "do this")
    assert str(error) == "f:1:2: wrong\n  hint: do this"
    assert error.exit_code == 2
