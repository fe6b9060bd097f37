"""Rules that depend on themselves."""

from comply.plan import ir
from comply.rego.errors import RegoError
from comply.rego.resolution import named_place
from comply.source import Source

Calls = dict[int, dict[int, int]]


def check_recursion(
    rules: tuple[ir.Rule, ...], calls: Calls, sources: tuple[Source, ...]
) -> tuple[list[RegoError], set[int]]:
    """Return an error for each cycle of rules, and the ids of the rules on one.

    `calls` maps the id of a rule to the ids of those it reads.
    """
    by_id = {rule.id: rule for rule in rules}
    errors: list[RegoError] = []
    blamed: set[int] = set()
    for rule in rules:
        if rule.id in blamed:
            continue
        cycle = _cycle(rule.id, calls)
        if cycle:
            blamed.update(cycle)
            names = " -> ".join(".".join(by_id[i].path) for i in [*cycle, cycle[0]])
            clause = rule.chains[0][0] if rule.chains else rule.default
            span = named_place(sources[clause.source], clause.at) if clause else None
            message = f"rule {'.'.join(rule.path)} is recursive: {names}"
            hint = (
                "Rego has no recursion: walk() or graph.reachable may do what you need"
            )
            errors.append(RegoError("rego_recursion_error", message, span, hint))
    return errors, blamed


def _cycle(start: int, calls: Calls) -> list[int]:
    """Return the shortest path from `start` back to itself, or nothing."""
    came: dict[int, int] = {}
    queue = [start]
    for node in queue:
        for target in calls.get(node, ()):
            if target == start:
                path = [node]
                while path[-1] != start:
                    path.append(came[path[-1]])
                return path[::-1]
            if target not in came:
                came[target] = node
                queue.append(target)
    return []
