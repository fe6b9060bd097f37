"""RUN -> WHAT IT FOLLOWED FROM, and back: what a run leaves for one with the same words.

Where some files have changed, and no rule and no setting has, the listing, the stamps and
what was found in the others are taken from there: that is one file to read, where the
cache of findings has a row for each.
"""

from marshal import dumps, loads
from typing import Any

from comply.check.cache_records import Record, body_of, record_of
from comply.classes import dataclass, field
from comply.cli.same_run import Asked, Followed
from comply.cli.settings import NAME, Settings
from comply.stamps import Stamp, is_settled, stamped


@dataclass(slots=True)
class Looked:
    """What the findings of a run follow from, if it is known that nothing else counts.

    `began` is when the run did, in ns. `files` are those that the user named or that were
    found, with their stamps; `named` tells which; `folders` were looked through for them,
    `rules` are the files and folders of rules. `records` say what was found in files
    under the rules that `scope` names, `about` what is known of these.
    All are empty where it is not known.
    """

    began: int
    files: dict[str, Stamp] = field(default_factory=dict)
    named: dict[str, bool] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)
    records: dict[str, Record] = field(default_factory=dict)
    scope: str = ""
    about: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Before:
    """What is known from a run with the same words, rules and settings.

    `listing` gives the files to check, as `Looked.named` does, None if some may have come
    or gone. `stamps` are those of now, looked at not before `seen`. `records` are those of
    files that have not changed.
    """

    seen: int
    scope: str
    about: dict[str, Any]
    rules: list[str]
    folders: list[str]
    listing: dict[str, bool] | None
    stamps: dict[str, Stamp | None]
    records: dict[str, Record]


def followed(settings: Settings, looked: Looked) -> Followed | None:
    """Return the stamps of all that a report follows from, and what else is to be kept.

    None if that is not known, or if some of it changed since the run began: only what was
    left alone since then is what the run saw.
    """
    if not looked.files:
        return None
    fixed: dict[str, Stamp | None] = {name: stamped(name) for name in looked.rules}
    own = [str(path) for path in (settings.file, settings.baseline) if path]
    fixed |= {name: stamped(name) for name in own}
    folders = {name: stamped(name) for name in looked.folders}
    stamps = (*fixed.values(), *folders.values(), *looked.files.values())
    if not all(s is not None and is_settled(s, looked.began) for s in stamps):
        return None
    if settings.file is None:
        # Settings that come to be there count, so they must not come to be there.
        fixed[NAME] = stamped(NAME)
        if fixed[NAME] is not None:
            return None
    return Followed(fixed, folders, looked.files, _packed(looked))


def _packed(looked: Looked) -> bytes:
    """Return what a later run may need of a run besides stamps; b"" if it has to do without."""
    numbers: dict[Any, int] = {}
    bodies: list[Any] = []
    which: list[int] = []
    for name in looked.files:
        record = looked.records[name]
        key = _key(record)
        if key not in numbers:
            body = body_of(record)
            if body is None:
                return b""
            numbers[key] = len(bodies)
            bodies.append(body)
        which.append(numbers[key])
    named = [looked.named[name] for name in looked.files]
    try:
        return dumps((looked.scope, looked.about, looked.rules, named, bodies, which))
    except ValueError:
        # Such as a text that is more than a text.
        return b""


def _key(record: Record) -> Any:  # noqa: ANN401  (something to tell records apart by)
    if record.findings:
        return id(record)
    # Nearly all files without findings have the same record.
    few = (record.role, record.documents, record.facts, record.evaluated)
    return (*few, record.plain)


def before(asked: Asked) -> Before | None:
    """Return what a run with the same words left, None if rules or settings changed."""
    left = asked.left
    if left is None or not left.rest:
        return None
    scope, about, rules, named, bodies, which = loads(left.rest)  # noqa: S302  (ours)
    made = [record_of(body) for body in bodies]
    now = asked.now
    records = {
        name: made[i]
        for (name, then), i in zip(left.files.items(), which, strict=True)
        if now[name] == then
    }
    listing = dict(zip(left.files, named, strict=True))
    # A file that was named may be a folder by now; in folders this leaves a trace.
    kept = all(name in records for name, called in listing.items() if called)
    complete = kept and all(now[name] == then for name, then in left.folders.items())
    folders = list(left.folders)
    known = listing if complete else None
    return Before(asked.seen, scope, about, rules, folders, known, now, records)
