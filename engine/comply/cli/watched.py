"""CHANGED FILES -> FINDINGS THAT CAME AND WENT: what `comply watch` holds, step by step."""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from comply.check.session import Delta
from comply.classes import dataclass, field
from comply.cli.cached_check import Options
from comply.cli.exemptions import exempt_known, judged_by
from comply.cli.found import Input, Survey
from comply.cli.inputs import (
    is_module_kind,
    name_kind,
    nothing_in,
    survey_modules,
    unreadable,
)
from comply.cli.run_options import outside_of
from comply.cli.settings import NAME, Settings, left_out
from comply.cli.watched_modules import Modules, follow_modules, modules_in
from comply.cli.whole_check import (
    Opened,
    fitting,
    judge,
    may_allow,
    named_documents,
    open_session,
    standing,
)
from comply.findings import Finding
from comply.load.detect import detect, role
from comply.load.encoding import read
from comply.load.facts import Document
from comply.load.folder import CANDIDATES, SKIPPED, walk
from comply.load.terraform_source.folder import is_configuration
from comply.report.redact import redact
from comply.report.run import Run, ordered
from comply.source import ComplyError, LoadError, Source

_RULES: Final = (".rego", ".sql")
_VALUES: Final = ".tfvars"
_SCRIPT: Final = ".sql"
"""How a file ends that others build on: it changes what they mean."""


@dataclass(frozen=True, slots=True)
class Step:
    """What a change did: findings that came and went, and what it took.

    `files` are the names of the files that changed, `trouble` says why rules or settings
    cannot be used as they are now. `reopened` tells that all was checked anew, and that
    other places may have to be watched.
    """

    files: tuple[str, ...]
    added: list[Finding]
    removed: list[Finding]
    units_run: int = 0
    units_reused: int = 0
    seconds: float = 0.0
    total: int = 0
    trouble: str = ""
    reopened: bool = False


@dataclass(slots=True)
class Watched:
    """A session that follows files.

    `ask` reads the settings anew. While `trouble` is not empty, the session is that of
    the last rules that compiled. `standing` are the findings of now, with what the
    project says of them, and `run` is the report's; `modules` are the root modules of
    Terraform. `secrets` are the sensitive values of documents, by their ids.
    """

    ask: Callable[[], Settings]
    options: Options
    settings: Settings
    opened: Opened
    run: Run
    modules: Modules
    standing: list[Finding] = field(default_factory=list)
    trouble: str = ""
    secrets: dict[int, tuple[Document, frozenset[str]]] = field(default_factory=dict)


def open_watch(
    ask: Callable[[], Settings], options: Options
) -> tuple[Watched, list[Finding], Run]:
    """Return what follows the files that the settings name, and the first report of it.

    Raises:
        ComplyError: if rules do not compile, or if there is nothing to check.
    """
    settings = ask()
    opened = open_session(settings, options)
    findings, run = judge(settings, opened)
    findings, run = exempt_known(findings, run, settings, judged_by(settings, options))
    modules = modules_in(opened, _gathered(settings, options))
    watched = Watched(ask, options, settings, opened, run, modules, findings)
    return watched, findings, run


def _gathered(settings: Settings, options: Options) -> Survey:
    """Return the root modules of Terraform at the paths of settings, as they are now."""
    return survey_modules(
        settings.paths or (Path(),),
        options.kind,
        left_out(settings),
        outside_of(settings),
    )


def places(
    settings: Settings, modules: Modules | None = None
) -> tuple[list[Path], list[Path]]:
    """Return the folders to watch with all below them, and those to watch alone.

    Of a file its folder is watched: editors put a new file in the place of the old. What
    root modules are made of may lie elsewhere than they do.
    """
    named = [*(settings.paths or (Path(),)), *settings.rules]
    whole = [path for path in named if path.is_dir()]
    alone = [path.parent for path in named if not path.is_dir()]
    alone.append(_settings_file(settings).parent)
    alone += [settings.baseline.parent] if settings.baseline else []
    alone += settings.sources.values()
    alone += [file.parent for file in _named_values(settings)]
    folders = modules.places() if modules is not None else []
    inside = list(map(_full, whole))
    alone += [f for f in folders if not any(_full(f).is_relative_to(w) for w in inside)]
    return list(dict.fromkeys(whole)), list(dict.fromkeys(alone))


