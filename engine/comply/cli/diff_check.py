"""`comply check --diff REF`: of what is found, that which the change brings.

The rules and settings of now are held to both sides, so only the change of facts counts.
What cannot be checked at the other side was not there: it counts as new.
"""

import os
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import chdir, suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from comply.classes import dataclass
from comply.cli.cached_check import (
    NOTHING_EVALUATED,
    TOGETHER,
    Options,
    check_files,
)
from comply.cli.check import check
from comply.cli.exemptions import Judged, exempt_known
from comply.cli.git_tree import (
    Tree,
    changed_files,
    extract,
    ignored_files,
    tracked_files,
)
from comply.cli.settings import Settings
from comply.exempt.introduced import introduced
from comply.findings import Finding, Status
from comply.load.folder import CANDIDATES, SKIPPED
from comply.report.links import repository_path
from comply.report.run import Run
from comply.rules.files import user_files
from comply.source import ComplyError, Span

_LARGEST_READ: Final = 1 << 20
"""A larger file is not read by Terraform's functions, or by any script."""

_VALUES: Final = ("*.tfvars", "*.tfvars.json")
"""Values that git ignores belong to the machine: both sides have them."""

_MOST_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """What a run was asked for, besides the tree that it is compared with."""

    settings: Settings
    options: Options
    judged: Judged


@dataclass(frozen=True, slots=True)
class _Now:
    """What is found now, by the repository's names of files, and what git has of them.

    `changed` are files of which there may be another version now than in the tree;
    `gathers` is whether findings rest on files beside those that they are in.
    """

    packs: tuple[str, ...]
    gathers: bool
    found: dict[str, list[Finding]]
    tracked: frozenset[str]
    changed: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Before:
    """What was found in the tree, and what is to be said about what could not be."""

    findings: tuple[Finding, ...] = ()
    trouble: tuple[str, ...] = ()


def only_new(
    findings: list[Finding], run: Run, asked: Asked, tree: Tree
) -> tuple[list[Finding], Run]:
    """Return the findings that were not there in a tree, and the run with what to say.

    Errors stay: what could not be checked now is not known to be old.

    Raises:
        ComplyError: if git fails.
    """
    here = Run(root=tree.root.as_posix(), folder=tree.folder)

    @cache
    def called(file: str) -> str:
        return repository_path(Span(file, 1, 1), here)

    def file_of(finding: Finding) -> str:
        return called(finding.span.file) if finding.span else ""

    @cache
    def is_lone(file: str) -> bool:
        return bool(file) and not (file in tree.files and (tree.root / file).exists())

    found: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.status is not Status.ERROR:
            found.setdefault(file_of(finding), []).append(finding)
    if not found:
        return findings, _with(run, [f"compared with {tree}"])
    # Comments in Terraform source count for plans, wherever those are.
    gathers = bool(run.modules or run.plans)
    now = _Now(run.packs, gathers, found, tracked_files(tree), changed_files(tree))
    before = _found_before(now, asked, tree)
    new = introduced(findings, before.findings, file_of, is_lone)
    notices = [_told_known(len(findings) - len(new), tree), *before.trouble]
    notices += _strangers(new, file_of, now.tracked)
    if len(new) < len(findings):
        notices += _changed_rules(asked.settings, now, tree)
    return new, _with(run, notices)


def _with(run: Run, notices: Iterable[str]) -> Run:
    return replace(run, notices=(*run.notices, *notices))


def _found_before(now: _Now, asked: Asked, tree: Tree) -> _Before:
    """Return what the rules of now find in a tree."""
    parts = _parts(now, asked.settings, tree)
    if not (parts.changed or parts.same or (parts.below and parts.gathers)):
        return _Before()
    with TemporaryDirectory(prefix="comply-diff-", ignore_cleanup_errors=True) as work:
        place = _Place(tree, Path(work).resolve())
        place.prepare()
        elsewhere = _from_here(asked, now.packs, tree)
        try:
            findings = _checked_in_part(parts, now, elsewhere, place)
            if findings is None:
                findings = _checked_whole(parts, elsewhere, place)
        except ComplyError as error:
            told = (
                f"{tree} could not be checked, so all of it is new: {error.headline()}"
            )
            return _Before(trouble=(told,))
    return _Before(tuple(findings), tuple(_told_errors(findings, tree)))


