"""CHANGED FILES -> FINDINGS THAT CAME AND WENT: what `comply watch` holds, step by step."""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from comply.check.session import Delta
from comply.cli.cached_check import Options
from comply.cli.exemptions import exempt_known, judged_by
from comply.cli.found import Input
from comply.cli.inputs import name_kind, nothing_in, unreadable
from comply.cli.settings import NAME, Settings
from comply.cli.whole_check import (
    Opened,
    judge,
    may_allow,
    named_documents,
    open_session,
    standing,
)
from comply.findings import Finding
from comply.load.detect import role
from comply.load.encoding import read
from comply.load.folder import CANDIDATES, SKIPPED, walk
from comply.load.terraform_source.folder import is_configuration
from comply.report.redact import redact
from comply.report.run import Run, ordered
from comply.source import ComplyError, LoadError, Source

_RULES: Final = (".rego", ".sql")
_TOGETHER: Final = (".sql", ".tf", ".tf.json", ".tfvars")
"""Files that build on each other: one of them changes what the others mean."""


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
    project says of them, and `run` is the report's. `secrets` are the sensitive values seen so far: a
    finding that goes may name one that its document no longer has.
    """

    ask: Callable[[], Settings]
    options: Options
    settings: Settings
    opened: Opened
    run: Run
    standing: list[Finding] = field(default_factory=list)
    trouble: str = ""
    secrets: set[str] = field(default_factory=set)


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
    watched = Watched(ask, options, settings, opened, run, findings)
    if findings:
        _note_secrets(watched)
    return watched, findings, run


def places(settings: Settings) -> tuple[list[Path], list[Path]]:
    """Return the folders to watch with all below them, and those to watch alone.

    Of a file its folder is watched: editors put a new file in the place of the old.
    """
    named = [*(settings.paths or (Path(),)), *settings.rules]
    whole = [path for path in named if path.is_dir()]
    alone = [path.parent for path in named if not path.is_dir()]
    alone.append(_settings_file(settings).parent)
    alone += [settings.baseline.parent] if settings.baseline else []
    alone += settings.sources.values()
    return list(dict.fromkeys(whole)), list(dict.fromkeys(alone))


def advance(watched: Watched, changed: Iterable[Path]) -> Step | None:
    """Take changed files; return what that changes, None if it concerns nothing.

    `changed` are absolute paths of files and folders that came, changed or went.
    """
    started = time.perf_counter()
    concerned = _concerned(watched, changed)
    if not concerned:
        return None
    if None in concerned.values():
        step = _reopen(watched, tuple(concerned))
    else:
        names = {name: own for name, own in concerned.items() if own is not None}
        step = _follow(watched, names)
    return Step(
        step.files,
        ordered(step.added),
        ordered(step.removed),
        step.units_run,
        step.units_reused,
        time.perf_counter() - started,
        len(watched.standing),
        watched.trouble,
        step.reopened,
    )


def _concerned(watched: Watched, changed: Iterable[Path]) -> dict[str, bool | None]:
    """Return the names of files that concern us: whether the user named each.

    None stands for one that concerns everything: a rule, the settings, a script.
    """
    found: dict[str, bool | None] = {}
    for path in sorted(set(_every_file(watched, changed))):
        if _tells(watched, path) or _is_rule(watched, path):
            found[str(_shortest(path))] = None
            continue
        for root in watched.settings.paths or (Path(),):
            name = _name_below(root, path)
            if name is not None:
                own = _same(root, path)
                found[name] = None if name.endswith(_TOGETHER) else own
                break
    return found


def _every_file(watched: Watched, changed: Iterable[Path]) -> Iterator[Path]:
    """Yield changed files; of a folder that came or went, the files below it."""
    held = [Path(os.path.abspath(name)) for name in watched.opened.loaded]  # noqa: PTH100  (resolve follows links)
    for path in changed:
        if path.is_dir():
            below = (item for item in walk(path) if isinstance(item, Path))
            yield from below
        else:
            yield path
        yield from (p for p in held if path in p.parents and not p.exists())


def _tells(watched: Watched, path: Path) -> bool:
    """Tell whether a file says what the project allows.

    The comments of a configuration do, for the plans of it.
    """
    settings = watched.settings
    files = [
        _settings_file(settings),
        *([settings.baseline] if settings.baseline else []),
    ]
    if any(_same(file, path) for file in files):
        return True
    folders = [*settings.sources.values(), *(Path(p).parent for p in watched.run.plans)]
    own = is_configuration(path.name)
    return own and any(_same(folder, path.parent) for folder in folders)


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
    for start in (Path(os.path.abspath(root)), root.resolve()):  # noqa: PTH100  (likewise)
        if start != path and path.is_relative_to(start):
            return path.relative_to(start)
    return None


def _same(one: Path, other: Path) -> bool:
    return other in (Path(os.path.abspath(one)), one.resolve()) or one == other  # noqa: PTH100  (likewise)


def _shortest(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _reopen(watched: Watched, files: tuple[str, ...]) -> Step:
    """Check everything with the rules and settings as they are now, if they can be used."""
    try:
        settings = watched.ask()
        opened = open_session(settings, watched.options)
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
    if after:
        _note_secrets(watched)
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


def _follow(watched: Watched, names: dict[str, bool]) -> Step:
    """Take files by name, whether the user named each, one after the other."""
    deltas = [d for n, own in names.items() if (d := _take(watched, n, own=own))]
    if any(d.added or d.removed for d in deltas):
        _note_secrets(watched)
    for name in names:
        watched.options.texts.pop(name, None)
    after = _standing(watched)
    added, removed = _difference(watched.standing, after)
    watched.standing = after
    return Step(
        tuple(names),
        added,
        removed,
        sum(delta.units_run for delta in deltas),
        # The last of several changes tells how much stood until the end.
        deltas[-1].units_reused if deltas else 0,
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
    if held is not None:
        data = source.text.encode("utf-8", "surrogatepass")
        return opened.session.update(held, data)
    given = name_kind(source, watched.options.kind if own else None)
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
    shown = redact(findings, watched.secrets) if findings else []
    return exempt_known(shown, run, settings, judged)[0]


def _note_secrets(watched: Watched) -> None:
    for document in watched.opened.session.documents:
        watched.secrets |= document.sensitive()
