"""Draw docs/terminal.svg: what `comply check fixtures/demo` prints, as it prints it.

The command runs; nothing in the picture is made up. Run it again when the output changes:

    python scripts/picture.py
"""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs" / "terminal.svg"
COMMAND = ("check", "fixtures/demo")
SHOWN = "$ comply check fixtures/demo"
COLUMNS = 108
CELL, ROW, TOP, LEFT = 8.0, 18, 44, 16
BACKGROUND, FOREGROUND, FAINT = "#12161c", "#d6dbe1", "#8a939e"
COLOURS = {
    "31": "#ff7b72",
    "32": "#56d364",
    "33": "#e3b341",
    "34": "#79c0ff",
    "35": "#d2a8ff",
    "36": "#76e3ea",
    "37": "#ffffff",
}
BLOCKS = {"41": "#a3212b"}


@dataclass(frozen=True, slots=True)
class Style:
    """How a run of characters looks."""

    colour: str = FOREGROUND
    block: str = ""
    bold: bool = False
    underlined: bool = False


def main() -> None:
    """Run the command and write the picture."""
    start = "from comply.cli.main import main; main()"
    done = subprocess.run(  # noqa: S603  (our own command)
        [sys.executable, "-c", start, *COMMAND, "--color", "always"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode != 1:
        sys.exit(f"the demo ended with {done.returncode}, not 1:\n{done.stderr}")
    lines = [SHOWN, *done.stdout.rstrip().split("\n")]
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(picture(lines), encoding="utf-8")


def picture(lines: list[str]) -> str:
    """Return lines with terminal colours as an SVG of a window."""
    wrapped = [piece for line in lines for piece in wrap(list(runs(line)))]
    width, height = LEFT * 2 + COLUMNS * CELL, TOP + ROW * len(wrapped) + 16
    body = "\n".join(
        drawn(line, TOP + ROW * number) for number, line in enumerate(wrapped)
    )
    dots = "".join(
        f'<circle cx="{20 + 18 * place}" cy="18" r="5.5" fill="{colour}"/>'
        for place, colour in enumerate(("#ff5f57", "#febc2e", "#28c840"))
    )
    font = "font: 13px ui-monospace, Menlo, Consolas, monospace; white-space: pre"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" '
        f'role="img" aria-label="{escape(SHOWN)}">\n'
        f"<style>text {{ {font} }}</style>\n"
        f'<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>\n'
        f"{dots}\n{body}\n</svg>\n"
    )


def runs(line: str) -> Iterator[tuple[Style, str]]:
    r"""Yield the runs of one style in a line.

    >>> [text for _, text in runs("a\x1b[1mb\x1b[0mc")]
    ['a', 'b', 'c']
    """
    style = Style()
    first, *rest = line.split("\x1b[")
    if first:
        yield style, first
    for part in rest:
        codes, _, text = part.partition("m")
        for code in codes.split(";"):
            style = styled(style, code)
        if text:
            yield style, text


def styled(style: Style, code: str) -> Style:
    """Return the style after one SGR code."""
    if code in COLOURS:
        return replace(style, colour=COLOURS[code])
    if code in BLOCKS:
        return replace(style, block=BLOCKS[code])
    changes = {
        "0": Style(),
        "1": replace(style, bold=True),
        "2": replace(style, colour=FAINT),
        "4": replace(style, underlined=True),
    }
    return changes[code]


def wrap(line: list[tuple[Style, str]]) -> Iterator[list[tuple[Style, str]]]:
    """Yield a line in pieces as wide as the window, as a terminal breaks it."""
    row: list[tuple[Style, str]] = []
    room = COLUMNS
    for style, whole in line:
        text = whole
        while len(text) > room:
            yield [*row, (style, text[:room])]
            row, text, room = [], text[room:], COLUMNS
        row.append((style, text))
        room -= len(text)
    yield row


def drawn(line: list[tuple[Style, str]], top: int) -> str:
    """Return one line of the window."""
    column, parts = 0, []
    for style, text in line:
        left, length = LEFT + column * CELL, len(text) * CELL
        if style.block:
            parts.append(
                f'<rect x="{left}" y="{top - 13}" width="{length}" height="17" '
                f'fill="{style.block}"/>'
            )
        if text.strip():
            parts.append(
                f'<text x="{left}" y="{top}" fill="{style.colour}" '
                f'xml:space="preserve" textLength="{length}"{_looks(style)}>'
                f"{escape(text)}</text>"
            )
        column += len(text)
    return "".join(parts)


def _looks(style: Style) -> str:
    bold = ' font-weight="700"' if style.bold else ""
    return bold + (' text-decoration="underline"' if style.underlined else "")


if __name__ == "__main__":
    main()
