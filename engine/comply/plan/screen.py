"""ENTRIES -> SCREEN: one pass over a document on behalf of many rules.

Of the rules that concern a manifest nearly all find nothing in it. In a screen rules that
range over the same containers share the loop.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from comply.plan import ir
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
    """Clauses of entry rules that share a loop, and what each of its tails does."""

    group: Group
    looks: tuple[Look, ...]


def glances(plan: ir.Plan) -> tuple[Glance, ...]:
    """Return what a screen of a plan looks at, nothing where there is no screen."""
    entries = [rule for rule in plan.rules if rule.id in plan.entries]
    if len(entries) < FEWEST or not all(map(_can_screen, entries)):
        return ()
    clauses = [chain[0] for rule in entries for chain in rule.chains]
    alike: dict[str, dict[int, ir.Clause]] = {}
    for i, clause in enumerate(clauses):
        # Which file it is from does not matter: if one fails, all are run one by one.
        alike.setdefault(_begin(clause) or str(i), {})[i] = replace(clause, source=0)
    found = (group for together in alike.values() for group in merge(together))
    return tuple(Glance(group, tuple(_looks(group))) for group in found)


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
