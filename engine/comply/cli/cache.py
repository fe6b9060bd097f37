"""Where the command line keeps what it may need again."""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path


def cache_folder() -> "Path | None":
    """Return the folder of the cache; None if there is no home to put it in.

    `COMPLY_CACHE_DIR` names it; else it is `comply` in XDG_CACHE_HOME or ~/.cache.
    """
    from pathlib import Path

    place = cache_place()
    return None if place is None else Path(place)


def cache_place() -> str | None:
    """Return what `cache_folder` does, as text: a Path takes a while to import."""
    if named := os.environ.get("COMPLY_CACHE_DIR"):
        return named
    base = os.environ.get("XDG_CACHE_HOME")
    if not base:
        home = os.path.expanduser("~")  # noqa: PTH111
        if home == "~":
            return None
        base = os.path.join(home, ".cache")  # noqa: PTH118
    return os.path.join(base, "comply")  # noqa: PTH118
