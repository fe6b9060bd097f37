"""PATHS x RULES -> FINDINGS of files that are checked together, kept as one.

A plan, Terraform source, scripts, or rules that join files: what is found follows from
all the files of the run. So it is kept by the digests of all of them, and a file that has
not changed is not opened to know its digest. Root modules of Terraform are: what they
are made of is not told by the names of the files at the paths.
"""

import re
import time
from contextlib import closing
from hashlib import sha256
from json import dumps, loads
from pathlib import Path
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
from comply.classes import dataclass, field
from comply.cli.cached_check import (
    Listing,
    Options,
    digest_of,
    listing_of,
    scope_of,
    still_true,
)
from comply.cli.found import Survey
from comply.cli.settings import Settings
from comply.findings import Finding, Severity
from comply.report.run import Run
from comply.rules.files import packs, rule_files
from comply.stamps import stamped
from comply.version import VERSION

_FILE: Final = Record("file")
"""What is kept of a file here: what it was like when its digest was taken."""

_ELSEWHERE: Final = re.compile(
    r"SYSDATE|SYSTIMESTAMP|CURRENT_(?:DATE|TIME)|LOCALTIME|TIMEZONE|DBMS_|RANDOM|SYS_GUID"
    r"|SYS_CONTEXT|USERENV|\b(?:USER|UID|NOW|UUID|TODAY)\b",
    re.IGNORECASE,
)
"""Words of SQL whose value is not decided by what is written; some are said in vain."""

_REMARK: Final = re.compile(r"'[^']*'|--[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
"""Comments, and texts, which may hold what looks like one.

What has no end goes to the end of all: looked for anew at each mark, it takes for ever.
"""

_CONFIGURATION: Final = (".tf", ".tf.json")

Found = tuple[list[Finding], Run]


def check_together(settings: Settings, options: Options) -> Found:
    """Return the findings at the paths of `settings`, in order, and what was done.

    Raises:
        ComplyError: if rules do not compile, or if there is nothing to check.
    """
    keeps = options.cache is not None and options.plan is None
    listing = listing_of(settings, together=True) if keeps else None
    if listing is None or listing.errors or options.cache is None:
        return _fresh(settings, options)[0]
    scope = _scope(settings, options)
    if options.memory is not None:
        options.memory.scopes.append(scope)
    store = open_store(options.cache)
    if store is None:
        return _fresh(settings, options)[0]
    with closing(store):
        return _looked_up(settings, options, _Shelf(store, scope, listing, settings))


@dataclass(slots=True)
class _Shelf:
    """Where what was found with one set of rules is kept.

    `fresh` are the states of files that the store does not know yet, `fresh_parts` what
    parts of the run said.
    """

    store: Store
    scope: str
    listing: Listing
    settings: Settings
    fresh: dict[str, str] = field(default_factory=dict)
    fresh_parts: dict[str, str] = field(default_factory=dict)

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
        modules = _modules(self.listing, self.settings)
        if modules is None:
            return None
        # No file has a name with a line break at its start that a digest follows.
        return f"\n{sha256(dumps([parts, left, modules]).encode()).hexdigest()}"

    def keep(self, texts: dict[str, str], hits: int) -> None:
        """Keep texts and the states of files, and how many files needed no check."""
        asked = len(self.listing.files)
        self.store.keep(self.scope, {**self.fresh, **texts}, asked, hits)


def _modules(listing: Listing, settings: Settings) -> list[tuple[str, str]] | None:
    """Return the root modules and what names all that they are made of.

    That are their files and those of local modules, which may lie elsewhere, values of
    variables, from the environment too, and what functions read. None if some of it
    cannot be read.
    """
    names = [name for name in listing.files if name.endswith(_CONFIGURATION)]
    if not names:
        return []
    # Imported here because most trees hold no Terraform source.
    from comply.cli.inputs import add_modules
    from comply.cli.run_options import outside_of

    found = Survey()
    for name in names:
        folder = Path(name).parent.as_posix()
        found.modules[folder] = listing.files[name] or found.modules.get(folder, False)
    add_modules(found, outside_of(settings))
    if found.errors:
        return None
    return [
        (item.source.name, sha256(item.source.text.encode()).hexdigest())
        for item in found.inputs
    ]


def _looked_up(settings: Settings, options: Options, shelf: _Shelf) -> Found:
    name = shelf.name()
    if name is not None:
        text = shelf.store.fetch(shelf.scope, [name]).get(name)
        known = None if text is None else _decoded(text)
        if known is not None:
            shelf.keep({}, len(shelf.listing.files))
            return known
    found, stays = _fresh(settings, options, shelf)
    text = _encoded(found) if stays else None
    texts = shelf.fresh_parts
    # A file that changed meanwhile was not what its name here says it was.
    if name is not None and text is not None and shelf.name() == name:
        texts[name] = text
    if texts:
        shelf.keep(texts, 0)
    return found


def _scope(settings: Settings, options: Options) -> str:
    """Return what names all that findings follow from, the files left out."""
    # Any pack may be the one that fits, where none is named.
    named = settings.rules or settings.packs
    rules = rule_files(settings.rules, settings.packs if named else packs())
    base = scope_of(rules, settings, options)
    more = [bool(named), settings.packs, settings.undetermined, settings.fail_on]
    return sha256(dumps(["together", base, more]).encode()).hexdigest()[:32]


def _fresh(
    settings: Settings, options: Options, shelf: _Shelf | None = None
) -> tuple[Found, bool]:
    """Return what is found, and whether it will be found again.

    What parts of the run said before is taken from the shelf, if there is one, and what
    they say now is put there.
    """
    # Imported here because a run that the cache answers needs none of it.
    from comply.cli.file_records import depends_on_files
    from comply.cli.kept_parts import Shelf, check_parts
    from comply.cli.whole_check import fill, judge, prepare

    opened = prepare(settings, options)
    session = opened.session
    rules = rule_files(settings.rules, opened.packs)
    written = [file.source.text for file in rules if file.language == "sql"]
    written += [i.source.text for i in opened.found.inputs if i.kind == "oracle_ddl"]
    timeless = not any(map(asks_elsewhere, written))
    if shelf is not None or options.memory is not None:
        store, scope = (shelf.store, shelf.scope) if shelf is not None else (None, "")
        parts = Shelf(store, scope, timeless, options.memory)
        made = check_parts(settings, opened, parts)
        if made is not None:
            findings, run, texts = made
            if shelf is not None:
                shelf.fresh_parts = texts
            return (findings, run), timeless
    fill(opened)
    found = judge(settings, opened)
    return found, timeless and not session.stopped and depends_on_files(session)


def asks_elsewhere(text: str) -> bool:
    """Tell whether a script may ask for the time, the user or for something random.

    >>> asks_elsewhere("SELECT 1 FROM dual -- not SYSDATE"), asks_elsewhere("SYSDATE - 1")
    (False, True)
    """
    bare = _REMARK.sub(lambda m: m[0] if m[0].startswith("'") else " ", text)
    return _ELSEWHERE.search(bare) is not None


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
        "modules": run.modules,
        "remarked": run.remarked,
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
            modules=tuple(body["modules"]),
            remarked=tuple(body["remarked"]),
            notices=tuple(body["notices"]),
            failing=frozenset(body["failing"]),
            about={rule.id: rule for rule in map(rule_of, body["about"])},
            threshold=Severity(body["threshold"]),
        )
        return [finding_of(item) for item in body["findings"]], run
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
