"""STEPS -> RUN: tests that ask nothing but one value, whose answers can be remembered.

Of 50,000 resources few types differ: `split(resource.type, "_")[0] in excluded` need be
worked out once for each type.
"""

from itertools import takewhile

from comply.plan import ir
from comply.plan.builtins.signatures import CONTEXTUAL, NONDETERMINISTIC, SIGNATURES
from comply.plan.reads import assigned, atoms, captured, every_step, read

# Looking an answer up costs about what a plain test of a text does; these cost more.
_WORTH = frozenset(
    {
        "lower",
        "re_match",
        "replace",
        "semver.compare",
        "split",
        "sprintf",
        "strings.replace_n",
        "upper",
    }
)
_WORTH_FAMILIES = frozenset(
    {"regex", "globs", "json_text", "yaml_text", "cidr", "encoding", "urls", "units"}
)

# How many steps a run may have: who writes longer ones does not wait for this.
_LONGEST = 16


def remembered(
    steps: ir.Steps, start: int, needs: tuple[ir.Atom, ...]
) -> tuple[int, ir.Local] | None:
    """Return where a run of tests that begins at `start` ends, and the value it asks.

    Every step of the run follows from that value and constants, at least one costs more
    than looking its answer up, and nothing after the run, nor `needs`, reads what it
    assigns. None where there is no such run.
    """
    first = steps[start]
    if not isinstance(first, ir.CallBuiltin | ir.MakeArray) or not _pure(first):
        return None
    near = steps[start : start + _LONGEST]
    # Most steps cost little, and to ask that costs least.
    if not any(map(_worth, every_step(near))):
        return None
    end = start + len(tuple(takewhile(_pure, near)))
    while any(map(_worth, every_step(steps[start:end]))):
        run = steps[start:end]
        asked = captured(run)
        if len(asked) == 1 and not _kept(run, steps[end:], needs):
            return end, ir.Local(asked[0])
        end -= 1
    return None


def _kept(run: ir.Steps, rest: ir.Steps, needs: tuple[ir.Atom, ...]) -> bool:
    """Tell whether what a run assigns is read later."""
    later = {*read(rest), *(a.name for a in needs if isinstance(a, ir.Local))}
    return not later.isdisjoint(assigned(run))


def _pure(step: ir.Step) -> bool:
    """Tell whether a step follows from locals and constants alone."""
    match step:
        case ir.CallBuiltin(name=name):
            alone = name not in CONTEXTUAL and name not in NONDETERMINISTIC
        case (
            ir.Lookup()
            | ir.Equal()
            | ir.Holds()
            | ir.Copy()
            | ir.IsArray()
            | ir.MakeArray()
        ):
            alone = True
        case ir.Not(body=body):
            alone = all(map(_pure, body))
        case _:
            return False
    return alone and not any(
        isinstance(atom, ir.Input | ir.BaseData) for atom in atoms(step)
    )


def _worth(step: ir.Step) -> bool:
    return isinstance(step, ir.CallBuiltin) and (
        step.name in _WORTH or SIGNATURES[step.name][0] in _WORTH_FAMILIES
    )
