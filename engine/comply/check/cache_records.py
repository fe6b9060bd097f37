"""What a run has to know of a file, and how a cache keeps it: as JSON, nothing to run.

A record holds no text of the file but what a report shows, redacted already.
"""

from collections.abc import Iterable
from dataclasses import astuple
from hashlib import sha256
from json import dumps, loads
from typing import Any, Final, NamedTuple

from comply.classes import dataclass
from comply.findings import Finding, Severity, Status
from comply.rules.rule import Rule
from comply.source import Span
from comply.stamps import Stamp

_COMPACT: Final = (",", ":")


@dataclass(frozen=True, slots=True)
class Record:
    """What was found in a file.

    `role` is what the file is to a run: "document", or why it is none ("template",
    "rules", "other", "settings"); "error" if it could not be read, which is then the
    only finding; "alien" if it cannot be checked by itself. `evaluated` are the ids of
    the rules that were run. A file is `plain` if nothing in it speaks to comply, such as
    an exception does.
    """

    role: str
    documents: int = 0
    facts: int = 0
    evaluated: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    plain: bool = False


class Kept(NamedTuple):
    """A record, and the state of the file that it was made from.

    `seen` is when that state was looked at, ns.
    """

    stamp: Stamp
    seen: int
    digest: str
    record: Record


def content_digest(data: bytes) -> str:
    """Return what names the content of a file."""
    return sha256(data).hexdigest()[:32]


def encode(kept: Kept) -> str | None:
    """Return a record as JSON, None if JSON would not give back the same."""
    body = body_of(kept.record)
    if body is None:
        return None
    head = dumps([*kept.stamp, kept.seen, kept.digest], separators=_COMPACT)
    return f"{head}\n{dumps(body, separators=_COMPACT)}"


def body_of(record: Record) -> list[Any] | None:
    """Return a record as JSON values, None if they would not give back the same."""
    if not all(is_plain(row) for f in record.findings for row in f.evidence):
        return None
    return [
        record.role,
        record.documents,
        record.facts,
        record.evaluated,
        [plain_finding(f) for f in record.findings],
        record.plain,
    ]


def record_of(body: Any) -> Record:  # noqa: ANN401
    """Return the record that JSON values stand for."""
    role, documents, facts, evaluated, findings, plain = body
    found = tuple(map(finding_of, findings))
    return Record(role, documents, facts, tuple(evaluated), found, plain)


def decode_all(texts: dict[str, str]) -> dict[str, Kept]:
    """Return the records by name; none if a text is none of ours."""
    try:
        halves = [text.split("\n", 1) for text in texts.values()]
        # One call for thousands of small texts takes a third of the time, and nearly
        # all files without findings have one and the same record.
        heads = loads(f"[{','.join(head for head, _ in halves)}]")
        records = {
            body: record_of(loads(body)) for body in {body for _, body in halves}
        }
        return {
            name: Kept(tuple(head[:5]), head[5], head[6], records[half[1]])
            for name, head, half in zip(texts, heads, halves, strict=True)
        }
    except (ValueError, TypeError, IndexError, RecursionError):
        return {}


def plain_finding(item: Finding) -> list[Any]:
    """Return a finding as JSON values."""
    span = item.span
    return [
        item.rule_id,
        item.title,
        str(item.severity),
        str(item.status),
        item.message,
        item.fact,
        None
        if span is None
        else [span.file, span.row, span.col, span.width, span.line, span.cut],
        item.remediation,
        item.evidence,
    ]


def finding_of(value: Any) -> Finding:  # noqa: ANN401
    """Return the finding that JSON values stand for."""
    rule_id, title, severity, status, message, fact, span, remedy, evidence = value
    return Finding(
        rule_id,
        title,
        Severity(severity),
        Status(status),
        message,
        fact,
        None if span is None else Span(*span),
        remedy,
        tuple(evidence),
    )


def plain_rule(rule: Rule) -> list[Any]:
    """Return what is known of a rule as JSON values."""
    return [str(f) if isinstance(f, Severity) else f for f in astuple(rule)]


def rule_of(fields: Any) -> Rule:  # noqa: ANN401
    """Return the rule that JSON values stand for."""
    found: list[Any] = [tuple(f) if isinstance(f, list) else f for f in fields]
    severity = None if found[2] is None else Severity(found[2])
    return Rule(found[0], found[1], severity, *found[3:])


def is_plain(value: object) -> bool:
    """Tell whether JSON gives back the same value, to the digits it is printed with."""
    if isinstance(value, dict):
        return all(type(k) is str and is_plain(v) for k, v in value.items())
    if type(value) is list:
        return all(map(is_plain, value))
    return value is None or type(value) in {str, int, bool, float}


def evaluated_ids(records: Iterable[Record]) -> set[str]:
    """Return the ids of the rules that were run for any of some files."""
    found: set[str] = set()
    # Most files share one tuple's worth of ids.
    for ids in {record.evaluated for record in records}:
        found.update(ids)
    return found
