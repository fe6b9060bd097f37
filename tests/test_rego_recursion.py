"""Rules that depend on themselves, directly or not."""

import pytest

import comply
from comply.rego import RegoError


def errors(*texts: str) -> list[RegoError]:
    with pytest.raises(RegoError) as caught:
        comply.rego.compile({f"{i}.rego": text for i, text in enumerate(texts)})
    return list(caught.value.errors)


@pytest.mark.parametrize(
    ("text", "cycle"),
    [
        ("p if p", "data.a.p -> data.a.p"),
        ("p if q\n\nq if p", "data.a.p -> data.a.q -> data.a.p"),
        ("p := [x | some x in p]", "data.a.p -> data.a.p"),
        (
            "p if not q\n\nq if every x in [1] { p; x }",
            "data.a.p -> data.a.q -> data.a.p",
        ),
        ("f(x) := f(x - 1)", "data.a.f -> data.a.f"),
        ("p := data.a", "data.a.p -> data.a.p"),
        ("p := data[input.x]", "data.a.p -> data.a.p"),
        ("p.q := p.r\n\np.r := p.q", "data.a.p.q -> data.a.p.r -> data.a.p.q"),
        (
            "p := 1 if { input.x } else := q\n\nq := p",
            "data.a.p -> data.a.q -> data.a.p",
        ),
        ("default p := 1\n\np := q\n\nq := p", "data.a.p -> data.a.q -> data.a.p"),
        (
            "p if input.x with input.x as q\n\nq if p",
            "data.a.p -> data.a.q -> data.a.p",
        ),
        (
            "p if count([]) with count as f\n\nf(x) := p",
            "data.a.p -> data.a.f -> data.a.p",
        ),
    ],
)
def test_a_cycle_is_named(text: str, cycle: str) -> None:
    (error,) = errors(f"package a\n\n{text}\n")
    assert error.code == "rego_recursion_error"
    assert error.message.endswith(f"is recursive: {cycle}")
    assert error.span is not None
    assert error.span.row == (5 if text.startswith("default") else 3)
    assert error.hint


def test_a_cycle_over_packages() -> None:
    (error,) = errors(
        "package a\n\np := data.b.q\n", "package b\n\nimport data.a\n\nq := a.p\n"
    )
    assert "data.a.p -> data.b.q -> data.a.p" in error.message


def test_two_cycles_are_two_errors() -> None:
    found = errors("package a\n\np if q\n\nq if p\n\nr if r\n\ns if p\n")
    assert [e.span.row for e in found if e.span] == [3, 7]


@pytest.mark.parametrize(
    "text",
    [
        "p := data.b.p",
        "p := q\n\nq := r\n\nr := 1",
        "p := input.p",
        "p := x if { x := [p | p := 1] }",
        "p := data.a.q\n\nq := data.c",
        "p.a := 1\n\np.b := p.a",
    ],
)
def test_what_is_no_cycle(text: str) -> None:
    comply.rego.compile({"a": f"package a\n\n{text}\n"})
