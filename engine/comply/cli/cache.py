"""Where the command line keeps what it may need again."""

import os
from pathlib import Path


def cache_folder() -> Path | None:
    """Return the folder of the cache; None if there is no home to put it in.

    `COMPLY_CACHE_DIR` names it; else it is `comply` in XDG_CACHE_HOME or ~/.cache.
    """
    if named := os.environ.get("COMPLY_CACHE_DIR"):
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME")
    try:
        return (Path(base) if base else Path.home() / ".cache") / "comply"
    except RuntimeError:
        return None
