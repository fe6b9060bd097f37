"""`comply cache`: what is kept between runs, and a way to be rid of it."""

from contextlib import closing
from pathlib import Path
from typing import Final

import click

from comply.check.cache_store import LARGEST as FINDINGS
from comply.check.cache_store import NAME, Stats, open_store
from comply.cli.cache import cache_folder
from comply.cli.same_run import LARGEST as REPORTS
from comply.cli.same_run import SUFFIX
from comply.kept_file import is_private
from comply.rules.checks import LARGEST as RULES
from comply.source import ComplyError

_OURS: Final = (f"{NAME}*", "*.plan", f"*{SUFFIX}", "*.draft")


@click.group("cache")
def command() -> None:
    """Show or clear what `comply check` keeps between runs.

    Kept are compiled rules, what was found in files that have not changed since, and
    reports, for runs over a tree in which nothing has. No document is kept, and no
    sensitive value. Every run may find the cache empty or
    damaged: it then does the work anew.
    """


@command.command("stats", short_help="Show where the cache is, and its size.")
def stats() -> None:
    """Show where the cache is, its size, and what the last run got from it.

    \b
    comply cache stats
    """  # noqa: D301  (click wants the character)
    folder = _folder()
    found = _stats(folder)
    plans, compiled = _held(folder, "*.plan")
    reports, said = _held(folder, f"*{SUFFIX}")
    share = f" ({found.hits / found.asked:.0%})" if found.asked else ""
    rows = (
        ("folder", str(folder)),
        ("size", f"{(found.size + compiled + said) / 1e6:.1f} MB"),
        ("compiled rule sets", f"{plans:,} ({_share(compiled, RULES)})"),
        ("reports to repeat", f"{reports:,} ({_share(said, REPORTS)})"),
        ("findings", _share(found.size, FINDINGS)),
        ("rule sets with findings", f"{found.scopes:,}"),
        ("files known", f"{found.entries - found.scopes:,}" if found.entries else "0"),
        # One that repeats a report asks for no file.
        (
            "last full run",
            f"{found.hits:,} of {found.asked:,} files from the cache{share}",
        ),
    )
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        click.echo(f"{name:<{width}}  {value}")


@command.command("clear")
def clear() -> None:
    """Delete what is kept; the next run begins anew.

    \b
    comply cache clear
    """  # noqa: D301  (click wants the character)
    folder = _folder()
    paths = sorted({p for pattern in _OURS for p in folder.glob(pattern)})
    size = 0
    for path in paths:
        try:
            size += path.stat().st_size
            path.unlink(missing_ok=True)
        except OSError as error:
            raise ComplyError(f"{path}: cannot be deleted: {error.strerror}") from None
    click.echo(f"cleared {len(paths):,} files, {size / 1e6:.1f} MB, in {folder}")


def _held(folder: Path, pattern: str) -> tuple[int, int]:
    """Return how many files there are of a pattern, and their bytes together."""
    sizes = [path.stat().st_size for path in folder.glob(pattern)]
    return len(sizes), sum(sizes)


def _share(size: int, most: int) -> str:
    return f"{size / 1e6:.1f} MB of at most {most / 1e6:.0f} MB"


def _stats(folder: Path) -> Stats:
    """Return what the cache holds; one that is not there is not created for it."""
    path = folder / NAME
    if not path.exists() or not is_private(folder):
        return Stats(path)
    store = open_store(folder)
    if store is None:
        return Stats(path)
    with closing(store):
        return store.stats()


def _folder() -> Path:
    folder = cache_folder()
    if folder is None:
        raise ComplyError(
            "there is no home folder to keep a cache in",
            hint="name a folder by COMPLY_CACHE_DIR",
        )
    return folder
