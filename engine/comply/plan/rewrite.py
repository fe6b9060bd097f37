"""Steps with their atoms replaced."""

import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Final, TypeVar

from comply.plan import ir

Node = TypeVar("Node")

_ATOMS: Final = frozenset({ir.Local, ir.Const, ir.Input, ir.BaseData})
_PLAIN: Final = frozenset({int, str, bool, type(None)})


def map_atoms(node: Node, change: Callable[[ir.Atom], ir.Atom]) -> Node:
    """Return a step, or a tuple of steps, with `change` applied to each atom.

    Targets are atoms too: `change` has to give a local for a local that is assigned.
    """
    return _map(node, change)  # type: ignore[return-value]


def _map(node: object, change: Callable[[ir.Atom], ir.Atom]) -> object:
    kind: Any = type(node)
    if kind in _ATOMS:
        return change(node)  # type: ignore[arg-type]
    if kind is tuple:
        olds: Sequence[object] = node  # type: ignore[assignment]
    else:
        names = field_names(kind)
        olds = [getattr(node, name) for name in names]
    news = [_map(old, change) if type(old) not in _PLAIN else old for old in olds]
    if all(map(operator.is_, news, olds)):
        return node
    return tuple(news) if kind is tuple else kind(*news)


@cache
def field_names(kind: type[Any]) -> tuple[str, ...]:
    """Return the names of a class's fields, in the order in which it takes their values.

    There are none of a class that has no fields.
    """
    return tuple(f.name for f in fields(kind)) if is_dataclass(kind) else ()


def substitute(node: Node, mapping: dict[str, ir.Atom]) -> Node:
    """Return a step or steps with locals replaced by name."""

    def change(atom: ir.Atom) -> ir.Atom:
        if isinstance(atom, ir.Local):
            return mapping.get(atom.name, atom)
        return atom

    return map_atoms(node, change) if mapping else node


def freshened(
    clause: ir.Clause, names: Iterable[str], tag: str
) -> tuple[ir.Clause, dict[str, ir.Atom]]:
    """Return a clause whose locals `names` have names of their own, and how."""
    mapping: dict[str, ir.Atom] = {n: ir.Local(_tagged(n, tag)) for n in names}
    return substitute(clause, mapping), mapping


def _tagged(name: str, tag: str) -> str:
    return f"{name}.{tag}" if name[0] not in "%$" else f"{name}_{tag}"
