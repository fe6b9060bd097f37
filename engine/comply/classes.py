"""`dataclass` of the standard library, of which a class takes a third of the time to make.

Much of start-up was making classes: a hundred of them for a check, whose bound is 250 ms.
With them a check of a new plan of 200 resources took 289 ms, with these 211. The standard
library compiles six functions for a frozen class. Here it is one, `__init__`; the others
are closures over the names of fields. What a class does is the same, and so are its
fields, `replace` and `match`. https://docs.python.org/3/library/dataclasses.html
"""

import dataclasses as standard
from collections.abc import Callable
from dataclasses import MISSING, Field, FrozenInstanceError, field, fields
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, NoReturn

__all__ = ["dataclass", "field"]

_Method = Callable[..., Any]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(
        *,
        frozen: bool = False,
        slots: bool = False,
        eq: bool = True,
        repr: bool = True,  # noqa: A002  (the name there)
    ) -> Callable[[type], type]:
        """Return what makes a class of fields, as in the standard library."""

        def make(cls: type) -> type:
            return _made(cls, (frozen, slots, eq, repr))

        return make


def _made(cls: Any, options: tuple[bool, bool, bool, bool]) -> Any:  # noqa: ANN401
    frozen, slots, eq, shown = options
    own = vars(cls)
    # A class that defines __eq__ alone has a __hash__ of None, which nobody wrote.
    hashed = own.get("__hash__") is not None
    if cls.__doc__ is None:
        # The standard library would write out a signature.
        cls.__doc__ = cls.__name__
    reads = standard.dataclass(init=False, repr=False, eq=False, slots=slots)
    made: Any = reads(cls)
    made.__dataclass_params__.frozen = frozen
    methods = {"__init__": _init(made, frozen=frozen)}
    if shown:
        methods["__repr__"] = _repr(made)
    if eq:
        methods["__eq__"] = _eq(made)
    if frozen:
        methods |= {"__setattr__": _refuse_to_set, "__delattr__": _refuse_to_delete}
    if frozen and slots:
        methods |= {"__getstate__": _getstate, "__setstate__": _setstate}
    for name, method in methods.items():
        if name not in own:
            setattr(made, name, method)
    if eq and not hashed:
        made.__hash__ = _hash(made) if frozen else None
    return made


def _init(made: Any, *, frozen: bool) -> _Method:  # noqa: ANN401
    """Return the function that takes the values of fields."""
    known: dict[str, Any] = {"_set": object.__setattr__, "_MISSING": MISSING}
    heads: list[str] = ["self"]
    body: list[str] = []
    for item in fields(made):
        value = _value(item, known)
        if item.init:
            heads.append(_head(item, known))
        if value:
            name = item.name
            body.append(
                f"_set(self, {name!r}, {value})" if frozen else f"self.{name} = {value}"
            )
    if hasattr(made, "__post_init__"):
        body.append("self.__post_init__()")
    lines = "\n ".join(body or ["pass"])
    # The names of fields are those of our own classes.
    exec(f"def __init__({', '.join(heads)}):\n {lines}", known)  # noqa: S102
    init: _Method = known["__init__"]
    init.__qualname__ = f"{made.__qualname__}.__init__"
    return init


def _head(item: Field[Any], known: dict[str, Any]) -> str:
    """Return a parameter; its default is put where the function finds it."""
    name = item.name
    if item.default is not MISSING:
        known[f"_default_{name}"] = item.default
        return f"{name}=_default_{name}"
    return name if item.default_factory is MISSING else f"{name}=_MISSING"


def _value(item: Field[Any], known: dict[str, Any]) -> str:
    """Return what a field is set to, "" for one that is left as it is."""
    name = item.name
    if item.default_factory is not MISSING:
        known[f"_make_{name}"] = item.default_factory
        fresh = f"_make_{name}()"
        return f"{fresh} if {name} is _MISSING else {name}" if item.init else fresh
    if not item.init and item.default is not MISSING:
        known[f"_default_{name}"] = item.default
        return f"_default_{name}"
    return name if item.init else ""


def _getter(names: list[str]) -> _Method:
    """Return what gives the values of some fields as a tuple."""
    if len(names) > 1:
        return attrgetter(*names)
    # One value is no tuple: two that are the same object are equal only in tuples.
    return lambda item: tuple([getattr(item, name) for name in names])


def _eq(made: Any) -> _Method:  # noqa: ANN401
    values = _getter([item.name for item in fields(made) if item.compare])

    def __eq__(self: Any, other: Any) -> Any:  # noqa: ANN401, N807
        if other.__class__ is self.__class__:
            return values(self) == values(other)
        return NotImplemented

    return __eq__


def _hash(made: Any) -> _Method:  # noqa: ANN401
    values = _getter(
        [x.name for x in fields(made) if (x.compare if x.hash is None else x.hash)]
    )

    def __hash__(self: Any) -> int:  # noqa: ANN401, N807
        return hash(values(self))

    return __hash__


def _repr(made: Any) -> _Method:  # noqa: ANN401
    names = [item.name for item in fields(made) if item.repr]

    @recursive_repr("...")
    def __repr__(self: Any) -> str:  # noqa: ANN401, N807
        parts = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{self.__class__.__qualname__}({parts})"

    return __repr__


def _refuse_to_set(_self: object, name: str, _value: object) -> NoReturn:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(_self: object, name: str) -> NoReturn:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _getstate(self: Any) -> list[Any]:  # noqa: ANN401
    return [getattr(self, item.name) for item in fields(self)]


def _setstate(self: Any, state: list[Any]) -> None:  # noqa: ANN401
    for item, value in zip(fields(self), state, strict=True):
        object.__setattr__(self, item.name, value)
