"""OPINIONS -> TEXT: where rego-cpp says something else, and where it says nothing."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Final

from comply.report.characters import one_line
from comply.report.look import Look
from comply.testing.results import Opinion, Verdict

_WORDS: Final[dict[Verdict, str]] = {
    "agrees": "agree",
    "differs": "differ",
    "crashed": "crashed it",
    "unreadable": "had no readable answer",
    "refused": "were refused",
}
_MOST: Final = 3


def opinion_lines(opinions: Sequence[Opinion], look: Look) -> Iterator[str]:
    """Yield a line that sums up, each disagreement, and what had no answer at all."""
    counts = Counter(opinion.verdict for opinion in opinions)
    parts = [f"{counts[v]:,} {word}" for v, word in _WORDS.items() if counts[v]]
    tests = f"{len(opinions):,} test{'' if len(opinions) == 1 else 's'}"
    head = look.paint("1", f"cross-check with rego-cpp: {tests}")
    yield f"{head}{': ' if parts else ''}{', '.join(parts)}"
    silent: dict[tuple[Verdict, str], list[str]] = defaultdict(list)
    for opinion in opinions:
        if opinion.verdict == "differs":
            mark = look.paint("1;31", look.pick("✗", "x"))
            name = look.paint("1", one_line(opinion.test))
            said = one_line(opinion.said)
            yield f"  {mark} {name}: comply {opinion.ours}, rego-cpp answers {said}"
        elif opinion.verdict != "agrees":
            silent[opinion.verdict, one_line(opinion.said)].append(opinion.test)
    mark = look.paint("33", look.pick("▲", "!"))
    for (verdict, said), names in silent.items():
        shown = ", ".join(map(one_line, names[:_MOST]))
        more = len(names) - _MOST
        rest = f" and {more:,} more" if more > 0 else ""
        yield f"  {mark} {len(names):,} {_WORDS[verdict]} ({said}): {shown}{rest}"
    yield ""


def opinion_objects(opinions: Sequence[Opinion]) -> list[dict[str, Any]]:
    """Return the opinions as JSON has them."""
    return [
        {
            "test": opinion.test,
            "verdict": opinion.verdict,
            "comply": str(opinion.ours),
            "rego_cpp": opinion.said,
        }
        for opinion in opinions
    ]
