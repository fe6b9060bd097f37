"""Which locals steps read and assign."""

from collections.abc import Iterable, Iterator
from typing import Final

from comply.plan import ir

_HOLDING: Final = (ir.Not, ir.Collect, ir.Every)
"""The steps that hold others."""


def assigned(steps: Iterable[ir.Step]) -> Iterator[str]:
    """Yield the names that steps assign for the steps after them."""
    for step in steps:
        match step:
            case ir.Scan(key=key, value=value):
                yield from (x.name for x in (key, value) if x is not None)
            case ir.ScanIndex(value=value):
                if value is not None:
                    yield value.name
            case (
                ir.Lookup(target=target)
                | ir.Maybe(target=target)
                | ir.Copy(target=target)
                | ir.MakeArray(target=target)
                | ir.MakeSet(target=target)
                | ir.MakeObject(target=target)
                | ir.Collect(target=target)
                | ir.CallRule(target=target)
                | ir.CallFunction(target=target)
                | ir.Extent(target=target)
                | ir.ScanRelation(target=target)
            ):
                yield target.name
            case ir.CallBuiltin(target=target):
                if target is not None:
                    yield target.name
            case _:
                pass


def atoms(step: ir.Step) -> tuple[ir.Atom, ...]:  # noqa: C901, PLR0911  (one case a step)
    """Return the atoms that a step itself reads, those of inner steps left out."""
    # A case is reached after all before it: the commonest steps come first.
    match step:
        case ir.Lookup(source=source, keys=keys) | ir.Maybe(source=source, keys=keys):
            return (source, *keys)
        case (
            ir.CallBuiltin(args=args)
            | ir.CallFunction(args=args)
            | ir.ScanRelation(args=args)
        ):
            return args
        case ir.Equal(left=left, right=right):
            return (left, right)
        case ir.CallRule() | ir.Not() | ir.Collect() | ir.Never() | ir.ExitWith():
            return ()
        case ir.Scan(source=source, match=match):
            return (source,) if match is None else (source, match)
        case ir.Copy(source=source) | ir.Every(source=source):
            return (source,)
        case ir.Holds(atom=atom) | ir.IsArray(atom=atom) | ir.IsObject(atom=atom):
            return (atom,)
        case ir.MakeArray(items=items) | ir.MakeSet(items=items):
            return items
        case ir.MakeObject(pairs=pairs):
            return tuple(x for pair in pairs for x in pair)
        case ir.ScanIndex(match=match):
            return (ir.Input(), match)
        case ir.Extent(keys=keys):
            return keys
        case ir.EnterWith(replacements=replacements):
            return tuple(r.value for r in replacements if r.value is not None)


def inner(step: ir.Step) -> ir.Steps:
    """Return the steps inside a step, if it holds any."""
    return step.body if isinstance(step, _HOLDING) else ()


def read(steps: Iterable[ir.Step]) -> Iterator[str]:
    """Yield the names that steps read, inner steps included."""
    for step in steps:
        for atom in atoms(step):
            if isinstance(atom, ir.Local):
                yield atom.name
        yield from read(inner(step))
        if isinstance(step, ir.Collect):
            ends = (step.key, step.value)
            yield from (end.name for end in ends if isinstance(end, ir.Local))


def all_assigned(steps: Iterable[ir.Step]) -> Iterator[str]:
    """Yield the names that steps assign anywhere, inner steps included."""
    for step in steps:
        yield from assigned((step,))
        yield from all_assigned(inner(step))
        if isinstance(step, ir.Every):
            yield from (x.name for x in (step.key, step.value) if x is not None)


def captured(steps: ir.Steps) -> list[str]:
    """Return, sorted, the names that steps read and do not assign themselves."""
    return sorted(set(read(steps)) - set(all_assigned(steps)))


def loops(steps: ir.Steps) -> bool:
    """Tell whether steps run more than once."""
    return any(
        isinstance(step, ir.Scan | ir.ScanIndex | ir.ScanRelation) for step in steps
    )


def every_step(steps: Iterable[ir.Step]) -> Iterator[ir.Step]:
    """Yield steps and those inside them."""
    for step in steps:
        yield step
        if isinstance(step, _HOLDING):
            yield from every_step(step.body)
