"""RULES x DOCUMENTS -> FINDINGS: assertions over the relations of facts."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from sqlglot import exp

from comply.database.duckdb import DuckDb, quote
from comply.dialect.syntax import Name
from comply.findings import Finding, Severity, Status
from comply.source import ComplyError, Span
from comply.sql import duckdb
from comply.sql.assertion import tables_in
from comply.sql.check import Outcome, evidence
from comply.sql.denial import resolved
from comply.sql.relations import BY_NAME, Facts, Path, catalog
from comply.sql.rule import AssertionRule

_FACT: Final = "ORA$FACT"
_TYPES: Final = {"number": "DECIMAL(38, 0)", "boolean": "BOOLEAN"}
# Columns that hold whole objects: a rule may read them, evidence shows none of them.
_BULKY: Final = frozenset(
    {"AFTER", "AFTER_UNKNOWN", "BEFORE", "MANIFEST", "VALUE_FROM"}
)


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


def is_on_facts(rule: AssertionRule) -> bool:
    """Tell whether an assertion reads relations of facts rather than tables."""
    return bool(_worlds(rule))


def _worlds(rule: AssertionRule) -> set[str]:
    known = {name.owner for name in BY_NAME}
    owners = {name.owner for name in tables_in(rule.assertion)}
    return {owner.lower() for owner in owners & known}


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
            wanted = _relations(rule)
            if _worlds(rule) <= worlds:
                outcome.evaluated[rule.id] = sum(store.load(r) for r in wanted)
                outcome.findings += _check(rule, store)
    finally:
        database.close()
    return outcome


def _relations(rule: AssertionRule) -> list[Facts]:
    return [BY_NAME[n] for n in tables_in(rule.assertion) if n in BY_NAME]


@dataclass(slots=True)
class _Store:
    """Relations in DuckDB, each loaded when a rule first reads it.

    A row's number in `places` leads back to its document and path.
    """

    database: DuckDb
    documents: Sequence[Loaded]
    places: list[tuple[Loaded, Path]] = field(default_factory=list)
    loaded: dict[Name, int] = field(default_factory=dict)

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
                    rows.append((*row, len(self.places)))
                    self.places.append((document, path))
        self.database.run(f"CREATE SCHEMA IF NOT EXISTS {quote(name.owner)}")
        table = f"{quote(name.owner)}.{quote(name.name)}"
        listed = ", ".join(f"{quote(c)} {kind}" for c, kind in columns.items())
        self.database.run(f"CREATE TABLE {table} ({listed})")
        self.database.insert(table, columns, rows)
        self.loaded[name] = len(rows)
        return len(rows)


def _check(rule: AssertionRule, store: _Store) -> list[Finding]:
    try:
        tree = resolved(rule.assertion.parts(), catalog())
        marks = _mark(tree)
        sql = duckdb.write(duckdb.Translator(rule.assertion.source).translate(tree))
        rows = store.database.query(sql).plain()
    except ComplyError as error:
        return [_failure(rule, error)]
    return [_finding(rule, row, marks, store) for row in rows]


def _mark(tree: exp.Query) -> list[str]:
    """Let a denial say which facts its rows come from; return the columns that do.

    Only rows that stem from one row of each relation can tell.
    """
    if not isinstance(tree, exp.Select) or tree.args.get("group"):
        return []
    if tree.args.get("distinct") or tree.find(exp.AggFunc):
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
    shown = {k: v for k, v in row.items() if k.rpartition(".")[2] not in _BULKY}
    fact, place = "", rule.assertion.span
    if numbers and isinstance(numbers[0], int):
        document, path = store.places[numbers[0]]
        fact, place = _identity(document, path), document.locate(path) or place
    return Finding(
        rule.id,
        rule.title,
        rule.severity,
        Status.VIOLATION,
        _message(rule, shown),
        fact,
        place,
        rule.remediation,
        evidence([shown]),
    )


def _message(rule: AssertionRule, row: dict[str, object]) -> str:
    """Return the rule's title and what tells this row from others."""
    told = [f"{k.lower()} {v}" for k, v in row.items() if isinstance(v, str)][:3]
    return f"{rule.title}: {', '.join(told)}" if told else rule.title


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


def _failure(rule: AssertionRule, error: ComplyError) -> Finding:
    return Finding(
        rule.id,
        rule.title,
        Severity.HIGH,
        Status.ERROR,
        error.message,
        span=error.span or rule.assertion.span,
        remediation=error.hint,
    )
