"""ASSERTION -> EVENTS that cannot break it, and why."""

from collections.abc import Iterator, Sequence

from comply.classes import dataclass
from comply.dialect.syntax import Name
from comply.sql.catalog import Catalog
from comply.sql.delta import DeltaQuery, tables_of
from comply.sql.denial import Parts, resolved
from comply.sql.restricted import EVENTS, Event


@dataclass(frozen=True, slots=True)
class SafeEvent:
    """An event after which nothing need be checked, and the reason.

    `columns` are those of an update that are not read; none of them known means any
    but those that the deltas name.
    """

    table: Name
    event: Event
    columns: tuple[str, ...]
    reason: str


_REASONS: dict[Event, str] = {
    "insert": "more of its rows cannot break what asks for rows to be there",
    "delete": "fewer of its rows cannot break what forbids rows",
    "update": "none of its columns is read, only whether it has rows",
}


def safe_events(
    parts: Parts, found: Sequence[DeltaQuery], catalog: Catalog | None
) -> list[SafeEvent]:
    """Return the events on the tables of an assertion that cannot break it.

    `found` are its deltas.

    Raises:
        SqlError: a name does not exist.
    """
    denial = resolved(parts, catalog)
    return [
        event for table in tables_of(denial) for event in _safe(table, found, catalog)
    ]


def _safe(
    table: Name, found: Sequence[DeltaQuery], catalog: Catalog | None
) -> Iterator[SafeEvent]:
    checked = {delta.event for delta in found if delta.table == table}
    for event in EVENTS:
        if event not in checked:
            yield SafeEvent(table, event, (), _REASONS[event])
    if "update" in checked:
        read = {c for d in found if d.table == table for c in d.columns}
        known = catalog.relations.get(table, {}) if catalog else {}
        others = tuple(column for column in known if column not in read)
        if others or not known:
            yield SafeEvent(table, "update", others, "the condition does not read them")
