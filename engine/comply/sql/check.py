"""SCRIPTS -> FINDINGS: what goes wrong when scripts run with assertions in force."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from comply.classes import dataclass, field
from comply.dialect.cursor import Cursor
from comply.dialect.errors import SqlError
from comply.dialect.schema import Table
from comply.dialect.statements import Statement, statements
from comply.dialect.syntax import Name
from comply.findings import Finding, Severity, Status
from comply.source import Source, Span
from comply.sql.errors import AssertionViolated
from comply.sql.evidence import evidence
from comply.sql.rule import AssertionRule, rule_of
from comply.sql.sandbox import Sandbox

# Errors that mean "this data breaks the schema", not "this could not be run".
_BROKEN_BY_DATA: Final = frozenset({1, 1400, 1407, 1438, 2290, 2291, 2292, 12899})


@dataclass(slots=True)
class Outcome:
    """What checking found, and for each rule how many facts or statements it saw."""

    findings: list[Finding] = field(default_factory=list)
    evaluated: dict[str, int] = field(default_factory=dict)


def check_scripts(
    sources: Sequence[Source],
    now: datetime | None = None,
    rules: Iterable[AssertionRule] = (),
) -> list[Finding]:
    """Run scripts in order in one sandbox and return what goes wrong.

    See `run_scripts`, which tells as well which rules were checked.
    """
    return run_scripts(sources, now, rules).findings


def run_scripts(
    sources: Sequence[Source],
    now: datetime | None = None,
    rules: Iterable[AssertionRule] = (),
) -> Outcome:
    """Run scripts in order in one sandbox; a statement that fails is a finding.

    The next statement goes on where SQL*Plus would, and what is left at the end is
    committed, as it does on exit. `rules` are assertions from elsewhere: each comes in
    force once the scripts have made all its tables. `now` is what SYSTIMESTAMP says.
    """
    outcome = Outcome()
    with Sandbox(now) as sandbox:
        run = _Run(sandbox, outcome, waiting=list(rules), tables=sandbox.schema.tables)
        for source in sources:
            run.script(source)
        run.finish()
    return outcome


@dataclass(slots=True)
class _Run:
    """A run of scripts: the rules in force by the assertion's name, and those waiting."""

    sandbox: Sandbox
    outcome: Outcome
    waiting: list[AssertionRule]
    tables: Mapping[Name, Table]
    rules: dict[str, AssertionRule] = field(default_factory=dict)
    last: Statement | None = None

    def script(self, source: Source) -> None:
        """Run one script; text that does not split into statements is a finding."""
        try:
            for done in self.sandbox.steps(statements(source)):
                self._after(done.statement, done.error)
                self.last = done.statement
        except SqlError as error:
            self._found(error, source.name)

    def _after(self, statement: Statement, error: SqlError | None) -> None:
        if error is not None:
            self._found(error, _subject(statement), statement.span)
        self._count(statement)
        if self.sandbox.schema.tables is not self.tables:
            self._install()
            self.tables = self.sandbox.schema.tables
        self._own_rules()

    def _own_rules(self) -> None:
        """Know the assertions that the scripts themselves create."""
        for name, enforced in self.sandbox.assertions.items():
            if str(name) not in self.rules:
                self.rules[str(name)] = rule_of(enforced.assertion)
                self.outcome.evaluated.setdefault(self.rules[str(name)].id, 0)

    def _count(self, statement: Statement) -> None:
        """Count a change of data, or its commit, for each assertion in force."""
        if statement.words[:1] in (("INSERT",), ("UPDATE",), ("DELETE",), ("MERGE",)):
            for rule in self.rules.values():
                self.outcome.evaluated[rule.id] += 1

    def _install(self) -> None:
        """Put the rules in force whose tables are all there now."""
        for rule in list(self.waiting):
            if not self.sandbox.has_tables_of(rule.assertion):
                continue
            self.waiting.remove(rule)
            name = rule.assertion.full_name
            self.rules[name] = rule
            self.outcome.evaluated.setdefault(rule.id, 0)
            try:
                self.sandbox.run(
                    Source(rule.assertion.source.name, rule.assertion.text)
                )
            except SqlError as error:
                self._found(error, name, rule.assertion.span)

    def finish(self) -> None:
        """Commit what the scripts left open, as SQL*Plus does on exit."""
        try:
            self.sandbox.commit()
        except SqlError as error:
            place = self.last.span if self.last else None
            self._found(error, _name_in(error), place)

    def _found(self, error: SqlError, fact: str, place: Span | None = None) -> None:
        """Add the finding of a statement that failed."""
        if isinstance(error, AssertionViolated):
            self.outcome.findings.append(self._violation(error, fact, place))
            return
        broken = error.code in _BROKEN_BY_DATA
        # Loaders say the same of a definition that fails, so that it is said once.
        self.outcome.findings.append(
            Finding(
                f"sql/ora-{error.code:05d}" if broken else "comply/statement-failed",
                "The data satisfies the schema" if broken else "The script runs",
                Severity.HIGH,
                Status.VIOLATION if broken else Status.ERROR,
                error.message,
                fact if broken else "",
                error.span or place,
                error.hint,
            )
        )

    def _violation(
        self, error: AssertionViolated, fact: str, place: Span | None
    ) -> Finding:
        self._own_rules()
        rule = self.rules.get(error.assertion)
        return Finding(
            rule.id if rule else f"sql/{error.assertion.lower()}",
            rule.title if rule else error.assertion.lower().replace("_", " "),
            rule.severity if rule else Severity.MEDIUM,
            Status.VIOLATION,
            error.message.rpartition("\n")[2],
            fact,
            place or error.span,
            rule.remediation if rule else "",
            evidence(error.rows),
        )


def _name_in(error: SqlError) -> str:
    return error.assertion if isinstance(error, AssertionViolated) else ""


def _subject(statement: Statement) -> str:
    """Return the table that a statement changes, else what it is."""
    cursor = Cursor(statement)
    cursor.accept_any("INSERT INTO", "UPDATE", "DELETE FROM", "DELETE", "MERGE INTO")
    if cursor.at and cursor.next.kind in ("name", "quoted"):
        return str(cursor.name())
    return " ".join(statement.words[:3])
