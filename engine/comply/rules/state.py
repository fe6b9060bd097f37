"""The state of comply's own code, asked for once in a process."""

from functools import cache

from comply.rules.build import build


@cache
def known_build() -> list[tuple[str, int, int]]:
    """Return what `build` does: what was imported does not change any more."""
    return build()
