"""HITS -> COVERAGE: which lines and rules of the policies the tests evaluated.

A line counts where something on it is evaluated: the head of a rule when the rule holds,
an expression when it is reached. The files of the tests themselves do not count.
"""

from collections import defaultdict
from collections.abc import Iterable

from comply.classes import dataclass, field
from comply.plan import ir
from comply.plan.probe import Point
from comply.testing.compiled import Compiled
from comply.testing.groups import is_test
from comply.testing.results import FileUse, LineUse, RuleUse
from comply.testing.rules import test_name


@dataclass(slots=True)
class Use:
    """What one group reached of one policy; rules by name and line."""

    file: str
    text: str
    lines: set[int] = field(default_factory=set)
    reached: set[int] = field(default_factory=set)
    rules: set[tuple[int, str]] = field(default_factory=set)
    held: set[tuple[int, str]] = field(default_factory=set)


def uses(compiled: Compiled, hits: set[int]) -> list[Use]:
    """Return what was reached of each policy of a group; nothing without probes."""
    if not compiled.points:
        return []
    found = {
        number: Use(module.source.name, module.source.text)
        for number, module in enumerate(compiled.modules)
        if not is_test(module.source)
        and not any(map(test_name, module.rules))
        and not module.source.name.startswith("<")
    }
    for number, point in enumerate(compiled.points):
        use = found.get(point.clause.source)
        if use is None or point.at < point.clause.at:
            continue
        row = compiled.modules[point.clause.source].source.row(point.at)
        _note(use, point, row, hit=number in hits)
    return list(found.values())


def _note(use: Use, point: Point, row: int, *, hit: bool) -> None:
    if point.kind == "yield":
        rule = (row, ".".join(point.rule.path[1:]))
        use.rules.add(rule)
        if hit:
            use.held.add(rule)
    elif point.kind == "enter" or isinstance(point.step, ir.EnterWith | ir.ExitWith):
        return
    use.lines.add(row)
    if hit:
        use.reached.add(row)


def merged(found: Iterable[Use]) -> tuple[FileUse, ...]:
    """Return one use a file: a line that any group reached is covered."""
    by_file: dict[str, list[Use]] = defaultdict(list)
    for use in found:
        by_file[use.file].append(use)
    return tuple(_merge(by_file[name]) for name in sorted(by_file))


def _merge(found: list[Use]) -> FileUse:
    reached = set[int]().union(*(use.reached for use in found))
    held = set[tuple[int, str]]().union(*(use.held for use in found))
    lines = set[int]().union(*(use.lines for use in found))
    rules = set[tuple[int, str]]().union(*(use.rules for use in found))
    return FileUse(
        found[0].file,
        found[0].text,
        tuple(LineUse(row, row in reached) for row in sorted(lines)),
        tuple(RuleUse(n, row, (row, n) in held) for row, n in sorted(rules)),
    )


def percentage(files: Iterable[FileUse]) -> float:
    """Return the covered share of all lines, 100 where there are none."""
    lines = [line.covered for file in files for line in file.lines]
    return 100 * sum(lines) / len(lines) if lines else 100.0
