"""ASSERTION x SCHEMA -> OUTLINE of what enforces it: what is logged, asked and locked."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from sqlglot import exp

from comply.classes import dataclass
from comply.dialect.schema import Schema, Table
from comply.dialect.syntax import Name, State
from comply.sql.assertion import Assertion
from comply.sql.catalog import catalog_of
from comply.sql.delta import delta_trees, tables_of
from comply.sql.denial import in_dialect, resolved
from comply.sql.emit.keys import Lock, lock_of
from comply.sql.emit.narrow import narrowed
from comply.sql.places import table_of
from comply.sql.restricted import DeltaTree, Event, Way, transition

SHOWN = 5
"""As many violating rows as an error shows."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A table whose changes are logged.

    `columns` are those that the checks or the lock read, and `key`, the primary key,
    without which rows are found again by all of `columns`. `ways` tells for each event
    that can break the assertion which rows of it are logged: those that come (1), those
    that go (-1), none where the assertion is checked whole.
    """

    table: Name
    columns: tuple[str, ...]
    key: tuple[str, ...]
    ways: Mapping[Event, tuple[Way, ...]]


@dataclass(frozen=True, slots=True)
class Probe:
    """A query that finds violations after rows of a table came (1) or went (-1)."""

    table: Name
    way: Way
    sql: str


@dataclass(frozen=True, slots=True)
class Outline:
    """What enforces an assertion, in the SQL of one database.

    `denial` is the whole check; `probes` check what changed, none where changes cannot
    be followed. `shown` are the columns of the denial that tell its rows apart, none
    for all of them. `cascades` name foreign keys by which a DELETE elsewhere changes one
    of the tables.
    """

    assertion: Assertion
    state: State
    tables: tuple[Watched, ...]
    denial: str
    probes: tuple[Probe, ...]
    lock: Lock
    shown: tuple[str, ...] = ()
    cascades: tuple[str, ...] = ()

    @property
    def origin(self) -> str:
        """Where the assertion stands, as `rules/sla.sql:12`."""
        span = self.assertion.span
        return f"{span.file}:{span.row}"


def outline(
    assertion: Assertion, schema: Schema, dialect: str, state: State | None = None
) -> Outline:
    """Return what enforces an assertion on the tables of a schema.

    `dialect` is "postgres" or "oracle"; `state` is that of the assertion unless given.

    Raises:
        SqlError: a table or column does not exist, or the dialect lacks something.
    """
    catalog = catalog_of(schema)
    parts = assertion.parts()
    denial = resolved(parts, catalog)
    qualified(denial)
    tables = [schema.tables[name] for name in tables_of(denial)]
    lock = lock_of(denial)
    deltas = list(delta_trees(denial, catalog))
    return Outline(
        assertion,
        state or assertion.state,
        tuple(_watched(table, deltas, lock) for table in tables),
        in_dialect(denial, dialect, parts, pretty=True),
        tuple(
            dict.fromkeys(
                Probe(
                    d.table, d.way, in_dialect(narrowed(d), dialect, parts, pretty=True)
                )
                for d in deltas
                if d.place is not None
            )
        ),
        lock,
        _shown(denial, schema),
        tuple(_cascades(tables)),
    )


def qualified(denial: exp.Query) -> None:
    """Give each table of a resolved denial the owner that the schema knows it by."""
    for node in denial.find_all(exp.Table):
        table = table_of(node)
        if table is not None:
            owner = table.owner
            node.set("db", exp.to_identifier(owner, quoted=True) if owner else None)


def _cascades(tables: Sequence[Table]) -> Iterator[str]:
    for table in tables:
        for key in table.constraints:
            if key.references is not None and key.references.on_delete:
                rule = f"ON DELETE {key.references.on_delete}"
                yield f"{table.name} refers to {key.references.table} {rule}"


def _watched(table: Table, deltas: Sequence[DeltaTree], lock: Lock) -> Watched:
    """Return what is logged of a table's changes."""
    own = [delta for delta in deltas if delta.table == table.name]
    ways: dict[Event, tuple[Way, ...]] = {}
    for delta in own:
        way = (delta.way,) if delta.place is not None else ()
        ways[delta.event] = tuple(dict.fromkeys((*ways.get(delta.event, ()), *way)))
    key = _primary_key(table)
    read = {column for delta in own for column in delta.columns}
    read |= {*key, *lock.columns.get(table.name, ())}
    columns = tuple(c.name for c in table.columns if c.name in read)
    return Watched(table.name, columns, key, ways)


def _primary_key(table: Table) -> tuple[str, ...]:
    keys = [c for c in table.constraints if c.kind == "primary_key" and c.state.enabled]
    return keys[0].columns if keys else ()


def _shown(denial: exp.Query, schema: Schema) -> tuple[str, ...]:
    """Return the denial's columns that belong to keys of its tables."""
    names = [s.alias_or_name for s in denial.selects]
    found = []
    for select in denial.selects:
        value = select.unalias()
        base = value.meta.get("base") if isinstance(value, exp.Column) else None
        table = schema.tables.get(base) if isinstance(base, Name) else None
        keys = {c for k in table.unique_keys() for c in k.columns} if table else set()
        if value.name in keys and names.count(select.alias_or_name) == 1:
            found.append(select.alias_or_name)
    return tuple(found)


def versions(sql: str, tables: Iterable[Name]) -> Iterator[tuple[Name, str, str]]:
    """Yield the changed rows that a probe reads: their table, version and name.

    The version is NEW, OLD or PAST; the name is that of the probe's dialect.
    """
    for table in tables:
        for version in ("NEW", "OLD", "PAST"):
            name = transition(table, version)
            lower = name.lower() if name == name.upper() else name
            for written in dict.fromkeys((name, lower)):
                if f'"{written}"' in sql:
                    yield table, version, written
