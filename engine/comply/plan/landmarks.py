"""STEPS -> LANDMARKS: objects on the way of several lookups, looked up once.

Rules of one world take the same ways: all that speak of containers pass the pod's
specification, half of them a container's `securityContext`. In a screen such an object is
a local, UNDEFINED where there is none, and what lies behind it is looked up from there.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from comply.classes import dataclass
from comply.plan import ir
from comply.plan.reads import every_step

Way = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Landmark:
    """The object at `keys` of `source`, which is what ways begin at or a landmark."""

    local: ir.Local
    source: ir.Atom
    keys: Way


@dataclass(frozen=True, slots=True)
class Landmarks:
    """The landmarks on the ways from `base`, each after the one it lies behind."""

    base: ir.Atom
    found: dict[Way, Landmark]


def landmarks(base: ir.Atom, bodies: Iterable[ir.Steps], tag: str) -> Landmarks:
    """Return what two or more lookups from `base` pass; `tag` makes names unique."""
    passed: Counter[Way] = Counter()
    for lookup in _lookups(
        base, (step for body in bodies for step in every_step(body))
    ):
        way = _way(lookup)
        passed.update(way[:n] for n in range(1, len(way)))
    made: dict[Way, Landmark] = {}
    for way in sorted(way for way, times in passed.items() if _matters(passed, way)):
        before = _last_before(made, way)
        source = made[before].local if before else base
        local = ir.Local(f"%{tag}{len(made)}")
        made[way] = Landmark(local, source, way[len(before) :])
    return Landmarks(base, made)


def _lookups(base: ir.Atom, steps: Iterable[ir.Step]) -> Iterator[ir.Lookup]:
    for step in steps:
        if isinstance(step, ir.Lookup) and step.source == base:
            yield step


def _way(lookup: ir.Lookup) -> Way:
    """Return the constant keys that a lookup begins with, as many as are strings."""
    way: list[str] = []
    for key in lookup.keys:
        if not isinstance(key, ir.Const) or type(key.value) is not str:
            break
        way.append(key.value)
    return tuple(way)


def _matters(passed: Counter[Way], way: Way) -> bool:
    """Tell whether ways part at an object, or end behind it."""
    times = passed[way]
    size = len(way) + 1
    return times > 1 and not any(
        n == times and len(other) == size and other[:-1] == way
        for other, n in passed.items()
    )


def _last_before(made: dict[Way, Landmark], way: Way) -> Way:
    return next((way[:n] for n in range(len(way) - 1, 0, -1) if way[:n] in made), ())


def by_landmarks(marks: Landmarks, steps: ir.Steps) -> ir.Steps:
    """Return steps whose lookups begin at the last landmark on their way."""
    return tuple([_by_landmarks(marks, step) for step in steps])


def _by_landmarks(marks: Landmarks, step: ir.Step) -> ir.Step:
    match step:
        case ir.Lookup(source=source) if source == marks.base:
            passed = _last_before(marks.found, _way(step))
            if not passed:
                return step
            local = marks.found[passed].local
            return replace(step, source=local, keys=step.keys[len(passed) :])
        case ir.Not(body=body) | ir.Collect(body=body) | ir.Every(body=body):
            return replace(step, body=by_landmarks(marks, body))
        case _:
            return step
