"""Baselines: the findings that a project knows of, kept by rule and fact.

Lines move and files are renamed, so neither tells findings apart. A digest of the
message is kept where one fact has several findings of one rule. Each entry is worth as
many findings as it counts: one more of the same is new.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Final

from comply.findings import Exemption, Finding, Status
from comply.source import ComplyError, LoadError, Source, Span

VERSION: Final = 1

_KEPT: Final = frozenset({Status.VIOLATION, Status.WARNING, Status.UNDETERMINED})


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """What is known: so many findings of a rule about a fact.

    `message` is a digest, empty where the rule has one thing to say of the fact; `file`
    is where it was, to tell equal facts apart.
    """

    rule: str
    fact: str
    message: str = ""
    file: str = ""
    count: int = 1


@dataclass(frozen=True, slots=True)
class Matched:
    """Findings with those that a baseline knows exempt, and the entries that are gone."""

    findings: list[Finding]
    gone: tuple[Entry, ...]


def is_kept(finding: Finding) -> bool:
    """Tell whether a finding can be in a baseline: errors and exceptions cannot."""
    own = finding.rule_id.startswith("comply/")
    return finding.status in _KEPT and not own


def entries(findings: Iterable[Finding]) -> list[Entry]:
    """Return the entries for findings, sorted."""
    kept = [f for f in findings if is_kept(f)]
    messages: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for item in kept:
        messages[item.rule_id, item.fact].add(item.message)
    counts = Counter(
        Entry(
            item.rule_id,
            item.fact,
            _digest(item) if len(messages[item.rule_id, item.fact]) > 1 else "",
            _file(item),
        )
        for item in kept
    )
    return sorted(replace(entry, count=number) for entry, number in counts.items())


def dump(listed: Iterable[Entry]) -> str:
    """Return the text of a baseline: an entry a line, so that changes read well."""
    lines = ",\n".join(
        f"  {json.dumps(_members(e), ensure_ascii=False)}" for e in listed
    )
    body = f"[\n{lines}\n ]" if lines else "[]"
    return f'{{"schema_version": {VERSION}, "findings": {body}}}\n'


def _members(entry: Entry) -> dict[str, Any]:
    members: dict[str, Any] = {"rule": entry.rule, "fact": entry.fact}
    if entry.message:
        members["message"] = entry.message
    if entry.file:
        members["file"] = entry.file
    return members | ({"count": entry.count} if entry.count > 1 else {})


def parse(source: Source) -> list[Entry]:
    """Return the entries of a baseline.

    Raises:
        LoadError: if the text is none; nothing is exempt by what cannot be read.
    """
    try:
        value = json.loads(source.text)
        if value["schema_version"] != VERSION:
            raise LoadError(
                f"{source.name}: a baseline of version {value['schema_version']}",
                hint=f"this comply reads version {VERSION}: `comply baseline create`",
            )
        return [_entry(item) for item in value["findings"]]
    except json.JSONDecodeError as error:
        span = source.span(min(error.pos, len(source.text)))
        raise LoadError(f"no baseline: {error.msg}", span, hint=_REMEDY) from None
    except (KeyError, TypeError, ValueError, RecursionError):
        raise LoadError(f"{source.name}: no baseline", hint=_REMEDY) from None


_REMEDY: Final = "`comply baseline create` writes one"


def _entry(item: dict[str, Any]) -> Entry:
    texts = [item["rule"], item["fact"], item.get("message", ""), item.get("file", "")]
    count = item.get("count", 1)
    if (
        not all(isinstance(t, str) for t in texts)
        or type(count) is not int
        or count < 1
    ):
        raise ValueError(item)
    rule, fact, message, file = texts
    return Entry(rule, fact, message, file, count)


def match(findings: Iterable[Finding], known: Iterable[Entry], name: str) -> Matched:
    """Return findings with the known ones exempt; `name` is what the baseline is called.

    An entry goes to findings in its own file first, then to those in any other, so that
    a renamed file brings nothing back.
    """
    listed = list(findings)
    left: defaultdict[tuple[str, str], list[list[Any]]] = defaultdict(list)
    for entry in known:
        left[entry.rule, entry.fact].append([entry, entry.count])
    exemption = Exemption("baseline", place=name)
    for same_file in (True, False):
        for i, item in enumerate(listed):
            if is_kept(item) and _spend(left[item.rule_id, item.fact], item, same_file):
                listed[i] = replace(item, status=Status.EXEMPT, exemption=exemption)
    gone = (entry for held in left.values() for entry, rest in held if rest)
    return Matched(listed, tuple(sorted(gone)))


def _spend(held: list[list[Any]], item: Finding, same_file: bool) -> bool:  # noqa: FBT001  (of a loop)
    for pair in held:
        entry, rest = pair
        if not rest or (same_file and entry.file != _file(item)):
            continue
        if entry.message in ("", _digest(item)):
            pair[1] -= 1
            return True
    return False


def _digest(finding: Finding) -> str:
    return sha256(finding.message.encode()).hexdigest()[:16]


def _file(finding: Finding) -> str:
    name = finding.span.file if finding.span else ""
    return name.replace("\\", "/").removeprefix("./")


def missing(name: str, place: Span | None) -> ComplyError:
    """Return the error for a baseline that is not there; `place` is where it is named."""
    return ComplyError(f"{name}: there is no such baseline", place, hint=_REMEDY)
