"""The state of comply's own code, for the keys of what is kept.

The version would not do: who develops comply has one version for a long time.
"""

import os
from sys import implementation

from comply.version import VERSION


def build() -> list[tuple[str, int, int]]:
    """Return the version, and the size and time of each of comply's modules."""
    found = [(f"{VERSION} {implementation.cache_tag}", 0, 0)]
    folders = [os.path.dirname(os.path.dirname(__file__))]  # noqa: PTH120
    while folders:
        with os.scandir(folders.pop()) as scan:
            for entry in scan:
                if entry.name.endswith(".py"):
                    state = entry.stat()
                    found.append((entry.path, state.st_size, state.st_mtime_ns))
                elif "." not in entry.name and entry.name != "__pycache__":
                    folders += [entry.path] if entry.is_dir() else []
    return sorted(found)
