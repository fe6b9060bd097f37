"""RULES x DATABASE -> WHAT IT TAKES: to enforce assertions that old rows may violate."""

import csv
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from comply.classes import dataclass
from comply.dialect.assertion_printer import assertion_text, name_text
from comply.dialect.definitions import definition
from comply.dialect.errors import SqlError
from comply.dialect.statements import statements
from comply.dialect.syntax import AlterAssertion, CreateAssertion, Drop, Name
from comply.live.assertions import denial_of
from comply.live.catalog import read_catalog
from comply.live.compare import Standing, standing
from comply.live.database import Live
from comply.live.run import held_in
from comply.load.oracle_catalog import load
from comply.source import ComplyError, Source
from comply.sql.evidence import evidence
from comply.sql.rule import AssertionRule


@dataclass(frozen=True, slots=True)
class Adopted:
    """One assertion: the rows that violate it, the file with them, and the DDL.

    `problem` says why it could not be counted, `statements` are empty where there is
    nothing to do, or nothing that this database can.
    """

    name: str
    violations: int = 0
    file: Path | None = None
    statements: tuple[str, ...] = ()
    problem: str = ""


def adopt(
    session: Live, schema: str, rules: Sequence[AssertionRule], folder: Path
) -> list[Adopted]:
    """Return what it takes to enforce each rule; violating rows go to CSV files.

    Raises:
        ComplyError: a file cannot be written, or the session is lost.
    """
    document = load(read_catalog(session, schema, schema))
    held = held_in(document)
    adopted: list[Adopted] = []
    for rule in rules:
        name = rule.assertion.full_name
        try:
            sql = denial_of(rule, session.dialect, held.catalog)
            file = folder / f"{name.lower()}.csv"
            count = _write_rows(session, sql, file)
        except SqlError as error:
            adopted.append(Adopted(name, problem=error.message))
            continue
        state = standing(rule, held)
        made = _ddl(rule, state, dirty=count > 0) if held.supported else ()
        adopted.append(Adopted(name, count, file if count else None, made))
    return adopted


def _write_rows(session: Live, sql: str, file: Path) -> int:
    """Write the rows of a query to a file, none if there are none; return their number."""
    count = 0
    try:
        out = None
        for batch in session.batches(sql):
            if out is None:
                file.parent.mkdir(parents=True, exist_ok=True)
                out = file.open("w", encoding="utf-8", newline="")
                csv.writer(out, lineterminator="\n").writerow(batch.columns)
            csv.writer(out, lineterminator="\n").writerows(
                row.values() for row in evidence(batch.dicts())
            )
            count += len(batch.rows)
        if out is not None:
            out.close()
    except OSError as error:
        raise ComplyError(f"{file}: cannot be written: {error.strerror}") from None
    return count


def _ddl(rule: AssertionRule, state: Standing, *, dirty: bool) -> tuple[str, ...]:
    """Return the statements that bring a rule in force, without looking at old rows.

    What old rows violate is enabled for changes only, and validated once they are
    corrected.
    """
    made = _created(rule)
    if made is None or state is Standing.ENFORCED:
        return ()
    later = f"-- once the rows are corrected: ALTER ASSERTION {name_text(made.name)} VALIDATE;"
    wanted = replace(made, state=replace(made.state, enabled=True, validated=not dirty))
    match state:
        case Standing.MISSING:
            found = [assertion_text(wanted)]
        case Standing.DIFFERENT:
            found = [
                assertion_text(Drop("ASSERTION", made.name)),
                assertion_text(wanted),
            ]
        case _ if dirty and state is Standing.NOT_VALIDATED:
            return (later,)
        case _:
            altered = AlterAssertion(made.name, enabled=True, validated=not dirty)
            found = [assertion_text(altered)]
    return (*(f"{text};" for text in found), *((later,) if dirty else ()))


def _created(rule: AssertionRule) -> CreateAssertion | None:
    source = Source(rule.assertion.source.name, rule.assertion.text)
    for statement in statements(source):
        made = definition(statement)
        if isinstance(made, CreateAssertion):
            return replace(made, name=Name(rule.assertion.owner, rule.assertion.name))
    return None
