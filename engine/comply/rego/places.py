"""OFFSETS -> SPANS: the expression of a rule's body that holds a place."""

from bisect import bisect_right

from comply.rego.syntax import Module, Rule
from comply.source import Span


def expression_span(module: Module, clause_at: int, at: int) -> Span:
    """Return the place of the expression that holds `at`, in the clause at `clause_at`.

    Of an expression over several lines it is the line of `at`.
    """
    start, end = _bounds(module, clause_at, at)
    source = module.source
    if source.row(start) < source.row(at):
        start = at
    return source.span(start, _width(module, start, end))


def rule_at(module: Module, at: int) -> Rule:
    """Return the rule, or the `else` of one, that begins at an offset.

    Raises:
        LookupError: if none does.
    """
    for rule in module.rules:
        part: Rule | None = rule
        while part is not None:
            if part.at == at:
                return part
            part = part.otherwise
    raise LookupError(at)


def _bounds(module: Module, clause_at: int, at: int) -> tuple[int, int]:
    """Return where the expression that holds `at` begins and the next one, or the end.

    What belongs to no expression, as a head's value, is its own beginning.
    """
    rule = rule_at(module, clause_at)
    end = rule.otherwise.at if rule.otherwise is not None else rule.end
    starts = [literal.at for literal in rule.body]
    number = bisect_right(starts, at) - 1
    if number < 0:
        return at, starts[0] if starts else end
    return starts[number], starts[number + 1] if number + 1 < len(starts) else end


def _width(module: Module, start: int, end: int) -> int:
    """Return how much of a line to mark from `start`: no comment, no closing brace."""
    text = module.source.text[start:end].split("\n", 1)[0]
    comments = [c.at - start for c in module.comments if 0 < c.at - start < len(text)]
    text = text[: min(comments, default=len(text))].rstrip(" \t\r;")
    while text.endswith("}") and text.count("}") > text.count("{"):
        text = text[:-1].rstrip()
    return max(1, len(text))
