"""RUN -> CONFIGURATIONS: the Terraform source whose comments count for what was found.

Source is read only for its comments here: where it holds no exception it is not parsed.
"""

from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from comply.classes import dataclass, field
from comply.exempt.allowance import MARK, Allowance, Block, fits_path
from comply.load.terraform_source.folder import (
    gather,
    is_configuration,
    is_source_file,
    texts_of,
)
from comply.report.run import Run
from comply.source import LoadError, Source

if TYPE_CHECKING:
    from comply.exempt.terraform_blocks import Configuration, Sources


@dataclass(frozen=True, slots=True)
class Commented:
    """The configurations of a run that hold exceptions, and what there is to say of others.

    `texts` are the files with exceptions, by name; `checked` those of them that were
    checked as source, not only looked at for a plan.
    """

    sources: "Sources | None" = None
    texts: dict[str, str] = field(default_factory=dict)
    checked: frozenset[str] = frozenset()
    notices: tuple[str, ...] = ()


def commented_sources(run: Run, named: dict[str, Path]) -> Commented:
    """Return the configurations that what was found can be of.

    `named` maps patterns of plans to folders. A plan for which it says nothing is of the
    folder that it stands in, or of one that was checked with it.

    Raises:
        LoadError: if a folder that was named holds no configuration that can be read.
    """
    groups = {plan: _groups(plan, run.modules, named) for plan in run.plans}
    chosen = {folder.as_posix() for folder in named.values()}
    folders = [*run.modules, *(f for g in groups.values() for part in g for f in part)]
    notices: list[str] = []
    gathered: dict[str, Source] = {}
    marked: dict[str, dict[str, str]] = {}
    for folder in dict.fromkeys(folders):
        try:
            gathered[folder] = gather(Path(folder))
            texts = texts_of(gathered[folder])
        except LoadError as error:
            notices.append(_unread(folder, error, named=folder in chosen))
            continue
        marked[folder] = {
            n: t for n, t in texts.items() if MARK in t and is_source_file(n)
        }
    if not any(marked.values()):
        return Commented(notices=tuple(notices))
    # Imported here because few runs have exceptions in comments of Terraform source.
    from comply.exempt.terraform_blocks import Configuration, Sources, configuration

    made: dict[str, Configuration] = {}
    for folder, source in gathered.items():
        try:
            made[folder] = configuration(source)
        except LoadError as error:
            notices.append(_unread(folder, error, named=folder in chosen))
    return Commented(
        Sources(
            _made(run.modules, made),
            {
                plan: tuple(_made(g, made) for g in parts)
                for plan, parts in groups.items()
            },
        ),
        {name: text for texts in marked.values() for name, text in texts.items()},
        frozenset(name for folder in run.modules for name in marked.get(folder, ())),
        tuple(notices),
    )


def _made(
    folders: Iterable[str], made: dict[str, "Configuration"]
) -> tuple["Configuration", ...]:
    return tuple(made[folder] for folder in folders if folder in made)


def _groups(
    plan: str, modules: tuple[str, ...], named: dict[str, Path]
) -> tuple[tuple[str, ...], ...]:
    """Return the folders that a plan may be of, the likeliest first.

    Of several patterns that fit the plan the last one counts.
    """
    for pattern, folder in reversed(named.items()):
        if fits_path(pattern, plan):
            return ((folder.as_posix(),),)
    beside = Path(plan).parent
    try:
        has_source = any(is_configuration(item.name) for item in beside.iterdir())
    except OSError:
        has_source = False
    return (((beside.as_posix(),),) if has_source else ()) + (modules,)


def _unread(folder: str, error: LoadError, *, named: bool) -> str:
    """Return the notice that exceptions in a folder do not count.

    Raises:
        LoadError: if the user named the folder.
    """
    if named:
        raise error
    return f"exceptions in {folder} do not count for plans: {error.headline()}"


def unneeded(
    commented: Commented, plans: tuple[str, ...], texts: dict[str, str]
) -> Callable[[Allowance], bool]:
    """Return what tells whether an exception without a finding is one too many.

    Rules tend to look at what a plan changes. So an exception that only plans have to do
    with is idle if a plan changes something in its block and nothing was found there.
    """

    @cache
    def changed() -> frozenset[Block]:
        return _changed(commented, plans, texts)

    def is_idle(allowance: Allowance) -> bool:
        place, rows = allowance.place, allowance.rows
        file = place.file if place else ""
        if file not in commented.texts or file in commented.checked or rows is None:
            return True
        return any(
            name == file and rows[0] <= row <= rows[1] for name, row in changed()
        )

    return is_idle


def _changed(
    commented: Commented, plans: tuple[str, ...], texts: dict[str, str]
) -> frozenset[Block]:
    """Return the blocks of what plans create, update or delete."""
    from comply.exempt.terraform_blocks import touched
    from comply.load.terraform_changes import changed_addresses

    sources = commented.sources
    if sources is None:
        return frozenset()
    return frozenset[Block]().union(
        *(touched(sources, p, changed_addresses(_data(p, texts))) for p in plans)
    )


def _data(plan: str, texts: dict[str, str]) -> bytes:
    if plan in texts:
        return texts[plan].encode("utf-8", "surrogatepass")
    try:
        return Path(plan).read_bytes()
    except OSError:
        return b""
