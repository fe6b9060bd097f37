"""The commands that pages show: PAGE -> COMMANDS, whichever way a block is written."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", *sorted(f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md")))


@dataclass(frozen=True, slots=True)
class Command:
    """A line that a reader would type: its page, its row there, its text."""

    page: str
    row: int
    text: str


def commands(page: str) -> list[Command]:
    """Return the commands of a page in their order.

    All lines of a `sh` block are commands. In other blocks, fenced or indented, those
    are that begin with a prompt or with `comply`.
    """
    text = (ROOT / page).read_text("utf-8")
    return [Command(page, row, line) for row, line in typed(text)]


def typed(text: str) -> Iterator[tuple[int, str]]:
    """Yield the rows and the commands of a text in Markdown."""
    language: str | None = None
    for row, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if bare.startswith("```"):
            language = bare[3:] if language is None else None
        elif language == "sh" and bare:
            yield row, bare
        elif _may_hold(language, line) and bare.startswith(("$ ", "comply ")):
            yield row, bare.removeprefix("$ ")


def _may_hold(language: str | None, line: str) -> bool:
    """Tell whether a line is in a block, fenced or indented, that may show a terminal."""
    return language in {"", "console"} or (language is None and line.startswith("    "))
