"""GROUPS OF RULES -> TYPE ERRORS: each rule after those it reads."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from comply.rego import flat as f
from comply.rego.errors import RegoError
from comply.rego.tree import Group, Node
from comply.rego.types.complaints import Complaints
from comply.rego.types.environment import Environment
from comply.rego.types.infer import Checking, check_body, infer_group
from comply.rego.types.lattice import Maybe
from comply.source import Source

Ordered = dict[int, list[f.FlatLiteral]]
Calls = Mapping[int, Iterable[int]]
Types = dict[int, Maybe]


def check_types(
    groups: Sequence[Group],
    root: Node,
    calls: Calls,
    ordered: Ordered,
    sources: tuple[Source, ...],
) -> Checking:
    """Return what the rules' types are, and the errors they hold.

    `calls` maps the id of a group to those it reads, `ordered` the identity of a body
    to its literals in the order in which they run.
    """
    checking = Checking(Environment(root), Complaints(sources), ordered)
    for group in by_dependency(groups, calls):
        infer_group(checking, group)
    return checking


def check_query(
    types: Types,
    root: Node,
    body: f.FlatBody,
    ordered: Ordered,
    sources: tuple[Source, ...],
) -> list[RegoError]:
    """Return the type errors of a query, whose text is the last of `sources`."""
    errors = Complaints(sources, source=len(sources) - 1)
    check_body(Checking(Environment(root, dict(types)), errors, ordered), body)
    return errors.found


def by_dependency(groups: Sequence[Group], calls: Calls) -> Iterator[Group]:
    """Yield each group after those it reads; of a cycle, in any order."""
    by_id = {group.id: group for group in groups}
    seen: set[int] = set()
    for group in groups:
        stack = [] if group.id in seen else [(group.id, iter(calls.get(group.id, ())))]
        seen.add(group.id)
        while stack:
            number, waiting = stack[-1]
            unseen = (i for i in waiting if i not in seen and i in by_id)
            following = next(unseen, None)
            if following is None:
                stack.pop()
                yield by_id[number]
                continue
            seen.add(following)
            stack.append((following, iter(calls.get(following, ()))))
