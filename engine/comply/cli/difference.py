"""What a rewriting would change, as a unified diff in the colours people know."""

from collections.abc import Iterator
from difflib import unified_diff
from typing import Final

from comply.report.look import Look
from comply.source import Source

_COLOURS: Final = {"+": "32", "-": "31", "@": "36"}


def difference(source: Source, text: str, what: str, look: Look) -> Iterator[str]:
    """Yield the lines, with their ends, that lead from a source to a new text of it.

    `what` was done to it: it stands behind the file's name in the second line.
    """
    old = source.text.splitlines(keepends=True)
    new = text.splitlines(keepends=True)
    for line in unified_diff(old, new, source.name, f"{source.name} ({what})"):
        bare = line.rstrip("\n")
        colour = _COLOURS.get(bare[:1], "")
        yield look.paint(colour, bare) if colour else bare
        yield "\n" if line.endswith("\n") else "\n\\ No newline at end of file\n"