def _named_values(settings: Settings) -> list[Path]:
    """Return the files of values that were named for the variables of root modules."""
    named = [item for item in settings.variables if isinstance(item, Path)]
    return [*settings.var_files, *named]


def advance(watched: Watched, changed: Iterable[Path]) -> Step | None:
    """Take changed files; return what that changes, None if it concerns nothing.

    `changed` are absolute paths of files and folders that came, changed or went.
    """
    started = time.perf_counter()
    concern = _concern(watched, changed)
    if concern.everything:
        step = _reopen(watched, concern.names)
    elif concern.files or concern.sources:
        step = _follow(watched, concern)
    else:
        return None
    if not step.files:
        return None
    return replace(
        step,
        added=ordered(step.added),
        removed=ordered(step.removed),
        seconds=time.perf_counter() - started,
        total=len(watched.standing),
        trouble=watched.trouble,
    )


@dataclass(slots=True)
class _Concern:
    """What changed: `files` to be read again, by name, and whether the user named each.

    `sources` are files that root modules may be made of. `everything` tells that one
    concerns all there is: a rule, the settings, a script.
    """

    files: dict[str, bool] = field(default_factory=dict)
    sources: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    everything: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """All files, each once."""
        return tuple(dict.fromkeys([*self.others, *self.files, *self.sources]))


def _concern(watched: Watched, changed: Iterable[Path]) -> _Concern:
    """Return what changed paths concern."""
    found, skips = _Concern(), left_out(watched.settings)
    paths = set(changed)
    for path in sorted(paths):
        if _may_be_source(watched, path):
            found.sources.append(str(_shortest(path)))
    for path in sorted(set(_every_file(watched, paths))):
        if _tells(watched, path) or _is_rule(watched, path):
            found.others.append(str(_shortest(path)))
            found.everything = True
            continue
        for root in watched.settings.paths or (Path(),):
            name, own = _name_below(root, path), _same(root, path)
            if name is not None and (own or not skips(Path(name))):
                _sort(watched, found, name, own=own)
                break
    return found


def _may_be_source(watched: Watched, path: Path) -> bool:
    """Tell whether a file may be one that a root module is made of, or is judged by."""
    named = _named_values(watched.settings)
    return watched.modules.may_read(path) or any(_same(file, path) for file in named)


def _sort(watched: Watched, found: _Concern, name: str, *, own: bool) -> None:
    """Note a file that `comply check` looks at."""
    if name.endswith(_SCRIPT):
        found.others.append(name)
        found.everything = True
    elif name.endswith(_VALUES):
        return
    elif not (
        is_configuration(name) and (not own or is_module_kind(watched.options.kind))
    ):
        found.files[name] = own


def _every_file(watched: Watched, changed: Iterable[Path]) -> Iterator[Path]:
    """Yield changed files; of a folder that came or went, the files below it."""
    held = [_full(Path(name)) for name in watched.opened.loaded]
    for path in changed:
        if path.is_dir():
            below = (item for item in walk(path) if isinstance(item, Path))
            yield from below
        else:
            yield path
        yield from (p for p in held if path in p.parents and not p.exists())


def _tells(watched: Watched, path: Path) -> bool:
    """Tell whether a file says what the project allows."""
    settings = watched.settings
    files = [
        _settings_file(settings),
        *([settings.baseline] if settings.baseline else []),
    ]
    return any(_same(file, path) for file in files)


def _settings_file(settings: Settings) -> Path:
    return settings.file or Path(NAME)


