"""PATHS x RULES -> FINDINGS of files that are checked together, kept as one.

A plan, or rules that join files: what is found follows from all the files of the run. So
it is kept by the digests of all of them, and a file that has not changed is not opened
to know its digest.
"""

import time
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import sha256
from json import dumps, loads
from typing import Final

from comply.check.cache_records import (
    Kept,
    Record,
    decode_all,
    encode,
    finding_of,
    is_plain,
    plain_finding,
    plain_rule,
    rule_of,
)
from comply.check.cache_store import Store, open_store
from comply.cli.cached_check import (
    Listing,
    Options,
    digest_of,
    listing_of,
    scope_of,
    stamped,
    still_true,
)
from comply.cli.settings import Settings
from comply.findings import Finding, Severity
from comply.report.run import Run
from comply.rules.files import pack_files, packs, user_files
from comply.version import VERSION

_FILE: Final = Record("file")
"""What is kept of a file here: what it was like when its digest was taken."""

_GATHERED: Final = frozenset({"oracle_ddl", "terraform_source"})
"""Kinds that read other files than those of the run, or may ask for the time."""

Found = tuple[list[Finding], Run]


def check_together(settings: Settings, options: Options) -> Found:
    """Return the findings at the paths of `settings`, in order, and what was done.

    Raises:
        ComplyError: if rules do not compile, or if there is nothing to check.
    """
    keeps = options.cache is not None and options.plan is None
    listing = listing_of(settings) if keeps else None
    if listing is None or listing.errors or options.cache is None:
        return _fresh(settings, options)[0]
    scope = _scope(settings, options)
    store = open_store(options.cache)
    if store is None:
        return _fresh(settings, options)[0]
    with closing(store):
        return _looked_up(settings, options, _Shelf(store, scope, listing))


@dataclass(slots=True)
class _Shelf:
    """Where what was found with one set of rules is kept.

    `fresh` are the states of files that the store does not know yet.
    """

    store: Store
    scope: str
    listing: Listing
    fresh: dict[str, str] = field(default_factory=dict)

    def name(self) -> str | None:
        """Return what names the content of all files, None if one cannot be read."""
        seen = time.time_ns()
        stamps = {name: stamped(name) for name in self.listing.files}
        kept = decode_all(self.store.fetch(self.scope, stamps))
        found, again = still_true(kept, stamps, seen)
        digests = {name: kept[name].digest for name in found}
        for name, state in stamps.items():
            if name not in digests:
                digest = digest_of(name)
                if digest is None or state is None:
                    return None
                digests[name] = digest
                again[name] = Kept(state, seen, digest, _FILE)
        texts = {name: encode(item) for name, item in again.items()}
        self.fresh = {name: text for name, text in texts.items() if text is not None}
        parts = [(n, digests[n], named) for n, named in self.listing.files.items()]
        left = [(str(item.path), item.reason) for item in self.listing.left]
        # No file has a name with a line break at its start that a digest follows.
        return f"\n{sha256(dumps([parts, left]).encode()).hexdigest()}"

    def keep(self, texts: dict[str, str], hits: int) -> None:
        """Keep texts and the states of files, and how many files needed no check."""
        asked = len(self.listing.files)
        self.store.keep(self.scope, {**self.fresh, **texts}, asked, hits)


def _looked_up(settings: Settings, options: Options, shelf: _Shelf) -> Found:
    name = shelf.name()
    if name is not None:
        text = shelf.store.fetch(shelf.scope, [name]).get(name)
        known = None if text is None else _decoded(text)
        if known is not None:
            shelf.keep({}, len(shelf.listing.files))
            return known
    found, stays = _fresh(settings, options)
    text = _encoded(found) if stays else None
    # A file that changed meanwhile was not what its name here says it was.
    if name is not None and text is not None and shelf.name() == name:
        shelf.keep({name: text}, 0)
    return found


def _scope(settings: Settings, options: Options) -> str:
    """Return what names all that findings follow from, the files left out."""
    rules = user_files(settings.rules)
    # Any pack may be the one that fits, where none is named.
    named = settings.rules or settings.packs
    for pack in settings.packs if named else packs():
        rules += pack_files(pack)
    base = scope_of(rules, settings, options)
    more = [bool(named), settings.packs, settings.undetermined, settings.fail_on]
    return sha256(dumps(["together", base, more]).encode()).hexdigest()[:32]


def _fresh(settings: Settings, options: Options) -> tuple[Found, bool]:
    """Return what is found without a cache, and whether it will be found again."""
    # Imported here because a run that the cache answers needs none of it.
    from comply.cli.file_records import depends_on_files
    from comply.cli.whole_check import judge, open_session

    opened = open_session(settings, options)
    found = judge(settings, opened)
    lone = not any(item.kind in _GATHERED for item in opened.found.inputs)
    stays = lone and not opened.session.stopped
    return found, stays and depends_on_files(opened.session)


def _encoded(found: Found) -> str | None:
    """Return findings and the run as JSON, None if JSON would not give back the same."""
    findings, run = found
    if not all(is_plain(row) for f in findings for row in f.evidence):
        return None
    body = {
        "documents": run.documents,
        "facts": run.facts,
        "rules": run.rules,
        "packs": run.packs,
        "plans": run.plans,
        "notices": run.notices,
        "failing": sorted(run.failing),
        "about": [plain_rule(rule) for rule in run.about.values()],
        "threshold": str(run.threshold),
        "findings": [plain_finding(item) for item in findings],
    }
    return dumps(body, separators=(",", ":"))


def _decoded(text: str) -> Found | None:
    """Return the findings and the run, None if the text is none of ours."""
    try:
        body = loads(text)
        run = Run(
            version=VERSION,
            documents=body["documents"],
            facts=body["facts"],
            rules=body["rules"],
            packs=tuple(body["packs"]),
            plans=tuple(body["plans"]),
            notices=tuple(body["notices"]),
            failing=frozenset(body["failing"]),
            about={rule.id: rule for rule in map(rule_of, body["about"])},
            threshold=Severity(body["threshold"]),
        )
        return [finding_of(item) for item in body["findings"]], run
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
