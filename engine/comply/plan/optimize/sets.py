"""Scanning a partial set becomes scanning what its clauses scan.

A rule that builds a set does not care how often it meets a member, so `some x in xs`
over a set rule `xs` becomes one clause for each clause of `xs`. The set between is never
built, and what it was made from becomes the driver.
"""

from dataclasses import replace

from comply.plan import ir
from comply.plan.optimize.clauses import replaceable, replaced_paths
from comply.plan.reads import all_assigned, every_step, read
from comply.plan.rewrite import freshened

MOST_CLAUSES = 24


def scan_through_sets(plan: ir.Plan) -> ir.Plan:
    """Write out set rules where another set rule scans them."""
    paths = replaced_paths(plan)
    sets = {
        rule.id: tuple(chain[0] for chain in rule.chains)
        for rule in plan.rules
        if rule.kind == "set"
        and not replaceable(rule, paths)
        and all(len(chain) == 1 for chain in rule.chains)
        and not any(_has_with(chain[0].steps) for chain in rule.chains)
    }
    rules = []
    for rule in plan.rules:
        if rule.kind != "set":
            rules.append(rule)
            continue
        chains: list[tuple[ir.Clause, ...]] = []
        for chain in rule.chains:
            chains += (
                [(c,) for c in _expanded(chain[0], sets)]
                if len(chain) == 1
                else [chain]
            )
        fits = len(chains) <= max(MOST_CLAUSES, len(rule.chains))
        rules.append(replace(rule, chains=tuple(chains)) if fits else rule)
    return replace(plan, rules=tuple(rules))


def _has_with(steps: ir.Steps) -> bool:
    return any(isinstance(step, ir.EnterWith) for step in every_step(steps))


def _expanded(
    clause: ir.Clause, sets: dict[int, tuple[ir.Clause, ...]], depth: int = 0
) -> list[ir.Clause]:
    """Return the clauses that a clause becomes; itself if it scans no set rule."""
    steps = clause.steps
    sources = {
        step.target.name: step.rule
        for step in steps
        if isinstance(step, ir.CallRule) and step.rule in sets
    }
    for i, step in enumerate(steps):
        if isinstance(step, ir.EnterWith):
            break
        if (
            isinstance(step, ir.Scan)
            and isinstance(step.source, ir.Local)
            and step.source.name in sources
            and depth < 4
        ):
            inner = sets[sources[step.source.name]]
            made = [_joined(clause, i, step, c, n) for n, c in enumerate(inner)]
            return [c for m in made for c in _expanded(m, sets, depth + 1)]
    return [clause]


def _joined(
    clause: ir.Clause, at: int, scan: ir.Scan, inner: ir.Clause, number: int
) -> ir.Clause:
    """Return `clause` with the scan at a step replaced by the steps of `inner`."""
    taken = set(all_assigned(clause.steps))
    own = set(all_assigned(inner.steps))
    tag = f"s{number}"
    while {f"{n}.{tag}" for n in own} & taken or {f"{n}_{tag}" for n in own} & taken:
        tag += "s"
    fresh, _ = freshened(inner, own, tag)
    steps: list[ir.Step] = [
        s for s in clause.steps[:at] if not _calls_for(s, scan.source, clause, at)
    ]
    steps += fresh.steps
    for target in (scan.key, scan.value):
        if target is not None:
            steps.append(ir.Copy(scan.at, target, fresh.value))
    return replace(clause, steps=(*steps, *clause.steps[at + 1 :]))


def _calls_for(step: ir.Step, source: ir.Atom, clause: ir.Clause, at: int) -> bool:
    """Tell whether a step only fetches the set that is no longer needed."""
    if not isinstance(step, ir.CallRule) or step.target != source:
        return False
    return step.target.name not in set(read(clause.steps[at + 1 :]))
