"""CHANGED FILES -> ROOT MODULES THAT THEY TOUCH, while all others stand as they are.

Which files a root module is made of nobody knows by their names: its own, those of local
modules, values of variables, what functions read. So all root modules are gathered anew,
which only reads, and those of which the text is another are loaded and checked.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from comply.check.session import Delta, Session
from comply.classes import dataclass, field
from comply.cli.found import Survey
from comply.cli.inputs import unreadable
from comply.cli.whole_check import Opened
from comply.findings import Finding
from comply.load.terraform_source.folder import is_gathered, is_source_file, texts_of
from comply.source import LoadError, Source


@dataclass(slots=True)
class Modules:
    """The root modules that a watch knows, as they were gathered last, by name.

    `failed` are the findings of those that cannot be loaded, `errors` those of what cannot
    be gathered. `folders` are where the files of each are.
    """

    sources: dict[str, Source] = field(default_factory=dict)
    failed: dict[str, Finding] = field(default_factory=dict)
    errors: list[Finding] = field(default_factory=list)
    folders: dict[str, frozenset[Path]] = field(default_factory=dict)

    def note(self, source: Source) -> None:
        """Take a root module as it is now."""
        self.sources[source.name] = source
        parents = {Path(name).parent for name in texts_of(source)}
        self.folders[source.name] = frozenset(parents)

    def forget(self, name: str) -> None:
        """Let go of a root module."""
        for held in (self.sources, self.failed, self.folders):
            held.pop(name, None)

    def places(self) -> list[Path]:
        """Return the folders that hold files of root modules, in order."""
        return sorted(frozenset[Path]().union(*self.folders.values()))

    def may_read(self, path: Path) -> bool:
        """Tell whether a file or folder that came, changed or went may be part of one."""
        if is_source_file(path.name) or path.name.endswith((".tfvars", ".tfvars.json")):
            return True
        if ".git" in path.parts:
            return False
        if path.is_dir() or path.parts[-2:] == (".terraform", "environment"):
            return True
        # Gathered texts are JSON: that is how the names of files stand in them.
        word = json.dumps(path.name)[1:-1]
        return any(word in source.text for source in self.sources.values())


def modules_in(opened: Opened, gathered: Survey) -> Modules:
    """Return the root modules of a session; `gathered` tells what could not be."""
    found = Modules(errors=list(map(unreadable, gathered.errors)))
    for item in opened.found.inputs:
        if item.kind == "terraform_source" and is_gathered(item.source):
            found.note(item.source)
            failed = opened.failed.get(item.source.name)
            if failed is not None:
                found.failed[item.source.name] = failed
    return found


def follow_modules(held: Modules, opened: Opened, gathered: Survey) -> list[Delta]:
    """Bring the root modules of a session up to what was gathered; return what that does."""
    before = [*held.errors, *held.failed.values()]
    now = {item.source.name: item.source for item in gathered.inputs}
    deltas = [
        _taken_out(held, opened, name) for name in [*held.sources] if name not in now
    ]
    for name, source in now.items():
        if held.sources.get(name) != source:
            held.note(source)
            deltas.append(_taken_in(held, opened, source))
    held.errors = list(map(unreadable, gathered.errors))
    _replace(opened.errors, before, [*held.errors, *held.failed.values()])
    return [delta for delta in deltas if delta is not None]


def _taken_out(held: Modules, opened: Opened, name: str) -> Delta | None:
    held.forget(name)
    return _removed(opened, name)


def _removed(opened: Opened, name: str) -> Delta | None:
    loaded = opened.loaded.pop(name, None)
    return None if loaded is None else opened.session.remove(loaded)


def _taken_in(held: Modules, opened: Opened, source: Source) -> Delta | None:
    """Load a root module that is new or another; one that fails has no findings left."""
    name, session = source.name, opened.session
    try:
        delta = _loaded(opened, session, source)
    except LoadError as error:
        held.failed[name] = unreadable(error)
        return _removed(opened, name)
    held.failed.pop(name, None)
    return delta


def _loaded(opened: Opened, session: Session, source: Source) -> Delta:
    known = opened.loaded.get(source.name)
    if known is not None:
        return session.update(known, source)
    opened.loaded[source.name], delta = session.insert(source, "terraform_source")
    return delta


def _replace(
    errors: list[Finding], before: Iterable[Finding], now: Iterable[Finding]
) -> None:
    """Put findings in the place of others in a list; equal ones stand for each other."""
    for item in before:
        if item in errors:
            errors.remove(item)
    errors.extend(now)