def _is_rule(watched: Watched, path: Path) -> bool:
    if path.suffix not in _RULES or path.stem.endswith("_test"):
        return False
    return any(
        _same(root, path) or _below(root, path) is not None
        for root in watched.settings.rules
    )


def _name_below(root: Path, path: Path) -> str | None:
    """Return the name by which `comply check` calls a file, None if it passes it by."""
    if _same(root, path):
        return str(root)
    below = _below(root, path)
    if below is None or path.suffix.lower() not in CANDIDATES | {".tfvars"}:
        return None
    folders = below.parts[:-1]
    hidden = any(part.startswith(".") for part in below.parts)
    if hidden or not SKIPPED.isdisjoint(folders) or path.is_symlink():
        return None
    return str(root / below)


def _below(root: Path, path: Path) -> Path | None:
    """Return the way from a folder to a path, None if the path is elsewhere."""
    for start in (_full(root), root.resolve()):
        if start != path and path.is_relative_to(start):
            return path.relative_to(start)
    return None


def _same(one: Path, other: Path) -> bool:
    return other in (_full(one), one.resolve()) or one == other


def _full(path: Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100  (resolve follows links)


def _shortest(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _reopen(watched: Watched, files: tuple[str, ...]) -> Step:
    """Check everything with the rules and settings as they are now, if they can be used."""
    try:
        settings = watched.ask()
        opened = open_session(settings, watched.options, watched.opened.loaded)
        problems = opened.session.problems
        if problems:
            watched.trouble = "\n".join(_told(problem) for problem in problems)
            return Step(files, [], [])
        watched.options.texts.clear()
        after, run = judge(settings, opened)
        judged = judged_by(settings, watched.options)
        after, run = exempt_known(after, run, settings, judged)
    except ComplyError as error:
        watched.trouble = error.render()
        return Step(files, [], [])
    added, removed = _difference(watched.standing, after)
    watched.settings, watched.opened, watched.trouble = settings, opened, ""
    watched.run, watched.standing = run, after
    watched.modules = modules_in(opened, _gathered(settings, watched.options))
    return Step(files, added, removed, reopened=True)


def _told(problem: Finding) -> str:
    """Return the error of a rule that does not compile, as the other errors look."""
    hint = problem.remediation
    return ComplyError(problem.message, problem.span, hint).render()


def _difference(
    before: list[Finding], after: list[Finding]
) -> tuple[list[Finding], list[Finding]]:
    """Return the findings that came and those that went; their places may move."""
    old, new = Counter(map(_key, before)), Counter(map(_key, after))
    return _surplus(after, new - old), _surplus(before, old - new)


def _surplus(
    findings: list[Finding], wanted: Counter[tuple[str, ...]]
) -> list[Finding]:
    found = []
    for item in findings:
        if wanted[_key(item)] > 0:
            wanted[_key(item)] -= 1
            found.append(item)
    return found


def _key(item: Finding) -> tuple[str, ...]:
    file = item.span.file if item.span else ""
    return (item.rule_id, item.status, item.fact, item.message, file)


def _follow(watched: Watched, concern: _Concern) -> Step:
    """Take files by name, one after the other, and the root modules they are part of."""
    files = concern.files
    deltas = [d for n, own in files.items() if (d := _take(watched, n, own=own))]
    moved = concern.sources and _take_modules(watched, deltas)
    if _is_other(watched):
        return _reopen(watched, concern.names)
    names = concern.names
    if concern.sources:
        watched.options.texts.clear()
    for name in files:
        watched.options.texts.pop(name, None)
    after = _standing(watched)
    added, removed = _difference(watched.standing, after)
    watched.standing = after
    if not (files or moved or added or removed):
        return Step((), [], [])
    return Step(
        names if moved or added or removed else tuple(files),
        added,
        removed,
        sum(delta.units_run for delta in deltas),
        # The last of several changes tells how much stood until the end.
        deltas[-1].units_reused if deltas else 0,
    )


def _take_modules(watched: Watched, deltas: list[Delta]) -> bool:
    """Bring root modules up to date, adding what that does; tell whether one changed."""
    settings, before = watched.settings, list(watched.opened.errors)
    gathered = _gathered(settings, watched.options)
    sources = dict(watched.modules.sources)
    deltas += follow_modules(watched.modules, watched.opened, gathered)
    return sources != watched.modules.sources or before != watched.opened.errors


def _is_other(watched: Watched) -> bool:
    """Tell whether what there is now is checked in another way than what there was.

    Other packs may fit it, a rule may have come to its limits, or a variable that was
    given a value is declared nowhere.
    """
    settings, opened = watched.settings, watched.opened
    if opened.session.stopped or opened.session.crowded:
        return True
    if any(isinstance(item, str) for item in settings.variables):
        return True
    if settings.rules or settings.packs:
        return False
    kinds = {held.kind for held in opened.loaded.values()}
    packs, scripts = set(opened.packs), set(fitting({"oracle_ddl"}))
    fit = set(fitting(kinds))
    # What cannot be read has a kind as well, and scripts may be what rules are in.
    return not fit <= packs | scripts or (
        not opened.errors and not packs <= fit | scripts
    )


def _take(watched: Watched, name: str, *, own: bool) -> Delta | None:
    """Bring one file up to date; what cannot be read keeps its last good state."""
    opened = watched.opened
    path = Path(name)
    errors = [item for item in opened.errors if not _is_about(item, name)]
    delta = None
    try:
        if not path.exists() and not own:
            held = opened.loaded.pop(name, None)
            delta = opened.session.remove(held) if held is not None else None
        else:
            delta = _read_again(watched, read(path, name), own=own)
            held = opened.loaded.get(name)
            if own and held is not None and not held.documents:
                errors.append(
                    unreadable(nothing_in(Input(held.source, held.kind, own)))
                )
    except LoadError as error:
        errors.append(unreadable(error))
    opened.errors[:] = errors
    return delta


def _is_about(error: Finding, name: str) -> bool:
    file = error.span.file if error.span else ""
    return file == name or error.message.startswith(f"{name}:")


def _read_again(watched: Watched, source: Source, *, own: bool) -> Delta | None:
    """Give the session a file that came or changed."""
    opened, name = watched.opened, source.name
    held = opened.loaded.get(name)
    if held is None and not own and role(source) != "document":
        return None
    asked = watched.options.kind if own else None
    kind = asked or detect(source)
    if held is not None and kind in (None, held.kind):
        return opened.session.update(held, source)
    if held is not None:
        opened.session.remove(opened.loaded.pop(name))
    given = name_kind(source, asked)
    opened.loaded[name], delta = opened.session.insert(source, given.kind)
    return delta


def _standing(watched: Watched) -> list[Finding]:
    """Return the findings of now, with what the project says of them."""
    settings, documents = watched.settings, watched.opened.session.documents
    findings, _, _ = standing(settings, watched.opened)
    run = replace(
        watched.run,
        modules=named_documents(documents, "terraform_source"),
        plans=named_documents(documents, "terraform_plan"),
        remarked=tuple(
            name
            for name, item in watched.opened.loaded.items()
            if may_allow(item.source, item.kind)
        ),
    )
    judged = judged_by(settings, watched.options)
    shown = redact(findings, _secrets(watched)) if findings else []
    return exempt_known(shown, run, settings, judged)[0]


def _secrets(watched: Watched) -> frozenset[str]:
    """Return the sensitive values of all documents, asking new ones only."""
    held = watched.secrets
    watched.secrets = {
        id(document): held.get(id(document)) or (document, document.sensitive())
        for document in watched.opened.session.documents
    }
    return frozenset[str]().union(*(found for _, found in watched.secrets.values()))
