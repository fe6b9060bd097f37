"""`comply sql run`: runs scripts with assertions in force, as Oracle does."""

import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click

from comply.cli.terminal import Choice, wants_colour
from comply.load.encoding import decode, read
from comply.report.characters import one_line, visible
from comply.report.look import Look, look_of
from comply.source import Source, excerpt
from comply.sql.errors import AssertionViolated
from comply.sql.evidence import evidence
from comply.sql.script import Step, run_steps
from comply.sql.table import table_lines

_INDENT: Final = "    "
_LONGEST: Final = 100


@click.command()
@click.argument(
    "scripts",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, allow_dash=True),
    metavar="SCRIPT ...",
)
@click.option(
    "-v", "--verbose", is_flag=True, help="Show every statement, and rows of queries."
)
@click.option(
    "--rows",
    type=click.IntRange(0),
    default=10,
    show_default=True,
    metavar="N",
    help="The most violating rows to show for a statement.",
)
@click.option(
    "--now",
    type=click.DateTime(),
    metavar="TIME",
    help="What SYSDATE and SYSTIMESTAMP say, as 2026-01-31 or 2026-01-31T12:00:00.",
)
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    help="How the outcome is written.",
)
@click.option(
    "--color",
    "colour",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    help="Colours. NO_COLOR and FORCE_COLOR count as well.",
)
def command(  # noqa: PLR0913  (click passes one argument an option)
    *,
    scripts: tuple[Path, ...],
    verbose: bool,
    rows: int,
    now: datetime | None,
    form: str,
    colour: Choice,
) -> int:
    """Run scripts of DDL, DML and transactions with assertions in force.

    All scripts run in order in one database in memory, which is gone afterwards. An
    assertion that does not hold fails the statement (ORA-08601), which alone is
    undone; a deferred one fails the COMMIT (ORA-02091, ORA-08601), and the
    transaction is rolled back. The rows that violate it are shown. A statement that
    fails does not end the run. What is open at the end is committed.

    A comment above a statement, or behind it on its last line, says what must come
    of it; `comply test` runs scripts with such comments as tests.

    \b
    -- expect: ORA-08601 TICKET_REQUIRES_ACTIVE_SLA
    -- expect: ok

    \b
    comply sql run schema.sql assertions.sql data.sql
    comply sql run schema.sql changes.sql -f json

    Exit code: 0 all went as expected, 1 data broke the schema or an expectation was
    not met, 2 a statement could not be run.
    """  # noqa: D301  (click wants the character)
    started = time.perf_counter()
    sources = [_source(path) for path in scripts]
    look = look_of(sys.stdout, colour=wants_colour(sys.stdout, colour))
    steps: list[Step] = []
    for step in run_steps(sources, now):
        steps.append(step)
        if form == "text":
            lines = _lines(step, look, rows, verbose=verbose)
            sys.stdout.writelines(f"{line}\n" for line in lines)
    seconds = time.perf_counter() - started
    if form == "json":
        _write_json(steps, rows, seconds)
    else:
        sys.stdout.write(_summary(steps, len(sources), seconds, look) + "\n")
    return exit_code(steps)


def _source(path: Path) -> Source:
    if path == Path("-"):
        return decode("<stdin>", sys.stdin.buffer.read())
    return read(path, str(path))


def exit_code(steps: Sequence[Step]) -> int:
    """Return 2 if a statement could not be run, 1 if data broke something, else 0."""
    verdicts = {step.verdict for step in steps}
    if "failed" in verdicts:
        return 2
    return int(bool(verdicts & {"broken", "unexpected"}))


def _lines(step: Step, look: Look, limit: int, *, verbose: bool) -> Iterator[str]:
    """Yield what to show of a statement: nothing of one that went well, unless asked."""
    bad = step.verdict not in ("ok", "expected")
    if not bad and not verbose:
        return
    place = look.paint("1", visible(str(step.statement.span)))
    sign = look.pick("✗", "x") if bad else look.pick("✓", "ok")
    mark = look.paint("1;31" if bad else "32", sign)
    said = step.problem or (str(step.expected) if step.verdict == "expected" else "")
    first, *rest = said.splitlines() or [""]
    yield f"{mark} {place}: {visible(first)}".rstrip(": ")
    yield from (f"{_INDENT}{visible(line)}" for line in rest)
    yield from (_INDENT + line for line in _written(step))
    if bad and step.error is not None and step.error.hint:
        yield f"{_INDENT}hint: {visible(step.error.hint)}"
    shown = step.violating or step.rows
    yield from (f"{_INDENT}{visible(line)}" for line in table_lines(shown, limit))
    if bad:
        yield ""


def _written(step: Step) -> list[str]:
    """Return the statement in a line, or the line where it is wrong, with a caret."""
    error = step.error if step.verdict == "failed" else None
    span = error.span if error is not None else None
    if span is not None and span != step.statement.span and span.line:
        return [visible(line) for line in excerpt(span)]
    text = one_line(step.statement.text)
    return [text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."]


def _summary(steps: Sequence[Step], files: int, seconds: float, look: Look) -> str:
    counts = Counter(step.verdict for step in steps)
    parts = [
        _many(counts["failed"], "could not be run"),
        _many(counts["broken"], "broke the schema"),
        _many(counts["unexpected"], "did not come out as expected"),
        _many(counts["expected"], "failed as expected"),
        _many(counts["ok"], "succeeded"),
    ]
    text = ", ".join(p for p in parts if p) or "no statements"
    good = exit_code(steps) == 0
    sign = look.pick("✓", "ok:") if good else look.pick("✗", "x")
    scripts = f"{files:,} {'script' if files == 1 else 'scripts'}"
    dot = look.pick(" · ", " - ")
    marked = look.paint("1;32" if good else "1;31", f"{sign} {text}")
    return f"{marked}{dot}{scripts}, {seconds:.2f} s"


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}" if number else ""


def _write_json(steps: Sequence[Step], limit: int, seconds: float) -> None:
    counts = Counter(step.verdict for step in steps)
    value = {
        "summary": {
            "statements": len(steps),
            **{str(verdict): number for verdict, number in sorted(counts.items())},
            "seconds": round(seconds, 3),
        },
        "statements": [_object(step, limit) for step in steps],
    }
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")


def _object(step: Step, limit: int) -> dict[str, Any]:
    """Return a statement as JSON has it; violating rows, else those of a query."""
    span, error = step.statement.span, step.error
    value: dict[str, Any] = {
        "file": span.file,
        "row": span.row,
        "col": span.col,
        "statement": step.statement.text,
        "verdict": step.verdict,
    }
    if error is not None:
        value |= {"code": error.code, "message": error.message}
    if isinstance(error, AssertionViolated):
        value["assertion"] = error.assertion
    if step.expected is not None:
        value["expected"] = str(step.expected)
    rows = step.violating or step.rows
    if rows:
        value["rows"] = list(evidence(rows[:limit]))
    return value
