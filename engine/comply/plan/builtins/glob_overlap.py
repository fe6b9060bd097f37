"""Do two patterns have a text in common? `regex.globs_match`.

The patterns are those of https://github.com/yashtewari/glob-intersection: characters,
`.` for any, `[a-z]` for a set, each with a `*` or a `+` after it, and backslash. The
answer comes from walking both patterns at once, in time proportional to the product of
their lengths.
"""

from functools import lru_cache
from typing import Final, TypeAlias

from comply.classes import dataclass
from comply.plan.builtins.failure import BuiltinError

Ranges: TypeAlias = tuple[tuple[str, str], ...]

_ANY: Final[Ranges] = (("\0", "\U0010ffff"),)


@dataclass(frozen=True, slots=True)
class Step:
    """The characters that fit, and whether they may come any number of times."""

    ranges: Ranges
    repeats: bool = False


@lru_cache(maxsize=1024)
def overlap(first: str, second: str) -> bool:
    """Tell whether some text, not empty unless a pattern is, matches both patterns.

    Raises:
        BuiltinError: if a pattern is malformed.

    >>> overlap("a.*z", "[a-c]b+z"), overlap("a*", "b*"), overlap("", "")
    (True, False, True)
    """
    a, b = parse(first), parse(second)
    if not a or not b:
        return not a and not b
    seen: set[tuple[int, int, bool]] = set()
    pending = [(0, 0, False)]
    while pending:
        state = pending.pop()
        if state in seen:
            continue
        seen.add(state)
        i, j, moved = state
        if moved and i == len(a) and j == len(b):
            return True
        pending += _after(a, b, state)
    return False


def _after(
    a: tuple[Step, ...], b: tuple[Step, ...], state: tuple[int, int, bool]
) -> list[tuple[int, int, bool]]:
    """Return the states that follow: a repetition skipped, or a character taken."""
    i, j, moved = state
    out: list[tuple[int, int, bool]] = []
    if i < len(a) and a[i].repeats:
        out.append((i + 1, j, moved))
    if j < len(b) and b[j].repeats:
        out.append((i, j + 1, moved))
    if i < len(a) and j < len(b) and _share(a[i].ranges, b[j].ranges):
        out.append((i + (not a[i].repeats), j + (not b[j].repeats), True))
    return out


def _share(a: Ranges, b: Ranges) -> bool:
    return any(
        low <= other_high and other_low <= high
        for low, high in a
        for other_low, other_high in b
    )


def parse(pattern: str) -> tuple[Step, ...]:
    """Return the steps of a pattern; `x+` is `x` and then `x*`.

    >>> parse("a+") == (Step((("a", "a"),)), Step((("a", "a"),), repeats=True))
    True
    """
    steps: list[Step] = []
    at = 0
    flagged = True
    while at < len(pattern):
        char = pattern[at]
        if char in "*+":
            if flagged:
                problem = f"flag '{char}' must be preceded by a non-flag"
                raise _error(pattern, at + 1, problem)
            last = steps[-1] if char == "+" else steps.pop()
            steps.append(Step(last.ranges, repeats=True))
            flagged, at = True, at + 1
            continue
        ranges, at = _ranges(pattern, at)
        steps.append(Step(ranges))
        flagged = False
    return tuple(steps)


def _ranges(pattern: str, at: int) -> tuple[Ranges, int]:
    """Return the characters a step takes, and where the next begins."""
    char = pattern[at]
    if char == ".":
        return _ANY, at + 1
    if char == "[":
        return _set(pattern, at + 1)
    if char == "]":
        problem = "set-close ']' with no preceding '['"
        raise _error(pattern, at + 1, problem)
    literal, after = _literal(pattern, at)
    return ((literal, literal),), after


def _literal(pattern: str, at: int) -> tuple[str, int]:
    if pattern[at] != "\\":
        return pattern[at], at + 1
    if at + 1 == len(pattern):
        raise _error(pattern, at, "input ends with a \\ (escape) character")
    return pattern[at + 1], at + 2


def _set(pattern: str, at: int) -> tuple[Ranges, int]:
    """Return the ranges of a set whose `[` is before `at`."""
    ranges: list[tuple[str, str]] = []
    previous: str | None = None
    while at < len(pattern) and pattern[at] != "]":
        if pattern[at] != "-":
            previous, at = _literal(pattern, at)
            ranges.append((previous, previous))
            continue
        if previous is None:
            problem = "range character '-' must be preceded by a Unicode character"
            raise _error(pattern, at + 1, problem)
        high, after = _range_end(pattern, at)
        if high < previous:
            order = f"'{high}' comes before '{previous}' in Unicode"
            raise _error(pattern, after, f"range is out of order: {order}")
        ranges[-1] = (previous, high)
        previous, at = None, after
    if at == len(pattern):
        raise _error(pattern, at, "found [ without matching ]")
    return tuple(ranges), at + 1


def _range_end(pattern: str, at: int) -> tuple[str, int]:
    if at + 2 >= len(pattern):
        problem = "range character '-' must be followed by a Unicode character"
        raise _error(pattern, at + 1, problem)
    if pattern[at + 1] in "]-":
        problem = "range character '-' cannot be followed by a special symbol"
        raise _error(pattern, at + 2, problem)
    return _literal(pattern, at + 1)


def _error(pattern: str, position: int, problem: str) -> BuiltinError:
    return BuiltinError(
        f"input:{pattern}, pos:{position}, {problem}: the input provided is invalid"
    )
