"""SCRIPTS -> PROBLEMS: every rule of the lint on every assertion."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from comply.dialect.definitions import definition
from comply.dialect.errors import SqlError
from comply.dialect.schema import Schema
from comply.dialect.statements import Statement, statements
from comply.dialect.syntax import AlterAssertion, CreateAssertion, Drop
from comply.source import Source
from comply.sql.assertion import read
from comply.sql.catalog import catalog_of
from comply.sql.lint import clauses, columns, expressions, joins, statement
from comply.sql.lint.advice import ADVICE, repeated
from comply.sql.lint.outline import outline
from comply.sql.lint.problem import Problem, Reported, Subject
from comply.sql.lint.rules import RULES
from comply.sql.lint.tree import denied, tie

Check: TypeAlias = Callable[[Subject], Iterable[Problem]]

CHECKS: Final[tuple[Check, ...]] = (
    statement.size,
    statement.body,
    statement.satisfy,
    statement.states,
    clauses.nesting,
    clauses.clauses,
    clauses.positions,
    clauses.aggregates,
    joins.joins,
    joins.tables,
    expressions.session_values,
    expressions.user_functions,
    expressions.binds,
    expressions.quantified,
    columns.sources,
    columns.unlisted,
    columns.types,
    columns.nullable_joins,
    columns.references,
    *ADVICE,
)

NEED_SCHEMA: Final = tuple(rule for rule in RULES if rule.needs == "schema")
"""The rules that say nothing where nothing is known of the tables."""


def lint(sources: Sequence[Source], schema: Schema | None = None) -> list[Reported]:
    """Return what is wrong with the assertions of scripts, or unwise.

    `schema` is what is known of the tables they name, from scripts or from a live
    catalogue; without it `NEED_SCHEMA` is not checked, which the caller must say.

    >>> script = "CREATE ASSERTION a CHECK (NOT EXISTS (SELECT USER FROM t))"
    >>> [found.problem.rule for found in lint([Source("s.sql", script)])]
    ['always-fails', 'session-function']
    """
    found: list[Reported] = []
    subjects: list[Subject] = []
    for source in sources:
        for item in _statements(source):
            if isinstance(item, Reported):
                found.append(item)
            elif item.statement.source is source:
                subjects.append(item)
    for subject in subjects:
        name = str(subject.made.name)
        found += [Reported(subject.source, name, p) for p in _problems(subject, schema)]
    found += _names(subjects, schema)
    ready = [with_tree(subject, schema)[0] for subject in subjects]
    found += [
        Reported(subject.source, str(subject.made.name), problem)
        for subject, problem in repeated(ready)
    ]
    order = {source.name: i for i, source in enumerate(sources)}
    return sorted(
        found, key=lambda r: (order[r.source.name], r.problem.at, r.problem.rule)
    )


def assertions_in(source: Source) -> int:
    """Return how many statements of a script are about assertions."""
    try:
        return sum(1 for s in statements(source) if _is_ours(s))
    except SqlError:
        return 1


def _is_ours(item: Statement) -> bool:
    head = [word for word in item.words[:4] if word not in ("OR", "REPLACE")]
    return "ASSERTION" in head[:2] and head[:1] != ["COMMENT"]


def _statements(source: Source) -> Iterator[Subject | Reported]:
    """Yield the assertions of a script, and what is wrong with other statements."""
    try:
        found = [s for s in statements(source) if _is_ours(s)]
    except SqlError as error:
        yield _unread(source, "", error, 0)
        return
    for item in found:
        if item.words[1:3] == ("OR", "REPLACE"):
            message = "Assertions know no OR REPLACE: drop the assertion first."
            yield Reported(source, "", Problem("syntax", message, item.start, 6))
            continue
        try:
            made = definition(item)
        except SqlError as error:
            yield _unread(source, "", error, item.start)
            continue
        match made:
            case CreateAssertion():
                yield Subject(item, made, outline(item.tokens))
            case AlterAssertion():
                for problem in statement.altered(item, made):
                    yield Reported(source, str(made.name), problem)
            case Drop():
                for problem in statement.dropped(item, made):
                    yield Reported(source, str(made.name), problem)
            case _:
                continue


def _unread(source: Source, name: str, error: SqlError, start: int) -> Reported:
    at, width = start, 1
    if error.span is not None:
        lines = source.text.split("\n")
        at = sum(len(line) + 1 for line in lines[: error.span.row - 1])
        at, width = at + error.span.col - 1, error.span.width
    message = error.message + (f" ({error.hint})" if error.hint else "")
    return Reported(source, name, Problem("syntax", message, at, width))


def _problems(subject: Subject, schema: Schema | None) -> list[Problem]:
    """Return the problems of one assertion, each place and rule once."""
    ready, problems = with_tree(subject, schema)
    for check in CHECKS:
        problems += check(ready)
    return list(dict.fromkeys(problems))


def with_tree(subject: Subject, schema: Schema | None) -> tuple[Subject, list[Problem]]:
    """Return an assertion with its tree as far as it can be read, and why not farther.

    What another rule explains better is not said twice.
    """
    ready = replace(subject, schema=schema)
    if len(subject.statement.text.encode()) > statement.LONGEST:
        return ready, []
    try:
        assertion = read(subject.statement, subject.made)
    except SqlError as error:
        said = _refused(ready)
        return ready, [] if said else [columns.unresolved(subject, error)]
    tie(assertion)
    ready = replace(ready, assertion=assertion)
    try:
        tree = denied(assertion, catalog_of(schema) if schema else None)
    except SqlError as error:
        explained = {0: _refused, 942: _elsewhere, 904: columns.unlisted}
        explain = explained.get(error.code)
        said = list(explain(ready)) if explain else []
        return ready, [] if said else [columns.unresolved(subject, error)]
    return replace(ready, tree=tree), []


def _refused(subject: Subject) -> list[Problem]:
    """Return the restrictions that a text breaks which comply has no tree for."""
    checks = (
        clauses.clauses,
        clauses.positions,
        joins.joins,
        joins.tables,
        expressions.user_functions,
        expressions.quantified,
    )
    return [problem for check in checks for problem in check(subject)]


def _elsewhere(subject: Subject) -> list[Problem]:
    """Return what tells why a name is no table: it is a view, or another database's."""
    links = [p for p in joins.tables(subject) if p.rule == "database-link"]
    return [*columns.sources(subject), *links]


def _names(subjects: Sequence[Subject], schema: Schema | None) -> Iterator[Reported]:
    """Find names that two assertions, or an assertion and a constraint, share."""
    constraints = {
        (table.name.owner, c.name): table
        for table in (schema.tables.values() if schema else ())
        for c in table.constraints
        if c.name and not c.generated
    }
    seen: dict[tuple[str, str], str] = {}
    for subject in subjects:
        name = subject.made.name
        key = (name.owner, name.name)
        width = len(str(name))
        if key in seen and not subject.made.if_not_exists:
            message = f"{name} is the name of another assertion ({seen[key]})."
            problem = Problem("name-taken", message, name.at, width)
            yield Reported(subject.source, str(name), problem)
        seen.setdefault(key, str(subject.source.span(name.at)))
        if key in constraints:
            message = f"{name} is the name of a constraint of {constraints[key].name}."
            problem = Problem("constraint-takes-name", message, name.at, width)
            yield Reported(subject.source, str(name), problem)
