"""RULES x DOCUMENTS -> FINDINGS: assertions over facts, checked by DuckDB as a whole.

So are checked the denials that have no plan; their relations become tables.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Protocol

from sqlglot import exp

from comply.classes import dataclass, field
from comply.database.duckdb import DuckDb, quote
from comply.dialect.syntax import Name
from comply.findings import Finding
from comply.plan.doubt import Doubt, Doubts
from comply.source import ComplyError, Span
from comply.sql import duckdb
from comply.sql.cells import Json, json_path, known, stored
from comply.sql.check import Outcome
from comply.sql.denial import resolved
from comply.sql.fact_rules import (
    failure,
    found,
    handled_in,
    relations_of,
    undetermined,
    worlds_of,
)
from comply.sql.relation import Facts, Path
from comply.sql.relations import catalog
from comply.sql.rule import AssertionRule

_FACT: Final = "ORA$FACT"
_TYPES: Final = {"number": "DECIMAL(38, 0)", "boolean": "BOOLEAN"}


class Keyed(Protocol):
    """Where facts of one kind stand in a document, as loaders say it."""

    @property
    def path(self) -> tuple[str, ...]:
        """The path to the facts."""
        ...

    @property
    def identity(self) -> Callable[[Any], str]:
        """What gives a fact's identity."""
        ...


class Loaded(Protocol):
    """What is needed of a document, as loaders give it."""

    @property
    def world(self) -> str:
        """Which world it is of."""
        ...

    @property
    def value(self) -> Any:  # noqa: ANN401
        """The facts."""
        ...

    @property
    def collections(self) -> Sequence[Keyed]:
        """Where facts stand."""
        ...

    @property
    def locate(self) -> Callable[[Path], Span | None]:
        """What finds the place of a path."""
        ...


def check_facts(rules: Iterable[AssertionRule], documents: Sequence[Loaded]) -> Outcome:
    """Check assertions over the facts of documents; each violating row is a finding.

    A rule is checked when there is a document of every world that it reads; the number
    in `evaluated` is that of the facts it looked at.
    """
    outcome = Outcome()
    worlds = {d.world for d in documents}
    database = DuckDb()
    try:
        store = _Store(database, documents)
        for rule in rules:
            wanted = relations_of(rule)
            if worlds_of(rule) <= worlds:
                outcome.evaluated[rule.id] = sum(store.load(r) for r in wanted)
                outcome.findings += _check(rule, store)
    finally:
        database.close()
    return outcome


@dataclass(slots=True)
class _Store:
    """Relations in DuckDB, each loaded when a rule first reads it.

    A row's number in `places` leads back to its document and path. `unsure` are the
    cells whose value is known only after apply, by relation and column.
    """

    database: DuckDb
    documents: Sequence[Loaded]
    places: list[tuple[Loaded, Path]] = field(default_factory=list)
    loaded: dict[Name, int] = field(default_factory=dict)
    unsure: dict[tuple[Name, str], list[Json | Doubt]] = field(default_factory=dict)

    def load(self, relation: Facts) -> int:
        """Fill the table of a relation once; return how many rows it has."""
        name = relation.stored_name
        if name in self.loaded:
            return self.loaded[name]
        columns = {
            f.name.upper(): _TYPES.get(f.kind, "VARCHAR") for f in relation.fields
        }
        columns[_FACT] = "BIGINT"
        rows: list[tuple[object, ...]] = []
        for document in self.documents:
            if document.world == relation.world:
                for path, row in relation.rows(document.value):
                    rows.append((*map(stored, row), len(self.places)))
                    self.places.append((document, path))
                    self._note(relation, row)
        self.database.run(f"CREATE SCHEMA IF NOT EXISTS {quote(name.owner)}")
        table = f"{quote(name.owner)}.{quote(name.name)}"
        listed = ", ".join(f"{quote(c)} {kind}" for c, kind in columns.items())
        self.database.run(f"CREATE TABLE {table} ({listed})")
        self.database.insert(table, columns, rows)
        self.loaded[name] = len(rows)
        return len(rows)

    def _note(self, relation: Facts, row: tuple[object, ...]) -> None:
        for cell, of in zip(row, relation.fields, strict=True):
            if of.is_unsure and isinstance(cell, Json | Doubt):
                key = (relation.stored_name, of.name.upper())
                self.unsure.setdefault(key, []).append(cell)


def _check(rule: AssertionRule, store: _Store) -> list[Finding]:
    try:
        tree = resolved(rule.assertion.parts(), catalog())
        doubts = _doubts(tree, store)
        marks = _mark(tree)
        sql = duckdb.write(duckdb.Translator(rule.assertion.source).translate(tree))
        rows = store.database.query(sql).plain()
    except ComplyError as error:
        return [failure(rule, error)]
    made = [_finding(rule, row, marks, store) for row in rows]
    # Which rows rest on what is not known is not followed here.
    return [*made, undetermined(rule, doubts, "", None)] if doubts else made


def _doubts(tree: exp.Query, store: _Store) -> Doubts:
    """Return what a denial may read that is known only after apply."""
    handled = handled_in(tree)
    places: set[Doubts] = set()
    shown = {id(c) for s in tree.selects for c in s.find_all(exp.Column)}
    for column in tree.find_all(exp.Column):
        base = column.meta.get("base")
        if base is None or id(column) in shown or isinstance(column.parent, exp.Is):
            continue
        for cell in store.unsure.get((base, column.name), ()):
            read = _read(known(cell, handled), column)
            if isinstance(read, Doubt):
                places.add(read.places)
    return frozenset().union(*places)


def _read(cell: object, column: exp.Column) -> object:
    """Return what a denial reads of a cell by naming its column."""
    if not isinstance(cell, Json):
        return cell
    path = (
        json_path(column.parent) if isinstance(column.parent, exp.JSONValue) else None
    )
    return cell.text() if path is None else cell.at(path)


def _mark(tree: exp.Query) -> list[str]:
    """Let a denial say which facts its rows come from; return the columns that do.

    Only rows that stem from one row of each relation can tell.
    """
    if not isinstance(tree, exp.Select) or tree.args.get("group"):
        return []
    sums = any(s.find(exp.AggFunc) for s in tree.selects)
    if tree.args.get("distinct") or sums:
        return []
    clause = tree.args.get("from_")
    joined = [j.this for j in tree.args.get("joins") or ()]
    marks: list[str] = []
    for node in [clause.this, *joined] if clause else []:
        if isinstance(node.meta.get("table"), Name):
            mark = f"{_FACT}{len(marks)}"
            column = exp.column(_FACT, node.alias_or_name, quoted=True)
            tree.append("expressions", exp.alias_(column, mark, quoted=True))
            marks.append(mark)
    return marks


def _finding(
    rule: AssertionRule, row: dict[str, object], marks: list[str], store: _Store
) -> Finding:
    """Return the finding of a violating row: about the first fact it stems from."""
    numbers = [row.pop(m) for m in marks]
    fact, place = "", None
    if numbers and isinstance(numbers[0], int):
        document, path = store.places[numbers[0]]
        fact, place = _identity(document, path), document.locate(path)
    return found(rule, row, fact, place)


def _identity(document: Loaded, path: Path) -> str:
    """Return the identity of the fact that a path leads to or into."""
    for collection in document.collections:
        depth = len(collection.path)
        if path[:depth] == collection.path:
            value = document.value
            for step in path[: depth + 1] if depth else ():
                value = value[step]
            return collection.identity(value)
    return ""
