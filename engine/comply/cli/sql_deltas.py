"""`comply sql deltas`: the queries that check only what changed."""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import click

from comply.dialect.apply import apply
from comply.dialect.definitions import definition
from comply.dialect.schema import Schema
from comply.dialect.statements import statements
from comply.dialect.syntax import AlterTable, CreateTable
from comply.load.encoding import read
from comply.source import ComplyError, Source
from comply.sql.assertion import Assertion, parse_source
from comply.sql.catalog import Catalog, catalog_of
from comply.sql.delta import DeltaQuery, deltas
from comply.sql.restricted import Event
from comply.sql.safe import SafeEvent, safe_events

_DIALECTS: Final = ("duckdb", "postgres", "oracle")
_LEGEND: Final = """\
-- NEW_<table>   rows that were inserted, and those that were updated, as they are now
-- OLD_<table>   rows that were deleted, and those that were updated, as they were
-- PAST_<table>  the table as it is, and the rows of OLD_<table>
-- A query finds the violating rows, if the assertion held before the change.
"""
_AFTER: Final[dict[Event, str]] = {
    "insert": "insert into",
    "delete": "delete from",
    "update": "update of",
}


@click.command()
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE ...",
)
@click.option(
    "--dialect",
    type=click.Choice(_DIALECTS),
    default="duckdb",
    show_default=True,
    help="Whose SQL the queries are in.",
)
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
def command(*, files: tuple[Path, ...], dialect: str, as_json: bool) -> int:
    """Print the queries that check only the rows that changed.

    For each assertion, table and event (insert, delete, update of which columns) that
    can break it there is a query; it reads the changed rows under the names NEW_..,
    OLD_.. and PAST_.. of their table, in PostgreSQL in lower case. Several queries for
    one event all count. Events that cannot break it are listed with the reason.

    Tables that the files create are known with all their columns; without them, names
    are taken on trust.

    \b
    comply sql deltas schema.sql assertions.sql
    comply sql deltas assertions.sql --dialect postgres

    Exit code: 0, or 2 if a file cannot be read.
    """  # noqa: D301  (click wants the character)
    sources = [read(path, str(path)) for path in files]
    catalog = _catalog(sources)
    found = [made for source in sources for made in parse_source(source)]
    if not found:
        names = ", ".join(str(path) for path in files)
        raise ComplyError(f"{names}: no CREATE ASSERTION in there")
    if as_json:
        value = {
            "dialect": dialect,
            "assertions": [_object(a, dialect, catalog) for a in found],
        }
        json.dump(value, sys.stdout, ensure_ascii=False, indent=2)
        sys.stdout.write("\n")
        return 0
    sys.stdout.write(_LEGEND)
    for assertion in found:
        lines = _lines(assertion, dialect, catalog)
        sys.stdout.writelines(f"{line}\n" for line in lines)
    return 0


def _catalog(sources: Sequence[Source]) -> Catalog | None:
    """Return the tables that scripts create, None if they create none."""
    schema = Schema()
    for source in sources:
        for statement in statements(source):
            made = definition(statement)
            if isinstance(made, CreateTable | AlterTable):
                schema = apply(schema, made, source)
    return catalog_of(schema) if schema.tables else None


def _both(
    assertion: Assertion, dialect: str, catalog: Catalog | None
) -> tuple[list[DeltaQuery], list[SafeEvent]]:
    found = deltas(assertion.parts(), dialect, catalog, pretty=True)
    return found, safe_events(assertion.parts(), found, catalog)


def _lines(
    assertion: Assertion, dialect: str, catalog: Catalog | None
) -> Iterator[str]:
    found, safe = _both(assertion, dialect, catalog)
    yield ""
    yield f"-- {assertion.full_name}"
    events: dict[str, list[str]] = {}
    for delta in found:
        events.setdefault(delta.sql, []).append(_after(delta))
    whole = {delta.sql: delta.whole for delta in found}
    for sql, after in events.items():
        yield ""
        if whole[sql]:
            yield f"-- checked whole: {whole[sql]}"
        yield from (f"-- after {event}" for event in after)
        yield f"{sql};"
    if safe:
        yield ""
    for event in safe:
        yield f"-- safe: {_after(event)}: {event.reason}"


def _after(event: DeltaQuery | SafeEvent) -> str:
    """Return an event in words, as `update of K on TA`."""
    words = _AFTER[event.event]
    if event.event != "update":
        return f"{words} {event.table}"
    if event.columns:
        return f"{words} {', '.join(event.columns)} on {event.table}"
    reason = event.reason if isinstance(event, SafeEvent) else ""
    which = "other columns" if "not read them" in reason else "any column"
    return f"{words} {which} on {event.table}"


def _object(
    assertion: Assertion, dialect: str, catalog: Catalog | None
) -> dict[str, Any]:
    found, safe = _both(assertion, dialect, catalog)
    return {
        "name": assertion.full_name,
        "deltas": [
            {
                "table": str(delta.table),
                "event": delta.event,
                "columns": list(delta.columns),
                "sql": delta.sql,
                "whole": delta.whole,
            }
            for delta in found
        ],
        "safe": [
            {
                "table": str(event.table),
                "event": event.event,
                "columns": list(event.columns),
                "reason": event.reason,
            }
            for event in safe
        ],
    }
