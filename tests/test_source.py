"""Places in a text, and errors that point at them."""

import pickle
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comply.source import ComplyError, LoadError, Source, Span, span_later


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


def test_a_place_is_found_once_it_is_read() -> None:
    asked: list[int] = []
    source = Source("a.rego", "deny if\n  true")

    def find() -> Span:
        asked.append(1)
        return source.span(10, 4)

    span = span_later("a.rego", find)
    assert (span.file, asked) == ("a.rego", [])
    assert str(span) == "a.rego:2:3"
    assert (span.width, span.line, span.cut, asked) == (4, "  true", 0, [1])


def pickled(span: Span) -> Span:
    found: Span = pickle.loads(pickle.dumps(span))  # noqa: S301  (our own)
    return found


def itself(span: Span) -> Span:
    return span


@pytest.mark.parametrize("read", [itself, pickled, replace])
def test_a_place_found_late_is_the_place(read: Callable[[Span], Span]) -> None:
    span = Source("a.rego", "deny if\n  true").span(10, 4)
    late = span_later("a.rego", lambda: span)
    assert read(late) == span
    assert hash(read(late)) == hash(span)
    assert repr(read(late)) == repr(span)


def test_a_place_has_no_other_attributes() -> None:
    late = span_later("a.rego", lambda: Span("a.rego", 1, 1))
    assert not hasattr(late, "rows")
    # As an unpickler makes it, before it fills it.
    assert not hasattr(object.__new__(Span), "row")
