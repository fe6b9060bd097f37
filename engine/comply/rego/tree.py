"""FLAT RULES -> RULE TREE: which rules define which path."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from comply.classes import dataclass, field
from comply.rego.flat import FlatRule
from comply.rego.syntax import Scalar

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """All rules with one ground path. `kind` is that of `plan.ir.Rule`."""

    id: int
    path: Path
    kind: str
    rules: tuple[FlatRule, ...]
    default: FlatRule | None


@dataclass(slots=True)
class Node:
    """A step of the tree of virtual documents."""

    group: Group | None = None
    children: "dict[str, Node]" = field(default_factory=dict)


def group_rules(rules: Iterable[FlatRule]) -> tuple[Group, ...]:
    """Return the rules grouped by path."""
    by_path: dict[Path, list[FlatRule]] = {}
    for rule in _absorbed(tuple(rules)):
        by_path.setdefault(rule.path, []).append(rule)
    groups = []
    for number, (path, members) in enumerate(by_path.items()):
        defaults = [r for r in members if r.default]
        others = tuple(r for r in members if not r.default)
        default = defaults[0] if defaults else None
        groups.append(Group(number, path, _kind(members), others, default))
    return tuple(groups)


def _absorbed(rules: tuple[FlatRule, ...]) -> Iterator[FlatRule]:
    """Yield the rules, those under a path with open keys moved to that path.

    `p[x] := 1` and `p.a := 2` build one object, and may conflict.
    """
    opened = {r.path for r in rules if any(c.suffix for c in r.clauses)}
    for rule in rules:
        prefixes = (rule.path[:n] for n in range(2, len(rule.path)))
        home = next((p for p in prefixes if p in opened), None)
        if home is None or rule.function or rule.default:
            yield rule
            continue
        steps = tuple(Scalar(rule.at, step) for step in rule.path[len(home) :])
        clauses = tuple(replace(c, suffix=(*steps, *c.suffix)) for c in rule.clauses)
        yield replace(rule, path=home, clauses=clauses)


def _kind(members: list[FlatRule]) -> str:
    if any(rule.function for rule in members):
        return "function"
    clauses = [c for rule in members for c in rule.clauses]
    shapes = {(len(c.suffix), c.member) for c in clauses}
    if shapes == {(0, False)}:
        return "complete"
    if shapes == {(0, True)}:
        return "set"
    if shapes == {(1, False)}:
        return "object"
    return "tree"


def build_tree(groups: tuple[Group, ...]) -> Node:
    """Return the tree whose paths start at `data`."""
    root = Node()
    for group in groups:
        node = root
        for step in group.path[1:]:
            node = node.children.setdefault(step, Node())
        node.group = group
    return root


def walk_groups(node: Node) -> Iterator[Group]:
    """Yield the groups at and under a node."""
    if node.group is not None:
        yield node.group
    for child in node.children.values():
        yield from walk_groups(child)


def node_at(root: Node, path: tuple[str, ...]) -> Node | None:
    """Return the node at a path under `data`, None without one."""
    node: Node | None = root if path[0] == "data" else None
    for step in path[1:]:
        node = None if node is None else node.children.get(step)
    return node
