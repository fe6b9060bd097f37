"""TEXT OF AN EXCEPTION -> ALLOWANCE: `RULE reason=... until=YYYY-MM-DD owner=...`."""

import re  # noqa: TID251  (linear patterns of ours, no Rego)
from difflib import get_close_matches
from typing import Final

from comply.classes import dataclass
from comply.exempt.allowance import Allowance, is_date
from comply.findings import Finding, Severity, Status
from comply.source import Span

FIELDS: Final = ("reason", "until", "owner")

_EXAMPLE: Final = (
    'write it as: comply:ignore RULE reason="why" until=2027-01-31 owner=team'
)
_MEMBER: Final = re.compile(r'(\w+)=(?:"([^"]*)"|\'([^\']*)\'|)')


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with an exception, and how to put it right."""

    message: str
    hint: str = _EXAMPLE


def parse_directive(text: str) -> Allowance | Mistake:
    """Return the exception that a text says, still without a place.

    Rules are separated by commas. A value ends where the next field begins, unless it
    stands in quotes.

    >>> parse_directive("a/b,c/* reason=a test bed until=2027-01-31").reason
    'a test bed'
    >>> parse_directive("a/b").message
    'an exception without a reason'
    """
    names, rest = _head(text.strip())
    if not names:
        return Mistake("an exception that names no rule")
    members = _members(rest)
    if isinstance(members, Mistake):
        return members
    until = members.get("until", "")
    if until and not is_date(until):
        return Mistake(f"{until!r} is no date", "write a date as YYYY-MM-DD")
    if not members.get("reason"):
        return Mistake("an exception without a reason")
    return Allowance(names, members["reason"], members.get("owner", ""), until)


def _head(text: str) -> tuple[tuple[str, ...], str]:
    """Return the rules that a text begins with, and what follows them."""
    found = re.match(r"[^\s,=]+(?:\s*,\s*[^\s,=]+)*(?=\s|\Z)", text)
    if found is None:
        return (), text
    return tuple(re.split(r"\s*,\s*", found.group())), text[found.end() :].strip()


def _members(text: str) -> dict[str, str] | Mistake:
    members: dict[str, str] = {}
    name = ""
    for word in re.findall(r'\w+="[^"]*"|\w+=\'[^\']*\'|\S+', text):
        found = _MEMBER.match(word)
        if found is None:
            if not name:
                return Mistake(f"{word!r} belongs to no field")
            members[name] = f"{members[name]} {word}".strip()
            continue
        name = found[1]
        if name not in FIELDS:
            close = get_close_matches(name, FIELDS, n=1)
            known = f"did you mean {close[0]!r}?" if close else "a text needs quotes"
            return Mistake(f"unknown field {name!r}", f"{known} {_EXAMPLE}")
        quoted = found[2] if found[2] is not None else found[3]
        members[name] = quoted if quoted is not None else word[found.end() :]
    return members


def mistaken(mistake: Mistake, place: Span | None) -> Finding:
    """Return the finding that says that an exception is not understood."""
    return Finding(
        "comply/invalid-exception",
        "An exception that does not count",
        Severity.HIGH,
        Status.ERROR,
        mistake.message,
        span=place,
        remediation=mistake.hint,
    )
