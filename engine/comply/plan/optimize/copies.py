"""Copies of locals and constants are read where they came from."""

from dataclasses import replace
from typing import TypeGuard

from comply.plan import ir
from comply.plan.optimize.clauses import map_clauses
from comply.plan.reads import every_step
from comply.plan.rewrite import substitute


def propagate_copies(plan: ir.Plan) -> ir.Plan:
    """Drop `y = x` and read x instead of y; a name of the author's wins over ours."""
    return map_clauses(plan, _without_copies)


def _without_copies(clause: ir.Clause) -> ir.Clause:
    mapping: dict[str, ir.Atom] = {}
    for step in every_step(clause.steps):
        if _is_copy(step):
            mapping[step.target.name] = step.source
    if not mapping:
        return clause
    resolved = {name: _end(atom, mapping) for name, atom in mapping.items()}
    named = _preferred(resolved)
    resolved = {
        name: named.get(atom.name, atom) if isinstance(atom, ir.Local) else atom
        for name, atom in resolved.items()
    }
    resolved.update({old: new for old, new in named.items() if old not in resolved})
    swept = replace(clause, steps=_swept(clause.steps))
    return substitute(swept, {n: a for n, a in resolved.items() if a != ir.Local(n)})


def _end(atom: ir.Atom, mapping: dict[str, ir.Atom]) -> ir.Atom:
    while isinstance(atom, ir.Local) and atom.name in mapping:
        atom = mapping[atom.name]
    return atom


def _preferred(resolved: dict[str, ir.Atom]) -> dict[str, ir.Atom]:
    """Return, for temporaries that an author named by a copy, the author's name."""
    named: dict[str, ir.Atom] = {}
    for name, atom in resolved.items():
        if isinstance(atom, ir.Local) and atom.name[0] == "%" and name[0] not in "%$":
            named.setdefault(atom.name, ir.Local(name))
    return named


def _swept(steps: ir.Steps) -> ir.Steps:
    """Return steps without the copies that nothing reads any more."""
    kept: list[ir.Step] = []
    for step in steps:
        if isinstance(step, ir.Not | ir.Collect | ir.Every):
            kept.append(replace(step, body=_swept(step.body)))
        elif not _is_copy(step):
            kept.append(step)
    return tuple(kept)


def _is_copy(step: ir.Step) -> TypeGuard[ir.Copy]:
    return isinstance(step, ir.Copy) and isinstance(step.source, ir.Local | ir.Const)
