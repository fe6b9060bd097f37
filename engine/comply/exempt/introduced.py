"""FINDINGS x EARLIER FINDINGS -> FINDINGS: those that a change brings.

A finding was there before if the same rule had one about the same fact: lines do not
count, and as in a baseline the message counts only where a rule had several things to say
of one fact. It must have been as bad: what was allowed, or only a warning, does not
hide a violation. Each finding from before stands for one of now.

The same fact may be in several files (an object in the folders of two environments), so a
finding is looked for in its own file, then in the files of its folder, and a file that is
gone only explains what is in a file that is new.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from posixpath import dirname
from typing import Final

from comply.classes import dataclass
from comply.findings import SEVERITIES, Finding, Status

_RANKS: Final = {
    Status.WARNING: 0,
    Status.UNDETERMINED: 1,
    Status.VIOLATION: 2,
}


@dataclass(frozen=True, slots=True)
class Placed:
    """A finding and its file as the repository names it.

    `lone` is whether the file is there at one of the two times only; `several` whether
    the rule had more than one thing to say of the fact before.
    """

    finding: Finding
    file: str
    lone: bool
    several: bool = False


_Key = Callable[[Placed], Hashable]


def introduced(
    now: Iterable[Finding],
    before: Iterable[Finding],
    file_of: Callable[[Finding], str],
    is_lone: Callable[[str], bool],
) -> list[Finding]:
    """Return the findings of now that were not there before, and all errors.

    `file_of` gives the file of a finding as the repository names it, and `is_lone` tells
    whether a file is there at one of the two times only.
    """
    listed = list(now)
    known = [f for f in before if f.status is not Status.ERROR]
    messages: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for item in known:
        messages[item.rule_id, item.fact].add(item.message)

    def placed(item: Finding) -> Placed:
        file = file_of(item)
        several = len(messages.get((item.rule_id, item.fact), ())) > 1
        return Placed(item, file, is_lone(file), several)

    left = {
        i: placed(item)
        for i, item in enumerate(listed)
        if item.status is not Status.ERROR
    }
    held = [placed(item) for item in known]
    for key in KEYS:
        held = _spend(left, held, key)
    return [
        item
        for i, item in enumerate(listed)
        if i in left or item.status is Status.ERROR
    ]


def _spend(left: dict[int, Placed], held: list[Placed], key: _Key) -> list[Placed]:
    """Take out of `left` what a held finding with the same key stands for.

    Returns the held findings that stand for none.
    """
    shelves: defaultdict[Hashable, list[Placed]] = defaultdict(list)
    rest = []
    for item in held:
        name = key(item)
        if name is None:
            rest.append(item)
        else:
            shelves[name].append(item)
    # The worst goes first: what covers it covers the rest as well.
    for i, item in sorted(left.items(), key=lambda pair: -_badness(pair[1])):
        shelf = shelves.get(key(item), [])
        at = next((n for n, old in enumerate(shelf) if covers(old, item)), None)
        if at is not None:
            del shelf[at], left[i]
    return rest + [item for shelf in shelves.values() for item in shelf]


def _badness(item: Placed) -> int:
    return _RANKS.get(item.finding.status, -1)


def covers(old: Placed, new: Placed) -> bool:
    """Tell whether a finding from before is as bad as one of now."""
    was, now = old.finding, new.finding
    exempt = Status.EXEMPT in {was.status, now.status}
    if exempt:
        return was.status is now.status
    return _RANKS[was.status] >= _RANKS[now.status] and SEVERITIES.index(
        was.severity
    ) >= SEVERITIES.index(now.severity)


def _told(item: Placed) -> tuple[str, ...]:
    return item.finding.rule_id, item.finding.fact, item.finding.message


def _about(item: Placed) -> tuple[str, ...] | None:
    """Return what a finding is about, None where the message counts as well."""
    return None if item.several else (item.finding.rule_id, item.finding.fact)


def _unchanged(item: Placed) -> Hashable:
    return _told(item), item.file, item.finding.status, item.finding.severity


def _message_in_file(item: Placed) -> Hashable:
    return _told(item), item.file


def _message_in_folder(item: Placed) -> Hashable:
    # What is said of a whole file is not said of the next one.
    return (_told(item), dirname(item.file)) if item.finding.fact else None


def _message_moved(item: Placed) -> Hashable:
    return _told(item) if item.lone else None


def _fact_in_file(item: Placed) -> Hashable:
    about = _about(item)
    return about and (about, item.file)


def _fact_in_folder(item: Placed) -> Hashable:
    about = _about(item) if item.finding.fact else None
    return about and (about, dirname(item.file))


def _fact_moved(item: Placed) -> Hashable:
    return _about(item) if item.lone else None


KEYS: Final[tuple[_Key, ...]] = (
    _unchanged,
    _message_in_file,
    _message_in_folder,
    _message_moved,
    _fact_in_file,
    _fact_in_folder,
    _fact_moved,
)
"""By what findings are held to be the same, the surest first."""
