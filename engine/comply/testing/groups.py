"""SOURCES -> GROUPS: which files are compiled together.

OPA compiles everything it is given together. That cannot be where each file is a policy
of its own though all share a package, as Spacelift's do: there a policy is compiled with
its test, and with what the two name of other packages.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from comply.classes import dataclass
from comply.source import Source

_SUFFIX: Final = "_test"
ALONE: Final = frozenset({"spacelift"})
"""Packages that name the engine that runs a policy, not the policy."""


@dataclass(frozen=True, slots=True)
class Group:
    """Sources that are compiled together.

    `tests` are the names of those whose tests run here; `alone` tells that other files
    of the same packages were left out.
    """

    sources: tuple[Source, ...]
    tests: frozenset[str]
    alone: bool = False


def package_of(text: str) -> str:
    r"""Return the package of a Rego text, empty where it is not plain to see.

    >>> package_of("# about\npackage a.b # c\n")
    'a.b'
    """
    for line in text.splitlines():
        words = line.split("#", 1)[0].split()
        if words:
            known = words[0] == "package" and len(words) == 2
            return words[1].rstrip(";") if known else ""
    return ""


def is_test(source: Source) -> bool:
    """Tell whether a file is there to test others, by its name."""
    return Path(source.name).stem.endswith(_SUFFIX)


def group_sources(
    sources: Iterable[Source], pairs: Iterable[str] = ALONE
) -> list[Group]:
    """Return what is compiled together; files of the packages in `pairs` pair by pair.

    A package `x_test` goes with `x`.
    """
    alone = {*pairs, *(f"{name}{_SUFFIX}" for name in pairs)}
    paired: list[Source] = []
    others: list[Source] = []
    for source in sources:
        (paired if package_of(source.text) in alone else others).append(source)
    groups = _pairs(paired, others)
    if others:
        groups.append(Group(tuple(others), _names(others)))
    return groups


def _names(sources: Iterable[Source]) -> frozenset[str]:
    return frozenset(source.name for source in sources)


def _pairs(sources: list[Source], others: list[Source]) -> list[Group]:
    """Return each policy with its test, each test with what it may be about."""
    by_path = {Path(s.name): s for s in sources}
    policies = {path: s for path, s in by_path.items() if not is_test(s)}
    groups = []
    tested: set[Path] = set()
    for path, source in by_path.items():
        if not is_test(source):
            continue
        found = _partner(path, policies) or _beside(path, by_path)
        tested.update(found)
        members = [*(policies[p] for p in found), source]
        groups.append(_with_others(members, others))
    for path, source in policies.items():
        if path not in tested:
            groups.append(_with_others([source], others))
    return groups


def _partner(path: Path, policies: Iterable[Path]) -> list[Path]:
    """Return the policy that a test is named after: beside it, or nearest to it."""
    name = path.stem.removesuffix(_SUFFIX) + path.suffix
    found = [policy for policy in policies if policy.name == name]
    return sorted(found, key=lambda policy: -_shared(path, policy))[:1]


def _shared(path: Path, other: Path) -> int:
    """Return how many folders two paths begin with alike."""
    pairs = zip(path.parent.parts, other.parent.parts, strict=False)
    shared = 0
    for mine, theirs in pairs:
        if mine != theirs:
            break
        shared += 1
    # Of two as near, the one in the folder itself.
    return 2 * shared + (path.parent == other.parent)


def _beside(path: Path, by_path: dict[Path, Source]) -> list[Path]:
    """Return the policies that a test without a partner of its name is about.

    Those of its folder that no other test has for a partner, else all of the folder.
    """
    here = [p for p, s in by_path.items() if p.parent == path.parent and not is_test(s)]
    spare = [p for p in here if p.with_name(p.stem + _SUFFIX + p.suffix) not in by_path]
    return spare or here


def _with_others(members: list[Source], others: list[Source]) -> Group:
    """Return a group with those files of other packages that it names, and they name."""
    chosen = list(members)
    waiting = list(members)
    packages = {s.name: package_of(s.text) for s in others}
    while waiting:
        text = waiting.pop().text
        for source in others:
            name = packages[source.name]
            if name and f"data.{name}" in text and source not in chosen:
                chosen.append(source)
                waiting.append(source)
    return Group(tuple(chosen), _names(members), alone=True)
