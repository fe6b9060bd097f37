"""CLAUSE -> UNIT: the smallest piece of a check that is run again.

The outermost scan of a clause is its driver. What stands before it runs once, what
stands after it runs once for each element: that is the unit. A clause whose first loop
does not range over the input has no driver, and is a unit as a whole.
"""

from comply.classes import dataclass
from comply.plan import ir
from comply.plan.reads import assigned, captured

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unit:
    """A clause cut at its driver.

    `path` leads from the input to the collection that the driver ranges over. `before`
    are the steps ahead of it, `carried` the locals they hand to the steps `after`. With
    an index, the driver ranges over the elements whose value at `on` is `match` only.
    """

    clause: ir.Clause
    path: Path
    driver: ir.Scan | ir.ScanIndex
    before: ir.Steps
    carried: tuple[str, ...]
    after: ir.Steps


def cut(clause: ir.Clause) -> Unit | None:
    """Return a clause cut at its driver, or None where it has none."""
    for i, step in enumerate(clause.steps):
        match step:
            case ir.Scan(source=source):
                path = input_path(clause.steps[:i], source)
                if path is None:
                    return None
                return _unit(clause, step, i, path)
            case ir.ScanIndex(path=path, match=ir.Const()):
                return _unit(clause, step, i, path)
            case ir.ScanIndex() | ir.ScanRelation() | ir.EnterWith():
                return None
            case _:
                pass
    return None


def _unit(
    clause: ir.Clause, driver: ir.Scan | ir.ScanIndex, at: int, path: Path
) -> Unit:
    before, after = clause.steps[:at], clause.steps[at + 1 :]
    head = (ir.MakeArray(0, ir.Local("%head"), (*clause.keys, clause.value)),)
    needed = set(captured((*after, *head)))
    carried = tuple(sorted(needed & set(assigned(before))))
    return Unit(clause, path, driver, before, carried, after)


def input_path(steps: ir.Steps, source: ir.Atom) -> Path | None:
    """Return the path of strings that leads from the input to an atom, if one does."""
    made = {
        step.target.name: step
        for step in steps
        if isinstance(step, ir.Lookup | ir.Copy)
    }
    path: Path = ()
    while isinstance(source, ir.Local):
        step = made.get(source.name)
        if step is None:
            return None
        if isinstance(step, ir.Lookup):
            keys = [k.value for k in step.keys if isinstance(k, ir.Const)]
            if len(keys) != len(step.keys) or not all(isinstance(k, str) for k in keys):
                return None
            path = (*keys, *path)
        source = step.source
    return path if isinstance(source, ir.Input) else None
