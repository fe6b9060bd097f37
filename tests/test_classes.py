"""Classes made here do what those of the standard library do."""

import copy
import pickle
from collections.abc import Callable
from dataclasses import (
    FrozenInstanceError,
    astuple,
    field,
    fields,
    is_dataclass,
    make_dataclass,
    replace,
)
from dataclasses import dataclass as standard
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comply import classes
from comply.findings import Finding, Severity, Status
from comply.source import Span

ours: Any = vars(classes)["dataclass"]
"""Type checkers are told that it is the standard library's, which it is like."""


def _seven() -> list[int]:
    return [7]


kinds = st.sampled_from(
    (
        {},
        {"default": 5},
        {"default_factory": _seven},
        {"default": 5, "init": False},
        {"default_factory": _seven, "init": False},
        {"default": 5, "repr": False},
        {"default": 5, "compare": False},
        {"default": 5, "hash": False},
        {"default": 5, "compare": False, "hash": True},
    )
)
options = st.fixed_dictionaries(
    {
        "frozen": st.booleans(),
        "slots": st.booleans(),
        "eq": st.booleans(),
        "repr": st.booleans(),
    }
)


def made(
    decorator: Callable[..., Any], shapes: list[dict[str, Any]], how: dict[str, bool]
) -> Any:
    # Fields without a default go first.
    ordered = sorted(shapes, key=bool)
    names = {f"f{i}": field(**shape) for i, shape in enumerate(ordered)}
    body = {"__annotations__": dict.fromkeys(names, Any), "__doc__": "A class."} | names
    body["__qualname__"] = "Made"
    return decorator(**how)(type("Made", (), body))


def outcome(act: Callable[[], Any]) -> Any:
    try:
        return act()
    except (TypeError, AttributeError) as error:
        return type(error), str(error)


def state(item: Any) -> Any:
    return [outcome(partial(getattr, item, x.name)) for x in fields(item)]


def told(cls: Any, values: list[Any], others: list[Any]) -> list[Any]:
    """Return all that there is to see of a class and of two of its objects."""
    seen: list[Any] = [
        [(x.name, x.init, x.repr, x.compare, x.hash) for x in fields(cls)],
        cls.__match_args__,
        is_dataclass(cls),
        cls.__doc__,
        hasattr(cls, "__slots__"),
    ]
    one = outcome(lambda: cls(*values))
    if isinstance(one, tuple):
        return [*seen, one]
    two = cls(*values)
    seen += [state(one), one == two, one == 3, outcome(lambda: astuple(one))]
    other = outcome(lambda: cls(*others))
    seen.append(one == other)
    if cls.__eq__ is not object.__eq__:
        seen += [
            repr(one).partition(" at ")[0],
            outcome(lambda: hash(one) == hash(two)),
        ]
    seen.append(outcome(lambda: state(replace(one))))
    seen.append(outcome(lambda: state(copy.copy(one))))
    seen.append(outcome(lambda: setattr(one, "f0", 1)))
    seen.append(outcome(lambda: delattr(one, "f0")))
    seen.append(state(one))
    return seen


@given(
    shapes=st.lists(kinds, max_size=5),
    how=options,
    values=st.lists(st.integers(0, 2), max_size=5),
    others=st.lists(st.integers(0, 2), max_size=5),
)
def test_they_do_what_the_others_do(
    shapes: list[dict[str, Any]],
    how: dict[str, bool],
    values: list[int],
    others: list[int],
) -> None:
    expected = told(made(standard, shapes, how), [*values], [*others])
    assert told(made(ours, shapes, how), [*values], [*others]) == expected


def test_what_a_class_defines_itself_stays() -> None:
    class Own:
        a: int

        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 4

        def __repr__(self) -> str:
            return "own"

        def __post_init__(self) -> None:
            Own.seen = self.a  # type: ignore[attr-defined]

    own = ours(frozen=True, slots=True)(Own)
    assert (own(1) == 3, hash(own(1)), repr(own(1))) == (True, 4, "own")
    assert Own.seen == 1  # type: ignore[attr-defined]


def test_a_class_that_only_compares_has_the_hash_of_its_fields() -> None:
    def body() -> dict[str, Any]:
        return {
            "__annotations__": {"a": int},
            "__eq__": lambda _self, _other: True,
        }

    for decorator in (ours, standard):
        cls: Any = decorator(frozen=True)(type("C", (), body()))
        assert hash(cls(1)) == hash((1,))
        assert decorator()(type("C", (), body())).__hash__ is None


def test_an_object_in_itself_is_written_down() -> None:
    cls = ours(slots=True)(make_dataclass("C", ["a"], repr=False))
    one = cls(1)
    one.a = one
    assert repr(one) == "C(a=...)"


def test_objects_are_pickled_and_stay_frozen() -> None:
    span = Span("a", 1, 2)
    item = Finding("r", "t", Severity.LOW, Status.ERROR, "m", span=span)
    again = pickle.loads(pickle.dumps(item))  # noqa: S301  (our own)
    assert again == item
    assert hash(again) == hash(item)
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'title'"):
        again.title = "other"
    with pytest.raises(FrozenInstanceError, match="cannot delete field 'title'"):
        del again.title


def test_a_value_that_is_not_itself_is_equal_where_it_is_the_same() -> None:
    nan = float("nan")
    for decorator in (ours, standard):
        body = {"__annotations__": {"a": float}}
        cls: Any = decorator(frozen=True)(type("C", (), body))
        assert cls(nan) == cls(nan)
