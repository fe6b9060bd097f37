"""Steps with their atoms replaced."""

from collections.abc import Callable, Iterable
from dataclasses import fields, replace
from typing import TypeVar

from comply.plan import ir

Node = TypeVar("Node")
_ATOMS = (ir.Local, ir.Const, ir.Input, ir.BaseData)


def map_atoms(node: Node, change: Callable[[ir.Atom], ir.Atom]) -> Node:
    """Return a step, or a tuple of steps, with `change` applied to each atom.

    Targets are atoms too: `change` has to give a local for a local that is assigned.
    """
    return _map(node, change)  # type: ignore[return-value]


def _map(node: object, change: Callable[[ir.Atom], ir.Atom]) -> object:
    if isinstance(node, ir.Const):
        return change(node)
    if isinstance(node, _ATOMS):
        return change(node)
    if isinstance(node, tuple):
        return tuple([_map(item, change) for item in node])
    if not hasattr(node, "__dataclass_fields__"):
        return node
    new = {}
    for field in fields(node):  # type: ignore[arg-type]
        old = getattr(node, field.name)
        made = _map(old, change)
        if made is not old:
            new[field.name] = made
    return replace(node, **new) if new else node  # type: ignore[type-var]


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