@dataclass(frozen=True, slots=True)
class _Parts:
    """The inputs of a tree, `below` the paths of a run, by what became of them.

    `changed` may be others now; `same` are not and have findings now. `gathers` is
    whether there are some that are read with other files.
    """

    below: list[str]
    changed: list[str]
    same: list[str]
    gathers: bool


def _parts(now: _Now, settings: Settings, tree: Tree) -> _Parts:
    targets = _targets(settings, tree)
    below = [name for name in tree.files if _is_input(name, targets)]
    changed = [name for name in below if name in now.changed]
    # What is said of exceptions there follows from all files, not from that one.
    own = _name(tree, settings.file) if settings.file else None
    same = [n for n in below if n in now.found and n not in now.changed and n != own]
    gathers = now.gathers or any(name.endswith(TOGETHER) for name in below)
    return _Parts(below, changed, same, gathers)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a tree is written to: `work` holds it and the index that git works with."""

    tree: Tree
    work: Path

    @property
    def top(self) -> Path:
        """The folder that stands for the root of the repository."""
        return self.work / "tree"

    @property
    def folder(self) -> Path:
        """The folder that stands for the current one."""
        return self.top / self.tree.folder

    def prepare(self) -> None:
        """Make the folders."""
        self.folder.mkdir(parents=True)
        # It stands for a checkout: what asks where that ends finds this.
        (self.top / ".git").mkdir()

    def write(self, names: Collection[str]) -> None:
        """Write files of the tree."""
        extract(self.tree, names, self.top, self.work / "index")


def _checked_in_part(
    parts: _Parts, now: _Now, asked: Asked, place: _Place
) -> list[Finding] | None:
    """Return what is found in a tree, where each file can be checked by itself.

    Then a file that did not change had the findings that it has now, and only the others
    need be checked. None where a rule joins files, or a file is read with others.
    """
    files = place.tree.files
    if parts.gathers or any(files[n].link for n in (*parts.changed, *parts.same)):
        return None
    # One that has findings tells of the rules, where those that changed cannot.
    first = [*parts.changed, *parts.same[:1]]
    place.write(first)
    settings = _narrowed(asked.settings, first, place.tree)
    with chdir(place.folder):
        found = check_files(settings, asked.options)
        if found is None:
            return None
        findings, _ = exempt_known(*found, settings, asked.judged)
    return findings + [f for name in parts.same[1:] for f in now.found[name]]


def _checked_whole(parts: _Parts, asked: Asked, place: _Place) -> list[Finding]:
    """Return what is found in all inputs of a tree."""
    tree = place.tree
    # Modules and scripts may read files elsewhere, of any name.
    more = [n for n, b in tree.files.items() if b.size <= _LARGEST_READ]
    place.write({*parts.below, *(more if parts.gathers else ())})
    if parts.gathers:
        _lend_values(place)
    settings = _narrowed(asked.settings, parts.below, tree)
    with chdir(place.folder):
        found = check(settings, asked.options)
        return exempt_known(*found, settings, asked.judged)[0]


def _lend_values(place: _Place) -> None:
    """Copy the values of variables that git ignores beside the files of a tree."""
    for name in ignored_files(place.tree, _VALUES):
        target = place.top / name
        # A folder may have been a link, that leads out.
        inside = target.parent.resolve().is_relative_to(place.top)
        if inside and target.parent.is_dir() and not target.exists():
            # What cannot be read is not lent: its variables are unknown there.
            with suppress(OSError):
                shutil.copyfile(place.tree.root / name, target)


def _from_here(asked: Asked, packs: tuple[str, ...], tree: Tree) -> Asked:
    """Return what was asked for so that it means the same in the folder of a tree.

    Rules and baseline are those of now; Terraform's files are the tree's, where it has
    them. Where no rules are named, `packs` are those that fit what there is now.
    """
    here, settings, options = Path.cwd(), asked.settings, asked.options
    named = settings.rules or settings.packs
    texts: dict[str, str] = {}

    def there(path: Path) -> Path:
        return path if not path.is_absolute() and _has(tree, path) else here / path

    return Asked(
        replace(
            settings,
            rules=tuple(here / path for path in settings.rules),
            packs=settings.packs if named else packs,
            baseline=here / settings.baseline if settings.baseline else None,
            sources={name: there(path) for name, path in settings.sources.items()},
            var_files=tuple(map(there, settings.var_files)),
            variables=tuple(
                there(item) if isinstance(item, Path) else item
                for item in settings.variables
            ),
        ),
        replace(
            options,
            cache=here / options.cache if options.cache else None,
            texts=texts,
            tree=f"{here}\n--diff",
        ),
        replace(asked.judged, texts=texts),
    )


def _has(tree: Tree, path: Path) -> bool:
    """Tell whether a tree has a file, or files in a folder."""
    name = _name(tree, path)
    if name is None:
        return False
    return name in tree.files or any(name in _ways(file) for file in tree.files)


def _narrowed(settings: Settings, names: Iterable[str], tree: Tree) -> Settings:
    """Return settings with those paths only that lead to some of the names."""
    reached = {folder for name in names for folder in _ways(name)}
    paths = [
        Path(os.path.relpath(path)) if path.is_absolute() else path
        for path in settings.paths or (Path(),)
        if str(path) != "-" and _name(tree, path) in reached
    ]
    return replace(settings, paths=tuple(paths))


def _targets(settings: Settings, tree: Tree) -> frozenset[str]:
    """Return what the repository calls the paths of a run that are in it."""
    paths = settings.paths or (Path(),)
    names = (_name(tree, path) for path in paths if str(path) != "-")
    return frozenset(name for name in names if name is not None)


def _name(tree: Tree, path: Path) -> str | None:
    """Return what the repository calls a path, empty for all of it; None outside."""
    full = Path(os.path.normpath(Path.cwd() / path))
    if not full.is_relative_to(tree.root):
        return None
    name = full.relative_to(tree.root).as_posix()
    return "" if name == "." else name


def _ways(name: str) -> Iterator[str]:
    """Yield a name, the folders around it and the root.

    >>> list(_ways("a/b/c.yaml"))
    ['a/b/c.yaml', 'a/b', 'a', '']
    """
    while name:
        yield name
        name = name.rpartition("/")[0]
    yield ""


def _is_input(name: str, targets: frozenset[str]) -> bool:
    """Tell whether a run over `targets` looks at a file, as far as its name tells.

    >>> [_is_input(n, frozenset({"a"})) for n in ("a/b.yaml", "b.yaml", "a/.b/c.yaml")]
    [True, False, False]
    """
    if name in targets:
        return True
    suffix = os.path.splitext(name)[1]  # noqa: PTH122  (of each file of a repository)
    folder = name if suffix.lower() in CANDIDATES else ""
    while folder:
        folder, _, part = folder.rpartition("/")
        if part.startswith(".") or part in SKIPPED:
            return False
        if folder in targets:
            return True
    return False


def _told_known(known: int, tree: Tree) -> str:
    if not known:
        return f"compared with {tree}"
    were = "that was" if known == 1 else "that were"
    return f"compared with {tree}: {_many(known, 'finding')} {were} there not shown"


def _told_errors(findings: list[Finding], tree: Tree) -> Iterator[str]:
    errors = [
        ComplyError(finding.message, finding.span).headline()
        for finding in findings
        if finding.status is Status.ERROR and finding.rule_id != NOTHING_EVALUATED
    ]
    if errors:
        yield (
            f"{_many(len(errors), 'error')} at {tree}, so what could not be checked "
            f"there counts as new: {errors[0]}"
        )


def _strangers(
    new: list[Finding], file_of: Callable[[Finding], str], tracked: frozenset[str]
) -> Iterator[str]:
    """Yield what is to be said of new findings in inputs that git does not have."""
    names = sorted({f.span.file for f in new if f.span and file_of(f) not in tracked})
    if not names:
        return
    listed = ", ".join(names[:_MOST_NAMED])
    more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    told = f"not in git, so all that is found there is new: {listed}{more}"
    if any(name.endswith(".json") for name in names):
        told += "; a baseline compares plans: `comply baseline create OLDER_PLAN.json`"
    yield told


def _changed_rules(settings: Settings, now: _Now, tree: Tree) -> Iterator[str]:
    """Yield what is to be said of rules and settings that are not those of the tree."""
    files = [Path(file.source.name) for file in user_files(settings.rules)]
    files += [file for file in (settings.file, settings.baseline) if file]
    names = {name for file in files if (name := _name(tree, file)) is not None}
    changed = sorted(n for n in names if n in now.changed or n not in tree.files)
    if changed:
        yield (
            f"rules or settings changed ({', '.join(changed[:_MOST_NAMED])}"
            f"{', ..' if len(changed) > _MOST_NAMED else ''}) and were held to both "
            "sides: a run without --diff shows what they find in what did not change"
        )


def _many(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
