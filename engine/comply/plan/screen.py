"""ENTRIES -> SCREEN: one pass over a document on behalf of many rules.

Of the rules that concern a manifest nearly all find nothing in it. In a screen rules that
range over the same containers share the loop.
"""

from collections.abc import Iterator
from dataclasses import replace

from comply.classes import dataclass
from comply.plan import ir
from comply.plan.landmarks import Landmarks, by_landmarks, landmarks
from comply.plan.merge import Group, merge, step_text
from comply.plan.reads import all_assigned, every_step
from comply.plan.rewrite import substitute
from comply.plan.units import cut

FEWEST = 8
"""How many entry rules make a screen worth its code."""


@dataclass(frozen=True, slots=True)
class Look:
    """What one clause does at the end of what it shares.

    `unit` is its number among the chains of all entry rules, one rule after the other.
    `key` and `element` are the locals that hold what it ranges over, if it does.
    """

    unit: int
    key: ir.Local | None
    element: ir.Local | None


@dataclass(frozen=True, slots=True)
class Glance:
    """Clauses of entry rules that share a loop, and what each of its tails does.

    `marks` are landmarks in what the loop ranges over.
    """

    group: Group
    looks: tuple[Look, ...]
    marks: Landmarks | None


@dataclass(frozen=True, slots=True)
class Screen:
    """What a screen looks at, and the landmarks of the input on its way."""

    marks: Landmarks
    glances: tuple[Glance, ...]


def screen_of(plan: ir.Plan) -> Screen:
    """Return the screen of a plan, one without glances if it is not worth having."""
    groups = _groups(plan)
    marks = landmarks(ir.Input(), (s for g in groups for s in _bodies(g)), "i")
    made = (_glance(group, marks, i) for i, group in enumerate(groups))
    return Screen(marks, tuple(made))


def _bodies(group: Group) -> Iterator[ir.Steps]:
    yield group.prefix
    yield from (tail.steps for tail in group.tails)


def _glance(group: Group, marks: Landmarks, number: int) -> Glance:
    looks = tuple(_looks(group))
    group = _by_landmarks(group, marks)
    loop = group.prefix[-1] if group.prefix else None
    element = loop.value if isinstance(loop, ir.Scan | ir.ScanIndex) else None
    if element is None:
        return Glance(group, looks, None)
    tails = (tail.steps for tail in group.tails)
    inside = landmarks(element, tails, f"e{number}_")
    return Glance(_by_landmarks(group, inside), looks, inside)


def _by_landmarks(group: Group, marks: Landmarks) -> Group:
    tails = [replace(t, steps=by_landmarks(marks, t.steps)) for t in group.tails]
    return replace(group, prefix=by_landmarks(marks, group.prefix), tails=tuple(tails))


def _groups(plan: ir.Plan) -> tuple[Group, ...]:
    """Return the groups of clauses that a screen looks at together."""
    entries = [rule for rule in plan.rules if rule.id in plan.entries]
    if len(entries) < FEWEST or not all(map(_can_screen, entries)):
        return ()
    clauses = [_unindexed(chain[0]) for rule in entries for chain in rule.chains]
    alike: dict[str, dict[int, ir.Clause]] = {}
    for i, clause in enumerate(clauses):
        # Which file it is from does not matter: if one fails, all are run one by one.
        alike.setdefault(_begin(clause) or str(i), {})[i] = replace(clause, source=0)
    return tuple(group for together in alike.values() for group in merge(together))


def _unindexed(clause: ir.Clause) -> ir.Clause:
    """Return a clause that compares the elements of a list itself.

    An index that one document is asked once or twice is not worth making, and clauses
    that ask different ones cannot share a loop.
    """
    steps: list[ir.Step] = []
    for step in clause.steps:
        match step:
            case ir.ScanIndex(match=ir.Const(), on=(_, *_)):
                steps += _compared(step, steps)
            case _:
                steps.append(step)
    return replace(clause, steps=tuple(steps))


def _compared(step: ir.ScanIndex, before: list[ir.Step]) -> ir.Steps:
    """Return a loop over what an index is of, and the comparison."""
    at, number = step.at, len(before)
    listed, value = ir.Local(f"%u{number}"), ir.Local(f"%v{number}")
    element = step.value or ir.Local(f"%w{number}")
    path = tuple(map(ir.Const, step.path))
    on = tuple(map(ir.Const, step.on))
    lookup = ir.Lookup(at, listed, ir.Input(), path)
    known = (x for x in before if isinstance(x, ir.Lookup))
    same = next((x for x in known if replace(x, at=at, target=listed) == lookup), None)
    return (
        *((lookup,) if same is None else ()),
        ir.Scan(at, None, element, same.target if same else listed, ordered=False),
        ir.Lookup(at, value, element, on),
        ir.Equal(at, value, step.match),
    )


def _begin(clause: ir.Clause) -> str:
    """Return what a clause does up to its first loop as text, "" if it has none."""
    for i, step in enumerate(clause.steps, 1):
        if isinstance(step, ir.Scan | ir.ScanIndex | ir.ScanRelation):
            steps = clause.steps[:i]
            order = {
                name: ir.Local(f"%{n}") for n, name in enumerate(all_assigned(steps))
            }
            return step_text(tuple(substitute(s, dict(order)) for s in steps))
    return ""


def _can_screen(rule: ir.Rule) -> bool:
    return rule.kind == "set" and all(
        len(chain) == 1
        and not any(isinstance(s, ir.EnterWith) for s in every_step(chain[0].steps))
        for chain in rule.chains
    )


def _looks(group: Group) -> Iterator[Look]:
    for unit, tail in zip(group.clauses, group.tails, strict=True):
        made = cut(replace(tail, steps=(*group.prefix, *tail.steps)))
        driver = made.driver if made is not None else None
        key = driver.key if isinstance(driver, ir.Scan) else None
        yield Look(unit, key, driver.value if driver is not None else None)
