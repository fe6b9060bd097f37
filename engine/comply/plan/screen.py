"""ENTRIES -> SCREEN: one look at a document on behalf of many rules.

Of the rules that concern a manifest nearly all find nothing in it. A screen tells which
may find something, in one pass in which rules that range over the same containers share
the loop. It never misses one; the rules it names run as they always do.
"""

from dataclasses import dataclass, replace

from comply.plan import ir
from comply.plan.merge import Group, merge
from comply.plan.reads import every_step

FEWEST = 8
"""How many entry rules make a screen worth its code."""

_NOTHING = ir.Const(None)


@dataclass(frozen=True, slots=True)
class Glance:
    """Clauses of entry rules that share a loop, and the unit of each of its tails.

    Units have the numbers of the chains of entry rules, one rule after the other.
    """

    group: Group
    units: tuple[int, ...]


def glances(plan: ir.Plan) -> tuple[Glance, ...]:
    """Return what a screen of a plan looks at, nothing where there is no screen."""
    entries = [rule for rule in plan.rules if rule.id in plan.entries]
    if len(entries) < FEWEST or not all(map(_can_screen, entries)):
        return ()
    chains = [chain for rule in entries for chain in rule.chains]
    clauses = [
        # Which file a clause is from does not matter: what fails here is run again.
        (unit, replace(clause, steps=_asking(clause), source=0, value=_NOTHING))
        for unit, chain in enumerate(chains)
        for clause in chain
    ]
    found = merge(dict(enumerate(clause for _, clause in clauses)))
    return tuple(Glance(g, tuple(clauses[i][0] for i in g.clauses)) for g in found)


def _can_screen(rule: ir.Rule) -> bool:
    return rule.kind == "set" and not any(
        isinstance(step, ir.EnterWith)
        for chain in rule.chains
        for clause in chain
        for step in every_step(clause.steps)
    )


def _asking(clause: ir.Clause) -> ir.Steps:
    """Return the steps of a clause without the last ones, which make what it yields."""
    end = len(clause.steps)
    while end and _makes(clause.steps[end - 1]):
        end -= 1
    return clause.steps[:end]


def _makes(step: ir.Step) -> bool:
    """Tell whether a step at the end of a clause hardly ever decides whether it holds."""
    match step:
        case ir.CallBuiltin(target=target):
            return target is not None
        case ir.Copy() | ir.MakeArray() | ir.MakeObject() | ir.MakeSet():
            return True
        case _:
            return False
