"""ADDRESS x RULES -> FINDINGS: the whole check of a live database."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from comply.check.session import Session
from comply.check.sql_check import read_rules
from comply.classes import dataclass, field
from comply.database.address import Address, Login
from comply.findings import Finding
from comply.live.assertions import catalog_in, check_assertions
from comply.live.catalog import read_catalog
from comply.live.compare import Held, compare
from comply.live.database import Limits, Live, in_snapshot
from comply.live.fitting import fitting
from comply.live.since import Since
from comply.load.facts import Document, facts
from comply.rules.files import rule_files
from comply.source import ComplyError, Source
from comply.sql.fact_rules import is_on_facts
from comply.sql.rule import AssertionRule

PACKS: Final = ("oracle/schema", "oracle/catalogue")
"""The packs that look at a schema where nobody names rules or packs."""

_SWITCHED: Final = "oracle/catalogue/assertions-enforced"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to check: rules and packs as in `Session`, and how much to look at."""

    rules: tuple[Path, ...] = ()
    packs: tuple[str, ...] = ()
    parameters: dict[str, Any] = field(default_factory=dict)
    now: datetime | None = None
    cache: Path | None = None
    since: Since | None = None
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found, of how many facts and rules; `catalogue` is what it read."""

    findings: list[Finding]
    facts: int
    rules: int
    notices: tuple[str, ...]
    catalogue: Source


def check_live(address: Address, login: Login, wanted: Wanted) -> Checked:
    """Return the findings about a live database, all of one moment of it.

    Raises:
        DatabaseError: it cannot be reached, refuses the login, or fails.
        ComplyError: rules cannot be read.
    """
    # Before anybody logs in: rules that cannot be read need no database.
    rules = assertion_rules(wanted.rules, ())
    packs = {pack: assertion_rules((), (pack,)) for pack in wanted.packs}
    return in_snapshot(
        address,
        login,
        wanted.limits,
        lambda session, schema: _check(
            session, read_catalog(session, schema, str(address)), (rules, packs), wanted
        ),
    )


def assertion_rules(rules: Sequence[Path], packs: Sequence[str]) -> list[AssertionRule]:
    """Return the assertions about tables in rules and packs.

    Files that cannot be read are left to the session, which reports them.
    """
    files = rule_files(rules, packs)
    found, _ = read_rules([f for f in files if f.language == "sql"])
    return [rule for rule in found if not is_on_facts(rule)]


def held_in(document: Document) -> Held:
    """Return the assertions that a schema's document shows."""
    about = document.value["database"]
    schema = about["schema"]
    return Held(
        schema,
        {a["name"]: a for a in document.value["assertions"]},
        catalog_in(document.value, schema),
        about["assertions"],
    )


def _check(
    session: Live,
    source: Source,
    given: tuple[list[AssertionRule], dict[str, list[AssertionRule]]],
    wanted: Wanted,
) -> Checked:
    checks = Session(
        rules=wanted.rules,
        packs=wanted.packs,
        parameters=wanted.parameters,
        now=wanted.now,
        cache=wanted.cache,
    )
    document = checks.add(source, "oracle_catalog").document
    held = held_in(document)
    if not document.value["tables"]:
        raise ComplyError(
            f"{source.name}: the schema {held.schema} holds no tables that this user may see",
            hint="name the schema in the URL, as in ?schema=APP, or grant SELECT",
        )
    findings = checks.check()
    own, packs = given
    apply, found = fitting(packs, held)
    rules = [*own, *apply]
    said = frozenset(f.fact for f in findings if f.rule_id == _SWITCHED)
    findings += found
    findings += compare(rules, held, said)
    outcome = check_assertions(session, rules, held, wanted.limits, wanted.since)
    findings += outcome.findings
    notices = [*outcome.notices]
    if rules and not held.supported:
        notices.insert(0, "this database has no assertions: the data was checked")
    return Checked(
        findings,
        sum(1 for _ in facts(document)),
        len({r.id for r in checks.described()} | {r.id for r in rules}),
        tuple(notices),
        source,
    )
