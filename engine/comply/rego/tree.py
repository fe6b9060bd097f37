"""FLAT RULES -> RULE TREE: which rules define which path, and what that forbids."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from comply.rego.errors import Code, RegoError
from comply.rego.flat import FlatClause, FlatRule
from comply.rego.syntax import Scalar
from comply.source import Source

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


def group_rules(
    rules: Iterable[FlatRule], sources: tuple[Source, ...], errors: list[RegoError]
) -> tuple[Group, ...]:
    """Return the rules grouped by path; conflicts go to `errors`."""
    by_path: dict[Path, list[FlatRule]] = {}
    written = tuple(rules)
    _check_members(written, sources, errors)
    for rule in _absorbed(written):
        by_path.setdefault(rule.path, []).append(rule)
    groups = []
    for number, (path, members) in enumerate(by_path.items()):
        defaults = [r for r in members if r.default]
        others = tuple(r for r in members if not r.default)
        _check_group(path, members, defaults, sources, errors)
        kind = _kind(members)
        default = defaults[0] if defaults else None
        groups.append(Group(number, path, kind, others, default))
    return tuple(groups)


def _check_members(
    rules: tuple[FlatRule, ...], sources: tuple[Source, ...], errors: list[RegoError]
) -> None:
    """Refuse sets and values under the same path with open keys."""
    kinds: dict[Path, bool] = {}
    for rule in rules:
        clause = rule.clauses[0]
        if (
            clause.suffix
            and kinds.setdefault(rule.path, clause.member) != clause.member
        ):
            span = sources[rule.source].span(rule.at)
            name = ".".join(rule.path)
            text = f"conflicting rules {name} found"
            hint = "one builds sets (`contains`), another single values"
            errors.append(RegoError("rego_type_error", text, span, hint))


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


def _check_group(
    path: Path,
    members: list[FlatRule],
    defaults: list[FlatRule],
    sources: tuple[Source, ...],
    errors: list[RegoError],
) -> None:
    name = ".".join(path)

    def fail(message: str, rule: FlatRule, code: Code = "rego_type_error") -> None:
        span = sources[rule.source].span(rule.at)
        errors.append(RegoError(code, message, span))

    if len(defaults) > 1:
        fail(f"multiple default rules {name} found", defaults[1])
    functions = [rule for rule in members if rule.function]
    if functions and len(functions) != len(members):
        odd = next(rule for rule in members if not rule.function)
        fail(f"conflicting rules {name} found", odd)
        return
    arities = {len(rule.clauses[0].args) for rule in functions}
    if len(arities) > 1:
        fail(f"conflicting rules {name} found", functions[-1])
    shapes = {_shape(rule.clauses[0]) for rule in members}
    if len(shapes) > 1 and not shapes <= {"keyed", "tree"}:
        first = _shape(members[0].clauses[0])
        odd = next(rule for rule in members if _shape(rule.clauses[0]) != first)
        fail(f"conflicting rules {name} found", odd)


def _shape(clause: FlatClause) -> str:
    if not clause.suffix:
        return "member" if clause.member else "complete"
    return "keyed"


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
