"""Graphs given as an object from each node to the array or set of its neighbours.

https://www.openpolicyagent.org/docs/policy-reference/builtins/graph
"""

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from comply.plan.builtins import operands
from comply.plan.builtins.failure import HaltError, operand_error
from comply.plan.values import Key, RegoSet, Value, freeze, ordered_items

Graph: TypeAlias = dict[Key, Value]

_MOST_PATHS: Final = 100_000


def walk(value: Value) -> Iterator[list[Value]]:
    """Yield [path, value] for `value` and everything nested in it, parents first.

    The path to a set's member ends in the member itself.

    >>> list(walk({"a": [1]}))
    [[[], {'a': [1]}], [['a'], [1]], [['a', 0], 1]]
    """
    pending: list[tuple[list[Value], Value]] = [([], value)]
    while pending:
        path, current = pending.pop()
        yield [path, current]
        below = [([*path, key], inner) for key, inner in _children(current)]
        pending += reversed(below)


def _children(value: Value) -> list[tuple[Value, Value]]:
    kind = type(value)
    if kind is dict:
        return ordered_items(value)
    if kind is list:
        return list(enumerate(value))
    if kind is RegoSet:
        return [(member, member) for member in value.ordered()]
    return []


def reachable(graph: Value, initial: Value) -> RegoSet:
    """Return the graph's nodes that can be reached from the initial ones.

    >>> reachable({"a": ["b"], "b": [], "c": []}, ["a"])
    RegoSet(['a', 'b'])
    """
    edges = operands.mapping(graph, 1)
    pending = list(_starts(initial))
    reached: dict[Key, Value] = {}
    while pending:
        node = pending.pop()
        key = freeze(node)
        if key in edges and key not in reached:
            reached[key] = node
            pending += _neighbours(edges[key])
    return RegoSet.of(reached)


def reachable_paths(graph: Value, initial: Value) -> RegoSet:
    """Return the paths from the initial nodes to where each ends or meets itself.

    A neighbour that the graph lacks ends the path before it.

    >>> reachable_paths({"a": ["b", "c"], "b": [], "c": ["a"]}, ["a"])
    RegoSet([['a', 'b'], ['a', 'c']])
    """
    edges = operands.mapping(graph, 1)
    paths: dict[Key, Value] = {}
    for root in _starts(initial):
        key = freeze(root)
        if key not in edges:
            continue
        neighbours = _neighbours(edges[key])
        if not neighbours:
            paths[(key,)] = [root]
        for neighbour in neighbours:
            _extend(edges, neighbour, [root], {key}, paths)
    return RegoSet.of(paths)


def _extend(
    edges: Graph,
    node: Value,
    path: list[Value],
    seen: set[Key],
    paths: dict[Key, Value],
) -> None:
    """Add to `paths` every continuation of `path` by `node`."""
    pending = [(node, path, seen)]
    while pending:
        if len(paths) > _MOST_PATHS:
            raise HaltError(f"more than {_MOST_PATHS} paths")
        current, before, passed = pending.pop()
        key = freeze(current)
        if key not in edges:
            paths[freeze(before)] = before
            continue
        here = [*before, current]
        passed.add(key)
        neighbours = _neighbours(edges[key])
        fresh = [n for n in neighbours if freeze(n) not in passed]
        if len(fresh) < len(neighbours) or not neighbours:
            paths[freeze(here)] = here
        pending += [(n, here, set(passed)) for n in fresh]


def _starts(value: Value) -> list[Value]:
    if type(value) is list:
        return value
    if type(value) is RegoSet:
        return value.ordered()
    raise operand_error(2, "{array, set}", value)


def _neighbours(value: Value) -> list[Value]:
    """Return a node's neighbours; what is no collection stands for none."""
    if type(value) is list:
        return value
    return value.ordered() if type(value) is RegoSet else []


BUILTINS: Final[dict[str, Callable[..., Value]]] = {
    "graph.reachable": reachable,
    "graph.reachable_paths": reachable_paths,
    "walk": walk,
}
