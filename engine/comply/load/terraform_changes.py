"""PLAN -> CHANGES: what a plan does to which resource, to tell it from another plan."""

from hashlib import sha256
from typing import Any, Final

import msgspec

_TELLING: Final = frozenset({"create", "update", "delete"})
"""Reads and no-ops come and go between views of one plan; these do not."""


class _Change(msgspec.Struct):
    actions: Any = None


class _Resource(msgspec.Struct):
    address: Any = None
    change: _Change | None = None


class _Plan(msgspec.Struct):
    resource_changes: list[_Resource] | None = None


def planned_changes(data: bytes) -> list[str]:
    r"""Return a line for each resource that a plan creates, updates or deletes, sorted.

    A line is the address and the actions in the order of the alphabet: Terraform and
    OpenTofu have orders of their own. What is no plan gives no lines.

    >>> planned_changes(b'{"resource_changes": [{"address": "a.b", "change": '
    ...                 b'{"actions": ["delete", "create"]}}]}')
    ['a.b create,delete']
    """
    try:
        plan = msgspec.json.decode(data, type=_Plan)
    except (msgspec.MsgspecError, RecursionError):
        return []
    return sorted({line for r in plan.resource_changes or () if (line := _line(r))})


def changed_addresses(data: bytes) -> list[str]:
    """Return the addresses of what a plan creates, updates or deletes, sorted."""
    return [line.rpartition(" ")[0] for line in planned_changes(data)]


def changes_digest(changes: list[str]) -> str:
    """Return the SHA-256 of changes, one a line, in hexadecimal digits."""
    return sha256("\n".join(changes).encode("utf-8", "replace")).hexdigest()


def _line(resource: _Resource) -> str:
    """Return the line of a resource, empty where there is nothing to tell."""
    match resource:
        case _Resource(address=str() as address, change=_Change(actions=[*actions])):
            words = [action for action in actions if isinstance(action, str)]
            telling = len(words) == len(actions) and not _TELLING.isdisjoint(words)
            return f"{address} {','.join(sorted(words))}" if telling else ""
        case _:
            return ""
